"""Spikes of two simulations as trains, some trials at a time: from memory, a file or Dask, never as a whole."""

from dataclasses import dataclass

import numpy as np

from ..activity.events import BLOCK, check_events, event_names, extent, values_of
from ..errors import InvalidInput
from ..variables import require
from .trains import Trains

# Spikes of both sides that are sorted into trains at once.
TOGETHER = 1 << 20


@dataclass(frozen=True)
class GroupSpikes:
    """Spikes of one group of a simulation, ordered by trial.

    Parameters
    ----------
    neuron, time : DataArray (spike,)
        Read when they are asked for.
    offset : ndarray of int (trial + 1,)
        Spikes of trial k are ``offset[k]`` … ``offset[k + 1] − 1``.
    size : int
        Neurons.
    name, where : str
        Group and who asks, for error messages.
    duration : float
        Of a trial (s).
    """

    neuron: object
    time: object
    offset: np.ndarray
    size: int
    name: str
    where: str
    duration: float

    @classmethod
    def of(cls, ds, group, reference, *, where):
        """Of a group of `ds` that has as many neurons in `reference`.

        Raises
        ------
        MissingVariable
            Its spikes were not recorded.
        InvalidInput
            Another number of neurons; a trial out of range; backed by Dask and not ordered by trial. In memory what is
            not ordered is sorted.
        """
        require(reference, f"{group}_neuron", where=where)
        names = event_names(ds, group, timed=True, where=where)
        size, expected = ds.sizes[f"{group}_neuron"], reference.sizes[f"{group}_neuron"]
        if size != expected:
            raise InvalidInput(
                f"{where}: {group} has {expected} neurons in the reference and {size} in the other; compare "
                f"simulations of networks of one size"
            )
        trials, duration = extent(ds, where=where)
        trial, neuron, time = (ds[name] for name in names)
        counts, ordered = _counted(trial, trials, group, where=where)
        if not ordered:
            if trial.chunks is not None:
                raise InvalidInput(
                    f"{where}: the spikes of {group!r} are not ordered by trial, which a dataset backed by Dask must "
                    f"be: sort them, or load() the dataset"
                )
            order = {trial.dims[0]: np.argsort(trial.values, kind="stable")}
            neuron, time = neuron.isel(order), time.isel(order)
        offset = np.concatenate([[0], np.cumsum(counts)])
        return cls(neuron, time, offset, size, group, where, duration)

    def read(self, first, last):
        """Neuron and time of the spikes of the trials first … last − 1, checked; ndarrays."""
        part = {self.time.dims[0]: slice(int(self.offset[first]), int(self.offset[last]))}
        # first `isel`: of a file, or of Dask, only this part is read
        neuron, time = values_of([self.neuron.isel(part), self.time.isel(part)])
        check_events((neuron[:0], neuron, time), self.name, (1, self.size, self.duration), where=self.where)
        return neuron, time

    def spike_counts(self):
        """Spikes of each neuron over all trials, ndarray of int (neuron,)."""
        counts = np.zeros(self.size, np.int64)
        for start in range(0, int(self.offset[-1]), BLOCK):
            part = {self.neuron.dims[0]: slice(start, start + BLOCK)}
            (neuron,) = values_of([self.neuron.isel(part)])
            check_events((neuron[:0], neuron), self.name, (1, self.size), where=self.where)
            counts += np.bincount(neuron, minlength=self.size)
        return counts


def blocks(events, trials):
    """Yield (first, last) of runs of trials, as many as hold `TOGETHER` spikes of both sides, at least one."""
    spikes = sum(group.offset for side in events for group in side)
    first = 0
    while first < trials:
        last = int(np.searchsorted(spikes, spikes[first] + TOGETHER, side="right")) - 1
        last = min(max(last, first + 1), trials)
        yield first, last
        first = last


def trains_of(groups, first, last):
    """Trains of the trials first … last − 1, in each trial neuron by neuron, one group after the other."""
    width = sum(group.size for group in groups)
    times, trains, before = [], [], 0
    for group in groups:
        neuron, time = group.read(first, last)
        trial = np.repeat(np.arange(last - first), np.diff(group.offset[first : last + 1]))
        times.append(time)
        trains.append(trial * width + before + neuron)
        before += group.size
    return Trains.from_events(np.concatenate(times), np.concatenate(trains), (last - first) * width)


def _counted(trial, trials, group, *, where):
    """Spikes of each trial, and whether they are ordered by trial."""
    counts, ordered, last = np.zeros(trials, np.int64), True, -1
    for start in range(0, trial.size, BLOCK):
        (values,) = values_of([trial.isel({trial.dims[0]: slice(start, start + BLOCK)})])
        check_events((values, values[:0]), group, (trials, 1), where=where)
        counts += np.bincount(values, minlength=trials)
        ordered &= bool(values[0] >= last and (values[1:] >= values[:-1]).all())
        last = values[-1]
    return counts, ordered
