"""``chronaxie fetch``: download a public data set."""

from __future__ import annotations

from .answering import add_json, say
from .arguments import report


def add(commands):
    """Register the command."""
    fetch = commands.add_parser(
        "fetch",
        help="download a public data set, with checksums",
        description="Downloads a public data set from its official place and checks every file. The same command "
        "continues where it was interrupted, and downloads nothing that is there. Tasks find what it has "
        "downloaded without --data.",
    )
    fetch.add_argument("name", metavar="NAME", nargs="?", help="the data set; --list shows all")
    fetch.add_argument(
        "--out",
        metavar="DIR",
        help="folder of the data sets (default: in the user's cache, where tasks look when no other is named)",
    )
    fetch.add_argument("--base-url", metavar="URL", help="a mirror, in place of the official address")
    fetch.add_argument("--list", action="store_true", help="show the data sets and where they come from")
    add_json(fetch)
    fetch.set_defaults(
        command=_fetch, after_interrupt="; nothing incomplete is left, the same command continues"
    )


def _fetch(given):
    if given.list:
        return _list(given)
    if given.name is None:
        raise ValueError("fetch: which data set? chronaxie fetch --list shows them")

    from ..fetching import fetch

    folder = fetch(given.name, folder=given.out, base_url=given.base_url, report=report)
    say(given, str(folder), {"name": given.name, "folder": folder})
    return 0


def _list(given):
    from ..data import fetched_folder
    from ..datasets import DATASETS

    lines, content = [], []
    for dataset in DATASETS.values():
        size = "" if dataset.megabytes is None else f", about {dataset.megabytes} MB"
        lines += [
            f"{dataset.name}: {dataset.title}{size}",
            f"    task {dataset.tasks}; from {dataset.bases[0]}",
            f"    {dataset.licence}; cite {dataset.source}",
        ]
        names = ("name", "title", "megabytes", "tasks", "licence", "source")
        content.append({name: getattr(dataset, name) for name in names} | {"address": dataset.bases[0]})
    lines.append(f"\ninto {fetched_folder()} (--out DIR for another folder)")
    say(given, "\n".join(lines), {"folder": fetched_folder(), "data_sets": content})
    return 0
