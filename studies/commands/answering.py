"""What a command answers: text for a reader, or with ``--json`` one JSON value on stdout and nothing else there."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path


def add_json(parser):
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print the answer as JSON, and nothing else on stdout"
    )


def say(given, text, content):
    """Print an answer.

    Parameters
    ----------
    given : argparse.Namespace
        With ``json``.
    text : str
        For a reader.
    content : dict or list
        The same for a script. Paths become text, NumPy's scalars Python's; numbers that are not finite become null,
        which JSON has no word for.
    """
    print(json.dumps(_plain(content), indent=2, allow_nan=False) if given.json else text)


def of_result(ds, files):
    """The answer of a command that has made or read a result: its numbers and its files.

    Parameters
    ----------
    ds : xarray.Dataset
    files : iterable of path-like

    Returns
    -------
    dict
        ``study`` and ``answer``, as its attributes say (null where they do not); ``numbers``, every variable without
        a dimension, and ``units`` by the same names; ``files``.
    """
    scalars = {name: ds[name] for name in ds.data_vars if ds[name].ndim == 0}
    return {
        "study": ds.attrs.get("study"),
        "answer": ds.attrs.get("answer"),
        "numbers": {name: value.item() for name, value in scalars.items()},
        "units": {name: value.attrs.get("units") for name, value in scalars.items()},
        "files": list(files),
    }


def _plain(value):
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if "numpy" in sys.modules and isinstance(value, sys.modules["numpy"].generic):  # not loaded for this
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
