"""Study `continuous`: a trained network at finer and finer dt, with its physical step and without; and single neurons.

One question: is what was trained in steps of dt_ref a network in continuous time? With the refractory period and the
recurrent delay of dt_ref that the step hides it is; as the step reads it is another network at every dt.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import xarray as xr

from .. import analyses
from ..models import Simulation, describe, load, load_published, readout_scores, start_states
from ..models.building import with_dt
from ..models.description import NeuronGroupDescription
from ..models.recordings import spiking
from ..models.times import whole_steps
from .about import read_about
from .convergence import spike_times, traces
from .evaluating import EvaluationError, check_task, first_trials, start_of
from .network_config import NetworkConfig
from .provenance import of_network_study
from .scoring import accuracies, decisions
from .tasks import load_task, reads_data

FACTORS = (1, 2, 4, 8, 16, 40)  # 4, 2, 1, 0.5, 0.25, 0.1 ms of a network trained at 4 ms
# Neuron-steps that are simulated together, so that the spikes of a network that fires in every step fit into 2 GB.
LARGEST = 1e8
PHYSICAL, BARE = "with the physical step", "as the step reads"


@dataclass(frozen=True)
class ContinuousConfig(NetworkConfig):
    """Everything that decides the result of the study.

    Parameters
    ----------
    network, kind, task, data, device
        As in `NetworkConfig`.
    dts : tuple of float or None
        Simulation steps (s), each a divisor of dt_ref; the network's own, as a rule dt_ref, is added where it lacks. By
        default that over 1, 2, 4, 8, 16 and 40.
    start : {"zero", "random"}
        As in `evaluate`.
    seeds : int
        Random starts.
    trials : int or None
        The first so many test trials.
    bare : bool
        Also simulate the network as the step reads.
    neurons : bool
        Also measure the convergence of single neurons.
    workers : int
        Processes of ``cpp_standalone``.
    """

    study: ClassVar[str] = "continuous"

    dts: tuple[float, ...] | None = None
    start: str = "zero"
    seeds: int = 1
    trials: int | None = None
    bare: bool = True
    neurons: bool = True
    workers: int = 1

    def __post_init__(self):
        super().__post_init__()
        if self.start != "random" and self.seeds > 1:
            raise ValueError(
                f"continuous: a {self.start} start has no seed, got seeds = {self.seeds}; use start=random"
            )


def run(config, *, report=print):
    """Simulate the test set at every dt, and single neurons.

    Parameters
    ----------
    config : ContinuousConfig
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        That of `steps`, `convergence.traces` and `convergence.spike_times`, what `analyses` says of them, provenance.
    """
    began = time.perf_counter()
    net = load_network(config, report)
    task = load_its_task(config, net)
    report(f"data: {task.source}")
    found = steps(
        describe(net, namespace={}),
        task,
        device=config.device,
        dts=config.dts,
        start=config.start,
        seeds=config.seeds,
        trials=config.trials,
        bare=config.bare,
        workers=config.workers,
        report=report,
    )
    parts = [found]
    if config.neurons:
        report("single neurons: convergence of traces and of spike times")
        parts += [traces(), spike_times()]
    result = xr.merge(parts, compat="no_conflicts", combine_attrs="drop_conflicts")
    found = [analyses.step_deviations(result)] + (
        [analyses.convergence_orders(result)] if config.neurons else []
    )
    result = xr.merge([result, *found], compat="no_conflicts", combine_attrs="drop_conflicts")
    result.attrs |= of_network_study("continuous", config, task, began)
    return result


def steps(
    description,
    task,
    *,
    device="numpy",
    dts=None,
    start="zero",
    seeds=1,
    trials=None,
    bare=True,
    workers=1,
    report=lambda line: None,
):
    """Accuracy and rates of a network on a test set at each simulation step.

    Parameters
    ----------
    description : NetworkDescription
        With a readout and a dt_ref.
    task : Task
    device, dts, start, seeds, trials, bare, workers
        As in `ContinuousConfig`.
    report : callable

    Returns
    -------
    xarray.Dataset
        On ``variant``, ``dt`` (ms), ``seed``: ``step_accuracy``, ``step_balanced_accuracy`` over what is labelled,
        ``step_accuracy_yin`` in the papers' convention where the task has it, ``step_run_time`` (s); with
        ``step_layer``: ``step_rate`` (Hz) and ``step_aligned``, the share of the spikes that fall into the first step
        of a dt_ref. On ``variant``, ``dt``: ``step_build_time`` (s). ``step_majority``: share of the commonest class
        of what is labelled. Attributes: ``own_dt``, ``dt_ref`` (s), device, start, trials. Whatever the network draws
        while it runs is the same in each call, and for each start.

    Raises
    ------
    EvaluationError
        The network does not fit the task; dt that does not divide dt_ref; numbers out of range.
    """
    check_task(description, task, start, seeds)
    dt_ref = float(description.annotations.dt_ref)
    dts = _steps_of(dts, description.dt, dt_ref)
    test = first_trials(task.test, trials, "trials")
    variants = {PHYSICAL: description}
    if bare:
        variants[BARE] = as_the_step_reads(description)
    states = [
        start_states(description, start_of(description, start, k), test.sizes["trial"]) for k in range(seeds)
    ]
    layers = [g.name for g in description.groups if isinstance(g, NeuronGroupDescription) and spiking(g)]
    rows = {}
    for variant, network in variants.items():
        for dt in dts:
            report(f"{variant}, dt = {dt * 1e3:.6g} ms: {test.sizes['trial']} trials")
            options = {"states": states, "layers": layers, "device": device, "workers": workers}
            rows[variant, dt] = _at(network, test, task, dt, **options)
    labels = test.label.values[test.labelled.values]
    found = _dataset(rows, list(variants), dts, layers, seeds)
    found["step_majority"] = (
        (),
        np.bincount(labels).max() / len(labels),
        {"units": "1", "long_name": "share of the commonest class of what is labelled"},
    )
    return found.assign_attrs(
        device=device, start=start, trials=test.sizes["trial"], dt_ref=dt_ref, own_dt=description.dt
    )


def as_the_step_reads(description, *, refractory=True, delays=True):
    """Return a network without what the step of a recursion hides: the refractory period and the delay of dt_ref.

    A neuron may then emit a spike in every step of the simulation, and recurrent spikes arrive in the next one, as
    ``s[t]`` and ``s[t-1]`` read. At dt = dt_ref it is the same network.

    Parameters
    ----------
    description : NetworkDescription
    refractory, delays : bool
        Which of the two is taken away; the other stays.

    Raises
    ------
    EvaluationError
        The network has not what is to be taken away.
    """
    notes = description.annotations
    dt_ref = float(notes.dt_ref)
    # At dt_ref the slot contributes the whole delay; without the annotation it is that of the slot at every dt.
    description = with_dt(description, dt_ref)
    bare = [
        g.name
        for g in description.groups
        if isinstance(g, NeuronGroupDescription) and g.refractory in ("dt_ref", dt_ref)
    ]
    if not (refractory and bare) and not (delays and notes.step_delays):
        raise EvaluationError(
            "the network has neither a refractory period of dt_ref nor a delay that its schedule shares: it has no "
            "step to read; leave that variant out (--no-bare)"
        )
    for name in bare if refractory else ():
        description = description.replace_group(replace(description.group(name), refractory=None))
    return replace(description, annotations=replace(notes, step_delays=())) if delays else description


# ------------------------------------------------------------------ network and task
def load_network(config, report):
    """The network of a file: one of ours, or a published one."""
    path = Path(config.network)
    if path.suffix != ".npz":
        if config.kind is not None:
            raise EvaluationError(f"{path}: a network file has no kind; leave --kind {config.kind} out")
        return load(path)
    if config.kind is None:
        raise EvaluationError(f"{path}: name the kind of the published network, e.g. --kind ecg")
    return load_published(path, kind=config.kind, report=report)


def load_its_task(config, net):
    """The task that was asked for, else that of the network with the options of its training."""
    about = read_about(net, config.network)
    name = config.task or about.task
    if not name:
        raise EvaluationError(f"{config.network}: the file names no task; give --task, e.g. --task ecg")
    own = about.task == name
    options = about.options if own else {}
    if config.data is not None and reads_data(name):
        options = options | {"data": config.data}
    return load_task(name, seed=(about.seed or 0) if own else 0, **options)


def _steps_of(dts, own, dt_ref):
    """The simulation steps (s), the network's own among them, checked, coarsest first and each once."""
    dts = [own / f for f in FACTORS] if dts is None else [float(dt) for dt in dts]
    for dt in dts:
        whole_steps(dt_ref, dt, "dt_ref")
    return sorted({own, *dts}, reverse=True)


# ------------------------------------------------------------------ one step
def _at(description, test, task, dt, *, states, layers, device, workers):
    """Numbers of each start (a list of dicts), and the time of the build."""
    trials, neurons = test.sizes["trial"], sum(g.size for g in description.groups)
    duration = test.sizes["time"] * float(description.annotations.dt_ref)
    together = max(1, int(LARGEST / (neurons * duration / dt)))
    scores, build = [[] for _ in states], 0.0
    run_time, spikes = np.zeros(len(states)), np.zeros((len(states), len(layers)))
    aligned = np.zeros_like(spikes)
    for first in range(0, trials, together):
        part = slice(first, first + together)
        # Each part draws numbers of its own; jitter of inputs follows the trials' own numbers.
        seed = int(np.random.SeedSequence(first).generate_state(1)[0])
        options = {"dt": dt, "device": device, "workers": workers, "seed": seed, "namespace": {}}
        with Simulation(description, test.stimulus[part], **options) as simulation:
            for k, start in enumerate(states):
                initial = {g: {name: v[part] for name, v in values.items()} for g, values in start.items()}
                ds = simulation.run(initial=initial, progress=False)
                scores[k].append(readout_scores(ds))
                run_time[k] += ds.attrs["run_time_s"]
                spikes[k] += [ds.sizes[f"{g}_spike"] for g in layers]
                aligned[k] += [_first_steps(ds, g, dt) for g in layers]
            build += simulation.build_time_s
    rows = []
    for k in range(len(states)):
        decided = decisions(np.concatenate(scores[k]), test)
        found = accuracies(decided, test, unlabelled_class=task.unlabelled_class)
        row = {f"step_{name}": value for name, (value, _) in found.items()}
        row["step_run_time"] = run_time[k]
        row["step_rate"] = spikes[k] / ([description.size(g) for g in layers] * np.array(trials * duration))
        row["step_aligned"] = np.divide(
            aligned[k], spikes[k], out=np.full(len(layers), np.nan), where=spikes[k] > 0
        )
        rows.append(row)
    return rows, build


def _first_steps(ds, group, dt):
    """How many spikes of a group fall into the first step of a dt_ref."""
    steps = np.rint(ds[f"{group}_spike_time"].values / dt).astype(np.int64)
    return np.count_nonzero(steps % round(ds.attrs["dt_ref"] / dt) == 0)


_WHAT = {
    "step_accuracy": ("accuracy on what is labelled", "1"),
    "step_balanced_accuracy": ("mean recall over the classes", "1"),
    "step_accuracy_yin": ("accuracy in the papers' convention", "1"),
    "step_run_time": ("wall time of one run over all trials", "s"),
    "step_rate": ("mean firing rate", "Hz"),
    "step_aligned": ("share of the spikes that fall into the first step of a dt_ref", "1"),
}


def _dataset(rows, variants, dts, layers, seeds):
    dims = ("variant", "dt", "seed")
    found = {}
    for name in rows[variants[0], dts[0]][0][0]:
        values = np.array([[[row[name] for row in rows[v, dt][0]] for dt in dts] for v in variants])
        text, units = _WHAT[name]
        found[name] = (
            dims + ("step_layer",) * (values.ndim - 3),
            values,
            {"units": units, "long_name": text},
        )
    builds = np.array([[rows[v, dt][1] for dt in dts] for v in variants])
    found["step_build_time"] = (dims[:2], builds, {"units": "s", "long_name": "wall time of the build"})
    return xr.Dataset(
        found,
        coords={
            "variant": list(variants),
            "dt": ("dt", np.array(dts) * 1e3, {"units": "ms", "long_name": "simulation step"}),
            "seed": np.arange(seeds),
            "step_layer": layers,
        },
    )
