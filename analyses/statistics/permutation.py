"""Permutation tests of a difference between samples and of a change in pairs."""

import itertools
import math

import numpy as np
from scipy import stats

from ..errors import InvalidInput
from .intervals import LARGEST

# numbers that a statistic is given at once
_CHUNK = 1 << 22


def permutation_kernel(x, y, statistic, *, rng, permutations=999, paired=False, clusters=None):
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
    clusters : array_like (n,), or a tuple of two when not paired
        Labels of the units: whole clusters (networks) change places. With K pairs of clusters p is at least 2 / 2ᴷ for
        a statistic without sign: five never reach 5 %.

    Returns
    -------
    ndarray or float (…)
        In (0, 1]; NaN for an empty sample, NaN values or, when paired, fewer than two pairs (clusters).

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
    if clusters is not None:
        exchanged = _pairs_exchanged if paired else _clusters_exchanged
        return _share_above(exchanged(x, y, clusters, rng, permutations), statistic, x, y)
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


def sign_flip_kernel(differences, *, rng, permutations=999):
    """p value of the mean of paired differences, two-sided, by random flips of their signs.

    As `permutation_kernel` with pairs and the absolute mean, by one matrix product for all rows: fast enough for the
    many permutations that a correction over thousands of rows needs.

    Parameters
    ----------
    differences : ndarray of float (row, n)
    rng : numpy.random.Generator
    permutations : int

    Returns
    -------
    ndarray (row,)
        (b + 1) / (permutations + 1); NaN for fewer than two differences or NaN among them.
    """
    d = np.asarray(differences, dtype=float)
    if d.shape[-1] < 2:
        return np.full(d.shape[:-1], np.nan)
    found = np.abs(d.sum(axis=-1))
    # rounding must not make a tie a smaller value
    least = found - 1e-12 * np.abs(d).sum(axis=-1)
    above = np.zeros(d.shape[:-1])
    chunk = max(1, _CHUNK // max(d.shape))
    for start in range(0, permutations, chunk):
        signs = rng.integers(0, 2, (min(chunk, permutations - start), d.shape[-1])) * 2.0 - 1
        above += (np.abs(signs @ d.T) >= least).sum(axis=0)
    return np.where(np.isnan(found), np.nan, (above + 1) / (permutations + 1))


def _share_above(exchanged, statistic, x, y):
    """p value from all (exact) or random exchanges of clusters."""
    exact, samples = exchanged
    found = np.asarray(statistic(x, y, axis=-1))
    above, number = np.zeros(found.shape), 0
    for pair in samples:
        # rounding must not make a tie a smaller value
        above += np.asarray(statistic(*pair, axis=-1)) >= found - 1e-12 * np.abs(found)
        number += 1
    if number < 2:
        return np.full(found.shape, np.nan)[()]
    p = above / number if exact else (above + 1) / (number + 1)
    return np.where(np.isnan(found), np.nan, p)[()]


def _pairs_exchanged(x, y, clusters, rng, permutations):
    names, number = np.unique(np.asarray(clusters), return_inverse=True)
    exact = len(names) < 2 or 2 ** len(names) <= permutations
    if exact:
        every = itertools.product((False, True), repeat=len(names)) if len(names) > 1 else ()
        flips = (np.array(flip) for flip in every)
    else:
        flips = (rng.random(len(names)) < 0.5 for _ in range(permutations))
    return exact, ((np.where(flip[number], y, x), np.where(flip[number], x, y)) for flip in flips)


def _clusters_exchanged(x, y, clusters, rng, permutations):
    parts = [
        sample[..., np.asarray(labels) == name]
        for sample, labels in zip((x, y), clusters, strict=True)
        for name in np.unique(labels)
    ]
    first, total = len(np.unique(clusters[0])), len(parts)
    exact = min(first, total - first) < 1 or math.comb(total, first) <= permutations
    if exact:
        chosen = itertools.combinations(range(total), first)
    else:
        chosen = (rng.permutation(total)[:first] for _ in range(permutations))
    return exact, (_joined(parts, set(map(int, choice))) for choice in chosen)


def _joined(parts, chosen):
    inside = [part for k, part in enumerate(parts) if k in chosen]
    outside = [part for k, part in enumerate(parts) if k not in chosen]
    return np.concatenate(inside, axis=-1), np.concatenate(outside, axis=-1)
