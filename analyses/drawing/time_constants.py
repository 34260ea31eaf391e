"""Figures of learned time constants: their distributions, how far they moved, what they go with."""

from functools import partial

import numpy as np

from ..statistics.fits import distribution
from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, LIGHT, WHITE, interval_line, layer_colours, legend_below, plain_ticks

_NAMES = {"tau_m": "Membrane time constant", "tau_a": "Adaptation time constant"}
_FAMILIES = {
    "normal": "normal",
    "lognormal": "log-normal",
    "gamma": "gamma",
    "inverse_gaussian": "inverse Gaussian",
}
_LEVEL = 0.05
_FILLED = f"filled: p ≤ {_LEVEL} (Holm)"


def fitted_distribution(ds, ax, *, quantity="tau_m"):
    """Draw the distribution function of a time constant in each layer, and its best of four fits; returns `ax`.

    The pale line of a layer is the distribution before training, where that is known. A layer without a fit is named in
    the legend, with its one value.
    """
    where = "fitted_distribution"
    require(ds, quantity, "layer", "fit_mean", "fit_sd", "fit_weight", "fit_p", where=where)
    initial = f"{quantity}_initial"
    layers = ds["layer"].values
    shown = []
    for layer, colour in layer_colours(layers.tolist()).items():
        fits = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
        tau = _known(ds[quantity].isel(neuron=layers == layer))
        if not tau.size:
            continue
        if np.isnan(fits["fit_mean"].values).all():
            ax.plot([], [], "none", label=f"{layer}, n = {tau.size}: {_without_fit(tau)}")
            continue
        shown.append(tau)
        if initial in ds.variables:
            start = _known(ds[initial].isel(neuron=layers == layer))
            ax.step(start, _heights(start), where="post", color=colour, alpha=0.35, linewidth=1)
            shown.append(start)
        best = int(fits["fit_weight"].values.argmax())
        family = str(ds["fit_family"].values[best])
        model = distribution(family, float(fits["fit_mean"][best]), float(fits["fit_sd"][best]))
        grid = np.geomspace(tau.min() / 1.5, tau.max() * 1.5, 300)
        ax.step(tau, _heights(tau), where="post", color=colour, label=f"{layer}, n = {tau.size}")
        ax.plot(
            grid,
            model.cdf(grid),
            color=colour,
            linestyle="--",
            linewidth=1,
            label=f"{_FAMILIES[family]}: weight {float(fits['fit_weight'][best]):.2f}, "
            f"p of fit {_p_text(float(fits['fit_p'][best]))}",
        )
    if shown:
        _time_axis(ax, np.concatenate(shown))
    if ax.get_legend_handles_labels()[1]:
        title = "pale: before training" if initial in ds.variables else None
        legend_below(ax, title=title, title_fontsize=8, alignment="left")
    ax.set(
        ylim=(0, 1.02),
        xlabel=f"{_NAMES[quantity]} (ms)",
        ylabel="Cumulative fraction of neurons",
        title=_NAMES[quantity],
    )
    return ax


def median_intervals(ds, ax, *, quantity="tau_m"):
    """Draw the median of each layer before and after training with its BCa interval; returns `ax`.

    A layer that was not trained says so, with its points where it has a median, in place of them where it has none.
    """
    require(
        ds,
        "timescale_median",
        "timescale_median_interval",
        "timescale_count",
        "timescale_trained",
        where="median_intervals",
    )
    rows = ds.sel(timescale_quantity=quantity, timescale_method="bca")
    layers = [str(k) for k in rows["timescale_layer"].values]
    layers = [k for k in layers if int(rows["timescale_count"].sel(timescale_layer=k))]
    moments, labelled = rows["timescale_when"].values.tolist(), set()
    for w, when in enumerate(moments):
        part = rows.sel(timescale_when=when)
        offset = 0.15 * (w - (len(moments) - 1) / 2)
        for k, layer in enumerate(layers):
            row = part.sel(timescale_layer=layer)
            if np.isnan(row["timescale_median"]):
                continue
            _point(
                ax,
                float(row["timescale_median"]),
                row["timescale_median_interval"].values,
                k + offset,
                colour=GREY if when == "before" else COLOURS[0],
                marker="o" if when == "before" else "D",
                label=None if when in labelled else f"{when} training",
            )
            labelled.add(when)
    names = []
    for k, layer in enumerate(layers):
        row = rows.sel(timescale_layer=layer)
        if np.isnan(row["timescale_median"]).all():
            _in_place_of_a_point(ax, k, _one_value(ds, quantity, layer))
        trained = "" if bool(row["timescale_trained"]) else "\nnot trained"
        few = _few(row["timescale_median"].values, row["timescale_median_interval"].values)
        names.append(f"{layer}\nn = {int(row['timescale_count'])}{trained}{few}")
    _rows(ax, names)
    level = float(ds["timescale_median_interval"].attrs["level"])
    ax.set(xlabel=f"Median {_NAMES[quantity].lower()} (ms), {level:.0%} interval", title=_NAMES[quantity])
    if labelled:
        legend_below(ax, columns=2)
    return ax


def displacement_forest(ds, ax, *, quantity="tau_m", against="displacement"):
    """Draw the Wasserstein distance of each layer from where it started, with its interval; returns `ax`.

    Filled: the test rejects at 5 % after Holm's correction; an arrow head: no upper bound. Arrays that were never
    trained are named without a point.

    Parameters
    ----------
    against : {"displacement", "displacement_from", "displacement_control"}
        Values before training, the initial distribution, or the control.
    """
    value, interval = f"{against}_wasserstein", f"{against}_wasserstein_interval"
    require(ds, value, interval, f"{against}_p_holm", "timescale_trained", where="displacement_forest")
    names = []
    for layer in ds["timescale_layer"].values:
        row = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
        if int(row["timescale_count"]) == 0:
            continue
        place = len(names)
        names.append(f"{layer}\nn = {int(row['timescale_count'])}")
        if np.isnan(row[value]):
            text = "no value" if row["timescale_trained"] else "not trained"
            _in_place_of_a_point(ax, place, text)
            continue
        names[-1] += _few(float(row[value]), row[interval].values)
        p = float(row[f"{against}_p_holm"].sel({f"{against}_test": "wasserstein"}))
        _point(
            ax,
            float(row[value]),
            row[interval].values,
            place,
            colour=COLOURS[0],
            marker="o",
            filled=p <= _LEVEL,
        )
        ax.text(1.01, place, f"p {_p_text(p)}", va="center", fontsize=8, transform=ax.get_yaxis_transform())
    _rows(ax, names)
    start = {
        "displacement": "start",
        "displacement_from": "initial distribution",
        "displacement_control": "control",
    }[against]
    level = float(ds[interval].attrs["level"])
    ax.axvline(0, color=LIGHT, zorder=0)
    ax.set_xlim(left=min(0, ax.get_xlim()[0]))
    ax.set(
        xlabel=f"Wasserstein distance from the {start}\n(ms), {level:.0%} interval, p corrected (Holm)",
        title=_NAMES[quantity],
    )
    return ax


def relation_forest(ds, ax, *, quantity="tau_m"):
    """Draw the rank correlation of a time constant with each property, by layer, with its interval; returns `ax`.

    Filled: the test rejects at 5 % after Holm's correction.
    """
    require(
        ds,
        "relation_correlation",
        "relation_correlation_interval",
        "relation_p_holm",
        where="relation_forest",
    )
    rows = ds.sel(timescale_quantity=quantity)
    colours = layer_colours(rows["timescale_layer"].values.tolist())
    known = [
        k
        for k in range(rows.sizes["relation_property"])
        if np.isfinite(rows["relation_correlation"].isel(relation_property=k)).any()
    ]
    drawn = [k for k in colours if np.isfinite(rows["relation_correlation"].sel(timescale_layer=k)).any()]
    for j, layer in enumerate(drawn):
        offset = 0.22 * (j - (len(drawn) - 1) / 2)
        label = f"{layer}, n = {int(rows['relation_count'].sel(timescale_layer=layer).max())}"
        for place, k in enumerate(known):
            row = rows.sel(timescale_layer=layer).isel(relation_property=k)
            if np.isnan(row["relation_correlation"]):
                continue
            _point(
                ax,
                float(row["relation_correlation"]),
                row["relation_correlation_interval"].values,
                place + offset,
                colour=colours[layer],
                marker="o",
                filled=float(row["relation_p_holm"]) <= _LEVEL,
                label=label,
            )
            label = None
    _rows(ax, [_property(str(rows["relation_property"].values[k])) for k in known])
    level = float(ds["relation_correlation_interval"].attrs["level"])
    ax.axvline(0, color=LIGHT, zorder=0)
    ax.set(
        xlim=(-1, 1),
        xlabel=f"Rank correlation with {quantity}, {level:.0%} interval",
        title=_NAMES[quantity],
    )
    if drawn:
        legend_below(ax, columns=2, title=_FILLED, title_fontsize=8, alignment="left")
    return ax


def loss_against_tau(ds, ax, *, quantity="tau_m", kind="removed"):
    """Draw the accuracy lost with each neuron against its time constant, with intervals; returns `ax`.

    Dotted: the value that the neurons of a layer were reset to, where it is one: who stood there loses nothing.
    """
    name = f"loss_{kind}"
    require(ds, quantity, name, f"{name}_interval", f"{name}_p_holm", "layer", where="loss_against_tau")
    tau, loss, layers = ds[quantity].values, ds[name].values, ds["layer"].values
    known = np.isfinite(tau) & np.isfinite(loss)
    low, high = ds[f"{name}_interval"].transpose("bound", "neuron").values
    level = float(ds[f"{name}_interval"].attrs["level"])
    lost = ds[f"{name}_p_holm"].values <= _LEVEL
    for layer, colour in layer_colours(layers.tolist()).items():
        inside = known & (layers == layer)
        if not inside.any():
            continue
        ax.vlines(tau[inside], low[inside], high[inside], color=colour, linewidth=0.8, alpha=0.6)
        for chosen, face in ((inside & lost, colour), (inside & ~lost, "white")):
            ax.plot(tau[chosen], loss[chosen], "o", color=colour, markerfacecolor=face, markersize=4)
        ax.plot([], [], "o", color=colour, markersize=4, label=f"{layer}, n = {int(inside.sum())}")
        target = _reset_to(ds, kind, inside)
        if target is not None:
            ax.axvline(target, color=colour, linestyle=":", linewidth=1, label=f"reset to {target:.4g} ms")
    ax.axhline(0, color=LIGHT, zorder=0)
    if known.any():
        _time_axis(ax, tau[known])
        legend_below(ax, title=_FILLED, title_fontsize=8, alignment="left")
    done = "Removed" if kind == "removed" else f"{kind.removeprefix('reset_')} reset"
    ax.set(xlabel=f"{_NAMES[quantity]} (ms)", ylabel=f"Accuracy lost, {level:.0%} interval", title=done)
    return ax


def _in_place_of_a_point(ax, place, text):
    ax.text(0.03, place, text, color=GREY, va="center", transform=ax.get_yaxis_transform(), bbox=WHITE)


def _few(value, interval):
    """What stands in the place of an interval that is not there beside a value that is."""
    return "\ntoo few for an interval" if np.isfinite(value).any() and np.isnan(interval).all() else ""


def _one_value(ds, quantity, layer):
    """The value that all neurons of a layer have, where the network's values are in the dataset too."""
    if quantity not in ds.variables or "layer" not in ds.variables:
        return "one value"
    return f"all {_known(ds[quantity].isel(neuron=ds['layer'].values == layer))[0]:g} ms"


def _without_fit(tau):
    return f"all {tau[0]:g} ms" if np.ptp(tau) == 0 and tau.size > 1 else "too few to fit"


def _reset_to(ds, kind, inside):
    """The one value that the neurons `inside` were reset to; None where there are several, or none."""
    name = f"reset_to_{kind.removeprefix('reset_')}"
    if name not in ds.variables:
        return None
    values = np.unique(ds[name].values[inside])
    return float(values[0]) if values.size == 1 and np.isfinite(values[0]) else None


def _time_axis(ax, values):
    low, high = values.min(), values.max()
    if high < 5 * low:
        # a logarithmic axis of less than a decade has too few ticks
        margin = max(0.05 * (high - low), 0.02 * high)
        ax.set_xlim(low - margin, high + margin)
        return
    ax.set_xscale("log")
    ax.set_xlim(low / 1.2, high * 1.2)
    plain_ticks(ax, "x")


def _known(array):
    values = array.values.ravel()
    return np.sort(values[~np.isnan(values)])


def _heights(values):
    return np.arange(1, values.size + 1) / values.size


def _p_text(p):
    if np.isnan(p):
        return "undefined"
    return "< 0.01" if p < 0.01 else f"= {p:.2f}"


def _property(name):
    return {
        "firing_rate": "firing rate",
        "out_weight": "outgoing weights",
        "loss_removed": "loss when removed",
        "loss_reset_tau_m": "loss when tau_m reset",
        "loss_reset_tau_a": "loss when tau_a reset",
    }.get(name, name)


def _point(ax, value, interval, place, *, colour, marker, filled=True, label=None):
    if np.isfinite(interval[0]):
        interval_line(ax, interval, place, beyond=1.5 * value, color=colour, linewidth=1.2)
    ax.plot(
        value,
        place,
        marker,
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=5,
        linestyle="none",
        label=label,
    )


def _rows(ax, names):
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)


TIME_CONSTANTS = (
    FigureSpec(
        "medians",
        tuple(Panel(partial(median_intervals, quantity=q), ("timescale_median_interval", q)) for q in _NAMES),
        width=4.6,
        height=3.4,
    ),
    FigureSpec(
        "fits",
        tuple(Panel(partial(fitted_distribution, quantity=q), ("fit_mean", q, "layer")) for q in _NAMES),
        width=4.6,
        height=4.8,
    ),
    FigureSpec(
        "displacement",
        tuple(
            Panel(partial(displacement_forest, quantity=q, against=a), (f"{a}_wasserstein", f"{a}_p_holm", q))
            for q in _NAMES
            for a in ("displacement", "displacement_control", "displacement_from")
        ),
        width=4.4,
        height=6.4,
        rows=2,
    ),
    FigureSpec(
        "relations",
        tuple(Panel(partial(relation_forest, quantity=q), ("relation_correlation", q)) for q in _NAMES),
        width=5.0,
        height=3.8,
    ),
    FigureSpec(
        "lesions",
        (
            Panel(loss_against_tau, ("loss_removed", "tau_m")),
            Panel(partial(loss_against_tau, kind="reset_tau_m"), ("loss_reset_tau_m", "tau_m")),
            Panel(
                partial(loss_against_tau, quantity="tau_a", kind="reset_tau_a"),
                ("loss_reset_tau_a", "tau_a"),
            ),
        ),
        width=4.2,
        height=4.4,
    ),
)

LESIONS = tuple(spec for spec in TIME_CONSTANTS if spec.name in ("relations", "lesions"))
