"""What the studies of one network file say: `continuous`, `robustness`, `fidelity`."""

from __future__ import annotations

import json

import numpy as np

from ...analyses.drawing.robustness import PERTURBATION_TITLES
from .parts import Found
from .tables import LEVEL, headline, mean_of, number_of, table_over

_OVER_SEEDS = "Intervals (95 %) are Student's over {n} seeds; of few seeds they may reach beyond what can be."
_ONE_SEED = "One seed: there is no interval over seeds; --seeds 5 gives one."


def continuous(ds):
    """Accuracy and rates of a network at finer steps.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `continuous`.

    Returns
    -------
    Found
    """
    own, dts, seeds = ds.attrs["own_dt"] * 1e3, ds["dt"].values, ds.sizes["seed"]
    one = "" if seeds > 1 else ", one start, so without an interval"
    rows, said = [], []
    for variant in ds["variant"].values:
        part = ds.sel(variant=variant)
        coarse, fine = (part.sel(dt=dt, method="nearest")["step_accuracy"] for dt in (own, dts.min()))
        moved = mean_of(fine - coarse)
        said.append(
            f"{variant} its accuracy goes from {mean_of(coarse).alone} at dt = {own:g} ms to {mean_of(fine).alone} at "
            f"{dts.min():g} ms (change {moved}{one})"
        )
        rows += [
            (f"accuracy {variant}, dt = {own:g} ms", mean_of(coarse), "1", _trials(ds)),
            (f"accuracy {variant}, dt = {dts.min():g} ms", mean_of(fine), "1", _trials(ds)),
            (f"change of the accuracy {variant}", moved, "1", _trials(ds)),
        ]
    rows.append((ds["step_majority"].attrs["long_name"], number_of(ds, "step_majority"), "1", _trials(ds)))
    return Found(
        _sentence(said),
        headline(rows, note=_seeds(seeds)),
        tuple(table for table in _of_steps(ds) if table is not None),
    )


def _of_steps(ds):
    yield table_over(
        ds,
        ("variant", "dt"),
        ("step_accuracy", "step_accuracy_yin", "step_balanced_accuracy", "step_run_time"),
        mean="seed",
        title="Accuracy at each step",
    )
    yield table_over(
        ds,
        ("variant", "dt", "step_layer"),
        ("step_rate", "step_aligned"),
        mean="seed",
        title="Rates of the layers",
    )
    yield table_over(
        ds,
        ("convergence_case",),
        ("convergence_neuron", "convergence_method", "convergence_expected", "convergence_order"),
        title="Order in dt of single neurons",
        note="The fitted order with its 95 % interval; a dash: the error is that of rounding.",
    )
    yield table_over(ds, ("spike_number",), ("spike_order",), title="Order in dt of spike times")


def robustness(ds):
    """Accuracy under perturbations.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `robustness`.

    Returns
    -------
    Found
    """
    names = [name for name in PERTURBATION_TITLES if f"accuracy_{name}" in ds]
    seeds, plain = ds.sizes["seed"], mean_of(ds["accuracy_unperturbed"])
    # The list of strengths goes from weak to strong, whatever their numbers do (bits become fewer).
    last = {name: mean_of(ds[f"accuracy_{name}"].isel({name: -1})) for name in names}
    rows = [("unperturbed", plain, "1", f"{seeds} seeds, {_trials(ds)}")]
    rows += [
        (f"{_title(name)}, {_strength(ds, name, -1)}", last[name], "1", f"{seeds} seeds") for name in names
    ]
    rows.append(
        (ds["accuracy_commonest"].attrs["long_name"], number_of(ds, "accuracy_commonest"), "1", _trials(ds))
    )
    worst, least = (pick(names, key=lambda name: last[name].value) for pick in (min, max))
    said = f"unperturbed the network's accuracy is {plain}; of {len(names)} perturbations at their strongest "
    said += f"{_title(worst).lower()} ({_strength(ds, worst, -1)}) costs most and leaves {last[worst]}"
    if len(names) > 1:
        said += f", {_title(least).lower()} ({_strength(ds, least, -1)}) costs least and leaves {last[least]}"
    tables = [
        table_over(
            ds,
            (name,),
            (f"accuracy_{name}", f"accuracy_yin_{name}", f"rate_{name}"),
            mean="seed",
            title=_title(name),
        )
        for name in names
    ]
    return Found(_sentence([said]), headline(rows, note=_seeds(seeds)), tuple(tables), _left_out(ds))


def fidelity(ds):
    """How many spikes and decisions are kept.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `fidelity`.

    Returns
    -------
    Found
    """
    kinds, layer = ds["run_kind"].values, str(ds["fidelity_group"].values[0])
    first = ds.isel(fidelity_group=0)
    chosen = [int(np.flatnonzero(kinds == kind)[-1]) for kind in dict.fromkeys(kinds)]
    rows, said = [], []
    for k in chosen:
        run = first.isel(run=k)
        gamma, kept = number_of(run, "fidelity_gamma_factor"), number_of(run, "decisions_same")
        rows += [
            (f"{_run(run)}: coincidence factor Γ of {layer}", gamma, "1", _trials(ds)),
            (f"{_run(run)}: decisions that are the same", kept, "1", _trials(ds)),
        ]
        if kinds[k] in ("brian2", "finer_dt"):
            said.append(
                f"{_run(run)} Γ = {gamma} of the spikes of {layer} and {kept} of the decisions are the twin's"
            )
    level = 100 * float(ds["decisions_same_interval"].attrs.get("level", LEVEL))
    tables = [
        table_over(
            ds.isel(fidelity_group=k),
            ("run",),
            (
                "run_kind",
                "run_strength",
                "run_unit",
                "run_seed",
                "fidelity_coincidence",
                "fidelity_gamma_factor",
                "fidelity_victor_purpura",
                "fidelity_van_rossum",
                "fidelity_spike_distance",
                "fidelity_first_divergence",
                "decisions_same",
                "accuracy_other",
                "accuracy_ratio",
            ),
            title=f"Spikes of {name}, run by run",
        )
        for k, name in enumerate(ds["fidelity_group"].values)
    ]
    return Found(
        _sentence(said),
        headline(
            rows,
            note=f"Intervals ({level:g} %) are over trials. Of each kind of run the last strength and seed.",
        ),
        tuple(tables),
        _left_out(ds),
    )


def _run(run):
    kind, strength, unit = (
        str(run["run_kind"].values),
        float(run["run_strength"]),
        str(run["run_unit"].values),
    )
    names = {
        "brian2": "in Brian2 at its own step",
        "finer_dt": "in Brian2 at dt =",
        "other_trial": "another trial",
    }
    text = names.get(kind, _title(kind))
    if kind in ("brian2", "other_trial") or np.isnan(strength):
        return text
    return f"{text} {strength:.4g}" + ("" if unit == "1" else f" {unit}")


def _title(name):
    return PERTURBATION_TITLES[name][0] if name in PERTURBATION_TITLES else name.replace("_", " ")


def _strength(ds, name, k):
    unit = ds[name].attrs.get("units", "1")
    return f"{float(ds[name][k]):g}" + ("" if unit == "1" else f" {unit}")


def _trials(ds):
    return f"{ds.attrs['trials']} trials"


def _seeds(n):
    return _OVER_SEEDS.format(n=n) if n > 1 else _ONE_SEED


def _left_out(ds):
    return tuple(f"Left out: {name}: {why}" for name, why in json.loads(ds.attrs["left_out"]).items())


def _sentence(parts):
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."
