"""The user's cache: compiled programs, kept by what decides about them, up to a size, least recently used out first.

``$XDG_CACHE_HOME/chronaxie`` (``~/.cache/chronaxie``) holds ``standalone/<key>``, a program of `cpp_standalone`,
``cython/<key>``, modules of `cython`, and ``fused/<key>``, a library of a twin's fused engine. Entries are made in a
scratch folder and renamed: whole or not there.
"""

import fcntl
import hashlib
import json
import os
import re
import time
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from .._locks import at_place, lock_now, locked
from .errors import DeviceError
from .scratch import remove_abandoned, scratch_folder

FORMAT = 1
SIZE = "CHRONAXIE_CACHE_SIZE"
DEFAULT_SIZE = 2 * 2**30
RECENT = 3600  # seconds
_KINDS = ("standalone", "cython", "fused")
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


@contextmanager
def cached_folder(kind, key, make, *, usable=None):
    """Hold an entry, making it where it is missing, damaged or of another version.

    One process makes an entry while others that want the same wait for it. `trim` and `clear` leave it in the body. A
    cache that holds it need not be writable.

    Parameters
    ----------
    kind, key : str
        Entries of one kind lie together.
    make : callable
        ``make(folder)`` fills an empty folder; what it raises goes to the caller, and nothing is left behind.
    usable : callable, optional
        ``usable(folder)`` says whether an entry that is there serves on this machine; one that does not is made anew.

    Yields
    ------
    folder : Path
    made : bool
        Whether it was made by this call.

    Raises
    ------
    DeviceError
        The cache cannot be written, and does not hold the entry.
    """
    folder = cache_root() / kind / key
    held, made = _hold(folder, usable), False
    if held is None:
        with _making(folder):
            held = _hold(folder, usable)
            if held is None:
                held, made = _make(folder, make), True
    with held:
        if made:
            trim(keep=folder)
        yield folder, made


def _making(folder):
    """Return the lock of whoever makes an entry."""
    with _writing():
        folder.parent.mkdir(parents=True, exist_ok=True)
        return locked(folder.with_name(f"{folder.name}.{_LOCK}"))


@contextmanager
def _writing():
    try:
        yield
    except OSError as error:
        raise DeviceError(
            f"cannot write the cache {cache_root()}: {error}; set XDG_CACHE_HOME to another folder"
        ) from error


def _make(folder, make):
    """Make an entry and return it as `_hold` does."""
    with ExitStack() as stack:
        with _writing():
            scratch = stack.enter_context(scratch_folder(folder.parent, hidden=True))
            inside = scratch / "entry"
            inside.mkdir()
        make(inside)
        _seal(inside)
        held = _hold(inside)
        try:
            if folder.exists():
                folder.rename(scratch / "broken")
            inside.rename(folder)
        except BaseException:
            held.close()
            raise
    return held


def _hold(folder, usable=None):
    """Open the list of an entry with a shared lock, so that the entry stays; None where it is not whole or usable."""
    try:
        held = open(folder / _ENTRY)  # noqa: SIM115, the caller closes it
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        if at_place(held, folder / _ENTRY) and _is_whole(folder) and (usable is None or usable(folder)):
            _touch(folder)
            return held
    except BaseException:
        held.close()
        raise
    held.close()
    return None


def entries():
    """Return what the cache holds.

    Returns
    -------
    list of (str, Path, int, float)
        Kind, folder, bytes, time of the last use (s since 1970); the least recently used first.
    """
    found = []
    for kind in _KINDS:
        for folder in (cache_root() / kind).glob("*"):
            if not folder.is_dir() or folder.name.startswith("."):
                continue
            try:
                marker = folder / _ENTRY
                used = (marker if marker.exists() else folder).stat().st_mtime
            except FileNotFoundError:  # removed by another process
                continue
            found.append((kind, folder, _size(folder), used))
    return sorted(found, key=lambda entry: entry[3])


def trim(*, keep=None):
    """Remove entries, least recently used first, until the cache is no larger than its limit.

    Programs that are in use and modules of `cython` used within the last hour stay.

    Parameters
    ----------
    keep : Path, optional
        An entry that stays whatever its size.
    """
    limit, found = size_limit(), entries()
    total = sum(size for _, _, size, _ in found)
    for kind, folder, size, used in found:
        if total <= limit:
            return
        recent = kind == "cython" and time.time() - used < RECENT
        if folder != keep and not recent and _remove(folder):
            total -= size


def clear():
    """Remove compiled code that is not in use, and what killed processes have left.

    Returns
    -------
    int
        Bytes that were freed.
    """
    freed = sum(size for _, folder, size, _ in entries() if _remove(folder))
    for kind in _KINDS:
        place = cache_root() / kind
        remove_abandoned(place)
        for path in place.glob(f"*.{_LOCK}"):
            lock = lock_now(path)
            if lock is not None:
                with lock:
                    path.unlink(missing_ok=True)
    return freed


def _remove(folder):
    """Remove an entry that nobody holds, and return whether it could be removed."""
    lock = nullcontext()
    if (folder / _ENTRY).exists():
        lock = lock_now(folder / _ENTRY)
        if lock is None:
            return False
    try:
        # At once, so that nobody sees half of it.
        with lock, scratch_folder(folder.parent, hidden=True) as scratch:
            folder.rename(scratch / folder.name)
    except OSError:
        return False
    return True


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
