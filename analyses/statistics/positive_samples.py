"""Samples of positive values by their order statistics: what is drawn from them, and their distances.

All that is drawn is a matrix of order statistics (resample, share): the values that a sample of n has at `SHARES`. It
costs the same for 36 and for a million values.
"""

from dataclasses import dataclass

import numpy as np

from .inversion import tail_shares

# ranks at which a sample is looked at; even, so that the two in the middle are around the median
SHARES = (np.arange(256) + 0.5) / 256
# values that stand for a distribution
TABLE = 2048
TABLE_SHARES = (np.arange(TABLE) + 0.5) / TABLE


@dataclass(frozen=True)
class Sample:
    """Positive values as all that is drawn needs them, made once by `of`.

    Parameters
    ----------
    size : int
    table : ndarray of float (2048,)
        Logarithm of the quantile function, interpolated between the values.
    at_shares : ndarray of float (256,)
        The values at `SHARES`.
    """

    size: int
    table: np.ndarray
    at_shares: np.ndarray

    @classmethod
    def of(cls, values):
        """Of an array of positive values (n,), n ≥ 1."""
        ordered = np.sort(values)
        size = len(ordered)
        place = np.clip(TABLE_SHARES * size - 0.5, 0, size - 1)
        low = place.astype(np.int64)
        left, right = np.log(ordered[low]), np.log(ordered[np.minimum(low + 1, size - 1)])
        table = left + (place - low) * (right - left)
        return cls(size, table, ordered[np.ceil(SHARES * size).astype(np.int64) - 1])

    def scaled(self):
        """The same over the sample's median."""
        middle = middle_of(self.at_shares)
        return Sample(self.size, self.table - np.log(middle), self.at_shares / middle)

    def draw(self, *, rng, resamples, size=None):
        """Logarithms of resamples of as many values (or `size`), at `SHARES`, (resample, share)."""
        return self.table[order_statistics(size or self.size, rng=rng, resamples=resamples)]


def frozen_log_quantiles(distribution):
    """`Sample.table` of a frozen distribution of scipy.stats, given that a value is positive."""
    below = distribution.cdf(0.0)
    return np.log(distribution.ppf(below + (1 - below) * TABLE_SHARES))


def order_statistics(size, *, rng, resamples):
    """Places in `Sample.table` of the values that a sample has at `SHARES`, ndarray of int (resample, share).

    Uniform order statistics are sums of exponential variables over their total; a sum of k of them is a gamma variable
    of shape k, so a large sample costs no more than a small one.

    References
    ----------
    Devroye, Non-Uniform Random Variate Generation (1986), chapter V.2.
    """
    rank = np.ceil(SHARES * size).astype(np.int64)
    steps, position = np.unique(rank, return_inverse=True)
    shape = np.diff(np.concatenate(([0], steps, [size + 1])))
    sums = np.cumsum(rng.standard_gamma(shape, (resamples, len(shape))), axis=-1)
    uniform = (sums[:, :-1] / sums[:, -1:])[:, position]
    return np.minimum((uniform * TABLE).astype(np.int64), TABLE - 1)


def area_kernel(x, y, *, scaled=False):
    """Wasserstein-1 distance of two samples, each given by its values at the same shares, ascending.

    Parameters
    ----------
    x, y : ndarray of float (…, share)
    scaled : bool
        Divide each row by its own median.

    Returns
    -------
    ndarray (…)
        In the units of the values.
    """
    if scaled:
        x, y = x / middle_of(x), y / middle_of(y)
    return np.abs(x - y).mean(axis=-1)


def log_area_kernel(x, y, *, scaled=False):
    """Wasserstein-1 distance of the logarithms, given at the same shares, ndarray (…); scaled: each less its median."""
    if scaled:
        x, y = x - middle_of(x), y - middle_of(y)
    return np.abs(x - y).mean(axis=-1)


def energy_kernel(x, y, *, scaled=False):
    """Energy distance of the same, in the square root of the units: √(4 g(x, y) − 2 g(x) − 2 g(y)), ndarray (…).

    g is the mean difference of two draws from a sample, or from both samples together.
    """
    if scaled:
        x, y = x / middle_of(x), y / middle_of(y)
    pooled = np.concatenate(np.broadcast_arrays(x, y), axis=-1)
    # a stable sort of two ascending runs is one merge
    pooled.sort(axis=-1, kind="stable")
    squared = 4 * _mean_difference(pooled) - 2 * _mean_difference(x) - 2 * _mean_difference(y)
    # rounding can leave a difference just below 0
    return np.sqrt(np.maximum(squared, 0))


def percentile_interval_kernel(x, shares, *, rng, resamples=1000, level=0.95):
    """Pointwise percentile-bootstrap interval of the quantiles at `shares`, (share, 2); NaN for fewer than 2 values."""
    if x.size < 2:
        return np.full((len(shares), 2), np.nan)
    drawn = np.exp(x.draw(rng=rng, resamples=resamples))
    place = np.clip(np.asarray(shares) * len(SHARES) - 0.5, 0, len(SHARES) - 1)
    low = np.minimum(place.astype(np.int64), len(SHARES) - 2)
    found = drawn[:, low] + (place - low) * (drawn[:, low + 1] - drawn[:, low])
    return np.quantile(found, tail_shares(level, x.size), axis=0).T


def at_grid(table):
    """A table of log quantiles at `SHARES`, (share,)."""
    return np.interp(SHARES, TABLE_SHARES, table)


def middle_of(rows):
    """Medians of ascending rows of an even number of values, (…, 1)."""
    middle = rows.shape[-1] // 2
    return (rows[..., middle - 1 : middle] + rows[..., middle : middle + 1]) / 2


def _mean_difference(ordered):
    """E|X − X′| of two draws from ascending values along the last axis."""
    size = ordered.shape[-1]
    return ordered @ (2 * np.arange(1, size + 1) - size - 1) * (2 / size**2)
