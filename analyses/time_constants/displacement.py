"""How far training moved the time constants from where they started: per neuron, as a distribution, in their order."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..statistics.association import association_kernel, spearman_kernel
from ..statistics.distance_intervals import wasserstein_interval_kernel
from ..statistics.distances import wasserstein_kernel
from ..statistics.intervals import bootstrap_kernel, check_resampling
from ..statistics.multiple import holm_kernel
from ..statistics.permutation import permutation_kernel
from ..variables import variable
from .arrays import Table, read_arrays, unit_of, untrained
from .few import no_interval, where_enough

TESTS = ("shift", "wasserstein", "correlation")


def shift_kernel(after, before, *, axis=-1):
    """Median over neurons of after − before."""
    return np.median(np.asarray(after) - np.asarray(before), axis=axis)


def change_kernel(after, before, *, axis=-1):
    """Median over neurons of abs(after − before): how far a neuron's time constant moved, whatever the direction."""
    return np.median(np.abs(np.asarray(after) - np.asarray(before)), axis=axis)


def ratio_kernel(after, before, *, axis=-1):
    """Median over neurons of after / before."""
    return np.median(np.asarray(after) / np.asarray(before), axis=axis)


_MEASURES = (
    ("displacement_shift", shift_kernel, "ms", "median of after - before"),
    ("displacement_change", change_kernel, "ms", "median of |after - before|"),
    ("displacement_ratio", ratio_kernel, "1", "median of after / before"),
    ("displacement_wasserstein", wasserstein_kernel, "ms", "Wasserstein distance of after from before"),
    ("displacement_correlation", spearman_kernel, "1", "rank correlation of before and after"),
)


def displacement(
    ds: xr.Dataset,
    *,
    control: xr.Dataset | None = None,
    unit: Literal["neuron", "seed"] | None = None,
    resamples: int = 2000,
    permutations: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Measure how far the time constants of each layer moved in training, with intervals and nulls.

    Parameters
    ----------
    ds : Dataset
        ``tau_m`` and ``tau_m_initial``, ``tau_a`` and ``tau_a_initial`` in ms on (neuron) or (seed, neuron), NaN
        where a neuron has none; coordinate ``layer (neuron)``.
    control : Dataset, optional
        The same layers of networks trained with frozen time constants: what ``tau_m``, ``tau_a`` are there, training
        did not move. Networks of the same start are compared neuron by neuron, others as independent samples.
    unit : {"neuron", "seed"}, optional
        What is resampled and exchanged; by default the seeds where there are two or more.
    resamples, permutations, level, seed : int, int, float in (0, 1), int
        Of the intervals (BCa; the Wasserstein distance: `wasserstein_interval_kernel`) and the tests.

    Returns
    -------
    Dataset
        On ``timescale_quantity`` and ``timescale_layer``, each with ``…_interval (…, bound)``: ``displacement_shift``
        (ms, median of after − before), ``displacement_change`` (ms, median of abs(after − before)),
        ``displacement_ratio`` (median of after / before), ``displacement_wasserstein`` (ms: what moved in the
        distribution, 0 where neurons only changed places), ``displacement_correlation`` (Spearman; 1: the order is as
        it was, 0: training left nothing of it). ``displacement_p (…, displacement_test)``: "shift" (by the mean of
        after − before) and "wasserstein" against before and after being exchangeable, "correlation" against no
        relation of before and after; ``displacement_p_holm`` corrected over the arrays. With `control`:
        ``displacement_control_shift`` (ms, difference of the medians) and ``displacement_control_wasserstein`` with
        intervals, ``displacement_control_p (…, displacement_control_test)`` and ``displacement_control_paired``.
        Arrays that were never trained are NaN and named in the attribute ``untrained``. Too few neurons (or seeds,
        where these are resampled) have no interval (`enough`): the attribute ``timescale_no_interval`` names them.

    Raises
    ------
    MissingVariable
        A variable or the coordinate `layer` is missing.
    InvalidInput
        As `timescale_intervals`; a control that lacks a layer or whose time constants moved in training.

    References
    ----------
    Perez-Nieves et al., Nature Communications 12, 5791 (2021), compare learned with initial distributions by eye.
    """
    where = "displacement"
    check_resampling(resamples, level, where=where)
    arrays = read_arrays(ds, where=where, need_initial=True)
    unit = unit_of(ds, unit, where=where)
    rng = np.random.default_rng(seed)
    options = {"resamples": resamples, "level": level, "rng": rng}
    table = Table(arrays)
    parts = table.about(arrays)
    trained = {key: a for key, a in arrays.items() if a.trained}
    recorded = {"level": level, "resamples": resamples, "seed": seed, "unit": unit}
    for name, kernel, units, text in _MEASURES:
        parts[name] = table.variable(
            {key: kernel(a.after, a.before) for key, a in trained.items()}, units=units, long_name=text
        )
        parts[f"{name}_interval"] = table.variable(
            {key: _interval(a, kernel, unit, options) for key, a in trained.items()},
            ("bound",),
            shape=(2,),
            units=units,
            long_name=f"interval of the {text}, level {level:g}",
            **recorded,
        )
    p = {key: _p_values(a, unit, rng, permutations) for key, a in trained.items()}
    parts |= p_variables(table, "displacement", p, TESTS, permutations=permutations, seed=seed, unit=unit)
    coords = table.coords() | {
        "displacement_test": variable(TESTS, "displacement_test", units="1", long_name="what is tested")
    }
    if control is not None:
        others = read_arrays(control, where=f"{where}: control")
        parts |= _beside_control(trained, others, table, unit, permutations, options, recorded, where=where)
        coords["displacement_control_test"] = variable(
            TESTS[:2], "displacement_control_test", units="1", long_name="what is tested"
        )
    about = {
        "untrained": untrained(arrays),
        "timescale_no_interval": no_interval(trained.values(), unit, level),
        "unit": unit,
    }
    return xr.Dataset(parts, coords=coords, attrs=about)


def p_variables(table, name, p, tests, *, permutations, seed, unit):
    """``<name>_p`` and ``<name>_p_holm`` on ``<name>_test`` from p values (test,) by array."""
    dim = (f"{name}_test",)
    corrected = {}
    if p:
        rows = np.array(list(p.values()))
        columns = np.stack([holm_kernel(rows[:, k]) for k in range(rows.shape[1])], axis=1)
        corrected = dict(zip(p, columns, strict=True))
    options = {"permutations": permutations, "seed": seed, "unit": unit}
    return {
        f"{name}_p": table.variable(p, dim, shape=(len(tests),), units="1", long_name="p value", **options),
        f"{name}_p_holm": table.variable(
            corrected,
            dim,
            shape=(len(tests),),
            units="1",
            long_name="p value, corrected over the arrays (Holm)",
        ),
    }


def _interval(array, kernel, unit, options):
    clusters, distance = array.clusters(unit), kernel is wasserstein_kernel
    if distance:
        found = wasserstein_interval_kernel(
            array.after, array.before, paired=True, clusters=clusters, **options
        )
    else:
        found = bootstrap_kernel(
            (array.after, array.before), kernel, paired=True, clusters=(clusters, clusters), **options
        )
    return where_enough(found, array, unit=unit, level=options["level"], spread=distance)


def _distance_of_means(x, y, axis=-1):
    # under exchange within pairs a median takes few values: of equal shifts only two
    return np.abs((x - y).mean(axis=axis))


def _difference_of_medians(x, y, axis=-1):
    return np.median(x, axis=axis) - np.median(y, axis=axis)


def _distance_of_medians(x, y, axis=-1):
    return np.abs(_difference_of_medians(x, y, axis=axis))


def _p_values(array, unit, rng, permutations):
    clusters = array.clusters(unit)
    moved = [
        permutation_kernel(
            array.after,
            array.before,
            statistic,
            rng=rng,
            permutations=permutations,
            paired=True,
            clusters=clusters,
        )
        for statistic in (_distance_of_means, wasserstein_kernel)
    ]
    _, order = association_kernel(
        array.before, array.after, rng=rng, permutations=permutations, clusters=array.seed
    )
    return np.array([*moved, order])


def _beside_control(trained, others, table, unit, permutations, options, recorded, *, where):
    shift, distance, bounds, p, paired = {}, {}, ({}, {}), {}, {}
    rng = options["rng"]
    for key, array in trained.items():
        other = others.get(key)
        if other is None or not other.after.size:
            raise InvalidInput(f"{where}: the control has no {array.name}; give a network of the same layers")
        if other.before is not None and other.trained:
            raise InvalidInput(
                f"{where}: {array.name} of the control moved in training; a control is trained with frozen time "
                f"constants (leave them out of `trainable`)"
            )
        same = np.array_equal(other.after, array.before)
        clusters = (array.clusters(unit), other.clusters(unit))
        if unit == "seed" and clusters[1] is None:
            raise InvalidInput(f"{where}: the control has no seeds; give one with seeds or use unit='neuron'")
        samples = (array.after, other.after)
        shift[key] = _difference_of_medians(*samples)
        distance[key] = wasserstein_kernel(*samples)
        found = (
            bootstrap_kernel(samples, _difference_of_medians, paired=same, clusters=clusters, **options),
            wasserstein_interval_kernel(*samples, paired=same, clusters=clusters, **options),
        )
        for kept, interval, spread in zip(bounds, found, (False, True), strict=True):
            kept[key] = where_enough(interval, array, other, unit=unit, level=options["level"], spread=spread)
        labels = None if unit == "neuron" else clusters[0] if same else clusters
        p[key] = np.array(
            [
                permutation_kernel(
                    *samples, statistic, rng=rng, permutations=permutations, paired=same, clusters=labels
                )
                for statistic in (_distance_of_medians, wasserstein_kernel)
            ]
        )
        paired[key] = same
    parts = p_variables(
        table,
        "displacement_control",
        p,
        TESTS[:2],
        permutations=permutations,
        seed=recorded["seed"],
        unit=unit,
    )
    for name, values, interval, text in (
        ("shift", shift, bounds[0], "difference of the medians from the control"),
        ("wasserstein", distance, bounds[1], "Wasserstein distance from the control"),
    ):
        parts[f"displacement_control_{name}"] = table.variable(values, units="ms", long_name=text)
        parts[f"displacement_control_{name}_interval"] = table.variable(
            interval, ("bound",), shape=(2,), units="ms", long_name=f"interval of the {text}", **recorded
        )
    parts["displacement_control_paired"] = table.variable(
        paired, units="1", long_name="control of the same start (1) or another (0)"
    )
    return parts
