"""Energy over seeds: what a decision costs and what the advantage is, with intervals from few trained networks."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.student import student_kernel
from ..variables import require, variable

_MEASURES = (
    "energy_per_step",
    "energy_per_decision",
    "energy_ratio",
    "energy_break_even_factor",
    "energy_break_even_rate",
)


def log_mean_interval_kernel(x, *, level=0.9, axis=-1):
    """Geometric mean of positive numbers with Student's interval on the logarithm.

    exp(mean log x ± t_{(1+level)/2, n−1} sd(log x)/√n): exact where log x is normal, and the same for a ratio and its
    inverse. Seeds are few: of five, percentiles of a bootstrap span z √((n−1)/n) standard errors where t is needed, and
    cover 79 % where they say 90 %.

    Parameters
    ----------
    x : array_like
        > 0; NaN is left out, and counts for nothing.
    level : float
        In (0, 1).
    axis : int

    Returns
    -------
    mean : ndarray
    interval : ndarray (2, …)
        Low and high; NaN for fewer than two values. Of equal values both are that value.
    count : ndarray of int
        Values that are not NaN.

    Raises
    ------
    InvalidInput
        A value is not above zero, or the level not in (0, 1).
    """
    x = np.asarray(x, dtype=float)
    if not 0 < level < 1:
        raise InvalidInput(f"log_mean_interval_kernel: level must be in (0, 1), got {level!r}")
    if (x <= 0).any() or np.isinf(x).any():
        raise InvalidInput(
            "log_mean_interval_kernel: expected finite numbers above zero, whose logarithm there is"
        )
    mean, interval, _, count = student_kernel(np.log(x), level=level, axis=axis)
    return np.exp(mean), np.exp(interval), count


def energy_over_seeds(ds: xr.Dataset, *, level: float = 0.9, dim: str = "seed") -> xr.Dataset:
    """Mean over seeds of energies and of the advantage over the LSTM, with intervals.

    The seed is the unit: one number per trained network goes in, however many trials it ran.

    Parameters
    ----------
    ds : Dataset
        What `energy` returned for each seed, put together: ``xr.concat([energy(…), …], dim="seed")``.
    level : float
        In (0, 1).
    dim : str
        Dimension of the seeds.

    Returns
    -------
    Dataset
        For each of ``energy_per_step`` (pJ), ``energy_per_decision`` (nJ), ``energy_ratio``,
        ``energy_break_even_factor`` and ``energy_break_even_rate`` that there is: ``…_mean (energy_cost,
        energy_network)``, the geometric mean over seeds, and ``…_interval`` with ``bound`` ("low", "high"): NaN for
        one seed, and where a value is zero or NaN in a seed, as where no rate breaks even. ``energy_seeds``: how many;
        a seed of which every value is NaN, a job that failed, is left out. Level and method in the attributes.

    Raises
    ------
    MissingVariable
        There is no dimension `dim`, or none of these variables on it.
    InvalidInput
        `level` is not in (0, 1), or an energy is negative.
    """
    where = "energy_over_seeds"
    require(ds, where=where)
    found = [name for name in _MEASURES if name in ds.variables and dim in ds[name].dims]
    if dim not in ds.dims or not found:
        raise MissingVariable(
            f"{where}: expected at least one of {', '.join(_MEASURES)} with the dimension {dim!r}, got dimensions "
            f"{', '.join(map(str, ds.sizes)) or 'none'}; put seeds together with xr.concat(…, dim={dim!r})"
        )
    ds = ds.dropna(dim, how="all", subset=found)
    result = xr.Dataset(
        {
            "energy_seeds": variable(ds.sizes[dim], units="1", long_name="networks, one a seed"),
        },
        coords={"bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval")},
        attrs={"energy_interval_level": level, "energy_interval_method": "Student's t on the logarithm"},
    )
    for name in found:
        array = ds[name].transpose(..., dim)
        values = np.asarray(array.values, dtype=float)
        if (values < 0).any():
            raise InvalidInput(f"{where}: {name} must not be negative, got {values.min()}")
        mean, interval, count = log_mean_interval_kernel(np.where(values > 0, values, np.nan), level=level)
        everywhere = count == ds.sizes[dim]
        mean, interval = np.where(everywhere, mean, np.nan), np.where(everywhere, interval, np.nan)
        attrs = {"units": array.attrs.get("units", "1"), "level": level, "seeds": ds.sizes[dim]}
        label = array.attrs.get("long_name", name)
        dims = array.dims[:-1]
        result[f"{name}_mean"] = (dims, mean, attrs | {"long_name": f"{label}, geometric mean over seeds"})
        result[f"{name}_interval"] = (
            ("bound", *dims),
            interval,
            attrs | {"long_name": f"{label}, {100 * level:g} % interval over seeds"},
        )
    kept = [
        name for name, c in ds.coords.items() if dim not in c.dims and set(c.dims) <= set(ds[found[0]].dims)
    ]
    return result.assign_coords({name: ds.coords[name] for name in kept})
