"""Raw ECG as spikes: resampled, normalised, and its level crossings counted in binary; with the inverse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import scipy  # loads scipy.signal when it is first used: half a second that most programs need not spend
from numpy.typing import ArrayLike

from .encoders import _positive, _time_first

_LONGEST_FILTER = 20_000  # of up and down in resample: above, no ratio of a recorder is meant
MOST_BITS = 16
_FEW = 4


def resample(signal: ArrayLike, rate: float, dt: float, *, axis: int = 0) -> np.ndarray:
    """Bring a signal to another time step, without aliases.

    The ratio of the rates is taken as a fraction p/q; the signal is interpolated by p, filtered by a linear
    phase low-pass filter (Kaiser window, β = 5, cut-off at the lower of the two Nyquist frequencies) and every
    q-th sample taken: `scipy.signal.resample_poly`. Before its first and after its last sample the signal is
    continued on the straight line through both, so that an offset makes no step at the ends.

    Parameters
    ----------
    signal : array_like of real numbers, any shape
        Samples at `rate`, at least one along `axis`, two where the rates differ; finite.
    rate : float, Hz, > 0
    dt : float, s, > 0
        Step of the result; its first sample is at the time of the first sample of `signal`.
    axis : int
        The time axis.

    Returns
    -------
    ndarray of float64
        Sample k at k·dt; as many as fit before the end, ceil(samples / (rate·dt)).

    Raises
    ------
    ValueError
        Empty or non-finite signal, a single sample at another rate, a rate or step that is not a finite number > 0, or
        a ratio that no fraction with terms up to 20 000 meets within half a step over the whole signal.
    """
    x = _time_first(signal, axis, "resample")
    rate, dt = _positive(rate, "rate", "resample"), _positive(dt, "dt", "resample")
    ratio = Fraction(1 / (rate * dt)).limit_denominator(_LONGEST_FILTER)
    steps = len(x) / (rate * dt)
    if ratio.numerator > _LONGEST_FILTER or abs(float(ratio) * len(x) - steps) > 0.5:
        raise ValueError(
            f"resample: no fraction with terms up to {_LONGEST_FILTER} is near enough to the ratio of the rates "
            f"{1 / dt:.9g} and {rate:.9g} Hz; choose a dt whose rate is a simple multiple of the recorder's"
        )
    if ratio == 1:
        y = x.copy()
    elif len(x) < 2:
        raise ValueError(
            f"resample: expected at least 2 samples to bring from {rate:.9g} to {1 / dt:.9g} Hz, got 1; take a longer "
            "stretch"
        )
    else:
        # The filter's gain has a ripple of 1e-4, which would turn an offset into an oscillation.
        mean = x.mean(axis=0)
        y = mean + scipy.signal.resample_poly(
            x - mean, ratio.numerator, ratio.denominator, axis=0, padtype="line"
        )
    return np.moveaxis(y, 0, axis % np.ndim(signal))


def normalise(signal: ArrayLike, *, axis: int = -1) -> tuple[np.ndarray, np.ndarray | Any, np.ndarray | Any]:
    """Mean 0 and standard deviation 1 along time.

    z = (x − m) / s, with m the mean and s the standard deviation along `axis`. Inverse: x = m + s z.

    Parameters
    ----------
    signal : array_like of real numbers, any shape
        Finite, at least one sample along `axis`.
    axis : int
        The time axis.

    Returns
    -------
    z : ndarray of float64, shape of `signal`
    mean, sd : ndarray of float64, shape of `signal` without the time axis
        In the unit of `signal`.

    Raises
    ------
    ValueError
        Empty or non-finite signal, or one that does not move (a standard deviation of 0).
    """
    x = _time_first(signal, axis, "normalise")
    mean, sd = x.mean(axis=0), x.std(axis=0)
    # A constant has a standard deviation of some last bits of its value.
    flat = ~(sd > 1e-12 * np.abs(x).max(axis=0))
    if flat.any():
        which = "it" if flat.ndim == 0 else f"signal {tuple(np.argwhere(flat)[0].tolist())}"
        raise ValueError(
            f"normalise: expected a signal that moves, but {which} is flat (standard deviation 0); "
            "an electrode was off, or this is another lead: choose another stretch or lead"
        )
    return np.moveaxis((x - mean) / sd, 0, axis % np.ndim(signal)), mean, sd


def binary_level_crossing(signal: ArrayLike, delta: float, *, bits: int = 8, axis: int = -1) -> np.ndarray:
    """Level crossings, as many as there are in a step, counted in binary over several channels.

    Levels lie `delta` apart. With the reference r[0] = x[0] and, for t = 1, 2, …::

        n[t] = trunc((x[t] - r[t-1]) / delta),  limited to ±(2**bits - 1)
        r[t] = r[t-1] + delta * n[t]

    n[t] is the number of levels that the signal has crossed since the last crossing, with the sign of the
    direction (trunc rounds towards 0: a signal that turns round must come back a whole delta before it crosses
    again). ``abs(n[t])`` is written in binary: channel ``up 2**k`` spikes where n[t] > 0 and its bit k is 1,
    ``down 2**k`` where n[t] < 0. With bits=1 this is `level_crossing` with ``follow="step"``.

    As long as no move is beyond the code, abs(x[t] - x[t-1]) <= delta * (2**bits - 1), the reference stays within
    delta of the signal at every step; at a steeper one (see `overload`) it lags and catches up by
    delta * (2**bits - 1) a step.

    Parameters
    ----------
    signal : array_like, real
        Samples, any shape, at least one along `axis`; finite. Unit: that of `delta`.
    delta : float
        Step size, > 0, in the unit of the signal.
    bits : int, 1 to 16
        Channels in each direction.
    axis : int
        The time axis.

    Returns
    -------
    ndarray of uint8, shape of `signal` + (2 * bits,)
        Last axis: up 1, down 1, up 2, down 2, up 4, … Values 0 and 1; no event at t = 0.

    Raises
    ------
    ValueError
        Empty or non-finite signal, `delta` not a finite number > 0, `bits` or `axis` out of range.

    Notes
    -----
    Inverse: `decode_binary_level_crossing`. A linear current of weights ∝ 2**k is the change of the reference.
    """
    x = _time_first(signal, axis, "binary_level_crossing")
    moves = _moves(x, _positive(delta, "delta", "binary_level_crossing"), check_bits(bits))
    weights = 1 << np.arange(bits)
    events = np.zeros((*x.shape, bits, 2), dtype=np.uint8)
    for side, sign in enumerate((1, -1)):
        events[..., side] = (np.maximum(sign * moves, 0)[..., None] & weights) > 0
    return np.moveaxis(events.reshape(*x.shape, 2 * bits), 0, axis % np.ndim(signal))


def decode_binary_level_crossing(
    events: ArrayLike, delta: float, *, start: ArrayLike = 0.0, axis: int = -2
) -> np.ndarray:
    """The reference of `binary_level_crossing`, rebuilt from its events.

    r[t] = start + delta * sum over i <= t and k of 2**k (up_k[i] − down_k[i])

    Parameters
    ----------
    events : array_like of 0 and 1, shape (…, time, …, 2 * bits)
        As `binary_level_crossing` returns them.
    delta : float
        Step size the events were made with, > 0.
    start : array_like
        First sample(s) of the signal, broadcast against the shape of `events` without its time axis and
        without the last one. Unit: that of `delta`.
    axis : int
        The time axis of `events` (not the last axis).

    Returns
    -------
    ndarray of float64, shape of `events` without the last axis
        Within `delta` of the signal (to some last bits of its value) where no step was beyond the code.

    Raises
    ------
    ValueError
        Events that are empty, not 0/1, up and down in one step, or of an odd number of channels; `delta` not a
        finite number > 0; `start` not finite or of a shape that does not fit.
    """
    where = "decode_binary_level_crossing"
    e = np.asarray(events)
    delta = _positive(delta, "delta", where)
    if (
        e.ndim < 2
        or e.size == 0
        or e.shape[-1] % 2
        or not -e.ndim <= axis < e.ndim
        or axis % e.ndim == e.ndim - 1
    ):
        raise ValueError(
            f"{where}: expected events of shape (…, time, …, 2 * bits) with a time axis that is not the last, got "
            f"{e.shape} and axis {axis}; pass what binary_level_crossing returned"
        )
    if not np.isin(e, (0, 1)).all():
        raise ValueError(f"{where}: events must be 0 or 1, got {e[~np.isin(e, (0, 1))].flat[0].item()!r}")
    bits = check_bits(e.shape[-1] // 2)
    e = np.moveaxis(e, axis % e.ndim, 0).astype(np.int64)
    counts = (e.reshape(*e.shape[:-1], bits, 2) * (1 << np.arange(bits))[:, None]).sum(axis=-2)
    if (counts > 0).all(axis=-1).any():
        raise ValueError(
            f"{where}: up and down events in one step; the last axis must hold the channels of one signal"
        )
    start = np.asarray(start, dtype=np.float64)
    if not np.isfinite(start).all():
        raise ValueError(f"{where}: start must be finite, got NaN or infinity")
    try:
        start = np.broadcast_to(start, e.shape[1:-1])
    except ValueError:
        raise ValueError(
            f"{where}: start of shape {start.shape} does not fit the events' {e.shape[1:-1]} (all axes but time and "
            "channel)"
        ) from None
    levels = np.cumsum(counts[..., 0] - counts[..., 1], axis=0)
    return np.moveaxis(start + delta * levels, 0, axis % np.ndim(events))


def overload(signal: ArrayLike, delta: float, *, bits: int = 8, axis: int = -1) -> np.ndarray:
    """Steps at which `binary_level_crossing` is not within `delta` of the signal, because it moves too fast.

    Parameters
    ----------
    signal, delta, bits, axis : array, float, int, int
        As in `binary_level_crossing`.

    Returns
    -------
    ndarray of bool, shape of `signal`

    Raises
    ------
    ValueError
        As `binary_level_crossing`.
    """
    x = _time_first(signal, axis, "overload")
    delta = _positive(delta, "delta", "overload")
    lag = x - (x[0] + delta * np.cumsum(_moves(x, delta, check_bits(bits)), axis=0))
    # Rounding of x and r: some last bits of the larger of them.
    reach = delta * (1 + 1e-9) + 1e-12 * np.abs(x).max(axis=0)
    return np.moveaxis(np.abs(lag) > reach, 0, axis % np.ndim(signal))


def _moves(x, delta, bits):
    """n[t] of `binary_level_crossing`, int64, time first."""
    most = 2**bits - 1
    if x.ndim == 1 or np.prod(x.shape[1:]) <= _FEW:
        columns = [_moves_of_one(column, delta, most) for column in x.reshape(len(x), -1).T.tolist()]
        return np.array(columns, dtype=np.int64).T.reshape(x.shape)
    moves = np.zeros(x.shape, dtype=np.int64)
    # The level is counted in whole deltas: the decoder counts the same and so has the same reference.
    level = np.zeros(x.shape[1:], dtype=np.int64)
    for t in range(1, len(x)):
        error = (x[t] - (x[0] + delta * level)) / delta
        moves[t] = np.clip(np.trunc(error), -most, most)
        level += moves[t]
    return moves


def _moves_of_one(values, delta, most):
    """The same for one signal, in Python's own floats: for few signals ten times faster than arrays."""
    start, level, moves = values[0], 0, [0]
    for value in values[1:]:
        error = (value - (start + delta * level)) / delta
        move = int(min(max(error, -most), most))
        level += move
        moves.append(move)
    return moves


def check_bits(bits, where="bits of a level-crossing code"):
    """The number of bits of a code, checked: a whole number from 1 to 16, else ValueError."""
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)) or not 1 <= bits <= MOST_BITS:
        raise ValueError(f"{where}: bits must be a whole number from 1 to {MOST_BITS}, got {bits!r}")
    return int(bits)
