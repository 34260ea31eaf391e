"""Mean of few trained networks, one number a seed, with Student's interval; NaN stands for a job that is not done."""

import numpy as np
from scipy.stats import t as student

from ..errors import InvalidInput
from ..variables import variable


def mean_interval_kernel(x, *, level=0.95, axis=-1):
    """Mean and Student's interval, mean ± t_{(1+level)/2, n−1} sd/√n, over what is not NaN.

    Parameters
    ----------
    x : array_like
        NaN is left out.
    level : float
        In (0, 1).
    axis : int

    Returns
    -------
    mean : ndarray
        NaN where nothing is left.
    interval : ndarray (2, …)
        Low and high; NaN for fewer than two values.

    Raises
    ------
    InvalidInput
        The level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise InvalidInput(f"mean_interval_kernel: level must be in (0, 1), got {level!r}")
    x = np.asarray(x, dtype=float)
    known = ~np.isnan(x)
    n = known.sum(axis)
    mean = np.where(known, x, 0).sum(axis) / np.where(n > 0, n, np.nan)
    square = np.where(known, (x - np.expand_dims(mean, axis)) ** 2, 0).sum(axis)
    freedom = np.where(n > 1, n - 1, np.nan)
    half = student.ppf((1 + level) / 2, freedom) * np.sqrt(square / freedom / np.where(n > 0, n, np.nan))
    return mean, np.stack([mean - half, mean + half])


def mean_over_seeds(array, name, *, units, long_name, level=0.95, dim="seed"):
    """Mean over seeds with its interval, as variables of a dataset.

    Parameters
    ----------
    array : DataArray
        With the dimension `dim`.
    name : str
        Of the mean.
    units, long_name : str
    level : float
    dim : str

    Returns
    -------
    dict of str to Variable
        ``name`` and ``name_interval``, which has the further dimension ``bound``.
    """
    mean, interval = mean_interval_kernel(array.transpose(..., dim).values, level=level)
    dims = tuple(d for d in array.dims if d != dim)
    counted = {"count": f"{array.sizes[dim]} seeds", "level": level}
    return {
        name: variable(mean, dims, units=units, long_name=long_name, **counted),
        f"{name}_interval": variable(
            np.moveaxis(interval, 0, -1),
            (*dims, "bound"),
            units=units,
            long_name=f"interval of {long_name}",
            **counted,
        ),
    }


def interval_in_words(mean, interval, *, digits=3, unit=""):
    """``"0.862 (0.861 to 0.863)"``, without brackets where there is no interval.

    Parameters
    ----------
    mean : float
    interval : sequence of two floats
    digits : int
        Significant digits.
    unit : str
        Written behind the mean.
    """
    unit = f" {unit}" if unit else ""
    if np.isnan(mean):
        return "not known"
    if np.isnan(interval).any():
        return f"{mean:.{digits}g}{unit} (one seed, no interval)"
    low, high = interval
    return f"{mean:.{digits}g}{unit} ({low:.{digits}g} to {high:.{digits}g})"
