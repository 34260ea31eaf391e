"""Tables from datasets: along one or more dimensions, each number with the interval that lies beside it."""

from __future__ import annotations

from itertools import product

import numpy as np

from ...analyses.statistics.student import student_kernel
from .parts import Number, Table

LEVEL = 0.95
HEADLINE = ("Quantity", "Value", "Interval", "Unit", "n")


def headline(rows, *, note="", title="In numbers"):
    """The table of the main numbers.

    Parameters
    ----------
    rows : sequence of (str, Number, str, str)
        What it is, the number, its unit ("1": none), and of how many of what it is.
    note : str
        What the intervals are.

    Returns
    -------
    Table
    """
    shown = tuple(
        (capital(text), value.alone, value.interval, "" if unit == "1" else unit, str(count))
        for text, value, unit, count in rows
    )
    return Table(title, HEADLINE, shown, note)


def table_over(ds, along, names, *, title, note="", mean=None, words=None, folded=False):
    """One row for each place along some dimensions, one column for each variable that there is.

    Parameters
    ----------
    ds : xarray.Dataset
    along : sequence of str
        Dimensions of the rows; their coordinates are the first columns, unless the dataset has none of them.
    names : sequence of str
        Variables or coordinates along those dimensions, or some of them. What the dataset lacks is left out. Where
        there is ``NAME_interval`` with one dimension of two bounds more, it is shown behind the number.
    mean : str, optional
        Dimension over which the mean is taken, with Student's interval where it has two or more places.
    words : dict of str to dict, optional
        By variable: words for its values.
    folded : bool

    Returns
    -------
    Table or None
        None where there is no variable, or no row.
    """
    names = [name for name in names if name in ds.variables]
    heads = [dim for dim in along if dim in ds.coords]
    places = list(product(*(range(ds.sizes[dim]) for dim in along if dim in ds.dims)))
    if not names or not places:
        return None
    rows = []
    for place in places:
        row = ds.isel(dict(zip((dim for dim in along if dim in ds.dims), place, strict=True)))
        cells = [_cell(row, name, mean, (words or {}).get(name)) for name in (*heads, *names)]
        rows.append(tuple(cells))
    return Table(title, tuple(heading(ds[name]) for name in (*heads, *names)), tuple(rows), note, folded)


def heading(array):
    """Name of a column: the variable's long name with its unit."""
    text = capital(str(array.attrs.get("long_name") or array.name).replace("_", " "))
    unit = array.attrs.get("units", "1")
    return text if unit in ("1", "") else f"{text} ({unit})"


def number_of(ds, name):
    """A variable without dimensions as a `Number`, with the interval that lies beside it."""
    bounds = ds[f"{name}_interval"].values if f"{name}_interval" in ds.variables else ()
    return (
        Number(float(ds[name]), *map(float, bounds)) if np.shape(bounds) == (2,) else Number(float(ds[name]))
    )


def mean_of(values, *, level=LEVEL):
    """Mean with Student's interval.

    Parameters
    ----------
    values : array_like
        Independent of each other, one for each seed; NaN is left out.
    level : float in (0, 1)

    Returns
    -------
    Number
        Without an interval for fewer than two values; NaN for none.
    """
    mean, interval, _, _ = student_kernel(np.ravel(values), level=level)
    return Number(float(mean), *map(float, interval))


def capital(text):
    """The same with a capital at the beginning."""
    return text[:1].upper() + text[1:]


def _cell(row, name, mean, words):
    values = row[name]
    if values.dtype.kind in "OUSb" and not (mean in values.dims and values.dtype.kind == "b"):
        return str(values.values) if not values.dims else ", ".join(map(str, values.values))
    if mean in values.dims:
        return mean_of(values)
    if values.dims:
        return ", ".join(Number(float(value)).alone for value in values.values.ravel())
    if words is not None:
        return words[int(values)]
    return number_of(row, name)
