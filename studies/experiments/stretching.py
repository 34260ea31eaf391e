"""A task that is played slower or faster at the same step: everything in it lasts longer or shorter."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..task import SPLITS, make_split


class StretchError(ValueError):
    """A task that cannot be played at that speed."""


def stretched(task, factor):
    """The task with everything lasting `factor` times as long, at the same time step.

    A spike of step t comes in step floor(t · factor); the label of step k is that of step floor(k/factor). Below 1
    spikes of one channel may fall on one step, and are one there.

    Parameters
    ----------
    task : Task
        Of spikes.
    factor : float
        > 0.

    Returns
    -------
    task : Task
        The same one for a factor of 1, else one whose name ends in ``_stretched_FACTOR``; without `signal`.
    merged : float
        Share of the training spikes that fell on another one.

    Raises
    ------
    StretchError
        A task of currents, a factor that is not above 0, or one that leaves fewer than 2 steps.
    """
    if not (np.isfinite(factor) and factor > 0):
        raise StretchError(f"stretch: expected a number > 0, got {factor!r}")
    if factor == 1:
        return task, 0.0
    if task.train.stimulus.dtype.kind == "f":
        raise StretchError(
            f"stretch: the task {task.name!r} has currents, only spikes can be moved; leave stretch at 1"
        )
    found = {name: _split(task, name, factor) for name in SPLITS}
    before, after = (int(ds.stimulus.sum()) for ds in (task.train, found["train"]))
    description = f"{task.description}; everything lasts {factor:g} times as long"
    name = f"{task.name}_stretched_{factor:g}"
    # What encoded the leads would encode them at the first speed.
    made = dataclasses.replace(task, name=name, description=description, encoder=None, **found)
    return made, 1 - after / before


def _split(task, name, factor):
    split = getattr(task, name)
    steps = int(np.floor(split.sizes["time"] * factor))
    if steps < 2:
        raise StretchError(
            f"stretch: {factor:g} leaves {steps} steps of {split.sizes['time']}; give a larger one"
        )
    old = split.stimulus.values
    trial, time, channel = np.nonzero(old)
    moved = np.floor(time * factor).astype(int)
    kept = moved < steps
    stimulus = np.zeros((old.shape[0], steps, old.shape[2]), old.dtype)
    stimulus[trial[kept], moved[kept], channel[kept]] = 1
    label = split.label.values
    if label.ndim == 2:
        label = label[:, np.floor(np.arange(steps) / factor).astype(int)]
    return make_split(stimulus, label, dt=task.dt, trial=split.trial.values, channel=split.channel.values)
