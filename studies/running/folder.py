"""The folder of a sweep: what it is of (``sweep.json``), its jobs' folders, the lock of the process that runs it."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import contextmanager
from pathlib import Path

from ...models.atomic import written_beside
from ...models.locks import claimed, lock_now
from ..json_values import tuples
from ..provenance import provenance
from ..results import ResultError
from ..study import Axis
from .sweep import Sweep

FORMAT = 1
SWEEP, LOCK, JOBS = "sweep.json", ".lock", "jobs"


def job_folder(directory, job):
    """Folder of a job, Path."""
    return Path(directory) / JOBS / job.id


def write_json(content, path):
    """Write a dict as JSON, beside and renamed."""
    with written_beside(path) as beside:
        beside.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


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


def prepare_sweep(directory, sweep, *, report=print):
    """Make the folder of a sweep, or check that it is of this one.

    Parameters
    ----------
    directory : path
    sweep : Sweep
    report : callable
        Takes a line: where package versions are not those with which the sweep began.

    Raises
    ------
    ResultError
        The folder holds another sweep, or cannot be written.
    """
    path = Path(directory) / SWEEP
    if not path.exists():
        with _writable(directory):
            write_json(
                {"format": FORMAT, **sweep.to_json(), "folder": os.getcwd(), "versions": provenance()}, path
            )
        return
    content = read_json(path, what="a sweep")
    differing = [name for name, value in sweep.to_json().items() if content.get(name) != value]
    if differing:
        was, given = content.get(differing[0]), sweep.to_json()[differing[0]]
        raise ResultError(
            f"{directory}: holds another sweep: its {_difference(differing[0], was, given)}; give another folder with "
            "--out DIR, or go on with that one: chronaxie resume DIR"
        )
    then, now = content.get("versions", {}), provenance()
    for name in sorted(then.keys() | now.keys()):
        if then.get(name) != now.get(name):
            report(f"the sweep began with {name} {then.get(name)}, it goes on with {now.get(name)}")


@contextmanager
def _writable(directory):
    """Context in which a folder is there and something is written into it."""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ResultError(
            f"{directory}: cannot be written ({error.strerror}); give another folder: --out DIR"
        ) from error


def _difference(name, was, given):
    if isinstance(was, dict) and isinstance(given, dict):
        fields = sorted(field for field in was.keys() | given.keys() if was.get(field) != given.get(field))
        return f"{name} has {fields[0]} {was.get(fields[0])!r}, not {given.get(fields[0])!r}"
    if name == "axes":
        was, given = _axes_in_words(was), _axes_in_words(given)
    return f"{name} {'are' if name == 'axes' else 'is'} {was}, not {given}"


def _axes_in_words(axes):
    return "; ".join(f"{axis['field']} {axis['labels'] or axis['values']}" for axis in axes or ()) or "none"


def open_sweep(directory):
    """The sweep of a folder.

    Parameters
    ----------
    directory : path

    Returns
    -------
    Sweep

    Raises
    ------
    ResultError
        No sweep is there, it is damaged or of a newer version, or the file of its study has changed since it began.
    """
    path = Path(directory) / SWEEP
    if not path.is_file():
        raise ResultError(
            f"{directory}: no sweep is there ({SWEEP} is missing); begin one: chronaxie run STUDY --out DIR"
        )
    content = read_json(path, what="a sweep")
    try:
        axes = tuple(Axis(**tuples(axis)) for axis in content["axes"])
        sweep = Sweep(content["study"], tuples(content["configuration"]), axes, content["smoke"])
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(f"{path}: damaged: {type(error).__name__}: {error}") from error
    if content.get("study_file_hash", "") != sweep.file_hash:
        raise ResultError(
            f"{directory}: {sweep.study_name} is not what it was when the sweep began; put it back, or begin another "
            "sweep in another folder"
        )
    return sweep


def started_in(directory):
    """The folder in which the sweep was started, to which relative paths in its configuration refer; Path."""
    return Path(read_json(Path(directory) / SWEEP, what="a sweep").get("folder", "."))


@contextmanager
def only_runner(directory, **about):
    """Context in which no other process runs the sweep of this folder; who holds it is said in its lock file.

    Parameters
    ----------
    directory : path
    **about
        What the lock file says beside the process and its machine.

    Raises
    ------
    ResultError
        Another process runs it, or the folder cannot be made, or written, or its file system has no locks.
    """
    path = Path(directory) / LOCK
    with _writable(directory):
        for attempt in range(3):  # who only looks, as `chronaxie status` does, holds it for a moment
            file = claimed(path)
            if file is not None or attempt == 2:
                break
            time.sleep(0.1)
    if file is None:
        holder = runner(directory) or {}
        who = f"process {holder['pid']} on {holder['machine']}" if "pid" in holder else "another process"
        raise ResultError(
            f"{directory}: {who} runs this sweep already; wait for it, or end it, and start again"
        )
    with file:
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "machine": platform.node(), **about}))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def runner(directory):
    """Who runs the sweep of a folder, as the dict that its lock file holds; None where nobody does."""
    path = Path(directory) / LOCK
    free = lock_now(path)
    if free is not None:
        free.close()
        return None
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:  # it is being written
        return {}
