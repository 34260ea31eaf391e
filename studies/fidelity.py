"""Study `fidelity`: how much of its spikes and decisions does a network keep?

One question: between the twin, Brian2, finer steps and perturbations, which spikes move, and what does it cost?
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from ..analyses.spike_fidelity.comparison import fidelity as distances
from ..analyses.spike_fidelity.decisions import accuracy_kept
from ..models import describe
from ..models.times import whole_steps
from .continuous import load_its_task, load_network
from .evaluating import EvaluationError, check_task, first_trials
from .network_config import NetworkConfig
from .protocols.fidelity import fidelity_runs
from .provenance import of_network_study
from .robustness import chosen_sweeps
from .scoring import decisions
from .sweeps import sweeps

# Finer steps by default: the network's own over these.
FACTORS = (2, 8)


@dataclass(frozen=True)
class FidelityConfig(NetworkConfig):
    """Everything that decides the result of the study.

    Parameters
    ----------
    network, kind, task, data, device
        As in `NetworkConfig`.
    dts : tuple of float or None
        Finer simulation steps (s); by default a half and an eighth of the network's own.
    perturbations : tuple of str or None
        Names of `PERTURBATIONS`; by default all that the network can have; empty for none.
    start : {"zero", "random"}
        As in `evaluate`; a random start is drawn anew for each seed.
    seeds : int
        Of what is drawn.
    trials : int or None
        The first so many test trials; None for all.
    window : float or None
        Of coincidences (s); by default spikes coincide in the same decision step.
    tau : float
        Of the van Rossum distance (s).
    cost : float
        Of the Victor–Purpura distance (Hz).
    resamples : int
        Of the bootstrap over trials.
    workers : int
        Processes of ``cpp_standalone``.
    """

    study: ClassVar[str] = "fidelity"

    device: str = "numpy"
    dts: tuple[float, ...] | None = None
    perturbations: tuple[str, ...] | None = None
    start: str = "zero"
    seeds: int = 1
    trials: int | None = 20
    window: float | None = None
    tau: float = 0.02
    cost: float = 100.0
    resamples: int = 2000
    workers: int = 1


def run(config, *, report=print):
    """Compare the twin with Brian2, finer steps and perturbations on the test set.

    Parameters
    ----------
    config : FidelityConfig
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        That of `fidelity`, with provenance.
    """
    began = time.perf_counter()
    net = load_network(config, report)
    task = load_its_task(config, net)
    report(f"data: {task.source}")
    names = ("device", "dts", "perturbations", "start", "seeds", "trials", "window", "tau", "cost")
    options = {name: getattr(config, name) for name in (*names, "resamples", "workers")}
    result = fidelity(net, task, **options, report=report)
    result.attrs |= of_network_study("fidelity", config, task, began)
    return result


def fidelity(
    net,
    task,
    *,
    device="numpy",
    dts=None,
    perturbations=None,
    start="zero",
    seeds=1,
    trials=None,
    window=None,
    tau=0.02,
    cost=100.0,
    resamples=2000,
    workers=1,
    report=lambda line: None,
):
    """Distances between the twin of a network and other runs of it, and what they decide.

    Parameters
    ----------
    net : brian2.Network
        With a readout and a dt_ref.
    task : Task
    device, dts, perturbations, start, seeds, trials, window, tau, cost, resamples, workers
        As in `FidelityConfig`.
    report : callable

    Returns
    -------
    xarray.Dataset
        On ``run``: what `analyses.fidelity_summary` says of each layer, and `analyses.accuracy_kept` of the decisions,
        each with intervals over trials; coordinates ``run_kind``, ``run_strength``, ``run_unit``, ``run_text``,
        ``run_seed``. Attributes: ``left_out`` (JSON: perturbations that this network cannot have, with the reason),
        window (s), coincide (in words), tau (s), cost (Hz), device, start, trials, dt, dt_ref (s).

    Raises
    ------
    EvaluationError
        The network does not fit the task; an unknown perturbation, or one that was named and that this network cannot
        have; numbers out of range. All strengths are tried before anything runs.
    ValueError
        A finer step that does not divide the network's own.
    """
    single = describe(net, namespace={})
    check_task(single, task, start, seeds if start == "random" else 1)
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise EvaluationError(f"fidelity: seeds must be a whole number >= 1, got {seeds!r}")
    test = first_trials(task.test, trials, "trials")
    dts = [single.dt / f for f in FACTORS] if dts is None else sorted(map(float, dts), reverse=True)
    for dt in dts:
        whole_steps(single.dt, dt, "the network's own dt")
    chosen, left_out = {}, {}
    if perturbations is None or len(perturbations):
        chosen, left_out = chosen_sweeps(
            sweeps(single), single, perturbations, report=report, where="fidelity"
        )
    runs = fidelity_runs(
        net,
        test.stimulus,
        sweeps=chosen,
        dts=dts,
        device=device,
        start=start,
        seeds=seeds,
        workers=workers,
        report=report,
    )
    rows, made = [], []
    for reference, other in runs:
        options = {"resamples": resamples, "seed": 0}
        found = distances(
            reference.simulation, other.simulation, window=window, tau=tau, cost=cost, **options
        )
        decided = [decisions(r.scores, test) for r in (reference, other)]
        kept = accuracy_kept(*decided, test.label, mask=test.labelled, **options)
        rows.append(xr.merge([_of_layers(found), kept], combine_attrs="drop_conflicts"))
        made.append(other)
    choices = {name: found.attrs[name] for name in ("window", "coincide", "tau", "cost")}
    result = xr.concat(rows, "run", combine_attrs="override").assign_coords(_coordinates(made))
    result.attrs = {}
    labels = test.label.values[test.labelled.values]
    result["accuracy_commonest"] = (
        (),
        np.bincount(labels).max() / len(labels),
        {"units": "1", "long_name": "share of the commonest class"},
    )
    return result.assign_attrs(
        choices,
        device=device,
        start=start,
        trials=test.sizes["trial"],
        dt=single.dt,
        dt_ref=float(single.annotations.dt_ref),
        left_out=json.dumps(left_out),
    )


def _of_layers(found):
    """The part of a comparison that is not of single trains."""
    names = [name for name in found.data_vars if "unit" not in found[name].dims]
    return found[names]


def _coordinates(made):
    return {
        "run_kind": ("run", [r.kind for r in made], {"units": "1", "long_name": "what was run"}),
        "run_strength": ("run", [float(r.strength) for r in made], {"units": "1", "long_name": "strength"}),
        "run_unit": ("run", [r.unit for r in made], {"units": "1", "long_name": "unit of the strength"}),
        "run_text": ("run", [r.text for r in made], {"units": "1", "long_name": "what the strength is"}),
        "run_seed": ("run", [r.seed for r in made], {"units": "1", "long_name": "seed"}),
    }
