"""A sweep from its beginning, or from where it was interrupted, to its answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ... import analyses
from ..._cores import core_count
from ..results import ResultError
from .folder import only_runner, open_sweep, prepare_sweep, started_in
from .gathering import gather, made_differently, open_gathered, write_gathered
from .local import run_local
from .progress import Progress
from .records import DONE, FAILED, INTERRUPTED, WAITING, read_state
from .states import tidy, write_state

if TYPE_CHECKING:
    from .sweep import Sweep


_WAIT = 0.5  # seconds


@dataclass(frozen=True)
class Outcome:
    """What a sweep has come to.

    Parameters
    ----------
    files : list of Path
        The gathered dataset, with the answer, and its figures; empty where no job is done.
    failed : dict of str to str
        Error by the id of each job that failed or was interrupted.
    answer : str
        The study's answer in a sentence; empty where it has none.
    problem : str
        Why there is no answer although the study gives one, and which figures could not be drawn; else empty.
    """

    files: list
    failed: dict
    answer: str
    problem: str


def run_sweep(
    sweep: Sweep,
    directory: str | os.PathLike[str],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: float | None = None,
    retry: bool = False,
    zarr: bool = False,
    report: Callable[[str], object] = print,
) -> Outcome:
    """Run a sweep into a folder, or go on with the one that is there.

    Jobs that are done are left alone; those that were interrupted go on from their checkpoint, where they leave one.
    Jobs that fail do not stop the others. In the end the results are gathered, the study's `answer` is asked, and its
    figures are drawn.

    Parameters
    ----------
    sweep : Sweep
        As of `make_sweep`, or of `open_sweep`.
    directory : path
        Made if it is not there.
    workers : int, optional
        Processes on this machine; default: as many as cores that this process may use.
    scheduler : str, optional
        Address of a dask.distributed scheduler, in place of processes on this machine.
    memory : float, optional
        Limit on the data of each process, GiB.
    retry : bool
        Run jobs again that failed.
    zarr : bool
        Gather into Zarr, however small the results are.
    report : callable
        Takes a line of text.

    Returns
    -------
    Outcome

    Raises
    ------
    ResultError
        The folder holds another sweep, another process runs it, no scheduler answers.
    DiskFull
        What was done stays; the sweep can go on when there is room.
    """
    with sweep_run(
        sweep, directory, workers=workers, scheduler=scheduler, memory=memory, retry=retry, report=report
    ):
        return finish(directory, sweep, zarr=zarr, report=report)


@contextmanager
def sweep_run(sweep, directory, *, workers=None, scheduler=None, memory=None, retry=False, report=print):
    """Context in which the jobs of a sweep have been run, and nobody else runs them; arguments as of `run_sweep`."""
    directory = Path(directory)
    if workers is not None and scheduler is not None:
        raise ResultError(
            "--workers are processes of this machine, --scheduler has its own; leave one of them out"
        )
    workers = workers or core_count()
    with only_runner(directory, workers=workers, scheduler=scheduler):
        prepare_sweep(directory, sweep, report=report)
        _run_jobs(directory, sweep, workers, scheduler, memory, retry, report)
        yield


def resume_sweep(directory, **options):
    """Go on with the sweep of a folder; `options` and what it returns as for `run_sweep`."""
    return run_sweep(open_sweep(directory), directory, **options)


def _run_jobs(directory, sweep, workers, scheduler, memory, retry, report):
    """Run what is to be run, until nothing waits and nobody else runs a job of it."""
    cwd = started_in(directory)
    if not cwd.is_dir():
        report(f"{cwd}, where the sweep was started, is not there; relative paths refer to {Path.cwd()}")
        cwd = Path.cwd()
    given_up = set()
    if not retry:
        given_up = {job.id for job in sweep.jobs if read_state(directory, job).state == FAILED}
        if given_up:
            report(f"{len(given_up)} of {len(sweep.jobs)} jobs failed before; --retry runs them again")
    done = sum(read_state(directory, job).state == DONE for job in sweep.jobs)
    with Progress(sweep.jobs, done=done, workers=workers) as progress:
        while _reopen(directory, sweep, given_up):
            if scheduler is None:
                run_local(directory, sweep, workers=workers, memory=memory, cwd=cwd, progress=progress)
            else:
                from .cluster import run_on_scheduler

                run_on_scheduler(
                    directory, sweep, address=scheduler, memory=memory, cwd=cwd, progress=progress
                )
            given_up |= progress.fallen
            if not any(read_state(directory, job).state in (WAITING, INTERRUPTED) for job in sweep.jobs):
                time.sleep(_WAIT)  # what is left is run by processes of an earlier runner that is gone


def _reopen(directory, sweep, given_up):
    """Let jobs wait that were interrupted, or failed and are tried again; whether there is anything to run."""
    left = False
    for job in sweep.jobs:
        found = read_state(directory, job)
        if found.state == DONE:
            tidy(directory, job)
        if found.state == DONE or job.id in given_up:
            continue
        left = True
        if found.state in (FAILED, INTERRUPTED):
            write_state(directory, job, WAITING, study=sweep.study, attempts=found.attempts)
    return left


def finish(directory, sweep, *, zarr=False, report=print):
    """Gather the results of a sweep that are there, ask the study for its answer, draw its figures.

    Parameters
    ----------
    directory : path
    sweep : Sweep
    zarr : bool
        Gather into Zarr, however small the results are.
    report : callable
        Takes a line of text.

    Returns
    -------
    Outcome
    """
    directory, study = Path(directory), sweep.study
    states = {job.id: read_state(directory, job) for job in sweep.jobs}
    failed = {name: found.error for name, found in states.items() if found.state in (FAILED, INTERRUPTED)}
    if not any(found.state == DONE for found in states.values()):
        return Outcome([], failed, "", "")
    report(f"gathering {sum(found.state == DONE for found in states.values())} results")
    gathered = gather(directory, sweep)
    differing = made_differently(gathered)
    if differing:
        report(
            f"the jobs were made with different {', '.join(differing)}; each one's are variables of the dataset"
        )
    gathered, problem = _answered(gathered, study) if sweep.axes or study.axes else (gathered, "")
    path = write_gathered(
        gathered, directory, study.name, axes=[axis.field for axis in sweep.axes], zarr=zarr
    )
    files = [path]
    drawn, undrawn = _drawn(directory, sweep)
    files += drawn
    problem = "; ".join(filter(None, (problem, *undrawn)))
    return Outcome(files, failed, str(gathered.attrs.get("answer", "")), problem)


def _drawn(directory, sweep):
    """Files of the study's figures, and of each figure that cannot be drawn the reason."""
    files, problems, study = [], [], sweep.study
    with open_gathered(directory, sweep) as written:
        for spec in study.figures_of(swept=bool(sweep.axes)):
            try:
                files += analyses.figures(written, directory, stem=study.name, specs=(spec,))
            except Exception as error:  # of a study of anybody: the results are there whatever it raises
                problems.append(
                    f"{study.name}: no figure {spec.name!r}: {type(error).__name__}: {error}".splitlines()[0]
                )
    return files, problems


def _answered(gathered, study):
    """The gathered dataset with the study's answer, and why there is none."""
    if study.answer is None:
        return gathered, ""
    try:
        answer = study.answer(gathered).load()
        twice = sorted(set(answer.data_vars) & set(gathered.data_vars))
        if twice:
            raise ValueError(f"the answer and the results both have a variable {twice[0]!r}")
        merged = gathered.merge(answer, compat="no_conflicts", join="exact", combine_attrs="drop_conflicts")
    except Exception as error:  # of a study of anybody: the results are to be kept whatever it raises
        return gathered, f"{study.name}: no answer: {type(error).__name__}: {error}"
    merged.attrs = answer.attrs | gathered.attrs
    return merged, ""
