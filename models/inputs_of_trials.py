"""Inputs of a network, trial by trial: what its spike generators emit and what its TimedArrays hold."""

from dataclasses import dataclass, replace

import numpy as np

from .description import Array, SpikeGeneratorDescription
from .stimuli import named, with_stimulus


@dataclass(frozen=True, eq=False)
class Events:
    """Spikes of a generator: those of trial k are ``[offsets[k]:offsets[k + 1]]`` of `indices` and `times`.

    Attributes
    ----------
    offsets : ndarray of int64, shape (trial + 1,)
        Two values where all trials are alike.
    indices : ndarray of int32
        Neuron within one trial.
    times : ndarray
        Seconds.
    """

    offsets: np.ndarray
    indices: np.ndarray
    times: np.ndarray

    def of(self, trial):
        """Return indices and times of one trial."""
        k = 0 if len(self.offsets) == 2 else trial
        part = slice(self.offsets[k], self.offsets[k + 1])
        return self.indices[part], self.times[part]


@dataclass(frozen=True, eq=False)
class TrialInputs:
    """What the inputs of a network do in each trial.

    Attributes
    ----------
    spikes : dict of str to Events
        By spike generator.
    tables : dict of str to ndarray, shape (trial, row) or (trial, row, column)
        By TimedArray; one trial where all are alike.
    """

    spikes: dict
    tables: dict

    def put(self, description, trials):
        """Return a description of `len(trials)` copies side by side with the inputs of these trials.

        Parameters
        ----------
        description : NetworkDescription
            Tiled ``len(trials)`` times.
        trials : sequence of int
        """
        groups = []
        for g in description.groups:
            if isinstance(g, SpikeGeneratorDescription):
                size, parts = g.size // len(trials), [self.spikes[g.name].of(k) for k in trials]
                indices = np.concatenate([i + n * size for n, (i, _) in enumerate(parts)])
                times = np.concatenate([t for _, t in parts])
                order = np.lexsort((indices, times))
                g = replace(g, indices=indices[order].astype(np.int32), times=times[order])
            groups.append(g)
        timed = []
        for t in description.timed_arrays:
            values = self.tables[t.name]
            # What is alike in all trials was tiled with the network.
            if len(values) > 1 or len(trials) == 1:
                # One row a step, trials side by side.
                values = np.moveaxis(values[list(trials) if len(values) > 1 else [0]], 0, 1)
                shape = (len(values), -1) if values.ndim == 3 else (-1,)
                t = replace(t, array=Array(values.reshape(shape), t.array.dimensions))
            timed.append(t)
        return replace(description, groups=tuple(groups), timed_arrays=tuple(timed))


def trial_inputs(description, stimulus, trials, step):
    """Return the inputs of each trial, a stimulus checked and put in where there is one.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    stimulus : DataArray or dict of str to DataArray or None
        As in `simulate`.
    trials : int
    step : float
        Of the stimulus (s).

    Returns
    -------
    TrialInputs

    Raises
    ------
    StimulusError, TypeError, ValueError
        As `with_stimulus`.
    """
    generators = [g for g in description.groups if isinstance(g, SpikeGeneratorDescription)]
    spikes = {g.name: Events(np.array([0, len(g.times)]), *_by_time(g.indices, g.times)) for g in generators}
    tables = {t.name: t.array.values[None] for t in description.timed_arrays}
    if stimulus is None:
        return TrialInputs(spikes, tables)
    replaced = set(named(description, stimulus))
    wide = with_stimulus(_side_by_side(description, replaced, trials), stimulus, step=step)
    for g in generators:
        new = wide.group(g.name)
        trial, neuron = np.divmod(new.indices, g.size)
        order = np.lexsort((neuron, new.times, trial))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(trial, minlength=trials))])
        spikes[g.name] = Events(offsets, neuron[order].astype(np.int32), np.asarray(new.times)[order])
    for t in wide.timed_arrays:
        if t.name in replaced:
            rows = t.array.values
            tables[t.name] = np.moveaxis(rows.reshape(len(rows), trials, -1), 1, 0)
    return TrialInputs(spikes, tables)


def _by_time(indices, times):
    order = np.lexsort((indices, times))
    return np.asarray(indices)[order], np.asarray(times)[order]


def _side_by_side(description, replaced, trials):
    """The inputs of all trials side by side; the rest as it is, since no stimulus changes it."""
    groups = []
    for g in description.groups:
        if isinstance(g, SpikeGeneratorDescription):
            trial = np.repeat(np.arange(trials), len(g.indices))
            indices, times = np.tile(g.indices, trials) + trial * g.size, np.tile(g.times, trials)
            g = replace(g, indices=indices.astype(np.int32), times=times)
        groups.append(replace(g, size=g.size * trials))
    timed = [
        replace(t, array=Array(np.tile(t.array.values, (1, trials)), t.array.dimensions))
        if t.name in replaced
        else t
        for t in description.timed_arrays
    ]
    return replace(description, groups=tuple(groups), synapses=(), timed_arrays=tuple(timed), trials=trials)
