"""Workers that begin as copies of this process, which has loaded torch, Brian2 and the study: loaded once for all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

from tqdm import tqdm

from .records import LOCK

# As of `models.processes.watched`: when the pipe's other end closes, with the parent, the whole process group ends.
_WATCHER = "cat >/dev/null 2>&1; kill -KILL 0"


class Copy:
    """A copied process, as far as it is a `subprocess.Popen`: `pid`, `stdout`, `stderr`, `wait`."""

    def __init__(self, pid, stdout, stderr):
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self._code = None

    def wait(self):
        """Its exit code; of a signal, minus its number."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


@contextmanager
def copied(work, *, cwd):
    """Start a copy of this process that calls a function and ends; it ends when this one does, however it ends.

    Parameters
    ----------
    work : callable
        Called without arguments in the copy; returns its exit code.
    cwd : Path
        Where it runs.

    Yields
    ------
    Copy
    """
    alive, ours = os.pipe()
    out, into_out = os.pipe()
    err, into_err = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_worker(work, cwd, alive, into_out, into_err)
    for descriptor in (alive, into_out, into_err):
        os.close(descriptor)
    with open(out, "rb", 0) as stdout, open(err, "rb", 0) as stderr:
        process = Copy(pid, stdout, stderr)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            if process._code is None:
                with suppress(ProcessLookupError):  # killed before it led a group
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            os.close(ours)


def _be_worker(work, cwd, alive, out, err):
    """Become the worker; never returns, so that nothing of the parent's is left twice."""
    code = 1
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for target, source in ((0, nowhere), (1, out), (2, err)):
            os.dup2(source, target)
        _leave_to_parent(nowhere, keep=(0, 1, 2, alive))
        subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER],
            stdin=alive,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.dup2(nowhere, alive)
        # Of all processes with a bar: one that is killed while it holds it would stop the others.
        tqdm.set_lock(threading.RLock())
        os.chdir(cwd)
        code = work()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        with suppress(OSError):
            sys.stderr.flush()
    finally:
        os._exit(code)


def _leave_to_parent(nowhere, *, keep):
    """Let go of the parent's pipes, selectors and locks, which end when it does only if no copy holds them.

    Their numbers stay taken: objects that have them are of the parent and may yet close them.
    """
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor in (nowhere, *keep):
            continue
        with suppress(FileNotFoundError):  # that of the list itself
            what = os.readlink(f"/proc/self/fd/{descriptor}")
            if what.startswith(("pipe:", "socket:", "anon_inode:")) or what.endswith(f"/{LOCK}"):
                os.dup2(nowhere, descriptor)
