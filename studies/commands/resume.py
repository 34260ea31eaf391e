"""``chronaxie resume``: go on with a sweep that was interrupted."""

from __future__ import annotations

from ..running.environment import begin_again
from .answering import add_json
from .run_sweep import GOES_ON, add_running, finished, running_options


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "resume",
        help="go on with a sweep that was interrupted",
        description="Runs the jobs of a sweep that are not done, as its folder says, and gathers the results. Jobs "
        "that were interrupted go on from their checkpoint; the result is the same to the bit as without interruption.",
    )
    parser.add_argument("directory", metavar="DIR", help="folder of the sweep: what --out was")
    add_running(parser)
    add_json(parser)
    parser.set_defaults(command=_resume, after_interrupt=GOES_ON)


def _resume(given):
    begin_again()
    from ..running.runner import resume_sweep

    return finished(given, given.directory, resume_sweep(given.directory, **running_options(given)))
