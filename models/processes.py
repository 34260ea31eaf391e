"""Child processes that never outlive this one, however it ends, with progress and a time-out."""

import os
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager, suppress

# The child leads a process group. A watcher in it reads a pipe that only this process holds open: when this process
# ends, even by SIGKILL, the pipe closes and the watcher kills the whole group.
_WATCHED = """
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
    """Read lines from processes until all have ended.

    Parameters
    ----------
    processes : sequence of subprocess.Popen
    report : callable
        ``report(number of the process, line)``.
    deadline : float, optional
        `time.monotonic` at which to give up.

    Returns
    -------
    list of int or None
        Exit codes; as soon as one process fails the rest are no longer waited for, and None is theirs.

    Raises
    ------
    TimeoutError
        The deadline has come.
    """
    codes = [None] * len(processes)
    pending = [b""] * len(processes)
    with selectors.DefaultSelector() as selector:
        for k, process in enumerate(processes):
            selector.register(process.stdout, selectors.EVENT_READ, k)
        while selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            for key, _ in selector.select(left):
                k = key.data
                data = os.read(key.fd, 65536)
                if data:
                    *lines, pending[k] = (pending[k] + data).split(b"\n")
                    for line in lines:
                        report(k, line.decode(errors="replace"))
                    continue
                selector.unregister(key.fileobj)
                codes[k] = processes[k].wait()
                if codes[k]:
                    return codes
    return codes
