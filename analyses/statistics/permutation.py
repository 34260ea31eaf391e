"""Permutation tests of a difference between samples, of a change in pairs and of an association."""

import numpy as np
from scipy import stats

from ..errors import InvalidInput
from .intervals import LARGEST

# numbers that a statistic is given at once
_CHUNK = 1 << 22


def permutation_kernel(x, y, statistic, *, rng, permutations=999, paired=False):
    """p value of a permutation test: how often relabelled samples give a statistic as large as the one found.

    Parameters
    ----------
    x, y : ndarray of float (…, n), (…, m)
        Units are on the last axis, leading axes are tests of their own.
    statistic : callable
        ``statistic(x, y, axis=-1)``, vectorised; large values speak against the null (take the absolute value of one
        with a sign).
    rng : numpy.random.Generator
    permutations : int, ≥ 1
        Random ones, p = (b + 1) / (permutations + 1); where there are no more different ones, all of them, p = b / all.
    paired : bool
        False: values are exchanged between the samples (null: one distribution). True: x and y change places within
        pairs, which for a difference of means flips signs (null: the pair is exchangeable).

    Returns
    -------
    ndarray or float (…)
        In (0, 1]; NaN for an empty sample, NaN values or, when paired, fewer than two pairs.

    Raises
    ------
    InvalidInput
        Paired samples of different sizes.

    Notes
    -----
    Of samples larger than 10 000 a random part of that size is tested, the same level with less power.

    References
    ----------
    Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 39 (2010).
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if paired and x.shape[-1] != y.shape[-1]:
        raise InvalidInput(
            f"permutation_kernel: paired samples must have one size, got {x.shape[-1]} and {y.shape[-1]}"
        )
    if min(x.shape[-1], y.shape[-1]) < (2 if paired else 1):
        return np.full(np.broadcast_shapes(x.shape[:-1], y.shape[:-1]), np.nan)[()]
    if paired and x.shape[-1] > LARGEST:
        kept = rng.choice(x.shape[-1], LARGEST, replace=False)
        x, y = x[..., kept], y[..., kept]
    x, y = (rng.choice(s, LARGEST, replace=False, axis=-1) if s.shape[-1] > LARGEST else s for s in (x, y))
    rows = int(np.prod(np.broadcast_shapes(x.shape[:-1], y.shape[:-1])))
    found = stats.permutation_test(
        (x, y),
        statistic,
        permutation_type="samples" if paired else "independent",
        vectorized=True,
        n_resamples=permutations,
        batch=max(1, _CHUNK // (rows * (x.shape[-1] + y.shape[-1]))),
        alternative="greater",
        axis=-1,
        rng=rng,
    )
    return np.where(np.isnan(found.statistic), np.nan, found.pvalue)[()]


def association_kernel(x, y, *, rng, permutations=999):
    """Spearman's rank correlation of pairs and its two-sided permutation p value.

    Parameters
    ----------
    x, y : ndarray of float (n,)
    rng : numpy.random.Generator
    permutations : int

    Returns
    -------
    tuple of float
        Correlation and p value, (b + 1) / (permutations + 1); NaN for fewer than three pairs or one that is constant.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    correlation = float(spearman_kernel(x, y))
    if np.isnan(correlation):
        return np.nan, np.nan
    kept = rng.choice(len(x), LARGEST, replace=False) if len(x) > LARGEST else slice(None)
    x, y = stats.rankdata(x[kept]), stats.rankdata(y[kept])
    found = abs(pearson_kernel(x, y))
    chunk = max(1, _CHUNK // len(x))
    above = 0
    for start in range(0, permutations, chunk):
        shuffled = rng.permuted(np.tile(y, (min(chunk, permutations - start), 1)), axis=-1)
        # rounding must not make a tie a smaller value
        above += int((np.abs(pearson_kernel(x, shuffled)) >= found - 1e-12).sum())
    return correlation, (above + 1) / (permutations + 1)


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
