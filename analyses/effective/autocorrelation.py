"""Autocorrelation of spike counts across trials (Murray et al. 2014): kernels from counts to correlations and fits."""

import numpy as np

from .exponential import exponential_fit_kernel
from .resampling import CHUNK

PERMUTATIONS = 999


def trial_moments(counts, block, blocks, lags):
    """Sums over the trials of each block that the correlations are made of.

    Parameters
    ----------
    counts : ndarray (trial, bin)
    block : ndarray of int (trial,)
        Rising.
    blocks : int
    lags : int
        Largest lag in bins.

    Returns
    -------
    ndarray (block, feature)
        Number of trials; sum and sum of squares of each bin; for each lag 1 … lags the sums of the products of bins
        that are so far apart.
    """
    bins = counts.shape[1]
    size = 1 + 2 * bins + lags * bins - lags * (lags + 1) // 2
    out = np.zeros((blocks, size))
    step = max(1, CHUNK // size)
    for start in range(0, len(counts), step):
        part = np.asarray(counts[start : start + step], dtype=float)
        features = [np.ones((len(part), 1)), part, part**2]
        features += [part[:, : bins - k] * part[:, k:] for k in range(1, lags + 1)]
        number, first = np.unique(block[start : start + step], return_index=True)
        out[number] += np.add.reduceat(np.concatenate(features, axis=1), first, axis=0)
    return out


def correlations(sums, bins, lags):
    """Mean over pairs of bins of Pearson's r across trials, by lag, (…, lag), from sums as of `trial_moments`.

    Pairs with a bin that never varies are left out; NaN where a lag has no pair.
    """
    n = sums[..., :1]
    first, square = sums[..., 1 : bins + 1], sums[..., bins + 1 : 2 * bins + 1]
    spread = n * square - first**2
    # what rounding leaves of a constant is no variance
    spread = np.where(spread > 1e-9 * n * square, spread, 0)
    out, start = [], 2 * bins + 1
    for k in range(1, lags + 1):
        product = sums[..., start : start + bins - k]
        start += bins - k
        scale = np.sqrt(spread[..., : bins - k] * spread[..., k:])
        varies = scale > 0
        r = (n * product - first[..., : bins - k] * first[..., k:]) / np.where(varies, scale, 1)
        number = varies.sum(axis=-1)
        out.append(np.where(number > 0, np.where(varies, r, 0).sum(axis=-1) / np.maximum(number, 1), np.nan))
    return np.stack(out, axis=-1)


def trial_autocorrelation_kernel(counts, *, lags):
    """Autocorrelation across trials: Pearson's r between the counts of two bins, averaged over bins of one lag.

    The mean that is subtracted is that of each bin over trials, so that what every trial does alike does not correlate,
    and the finite length of a trial shifts nothing (subtracting the mean of each trial would).

    Parameters
    ----------
    counts : ndarray (…, trial, bin)
    lags : int, 1 … bins − 1
        Largest lag in bins.

    Returns
    -------
    ndarray (…, lag)
        At lags 1 … `lags` bins; NaN where no bin pair varies across trials.

    References
    ----------
    Murray et al., Nature Neuroscience 17, 1661 (2014), methods.
    """
    counts = np.asarray(counts, dtype=float)
    bins = counts.shape[-1]
    sums = [np.full(counts.shape[:-2] + (1,), counts.shape[-2], dtype=float)]
    sums += [counts.sum(axis=-2), (counts**2).sum(axis=-2)]
    sums += [(counts[..., : bins - k] * counts[..., k:]).sum(axis=-2) for k in range(1, lags + 1)]
    return correlations(np.concatenate(sums, axis=-1), bins, lags)


def independence_p_kernel(counts, *, lags, rng, permutations=PERMUTATIONS):
    """One-sided p of the null that the counts of different bins are independent across trials.

    The statistic is the sum of Pearson's r over the pairs of bins that are at most `lags` apart and vary. Under the
    null the trials of each bin may be permuted on their own; here each is rotated by a random number of trials. These
    rotations are a group, so p = (b + 1)/(m + 1) holds its level at any number of trials and spikes; where these are
    few, so are the values that the statistic can have, and p is too large rather than too small.

    Parameters
    ----------
    counts : ndarray (trial, bin)
        Trials independent of each other.
    lags : int, 1 … bins − 1
    rng : numpy.random.Generator
    permutations : int
        m.

    Returns
    -------
    float
        NaN where no pair of bins varies.

    References
    ----------
    Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 39 (2010), on (b + 1)/(m + 1).
    """
    counts = np.asarray(counts, dtype=float)
    trials, bins = counts.shape
    centred = counts - counts.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    varies = size > 1e-9 * (1 + np.abs(counts).max(axis=0))
    spectrum = np.fft.rfft(centred / np.where(varies, size, 1), axis=0)
    turn = rng.integers(trials, size=(permutations, bins))
    observed, turned, number = 0.0, np.zeros(permutations), 0
    for k in range(1, lags + 1):
        pair = np.flatnonzero(varies[:-k] & varies[k:])
        # r of a pair at every rotation of one bin against the other
        r = np.fft.irfft(spectrum[:, pair].conj() * spectrum[:, pair + k], n=trials, axis=0)
        observed += r[0].sum()
        turned += r[(turn[:, pair + k] - turn[:, pair]) % trials, np.arange(len(pair))].sum(axis=1)
        number += len(pair)
    if not number:
        return np.nan
    # what rounding makes of equal sums is no difference
    return float(((turned >= observed - 1e-9 * number).sum() + 1) / (permutations + 1))


def decay_kernel(correlation, *, width, bins):
    """Time constant of autocorrelations: the exponential from the first drop on, lags weighted by their pairs of bins.

    Parameters
    ----------
    correlation : ndarray (…, lag)
        At lags 1, 2, … bins.
    width : float
        Of a bin; tau has its unit.
    bins : int
        Of a trial: lag k has bins − k pairs.

    Returns
    -------
    ExponentialFit
        tau between a quarter of a bin and twice the longest lag.

    References
    ----------
    Murray et al. 2014, equation 1; the fit starts where the autocorrelation first decreases, since refractoriness and
    adaptation lower its first values.
    """
    correlation = np.asarray(correlation, dtype=float)
    lags = correlation.shape[-1]
    number = np.arange(1, lags + 1)
    weight = np.where(number >= first_drop(correlation)[..., None], bins - number, 0.0)
    return exponential_fit_kernel(
        correlation, number * width, low=width / 4, high=2 * lags * width, weight=weight
    )


def first_drop(correlation):
    """The first lag (from 1) that is followed by a lower correlation; 1 where none is."""
    drops = np.diff(correlation, axis=-1) < 0
    return np.where(drops.any(axis=-1), drops.argmax(axis=-1), 0) + 1
