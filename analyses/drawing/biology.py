"""Figures of learned membrane time constants beside measured ones, from what `compare` returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from ..variables import require
from .style import COLOURS, GREY, colour_key, key_below, plain_ticks, quantile_key

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


SIDES = (("model", "biology_layer", COLOURS[1]), ("cells", "biology_group", COLOURS[0]))
_POINT = {
    "color": "black",
    "marker": "o",
    "markersize": 5,
    "markeredgecolor": "white",
    "markerfacecolor": "black",
}


def biology_ms(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw quantiles of the membrane time constants in ms and the interval of each median.

    Thick bar: quartiles; thin line: the outermost quantiles; white-rimmed point: median with its interval. Where all
    values are one, it stands beside the name.

    Parameters
    ----------
    ds : Dataset
        From `compare`.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    MissingVariable
        One of these is not in the dataset.
    """
    rows = _rows(ds, ax, "quantile", where="biology_ms")
    for y, (side, dim, name) in enumerate(rows):
        row = ds.sel({dim: name})
        median = float(row[f"biology_{side}_median"])
        if np.isfinite(median):
            interval = row[f"biology_{side}_median_interval"].values
            reach = np.abs(interval - median)[:, None] if np.ptp(interval) > 0 else None
            ax.errorbar(
                median,
                y,
                xerr=reach,
                **_POINT,
                capsize=4,
                elinewidth=1.2,
                zorder=3,
            )
    level = ds["biology_model_median_interval"].attrs.get("level")
    text = "median" + (f" with {100 * level:g} % interval" if level else "")
    median = Line2D([], [], linewidth=1.2, label=text, **_POINT)
    sides = colour_key({"network": SIDES[0][2], "measured": SIDES[1][2]})
    key_below(ax, [median, *quantile_key(share=_outermost(ds)), *sides], columns=2)
    ax.set(xlabel="Membrane time constant (ms)", title="In milliseconds")
    return ax


def biology_scale_free(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the same quantiles over the own median, with the sd of the log time constants.

    Where all values are one there is no shape: the value stands beside the name.

    Parameters
    ----------
    ds : Dataset
        From `compare`.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    MissingVariable
        One of these is not in the dataset.
    """
    rows = _rows(ds, ax, "quantile_scaled", where="biology_scale_free")
    for y, (side, dim, name) in enumerate(rows):
        spread = float(ds[f"biology_{side}_log_sd"].sel({dim: name}))
        text = f"{spread:.2f}" if np.isfinite(spread) else "-"
        ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    ax.text(1.02, -0.9, "log-sd", transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=GREY)
    ax.axvline(1, color=GREY, linewidth=1, linestyle=":", zorder=0)
    ax.set(xlabel="Time constant over its median", title="Free of scale")
    key_below(ax, quantile_key(share=_outermost(ds)))
    return ax


def one_value(values, count):
    """In words, the value (ms) of a layer or group without spread, from any of its quantiles; "" where it has one.

    Parameters
    ----------
    values : array_like
        Quantiles in ms, NaN where there are none.
    count : int
        Neurons or cells.
    """
    if not np.isfinite(values).all() or np.ptp(values) > 0:
        return ""
    return f"{'all' if count > 1 else 'only'} {float(values[0]):.4g} ms"


def _outermost(ds):
    q = ds["biology_q"].values
    return f"{100 * q.min():g} to {100 * q.max():g} %"


def _rows(ds, ax, kind, *, where):
    names = [
        f"biology_{side}_{part}"
        for side, _, _ in SIDES
        for part in dict.fromkeys((kind, "quantile", "median", "median_interval", "log_sd", "count"))
    ]
    require(ds, *names, "biology_q", where=where)
    rows, labels = [], []
    q = ds["biology_q"].values
    inner = (int(np.abs(q - 0.25).argmin()), int(np.abs(q - 0.75).argmin()))
    for side, dim, colour in SIDES:
        for name in ds[dim].values.tolist():
            values = ds[f"biology_{side}_{kind}"].sel({dim: name}).values
            count = int(ds[f"biology_{side}_count"].sel({dim: name}))
            text = one_value(ds[f"biology_{side}_quantile"].sel({dim: name}).values, count)
            if not text and np.isfinite(values).all():
                ax.plot([values.min(), values.max()], [len(rows)] * 2, color=colour, linewidth=1.2)
                ax.plot(
                    values[list(inner)],
                    [len(rows)] * 2,
                    color=colour,
                    linewidth=8,
                    alpha=0.45,
                    solid_capstyle="butt",
                )
            labels.append(f"{name} ({count})" + (f"\n{text}" if text else ""))
            rows.append((side, dim, name))
    ax.axhline(ds.sizes["biology_layer"] - 0.5, color=GREY, linewidth=0.8)
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    return rows
