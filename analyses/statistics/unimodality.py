"""Has a distribution one peak? Hartigan's dip test."""

import numpy as np
from diptest import diptest

# the largest sample of the package's table of p values
_LARGEST = 72_000


def dip_kernel(values, *, rng):
    """Hartigan's dip and its p value under the null of one mode.

    Parameters
    ----------
    values : array_like of float (n,)
        No NaN.
    rng : numpy.random.Generator
        Takes a random part of samples larger than 72 000, where the table of p values ends.

    Returns
    -------
    tuple of float
        Dip (the largest distance of the distribution function from the nearest one with a single mode, 0 to 0.25) and
        p; a small p speaks for more than one mode. NaN for fewer than four values or all the same.

    References
    ----------
    Hartigan and Hartigan, Annals of Statistics 13, 70 (1985).
    """
    values = np.asarray(values, dtype=float)
    if values.size < 4 or np.ptp(values) == 0 or np.isnan(values).any():
        return np.nan, np.nan
    if values.size > _LARGEST:
        values = rng.choice(values, _LARGEST, replace=False)
    dip, p = diptest(values)
    return float(dip), float(p)
