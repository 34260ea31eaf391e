"""Several networks beside biology: each compared on its own, and what they have in common over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from ..errors import InvalidInput
from ..statistics.over_seeds import over_seeds
from .comparison import compare

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


_RATIOS = ("median_ratio", "spread_ratio", "detectable_ratio", "detectable_spread_ratio")
_DIFFERENCES = (
    "model_median",
    "cliffs_delta",
    "hedges_g",
    "distance",
    "distance_corrected",
    "distance_scaled",
    "distance_scaled_corrected",
    "energy_distance",
    "energy_distance_scaled",
    "detectable_distance",
    "detectable_distance_scaled",
)


def compare_over_seeds(
    model_tau: xr.DataArray,
    biology: xr.Dataset,
    *,
    initial: xr.DataArray | rv_frozen | dict[str, rv_frozen] | None = None,
    level: float = 0.95,
    seed: int = 0,
    **options: Any,
) -> xr.Dataset:
    """Lay several networks beside measured neurons, one by one, and average over them: the network is the unit.

    Parameters
    ----------
    model_tau : DataArray (seed, neuron)
        Of networks of the same layers, as `compare` takes one.
    biology : Dataset
    initial : DataArray (seed, neuron), distribution, or one for each layer in a dict, optional
    level, seed : float in (0, 1), int
        As in `compare`; network k has the seed `seed` + k.
    **options
        What else `compare` takes.

    Returns
    -------
    Dataset
        What `compare` says, on ``seed``; and of medians, effect sizes, distances and what is detectable
        ``…_mean`` and ``…_seed_interval (…, bound)`` over the networks (`over_seeds`; ratios as logarithms), with
        `seeds`, their number.

    Raises
    ------
    InvalidInput
        No dimension `seed`; else as `compare`.
    """
    if not isinstance(model_tau, xr.DataArray) or "seed" not in model_tau.dims:
        raise InvalidInput(
            "compare_over_seeds: model_tau needs the dimension 'seed'; compare takes a single network"
        )
    found = []
    for k in range(model_tau.sizes["seed"]):
        start = initial.isel(seed=k) if isinstance(initial, xr.DataArray) else initial
        found.append(
            compare(model_tau.isel(seed=k), biology, initial=start, level=level, seed=seed + k, **options)
        )
    # in what they have in common, attributes are those of the first
    ds = xr.concat(found, "seed", combine_attrs="override", join="exact", data_vars="all")
    if "seed" in model_tau.coords:
        ds = ds.assign_coords(seed=model_tau["seed"])
    else:
        ds = ds.assign_coords(seed=range(len(found)))
    names = [f"biology_{name}" for name in (*_RATIOS, *_DIFFERENCES)]
    log = [f"biology_{name}" for name in _RATIOS]
    return ds.merge(over_seeds(ds, names, log=log, level=level), combine_attrs="override")
