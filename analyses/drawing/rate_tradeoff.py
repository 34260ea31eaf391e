"""Figure of accuracy against firing rate, and against energy beside dense networks of several sizes."""

from functools import partial

import numpy as np

from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, legend_below, plain_ticks

_RATE = ("accuracy", "accuracy_interval", "rate_mean", "break_rate", "break_rate_interval", "spikes_per_step")
_ENERGY = ("accuracy", "energy_mean", "energy_model", "break_rate", "test_accuracy")
_MARKERS = "osD^v"


def accuracy_against_rate(ds, ax):
    """Draw accuracy against spikes per neuron and step, mean and interval over seeds, and the rate where it breaks."""
    require(ds, *_RATE, "test_accuracy", "network", where="accuracy_against_rate")
    labels = [
        label for label in ds["network"].values.tolist() if np.isfinite(ds["rate_mean"].sel(network=label))
    ]
    chosen = ds.sel(network=labels)
    others = [dim for dim in ds["spikes_per_step"].dims if dim not in ("network", "seed")]
    seeds = chosen["spikes_per_step"].mean(others).transpose("network", "seed").values
    ax.plot(
        seeds.ravel(),
        chosen["test_accuracy"].transpose("network", "seed").values.ravel(),
        ".",
        color=GREY,
        ms=3,
    )
    rate, accuracy = chosen["rate_mean"].values, chosen["accuracy"].values
    low, high = chosen["accuracy_interval"].transpose("bound", "network").values
    spread = np.nan_to_num([accuracy - low, high - accuracy])
    ax.errorbar(rate, accuracy, spread, color=COLOURS[0], marker="o", markersize=4, capsize=2, linewidth=1.2)
    for k, label in enumerate(labels):
        penalty = label.rpartition("-")[2]
        text = f"penalty {penalty}" if not k else penalty
        ax.annotate(
            text, (rate[k], accuracy[k]), xytext=(0, 7), textcoords="offset points", fontsize=7, ha="center"
        )
    broken, interval = float(ds["break_rate"]), ds["break_rate_interval"].values
    if np.isfinite(broken):
        loss = 100 * float(ds["break_rate"].attrs["tolerance"])
        ax.axvline(broken, color=COLOURS[1], linewidth=1, label=f"{loss:g} % lost")
        if np.isfinite(interval).all():
            ax.axvspan(*interval, color=COLOURS[1], alpha=0.15, linewidth=0)
        ax.legend(loc="lower right")
    ax.set_xscale("log")
    seen = np.concatenate([seeds.ravel(), rate])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    if seen.size:
        ax.set_xlim(seen.min() / 1.3, seen.max() * 1.3)
    plain_ticks(ax, "x")
    ax.set(xlabel="Spikes per hidden neuron and step", ylabel="Accuracy on what is labelled", title="Rate")
    _within(ds, ax)
    return ax


def accuracy_against_energy(ds, ax, *, model):
    """Draw accuracy against energy per step under a cost model (its number): sparse networks, dense ones by size."""
    require(ds, *_ENERGY, "network", where="accuracy_against_energy")
    kinds = dict.fromkeys(label.rpartition("-")[0] for label in ds["network"].values.tolist())
    for k, kind in enumerate(kinds):
        of_kind = [n for n in ds["network"].values.tolist() if n.rpartition("-")[0] == kind]
        row = ds.sel(network=of_kind)
        energy, accuracy = row["energy_mean"].isel(energy_model=model).values, row["accuracy"].values
        order = np.argsort(energy)
        ax.plot(
            energy[order],
            accuracy[order],
            color=COLOURS[k],
            marker=_MARKERS[k % len(_MARKERS)],
            markersize=4,
            linewidth=1.2,
            label=kind,
        )
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    ax.set(xlabel="Energy per step (pJ)", title=str(ds["energy_model"].values[model]))
    _within(ds, ax)
    legend_below(ax, columns=4)
    return ax


def _within(ds, ax):
    """Show what the seeds reached: intervals of two seeds go far beyond."""
    seen = ds["test_accuracy"].values
    ax.set_ylim(max(np.nanmin(seen) - 0.05, 0), min(np.nanmax(seen) + 0.05, 1))


RATE_TRADEOFF = (
    FigureSpec(
        "rate_tradeoff",
        (
            Panel(accuracy_against_rate, _RATE, weight=1.25),
            *(
                Panel(
                    partial(accuracy_against_energy, model=model),
                    _ENERGY,
                    shown=lambda ds, model=model: ds.sizes["energy_model"] > model,
                )
                for model in range(3)
            ),
        ),
        width=3.7,
        height=4.0,
        share_y=True,
    ),
)
