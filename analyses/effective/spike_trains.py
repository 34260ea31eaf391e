"""Spikes of a simulation or of a recording, as one layout: whatever fired them, the same estimators read them."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from ..activity.events import check_events, chosen_groups, event_names, extent
from ..errors import InvalidInput, MissingVariable
from ..variables import positive, require, variable

SECONDS = {"s": 1.0, "ms": 1e-3}
# Times of a simulation are multiples of its step up to rounding: a small shift keeps them in their bin.
ROUNDING = 1e-6
# More blocks than these make a bootstrap no better.
MOST_BLOCKS = 100


class Trains(NamedTuple):
    """Spikes of a group ordered by neuron, trial, time: neuron k has those from ``ends[k]`` to ``ends[k + 1]``."""

    group: str
    trials: int
    duration: float
    trial: np.ndarray
    time: np.ndarray
    ends: np.ndarray

    @property
    def size(self):
        """Number of neurons."""
        return len(self.ends) - 1

    def of(self, neuron):
        """Trial and time (s) of the spikes of one neuron."""
        part = slice(self.ends[neuron], self.ends[neuron + 1])
        return self.trial[part], self.time[part]


def recorded_spikes(
    time,
    *,
    duration,
    neuron=None,
    trial=None,
    neurons=None,
    trials=None,
    units="s",
    resolution=None,
    group="recorded",
):
    """Lay recorded spikes out as `simulate` does, so that every analysis of spikes reads them.

    Parameters
    ----------
    time : array_like (spike,)
        Times from the start of their trial, 0 ≤ time < duration, in `units`; in any order.
    duration : float
        Length of a trial in `units`, > 0; of the whole recording where it has no trials.
    neuron, trial : array_like of int (spike,), optional
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
        trial, neuron, time = (ds[name].values for name in event_names(ds, group, timed=True, where=where))
        size = ds.sizes[f"{group}_neuron"]
        check_events((trial, neuron, time), group, (count, size, duration), where=where)
        order = np.lexsort((time, trial, neuron))
        ends = np.searchsorted(neuron[order], np.arange(size + 1))
        found.append(
            Trains(group, count, duration, trial[order].astype(np.int64), time[order].astype(float), ends)
        )
    return found


def unit_coordinates(groups):
    """Coordinates ``unit_layer`` and ``unit_index`` of all neurons of a list of `Trains`, as in `firing_rates`."""
    layer = np.repeat(np.array([t.group for t in groups], dtype=str), [t.size for t in groups])
    index = np.concatenate([np.arange(t.size) for t in groups])
    return {
        "unit_layer": variable(layer, "unit", units="1", long_name="layer of the neuron"),
        "unit_index": variable(index, "unit", units="1", long_name="index of the neuron in its layer"),
    }


def _indices(values, limit, size, *, name, where):
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1):
        raise InvalidInput(f"{where}: {name}s must be a whole number above 0, got {limit!r}")
    if values is None:
        return np.zeros(size, dtype=np.int64), 1 if limit is None else int(limit)
    values = np.asarray(values).reshape(-1)
    if values.shape != (size,):
        raise InvalidInput(f"{where}: {size} times but {len(values)} values of {name}")
    values = values if size else values.astype(np.int64)  # an empty list is one of whole numbers too
    if values.dtype.kind not in "iu" or (size and values.min() < 0):
        raise InvalidInput(f"{where}: {name} must be whole numbers from 0 on, got {values.dtype} {values[:3]}")
    if limit is None:
        if not size:
            raise InvalidInput(f"{where}: nothing fired; say how many {name}s there are: {name}s=…")
        return values.astype(np.int64), int(values.max()) + 1
    if size and values.max() >= limit:
        raise InvalidInput(f"{where}: {name} goes to {values.max()}, but {name}s is {limit}")
    return values.astype(np.int64), int(limit)
