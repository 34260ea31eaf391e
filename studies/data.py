"""Where data are found, and what identifies them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from .task import MissingDataError

# As users give them, or not: a folder of data, what takes a line of text about progress.
Data = str | os.PathLike[str] | None
Log = Callable[[str], object] | None

VARIABLE = "CHRONAXIE_DATA"
_BLOCK = 1 << 20


def cache_folder():
    """The user's cache of this package: ``$XDG_CACHE_HOME/chronaxie``, by default ``~/.cache/chronaxie``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chronaxie"


def fetched_folder():
    """The folder into which ``chronaxie fetch`` downloads."""
    return cache_folder() / "data"


def find_data(data: Data = None) -> Path | None:
    """The folder of the data sets: the argument, else CHRONAXIE_DATA, else what ``chronaxie fetch`` has made.

    Parameters
    ----------
    data : path-like, optional

    Returns
    -------
    Path or None
        None where none of them is there. Whether a folder that was named exists is not looked at: `need` does, and
        says which file is missing.
    """
    named = data if data is not None else os.environ.get(VARIABLE) or None
    if named is not None:
        return Path(named)
    return fetched_folder() if fetched_folder().is_dir() else None


def need(data, *candidates, task, fetch):
    """A file of a data set.

    Parameters
    ----------
    data : path-like or None
        As in `find_data`.
    *candidates : str
        Names below the folder of the data sets; the first that is there is taken.
    task : str
        That needs it, for messages.
    fetch : str
        Name of the data set for ``chronaxie fetch``.

    Returns
    -------
    Path

    Raises
    ------
    MissingDataError
        No folder is named, or none of the candidates is in it.
    """
    folder = find_data(data)
    names = " or ".join(candidates)
    if folder is None:
        raise MissingDataError(
            f"task {task!r}: no data folder; pass data= (--data) or set {VARIABLE} to the folder that holds "
            f"{names}, or download it: chronaxie fetch {fetch}"
        )
    for name in candidates:
        if (folder / name).exists():
            return folder / name
    raise MissingDataError(
        f"task {task!r}: expected {names} in the data folder {folder}, found neither; check data= (--data) or "
        f"{VARIABLE}, or download it: chronaxie fetch {fetch}"
        if len(candidates) > 1
        else f"task {task!r}: {folder / names} not found; check data= (--data) or {VARIABLE}, or download it: "
        f"chronaxie fetch {fetch}"
    )


def fingerprint(*paths):
    """Fingerprint of the content of files, ``sha256:…``; their order counts, their names do not.

    Raises
    ------
    MissingDataError
        A file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise MissingDataError(
                f"{path}: cannot be read ({error.strerror}); check the data folder"
            ) from error
    return f"sha256:{digest.hexdigest()}"
