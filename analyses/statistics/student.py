"""Mean of few independent values, with Student's interval and the p value of a mean of zero."""

import numpy as np
from scipy.stats import t as student

from ..errors import InvalidInput


def student_kernel(x, *, level=0.95, axis=-1):
    """Mean with Student's interval: x̄ ± t_{(1+level)/2, n−1} s/√n; of differences x − y in pairs, the paired t test.

    For seeds: of five values a bootstrap, which never leaves their range, covers 91 % where it says 95 %, this 95 %.

    Parameters
    ----------
    x : array_like of float
        NaN is left out, and counts for nothing.
    level : float
        In (0, 1).
    axis : int
        Of the values.

    Returns
    -------
    mean : ndarray
        NaN where there is no value.
    interval : ndarray (2, …)
        Low and high; NaN for fewer than two values.
    p : ndarray
        Of the null that the mean is zero, two-sided; NaN for fewer than two values, 1 where all are zero.
    count : ndarray of int
        Values that are not NaN.

    Raises
    ------
    InvalidInput
        The level is not in (0, 1).

    References
    ----------
    Student, Biometrika 6, 1 (1908).
    """
    if not 0 < level < 1:
        raise InvalidInput(f"student_kernel: level must be in (0, 1), got {level!r}")
    x = np.moveaxis(np.asarray(x, dtype=float), axis, -1)
    there = ~np.isnan(x)
    count = there.sum(axis=-1)
    some, several = count > 0, count > 1
    mean = np.where(some, np.where(there, x, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)
    square = np.where(there, (x - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    freedom = np.maximum(count - 1, 1)
    error = np.sqrt(square / freedom / np.maximum(count, 1))
    half = np.where(several, student.ppf((1 + level) / 2, freedom) * error, np.nan)
    far = np.divide(np.abs(mean), error, out=np.where(mean == 0, 0.0, np.inf), where=error > 0)
    p = np.where(several, 2 * student.sf(far, freedom), np.nan)
    return mean, np.stack([mean - half, mean + half]), p, count
