"""Study `robustness`: a trained network under every perturbation.

One question: how strong may a perturbation be before the network no longer does its task?
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr
from brian2.utils.logger import catch_logs

from ..models import (
    PERTURBATIONS,
    UnsupportedModel,
    describe,
    perturb,
    readout_scores,
    simulate,
    start_states,
    with_dt,
)
from ..models.description import NeuronGroupDescription
from ..models.recordings import spiking
from .continuous import load_its_task, load_network
from .evaluating import EvaluationError, check_task, first_trials, start_of
from .field_checks import check_fields, some_of
from .network_config import NetworkConfig
from .provenance import of_network_study
from .scoring import accuracies, decisions
from .sweeps import sweeps

PLAIN = "unperturbed"
_ORDER = "the outcome may depend on the order of execution"


@dataclass(frozen=True)
class RobustnessConfig(NetworkConfig):
    """Everything that decides the result of the study.

    Parameters
    ----------
    network, kind, task, data, device
        As in `NetworkConfig`.
    dt : float or None
        Simulation step (s); dt_ref by default.
    perturbations : tuple of str or None
        Names of `PERTURBATIONS`; by default all that the network can have.
    start : {"zero", "random"}
        As in `evaluate`; a random start is drawn anew for each seed, the same for every perturbation.
    seeds : int
        Of what is drawn: weights, lesions, noise, random starts.
    trials : int or None
        The first so many test trials; None for all.
    workers : int
        Processes of ``cpp_standalone``.
    """

    study: ClassVar[str] = "robustness"

    dt: float | None = None
    perturbations: tuple[str, ...] | None = None
    start: str = "zero"
    seeds: int = 3
    trials: int | None = 20
    workers: int = 1

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, self.study, {"perturbations": some_of(PERTURBATIONS).or_none()})


def run(config, *, report=print):
    """Simulate the test set under every perturbation at each strength and seed.

    Parameters
    ----------
    config : RobustnessConfig
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        That of `robustness`, with provenance.
    """
    began = time.perf_counter()
    net = load_network(config, report)
    task = load_its_task(config, net)
    report(f"data: {task.source}")
    result = robustness(
        describe(net, namespace={}),
        task,
        device=config.device,
        dt=config.dt,
        names=config.perturbations,
        start=config.start,
        seeds=config.seeds,
        trials=config.trials,
        workers=config.workers,
        report=report,
    )
    result.attrs |= of_network_study("robustness", config, task, began)
    return result


def robustness(
    description,
    task,
    *,
    device="numpy",
    dt=None,
    names=None,
    start="zero",
    seeds=3,
    trials=None,
    workers=1,
    report=lambda line: None,
):
    """Accuracy and rate of a network on a test set under every perturbation.

    Parameters
    ----------
    description : NetworkDescription
        With a readout and a dt_ref.
    task : Task
    device, dt, names, start, seeds, trials, workers
        As in `RobustnessConfig`.
    report : callable

    Returns
    -------
    xarray.Dataset
        On ``seed``: ``accuracy_unperturbed``, ``rate_unperturbed``. For each perturbation, e.g. ``weight_noise``, on
        (``weight_noise``, ``seed``): ``accuracy_weight_noise``, ``rate_weight_noise`` (Hz, mean of the hidden
        neurons), with the strengths as coordinate ``weight_noise``; ``accuracy_yin_…`` in the papers' convention where
        the task has it. Where the start is zero, what draws nothing is run once and stands for every seed.
        ``accuracy_commonest``: share of the commonest class of what is labelled; ``accuracy_chance``: one over the
        number of classes. Attributes: ``left_out`` (JSON: perturbations that this network cannot have, with the
        reason), device, start, trials, dt, dt_ref (s).

    Raises
    ------
    EvaluationError
        The network does not fit the task; an unknown perturbation; numbers out of range; a perturbation that was named,
        and that this network cannot have at one of its strengths. All strengths are tried before anything runs.
    """
    check_task(description, task, start, seeds if start == "random" else 1)
    _check_seeds(seeds)
    dt_ref = float(description.annotations.dt_ref)
    if dt is not None:
        description = with_dt(description, dt)
    test = first_trials(task.test, trials, "trials")
    chosen, left_out = chosen_sweeps(sweeps(description), description, names, report=report)
    states = [
        start_states(description, start_of(description, start, k), test.sizes["trial"])
        for k in range(seeds if start == "random" else 1)
    ]
    run = _Runner(test, task, states, device=device, workers=workers, report=report)
    report(f"{PLAIN}: {test.sizes['trial']} trials, {device}")
    found = {PLAIN: [run(description, seed) for seed in range(len(states))]}
    for name, sweep in chosen.items():
        rows = []
        for strength in sweep.strengths:
            report(f"{name} {strength_in_words(sweep, strength)}")
            repeated = seeds if sweep.drawn or start == "random" else 1
            p = sweep.make(strength)
            row = [run(perturb(description, p, seed=seed), seed) for seed in range(repeated)]
            rows.append(row * (seeds // repeated))
        found[name] = rows
    found[PLAIN] *= seeds // len(states)
    return as_dataset(found, chosen, seeds, test=test, classes=task.classes).assign_attrs(
        device=device,
        start=start,
        trials=test.sizes["trial"],
        dt=description.dt,
        dt_ref=dt_ref,
        left_out=json.dumps(left_out),
    )


def _check_seeds(seeds):
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise EvaluationError(f"robustness: seeds must be a whole number >= 1, got {seeds!r}")


def chosen_sweeps(every, description, names, *, report, where="robustness"):
    """The sweeps that a network can have, and why the others are left out.

    Parameters
    ----------
    every : dict of str to Sweep
        By the names of `PERTURBATIONS`.
    description : NetworkDescription
    names : sequence of str or None
        Those that are asked for; all by default.
    report : callable
    where : str
        Study, for messages.

    Returns
    -------
    found : dict of str to Sweep
    left_out : dict of str to str

    Raises
    ------
    EvaluationError
        An unknown name; a perturbation that was named, and that this network cannot have; none is left.
    """
    found, left_out = {}, {}
    for name in PERTURBATIONS if names is None else names:
        if name not in every:
            raise EvaluationError(f"{where}: no perturbation {name!r}; there are {', '.join(every)}")
        refused = _refused(description, name, every[name])
        if refused is None:
            found[name] = every[name]
            continue
        strength, error = refused
        at = f"{name} {strength_in_words(every[name], strength)}"
        if names is not None or not isinstance(error, UnsupportedModel):
            raise EvaluationError(f"{where}: {at}: {error}") from error
        report(f"left out: {at}: {error}")
        left_out[name] = f"at {strength_in_words(every[name], strength)}: {error}"
    if not found:
        raise EvaluationError(f"{where}: no perturbation is left; there are {', '.join(every)}")
    return found, left_out


def _refused(description, name, sweep):
    """The first strength that this network cannot have, with the error; None where it can have all."""
    for strength in sweep.strengths:
        try:
            perturb(description, sweep.make(strength), seed=0)
        except (UnsupportedModel, ValueError) as error:
            return strength, error
    return None


def strength_in_words(sweep, strength):
    """A strength with its unit, for a line of text."""
    return f"{strength:g} {sweep.unit if sweep.unit != '1' else ''}".rstrip()


class _Runner:
    """From a network and a seed to its accuracies and rate on the test set."""

    def __init__(self, test, task, states, *, device, workers, report):
        self.test, self.task, self.states, self.report = test, task, states, report
        self.options = {"device": device, "workers": workers, "namespace": {}, "progress": False}

    def __call__(self, description, seed):
        states = self.states[seed % len(self.states)]
        # Brian2 warns of every random function at a synapse, at each run; what is drawn depends on no order.
        with catch_logs() as logs:
            ds = simulate(description, self.test.stimulus, seed=seed, initial=states, **self.options)
        for _, _, line in logs:
            if _ORDER not in line:
                self.report(f"Brian2: {line}")
        found = accuracies(
            decisions(readout_scores(ds), self.test), self.test, unlabelled_class=self.task.unlabelled_class
        )
        row = {name: value for name, (value, _) in found.items() if name != "balanced_accuracy"}
        readout = description.annotations.readout.group
        hidden = [
            g.name
            for g in description.groups
            if isinstance(g, NeuronGroupDescription) and spiking(g) and g.name != readout
        ]
        neurons = sum(ds.sizes[f"{name}_neuron"] for name in hidden)
        spikes = sum(ds.sizes[f"{name}_spike"] for name in hidden)
        row["rate"] = spikes / (neurons * ds.sizes["trial"] * ds.attrs["duration"]) if neurons else np.nan
        return row


_WHAT = {
    "accuracy": ("accuracy on what is labelled", "1"),
    "accuracy_yin": ("accuracy in the papers' convention", "1"),
    "rate": ("mean firing rate of the hidden neurons", "Hz"),
}


def as_dataset(found, chosen, seeds, *, test, classes):
    """Accuracies and rates of a network under perturbations as a dataset, that of `robustness`.

    Parameters
    ----------
    found : dict of str to list
        For `PLAIN` a dict of quantity to value for each seed; for every perturbation a list of them for each strength.
    chosen : dict of str to Sweep
    seeds : int
    test : xarray.Dataset
        The trials that were simulated.
    classes : sequence of str

    Returns
    -------
    xarray.Dataset
    """
    variables, coords = {}, {"seed": np.arange(seeds)}
    for name, rows in found.items():
        dims = ("seed",) if name == PLAIN else (name, "seed")
        first = rows[0] if name == PLAIN else rows[0][0]
        for quantity in first:
            values = (
                [row[quantity] for row in rows]
                if name == PLAIN
                else [[row[quantity] for row in r] for r in rows]
            )
            text, unit = _WHAT[quantity]
            variables[f"{quantity}_{name}"] = (
                dims,
                np.array(values, dtype=float),
                {"units": unit, "long_name": text},
            )
        if name != PLAIN:
            sweep = chosen[name]
            coords[name] = (
                name,
                np.array(sweep.strengths, dtype=float),
                {"units": sweep.unit, "long_name": sweep.text},
            )
    ds = xr.Dataset(variables, coords)
    labels = test.label.values[test.labelled.values]
    for name, value, text in (
        ("accuracy_commonest", np.bincount(labels).max() / len(labels), "share of the commonest class"),
        ("accuracy_chance", 1 / len(classes), "one over the number of classes"),
    ):
        ds[name] = ((), value, {"units": "1", "long_name": text})
    return ds
