"""Median, spread and skewness of learned time constants, each with its bootstrap intervals."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from scipy.stats import skew

from ..statistics.intervals import METHODS, bootstrap_kernel, check_resampling
from ..variables import variable
from .arrays import Table, left_out, read_arrays, unit_of, untrained
from .few import no_interval, where_enough

STATISTICS = (
    ("median", "ms", "median time constant"),
    ("sd", "ms", "standard deviation of the time constants"),
    ("cv", "1", "coefficient of variation of the time constants"),
    ("skewness", "1", "skewness of the time constants"),
)


def description_kernel(values, *, axis=-1):
    """Median, standard deviation, coefficient of variation and skewness along `axis`.

    Parameters
    ----------
    values : ndarray of float > 0, without NaN

    Returns
    -------
    ndarray (4, …)
        Sample standard deviation, sd / mean, and the skewness G₁ with its small-sample factor; NaN for too few values
        (none, one, one, two) and the skewness of values without spread.

    References
    ----------
    Joanes and Gill, The Statistician 47, 183 (1998): G₁.
    """
    x = np.moveaxis(np.asarray(values, dtype=float), axis, -1)
    n = x.shape[-1]
    out = np.full((4,) + x.shape[:-1], np.nan)
    if n > 0:
        out[0] = np.median(x, axis=-1)
    if n > 1:
        out[1] = x.std(axis=-1, ddof=1)
        out[2] = out[1] / x.mean(axis=-1)
    if n > 2:
        # a constant has no skewness, and scipy warns of it
        spread = np.ptp(x, axis=-1) > 1e-12 * np.abs(x).max(axis=-1)
        safe = np.where(spread[..., None], x, np.arange(n))
        out[3] = np.where(spread, skew(safe, axis=-1, bias=False), np.nan)
    return out


def timescale_intervals(
    ds: xr.Dataset,
    *,
    unit: Literal["neuron", "seed"] | None = None,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Describe the time constants of each layer with percentile and BCa intervals.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_a`` (one may lack) in ms on (neuron) or (seed, neuron), NaN where a neuron has none; where
        known ``tau_m_initial``, ``tau_a_initial``; coordinate ``layer (neuron)``.
    unit : {"neuron", "seed"}, optional
        What is resampled: the neurons of one network, or whole networks, which is what a claim about training needs. By
        default the seeds where there are two or more.
    resamples, level, seed : int, float in (0, 1), int
        Of the bootstrap (`bootstrap_kernel`).

    Returns
    -------
    Dataset
        On ``timescale_quantity`` (tau_m, tau_a), ``timescale_layer`` and ``timescale_when`` (before, after):
        ``timescale_median``, ``timescale_sd`` (ms), ``timescale_cv``, ``timescale_skewness``, and each with
        ``…_interval (…, timescale_method, bound)``; the neurons of all seeds are pooled. ``timescale_count`` (all
        seeds), ``timescale_trained``. With seeds also ``timescale_seed_median (…, seed)`` (ms). Arrays that were never
        trained are named in the attribute ``untrained``; those of them that are constant are NaN, and named in
        ``timescale_left_out``. What training made constant has its median, and no skewness. Too few neurons (or seeds,
        where these are resampled) have no interval (`enough`): the attribute ``timescale_no_interval`` names them.

    Raises
    ------
    MissingVariable
        Neither tau_m nor tau_a, or no `layer`.
    InvalidInput
        Units are not ms, a value is not positive, dimensions, `unit`, or `level` are not as described.
    """
    where = "timescale_intervals"
    check_resampling(resamples, level, where=where)
    arrays = read_arrays(ds, where=where)
    unit = unit_of(ds, unit, where=where)
    rng = np.random.default_rng(seed)
    known = any(a.before is not None for a in arrays.values())
    moments = ("before", "after") if known else ("after",)
    estimates, intervals = {}, {}
    for key, array in arrays.items():
        estimates[key] = np.full((4, len(moments)), np.nan)
        intervals[key] = np.full((4, len(moments), len(METHODS), 2), np.nan)
        for k, when in enumerate(moments):
            values = getattr(array, when)
            if values is None or not values.size or _only_a_choice(array):
                continue
            estimates[key][:, k] = description_kernel(values)
            for m, method in enumerate(METHODS):
                intervals[key][:, k, m] = bootstrap_kernel(
                    values,
                    description_kernel,
                    rng=rng,
                    resamples=resamples,
                    level=level,
                    method=method,
                    clusters=array.clusters(unit),
                ).T
        intervals[key][0] = where_enough(intervals[key][0], array, unit=unit, level=level)
        intervals[key][1:] = where_enough(intervals[key][1:], array, unit=unit, level=level, spread=True)
    table = Table(arrays)
    parts = table.about(arrays)
    options = {"level": level, "resamples": resamples, "seed": seed, "unit": unit}
    for s, (name, units, text) in enumerate(STATISTICS):
        parts[f"timescale_{name}"] = table.variable(
            {key: e[s] for key, e in estimates.items()},
            ("timescale_when",),
            shape=(len(moments),),
            units=units,
            long_name=text,
        )
        parts[f"timescale_{name}_interval"] = table.variable(
            {key: i[s] for key, i in intervals.items()},
            ("timescale_when", "timescale_method", "bound"),
            shape=(len(moments), len(METHODS), 2),
            units=units,
            long_name=f"bootstrap interval of the {text}, level {level:g}",
            **options,
        )
    coords = table.coords() | {
        "timescale_when": variable(
            moments, "timescale_when", units="1", long_name="before or after training"
        ),
        "timescale_method": variable(METHODS, "timescale_method", units="1", long_name="kind of interval"),
    }
    if ds.sizes.get("seed"):
        parts["timescale_seed_median"] = table.variable(
            {key: _by_seed(a, moments, ds.sizes["seed"]) for key, a in arrays.items()},
            ("timescale_when", "seed"),
            shape=(len(moments), ds.sizes["seed"]),
            units="ms",
            long_name="median time constant of one network",
        )
        if "seed" in ds.coords:
            coords["seed"] = ds["seed"]
    attrs = {
        "untrained": untrained(arrays),
        "timescale_left_out": left_out(a for a in arrays.values() if _only_a_choice(a)),
        "timescale_no_interval": no_interval(arrays.values(), unit, level),
        "unit": unit,
    }
    return xr.Dataset(parts, coords=coords, attrs=attrs)


def _only_a_choice(array):
    """One value that training did not change: there is nothing to describe."""
    return array.constant and not array.trained


def _by_seed(array, moments, seeds):
    out = np.full((len(moments), seeds), np.nan)
    for k, when in enumerate(moments):
        values = getattr(array, when)
        if values is None or _only_a_choice(array):
            continue
        number = np.zeros(values.size, int) if array.seed is None else array.seed
        for s in range(seeds):
            own = values[number == s]
            if own.size:
                out[k, s] = np.median(own)
    return out
