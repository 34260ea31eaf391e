"""What tasks have computed once: datasets in the user's cache, under a hash of everything that decides them."""

from __future__ import annotations

import hashlib
import json

import xarray as xr

from ..models.atomic import written_beside
from .data import cache_folder

_KEY = "cache_key"


def task_cache():
    """The folder of the computed datasets."""
    return cache_folder() / "tasks"


def cached(name, key, compute, *, report=None):
    """A dataset, computed now or taken from the cache.

    Parameters
    ----------
    name : str
        Begins the file's name.
    key : dict
        JSON values that decide the result: version of the code that computes, options, fingerprints of files.
    compute : callable
        Without arguments, to an `xr.Dataset` that netCDF can hold.
    report : callable, optional
        Takes a line of text: what is computed anew, and why.

    Returns
    -------
    xarray.Dataset
        In memory. Equal whether it was computed or read.

    Notes
    -----
    The file is written beside its place and renamed, so that several processes may do so at once. An entry that
    cannot be read, or is not of this key, is computed again; a cache that cannot be written costs the time of
    computing and is reported.
    """
    report = report or (lambda line: None)
    text = json.dumps(key, sort_keys=True)
    path = task_cache() / f"{name}_{hashlib.sha256(text.encode()).hexdigest()[:20]}.nc"
    if path.exists():
        try:
            with xr.open_dataset(path, engine="h5netcdf") as ds:
                ds.load()
            if ds.attrs.pop(_KEY, None) == text:
                return ds
            report(f"{path}: of another key, computed again")
        except Exception as error:  # h5py, h5netcdf and xarray name no common class for a damaged file
            report(f"{path}: damaged ({type(error).__name__}), computed again")
    ds = compute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(path) as beside:
            ds.assign_attrs({_KEY: text}).to_netcdf(beside, engine="h5netcdf", format="NETCDF4")
    except OSError as error:
        report(f"{path}: cannot be written ({error.strerror or error}), so it is computed each time")
        return ds
    with xr.open_dataset(path, engine="h5netcdf") as stored:
        stored.load()
    stored.attrs.pop(_KEY)
    return stored
