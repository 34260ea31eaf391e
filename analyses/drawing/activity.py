"""Figures of sparse activity: rates by class and over time, regularity of spike trains, sparseness, dimensions."""

import numpy as np

from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, axis_label, class_colours, layer_colours, legend_below

_REGULARITY = (
    ("isi_cv", "CV"),
    ("isi_cv2", "CV2"),
    ("isi_lv", "LV"),
    ("fano_factor", "Fano\nfactor"),
)
_SPARSENESS = (
    ("layer_treves_rolls", "Treves-\nRolls", "trial_treves_rolls"),
    ("layer_vinje_gallant", "Vinje-\nGallant", "trial_vinje_gallant"),
    ("layer_gini", "Gini", None),
    ("layer_hoyer", "Hoyer", None),
    ("layer_activation_sparsity", "steps\nwithout\nspike", None),
    ("layer_silent", "silent\nneurons", None),
    ("layer_saturated", "saturated\nneurons", None),
)


def rate_over_time(ds, ax):
    """Draw the firing rate of each layer over a trial; with classes and a single layer that of each class."""
    require(ds, "layer_rate_over_time", "rate_time", where="rate_over_time")
    layers, time = ds["activity_layer"].values, ds["rate_time"].values
    if "class_rate_over_time" in ds.variables and len(layers) == 1:
        names = _class_names(ds)
        for k, (name, colour) in enumerate(zip(names, class_colours(names), strict=True)):
            rate = ds["class_rate_over_time"].isel({"class": k, "activity_layer": 0})
            ax.step(time, rate.values, where="mid", color=colour, label=str(name), linewidth=1.1)
        what = f"{layers[0]}, by class of the trial"
    else:
        for layer, colour in layer_colours(layers.tolist()).items():
            rate = ds["layer_rate_over_time"].sel(activity_layer=layer).values
            ax.step(time, rate, where="mid", color=colour, label=str(layer))
        what = "mean over neurons and trials"
    trials = ds.attrs.get("rate_trials")
    ax.set(
        xlabel="Time in the trial (s)",
        ylabel=axis_label(ds["layer_rate_over_time"]),
        title=f"Activity, {what}" + (f" (n = {trials} trials)" if trials is not None else ""),
    )
    ax.set_ylim(bottom=0)
    handles = ax.get_legend_handles_labels()[0]
    if handles:
        legend_below(ax, columns=min(len(handles), 5))
    return ax


def rates_by_class(ds, ax):
    """Draw the rate of each neuron while each class is shown, neurons in the order of the class that they prefer."""
    require(ds, "class_rate", "unit_layer", where="rates_by_class")
    rate = ds["class_rate"].transpose("unit", "class").values
    seen = ~np.isnan(rate).all(axis=0)
    preferred = np.where(seen, np.nan_to_num(rate), -1).argmax(axis=1) if rate.size else np.zeros(0, int)
    _, place = np.unique(ds["unit_layer"].values, return_index=True)
    order_of = {ds["unit_layer"].values[k]: k for k in place}
    start = np.array([order_of[layer] for layer in ds["unit_layer"].values], dtype=int)
    top = np.nan_to_num(rate).max(axis=1) if rate.size else np.zeros(0)
    order = np.lexsort((-top, preferred, start))
    image = ax.imshow(rate[order], aspect="auto", cmap="Blues", vmin=0, interpolation="nearest")
    ax.set_xticks(range(rate.shape[1]), _class_names(ds))
    edges = np.r_[0, np.flatnonzero(np.diff(start[order]) != 0) + 1, len(order)]
    for edge in edges[1:-1]:
        ax.axhline(edge - 0.5, color="black", linewidth=0.8)
    if len(order):
        names = ds["unit_layer"].values[order][edges[:-1]]
        sizes = np.diff(edges)
        labels = [f"{name}\nn = {size}" for name, size in zip(names, sizes, strict=True)]
        ax.set_yticks(edges[:-1] + (sizes - 1) / 2, labels)
    ax.set(
        xlabel="Class",
        ylabel="Neurons, by preferred class",
        title=f"Rates by class (n = {rate.shape[0]} neurons)",
    )
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="Firing rate (Hz)", shrink=0.85)
    return ax


def regularity(ds, ax):
    """Draw CV, CV2, LV of intervals and the Fano factor: median, quartiles, 5 to 95 % of the neurons of a layer."""
    require(ds, *(name for name, _ in _REGULARITY), "unit_layer", where="regularity")
    layers = ds["unit_layer"].values
    colours = layer_colours(layers.tolist())
    width = 0.8 / max(len(colours), 1)
    for k, (layer, colour) in enumerate(colours.items()):
        label = f"{layer}, n ="
        for place, (name, _) in enumerate(_REGULARITY):
            values = ds[name].values[layers == layer]
            values = values[np.isfinite(values)]
            label += f" {len(values)}" if place == 0 else f", {len(values)}"
            if not len(values):
                continue
            at = place + (k - (len(colours) - 1) / 2) * width
            low, first, middle, third, high = np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95))
            ax.plot([at, at], [low, high], color=colour, linewidth=1)
            ax.bar(at, third - first, width * 0.7, bottom=first, color=colour, alpha=0.45, linewidth=0)
            ax.plot([at - width * 0.35, at + width * 0.35], [middle] * 2, color=colour, linewidth=2)
        ax.plot([], [], color=colour, linewidth=6, alpha=0.6, label=label)
    ax.axhline(1, color=GREY, linestyle=":", linewidth=1, label="Poisson process")
    ax.set_xticks(range(len(_REGULARITY)), [label for _, label in _REGULARITY])
    ax.set_xlim(-0.6, len(_REGULARITY) - 0.4)
    ax.set_ylim(bottom=0)
    ax.set(
        ylabel="Median, quartiles, 5 to 95 % of neurons",
        title="Regularity of spike trains",
    )
    legend_below(ax)
    return ax


def sparseness(ds, ax):
    """Draw the measures of sparseness of each layer; where a trial has its own, 5 to 95 % of the trials as a line."""
    require(ds, *(name for name, _, _ in _SPARSENESS), "activity_layer", where="sparseness")
    layers = ds["activity_layer"].values
    width = 0.8 / max(len(layers), 1)
    for k, (layer, colour) in enumerate(layer_colours(layers.tolist()).items()):
        row = ds.sel(activity_layer=layer)
        at = np.arange(len(_SPARSENESS)) + (k - (len(layers) - 1) / 2) * width
        values = np.array([float(row[name]) for name, _, _ in _SPARSENESS])
        _bars(ax, at, values, width * 0.9, color=colour, label=str(layer))
        for x, (_, _, trials) in zip(at, _SPARSENESS, strict=True):
            each = row[trials].values if trials and trials in ds.variables else np.zeros(0)
            each = each[np.isfinite(each)]
            if len(each) > 1:
                low, middle, high = np.quantile(each, (0.05, 0.5, 0.95))
                ax.errorbar(
                    x,
                    middle,
                    [[middle - low], [high - middle]],
                    color="black",
                    marker="o",
                    markersize=3,
                    capsize=2,
                    elinewidth=1,
                )
    ax.set_xticks(range(len(_SPARSENESS)), [label for _, label, _ in _SPARSENESS], fontsize=7)
    ax.set_xlim(-0.6, len(_SPARSENESS) - 0.4)
    ax.set_ylim(0, 1.05)
    trials = ds.attrs.get("activity_trials")
    of = "" if trials is None else f" (n = {trials} trials)"
    ax.set(ylabel="Of mean rates; dots: median and 90 % of trials", title=f"Sparseness{of}")
    legend_below(ax, columns=min(max(len(layers), 1), 4))
    return ax


def dimensions(ds, ax):
    """Draw the participation ratio of the spike counts of each layer."""
    require(ds, "participation_ratio", "activity_layer", "participation_samples", where="dimensions")
    layers = ds["activity_layer"].values
    values = ds["participation_ratio"].values
    at = np.arange(len(layers))
    _bars(ax, at, values, 0.6, color=COLOURS[0])
    for x, value in zip(at, values, strict=True):
        if np.isfinite(value):
            ax.annotate(
                f"{value:.1f}", (x, value), (0, 3), textcoords="offset points", ha="center", fontsize=8
            )
    ax.set_xticks(range(len(layers)), layers)
    ax.set_xlim(-0.7, max(len(layers), 1) - 0.3)
    ax.margins(y=0.12)
    ax.set_ylim(bottom=0)
    ax.set(
        ylabel="Participation ratio",
        title=f"Dimensions (n = {int(ds['participation_samples'])} samples)",
    )
    return ax


def _class_names(ds):
    """Names of the classes; where they are numbers only, those of a confusion matrix beside them (``true_class``)."""
    own = [str(name) for name in ds["class"].values]
    other = [str(name) for name in ds["true_class"].values] if "true_class" in ds.coords else []
    return other if len(other) == len(own) and own == [str(k) for k in range(len(own))] else own


def _bars(ax, at, values, width, *, color, label=None):
    """Bars of the values that there are; in the place of NaN the word "none", in that of no height "0"."""
    known = np.isfinite(values)
    ax.bar(at[known], values[known], width, color=color, label=label)
    for x, value in zip(at, values, strict=True):
        if np.isfinite(value) and value != 0:
            continue
        text, turned = ("0", 0) if value == 0 else ("none", 90)
        ax.annotate(
            text,
            (x, 0),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7,
            rotation=turned,
            color=color,
        )


SPARSITY = (
    FigureSpec(
        "sparsity",
        (
            Panel(sparseness, (*(name for name, _, _ in _SPARSENESS), "activity_layer"), 1.4),
            Panel(regularity, (*(name for name, _ in _REGULARITY), "unit_layer")),
            Panel(dimensions, ("participation_ratio", "participation_samples", "activity_layer"), 0.7),
        ),
        width=4.4,
        height=4.0,
    ),
    FigureSpec(
        "rates",
        (
            Panel(rate_over_time, ("layer_rate_over_time", "rate_time")),
            Panel(rates_by_class, ("class_rate", "unit_layer")),
        ),
        width=4.6,
        height=4.0,
    ),
)
