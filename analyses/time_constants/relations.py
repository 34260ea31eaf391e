"""What a neuron's time constant goes with: its rate, its weights, and the accuracy that is lost without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.association import (
    association_kernel,
    partial_association_kernel,
    partial_spearman_kernel,
    spearman_kernel,
)
from ..statistics.intervals import bootstrap_kernel, check_resampling, fewest_units
from ..statistics.multiple import holm_kernel
from ..statistics.permutation import sign_flip_kernel
from ..variables import require, variable
from .arrays import QUANTITIES, Table, left_out, read_arrays, unit_of, untrained
from .few import no_interval

# of a neuron, in the datasets of the protocol `lesions`, and what they mean
PROPERTIES = {
    "firing_rate": "firing rate",
    "out_weight": "sum of absolute outgoing weights",
    "loss_removed": "accuracy lost when the neuron is removed",
    "loss_reset_tau_m": "accuracy lost when its tau_m is reset",
    "loss_reset_tau_a": "accuracy lost when its tau_a is reset",
}
LESIONS = ("removed", "reset_tau_m", "reset_tau_a")


def relations(
    ds: xr.Dataset,
    properties: Sequence[str] | None = None,
    *,
    unit: Literal["neuron", "seed"] | None = None,
    resamples: int = 2000,
    permutations: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Rank correlation of the time constants of each layer with properties of the same neurons.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_a`` (one may lack) in ms and the properties, on (neuron) or (seed, neuron), NaN where a neuron
        has none; coordinate ``layer (neuron)``.
    properties : sequence of str, optional
        Names of variables on (neuron) or (seed, neuron), by default those of `PROPERTIES` that the dataset has:
        ``firing_rate``, ``out_weight``, ``loss_removed``, ``loss_reset_tau_m``, ``loss_reset_tau_a``.
    unit : {"neuron", "seed"}, optional
        What is resampled; by default the seeds where there are two or more.
    resamples, permutations, level, seed : int, int, float in (0, 1), int
        Of the BCa intervals and the permutation test.

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``, ``relation_property``: ``relation_correlation`` (Spearman's
        rho, which needs no shape of the relation) with ``…_interval (…, bound)``, ``relation_p`` (partners exchanged
        within a network) and ``relation_p_holm`` over all, ``relation_count`` of neurons that have both. NaN where one
        side is constant or has fewer than three neurons; the attribute ``timescale_left_out`` names the arrays of which
        this is so, ``untrained`` those that were never trained, ``timescale_no_interval`` those of which there
        are too few for an interval (`enough`).

    Raises
    ------
    MissingVariable
        No property, or one that is missing; no time constant; no `layer`.
    InvalidInput
        As `timescale_intervals`; a property on other dimensions.

    Notes
    -----
    A correlation over neurons says that two numbers go together, not that one causes the other; resetting a time
    constant and measuring what is lost (`lesion_losses`) does.
    """
    return _related(
        ds,
        _properties(ds, properties, where="relations"),
        None,
        unit=unit,
        resamples=resamples,
        permutations=permutations,
        level=level,
        seed=seed,
    )


def partial_relations(
    ds: xr.Dataset,
    properties: Sequence[str] | None = None,
    *,
    given: str = "firing_rate",
    unit: Literal["neuron", "seed"] | None = None,
    resamples: int = 2000,
    permutations: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Rank correlation of the time constants of each layer with properties of neurons, their firing rate held constant.

    A neuron that fires more may be missed more and have another time constant: that alone correlates the two.

    Parameters
    ----------
    ds, properties, unit, resamples, permutations, level, seed : see `relations`
        As `relations`.
    given : str
        Name of what is held constant, a variable like the properties.

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``, ``relation_property``: ``relation_partial_correlation``
        (Spearman's partial rho) with ``…_interval (…, bound)``, ``relation_partial_p`` (what `given` does not predict
        of the ranks of the property changes places within a network) and ``relation_partial_p_holm`` over all,
        ``relation_partial_count`` of neurons that have all three. NaN for `given` itself, where one of the three is
        constant, where `given` leaves nothing, or for fewer than four neurons.

    Raises
    ------
    MissingVariable, InvalidInput
        As `relations`; `given` is missing or on other dimensions.

    Notes
    -----
    Only what goes with the ranks of `given` in a straight line is taken out.
    """
    where = "partial_relations"
    require(ds, given, where=where)
    return _related(
        ds,
        _properties(ds, properties, where=where),
        given,
        unit=unit,
        resamples=resamples,
        permutations=permutations,
        level=level,
        seed=seed,
    )


def _properties(ds, properties, *, where):
    names = [name for name in PROPERTIES if name in ds.variables] if properties is None else list(properties)
    if not names:
        raise MissingVariable(f"{where}: looked for {', '.join(PROPERTIES)}; the dataset has none of them")
    require(ds, *names, where=where)
    return names


def _related(ds, names, given, *, unit, resamples, permutations, level, seed):
    """What `relations` (`given` is None) and `partial_relations` return."""
    where = "relations" if given is None else "partial_relations"
    check_resampling(resamples, level, where=where)
    prefix = "relation" if given is None else "relation_partial"
    fewest = 3 if given is None else 4
    what = "rank correlation" if given is None else f"rank correlation, {given} held constant"
    arrays = read_arrays(ds, where=where)
    unit = unit_of(ds, unit, where=where)
    rng = np.random.default_rng(seed)
    shape = (len(names),)
    numbers = {}
    for (quantity, layer), array in arrays.items():
        out = np.full((5, len(names)), np.nan)
        out[4] = 0
        for k, name in enumerate(names):
            wanted = (name,) if given is None else (name, given)
            samples, label = _of_same_neurons(ds, quantity, layer, wanted, where=where)
            out[4, k] = samples.shape[-1]
            if array.constant or samples.shape[-1] < fewest or (np.ptp(samples, axis=-1) == 0).any():
                continue
            # nothing is left of a property that is held constant itself
            if name == given:
                continue
            associated = association_kernel if given is None else partial_association_kernel
            out[0, k], out[3, k] = associated(*samples, rng=rng, permutations=permutations, clusters=label)
            if np.isnan(out[0, k]):
                continue
            out[1:3, k] = bootstrap_kernel(
                tuple(samples),
                spearman_kernel if given is None else partial_spearman_kernel,
                rng=rng,
                resamples=resamples,
                level=level,
                paired=True,
                clusters=(label,) * len(samples) if unit == "seed" else None,
            )
            # of those that have all of them
            units = samples.shape[-1] if label is None or unit == "neuron" else np.unique(label).size
            if units < fewest_units(level):
                out[1:3, k] = np.nan
        numbers[quantity, layer] = out
    table = Table(arrays)
    corrected = holm_kernel(np.array([n[3] for n in numbers.values()]))
    dims = ("relation_property",)
    options = {
        "level": level,
        "resamples": resamples,
        "permutations": permutations,
        "seed": seed,
        "unit": unit,
    }

    def column(values, text, **attrs):
        return table.variable(values, dims, shape=shape, units="1", long_name=text, **attrs)

    parts = {
        f"{prefix}_correlation": column({k: n[0] for k, n in numbers.items()}, what),
        f"{prefix}_correlation_interval": table.variable(
            {k: n[1:3].T for k, n in numbers.items()},
            (*dims, "bound"),
            shape=(*shape, 2),
            units="1",
            long_name=f"interval of the {what}, level {level:g}",
            **options,
        ),
        f"{prefix}_p": column({k: n[3] for k, n in numbers.items()}, f"p value of the {what}"),
        f"{prefix}_p_holm": column(
            dict(zip(numbers, corrected, strict=True)), f"p value of the {what}, corrected (Holm)"
        ),
        f"{prefix}_count": column(
            {k: n[4] for k, n in numbers.items()},
            "neurons that have both" if given is None else "neurons that have all three",
        ),
    }
    coords = table.coords() | {
        "relation_property": variable(names, "relation_property", units="1", long_name="property of a neuron")
    }
    attrs = {
        "untrained": untrained(arrays),
        "timescale_left_out": left_out(a for a in arrays.values() if a.constant or a.after.size < fewest),
        "timescale_no_interval": no_interval(arrays.values(), unit, level, spreads=False),
        "unit": unit,
    }
    return xr.Dataset(parts, coords=coords, attrs=attrs if given is None else attrs | {"given": given})


def lesion_losses(
    ds: xr.Dataset,
    *,
    resamples: int = 2000,
    permutations: int | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy that is lost when one neuron is removed, or one of its time constants reset.

    Parameters
    ----------
    ds : Dataset
        From the protocol `lesions`: ``lesion_labelled (trial)`` decisions that count, ``lesion_correct_intact
        (trial)`` of them right in the intact network, ``lesion_correct_removed``, ``lesion_correct_reset_tau_m``,
        ``lesion_correct_reset_tau_a`` (neuron, trial) with one neuron removed or reset (any of the three).
    resamples, level, seed : int, float in (0, 1), int
        Of the intervals (BCa over trials).
    permutations : int, optional
        Of the tests (signs flipped by trial); by default as many as a correction over all neurons needs to be able to
        reject at 5 %, twice over, at least 999.

    Returns
    -------
    Dataset
        For each kind ``loss_removed``, ``loss_reset_tau_m``, ``loss_reset_tau_a`` (neuron): accuracy of the intact
        network less that without (1: all; negative: it was in the way), with ``…_interval (neuron, bound)``, ``…_p``
        (intact and lesioned exchanged within trials) and ``…_p_holm`` over the neurons. ``accuracy_intact``. The
        dataset's time constants, what they were reset to, rates and weights are passed on, so that `relations` and
        `reset_relations` take the result.

    Raises
    ------
    MissingVariable
        The counts are missing.
    InvalidInput
        More right decisions than there are, or none that counts.
    """
    where = "lesion_losses"
    check_resampling(resamples, level, where=where)
    require(ds, "lesion_labelled", "lesion_correct_intact", where=where)
    kinds = [kind for kind in LESIONS if f"lesion_correct_{kind}" in ds.variables]
    if not kinds:
        looked = ", ".join(f"lesion_correct_{kind}" for kind in LESIONS)
        raise MissingVariable(f"{where}: looked for {looked}; the dataset has none of them")
    total = np.asarray(ds["lesion_labelled"].values, dtype=float)
    intact = np.asarray(ds["lesion_correct_intact"].values, dtype=float)
    if not total.sum() > 0:
        raise InvalidInput(f"{where}: no decision counts: lesion_labelled is {total.sum():g} over all trials")
    if (intact > total).any() or (intact < 0).any():
        raise InvalidInput(f"{where}: lesion_correct_intact must be from 0 to lesion_labelled in each trial")
    rng = np.random.default_rng(seed)
    permutations = max(999, 40 * ds.sizes.get("neuron", 0)) if permutations is None else permutations
    kept = [
        name
        for name in (
            *QUANTITIES,
            *(f"{q}_initial" for q in QUANTITIES),
            *(f"reset_to_{q}" for q in QUANTITIES),
            *PROPERTIES,
        )
        if name in ds.variables
    ]
    out = ds[kept]
    out["accuracy_intact"] = variable(
        intact.sum() / total.sum(), units="1", long_name="accuracy of the intact network"
    )
    for kind in kinds:
        name = f"loss_{kind}"
        right = ds[f"lesion_correct_{kind}"].transpose("neuron", "trial").values.astype(float)
        lost = intact - right
        # NaN: the neuron has no such time constant
        known = ~np.isnan(lost).any(axis=-1)
        bounds, p = np.full((len(lost), 2), np.nan), np.full(len(lost), np.nan)
        if known.any():
            bounds[known] = bootstrap_kernel(
                (lost[known], total), _share_lost, rng=rng, resamples=resamples, level=level, paired=True
            ).T
            p[known] = sign_flip_kernel(lost[known], rng=rng, permutations=permutations)
        options = {"level": level, "resamples": resamples, "permutations": permutations, "seed": seed}
        out[name] = variable(lost.sum(axis=-1) / total.sum(), "neuron", units="1", long_name=PROPERTIES[name])
        out[f"{name}_interval"] = variable(
            bounds, ("neuron", "bound"), units="1", long_name=f"interval of the {PROPERTIES[name]}", **options
        )
        out[f"{name}_p"] = variable(p, "neuron", units="1", long_name=f"p value of the {PROPERTIES[name]}")
        out[f"{name}_p_holm"] = variable(
            holm_kernel(p),
            "neuron",
            units="1",
            long_name=f"p value of the {PROPERTIES[name]}, corrected (Holm)",
        )
    bound = variable(["low", "high"], "bound", units="1", long_name="bound of the interval")
    return out.assign_coords(bound=bound).assign_attrs(ds.attrs)


def _share_lost(lost, total, axis=-1):
    return lost.sum(axis=axis) / total.sum(axis=axis)


def _of_same_neurons(ds, quantity, layer, names, *, where):
    """Time constant and properties, (1 + property, n), and network of the neurons of a layer that have all of them."""
    for name in names:
        if set(ds[name].dims) not in ({"neuron"}, {"seed", "neuron"}):
            raise InvalidInput(
                f"{where}: {name} must have the dimensions ('neuron',) or ('seed', 'neuron'), got {ds[name].dims}"
            )
    arrays = xr.broadcast(ds[quantity], *(ds[name] for name in names))
    if "seed" in arrays[0].dims:
        arrays = [array.transpose("seed", "neuron") for array in arrays]
    values = np.array([array.values for array in arrays], dtype=float)
    inside = np.broadcast_to(ds["layer"].values == layer, values.shape[1:])
    inside = inside & ~np.isnan(values[0]) & np.isfinite(values[1:]).all(axis=0)
    label = None
    if inside.ndim == 2:
        label = np.broadcast_to(np.arange(len(inside))[:, None], inside.shape)[inside]
    return values[:, inside], label
