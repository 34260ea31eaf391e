"""Figures of the study `fit_neuron`: errors of the parameters by method, and how much each one matters to the fit."""

import numpy as np
from matplotlib.lines import Line2D

from ..identification import IDENTIFIED
from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, key_below, plain_ticks

_FLOOR = 1e-4


def errors_of_parameters(ds, ax):
    """Draw the relative error of each parameter by method: every fit, median and interval; returns `ax`."""
    require(ds, "error", "error_median", "error_median_interval", where="errors_of_parameters")
    methods, names = ds["fitting"].values, ds["parameter"].values
    for m, fitting in enumerate(methods):
        colour = COLOURS[m % len(COLOURS)]
        for k, name in enumerate(names):
            x = k + 0.3 * (m - (len(methods) - 1) / 2)
            at = ds.sel(fitting=fitting, parameter=name)
            each = np.abs(at["error"].values).ravel()
            each = np.maximum(each[~np.isnan(each)], _FLOOR)
            ax.plot(np.full(each.shape, x + 0.07), each, ".", color=GREY, markersize=3)
            ax.plot([x, x], np.maximum(at["error_median_interval"].values, _FLOOR), color=colour)
            ax.plot(x, max(float(at["error_median"]), _FLOOR), "o", color=colour, markersize=5)
    ax.axhline(IDENTIFIED, color=GREY, linestyle=":", linewidth=1)
    ax.set_xticks(range(len(names)), list(names))
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_yscale("log")
    plain_ticks(ax, "y")
    ax.set(ylabel="Relative error", title="What comes back")
    handles = [
        Line2D([], [], color=COLOURS[m % len(COLOURS)], marker="o", label=f"{name}: median, 95 % interval")
        for m, name in enumerate(methods)
    ]
    handles.append(Line2D([], [], color=GREY, marker=".", linestyle="", label="fits"))
    handles.append(Line2D([], [], color=GREY, linestyle=":", linewidth=1, label="10 %: identified below"))
    key_below(ax, handles, columns=2, points=24)
    return ax


def slices_of_loss(ds, ax):
    """Draw how much larger the deviation is where one parameter alone is off, median over all fits; returns `ax`."""
    require(ds, "slice_loss", "factor", where="slices_of_loss")
    others = [d for d in ds["slice_loss"].dims if d not in ("parameter", "factor")]
    median = ds["slice_loss"].median(others) if others else ds["slice_loss"]
    percent = 100 * (ds["factor"].values - 1)
    order = np.argsort(np.r_[percent, 0])
    for k, name in enumerate(ds["parameter"].values):
        values = np.r_[median.sel(parameter=name).values, 0]
        ax.plot(
            np.r_[percent, 0][order], values[order], "o-", color=COLOURS[k], markersize=3.5, label=str(name)
        )
    ax.set_xticks([*percent, 0], [f"{p:+.0f}" if p else "0" for p in [*percent, 0]])
    ax.set(
        xlabel="Parameter off by (%; E_L: of threshold)",
        ylabel="Increase of the deviation",
        title="What the recording sees",
    )
    ax.set_yscale("symlog", linthresh=1e-3)
    ax.set_ylim(bottom=min(0.0, 1.5 * float(median.min())))  # below 0 where the fit is not at its best
    key_below(ax, ax.get_legend_handles_labels()[0], columns=3)
    return ax


IDENTIFICATION = (
    FigureSpec(
        "identification",
        (
            Panel(errors_of_parameters, ("error", "error_median", "error_median_interval")),
            Panel(slices_of_loss, ("slice_loss", "factor")),
        ),
        width=4.8,
        height=4.2,
    ),
)
