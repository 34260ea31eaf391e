"""Distances between spike trains with a time scale: van Rossum and Victor–Purpura."""

from functools import partial

import numpy as np

from ..errors import InvalidInput
from ..variables import positive
from .trains import apart, in_parts, segments

# Columns of the blocks in which a decaying sum is taken, and numbers of a table of states that stay in the cache.
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


# Segments of one size are the more the larger the part.
@partial(in_parts, times=16)
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
    move crosses a gap longer than 2/`cost`: the pairs fall apart into short segments. In each, the cost of moves is the
    time integral of the number of spikes that wait for a partner, which is the state of the dynamic programme here: of
    n spikes, of which at most k of a side fall into 2/`cost`, it takes O(n k), that of the paper O(n²).

    References
    ----------
    Victor and Purpura, Journal of Neurophysiology 76, 1310 (1996), D^spike[q] with q = `cost`.
    """
    cost = cost_of_a_move(cost, where="victor_purpura_kernel")
    if cost == 0:
        return np.abs(reference.counts - other.counts).astype(float)
    time, pair, side = apart(reference, other)
    out = np.zeros(len(reference))
    if not time.size:
        return out
    segment = segments(time, pair, 2 / cost)
    number = np.bincount(segment)
    first = np.cumsum(number) - number
    # Waits in units of the cost of a move; between segments longer than any move.
    wait = np.where(np.diff(segment) == 0, np.diff(time) * cost, 4.0)
    waiting = _most_waiting(np.concatenate([[0.0], np.cumsum(wait)]), side, segment)
    wait = np.concatenate([[0.0], wait])
    found = number.astype(float)
    todo = np.flatnonzero(waiting)
    todo = todo[np.lexsort((number[todo], waiting[todo]))]
    start = 0
    while start < len(todo):
        end = start + max(1, _CELLS // (2 * waiting[todo[start]] + 3))
        end = start + max(1, np.searchsorted(waiting[todo[start:end]], waiting[todo[start]], side="right"))
        these = todo[start:end]
        found[these] = _costs(wait, side, first[these], number[these], waiting[these[0]])
        start = end
    return np.bincount(pair[first], weights=found, minlength=len(reference))


def cost_of_a_move(cost, *, where):
    """Return Victor–Purpura's `cost` as a float; raise `InvalidInput` of `where` unless it is finite and ≥ 0."""
    number = float(cost)
    if not (np.isfinite(number) and number >= 0):
        raise InvalidInput(f"{where}: cost must be a finite number >= 0, got {cost!r}")
    return number


def _most_waiting(time, side, segment):
    """How many spikes of one side can wait for a partner at once in each segment; `time` has a cost of move of 1."""
    count = np.zeros((2, segment[-1] + 1), dtype=np.int64)
    number = [np.bincount(segment[side == s], minlength=segment[-1] + 1) for s in (0, 1)]
    for s in (0, 1):
        own = time[side == s]
        # with room for rounding: one more state costs time only
        together = np.arange(len(own)) + 1 - np.searchsorted(own, own - 2 - 1e-6)
        np.maximum.at(count[s], segment[side == s], together)
    return np.maximum(np.minimum(count[0], number[1]), np.minimum(count[1], number[0]))


def _costs(wait, side, first, number, most):
    """Least costs of segments with no more than `most` spikes waiting at once, event by event side by side.

    State d: d spikes of the reference (−d of the other) wait for a partner, which costs |d| a unit of time. A spike
    is left out for 1, or changes d by one.
    """
    pending = np.abs(np.arange(-most - 1, most + 2)).astype(float)
    # with an impossible state at either end
    state = np.full((len(first), len(pending)), np.inf)
    state[:, most + 1] = 0
    out = np.empty(len(first))
    for k in range(number.max()):
        at = np.minimum(first + k, len(wait) - 1)
        if k:
            state += wait[at][:, None] * pending
        taken = np.where(side[at][:, None] == 0, state[:, :-2], state[:, 2:])
        state += 1
        np.minimum(state[:, 1:-1], taken, out=state[:, 1:-1])
        done = number == k + 1
        out[done] = state[done, most + 1]
    return out
