"""What a neuron's time constant goes with: its rate, its weights, and the accuracy that is lost without it."""

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.intervals import bootstrap_kernel
from ..statistics.multiple import holm_kernel
from ..statistics.permutation import association_kernel, sign_flip_kernel, spearman_kernel
from ..variables import require, variable
from .arrays import QUANTITIES, Table, left_out, read_arrays, unit_of

# of a neuron, in the datasets of the protocol `lesions`, and what they mean
PROPERTIES = {
    "firing_rate": "firing rate",
    "out_weight": "sum of absolute outgoing weights",
    "loss_removed": "accuracy lost when the neuron is removed",
    "loss_reset_tau_m": "accuracy lost when its tau_m is reset",
    "loss_reset_tau_a": "accuracy lost when its tau_a is reset",
}
LESIONS = ("removed", "reset_tau_m", "reset_tau_a")


def relations(ds, properties=None, *, unit=None, resamples=2000, permutations=999, level=0.95, seed=0):
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
    resamples, permutations, level, seed
        Of the BCa intervals and the permutation test.

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``, ``relation_property``: ``relation_correlation`` (Spearman's
        rho, which needs no shape of the relation) with ``…_interval (…, bound)``, ``relation_p`` (partners exchanged
        within a network) and ``relation_p_holm`` over all, ``relation_count`` of neurons that have both. NaN where one
        side is constant or has fewer than three neurons.

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
    where = "relations"
    names = [name for name in PROPERTIES if name in ds.variables] if properties is None else list(properties)
    if not names:
        raise MissingVariable(f"{where}: looked for {', '.join(PROPERTIES)}; the dataset has none of them")
    require(ds, *names, where=where)
    arrays = read_arrays(ds, where=where)
    unit = unit_of(ds, unit, where=where)
    rng = np.random.default_rng(seed)
    shape = (len(names),)
    numbers = {}
    for (quantity, layer), array in arrays.items():
        out = np.full((5, len(names)), np.nan)
        out[4] = 0
        for k, name in enumerate(names):
            tau, values, label = _pairs(ds, quantity, layer, name, where=where)
            out[4, k] = len(tau)
            if array.constant or len(tau) < 3 or np.ptp(tau) == 0 or np.ptp(values) == 0:
                continue
            out[0, k], out[3, k] = association_kernel(
                tau, values, rng=rng, permutations=permutations, clusters=label
            )
            out[1:3, k] = bootstrap_kernel(
                (tau, values),
                spearman_kernel,
                rng=rng,
                resamples=resamples,
                level=level,
                paired=True,
                clusters=(label, label) if unit == "seed" else None,
            )
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
        "relation_correlation": column({k: n[0] for k, n in numbers.items()}, "rank correlation"),
        "relation_correlation_interval": table.variable(
            {k: n[1:3].T for k, n in numbers.items()},
            (*dims, "bound"),
            shape=(*shape, 2),
            units="1",
            long_name=f"interval of the rank correlation, level {level:g}",
            **options,
        ),
        "relation_p": column({k: n[3] for k, n in numbers.items()}, "p value of the rank correlation"),
        "relation_p_holm": column(
            dict(zip(numbers, corrected, strict=True)), "p value of the rank correlation, corrected (Holm)"
        ),
        "relation_count": column({k: n[4] for k, n in numbers.items()}, "neurons that have both"),
    }
    coords = table.coords() | {
        "relation_property": variable(names, "relation_property", units="1", long_name="property of a neuron")
    }
    return xr.Dataset(parts, coords=coords, attrs={"untrained": left_out(arrays), "unit": unit})


def lesion_losses(ds, *, resamples=2000, permutations=None, level=0.95, seed=0):
    """Accuracy that is lost when one neuron is removed, or one of its time constants reset.

    Parameters
    ----------
    ds : Dataset
        From the protocol `lesions`: ``lesion_labelled (trial)`` decisions that count, ``lesion_correct_intact
        (trial)`` of them right in the intact network, ``lesion_correct_removed``, ``lesion_correct_reset_tau_m``,
        ``lesion_correct_reset_tau_a`` (neuron, trial) with one neuron removed or reset (any of the three).
    resamples, level, seed
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
        dataset's time constants, rates and weights are passed on, so that `relations` takes the result.

    Raises
    ------
    MissingVariable
        The counts are missing.
    InvalidInput
        More right decisions than there are, or none that counts.
    """
    where = "lesion_losses"
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
        for name in (*QUANTITIES, *(f"{q}_initial" for q in QUANTITIES), *PROPERTIES)
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


def _pairs(ds, quantity, layer, name, *, where):
    """Time constant, property and network of the neurons of a layer that have both."""
    tau, values = ds[quantity], ds[name]
    if set(values.dims) not in ({"neuron"}, {"seed", "neuron"}):
        raise InvalidInput(
            f"{where}: {name} must have the dimensions ('neuron',) or ('seed', 'neuron'), got {values.dims}"
        )
    tau, values = xr.broadcast(tau, values)
    if "seed" in tau.dims:
        tau, values = tau.transpose("seed", "neuron"), values.transpose("seed", "neuron")
    tau, values = np.asarray(tau.values, dtype=float), np.asarray(values.values, dtype=float)
    inside = np.broadcast_to(ds["layer"].values == layer, tau.shape) & ~np.isnan(tau) & np.isfinite(values)
    label = None
    if tau.ndim == 2:
        label = np.broadcast_to(np.arange(len(tau))[:, None], tau.shape)[inside]
    return tau[inside], values[inside], label
