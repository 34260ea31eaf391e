"""Workers that begin as copies of this process, which has loaded torch, Brian2 and the study: loaded once for all."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress

from tqdm import tqdm

from .environment import flush_streams
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

    Raises
    ------
    RuntimeError
        The system allows no further process, or no further files.
    """
    _take_standard_numbers()
    flush_streams()
    with ExitStack() as opened:
        try:
            (alive, ours), (out, into_out), (err, into_err) = (_pipe(opened) for _ in range(3))
            pid = os.fork()
        except OSError as error:
            raise RuntimeError(
                f"no further worker can be started: {error.strerror}; fewer at a time: --workers N"
            ) from error
        opened.pop_all()
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


def _pipe(opened):
    """A pipe whose ends the stack closes."""
    ends = os.pipe()
    for end in ends:
        opened.callback(os.close, end)
    return ends


def _take_standard_numbers():
    """Open nothing in place of standard streams that are closed, else a pipe gets their number, which a copy needs."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


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
        _draw_otherwise()
        # Objects of the parent's libraries: Brian2 collects before each run, 0.2 s where torch is loaded.
        gc.freeze()
        os.chdir(cwd)
        code = work()
        flush_streams()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        with suppress(OSError):
            flush_streams()
    finally:
        os._exit(code)


def _draw_otherwise():
    """Begin the global generators anew, as in a process of its own: else all copies draw the same numbers.

    Python's own, `random`, does so by itself after a fork.
    """
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()


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
