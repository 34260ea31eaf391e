"""Interval of a Wasserstein distance by test inversion, which holds at and near distance 0 as well."""

import numpy as np

from ..errors import InvalidInput
from .distances import ordered_wasserstein_kernel, wasserstein_kernel
from .intervals import LARGEST, drawn_units, unit_places, units_of
from .inversion import crossing, tail_shares

# displacements along the path at which the resamples are taken, from 0 to beyond the upper bound
_POINTS = 9
_CHUNK = 1 << 21
# quantiles that stand for a distribution, at least
_QUANTILES = 256


def wasserstein_interval_kernel(x, y, *, rng, resamples=1000, level=0.95, paired=False, clusters=None):
    """Interval of the Wasserstein-1 distance of the distributions behind two samples, or a sample and a distribution.

    The distance of two samples is larger than that of their distributions, the more so the nearer these are, and is
    never 0: percentile and BCa intervals then miss the truth (of two samples of one distribution always). Here every
    distance on the straight path of optimal transport from y to x, x(λ) = T(x) + λ (x − T(x)) with T(x) the value of
    y at the rank of x, is tested by resampling from x(λ) and y; the interval is what is not rejected. Its lower bound
    is 0 where the two samples could be of one distribution; for the upper bound mere shifts, of y and of x, are
    tested as well, and the largest bound is taken.

    Parameters
    ----------
    x : ndarray of float (…, n)
        Leading axes are repetitions, resampled together.
    y : ndarray of float (…, m), or a frozen distribution of scipy.stats
    rng : numpy.random.Generator
    resamples : int
    level : float in (0, 1)
    paired : bool
        x and y are of the same units (n = m), such as neurons before and after.
    clusters : array_like (n,), or a tuple of two (one may be None)
        Labels of the units; whole clusters are drawn, as in `bootstrap_kernel`.

    Returns
    -------
    ndarray (2, …)
        Lower and upper bound in the units of the values; NaN for fewer than two units (clusters) in a sample. The upper
        one is infinite where no distance of the path is rejected, as happens below `FEWEST` values.

    Raises
    ------
    InvalidInput
        `paired` with samples of different sizes.

    References
    ----------
    Hansen, Review of Economics and Statistics 81, 594 (1999): inversion of bootstrap tests along a grid. McCann,
    Advances in Mathematics 128, 153 (1997): displacement interpolation. Tails as in `bootstrap_kernel`.
    """
    x = np.asarray(x, dtype=float)
    known = hasattr(y, "ppf")
    y = np.asarray(reference_quantiles(y, x.shape[-1]) if known else y, dtype=float)
    if paired and x.shape[-1] != y.shape[-1]:
        raise InvalidInput(
            f"wasserstein_interval_kernel: paired samples must have one size, got {x.shape[-1]} and {y.shape[-1]}"
        )
    labels = clusters if isinstance(clusters, tuple) else (clusters, clusters if paired else None)
    tables = [units_of(x.shape[-1], labels[0])] + ([] if known else [units_of(y.shape[-1], labels[1])])
    units = min(len(table) for table in tables)
    shape = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    if units < 2:
        return np.full((2,) + shape, np.nan)
    x = np.broadcast_to(x, shape + x.shape[-1:]).reshape(-1, x.shape[-1])
    if y.ndim > 1:
        y = np.broadcast_to(y, shape + y.shape[-1:])
    y = y.reshape(-1, y.shape[-1])
    whole = any(label is not None for label in labels)
    draw = _Draw(
        tables,
        [len(t) if whole else drawn_units(len(t), units) for t in tables],
        paired,
        1.0 if whole else np.sqrt(min(1.0, LARGEST / units)),
    )
    low, high = _inverted(x, y, draw, tail_shares(level, units), rng=rng, resamples=resamples)
    return np.stack((low, high)).reshape((2,) + shape)


def reference_quantiles(distribution, size):
    """Quantiles that stand for a frozen distribution beside a sample: ppf((k + 1/2) / m), (m,).

    m is a multiple of `size`, the size of the sample, and at least 256.
    """
    m = max(size, 1) * -(-_QUANTILES // max(size, 1))
    return distribution.ppf((np.arange(m) + 0.5) / m)


class _Draw:
    """How units are drawn: places of each, number to draw, pairs, and the scale of deviations of large samples."""

    def __init__(self, tables, sizes, paired, scale):
        self.tables, self.sizes, self.paired, self.scale = tables, sizes, paired, scale
        self.ragged = any(isinstance(table, list) for table in tables)

    def picks(self, rng, count):
        """Places in x and y of `count` resamples, (count, size); None for a y that is known."""
        first = rng.integers(len(self.tables[0]), size=(count, self.sizes[0]))
        i = unit_places(self.tables[0], first)
        if self.paired:
            return i, i
        if len(self.tables) == 1:
            return i, None
        second = rng.integers(len(self.tables[1]), size=(count, self.sizes[1]))
        return i, unit_places(self.tables[1], second)


def _inverted(x, y, draw, share, *, rng, resamples):
    transported = _transported(x, y)
    estimate = wasserstein_kernel(x, y)
    # same draws all along a path: the quantiles are smooth in the distance
    key = rng.integers(1 << 62)
    _, values = _resampled(np.stack((transported, x)), y, draw, key, min(resamples, 200))
    beyond = np.maximum(np.quantile(values[0], 0.995, axis=-1), np.ptp(values[1], axis=-1))
    steps = np.linspace(0, 1, _POINTS)[:, None]
    moved = estimate > 0
    stretch = 1 + 2 * np.divide(beyond, estimate, out=np.zeros_like(estimate), where=moved)
    sign = np.where((x - transported).mean(axis=-1) < 0, -1, 1)
    path = transported + (steps * stretch)[..., None] * (x - transported)
    shift = (steps * sign * (estimate + 2 * beyond))[..., None]
    centred = x - (x - transported).mean(axis=-1, keepdims=True)
    # in large samples the noise is too small to matter for the shape
    along = path if draw.scale < 1 else np.concatenate((path, transported + shift, centred + shift))
    at, values = _resampled(along, y, draw, key, resamples)
    # of few resamples the default quantiles lie too far inside
    lower, upper = np.quantile(values, share, axis=-1, method="weibull")
    low, high = np.zeros_like(estimate), np.zeros_like(estimate)
    paths = [slice(start, start + _POINTS) for start in range(0, len(along), _POINTS)]
    for k in np.flatnonzero(moved):
        # where even two samples of one distribution may be as far from each other, the bound is 0
        low[k] = crossing(estimate[k], upper[paths[0], k], at[paths[0], k], beyond=np.inf)
        # the difference found holds noise of both signs, under which a distance varies less than under a shift
        high[k] = max(crossing(estimate[k], lower[part, k], at[part, k], beyond=np.inf) for part in paths)
    return low, high


def _transported(x, y):
    """Value of y at the rank of each x: the optimal transport of x onto y, (row, n)."""
    n, m = x.shape[-1], y.shape[-1]
    rank = np.argsort(np.argsort(x, axis=-1, kind="stable"), axis=-1)
    place = np.clip((rank + 0.5) * m / n - 0.5, 0, m - 1)
    low = np.floor(place).astype(np.int64)
    ordered = np.broadcast_to(np.sort(y, axis=-1), (len(x), m))
    left = np.take_along_axis(ordered, low, axis=-1)
    right = np.take_along_axis(ordered, np.minimum(low + 1, m - 1), axis=-1)
    return left + (place - low) * (right - left)


def _resampled(along, y, draw, key, resamples):
    """Distance from y of each sample `along` the paths (point, row, n) and its resampled values (…, resample)."""
    rng = np.random.default_rng(key)
    at = wasserstein_kernel(along, y)
    against = y.shape[-1] if draw.scale == 1 else draw.sizes[-1]
    size = along.shape[1] * (draw.sizes[0] * len(draw.tables[0][0]) + against)
    chunk = 1 if draw.ragged else max(1, _CHUNK // max(size, 1))
    ordered = np.sort(y, axis=-1)[:, None]
    if len(draw.tables) == 1 and draw.scale < 1:
        # as many quantiles of a known distribution as values are drawn
        middles = (np.arange(draw.sizes[0]) + 0.5) * y.shape[-1] / draw.sizes[0]
        ordered = ordered[..., middles.astype(np.int64)]
    out = []
    for start in range(0, resamples, chunk):
        i, j = draw.picks(rng, min(chunk, resamples - start))
        target = ordered if j is None else np.sort(y[:, j], axis=-1)
        # one point at a time: the rows are sorted in memory that fits the cache
        out.append([ordered_wasserstein_kernel(np.sort(a[:, i], axis=-1), target) for a in along])
    values = np.concatenate(out, axis=-1)
    return at, at[..., None] + draw.scale * (values - at[..., None])
