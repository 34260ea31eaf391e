"""Could two samples of positive values be of one distribution, and what difference would samples of their size show?"""

import numpy as np

from .positive_samples import (
    TABLE,
    TABLE_SHARES,
    area_kernel,
    at_grid,
    log_area_kernel,
    middle_of,
    order_statistics,
)

# shifts at which the power is looked at, in standard errors
_SHIFTS = np.linspace(0, 12, 13)


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
    deviation = base - middle_of(base)
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
    there = area_kernel(*(np.exp(at_grid(q)) for q in (base + shift * change, base)), scaled=scaled)
    return (1 + shift if scaled else np.exp(shift)), there


def _pooled(x, y):
    """Log quantiles of both samples together, each value counted once."""
    values = np.concatenate((x.table, y.table))
    order = np.argsort(values, kind="stable")
    weight = np.repeat((x.size, y.size), TABLE)[order] / (TABLE * (x.size + y.size))
    return np.interp(TABLE_SHARES, np.cumsum(weight) - weight / 2, values[order])


def _share(drawn):
    return float((drawn.sum() + 1) / (drawn.size + 1))
