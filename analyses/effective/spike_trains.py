"""Spikes of a simulation or of a recording, as one layout: whatever fired them, the same estimators read them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..activity.events import BLOCK, check_events, chosen_groups, event_names, extent, values_of
from ..errors import InvalidInput, MissingVariable
from ..variables import positive, require, variable

SECONDS = {"s": 1.0, "ms": 1e-3}
# Times of a simulation are multiples of its step up to rounding: a small shift keeps them in their bin.
ROUNDING = 1e-6
# More blocks than these make a bootstrap no better.
MOST_BLOCKS = 100
# Spikes that are held, sorted by neuron; the others wait where they are, which for Dask means that they are made again.
HELD = 1 << 25


class Trains:
    """Spikes of a group, neuron by neuron: read for as many neurons at once as hold `HELD` spikes.

    Parameters
    ----------
    group : str
    trials : int
    duration : float
        Of a trial (s).
    columns : sequence of DataArray (spike,)
        Trial, neuron and time, in memory, in a file or backed by Dask.
    counts : ndarray of int (neuron,)
    """

    def __init__(self, group, trials, duration, columns, counts):
        self.group, self.trials, self.duration = group, trials, duration
        # neuron k has the spikes from ends[k] to ends[k + 1]
        self.ends = np.concatenate([[0], np.cumsum(counts)])
        self._columns = columns
        self._first, self._last, self._trial, self._time = 0, 0, None, None

    @property
    def size(self):
        """Number of neurons."""
        return len(self.ends) - 1

    def of(self, neuron):
        """Trial and time (s) of the spikes of one neuron, ordered; quick for neurons in their order."""
        if not self._first <= neuron < self._last:
            self._hold(neuron)
        part = slice(*(self.ends[neuron : neuron + 2] - self.ends[self._first]))
        return self._trial[part].astype(np.int64), self._time[part]

    def _hold(self, first):
        last = int(np.searchsorted(self.ends, self.ends[first] + HELD, side="right")) - 1
        last = max(last, first + 1)
        parts = []
        for trial, neuron, time in _blocks(self._columns):
            inside = (neuron >= first) & (neuron < last)
            parts.append((trial[inside], neuron[inside], time[inside]))
        trial, neuron, time = (np.concatenate(values) for values in zip(*parts, strict=True))
        del parts
        self._trial = self._time = None  # before as much again is taken
        if _in_order(trial, time):  # as `simulate` writes them
            neuron -= first
            order = np.argsort(neuron.astype(np.uint16) if last - first < 1 << 16 else neuron, kind="stable")
        else:
            order = np.lexsort((time, trial, neuron))
        self._first, self._last = first, last
        self._trial, self._time = trial[order], time[order].astype(float)


def recorded_spikes(
    time: ArrayLike,
    *,
    duration: float,
    neuron: ArrayLike | None = None,
    trial: ArrayLike | None = None,
    neurons: int | None = None,
    trials: int | None = None,
    units: Literal["s", "ms"] = "s",
    resolution: float | None = None,
    group: str = "recorded",
) -> xr.Dataset:
    """Lay recorded spikes out as `simulate` does, so that every analysis of spikes reads them.

    Parameters
    ----------
    time : array_like, shape (spike,)
        Times from the start of their trial, 0 ≤ time < duration, in `units`; in any order.
    duration : float
        Length of a trial in `units`, > 0; of the whole recording where it has no trials.
    neuron, trial : array_like of int, shape (spike,), optional
        Which unit fired, in which trial, counted from 0; None: all the same.
    neurons, trials : int, optional
        How many there are, silent ones included; None: up to the last that fired.
    units : {"s", "ms"}
        Of `time`, `duration` and `resolution`.
    resolution : float, optional
        Step of which all times are multiples, such as 1 ms: bins of differences are then multiples of it. None: far
        finer than what is looked at.
    group : str
        Name of the set of units, such as an area.

    Returns
    -------
    Dataset
        ``<group>_spike_trial``, ``<group>_spike_neuron``, ``<group>_spike_time`` (s), coordinate ``<group>_neuron``,
        attributes `trials`, `duration` (s) and, with a resolution, `dt` (s).

    Raises
    ------
    InvalidInput
        Times outside the trial or not finite, indices that are no whole numbers ≥ 0, unknown units, or no number of
        units where nothing fired.
    """
    where = "recorded_spikes"
    if units not in SECONDS:
        raise InvalidInput(f"{where}: units must be one of {', '.join(SECONDS)}, got {units!r}")
    time = np.asarray(time, dtype=float).reshape(-1)
    duration = positive(duration, name="duration", where=where)
    outside = ~((time >= 0) & (time < duration))
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise InvalidInput(
            f"{where}: times must be at least 0 and below the duration, {duration} {units}, "
            f"got {time[first]} at position {first}; count from the start of the trial"
        )
    neuron, neurons = _indices(neuron, neurons, len(time), name="neuron", where=where)
    trial, trials = _indices(trial, trials, len(time), name="trial", where=where)
    order = np.lexsort((neuron, time, trial))
    dim = f"{group}_spike"
    scale = SECONDS[units]
    attrs = {"trials": trials, "duration": duration * scale}
    if resolution is not None:
        attrs["dt"] = positive(resolution, name="resolution", where=where) * scale
    return xr.Dataset(
        {
            f"{dim}_trial": variable(trial[order], dim, units="1", long_name=f"trial of {group}"),
            f"{dim}_neuron": variable(neuron[order], dim, units="1", long_name=f"neuron of {group}"),
            f"{dim}_time": variable(time[order] * scale, dim, units="s", long_name="time of the spike"),
        },
        coords={f"{group}_neuron": np.arange(neurons)},
        attrs=attrs,
    )


def trains(ds, groups, *, where):
    """`Trains` of each group (None: every group with spikes that receives a synapse), checked.

    Raises
    ------
    MissingVariable
        No group has spikes, or one that was named has none.
    InvalidInput
        Times not in s or outside the trial, indices outside the group or the trials.
    """
    require(ds, where=where)
    chosen = chosen_groups(ds, groups)
    if not chosen:
        raise MissingVariable(
            f"{where}: the dataset holds no spikes; looked for <group>_spike_trial, <group>_spike_neuron and "
            f"<group>_spike_time as simulate and recorded_spikes write them"
        )
    count, duration = extent(ds, where=where)
    found = []
    for group in chosen:
        columns = [ds[name] for name in event_names(ds, group, timed=True, where=where)]
        size = ds.sizes[f"{group}_neuron"]
        counts = np.zeros(size, dtype=np.int64)
        for block in _blocks(columns):
            check_events(block, group, (count, size, duration), where=where)
            counts += np.bincount(block[1], minlength=size)
        found.append(Trains(group, count, duration, columns, counts))
    return found


def unit_coordinates(groups):
    """Coordinates ``unit_layer`` and ``unit_index`` of all neurons of a list of `Trains`, as in `firing_rates`."""
    layer = np.repeat(np.array([t.group for t in groups], dtype=str), [t.size for t in groups])
    index = np.concatenate([np.arange(t.size) for t in groups])
    return {
        "unit_layer": variable(layer, "unit", units="1", long_name="layer of the neuron"),
        "unit_index": variable(index, "unit", units="1", long_name="index of the neuron in its layer"),
    }


def _in_order(trial, time):
    """Whether spikes rise by trial, and within each by time."""
    same = trial[1:] == trial[:-1]
    return bool(((trial[1:] > trial[:-1]) | (same & (time[1:] >= time[:-1]))).all())


def _blocks(columns):
    """Values of the columns, at most `BLOCK` spikes at once; one block without spikes where there are none."""
    dim = columns[0].dims[0]
    for start in range(0, max(columns[0].size, 1), BLOCK):
        # first `isel`: of a file, or of Dask, only this part is read
        yield values_of([column.isel({dim: slice(start, start + BLOCK)}) for column in columns])


def _indices(values, limit, size, *, name, where):
    if limit is not None and (
        isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1
    ):
        raise InvalidInput(f"{where}: {name}s must be a whole number above 0, got {limit!r}")
    if values is None:
        return np.zeros(size, dtype=np.int64), 1 if limit is None else int(limit)
    values = np.asarray(values).reshape(-1)
    if values.shape != (size,):
        raise InvalidInput(f"{where}: {size} times but {len(values)} values of {name}")
    values = values if size else values.astype(np.int64)  # an empty list is one of whole numbers too
    if values.dtype.kind not in "iu" or (size and values.min() < 0):
        raise InvalidInput(
            f"{where}: {name} must be whole numbers from 0 on, got {values.dtype} {values[:3]}"
        )
    if limit is None:
        if not size:
            raise InvalidInput(f"{where}: nothing fired; say how many {name}s there are: {name}s=…")
        return values.astype(np.int64), int(values.max()) + 1
    if size and values.max() >= limit:
        raise InvalidInput(f"{where}: {name} goes to {values.max()}, but {name}s is {limit}")
    return values.astype(np.int64), int(limit)
