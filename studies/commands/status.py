"""``chronaxie status``: how far a sweep is."""

from __future__ import annotations

from .answering import add_json, say


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "status",
        help="how far a sweep is, what failed, how long it will take",
        description="Reads the folder of a sweep and says how many of its jobs are done, running, waiting, interrupted "
        "and failed, with the errors, and the time left. Changes nothing.",
    )
    parser.add_argument("directory", metavar="DIR", help="folder of the sweep: what --out was")
    add_json(parser)
    parser.set_defaults(command=_status, after_interrupt="")


def _status(given):
    from dataclasses import asdict

    from ..running.status import ORDER, sweep_status

    found = sweep_status(given.directory)
    content = {
        "directory": found.directory,
        "study": found.study,
        "question": found.question,
        "counts": {state: len(found.of(state)) for state in ORDER},
        "runs": found.holder,
        "seconds_left": found.seconds_left,
        "jobs": {name: {"at": found.jobs[name]} | asdict(state) for name, state in found.states.items()},
    }
    say(given, found.text(), content)
    return 0
