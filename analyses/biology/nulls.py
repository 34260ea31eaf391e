"""Variables of `compare`: the distances that networks without what is claimed would have."""

import numpy as np
from scipy import stats
from scipy.special import ndtr, ndtri

from ..statistics.positive_samples import Sample, area_kernel, frozen_log_quantiles, order_statistics
from ..statistics.same_distribution import two_sided
from ..variables import variable
from .pairs import BOUND, PAIR, PER_TEST

_NULL = ("biology_null",)


def null_variables(layers, groups, initial, *, rng, resamples, level):
    """Distance of the cells from a log-normal of a layer's mean and spread, and from where it started.

    Parameters
    ----------
    layers, groups : dict of str to ndarray
    initial : dict of str to ndarray or frozen distribution, or None
    rng, resamples, level

    Returns
    -------
    dict of variables
    """
    laws = {"lognormal": {name: _lognormal(x) for name, x in layers.items()}}
    if initial is not None:
        laws["initial"] = {name: _started(initial.get(name)) for name in layers}
    shape = (len(laws), len(layers), len(groups))
    sides = [{name: Sample.of(v) for name, v in side.items() if len(v) > 1} for side in (layers, groups)]
    draws = max(resamples, PER_TEST * 2 * int(np.prod(shape)))
    shares = ndtr(np.array([-1, 0, 1]) * ndtri((1 + level) / 2))
    kinds = ((False, "", "ms"), (True, "_scaled", "1"))
    central, p = np.full((2,) + shape + (3,), np.nan), np.full((2,) + shape, np.nan)
    for i, law in enumerate(laws.values()):
        for k, name in enumerate(layers):
            if law[name] is None or name not in sides[0]:
                continue
            x = sides[0][name]
            drawn = np.exp(law[name][order_statistics(x.size, rng=rng, resamples=draws)])
            for j, group in enumerate(groups):
                for kind, (scaled, _, _) in enumerate(kinds):
                    if group in sides[1]:
                        y = sides[1][group].at_shares
                        found = area_kernel(drawn, y, scaled=scaled)
                        central[kind, i, k, j] = np.quantile(found, shares)
                        p[kind, i, k, j] = two_sided(found, area_kernel(x.at_shares, y, scaled=scaled))
    parts = {}
    for kind, (_, suffix, units) in enumerate(kinds):
        text = "Wasserstein distance of the cells from as many draws of the null"
        parts[f"biology_null_distance{suffix}"] = variable(
            central[kind, ..., 1], _NULL + PAIR, units=units, long_name=f"median {text}", resamples=draws
        )
        parts[f"biology_null_interval{suffix}"] = variable(
            central[kind, ..., ::2],
            _NULL + PAIR + BOUND,
            units=units,
            long_name=f"central {100 * level:g} % of the {text}",
            level=level,
            resamples=draws,
        )
        parts[f"biology_null_p{suffix}"] = variable(
            p[kind],
            _NULL + PAIR,
            units="1",
            long_name="p value of the network's distance among those of the null, two-sided",
            resamples=draws,
        )
    return parts


def _lognormal(x):
    """Log quantiles of the log-normal of the mean and standard deviation of a sample; None where it has no spread."""
    if len(x) < 2 or not np.ptp(x) > 0:
        return None
    variance = np.log1p(x.var(ddof=1) / x.mean() ** 2)
    return frozen_log_quantiles(stats.lognorm(np.sqrt(variance), scale=x.mean() * np.exp(-variance / 2)))


def _started(law):
    if hasattr(law, "ppf"):
        return frozen_log_quantiles(law)
    return Sample.of(law).table if law is not None and len(law) > 1 else None
