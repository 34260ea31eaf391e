"""A gathered sweep whatever was swept: one dimension for the seeds, one for everything else."""

from __future__ import annotations

import json


def by_variant(ds, *, dim="variant", keep=()):
    """Put all axes of a gathered sweep besides the seed into one dimension.

    Parameters
    ----------
    ds : xarray.Dataset
        Gathered: its attribute ``axes`` (JSON) names the swept quantities.
    dim : str
        Of the result; where it is the only axis besides the seed, nothing changes.
    keep : sequence of str
        Axes that stay what they are; of a sweep that lacks one it gets the single value "as configured".

    Returns
    -------
    xarray.Dataset
        With the dimensions `dim`, whose coordinate says in words where each variant stands, ``seed`` and those of
        `keep`.
    """
    axes = [axis["field"] for axis in json.loads(ds.attrs["axes"])]
    others = [axis for axis in axes if axis not in ("seed", *keep)]
    ds = ds.load()
    if "seed" not in axes:
        ds = _wider(ds, axes, "seed", [0])
    for name in keep:
        if name not in axes:
            ds = _wider(ds, ["seed"], name, ["as configured"])
    if others == [dim]:
        return ds
    if not others:
        return _wider(ds, ["seed"], dim, ["as configured"])
    names = [n for n in ds.variables if set(others) <= set(ds[n].dims) or n in others]
    stacked = ds[names].stack({"_place": others}, create_index=False)
    labels = [
        ", ".join(f"{other} {stacked[other].values[k]}" for other in others)
        for k in range(stacked.sizes["_place"])
    ]
    kept = ds.drop_vars([n for n in ds.variables if n in names or set(others) & set(ds[n].dims)])
    stacked = stacked.drop_vars(others).rename({"_place": dim}).assign_coords({dim: labels})
    return stacked.transpose(dim, ...).merge(kept, combine_attrs="override").assign_attrs(ds.attrs)


def beside_results(answer, ds, *, dim="variant"):
    """An answer about `by_variant` of results, so that it can be merged with them.

    Parameters
    ----------
    answer : xarray.Dataset
        With the dimension `dim` of `by_variant`.
    ds : xarray.Dataset
        Gathered. Where an axis of it is called `dim`, and not the only one besides the seed, the same name would stand
        for two things.
    dim : str

    Returns
    -------
    xarray.Dataset
        With ``…_place`` in the place of `dim`, where that is so.
    """
    shared = dim in answer.dims and dim in ds.dims and not answer[dim].equals(ds[dim])
    return answer.rename({dim: f"{dim}_place"}) if shared else answer


def _wider(ds, having, dim, values):
    """The dataset with a further dimension on every variable that has those of `having`."""
    names = [n for n in ds.data_vars if set(having) <= set(ds[n].dims)]
    return ds.drop_vars(names).merge(ds[names].expand_dims({dim: values})).assign_attrs(ds.attrs)
