"""A result again, from what its file says of itself."""

from __future__ import annotations

import re
import tempfile
from contextlib import nullcontext
from pathlib import Path

from ..._version import __version__
from ..catalogue import STUDIES, study, unknown
from ..results import ResultError, read_result
from .comparing import compare_results
from .records import DONE, ERROR, RESULT, job_folder, read_state
from .runner import finish, sweep_run
from .sweep import Sweep
from .values import configuration, from_json

# Results that have the name of their command, which runs another study for that model → the study.
_OF_COMMAND = {("train", "current_alif"): "train_current_alif"}


def rerun(path, *, out=None, values=None, report=print):
    """Run again what a result file is of, and compare.

    The study and its configuration are those of the file's attributes ``study`` and ``configuration``; the run is one
    job of one thread in a fresh process.

    Parameters
    ----------
    path : path
        A result's ``.nc`` file.
    out : path, optional
        Keep the new result in this folder, as of a sweep of one job, with its figures; default: nothing is kept.
    values : mapping of str to object, optional
        Fields of the configuration to replace: folders that are elsewhere now.
    report : callable
        Takes a line of text.

    Returns
    -------
    Comparison

    Raises
    ------
    ResultError
        No result, one of several jobs, of a newer version, of no study that can be repeated; or the run failed.
    """
    was = read_result(path)
    name = _study_name(path, was)
    config = from_json(study(name).config, was.attrs["configuration"], where=str(path))
    _check_model(path, was, config)
    fields = {field: getattr(config, field) for field in type(config).__dataclass_fields__}
    sweep = _sweep_of_one(name, fields | dict(values or {}))
    with (
        tempfile.TemporaryDirectory(prefix="chronaxie_rerun_") if out is None else nullcontext(out) as folder
    ):
        (job,) = sweep.jobs
        with sweep_run(sweep, folder, workers=1, retry=True, report=report):
            found = read_state(folder, job)
            if found.state != DONE:
                said = (job_folder(folder, job) / ERROR).read_text(encoding="utf-8").strip()
                raise ResultError(f"{path}: the run {found.state}: {said}")
            if out is not None:
                finish(Path(out), sweep, report=report)
            now = read_result(job_folder(folder, job) / RESULT)
    was.attrs["study"] = sweep.study.name  # where it has the name of a command that runs two studies
    if values:  # the configuration differs because it was asked to
        for ds in (was, now):
            ds.attrs.pop("configuration")
    return compare_results(was, now, clock=sweep.study.clock)


def _sweep_of_one(name, fields):
    config = configuration(study(name).config, fields, where="rerun")
    return Sweep(name, {field: getattr(config, field) for field in fields})


def _study_name(path, was):
    """What `catalogue.study` takes, after checks of the file's attributes."""
    version = str(was.attrs.get("chronaxie_version", "0"))
    if _numbers(version) > _numbers(__version__):
        raise ResultError(
            f"{path}: a result of chronaxie {version}, this is {__version__}; update chronaxie to repeat it"
        )
    if "axes" in was.attrs and "jobs" in was.attrs:
        raise ResultError(
            f"{path}: gathered from {was.attrs['jobs']} jobs; give the result of one, "
            f"{Path(path).parent}/jobs/…/{RESULT}"
        )
    if "configuration" not in was.attrs:
        raise ResultError(f"{path}: has no attribute 'configuration', which says what to run again")
    name = str(was.attrs.get("study_file", was.attrs["study"]))
    name = _OF_COMMAND.get((name, was.attrs.get("model")), name)
    if name.endswith(".py") and not Path(name).is_file():
        raise ResultError(f"{path}: of the study in {name}, which is not there; put the file back")
    if not name.endswith(".py") and name not in STUDIES:
        raise ResultError(f"{path}: {unknown(name)}")
    return name


def _check_model(path, was, config):
    """That the configuration is of the model that the result is of, before anything long begins."""
    model, read = was.attrs.get("model"), getattr(config, "model", None)
    if model is not None and read is not None and model != read:
        raise ResultError(
            f"{path}: its attribute 'model' is {model!r}, but its configuration read as {type(config).__name__} is one "
            f"of {read!r}; it cannot be repeated: train again from the command that made it"
        )


def _numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])
