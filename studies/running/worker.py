"""A worker: a process that takes jobs of a sweep's folder one after the other and says what becomes of them.

``python -m chronaxie.studies.running.worker DIR`` takes every job that nobody runs and that waits; with ``--job ID``
that one. Each line of its stdout is a JSON object with `event` (``begin``, ``say``, ``done``, ``failed``, ``full``) and
`job`; what the study itself prints goes to stderr. It ends after a job that failed: the next one starts in a fresh
process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from .folder import open_sweep
from .one_job import DiskFull, run_job
from .records import DONE, WAITING, read_state
from .states import job_lock

# Exit code of a worker to which nobody listens any more.
UNHEARD = 3


def command(directory, *, job=None, memory=None):
    """The command of a worker, as a list of str.

    Parameters
    ----------
    directory : path
    job : str, optional
        Id of the only job to run.
    memory : float, optional
        Limit on the process's data, GiB.
    """
    words = [sys.executable, "-m", __spec__.name, str(Path(directory).resolve())]
    if job is not None:
        words += ["--job", job]
    return words if memory is None else [*words, "--memory", str(memory)]


def main(arguments=None):
    """Entry point of the process; returns the exit code."""
    parser = argparse.ArgumentParser(prog="chronaxie worker")
    parser.add_argument("directory")
    parser.add_argument("--job")
    parser.add_argument("--memory", type=float)
    given = parser.parse_args(arguments)
    return work(given.directory, job=given.job, memory=given.memory)


def work(directory, *, job=None, memory=None):
    """Take jobs until there are none, or one has failed; arguments as of `command`, returns the exit code.

    For a process of its own: its stdout is redirected, its memory limited.
    """
    say = _own_stdout()
    _limit(memory)
    sweep = open_sweep(directory)
    jobs = sweep.jobs if job is None else (sweep.job(job),)
    for one in jobs:
        if not _take(directory, sweep, one, say, wait=job is not None):
            break
        gc.collect()
    return 0


def _take(directory, sweep, job, say, *, wait):
    """Run a job if it waits and nobody else runs it; whether this process may go on with others."""
    if not wait and read_state(directory, job).state != WAITING:
        return True
    with job_lock(directory, job, wait=wait) as ours:
        # Only now is it certain what others have done with it.
        if not ours or read_state(directory, job).state != WAITING:
            return True
        say(event="begin", job=job.id)
        try:
            state, error, seconds = run_job(
                directory, sweep, job, report=lambda line: say(event="say", job=job.id, text=str(line))
            )
        except DiskFull as full:
            say(event="full", job=job.id, error=str(full))
            return False
    say(event=state, job=job.id, error=error, seconds=seconds)
    return state == DONE


def _own_stdout():
    """A function that writes a JSON line to what was stdout; stdout itself goes to stderr from now on.

    Where nobody reads the lines any more, the process ends at once: its parent was killed. An error, raised within a
    study, would be taken for the job's own; as it is, the job's state stays "running", and it goes on later.
    """
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**content):
        try:
            lines.write(json.dumps(content) + "\n")
        except BrokenPipeError:
            os._exit(UNHEARD)

    return say


def _limit(memory):
    """Limit the process's data to so many GiB; and be the one that the kernel ends when memory is short."""
    if memory is not None:
        size = int(memory * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    with suppress(OSError):  # Linux has it
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    sys.exit(main())
