"""``chronaxie report``: a result or a sweep as one page to read."""

from __future__ import annotations

from .answering import add_json, say


def add(commands):
    """Register the command."""
    parser = commands.add_parser(
        "report",
        help="write one HTML page of a result or a sweep: answer, numbers, figures, how to make it again",
        description="Writes one HTML file that needs no network and no other file: the question, the answer with its "
        "interval, tables, figures that can be enlarged, the method, the commands that make the result again, and "
        "where it comes from. Everything is taken from the result file, or from the folder of a sweep.",
    )
    parser.add_argument(
        "path", metavar="DIR|FILE.nc", help="a result file, its folder, or the folder of a sweep"
    )
    parser.add_argument(
        "--out",
        metavar="FILE.html",
        help="where the page goes (default: report.html in the folder, or beside the file with its name)",
    )
    add_json(parser)
    parser.set_defaults(command=_report, after_interrupt="; nothing was written")


def _report(given):
    from ..reporting import write_report

    written = write_report(given.path, given.out)
    say(given, f"written:\n  {written}", {"files": [written]})
    return 0
