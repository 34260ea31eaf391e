"""A twin held against Brian2's numpy target: every spike of every group and every variable, to the bit."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass

import numpy as np
import torch
from brian2 import (
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    prefs,
    second,
)
from brian2.core.network import _get_all_objects
from brian2.core.variables import ArrayVariable

from chronaxie.gradient_bridge import Twin

from .cases import QUIET

SEED = 20
GROUPS = (NeuronGroup, PoissonGroup, SpikeGeneratorGroup)
LAST = 10**6  # order of the traces: after all other objects of their slot
EVENTS = ("lastspike", "not_refractory")  # read-only, and yet they change


@dataclass(frozen=True)
class Run:
    """What Brian2 says about one call of ``run``.

    Attributes
    ----------
    duration : float
        Seconds.
    before, after : tuple
        State of numpy's stream of random numbers.
    steps : dict of str to int
        Steps of each group's clock.
    spikes : dict of str to (ndarray of step, ndarray of neuron)
    start, final : dict of str to dict of str to ndarray
        Every variable before and after.
    traces : dict of str to dict of str to ndarray, shape (time, element)
    """

    duration: float
    before: tuple
    after: tuple
    steps: dict
    spikes: dict
    start: dict
    final: dict
    traces: dict


class Reference:
    """A network of the suite, run by Brian2, with its state before each run.

    Parameters
    ----------
    case : Case
    seed : int
        Of numpy's stream when the first run begins.
    """

    def __init__(self, case, *, seed=SEED):
        self.case = case
        gc.collect()  # objects of earlier networks would change the names of new ones, and draws follow names
        with brian2_settings(case):
            np.random.seed(1)  # noqa: NPY002  Brian2's own stream
            self.net = case.build()
            self.objects = {o.name: o for o in _get_all_objects(self.net.objects)}
            self.sizes = {n: len(o) for n, o in self.objects.items() if isinstance(o, GROUPS)}
            monitors = {n: SpikeMonitor(self.objects[n]) for n in self.sizes if spikes(self.objects[n])}
            traces = {n: trace(self.objects[n], v) for n, v in self.recorded().items()} if case.traced else {}
            self.net.add(*monitors.values(), *traces.values())
            np.random.seed(seed)  # noqa: NPY002
            self.runs = [
                self._run(number, duration, monitors, traces) for number, duration in enumerate(case.runs)
            ]

    def _run(self, number, duration, monitors, traces):
        self.net.store(str(number))
        before, start = np.random.get_state(), self.variables()  # noqa: NPY002
        counts = {name: len(monitor.i) for name, monitor in monitors.items()}
        lengths = {name: len(monitor.t) for name, monitor in traces.items()}
        first = {name: self.timestep(name) for name in self.sizes}
        self.net.run(duration * second, namespace=dict(self.case.namespace))
        events = {}
        for name, monitor in monitors.items():
            step = np.round(np.asarray(monitor.t)[counts[name] :] / float(self.objects[name].clock.dt_))
            events[name] = step.astype(int) - first[name], np.array(monitor.i)[counts[name] :]
        return Run(
            duration=duration,
            before=before,
            after=np.random.get_state(),  # noqa: NPY002
            steps={name: self.timestep(name) - first[name] for name in self.sizes},
            spikes=events,
            start=start,
            final=self.variables(),
            traces={
                name: {v: values(monitor, v)[lengths[name] :] for v in monitor.record_variables}
                for name, monitor in traces.items()
            },
        )

    def timestep(self, name):
        """Steps that the clock of a group has made."""
        return int(self.objects[name].clock.variables["timestep"].get_value()[0])

    def arrays(self):
        """owner -> name -> variable: what a user can see of groups and synapses."""
        found = {}
        for owner, obj in self.objects.items():
            if isinstance(obj, (*GROUPS, Synapses)):
                found[owner] = {
                    name: variable
                    for name, variable in obj.variables.items()
                    if isinstance(variable, ArrayVariable)
                    and not name.startswith("_")
                    and getattr(variable.owner, "name", None) == owner
                }
        return found

    def variables(self):
        """Present values of all that `arrays` names."""
        return {o: {n: np.array(v.get_value()) for n, v in vs.items()} for o, vs in self.arrays().items()}

    def recorded(self):
        """Names, by owner, of what can change in a run."""
        found = {}
        for owner, variables in self.arrays().items():
            names = [
                name
                for name, variable in variables.items()
                if (name in EVENTS or not (variable.read_only or variable.constant))
                and np.size(variable.get_value())
            ]
            if names:
                found[owner] = names
        return found

    def go_to(self, number):
        """Bring the network and numpy's stream to where run `number` began."""
        self.net.restore(str(number))
        np.random.set_state(self.runs[number].before)  # noqa: NPY002

    def neuron_steps(self, run):
        """Cells times steps of one run."""
        return sum(run.steps[name] * size for name, size in self.sizes.items())

    def twin(self, make=Twin, **options):
        """A twin of the network as it is now."""
        return make(self.net, namespace=dict(self.case.namespace), **{**self.case.options, **options})


@contextlib.contextmanager
def brian2_settings(case):
    """Brian2's numpy target, the case's step and type meanwhile."""
    before = prefs.codegen.target, prefs.core.default_float_dtype, defaultclock.dt
    prefs.codegen.target, prefs.core.default_float_dtype = "numpy", np.dtype(case.dtype).type
    defaultclock.dt = case.dt * second
    try:
        yield
    finally:
        prefs.codegen.target, prefs.core.default_float_dtype, defaultclock.dt = before


def spikes(group):
    """Whether a group emits spikes, and not only events of other names."""
    return not isinstance(group, NeuronGroup) or "spike" in group.thresholder


def trace(obj, names):
    """A monitor that reads after everything else in the slot ``start``."""
    return StateMonitor(obj, names, record=True, order=LAST)


def values(monitor, name):
    """A trace, shape (time, element)."""
    return np.asarray(getattr(monitor, f"{name}_")).T


def same(ours, theirs):
    """Where two arrays hold the same bits; not a number is equal to itself."""
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    equal = (ours == theirs) & (np.signbit(ours) == np.signbit(theirs))
    return equal | (np.isnan(ours) & np.isnan(theirs))


def differences(recording, reference, run, *, trial=0):
    """Number of elements in which one trial of a twin differs from Brian2, by name; empty where none does."""
    wrong = {}

    def note(name, ours, theirs):
        theirs = np.asarray(theirs)
        ours = np.asarray(ours).reshape(-1) if theirs.ndim == 1 else np.asarray(ours)
        if ours.shape != theirs.shape and ours.shape[-1:] == (1,):
            # Brian2's trace repeats a shared value for each element
            ours = np.broadcast_to(ours, theirs.shape)
        if ours.shape != theirs.shape:
            wrong[name] = f"shape {ours.shape}, Brian2 has {theirs.shape}"
        elif count := int((~same(ours, theirs)).sum()):
            wrong[name] = count

    for name, (step, neuron) in run.spikes.items():
        if name not in recording.spikes:
            wrong[f"spikes of {name}"] = "missing"
            continue
        ours = recording.spikes[name].detach()[trial]
        if tuple(ours.shape) != (run.steps[name], reference.sizes[name]):
            wrong[f"spikes of {name}"] = f"shape {tuple(ours.shape)}, Brian2 has {run.steps[name]} steps"
            continue
        fired = np.flatnonzero(ours.numpy())
        count = len(np.setxor1d(fired, step * reference.sizes[name] + neuron))
        if count:
            wrong[f"spikes of {name}"] = count
    arrays = reference.arrays()
    for owner, names in run.final.items():
        for name, theirs in names.items():
            ours = recording.final.get(owner, {}).get(name)
            if ours is not None:
                ours = ours.detach()
                note(f"{owner}.{name} at the end", ours[trial] if ours.ndim == 2 else ours, theirs)
            elif not (arrays[owner][name].read_only and same(theirs, run.start[owner][name]).all()):
                wrong[f"{owner}.{name} at the end"] = "missing"
    for owner, names in run.traces.items():
        for name, theirs in names.items():
            note(f"{owner}.{name}", recording.states[owner][name].detach()[trial], theirs)
    return wrong


def same_stream(one, other):
    """Whether two states of numpy's stream of random numbers are the same."""
    return one[0] == other[0] and np.array_equal(one[1], other[1]) and one[2:] == other[2:]


def check_not_trivial(reference):
    """A comparison means something where cells fire (or values move) and no spike is lost in the sums."""
    case = reference.case
    fired = sum(len(step) for run in reference.runs for step, _ in run.spikes.values())
    if case.minimum:
        assert fired >= case.minimum, f"{case.name}: {fired} spikes, the network proves nothing"
    else:
        assert QUIET in case.tags
    first, last = reference.runs[0].start, reference.runs[-1].final
    moved = [o for o, vs in last.items() for n, v in vs.items() if not same(v, first[o][n]).all()]
    assert moved, f"{case.name}: nothing changes in {sum(case.runs)} s"


def compare_plain(reference, make=Twin, **options):
    """Without gradients, run after run, the state taken over by `pull`; returns the number of neuron-steps."""
    with brian2_settings(reference.case), torch.no_grad():
        reference.go_to(0)
        twin = reference.twin(make, **options)
        for number, run in enumerate(reference.runs):
            reference.go_to(number)
            if number:
                twin.pull()
            recording = twin(duration=run.duration, record=run.traces and reference.recorded())
            after = np.random.get_state()  # noqa: NPY002
            wrong = differences(recording, reference, run)
            assert not wrong, f"{reference.case.name}, run {number}, elements that differ: {wrong}"
            assert same_stream(after, run.after), (
                f"{reference.case.name}, run {number}: the twin drew other random numbers than Brian2"
            )
    return sum(map(reference.neuron_steps, reference.runs))


def compare_anew(reference, make=Twin, **options):
    """A new twin of the network where its last run begins: all state and spikes under way are taken over."""
    last = len(reference.runs) - 1
    run = reference.runs[last]
    with brian2_settings(reference.case), torch.no_grad():
        reference.go_to(last)
        twin = reference.twin(make, **options)
        reference.go_to(last)
        recording = twin(duration=run.duration, record=run.traces and reference.recorded())
        wrong = differences(recording, reference, run)
    assert not wrong, f"{reference.case.name}, a network that has run, elements that differ: {wrong}"
    return reference.neuron_steps(run)


def compare_with_gradients(reference, make=Twin, *, numbers=(1, 3), **options):
    """The first run in the form that carries gradients, in one and in several trials.

    Then a loss of everything is differentiated. Returns the number of neuron-steps.
    """
    case, run = reference.case, reference.runs[0]
    with brian2_settings(case):
        reference.go_to(0)
        twin = reference.twin(make, trainable=case.trainable, **options)
        for trials in numbers:
            reference.go_to(0)
            twin.zero_grad()
            recording = twin(duration=run.duration, trials=trials, record=run.traces and reference.recorded())
            for trial in range(trials):
                wrong = differences(recording, reference, run, trial=trial)
                assert not wrong, f"{case.name}, trial {trial} of {trials}, elements that differ: {wrong}"
            check_gradients(twin, recording, case)
    return sum(numbers) * reference.neuron_steps(run)


def check_gradients(twin, recording, case):
    """Every gradient of a loss of all spikes and final values is finite, and not all of them are zero."""
    loss, rng = 0.0, np.random.default_rng(0)
    parts = [*recording.spikes.values(), *(v for vs in recording.final.values() for v in vs.values())]
    for part in parts:
        if part.requires_grad and part.numel():
            weights = torch.from_numpy(rng.uniform(0.5, 1.5, tuple(part.shape))).to(part.dtype)
            loss = loss + (torch.where(torch.isfinite(part), part, 0) * weights).sum()
    assert isinstance(loss, torch.Tensor), f"{case.name}: no spike and no value carries a gradient"
    loss.backward()
    grads = {name: p.grad for name, p in twin.named_parameters()}
    assert grads, f"{case.name}: nothing is trained"
    missing = [name for name, grad in grads.items() if grad is None]
    assert not missing, f"{case.name}: no gradient at all for {missing}"
    broken = [name for name, grad in grads.items() if not torch.isfinite(grad).all()]
    assert not broken, f"{case.name}: gradients that are not finite: {broken}"
    assert any(grad.abs().sum() > 0 for grad in grads.values()), f"{case.name}: every gradient is zero"
