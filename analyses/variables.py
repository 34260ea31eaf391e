"""Making and asking for variables of xarray datasets: units on every one, plain words when one is missing."""

import numpy as np
import xarray as xr

from .errors import InvalidInput, MissingVariable

# medians of time constants that are further apart than by this factor are in different units
_SCALE = 200.0


def variable(values, dims=(), *, units, long_name, **attrs):
    """Return an `xr.Variable` that carries `units` and `long_name` (and further attributes).

    Parameters
    ----------
    values : array_like
        An array of Dask stays one.
    dims : str or tuple of str
    units : str
        SI unit or ``"ms"``, ``"pJ"``; ``"1"`` for a number without dimension.
    long_name : str
        What it is, as an axis label would say it.
    """
    values = values if hasattr(values, "dask") else np.asarray(values)
    return xr.Variable(dims, values, {"units": units, "long_name": long_name, **attrs})


def require(ds, *names, where):
    """Raise unless `ds` is a Dataset that holds every variable, coordinate or dimension in `names`.

    Raises
    ------
    TypeError
        `ds` is not an `xr.Dataset`.
    MissingVariable
        A name is missing; the message lists what there is.
    """
    if not isinstance(ds, xr.Dataset):
        raise TypeError(f"{where}: expected an xarray.Dataset, got {type(ds).__name__}")
    missing = [name for name in names if name not in ds.variables and name not in ds.dims]
    if missing:
        present = ", ".join(sorted(map(str, ds.variables))) or "nothing"
        raise MissingVariable(f"{where}: the dataset lacks {', '.join(missing)}; it holds {present}")


def attribute(ds, name, *, where, remedy):
    """Return `ds.attrs[name]` as a positive float.

    Raises
    ------
    MissingVariable
        There is no such attribute; `remedy` says what to do.
    InvalidInput
        It is not a positive, finite number.
    """
    if name not in ds.attrs:
        raise MissingVariable(f"{where}: the dataset has no attribute {name!r}; {remedy}")
    return positive(ds.attrs[name], name=f"attribute {name!r}", where=where)


def positive(value, *, name, where):
    """Return `value` as a float; raise `InvalidInput` unless it is finite and above zero."""
    number = float(value)
    if not (np.isfinite(number) and number > 0):
        raise InvalidInput(f"{where}: {name} must be a positive, finite number, got {value!r}")
    return number


def milliseconds(array, *, name, where):
    """Return the values of a time-constant array in ms, as float64 with NaN where a neuron has none.

    Raises
    ------
    InvalidInput
        The `units` attribute is not ``"ms"``, or a value is not positive or not finite.
    """
    units = array.attrs.get("units")
    if units != "ms":
        raise InvalidInput(
            f"{where}: {name} must be in ms, but its units attribute is {units!r}; "
            f"convert it and set .attrs['units'] = 'ms'"
        )
    values = np.asarray(array.values, dtype=float)
    bad = ~np.isnan(values) & ~((values > 0) & np.isfinite(values))
    if bad.any():
        raise InvalidInput(
            f"{where}: {name} must be positive and finite (NaN: none), "
            f"got {values[bad][0]} at position {int(np.flatnonzero(bad)[0])}"
        )
    return values


def same_scale(law, values, *, name, where):
    """Raise unless a distribution, which has no units, can be in ms as `values` are.

    Parameters
    ----------
    law : frozen distribution of scipy.stats
    values : ndarray of float
        Time constants in ms, NaN left out.
    name, where : str
        What has the values, and who asks, for messages.

    Raises
    ------
    InvalidInput
        The medians differ by a factor of 200 or more, as those of seconds and milliseconds do.
    """
    middle = float(law.median())
    if values.size and not 1 / _SCALE < np.median(values) / middle < _SCALE:
        raise InvalidInput(
            f"{where}: {name} has the median {np.median(values):.3g} ms, the distribution that it is held against "
            f"{middle:.3g}: are both in ms? Expected is one such as scipy.stats.norm(80, 20) for 80 ± 20 ms"
        )


def quotient(above, below):
    """above/below where below > 0, else NaN, as an array of NumPy or Dask."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)
