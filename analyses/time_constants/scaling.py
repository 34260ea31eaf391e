"""Whether learned time constants follow the pace of the task: exponents over tasks that are played at other speeds."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..comparing import over_seeds
from ..errors import InvalidInput
from ..variables import milliseconds, require, variable


def exponent_kernel(values, stretch, *, axis=-1):
    """Slope of log(values) against log(stretch) by least squares: 1 follows the task, 0 does not care.

    Parameters
    ----------
    values : array_like
        > 0; NaN gives NaN.
    stretch : array_like (n,)
        > 0, at least two different.
    axis : int
        Of the stretches.
    """
    x = np.log(np.asarray(stretch, dtype=float))
    x = x - x.mean()
    if not (x @ x > 0):
        raise InvalidInput(f"exponent_kernel: at least two different stretches are needed, got {stretch}")
    y = np.moveaxis(np.log(np.asarray(values, dtype=float)), axis, -1)
    return (y * x).sum(-1) / (x @ x)


def scaling_exponents(ds: xr.Dataset, *, dim: str = "stretch", level: float = 0.95) -> xr.Dataset:
    """Exponents with which the median time constants of each layer grow with the duration of the task.

    Parameters
    ----------
    ds : Dataset
        ``tau_m`` and ``tau_a`` (one may lack), in ms on (`dim`, seed, neuron), ``layer (neuron)``; coordinate `dim`,
        > 0.
    dim : str
        How many times longer everything lasts.
    level : float
        Of Student's intervals over seeds.

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``: ``scaling_exponent`` with ``…_interval (…, bound)``;
        ``scaling_seed_exponent (…, seed)``. NaN where a layer has no such time constant.

    Raises
    ------
    MissingVariable
    InvalidInput
        Units are not ms, a value is not positive, or all stretches are one.
    """
    where = "scaling_exponents"
    require(ds, "layer", dim, "seed", where=where)
    quantities = [name for name in ("tau_m", "tau_a") if name in ds]
    layer = ds["layer"].values
    layers = list(dict.fromkeys(layer.tolist()))
    found = np.full((len(quantities), len(layers), ds.sizes["seed"]), np.nan)
    for q, name in enumerate(quantities):
        tau = milliseconds(ds[name].transpose("seed", dim, "neuron"), name=name, where=where)
        for k, one in enumerate(layers):
            inside = tau[..., layer == one]
            inside = inside[..., ~np.isnan(inside).all(axis=(0, 1))]  # neurons that never had one
            if inside.shape[-1]:
                found[q, k] = exponent_kernel(np.median(inside, axis=-1), ds[dim].values)
    dims = ("timescale_quantity", "timescale_layer", "seed")
    coords = {"timescale_quantity": quantities, "timescale_layer": layers, "seed": ds["seed"].values}
    text = "exponent of the median time constant in the duration of the task"
    each = xr.DataArray(found, dims=dims, coords=coords, attrs={"units": "1", "long_name": text})
    result = over_seeds(each, "scaling_exponent", level=level)
    result["scaling_seed_exponent"] = variable(found, dims, units="1", long_name=f"{text}, each seed")
    return result.assign_coords(seed=coords["seed"])
