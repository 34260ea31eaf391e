"""Figures of single neurons: firing rates, time constants before and after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..variables import require
from .style import GREY, axis_label, layer_colours, legend_below, plain_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def firing_rate_distribution(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the cumulative distribution of the firing rates of each layer.

    Parameters
    ----------
    ds : Dataset
        ``firing_rate (unit)`` in Hz with the coordinate ``unit_layer``.
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
    require(ds, "firing_rate", "unit_layer", where="firing_rate_distribution")
    layers = ds["unit_layer"].values
    for layer, colour in layer_colours(layers.tolist()).items():
        rate = np.sort(ds["firing_rate"].values[layers == layer])
        label = (
            f"{layer}: {len(rate)} neurons, median {np.median(rate):.1f} Hz, {int((rate == 0).sum())} silent"
        )
        ax.step(
            np.r_[0, rate, rate[-1:]],
            np.r_[0, np.arange(1, len(rate) + 1), len(rate)] / len(rate),
            where="post",
            color=colour,
            label=label,
        )
    top = float(ds["firing_rate"].max()) if ds.sizes["unit"] else 0.0
    ax.set_xlim(0, 1.05 * top if top else 1)
    ax.set_ylim(0, 1.02)
    ax.set(xlabel=axis_label(ds["firing_rate"]), ylabel="Cumulative fraction of neurons")
    _steps_axis(ds, ax)
    if ds.sizes["unit"]:
        legend_below(ax)
    return ax


def membrane_change(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw each membrane time constant after training against before.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_m_initial (neuron)`` in ms with the coordinate ``layer``.
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
    return _change(ds, ax, "tau_m", "Membrane time constant")


def adaptation_change(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw each adaptation time constant after training against before.

    Parameters
    ----------
    ds : Dataset
        ``tau_a``, ``tau_a_initial (neuron)`` in ms with the coordinate ``layer``.
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
    return _change(ds, ax, "tau_a", "Adaptation time constant")


def _change(ds, ax, name, title):
    require(ds, name, f"{name}_initial", "layer", where=title.lower())
    layers, before, after = ds["layer"].values, ds[f"{name}_initial"].values, ds[name].values
    known = ~(np.isnan(before) | np.isnan(after))
    for layer, colour in layer_colours(layers.tolist()).items():
        inside = known & (layers == layer)
        if not inside.any():
            continue
        b, a = before[inside], after[inside]
        ax.plot(b, a, "o", color=colour, markersize=4, alpha=0.55, markeredgewidth=0)
        centre, spread = _centre(b), _centre(a)
        ax.errorbar(
            centre[0],
            spread[0],
            xerr=[[centre[1]], [centre[2]]],
            yerr=[[spread[1]], [spread[2]]],
            color=colour,
            capsize=3,
            zorder=3,
        )
        ax.plot(
            centre[0],
            spread[0],
            "D",
            color=colour,
            markeredgecolor="white",
            markersize=7,
            zorder=4,
            label=f"{layer}: {centre[0]:.0f} → {spread[0]:.0f} ms",
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    if known.any():
        values = np.r_[before[known], after[known]]
        low, high = values.min() / 1.3, values.max() * 1.3
        ax.plot([low, high], [low, high], color=GREY, linewidth=1, linestyle=":", zorder=0)
        ax.set_xlim(low, high)
        ax.set_ylim(low, high)
        legend_below(ax, title="median and quartiles", title_fontsize=8, alignment="left")
    plain_ticks(ax, "x")
    plain_ticks(ax, "y")
    ax.set(xlabel="Before training (ms)", ylabel="After training (ms)", title=title)
    return ax


def _centre(values):
    """Median, and the distances to the lower and the upper quartile."""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return middle, middle - low, high - middle


def _steps_axis(ds, ax):
    if "spikes_per_step" not in ds.variables or not float(ds["firing_rate"].max() if ds.sizes["unit"] else 0):
        return
    k = int(ds["firing_rate"].values.argmax())
    step = float(ds["spikes_per_step"][k]) / float(ds["firing_rate"][k])
    if step > 0:
        upper = ax.secondary_xaxis("top", functions=(lambda x: x * step, lambda x: x / step))
        upper.set_xlabel("Spikes per decision step")
