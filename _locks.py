"""Locks on files (flock) that go when the process does, however it ends, also where the files may be removed."""

import fcntl
import os


def locked(path):
    """Open a file, made where it is missing, and lock it, waiting for whoever holds it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    file
        Open for writing, at its place: nobody has removed it meanwhile. Closing it ends the lock.

    Raises
    ------
    OSError
        The folder is missing or cannot be written.
    """
    while True:
        file = open(path, "a")  # noqa: SIM115, the caller closes it
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if at_place(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def claimed(path):
    """Open a file, made where it is missing, and lock it without waiting; None where somebody holds it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    file or None
        As of `locked`, open for reading too.

    Raises
    ------
    OSError
        The folder is missing or cannot be written, or its file system has no locks.
    """
    while True:
        file = open(path, "a+")  # noqa: SIM115, the caller closes it
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if at_place(file, path):
                return file
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        file.close()


def lock_now(path):
    """Open a file that is there and lock it without waiting; None where somebody holds it, or it cannot be opened."""
    try:
        file = open(path, "r+")  # noqa: SIM115, the caller closes it
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if at_place(file, path):
            return file
    except OSError:
        pass
    file.close()
    return None


def is_held(path):
    """Whether somebody holds the lock of a file; also in a folder that may only be read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
        True too where the file may not even be read, and so nothing is known.
    """
    try:
        # A shared lock needs no permission to write, and who only looks does not keep others from looking.
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def at_place(file, path):
    """Whether an open file is still what its path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
