"""Many spike trains in two flat arrays, and what two sets of them have in common and apart, pair by pair."""

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidInput

# Spikes that a kernel takes at once: they and its temporaries stay in the cache (2**16 to 2**18 were fastest).
TOGETHER = 1 << 17
# Bits for the place of an event beside the number of its train.
_PLACE_BITS = 32


@dataclass(frozen=True, eq=False)
class Trains:
    """Spike trains laid end to end.

    Parameters
    ----------
    time : ndarray of float (spike,)
        Times of the spikes (s, or any unit that all arguments of a kernel share), ascending within each train.
    offset : ndarray of int (train + 1,)
        Train k is ``time[offset[k] : offset[k + 1]]``.

    Raises
    ------
    InvalidInput
        Offsets that do not fit, times that are not finite or not ascending within a train.
    """

    time: np.ndarray
    offset: np.ndarray

    def __post_init__(self):
        time, offset = np.asarray(self.time, dtype=float), np.asarray(self.offset, dtype=np.int64)
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "offset", offset)
        if offset.ndim != 1 or not offset.size or offset[0] != 0 or offset[-1] != len(time):
            raise InvalidInput(
                f"Trains: offsets must go from 0 to the number of spikes, {len(time)}, got {offset}"
            )
        if (np.diff(offset) < 0).any():
            raise InvalidInput("Trains: offsets must ascend")
        if not np.isfinite(time).all():
            raise InvalidInput("Trains: times of spikes must be finite numbers")
        falls = np.flatnonzero(np.diff(time) < 0) + 1
        inside = falls[~np.isin(falls, offset)]
        if inside.size:
            train = int(np.searchsorted(offset, inside[0], side="right")) - 1
            raise InvalidInput(
                f"Trains: times must ascend within a train, but in train {train} {time[inside[0]]:g} follows "
                f"{time[inside[0] - 1]:g}; sort them"
            )

    def __len__(self):
        return len(self.offset) - 1

    @classmethod
    def from_lists(cls, trains):
        """Lay trains, a sequence of arrays of ascending times, end to end."""
        arrays = [np.asarray(train, dtype=float).ravel() for train in trains]
        offset = np.concatenate([[0], np.cumsum([len(a) for a in arrays], dtype=np.int64)])
        return cls(np.concatenate([np.zeros(0), *arrays]), offset)

    @classmethod
    def from_events(cls, time, train, count):
        """Sort events into trains.

        Parameters
        ----------
        time : ndarray of float (spike,)
        train : ndarray of int (spike,), values 0 … count − 1
        count : int
            Number of trains; those without events are empty.
        """
        time, train = np.asarray(time, dtype=float), np.asarray(train, dtype=np.int64)
        offset = np.concatenate([[0], np.cumsum(np.bincount(train, minlength=count))])
        if len(time) < 1 << _PLACE_BITS and count < 1 << (63 - _PLACE_BITS):
            # a train and a place in one number: a plain sort is a stable one, and several times as fast
            order = np.sort(train << _PLACE_BITS | np.arange(len(time))) & ((1 << _PLACE_BITS) - 1)
            moved = time[order]
            falls = np.flatnonzero(np.diff(moved) < 0) + 1
            # where trains begin time may fall
            if (offset[np.searchsorted(offset, falls)] == falls).all():
                return cls(moved, offset)
        return cls(time[np.argsort(train + 1j * time, kind="stable")], offset)

    @property
    def counts(self):
        """Spikes of each train, ndarray of int (train,)."""
        return np.diff(self.offset)

    @property
    def owner(self):
        """Train of each spike, ndarray of int (spike,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    def part(self, first, last):
        """Trains first … last − 1."""
        low, high = self.offset[first], self.offset[last]
        return self._of(self.time[low:high], self.offset[first : last + 1] - low)

    @classmethod
    def _of(cls, time, offset):
        """Of arrays that are known to be trains: they are not checked again."""
        made = object.__new__(cls)
        object.__setattr__(made, "time", time)
        object.__setattr__(made, "offset", offset)
        return made


def in_parts(kernel, *, times=1):
    """Let a kernel of pairs of trains work through them in parts, so that its memory does not grow with their number.

    ``kernel(reference, other, **options)`` returns an array with one value for each pair, or a tuple of them. A part
    has `times` times `TOGETHER` spikes.
    """

    def whole(reference, other, **options):
        if len(reference) != len(other):
            raise InvalidInput(
                f"{kernel.__name__}: trains are compared pair by pair, got {len(reference)} and {len(other)} of them"
            )
        # Empty trains cost room too: two places each.
        load = reference.offset + other.offset + 4 * np.arange(len(reference) + 1)
        cuts = np.searchsorted(load, np.arange(times * TOGETHER, load[-1], times * TOGETHER))
        cuts = np.unique(np.concatenate([[0], cuts, [len(reference)]]))
        if len(cuts) < 3:
            return kernel(reference, other, **options)
        found = [
            kernel(reference.part(a, b), other.part(a, b), **options)
            for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        ]
        if isinstance(found[0], tuple):
            return tuple(np.concatenate(values) for values in zip(*found, strict=True))
        return np.concatenate(found)

    whole.__name__, whole.__doc__, whole.__wrapped__ = kernel.__name__, kernel.__doc__, kernel
    return whole


def merged(reference, other):
    """All spikes of each pair in order of time.

    Returns
    -------
    time : ndarray of float (event,)
    pair : ndarray of int (event,)
    side : ndarray of int8 (event,)
        0 of `reference`, which comes first where both spike at one time, 1 of `other`.
    """
    counts = reference.counts + other.counts
    pair = np.repeat(np.arange(len(reference)), counts)
    # Both trains of a pair beside each other: two ascending runs, which a stable sort merges.
    of_reference = np.arange(len(reference.time)) + np.repeat(other.offset[:-1], reference.counts)
    of_other = np.arange(len(other.time)) + np.repeat(reference.offset[1:], other.counts)
    key = np.empty(len(pair), dtype=complex)
    key.real = pair
    key.imag[of_reference] = reference.time
    key.imag[of_other] = other.time
    side = np.zeros(len(pair), dtype=np.int8)
    side[of_other] = 1
    # Complex numbers are sorted by their real part, then by their imaginary part.
    order = np.argsort(key, kind="stable")
    return key.imag[order], pair, side[order]


def apart(reference, other):
    """What is left of `merged` when spikes at exactly one time in both trains of a pair are taken out, one for one.

    Returns
    -------
    time, pair, side : ndarray (event,)
    """
    time, pair, side = merged(reference, other)
    if not time.size:
        return time, pair, side
    first = np.concatenate([[True], (np.diff(time) != 0) | (np.diff(pair) != 0)])
    group = np.cumsum(first) - 1
    of_other = np.bincount(group, weights=side, minlength=group[-1] + 1).astype(np.int64)
    size = np.bincount(group)
    both = np.minimum(of_other, size - of_other)
    if not both.any():
        return time, pair, side
    # Within one time the reference's spikes stand first: the first `both` of each side go.
    place = np.arange(len(time)) - np.flatnonzero(first)[group]
    place = np.where(side == 1, place - (size - of_other)[group], place)
    kept = place >= both[group]
    return time[kept], pair[kept], side[kept]


def segments(time, pair, gap):
    """Number events by segments: within a segment events of one pair follow each other by no more than `gap`.

    Returns
    -------
    ndarray of int (event,)
        From 0, ascending.
    """
    if not time.size:
        return np.zeros(0, dtype=np.int64)
    new = (np.diff(time) > gap) | (np.diff(pair) != 0)
    return np.concatenate([[0], np.cumsum(new)])
