"""Arguments of tasks, checked: seeds, counts and fractions."""

from __future__ import annotations

import numpy as np


def check_whole(where, name, value, *, least=0):
    """Refuse what is not a whole number >= `least`.

    Parameters
    ----------
    where, name : str
        Function or class and argument, for the message.
    value : object
    least : int

    Raises
    ------
    ValueError
        Naming function, argument and value.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{where}: {name} must be a whole number >= {least}, got {value!r}")


def check_fraction(where, name, value):
    """Refuse what is not a single number > 0 and < 1.

    Parameters
    ----------
    where, name : str
        Function and argument, for the message.
    value : object

    Raises
    ------
    ValueError
        Naming function, argument and value.
    """
    number = np.asarray(value)
    if number.ndim or number.dtype.kind not in "fiu" or not 0 < number < 1:
        raise ValueError(f"{where}: {name} must be between 0 and 1, both excluded, got {value!r}")
