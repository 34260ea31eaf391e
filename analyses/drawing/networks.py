"""Figures of networks beside each other: accuracies, effects in pairs of seeds, energies, learning curves."""

from functools import partial

import numpy as np

from ..comparing import middle
from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, axis_label, key_below, layer_colours, legend_below, plain_ticks, whole_ticks

# Inches of a row of the figures with one row for each network.
_SPREAD = 0.62
_MARKERS = "osD^v"
# Points: of the key below the learning curves, of a line in it with its space, of a letter.
_KEY_WIDTH, _LINE, _LETTER = 400, 40, 5


def accuracy_of_networks(ds, ax, *, name="accuracy", measured="test_accuracy"):
    """Draw each network's accuracy, mean over seeds with its interval, a colour for each size; points are seeds."""
    require(ds, name, f"{name}_interval", measured, "network", where="accuracy_of_networks")
    for at, label, colour, row in _places(ds[[name, f"{name}_interval", measured]]):
        values = row[name].transpose("network").values
        low, high = row[f"{name}_interval"].transpose("bound", "network").values
        seeds = row[measured].transpose("seed", "network").values
        y = np.arange(len(values)) + at
        ax.plot(seeds.ravel(), np.tile(y, len(seeds)), ".", color=colour, alpha=0.4, markersize=4)
        _errors(ax, values, y, low, high, colour=colour, marker="o", label=label)
    _networks(ax, ds)
    ax.set(xlabel=axis_label(ds[name]), title=_interval(ds[name]))
    _within(ax, 0, 1)
    _key(ax)
    return ax


def effects_of_networks(ds, ax, *, name="accuracy_effect"):
    """Draw differences between networks in pairs of seeds with their intervals; filled where p < 0.05 after Holm."""
    require(ds, name, f"{name}_interval", f"{name}_p_holm", "effect", where="effects_of_networks")
    for at, label, colour, row in _places(ds[[name, f"{name}_interval", f"{name}_p_holm"]]):
        values = row[name].transpose("effect").values
        low, high = row[f"{name}_interval"].transpose("bound", "effect").values
        y = np.arange(len(values)) + at
        _errors(ax, values, y, low, high, colour=colour, marker="", label=None)
        sure = row[f"{name}_p_holm"].values < 0.05
        for k, value in enumerate(values):
            face = colour if sure[k] else "white"
            ax.plot(value, y[k], "o", color=colour, markerfacecolor=face, label=label if not k else None)
    ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    _rows(ax, ds["effect"].values)
    ax.set(xlabel=axis_label(ds[name]), title="Effects in pairs of seeds (filled: p < 0.05)")
    _within(ax, -1, 1)
    _key(ax)
    return ax


def energy_of_networks(ds, ax):
    """Draw how many times the reference's energy each network needs under each cost model, at the middle size."""
    name = "energy_over_reference"
    require(ds, name, f"{name}_interval", "network", "energy_model", where="energy_of_networks")
    found, place = middle(ds[[name, f"{name}_interval"]], keep=("network", "energy_model", "bound"))
    models = ds["energy_model"].values.tolist()
    for k, model in enumerate(models):
        row = found.sel(energy_model=model)
        values = row[name].values
        low, high = row[f"{name}_interval"].transpose("bound", "network").values
        y = np.arange(len(values)) + (k - (len(models) - 1) / 2) * _SPREAD / len(models)
        _errors(ax, values, y, low, high, colour=COLOURS[k], marker=_MARKERS[k], label=model)
    ax.axvline(1, color=GREY, linewidth=1, linestyle="--")
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    _networks(ax, ds)
    ax.set(xlabel=axis_label(ds[name]), title=f"Energy per step{f', {place}' if place else ''}")
    _key(ax)
    return ax


def learning_of_networks(ds, ax):
    """Draw the validation accuracy over epochs, mean and range over seeds, of each network at the middle size."""
    require(ds, "valid_accuracy", "epoch", "network", where="learning_of_networks")
    found, place = middle(ds["valid_accuracy"], keep=("network", "seed", "epoch"))
    for label, colour in layer_colours(ds["network"].values.tolist()).items():
        curves = found.sel(network=label).transpose("seed", "epoch").values
        there = ~np.isnan(curves).all(axis=0)
        if not there.any():
            continue
        epoch, curves = ds["epoch"].values[there], curves[:, there]
        style = "-" if list(ds["network"].values).index(label) < len(COLOURS) else "--"
        marker = "o" if len(epoch) == 1 else ""
        ax.plot(
            epoch, np.nanmean(curves, axis=0), style, marker=marker, color=colour, label=label, linewidth=1.2
        )
        ax.fill_between(
            epoch, np.nanmin(curves, axis=0), np.nanmax(curves, axis=0), color=colour, alpha=0.12, lw=0
        )
    ax.set(
        xlabel="Epoch",
        ylabel="Validation accuracy",
        title=f"Learning, mean and range of seeds{f', {place}' if place else ''}",
    )
    whole_ticks(ax)
    longest = max(len(str(label)) for label in ds["network"].values)
    legend_below(ax, columns=max(1, min(4, int(_KEY_WIDTH / (_LINE + _LETTER * longest)))))
    return ax


def _places(found):
    """Offset, label, colour and values at each place beside network, effect and seed."""
    others = [dim for dim in found.dims if dim not in ("network", "effect", "seed", "bound")]
    if not others:
        yield 0.0, None, COLOURS[0], found
        return
    stacked = found.stack(place=others, create_index=False)
    count = stacked.sizes["place"]
    for k in range(count):
        one = stacked.isel(place=k)
        label = ", ".join(f"{dim} {one[dim].item()}" for dim in others)
        yield (k - (count - 1) / 2) * _SPREAD / count, label, COLOURS[k % len(COLOURS)], one


def _errors(ax, values, y, low, high, *, colour, marker, label):
    spread = np.nan_to_num([values - low, high - values])
    ax.errorbar(
        values, y, xerr=spread, fmt=marker, color=colour, capsize=2, markersize=4.5, linestyle="", label=label
    )


def _networks(ax, ds):
    _rows(ax, ds["network"].values)


def _rows(ax, labels):
    ax.set_yticks(range(len(labels)), [_broken(str(label)) for label in labels])
    ax.set_ylim(len(labels) - 0.5, -0.5)
    for k in range(1, len(labels)):
        ax.axhline(k - 0.5, color="#EEEEEE", linewidth=0.8, zorder=0)


def _within(ax, low, high):
    """Leave out of the axis what no accuracy can be: intervals of two seeds reach far."""
    left, right = ax.get_xlim()
    ax.set_xlim(max(left, low), min(right, high))


def _broken(text, most=22):
    """A label in two lines where it is long."""
    cut = text.rfind(" ", 0, most) if len(text) > most else -1
    return text if cut < 0 else f"{text[:cut]}\n{text[cut + 1 :]}"


def _interval(array):
    level = array.attrs.get("level")
    said = "" if level is None else f", {100 * level:g} % interval"
    return f"{array.attrs.get('count', '')}{said}".lstrip(", ")


def _key(ax):
    handles, labels = ax.get_legend_handles_labels()
    if labels:
        key_below(ax, handles, columns=3)


_ENERGY = ("energy_over_reference", "energy_over_reference_interval", "energy_model")
NETWORKS = (
    FigureSpec(
        "networks",
        (
            Panel(accuracy_of_networks, ("accuracy", "accuracy_interval", "test_accuracy")),
            Panel(
                partial(accuracy_of_networks, name="accuracy_yin", measured="test_accuracy_yin"),
                ("accuracy_yin", "accuracy_yin_interval", "test_accuracy_yin"),
            ),
            Panel(energy_of_networks, _ENERGY),
        ),
        width=4.4,
        height=5.2,
    ),
    FigureSpec(
        "effects",
        (
            Panel(
                effects_of_networks, ("accuracy_effect", "accuracy_effect_interval", "accuracy_effect_p_holm")
            ),
            Panel(
                partial(effects_of_networks, name="accuracy_yin_effect"),
                ("accuracy_yin_effect", "accuracy_yin_effect_interval", "accuracy_yin_effect_p_holm"),
            ),
        ),
        width=5.0,
        height=4.6,
    ),
    FigureSpec(
        "learning",
        (Panel(learning_of_networks, ("valid_accuracy", "epoch", "network")),),
        width=6.4,
        height=4.2,
    ),
)
