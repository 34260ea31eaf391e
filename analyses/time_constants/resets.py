"""Whether more is lost the further a time constant was reset: what `relations` with the time constant cannot see."""

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.association import association_kernel, spearman_kernel
from ..statistics.intervals import bootstrap_kernel, check_resampling, fewest_units
from ..statistics.multiple import holm_kernel
from ..variables import milliseconds, require
from .arrays import QUANTITIES, Table, read_arrays


def reset_relations(
    ds: xr.Dataset, *, resamples: int = 2000, permutations: int = 999, level: float = 0.95, seed: int = 0
) -> xr.Dataset:
    """Rank correlation of the accuracy lost when a time constant is reset with how far it was reset.

    A neuron that is reset to the median of its layer loses nothing where it stood at the median, and may lose on either
    side of it: the loss need not rise or fall with the time constant itself, whatever hangs on it. How far is
    abs(log(tau / reset value)).

    Parameters
    ----------
    ds : Dataset
        Of one network, from `lesion_losses`: ``tau_m``, ``tau_a`` (one may lack) in ms, ``reset_to_tau_m``,
        ``reset_to_tau_a`` (ms), ``loss_reset_tau_m``, ``loss_reset_tau_a``, all on (neuron); coordinate ``layer
        (neuron)``.
    resamples, permutations, level, seed : int, int, float in (0, 1), int
        Of the BCa intervals over neurons and the permutation test.

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``: ``reset_correlation`` (Spearman's rho; above 0: the further, the
        more is lost) with ``…_interval (…, bound)``, ``reset_p``, ``reset_p_holm`` over all, ``reset_count`` of neurons
        that were reset. NaN for fewer than three neurons and where one side is constant; an interval for fewer than
        `fewest_units`.

    Raises
    ------
    MissingVariable
        No time constant was reset, or `layer` is missing.
    InvalidInput
        Units are not ms, or choices out of range.
    """
    where = "reset_relations"
    check_resampling(resamples, level, where=where)
    arrays = read_arrays(ds, where=where)
    known = [q for q in QUANTITIES if {f"reset_to_{q}", f"loss_reset_{q}", q} <= set(ds.variables)]
    if not known:
        raise MissingVariable(
            f"{where}: looked for reset_to_tau_m with loss_reset_tau_m, and the same of tau_a; the dataset has neither"
        )
    rng = np.random.default_rng(seed)
    keys = [key for key in arrays if key[0] in known]
    found = {}
    for quantity, layer in keys:
        samples = _samples(ds, quantity, layer, where=where)
        out = np.full(5, np.nan)
        out[4] = samples.shape[-1]
        if samples.shape[-1] >= 3 and (np.ptp(samples, axis=-1) > 0).all():
            out[0], out[3] = association_kernel(*samples, rng=rng, permutations=permutations)
            if samples.shape[-1] >= fewest_units(level):
                out[1:3] = bootstrap_kernel(
                    tuple(samples), spearman_kernel, rng=rng, resamples=resamples, level=level, paired=True
                )
        found[quantity, layer] = out
    table = Table(keys)
    what = "rank correlation of the accuracy lost with how far the time constant was reset"
    corrected = dict(zip(keys, holm_kernel(np.array([n[3] for n in found.values()])), strict=True))
    parts = {
        "reset_correlation": table.variable({k: n[0] for k, n in found.items()}, units="1", long_name=what),
        "reset_correlation_interval": table.variable(
            {k: n[1:3] for k, n in found.items()},
            ("bound",),
            shape=(2,),
            units="1",
            long_name=f"interval of the {what}, level {level:g}",
            level=level,
            resamples=resamples,
            seed=seed,
        ),
    }
    for name, values, text in (
        ("p", {k: n[3] for k, n in found.items()}, f"p value of the {what}"),
        ("p_holm", corrected, f"p value of the {what}, corrected (Holm)"),
        ("count", {k: n[4] for k, n in found.items()}, "neurons that were reset"),
    ):
        parts[f"reset_{name}"] = table.variable(values, units="1", long_name=text)
    return xr.Dataset(parts, coords=table.coords())


def _samples(ds, quantity, layer, *, where):
    """How far each neuron of a layer was reset and what was lost, (2, n), of those that were."""
    loss = f"loss_reset_{quantity}"
    require(ds, loss, where=where)
    for name in (quantity, f"reset_to_{quantity}", loss):
        if ds[name].dims != ("neuron",):
            raise InvalidInput(f"{where}: {name} must have the dimension ('neuron',), got {ds[name].dims}")
    tau, target = (
        milliseconds(ds[name], name=name, where=where) for name in (quantity, f"reset_to_{quantity}")
    )
    rows = np.stack((np.abs(np.log(tau / target)), ds[loss].values))
    return rows[:, (ds["layer"].values == layer) & np.isfinite(rows).all(axis=0)]
