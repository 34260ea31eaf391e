"""Figures of the study `continuous_time`: accuracy, rate and spikes kept against dt, by reading and by method."""

from functools import partial

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, key_below, plain_ticks

_STYLES = ("-", "--", ":", "-.")
_MARKERS = "osD^v"
# Ratios of rates up to which an axis from zero shows them.
_LINEAR = 2.5
_TITLES = {
    "accuracy_mean": ("Accuracy", "Accuracy"),
    "rate_ratio": ("Activity", "Rate over that at the own step"),
    "coincidence_mean": ("Spikes that stay in their step", "Share of coinciding spikes"),
}


def against_dt(ds, ax, *, name, along):
    """Draw one measure against the simulation step, mean and interval over seeds; returns `ax`.

    Parameters
    ----------
    ds : Dataset
        Gathered results of the study `continuous_time`, with its answer.
    ax : matplotlib.axes.Axes
    name : {"accuracy_mean", "rate_ratio", "coincidence_mean"}
    along : {"reading", "integrator"}
        What has a colour each: the other one stays at its first value. Networks differ by their lines.
    """
    require(ds, name, f"{name}_interval", "dt", along, where="against_dt")
    other = "integrator" if along == "reading" else "reading"
    dt = ds["dt"].values
    shown = {}
    for v, variant in enumerate(ds["variant"].values):
        for k, one in enumerate(ds[along].values):
            row = ds.sel({"variant": variant, along: one}).isel({other: 0})
            mean, interval = row[name].values, row[f"{name}_interval"].transpose("dt", "bound").values
            known = ~np.isnan(mean)
            if not known.any():
                continue
            colour = COLOURS[k % len(COLOURS)]
            x = dt[known] * 1.02 ** (k - 1.5)  # lines that coincide are still seen
            ax.plot(x, mean[known], _STYLES[v % 4], color=colour, marker=_MARKERS[v % 5], markersize=4)
            ax.vlines(x, *interval[known].T, color=colour, linewidth=1)
            shown[str(one)] = colour
    ax.set_xscale("log")
    ax.set_xlim(dt.max() * 1.25, dt.min() / 1.25)  # towards continuous time
    ax.set_xticks(dt, [f"{step:g}" for step in dt])
    ax.xaxis.set_minor_locator(NullLocator())
    if name != "rate_ratio":
        ax.set_ylim(0, 1.02)
    elif not np.nanmax(ds[name].values) > _LINEAR:
        ax.set_ylim(0, _LINEAR)
    else:
        ax.set_yscale("log")
        ax.set_ylim(0.5, 1.5 * np.nanmax(ds[name].values))
        plain_ticks(ax, "y")
    title, label = _TITLES[name]
    ax.set(xlabel="Simulation step (ms)", ylabel=label, title=title)
    if name == "accuracy_mean":
        handles = [Line2D([], [], color=c, label=text) for text, c in shown.items()]
        if ds.sizes["variant"] > 1:
            handles += [
                Line2D(
                    [],
                    [],
                    color=GREY,
                    linestyle=_STYLES[v % 4],
                    marker=_MARKERS[v % 5],
                    markersize=4,
                    label=str(n),
                )
                for v, n in enumerate(ds["variant"].values)
            ]
        key_below(ax, handles)
    return ax


def _spec(along):
    return FigureSpec(
        f"{along}s",
        tuple(
            Panel(partial(against_dt, name=name, along=along), (name, f"{name}_interval", "dt", along))
            for name in _TITLES
        ),
        width=3.4,
        height=4.2,
    )


CONTINUOUS_STUDY = (_spec("reading"), _spec("integrator"))
