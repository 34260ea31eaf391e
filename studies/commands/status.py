"""``chronaxie status``: how far a sweep is."""

from __future__ import annotations


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "status",
        help="how far a sweep is, what failed, how long it will take",
        description="Reads the folder of a sweep and says how many of its jobs are done, running, waiting, interrupted "
        "and failed, with the errors, and the time left. Changes nothing.",
    )
    parser.add_argument("directory", metavar="DIR", help="folder of the sweep: what --out was")
    parser.set_defaults(command=_status, after_interrupt="")


def _status(given):
    from ..running.status import sweep_status

    print(sweep_status(given.directory).text())
    return 0
