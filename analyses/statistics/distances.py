"""Distances between two samples and sizes of the difference, vectorised over leading axes (as resamples are)."""

import numpy as np
from scipy.special import gammaln
from scipy.stats import rankdata


def wasserstein_kernel(x, y, *, axis=-1):
    """Wasserstein-1 distance of two samples: the area between their quantile functions, ∫₀¹ |Qₓ(u) − Q_y(u)| du.

    Parameters
    ----------
    x, y : ndarray of float
        Samples along `axis`, of any two sizes; the other axes broadcast.
    axis : int

    Returns
    -------
    ndarray or float
        In the units of the values, ≥ 0; NaN where a sample is empty or holds NaN. Two samples of one distribution are
        not at distance 0: the expected distance falls with the square root of their sizes.

    References
    ----------
    Villani, Optimal Transport (2009), chapter 6. In one dimension the breakpoints of both quantile functions do not
    depend on the values, so one set of weights serves every row: O(n log n) for the two sorts.
    """
    x, y = _last(x, axis), _last(y, axis)
    n, m = x.shape[-1], y.shape[-1]
    if not n or not m:
        return _undefined(x, y)
    return ordered_wasserstein_kernel(np.sort(x, axis=-1), np.sort(y, axis=-1))


def ordered_wasserstein_kernel(x, y):
    """`wasserstein_kernel` of samples that are in ascending order along the last axis already."""
    n, m = x.shape[-1], y.shape[-1]
    if n == m:
        return np.abs(x - y).mean(axis=-1)
    # breakpoints i/n and j/m, counted in 1/(n m) so that they are exact
    ends = np.unique(np.concatenate((np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)))
    starts = np.concatenate(([0], ends[:-1]))
    weight = (ends - starts) / (n * m)
    return np.abs(x[..., starts // m] - y[..., starts // n]) @ weight


def energy_distance_kernel(x, y, *, axis=-1):
    """Energy distance of two samples, √(2 ∫ (Fₓ − F_y)² dt) = √(2 E|X − Y| − E|X − X′| − E|Y − Y′|).

    Parameters
    ----------
    x, y : ndarray of float
        Samples along `axis`, of any two sizes; the other axes broadcast.
    axis : int

    Returns
    -------
    ndarray or float
        In the square root of the units of the values, ≥ 0; NaN where a sample is empty or holds NaN.

    References
    ----------
    Székely and Rizzo, Journal of Statistical Planning and Inference 143, 1249 (2013).
    """
    x, y = _last(x, axis), _last(y, axis)
    n, m = x.shape[-1], y.shape[-1]
    if not n or not m:
        return _undefined(x, y)
    pooled = _pooled(x, y)
    order = np.argsort(pooled, axis=-1)
    steps = np.where(order < n, 1 / n, -1 / m)
    gap = np.cumsum(steps, axis=-1)[..., :-1]
    width = np.diff(np.take_along_axis(pooled, order, axis=-1), axis=-1)
    return np.sqrt(2 * np.einsum("...i,...i->...", gap**2, width))


def cliffs_delta_kernel(x, y, *, axis=-1):
    """Cliff's delta, P(X > Y) − P(X < Y): how often a value of one sample is above one of the other.

    Parameters
    ----------
    x, y : ndarray of float
        Samples along `axis`, of any two sizes; the other axes broadcast.
    axis : int

    Returns
    -------
    ndarray or float
        From −1 (every x below every y) to 1; 0: neither is above the other. NaN where a sample is empty or holds NaN.

    References
    ----------
    Cliff, Psychological Bulletin 114, 494 (1993); by way of the rank sum, U = Σ ranks(x) − n(n + 1)/2.
    """
    x, y = _last(x, axis), _last(y, axis)
    n, m = x.shape[-1], y.shape[-1]
    if not n or not m:
        return _undefined(x, y)
    above = rankdata(_pooled(x, y), axis=-1)[..., :n].sum(axis=-1) - n * (n + 1) / 2
    return 2 * above / (n * m) - 1


def hedges_g_kernel(x, y, *, axis=-1):
    """Hedges' g: the difference of means over the pooled standard deviation, free of small-sample bias.

    Parameters
    ----------
    x, y : ndarray of float
        Samples along `axis`, of any two sizes; the other axes broadcast.
    axis : int

    Returns
    -------
    ndarray or float
        Positive where x is the larger; NaN for fewer than two values in a sample, NaN values, or no spread at all.

    References
    ----------
    Hedges, Journal of Educational Statistics 6, 107 (1981), with the exact factor J = Γ(f/2) / (√(f/2) Γ((f − 1)/2)),
    f = n + m − 2.
    """
    x, y = _last(x, axis), _last(y, axis)
    n, m = x.shape[-1], y.shape[-1]
    if n < 2 or m < 2:
        return _undefined(x, y)
    freedom = n + m - 2
    within = ((n - 1) * x.var(axis=-1, ddof=1) + (m - 1) * y.var(axis=-1, ddof=1)) / freedom
    correction = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2) - np.log(freedom / 2) / 2)
    spread = np.sqrt(np.where(within > 0, within, np.nan))
    return correction * (x.mean(axis=-1) - y.mean(axis=-1)) / spread


def _last(values, axis):
    return np.moveaxis(np.asarray(values, dtype=float), axis, -1)


def _pooled(x, y):
    shape = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    return np.concatenate([np.broadcast_to(part, shape + part.shape[-1:]) for part in (x, y)], axis=-1)


def _undefined(x, y):
    shape = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    return np.full(shape, np.nan) if shape else np.nan
