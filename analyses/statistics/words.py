"""Numbers with their intervals in words."""

import numpy as np


def interval_in_words(mean, interval, *, digits=3, unit=""):
    """``"0.862 (0.861 to 0.863)"``, without brackets where there is no interval.

    Parameters
    ----------
    mean : float
    interval : sequence of two floats
    digits : int
        Significant digits.
    unit : str
        Written behind the mean.
    """
    unit = f" {unit}" if unit else ""
    if np.isnan(mean):
        return "not known"
    if np.isnan(interval).any():
        return f"{mean:.{digits}g}{unit} (too few for an interval)"
    low, high = interval
    return f"{mean:.{digits}g}{unit} ({low:.{digits}g} to {high:.{digits}g})"
