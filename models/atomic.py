"""Files that are whole or not there: written beside their place, then renamed."""

import errno
import os
import re
import secrets
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from .._locks import lock_now, locked

# Of file systems without locks, such as Lustre mounted without them.
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)


@contextmanager
def written_beside(path):
    """Write a file so that what was at its place stays until the new one is complete.

    On leaving the body the file takes its place, with the permissions of any new file (0o666 without the
    umask's bits). After an error or an interruption in the body it is removed, and nothing has changed. What a
    process left that was killed in the body is removed when the same file is written next, unless the file system
    has no locks, which tell it from another process's file.

    Parameters
    ----------
    path : str or Path
        Where the file is to be; its folder exists.

    Yields
    ------
    Path
        An empty file in the same folder: write to this.

    Raises
    ------
    OSError
        The folder is missing or cannot be written, or `path` is a folder.
    """
    path = Path(path)
    _remove_abandoned(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    # A lock of its own: HDF5 locks the file itself, and other writers may replace it.
    held = beside.with_suffix(".lock")
    with _locked(held):
        try:
            # The kernel applies the umask; tempfile's own files would be 0o600.
            os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            yield beside
            _flush(beside)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
            held.unlink(missing_ok=True)


def _flush(path):
    """Bring a file to the disk: a rename that survives a crash must not outlive what it names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(path):
    try:
        return locked(path)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno not in _NO_LOCKS:
            raise
        return nullcontext()


def _remove_abandoned(path):
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.lock")
    # A folder that may be written and not listed.
    with suppress(PermissionError):
        for name in filter(ours.fullmatch, os.listdir(path.parent)):
            held = path.with_name(name)
            lock = lock_now(held)
            if lock is not None:
                with lock:
                    held.with_suffix(".part").unlink(missing_ok=True)
                    held.unlink(missing_ok=True)
