"""The results of a sweep's jobs as one dataset, with a dimension for each axis."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import xarray as xr

from ..provenance import provenance
from ..results import ResultError, write_result
from .axes import coordinates
from .folder import job_folder
from .one_job import identity
from .stacking import same_attrs, stacked
from .states import DONE, FAILED, INTERRUPTED, RESULT, read_state

# A gathered dataset of more bytes is written as Zarr: job by job, never whole in memory.
NETCDF_BYTES = 1 << 30
# Attributes that say what one job is; those of the sweep take their place.
_OF_JOB = ("configuration", "seed", "best_epoch", "training")


def gather(directory, sweep):
    """The results of all jobs that are done as one lazy dataset.

    Every variable gets the sweep's axes as first dimensions; jobs that are not done are NaN (numbers become floats,
    truth values and whole numbers too) or empty text. Dimensions with a coordinate are matched by it, others by
    position, and filled up where results differ in length. Coordinates that are the same in all results stay as they
    are.

    Parameters
    ----------
    directory : path
    sweep : Sweep

    Returns
    -------
    xarray.Dataset
        Of dask arrays, a chunk for each job. Attributes: what the results agree on, ``configuration`` (what the jobs
        share), ``axes``, ``jobs``, and the ids of jobs in ``missing_jobs`` and ``failed_jobs``, all JSON.

    Raises
    ------
    ResultError
        No job is done, or results cannot be put together.
    """
    states = {job.id: read_state(directory, job).state for job in sweep.jobs}
    done = [job for job in sweep.jobs if states[job.id] == DONE]
    if not done:
        raise ResultError(f"{directory}: none of the {len(states)} jobs is done; there is nothing to gather")
    results = {
        job.id: xr.open_dataset(job_folder(directory, job) / RESULT, engine="h5netcdf", chunks={})
        for job in done
    }
    try:
        gathered = stacked(
            [results.get(job.id) for job in sweep.jobs],
            {axis.field: len(axis.values) for axis in sweep.axes},
        )
    except ValueError as error:
        raise ResultError(f"{directory}: the results of the jobs cannot be put together: {error}") from error
    gathered = gathered.assign_coords({axis.field: _coordinate(axis) for axis in sweep.axes})
    common = {name: value for name, value in same_attrs(results.values()).items() if name not in _OF_JOB}
    gathered.attrs = provenance() | common | identity(sweep.study, sweep.study_name)
    missing = [name for name, state in states.items() if state != DONE]
    failed = [name for name, state in states.items() if state in (FAILED, INTERRUPTED)]
    content = sweep.to_json()
    gathered.attrs |= {
        "configuration": json.dumps(content["configuration"]),
        "axes": json.dumps(content["axes"]),
        "jobs": len(states),
        "missing_jobs": json.dumps(missing),
        "failed_jobs": json.dumps(failed),
    }
    return gathered


def _coordinate(axis):
    attrs = {name: value for name, value in (("units", axis.unit), ("long_name", axis.text)) if value}
    return axis.field, np.array(coordinates(axis)), attrs


def write_gathered(gathered, directory, stem, *, zarr=False):
    """Write a gathered dataset: netCDF, or Zarr where it is large or that is asked for.

    Parameters
    ----------
    gathered : xarray.Dataset
    directory : path
    stem : str
        Name of the file without ``.nc`` or ``.zarr``; what was written under it before is replaced.
    zarr : bool

    Returns
    -------
    Path
    """
    directory = Path(directory)
    file, folder = directory / f"{stem}.nc", directory / f"{stem}.zarr"
    if not zarr and gathered.nbytes <= NETCDF_BYTES:
        write_result(gathered.load(), file)
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
    gathered.assign(text).drop_encoding().to_zarr(beside, mode="w", zarr_format=2, consolidated=True)
    if folder.exists():
        shutil.rmtree(folder)
    beside.rename(folder)
    file.unlink(missing_ok=True)
    return folder


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
