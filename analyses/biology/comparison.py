"""Time constants of a network beside measured ones, in ms and free of scale, with intervals and nulls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.intervals import bootstrap_kernel, check_resampling, fewest_units
from ..statistics.inversion import FEWEST
from ..statistics.positive_samples import Sample, percentile_interval_kernel
from ..time_constants.arrays import LearnedArray, untrained
from ..variables import milliseconds, require, same_scale, variable
from .effects import effect_variables
from .nulls import null_variables
from .pairs import distance_variables, too_few, with_holm

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PERCENT = np.arange(1, 100)
ALL_CELLS = "all cells"


def scaled_kernel(values):
    """Values over their own median: what remains of a distribution when its scale is taken away."""
    return values / np.median(values) if len(values) else values


def compare(
    model_tau: xr.DataArray,
    biology: xr.Dataset,
    *,
    by: str | Sequence[str] = "group",
    quantity: str | None = None,
    initial: xr.DataArray | rv_frozen | dict[str, rv_frozen] | None = None,
    quantiles: Sequence[float] | np.ndarray = QUANTILES,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Lay the time constants of a network beside those of measured neurons, layer by layer and group by group.

    Parameters
    ----------
    model_tau : DataArray (neuron)
        Time constants in ms (`units` attribute), coordinate ``layer``; NaN: none.
    biology : Dataset
        What `biology.load` or `biology.load_table` returned: a variable on (cell) in ms, coordinates.
    by : str or sequence of str
        Coordinates of the cells that make the groups, such as ``"group"``, ``"species"``, ``"area"`` or
        ``("species", "cell_class")``. "all cells" is always the last group.
    quantity : str, optional
        The variable of `biology`; by default the one that its attribute `quantity` names, else ``tau_m``.
    initial : DataArray (neuron), frozen distribution of scipy.stats (ms), or one for each layer in a dict, optional
        Where the network started, as values of the same neurons or as the distribution that they were drawn from: a
        null for the distances. A layer that the dict lacks has no such null.
    quantiles : sequence of float in [0, 1]
    resamples, level, seed : int, float in (0, 1), int
        Of all intervals and tests.

    Returns
    -------
    Dataset
        Layers are on ``biology_layer``, groups on ``biology_group``; intervals have the dimension ``biology_bound``.

        * Each side (``biology_model_*``, ``biology_cells_*``): ``…_count``; ``…_median``, ``…_median_interval`` (ms);
          ``…_quantile`` (ms) and ``…_quantile_scaled`` (over the own median); ``…_percentile (…, biology_percent)``
          (ms; quantile–quantile data), of the network with ``…_percentile_interval``; ``…_cv`` (sd / mean) and
          ``…_log_sd`` (sd of the natural logarithm), which no change of scale changes.
        * Distances of layer and group: ``biology_distance`` (Wasserstein-1, ms), ``biology_energy_distance`` (√ms), and
          the same of the values over their own medians, ``biology_distance_scaled``,
          ``biology_energy_distance_scaled``. These are of the two samples, so larger than those of the distributions
          behind them; ``…_corrected`` and ``…_interval`` are of the latter (`distance_interval_kernel`).
        * Effect sizes with ``…_interval``: ``biology_median_ratio`` (network over cells), ``biology_cliffs_delta``,
          ``biology_hedges_g`` (of the logarithms), ``biology_spread_ratio`` (of the log-sd).
        * ``biology_p``, ``biology_p_scaled``: both samples could be of one distribution (up to a factor), from the
          Wasserstein distance of their logarithms (`same_distribution_kernel`): this is the test, not whether an
          interval of a distance begins at 0.
        * Nulls on ``biology_null``: "lognormal" (of the layer's mean and standard deviation) and, where `initial` is
          given, "initial": ``biology_null_distance`` is the median distance of as many neurons drawn from it,
          ``biology_null_interval`` the central part of these distances, ``biology_null_p`` how often they are as far
          from their median as the network's (two-sided); ``…_scaled`` likewise.
        * What so many neurons and cells can show with a chance of 80 %: ``biology_detectable_ratio`` (of the medians)
          with ``biology_detectable_distance`` (ms), and ``biology_detectable_spread_ratio`` with
          ``biology_detectable_distance_scaled``.
        * Every ``…_p`` has a ``…_p_holm``, corrected over all layers and groups (and nulls).

        The attribute ``biology_untrained`` names the layers that were never trained: all neurons have one value, or
        those of `initial`. Their numbers are given all the same, and say how near to biology the choice of that value
        is, not what was learned.

        NaN: everything of a layer or group without time constants. One neuron, or one cell, is no distribution: such a
        layer or group has its median and quantiles, distances of the samples, median ratio and Cliff's delta, and
        neither spread nor intervals, p values or what could be seen. Where all values are one the spread ratio and the
        null "lognormal" are NaN. ``…_corrected`` and ``…_interval`` of the distances, and the interval of the spread
        ratio, need 20 values on each side: fewer bound no distance from above. Intervals of medians, median ratio,
        delta and g need 5 at the level 95 % (`fewest_units`). The attributes ``biology_no_distance_interval`` and
        ``biology_no_interval`` name the layers and groups that have fewer.

    Raises
    ------
    MissingVariable
        A variable or coordinate is missing.
    InvalidInput
        Units are not ms, values not positive, quantiles outside [0, 1], a level or number of resamples that is not
        defined, or an `initial` that does not fit, such as a distribution in seconds.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993); Székely and Rizzo, Journal of Statistical Planning
    and Inference 143, 1249 (2013); Cliff, Psychological Bulletin 114, 494 (1993); Holm, Scandinavian Journal of
    Statistics 6, 65 (1979).
    """
    where = "compare"
    q = _checked(quantiles, resamples, level, where=where)
    layers = _by_layer(model_tau, "model_tau", where=where)
    groups, what = _by_group(biology, by, quantity, where=where)
    laws = _initial(initial, model_tau, layers, where=where)
    options = {"rng": np.random.default_rng(seed), "resamples": resamples, "level": level}
    parts = {
        **_summaries("model", layers, "biology_layer", what, counted="neurons", q=q, **options),
        **_summaries("cells", groups, "biology_group", what, counted="cells", q=q, **options),
        **distance_variables(layers, groups, what, **options),
        **effect_variables(layers, groups, **options),
        **null_variables(layers, groups, laws, **options),
    }
    parts = with_holm(parts)
    about = {
        f"biology_{key}": biology.attrs[key]
        for key in ("title", "citation", "licence", "filters")
        if key in biology.attrs
    }
    coords = {
        "biology_layer": (list(layers), "layer of the network"),
        "biology_group": (list(groups), "group of cells"),
        "biology_q": (q, "quantile"),
        "biology_percent": (PERCENT, "percent of the neurons or cells below"),
        "biology_bound": (["low", "high"], "bound of the interval"),
        "biology_null": (
            ["lognormal"] + (["initial"] if laws is not None else []),
            "distribution instead of the network's",
        ),
    }
    return xr.Dataset(
        parts,
        attrs=about
        | {
            "biology_quantity": what,
            "biology_seed": seed,
            "biology_untrained": _untrained(model_tau, layers, laws),
            "biology_no_interval": too_few(layers, groups, fewest_units(level)),
            "biology_no_distance_interval": too_few(layers, groups, FEWEST),
        },
        coords={name: variable(v, name, units="1", long_name=text) for name, (v, text) in coords.items()},
    )


# ------------------------------------------------------------------ what is compared
def _checked(quantiles, resamples, level, *, where):
    q = np.asarray(quantiles, dtype=float)
    if q.ndim != 1 or not q.size or not ((q >= 0) & (q <= 1)).all():
        raise InvalidInput(f"{where}: quantiles must be numbers from 0 to 1, got {quantiles!r}")
    check_resampling(resamples, level, where=where, least=100)
    return q


def _by_layer(array, name, *, where):
    if not isinstance(array, xr.DataArray):
        raise TypeError(
            f"{where}: {name} must be an xarray.DataArray, got {type(array).__name__}; pass ds['tau_m']"
        )
    if "layer" not in array.coords:
        raise MissingVariable(
            f"{where}: {name} has no coordinate 'layer'; it has {', '.join(map(str, array.coords))}"
        )
    if array.dims != ("neuron",):
        raise InvalidInput(
            f"{where}: {name} must have the dimension ('neuron',), got {array.dims}; select one run, or take "
            f"compare_over_seeds"
        )
    values, layer = milliseconds(array, name=name, where=where), array["layer"].values
    return {str(label): _known(values[layer == label]) for label in dict.fromkeys(layer.tolist())}


def _by_group(biology, by, quantity, *, where):
    """Values of each group of cells and of all, and what they are."""
    by = (by,) if isinstance(by, str) else tuple(by)
    quantity = quantity or (biology.attrs.get("quantity", "tau_m") if isinstance(biology, xr.Dataset) else "")
    require(biology, quantity, *by, where=where)
    values = milliseconds(biology[quantity], name=f"biology {quantity}", where=where)
    group = np.array(list(map(" ".join, zip(*(biology[c].values.astype(str) for c in by), strict=True))))
    # a single group comes back from a netCDF file as a bare string
    order = (
        np.atleast_1d(biology.attrs["groups"]).tolist()
        if by == ("group",) and "groups" in biology.attrs
        else []
    )
    places = np.unique(group)
    order = [name for name in order if name in places] + [
        name for name in places.tolist() if name not in order
    ]
    found = {name: _known(values[group == name]) for name in order}
    return {**found, ALL_CELLS: _known(values)}, biology[quantity].attrs.get("long_name", "time constant")


def _initial(initial, model_tau, layers, *, where):
    """Where each layer started: samples, or one distribution; None where that is not known."""
    if initial is None:
        return None
    if hasattr(initial, "ppf") or isinstance(initial, dict):
        laws = initial if isinstance(initial, dict) else dict.fromkeys(layers, initial)
        for name, law in laws.items():
            if name not in layers or not (hasattr(law, "ppf") and law.cdf(0.0) < 0.5):
                raise InvalidInput(
                    f"{where}: initial of {name!r} must be a frozen distribution of positive time constants in ms of a "
                    f"layer ({', '.join(layers)}), got {law!r}"
                )
            same_scale(law, layers[name], name=f"{name} of model_tau", where=where)
        return laws
    before = _by_layer(initial, "initial", where=where)
    if {k: len(v) for k, v in before.items()} != {k: len(v) for k, v in layers.items()}:
        raise InvalidInput(f"{where}: initial and model_tau must be of the same neurons, layer by layer")
    return before


def _untrained(model_tau, layers, laws):
    """The layers that were never trained, in words; a distribution to have started from does not tell."""
    before = {name: law for name, law in (laws or {}).items() if not hasattr(law, "ppf")}
    quantity = str(model_tau.name or "tau")
    return untrained(
        {name: LearnedArray(quantity, name, after, before.get(name), None) for name, after in layers.items()}
    )


def _known(values):
    return values[~np.isnan(values)]


# ------------------------------------------------------------------ each side
def _summaries(side, samples, dim, what, *, counted, q, rng, resamples, level):
    rows, name = list(samples.values()), f"biology_{side}"
    options = {"rng": rng, "resamples": resamples, "level": level, "method": "percentile"}
    recorded = {"level": level, "resamples": resamples}

    def each(function, least):
        return [function(x) if len(x) >= least else np.nan for x in rows]

    def quantile(values, at):
        return [np.quantile(x, at) if len(x) else np.full(len(at), np.nan) for x in values]

    def interval(statistic, *shape):
        found = [
            bootstrap_kernel(x, statistic, **options)
            if len(x) >= fewest_units(level)
            else np.full((2, *shape), np.nan)
            for x in rows
        ]
        return np.stack(found)

    found = {
        f"{name}_count": variable([len(x) for x in rows], dim, units="1", long_name=f"number of {counted}"),
        f"{name}_median": variable(each(np.median, 1), dim, units="ms", long_name=f"median {what}"),
        f"{name}_median_interval": variable(
            interval(np.median),
            (dim, "biology_bound"),
            units="ms",
            long_name=f"bootstrap interval of the median, level {level:g}",
            **recorded,
        ),
        f"{name}_quantile": variable(
            quantile(rows, q), (dim, "biology_q"), units="ms", long_name=f"quantiles of the {what}"
        ),
        f"{name}_quantile_scaled": variable(
            quantile([scaled_kernel(x) for x in rows], q),
            (dim, "biology_q"),
            units="1",
            long_name=f"quantiles of the {what} over its median",
        ),
        f"{name}_percentile": variable(
            quantile(rows, PERCENT / 100),
            (dim, "biology_percent"),
            units="ms",
            long_name=f"percentiles of the {what}",
        ),
        f"{name}_cv": variable(
            each(lambda x: x.std(ddof=1) / x.mean(), 2),
            dim,
            units="1",
            long_name=f"coefficient of variation of the {what}",
        ),
        f"{name}_log_sd": variable(
            each(lambda x: np.log(x).std(ddof=1), 2),
            dim,
            units="1",
            long_name=f"standard deviation of the log {what}",
        ),
    }
    if side == "model":
        found[f"{name}_percentile_interval"] = variable(
            np.stack(
                [
                    percentile_interval_kernel(
                        Sample.of(x), PERCENT / 100, rng=rng, resamples=resamples, level=level
                    )
                    if len(x)
                    else np.full((len(PERCENT), 2), np.nan)
                    for x in rows
                ]
            ),
            (dim, "biology_percent", "biology_bound"),
            units="ms",
            long_name=f"pointwise bootstrap interval of the percentiles, level {level:g}",
            **recorded,
        )
    return found
