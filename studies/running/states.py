"""What is known of a job: ``job.json`` in its folder, and the lock of the process that runs it."""

from __future__ import annotations

import json
import os
import platform
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..._locks import claimed, locked
from .folder import write_json
from .records import (
    CHECKPOINT,
    DONE,
    ERROR,
    FAILED,
    FORMAT,
    INTERRUPTED,
    LOCK,
    STATE,
    is_locked,
    job_folder,
    read_state,
)
from .values import to_json


def now():
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


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
    return is_locked(job_folder(directory, job) / LOCK)
