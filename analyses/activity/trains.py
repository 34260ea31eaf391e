"""Intervals and counts of spike trains, summed while the spikes stream by: CV, LV, CV2, Fano factor, sparseness."""

from dataclasses import dataclass

import numpy as np

from .events import BLOCK_BITS


@dataclass(frozen=True)
class Trains:
    """What is counted: `size` neurons, `trials` of `duration` s, decision steps and counting windows in s."""

    size: int
    trials: int
    duration: float
    step: float
    window: float

    @property
    def windows(self):
        """Whole windows of a trial; what is left at its end is not counted in windows."""
        return whole(self.duration, self.window)

    @property
    def steps(self):
        """Decision steps of a trial."""
        return whole(self.duration, self.step)


def whole(time, length):
    """How often `length` fits `time`, as int: n dt over m dt is not always what it should be in binary."""
    return np.floor(np.asarray(time) / length + 1e-6).astype(np.int64)[()]


class Runs:
    """Spikes of one neuron in a row that share a key (a trial, a window), counted across blocks."""

    def __init__(self, size):
        self.key = np.full(size, -1, dtype=np.int64)
        self.count = np.zeros(size, dtype=np.int64)

    def add(self, neuron, key):
        """Take events ordered by neuron, keys not falling; return of each run its first event, count before and after."""
        if neuron.size == 0:
            return (np.zeros(0, dtype=np.int64),) * 3
        new = np.flatnonzero((neuron[1:] != neuron[:-1]) | (key[1:] != key[:-1])) + 1
        first = np.concatenate(([0], new))
        length = np.diff(first, append=neuron.size)
        of, at = neuron[first], key[first]
        before = np.where(self.key[of] == at, self.count[of], 0)
        after = before + length
        last = np.flatnonzero(np.append(of[1:] != of[:-1], True))
        self.key[of[last]], self.count[of[last]] = at[last], after[last]
        return first, before, after


class TrainSums:
    """Sums over the spike trains of a group, from which `statistics` makes CV, LV, Fano factor and sparseness.

    One pass, memory for some twenty numbers a neuron and four a trial, however many spikes. Events come in blocks of at
    most ``2**BLOCK_BITS``, ordered by trial and time.
    """

    def __init__(self, trains):
        size, trials = trains.size, trains.trials
        self.trains = trains
        self.spikes = np.zeros(size, dtype=np.int64)
        self.active_steps = np.zeros(size, dtype=np.int64)
        self.intervals = np.zeros(size, dtype=np.int64)
        self.pairs = np.zeros(size, dtype=np.int64)
        self.mean, self.square, self.lv, self.cv2 = np.zeros((4, size))
        # what is known of each neuron's last spike; intervals are summed less the first one, so that those of a
        # regular train do not cancel
        self.last_trial = np.full(size, -1, dtype=np.int64)
        self.last_time, self.last_interval, self.first_interval = np.full((3, size), np.nan)
        self.by_trial, self.by_window = Runs(size), Runs(size)
        self.trial_squares, self.window_spikes, self.window_squares = np.zeros((3, size), dtype=np.int64)
        self.trial_spikes, self.population_squares, self.trial_active = np.zeros((3, trials), dtype=np.int64)

    def add(self, trial, neuron, time):
        """Take a block of events; returns itself."""
        if neuron.size == 0:
            return self
        # Neuron and position in one number: sorting it is several times faster than a stable argsort.
        packed = (neuron.astype(np.int64) << BLOCK_BITS) | np.arange(neuron.size)
        packed.sort()
        neuron, place = packed >> BLOCK_BITS, packed & ((1 << BLOCK_BITS) - 1)
        trial, time = trial[place].astype(np.int64), time[place].astype(np.float64)
        self._count(neuron, trial, time)
        self._measure(neuron, trial, time)
        return self

    def _sum(self, neuron, values=None):
        return np.bincount(neuron, weights=values, minlength=self.trains.size)

    def _count(self, neuron, trial, time):
        trains = self.trains
        self.spikes += self._sum(neuron)
        self.trial_spikes += np.bincount(trial, minlength=trains.trials)
        first, before, after = self.by_trial.add(neuron, trial)
        grown = after**2 - before**2
        # sums of whole numbers below 2**53: exact in float64
        self.trial_squares += self._sum(neuron[first], grown).astype(np.int64)
        of = trial[first]
        self.population_squares += np.bincount(of, grown, minlength=trains.trials).astype(np.int64)
        self.trial_active += np.bincount(of[before == 0], minlength=trains.trials)
        if trains.windows == 1:
            inside = slice(None) if whole(trains.duration, trains.window) else slice(0)
            key = trial[inside]
            neuron = neuron[inside]
        else:
            number = whole(time, trains.window)
            inside = number < trains.windows
            neuron, key = neuron[inside], (trial * trains.windows + number)[inside]
        first, before, after = self.by_window.add(neuron, key)
        self.window_spikes += self._sum(neuron)
        self.window_squares += self._sum(neuron[first], after**2 - before**2).astype(np.int64)

    def _measure(self, neuron, trial, time):
        first = np.concatenate(([0], np.flatnonzero(neuron[1:] != neuron[:-1]) + 1))
        last = np.append(first[1:], neuron.size) - 1
        of = neuron[first]
        before, when = np.roll(trial, 1), np.roll(time, 1)
        before[first], when[first] = self.last_trial[of], self.last_time[of]
        same = before == trial
        interval = np.where(same, time - when, np.nan)
        previous = np.roll(interval, 1)
        previous[first] = self.last_interval[of]
        step = self.trains.step
        again = np.zeros_like(same)
        again[same] = whole(time[same], step) == whole(when[same], step)
        self.active_steps += self._sum(neuron[~again])
        self.last_trial[of], self.last_time[of], self.last_interval[of] = (
            trial[last],
            time[last],
            interval[last],
        )

        pair = same & ~np.isnan(previous)
        these, now, then = neuron[pair], interval[pair], previous[pair]
        both = now + then
        change = np.divide(np.abs(now - then), both, out=np.zeros_like(both), where=both > 0)
        self.pairs += self._sum(these)
        self.lv += self._sum(these, 3 * change**2)
        self.cv2 += self._sum(these, 2 * change)

        these, now = neuron[same], interval[same]
        begin = np.concatenate(([0], np.flatnonzero(these[1:] != these[:-1]) + 1))[: these.size]
        fresh = begin[np.isnan(self.first_interval[these[begin]])]
        self.first_interval[these[fresh]] = now[fresh]
        now = now - self.first_interval[these]
        self.intervals += self._sum(these)
        self.mean += self._sum(these, now)
        self.square += self._sum(these, now**2)

    def statistics(self):
        """The measures as `TrainStatistics`."""
        trains = self.trains
        n = _known(self.intervals, 2)
        offset = self.mean / n
        with np.errstate(invalid="ignore"):
            sd = np.sqrt(np.maximum(self.square / n - offset**2, 0))
        windows = trains.trials * trains.windows
        return TrainStatistics(
            spikes=self.spikes,
            active_steps=self.active_steps,
            cv=sd / (offset + self.first_interval),
            lv=self.lv / _known(self.pairs, 1),
            cv2=self.cv2 / _known(self.pairs, 1),
            fano=fano_from_sums(self.window_spikes, self.window_squares, windows),
            lifetime=treves_rolls_from_sums(self.spikes, self.trial_squares, trains.trials),
            trial_spikes=self.trial_spikes,
            trial_active=self.trial_active,
            population=treves_rolls_from_sums(self.trial_spikes, self.population_squares, trains.size),
        )


@dataclass(frozen=True)
class TrainStatistics:
    """Arrays over neurons; the last three over trials. NaN where a train is too short or silent."""

    spikes: np.ndarray
    active_steps: np.ndarray
    cv: np.ndarray
    lv: np.ndarray
    cv2: np.ndarray
    fano: np.ndarray
    lifetime: np.ndarray
    trial_spikes: np.ndarray
    trial_active: np.ndarray
    population: np.ndarray


def train_statistics_kernel(neuron, time, *, size, duration, trial=None, trials=1, step=None, window=None):
    """Interval and count statistics of spike trains given as events.

    Parameters
    ----------
    neuron : ndarray of int (spike,)
        0 … size − 1.
    time : ndarray (spike,)
        In s, 0 … duration. In any order: they are sorted by trial and time.
    size : int
        Number of neurons.
    duration : float
        Of a trial, s.
    trial : ndarray of int (spike,), optional
        None: all in one.
    trials : int
    step, window : float, optional
        Decision step and counting window of the Fano factor, s; None: the duration.

    Returns
    -------
    TrainStatistics
        Per neuron, intervals within trials only, pooled over trials: ``cv`` sd/mean of the intervals (population sd;
        NaN below two intervals), ``lv`` = 3/(n−1) Σ ((I_i − I_{i+1})/(I_i + I_{i+1}))² and ``cv2`` = mean 2|I_{i+1} −
        I_i|/ (I_{i+1} + I_i) over the n−1 pairs of neighbours (NaN without a pair), ``fano`` var/mean of the counts
        in windows (population variance; NaN for a silent neuron or one window), ``lifetime`` Treves–Rolls over
        trials. Per trial: ``trial_spikes``, ``trial_active`` (neurons that fired), ``population`` Treves–Rolls over
        neurons.

    References
    ----------
    LV: Shinomoto, Shima, Tanji, Neural Comput. 15, 2823 (2003); CV2: Holt et al., J. Neurophysiol. 75, 1806 (1996).
    """
    neuron, time = np.asarray(neuron, dtype=np.int64), np.asarray(time, dtype=float)
    trial = np.zeros_like(neuron) if trial is None else np.asarray(trial, dtype=np.int64)
    sums = TrainSums(Trains(size, trials, duration, step or duration, window or duration))
    order = np.lexsort((time, trial))
    for i in range(0, len(order), 1 << BLOCK_BITS):
        part = order[i : i + (1 << BLOCK_BITS)]
        sums.add(trial[part], neuron[part], time[part])
    return sums.statistics()


def fano_from_sums(total, squares, n):
    """Variance over mean of n counts from their sum and sum of squares; NaN for no spike or n < 2."""
    total, squares = (np.asarray(x, dtype=float) for x in (total, squares))
    seen = (total > 0) & (n > 1)
    # n Σc² − (Σc)² in whole numbers: no cancellation below 2**53
    return np.divide(n * squares - total**2, n * total, out=np.full(total.shape, np.nan), where=seen)


def treves_rolls_from_sums(total, squares, n):
    """(Σr/n)²/(Σr²/n) from the sums; NaN where all are zero."""
    total, squares = (np.asarray(x, dtype=float) for x in (total, squares))
    return np.divide(total**2, n * squares, out=np.full(total.shape, np.nan), where=squares > 0)


def _known(count, least):
    return np.where(count >= least, count, np.nan)
