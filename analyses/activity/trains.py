"""Intervals and counts of spike trains, summed while the spikes stream by: CV, LV, CV2, Fano factor, sparseness."""

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidInput
from .events import BLOCK_BITS

# Of a step: n dt over m dt is not always what it should be in binary.
ROUNDING = 1e-6


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
        """Decision steps of a trial, which they fill."""
        return whole(self.duration, self.step)


def whole(time, length):
    """How often `length` fits `time`, as int."""
    return np.floor(np.asarray(time) / length + ROUNDING).astype(np.int64)[()]


def whole_steps(duration, step, *, where):
    """Decision steps of a trial, int >= 1; raise `InvalidInput` unless they fill it, but for rounding."""
    steps = int(whole(duration, step))
    if steps < 1 or abs(duration / step - steps) > ROUNDING:
        raise InvalidInput(
            f"{where}: a trial of {duration} s has {duration / step:.6g} decision steps of {step} s, expected a whole "
            f"number: give a dt_ref that divides the duration"
        )
    return steps


class Runs:
    """Spikes of one neuron in a row that share a key (a trial, a window), counted across blocks."""

    def __init__(self, size):
        self.key = np.full(size, -1, dtype=np.int64)
        self.count = np.zeros(size, dtype=np.int64)
        self.squares = np.zeros(size, dtype=np.int64)

    def add(self, neuron, other, key):
        """Take events ordered by neuron, keys not falling, and add the squares of the runs' counts.

        `other`: whether an event but the first is of another neuron than the one before. Returns the first event of
        each run, its count before and after.
        """
        if neuron.size == 0:
            return (np.zeros(0, dtype=np.int64),) * 3
        run = _starts(other | (key[1:] != key[:-1]))
        after = np.diff(run, append=neuron.size)
        # the runs that a neuron begins with in this block may go on from the last one
        begins = np.flatnonzero(np.append(True, other[run[1:] - 1]))
        of = neuron[run[begins]]
        before = np.zeros_like(after)
        before[begins] = np.where(self.key[of] == key[run[begins]], self.count[of], 0)
        after += before
        self.squares[of] += np.add.reduceat((after - before) * (after + before), begins)
        ends = np.append(begins[1:], run.size) - 1
        self.key[of], self.count[of] = key[run[ends]], after[ends]
        return run, before, after


class TrainSums:
    """Sums over the spike trains of a group, from which `statistics` makes CV, LV, Fano factor and sparseness.

    One pass, memory for some fifteen numbers a neuron and three a trial, however many spikes. Events come in blocks of
    at most ``2**BLOCK_BITS``, ordered by trial and time.
    """

    def __init__(self, trains):
        size, trials = trains.size, trains.trials
        windows = size if trains.windows > 1 else 0
        self.trains = trains
        self.spikes, self.trials_active, self.doubled = np.zeros((3, size), dtype=np.int64)
        self.pairs = np.zeros(size, dtype=np.int64)
        self.total, self.square, self.lv, self.cv2 = np.zeros((4, size))
        # what is known of each neuron's last spike
        self.last_time, self.last_interval = np.full((2, size), np.nan)
        self.by_trial, self.by_window = Runs(size), Runs(windows)
        self.window_spikes = np.zeros(windows, dtype=np.int64)
        self.trial_spikes, self.population_squares, self.trial_active = np.zeros((3, trials), dtype=np.int64)

    def add(self, trial, neuron, time):
        """Take a block of events; returns itself."""
        if neuron.size == 0:
            return self
        self.trial_spikes += np.bincount(trial, minlength=self.trains.trials)
        # Neuron and position in one number: sorting it is several times faster than a stable argsort.
        packed = (neuron.astype(np.int64) << BLOCK_BITS) | np.arange(neuron.size)
        packed.sort()
        neuron, place = packed >> BLOCK_BITS, packed & ((1 << BLOCK_BITS) - 1)
        trial, time = trial[place], time[place].astype(np.float64, copy=False)
        other = neuron[1:] != neuron[:-1]
        self.spikes += self._sum(neuron)
        fresh = self._count(neuron, other, trial, time)
        self._measure(neuron, other, fresh, time)
        return self

    def _sum(self, neuron, values=None):
        return np.bincount(neuron, weights=values, minlength=self.trains.size)

    def _count(self, neuron, other, trial, time):
        """Counts by trial and window; returns the events that are the first of their neuron in their trial."""
        trains = self.trains
        run, before, after = self.by_trial.add(neuron, other, trial)
        of = trial[run]
        # sums of whole numbers below 2**53: exact in float64
        grown = np.bincount(of, (after - before) * (after + before), minlength=trains.trials)
        self.population_squares += grown.astype(np.int64)
        new = before == 0
        fresh = run[new]
        self.trial_active += np.bincount(of[new], minlength=trains.trials)
        self.trials_active += self._sum(neuron[fresh])
        # of n spikes in a trial n − 2 end an interval that has one before it
        many = np.maximum(after, 2) - np.maximum(before, 2)
        self.pairs += self._sum(neuron[run], many).astype(np.int64)
        if trains.windows > 1:
            number = whole(time, trains.window)
            inside = number < trains.windows
            neuron = neuron[inside]
            self.window_spikes += self._sum(neuron)
            key = (trial * np.int64(trains.windows) + number)[inside]
            self.by_window.add(neuron, neuron[1:] != neuron[:-1], key)
        return fresh

    def _measure(self, neuron, other, fresh, time):
        first = _starts(other)
        last = np.append(first[1:], time.size) - 1
        of = neuron[first]
        interval = np.empty_like(time)
        np.subtract(time[1:], time[:-1], out=interval[1:])
        interval[first] = time[first] - self.last_time[of]
        interval[fresh] = np.nan
        previous = np.empty_like(interval)
        previous[1:] = interval[:-1]
        previous[first] = self.last_interval[of]
        self.last_time[of], self.last_interval[of] = time[last], interval[last]
        step = self.trains.step
        near = np.flatnonzero(interval <= step * (1 + ROUNDING))
        # a spike at the very end of the trial is in its last step
        last = self.trains.steps - 1
        at, before = (np.minimum(whole(t, step), last) for t in (time[near], time[near] - interval[near]))
        near = near[at == before]
        self.doubled += self._sum(neuron[near])

        # 0/0: two intervals of zero, which do not differ
        with np.errstate(invalid="ignore"):
            change = np.abs(interval - previous)
            previous += interval
            change /= previous
        change[change != change] = 0
        self.cv2 += self._sum(neuron, change)
        change *= change
        self.lv += self._sum(neuron, change)
        interval[fresh] = 0
        self.total += self._sum(neuron, interval)
        interval *= interval
        self.square += self._sum(neuron, interval)

    def statistics(self):
        """The measures as `TrainStatistics`."""
        trains, squares = self.trains, self.by_trial.squares
        intervals = self.spikes - self.trials_active
        n, pairs = _known(intervals, 2), _known(self.pairs, 1)
        mean = self.total / n
        with np.errstate(invalid="ignore"):
            # equal intervals: what cancels leaves 1e-8 of the mean at most
            cv = np.sqrt(np.maximum(self.square / n - mean**2, 0)) / mean
        counted = (
            (self.window_spikes, self.by_window.squares) if trains.windows > 1 else (self.spikes, squares)
        )
        return TrainStatistics(
            spikes=self.spikes,
            active_steps=self.spikes - self.doubled,
            cv=cv,
            lv=3 * self.lv / pairs,
            cv2=2 * self.cv2 / pairs,
            fano=fano_from_sums(*counted, trains.trials * trains.windows),
            lifetime=treves_rolls_from_sums(self.spikes, squares, trains.trials),
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
        Decision step, which divides the duration, and counting window of the Fano factor, s; None: the duration.

    Returns
    -------
    TrainStatistics
        Per neuron, intervals within trials only, pooled over trials: ``cv`` sd/mean of the intervals (population sd;
        NaN below two intervals), ``lv`` = 3/(n−1) Σ ((I_i − I_{i+1})/(I_i + I_{i+1}))² and ``cv2`` = mean 2|I_{i+1} −
        I_i|/(I_{i+1} + I_i) over the n−1 pairs of neighbours (NaN without a pair), ``fano`` var/mean of the counts in
        windows (population variance; NaN for a silent neuron or one window), ``lifetime`` Treves–Rolls over trials.
        Per trial: ``trial_spikes``, ``trial_active`` (neurons that fired), ``population`` Treves–Rolls over neurons.

    Raises
    ------
    InvalidInput
        `step` does not divide `duration`.

    References
    ----------
    LV: Shinomoto, Shima, Tanji, Neural Comput. 15, 2823 (2003); CV2: Holt et al., J. Neurophysiol. 75, 1806 (1996).
    """
    neuron, time = np.asarray(neuron, dtype=np.int64), np.asarray(time, dtype=float)
    trial = np.zeros_like(neuron) if trial is None else np.asarray(trial, dtype=np.int64)
    step = duration if step is None else step
    whole_steps(duration, step, where="train_statistics_kernel")
    sums = TrainSums(Trains(size, trials, duration, step, duration if window is None else window))
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


def _starts(other):
    """Positions at which something new begins, from whether each event but the first differs from the one before."""
    return np.concatenate(([0], np.flatnonzero(other) + 1))


def _known(count, least):
    return np.where(count >= least, count, np.nan)
