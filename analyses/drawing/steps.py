"""Figures of continuous time: a network at finer and finer dt, and single neurons that converge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullLocator

from ..convergence import own_step
from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, legend_below, plain_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


_VARIANTS = ((COLOURS[0], "o", "-"), (COLOURS[1], "s", "--"))
_METHODS = {
    "euler": (COLOURS[1], "o"),
    "milstein": (COLOURS[1], "+"),
    "heun": (COLOURS[1], "x"),
    "exponential_euler": (COLOURS[4], "s"),
    "symplectic_exponential_euler": (COLOURS[4], "*"),
    "rk2": (COLOURS[2], "^"),
    "rk4": (COLOURS[0], "v"),
    "exact": (COLOURS[6], "D"),
}


def step_accuracy(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the accuracy of each variant at each simulation step, and what the commonest class scores.

    The band is 0.01 around the first variant at its own step; error bars are the standard deviation over starts.

    Parameters
    ----------
    ds : Dataset
        Of the study `continuous`: ``step_accuracy``, ``dt`` in ms.
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
    require(ds, "step_accuracy", "dt", where="step_accuracy")
    own = float(ds["step_accuracy"].mean("seed")[0, own_step(ds, where="step_accuracy")])
    ax.axhspan(own - 0.01, own + 0.01, color=COLOURS[0], alpha=0.15, linewidth=0, label="within 0.01")
    _variants(ds, ax, ds["step_accuracy"])
    if "step_majority" in ds.variables:
        ax.axhline(float(ds["step_majority"]), color=GREY, linestyle=":", label="commonest class")
    ax.set(ylim=(0, 1), title="Accuracy", ylabel="Accuracy on what is labelled")
    legend_below(ax, columns=2)
    return ax


def step_spikes(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the spikes per neuron and dt_ref of the first hidden layer at each simulation step.

    The band is 5 % around the first variant at its own step, the upper limit one spike in each step of the simulation.

    Parameters
    ----------
    ds : Dataset
        Of the study `continuous`: ``step_rate`` in Hz, ``dt`` in ms, ``step_layer``; attribute `dt_ref` (s).
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
    require(ds, "step_rate", "dt", "step_layer", where="step_spikes")
    dt_ref = float(ds.attrs["dt_ref"])
    spikes = ds["step_rate"].isel(step_layer=0) * dt_ref
    own = float(spikes.mean("seed")[0, own_step(ds, where="step_spikes")])
    ax.fill_between(
        ds["dt"].values, 0.95 * own, 1.05 * own, color=COLOURS[0], alpha=0.15, linewidth=0, label="within 5 %"
    )
    _variants(ds, ax, spikes)
    ax.plot(
        ds["dt"].values,
        dt_ref * 1e3 / ds["dt"].values,
        color=GREY,
        linestyle=":",
        label="a spike in every step",
    )
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.set_ylim(low / 1.3, high * 1.3)
    plain_ticks(ax, "y")
    ax.set(
        title=f"Activity of {ds['step_layer'].values[0]}", ylabel=f"Spikes per neuron and {dt_ref * 1e3:g} ms"
    )
    legend_below(ax, columns=2)
    return ax


def trace_errors(ds: xr.Dataset, ax: Axes, *, neuron: int = 0) -> Axes:
    """Draw the error of the membrane against dt for each method on one of the neurons.

    Lines are the fitted orders (`convergence_orders`); methods that leave rounding only have none.

    Parameters
    ----------
    ds : Dataset
        From `convergence_orders`: ``convergence_error``, ``convergence_dt`` in ms, ``convergence_order``.
    ax : matplotlib.axes.Axes
    neuron : int
        Which of the neurons, from 0.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    MissingVariable
        One of these is not in the dataset.
    """
    require(ds, "convergence_error", "convergence_dt", "convergence_order", where="trace_errors")
    names = list(dict.fromkeys(ds["convergence_neuron"].values.tolist()))
    rows = ds.isel(convergence_case=ds["convergence_neuron"].values == names[neuron])
    for k in range(rows.sizes["convergence_case"]):
        row = rows.isel(convergence_case=k)
        method = str(row["convergence_method"].values)
        dt, error, order = (
            row["convergence_dt"].values,
            row["convergence_error"].values,
            float(row["convergence_order"]),
        )
        colour, marker = _METHODS.get(method, (GREY, "."))
        fitted = np.isfinite(order)
        label = f"{method}: {order:.2f}" if fitted else f"{method}: rounding"
        # one error may be exactly 0, which a logarithmic axis cannot show
        shown = error > 0
        ax.plot(dt[shown], error[shown], marker, color=colour, label=label, markersize=4, fillstyle="none")
        if fitted:
            middle = np.exp(np.log(error).mean() + order * (np.log(dt) - np.log(dt).mean()))
            ax.plot(dt, middle, color=colour, linewidth=0.8)
    _steps(ax, rows["convergence_dt"].values[0])
    ax.set_yscale("log")
    ax.set(ylabel="Largest error of v over its range", title=names[neuron])
    legend_below(ax, columns=2, title="Fitted order", alignment="left", title_fontsize=8)
    return ax


def spike_time_errors(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the error of the times of spikes against dt, and the line error = dt.

    Parameters
    ----------
    ds : Dataset
        Of the study `continuous`: ``spike_time_error``, ``spike_dt`` in ms, ``spike_order``.
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
    require(ds, "spike_time_error", "spike_dt", "spike_order", where="spike_time_errors")
    dt = ds["spike_dt"].values
    for k, number in enumerate(ds["spike_number"].values):
        order = float(ds["spike_order"][k])
        ax.plot(
            dt,
            ds["spike_time_error"][k],
            "o-",
            color=COLOURS[k],
            label=f"spike {number}: {order:.2f}",
            markersize=4,
        )
    ax.plot(dt, dt, color=GREY, linestyle=":", label="one step")
    _steps(ax, dt)
    ax.set_yscale("log")
    ax.set(ylabel="Error of the time (ms, root mean square)", title="Spikes of ALIF neurons")
    legend_below(ax, columns=2, title="Fitted order", alignment="left", title_fontsize=8)
    return ax


def _variants(ds, ax, values):
    dt = ds["dt"].values
    for k, variant in enumerate(ds["variant"].values):
        colour, marker, style = _VARIANTS[k]
        row = values.isel(variant=k)
        spread = row.std("seed", ddof=1).values if ds.sizes["seed"] > 1 else None
        ax.errorbar(
            dt,
            row.mean("seed").values,
            spread,
            marker=marker,
            linestyle=style,
            color=colour,
            label=str(variant),
        )
    _steps(ax, dt)


def _steps(ax, dt):
    """A logarithmic axis of simulation steps, with the steps as its ticks."""
    ax.set_xscale("log")
    ax.set_xticks(dt, [f"{x:.3g}" for x in dt])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("Simulation step dt (ms)")


STEPS = (
    FigureSpec(
        "steps",
        (
            Panel(step_accuracy, ("step_accuracy", "dt")),
            Panel(step_spikes, ("step_rate", "step_layer", "dt")),
        ),
        width=4.6,
        height=4.4,
    ),
    FigureSpec(
        "convergence",
        (
            *(
                Panel(partial(trace_errors, neuron=k), ("convergence_error", "convergence_order"))
                for k in range(3)
            ),
            Panel(spike_time_errors, ("spike_time_error", "spike_order")),
        ),
        width=3.8,
        height=5.0,
    ),
)
