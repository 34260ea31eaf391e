"""Rank correlations of pairs, alone and with a third property held constant, and their permutation tests."""

import numpy as np
from scipy import stats

from .intervals import LARGEST

# numbers that are exchanged at once
_CHUNK = 1 << 22
# what rounding leaves of a variance that is 0, as a share of the whole
_NOTHING = 1e-12


def association_kernel(x, y, *, rng, permutations=999, clusters=None):
    """Spearman's rank correlation of pairs and its two-sided permutation p value.

    Parameters
    ----------
    x, y : ndarray of float (n,)
    rng : numpy.random.Generator
    permutations : int
    clusters : array_like (n,), optional
        Labels of the units: partners are exchanged within a cluster (network) only.

    Returns
    -------
    tuple of float
        Correlation and p value, (b + 1) / (permutations + 1); NaN for fewer than three pairs or one that is constant.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    correlation = float(spearman_kernel(x, y))
    if np.isnan(correlation):
        return np.nan, np.nan
    (x, y), ends = _ranked_by_cluster((x, y), clusters, rng)
    found = abs(pearson_kernel(x, y))
    above = 0
    for shuffled in _exchanged(y, ends, rng, permutations):
        # rounding must not make a tie a smaller value
        above += int((np.abs(pearson_kernel(x, shuffled)) >= found - 1e-12).sum())
    return correlation, (above + 1) / (permutations + 1)


def partial_association_kernel(x, y, given, *, rng, permutations=999, clusters=None):
    """Partial rank correlation of pairs with a third property held constant, and its two-sided permutation p value.

    The ranks of y are split into what the ranks of `given` predict (linearly) and the rest; the rest changes places.

    Parameters
    ----------
    x, y, given : ndarray of float (n,)
    rng : numpy.random.Generator
    permutations : int
    clusters : array_like (n,), optional
        Labels of the units: partners are exchanged within a cluster (network) only.

    Returns
    -------
    tuple of float
        As `partial_spearman_kernel`, and p value, (b + 1) / (permutations + 1); NaN where that is NaN.

    References
    ----------
    Freedman and Lane, Journal of Business & Economic Statistics 1, 292 (1983); Anderson and Robinson, Australian & New
    Zealand Journal of Statistics 43, 75 (2001): level and power of this and other schemes.
    """
    x, y, given = (np.asarray(values, dtype=float) for values in (x, y, given))
    correlation = float(partial_spearman_kernel(x, y, given))
    if np.isnan(correlation):
        return np.nan, np.nan
    (x, y, given), ends = _ranked_by_cluster((x, y, given), clusters, rng)
    x, y, given = (values - values.mean() for values in (x, y, given))
    predicted = given * (given @ y / (given @ given))
    found = abs(_partial(x, y, given))
    above = 0
    for shuffled in _exchanged(y - predicted, ends, rng, permutations):
        above += int((np.abs(_partial(x, predicted + shuffled, given)) >= found - 1e-12).sum())
    return correlation, (above + 1) / (permutations + 1)


def _ranked_by_cluster(samples, clusters, rng):
    """Ranks of (a part of) the units, those of a cluster side by side, and where each cluster ends."""
    size = len(samples[0])
    group = (
        np.zeros(size, int) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    )
    kept = rng.choice(size, LARGEST, replace=False) if size > LARGEST else np.arange(size)
    kept = kept[np.argsort(group[kept], kind="stable")]
    ends = np.flatnonzero(np.diff(group[kept], append=group[kept][-1] + 1)) + 1
    return [stats.rankdata(values[kept]) for values in samples], ends


def _exchanged(y, ends, rng, permutations):
    """Rows in which the values have changed places within clusters, in chunks (row, n)."""
    chunk = max(1, _CHUNK // len(y))
    for start in range(0, permutations, chunk):
        shuffled = np.tile(y, (min(chunk, permutations - start), 1))
        for part in np.split(shuffled, ends[:-1], axis=-1):
            rng.permuted(part, axis=-1, out=part)
        yield shuffled


def spearman_kernel(x, y, *, axis=-1):
    """Spearman's rank correlation of pairs along `axis`; NaN for fewer than three or where one side is constant."""
    return pearson_kernel(stats.rankdata(x, axis=axis), stats.rankdata(y, axis=axis), axis=axis)


def pearson_kernel(x, y, *, axis=-1):
    """Pearson's correlation of pairs along `axis`; NaN for fewer than three or where one side is constant."""
    x, y = (np.moveaxis(np.asarray(values, dtype=float), axis, -1) for values in (x, y))
    if min(x.shape[-1], y.shape[-1]) < 3:
        return np.full(np.broadcast_shapes(x.shape[:-1], y.shape[:-1]), np.nan)[()]
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    spread = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    return (x * y).sum(axis=-1) / np.where(spread > 0, spread, np.nan)


def partial_spearman_kernel(x, y, given, *, axis=-1):
    """Spearman's partial rank correlation along `axis`: of x and y, with `given` held constant.

    (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)) of the ranks, z being `given`.

    Parameters
    ----------
    x, y, given : ndarray of float
        Of one shape.

    Returns
    -------
    ndarray or float
        NaN for fewer than four units, where one of the three is constant, or where the ranks of `given` leave nothing
        of those of x or y.

    References
    ----------
    Kendall, Biometrika 32, 277 (1942): the partial coefficient of ranks.
    """
    ranks = (
        stats.rankdata(np.moveaxis(np.asarray(v, dtype=float), axis, -1), axis=-1) for v in (x, y, given)
    )
    return _partial(*ranks)


def _partial(x, y, given):
    """Pearson's partial correlation along the last axis."""
    xy, xz, yz = (pearson_kernel(*pair) for pair in ((x, y), (x, given), (y, given)))
    if x.shape[-1] < 4:
        return np.full(np.shape(xy), np.nan)[()]
    left = (1 - xz**2) * (1 - yz**2)
    known = np.minimum(1 - xz**2, 1 - yz**2) > _NOTHING
    return (xy - xz * yz) / np.sqrt(np.where(known, left, np.nan))
