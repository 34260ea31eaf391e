"""What the commands of the benchmarks share: options, progress, the file with the results."""

import argparse
import json
import sys
from pathlib import Path

from .machine import about, in_words


def parser(description, *, rounds):
    """A parser with the options of every command."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument(
        "--rounds", type=int, default=rounds, help=f"in turn, each in a new order (default {rounds})"
    )
    made.add_argument("--threads", type=int, default=2, help="of every competitor (default 2)")
    made.add_argument("--json", type=Path, metavar="PATH", help="where all numbers go")
    return made


def chosen(given, known, parse):
    """The names of a list with commas, checked.

    Parameters
    ----------
    given : str or None
        None: all.
    known : dict
    parse : argparse.ArgumentParser
        Reports what is unknown.
    """
    names = list(known) if given is None else [name.strip() for name in given.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        parse.error(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return {name: known[name] for name in names}


def progress(text):
    """A line about what is being done, beside the tables."""
    print(text, file=sys.stderr, flush=True)


def describe(competitors, threads, **options):
    """Where a benchmark runs, printed and returned."""
    found = about(competitors, threads) | {"options": options}
    print(in_words(found) + "\n", flush=True)
    return found


def save(path, results):
    """Write the numbers so far."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
