"""Variables of `compare`: distances of every layer and group, tests, and what sample sizes can show."""

import numpy as np

from ..statistics.distances import energy_distance_kernel, wasserstein_kernel
from ..statistics.inversion import FEWEST
from ..statistics.multiple import holm_kernel
from ..statistics.positive_intervals import distance_interval_kernel
from ..statistics.positive_samples import Sample
from ..statistics.same_distribution import detectable_kernel, same_distribution_kernel
from ..variables import variable

PAIR = ("biology_layer", "biology_group")
BOUND = ("biology_bound",)
# draws for each test that is corrected for, so that the smallest p value times their number stays below 5 %
PER_TEST = 40


def over_pairs(layers, groups, function, *shape):
    """Results of ``function(x, y)`` for every layer and group, (layer, group, …); NaN where a side is empty."""
    found = np.full((len(layers), len(groups), *shape), np.nan)
    for k, x in enumerate(layers.values()):
        for j, y in enumerate(groups.values()):
            if _holds(x) and _holds(y):
                found[k, j] = function(x, y)
    return found


def distance_variables(layers, groups, what, *, rng, resamples, level):
    """Distances with intervals, p values and detectable differences, in ms and scale-free; dict of variables."""
    recorded = {"level": level, "resamples": resamples}
    draws = max(resamples, PER_TEST * len(layers) * len(groups))
    raw = layers, groups
    layers, groups = ({k: Sample.of(v) if len(v) else None for k, v in side.items()} for side in raw)
    parts = {}
    for scaled, suffix, text in ((False, "", what), (True, "_scaled", f"{what} over its median")):
        plain = over_pairs(*raw, lambda x, y, scaled=scaled: _distances(x, y, scaled), 2)
        options = {"rng": rng, "resamples": resamples, "scaled": scaled}
        tested = over_pairs(
            layers,
            groups,
            lambda x, y, o=options: _interval(x, y, level=level, **o),
            2,
            3,
        )
        for k, (name, kind, units) in enumerate(
            (("distance", "Wasserstein", "ms"), ("energy_distance", "energy", "ms^0.5"))
        ):
            name, units = f"biology_{name}{suffix}", "1" if scaled else units
            parts[name] = variable(
                plain[..., k], PAIR, units=units, long_name=f"{kind} distance of the samples, {text}"
            )
            parts[f"{name}_corrected"] = variable(
                tested[..., k, 1],
                PAIR,
                units=units,
                long_name=f"{kind} distance of the distributions, {text}, median-unbiased",
            )
            parts[f"{name}_interval"] = variable(
                tested[..., k, ::2],
                PAIR + BOUND,
                units=units,
                long_name=f"interval of the {kind} distance of the distributions, {text}, level {level:g}",
                fewest=FEWEST,
                **recorded,
            )
        parts[f"biology_p{suffix}"] = variable(
            over_pairs(
                layers,
                groups,
                lambda x, y, o=options: same_distribution_kernel(x, y, **{**o, "resamples": draws}),
            ),
            PAIR,
            units="1",
            long_name="p value of one distribution" + (" up to a factor" if scaled else ""),
            resamples=draws,
        )
        seen = over_pairs(
            layers,
            groups,
            lambda x, y, o=options: detectable_kernel(x.size, y, level=level, **o),
            2,
        )
        ratio = "spread_ratio" if scaled else "ratio"
        power = {"power": 0.8, "level": level, "resamples": resamples}
        parts[f"biology_detectable_{ratio}"] = variable(
            seen[..., 0],
            PAIR,
            units="1",
            long_name=f"ratio of the {'log-sd' if scaled else 'medians'} that is seen with a chance of 80 %",
            **power,
        )
        parts[f"biology_detectable_distance{suffix}"] = variable(
            seen[..., 1],
            PAIR,
            units="1" if scaled else "ms",
            long_name="Wasserstein distance that it makes",
            **power,
        )
    return parts


def too_few(layers, groups, fewest):
    """The layers and groups of fewer than `fewest` values, in words; empty where there is none."""
    small = [
        f"{name} ({len(values)} {what})"
        for side, what in ((layers, "neurons"), (groups, "cells"))
        for name, values in side.items()
        if 0 < len(values) < fewest
    ]
    return f"fewer than {fewest} values: {', '.join(small)}" if small else ""


def with_holm(parts):
    """The variables with a corrected p value beside each, over all layers, groups and nulls (Holm)."""
    for name in [name for name in parts if name.removesuffix("_scaled").endswith("_p")]:
        old = parts[name]
        parts[f"{name}_holm"] = variable(
            holm_kernel(old.values),
            old.dims,
            units="1",
            long_name=f"{old.attrs['long_name']}, corrected (Holm)",
            tests=int(np.isfinite(old.values).sum()),
        )
    return parts


def _holds(sample):
    return sample is not None and (isinstance(sample, Sample) or len(sample) > 0)


def _interval(x, y, **options):
    return distance_interval_kernel(x, y, **options) if min(x.size, y.size) >= FEWEST else np.nan


def _distances(x, y, scaled):
    if scaled:
        x, y = x / np.median(x), y / np.median(y)
    return wasserstein_kernel(x, y), energy_distance_kernel(x, y)
