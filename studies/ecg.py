"""Study `ecg`: train an adaptive network on ECG waves, sync it back, simulate it in Brian2, compare.

One question: does a network whose weights and time constants were trained through the bridge do the same in
Brian2, at the training step and at finer ones?
"""

from __future__ import annotations

import dataclasses
import json
import time

import numpy as np
import xarray as xr
from brian2 import second

from .. import analyses
from ..gradient_bridge import fit
from ..models import annotations, initial_from, network_values, simulate, srnn
from ..models.devices import check_device
from .comparison import differences, run_twin, simulate_finer
from .ecg_config import ECGConfig
from .processes import are_several, is_first
from .provenance import provenance, remember_task
from .scoring import decisions
from .study import Study
from .swept_answer import swept_answer
from .tasks import load_task
from .testing_networks import (
    example,
    neuron_models,
    origin,
    scalars,
    sizes_in_words,
    softmax_baseline,
    time_constants,
    unlabelled_option,
)
from .training import NEURONS, trained_twin


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train, sync, simulate, analyse.

    Parameters
    ----------
    config : ECGConfig
    checkpoint : path, optional
        Of the training, written after every epoch.
    resume : bool
        Continue from the checkpoint.
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    result : xarray.Dataset
        None, as the network is, in a process that is not the first of several: it only trains.
    net : brian2.Network
        The trained network, synced.
    """
    began = time.perf_counter()
    check_device(config.device)  # before the training, not after it
    cells = _cells(config, report)
    options = {} if config.data is None else {"data": config.data}
    task = load_task(config.task, seed=config.seed, **options)
    report(f"data: {task.source}")
    report(f"      {sizes_in_words(task)}")
    net = srnn(
        task.train.sizes["channel"],
        config.hidden,
        len(task.classes),
        neuron=NEURONS[config.model],
        dt=task.dt * second,
        seed=config.seed,
        input_gain=config.input_gain,
        recurrent_gain=config.recurrent_gain,
        tau_m={
            **{f"hidden{k + 1}": initial_from(config.tau_m) for k in range(len(config.hidden))},
            "output": initial_from(config.tau_m_output or config.tau_m),
        },
        tau_a=initial_from(config.tau_a),
    )
    remember_task(net, config.task, options={}, classes=task.classes, seed=config.seed, encoder=task.encoder)
    initial = network_values(net)
    twin = trained_twin(
        net, config.model, surrogate=config.surrogate, detach_reset=config.detach_reset, engine=config.engine
    )
    options = {"checkpoint": checkpoint, "resume": resume, **_training(config, task)}
    history = fit(twin, task, distributed=are_several(), **options)
    if not is_first():
        return None, None
    twin.sync()
    report(f"trained: best epoch {history.attrs['best_epoch']}, now in Brian2")
    result = xr.merge(
        [
            history,
            time_constants(net, initial),
            _tested(net, task, config, report),
            softmax_baseline(task),
            _beside_biology(net, initial, cells),
        ],
        compat="no_conflicts",
        combine_attrs="drop_conflicts",
    )
    result = result.merge(analyses.timescales(result), compat="no_conflicts", combine_attrs="drop_conflicts")
    result.attrs |= provenance() | {
        "study": "ecg",
        "seed": config.seed,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "training": history.attrs["options"],
        "best_epoch": history.attrs["best_epoch"],
        **origin(task),
        "wall_time_s": time.perf_counter() - began,
    }
    result.attrs.pop("options", None)
    return result, net


# ------------------------------------------------------------------ parts of the result
def _training(config, task):
    """The options of `fit`."""
    return {
        "epochs": config.epochs,
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "time_constant_rate": config.time_constant_rate,
        "warmup": config.warmup,
        "score_scale": config.score_scale,
        "rate_penalty": config.rate_penalty,
        "input_dropout": config.input_dropout,
        "time_stretch": config.time_stretch,
        "average_epochs": config.average_epochs,
        "select": config.select,
        "unlabelled": unlabelled_option(task, config.unlabelled_class),
        "seed": config.seed,
    }


def _tested(net, task, config, report):
    """The test set in the twin and in Brian2, at the training step and at finer ones."""
    test = task.test
    readout = annotations(net).readout
    report("test set in the twin (float64)")
    run = run_twin(net, test.stimulus, engine=config.engine)
    report(f"test set in Brian2 ({config.device}), dt = {task.dt * 1e3:g} ms")
    same = simulate(net, test.stimulus, device=config.device, namespace={})
    trace = f"{readout.group}_{readout.variable}"
    prediction = decisions(run.scores, test)
    in_brian2 = decisions(same[trace].values, test)
    parts = [differences(run, same, readout=readout)]
    mask = test.labelled
    numbers = {
        "test_accuracy": (
            analyses.accuracy(prediction, test.label, mask=mask),
            "accuracy on labelled test steps, twin",
        ),
        "test_accuracy_brian2": (
            analyses.accuracy(in_brian2, test.label, mask=mask),
            f"accuracy on labelled test steps, Brian2 ({config.device})",
        ),
        "test_balanced_accuracy": (
            analyses.balanced_accuracy(prediction, test.label, mask=mask),
            "mean recall over the classes, labelled test steps, twin",
        ),
    }
    if task.unlabelled_class is not None:
        numbers["test_accuracy_yin"] = (
            analyses.accuracy_yin(prediction, test.label),
            f"accuracy in the papers' convention: unlabelled steps are class {task.unlabelled_class}, first 10 steps "
            "ignored; twin",
        )
    finer = {1: same}
    for factor in config.fine_factors:
        report(f"test set in Brian2 ({config.device}), dt = {task.dt / factor * 1e3:g} ms")
        finer |= simulate_finer(net, test.stimulus, (factor,), device=config.device)
    over_dt = _in_continuous_time(finer, trace, test, task.dt)
    parts.append(over_dt)
    numbers["test_accuracy_fine"] = (
        over_dt.accuracy_dt[-1],
        f"accuracy on labelled test steps, Brian2 at dt/{max(finer)}",
    )
    parts.append(scalars(numbers))
    parts.append(
        analyses.confusion(prediction, test.label, task.classes, mask=mask).to_dataset(name="confusion")
    )
    parts.append(analyses.firing_rates(same))
    parts.append(
        analyses.energy(same, models=neuron_models(net, NEURONS[config.model].name), decisions="steps")
    )
    parts.append(example(run.scores, run.spikes, task))
    return xr.merge(parts, compat="no_conflicts", combine_attrs="drop_conflicts")


def _in_continuous_time(finer, trace, test, dt):
    """Accuracy and mean hidden rate at each simulation step."""
    factors = sorted(finer)
    accuracy = [
        float(analyses.accuracy(decisions(finer[f][trace].values, test), test.label, mask=test.labelled))
        for f in factors
    ]
    rate = [float(analyses.firing_rates(finer[f]).firing_rate.mean()) for f in factors]
    steps = ("dt", np.array([dt / f * 1e3 for f in factors]), {"units": "ms", "long_name": "simulation step"})
    return xr.Dataset(
        {
            "accuracy_dt": ("dt", accuracy, {"units": "1", "long_name": "accuracy on labelled test steps"}),
            "rate_dt": ("dt", rate, {"units": "Hz", "long_name": "mean rate of the hidden neurons"}),
        },
        coords={"dt": steps},
    )


def _cells(config, report):
    """The table of cortical cells, or None where there is none."""
    try:
        return analyses.biology.load("allen", data=config.data)
    except analyses.DataNotFound as missing:
        report(f"no comparison with biology: {missing}")
        return None


def _beside_biology(net, initial, cells):
    """The membrane time constants of the hidden neurons beside those of cortical cells, where there is a table."""
    if cells is None:
        return xr.Dataset()
    after, before = (values.tau_m[values.layer != "output"] for values in (network_values(net), initial))
    return analyses.compare(after, cells, initial=before)


STUDY = Study(
    name="ecg",
    question="Does a network whose weights and time constants were trained through the bridge do the same in Brian2?",
    method="An adaptive recurrent network is trained on ECG waves with its membrane and adaptation time constants, "
    "written back to Brian2 and run there on the test set, at the training step and at finer ones. Spikes and "
    "decisions are held against those of the twin.",
    config=ECGConfig,
    run=run,
    smoke={"task": "synthetic_ecg", "data": None, "epochs": 3, "fine_factors": (2,)},
    answer=swept_answer,
    figures=analyses.FIGURES,
    sweep_figures=analyses.SWEPT,
)
