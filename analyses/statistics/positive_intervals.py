"""Interval of a distance of two independent samples of positive values by test inversion, also free of scale."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from .inversion import crossing, tail_shares
from .positive_samples import (
    SHARES,
    TABLE_SHARES,
    area_kernel,
    at_grid,
    energy_kernel,
    middle_of,
    order_statistics,
)

# steps along a path of distributions, from 0 (the cells) over 1 (the network) outwards
_STEPS = np.array([0, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.6, 2, 3, 5])
# width of the smoother of the difference of two quantile functions, in normal scores times (n m / (n + m))^(1/5)
_WIDTH = 6.0
# a shift of less, in standard deviations of the logarithms, does not lead along a path
_IDLE = 0.2


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
        excluded, as happens below `FEWEST` values). NaN for fewer than two values in a sample.

    References
    ----------
    Hansen, Review of Economics and Statistics 81, 594 (1999): inversion of bootstrap tests on a grid. Tails as wide as
    those of a t interval: Hesterberg, The American Statistician 69, 371 (2015).
    """
    n, m = x.size, y.size
    if min(n, m) < 2:
        return np.full((2, 3), np.nan)
    observed = _both(x.at_shares, y.at_shares, scaled=scaled)
    path = _Path.between(x, y, scaled=scaled)
    below, above = tail_shares(level, min(n, m))
    shares = np.array([above, 0.5, below])
    places = [order_statistics(size, rng=rng, resamples=resamples) for size in (n, m)]
    at, found = _along(path, places, shares, observed, scaled=scaled)
    bounds = np.empty((2, 3))
    for k in range(2):
        order = np.argsort(at[:, k], kind="stable")
        # a distance that is not rejected at the end of the path leaves no upper bound
        ends = (None, None, np.inf)
        bounds[k] = [
            crossing(observed[k], found[order, j, k], at[order, k], beyond=end) for j, end in enumerate(ends)
        ]
    pure = path.pure(scaled=scaled)
    if pure is not None:
        at, found = _along(pure, places, shares, observed, scaled=scaled)
        for k in range(2):
            order = np.argsort(at[:, k], kind="stable")
            bounds[k, 2] = max(bounds[k, 2], crossing(observed[k], found[order, 2, k], at[order, k]))
    return bounds


def _along(path, places, shares, observed, *, scaled):
    """Both distances at each step of a path, (step, 2), and quantiles of their resamples, (step, share, 2).

    It ends where both distances that are found lie below their last quantile.
    """
    at, found = [], []
    for step in _STEPS:
        sides = path.at(step)
        at.append(_both(*(np.exp(at_grid(side)) for side in sides), scaled=scaled))
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
        middle = middle_of(y.table).item()
        deviation, change = y.table - middle, x.table - y.table
        shift, spread = middle_of(change).item(), y.table.std()
        ratio = max(x.table.std() / spread, 1e-3) if spread > 0 else 1.0
        rest = change - shift - (ratio - 1) * deviation
        rest = _smooth(rest, x.size * y.size / (x.size + y.size))
        return cls(middle, deviation, 0.0 if scaled else shift, ratio, rest - middle_of(rest))

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


def _smooth(change, units):
    """Local linear regression of a difference of log quantile functions on normal scores, Gaussian weights."""
    score, width = ndtri(SHARES), _WIDTH * units**-0.2
    apart = score - score[:, None]
    weight = np.exp(-((apart / width) ** 2) / 2)
    zero, one, two = (np.sum(weight * apart**k, axis=1, keepdims=True) for k in range(3))
    smoother = weight * (two - apart * one) / (zero * two - one**2)
    return np.interp(TABLE_SHARES, SHARES, smoother @ at_grid(change))


def _both(x, y, *, scaled):
    return np.stack([kernel(x, y, scaled=scaled) for kernel in (area_kernel, energy_kernel)])
