"""Datasets of one structure and of different lengths, stacked along new dimensions."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pandas as pd
import xarray as xr


def stacked(results, sizes, *, lazy=False):
    """Datasets as one, with new dimensions in front of every variable's own.

    Dimensions with a coordinate are matched by its values, others by position; what a dataset lacks, and datasets that
    are missing, is NaN, which makes floats of whole numbers and truth values, or empty text. Coordinates that are the
    same in all stay without the new dimensions.

    Parameters
    ----------
    results : sequence of xarray.Dataset or None
        In C order of the new dimensions; None: missing.
    sizes : dict of str to int
        The new dimensions.
    lazy : bool
        Stack dask arrays, a chunk for each dataset.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ValueError
        A variable has different dimensions in two datasets, or a new dimension is one of theirs already.
    """
    present = [ds for ds in results if ds is not None]
    lengths = {}
    for ds in present:
        for name, size in ds.sizes.items():
            lengths[name] = max(size, lengths.get(name, 0))
    taken = sorted(set(lengths) & set(sizes))
    if taken:
        raise ValueError(f"the results have a dimension {taken[0]!r} already, and so has the sweep")
    indexes = {name: index for name in lengths if (index := _index(name, present)) is not None}
    lengths |= {name: len(index) for name, index in indexes.items()}
    # What each dataset has along a dimension other than all of them have together.
    whole = {name: pd.Index(index.values) for name, index in indexes.items()}
    own = [{} if ds is None else _own_indexes(ds, whole) for ds in results]
    tables = [None if ds is None else ds.variables for ds in results]
    coordinates = [set(ds.coords) for ds in present]
    data, coords = {}, dict(indexes)
    for name in dict.fromkeys(name for ds in present for name in ds.variables):
        if name in coords or name in sizes:
            continue
        variables = [None if table is None else table.get(name) for table in tables]
        having = [one for one in variables if one is not None]
        other = next((one for one in having if one.dims != having[0].dims), None)
        if other is not None:
            raise ValueError(f"{name!r} has dimensions {having[0].dims} and {other.dims}")
        is_coordinate = sum(name in names for names in coordinates) == len(having)
        if is_coordinate and len(having) == len(present) and _same(having):
            coords[name] = having[0]
            continue
        variable = _stack(variables, own, indexes, lengths, sizes, lazy=lazy)
        (coords if is_coordinate else data)[name] = variable
    return xr.Dataset(data, coords)


def same_attrs(things):
    """The attributes that all datasets or variables have, with the same value, as a dict."""
    first, *others = [thing.attrs for thing in things]
    return {
        name: value
        for name, value in first.items()
        if all(name in attrs and np.array_equal(attrs[name], value) for attrs in others)
    }


def _index(name, present):
    """The coordinate of a dimension over all datasets, as a Variable; None where one has none, or a value twice."""
    having = [ds for ds in present if name in ds.dims]
    if not all(name in ds.indexes and ds.indexes[name].is_unique for ds in having):
        return None
    union = having[0].indexes[name]
    for ds in having[1:]:
        if not union.equals(ds.indexes[name]):
            union = union.append(ds.indexes[name].difference(union, sort=False))
    if len(union) > having[0].sizes[name] and pd.api.types.is_numeric_dtype(union):
        union = union.sort_values()
    return xr.Variable(name, union.values, same_attrs(ds[name] for ds in having))


def _same(variables):
    first = variables[0]
    return all(
        one.dtype == first.dtype and one.shape == first.shape and bool(xr.Variable.equals(one, first))
        for one in variables[1:]
    )


def _own_indexes(ds, indexes):
    """By dimension: the index of a dataset, where it is not that of all of them together."""
    found = ds.indexes
    return {
        dim: found[dim] for dim, index in indexes.items() if dim in found and not found[dim].equals(index)
    }


def _stack(variables, own, indexes, lengths, sizes, *, lazy):
    """The variable of all results, as a Variable; None in `variables` is missing."""
    having = [variable for variable in variables if variable is not None]
    dims = having[0].dims
    shape = tuple(lengths[dim] for dim in dims)
    whole = len(having) == len(variables) and all(
        variable.shape == shape and not any(dim in other for dim in dims)
        for variable, other in zip(variables, own, strict=True)
    )
    dtype, fill = _type_and_fill({variable.dtype for variable in having}, whole=whole)
    parts = []
    for variable, other in zip(variables, own, strict=True):
        if variable is None:
            nothing = np.full(shape, fill, dtype=dtype)
            parts.append(da.from_array(nothing, chunks=shape) if lazy else nothing)
            continue
        variable = variable.chunk() if lazy else variable
        variable = variable.astype(dtype) if variable.dtype != dtype else variable
        moved = {dim: other[dim] for dim in dims if dim in other}
        if moved:
            array = xr.DataArray(variable, {dim: np.asarray(index) for dim, index in moved.items()})
            variable = array.reindex({dim: indexes[dim].values for dim in moved}, fill_value=fill).variable
        variable = variable.chunk(dict.fromkeys(dims, -1)) if lazy else variable
        part = variable.data
        if part.shape != shape and lazy:
            chunks = tuple((n,) for n in shape)
            part = part.map_blocks(_filled_up, shape, fill, dtype=dtype, chunks=chunks)
        elif part.shape != shape:
            part = _filled_up(part, shape, fill)
        parts.append(part)
    together = (da if lazy else np).stack(parts).reshape((*sizes.values(), *shape))
    return xr.Variable((*sizes, *dims), together, same_attrs(having))


def _filled_up(values, shape, fill):
    found = np.full(shape, fill, dtype=values.dtype)
    found[tuple(map(slice, values.shape))] = values
    return found


def _type_and_fill(dtypes, *, whole):
    """Type of a stacked variable, and what stands where there is nothing."""
    if any(dtype.kind in "OUST" for dtype in dtypes):
        return np.dtype(object), ""
    dtype = np.result_type(*dtypes)
    if dtype.kind in "mM":
        return dtype, np.array("NaT", dtype)[()]
    if dtype.kind in "biu" and not whole:
        dtype = np.dtype(float)
    return dtype, np.nan if dtype.kind in "fc" else 0
