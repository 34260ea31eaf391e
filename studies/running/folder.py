"""The folder of a sweep: what it is of (``sweep.json``), its jobs' folders, the lock of the process that runs it."""

from __future__ import annotations

import json
import os
import platform
import shlex
import time
from contextlib import contextmanager
from pathlib import Path

from ..._locks import claimed
from ...models.atomic import written_beside
from ..json_values import tuples
from ..provenance import provenance
from ..result_error import ResultError
from ..study import Axis
from .records import FORMAT, LOCK, SWEEP, read_json, read_sweep_json, runner
from .sweep import Sweep


def write_json(content, path):
    """Write a dict as JSON, beside and renamed."""
    with written_beside(path) as beside:
        beside.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )


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
                {
                    "format": FORMAT,
                    **sweep.to_json(),
                    "folder": os.getcwd(),
                    "versions": provenance(),
                    "name": sweep.study.name,
                    "question": sweep.study.question,
                    "jobs": {job.id: job.at for job in sweep.jobs},
                },
                path,
            )
        return
    content = read_json(path, what="a sweep")
    differing = [name for name, value in sweep.to_json().items() if content.get(name) != value]
    if "study_file_hash" in differing and "study" not in differing:
        raise ResultError(
            f"{directory}: holds a sweep of {sweep.study_name} as it was before it was changed; give another folder "
            "with --out, or delete this one"
        )
    if differing:
        was, given = content.get(differing[0]), sweep.to_json()[differing[0]]
        raise ResultError(
            f"{directory}: holds another sweep: {_difference(differing[0], was, given)}; give another folder with "
            f"--out, or go on with that one: chronaxie resume {shlex.quote(str(directory))}"
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
        return f"its {name} has {fields[0]} {was.get(fields[0])!r}, not {given.get(fields[0])!r}"
    if name == "axes":
        return _difference_of_axes(was or (), given)
    return f"its {name} is {was}, not {given}"


def _difference_of_axes(was, given):
    """The first axis that only one of two sweeps has, or that has other values, or the order of both."""
    by_name, asked = ({axis["field"]: axis for axis in axes} for axes in (was, given))
    for name in [*by_name, *asked]:
        if name not in asked:
            return f"it sweeps {name} ({_values(by_name[name])}), this one does not"
        if name not in by_name:
            return f"it does not sweep {name}, this one does ({_values(asked[name])})"
        if by_name[name] != asked[name]:
            return f"its axis {name} is {_values(by_name[name])}, not {_values(asked[name])}"
    return f"its axes are in the order {', '.join(by_name)}, not {', '.join(asked)}"


def _values(axis):
    return ", ".join(str(value) for value in axis["labels"] or axis["values"])


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
    content, path = read_sweep_json(directory), Path(directory) / SWEEP
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
