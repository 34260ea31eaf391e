"""Learned membrane time constants beside measured ones, in ms and free of scale."""

import numpy as np
import xarray as xr
from scipy.stats import wasserstein_distance

from ..errors import InvalidInput, MissingVariable
from ..variables import milliseconds, require, variable

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ALL_CELLS = "all cells"


def median_interval_kernel(values, *, rng, resamples=2000, level=0.95):
    """Percentile-bootstrap interval of the median.

    Parameters
    ----------
    values : ndarray of float (n,)
    rng : numpy.random.Generator
    resamples : int
    level : float in (0, 1)

    Returns
    -------
    ndarray (2,): lower and upper bound; NaN for fewer than two values.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    if len(values) < 2:
        return np.full(2, np.nan)
    medians = np.median(values[rng.integers(len(values), size=(resamples, len(values)))], axis=1)
    return np.quantile(medians, ((1 - level) / 2, (1 + level) / 2))


def scaled_kernel(values):
    """Values over their own median: what remains of a distribution when its scale is taken away."""
    return values / np.median(values) if len(values) else values


def compare(model_tau, biology, *, quantiles=QUANTILES, resamples=2000, level=0.95, seed=0):
    """Lay the membrane time constants of a network beside those of measured cells.

    Parameters
    ----------
    model_tau : DataArray (neuron)
        Time constants in ms (`units` attribute), coordinate ``layer``; NaN: none.
    biology : Dataset
        What `biology.load` returned: ``tau_m (cell)`` in ms, coordinate ``group``.
    quantiles : sequence of float in [0, 1]
    resamples, level, seed
        Of the bootstrap interval of the medians (percentile bootstrap over neurons or cells).

    Returns
    -------
    Dataset
        For the layers (``biology_model_*`` on ``biology_layer``) and the groups of cells
        (``biology_cells_*`` on ``biology_group``, the last one "all cells"): ``…_count``; ``…_median`` and
        ``…_median_interval`` (ms); ``…_quantile`` (ms) and ``…_quantile_scaled`` (over the own median);
        ``…_cv`` (sd / mean) and ``…_log_sd`` (sd of the natural logarithm), which no change of scale
        changes. ``biology_distance (biology_layer, biology_group)``: Wasserstein-1 distance in ms,
        ``biology_distance_scaled`` the same of the scaled values. NaN where a layer has no time constants.

    Raises
    ------
    MissingVariable
        A variable or coordinate is missing.
    InvalidInput
        Units are not ms, values not positive, or quantiles outside [0, 1].
    """
    where = "compare"
    q = np.asarray(quantiles, dtype=float)
    if q.ndim != 1 or not q.size or not ((q >= 0) & (q <= 1)).all():
        raise InvalidInput(f"{where}: quantiles must be numbers from 0 to 1, got {quantiles!r}")
    layers = _by_layer(model_tau, where=where)
    groups = _by_group(biology, where=where)
    rng = np.random.default_rng(seed)
    parts = {
        **_summaries(
            "model", layers, "biology_layer", what="neurons", q=q, rng=rng, resamples=resamples, level=level
        ),
        **_summaries(
            "cells", groups, "biology_group", what="cells", q=q, rng=rng, resamples=resamples, level=level
        ),
    }
    pair = ("biology_layer", "biology_group")
    parts["biology_distance"] = variable(
        _distances(layers, groups), pair, units="ms", long_name="Wasserstein distance of the time constants"
    )
    parts["biology_distance_scaled"] = variable(
        _distances(
            {k: scaled_kernel(v) for k, v in layers.items()}, {k: scaled_kernel(v) for k, v in groups.items()}
        ),
        pair,
        units="1",
        long_name="Wasserstein distance of the time constants over their medians",
    )
    about = {
        f"biology_{key}": biology.attrs[key]
        for key in ("title", "citation", "licence", "filters")
        if key in biology.attrs
    }
    return xr.Dataset(
        parts,
        attrs=about,
        coords={
            "biology_layer": variable(
                list(layers), "biology_layer", units="1", long_name="layer of the network"
            ),
            "biology_group": variable(list(groups), "biology_group", units="1", long_name="group of cells"),
            "biology_q": variable(q, "biology_q", units="1", long_name="quantile"),
            "biology_bound": variable(
                ["low", "high"], "biology_bound", units="1", long_name="bound of the interval"
            ),
        },
    )


def _by_layer(model_tau, *, where):
    if not isinstance(model_tau, xr.DataArray):
        raise TypeError(
            f"{where}: model_tau must be an xarray.DataArray, "
            f"got {type(model_tau).__name__}; pass ds['tau_m']"
        )
    if "layer" not in model_tau.coords:
        raise MissingVariable(
            f"{where}: model_tau has no coordinate 'layer'; it has {', '.join(map(str, model_tau.coords))}"
        )
    if model_tau.dims != ("neuron",):
        raise InvalidInput(
            f"{where}: model_tau must have the dimension ('neuron',), got {model_tau.dims}; select one run"
        )
    values, layer = milliseconds(model_tau, name="model_tau", where=where), model_tau["layer"].values
    return {name: _known(values[layer == name]) for name in dict.fromkeys(layer.tolist())}


def _by_group(biology, *, where):
    require(biology, "tau_m", "group", where=where)
    values, group = milliseconds(biology["tau_m"], name="biology tau_m", where=where), biology["group"].values
    # a single group comes back from a netCDF file as a bare string
    order = np.atleast_1d(biology.attrs.get("groups", np.unique(group))).tolist()
    found = {name: _known(values[group == name]) for name in order}
    return {**found, ALL_CELLS: _known(values)}


def _known(values):
    return values[~np.isnan(values)]


def _summaries(side, samples, dim, *, what, q, rng, resamples, level):
    rows = list(samples.values())
    scaled = [scaled_kernel(x) for x in rows]
    name = f"biology_{side}"

    def each(function, least):
        return [function(x) if len(x) >= least else np.nan for x in rows]

    def quantile(values):
        return [np.quantile(x, q) if len(x) else np.full(len(q), np.nan) for x in values]

    return {
        f"{name}_count": variable([len(x) for x in rows], dim, units="1", long_name=f"number of {what}"),
        f"{name}_median": variable(
            each(np.median, 1), dim, units="ms", long_name="median membrane time constant"
        ),
        f"{name}_median_interval": variable(
            [median_interval_kernel(x, rng=rng, resamples=resamples, level=level) for x in rows],
            (dim, "biology_bound"),
            units="ms",
            long_name=f"bootstrap interval of the median, level {level:g}",
            level=level,
            resamples=resamples,
        ),
        f"{name}_quantile": variable(
            quantile(rows),
            (dim, "biology_q"),
            units="ms",
            long_name="quantiles of the membrane time constant",
        ),
        f"{name}_quantile_scaled": variable(
            quantile(scaled),
            (dim, "biology_q"),
            units="1",
            long_name="quantiles of the membrane time constant over its median",
        ),
        f"{name}_cv": variable(
            each(lambda x: x.std(ddof=1) / x.mean(), 2),
            dim,
            units="1",
            long_name="coefficient of variation of the membrane time constant",
        ),
        f"{name}_log_sd": variable(
            each(lambda x: np.log(x).std(ddof=1), 2),
            dim,
            units="1",
            long_name="standard deviation of the log membrane time constant",
        ),
    }


def _distances(layers, groups):
    return np.array(
        [
            [wasserstein_distance(x, y) if len(x) and len(y) else np.nan for y in groups.values()]
            for x in layers.values()
        ]
    ).reshape(len(layers), len(groups))
