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
    data, coords = {}, dict(indexes)
    for name in dict.fromkeys(name for ds in present for name in ds.variables):
        if name in coords or name in sizes:
            continue
        having = [ds for ds in present if name in ds.variables]
        if len({ds[name].dims for ds in having}) > 1:
            other = next(ds for ds in having if ds[name].dims != having[0][name].dims)
            raise ValueError(f"{name!r} has dimensions {having[0][name].dims} and {other[name].dims}")
        is_coordinate = all(name in ds.coords for ds in having)
        if is_coordinate and len(having) == len(present) and _same([ds[name].variable for ds in having]):
            coords[name] = having[0][name].variable
            continue
        arrays = [None if ds is None else ds.get(name) for ds in results]
        variable = _stack(arrays, indexes, lengths, sizes, lazy=lazy)
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


def _stack(arrays, indexes, lengths, sizes, *, lazy):
    """The variable of all results, as a Variable; None in `arrays` is missing."""
    having = [array for array in arrays if array is not None]
    dims = having[0].dims
    shape = tuple(lengths[dim] for dim in dims)
    whole = len(having) == len(arrays) and all(
        array.shape == shape and all(_matches(array, dim, indexes) for dim in dims) for array in having
    )
    dtype, fill = _type_and_fill([array.dtype for array in having], whole=whole)
    parts = []
    for array in arrays:
        if array is None:
            nothing = np.full(shape, fill, dtype=dtype)
            parts.append(da.from_array(nothing, chunks=shape) if lazy else nothing)
            continue
        array = array.drop_vars([name for name in array.coords if name not in array.dims])
        wanted = {dim: indexes[dim].values for dim in dims if not _matches(array, dim, indexes)}
        array = array.chunk() if lazy else array
        array = array.astype(dtype) if array.dtype != dtype else array
        array = array.reindex(wanted, fill_value=fill) if wanted else array
        array = array.chunk(dict.fromkeys(dims, -1)) if lazy else array
        part = array.variable.data
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


def _matches(array, dim, indexes):
    return dim not in indexes or array.indexes[dim].equals(pd.Index(indexes[dim].values))


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
