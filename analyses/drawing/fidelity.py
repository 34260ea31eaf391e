"""Figures of fidelity: what steps and perturbations do to spikes, and what accuracy remains."""

from functools import partial

import numpy as np

from ..errors import InvalidInput
from ..variables import require
from .robustness import PERTURBATION_TITLES
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, LIGHT, in_first_column, strength_axis

UNCHANGED = ("brian2", "finer_dt", "other_trial")
_SIMILARITIES = (
    ("fidelity_coincidence", "spikes that coincide", "o", "-"),
    ("fidelity_gamma_factor", "coincidence factor Γ", "s", "-"),
    ("decisions_same", "decisions as before", "^", "-"),
    ("accuracy_ratio", "accuracy over that before", "D", "--"),
)
_PARTS = ("", "_interval")
_MARKERS = "osDv^<>Ph*"


def fidelity_of_runs(ds, ax, *, name, text):
    """Draw one measure of the runs of the unchanged network, one row a run, each layer a colour; returns `ax`.

    Runs are Brian2, finer steps, and the reference with its trials exchanged, which says what the measure is for spikes
    that have nothing in common but the network. Bars are the intervals over trials.

    Parameters
    ----------
    ds : Dataset
        Of the study `fidelity`.
    ax : matplotlib Axes
    name : str
        E.g. ``"fidelity_coincidence"``.
    text : str
        Title of the panel.
    """
    require(ds, name, f"{name}_interval", "run_kind", "run_strength", "run_seed", where="fidelity_of_runs")
    runs = ds.isel(run=np.isin(ds["run_kind"].values, UNCHANGED) & (ds["run_seed"].values == 0))
    layers = [str(g) for g in ds["fidelity_group"].values] if "fidelity_group" in ds[name].dims else [None]
    rows = np.arange(runs.sizes["run"])[::-1]
    for k, layer in enumerate(layers):
        of = runs if layer is None else runs.isel(fidelity_group=k)
        shift = 0.22 * ((len(layers) - 1) / 2 - k)
        _points(
            ax,
            of[name].values,
            of[f"{name}_interval"].values,
            rows + shift,
            colour=GREY if layer is None else COLOURS[k % len(COLOURS)],
            label=layer,
        )
    ax.set_yticks(rows, [_run_label(runs.isel(run=k)) for k in range(len(rows))])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set(title=text, xlabel=_sample(ds, name))
    ax.grid(axis="x", color=LIGHT, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def _points(ax, values, interval, rows, *, colour, label):
    lengths = np.abs(interval - values[:, None]).T
    lengths = np.where(np.isnan(lengths), 0, lengths)
    ax.errorbar(
        values,
        rows,
        xerr=lengths,
        fmt="o",
        color=colour,
        markersize=4.5,
        elinewidth=1.2,
        capsize=2,
        label=label,
    )


def _run_label(run):
    kind, strength = str(run["run_kind"].values), float(run["run_strength"])
    if kind == "other_trial":
        return "another trial"
    return f"Brian2, {strength:.4g} ms"


def fidelity_against_strength(ds, ax, *, kind):
    """Draw what is kept of spikes, decisions and accuracy against the strength of one perturbation; returns `ax`.

    Lines are means over seeds, bars the intervals over trials (with several seeds their mean). Spikes are those of the
    first layer. The dotted line is the share that coincides between different trials of the unchanged network.

    Parameters
    ----------
    ds : Dataset
        Of the study `fidelity`.
    ax : matplotlib Axes
    kind : str
        E.g. ``"weight_noise"``.

    Raises
    ------
    InvalidInput
        The dataset has no run of that kind.
    """
    where = "fidelity_against_strength"
    require(ds, "run_kind", "run_strength", "fidelity_coincidence", "decisions_same", where=where)
    kinds = ds["run_kind"].values
    if kind not in kinds:
        raise InvalidInput(f"{where}: no run of kind {kind!r}; there are {', '.join(dict.fromkeys(kinds))}")
    title, logarithmic = PERTURBATION_TITLES[kind]
    runs = ds.isel(run=kinds == kind)
    strengths = np.unique(runs["run_strength"].values)
    for k, (name, label, marker, style) in enumerate(_SIMILARITIES):
        values, intervals = _first_layer(runs[name]), _first_layer(runs[f"{name}_interval"])
        at = [runs["run_strength"].values == s for s in strengths]
        mean = np.array([values[chosen].mean() for chosen in at])
        bounds = np.array([intervals[chosen].mean(axis=0) for chosen in at])
        ax.errorbar(
            strengths,
            mean,
            np.nan_to_num(np.abs(bounds - mean[:, None]).T),
            marker=marker,
            linestyle=style,
            color=COLOURS[k],
            markersize=3.5,
            linewidth=1.2,
            elinewidth=1,
            label=label,
        )
    floor = ds.isel(run=kinds == "other_trial")
    if floor.sizes["run"]:
        level = _first_layer(floor["fidelity_coincidence"]).mean()
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1, label="coincide between trials")
    unit = str(runs["run_unit"].values[0])
    label = str(runs["run_text"].values[0]) + ("" if unit == "1" else f" ({unit})")
    low = min(_lowest(*(_first_layer(ds[f"{n}{part}"]) for part in _PARTS)) for n, *_ in _SIMILARITIES)
    # fewer bits are stronger
    strength_axis(ax, strengths, label, logarithmic=logarithmic, falling=kind == "weight_quantisation")
    ax.set(ylim=(low - 0.05, 1.05), title=title)
    if in_first_column(ax):
        ax.set_ylabel(f"Kept, share\n({_sample(ds, 'decisions_same')})")
    return ax


def accuracy_against_gamma(ds, ax):
    """Draw the accuracy that each run keeps against the coincidence factor Γ of its spikes; returns `ax`.

    Each point is a run, its bars the intervals over trials; spikes are those of the first layer. The dotted line is
    what the commonest class scores, over the accuracy of the reference.
    """
    where = "accuracy_against_gamma"
    require(ds, "run_kind", "fidelity_gamma_factor", "accuracy_ratio", where=where)
    kinds = ds["run_kind"].values
    x, x_bounds = (_first_layer(ds[f"fidelity_gamma_factor{part}"]) for part in _PARTS)
    y, y_bounds = ds["accuracy_ratio"].values, ds["accuracy_ratio_interval"].values
    if {"accuracy_commonest", "accuracy_reference"} <= set(ds.variables):
        level = float(ds["accuracy_commonest"] / ds["accuracy_reference"].mean())
        ax.axhline(level, color=GREY, linestyle=":", linewidth=1, label="Commonest class")
    for k, kind in enumerate(dict.fromkeys(kinds)):
        chosen = kinds == kind
        unchanged = kind in UNCHANGED
        ax.errorbar(
            x[chosen],
            y[chosen],
            xerr=np.nan_to_num(np.abs(x_bounds[chosen] - x[chosen, None]).T),
            yerr=np.nan_to_num(np.abs(y_bounds[chosen] - y[chosen, None]).T),
            fmt=_MARKERS[k % len(_MARKERS)],
            color=GREY if unchanged else COLOURS[k % len(COLOURS)],
            markersize=4.5,
            elinewidth=0.8,
            label=_NAMES.get(kind) or PERTURBATION_TITLES[kind][0],
        )
    ax.set(
        xlim=(_lowest(x, x_bounds) - 0.03, 1.03),
        ylim=(0, 1.05 * np.nanmax(y, initial=1.0)),
        xlabel=f"Coincidence factor Γ ({_sample(ds, 'accuracy_ratio')})",
        ylabel="Accuracy over that of the reference",
        title="What the accuracy needs of the spikes",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0)
    return ax


_NAMES = {"brian2": "Brian2", "finer_dt": "Finer dt", "other_trial": "Another trial"}


def _sample(ds, name):
    """What the bars are, from the attributes of the interval and of the dataset."""
    level = ds[f"{name}_interval"].attrs.get("level")
    trials = f"n = {ds.attrs['trials']} trials" if "trials" in ds.attrs else ""
    return ", ".join(part for part in (f"{100 * level:g} % intervals" if level else "", trials) if part)


def _first_layer(array):
    return array.isel(fidelity_group=0).values if "fidelity_group" in array.dims else array.values


def _lowest(*arrays):
    """The smallest number of all, at most 0; what is not defined does not count."""
    return min(np.nanmin(array, initial=0.0) for array in arrays)


def _has(ds, kind):
    return "run_kind" in ds.variables and kind in ds["run_kind"].values


FIDELITY = (
    FigureSpec(
        "runs",
        tuple(
            Panel(partial(fidelity_of_runs, name=name, text=text), (name, "run_kind"))
            for name, text in (
                ("fidelity_coincidence", "Spikes that coincide, share"),
                ("fidelity_gamma_factor", "Coincidence factor Γ"),
                ("fidelity_spike_distance", "SPIKE-distance"),
                ("fidelity_victor_purpura", "Victor–Purpura, per spike"),
                ("fidelity_van_rossum", "van Rossum D², per spike"),
                ("decisions_same", "Decisions alike, share"),
            )
        ),
        width=3.4,
        height=4.6,
        rows=2,
        legend=True,
    ),
    FigureSpec(
        "strength",
        tuple(
            Panel(
                partial(fidelity_against_strength, kind=kind),
                ("run_kind", "fidelity_coincidence", "decisions_same", "accuracy_ratio"),
                shown=partial(_has, kind=kind),
            )
            for kind in PERTURBATION_TITLES
        ),
        width=2.7,
        height=5.6,
        rows=2,
        share_y=True,
        legend=True,
    ),
    FigureSpec(
        "accuracy",
        (Panel(accuracy_against_gamma, ("run_kind", "fidelity_gamma_factor", "accuracy_ratio")),),
        width=6.4,
        height=4.2,
    ),
)
