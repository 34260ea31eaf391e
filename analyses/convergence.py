"""Orders of convergence fitted to errors at several steps, and how far a network moves with the step."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.stats import t as student_t

from .errors import InvalidInput
from .variables import attribute, require, variable

# Errors below it, relative to the range of the variable, are rounding and say nothing about an order.
ROUNDING = 1e-12


def order_kernel(dt, error, *, level=0.95):
    """Slope of log error against log dt by least squares, with its confidence interval.

    Parameters
    ----------
    dt, error : ndarray (n,)
        > 0.
    level : float in (0, 1)

    Returns
    -------
    ndarray (3,): slope, lower and upper bound; the bounds are NaN for two points, all NaN for fewer.

    Notes
    -----
    Errors of a deterministic method do not scatter: the interval says how straight the line is.
    """
    n = len(dt)
    if n < 2:
        return np.full(3, np.nan)
    x, y = np.log(dt), np.log(error)
    x, y = x - x.mean(), y - y.mean()
    slope = (x @ y) / (x @ x)
    if n == 2:
        return np.array([slope, np.nan, np.nan])
    width = np.sqrt(((y - slope * x) ** 2).sum() / (n - 2) / (x @ x)) * student_t.ppf((1 + level) / 2, n - 2)
    return np.array([slope, slope - width, slope + width])


def convergence_orders(ds: xr.Dataset, *, level: float = 0.95) -> xr.Dataset:
    """Fit the order of each method on each neuron, and that of the times of spikes.

    Parameters
    ----------
    ds : Dataset
        ``convergence_error``, ``convergence_dt (convergence_case, convergence_step)``; where there are spikes,
        ``spike_time_error (spike_number, spike_step)`` and ``spike_dt (spike_step)``.
    level : float in (0, 1)
        Of the confidence intervals.

    Returns
    -------
    Dataset
        ``convergence_order (convergence_case)`` with ``convergence_order_interval (…, convergence_bound)``, over errors
        above 1e-12 (relative to the range of the membrane), NaN where fewer than two are; and ``spike_order``,
        ``spike_order_interval``.

    Raises
    ------
    MissingVariable, InvalidInput
        A variable is missing; an error is negative or not a number.
    """
    where = "convergence_orders"
    require(ds, "convergence_error", "convergence_dt", where=where)
    parts = _fitted(
        ds, "convergence", "convergence_case", ds["convergence_dt"].values, least=ROUNDING, level=level
    )
    if "spike_time_error" in ds.variables:
        require(ds, "spike_dt", where=where)
        dt = np.broadcast_to(ds["spike_dt"].values, ds["spike_time_error"].shape)
        parts |= _fitted(ds, "spike", "spike_number", dt, least=0.0, level=level)
    bound = variable(["low", "high"], "convergence_bound", units="1", long_name="bound of the interval")
    return xr.Dataset(parts, coords={"convergence_bound": bound})


def _fitted(ds, kind, dim, dt, *, least, level):
    name = {"convergence": "convergence_error", "spike": "spike_time_error"}[kind]
    error = ds[name].values
    if not (error >= 0).all():
        raise InvalidInput(f"convergence_orders: {name} must be numbers >= 0, got {error.min()}")
    fits = np.array(
        [order_kernel(x[e > least], e[e > least], level=level) for x, e in zip(dt, error, strict=True)]
    )
    what = "the membrane" if kind == "convergence" else "the times of spikes"
    return {
        f"{kind}_order": variable(fits[:, 0], dim, units="1", long_name=f"fitted order of {what} in dt"),
        f"{kind}_order_interval": variable(
            fits[:, 1:],
            (dim, "convergence_bound"),
            units="1",
            long_name=f"confidence interval of the order, level {level:g}",
            level=level,
        ),
    }


def own_step(ds, *, where):
    """Return the position, along ``dt`` (ms), of the network's own step, the attribute ``own_dt`` (s).

    Raises
    ------
    MissingVariable, InvalidInput
        There is no such attribute, or no such step.
    """
    remedy = "write it with chronaxie run continuous, or set .attrs['own_dt'] to the network's own step (s)"
    own = attribute(ds, "own_dt", where=where, remedy=remedy) * 1e3
    (found,) = np.nonzero(np.isclose(ds["dt"].values, own, rtol=1e-6, atol=0))
    if len(found) != 1:
        raise InvalidInput(
            f"{where}: expected the own step {own:g} ms once among dt, got {ds['dt'].values} ms"
        )
    return int(found[0])


def step_deviations(ds: xr.Dataset) -> xr.Dataset:
    """How far a network moves from what it does at its own step, at each simulation step.

    Parameters
    ----------
    ds : Dataset
        ``step_accuracy`` (and ``step_accuracy_yin``) ``(variant, dt, seed)``, ``step_rate (…, step_layer)``; its own
        step, as a rule dt_ref, is the attribute ``own_dt`` (s) and one of ``dt`` (ms).

    Returns
    -------
    Dataset
        ``step_accuracy_deviation``, ``step_accuracy_yin_deviation (variant, dt)``: accuracy minus that at its own step,
        mean over seeds; ``step_rate_deviation (variant, dt, step_layer)``: rate over that at its own step, minus 1; NaN
        where nothing spikes there.
    """
    require(ds, "step_accuracy", "step_rate", "dt", where="step_deviations")
    at = own_step(ds, where="step_deviations")
    parts = {}
    for name in ("step_accuracy", "step_accuracy_yin"):
        if name in ds.variables:
            mean = ds[name].mean("seed")
            parts[f"{name}_deviation"] = (mean - mean.isel(dt=at, drop=True)).assign_attrs(
                units="1", long_name=f"{ds[name].attrs['long_name']} minus that at its own step"
            )
    rate = ds["step_rate"].mean("seed")
    own = rate.isel(dt=at, drop=True)
    parts["step_rate_deviation"] = (rate / own.where(own > 0) - 1).assign_attrs(
        units="1", long_name="mean firing rate over that at its own step, minus 1"
    )
    return xr.Dataset(parts)
