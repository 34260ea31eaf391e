"""Figures of the study `timescales`: accuracy of each start, displacement, and what follows the pace of the task."""

import numpy as np
from matplotlib.lines import Line2D

from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, key_below

_OF_JOBS = ("test_accuracy", "test_accuracy_yin", "cells_distance_scaled", "cells_distance_scaled_initial")
# By which a label at 35 degrees reaches further down, at the size of tick labels.
_POINTS_PER_LETTER = 3.0
_QUANTITIES = {"tau_m": ("membrane", COLOURS[0], "o"), "tau_a": ("adaptation", COLOURS[1], "s")}


def accuracy_of_variants(ds, ax):
    """Draw the accuracy of each variant: seeds, mean and interval; returns `ax`."""
    require(ds, "accuracy_mean", "accuracy_mean_interval", where="accuracy_of_variants")
    ds = _along_variants(ds)
    name = "test_accuracy_yin" if "test_accuracy_yin" in ds else "test_accuracy"
    place = np.arange(ds.sizes["variant"])
    for k in place:
        row = ds.isel(variant=k)
        if name in ds:
            values = np.atleast_1d(row[name].values)
            ax.plot(np.full(values.shape, k), values, ".", color=GREY, markersize=3)
        ax.plot([k, k], row["accuracy_mean_interval"].values, color=COLOURS[0], linewidth=1.5)
        ax.plot(k, float(row["accuracy_mean"]), "o", color=COLOURS[0], markersize=5)
    _variant_ticks(ds, ax)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, 0), min(high, 1))  # intervals of few seeds reach where no accuracy does
    ax.set(ylabel="Test accuracy", title="Which start learns best")
    key_below(ax, _key(COLOURS[0]), points=_under_labels(ds))
    return ax


def displacement_of_variants(ds, ax):
    """Draw how far the hidden time constants moved in each variant; returns `ax`."""
    require(ds, "displacement_change", "displacement_change_interval", where="displacement_of_variants")
    ds = _along_variants(ds)
    layer = _hidden(ds)
    names = [q for q in _QUANTITIES if q in ds["timescale_quantity"].values]
    for j, quantity in enumerate(names):
        text, colour, marker = _QUANTITIES[quantity]
        at = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
        place = np.arange(ds.sizes["variant"]) + 0.2 * (j - (len(names) - 1) / 2)
        for k, x in enumerate(place):
            ax.plot([x, x], at["displacement_change_interval"].values[k], color=colour)
        ax.plot(place, at["displacement_change"].values, marker, color=colour, markersize=5, label=text)
    _variant_ticks(ds, ax)
    ax.set_ylim(bottom=0)
    ax.set(ylabel="Median change of a neuron (ms)", title="How far time constants moved")
    key_below(ax, ax.get_legend_handles_labels()[0], columns=2, points=_under_labels(ds))
    return ax


def exponents_of_layers(ds, ax):
    """Draw the exponent of each layer's time constants in the duration of the task; returns `ax`."""
    require(
        ds,
        "scaling_exponent",
        "scaling_exponent_interval",
        "scaling_seed_exponent",
        where="exponents_of_layers",
    )
    labels, y = [], 0
    for quantity in ds["timescale_quantity"].values:
        for layer in ds["timescale_layer"].values:
            at = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
            if np.isnan(float(at["scaling_exponent"])):
                continue
            text, colour, marker = _QUANTITIES[quantity]
            seeds = at["scaling_seed_exponent"].values
            ax.plot(seeds, np.full(seeds.shape, y + 0.15), ".", color=GREY, markersize=3)
            ax.plot(at["scaling_exponent_interval"].values, [y, y], color=colour)
            ax.plot(float(at["scaling_exponent"]), y, marker, color=colour, markersize=5)
            labels.append(f"{text}, {layer}")
            y += 1
    for x, words, side in ((0, " 0: does not follow", "left"), (1, "1: follows ", "right")):
        ax.axvline(x, color=GREY, linestyle=":", linewidth=1)
        ax.text(x, -0.6, words, ha=side, va="center", fontsize=7, color=GREY)
    ax.set_yticks(range(y), labels)
    ax.set_ylim(y - 0.5, -0.9)
    ax.set(xlabel="Exponent in the task's duration", title="Do time constants follow the task?")
    key_below(ax, _key(GREY), points=34)
    return ax


def shape_beside_cells(ds, ax):
    """Draw the scale-free distance of hidden membranes from cells before and after training; returns `ax`."""
    needs = ("cells_distance_scaled", "cells_distance_scaled_initial")
    require(ds, *needs, where="shape_beside_cells")
    ds = _along_variants(ds)
    for k in range(ds.sizes["variant"]):
        after, before = (np.atleast_1d(ds[n].isel(variant=k).values) for n in needs)
        ax.plot(
            np.full(before.shape, k - 0.12),
            before,
            "o",
            color=GREY,
            markersize=4,
            label="before" if not k else None,
        )
        ax.plot(
            np.full(after.shape, k + 0.12),
            after,
            "o",
            color=COLOURS[0],
            markersize=4,
            label="after" if not k else None,
        )
        for b, a in zip(before, after, strict=True):
            ax.plot([k - 0.12, k + 0.12], [b, a], color=GREY, linewidth=0.6, zorder=0)
    _variant_ticks(ds, ax)
    ax.set_ylim(bottom=0)
    ax.set(ylabel="Distance of the shape from cells", title="Nearer to cortex?")
    key_below(ax, ax.get_legend_handles_labels()[0], columns=2, points=_under_labels(ds))
    return ax


def _along_variants(ds):
    """What is drawn, on one dimension ``variant`` where more was swept (the answer is on ``variant_place`` then)."""
    if "variant_place" not in ds.dims:
        return ds
    answer = ds[[name for name in ds.data_vars if "variant_place" in ds[name].dims]]
    answer = answer.rename(variant_place="variant")
    each = ds[[name for name in _OF_JOBS if name in ds.data_vars]]
    swept = [dim for dim in each.dims if dim != "seed"]
    each = each.stack({"variant_place": swept}, create_index=False).drop_vars(swept)
    return answer.merge(each.rename(variant_place="variant"), join="exact")


def _hidden(ds):
    return next(layer for layer in ds["timescale_layer"].values if layer != "output")


def _variant_ticks(ds, ax):
    ax.set_xticks(
        range(ds.sizes["variant"]),
        list(ds["variant"].values),
        rotation=35,
        ha="right",
        rotation_mode="anchor",
    )
    ax.set_xlim(-0.5, ds.sizes["variant"] - 0.5)


def _under_labels(ds):
    """Points from the axis to where the key does not touch the slanting labels, however long they are."""
    longest = max(len(str(label)) for label in ds["variant"].values)
    return max(60, 26 + _POINTS_PER_LETTER * longest)


def _key(colour):
    return [
        Line2D([], [], color=GREY, marker=".", linestyle="", label="seeds"),
        Line2D([], [], color=colour, marker="o", label="mean, 95 % interval"),
    ]


TIMESCALE_STUDY = (
    FigureSpec(
        "starts",
        (
            Panel(accuracy_of_variants, ("accuracy_mean", "accuracy_mean_interval")),
            Panel(displacement_of_variants, ("displacement_change", "displacement_change_interval")),
            Panel(shape_beside_cells, ("cells_distance_scaled", "cells_distance_scaled_initial")),
        ),
        width=3.6,
        height=4.4,
    ),
    FigureSpec(
        "exponents",
        (
            Panel(
                exponents_of_layers,
                ("scaling_exponent", "scaling_exponent_interval", "scaling_seed_exponent"),
            ),
        ),
        width=5.4,
        height=3.4,
    ),
)
