"""SPIKE-distance: how far apart spikes are at each moment, in units of the local inter-spike intervals."""

import numpy as np

from ..errors import InvalidInput
from ..variables import positive
from .trains import Trains, in_parts, merged

# Kinds of events beside the spikes of either side, 0 and 1.
_START, _END = -1, 2


@in_parts
def spike_distance_kernel(reference, other, *, duration):
    """SPIKE-distance of each pair of spike trains: the mean of the profile S(t) over the recording.

    S(t) = (S₁ ν₂ + S₂ ν₁) / (2 ⟨ν⟩²), with ν the present inter-spike interval of a train, ⟨ν⟩ its mean over both, and
    S₁ the distances of the previous and the following spike to the nearest one of the other train, interpolated in
    time.

    Parameters
    ----------
    reference, other : Trains
        As many of each; pair k are the trains k. Times 0 … `duration`.
    duration : float
        Length of the recording, > 0.

    Returns
    -------
    ndarray (pair,), 0 … 1
        0 for equal trains. It has no time scale: a shift counts by how large it is beside the intervals.

    Raises
    ------
    InvalidInput
        A spike before 0 or after `duration`; other numbers of trains.

    Notes
    -----
    At the edges as PySpike does it: before the first and after the last spike the interval is the time to the edge or
    the neighbouring interval, the longer of the two, the distance that of the spike next to it; a train without spikes
    counts as one with a spike at either edge. Several spikes at one time in one train are one. Two trains with no more
    than one and the same spike at the very end have the distance 0, where PySpike has 0/0.

    References
    ----------
    Kreuz, Chicharro, Houghton, Andrzejak and Mormann, Journal of Neurophysiology 109, 1457 (2013); Mulansky
    and Kreuz, SoftwareX 5, 183 (2016).
    """
    duration = positive(duration, name="duration", where="spike_distance_kernel")
    sides = [_distinct(trains, duration) for trains in (reference, other)]
    pairs = len(reference)
    # Events in order: the start of a pair, the spikes, the end.
    spikes, owner, side = merged(*sides)
    counts = sides[0].counts + sides[1].counts + 2
    pair = np.repeat(np.arange(pairs), counts)
    time, kind = np.zeros(len(pair)), np.full(len(pair), _START, dtype=np.int8)
    inside = np.arange(len(spikes)) + 2 * owner + 1
    time[inside], kind[inside] = spikes, side
    ends = np.cumsum(counts) - 1
    time[ends], kind[ends] = duration, _END
    knots = [_knots(trains, duration) for trains in sides]
    # Of each event: the place of the last knot of each train up to there.
    last = [np.cumsum(kind == s) + 2 * pair for s in (0, 1)]
    begin = np.flatnonzero((np.diff(time) > 0) & (kind[:-1] != _END))
    end = begin + 1
    intervals, at_begin, at_end = [], [], []
    for s, o in ((0, 1), (1, 0)):
        own = kind == s
        nearest = _nearest(time[own], knots[o], last[o][own])
        distance = _of_knots(nearest, sides[s], knots[o], sides[o], duration)
        knot = last[s][begin]
        interval = knots[s][knot + 1] - knots[s][knot]
        slope = (distance[knot + 1] - distance[knot]) / interval
        intervals.append(interval)
        at_begin.append(distance[knot] + slope * (time[begin] - knots[s][knot]))
        at_end.append(distance[knot] + slope * (time[end] - knots[s][knot]))
    first, second = intervals
    scale = 0.5 * (first + second) ** 2
    profile = [(s1 * second + s2 * first) / scale for s1, s2 in (at_begin, at_end)]
    area = 0.5 * (profile[0] + profile[1]) * (time[end] - time[begin])
    return np.bincount(pair[begin], weights=area, minlength=pairs) / duration


def _distinct(trains, duration):
    """Trains with each time once and, where there is no spike, one at either edge."""
    time, owner = trains.time, trains.owner
    if time.size and (time.min() < 0 or time.max() > duration):
        raise InvalidInput(
            f"spike_distance_kernel: times of spikes go from {time.min():g} to {time.max():g}, expected 0 to the "
            f"duration, {duration:g}"
        )
    kept = np.concatenate([[True], (np.diff(time) != 0) | (np.diff(owner) != 0)])[: len(time)]
    time, owner = time[kept], owner[kept]
    counts = np.bincount(owner, minlength=len(trains))
    empty = np.flatnonzero(counts == 0)
    filled = np.zeros(len(time) + 2 * len(empty))
    before = np.concatenate([[0], np.cumsum(counts == 0)])
    filled[np.arange(len(time)) + 2 * before[owner]] = time
    counts[empty] = 2
    offset = np.concatenate([[0], np.cumsum(counts)])
    filled[offset[empty] + 1] = duration
    return Trains(filled, offset)


def _knots(trains, duration):
    """Times of each train with one auxiliary spike before and one after, flat; train k begins at offset[k] + 2 k."""
    first, last = trains.offset[:-1], trains.offset[1:] - 1
    several = trains.counts > 1
    before = np.zeros(len(trains))
    after = np.full(len(trains), duration)
    t = trains.time
    before[several] = np.minimum(0.0, 2 * t[first[several]] - t[first[several] + 1])
    after[several] = np.maximum(duration, 2 * t[last[several]] - t[last[several] - 1])
    out = np.empty(len(t) + 2 * len(trains))
    out[np.arange(len(t)) + 2 * trains.owner + 1] = t
    out[first + 2 * np.arange(len(trains))] = before
    out[last + 2 * np.arange(len(trains)) + 2] = after
    return out


def _nearest(time, knots, last):
    """Distance of spikes to the nearest knot of the other train, of which `last` is the last one up to there."""
    return np.minimum(time - knots[last], knots[last + 1] - time)


def _of_knots(nearest, trains, knots_of_other, other, duration):
    """Distances of all knots: auxiliary spikes have that of the spike beside them."""
    first, last, k = trains.offset[:-1], trains.offset[1:] - 1, np.arange(len(trains))
    out = np.empty(len(nearest) + 2 * len(trains))
    out[np.arange(len(nearest)) + 2 * trains.owner + 1] = nearest
    out[first + 2 * k] = nearest[first]
    out[last + 2 * k + 2] = nearest[last]
    # After a single spike at the very start the end of the recording has a distance of its own.
    alone = np.flatnonzero((trains.counts == 1) & (trains.time[first] == 0))
    beside = other.offset[alone + 1] + 2 * alone
    out[last[alone] + 2 * alone + 2] = _nearest(duration, knots_of_other, beside)
    return out
