"""What a worker's process is: one thread, and the order of sets that is the same in every process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# One thread each: the same sums in the same order whatever else the machine does, and as many workers as cores.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ENVIRONMENT = dict.fromkeys(THREADS, "1") | {"PYTHONHASHSEED": "0"}


def begin_again():
    """Start the command ``chronaxie`` again, in its own place, as a process like those of its workers.

    What the parent of a sweep loads (torch, Brian2: longer than some jobs take) its workers then need not load again:
    they begin as copies of it. Nothing happens in a process that is no command of its own, such as one of a user's
    that calls `chronaxie.studies.cli.main`, nor where the environment is that of a worker already.
    """
    if not _is_command() or all(os.environ.get(name) == value for name, value in ENVIRONMENT.items()):
        return
    flush_streams()
    os.execve(sys.executable, sys.orig_argv, os.environ | ENVIRONMENT)


def flush_streams():
    """Write out what this process has said; a stream that was closed when it began (``>&-``) is None."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def can_be_copied():
    """Whether a copy (fork) of this process is what a worker's process is: begun as one is, and with one thread now.

    A second thread, of a library or the caller's, would be missing in a copy, with the locks that it holds.
    """
    try:
        began = Path("/proc/self/environ").read_bytes().split(b"\0")
        threads = os.listdir("/proc/self/task")
    except OSError:  # not Linux
        return False
    as_asked = all(f"{name}={value}".encode() in began for name, value in ENVIRONMENT.items())
    return as_asked and not sys.flags.hash_randomization and len(threads) == 1


def _is_command():
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    package = __package__.split(".")[0]
    return Path(sys.argv[0]).name == package or (spec is not None and spec.name == f"{package}.__main__")
