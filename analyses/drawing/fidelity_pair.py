"""Figure of two simulations compared by `fidelity`: measures of each layer, of each neuron, and when trains part."""

import numpy as np

from ..variables import attribute, require
from .specs import FigureSpec, Panel
from .style import GREY, LIGHT, WHITE, key_below, layer_colours

_MEASURES = (
    ("coincidence", "coincide, share"),
    ("gamma_factor", "Γ, above chance"),
    ("identical", "trains alike, share"),
    ("spike_distance", "SPIKE-distance"),
    ("victor_purpura", "Victor–Purpura, per spike"),
    ("van_rossum", "van Rossum D², per spike"),
)


def measures_of_layers(ds, ax):
    """Draw six measures of each layer (colours) with their intervals over trials; returns `ax`.

    Parameters
    ----------
    ds : Dataset
        What `fidelity` returned.
    ax : matplotlib.axes.Axes
    """
    names = [f"fidelity_{name}" for name, _ in _MEASURES]
    require(ds, "fidelity_group", *names, *(f"{n}_interval" for n in names), where="measures_of_layers")
    colours = layer_colours([str(g) for g in ds["fidelity_group"].values])
    rows = np.arange(len(names))[::-1]
    for k, (layer, colour) in enumerate(colours.items()):
        values = np.array([float(ds[n][k]) for n in names])
        bounds = np.array([ds[f"{n}_interval"].isel(fidelity_group=k).values for n in names])
        ax.errorbar(
            values,
            rows + 0.6 / len(colours) * ((len(colours) - 1) / 2 - k),
            xerr=np.nan_to_num(np.abs(bounds - values[:, None]).T),
            fmt="o",
            color=colour,
            markersize=4.5,
            elinewidth=1.2,
            capsize=2,
            label=layer,
        )
    ax.axhline(2.5, color=LIGHT, linewidth=0.8)
    ax.set_yticks(rows, [text for _, text in _MEASURES])
    level = ds[f"{names[0]}_interval"].attrs.get("level")
    sample = [f"{100 * level:g} % intervals"] if level else []
    sample.append(f"n = {int(ds['fidelity_trials'][0])} trials")
    ax.set(
        ylim=(-0.6, len(rows) - 0.4),
        title=f"Spikes that coincide {ds.attrs.get('coincide', '')}".rstrip(),
        xlabel=", ".join(sample),
    )
    ax.grid(axis="x", color=LIGHT, linewidth=0.6)
    ax.set_axisbelow(True)
    key_below(ax, ax.get_legend_handles_labels()[0], columns=3)
    return ax


def gamma_of_neurons(ds, ax):
    """Draw Γ of each neuron against its rate in the reference; returns `ax`.

    Points are medians over the trials in which Γ is defined, bars their quartiles.
    """
    require(ds, "gamma_factor", "spikes_reference", "unit_layer", where="gamma_of_neurons")
    duration = attribute(ds, "duration", where="gamma_of_neurons", remedy="is it what fidelity returned?")
    rate = ds["spikes_reference"].mean("trial").values / duration
    gamma = ds["gamma_factor"].transpose("trial", "unit").values
    known = ~np.isnan(gamma).all(axis=0)
    layers = ds["unit_layer"].values
    for layer, colour in layer_colours(layers.tolist()).items():
        chosen = known & (layers == layer)
        low, middle, high = np.nanquantile(gamma[:, chosen], [0.25, 0.5, 0.75], axis=0)
        ax.errorbar(
            rate[chosen],
            middle,
            yerr=[middle - low, high - middle],
            fmt="o",
            color=colour,
            markersize=3,
            elinewidth=0.8,
            alpha=0.8,
            label=layer,
        )
    ax.axhline(0, color=GREY, linewidth=1, linestyle=":")
    lost = int((~known).sum())
    title = "Γ of neurons: median and quartiles of trials"
    ax.set(xlabel="Firing rate of the reference (Hz)", ylabel="Coincidence factor Γ", title=title)
    if lost:
        ax.text(
            0.99,
            0.02,
            f"not defined: {lost} of {len(known)}",
            transform=ax.transAxes,
            ha="right",
            fontsize=8,
            bbox=WHITE,
        )
    return ax


def trains_alike(ds, ax):
    """Draw the share of trains of each layer that do not differ yet, against time; returns `ax`.

    Line: of all trains; band: quartiles of the trials.
    """
    require(ds, "first_divergence", "unit_layer", where="trains_alike")
    duration = attribute(ds, "duration", where="trains_alike", remedy="is it what fidelity returned?")
    first = ds["first_divergence"].transpose("trial", "unit").fillna(np.inf).values
    layers = ds["unit_layer"].values
    at = np.linspace(0, duration, 201)
    for layer, colour in layer_colours(layers.tolist()).items():
        ordered = np.sort(first[:, layers == layer], axis=1)
        alike = 1 - np.array([np.searchsorted(row, at, side="right") for row in ordered]) / ordered.shape[1]
        ax.plot(at, alike.mean(axis=0), color=colour, label=layer)
        ax.fill_between(at, *np.quantile(alike, [0.25, 0.75], axis=0), color=colour, alpha=0.2, linewidth=0)
    ax.set(
        xlim=(0, duration),
        ylim=(0, 1.03),
        xlabel="Time (s)",
        ylabel="Share of trains",
        title="Trains that do not differ yet: all, quartiles of trials",
    )
    return ax


FIDELITY_PAIR = FigureSpec(
    "fidelity",
    (
        Panel(measures_of_layers, ("fidelity_coincidence", "fidelity_trials")),
        Panel(gamma_of_neurons, ("gamma_factor", "spikes_reference", "unit_layer")),
        Panel(trains_alike, ("first_divergence", "unit_layer")),
    ),
    width=4.4,
    height=3.8,
)
