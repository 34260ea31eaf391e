"""Study `train`: train one network on one task, as an adaptive spiking network or as a baseline of equal size.

One question: how well does a network of that kind do the task, with how many parameters and operations? Every kind is
trained by the same `fit` and leaves the same variables.
"""

from __future__ import annotations

import dataclasses
import json
import time

import numpy as np
import torch
import xarray as xr
from brian2 import Synapses, second

from .. import analyses
from ..gradient_bridge import Bounded, Twin, fit, predict
from ..models import (
    ALIF,
    LIF,
    EFAdLIF,
    LeakyIntegrator,
    Readout,
    SEAdLIF,
    annotate,
    annotations,
    initial_from,
    network_values,
    readout_scores,
    simulate,
    srnn,
)
from ..models.annotations import SPIKES
from ..models.devices import check_device
from .comparison import differences, run_twin
from .processes import are_several, is_first
from .provenance import provenance, remember_task
from .recipes import recipe
from .recurrent import ADLIF, DenseRecurrent, count_parameters
from .scoring import accuracies, decisions
from .study import Study
from .swept_answer import swept_answer
from .tasks import load_task, reads_data
from .testing_networks import (
    baselines,
    confusion,
    example,
    neuron_models,
    origin,
    scalars,
    sizes_in_words,
    time_constants,
    unlabelled_option,
)
from .train_config import TrainConfig

NEURONS = {"alif": ALIF, "lif": LIF, "se_adlif": SEAdLIF, "ef_adlif": EFAdLIF}
# Beside weights and biases, what is trained of a neuron; below 0 the coupling makes the membrane run away.
VALUES = {
    "alif": ("tau_m", "tau_a"),
    "lif": ("tau_m",),
    **dict.fromkeys(ADLIF, ("tau_m", "tau_a", "coupling", "jump")),
}
LIMITS = {"coupling": Bounded(0.001, 10.0), "jump": Bounded(0.001, 20.0)}


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train and test.

    Parameters
    ----------
    config : TrainConfig
    checkpoint : path, optional
        Of the training, written after every epoch.
    resume : bool
        Continue from the checkpoint.
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    result : xarray.Dataset
        None, as the model is, in a process that is not the first of several: it only trains.
    model : brian2.Network or DenseRecurrent
        Trained; a network is synced.
    """
    began = time.perf_counter()
    if config.is_spiking:
        check_device(config.device or "numpy")  # before the training, not after it
    chosen = recipe(config.task)
    task = task_of(config)
    if config.data is not None and not reads_data(config.task):
        report(f"the task {config.task!r} reads no data; {config.data} is not used")
    report(f"data: {task.source}")
    report(f"      {sizes_in_words(task)}")
    hidden = config.sizes(task.train.sizes["channel"], len(task.classes))
    training = config.training(unlabelled=unlabelled_option(task, chosen.unlabelled_class))
    state = {"checkpoint": checkpoint, "resume": resume, **dataclasses.asdict(training)}
    state["distributed"] = are_several()
    train = _train_spiking if config.is_spiking else _train_dense
    trained = train(config, task, hidden, state, report)
    if not is_first():
        return None, None
    history, parts, model = trained
    if "time" not in task.test.label.dims:
        for name in ("train_accuracy", "valid_accuracy"):
            history[name].attrs["long_name"] = history[name].attrs["long_name"].replace("steps", "trials")
    parts += [baselines(task), scalars({"neurons": (sum(hidden), "hidden units")})]
    result = xr.merge([history, *parts], compat="no_conflicts", combine_attrs="drop_conflicts")
    if "tau_m" in result:
        result = result.merge(
            analyses.timescales(result), compat="no_conflicts", combine_attrs="drop_conflicts"
        )
    result.attrs |= provenance() | {
        "study": "train",
        "task": config.task,
        "model": config.model,
        "match": config.match,
        "hidden": ", ".join(map(str, hidden)),
        "seed": config.seed,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "recipe": json.dumps(dataclasses.asdict(config.network)),
        "training": history.attrs["options"],
        "best_epoch": history.attrs["best_epoch"],
        **origin(task),
        "wall_time_s": time.perf_counter() - began,
    }
    result.attrs.pop("options", None)
    return result, model


def task_of(config):
    """The `Task` of a `TrainConfig`: from its folder of data where it reads one, with its options and seed."""
    options = dict(config.task_options)
    if config.data is not None and reads_data(config.task):
        options["data"] = config.data
    return load_task(config.task, seed=config.seed, **options)


# ------------------------------------------------------------------ spiking networks
def spiking_network(config, task, hidden):
    """An untrained spiking network for a task, by its recipe.

    Parameters
    ----------
    config : TrainConfig
    task : Task
    hidden : sequence of int
        Neurons of each hidden layer.

    Returns
    -------
    brian2.Network
    """
    chosen, neuron = config.network, NEURONS[config.model]
    counted = chosen.output == "spikes"
    kind = "current" if task.train.stimulus.dtype.kind == "f" else "spikes"
    layers = [f"hidden{k + 1}" for k in range(len(hidden))]
    tau_m = dict.fromkeys(layers, initial_from(chosen.tau_m))
    tau_m["output"] = initial_from(chosen.tau_m_output or chosen.tau_m)
    values = {"tau_m": tau_m}
    if config.model != "lif":
        tau_a = dict.fromkeys(layers, initial_from(chosen.tau_a))
        if counted:
            tau_a["output"] = initial_from(chosen.tau_a_output or chosen.tau_a)
        values["tau_a"] = tau_a
    if config.model == "alif":
        values |= {"b0": chosen.b0, "beta": chosen.beta}
    elif config.model == "lif":
        values["b0"] = chosen.b0_lif
    net = srnn(
        task.train.sizes["channel"],
        hidden,
        len(task.classes),
        neuron=neuron,
        readout=neuron if counted else LeakyIntegrator,
        recurrent=chosen.recurrent,
        input=kind,
        transmission=chosen.transmission,
        delay=None if config.delays is None else initial_from(config.delays),
        dt=task.dt * second,
        seed=config.seed,
        input_gain=chosen.input_gain,
        recurrent_gain=chosen.recurrent_gain,
        readout_reduce=chosen.reduce,
        readout_skip=chosen.skip,
        **values,
    )
    if counted:
        annotate(net, readout=Readout("output", SPIKES, reduce=chosen.reduce, skip=chosen.skip))
    return remember_task(
        net,
        config.task,
        options=config.task_options,
        classes=task.classes,
        seed=config.seed,
        encoder=task.encoder,
    )


def trained_twin(net, model, *, surrogate, detach_reset=False, engine=None, frozen=False, delays=False):
    """The twin of a network of `SPIKING` in which it is trained, in single precision.

    Parameters
    ----------
    net : brian2.Network
    model : str
        Of `SPIKING`; it decides what is trained beside weights and biases, and within which limits.
    surrogate, detach_reset, engine
        Of the twin.
    frozen : bool
        Whether time constants stay as they are.
    delays : bool
        Whether the delays within the layers are trained, which the reference engine does.

    Returns
    -------
    Twin
    """
    values = [name for name in VALUES[model] if not (frozen and name.startswith("tau_"))]
    looped = (
        [s.name for s in net.objects if isinstance(s, Synapses) and s.source is s.target] if delays else []
    )
    return Twin(
        net,
        trainable=("w", "bias", *values, *(f"{name}.delay" for name in looped)),
        dtype=torch.float32,
        surrogate=surrogate,
        detach_reset=detach_reset,
        engine=engine,
        namespace={},
        coordinates={name: limits for name, limits in LIMITS.items() if name in values},
    )


def twin_of(config, net):
    """The `trained_twin` of a network as a `TrainConfig` has it."""
    return trained_twin(
        net,
        config.model,
        surrogate=config.network.surrogate,
        detach_reset=config.network.detach_reset,
        engine=config.engine,
        frozen=config.frozen_time_constants,
        delays=config.delays is not None,
    )


def _train_spiking(config, task, hidden, state, report):
    """History, further parts of the result, and the trained network; None in a process that only trains."""
    net = spiking_network(config, task, hidden)
    initial = network_values(net)
    twin = twin_of(config, net)
    history = fit(twin, task, **state)
    if not is_first():
        return None
    twin.sync()
    report(f"trained: best epoch {history.attrs['best_epoch']}, now in Brian2")
    parameters = scalars({"parameters": (count_parameters(twin), "trained numbers")})
    return (
        history,
        [parameters, time_constants(net, initial), *_tested_spiking(config, net, task, report)],
        net,
    )


def _tested_spiking(config, net, task, report):
    """The whole test set in the float64 twin, its first trials in Brian2."""
    test, device = task.test, config.device or "numpy"
    trials = min(config.brian2_trials or recipe(config.task).brian2_trials, test.sizes["trial"])
    first, rest = test.isel(trial=slice(trials)), test.isel(trial=slice(trials, None))
    report("test set in the twin (float64)")
    run_first = run_twin(net, first.stimulus, engine=config.engine)
    scores = run_first.scores
    if rest.sizes["trial"]:
        twin = Twin(net, dtype=torch.float64, engine=config.engine, namespace={})
        further = predict(twin, rest.stimulus, batch=64)
        scores = np.concatenate([scores, further])
    report(f"first {trials} test trials in Brian2 ({device})")
    same = simulate(net, first.stimulus, device=device, namespace={})
    in_brian2 = accuracies(decisions(readout_scores(same), first), first)
    value, text = in_brian2["accuracy"]
    numbers = {
        "test_accuracy_brian2": (value, f"{text}, the first {trials} test trials, Brian2 ({device})"),
        "brian2_trials": (trials, "test trials that were simulated in Brian2"),
    }
    name = NEURONS[config.model].name
    models = neuron_models(net, name)
    if annotations(net).readout.variable == SPIKES:
        models["output"] = name
    graded = ("input",) if task.train.stimulus.dtype.kind == "f" else ()
    return [
        *_decided(scores, task, "twin"),
        scalars(numbers),
        differences(run_first, same, readout=annotations(net).readout),
        analyses.firing_rates(same),
        analyses.energy(
            same,
            models=models,
            graded=graded,
            decisions="steps" if "time" in task.test.label.dims else 1,
        ),
        example(scores, run_first.spikes, task),
    ]


# ------------------------------------------------------------------ dense networks
def _train_dense(config, task, hidden, state, report):
    """History, further parts of the result, and the trained network; None in a process that only trains."""
    chosen = config.network
    inputs, outputs = task.train.sizes["channel"], len(task.classes)
    # A sum over steps is for counts of spikes; scores of any size would start the softmax in saturation.
    reduce = "mean" if chosen.reduce == "sum" else chosen.reduce
    model = DenseRecurrent(
        config.model, inputs, hidden, outputs, reduce=reduce, skip=chosen.skip, seed=config.seed
    )
    history = fit(model, task, **state).drop_vars("firing_rate_epoch")
    if not is_first():
        return None
    report(f"trained: best epoch {history.attrs['best_epoch']}")
    scores = predict(model, task.test.stimulus)
    parts = [
        scalars({"parameters": (count_parameters(model), "trained numbers")}),
        *_decided(scores, task, config.model.upper()),
        analyses.dense_operations(config.model, inputs, hidden, outputs),
        example(scores, {}, task),
    ]
    return history, parts, model


def _decided(scores, task, who):
    """Accuracies, confusion and F1 on the test set."""
    prediction = decisions(scores, task.test)
    found = accuracies(prediction, task.test, unlabelled_class=task.unlabelled_class)
    numbers = {f"test_{name}": (value, f"{text}; test set, {who}") for name, (value, text) in found.items()}
    return [scalars(numbers), confusion(prediction, task.test, task.classes)]


STUDY = Study(
    name="train",
    question="How well does a network of that kind do the task, with how many parameters and operations?",
    method="One network, spiking or dense, is trained on the task by the task's recipe, chosen on validation data "
    "split off the training set, and tested on the test set; a spiking one is written back to Brian2 and run there on "
    "the first test trials.",
    config=TrainConfig,
    run=run,
    smoke={"task": "digits", "epochs": 1, "brian2_trials": 10},
    answer=swept_answer,
    figures=analyses.FIGURES,
    sweep_figures=analyses.SWEPT,
)
