"""Child processes that never outlive this one, however it ends, with progress and a time-out."""

import os
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager, suppress

# Of what a process says to stderr (bytes).
SAID = 1 << 16
# The child leads a process group. A watcher in it reads a pipe that only this process holds open: when this process
# ends, even by SIGKILL, the pipe closes and the watcher kills the whole group. Beyond a limit on the size of files the
# child gets an error, and can say which file it is, instead of a signal.
_WATCHED = """
trap '' XFSZ
exec 3<&0
{ cat <&3 >/dev/null 2>&1; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
"$@" </dev/null
"""


@contextmanager
def watched(command, *, cwd, stderr, stdout=subprocess.PIPE, environment=None):
    """Start a command that is killed, with all its children, when the body is left or this process ends.

    Parameters
    ----------
    command : sequence of str
    cwd : Path
    stderr, stdout
        As for `subprocess.Popen`.
    environment : dict of str to str, optional
        Added to the environment.

    Yields
    ------
    subprocess.Popen
    """
    process = subprocess.Popen(
        ["/bin/sh", "-c", _WATCHED, "sh", *map(str, command)],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        env=os.environ | (environment or {}),
    )
    try:
        yield process
    finally:
        # PermissionError: macOS, for a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def follow(processes, report, *, deadline=None):
    """Read lines from processes, and what they say to stderr, until all have ended.

    Parameters
    ----------
    processes : sequence of subprocess.Popen
        With pipes for stdout and stderr.
    report : callable
        ``report(number of the process, line)``.
    deadline : float, optional
        `time.monotonic` at which to give up.

    Returns
    -------
    codes : list of int or None
        Exit codes; as soon as one process fails the rest are no longer waited for, and None is theirs.
    said : list of str
        The last `SAID` bytes of each process's stderr.

    Raises
    ------
    TimeoutError
        The deadline has come.
    """
    codes = [None] * len(processes)
    pending, said = [b""] * len(processes), [b""] * len(processes)
    with selectors.DefaultSelector() as selector:
        for k, process in enumerate(processes):
            selector.register(process.stdout, selectors.EVENT_READ, (k, True))
            selector.register(process.stderr, selectors.EVENT_READ, (k, False))
        while selector.get_map() and not any(codes):
            for key, _ in selector.select(_left(deadline)):
                k, lines_of_it = key.data
                data = os.read(key.fd, 65536)
                if not data:
                    selector.unregister(key.fileobj)
                    if all(other.data[0] != k for other in selector.get_map().values()):
                        codes[k] = processes[k].wait()
                elif lines_of_it:
                    *lines, pending[k] = (pending[k] + data).split(b"\n")
                    for line in lines:
                        report(k, line.decode(errors="replace"))
                else:
                    said[k] = (said[k] + data)[-SAID:]
    return codes, [text.decode(errors="replace").strip() for text in said]


def _left(deadline):
    left = None if deadline is None else deadline - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError
    return left
