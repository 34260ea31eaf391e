"""What the files in the folder of a sweep say, read with the standard library alone: no study, no torch, no Brian2."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from ..._locks import is_held
from ..result_error import ResultError

FORMAT = 1
SWEEP, LOCK, JOBS = "sweep.json", ".lock", "jobs"
STATE, ERROR = "job.json", "error.txt"
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


def job_folder(directory, job):
    """Folder of a job, or of the job of that id; Path."""
    return Path(directory) / JOBS / (job if isinstance(job, str) else job.id)


def read_json(path, *, what):
    """The dict in a JSON file of ours.

    Raises
    ------
    ResultError
        Not readable, or of a newer version of the package.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({error.strerror}); expected {what}") from error
    except ValueError as error:
        raise ResultError(f"{path}: damaged: not JSON ({error}); expected {what}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise ResultError(
            f"{path}: written by a newer chronaxie (format {found}, this one reads {FORMAT}); update chronaxie"
        )
    if found != FORMAT:
        raise ResultError(f"{path}: expected {what} of format {FORMAT}, found {found!r}")
    return content


def read_sweep_json(directory):
    """What ``sweep.json`` holds, as a dict.

    Raises
    ------
    ResultError
        No sweep is there, it is damaged or of a newer version.
    """
    path = Path(directory) / SWEEP
    if not path.is_file():
        raise ResultError(
            f"{directory}: no sweep is there ({SWEEP} is missing); begin one: chronaxie run STUDY --out DIR"
        )
    return read_json(path, what="a sweep")


def in_words(at):
    """Where on the axes a job is, from its coordinate on each."""
    return ", ".join(f"{name} {value}" for name, value in at.items()) or "the only job"


def read_state(directory, job):
    """The `JobState` of a job.

    Parameters
    ----------
    directory : path
        Of the sweep.
    job : Job or str
        Or its id.

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
    if state == RUNNING and not is_locked(folder / LOCK):
        state = INTERRUPTED
    return JobState(
        state,
        content.get("error", ""),
        content.get("wall_time_s", 0.0),
        content.get("began", ""),
        content.get("attempts", 0),
    )


def runner(directory):
    """Who runs the sweep of a folder, as the dict that its lock file holds; None where nobody does."""
    path = Path(directory) / LOCK
    if not is_held(path):
        return None
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (ValueError, PermissionError):  # it is being written, or may not be read
        return {}


def is_locked(path):
    """Whether a process holds the lock of a file."""
    for attempt in range(3):  # who begins holds it for a moment, and may find it taken
        if not is_held(path):
            return False
        if attempt < 2:
            time.sleep(0.02)
    return True
