"""Correction of p values for the number of tests."""

import numpy as np

from ..errors import InvalidInput


def holm_kernel(p):
    """Holm's adjusted p values: the chance of one false rejection among all tests is at most the level.

    Parameters
    ----------
    p : array_like of float in [0, 1], any shape
        NaN: a test that could not be made, which counts for nothing.

    Returns
    -------
    ndarray
        Of the same shape, NaN where `p` is.

    Raises
    ------
    InvalidInput
        A p value outside [0, 1].

    References
    ----------
    Holm, Scandinavian Journal of Statistics 6, 65 (1979).
    """
    p = np.asarray(p, dtype=float)
    made = ~np.isnan(p)
    if not ((p[made] >= 0) & (p[made] <= 1)).all():
        raise InvalidInput(f"holm_kernel: p values are from 0 to 1, got {p[made].min()} to {p[made].max()}")
    adjusted = np.full(p.shape, np.nan)
    found = p[made]
    order = np.argsort(found, kind="stable")
    # the k-th smallest of m times m - k + 1, never below that of a smaller one
    steps = np.maximum.accumulate(found[order] * np.arange(len(found), 0, -1))
    found[order] = np.minimum(steps, 1.0)
    adjusted[made] = found
    return adjusted
