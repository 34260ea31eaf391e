"""Time constants from inter-spike intervals of all orders, per neuron and per layer, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ..statistics.intervals import check_resampling
from ..variables import positive, variable
from .differences import (
    SPAN,
    WINDOW,
    difference_bins,
    difference_decay_kernel,
    difference_histogram_kernel,
)
from .fitted import NUMBERS, fit_numbers, fit_variables, layer_interval, of_neurons_and_layers
from .resampling import block_interval
from .spike_trains import MOST_BLOCKS, trains

if TYPE_CHECKING:
    import xarray as xr


# A block must be long beside the differences that reach across its end.
_WINDOWS_PER_BLOCK = 5


def isi_timescales(
    ds: xr.Dataset,
    groups: str | Sequence[str] | None = None,
    *,
    window: float = WINDOW,
    span: float = SPAN,
    least_spikes: int = 50,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Intrinsic time constants of neurons from the intervals between spikes, of all orders.

    All differences of spike times below `window` make a histogram of 300 bins (of a simulation, whose times lie on a
    grid: of multiples of the attribute `dt`); it is smoothed (LOESS), and A[exp(−t/tau) + B] is fitted to it from its
    peak on. No trials are needed. This is how the in-vivo time constants of `biology.load("intrinsic_timescales")` were
    measured, but for one thing: the published differences end at the 100th next spike. That fills the window of 1 s
    below some 60 Hz; at higher rates it cuts the histogram, and the cut is fitted.

    Parameters
    ----------
    ds : Dataset
        Spikes as of `simulate` or `recorded_spikes`. Differences do not cross the end of a trial.
    groups : str or sequence of str, optional
        None: every group with spikes that receives a synapse; all groups of a recording.
    window : float
        Longest difference in s, and the largest tau that is found; at most half a trial. Published: 1 s.
    span : float in [0, 1)
        Share of the bins that the smoothing looks at. Published: 0.1, which lengthens a tau of 20 ms by a tenth and
        leaves those from 50 ms on within 2 % (docs/effective_timescales.md); 0 fits the histogram as it is, without.
    least_spikes : int
        Neurons with fewer get NaN.
    resamples : int
        Of the bootstrap; 0: no intervals.
    level : float in (0, 1)
    seed : int

    Returns
    -------
    Dataset
        On ``unit`` (coordinates ``unit_layer``, ``unit_index``): ``isi_tau`` in ms; ``isi_tau_interval (unit, bound)``,
        BCa over blocks (trials, or stretches of a recording of five windows and more); ``isi_latency`` in ms, where the
        fit begins; ``isi_amplitude`` A, ``isi_offset`` B, ``isi_r2``; ``isi_spikes``; ``isi_correlogram (unit,
        isi_lag)``: rate of spikes after a spike over the mean rate, corrected for the ends of trials, 1 where spikes
        are independent. On ``effective_layer``: the same of the mean correlogram of the layer's neurons
        (``isi_layer…``), with intervals over neurons, and ``isi_layer_count``.

        NaN: a neuron with fewer than `least_spikes`, none that decays or not within the window; intervals with fewer
        than two blocks or neurons.

    Raises
    ------
    MissingVariable, InvalidInput
        No spikes, wrong units, a window longer than half a trial.

    References
    ----------
    Fontanier, Sarazin, Stoll, Delord and Procyk, eLife 11, e63795 (2022), methods.
    """
    where = "isi_timescales"
    check_resampling(resamples, level, where=where, least=0)
    found = trains(ds, groups, where=where)
    grid = _Grid.of(ds, found[0], window, span, whole=resamples == 0, where=where)
    options = {"rng": np.random.default_rng(seed), "resamples": resamples, "level": level}
    units = [_unit(t.of(k), grid, least_spikes, **options) for t in found for k in range(t.size)]
    spikes = np.concatenate([np.diff(t.ends) for t in found])
    out = of_neurons_and_layers(
        "isi",
        found,
        units,
        lambda rows: _layer(rows, grid, **options),
        lag=variable(grid.middle * 1e3, "isi_lag", units="ms", long_name="difference of spike times"),
        curves=_variables,
        own={"isi_spikes": variable(spikes, "unit", units="1", long_name="spikes of a neuron")},
    )
    about = {"window_s": grid.window, "width_s": grid.width, "span": span, "least_spikes": least_spikes}
    about |= {"resamples": resamples, "level": level, "seed": seed}
    return out.assign_attrs({f"isi_{key}": value for key, value in about.items()})


class _Grid:
    """Bins of differences, and blocks that a bootstrap draws: trials, pieces or runs of trials, at most MOST_BLOCKS."""

    def __init__(self, trials, duration, window, step, span, *, whole):
        self.trials, self.duration, self.window, self.step, self.span = trials, duration, window, step, span
        self.width, self.middle = difference_bins(window, step)
        fitting = max(1, int(duration / (_WINDOWS_PER_BLOCK * window)))
        self.pieces = min(fitting, max(1, MOST_BLOCKS // trials))
        self.count = 1 if whole else min(trials * self.pieces, MOST_BLOCKS)  # nothing is drawn: one sum

    @classmethod
    def of(cls, ds, train, window, span, *, whole, where):
        """Of the trials of a group of a simulation; raises where the window does not fit them."""
        window = positive(window, name="window", where=where)
        if not 0 <= span < 1:
            raise InvalidInput(f"{where}: span must be at least 0 and below 1, such as 0.1, got {span!r}")
        if window > train.duration / 2:
            raise InvalidInput(
                f"{where}: window is {window} s, but a trial lasts {train.duration} s and must last twice as long; "
                f"choose a shorter one (window=) or longer trials"
            )
        step = float(ds.attrs.get("dt", 0.0))
        grid = cls(train.trials, train.duration, window, step, span, whole=whole)
        if len(grid.middle) < 5:
            raise InvalidInput(
                f"{where}: a window of {window} s holds {len(grid.middle)} steps of {step} s, expected more"
            )
        return grid

    def decay(self, correlogram):
        return difference_decay_kernel(correlogram, self.middle * 1e3, span=self.span)

    def block(self, trial, time):
        """Block of each spike."""
        piece = np.minimum((time * (self.pieces / self.duration)).astype(np.int64), self.pieces - 1)
        return (trial * self.pieces + piece) * self.count // (self.trials * self.pieces)


def _unit(train, grid, least_spikes, *, rng, resamples, level):
    """Correlogram, and tau, its bounds, A, B, r2, latency of one neuron."""
    trial, time = train
    bins = len(grid.middle)
    if len(time) < max(least_spikes, 2):
        return np.full(bins, np.nan), np.full(NUMBERS + 1, np.nan)
    histogram = difference_histogram_kernel(
        time,
        trial,
        block=grid.block(trial, time),
        blocks=grid.count,
        width=grid.width,
        bins=bins,
        step=grid.step,
    )
    # Pairs of independent spikes at this rate: n²/T per s, less those that the end of a trial cuts off.
    whole = grid.trials * grid.duration
    expected = len(time) ** 2 / whole * grid.width * (1 - grid.middle / grid.duration)

    def estimate(sums):
        return grid.decay(sums / expected)[0].tau

    def interval():
        return block_interval(histogram.astype(float), estimate, rng=rng, resamples=resamples, level=level)

    correlogram = histogram.sum(axis=0) / expected
    return correlogram, _numbers(*grid.decay(correlogram), interval)


def _layer(rows, grid, *, rng, resamples, level):
    """The same of the mean correlogram of neurons (neuron, bin), and how many they are."""
    if not len(rows):
        return np.full(len(grid.middle), np.nan), np.full(NUMBERS + 1, np.nan), 0
    correlogram = rows.mean(axis=0)

    def interval():
        return layer_interval(rows, lambda r: grid.decay(r)[0].tau, rng=rng, resamples=resamples, level=level)

    return correlogram, _numbers(*grid.decay(correlogram), interval), len(rows)


def _numbers(fit, latency, interval):
    return np.append(fit_numbers(fit, interval), latency if fit.found else np.nan)


def _variables(name, dim, correlogram, numbers, what):
    text = f"rate after a spike over the mean rate {what}"
    return {
        f"{name}_correlogram": variable(correlogram, (dim, "isi_lag"), units="1", long_name=text),
        f"{name}_latency": variable(
            numbers[:, NUMBERS], dim, units="ms", long_name=f"latency of the decay {what}"
        ),
    } | fit_variables(name, dim, numbers, what)
