"""Data, cache and threads of this machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..._cores import core_count
from ..datasets import DATASETS
from .findings import BROKEN, NOT_HERE, OK, Finding

VARIABLE = "CHRONAXIE_DATA"
# What no fetch brings: pattern below the folder, what it is, what needs it.
_OTHERS = (
    ("biology/*.csv", "tables of measured neurons", "run published, run timescales"),
    ("checkpoints/*.npz", "published networks", "import, run published"),
)
THREADS = "OMP_NUM_THREADS"


def data_findings(folder, named):
    """Which data sets are in the folder of the data.

    Parameters
    ----------
    folder : Path or None
        As `data.find_data` says.
    named : bool
        Whether the user named it, so that it should be there.

    Yields
    ------
    Finding
    """
    if folder is None:
        advice = f"--data DIR, {VARIABLE}, or chronaxie fetch NAME; without, tasks that are made here work"
        yield Finding("data", "folder", NOT_HERE, "none named, nothing fetched", advice)
    elif not folder.is_dir():
        yield Finding(
            "data", "folder", BROKEN, f"{folder} is not a folder", f"correct --data or {VARIABLE}", named
        )
    else:
        yield Finding("data", "folder", OK, str(folder))
    for dataset in DATASETS.values():
        yield _dataset(dataset, folder)
    for pattern, what, needs in _OTHERS:
        name = pattern.partition("/")[0]
        found = len(list(folder.glob(pattern))) if folder is not None else 0
        if found:
            yield Finding("data", name, OK, f"{found} {what}")
        else:
            yield Finding("data", name, NOT_HERE, f"no {pattern}", f"{what}, for {needs}: docs/data.md")


def _dataset(dataset, folder):
    size = "" if dataset.megabytes is None else f" ({dataset.megabytes} MB)"
    fetch = f"chronaxie fetch {dataset.name}"
    wanted, there = dataset.present(folder) if folder is not None else (0, 0)
    if there and there >= wanted:
        return Finding("data", dataset.name, OK, f"for {dataset.tasks}")
    if there:
        found = f"{there} of {wanted} files"
        return Finding("data", dataset.name, BROKEN, found, f"{fetch} --out {folder} goes on")
    return Finding("data", dataset.name, NOT_HERE, f"for {dataset.tasks}", f"{fetch}{size}")


def cache_findings(root):
    """Where the cache is, whether it can be written, how large it is.

    Parameters
    ----------
    root : Path
        `data.cache_folder`.

    Yields
    ------
    Finding
    """
    elsewhere = "set XDG_CACHE_HOME to a folder that can be written"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        found = f"{root}: {error.strerror or error}"
        yield Finding("cache", "folder", BROKEN, found, elsewhere, required=True)
        return
    yield Finding("cache", "folder", OK, str(root), required=True)
    for name, folders, empty in (
        ("compiled code", ("standalone", "cython", "fused"), "chronaxie cache --clear"),
        ("tasks", ("tasks",), f"rm -r {root / 'tasks'}"),
        ("data sets", ("data",), f"rm -r {root / 'data'}"),
    ):
        size = sum(_size(root / folder) for folder in folders)
        found = f"{size / 2**20:.1f} MB" + (f"; {empty} empties it" if size else "")
        yield Finding("cache", name, OK, found)


def _size(folder):
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size += Path(place, name).lstat().st_size
            except FileNotFoundError:  # removed by another process meanwhile
                continue
    return size


def thread_finding(answers):
    """How many cores there are and how many of them PyTorch takes.

    Parameters
    ----------
    answers : list of dict
        To ``questions threads``; empty where torch is not there.

    Returns
    -------
    Finding
    """
    cores = core_count()
    said = os.environ.get(THREADS)
    torch = f", PyTorch takes {answers[-1]['found']}" if answers and answers[-1]["state"] == OK else ""
    found = f"{cores} cores{torch}, {THREADS} is {said or 'not set'}"
    if _number(said) > cores:
        return Finding("threads", "threads", BROKEN, found, f"set {THREADS} to at most {cores}, or unset it")
    return Finding("threads", "threads", OK, found)


def _number(text):
    try:
        return int(text or 0)
    except ValueError:  # a list, for nested regions, or no number
        return 0
