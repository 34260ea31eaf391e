"""The user's cache: compiled programs, kept by what decides about them, up to a size, least recently used out first.

``$XDG_CACHE_HOME/chronaxie`` (``~/.cache/chronaxie``) holds ``standalone/<key>``, a program of `cpp_standalone`, and
``cython/<key>``, modules of `cython`. Entries are made in a scratch folder and renamed: whole or not there.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from .errors import DeviceError

FORMAT = 1
SIZE = "CHRONAXIE_CACHE_SIZE"
DEFAULT_SIZE = 2 * 2**30
_ENTRY = "entry.json"
_LOCK = "lock"
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def cache_root():
    """Return the folder of the cache; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chronaxie"


def size_limit():
    """Return the largest size of the cache in bytes: ``CHRONAXIE_CACHE_SIZE`` (``500M``, ``2G``), 2 GiB by default.

    Raises
    ------
    ValueError
        Not a size.
    """
    text = os.environ.get(SIZE, "")
    if not text:
        return DEFAULT_SIZE
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise ValueError(f"{SIZE}: expected a size such as 500M or 2G, got {text!r}")
    return int(match.group(1)) * _UNITS[match.group(2).upper()]


def cached_folder(kind, key, make):
    """Return the folder of an entry, making it where it is missing, damaged or of another version.

    One process makes an entry while others that want the same wait for it.

    Parameters
    ----------
    kind, key : str
        Entries of one kind lie together.
    make : callable
        ``make(folder)`` fills an empty folder; what it raises goes to the caller, and nothing is left behind.

    Returns
    -------
    folder : Path
    made : bool
        Whether it was made by this call.

    Raises
    ------
    DeviceError
        The cache cannot be written.
    """
    root = cache_root()
    folder = root / kind / key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = open(folder.with_name(f"{key}.{_LOCK}"), "w")  # noqa: SIM115, closed below
    except OSError as error:
        raise DeviceError(
            f"cannot write the cache {root}: {error}; set XDG_CACHE_HOME to another folder"
        ) from error
    with lock:
        if _is_whole(folder):
            _touch(folder)
            return folder, False
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_whole(folder):
            return folder, False
        with scratch_folder(root / "scratch") as scratch:
            inside = scratch / "entry"
            inside.mkdir()
            make(inside)
            _seal(inside)
            if folder.exists():
                folder.rename(scratch / "broken")
            inside.rename(folder)
    trim(keep=folder)
    return folder, True


@contextmanager
def scratch_folder(parent):
    """A folder that is removed on leaving; folders of processes that were killed are removed too.

    Parameters
    ----------
    parent : Path

    Yields
    ------
    Path
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(parent)
    folder = parent / f"chronaxie_{os.getpid()}_{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        # The lock goes when the process does, however it ends.
        with open(folder / _LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(parent):
    """Remove scratch folders that no living process holds."""
    for folder in parent.glob("chronaxie_*"):
        try:
            with open(folder / _LOCK) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            # Killed before it had locked, or being made right now.
            try:
                if time.time() - folder.stat().st_mtime > 60:
                    shutil.rmtree(folder, ignore_errors=True)
            except FileNotFoundError:
                pass
        except OSError:
            continue


def entries():
    """Return what the cache holds.

    Returns
    -------
    list of (str, Path, int, float)
        Kind, folder, bytes, time of the last use (s since 1970); the least recently used first.
    """
    found = []
    for kind in ("standalone", "cython"):
        for folder in (cache_root() / kind).glob("*"):
            if folder.is_dir():
                marker = folder / _ENTRY
                used = (marker if marker.exists() else folder).stat().st_mtime
                found.append((kind, folder, _size(folder), used))
    return sorted(found, key=lambda entry: entry[3])


def trim(*, keep=None):
    """Remove entries, least recently used first, until the cache is no larger than its limit.

    Parameters
    ----------
    keep : Path, optional
        An entry that stays whatever its size.
    """
    limit, found = size_limit(), entries()
    total = sum(size for _, _, size, _ in found)
    for _, folder, size, _ in found:
        if total <= limit:
            return
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


def clear():
    """Remove the whole cache of compiled code, and scratch folders that no living process holds.

    Returns
    -------
    int
        Bytes that were freed.
    """
    found = entries()
    for _, folder, _, _ in found:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f"{folder.name}.{_LOCK}").unlink(missing_ok=True)
    remove_abandoned(cache_root() / "scratch")
    return sum(size for _, _, size, _ in found)


def _seal(folder):
    """Write down what an entry consists of."""
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    (folder / _ENTRY).write_text(json.dumps({"format": FORMAT, "files": files}))


def _is_whole(folder):
    try:
        content = json.loads((folder / _ENTRY).read_text())
        if content["format"] != FORMAT:
            return False
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
            for name, digest in content["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _touch(folder):
    try:
        os.utime(folder / _ENTRY)
    except OSError:  # a cache that can only be read
        return


def _size(folder):
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # removed by another process
            continue
    return total
