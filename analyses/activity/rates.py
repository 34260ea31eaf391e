"""Firing rates and silent neurons, counted from a simulation's spikes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..variables import attribute, positive, require, variable
from .events import chosen_groups, event_names, extent, fold_events, join
from .trains import whole_steps


def count_kernel(neuron, *, size, trial=None, trials=1):
    """Number of spikes of each neuron in each trial.

    Parameters
    ----------
    neuron : ndarray of int (spike,), values 0 … size − 1
    size : int
        Number of neurons.
    trial : ndarray of int (spike,), optional
        Trial of each spike; None: all in one.
    trials : int

    Returns
    -------
    ndarray of int64 (trials, size)
    """
    row = 0 if trial is None else np.asarray(trial, dtype=np.int64)
    place = row * size + np.asarray(neuron, dtype=np.int64)
    return np.bincount(place, minlength=trials * size).reshape(trials, size)


def firing_rates(
    ds: xr.Dataset, groups: Sequence[str] | None = None, *, dt_ref: float | None = None
) -> xr.Dataset:
    """Mean firing rate of each neuron over all trials: spikes / (trials · duration).

    Parameters
    ----------
    ds : Dataset
        A simulation: ``<group>_spike_trial``, ``<group>_spike_neuron``, ``<group>_neuron``; attributes
        `trials`, `duration` (s), `dt_ref` (s). Where it is backed by Dask, so is the result.
    groups : sequence of str, optional
        None: every group with spikes that receives a synapse (inputs receive none); in a network without
        synapses, every group with spikes.
    dt_ref : float, optional
        Decision step in s; None: the attribute.

    Returns
    -------
    Dataset
        ``firing_rate (unit)`` in Hz, ``spikes_per_step (unit)`` (spikes per `dt_ref`), ``silent (unit)``
        (bool: not one spike in any trial), with the coordinates ``unit_layer`` and ``unit_index``.

    Raises
    ------
    MissingVariable
        A group was not recorded, or an attribute is missing.
    InvalidInput
        A spike names a neuron or a trial that is not there, or `groups` a group twice.
    """
    where = "firing_rates"
    require(ds, where=where)
    chosen = chosen_groups(ds, groups, where=where)
    trials, duration = extent(ds, where=where)
    step = decision_step(ds, dt_ref, where=where)
    count = join([neuron_counts(ds, group, where=where) for group in chosen])
    return xr.Dataset(rate_variables(count, trials * duration, step), coords=unit_coords(ds, chosen))


def rate_variables(count, time, step):
    """The variables of `firing_rates` from the spikes of each neuron, the time (s) and the decision step (s)."""
    rate = count / time
    return {
        "firing_rate": variable(rate, "unit", units="Hz", long_name="mean firing rate"),
        "spikes_per_step": variable(
            rate * step, "unit", units="1", long_name="spikes per decision step", dt_ref=step
        ),
        "silent": variable(count == 0, "unit", units="1", long_name="no spike in any trial"),
    }


def unit_coords(ds, groups):
    """Coordinates ``unit_layer`` and ``unit_index`` of all neurons of `groups`, one group after the other."""
    sizes = [ds.sizes[f"{group}_neuron"] for group in groups]
    return {
        "unit_layer": variable(
            np.repeat(np.asarray(groups, dtype=str), sizes),
            "unit",
            units="1",
            long_name="layer of the neuron",
        ),
        "unit_index": variable(
            np.concatenate([np.arange(size) for size in sizes] or [np.zeros(0, int)]),
            "unit",
            units="1",
            long_name="index of the neuron in its layer",
        ),
    }


def neuron_counts(ds, group, *, where):
    """Spikes of each neuron of `group` over all trials, int64 (neuron,); of Dask where the events are."""
    size = size_of(ds, group, where=where)

    def add(count, trial, neuron, time):
        return count + np.bincount(neuron, minlength=size)

    (count,) = fold_events(
        ds,
        group,
        lambda: np.zeros(size, dtype=np.int64),
        add,
        lambda count: (count,),
        [((size,), np.int64)],
        where=where,
        timed=False,
    )
    return count


def trial_sums(ds, group, weights, *, where):
    """Spikes of each trial, and Σ over them of the neuron's weight, both int64 (trial,); of Dask where the events are.

    `weights` are whole numbers (neuron,), such as synapses of each neuron.
    """
    trials, _ = extent(ds, where=where)

    def add(sums, trial, neuron, time):
        trial = trial.astype(np.int64)
        # whole numbers below 2**53 in float64: exact
        weighted = np.bincount(trial, weights[neuron], minlength=trials).astype(np.int64)
        return sums + np.stack([np.bincount(trial, minlength=trials), weighted])

    return fold_events(
        ds,
        group,
        lambda: np.zeros((2, trials), dtype=np.int64),
        add,
        tuple,
        [((trials,), np.int64)] * 2,
        where=where,
        timed=False,
    )


def size_of(ds, group, *, where):
    """Number of neurons of `group`, whose spikes must have been recorded."""
    event_names(ds, group, timed=False, where=where)
    return ds.sizes[f"{group}_neuron"]


def decision_step(ds, dt_ref, *, where):
    """Decision step in s: `dt_ref` if given, else the attribute of the dataset."""
    if dt_ref is not None:
        return positive(dt_ref, name="dt_ref", where=where)
    return attribute(ds, "dt_ref", where=where, remedy="give the decision step in seconds: dt_ref=0.004")


def decision_steps(ds, dt_ref, *, where):
    """Decision step in s, as of `decision_step`, and how many there are in a trial, int.

    Raises
    ------
    InvalidInput
        The steps do not fill the trial.
    """
    _, duration = extent(ds, where=where)
    step = decision_step(ds, dt_ref, where=where)
    return step, whole_steps(duration, step, where=where)
