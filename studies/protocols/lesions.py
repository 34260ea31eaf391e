"""Protocol: what a network does without one neuron, or with one of its time constants reset, neuron by neuron."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from brian2.utils.logger import catch_logs

from ...models import NetworkDescription, describe, network_values, readout_scores, simulate, start_states
from ...models.description import DIMENSIONLESS, NeuronGroupDescription
from ...models.perturbing import new_name, replaced, with_parameter, with_values
from ...models.recordings import spiking, unit_of
from ..evaluating import EvaluationError, check_task, first_trials, start_of
from ..scoring import decisions

REMOVED = "removed"
RESETS = ("tau_m", "tau_a")
_ORDER = "the outcome may depend on the order of execution"


def lesions(
    net,
    task,
    *,
    kinds=(REMOVED, *RESETS),
    initial=None,
    neurons=None,
    device="cpp_standalone",
    start="zero",
    seed=0,
    trials=None,
    report=lambda line: None,
):
    """Simulate the test set with one hidden neuron removed or reset at a time, and count right decisions.

    A removed neuron stays in its group and never spikes (as in `NeuronLesion`). A time constant is reset to its value
    before training where that is given, else to the median of its layer: what a neuron without a time constant of its
    own would have.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        With a readout; its step is that of the task.
    task : Task
    kinds : sequence of {"removed", "tau_m", "tau_a"}
        What is done to each neuron.
    initial : Dataset, optional
        ``tau_m_initial``, ``tau_a_initial`` in ms (neuron) with the coordinates ``layer`` and ``index``, as in the
        result of a training.
    neurons : int, optional
        The first so many neurons of each hidden layer; all by default.
    device : str
        Brian2 device; ``cpp_standalone`` compiles once, not once a neuron.
    start : {"zero", "random", "given"}
    seed : int
        Of a random start, the same for every lesion.
    trials : int, optional
        The first so many test trials.
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        On ``neuron`` (hidden layers stacked, coordinates ``layer``, ``index``): ``tau_m``, ``tau_a`` (ms, NaN where
        there is none), ``firing_rate`` (Hz), ``out_weight`` (sum of the absolute weights of all synapses from it, in
        their unit; left out where they have several, such as A in the layer and none to the readout).
        ``lesion_labelled (trial)``: decisions that count; ``lesion_correct_intact (trial)`` of them right;
        ``lesion_correct_removed``, ``lesion_correct_reset_tau_m``, ``lesion_correct_reset_tau_a`` (neuron, trial), NaN
        where a neuron has no such time constant or is one of those left out; ``reset_to_tau_m``, ``reset_to_tau_a``
        (neuron, ms). `analyses.lesion_losses` takes it.

    Raises
    ------
    EvaluationError
        The network does not fit the task or has no hidden spiking layer; an unknown kind; numbers out of range;
        initial values of other neurons.
    """
    single = net if isinstance(net, NetworkDescription) else describe(net, namespace={})
    check_task(single, task, start, 1)
    unknown = [kind for kind in kinds if kind not in (REMOVED, *RESETS)]
    if unknown or not kinds:
        raise EvaluationError(
            f"lesions: kinds are {', '.join((REMOVED, *RESETS))}, got {unknown[0] if unknown else 'none'!r}"
        )
    if neurons is not None and (isinstance(neurons, bool) or not isinstance(neurons, int) or neurons < 1):
        raise EvaluationError(f"lesions: neurons must be a whole number >= 1, got {neurons!r}")
    test = first_trials(task.test, trials, "trials")
    groups = _hidden(single)
    table = _table(single, groups)
    targets = {kind: _targets(table, kind, initial) for kind in kinds if kind != REMOVED}
    mortal = _mortal(single, groups)
    states = start_states(mortal, start_of(mortal, start, seed), test.sizes["trial"])

    def count(description):
        # Brian2 warns of every random function at a synapse, at each run; what is drawn depends on no order.
        with catch_logs() as logs:
            ds = simulate(
                description,
                test.stimulus,
                seed=seed,
                initial=states,
                device=device,
                namespace={},
                progress=False,
            )
        for _, _, line in logs:
            if _ORDER not in line:
                report(f"Brian2: {line}")
        right = (decisions(readout_scores(ds), test) == test.label) & test.labelled
        return ds, right.sum([d for d in right.dims if d != "trial"]).values

    report(f"intact: {test.sizes['trial']} trials, {device}")
    intact, right = count(mortal)
    size = table.sizes["neuron"]
    found = {kind: np.full((size, test.sizes["trial"]), np.nan) for kind in kinds}
    for k in range(size):
        layer, index = str(table["layer"].values[k]), int(table["index"].values[k])
        if neurons is not None and index >= neurons:
            continue
        report(f"{layer} neuron {index}")
        for kind in kinds:
            changed = (
                _without(mortal, layer, index)
                if kind == REMOVED
                else _with_time_constant(mortal, table, targets[kind], kind, k)
            )
            if changed is not None:
                found[kind][k] = count(changed)[1]
    out = _dataset(
        table, intact, test, right, found, groups, device=device, start=start, seed=seed, task=task
    )
    for kind, values in targets.items():
        text = f"value that {kind} is reset to"
        out[f"reset_to_{kind}"] = ("neuron", values, {"units": "ms", "long_name": text})
    return out


def _hidden(description):
    readout = description.annotations.readout.group
    found = [
        g
        for g in description.groups
        if isinstance(g, NeuronGroupDescription) and spiking(g) and g.name != readout
    ]
    if not found:
        raise EvaluationError("lesions: the network has no hidden layer that spikes")
    return found


def _table(description, groups):
    """Time constants and outgoing weights of the hidden neurons."""
    known = {g.name: tuple(v for v in g.variables if v.name in RESETS) for g in groups}
    if not all(any(v.name == "tau_m" for v in variables) for variables in known.values()):
        raise EvaluationError(
            "lesions: a hidden layer has no tau_m; its neurons cannot be laid beside the others"
        )
    # Only their time constants: layers, and the readout, may count the bias in different units.
    hidden = tuple(replace(g, variables=known[g.name]) for g in groups)
    kept = network_values(replace(description, groups=hidden))
    total = {g.name: np.zeros(g.size) for g in groups}
    units = set()
    for s in description.synapses:
        for v in s.variables:
            if v.name == "w" and s.source in total:
                np.add.at(total[s.source], s.pre, np.abs(np.broadcast_to(v.array.values, np.shape(s.pre))))
                units.add(unit_of(v.array.dimensions))
    if len(units) < 2:
        about = {"units": units.pop() if units else "1", "long_name": "sum of absolute outgoing weights"}
        weight = np.concatenate([total[name] for name in dict.fromkeys(kept["layer"].values.tolist())])
        kept["out_weight"] = ("neuron", weight, about)
    for name in kept.data_vars:
        if name != "out_weight":
            kept[name].attrs["long_name"] = {"tau_m": "membrane", "tau_a": "adaptation"}[
                name
            ] + " time constant"
    return kept


def _targets(table, quantity, initial):
    """Value (ms) to which each neuron's time constant is reset; NaN where it has none."""
    if quantity not in table.variables:
        return np.full(table.sizes["neuron"], np.nan)
    name = f"{quantity}_initial"
    if initial is not None and name in initial.variables:
        inside = np.isin(initial["layer"].values, np.unique(table["layer"].values))
        given = initial.isel(neuron=inside)
        for coordinate in ("layer", "index"):
            if not np.array_equal(given[coordinate].values, table[coordinate].values):
                raise EvaluationError(f"lesions: {name} is of other neurons than those of the network")
        return given[name].values
    values, layer = table[quantity].values, table["layer"].values
    out = np.full(len(values), np.nan)
    for each in np.unique(layer):
        inside = (layer == each) & ~np.isnan(values)
        if inside.any():
            out[inside] = np.median(values[inside])
    return out


def _mortal(description, groups):
    """The network with the condition ``alive`` in the thresholds of its hidden layers, true for all."""
    for group in groups:
        name = new_name(group, description, "alive")
        made = with_parameter(group, name, np.ones(group.size, dtype=bool), DIMENSIONLESS, kind="boolean")
        event = replace(group.threshold, condition=f"({group.threshold.condition}) and {name}")
        description = replaced(description, replace(made, threshold=event))
    return description


def _without(description, layer, index):
    group = description.group(layer)
    name = group.threshold.condition.rsplit(" and ", 1)[1]
    alive = np.ones(group.size, dtype=bool)
    alive[index] = False
    return replaced(description, with_values(group, name, alive))


def _with_time_constant(description, table, target, quantity, neuron):
    """The network with one time constant reset; None where the neuron has none."""
    if np.isnan(target[neuron]):
        return None
    layer, index = str(table["layer"].values[neuron]), int(table["index"].values[neuron])
    values = table[quantity].values[table["layer"].values == layer] / 1e3
    values[index] = target[neuron] / 1e3
    return replaced(description, with_values(description.group(layer), quantity, values))


def _dataset(table, intact, test, right, found, groups, *, device, start, seed, task):
    seconds = intact.sizes["trial"] * intact.attrs["duration"]
    rate = np.concatenate(
        [np.bincount(intact[f"{g.name}_spike_neuron"].values, minlength=g.size) / seconds for g in groups]
    )
    labelled = test.labelled.sum([d for d in test.labelled.dims if d != "trial"])
    one = {"units": "1"}
    out = table.assign(
        firing_rate=("neuron", rate, {"units": "Hz", "long_name": "mean firing rate"}),
        lesion_labelled=("trial", labelled.values, one | {"long_name": "decisions that count"}),
        lesion_correct_intact=("trial", right, one | {"long_name": "right decisions of the intact network"}),
    )
    for kind, values in found.items():
        name = kind if kind == REMOVED else f"reset_{kind}"
        text = "without the neuron" if kind == REMOVED else f"with its {kind} reset"
        out[f"lesion_correct_{name}"] = (
            ("neuron", "trial"),
            values,
            one | {"long_name": f"right decisions {text}"},
        )
    return out.assign_attrs(
        task=task.name,
        device=device,
        start=start,
        seed=seed,
        trials=test.sizes["trial"],
        dt_ref=intact.attrs["dt_ref"],
    )
