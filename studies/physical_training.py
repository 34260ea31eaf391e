"""Study `train` for a network in physical units: in stages of finer steps, then in Brian2 at finer steps still."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from brian2 import second

from .. import analyses
from ..gradient_bridge import Bounded, Twin, fit, predict
from ..models import (
    CurrentALIF,
    CurrentIntegrator,
    annotations,
    build,
    describe,
    network_values,
    readout_scores,
    simulate,
    srnn,
)
from ..models.devices import check_device
from .comparison import differences, run_twin
from .physical_config import MODEL, TIME_CONSTANTS, PhysicalConfig
from .processes import are_several, is_first
from .provenance import provenance, remember_task
from .recurrent import count_parameters
from .scoring import accuracies, decisions
from .study import Study
from .swept_answer import swept_answer
from .tasks import load_task, reads_data
from .testing_networks import (
    baselines,
    confusion,
    example,
    origin,
    scalars,
    sizes_in_words,
    time_constants,
)

# Multiply-accumulates of one update in its exact form: v from v, two currents and a constant; each current; a.
_UPDATE = {"hidden": 7, "output": 4}


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train and test.

    Parameters
    ----------
    config : PhysicalConfig
    checkpoint : path, optional
        Of the last stage, written after every epoch; those of earlier stages lie beside it.
    resume : bool
        Continue from the checkpoints.
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    result : xarray.Dataset
        None, as the network is, in a process that is not the first of several: it only trains.
    net : brian2.Network
        Trained and synced.
    """
    began = time.perf_counter()
    check_device(config.device or "numpy")
    options = dict(config.task_options)
    if config.data is not None and reads_data(config.task):
        options["data"] = config.data
    task = load_task(config.task, seed=config.seed, **options)
    report(f"data: {task.source}")
    report(f"      {sizes_in_words(task)}")
    net = physical_network(config, task)
    initial = network_values(net)
    history, net, parameters = train(config, net, task, checkpoint=checkpoint, resume=resume, report=report)
    if not is_first():
        return None, None
    parts = [
        history,
        scalars({"parameters": (parameters, "trained numbers")}),
        scalars({"neurons": (sum(config.hidden or config.recipe.hidden), "hidden units")}),
        time_constants(net, initial),
        *_tested(config, net, task, report),
        baselines(task),
        _beside_cells(config, net, report),
    ]
    result = xr.merge(parts, compat="no_conflicts", combine_attrs="drop_conflicts")
    result = result.merge(analyses.timescales(result), compat="no_conflicts", combine_attrs="drop_conflicts")
    result.attrs |= provenance() | {
        "study": "train",
        "task": config.task,
        "model": MODEL,
        "hidden": ", ".join(map(str, config.hidden or config.recipe.hidden)),
        "seed": config.seed,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "recipe": repr(config.recipe),
        "training": json.dumps([dataclasses.asdict(s) for s in config.stages(unlabelled="mask")]),
        "best_epoch": history.attrs["best_epoch"],
        **origin(task),
        "wall_time_s": time.perf_counter() - began,
    }
    return result, net


def physical_network(config, task):
    """An untrained network for a task, at the step of the first stage.

    Parameters
    ----------
    config : PhysicalConfig
    task : Task

    Returns
    -------
    brian2.Network
    """
    recipe = config.recipe
    net = srnn(
        task.train.sizes["channel"],
        config.hidden or recipe.hidden,
        len(task.classes),
        neuron=CurrentALIF,
        readout=CurrentIntegrator,
        input="current" if task.train.stimulus.dtype.kind == "f" else "spikes",
        transmission="next",
        dt=recipe.stages[0].dt * second,
        dt_ref=task.dt * second,
        delay=recipe.delay * second,
        seed=config.seed,
        input_gain=recipe.input_gain,
        recurrent_gain=recipe.recurrent_gain,
        readout_skip=recipe.skip,
        **dict(recipe.values),
    )
    return remember_task(
        net,
        config.task,
        options=config.task_options,
        classes=task.classes,
        seed=config.seed,
        encoder=task.encoder,
    )


def train(config, net, task, *, checkpoint=None, resume=False, report=print):
    """Train a network through the stages of its recipe.

    Parameters
    ----------
    config : PhysicalConfig
    net : brian2.Network
        From `physical_network`.
    task : Task
    checkpoint, resume, report
        As in `run`.

    Returns
    -------
    history : xarray.Dataset
        Of all stages, with ``stage_dt (epoch)`` in ms; ``best_epoch`` is that of the last stage.
    net : brian2.Network
        At the step of the last stage.
    parameters : int
        Trained numbers.
    """
    recipe, stages = config.recipe, config.stages(unlabelled="mask")
    selected = dataclasses.replace(task, valid=task.valid.isel(trial=slice(recipe.valid_trials)))
    bounds = dict.fromkeys(TIME_CONSTANTS, Bounded(*(b * second for b in recipe.bounds)))
    histories, before = [], 0
    for k, stage in enumerate(stages):
        net = build(describe(net, namespace={}), dt=stage.dt * second)
        twin = Twin(
            net,
            trainable=("w", "bias", *TIME_CONSTANTS),
            dtype=torch.float32,
            surrogate=recipe.surrogate,
            engine=config.engine,
            namespace={},
            coordinates=bounds,
        )
        last = k == len(stages) - 1
        path = checkpoint if checkpoint is None or last else _of_stage(checkpoint, k)
        report(f"stage {k + 1} of {len(stages)}: dt = {stage.dt * 1e3:g} ms, {stage.training.epochs} epochs")
        # A stage whose checkpoint is not there yet has not begun.
        again = resume and path is not None and Path(path).exists()
        options = {"checkpoint": path, "resume": again, **dataclasses.asdict(stage.training)}
        history = fit(twin, selected, distributed=are_several(), **options)
        twin.sync()
        epochs = history.sizes["epoch"]
        history["stage_dt"] = (
            "epoch",
            np.full(epochs, stage.dt * 1e3),
            {"units": "ms", "long_name": "training step"},
        )
        histories.append(history.assign_coords(epoch=before + np.arange(epochs)))
        best = before + int(history.attrs["best_epoch"])
        before += epochs
        report(
            f"best epoch {history.attrs['best_epoch']}: {history.valid_accuracy.max().item():.3f} on validation data"
        )
    whole = xr.concat(histories, "epoch", combine_attrs="drop_conflicts")
    whole.attrs["best_epoch"] = best
    return whole, net, count_parameters(twin)


def _of_stage(checkpoint, number):
    path = Path(checkpoint)
    return path.with_name(f"{path.name.removesuffix('.checkpoint.pt')}.stage{number + 1}.checkpoint.pt")


# ------------------------------------------------------------------ tests
def _tested(config, net, task, report):
    """The whole test set in the float64 twin, its first trials step by step, and all of it in Brian2 at finer steps."""
    test, device = task.test, config.device or "numpy"
    trials = min(config.brian2_trials or config.recipe.brian2_trials, test.sizes["trial"])
    first, rest = test.isel(trial=slice(trials)), test.isel(trial=slice(trials, None))
    report("test set in the twin (float64)")
    run_first = run_twin(net, first.stimulus, engine=config.engine)
    scores = run_first.scores
    if rest.sizes["trial"]:
        twin = Twin(net, dtype=torch.float64, engine=config.engine, namespace={})
        scores = np.concatenate([scores, predict(twin, rest.stimulus, batch=64)])
    report(f"first {trials} test trials in Brian2 ({device})")
    same = simulate(net, first.stimulus, device=device, namespace={})
    prediction = decisions(scores, test)
    found = accuracies(prediction, test, unlabelled_class=task.unlabelled_class)
    numbers = {f"test_{name}": (value, f"{text}; test set, twin") for name, (value, text) in found.items()}
    value, text = accuracies(decisions(readout_scores(same), first), first)["accuracy"]
    numbers |= {
        "test_accuracy_brian2": (value, f"{text}, the first {trials} test trials, Brian2 ({device})"),
        "brian2_trials": (trials, "test trials that were simulated in Brian2 step by step"),
    }
    every = round(float(annotations(net).dt_ref) / same.attrs["dt"])
    costs = {
        group: analyses.NeuronCost(
            f"{MODEL} {group}",
            mac=every * _UPDATE["output" if group == "output" else "hidden"],
            ac=0 if group == "output" else 2,
            source="counted from the equations of CurrentALIF, one update a step of the network",
        )
        for group in ("output", *run_first.spikes)
    }
    return [
        scalars(numbers),
        confusion(prediction, test, task.classes),
        differences(run_first, same, readout=annotations(net).readout),
        analyses.firing_rates(same),
        analyses.energy(same, models=costs, decisions="steps" if "time" in test.label.dims else 1),
        example(scores, run_first.spikes, task, dt=same.attrs["dt"]),
        over_dt(net, test, config.recipe.fine_dt, device=device, report=report),
    ]


def over_dt(net, test, steps, *, device="numpy", report=print):
    """Accuracy and mean rate of the hidden neurons in Brian2 at each simulation step.

    Parameters
    ----------
    net : brian2.Network
        With a readout.
    test : xarray.Dataset
        Split of a task.
    steps : sequence of float
        Simulation steps, s, that divide that of the task.
    device : str
    report : callable

    Returns
    -------
    xarray.Dataset
        ``accuracy_dt``, ``rate_dt`` on ``dt`` (ms).
    """
    accuracy, rate = [], []
    for dt in steps:
        report(f"test set in Brian2 ({device}), dt = {dt * 1e3:g} ms")
        ds = simulate(net, test.stimulus, dt=dt * second, device=device, namespace={})
        accuracy.append(accuracies(decisions(readout_scores(ds), test), test)["accuracy"][0])
        rate.append(float(analyses.firing_rates(ds).firing_rate.mean()))
    return xr.Dataset(
        {
            "accuracy_dt": ("dt", accuracy, {"units": "1", "long_name": "accuracy on labelled test steps"}),
            "rate_dt": ("dt", rate, {"units": "Hz", "long_name": "mean rate of the hidden neurons"}),
        },
        coords={"dt": ("dt", np.array(steps) * 1e3, {"units": "ms", "long_name": "simulation step"})},
    )


def _beside_cells(config, net, report):
    """Membrane time constants of the hidden neurons beside those of the GLIF cells, where there is a table."""
    try:
        cells = analyses.biology.load("allen_glif", data=config.data)
    except analyses.DataNotFound as missing:
        report(f"no comparison with biology: {missing}")
        return xr.Dataset()
    values = network_values(net)
    beside = analyses.compare(values.tau_m[values.layer != "output"], cells)
    return beside.merge(analyses.cells_distribution(cells), combine_attrs="no_conflicts")


STUDY = Study(
    name="train_current_alif",
    question="How well does a network in physical units do the task, and at finer steps than it was trained with?",
    method="One network of neurons with conductances, currents and time constants of published cells is trained on the "
    "task by the recipe of `train --model current_alif`, in stages of finer steps, chosen on validation data, and "
    "tested on the test set; it is simulated in Brian2, at finer steps too.",
    config=PhysicalConfig,
    run=run,
    smoke={"task": "ecg", "epochs": 1, "hidden": (8,), "brian2_trials": 5},
    answer=swept_answer,
    figures=analyses.FIGURES,
    sweep_figures=analyses.SWEPT,
)
