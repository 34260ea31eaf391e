"""Bootstrap intervals of any statistic of one or more samples, of single units or of whole clusters."""

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import t as student

from ..errors import InvalidInput

METHODS = ("bca", "percentile")
# resamples of a sample larger than this hold so many units, and their deviations are scaled
LARGEST = 10_000
# numbers that a statistic is given at once: 32 MiB, so that its temporaries stay below 256 MiB
_CHUNK = 1 << 22
# more units than this are left out in groups by the jackknife
_JACKKNIFE = 500


def bootstrap_kernel(
    samples,
    statistic,
    *,
    rng,
    resamples=2000,
    level=0.95,
    method="bca",
    clusters=None,
    paired=False,
):
    """Bootstrap interval of a statistic, percentile or BCa, widened for few units.

    Parameters
    ----------
    samples : ndarray of float (…, n), or a tuple of them
        One sample, or several that are independent of each other and are resampled each on its own. Units are on the
        last axis; the leading axes (repetitions, before and after) are resampled together and broadcast. No NaN.
    statistic : callable
        ``statistic(*samples, axis=-1)``, vectorised: called with arrays (…, resamples, n).
    rng : numpy.random.Generator
    resamples : int, ≥ 1
    level : float in (0, 1)
    method : {"bca", "percentile"}
        "bca" corrects for bias and skewness (acceleration from the jackknife).
    clusters : array_like (n,), or a tuple with one (or None) for each sample
        Label of each unit, such as the seed of its network: whole clusters are drawn, and they are what the jackknife
        leaves out and what counts as the number of units.
    paired : bool
        Draw the same units from every sample, which then have one size.

    Returns
    -------
    ndarray (2, …)
        Lower and upper bound; NaN where a sample has fewer than two units or the statistic is NaN.

    Raises
    ------
    InvalidInput
        A level, method or shape that is not defined, or NaN in a sample.

    Notes
    -----
    The tails are those of a t interval, α′ = Φ(−√(n/(n − 1)) t(α, n − 1)) with n the number of units (of the
    smallest sample), because plain percentiles are too narrow by that much. Samples beyond 10 000 units are
    resampled with 10 000 of them and the deviations from the estimate scaled by the root of the ratio, which
    serves every statistic whose error falls with the root of n (Bickel, Götze and van Zwet, Statistica Sinica 7,
    1, 1997); their acceleration, skewness / (6 √n), is taken as 0.

    References
    ----------
    Efron, Journal of the American Statistical Association 82, 171 (1987), equations 2.3 and 6.6 (BCa); Hesterberg, The
    American Statistician 69, 371 (2015), section 5.3 (expanded percentiles).
    """
    samples = samples if isinstance(samples, tuple) else (samples,)
    samples = tuple(np.asarray(sample, dtype=float) for sample in samples)
    labels = clusters if isinstance(clusters, tuple) else (clusters,) * len(samples)
    _check(samples, labels, level=level, method=method, resamples=resamples, paired=paired)
    tables = [units_of(sample.shape[-1], label) for sample, label in zip(samples, labels, strict=True)]
    if min(len(table) for table in tables) < 2:
        shape = np.broadcast_shapes(*(sample.shape[:-1] for sample in samples))
        return np.full((2,) + shape, np.nan)
    estimate = np.asarray(statistic(*samples, axis=-1))
    units = min(len(table) for table in tables)
    whole = any(label is not None for label in labels)
    sizes = [len(table) if whole else drawn_units(len(table), units) for table in tables]
    values = _resampled(samples, statistic, tables, sizes, rng=rng, resamples=resamples, paired=paired)
    scale = 1.0 if whole else np.sqrt(min(1.0, LARGEST / units))
    values = np.sort(estimate[..., None] + scale * (values - estimate[..., None]), axis=-1)
    tails = np.array([-1.0, 1.0]) * expanded_quantile(level, units)
    tails = tails.reshape((2,) + (1,) * estimate.ndim)
    if method == "bca":
        below = (values < estimate[..., None]).mean(axis=-1) + (values <= estimate[..., None]).mean(axis=-1)
        # a share of 0 or 1 says no more than that it is beyond what so many resamples resolve
        bias = ndtri(np.clip(below / 2, 0.5 / resamples, 1 - 0.5 / resamples))
        acceleration = _acceleration(samples, statistic, tables, rng=rng, paired=paired)
        shifted = bias + tails
        tails = bias + shifted / np.maximum(1 - acceleration * shifted, 1e-6)
    return _quantiles(values, ndtr(tails))


def check_level(level, *, where):
    """Raise `InvalidInput` of `where` unless 0 < level < 1."""
    if not 0 < level < 1:
        raise InvalidInput(f"{where}: level must be between 0 and 1, such as 0.95, got {level!r}")


def check_resampling(resamples, level, *, where, least=1):
    """Raise `InvalidInput` of `where` unless `resamples` is a whole number ≥ `least` and 0 < level < 1."""
    whole = isinstance(resamples, int | np.integer) and not isinstance(resamples, bool)
    if not whole or resamples < least:
        range_ = {0: ", 0 for no intervals", 1: " above 0"}.get(least, f" of {least} or more")
        raise InvalidInput(f"{where}: resamples must be a whole number{range_}, got {resamples!r}")
    check_level(level, where=where)


def _check(samples, labels, *, level, method, resamples, paired):
    where = "bootstrap_kernel"
    check_resampling(resamples, level, where=where)
    if method not in METHODS:
        raise InvalidInput(f"{where}: method must be one of {', '.join(METHODS)}, got {method!r}")
    if len(labels) != len(samples):
        raise InvalidInput(
            f"{where}: {len(samples)} samples but clusters for {len(labels)}; give None for a sample without"
        )
    for k, (sample, label) in enumerate(zip(samples, labels, strict=True)):
        if not sample.ndim:
            raise InvalidInput(
                f"{where}: sample {k} is a single number, expected an array with units on the last axis"
            )
        if np.isnan(sample).any():
            raise InvalidInput(f"{where}: sample {k} holds NaN; leave out what has no value")
        if label is not None and np.shape(label) != sample.shape[-1:]:
            raise InvalidInput(
                f"{where}: sample {k} has {sample.shape[-1]} units but cluster labels of shape {np.shape(label)}"
            )
    if paired and len({sample.shape[-1] for sample in samples}) > 1:
        raise InvalidInput(
            f"{where}: paired samples must have one size, got {', '.join(str(s.shape[-1]) for s in samples)} units"
        )


def units_of(size, labels):
    """Places of each unit: an array (unit, place) where all have one size, else a list of arrays."""
    if labels is None:
        return np.arange(size)[:, None]
    names, number = np.unique(np.asarray(labels), return_inverse=True)
    places = [np.flatnonzero(number == k) for k in range(len(names))]
    return np.array(places) if len({len(p) for p in places}) == 1 else places


def drawn_units(size, least):
    """Units that a resample of a sample holds: all, or in the ratio of the smallest sample, which has `least`."""
    part = min(least, LARGEST)
    # 20 times the smallest adds at most 5 % to the variance, on the wide side
    return min(-(-size * part // least), max(LARGEST, 20 * part))


def _resampled(samples, statistic, tables, sizes, *, rng, resamples, paired):
    ragged = any(isinstance(table, list) for table in tables)
    rows = [int(np.prod(sample.shape[:-1])) for sample in samples]
    numbers = sum(row * size * len(table[0]) for row, size, table in zip(rows, sizes, tables, strict=True))
    chunk = 1 if ragged else max(1, _CHUNK // max(numbers, 1))
    out = []
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        if paired:
            picks = [rng.integers(len(tables[0]), size=(count, sizes[0]))] * len(samples)
        else:
            picks = [rng.integers(len(t), size=(count, size)) for t, size in zip(tables, sizes, strict=True)]
        taken = [
            np.take(sample, unit_places(table, pick), axis=-1)
            for sample, table, pick in zip(samples, tables, picks, strict=True)
        ]
        out.append(np.asarray(statistic(*taken, axis=-1)))
    return np.concatenate(out, axis=-1)


def unit_places(table, pick):
    if isinstance(table, list):
        return np.concatenate([table[k] for k in pick[0]])[None]
    return table[pick].reshape(len(pick), -1)


def _acceleration(samples, statistic, tables, *, rng, paired):
    """Acceleration from the jackknife over units, of all samples together (paired: of one unit of each)."""
    cubes, squares = 0.0, 0.0
    for k in range(1 if paired else len(samples)):
        if len(tables[k]) > LARGEST:
            continue
        groups = _left_out(tables[k], rng)
        values = []
        for group in groups:
            kept = np.delete(np.arange(samples[k].shape[-1]), group)
            part = tuple(
                np.take(sample, kept, axis=-1) if paired or j == k else sample
                for j, sample in enumerate(samples)
            )
            values.append(np.asarray(statistic(*part, axis=-1)))
        values = np.stack(values, axis=-1)
        influence = (values.mean(axis=-1, keepdims=True) - values) * (len(groups) - 1) / len(groups)
        cubes = cubes + (influence**3).sum(axis=-1)
        squares = squares + (influence**2).sum(axis=-1)
    # a statistic that no unit moves has no skewness either
    return cubes / (6 * np.where(np.asarray(squares) > 0, squares, np.inf) ** 1.5)


def _left_out(table, rng):
    """Places of each unit, or of each of some hundred random groups of units (whose skewness adds up to the same)."""
    if len(table) <= _JACKKNIFE:
        return list(table)
    order = rng.permutation(len(table))
    return [np.concatenate([np.ravel(table[k]) for k in part]) for part in np.array_split(order, _JACKKNIFE)]


def fewest_units(level):
    """Units below which an interval of a median says less than its level: 4 at 90 %, 5 at 95 %, at least 2.

    No resample reaches beyond the outermost values, and the median of a distribution lies between those of n with a
    chance of 1 − 2^(1 − n): so many units are needed for that to be the level, to 5 %. Ratios, correlations and medians
    of differences have the same bound.
    """
    return max(2, int(np.ceil(1 - np.log2(1.05 - level))))


def expanded_quantile(level, units):
    """Normal quantile whose tail is as wide as that of a t interval of `units` values (Hesterberg 2015)."""
    return float(np.sqrt(units / (units - 1)) * student.ppf((1 + level) / 2, units - 1))


def _quantiles(ordered, share):
    """Quantiles of sorted values (…, r) at a share of its own in each row, (2, …); the k-th is that of k/(r + 1)."""
    last = ordered.shape[-1] - 1
    place = np.clip(np.nan_to_num(share) * (last + 2) - 1, 0, last)
    low = np.floor(place).astype(np.int64)
    at = np.broadcast_to(ordered, share.shape[:1] + ordered.shape)
    left = np.take_along_axis(at, low[..., None], axis=-1)[..., 0]
    right = np.take_along_axis(at, np.minimum(low + 1, last)[..., None], axis=-1)[..., 0]
    found = left + (place - low) * (right - left)
    return np.where(np.isnan(share) | np.isnan(ordered[..., -1]), np.nan, found)
