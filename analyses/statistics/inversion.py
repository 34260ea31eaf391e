"""What intervals of a distance by test inversion share: tails, crossings, and how few values are too few.

The distance of two samples is never 0, so that percentile and BCa intervals of it miss the truth. Both inversions here
resample from distributions on a path that leads from one sample to the other and keep the distances that are not
rejected; they differ in the path, since they know different things:

* `wasserstein_interval_kernel`: values of one unit (neurons before and after, whole networks, a known distribution) on
  the path of optimal transport; pairs and clusters stay together.
* `distance_interval_kernel`: two independent samples of positive values, also free of scale, on a path along which
  median and spread go geometrically.

One policy for both: the kernels give an infinite upper bound where nothing on the path is rejected; what an analysis
returns is NaN for samples of fewer than `FEWEST` values, which it names.
"""

import numpy as np
from scipy.special import ndtr

from .intervals import expanded_quantile

# Values that a sample must have for an interval of a distance. Of 95 % intervals of a displacement 24 % had no upper
# bound at 6 neurons, 17 % at 8, 2 % at 15, less than 1 % at 20; free of scale up to half of those of fewer than 20 had
# none or one of a thousand medians, and a lower bound of 0 where distributions lie far apart.
FEWEST = 20


def tail_shares(level, units):
    """Shares of a resampling distribution at which an interval of `units` values ends, ndarray (2,).

    As wide as those of a t interval (`expanded_quantile`).
    """
    tail = expanded_quantile(level, units)
    return ndtr(np.array([-tail, tail]))


def crossing(observed, quantile, at, *, beyond=None):
    """Distance at which a quantile of its resamples is what was observed.

    Parameters
    ----------
    observed : float
    quantile : ndarray (step,)
        Of the resamples at each step. It rises with the distance, but for the noise of the resamples.
    at : ndarray (step,)
        Distance at each step, ascending.
    beyond : float, optional
        What is returned where the end of the path is not reached; by default its last distance.

    Returns
    -------
    float
        0 where even at distance 0 the quantile lies above.
    """
    return np.interp(observed, np.maximum.accumulate(quantile), at, left=0.0, right=beyond)
