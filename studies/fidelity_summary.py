"""The result of the study `fidelity` in a few lines of text, and as a page."""

from __future__ import annotations

import json

import numpy as np

NEEDED = (
    "run_kind",
    "run_strength",
    "run_unit",
    "run_text",
    "run_seed",
    "fidelity_coincidence",
    "fidelity_gamma_factor",
    "fidelity_identical",
    "fidelity_first_divergence",
    "accuracy_reference",
    "accuracy_other",
    "decisions_same",
    "accuracy_commonest",
)
ATTRIBUTES = (
    "network",
    "task",
    "trials",
    "start",
    "device",
    "dt",
    "window",
    "coincide",
    "tau",
    "cost",
    "left_out",
    "data_source",
)
_COLUMNS = (
    ("coincide", "fidelity_coincidence"),
    ("Γ", "fidelity_gamma_factor"),
    ("V–P", "fidelity_victor_purpura"),
    ("v. Rossum", "fidelity_van_rossum"),
    ("SPIKE", "fidelity_spike_distance"),
    ("first (s)", "fidelity_first_divergence"),
    ("decisions", "decisions_same"),
    ("accuracy", "accuracy_other"),
)
_NAMES = {"brian2": "Brian2", "finer_dt": "Brian2, finer dt", "other_trial": "another trial"}


def summarise_fidelity(ds):
    """One line a run: coincidence, Γ, Victor–Purpura, van Rossum, SPIKE, first divergence, decisions, accuracy.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `fidelity`.

    Returns
    -------
    str
        Means over the seeds; spikes are those of the first layer.
    """
    a, layer = ds.attrs, str(ds["fidelity_group"].values[0])
    lines = [
        *_head(ds),
        "",
        f"{f'spikes of {layer}':<40}" + "".join(f"{title:>11}" for title, _ in _COLUMNS),
    ]
    for label, rows in _rows(ds):
        lines.append(f"{label:<40}" + "".join(f"{_mean(rows, name):>11.4f}" for _, name in _COLUMNS))
    lines += ["", f"the commonest class is {float(ds['accuracy_commonest']):.4f} of what is labelled"]
    lines += [f"left out: {name}: {why}" for name, why in json.loads(a["left_out"]).items()]
    return "\n".join(lines)


def fidelity_page(ds, figures):
    """A page in Markdown: what was compared, the figures, one table with intervals for each layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `fidelity`.
    figures : sequence of Path
        Beside the page.

    Returns
    -------
    str
    """
    a = ds.attrs
    lines = [f"# Fidelity of {a['network']}", "", *_head(ds), ""]
    lines += [f"![{path.stem}]({path.name})\n" for path in figures if path.suffix == ".png"]
    level = 100 * ds["decisions_same_interval"].attrs.get("level", 0.95)
    lines += [
        f"Intervals ({level:g} %) are over trials; with several seeds values and bounds are their means. Distances of "
        "Victor–Purpura and van Rossum (D²) are over the number of spikes; *first* is the mean time until the first "
        "neuron differs (a trial without difference counts with its duration); *another trial* is the reference with "
        "its trials exchanged: what spikes have in common that answer to different stimuli.",
    ]
    for k, layer in enumerate(ds["fidelity_group"].values):
        of = ds.isel(fidelity_group=[k])
        lines += ["", f"## Spikes of {layer}", ""]
        lines += ["| run | " + " | ".join(title for title, _ in _COLUMNS) + " |"]
        lines += ["|---|" + "---|" * len(_COLUMNS)]
        for label, rows in _rows(of):
            lines.append(f"| {label} | " + " | ".join(_cell(rows, name) for _, name in _COLUMNS) + " |")
    lines += ["", f"The commonest class is {float(ds['accuracy_commonest']):.4f} of what is labelled."]
    lines += [f"\nLeft out: {name}: {why}" for name, why in json.loads(a["left_out"]).items()]
    return "\n".join(lines) + "\n"


def _head(ds):
    a = ds.attrs
    seeds = len(np.unique(ds["run_seed"].values))
    accuracy = float(ds["accuracy_reference"].values[0])
    return [
        f"study fidelity, network {a['network']}, task {a['task']}, {a['trials']} trials, {a['start']} start, "
        f"{seeds} seed{'s' if seeds > 1 else ''}, dt = {a['dt'] * 1e3:g} ms, {a['device']}",
        f"data: {a['data_source']}",
        f"reference: the float64 twin, accuracy {accuracy:.4f}; spikes coincide {a['coincide']}, "
        f"van Rossum {a['tau'] * 1e3:g} ms, Victor–Purpura {a['cost']:g} Hz",
    ]


def _rows(ds):
    """(label, runs of all seeds) of each kind and strength, in the order of the dataset."""
    kind, strength = ds["run_kind"].values, ds["run_strength"].values
    for name in dict.fromkeys(kind):
        for value in dict.fromkeys(np.nan_to_num(strength[kind == name])):
            rows = ds.isel(run=(kind == name) & (np.nan_to_num(strength) == value))
            unit = str(rows["run_unit"].values[0])
            text = "" if name == "other_trial" else f" {value:.4g}" + ("" if unit == "1" else f" {unit}")
            yield _NAMES.get(name, name) + text, rows


def _mean(rows, name):
    values = rows[name]
    values = values.isel(fidelity_group=0) if "fidelity_group" in values.dims else values
    return float(values.mean("run"))


def _cell(rows, name):
    bounds = rows[f"{name}_interval"]
    bounds = bounds.isel(fidelity_group=0) if "fidelity_group" in bounds.dims else bounds
    low, high = bounds.mean("run").values
    value = _mean(rows, name)
    return f"{value:.3f}" if np.isnan(low) else f"{value:.3f} ({low:.3f}–{high:.3f})"
