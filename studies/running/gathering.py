"""The results of a sweep's jobs as one dataset, with a dimension for each axis."""

from __future__ import annotations

import itertools
import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import xarray as xr

from ..provenance import MADE_WITH
from ..results import ResultError, write_result
from .axes import coordinates
from .one_job import identity
from .reading import DamagedFile, read_results
from .records import DONE, FAILED, INTERRUPTED, RESULT, job_folder, read_state
from .stacking import same_attrs, stacked

# Results of more bytes together are gathered lazily and written as Zarr: job by job, never whole in memory.
IN_MEMORY = 1 << 30
# Attributes that say what one job is; those of the sweep take their place.
_OF_JOB = ("configuration", "seed", "best_epoch", "training")
# Where results come from: a variable on the axes, of text, where that is not the same for all of them.
_ORIGIN = ("data_source", "data_hash", *MADE_WITH)


def gather(directory, sweep, *, lazy=None):
    """The results of all jobs that are done as one dataset.

    Every variable gets the sweep's axes as first dimensions; jobs that are not done are NaN (numbers become floats,
    truth values and whole numbers too) or empty text. Dimensions with a coordinate are matched by it, others by
    position, and filled up where results differ in length. Coordinates that are the same in all results stay as they
    are.

    Parameters
    ----------
    directory : path
    sweep : Sweep
    lazy : bool, optional
        As dask arrays, a chunk for each job, in place of arrays in memory; default: where all results together are
        more than 1 GiB.

    Returns
    -------
    xarray.Dataset
        Attributes: what the results agree on, ``configuration`` (what the jobs share), ``seeds`` where there are some,
        ``axes``, ``jobs``, and the ids of jobs in ``missing_jobs`` and ``failed_jobs``, all JSON. ``data_source``,
        ``data_hash``, and the versions, commit and machine that the jobs were made with, are variables on the axes
        where they differ.

    Raises
    ------
    ResultError
        No job is done, a result is damaged, or results cannot be put together.
    """
    states = {job.id: read_state(directory, job).state for job in sweep.jobs}
    done = [job for job in sweep.jobs if states[job.id] == DONE]
    if not done:
        raise ResultError(f"{directory}: none of the {len(states)} jobs is done; there is nothing to gather")
    files = {job.id: job_folder(directory, job) / RESULT for job in done}
    if lazy is None:
        lazy = sum(file.stat().st_size for file in files.values()) > IN_MEMORY
    opened = map(_opened, files.values()) if lazy else _read(list(files.values()))
    results = dict(zip(files, opened, strict=True))
    common = same_attrs(results.values())
    results = {name: _with_origin(ds, common) for name, ds in results.items()}
    try:
        gathered = stacked(
            [results.get(job.id) for job in sweep.jobs],
            {axis.field: len(axis.values) for axis in sweep.axes},
            lazy=lazy,
        )
    except ValueError as error:
        raise ResultError(f"{directory}: the results of the jobs cannot be put together: {error}") from error
    gathered = gathered.assign_coords({axis.field: _coordinate(axis) for axis in sweep.axes})
    common = {name: value for name, value in common.items() if name not in _OF_JOB}
    gathered.attrs = common | identity(sweep.study, sweep.study_name)
    missing = [name for name, state in states.items() if state != DONE]
    failed = [name for name, state in states.items() if state in (FAILED, INTERRUPTED)]
    content = sweep.to_json()
    seeds = dict.fromkeys(job.config.seed for job in sweep.jobs if hasattr(job.config, "seed"))
    gathered.attrs |= {"seeds": json.dumps(list(seeds))} if seeds else {}
    gathered.attrs |= {
        "configuration": json.dumps(content["configuration"]),
        "axes": json.dumps(content["axes"]),
        "jobs": len(states),
        "missing_jobs": json.dumps(missing),
        "failed_jobs": json.dumps(failed),
    }
    return gathered


def _with_origin(ds, common):
    """A result with what its data are as variables, where not all results agree on it."""
    differing = [name for name in _ORIGIN if name in ds.attrs and name not in common]
    return ds.assign({name: ((), str(ds.attrs[name])) for name in differing if name not in ds.variables})


def made_differently(gathered):
    """What of versions, commit and machine is not the same for all jobs, as a list of names."""
    return [name for name in MADE_WITH if name in gathered.data_vars]


def _coordinate(axis):
    attrs = {name: value for name, value in (("units", axis.unit), ("long_name", axis.text)) if value}
    return axis.field, np.array(coordinates(axis)), attrs


def _opened(file):
    try:
        return xr.open_dataset(file, engine="h5netcdf", cache=False)
    except Exception as error:  # h5py, h5netcdf and xarray name no common class for a damaged file
        raise _damaged(file, f"{type(error).__name__}: {error}") from error


def _read(files):
    try:
        return read_results(files)
    except DamagedFile as error:
        raise _damaged(error.file, str(error)) from error


def _damaged(file, why):
    return ResultError(
        f"{file}: damaged ({why[:200]}); remove it, and its job runs again with: "
        f"chronaxie resume {shlex.quote(str(file.parents[2]))}"
    )


def write_gathered(gathered, directory, stem, *, axes, zarr=False):
    """Write a gathered dataset: netCDF, or Zarr where it is lazy or that is asked for.

    Parameters
    ----------
    gathered : xarray.Dataset
    directory : path
    stem : str
        Name of the file without ``.nc`` or ``.zarr``; what was written under it before is replaced.
    axes : sequence of str
        The dimensions of the sweep.
    zarr : bool

    Returns
    -------
    Path
    """
    directory = Path(directory)
    file, folder = directory / f"{stem}.nc", directory / f"{stem}.zarr"
    if not zarr and not gathered.chunks:
        write_result(gathered, file)
        if folder.exists():
            shutil.rmtree(folder)
        return file
    beside = directory / f".{stem}.zarr.part"
    if beside.exists():  # of a process that was killed; the sweep's lock is ours
        shutil.rmtree(beside)
    # Zarr wants to know how long text is; there is little of it.
    text = {
        name: var.astype(str).compute() for name, var in gathered.variables.items() if var.dtype == object
    }
    _write_zarr(gathered.assign(text).drop_encoding(), beside, axes)
    if folder.exists():
        shutil.rmtree(folder)
    beside.rename(folder)
    file.unlink(missing_ok=True)
    return folder


def _write_zarr(gathered, folder, axes):
    """Write what is in memory, then what is lazy job by job: each result is opened once."""
    gathered.to_zarr(folder, mode="w", zarr_format=2, consolidated=True, compute=not axes)
    lazy = [name for name, var in gathered.variables.items() if var.chunks]
    if not axes or not lazy:
        return
    of_jobs = gathered[lazy].drop_vars([name for name in gathered.coords if name not in lazy])
    for position in itertools.product(*(range(gathered.sizes[axis]) for axis in axes)):
        region = {axis: slice(k, k + 1) for axis, k in zip(axes, position, strict=True)}
        of_jobs.isel(region).to_zarr(folder, region=region)


def open_gathered(directory, sweep):
    """The gathered dataset that was written, lazily; None where none was.

    Parameters
    ----------
    directory : path
    sweep : Sweep
    """
    stem = Path(directory) / sweep.study.name
    if stem.with_name(f"{stem.name}.zarr").is_dir():
        return xr.open_zarr(stem.with_name(f"{stem.name}.zarr"))
    if stem.with_name(f"{stem.name}.nc").is_file():
        return xr.open_dataset(stem.with_name(f"{stem.name}.nc"), engine="h5netcdf", chunks={})
    return None
