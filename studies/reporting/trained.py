"""What a trained network's result says: the studies `ecg` and `train`."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from .parts import Found, Number, grouped
from .tables import LEVEL, headline, mean_of, number_of, table_over

_ACCURACIES = (
    "test_accuracy",
    "test_accuracy_yin",
    "test_accuracy_brian2",
    "test_accuracy_fine",
    "test_balanced_accuracy",
    "majority_class_accuracy",
    "softmax_regression_accuracy",
)
_OF_STEPS = (
    "The steps of a recording depend on one another, and the file holds one run: its accuracies have no interval. "
    "Over several seeds they have one: chronaxie run {study} --seeds 5."
)
_OF_TRIALS = "95 % interval over test trials (Wilson); over several seeds: chronaxie run {study} --seeds 5. "
_OF_NEURONS = "The rate's 95 % interval is over neurons (Student)."


def trained(ds):
    """Accuracy, twin beside Brian2, time constants, energy of one trained network.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `ecg` or `train`.

    Returns
    -------
    Found
    """
    spiking = "spike_mismatches" in ds
    of_trials = "trials" in str(ds["confusion"].attrs.get("long_name"))
    count = int(ds["confusion"].sum())
    what = f"{grouped(count)} labelled {'trials' if of_trials else 'steps'}"
    rows = [
        (ds[name].attrs["long_name"], _accuracy(ds, name, of_trials), "1", _count(ds, name, what))
        for name in _ACCURACIES
        if name in ds
    ]
    if spiking:
        rows += _beside_brian2(ds)
    rows += [
        (ds[n].attrs["long_name"], number_of(ds, n), "1", "") for n in ("neurons", "parameters") if n in ds
    ]
    note = (_OF_TRIALS if of_trials else _OF_STEPS + " ").format(study=ds.attrs["study"])
    return Found(
        _answer(ds, spiking, of_trials),
        headline(rows, note=note + (_OF_NEURONS if spiking else "")),
        tuple(table for table in _tables(ds) if table is not None),
    )


def _answer(ds, spiking, of_trials):
    accuracy = _accuracy(ds, "test_accuracy", of_trials)
    over = (
        f" (95 % interval {accuracy.interval})"
        if accuracy.has_interval
        else " (one run, so without an interval)"
    )
    scored = (
        f"it names {accuracy.alone} of the labelled test {'trials' if of_trials else 'steps'} correctly{over}"
    )
    if not spiking:
        return scored[:1].upper() + scored[1:] + "."
    differ, steps = (grouped(int(ds[name])) for name in ("spike_mismatches", "spike_neuron_steps"))
    fine = (
        f", and {Number(float(ds['accuracy_dt'][-1])).alone} in Brian2 at dt = {float(ds['dt'][-1]):g} ms"
        if "accuracy_dt" in ds
        else ""
    )
    same = (
        f"Yes: in Brian2 the trained network fires exactly the spikes of its twin (0 of {steps} neuron-steps differ); "
        if differ == "0"
        else f"No: {differ} of {steps} neuron-steps differ between the trained network in Brian2 and its twin; "
    )
    if ds.attrs["study"] != "ecg":
        same = f"In Brian2 {differ} of {steps} neuron-steps differ from the twin; "
    return same + scored + fine + "."


def _accuracy(ds, name, of_trials):
    value = float(ds[name])
    # Of the others the file does not say what was right in which class, or trials do not count alike.
    if not of_trials or name not in ("test_accuracy", "test_accuracy_brian2"):
        return Number(value)
    n = int(ds["brian2_trials"]) if name.endswith("brian2") else int(ds["confusion"].sum())
    interval = binomtest(round(value * n), n).proportion_ci(LEVEL, method="wilson")
    return Number(value, interval.low, interval.high)


def _count(ds, name, what):
    if name == "test_accuracy_brian2" and "brian2_trials" in ds:
        return f"the first {int(ds['brian2_trials'])} test trials"
    return "all steps from the 11th on" if name == "test_accuracy_yin" else what


def _beside_brian2(ds):
    rate = ds["firing_rate"]
    neurons = f"{rate.size} neurons"
    return [
        (
            ds["spike_mismatches"].attrs["long_name"],
            number_of(ds, "spike_mismatches"),
            "1",
            f"{grouped(int(ds['spike_neuron_steps']))} neuron-steps",
        ),
        (ds["membrane_difference"].attrs["long_name"], number_of(ds, "membrane_difference"), "1", ""),
        ("mean rate of the hidden neurons", mean_of(rate), "Hz", neurons),
        ("hidden neurons that never spike", Number(float(ds["silent"].sum())), "1", neurons),
    ]


def _tables(ds):
    yield table_over(
        ds, ("dt",), ("accuracy_dt", "rate_dt"), title="The same network at finer steps in Brian2"
    )
    yield _time_constants(ds)
    yield _beside_cells(ds)
    yield table_over(
        ds,
        ("energy_cost", "energy_network"),
        ("energy_per_step", "energy_per_step_sd", "energy_ratio", "energy_break_even_rate"),
        title="Energy of a step",
        note="Operations of the spikes that were fired, times published costs; beside a dense network of equal size.",
    )
    yield table_over(ds, ("true_class",), ("test_f1", "recall"), title="Classes") if "test_f1" in ds else None
    if "confusion" in ds:
        counts = ds["confusion"].transpose("true_class", "predicted_class")
        spread = {
            f"confusion_{k}": counts[:, k]
            .drop_vars("predicted_class")
            .assign_attrs(long_name=str(name), units="1")
            for k, name in enumerate(counts["predicted_class"].values)
        }
        recall = np.diag(counts) / np.maximum(counts.sum("predicted_class"), 1)
        shown = ds.assign(recall=recall.assign_attrs(long_name="recall", units="1"), **spread)
        yield table_over(
            shown,
            ("true_class",),
            ("recall", *spread),
            title="True class (rows) and decision (columns)",
            note=f"{counts.attrs.get('long_name', 'counts').capitalize()}.",
            folded=True,
        )


def _time_constants(ds):
    if "timescale_median" not in ds:
        return None
    before, after = (ds.sel(timescale_when=when) for when in ("before", "after"))
    shown = ds[["timescale_count", "timescale_change"]]
    for when, part in (("before", before), ("after", after)):
        text = {"units": "ms", "long_name": f"median {when} training [quartiles]"}
        shown[when] = part["timescale_median"].drop_vars("timescale_when").assign_attrs(text)
        quartiles = part["timescale_quartile"].drop_vars("timescale_when")
        shown[f"{when}_interval"] = quartiles
    shown = shown.stack(row=("timescale_quantity", "timescale_layer"), create_index=False)
    shown = shown.isel(row=(shown["timescale_count"] > 0).values)
    return table_over(
        shown,
        ("row",),
        ("timescale_quantity", "timescale_layer", "timescale_count", "before", "after", "timescale_change"),
        title="Time constants before and after training",
    )


def _beside_cells(ds):
    return table_over(
        ds,
        ("biology_layer", "biology_group"),
        (
            "biology_cells_count",
            "biology_cells_median",
            "biology_median_ratio",
            "biology_spread_ratio",
            "biology_distance_scaled_corrected",
            "biology_p_scaled_holm",
        ),
        title="Membrane time constants beside measured cells",
        note=f"Cells: {ds.attrs.get('biology_citation', '')}. In brackets 95 % intervals over neurons and cells.",
    )
