"""``chronaxie rerun``: a result again, from its own attributes."""

from __future__ import annotations

from ..running.environment import begin_again
from .answering import add_json, say
from .arguments import Named, option, report


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "rerun",
        help="run again what a result file is of, and say whether it gives the same numbers",
        description="Repeats a result from its own attributes, in one process with one thread, and compares to the "
        "bit; what a clock said and where it was made are left out. The exit code is 0 where all is the same, else 1.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="a result: the .nc file of a study, or of one job of a sweep"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="keep the new result in this folder (default: it is not kept)"
    )
    parser.add_argument(
        "--set",
        dest="values",
        action=Named,
        type=option,
        default={},
        metavar="FIELD=VALUE",
        help="replace a field of the configuration: a folder or file that is elsewhere now, data=DIR; may be repeated",
    )
    add_json(parser)
    parser.set_defaults(command=_rerun, after_interrupt="; with --out the same command goes on")


def _rerun(given):
    begin_again()
    from ..running.rerunning import rerun

    found = rerun(given.file, out=given.out, values=given.values, report=report)
    content = {"same": not found.differing, "variables_same": found.same, "differing": found.differing}
    say(given, found.text(), content | {"origins": found.origins})
    if found.differing:
        report(
            f"chronaxie: {given.file}: not the same now: {', '.join(found.differing)}; if other versions or another "
            "machine made it, repeat it there"
        )
    return int(bool(found.differing))
