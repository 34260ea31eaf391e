"""Means over seeds of what an analysis found in each network, with intervals: the network is the unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..variables import require, variable
from .student import student_kernel


def over_seeds(
    ds: xr.Dataset,
    names: Sequence[str] | None = None,
    *,
    log: Sequence[str] = (),
    level: float = 0.95,
    dim: str = "seed",
) -> xr.Dataset:
    """Mean over seeds of variables, with intervals: results of any analysis, one for each trained network.

    An interval that the analysis itself gives is over neurons or trials of one network; what holds for networks of
    this kind is said by several of them.

    Parameters
    ----------
    ds : Dataset
        Results put together: ``xr.concat([fidelity(…), …], dim="seed")``.
    names : sequence of str, optional
        Variables with the dimension `dim`; None: all of real numbers, intervals left out.
    log : sequence of str
        Those of `names` that are averaged as logarithms (ratios): the mean is geometric, values must be above 0.
    level : float in (0, 1)
    dim : str
        Dimension of the seeds.

    Returns
    -------
    Dataset
        ``<name>_mean`` and ``<name>_seed_interval (…, bound)``, NaN where a seed has no value or there is one seed.
        ``seeds``: how many. Student's intervals (`student_kernel`).

    Raises
    ------
    MissingVariable
        No dimension `dim`, or a variable that is not there or not on it.
    InvalidInput
        The level; a value of `log` that is not above 0.
    """
    where = "over_seeds"
    require(ds, dim, *(names or ()), *log, where=where)
    on = [
        n
        for n, v in ds.data_vars.items()
        if dim in v.dims and v.dtype.kind == "f" and not n.endswith("_interval")
    ]
    names = on if names is None else list(names)
    off = [name for name in names if dim not in ds[name].dims]
    if off or not names:
        raise MissingVariable(
            f"{where}: {off[0] if off else 'no variable'} is on the dimension {dim!r}; put the results of several "
            f"networks together with xr.concat(…, dim={dim!r})"
        )
    found = {"seeds": variable(ds.sizes[dim], units="1", long_name="networks, one a seed")}
    for name in names:
        array = ds[name].transpose(..., dim)
        values = np.asarray(array.values, dtype=float)
        if name in log:
            if (values <= 0).any():
                raise InvalidInput(
                    f"{where}: {name} is averaged as a logarithm and must be above 0, got {values.min()}"
                )
            values = np.log(values)
        mean, interval, _, count = student_kernel(values, level=level)
        # a mean over other networks than the rest would not be beside them
        missing = count < values.shape[-1]
        mean, interval = np.where(missing, np.nan, mean), np.where(missing, np.nan, interval)
        if name in log:
            mean, interval = np.exp(mean), np.exp(interval)
        attrs = {"units": array.attrs.get("units", "1"), "level": level, "seeds": ds.sizes[dim]}
        text, dims = array.attrs.get("long_name", name), array.dims[:-1]
        found[f"{name}_mean"] = variable(mean, dims, long_name=f"{text}, mean over seeds", **attrs)
        found[f"{name}_seed_interval"] = variable(
            np.moveaxis(interval, 0, -1),
            (*dims, "bound"),
            long_name=f"{text}, {100 * level:g} % interval over seeds",
            **attrs,
        )
    bound = variable(["low", "high"], "bound", units="1", long_name="bound of the interval")
    kept = {k: c for k, c in ds.coords.items() if dim not in c.dims and k != "bound"}
    return xr.Dataset(found, coords={"bound": bound} | kept)
