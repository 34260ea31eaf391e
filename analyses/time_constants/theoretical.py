"""How far learned time constants are from the distribution they were drawn from, where the draws are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.distance_intervals import reference_quantiles, wasserstein_interval_kernel
from ..statistics.distances import wasserstein_kernel
from ..statistics.intervals import LARGEST, bootstrap_kernel, check_resampling
from ..variables import same_scale, variable
from .arrays import QUANTITIES, Table, read_arrays, unit_of, untrained
from .displacement import p_variables
from .few import no_interval, where_enough

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


TESTS = ("wasserstein",)


def theoretical_kernel(values, distribution, *, rng, draws=999):
    """Wasserstein distance of a sample from a known distribution, and how often a draw of it is as far.

    Parameters
    ----------
    values : ndarray of float (…, n)
        Of more than 10 000 values a random part of that size is tested.
    distribution : frozen distribution of scipy.stats
    rng : numpy.random.Generator
    draws : int

    Returns
    -------
    tuple of ndarray (…)
        Distance in the units of the values and p = (b + 1) / (draws + 1), exact for independent values; NaN for fewer
        than two.

    References
    ----------
    Barnard, Journal of the Royal Statistical Society B 25, 294 (1963): Monte Carlo tests.
    """
    x = np.asarray(values, dtype=float)
    n = x.shape[-1]
    if n < 2:
        empty = np.full(x.shape[:-1], np.nan)
        return empty, empty
    distance = wasserstein_kernel(x, reference_quantiles(distribution, n))
    tested = distance
    if n > LARGEST:
        x = rng.choice(x, LARGEST, replace=False, axis=-1)
        n = LARGEST
        tested = wasserstein_kernel(x, reference_quantiles(distribution, n))
    reference = reference_quantiles(distribution, n)
    chunk = max(1, (1 << 21) // n)
    under = np.concatenate(
        [
            wasserstein_kernel(
                distribution.rvs(size=(min(chunk, draws - start), n), random_state=rng), reference
            )
            for start in range(0, draws, chunk)
        ]
    )
    above = draws - np.searchsorted(np.sort(under), tested, side="left")
    return distance, (above + 1) / (draws + 1)


def displacement_from(
    ds: xr.Dataset,
    *,
    tau_m: rv_frozen | None = None,
    tau_a: rv_frozen | None = None,
    unit: Literal["neuron", "seed"] | None = None,
    resamples: int = 2000,
    draws: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Measure how far the time constants of each layer are from the distribution that they were initialised with.

    For networks whose values before training are not kept, such as published ones; where they are, `displacement` sees
    more, as it compares neuron by neuron.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_a`` in ms on (neuron) or (seed, neuron), NaN where a neuron has none; ``layer (neuron)``.
    tau_m, tau_a : frozen distribution of scipy.stats, optional
        Initial distributions in ms, such as ``scipy.stats.norm(80, 20)``; what is None is left out.
    unit : {"neuron", "seed"}, optional
        What is resampled; by default the seeds where there are two or more.
    resamples, draws, level, seed : int, int, float in (0, 1), int
        Of the intervals, and of the test (draws from the initial distribution).

    Returns
    -------
    Dataset
        On ``timescale_quantity`` and ``timescale_layer``, each with ``…_interval (…, bound)``:
        ``displacement_from_shift`` (ms, median − initial median), ``displacement_from_spread`` (standard deviation over
        the initial one), ``displacement_from_wasserstein`` (ms). ``displacement_from_p (…, displacement_from_test)``:
        how often as many draws from the initial distribution are as far from it; ``…_p_holm`` corrected over the
        arrays. Arrays that were never trained (constant) are NaN and named in the attribute ``untrained``. The test
        takes neurons as independent, also those of one seed. Too few neurons have no interval, as for `displacement`.

    Raises
    ------
    MissingVariable
        A distribution for a time constant that the dataset lacks, or none at all.
    InvalidInput
        As `timescale_intervals`, no frozen distribution with a finite standard deviation, or one in other units: its
        median differs from that of the values by a factor of 200.
    """
    where = "displacement_from"
    check_resampling(resamples, level, where=where)
    initial = {name: d for name, d in zip(QUANTITIES, (tau_m, tau_a), strict=True) if d is not None}
    for name, law in initial.items():
        if not (hasattr(law, "ppf") and hasattr(law, "rvs") and np.isfinite(law.std())):
            raise InvalidInput(
                f"{where}: {name} must be a frozen distribution such as scipy.stats.norm(80, 20), in ms, got {law!r}"
            )
    every = read_arrays(ds, where=where)
    missing = set(initial) - {quantity for quantity, _ in every}
    if missing or not initial:
        raise MissingVariable(
            f"{where}: {'give tau_m or tau_a, an initial distribution' if not initial else 'no ' + missing.pop()}; "
            f"the dataset holds {', '.join(dict.fromkeys(q for q, _ in every))}"
        )
    arrays = {key: a for key, a in every.items() if key[0] in initial}
    for (quantity, _), array in arrays.items():
        same_scale(initial[quantity], array.after, name=array.name, where=where)
    unit = unit_of(ds, unit, where=where)
    rng = np.random.default_rng(seed)
    measures, p = {}, {}
    for (quantity, layer), array in arrays.items():
        if array.trained:
            key, law = (quantity, layer), initial[quantity]
            options = {"rng": rng, "resamples": resamples, "level": level, "clusters": array.clusters(unit)}
            distance, chance = theoretical_kernel(array.after, law, rng=rng, draws=draws)
            measures[key] = {
                "wasserstein": (distance, wasserstein_interval_kernel(array.after, law, **options), True)
            }
            for name, kernel, spread in (("shift", _shift(law), False), ("spread", _spread(law), True)):
                estimate = kernel(array.after) if array.after.size > 1 else np.nan
                measures[key][name] = (estimate, bootstrap_kernel(array.after, kernel, **options), spread)
            measures[key] = {
                name: (estimate, where_enough(interval, array, unit=unit, level=level, spread=spread))
                for name, (estimate, interval, spread) in measures[key].items()
            }
            p[key] = np.array([chance])
    table = Table(arrays)
    parts = table.about(arrays) | p_variables(
        table, "displacement_from", p, TESTS, permutations=draws, seed=seed, unit="neuron"
    )
    recorded = {"level": level, "resamples": resamples, "seed": seed, "unit": unit}
    for name, units, text in (
        ("shift", "ms", "median less that of the initial distribution"),
        ("spread", "1", "standard deviation over that of the initial distribution"),
        ("wasserstein", "ms", "Wasserstein distance from the initial distribution"),
    ):
        parts[f"displacement_from_{name}"] = table.variable(
            {key: m[name][0] for key, m in measures.items()}, units=units, long_name=text
        )
        parts[f"displacement_from_{name}_interval"] = table.variable(
            {key: m[name][1] for key, m in measures.items()},
            ("bound",),
            shape=(2,),
            units=units,
            long_name=f"interval of the {text}, level {level:g}",
            **recorded,
        )
    coords = table.coords() | {
        "displacement_from_test": variable(
            TESTS, "displacement_from_test", units="1", long_name="what is tested"
        )
    }
    tried = [a for a in arrays.values() if a.trained]
    about = {
        "untrained": untrained(arrays),
        "timescale_no_interval": no_interval(tried, unit, level),
        "unit": unit,
    }
    about |= {f"initial_{name}": _text(law) for name, law in initial.items()}
    return xr.Dataset(parts, coords=coords, attrs=about)


def _shift(law):
    middle = float(law.median())
    return lambda x, axis=-1: np.median(x, axis=axis) - middle


def _spread(law):
    width = float(law.std())
    return lambda x, axis=-1: np.std(x, axis=axis, ddof=1) / width


def _text(law):
    numbers = [*(format(a, "g") for a in law.args), *(f"{k}={v:g}" for k, v in law.kwds.items())]
    return f"{law.dist.name}({', '.join(numbers)}) ms"
