"""Firing rates and silent neurons, counted from a simulation's spikes."""

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..variables import attribute, positive, require, variable


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


def firing_rates(ds, groups=None, *, dt_ref=None):
    """Mean firing rate of each neuron over all trials: spikes / (trials · duration).

    Parameters
    ----------
    ds : Dataset
        A simulation: ``<group>_spike_trial``, ``<group>_spike_neuron``, ``<group>_neuron``; attributes
        `trials`, `duration` (s), `dt_ref` (s).
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
        A spike names a neuron or a trial that is not there.
    """
    where = "firing_rates"
    require(ds, where=where)
    chosen = spiking_groups(ds) if groups is None else list(groups)
    trials, duration = extent(ds, where=where)
    step = decision_step(ds, dt_ref, where=where)
    counts = [spike_counts(ds, group, where=where).sum(axis=0) for group in chosen]
    count = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
    rate = count / (trials * duration)
    return xr.Dataset(
        {
            "firing_rate": variable(rate, "unit", units="Hz", long_name="mean firing rate"),
            "spikes_per_step": variable(
                rate * step, "unit", units="1", long_name="spikes per decision step", dt_ref=step
            ),
            "silent": variable(count == 0, "unit", units="1", long_name="no spike in any trial"),
        },
        coords={
            "unit_layer": variable(
                np.repeat(np.asarray(chosen, dtype=str), [len(c) for c in counts]),
                "unit",
                units="1",
                long_name="layer of the neuron",
            ),
            "unit_index": variable(
                np.concatenate([np.arange(len(c)) for c in counts] or [np.zeros(0, int)]),
                "unit",
                units="1",
                long_name="index of the neuron in its layer",
            ),
        },
    )


def spiking_groups(ds):
    """Names of groups with recorded spikes that receive a synapse (if there is none: all with spikes)."""
    recorded = [
        str(name).removesuffix("_spike_neuron")
        for name in ds.variables
        if str(name).endswith("_spike_neuron")
    ]
    if "target" not in ds.coords or ds["target"].size == 0:
        return recorded
    targets = set(ds["target"].values.tolist())
    return [group for group in recorded if group in targets]


def spike_counts(ds, group, *, where):
    """Spikes of each neuron of `group` in each trial, int64 (trial, neuron).

    Raises
    ------
    MissingVariable
        The group's spikes were not recorded.
    InvalidInput
        An index is outside the group or the trials.
    """
    neuron_name, trial_name = f"{group}_spike_neuron", f"{group}_spike_trial"
    if neuron_name not in ds.variables or trial_name not in ds.variables:
        recorded = sorted(
            str(n).removesuffix("_spike_neuron") for n in ds.variables if str(n).endswith("_spike_neuron")
        )
        raise MissingVariable(
            f"{where}: no spikes of {group!r}; recorded are {', '.join(recorded) or 'none'}; "
            f"simulate with record={{{group!r}: ['spikes']}} or leave record out"
        )
    require(ds, f"{group}_neuron", where=where)
    trials, _ = extent(ds, where=where)
    size = ds.sizes[f"{group}_neuron"]
    neuron, trial = ds[neuron_name].values, ds[trial_name].values
    for values, limit, what in ((neuron, size, "neuron"), (trial, trials, "trial")):
        if values.size and (values.min() < 0 or values.max() >= limit):
            raise InvalidInput(
                f"{where}: {group}_spike_{what} goes from {values.min()} to {values.max()}, "
                f"expected 0 to {limit - 1}"
            )
    return count_kernel(neuron, size=size, trial=trial, trials=trials)


def extent(ds, *, where):
    """Number of trials (int) and duration of one (s) of a simulation, from its attributes."""
    remedy = "is it what simulate returned?"
    trials = attribute(ds, "trials", where=where, remedy=remedy)
    return int(trials), attribute(ds, "duration", where=where, remedy=remedy)


def decision_step(ds, dt_ref, *, where):
    """Decision step in s: `dt_ref` if given, else the attribute of the dataset."""
    if dt_ref is not None:
        return positive(dt_ref, name="dt_ref", where=where)
    return attribute(ds, "dt_ref", where=where, remedy="give the decision step in seconds: dt_ref=0.004")
