"""Study `continuous_time`: what is left of trained networks when their step becomes a time, and the step vanishes.

One question: which part of the step has to be stated for a network to be the same in continuous time, the refractory
period, the recurrent delay or both, and what does the integration method change?
"""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from brian2 import StateUpdateMethod

from ... import analyses
from ...analyses.drawing.continuous_study import CONTINUOUS_STUDY
from ...analyses.spike_fidelity.continuous_study import continuous_answer
from ...models import KINDS, annotations, describe, readout_scores, simulate, start_states
from ...models.errors import UnsupportedModel
from ...models.times import whole_steps
from ..comparison import differences, run_twin
from ..continuous import as_the_step_reads, load_its_task, load_network
from ..evaluating import STARTS, EvaluationError, check_task, start_of
from ..field_checks import DEVICE, STEPS, check_fields, one_of, some_of, whole
from ..physical_config import MODEL as CURRENT_ALIF
from ..physical_config import PhysicalConfig
from ..provenance import provenance
from ..scoring import accuracies, decisions
from ..study import Axis, Study
from ..tasks import TASKS, load_task, reads_data
from ..testing_networks import origin
from ..train_config import TrainConfig
from .alif_training import train_alif
from .variants import by_variant

BOTH = "refractory period and delay"
# What stays of the step as a time, and what `as_the_step_reads` takes away for it.
READINGS = {
    BOTH: None,
    "refractory period alone": {"refractory": False},
    "delay alone": {"delays": False},
    "neither": {},
}
OWN = "own method"
MODELS = ("alif", CURRENT_ALIF)
ALONE, AT_MIXED_STEPS = "alif", "alif at mixed steps"
# model and finer: mixed steps are 4, 2 and 1 ms of the ECG
VARIANTS = {ALONE: ("alif", None), AT_MIXED_STEPS: ("alif", (2, 4)), CURRENT_ALIF: (CURRENT_ALIF, None)}
_TASK = "ecg"  # of what is trained
_RESAMPLES = 100  # of intervals over trials, which are not used: here the network is the unit
_CHECKS = {
    "kind": one_of(KINDS).or_none(),
    "model": one_of(MODELS).or_none(),
    "task": one_of(TASKS).or_none(),
    "seed": whole(0),
    "dts": STEPS,
    "methods": some_of(StateUpdateMethod.stateupdaters, none_too=True),
    "start": one_of(STARTS),
    "trials": whole(1).or_none(),
    "device": DEVICE,
}


@dataclass(frozen=True)
class ContinuousTimeConfig:
    """Everything that decides the result of a job.

    Parameters
    ----------
    network : str or None
        File of a trained network, or of a published one; None: one is trained by the recipe of the task.
    kind : str or None
        Of a published network.
    model : {"alif", "current_alif"} or None
        What is trained where there is no file, "alif" by default; None with a file, whose model is in it.
    task : str or None
        By default that of the network file, "ecg" where one is trained.
    data : str or None
        Folder of the data sets.
    seed : int
        Of the training, or of the random start of a network from a file; 0 where that has another start.
    hidden : tuple of int or None
    epochs : int or None
        None: the recipe's.
    finer : tuple of int or None
        Of an ALIF network that is trained: each batch at the step of the task or at a fraction of it (`Training`).
    options : pairs of (str, object)
        Of the task's own function, where a network is trained.
    dts : tuple of float
        Simulation steps (s) beside the network's own, each a divisor of it.
    methods : tuple of str
        Integration methods beside the network's own; those that its equations refuse are left out, and named.
    start : {"zero", "random", "given"}
        As in `evaluate`.
    trials : int or None
        At most the first so many test trials; None for all.
    device : str
        Brian2 device.
    """

    network: str | None = None
    kind: str | None = None
    model: str | None = None
    task: str | None = None
    data: str | None = None
    seed: int = 0
    hidden: tuple[int, ...] | None = None
    epochs: int | None = None
    finer: tuple[int, ...] | None = None
    options: tuple[tuple[str, object], ...] = ()
    dts: tuple[float, ...] = (0.002, 0.001, 0.0005, 0.00025)
    methods: tuple[str, ...] = ("exponential_euler", "euler", "rk2", "rk4")
    start: str = "zero"
    trials: int | None = 40
    device: str = "cpp_standalone"

    def __post_init__(self):
        check_fields(self, "continuous_time", _CHECKS)
        if self.network is not None and self.model is not None:
            raise ValueError(
                f"continuous_time: model is of networks that are trained here, and {self.network} is a file, whose "
                f"model is in it; leave model out, got {self.model!r}"
            )
        if self.network is not None and self.start != "random" and self.seed != 0:
            raise ValueError(
                "continuous_time: of a network file a seed is a random start; with another all seeds are one "
                f"simulation. Give start=random, or seed=0 alone; got start={self.start}, seed={self.seed}"
            )
        if self.finer is not None and (self.network is not None or self.trained == CURRENT_ALIF):
            raise ValueError(
                "continuous_time: finer is of ALIF networks that are trained here; leave it out with a network file "
                f"and with model={CURRENT_ALIF}, whose training goes through steps of its own; got {self.finer}"
            )
        if self.network is None:
            self.training_config  # noqa: B018  what it refuses is refused before the first job begins

    @property
    def training_config(self):
        """The configuration of the training, where there is no network file."""
        names = ("data", "seed", "hidden", "epochs", "options")
        given = {"task": self.task or _TASK} | {name: getattr(self, name) for name in names}
        return (
            PhysicalConfig(**given)
            if self.trained == CURRENT_ALIF
            else TrainConfig(**given, finer=self.finer)
        )

    @property
    def trained(self):
        """The model that is trained, where there is no network file."""
        return self.model or MODELS[0]


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train or read a network, and simulate it at every step, reading and method.

    Parameters
    ----------
    config : ContinuousTimeConfig
    checkpoint, resume, report
        As `Study` has it.

    Returns
    -------
    result : xarray.Dataset
        On ``reading``, ``dt`` (ms), ``integrator``, NaN where that was not run: ``step_accuracy``,
        ``step_accuracy_yin`` where the task has it, ``step_rate`` (Hz, hidden neurons), and against the network at its
        own step ``step_coincidence``, ``step_gamma_factor``, ``step_van_rossum``, ``step_spike_distance``. Readings
        other than both at the network's own method, methods other than that with both. ``spike_mismatches`` of twin
        and Brian2 at the own step; ``own_dt`` (ms), ``step_majority``.
    net : brian2.Network
        None where it came from a file.
    """
    began = time.perf_counter()
    task, net = _network(config, checkpoint=checkpoint, resume=resume, report=report)
    single = describe(net, namespace={})
    check_task(single, task, config.start, 1)
    test = task.test.isel(trial=slice(config.trials))
    dts = _steps_of(config.dts, single.dt)
    seed = config.seed if config.network else 0
    states = start_states(single, start_of(single, config.start, seed), test.sizes["trial"])
    runs = _Runs(test, task, states, config.device, report)
    report(f"own step, {single.dt * 1e3:g} ms: {test.sizes['trial']} trials in the twin and in Brian2")
    own = runs.simulated(single, single.dt, None)
    twin = run_twin(net, test.stimulus, initial=states)
    wrong = differences(twin, own, readout=annotations(net).readout)
    rows, left_out = {}, []
    for name, taken in READINGS.items():
        try:
            network = single if taken is None else as_the_step_reads(single, **taken)
        except EvaluationError:
            left_out.append(name)
            continue
        for method in (None, *config.methods) if name == BOTH else (None,):
            for dt in dts:
                report(f"{name}, {method or OWN}, dt = {dt * 1e3:.6g} ms")
                same = name == BOTH and method is None and dt == single.dt
                try:
                    ds = own if same else runs.simulated(network, dt, method)
                except UnsupportedModel as refused:
                    report(f"{method}: {refused}")
                    left_out.append(method)
                    break
                rows[name, dt, method or OWN] = runs.measured(own, ds)
    result = _dataset(rows, dts, (OWN, *config.methods)).merge(wrong)
    labels = test.label.values[test.labelled.values]
    for name, value, units, text in (
        ("own_dt", single.dt * 1e3, "ms", "step of the network itself"),
        ("step_majority", np.bincount(labels).max() / len(labels), "1", "share of the commonest class"),
    ):
        result[name] = ((), value, {"units": units, "long_name": text})
    result.attrs |= provenance() | {
        "study": "continuous_time",
        "task": task.name,
        "seed": config.seed,
        "network": Path(config.network).name if config.network else f"trained here ({config.trained})",
        "configuration": json.dumps(dataclasses.asdict(config)),
        "left_out": json.dumps(left_out),
        "trials": test.sizes["trial"],
        **origin(task),
        "wall_time_s": time.perf_counter() - began,
    }
    return result, None if config.network else net


# ------------------------------------------------------------------ network and task
def _network(config, *, checkpoint, resume, report):
    if config.network is not None:
        net = load_network(config, report)
        return load_its_task(config, net), net
    chosen = config.training_config
    options = dict(chosen.task_options)
    if config.data is not None and reads_data(chosen.task):
        options["data"] = config.data
    task = load_task(chosen.task, seed=config.seed, **options)
    going_on = {"checkpoint": checkpoint, "resume": resume, "report": report}
    if config.trained == CURRENT_ALIF:
        from .. import physical_training  # loads what only this model needs

        net = physical_training.physical_network(chosen, task)
        return task, physical_training.train(chosen, net, task, **going_on)[1]
    return task, train_alif(chosen, task, **going_on)[0]


def _steps_of(dts, own):
    """The network's own step and those of `dts` that are finer, coarsest first (s)."""
    finer = [dt for dt in dts if dt < own * (1 - 1e-9)]
    for dt in finer:
        whole_steps(own, dt, "the network's own step")
    return sorted({own, *finer}, reverse=True)


# ------------------------------------------------------------------ one simulation
class _Runs:
    """Simulations of the same trials, and what is measured of them."""

    def __init__(self, test, task, states, device, report):
        self.test, self.task, self.states, self.device, self.report = test, task, states, device, report

    def simulated(self, network, dt, method):
        options = {
            "dt": dt,
            "device": self.device,
            "initial": self.states,
            "namespace": {},
            "progress": False,
        }
        return simulate(network, self.test.stimulus, method=method, seed=0, **options)

    def measured(self, own, ds):
        """Accuracies, rate and distances from the network at its own step, by name."""
        decided = decisions(readout_scores(ds), self.test)
        found = accuracies(decided, self.test, unlabelled_class=self.task.unlabelled_class)
        row = {f"step_{n}": found[n][0] for n in ("accuracy", "accuracy_yin") if n in found}
        rates = analyses.firing_rates(ds)
        layers = rates.unit_layer.values
        # Outputs may spike too.
        hidden = [str(g) for g in dict.fromkeys(layers.tolist()) if str(g).startswith("hidden")]
        row["step_rate"] = float(rates.firing_rate.values[np.isin(layers, hidden)].mean())
        pairs = analyses.fidelity(own, ds, groups=hidden, resamples=_RESAMPLES)
        pairs = pairs.assign_coords(every=("unit", np.zeros(pairs.sizes["unit"], int)))
        whole = analyses.fidelity_summary(pairs, by="every", resamples=_RESAMPLES)
        for name in ("coincidence", "gamma_factor", "van_rossum", "spike_distance"):
            row[f"step_{name}"] = float(whole[f"fidelity_{name}"].squeeze())
        return row


_WHAT = {
    "step_accuracy": ("accuracy on what is labelled", "1"),
    "step_accuracy_yin": ("accuracy in the papers' convention", "1"),
    "step_rate": ("mean firing rate of the hidden neurons", "Hz"),
    "step_coincidence": ("share of spikes that coincide with those at the own step", "1"),
    "step_gamma_factor": ("coincidence factor Γ with the spikes at the own step", "1"),
    "step_van_rossum": ("van Rossum D² over the number of spikes", "1"),
    "step_spike_distance": ("SPIKE-distance from the spikes at the own step", "1"),
}


def _dataset(rows, dts, methods):
    shape, found = (len(READINGS), len(dts), len(methods)), {}
    for name in next(iter(rows.values())):
        values = np.full(shape, np.nan)
        for (reading, dt, method), row in rows.items():
            values[list(READINGS).index(reading), dts.index(dt), methods.index(method)] = row[name]
        text, units = _WHAT[name]
        found[name] = (("reading", "dt", "integrator"), values, {"units": units, "long_name": text})
    steps = ("dt", np.round(np.array(dts) * 1e3, 9), {"units": "ms", "long_name": "simulation step"})
    return xr.Dataset(found, {"reading": list(READINGS), "dt": steps, "integrator": list(methods)})


def answer(gathered):
    """What the gathered jobs say; see `continuous_answer`."""
    swept = [axis["field"] for axis in json.loads(gathered.attrs["axes"])]
    of_file = "network" in swept or json.loads(gathered.attrs["configuration"])["network"] is not None
    unit = "starts of networks from files" if of_file else "networks"
    return continuous_answer(by_variant(gathered), whole=BOTH, own=OWN, unit=unit)


def _variants(*labels):
    values = tuple(VARIANTS[label] for label in labels)
    return Axis(
        "variant", values, text="network", fields=("model", "finer"), labels=labels, unless=("network",)
    )


STUDY = Study(
    name="continuous_time",
    question="What is left of a trained network when its step becomes a time and the simulation step vanishes?",
    method="Networks are trained at their step, or read from a file, and simulated in Brian2 on test trials at finer "
    "and finer steps. The step means two times: a neuron is refractory for it, and a recurrent spike takes it. The "
    "network is simulated with both, with each alone and with neither, by its own method of integration, and with "
    "both by others. An ALIF network whose batches were run at 4, 2 and 1 ms in turn stands beside the one that "
    "knows 4 ms alone. Spikes of the hidden neurons are compared with those at the network's own step: what falls "
    "into the same step of the task, van Rossum's distance (20 ms), the SPIKE-distance. CurrentALIF, which has "
    "a refractory period and delays of its own and is trained down to 1 ms, stands beside. At its own step every "
    "network is held against its twin in float64. Intervals are Student's over networks, or over random "
    "starts of one from a file.",
    config=ContinuousTimeConfig,
    run=run,
    smoke={
        "task": "synthetic_ecg",
        "hidden": (12,),
        "epochs": 4,
        "options": (("config", {"train": 32, "valid": 8, "test": 4, "steps": 200}),),
        "dts": (0.002, 0.001),
        "methods": ("exponential_euler", "rk2"),
        "device": "numpy",
    },
    axes=(_variants(ALONE, AT_MIXED_STEPS, CURRENT_ALIF), Axis("seed", (0, 1, 2, 3, 4))),
    smoke_axes=(_variants(ALONE, AT_MIXED_STEPS), Axis("seed", (0, 1))),
    answer=answer,
    figures=CONTINUOUS_STUDY,
)
