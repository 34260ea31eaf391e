"""One job: the study is run, and its result, its model and its state are written into the job's folder."""

from __future__ import annotations

import errno
import shutil
import time
import traceback
from pathlib import Path

from .. import catalogue
from ..provenance import provenance
from ..results import write_result
from .records import (
    CHECKPOINT,
    DONE,
    ERROR,
    FAILED,
    INTERRUPTED,
    NETWORK,
    RESULT,
    RUNNING,
    job_folder,
    read_state,
)
from .states import checkpoints, now, write_state
from .values import to_json

# Bytes on the disk below which an error while writing is one of a full disk, whatever a library says of it.
_FULL = 1 << 20
_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT)


class DiskFull(OSError):
    """A job could not be written because the disk is full; it is run again when the sweep goes on."""


def run_job(directory, sweep, job, *, report):
    """Run a job whose lock is held, from its checkpoint where there is one.

    Parameters
    ----------
    directory : path
        Of the sweep.
    sweep : Sweep
    job : Job
    report : callable
        Takes a line of what the study says.

    Returns
    -------
    state : {"done", "failed"}
    error : str
        In one line; the traceback is in ``error.txt``.
    seconds : float

    Raises
    ------
    DiskFull
    """
    folder, study, began = job_folder(directory, job), sweep.study, time.perf_counter()
    clock_began = now()
    attempts = read_state(directory, job).attempts + 1
    try:
        write_state(directory, job, RUNNING, study=study, attempts=attempts, began=clock_began)
        clock, files = _run(folder, sweep, job, report)
        seconds = time.perf_counter() - began
        (folder / ERROR).unlink(missing_ok=True)
        write_state(
            directory,
            job,
            DONE,
            study=study,
            attempts=attempts,
            began=clock_began,
            wall_time_s=seconds,
            clock=clock,
            files=files,
        )
        for path in checkpoints(folder):
            path.unlink(missing_ok=True)
    except Exception as error:  # whatever a study raises is the job's, not the sweep's
        text = "".join(traceback.format_exception(error))
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        report(line)  # a worker to which nobody listens any more ends here: the error may come of that
        full = _is_full(error, folder)
        state = INTERRUPTED if full else FAILED
        try:
            (folder / ERROR).write_text(text, encoding="utf-8")
            write_state(directory, job, state, study=study, attempts=attempts, began=clock_began, error=line)
        except OSError:
            if not full:  # else the state stays "running", and nobody holds the job: it is interrupted
                raise
        if full:
            raise DiskFull(f"{folder}: the disk is full ({line})") from error
        return FAILED, line, time.perf_counter() - began
    return DONE, "", seconds


def complete(result, study, config, *, study_name):
    """A result as its file holds it: with study, configuration and provenance, without what a clock said.

    Parameters
    ----------
    result : xarray.Dataset
        What the study's `run` returned.
    study : Study
    config : object
    study_name : str
        As `catalogue.study` takes it.

    Returns
    -------
    result : xarray.Dataset
    clock : dict of str to object
        What was taken out.
    """
    clock = {name: result[name].values.tolist() for name in study.clock if name in result.variables}
    result = result.drop_vars(list(clock))
    attrs = provenance() | result.attrs | identity(study, study_name) | {"configuration": to_json(config)}
    if "wall_time_s" in attrs:
        clock["wall_time_s"] = float(attrs.pop("wall_time_s"))
    result.attrs = attrs  # of the copy that `drop_vars` made
    return result, clock


def identity(study, study_name):
    """Attributes that say which study a result is of: its name, and the file of a user's own."""
    file = {"study_file": study_name} if catalogue.is_file(study_name) else {}
    return {"study": study.name, **file}


def _run(folder, sweep, job, report):
    """What a clock said, and the names of the files."""
    result, model = sweep.study.run(
        job.config, checkpoint=folder / CHECKPOINT, resume=bool(checkpoints(folder)), report=report
    )
    result, clock = complete(result, sweep.study, job.config, study_name=sweep.study_name)
    write_result(result, folder / RESULT)
    files = {"result": RESULT}
    if model is not None:
        from ..result_folder import model_suffix, save_model  # loads torch, which not every study needs

        files["network"] = NETWORK + model_suffix(model)
        save_model(model, folder / files["network"], overwrite=True)
    return clock, files


def _is_full(error, folder):
    """Whether an error, or what caused it, is that the disk is full."""
    seen = error
    while seen is not None:
        if getattr(seen, "errno", None) in _FULL_ERRORS:
            return True
        seen = seen.__cause__ or seen.__context__
    return isinstance(error, OSError | RuntimeError) and shutil.disk_usage(Path(folder)).free < _FULL
