"""Time constants of a network before and after training, layer by layer."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..variables import milliseconds, require, variable
from .arrays import QUANTITIES, LearnedArray, Table, untrained


def spread_kernel(values, *, axis=-1):
    """Median, lower and upper quartile and coefficient of variation along `axis`, NaN left out.

    Returns
    -------
    ndarray (4, …)
        NaN where no value is left; the coefficient of variation (sample standard deviation / mean) also for
        one value.
    """
    values = np.moveaxis(np.asarray(values, dtype=float), axis, -1)
    flat = values.reshape(-1, values.shape[-1])
    out = np.full((4, len(flat)), np.nan)
    for row, line in enumerate(flat):
        x = line[~np.isnan(line)]
        if x.size:
            out[:3, row] = np.quantile(x, (0.5, 0.25, 0.75))
        if x.size > 1:
            out[3, row] = x.std(ddof=1) / x.mean()
    return out.reshape((4,) + values.shape[:-1])


def timescales(ds: xr.Dataset) -> xr.Dataset:
    """Describe the time constants of each layer before and after training.

    Parameters
    ----------
    ds : Dataset
        ``tau_m (neuron)`` and ``tau_m_initial (neuron)``, ``tau_a (neuron)`` and ``tau_a_initial (neuron)``
        in ms, NaN where a neuron has none; coordinate ``layer (neuron)``. A network without adaptation may
        leave both `tau_a` out.

    Returns
    -------
    Dataset
        Dimensions ``timescale_quantity`` (tau_m, tau_a), ``timescale_layer``, ``timescale_when`` (before,
        after): ``timescale_median``, ``timescale_quartile (…, timescale_quartile_bound)`` in ms,
        ``timescale_cv``; ``timescale_count`` neurons that have one; ``timescale_change``: median over
        neurons of after / before, and ``timescale_change_ms``: median of after − before. NaN where a layer
        has no such time constant. ``timescale_trained``: some value changed; what did not is described all the
        same, and named in the attribute ``untrained``.

    Raises
    ------
    MissingVariable
        A variable or the coordinate `layer` is missing. Of a network whose start is not known `timescale_intervals`
        describes the time constants as they are.
    InvalidInput
        Units are not ms, a value is not positive, or before and after are not of the same neurons.
    """
    where = "timescales"
    require(ds, "tau_m", "layer", where=where)
    quantities = [q for q in QUANTITIES if q in ds.variables or f"{q}_initial" in ds.variables]
    layers = list(dict.fromkeys(ds["layer"].values.tolist()))
    shape = (len(quantities), len(layers))
    median, cv = np.full(shape + (2,), np.nan), np.full(shape + (2,), np.nan)
    quartile = np.full(shape + (2, 2), np.nan)
    ratio, shift = np.full(shape, np.nan), np.full(shape, np.nan)
    arrays = {}
    for q, quantity in enumerate(quantities):
        before, after = _pair(ds, quantity, where=where)
        for k, layer in enumerate(layers):
            inside = ds["layer"].values == layer
            b, a = before[inside], after[inside]
            kept = ~np.isnan(b)
            arrays[quantity, layer] = LearnedArray(quantity, layer, a[kept], b[kept], None)
            median[q, k], quartile[q, k, :, 0], quartile[q, k, :, 1], cv[q, k] = spread_kernel(
                np.stack((b, a))
            )
            if kept.any():
                ratio[q, k], shift[q, k] = np.median(a[kept] / b[kept]), np.median(a[kept] - b[kept])
    table = ("timescale_quantity", "timescale_layer")
    twice = table + ("timescale_when",)
    return xr.Dataset(
        {
            "timescale_median": variable(median, twice, units="ms", long_name="median time constant"),
            "timescale_quartile": variable(
                quartile,
                twice + ("timescale_quartile_bound",),
                units="ms",
                long_name="quartiles of the time constants",
            ),
            "timescale_cv": variable(
                cv, twice, units="1", long_name="coefficient of variation of the time constants"
            ),
            "timescale_change": variable(ratio, table, units="1", long_name="median of after / before"),
            "timescale_change_ms": variable(shift, table, units="ms", long_name="median of after - before"),
            **Table(arrays).about(arrays),
        },
        coords={
            "timescale_quantity": variable(
                quantities, "timescale_quantity", units="1", long_name="kind of time constant"
            ),
            "timescale_layer": variable(layers, "timescale_layer", units="1", long_name="layer"),
            "timescale_when": variable(
                ["before", "after"], "timescale_when", units="1", long_name="before or after training"
            ),
            "timescale_quartile_bound": variable(
                [0.25, 0.75], "timescale_quartile_bound", units="1", long_name="quantile"
            ),
        },
        attrs={"untrained": untrained(arrays)},
    )


def timescales_table(ds: xr.Dataset) -> str:
    """Write what `timescales` returned as a text table, one line a layer and quantity.

    Parameters
    ----------
    ds : Dataset
        Of `timescales`, or any that holds its variables, such as a study's result.

    Returns
    -------
    str

    Raises
    ------
    MissingVariable
        The dataset does not hold the variables of `timescales`.
    """
    require(
        ds,
        "timescale_median",
        "timescale_quartile",
        "timescale_cv",
        "timescale_change",
        "timescale_count",
        where="timescales_table",
    )
    head = f"{'layer':<12} {'':<6} {'n':>5}  {'before (ms)':>24} {'CV':>5}  {'after (ms)':>24} {'CV':>5}"
    head = f"{head}  {'change':>8}"
    lines = [head, "-" * len(head)]
    for quantity in ds["timescale_quantity"].values:
        for layer in ds["timescale_layer"].values:
            row = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
            if int(row["timescale_count"]) == 0:
                continue
            cells = [
                f"{_cell(row.sel(timescale_when=when)):>24} "
                f"{float(row['timescale_cv'].sel(timescale_when=when)):>5.2f}"
                for when in ("before", "after")
            ]
            lines.append(
                f"{layer:<12} {quantity:<6} {int(row['timescale_count']):>5}  {cells[0]}  {cells[1]}  "
                f"{float(row['timescale_change']):>7.2f}x{_whether_trained(row)}"
            )
    return "\n".join(lines)


def _whether_trained(row):
    # results of older versions do not say it
    return "" if bool(row.get("timescale_trained", True)) else "  not trained"


def _cell(row):
    low, high = row["timescale_quartile"].values
    return f"{float(row['timescale_median']):.1f} [{low:.1f}, {high:.1f}]"


def _pair(ds, quantity, *, where):
    initial = f"{quantity}_initial"
    if quantity not in ds.variables or initial not in ds.variables:
        missing = initial if quantity in ds.variables else quantity
        raise MissingVariable(
            f"{where}: {missing} is missing; before and after are both needed (timescale_intervals "
            f"and displacement_from take networks whose start is not known)"
        )
    for name in (quantity, initial):
        if ds[name].dims != ("neuron",):
            raise InvalidInput(
                f"{where}: {name} must have the dimension ('neuron',), got {ds[name].dims}; select one run"
            )
    before = milliseconds(ds[initial], name=initial, where=where)
    after = milliseconds(ds[quantity], name=quantity, where=where)
    if not np.array_equal(np.isnan(before), np.isnan(after)):
        first = int(np.flatnonzero(np.isnan(before) != np.isnan(after))[0])
        raise InvalidInput(
            f"{where}: neuron {first} has {quantity} only before or only after training; "
            f"a NaN that appeared in training is not a time constant"
        )
    return before, after
