"""Distances between spike trains with a time scale: van Rossum and Victor–Purpura."""

import numpy as np

from ..errors import InvalidInput
from ..variables import positive
from .trains import apart, in_parts, segments

# Columns of the blocks in which a decaying sum is taken, and numbers of a table of costs that stay in the cache.
_BLOCK = 64
_CELLS = 1 << 16


@in_parts
def van_rossum_kernel(reference, other, *, tau):
    """Van Rossum distance of each pair of spike trains: D² = (2/τ) ∫ (f − g)² dt.

    f and g are the trains with each spike a jump by one that decays as exp(−t/τ), so that D is 1 between no spike and
    one, √2 between two spikes far apart and 0 between equal trains. After event k the difference f − g is s_k, which
    decays until the next, δ_k later: D² = Σ s_k² (1 − exp(−2 δ_k/τ)), a sum without cancellation in O(n).

    Parameters
    ----------
    reference, other : Trains
        As many of each; pair k are the trains k.
    tau : float
        Time constant of the decay, > 0, in the unit of the times. Small: counts spikes that do not coincide; large:
        difference of the numbers of spikes.

    Returns
    -------
    ndarray (pair,), ≥ 0
        Spikes at one time in both trains cancel; several spikes at one time in one train add up. The decay goes on
        after the end of the recording.

    Raises
    ------
    InvalidInput
        `tau` is not positive; other numbers of trains.

    References
    ----------
    van Rossum, Neural Computation 13, 751 (2001), times √2 (the normalisation of elephant); Houghton and Kreuz,
    Network 23, 48 (2012), for the recursion.
    """
    tau = positive(tau, name="tau", where="van_rossum_kernel")
    time, pair, side = apart(reference, other)
    if not time.size:
        return np.zeros(len(reference))
    follows = np.diff(pair) == 0
    # NaN-free where a pair ends: an endless wait
    wait = np.where(follows, np.diff(time), np.inf) / tau
    decay = np.concatenate([[0.0], np.exp(-wait)])
    state = decaying_sum(decay, 1.0 - 2.0 * side)
    share = -np.expm1(-2 * np.concatenate([wait, [np.inf]]))
    return np.sqrt(np.bincount(pair, weights=state**2 * share, minlength=len(reference)))


def decaying_sum(decay, jump):
    """s_k = decay_k s_{k−1} + jump_k with s_{−1} = 0, in blocks side by side.

    Parameters
    ----------
    decay, jump : ndarray (n,)
        Decays 0 … 1; 0 begins anew.

    Returns
    -------
    ndarray (n,)
    """
    n = len(jump)
    if n <= _BLOCK:
        out, state = np.empty(n), 0.0
        for k in range(n):
            state = decay[k] * state + jump[k]
            out[k] = state
        return out
    rows = -(-n // _BLOCK)
    table = np.zeros((2, rows * _BLOCK))
    table[0, :n], table[1, :n] = decay, jump
    product, state = np.ascontiguousarray(table.reshape(2, rows, _BLOCK).transpose(0, 2, 1))
    for k in range(1, _BLOCK):
        state[k] += product[k] * state[k - 1]
        product[k] *= product[k - 1]
    # The same recursion over the blocks gives the state that each one begins with.
    before = np.concatenate([[0.0], decaying_sum(product[-1], state[-1])[:-1]])
    return (state + product * before).T.ravel()[:n]


@in_parts
def victor_purpura_kernel(reference, other, *, cost):
    """Victor–Purpura distance of each pair of spike trains: the least cost of turning one into the other.

    A spike is inserted or deleted for 1, moved by Δt for `cost` · \\|Δt\\|; none is moved by more than 2/`cost`.

    Parameters
    ----------
    reference, other : Trains
        As many of each; pair k are the trains k.
    cost : float
        Cost of a move per unit of time, ≥ 0 and finite. 0: the difference of the numbers of spikes; large: the number
        of spikes that do not coincide exactly.

    Returns
    -------
    ndarray (pair,), ≥ 0, at most the number of spikes of both

    Raises
    ------
    InvalidInput
        `cost` is negative or not finite; other numbers of trains.

    Notes
    -----
    Spikes at one time in both trains stay where they are (the cost of a move obeys the triangle inequality), and no
    move crosses a gap longer than 2/`cost`: the pairs fall apart into short segments, each solved by the dynamic
    programme of the paper, many at once. A train that has no such gaps takes O(n²).

    References
    ----------
    Victor and Purpura, Journal of Neurophysiology 76, 1310 (1996), D^spike[q] with q = `cost`.
    """
    cost = float(cost)
    if not (np.isfinite(cost) and cost >= 0):
        raise InvalidInput(f"victor_purpura_kernel: cost must be a finite number >= 0, got {cost!r}")
    if cost == 0:
        return np.abs(reference.counts - other.counts).astype(float)
    time, pair, side = apart(reference, other)
    out = np.zeros(len(reference))
    if not time.size:
        return out
    segment = segments(time, pair, 2 / cost)
    # Of each segment: where the spikes of the longer and of the shorter train begin, and how many they are.
    time_of = (time[side == 0] * cost, time[side == 1] * cost)
    number = [np.bincount(segment[side == s], minlength=segment[-1] + 1) for s in (0, 1)]
    begin = [np.concatenate([[0], np.cumsum(n)[:-1]]) for n in number]
    swap = number[1] > number[0]
    long = np.where(swap, number[1], number[0])
    short = np.where(swap, number[0], number[1])
    found = long.astype(float)
    todo = np.flatnonzero(short)
    todo = todo[np.lexsort((short[todo], long[todo]))]
    both = np.concatenate(time_of)
    shift = len(time_of[0])
    begin_long = np.where(swap, begin[1] + shift, begin[0])
    begin_short = np.where(swap, begin[0], begin[1] + shift)
    first = 0
    while first < len(todo):
        last = _end_of_batch(long, todo, first)
        these = todo[first:last]
        found[these] = _costs(both, begin_long[these], long[these], begin_short[these], short[these])
        first = last
    owner = pair[np.concatenate([[True], np.diff(segment) > 0])]
    return np.bincount(owner, weights=found, minlength=len(reference))


def _end_of_batch(long, todo, first):
    """Segments from `first` whose table of costs has about `_CELLS` numbers; they are in order of length."""
    last = min(len(todo), first + max(1, _CELLS // (long[todo[first]] + 1)))
    return max(first + 1, min(last, first + _CELLS // (long[todo[last - 1]] + 1)))


def _costs(time, begin_long, long, begin_short, short):
    """Least costs of segments; times are multiplied by the cost of a move.

    The row of costs G[i, :] follows from the row before: min(delete, move), then insertions from left to right, which
    are a running minimum of G[i, j] − j.
    """
    columns = long.max()
    step = np.arange(columns + 1.0)
    place = np.minimum(begin_long[:, None] + np.arange(columns), len(time) - 1)
    across = time[place]
    row = np.tile(step, (len(long), 1))
    out = np.empty(len(long))
    for i in range(short.max()):
        down = time[np.minimum(begin_short + i, len(time) - 1)]
        moved = np.abs(across - down[:, None])
        moved += row[:, :-1]
        row += 1
        np.minimum(row[:, 1:], moved, out=row[:, 1:])
        row -= step
        np.minimum.accumulate(row, axis=1, out=row)
        row += step
        done = short == i + 1
        out[done] = row[done, long[done]]
    return out
