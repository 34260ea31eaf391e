"""`to_pandas`: datasets of simulations, networks and studies as data frames."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from .simulated import spikes_of


def to_pandas(ds: xr.Dataset) -> dict[str, pd.DataFrame]:
    """Say a dataset in data frames, one for each kind of row.

    Parameters
    ----------
    ds : Dataset
        Of a simulation, of `network_values`, a history of `fit`, the result of a study or of a sweep.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``"spikes"``: group, trial, neuron, time (s), a row for each spike, where there are any. For each set of
        dimensions that variables have, named by them (``"neuron"``, ``"epoch"``, ``"trial_time_output_neuron"``): a
        row for each combination, columns the coordinates and variables. ``"values"``: what has no dimension, one
        row. ``frame.attrs["units"]`` holds the unit of each column that has one.

    Raises
    ------
    TypeError
        `ds` is no Dataset.
    """
    if not isinstance(ds, xr.Dataset):
        raise TypeError(
            f"to_pandas: expected a Dataset, got {type(ds).__name__}; of a DataArray: to_dataframe()"
        )
    tables = {}
    groups = spikes_of(ds)
    if groups:
        frames = [
            pd.DataFrame({"group": s.group, "trial": s.trial, "neuron": s.neuron, "time": s.time})
            for s in groups
        ]
        tables["spikes"] = pd.concat(frames, ignore_index=True)
        tables["spikes"]["group"] = tables["spikes"]["group"].astype("category")
        tables["spikes"].attrs["units"] = {"time": "s"}
    events = {f"{s.group}_spike" for s in groups}
    by_dims = {}
    for name, array in ds.data_vars.items():
        if not events & set(map(str, array.dims)):
            by_dims.setdefault(array.dims, []).append(name)
    for dims, names in by_dims.items():
        part = ds[names]
        coords = [c for c in part.coords if set(part[c].dims) <= set(dims)]
        part = part.reset_coords([c for c in coords if c not in part.dims])
        if dims:
            frame = part.to_dataframe(dim_order=list(dims)).reset_index()
        else:
            frame = pd.DataFrame({name: [part[name].item()] for name in part.data_vars})
        units = {
            str(c): str(ds[c].attrs["units"])
            for c in frame.columns
            if c in ds.variables and "units" in ds[c].attrs
        }
        frame.attrs["units"] = units
        tables["_".join(map(str, dims)) or "values"] = frame
    return tables
