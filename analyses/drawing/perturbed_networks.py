"""Figures of networks under perturbations: accuracy against strength, and what each one keeps."""

from functools import partial

import numpy as np

from ..perturbed_networks import perturbations_of
from ..variables import require
from .robustness import PERTURBATION_TITLES, broken
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, axis_label, key_below, layer_colours, plain_ticks

_MARKERS = "osD^v"


def networks_against_strength(ds, ax, *, name):
    """Draw the accuracy of each network against the strength of a perturbation: mean and range over seeds."""
    require(ds, f"accuracy_{name}", name, "accuracy_commonest", "network", where="networks_against_strength")
    title, logarithmic = PERTURBATION_TITLES[name]
    strength = ds[name]
    for k, (network, colour) in enumerate(layer_colours(ds["network"].values.tolist()).items()):
        row = ds.sel(network=network)
        plain = float(row["accuracy_unperturbed"].mean())
        if np.isfinite(plain):
            ax.axhline(plain, color=colour, linestyle="--", linewidth=0.8, alpha=0.7)
        # one number for each seed: draws are not independent networks
        accuracy = row[f"accuracy_{name}"].mean("draw").transpose(name, "seed").values
        seen = ~np.isnan(accuracy).all(axis=1)
        marker = _MARKERS[k % len(_MARKERS)]
        if not seen.any():
            ax.plot([], [], marker=marker, markersize=3.5, color=colour, label=network)
            continue
        x, accuracy = strength.values[seen], accuracy[seen]
        middle = np.nanmean(accuracy, axis=1)
        ax.plot(x, middle, marker=marker, markersize=3.5, linewidth=1.2, color=colour, label=network)
        ax.fill_between(
            x, np.nanmin(accuracy, axis=1), np.nanmax(accuracy, axis=1), color=colour, alpha=0.15, lw=0
        )
    commonest = float(ds["accuracy_commonest"].mean())
    ax.axhline(commonest, color=GREY, linestyle=":", linewidth=1, label="commonest class")
    x = strength.values
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(x.min() / 1.4, x.max() * 1.4)
        plain_ticks(ax, "x")
    else:
        ax.set_xticks(x)
    if name == "weight_quantisation":
        ax.invert_xaxis()  # fewer bits are stronger
    unit = strength.attrs.get("units", "1")
    label = strength.attrs.get("long_name", name)
    ax.set(ylim=(0, 1), title=title, xlabel=broken(label + ("" if unit == "1" else f" ({unit})")))
    if ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col():
        ax.set_ylabel("Accuracy on what is labelled")
    return ax


def kept_by_networks(ds, ax):
    """Draw the share of its accuracy that each network keeps under each perturbation, with intervals over seeds."""
    require(ds, "kept", "kept_interval", "network", "perturbation", where="kept_by_networks")
    names, networks = perturbations_of(ds), ds["network"].values.tolist()
    for k, network in enumerate(networks):
        row = ds.sel(network=network, perturbation=names)
        values = row["kept"].values
        low, high = row["kept_interval"].transpose("bound", "perturbation").values
        y = np.arange(len(names)) + (k - (len(networks) - 1) / 2) * 0.22
        ax.errorbar(
            values,
            y,
            xerr=np.nan_to_num([values - low, high - values]),
            fmt=_MARKERS[k % len(_MARKERS)],
            color=COLOURS[k % len(COLOURS)],
            capsize=2,
            markersize=4.5,
            label=network,
        )
    for at in (0, 1):
        ax.axvline(at, color=GREY, linewidth=1, linestyle="--")
    ax.set_yticks(range(len(names)), [PERTURBATION_TITLES[name][0] for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, -1), min(right, 2))
    ax.set(xlabel=broken(axis_label(ds["kept"]), 48), title="Mean over strengths")
    key_below(ax, ax.get_legend_handles_labels()[0], columns=3, points=46)
    return ax


PERTURBED_NETWORKS = (
    FigureSpec(
        "perturbed",
        tuple(
            Panel(
                partial(networks_against_strength, name=name),
                (f"accuracy_{name}", "accuracy_unperturbed", "accuracy_commonest", "kept"),
            )
            for name in PERTURBATION_TITLES
        ),
        width=2.7,
        height=5.6,
        rows=2,
        share_y=True,
        legend=True,
    ),
    FigureSpec(
        "kept", (Panel(kept_by_networks, ("kept", "kept_interval", "perturbation")),), width=6.0, height=5.0
    ),
)
