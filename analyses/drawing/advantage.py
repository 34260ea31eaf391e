"""Figures of the energy advantage: its interval over seeds under each cost model, and the rate at which it is gone."""

import numpy as np

from ..variables import quotient, require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, axis_label, legend_below, plain_ticks

_MARKERS = "osD^v"


def energy_ratio_over_seeds(ds, ax):
    """Draw how many times less than the LSTM the network needs, mean and interval over seeds, for each cost model."""
    return _over_seeds(ds, ax, "energy_ratio", "Energy of the LSTM over that of the network", reference=False)


def energy_per_decision_over_seeds(ds, ax):
    """Draw the energy of a decision, mean and interval over seeds, for each cost model."""
    return _over_seeds(ds, ax, "energy_per_decision", "Energy per decision (nJ)", reference=True)


def break_even(ds, ax):
    """Draw energy over that of the LSTM against the mean rate of the hidden neurons, all rates scaled together.

    One line for each cost model, of the counted spikes (the first network where there is no count); a mark where the
    network is, a star where it breaks even.
    """
    names = (
        "energy_per_step",
        "energy_silent_per_step",
        "energy_break_even_factor",
        "energy_break_even_rate",
    )
    require(ds, *names, "energy_cost", "energy_network", where="break_even")
    network = int(max(ds.sizes["energy_network"] - 2, 0))
    row = ds.isel(energy_network=network).transpose("energy_cost", ...)
    reference = ds["energy_per_step"].isel(energy_network=-1).values
    now = quotient(row["energy_break_even_rate"].values, row["energy_break_even_factor"].values)
    if not np.isfinite(now).any():
        ax.set(xlabel="Spikes per hidden neuron and step", ylabel="Energy over that of the LSTM")
        ax.set_title("Break-even (nothing spiked)")
        return ax
    now = float(now[np.isfinite(now)][0])
    rate = np.geomspace(min(now / 10, 1e-3), 1, 200)
    for k, cost in enumerate(ds["energy_cost"].values):
        step, silent = (row[name].values[k] for name in ("energy_per_step", "energy_silent_per_step"))
        colour = COLOURS[k % len(COLOURS)]
        even = float(row["energy_break_even_rate"][k])
        said = "at no rate" if even >= 1 else f"{even:.2g}" if even > 0 else "at every rate"
        line = (silent + rate / now * (step - silent)) / reference[k]
        ax.plot(rate, line, color=colour, label=f"{cost}: {said}")
        ax.plot(now, step / reference[k], _MARKERS[k % len(_MARKERS)], color=colour, markersize=5)
        if 0 < even < 1:
            ax.plot(even, 1, "*", color=colour, markersize=10, markeredgecolor="white", zorder=4)
    ax.axhline(1, color=GREY, linewidth=1, linestyle=":")
    ax.set_xscale("log")
    ax.set_yscale("log")
    plain_ticks(ax, "x")
    ax.set(
        xlabel="Spikes per hidden neuron and step",
        ylabel="Energy over that of the LSTM",
        title=f"Break-even (now {now:.2g} spikes per step)",
    )
    legend_below(ax, title="the advantage is gone", title_fontsize=8, alignment="left", columns=2)
    return ax


def _over_seeds(ds, ax, name, label, *, reference):
    mean, interval = f"{name}_mean", f"{name}_interval"
    require(ds, mean, interval, "energy_cost", "energy_network", "energy_seeds", where=f"{name}_over_seeds")
    networks = ds["energy_network"].values
    networks = networks if reference or len(networks) == 1 else networks[:-1]
    costs = ds["energy_cost"].values
    for k, network in enumerate(networks):
        row = ds.sel(energy_network=network)
        values = row[mean].values
        low, high = row[interval].transpose("bound", ...).values
        at = np.arange(len(costs)) + (k - (len(networks) - 1) / 2) * 0.22
        last = reference and k == len(networks) - 1
        ax.errorbar(
            at,
            values,
            np.nan_to_num([values - low, high - values]),
            fmt=_MARKERS[k % len(_MARKERS)],
            color=GREY if last else COLOURS[(1, 0, 2)[k % 3]],
            capsize=3,
            markersize=5,
            label=str(network),
        )
    ax.set_yscale("log")
    seen = ds[mean].sel(energy_network=networks).values
    bounds = ds[interval].sel(energy_network=networks).values
    seen = np.concatenate([seen.ravel(), bounds.ravel()])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if seen.size:
        ax.set_ylim(seen.min() / 1.6, seen.max() * 1.6)
    if not reference:
        plain_ticks(ax, "y")
        ax.axhline(1, color=GREY, linewidth=1, linestyle=":")
    ax.set_xticks(range(len(costs)), [str(cost).replace(", ", ",\n") for cost in costs])
    ax.set_xlim(-0.6, len(costs) - 0.4)
    level = ds[interval].attrs.get("level")
    said = "" if level is None else f", {100 * level:g} % interval"
    ax.set(
        ylabel=label,
        title=f"{axis_label(ds[mean], 'Advantage' if not reference else 'Energy').split(' (')[0]} "
        f"(n = {int(ds['energy_seeds'])} seeds{said})",
    )
    legend_below(ax, columns=2)
    return ax


ADVANTAGE = (
    FigureSpec(
        "advantage",
        (
            Panel(
                energy_per_decision_over_seeds,
                ("energy_per_decision_mean", "energy_per_decision_interval", "energy_seeds"),
            ),
            Panel(energy_ratio_over_seeds, ("energy_ratio_mean", "energy_ratio_interval", "energy_seeds")),
        ),
        width=5.0,
        height=4.2,
    ),
    FigureSpec(
        "break_even",
        (
            Panel(
                break_even,
                ("energy_per_step", "energy_silent_per_step", "energy_break_even_rate"),
            ),
        ),
        width=5.0,
        height=4.4,
    ),
)
