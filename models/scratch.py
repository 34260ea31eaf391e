"""Scratch folders that are removed, those of processes that were killed too, and nothing that is not ours."""

import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from .._locks import lock_now, locked
from .errors import DeviceError

_NAME = re.compile(r"\.?chronaxie_\d+_[0-9a-f]{8}")
_LOCK = "chronaxie.lock"
# Seconds after which a folder without a lock is not one that is being made.
_MADE = 60


def private_folder():
    """Return the folder of this user's scratch folders in the folder of temporary files, made where it is missing.

    Returns
    -------
    Path
        ``chronaxie-scratch-<user id>``, which only the user can read.

    Raises
    ------
    DeviceError
        It is not a folder, or another user's.
    """
    folder = Path(tempfile.gettempdir()) / f"chronaxie-scratch-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise DeviceError(
            f"{folder} must be a folder of yours, but is another user's or no folder; remove it, or set TMPDIR to "
            "another folder"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
    return folder


@contextmanager
def scratch_folder(parent=None, *, hidden=False):
    """A folder that is removed on leaving; those beside it whose processes were killed are removed first.

    Parameters
    ----------
    parent : Path, optional
        Made where it is missing; `private_folder` by default.
    hidden : bool
        Give it a name that begins with a dot.

    Yields
    ------
    Path
        Absolute.

    Raises
    ------
    DeviceError
        From `private_folder`.
    OSError
        The parent cannot be written.
    """
    parent = private_folder() if parent is None else Path(parent).absolute()
    parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(parent)
    while True:
        folder = parent / f"{'.' if hidden else ''}chronaxie_{os.getpid()}_{secrets.token_hex(4)}"
        folder.mkdir()
        try:
            lock = locked(folder / _LOCK)
        except FileNotFoundError:
            # Another process took it for abandoned before it was locked.
            if parent.is_dir():
                continue
            raise
        except BaseException:
            _remove(folder)
            raise
        break
    with lock:
        try:
            yield folder
        finally:
            _remove(folder)


def remove_abandoned(parent):
    """Remove scratch folders that no living process holds, known by name and lock; all else stays."""
    for folder in Path(parent).glob("*chronaxie_*"):
        if not _NAME.fullmatch(folder.name) or folder.is_symlink():
            continue
        if (folder / _LOCK).exists():
            lock = lock_now(folder / _LOCK)
            if lock is not None:
                with lock:
                    _remove(folder)
        else:
            # Its process was killed before it had made the lock: it is empty, or else not ours.
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _MADE:
                    folder.rmdir()


def _remove(folder):
    """Remove a folder, its lock last: what is left of it when this is interrupted is still known as ours."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()
