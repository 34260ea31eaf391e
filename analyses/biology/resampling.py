"""Distances of two samples of time constants, in ms or each over its own median: intervals, tests, what can be seen.

All that is drawn is a matrix of order statistics (resample, share): the values that a sample of n has at `SHARES`. It
costs the same for 36 and for a million neurons.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ..statistics.intervals import expanded_quantile

# ranks at which a sample is looked at; even, so that the two in the middle are around the median
SHARES = (np.arange(256) + 0.5) / 256
# values that stand for a distribution
_TABLE = 2048
_TABLE_SHARES = (np.arange(_TABLE) + 0.5) / _TABLE
# steps along a path of distributions, from 0 (the cells) over 1 (the network) outwards
_STEPS = np.array([0, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.6, 2, 3, 5])
# Values that a sample must have for an interval of a distance: of fewer, up to half of the intervals free of scale had
# no upper bound or one of a thousand medians, and a lower bound of 0 where distributions lie far apart.
FEWEST = 20
# width of the smoother of the difference of two quantile functions, in normal scores times (n m / (n + m))^(1/5)
_WIDTH = 6.0
# a shift of less, in standard deviations of the logarithms, does not lead along a path
_IDLE = 0.2
# shifts at which the power is looked at, in standard errors
_SHIFTS = np.linspace(0, 12, 13)


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
        place = np.clip(_TABLE_SHARES * size - 0.5, 0, size - 1)
        low = place.astype(np.int64)
        left, right = np.log(ordered[low]), np.log(ordered[np.minimum(low + 1, size - 1)])
        table = left + (place - low) * (right - left)
        return cls(size, table, ordered[np.ceil(SHARES * size).astype(np.int64) - 1])

    def scaled(self):
        """The same over the sample's median."""
        middle = _median(self.at_shares)
        return Sample(self.size, self.table - np.log(middle), self.at_shares / middle)

    def draw(self, *, rng, resamples, size=None):
        """Logarithms of resamples of as many values (or `size`), at `SHARES`, (resample, share)."""
        return self.table[order_statistics(size or self.size, rng=rng, resamples=resamples)]


def frozen_log_quantiles(distribution):
    """`Sample.table` of a frozen distribution of scipy.stats, given that a value is positive."""
    below = distribution.cdf(0.0)
    return np.log(distribution.ppf(below + (1 - below) * _TABLE_SHARES))


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
    return np.minimum((uniform * _TABLE).astype(np.int64), _TABLE - 1)


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
        x, y = x / _median(x), y / _median(y)
    return np.abs(x - y).mean(axis=-1)


def log_area_kernel(x, y, *, scaled=False):
    """Wasserstein-1 distance of the logarithms, given at the same shares, ndarray (…); scaled: each less its median."""
    if scaled:
        x, y = x - _median(x), y - _median(y)
    return np.abs(x - y).mean(axis=-1)


def energy_kernel(x, y, *, scaled=False):
    """Energy distance of the same, in the square root of the units: √(4 g(x, y) − 2 g(x) − 2 g(y)), ndarray (…).

    g is the mean difference of two draws from a sample, or from both samples together.
    """
    if scaled:
        x, y = x / _median(x), y / _median(y)
    pooled = np.concatenate(np.broadcast_arrays(x, y), axis=-1)
    # a stable sort of two ascending runs is one merge
    pooled.sort(axis=-1, kind="stable")
    squared = 4 * _mean_difference(pooled) - 2 * _mean_difference(x) - 2 * _mean_difference(y)
    # rounding can leave a difference just below 0
    return np.sqrt(np.maximum(squared, 0))


def _both(x, y, *, scaled):
    return np.stack([kernel(x, y, scaled=scaled) for kernel in (area_kernel, energy_kernel)])


def distance_interval_kernel(x, y, *, rng, resamples=1000, level=0.95, scaled=False):
    """Interval and median-unbiased estimate of the distances of the distributions behind two independent samples.

    The distance of two samples is larger than that of their distributions, the more so the nearer these are, and is
    never 0; percentile and BCa intervals then miss the truth. Here every distance on a path of distributions from that
    of y to that of x is tested with resamples of both sizes, and what is not rejected is the interval. On the path the
    medians and the spreads of the logarithms go geometrically from those of y to those of x, and the rest of the
    difference of the log quantile functions linearly, smoothed over normal scores (local linear, of a width that
    shrinks as n^(-1/5)): unsmoothed, its noise adds to every distance on the path. `_Path` says how it goes on. For the
    upper bound `_Path.pure` is tested as well, where there is one, and the larger bound is taken.

    Parameters
    ----------
    x, y : Sample
    rng : numpy.random.Generator
    resamples : int
    level : float in (0, 1)
    scaled : bool
        Each sample over its own median, which is estimated anew in every resample.

    Returns
    -------
    ndarray (2, 3)
        For the Wasserstein-1 and the energy distance: lower bound (0 where both could be one distribution), the
        distance whose resamples have the observed one as their median, upper bound (inf where no distance can be
        excluded). NaN for fewer than `FEWEST` values in a sample.

    References
    ----------
    Hansen, Review of Economics and Statistics 81, 594 (1999): inversion of bootstrap tests on a grid. Tails as wide as
    those of a t interval: Hesterberg, The American Statistician 69, 371 (2015).
    """
    n, m = x.size, y.size
    if min(n, m) < FEWEST:
        return np.full((2, 3), np.nan)
    observed = _both(x.at_shares, y.at_shares, scaled=scaled)
    path = _Path.between(x, y, scaled=scaled)
    tail = expanded_quantile(level, min(n, m))
    shares = ndtr(np.array([tail, 0.0, -tail]))
    places = [order_statistics(size, rng=rng, resamples=resamples) for size in (n, m)]
    at, found = _along(path, places, shares, observed, scaled=scaled)
    bounds = np.empty((2, 3))
    for k in range(2):
        order = np.argsort(at[:, k], kind="stable")
        # the quantiles rise with the distance, but for the noise of the resamples
        rising = np.maximum.accumulate(found[order, :, k], axis=0)
        # a distance that is not rejected at the end of the path leaves no upper bound
        ends = (None, None, np.inf)
        bounds[k] = [
            np.interp(observed[k], rising[:, j], at[order, k], left=0.0, right=ends[j]) for j in range(3)
        ]
    pure = path.pure(scaled=scaled)
    if pure is not None:
        at, found = _along(pure, places, shares, observed, scaled=scaled)
        for k in range(2):
            order = np.argsort(at[:, k], kind="stable")
            rising = np.maximum.accumulate(found[order, 2, k])
            bounds[k, 2] = max(bounds[k, 2], np.interp(observed[k], rising, at[order, k], left=0.0))
    return bounds


def _along(path, places, shares, observed, *, scaled):
    """Both distances at each step of a path, (step, 2), and quantiles of their resamples, (step, share, 2).

    It ends where both distances that are found lie below their last quantile.
    """
    at, found = [], []
    for step in _STEPS:
        sides = path.at(step)
        at.append(_both(*(np.exp(_at_grid(side)) for side in sides), scaled=scaled))
        drawn = (np.exp(side)[k] for side, k in zip(sides, places, strict=True))
        found.append(np.quantile(_both(*drawn, scaled=scaled), shares, axis=-1))
        if step >= 1 and (found[-1][-1] > observed).all():
            break
    return np.array(at), np.array(found)


@dataclass(frozen=True)
class _Path:
    """Log quantiles of the network, from those of the cells (step 0) over its own (1) outwards, and of the cells.

    That of the network is median + step shift + ratio^step deviation + min(step, 1) rest. Outwards, the wider of both
    grows wider, by at most a factor of two a step: a narrow one that grew narrower would come to an end. Where neither
    the shift nor the ratio would lead anywhere, it is a quarter a step.
    """

    median: float
    deviation: np.ndarray
    shift: float
    ratio: float
    rest: np.ndarray

    @classmethod
    def between(cls, x, y, *, scaled):
        middle = _median(y.table).item()
        deviation, change = y.table - middle, x.table - y.table
        shift, spread = _median(change).item(), y.table.std()
        ratio = max(x.table.std() / spread, 1e-3) if spread > 0 else 1.0
        rest = change - shift - (ratio - 1) * deviation
        rest = _smooth(rest, x.size * y.size / (x.size + y.size))
        return cls(middle, deviation, 0.0 if scaled else shift, ratio, rest - _median(rest))

    def pure(self, *, scaled):
        """The path of a network that is like the cells but faster, or scaled wider; None where it is neither.

        On the path itself such a network grows wider as it grows faster, which moves its slow neurons the other way, or
        its rest works against the ratio. Distances vary less under such changes than under a shift alone, and the upper
        bound would be too low: of 36 neurons of a gamma distribution in 12 to 14 % instead of 5.
        """
        none = np.zeros_like(self.rest)
        if scaled:
            return _Path(self.median, self.deviation, 0.0, self.ratio, none) if self.ratio > 1 else None
        if self.shift >= 0:
            return None
        # as far a step as what is no longer idle
        return _Path(self.median, self.deviation, min(self.shift, -_IDLE * self.deviation.std()), 1.0, none)

    def at(self, step):
        """Network and cells, ascending, (2048,) each."""
        inside, outside = min(step, 1.0), max(step - 1.0, 0.0)
        idle = abs(self.shift) < _IDLE * self.deviation.std()
        wider = min(max(self.ratio, 1 / self.ratio, 1.25 if idle else 1.0), 2.0) ** outside
        for_x, for_y = (wider, 1.0) if self.ratio > 1 else (1.0, wider)
        moved = self.median + step * self.shift + for_x * self.ratio**inside * self.deviation
        return np.sort(moved + inside * self.rest), self.median + for_y * self.deviation


def percentile_interval_kernel(x, shares, *, rng, resamples=1000, level=0.95):
    """Pointwise percentile-bootstrap interval of the quantiles at `shares`, (share, 2); NaN for fewer than 2 values."""
    if x.size < 2:
        return np.full((len(shares), 2), np.nan)
    drawn = np.exp(x.draw(rng=rng, resamples=resamples))
    tail = expanded_quantile(level, x.size)
    place = np.clip(np.asarray(shares) * len(SHARES) - 0.5, 0, len(SHARES) - 1)
    low = np.minimum(place.astype(np.int64), len(SHARES) - 2)
    found = drawn[:, low] + (place - low) * (drawn[:, low + 1] - drawn[:, low])
    return np.quantile(found, ndtr([-tail, tail]), axis=0).T


def same_distribution_kernel(x, y, *, rng, resamples=1000, scaled=False):
    """p value of two samples: how often two of one distribution are as far apart as they.

    That distribution is the pooled sample (scaled: each over its median); scaled samples are divided by their own
    medians again in every resample, because these are estimated. What is compared is the Wasserstein distance of the
    logarithms: that of the values hangs on the largest of the wider sample, and sees no difference beside a long tail.
    p = (b + 1) / (resamples + 1).

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 16.
    """
    if min(x.size, y.size) < 2:
        return np.nan
    observed = log_area_kernel(np.log(x.at_shares), np.log(y.at_shares), scaled=scaled)
    pooled = _pooled(*((x.scaled(), y.scaled()) if scaled else (x, y)))
    drawn = (pooled[order_statistics(v.size, rng=rng, resamples=resamples)] for v in (x, y))
    return _share(log_area_kernel(*drawn, scaled=scaled) >= observed)


def two_sided(drawn, observed):
    """Two-sided Monte Carlo p value of `observed` among `drawn`."""
    return min(1.0, 2 * min(_share(drawn >= observed), _share(drawn <= observed)))


def detectable_kernel(size, y, *, rng, resamples=1000, level=0.95, power=0.8, scaled=False):
    """Smallest difference from the cells y that a sample of `size` shows with the chance `power` at the level.

    The difference is a factor on all values or, where `scaled`, on the deviations of their logarithms from the median
    (a wider distribution of the same median). It is shown by the test of `same_distribution_kernel`.

    Returns
    -------
    tuple of float
        The factor, and the Wasserstein distance that it makes; NaN for fewer than two values on a side.
    """
    m = y.size
    if min(size, m) < 2 or not np.ptp(y.table) > 0:
        return np.nan, np.nan
    base = y.table
    deviation = base - _median(base)
    change = deviation if scaled else np.ones_like(base)
    error = np.sqrt(1 / size + 1 / m) * (1.0 if scaled else base.std())
    places = order_statistics(size, rng=rng, resamples=resamples)
    target = y.draw(rng=rng, resamples=resamples)
    critical, seen = None, []
    for shift in _SHIFTS * error:
        found = log_area_kernel((base + shift * change)[places], target, scaled=scaled)
        critical = np.quantile(found, level) if critical is None else critical
        seen.append((found > critical).mean())
        if seen[-1] > 0.99:
            break
    seen = np.maximum.accumulate(seen)
    if seen[-1] < power:
        return np.nan, np.nan
    shift = np.interp(power, seen, _SHIFTS[: len(seen)] * error)
    there = area_kernel(*(np.exp(_at_grid(q)) for q in (base + shift * change, base)), scaled=scaled)
    return (1 + shift if scaled else np.exp(shift)), there


def _pooled(x, y):
    """Log quantiles of both samples together, each value counted once."""
    values = np.concatenate((x.table, y.table))
    order = np.argsort(values, kind="stable")
    weight = np.repeat((x.size, y.size), _TABLE)[order] / (_TABLE * (x.size + y.size))
    return np.interp(_TABLE_SHARES, np.cumsum(weight) - weight / 2, values[order])


def _at_grid(table):
    return np.interp(SHARES, _TABLE_SHARES, table)


def _median(rows):
    middle = rows.shape[-1] // 2
    return (rows[..., middle - 1 : middle] + rows[..., middle : middle + 1]) / 2


def _mean_difference(ordered):
    """E|X − X′| of two draws from ascending values along the last axis."""
    size = ordered.shape[-1]
    return ordered @ (2 * np.arange(1, size + 1) - size - 1) * (2 / size**2)


def _share(drawn):
    return float((drawn.sum() + 1) / (drawn.size + 1))


def _smooth(change, units):
    """Local linear regression of a difference of log quantile functions on normal scores, Gaussian weights."""
    score, width = ndtri(SHARES), _WIDTH * units**-0.2
    apart = score - score[:, None]
    weight = np.exp(-((apart / width) ** 2) / 2)
    zero, one, two = (np.sum(weight * apart**k, axis=1, keepdims=True) for k in range(3))
    smoother = weight * (two - apart * one) / (zero * two - one**2)
    return np.interp(_TABLE_SHARES, SHARES, smoother @ _at_grid(change))
