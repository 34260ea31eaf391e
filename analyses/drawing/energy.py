"""Figures of operations and energy of the spiking network beside an LSTM of equal size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..variables import require
from .style import COLOURS, GREY

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


_OPERATIONS = (
    ("energy_ac", "accumulates (AC)", COLOURS[5]),
    ("energy_mac", "multiply-accumulates (MAC)", COLOURS[0]),
)
# of the costs whose tick labels and ratios fit beside each other in a line
_BROAD = 2
_SMALL = 8


def operation_bars(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the operations per decision step of each network on a log scale.

    Parameters
    ----------
    ds : Dataset
        From `energy`: ``energy_ac``, ``energy_mac``.
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
    require(ds, "energy_ac", "energy_mac", "energy_network", where="operation_bars")
    networks = ds["energy_network"].values
    place = np.arange(len(networks))
    drawn = {name: ds[name].values > 0 for name, _, _ in _OPERATIONS}
    bars = sum(drawn.values())
    done = np.zeros(len(networks))
    for name, label, colour in _OPERATIONS:
        values, there = ds[name].values, drawn[name]
        if not there.any():
            continue
        # the bars that a network has lie around its tick
        at = (place + (done - (bars - 1) / 2) * 0.38)[there]
        ax.bar(at, values[there], width=0.38, color=colour, label=label)
        _write(ax, at, values[there])
        done += there
    ax.set_xticks(place, [name.replace(", ", "\n") for name in networks])
    ax.set_xlim(-0.6, len(networks) - 0.4)
    ax.set(ylabel="Operations per decision step", title="Operations")
    _log(ax, np.r_[ds["energy_ac"].values, ds["energy_mac"].values])
    if done.any():
        ax.legend(loc="upper left")
    return ax


def energy_bars(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw energy per decision step for each cost, with sd over trials and the LSTM's ratio.

    Parameters
    ----------
    ds : Dataset
        From `energy`: ``energy_per_step``, ``energy_per_step_sd`` (pJ), ``energy_ratio``.
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
    require(ds, "energy_per_step", "energy_per_step_sd", "energy_ratio", "energy_cost", where="energy_bars")
    networks, costs = ds["energy_network"].values, ds["energy_cost"].values
    place, width = np.arange(len(costs)), 0.8 / len(networks)
    narrow = len(costs) > _BROAD
    for k, network in enumerate(networks):
        row = ds.sel(energy_network=network).transpose("energy_cost", ...)
        at = place + (k - (len(networks) - 1) / 2) * width
        values, sd = row["energy_per_step"].values, row["energy_per_step_sd"].values
        lower = np.minimum(sd, 0.99 * values)
        shown = np.isfinite(sd) & (sd > 0)
        ax.bar(
            at,
            np.where(values > 0, values, np.nan),
            width=width,
            label=network,
            color=GREY if k == len(networks) - 1 else COLOURS[(1, 4)[k % 2]],
        )
        ax.errorbar(
            at[shown],
            values[shown],
            yerr=[lower[shown], sd[shown]],
            fmt="none",
            ecolor="black",
            capsize=3,
            elinewidth=1,
        )
        top = np.where(shown, values + sd, values)
        ratio = row["energy_ratio"].values
        _write(
            ax,
            at,
            top,
            ["" if network == "LSTM" else f"÷ {r:.0f}" if r >= 10 else f"÷ {r:.1f}" for r in ratio],
            rotation=90 if narrow else 0,
        )
    prices = zip(costs, ds["energy_cost_ac"].values, ds["energy_cost_mac"].values, strict=True)
    labels = [f"{name}\nAC {a:g} pJ, MAC {m:g} pJ" for name, a, m in prices]
    ax.set_xticks(place, [label.replace(", ", "\n") for label in labels] if narrow else labels)
    if narrow:
        ax.tick_params(axis="x", labelsize=_SMALL)
    title = "Energy" if set(networks) == {"LSTM"} else "Energy (÷: times less than the LSTM)"
    ax.set(ylabel="Energy per decision step (pJ)", title=title)
    _log(ax, ds["energy_per_step"].values)
    ax.legend(loc="upper right")
    return ax


def _log(ax, values):
    seen = values[np.isfinite(values) & (values > 0)]
    ax.set_yscale("log")
    if seen.size:
        # room above the bars for the legend
        ax.set_ylim(
            10.0 ** np.floor(np.log10(seen.min()) - 0.3),
            seen.max() * max(12, (seen.max() / seen.min()) ** 0.35),
        )


def _write(ax, at, heights, texts=None, *, rotation=0):
    texts = texts or [f"{h:,.0f}" if h >= 10 else f"{h:.2g}" for h in heights]
    for x, height, text in zip(at, heights, texts, strict=True):
        if height > 0:
            ax.annotate(
                text,
                (x, height),
                (0, 3),
                textcoords="offset points",
                ha="center",
                rotation=rotation,
                fontsize=_SMALL,
            )
