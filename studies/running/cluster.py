"""Jobs on a cluster: tasks of a dask.distributed scheduler, each of which starts a process for its job."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from ...models.processes import follow, watched
from ..results import ResultError
from .folder import SWEEP, open_sweep
from .local import ending
from .one_job import DiskFull
from .states import DONE, INTERRUPTED, RUNNING, WAITING, job_lock, note_interrupted, read_state
from .worker import ENVIRONMENT, command

_CONNECT = 20  # seconds


def run_on_scheduler(directory, sweep, *, address, memory, cwd, progress):
    """Run all jobs that wait on the workers of a dask.distributed scheduler.

    The workers see the sweep's folder under the same path, and have this package. Each job runs in a process of its
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
        tasks = {
            client.submit(
                run_in_process,
                str(Path(directory).resolve()),
                job.id,
                memory=memory,
                cwd=str(cwd),
                pure=False,
            ): job
            for job in waiting
        }
        for task in as_completed(tasks):
            job = tasks[task]
            error = task.exception()
            if isinstance(error, ResultError | DiskFull):
                client.cancel(list(tasks))
                raise error
            if error is not None:  # the worker of the cluster ended, as often as dask tries again
                line = f"{type(error).__name__}: {error}".splitlines()[0]
                with job_lock(directory, job, wait=True):
                    note_interrupted(directory, job, study=sweep.study, error=line)
            state = read_state(directory, job)
            if state.state == DONE:
                progress.finished(job.id, state.seconds)
            else:
                progress.fell(job.id, state.error)


def _client(address):
    from distributed import Client

    try:
        return Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ResultError(
            f"--scheduler {address}: no scheduler answers there ({type(error).__name__}); expected the address of a "
            "dask scheduler that runs, such as tcp://host:8786"
        ) from error


def run_in_process(directory, job_id, *, memory, cwd):
    """Run one job in a process of its own: the task of a worker of the cluster.

    Parameters
    ----------
    directory : str
        Of the sweep, as this machine sees it.
    job_id : str
    memory : float or None
        GiB.
    cwd : str
        Where the process runs; the folder of the sweep where this machine has no such folder.

    Raises
    ------
    ResultError
        This machine does not see the sweep, or the process did not get as far as the job.
    DiskFull
    """
    if not (Path(directory) / SWEEP).is_file():
        raise ResultError(
            f"{os.uname().nodename}: {directory} is not there; the workers of the scheduler must see the folder of the "
            "sweep under the same path"
        )
    sweep = open_sweep(directory)
    job, full = sweep.job(job_id), []

    def listen(number, line):
        event = json.loads(line)
        if event["event"] == "full":
            full.append(event["error"])

    place = cwd if Path(cwd).is_dir() else directory
    words = command(directory, job=job_id, memory=memory)
    with watched(words, cwd=place, stderr=subprocess.PIPE, environment=ENVIRONMENT) as process:
        (code,), (said,) = follow([process], listen)
    if full:
        raise DiskFull(full[0])
    state = read_state(directory, job).state
    if state in (RUNNING, INTERRUPTED):
        error = f"its process ended: {ending(code)}"
        with job_lock(directory, job, wait=True):
            note_interrupted(directory, job, study=sweep.study, error=f"{error}\n{said}".strip())
    elif state == WAITING:
        raise ResultError(
            f"{os.uname().nodename}: a process ended before its job began ({ending(code)}): {said[-2000:]}"
        )
