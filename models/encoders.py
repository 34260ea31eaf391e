"""Spike encoders: from sampled signals to events, one up and one down channel for each signal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

_FOLLOW = ("step", "sample")


def level_crossing(
    signal: ArrayLike, delta: float, *, axis: int = -1, follow: Literal["step", "sample"] = "step"
) -> np.ndarray:
    """Events where a signal has moved by `delta` away from a reference that follows it.

    With the reference r[0] = x[0] and, for t = 1, 2, …::

        up[t]   = 1  if x[t] - r[t-1] >= +delta      then r[t] = r[t-1] + delta   (follow="step")
        down[t] = 1  if x[t] - r[t-1] <= -delta      then r[t] = r[t-1] - delta
        otherwise no event and r[t] = r[t-1]

    There is no event at t = 0, at most one event a step, and never up and down together. With
    ``follow="step"`` (delta modulation) the events alone give r back: while abs(x[t] - x[t-1]) <= delta the
    reconstruction stays within delta of the signal; a steeper signal outruns the reference, which then
    catches up by one delta a step. With ``follow="sample"`` the reference jumps to the sample, r[t] = x[t] at
    an event: steep flanks are followed without lag, but an event then stands for a move of *at least* delta
    and the amplitude is lost.

    Parameters
    ----------
    signal : array_like, real
        Samples, any shape, at least one along `axis`; finite. Unit: that of `delta`.
    delta : float
        Step size, > 0, in the unit of the signal.
    axis : int
        The time axis.
    follow : {"step", "sample"}
        How the reference moves at an event.

    Returns
    -------
    ndarray of uint8, shape of `signal` + (2,)
        Last axis: up, down. Values 0 and 1.

    Raises
    ------
    ValueError
        Empty or non-finite signal, `delta` not a finite number > 0, unknown `follow`, `axis` out of range.

    Notes
    -----
    Inverse of ``follow="step"``: `decode_level_crossing`. Source: delta modulation, textbook;
    ``follow="sample"``: the level-crossing converter used with ECG by Corradi and co-workers.
    """
    x = _time_first(signal, axis, "level_crossing")
    delta = _positive(delta, "delta", "level_crossing")
    if follow not in _FOLLOW:
        raise ValueError(f"level_crossing: follow must be one of {_FOLLOW}, got {follow!r}")
    events = np.zeros((*x.shape, 2), dtype=np.uint8)
    # The level is counted in whole deltas: the decoder counts the same and so has the same reference.
    start, level = x[0].copy(), np.zeros(x.shape[1:], dtype=np.int64)
    for t in range(1, len(x)):
        error = x[t] - (start + delta * level)
        up, down = error >= delta, error <= -delta
        events[t, ..., 0], events[t, ..., 1] = up, down
        if follow == "step":
            level += up
            level -= down
        else:
            start = np.where(up | down, x[t], start)
    return np.moveaxis(events, 0, axis % np.ndim(signal))


def decode_level_crossing(
    events: ArrayLike, delta: float, *, start: ArrayLike = 0.0, axis: int = -2
) -> np.ndarray:
    """The reference of `level_crossing` with ``follow="step"``, rebuilt from its events.

    r[t] = start + delta * sum over k <= t of (up[k] - down[k])

    Parameters
    ----------
    events : array_like of 0 and 1, shape (…, time, …, 2)
        Last axis: up, down, as `level_crossing` returns them.
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

    Raises
    ------
    ValueError
        Events that are empty, not 0/1, both up and down in one step, or not ending in an axis of size 2;
        `delta` not a finite number > 0; `start` not finite or of a shape that does not fit.
    """
    e = np.asarray(events)
    delta = _positive(delta, "delta", "decode_level_crossing")
    if e.ndim < 2 or e.shape[-1] != 2 or e.size == 0:
        raise ValueError(
            f"decode_level_crossing: events must have the shape (…, time, …, 2) with at least one step, "
            f"got {e.shape}; pass what level_crossing returned"
        )
    if not -e.ndim <= axis < e.ndim or axis % e.ndim == e.ndim - 1:
        raise ValueError(
            f"decode_level_crossing: axis must name the time axis of events of shape {e.shape}, which is "
            f"not the last one, got {axis}"
        )
    if not np.isin(e, (0, 1)).all():
        raise ValueError(f"decode_level_crossing: events must be 0 or 1, got {_first_other(e)!r}")
    if (e[..., 0].astype(bool) & e[..., 1].astype(bool)).any():
        raise ValueError(
            "decode_level_crossing: up and down events in one step; "
            "the last axis must hold (up, down) of one signal"
        )
    e = np.moveaxis(e, axis % e.ndim, 0).astype(np.int64)
    start = np.asarray(start, dtype=np.float64)
    if not np.isfinite(start).all():
        raise ValueError("decode_level_crossing: start must be finite, got NaN or infinity")
    try:
        start = np.broadcast_to(start, e.shape[1:-1])
    except ValueError:
        raise ValueError(
            f"decode_level_crossing: start of shape {start.shape} does not fit the events' "
            f"{e.shape[1:-1]} (all axes but time and up/down)"
        ) from None
    return np.moveaxis(start + delta * np.cumsum(e[..., 0] - e[..., 1], axis=0), 0, axis % np.ndim(events))


def threshold_difference(signal: ArrayLike, threshold: float, *, axis: int = -1) -> np.ndarray:
    """Events where a signal moves by at least `threshold` from one sample to the next.

    up[t] = x[t] - x[t-1] >= threshold;  down[t] = x[t] - x[t-1] <= -threshold;  no event at t = 0

    Slow movements give no event, however far they go: this is not a level-crossing code and has no inverse.

    Parameters
    ----------
    signal : array_like, real
        Samples, any shape, at least one along `axis`; finite. Unit: that of `threshold`.
    threshold : float
        Smallest change a sample that counts, > 0.
    axis : int
        The time axis.

    Returns
    -------
    ndarray of uint8, shape of `signal` + (2,)
        Last axis: up, down. Values 0 and 1.

    Raises
    ------
    ValueError
        As `level_crossing`.

    Notes
    -----
    The encoding reported for the published QTDB files, with a threshold of 0.3 of the normalised lead
    (Higuchi et al., ICML 2024, on the files of Yin, Corradi and Bohté, 2021).
    """
    x = _time_first(signal, axis, "threshold_difference")
    threshold = _positive(threshold, "threshold", "threshold_difference")
    events = np.zeros((*x.shape, 2), dtype=np.uint8)
    change = np.diff(x, axis=0)
    events[1:, ..., 0], events[1:, ..., 1] = change >= threshold, change <= -threshold
    return np.moveaxis(events, 0, axis % np.ndim(signal))


def _time_first(signal, axis, where):
    x = np.asarray(signal)
    if x.dtype.kind not in "buif":
        raise ValueError(f"{where}: the signal must be real numbers, got dtype {x.dtype}")
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"{where}: the signal of shape {x.shape} has no axis {axis}; pass the time axis as axis="
        )
    if x.size == 0:
        raise ValueError(f"{where}: the signal must hold at least one sample, got the shape {x.shape}")
    x = np.moveaxis(x.astype(np.float64), axis, 0)
    if not np.isfinite(x).all():
        raise ValueError(
            f"{where}: the signal must be finite, got {int((~np.isfinite(x)).sum())} NaN or infinite "
            "samples; interpolate or cut them out first"
        )
    return x


def _positive(value, name, where):
    number = np.asarray(value)
    if number.ndim != 0 or number.dtype.kind not in "uif" or not np.isfinite(number) or number <= 0:
        raise ValueError(f"{where}: {name} must be a finite number > 0, got {value!r}")
    return float(number)


def _first_other(values):
    return values[~np.isin(values, (0, 1))].flat[0].item()
