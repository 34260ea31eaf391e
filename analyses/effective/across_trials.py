"""Time constants from the autocorrelation of spike counts across trials, per neuron and per layer, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ..statistics.intervals import check_resampling
from ..variables import positive, variable
from .autocorrelation import PERMUTATIONS, correlations, decay_kernel, independence_p_kernel, trial_moments
from .fitted import NUMBERS, fit_numbers, fit_variables, layer_interval, of_neurons_and_layers
from .resampling import block_interval
from .spike_trains import MOST_BLOCKS, ROUNDING, trains

if TYPE_CHECKING:
    import xarray as xr


LONGEST_LAG = 1.0


def autocorrelation_timescales(
    ds: xr.Dataset,
    groups: str | Sequence[str] | None = None,
    *,
    width: float = 0.05,
    window: float | None = None,
    longest_lag: float | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Intrinsic time constants of neurons from the autocorrelation of their spike counts across trials.

    Spikes are counted in bins; Pearson's r between the counts of two bins across trials is averaged over the bins of
    one lag; A[exp(−t/tau) + B] is fitted from the first drop on.

    The well-known bias of such fits comes from subtracting the mean of each trial, which lowers an autocorrelation by
    about 2 r [1 − r (1 − exp(−1/r))], r = tau/T. Here the mean over trials is subtracted from each bin; the median
    estimate of 20 to 300 ms is within 2 % of the truth in two hours at 2 Hz, within 12 % in 20 minutes at 1 Hz.
    `timescale_recovery` measures it for any rate and length (docs/effective_timescales.md).

    Parameters
    ----------
    ds : Dataset
        Spikes as of `simulate` or `recorded_spikes`.
    groups : str or sequence of str, optional
        None: every group with spikes that receives a synapse; all groups of a recording.
    width : float
        Of a bin in s.
    window : float, optional
        Trials are cut into stretches of this length in s that count as trials of their own: needed for recordings
        without trials, about ten time constants or more. None: a trial as it is.
    longest_lag : float, optional
        In s; None: the trial less one bin, at most 1 s.
    resamples : int
        Of the bootstrap; 0: no intervals.
    level : float in (0, 1)
    seed : int
        Of the bootstrap and the permutations.

    Returns
    -------
    Dataset
        On ``unit`` (coordinates ``unit_layer``, ``unit_index``): ``autocorrelation_tau`` in ms;
        ``autocorrelation_tau_interval (unit, bound)``, BCa over trials (over stretches of consecutive ones where they
        are more than 100); ``autocorrelation_amplitude`` A, ``autocorrelation_offset`` B, ``autocorrelation_r2``;
        ``autocorrelation_p``, one-sided, of the null that bins are independent, from 999 permutations
        (`independence_p_kernel`), so never below 0.001; ``autocorrelation (unit, autocorrelation_lag)``. On
        ``effective_layer``: the same of the mean autocorrelation of the layer's neurons (``autocorrelation_layer…``),
        with intervals over neurons, and ``autocorrelation_layer_count``, how many neurons are in it.

        NaN: a neuron whose counts never vary; no decay, or one slower than twice the longest lag or faster than a
        quarter of a bin; intervals with fewer than two blocks or neurons.

    Raises
    ------
    MissingVariable, InvalidInput
        No spikes, wrong units; fewer than three trials (then give `window`); bins and lags that do not fit a trial.

    References
    ----------
    Murray et al., Nature Neuroscience 17, 1661 (2014); Zeraati, Engel and Levina, Nature Computational Science 2, 193
    (2022), on the bias.
    """
    where = "autocorrelation_timescales"
    check_resampling(resamples, level, where=where, least=0)
    found = trains(ds, groups, where=where)
    grid = _Grid.of(found[0], width, window, longest_lag, where=where)
    rng = np.random.default_rng(seed)
    (null,) = rng.spawn(1)
    options = {"rng": rng, "resamples": resamples, "level": level}
    units = [_unit(t.of(k), grid, null, **options) for t in found for k in range(t.size)]
    lag = np.arange(1, grid.lags + 1) * grid.width * 1e3
    p = variable([unit[2] for unit in units], "unit", units="1", long_name="p of independent bins")
    out = of_neurons_and_layers(
        "autocorrelation",
        found,
        units,
        lambda rows: _layer(rows, grid, **options),
        lag=variable(lag, "autocorrelation_lag", units="ms", long_name="lag"),
        curves=_variables,
        own={"autocorrelation_p": p},
    )
    about = {"width_s": grid.width, "window_s": grid.window, "longest_lag_s": grid.lags * grid.width}
    about |= {"trials": grid.trials, "permutations": PERMUTATIONS, "resamples": resamples}
    about |= {"level": level, "seed": seed}
    return out.assign_attrs({f"autocorrelation_{key}": value for key, value in about.items()})


class _Grid:
    """Bins, trials and blocks that spikes are counted in."""

    def __init__(self, *, width, bins, pieces, trials, lags):
        self.width, self.bins, self.pieces, self.lags = width, bins, pieces, lags
        self.trials = trials * pieces
        self.blocks = min(self.trials, MOST_BLOCKS)
        self.block = np.arange(self.trials) * self.blocks // self.trials

    @property
    def window(self):
        return self.bins * self.width

    @classmethod
    def of(cls, found, width, window, longest_lag, *, where):
        width = positive(width, name="width", where=where)
        whole = found.duration if window is None else positive(window, name="window", where=where)
        if whole > found.duration * (1 + ROUNDING):
            raise InvalidInput(f"{where}: window is {whole} s, but a trial lasts {found.duration} s")
        bins = int(whole / width + ROUNDING)
        longest = min(LONGEST_LAG, (bins - 1) * width) if longest_lag is None else longest_lag
        longest = positive(longest, name="longest_lag", where=where) if bins > 1 else 0
        lags = int(longest / width + ROUNDING)
        if not 5 <= lags < bins:
            raise InvalidInput(
                f"{where}: {bins} bins of {width} s and {lags} lags in {whole} s; expected at least 5 lags and fewer "
                f"than bins: choose a narrower bin (width=) or longer trials"
            )
        pieces = 1 if window is None else int(found.duration / (bins * width) + ROUNDING)
        if found.trials * pieces < 3:
            raise InvalidInput(
                f"{where}: {found.trials * pieces} trials of {bins * width:g} s; correlations are across trials and "
                f"need at least 3: cut a recording into stretches, such as window=1.0"
            )
        return cls(width=width, bins=bins, pieces=pieces, trials=found.trials, lags=lags)

    def counts(self, trial, time):
        """Spikes in each bin, (trial, bin)."""
        place = np.floor(time / self.width + ROUNDING).astype(np.int64)
        inside = place < self.pieces * self.bins
        flat = trial[inside] * (self.pieces * self.bins) + place[inside]
        return np.bincount(flat, minlength=self.trials * self.bins).reshape(self.trials, self.bins)

    def decay(self, correlation):
        return decay_kernel(correlation, width=self.width * 1e3, bins=self.bins)


def _unit(train, grid, null, *, rng, resamples, level):
    """Autocorrelation; tau, its bounds, A, B, r2; and p of one neuron."""
    counts = grid.counts(*train)
    moments = trial_moments(counts, grid.block, grid.blocks, grid.lags)
    correlation = correlations(moments.sum(axis=0), grid.bins, grid.lags)

    def estimate(sums):
        return grid.decay(correlations(sums, grid.bins, grid.lags)).tau

    def interval():
        return block_interval(moments, estimate, rng=rng, resamples=resamples, level=level)

    p = independence_p_kernel(counts, lags=grid.lags, rng=null)
    return correlation, fit_numbers(grid.decay(correlation), interval), p


def _layer(rows, grid, *, rng, resamples, level):
    """The same of the mean autocorrelation of neurons (neuron, lag), and how many they are."""
    if not len(rows):
        return np.full(grid.lags, np.nan), np.full(NUMBERS, np.nan), 0
    correlation = rows.mean(axis=0)

    def interval():
        return layer_interval(rows, lambda r: grid.decay(r).tau, rng=rng, resamples=resamples, level=level)

    return correlation, fit_numbers(grid.decay(correlation), interval), len(rows)


def _variables(name, dim, correlation, numbers, what):
    curve = variable(
        correlation, (dim, "autocorrelation_lag"), units="1", long_name=f"autocorrelation {what}"
    )
    return {name: curve} | fit_variables(name, dim, numbers, what)
