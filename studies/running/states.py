"""What is known of a job: ``job.json`` in its folder, and the lock of the process that runs it."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...models.locks import claimed, lock_now, locked
from .folder import FORMAT, job_folder, read_json, write_json
from .values import to_json

STATE, ERROR, LOCK = "job.json", "error.txt", ".lock"
RESULT, NETWORK, CHECKPOINT = "result.nc", "network", "checkpoint.pt"
WAITING, RUNNING, DONE, FAILED, INTERRUPTED = "waiting", "running", "done", "failed", "interrupted"


@dataclass(frozen=True)
class JobState:
    """State of a job.

    Parameters
    ----------
    state : {"waiting", "running", "done", "failed", "interrupted"}
        Failed: it raised an error, and is run again when that is asked for. Interrupted: its process was killed, or the
        disk was full; it is run again when the sweep goes on.
    error : str
        Why it failed or was interrupted, in a line.
    seconds : float
        Wall time of a job that is done, of the last attempt.
    began : str
        When the last attempt began, ISO 8601.
    attempts : int
    """

    state: str = WAITING
    error: str = ""
    seconds: float = 0.0
    began: str = ""
    attempts: int = 0


def now():
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_state(directory, job):
    """The `JobState` of a job.

    Raises
    ------
    ResultError
        Its file is damaged or of a newer version.
    """
    folder = job_folder(directory, job)
    path = folder / STATE
    if not path.exists():
        return JobState()
    content = read_json(path, what="the state of a job")
    state = content["state"]
    files = {RESULT, *content.get("files", {}).values()}
    if state == DONE and not all((folder / file).is_file() for file in files):
        state = WAITING  # a file of the result was removed by hand: it is made again
    if state == RUNNING and not _held(folder / LOCK):
        state = INTERRUPTED
    return JobState(
        state,
        content.get("error", ""),
        content.get("wall_time_s", 0.0),
        content.get("began", ""),
        content.get("attempts", 0),
    )


def write_state(directory, job, state, *, study, **more):
    """Write ``job.json``; `more` are further entries, such as the error or the wall time."""
    folder = job_folder(directory, job)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "id": job.id,
        "study": study.name,
        "at": job.at,
        "configuration": json.loads(to_json(job.config)),
        "state": state,
        "process": os.getpid(),
        "machine": platform.node(),
        "attempts": 0,
        "began": now(),
    }
    write_json(content | more, folder / STATE)


def checkpoints(folder):
    """The checkpoints in a job's folder, a list of Path: that of the study, and of its stages, named after it."""
    return list(Path(folder).glob(f"{CHECKPOINT}*"))


def tidy(directory, job):
    """Remove what a process that was killed just after its job was done left there: checkpoint and lock."""
    folder = job_folder(directory, job)
    if not checkpoints(folder) and not (folder / LOCK).exists():
        return
    with job_lock(directory, job) as ours:
        if ours and read_state(directory, job).state == DONE:
            for path in checkpoints(folder):
                path.unlink(missing_ok=True)


def note_interrupted(directory, job, *, study, error):
    """Write that a job's process ended without a word, and why, as ``job.json`` and ``error.txt``."""
    before = read_state(directory, job)
    if before.state in (DONE, FAILED):
        return
    folder = job_folder(directory, job)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ERROR).write_text(error + "\n", encoding="utf-8")
    write_state(
        directory,
        job,
        INTERRUPTED,
        study=study,
        error=error.splitlines()[0],
        attempts=before.attempts,
        began=before.began,
    )


@contextmanager
def job_lock(directory, job, *, wait=False):
    """Context in which no other process runs the job; yields whether that is so.

    Parameters
    ----------
    directory : path
    job : Job
    wait : bool
        Wait for who runs it.
    """
    folder = job_folder(directory, job)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    file = locked(path) if wait else claimed(path)
    if file is None:
        yield False
        return
    with file:
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


def is_held(directory, job):
    """Whether a process runs the job."""
    return _held(job_folder(directory, job) / LOCK)


def _held(path):
    if not path.exists():
        return False
    for _ in range(3):  # who only looks holds it for a moment
        file = lock_now(path)
        if file is not None:
            file.close()
            return False
        if not path.exists():
            return False
        time.sleep(0.02)
    return True
