"""Jobs on a cluster: tasks of a dask.distributed scheduler, each of which starts a process for its job.

A task is a call of the standard library, so that neither the scheduler nor its workers import this package: they would
do that in threads, where Brian2 cannot be imported.
"""

from __future__ import annotations

import json
import subprocess

from ..results import ResultError
from .environment import ENVIRONMENT
from .local import ending
from .one_job import DiskFull
from .records import DONE, INTERRUPTED, RUNNING, WAITING, read_state
from .states import job_lock, note_interrupted
from .worker import command

_CONNECT = 20  # seconds
_SAID = 4000  # of what a job's process said to stderr, characters


def run_on_scheduler(directory, sweep, *, address, memory, cwd, progress):
    """Run all jobs that wait on the workers of a dask.distributed scheduler.

    The workers see the sweep's folder and this package's Python under the same paths. Each job runs in a process of its
    own, with one thread: one that runs out of memory takes no worker of the cluster with it.

    Parameters
    ----------
    directory : Path
    sweep : Sweep
    address : str
        Of the scheduler, ``tcp://host:port``.
    memory : float or None
        Limit on the data of each process, GiB.
    cwd : Path
        Where they run.
    progress : Progress

    Raises
    ------
    ResultError
        No scheduler answers there, its workers do not see the folder, or dask.distributed is not installed.
    DiskFull
    """
    try:
        from distributed import as_completed
    except ImportError as error:
        raise ResultError(
            "--scheduler needs dask.distributed, which is not installed: pip install distributed"
        ) from error
    waiting = [job for job in sweep.jobs if read_state(directory, job).state in (WAITING, RUNNING)]
    with _client(address) as client, client.as_current():
        if not client.scheduler_info()["workers"]:
            progress.line(f"{address}: no workers yet; the jobs wait for them")
        progress.workers = max(1, len(client.scheduler_info()["workers"]))
        settings = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        tasks = {
            client.submit(
                subprocess.run,
                ["env", *settings, *command(directory, job=job.id, memory=memory)],
                cwd=str(cwd),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                pure=False,
            ): job
            for job in waiting
        }
        for task in as_completed(tasks):
            job = tasks[task]
            try:
                _settle(directory, sweep, job, task, address)
            except (ResultError, DiskFull):
                client.cancel(list(tasks))
                raise
            state = read_state(directory, job)
            if state.state == DONE:
                progress.finished(job.id, state.seconds)
            else:
                progress.fell(job.id, state.error)


def _settle(directory, sweep, job, task, address):
    """After a task: write what became of a job whose process was ended, or raise what ends the sweep."""
    error = task.exception()
    if isinstance(error, OSError):
        raise ResultError(
            f"{address}: a worker could not start a job ({error}); it must see the same folders as this machine"
        )
    if error is not None:  # the worker of the cluster ended, as often as dask tries again
        how, said = f"{type(error).__name__}: {error}".splitlines()[0], ""
    else:
        done = task.result()
        how, said = f"its process ended: {ending(done.returncode)}", done.stderr[-_SAID:].strip()
        for event in map(json.loads, done.stdout.splitlines()):
            if event["event"] == "full":
                raise DiskFull(event["error"])
    state = read_state(directory, job).state
    if state == WAITING and error is None:
        raise ResultError(f"{address}: a job's process ended before the job began ({how}): {said}")
    if state in (WAITING, RUNNING, INTERRUPTED):
        with job_lock(directory, job, wait=True):
            note_interrupted(directory, job, study=sweep.study, error=f"{how}\n{said}".strip())


def _client(address):
    from distributed import Client

    try:
        return Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ResultError(
            f"--scheduler {address}: no scheduler answers there ({type(error).__name__}); expected the address of a "
            "dask scheduler that runs, such as tcp://host:8786"
        ) from error
