"""Times that a caller gives: checked once, in seconds, before anything is computed with them."""

import re

import numpy as np
from brian2 import Quantity, get_or_create_dimension, second

# Deviation of a time from whole steps that rounding may cause, in steps.
ROUNDING = 1e-6
_TIME_CONSTANT = re.compile(r"(^|_)tau", re.IGNORECASE)


def seconds(value, name):
    """Return a time as a float in seconds.

    Parameters
    ----------
    value : float or Quantity
        A plain number is taken for seconds; finite, > 0.
    name : str
        Of the argument, for messages.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        Not one number.
    ValueError
        A quantity that is not a time, NaN, infinite, zero or negative.
    """
    if isinstance(value, Quantity) and not (value.is_dimensionless or value.has_same_dimensions(second)):
        raise ValueError(f"{name}: expected a time, got {value}; give seconds or a quantity, e.g. 4*ms")
    number = np.asarray(value)
    if number.ndim or number.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected one time, got {value!r}; give seconds or a quantity, e.g. 4*ms")
    if not 0 < number < np.inf:
        raise ValueError(
            f"{name} must be a positive time, got {value}; give seconds or a quantity, e.g. 4*ms"
        )
    return float(number)


def whole_steps(duration, dt, name):
    """Return how many steps of `dt` a time lasts.

    Parameters
    ----------
    duration, dt : float or Quantity
        Both in seconds, > 0.
    name : str
        Of `duration`, for messages.

    Returns
    -------
    int
        >= 1.

    Raises
    ------
    TypeError, ValueError
        As `seconds`; ValueError where it is not a whole number of steps (within 1e-6 steps).
    """
    duration, dt = seconds(duration, name), seconds(dt, "dt")
    steps = duration / dt
    whole = max(1, round(steps))
    if abs(steps - whole) > ROUNDING:
        raise ValueError(
            f"dt = {dt:.9g} s does not divide {name} = {duration:.9g} s ({steps:.6g} steps); "
            f"the nearest dt that does is {duration / whole:.6g} s, the nearest whole number of steps lasts "
            f"{whole * dt:.6g} s{'; a number without unit is in seconds' if steps < 1 else ''}"
        )
    return whole


def is_time_constant(name):
    """Whether a time of that name is a time constant: a part of it begins with ``tau`` (``hidden1.tau_a``)."""
    return _TIME_CONSTANT.search(name.rpartition(".")[2]) is not None


def check_time_constants(named_values, *, growing=()):
    """Refuse time constants that are not positive: NaN, infinity or growth would come of them, silently.

    A time constant is what has the dimension of a time and a name with a part that begins with ``tau``
    (``tau_m``, ``hidden1.tau_a``, ``membrane_tau``).

    Parameters
    ----------
    named_values : iterable of (str, Dimension or sequence of 7 float, array_like)
        Name, dimensions and SI values; what is no time constant is passed over.
    growing : sequence of str
        Names of time constants that may be negative (`Annotations.growing`), though not 0 or NaN.

    Raises
    ------
    ValueError
        As `check_time_constant`.
    """
    for name, dimensions, values in named_values:
        if name in growing:
            values = np.abs(values)
        exponents = getattr(dimensions, "_dims", dimensions)
        is_time = get_or_create_dimension(list(exponents)) is second.dim
        if is_time and is_time_constant(name):
            check_time_constant(name, values)


def check_time_constant(name, values):
    """Refuse values of a time constant that are not positive.

    Parameters
    ----------
    name : str
        For messages, e.g. ``"hidden1.tau_m"``.
    values : float or array_like
        Seconds.

    Raises
    ------
    ValueError
        A value is NaN, zero or negative.
    """
    values = np.asarray(values, dtype=float)
    bad = np.argwhere(~(values > 0))
    if len(bad):
        where = tuple(int(k) for k in bad[0])
        index = f"[{', '.join(map(str, where))}]" if where else ""
        raise ValueError(
            f"{name}{index} = {values[where]} s: expected > 0; give it a positive value, e.g. 20*ms"
        )
