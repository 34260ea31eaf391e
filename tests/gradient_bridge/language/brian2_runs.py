"""What Brian2's numpy target makes of a network of the suite: every spike and every variable, run by run."""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass

import numpy as np
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
        self.case, self._apart = case, {}
        gc.collect()  # objects of earlier networks would change the names of new ones, and draws follow names
        with brian2_settings(case):
            np.random.seed(1)  # noqa: NPY002  Brian2's own stream
            self.net = case.build()
            self.objects = {o.name: o for o in _get_all_objects(self.net.objects)}
            self.sizes = {n: len(o) for n, o in self.objects.items() if isinstance(o, GROUPS)}
            self.monitors = {n: SpikeMonitor(self.objects[n]) for n in self.sizes if spikes(self.objects[n])}
            names = self.recorded() if case.traced else {}
            self.traces = {n: trace(self.objects[n], vs) for n, vs in names.items()}
            self.net.add(*self.monitors.values(), *self.traces.values())
            np.random.seed(seed)  # noqa: NPY002
            self.runs = []
            for number, duration in enumerate(case.runs):
                self.net.store(str(number))
                self.runs.append(self._run(duration))

    def _run(self, duration):
        before, start = np.random.get_state(), self.variables()  # noqa: NPY002
        counts = {name: len(monitor.i) for name, monitor in self.monitors.items()}
        lengths = {name: len(monitor.t) for name, monitor in self.traces.items()}
        first = {name: self.timestep(name) for name in self.sizes}
        self.net.run(duration * second, namespace=dict(self.case.namespace))
        events = {}
        for name, monitor in self.monitors.items():
            step = np.round(np.array(monitor.t)[counts[name] :] / float(self.objects[name].clock.dt_))
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
                for name, monitor in self.traces.items()
            },
        )

    def again(self, change):
        """All runs once more, from a state that ``change(objects)`` has changed; a list of `Run`."""
        with brian2_settings(self.case):
            self.go_to(0)
            change(self.objects)
            return [self._run(duration) for duration in self.case.runs]

    def apart(self, keys, trials):
        """The first run from other states, on the same random numbers.

        Parameters
        ----------
        keys : frozenset of str
            ``group.variable`` of what may be changed.
        trials : int

        Returns
        -------
        initial : dict of str to dict of str to ndarray, shape (trial, neuron)
            The first trial begins as the network does.
        runs : list of Run
        """
        if (keys, trials) in self._apart:
            return self._apart[keys, trials]
        rng, initial = np.random.default_rng(5), {}
        for owner, names in self.arrays().items():
            for name, variable in names.items():
                here = self.runs[0].start[owner][name]
                if f"{owner}.{name}" in keys and apt(variable, here):
                    factors = np.ones((trials, len(here)))
                    factors[1:] += rng.uniform(-0.03, 0.03, (trials - 1, len(here)))
                    initial.setdefault(owner, {})[name] = (here * factors).astype(here.dtype)
        runs = self.runs[:1]
        for trial in range(1, trials):
            self.go_to(0)
            for owner, names in initial.items():
                for name, rows in names.items():
                    self.objects[owner].variables[name].set_value(rows[trial])
            runs.append(self._run(self.case.runs[0]))
        self._apart[keys, trials] = initial, runs
        return initial, runs

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
                    and name == variable.name  # a linked variable has a name of its own
                    and not name.startswith("_")
                    and getattr(variable.owner, "name", None) == owner
                }
        return found

    def variables(self):
        """Present values of all that `arrays` names."""
        return {o: {n: np.array(v.get_value()) for n, v in vs.items()} for o, vs in self.arrays().items()}

    def recorded(self, program=None):
        """Names, by owner, of what can change in a run; with a twin's program those that its statements touch."""
        found = {}
        for owner, variables in self.arrays().items():
            names = [
                name
                for name, variable in variables.items()
                if (name in EVENTS or not (variable.read_only or variable.constant))
                and np.size(variable.get_value())
                and (program is None or f"{owner}.{name}" in program.arrays)
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


def apt(variable, here):
    """Whether the trials can begin with other values of a variable of a group."""
    return (
        isinstance(variable.owner, NeuronGroup)
        and not (variable.read_only or variable.constant or variable.scalar)
        and here.dtype.kind == "f"
        and np.isfinite(here).all()
    )


def spikes(group):
    """Whether a group emits spikes, and not only events of other names."""
    return not isinstance(group, NeuronGroup) or "spike" in group.thresholder


def trace(obj, names):
    """A monitor that reads after everything else in the slot ``start``."""
    return StateMonitor(obj, names, record=True, order=LAST)


def values(monitor, name):
    """A copy of a trace, shape (time, element)."""
    return np.array(getattr(monitor, f"{name}_")).T
