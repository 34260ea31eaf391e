"""Jitter of spike times on the grid of a simulation: no spike is lost, no channel has two in a step."""

import numpy as np

from .initials import stream
from .step_distributions import normal_steps

# Brian2 assigns a spike of a generator to its step with this tolerance.
_SHIFT = 1e-3


def steps_of(times, dt):
    """Return the steps in which Brian2 emits spikes of a generator, int64, of times in seconds."""
    return ((np.asarray(times) + _SHIFT * dt) / dt).astype(np.int64)


def jittered(jitter, indices, steps, *, channels, dt, length=None, trials=None):
    """Move spikes by whole steps.

    Parameters
    ----------
    jitter : Jitter
    indices : ndarray of int, shape (spike,)
        ``trial*channels + channel``.
    steps : ndarray of int, shape (spike,)
        Of emission, >= 0; no channel has two in the same.
    channels : int
        Of one trial.
    dt : float
        Step (s).
    length : int, optional
        Number of steps; spikes stay below it. Without it there is no end.
    trials : sequence, optional
        Names of the trials, by which their random numbers are chosen, so that a trial draws the same among others; a
        name that comes again draws others. Without it they are numbered from 0.

    Returns
    -------
    indices, steps : ndarray of int64, shape (spike,)
        Ordered by trial; as many spikes of each channel as before.
    """
    indices, steps = np.asarray(indices, dtype=np.int64), np.asarray(steps, dtype=np.int64)
    trial = indices // channels
    names = None if trials is None else _once_each(trials)
    found = []
    for k in np.unique(trial):
        one = np.flatnonzero(trial == k)
        # In an order of their own: what a trial draws depends on its spikes alone.
        one = one[np.lexsort((indices[one], steps[one]))]
        rng = stream(jitter.seed, f"trial {k if names is None else names[k]}")
        moved = steps[one] + normal_steps(rng, len(one), sd=jitter.sd / dt).astype(np.int64)
        moved = _settle(indices[one], _folded(moved, length), rng.random(len(one)) < 0.5, length)
        found.append((indices[one], moved))
    if not found:
        return indices, steps
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def _once_each(names):
    """The names as texts, those that come again with the number of times that they came before."""
    seen, found = {}, []
    for name in map(str, names):
        again = seen.get(name, 0)
        found.append(f"{name}, again {again}" if again else name)
        seen[name] = again + 1
    return found


def _folded(steps, length):
    """Reflect steps at the first and the last one."""
    if length is None:
        return np.abs(steps)
    period = 2 * max(length - 1, 1)
    steps = np.mod(steps, period)
    return np.minimum(np.minimum(steps, period - steps), length - 1)


def _settle(channel, steps, later, length):
    """Give each spike of a channel a step of its own: the one that it has, else the nearest that is free."""
    _, first = np.unique(np.stack([channel, steps]), axis=1, return_index=True)
    waiting = np.ones(len(steps), dtype=bool)
    waiting[first] = False
    if not waiting.any():
        return steps
    after = {(c, s): s + 1 for c, s in zip(channel[first].tolist(), steps[first].tolist(), strict=True)}
    before = {(c, s): s - 1 for c, s in after}
    steps = steps.copy()
    for k in np.flatnonzero(waiting).tolist():
        c, wanted = int(channel[k]), int(steps[k])
        high, low = _free(after, c, wanted), _free(before, c, wanted)
        up = float("inf") if length is not None and high >= length else high - wanted
        down = float("inf") if low < 0 else wanted - low
        taken = high if up < down or (up == down and later[k]) else low
        after[c, taken], before[c, taken] = taken + 1, taken - 1
        steps[k] = taken
    return steps


def _free(next_of, channel, step):
    """The first free step in a direction; the way to it is remembered, so that a crowded channel takes no longer."""
    passed = []
    while (channel, step) in next_of:
        passed.append(step)
        step = next_of[channel, step]
    for s in passed:
        next_of[channel, s] = step
    return step
