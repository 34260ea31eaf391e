"""Files that are whole or not there: written beside their place, then renamed."""

import os
import secrets
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_beside(path):
    """Write a file so that what was at its place stays until the new one is complete.

    On leaving the body the file takes its place, with the permissions of any new file (0o666 without the
    umask's bits). After an error or an interruption in the body it is removed, and nothing has changed.

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
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    # The kernel applies the umask; tempfile's own files would be 0o600.
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
