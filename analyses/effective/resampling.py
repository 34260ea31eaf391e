"""Bootstrap of estimates that are made from sums over blocks: trials, or stretches of a recording."""

import numpy as np

from ..statistics.intervals import bootstrap_kernel

# Numbers that a temporary holds at most (32 MiB).
CHUNK = 1 << 22


def block_interval(moments, estimate, *, rng, resamples, level):
    """BCa interval of an estimate that is a function of sums over blocks.

    Parameters
    ----------
    moments : ndarray (block, feature)
        What each block adds to the sums.
    estimate : callable
        From sums (…, feature) to numbers (…).
    rng : numpy.random.Generator
    resamples : int
        0: no interval, NaN.
    level : float in (0, 1)

    Returns
    -------
    ndarray (2,)
        NaN where there are fewer than two blocks or the estimate is NaN.
    """
    blocks = len(moments)
    if blocks < 2 or resamples == 0:
        return np.full(2, np.nan)

    def statistic(index, axis):
        index = np.asarray(index, dtype=np.int64)
        rows = index.reshape(-1, index.shape[axis])
        place = np.arange(len(rows))[:, None] * blocks + rows
        times = np.bincount(place.ravel(), minlength=len(rows) * blocks).reshape(len(rows), blocks)
        size = max(1, CHUNK // moments.shape[1])
        parts = [estimate(times[k : k + size] @ moments) for k in range(0, len(rows), size)]
        return np.concatenate(parts).reshape(index.shape[:-1])

    return bootstrap_kernel(
        np.arange(blocks, dtype=float), statistic, rng=rng, resamples=resamples, level=level, method="bca"
    )
