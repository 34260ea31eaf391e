"""Variables of `compare`: sizes of the difference between each layer and group, with intervals."""

import numpy as np

from ..statistics.distances import cliffs_delta_kernel, hedges_g_kernel
from ..statistics.intervals import fewest_units
from ..statistics.inversion import FEWEST, tail_shares
from ..statistics.positive_samples import Sample
from ..variables import variable
from .pairs import BOUND, PAIR, over_pairs

_EFFECTS = (
    ("median_ratio", "median of the network over that of the cells"),
    ("cliffs_delta", "Cliff's delta: P(network > cells) - P(network < cells)"),
    ("hedges_g", "Hedges' g of the logarithms"),
    ("spread_ratio", "standard deviation of the logarithms, network over cells"),
)


def effect_variables(layers, groups, *, rng, resamples, level):
    """Effect sizes with percentile-bootstrap intervals (tails as wide as those of a t interval); dict of variables."""

    def found(x, y):
        return effects_kernel(x, y, rng=rng, resamples=resamples, level=level)

    values = over_pairs(layers, groups, found, len(_EFFECTS), 3)
    parts = {}
    for k, (name, text) in enumerate(_EFFECTS):
        parts[f"biology_{name}"] = variable(values[..., k, 0], PAIR, units="1", long_name=text)
        parts[f"biology_{name}_interval"] = variable(
            values[..., k, 1:],
            PAIR + BOUND,
            units="1",
            long_name=f"interval of the {text}, level {level:g}",
            level=level,
            resamples=resamples,
        )
    return parts


def effects_kernel(x, y, *, rng, resamples=1000, level=0.95):
    """Median ratio, Cliff's delta, Hedges' g of the logarithms and ratio of the log-sd, each with its interval.

    Parameters
    ----------
    x, y : ndarray of float (n,), (m,)
        Positive values.

    Returns
    -------
    ndarray (4, 3)
        Estimate, lower and upper bound. NaN: intervals below `fewest_units` values in a sample, that of the ratio of
        spreads below `FEWEST`; what needs a spread where there is none.
    """
    found = np.full((len(_EFFECTS), 3), np.nan)
    n, m = len(x), len(y)
    found[:2, 0] = np.log(np.median(x) / np.median(y)), cliffs_delta_kernel(x, y)
    if min(n, m) > 1:
        samples = Sample.of(x), Sample.of(y)
        spread_x, spread_y = (np.log(v).std(ddof=1) for v in (x, y))
        found[2, 0] = hedges_g_kernel(np.log(x), np.log(y))
        if np.ptp(x) > 0 and np.ptp(y) > 0:
            found[3, 0] = np.log(spread_x / spread_y)
        resampled, observed = (
            _on_shares(*parts, n, m)
            for parts in (
                [v.draw(rng=rng, resamples=resamples) for v in samples],
                [np.log(v.at_shares) for v in samples],
            )
        )
        deviations = np.quantile(resampled - observed[:, None], tail_shares(level, min(n, m)), axis=-1).T
        found[:, 1:] = found[:, :1] + deviations
        found[1, 1:] = np.clip(found[1, 1:], -1, 1)
        if min(n, m) < fewest_units(level):
            found[:, 1:] = np.nan
        if min(n, m) < FEWEST:
            found[3, 1:] = np.nan
    found[[0, 3]] = np.exp(found[[0, 3]])
    return found


def _on_shares(log_x, log_y, n, m):
    """The four effects (ratios as logarithms) of samples given by their logarithms at the same shares, (4, …)."""
    size = log_x.shape[-1]
    order = np.argsort(np.concatenate((log_x, log_y), axis=-1), axis=-1, kind="stable")
    above = np.where(order < size, np.arange(1, 2 * size + 1), 0).sum(axis=-1) - size * (size + 1) / 2
    spread_x, spread_y = log_x.std(axis=-1), log_y.std(axis=-1)
    pooled = np.sqrt((n * spread_x**2 + m * spread_y**2) / (n + m - 2))
    middle = (np.median(log_x, axis=-1) - np.median(log_y, axis=-1), 2 * above / size**2 - 1)
    # rounding leaves a spread of 1e-16 where all values are one
    tiny = 1e-12
    apart = np.where(pooled > tiny, log_x.mean(axis=-1) - log_y.mean(axis=-1), np.nan)
    wide = (spread_x > tiny) & (spread_y > tiny)
    ratio = np.where(wide, spread_x, np.nan) / np.where(wide, spread_y, np.nan)
    return np.stack((*middle, apart / np.where(pooled > tiny, pooled, np.nan), np.log(ratio)))
