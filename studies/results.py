"""Result files: where they go, and how they are written so that nothing half-written is left."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import xarray as xr

from ..models.atomic import written_beside
from .result_error import ResultError


def prepare_folder(directory, names, *, overwrite, checkpoint=None, resume=False):
    """Make the output folder and check that the files can be written, before anything long begins.

    Parameters
    ----------
    directory : path
    names : sequence of str
        Files that will be written there.
    overwrite : bool
        Whether files that are there may be replaced.
    checkpoint : str, optional
        File of the training's state, which a training that does not resume will replace.
    resume : bool
        Whether the training continues from the checkpoint.

    Returns
    -------
    Path

    Raises
    ------
    ResultError
        A file is in the way, or the folder cannot be made or written.
    """
    directory = Path(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise ResultError(
            f"{directory}: cannot be written ({error.strerror}); give another folder: --out DIR"
        ) from error
    for name in [*names, checkpoint] if checkpoint else names:
        path = directory / name
        if path.is_dir():
            raise ResultError(f"{path}: is a folder, a file is to be written there; give another --out DIR")
        if not path.exists() or overwrite:
            continue
        if name != checkpoint:
            raise ResultError(f"{path}: is there already; give --overwrite or another --out DIR")
        if not resume:
            raise ResultError(
                f"{path}: an earlier training left its state there; give --resume to continue it, or --overwrite "
                "to start again"
            )
    return directory


@contextmanager
def folder_removed_if_empty(directory):
    """Context in which a folder is made: if an error or Ctrl-C ends it, what was made goes again, if it is empty.

    Parameters
    ----------
    directory : path
        The folder; parents that it lacks go with it.
    """
    directory = Path(directory).absolute()
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        yield
    except BaseException:
        for folder in made:
            with suppress(OSError):  # was not made, or is not empty
                folder.rmdir()
        raise


def write_result(ds: xr.Dataset, path: str | os.PathLike[str]) -> None:
    """Write a dataset as netCDF4, beside and renamed: what was there stays until the new file is complete.

    Parameters
    ----------
    ds : xarray.Dataset
    path : path
        In a folder that exists.
    """
    with written_beside(path) as beside:
        ds.to_netcdf(beside, engine="h5netcdf", format="NETCDF4")


def read_result(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a result file into memory.

    Parameters
    ----------
    path : path
        The ``.nc`` file that a study wrote.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ResultError
        Missing, damaged, or not a result of a study.
    """
    path = Path(path)
    if path.is_dir():
        raise ResultError(f"{path}: is a folder; give the .nc file in it")
    if not path.is_file():
        raise ResultError(f"{path}: no such file; expected the .nc file that a study wrote")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as ds:
            ds.load()
    except Exception as error:  # h5py, h5netcdf and xarray name no common class for a damaged file
        raise ResultError(
            f"{path}: not a readable netCDF file ({type(error).__name__}: {str(error)[:200]})"
        ) from error
    if "study" not in ds.attrs:
        raise ResultError(f"{path}: not the result of a study (no attribute 'study')")
    return ds
