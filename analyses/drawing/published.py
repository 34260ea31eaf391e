"""Figures of the published networks: their time constants beside their starts, and beside measured ones."""

from functools import partial

import numpy as np
from matplotlib.lines import Line2D

from ..variables import require
from .biology import biology_ms, biology_scale_free
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, LIGHT, colour_key, key_below, plain_ticks, quantile_key

_VERDICTS = {
    1: (COLOURS[1], "differs from its start"),
    0: (COLOURS[0], "difference not shown"),
    -1: (GREY, "never trained"),
}


def arrays_beside_starts(ds, ax):
    """Draw quantiles of every array over the median of its start, and those of the start in grey; returns `ax`.

    Bar: quartiles; line: 5 to 95 %; point: median. The grey band is 5 to 95 % of the start.

    Parameters
    ----------
    ds : Dataset
        Of the study `published`.
    ax : matplotlib.axes.Axes
    """
    require(
        ds, "count", "quantile", "start_quantile", "start_median", "differs", where="arrays_beside_starts"
    )
    seen = {}
    for y in range(ds.sizes["array"]):
        row = ds.isel(array=y)
        start = float(row["start_median"])
        found, began = row["quantile"].values / start, row["start_quantile"].values / start
        ax.fill_betweenx([y - 0.4, y + 0.4], began[0], began[-1], color=LIGHT, linewidth=0)
        verdict = int(row["differs"])
        colour, text = _VERDICTS[verdict]
        ax.plot(found[[0, -1]], [y, y], color=colour, linewidth=1)
        ax.plot(found[[1, -2]], [y, y], color=colour, linewidth=6, alpha=0.5, solid_capstyle="butt")
        ax.plot(found[2], y, "o", color=colour, markersize=4)
        seen[text] = colour
    ax.axvline(1, color=GREY, linewidth=1, linestyle=":", zorder=0)
    _array_ticks(ds, ax)
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    ax.set(xlabel="Time constant over the median of its start", title="Published arrays and their starts")
    median = Line2D([], [], color=GREY, marker="o", markersize=4, linestyle="", label="median")
    band = colour_key({"5 to 95 % of the start": LIGHT})
    key_below(ax, [median, *quantile_key(), *band, *colour_key(seen)], columns=2)
    return ax


def displacement_of_arrays(ds, ax):
    """Draw the shift of every array's median in percent of its start, with intervals; returns `ax`."""
    name = "displacement_from_shift"
    require(ds, name, f"{name}_interval", "start_median", "differs", where="displacement_of_arrays")
    for y in range(ds.sizes["array"]):
        row = ds.isel(array=y)
        percent = 100 / float(row["start_median"])
        colour, _ = _VERDICTS[int(row["differs"])]
        interval = row[f"{name}_interval"].values * percent
        if np.isfinite(interval).all():
            ax.plot(interval, [y, y], color=colour)
            ax.plot(float(row[name]) * percent, y, "o", color=colour, markersize=4)
        else:
            ax.text(0, y, " never trained", color=GREY, fontsize=7, va="center")
    ax.axvline(0, color=GREY, linewidth=1, linestyle=":", zorder=0)
    _array_ticks(ds, ax)
    ax.set_xscale("symlog", linthresh=10)
    ax.set_xticks(
        [-20, -10, -5, 0, 5, 10, 20, 50, 100, 200],
        ["-20", "-10", "-5", "0", "5", "10", "20", "50", "", "200"],
    )
    ax.set(xlabel="Shift of the median (% of the start; linear to 10 %)", title="How far the medians moved")
    level = ds[f"{name}_interval"].attrs.get("level")
    text = "shift" + (f" with {100 * level:g} % interval" if level else "")
    key_below(ax, [Line2D([], [], color=GREY, marker="o", markersize=4, label=text)])
    return ax


def beside_cells(ds, ax, *, prefix, scaled=False):
    """Draw the arrays of one quantity and the measured groups as `biology_ms` or `biology_scale_free`; returns `ax`.

    Parameters
    ----------
    ds : Dataset
        Of the study `published`.
    ax : matplotlib.axes.Axes
    prefix : {"membrane", "adaptation"}
    scaled : bool
        Over the own median.
    """
    require(ds, f"{prefix}_model_median", where="beside_cells")
    names = {
        n: n.replace(prefix, "biology", 1)
        for n in (*ds.variables, *ds.dims)
        if str(n).startswith(f"{prefix}_")
    }
    draw = biology_scale_free if scaled else biology_ms
    draw(ds.rename(names), ax)
    if not scaled:
        ax.set_xlabel("Time constant (ms)")
    return ax


def _array_ticks(ds, ax):
    ax.set_yticks(
        range(ds.sizes["array"]),
        [f"{name} ({n})" for name, n in zip(ds["array"].values, ds["count"].values, strict=True)],
    )
    ax.set_ylim(ds.sizes["array"] - 0.4, -0.6)


def _spec(prefix, height):
    needs = (f"{prefix}_model_quantile", f"{prefix}_cells_quantile")
    panels = (
        Panel(partial(beside_cells, prefix=prefix), needs),
        Panel(partial(beside_cells, prefix=prefix, scaled=True), needs),
    )
    return FigureSpec(prefix, panels, width=4.8, height=height, share_y=True)


PUBLISHED = (
    FigureSpec(
        "arrays",
        (
            Panel(arrays_beside_starts, ("quantile", "start_quantile", "differs")),
            Panel(displacement_of_arrays, ("displacement_from_shift", "differs")),
        ),
        width=5.0,
        height=7.4,
        share_y=True,
    ),
    _spec("membrane", 5.2),
    _spec("adaptation", 5.0),
)
