"""How well the estimators recover a known time constant at a recording's length and rate: their bias, stated."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import InvalidInput
from ..statistics.intervals import bootstrap_kernel
from ..variables import positive, variable
from .across_trials import autocorrelation_timescales
from .doubly_stochastic import doubly_stochastic_spikes
from .spike_intervals import isi_timescales

ESTIMATORS = ("autocorrelation", "intervals")


def timescale_recovery(
    taus: ArrayLike,
    *,
    rate: float,
    duration: float,
    components: int = 2,
    width: float = 0.05,
    window: float = 2.0,
    longest_lag: float = 1.0,
    span: float = 0.1,
    repetitions: int = 40,
    resamples: int = 0,
    level: float = 0.9,
    seed: int = 0,
) -> xr.Dataset:
    """Simulate recordings of a known time constant and estimate it from each: bias, spread and coverage.

    Every repetition is one unit of `doubly_stochastic_spikes`, recorded without trials.

    Parameters
    ----------
    taus : sequence of float
        True time constants in ms.
    rate : float
        In Hz.
    duration : float
        Of the recording in s.
    components : int
        The squared coefficient of variation of the rate is 2/components.
    width, window, longest_lag : float
        In s, as in `autocorrelation_timescales`.
    span : float
        As in `isi_timescales`.
    repetitions : int
    resamples : int
        Of the intervals whose coverage is counted; 0: none.
    level : float in (0, 1)
        Of those intervals, and of those of the bias.
    seed : int

    Returns
    -------
    Dataset
        On ``recovery_tau`` (ms) and ``recovery_estimator`` (autocorrelation, intervals):
        ``recovery_estimate (…, recovery_repetition)`` in ms; ``recovery_bias``, median estimate over the true value
        less 1, with ``recovery_bias_interval (…, bound)`` over repetitions; ``recovery_spread``: half the range of the
        central 68 % over the true value; ``recovery_found``: share of recordings with an estimate;
        ``recovery_coverage``: share of intervals, among those, that hold the true value (NaN without).

    Raises
    ------
    InvalidInput
        Numbers that are not positive.
    """
    where = "timescale_recovery"
    taus = np.array([positive(tau, name="tau", where=where) for tau in np.atleast_1d(taus)])
    if isinstance(repetitions, bool) or not isinstance(repetitions, int | np.integer) or repetitions < 2:
        raise InvalidInput(f"{where}: repetitions must be a whole number above 1, got {repetitions!r}")
    estimate = np.full((len(taus), len(ESTIMATORS), repetitions), np.nan)
    bounds = np.full(estimate.shape + (2,), np.nan)
    options = {"resamples": resamples, "level": level, "seed": seed}
    for k, tau in enumerate(taus):
        ds = doubly_stochastic_spikes(
            tau, rate=rate, duration=duration, neurons=repetitions, components=components, seed=[seed, k]
        )
        across = autocorrelation_timescales(
            ds, width=width, window=window, longest_lag=longest_lag, **options
        )
        orders = isi_timescales(ds, span=span, **options)
        estimate[k] = across["autocorrelation_tau"], orders["isi_tau"]
        bounds[k, 0], bounds[k, 1] = across["autocorrelation_tau_interval"], orders["isi_tau_interval"]
    about = {"rate_Hz": rate, "duration_s": duration, "components": components, "width_s": width}
    about |= {"window_s": window, "longest_lag_s": longest_lag, "span": span, **options}
    coords = {
        "recovery_tau": variable(taus, "recovery_tau", units="ms", long_name="true time constant"),
        "recovery_estimator": variable(
            list(ESTIMATORS), "recovery_estimator", units="1", long_name="estimator"
        ),
        "bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval"),
    }
    return xr.Dataset(
        _variables(taus, estimate, bounds, rng=np.random.default_rng(seed), level=level),
        coords=coords,
        attrs={f"recovery_{key}": value for key, value in about.items()},
    )


def _variables(taus, estimate, bounds, *, rng, level):
    """Of estimates (tau, estimator, repetition) in ms and their bounds (…, 2): what they say of bias and spread."""
    table = ("recovery_tau", "recovery_estimator")
    shape = estimate.shape[:2]
    bias, spread, coverage = np.full((3, *shape), np.nan)
    interval = np.full((*shape, 2), np.nan)
    for place in np.ndindex(shape):
        true = taus[place[0]]
        bias[place], spread[place], interval[place] = _bias(estimate[place] / true, rng=rng, level=level)
        known = bounds[place][~np.isnan(bounds[place]).any(axis=-1)]
        if len(known):
            coverage[place] = ((known[:, 0] <= true) & (true <= known[:, 1])).mean()
    share = (~np.isnan(estimate)).mean(axis=-1)
    parts = {
        "bias": (bias, table, "median estimate over the true value, less 1"),
        "bias_interval": (interval, (*table, "bound"), "interval of the bias"),
        "spread": (spread, table, "half the central 68 % over the true value"),
        "found": (share, table, "share of recordings with an estimate"),
        "coverage": (coverage, table, "share of intervals that hold the true value"),
    }
    each = variable(
        estimate, (*table, "recovery_repetition"), units="ms", long_name="estimated time constant"
    )
    return {"recovery_estimate": each} | {
        f"recovery_{name}": variable(values, dims, units="1", long_name=text)
        for name, (values, dims, text) in parts.items()
    }


def _bias(ratio, *, rng, level):
    """Bias, spread and the interval of the bias of estimates over the truth, NaN left out."""
    ratio = ratio[~np.isnan(ratio)]
    interval = np.full(2, np.nan)
    if not len(ratio):
        return np.nan, np.nan, interval
    low, middle, high = np.quantile(ratio, (0.16, 0.5, 0.84))
    if len(ratio) > 1:
        interval = bootstrap_kernel(ratio, np.median, rng=rng, level=level, method="percentile") - 1
    return middle - 1, (high - low) / 2, interval
