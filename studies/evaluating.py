"""Protocol: a network on the test set of a task, in the twin and in Brian2, from one start or several."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import xarray as xr
from tqdm import tqdm

from ..models import KINDS, Initial, Simulation, dense, describe, readout_scores, start_states
from .comparison import differences, run_twin
from .scoring import accuracies, decisions

STARTS = ("zero", "random", "given")
# Brian2 runs all trials side by side; this many synapses take about a gigabyte.
LARGEST = 20_000_000


class EvaluationError(ValueError):
    """A network and a task do not fit together, or an evaluation was asked for that means nothing."""


def evaluate(
    net,
    task,
    *,
    device="numpy",
    start="zero",
    seeds=1,
    trials=None,
    brian2_trials=None,
    dt=None,
    report=lambda line: None,
    progress=False,
):
    """Accuracy, spikes and run time of a network on a test set, by its float64 twin and by Brian2.

    Parameters
    ----------
    net : brian2.Network
        With a readout; its step is that of the task.
    task : Task
    device : {"numpy", "cython", "cpp_standalone"}
        Built once, run for each start.
    start : {"zero", "random", "given"}
        All state variables 0; the random start of the papers' code (`Initial`; for a published network that of
        its kind), drawn anew for each trial and seed; or the values that the network has, such as a membrane at rest.
    seeds : int
        Number of random starts, seeds 0, 1, …; the others have one.
    trials : int, optional
        The first so many test trials; all by default.
    brian2_trials : int, optional
        The first so many of these in Brian2; by default all, as far as they make no more than 20 million synapses.
    dt : float, optional
        Step of Brian2 (s); the network's own by default. At another step spikes are not compared.
    report : callable
        Takes a line of text about what is being done.
    progress : bool
        Show a bar for each run.

    Returns
    -------
    xarray.Dataset
        On ``seed``: ``accuracy_twin``, ``accuracy_brian2``, ``balanced_accuracy_…`` over what is labelled,
        ``accuracy_yin_…`` in the papers' convention where the task has it; ``mismatches`` of ``neuron_steps`` compared,
        ``membrane_difference`` (NaN at another step); ``rate_<group>`` (Hz), ``spikes_per_step_<group>``;
        ``time_twin_s``, ``time_brian2_s``. Attributes: ``builds``, ``time_build_s``, trials, device, start.

    Raises
    ------
    EvaluationError
        No readout, other classes or step than the task, seeds for a zero start, numbers out of range.
    StimulusError
        Another number of channels.
    """
    single = describe(net, namespace={})
    check_task(single, task, start, seeds)
    test = first_trials(task.test, trials, "trials")
    if brian2_trials is None:
        brian2_trials = _fitting(single, test.sizes["trial"], report)
    shown = first_trials(test, brian2_trials, "brian2_trials")
    readout, dt_ref = single.annotations.readout, float(single.annotations.dt_ref)
    same_step = dt is None or np.isclose(dt, single.dt, rtol=1e-9)
    starts = [start_of(single, start, seed) for seed in range(seeds)]
    simulated = []
    # Brian2 first, for all starts: while a simulation is open, its device is the active one.
    with Simulation(net, shown.stimulus, dt=dt, device=device, namespace={}) as simulation:
        for initial in starts:
            report(f"{start} start, seed {initial.seed}: Brian2 ({device}), {shown.sizes['trial']} trials")
            simulated.append(
                simulation.run(initial=initial, progress=progress and device != "cpp_standalone")
            )
        builds, build_time = simulation.builds, simulation.build_time_s
    rows = []
    for initial, ds in zip(starts, simulated, strict=True):
        report(f"{start} start, seed {initial.seed}: twin, {test.sizes['trial']} trials")
        states = start_states(single, initial, test.sizes["trial"])
        began = time.perf_counter()
        with tqdm(total=test.sizes["trial"], unit="trial", disable=not progress) as bar:
            run = run_twin(
                net,
                test.stimulus,
                initial=states,
                keep=shown.sizes["trial"],
                report=lambda done, _, bar=bar: bar.update(done - bar.n),
            )
        row = {"time_twin_s": time.perf_counter() - began, "time_brian2_s": ds.attrs["run_time_s"]}
        for where, scores, split in (("twin", run.scores, test), ("brian2", readout_scores(ds), shown)):
            found = accuracies(decisions(scores, split), split, unlabelled_class=task.unlabelled_class)
            row |= {f"{name}_{where}": value for name, (value, _) in found.items()}
        row |= _compared(run, ds, readout, shown.sizes["trial"]) if same_step else _NOT_COMPARED
        row |= _rates(ds, list(run.spikes), dt_ref)
        rows.append(row)
    return _dataset(
        rows,
        {
            "task": task.name,
            "device": device,
            "start": start,
            "seeds": seeds,
            "trials": test.sizes["trial"],
            "brian2_trials": shown.sizes["trial"],
            "dt": single.dt if dt is None else float(dt),
            "dt_ref": dt_ref,
            "builds": builds,
            "time_build_s": build_time,
        },
    )


def flat(ds):
    """Means over the seeds, by name, as plain numbers: what ``chronaxie evaluate --json`` prints.

    Returns
    -------
    dict of str to float, int, str or None
        ``mismatches`` and ``neuron_steps`` are sums; ``…_sd`` the standard deviation of an accuracy over the seeds
        (ddof = 1; only where there are several); None where nothing was compared.
    """
    out = dict(ds.attrs)
    for name, values in ds.data_vars.items():
        values = values.values
        if name in ("mismatches", "neuron_steps"):
            out[name] = None if np.isnan(values).any() else int(values.sum())
            continue
        out[name] = None if np.isnan(values).any() else float(values.mean())
        if "accuracy" in name and len(values) > 1:
            out[f"{name}_sd"] = float(values.std(ddof=1))
    return out


def _fitting(single, trials, report):
    """How many trials Brian2 can run side by side."""
    synapses = sum(len(s.pre) for s in single.synapses)
    fitting = max(1, min(trials, LARGEST // max(synapses, 1)))
    if fitting < trials:
        report(
            f"Brian2 runs the first {fitting} of {trials} trials ({synapses} synapses each); brian2_trials "
            "(--brian2-trials) asks for another number"
        )
    return fitting


def start_of(description, start, seed):
    """The `Initial` of a start, one of `STARTS`: the random one of a published network is that of its kind."""
    if start != "random":
        return Initial(start)
    kind = description.annotations.about.get("kind")
    return replace(KINDS[kind].start if kind in KINDS else Initial("random"), seed=seed)


def check_task(single, task, start, seeds):
    """Raise EvaluationError unless a described network can be tested on a task from such starts."""
    notes = single.annotations
    if notes.readout is None or notes.dt_ref is None:
        raise EvaluationError(
            "evaluate: the network has no readout or no dt_ref; annotate(net, dt_ref=…, readout=Readout(…))"
        )
    if start not in STARTS:
        raise EvaluationError(f"evaluate: start must be one of {', '.join(STARTS)}, got {start!r}")
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise EvaluationError(f"evaluate: seeds must be a whole number >= 1, got {seeds!r}")
    if start != "random" and seeds > 1:
        raise EvaluationError(
            f"evaluate: a {start} start has no seed, got seeds = {seeds}; use start='random'"
        )
    outputs = single.size(notes.readout.group)
    if outputs != len(task.classes):
        raise EvaluationError(
            f"evaluate: the network has {outputs} outputs, the task {task.name!r} {len(task.classes)} classes "
            f"({', '.join(map(str, task.classes))}); give the task that the network was trained on"
        )
    if not np.isclose(float(notes.dt_ref), task.dt, rtol=1e-9):
        raise EvaluationError(
            f"evaluate: the network has a dt_ref of {float(notes.dt_ref):g} s, the task {task.name!r} steps of "
            f"{task.dt:g} s"
        )


def first_trials(split, count, name):
    """The first `count` trials of a split, all where it is None; EvaluationError where there are not so many."""
    if count is None:
        return split
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= split.sizes["trial"]:
        raise EvaluationError(
            f"evaluate: {name} must be a whole number from 1 to {split.sizes['trial']}, got {count!r}"
        )
    return split.isel(trial=slice(count))


_NOT_COMPARED = {
    "mismatches": np.nan,
    "neuron_steps": np.nan,
    "membrane_difference": np.nan,
}


def _compared(run, simulated, readout, count):
    found = differences(replace(run, trace=run.trace[:count]), simulated, readout=readout)
    return {
        "mismatches": float(found.spike_mismatches),
        "neuron_steps": float(found.spike_neuron_steps),
        "membrane_difference": float(found.membrane_difference),
    }


def _rates(simulated, groups, dt_ref):
    row = {}
    for group in groups:
        count = float(dense(simulated, group).mean()) / simulated.attrs["dt"]
        row |= {f"rate_{group}": count, f"spikes_per_step_{group}": count * dt_ref}
    return row


_WHAT = {
    "accuracy_yin": ("accuracy in the papers' convention", "1"),
    "balanced_accuracy": ("mean recall over the classes", "1"),
    "accuracy": ("accuracy on what is labelled", "1"),
    "mismatches": ("neuron-steps that differ between twin and Brian2", "1"),
    "neuron_steps": ("neuron-steps that were compared", "1"),
    "membrane_difference": ("largest difference of the readout between twin and Brian2", "1"),
    "rate": ("mean firing rate", "Hz"),
    "spikes_per_step": ("mean number of spikes per neuron and dt_ref", "1"),
    "time": ("wall time of one run over all trials", "s"),
}


def _dataset(rows, attrs):
    variables = {}
    for name in rows[0]:
        text, units = next(what for prefix, what in _WHAT.items() if name.startswith(prefix))
        variables[name] = (
            "seed",
            np.array([row[name] for row in rows], dtype=float),
            {"units": units, "long_name": text},
        )
    return xr.Dataset(variables, {"seed": np.arange(len(rows))}, attrs)
