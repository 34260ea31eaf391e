"""A random network in both: Brian2's numpy target and the twin, from one state and one seed."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import brian2
import numpy as np
import torch
from brian2 import SpikeMonitor, StateMonitor, ms, prefs
from brian2.core.base import BrianObjectException
from brian2.core.network import _get_all_objects
from brian2.core.variables import ArrayVariable
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.poissongroup import PoissonGroup
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.synapses.synapses import Synapses

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.reading import read

from .random_networks_build import build, namespace

SEED = 4711
LAST = 1000  # a twin reads its traces when all of the slot has run; a monitor's name would decide about its place there
WITH_SPIKES = (NeuronGroup, PoissonGroup, SpikeGeneratorGroup)
WITH_STATES = (NeuronGroup, PoissonGroup, Synapses)
TRACED = ("v", "u", "g", "q", "h", "w")


@dataclass
class Outcome:
    """One side: spikes (time, neuron) by group, traces (time, element) and final values by object.variable."""

    spikes: dict = field(default_factory=dict)
    traces: dict = field(default_factory=dict)
    final: dict = field(default_factory=dict)


@contextmanager
def float_type(float32):
    """Brian2's floating-point type, put back afterwards."""
    before = prefs.core.default_float_dtype
    if float32:
        prefs.core.default_float_dtype = np.float32
    try:
        yield
    finally:
        prefs.core.default_float_dtype = before


def differences(plan, *, make_twin=Twin, traced=TRACED, trainable=()):
    """Run both.

    Returns
    -------
    wrong : dict of str to int
        Number of differing elements by name; empty where both agree to the bit.
    spikes : int
        Spikes in Brian2.
    neuron_steps : int
    """
    with float_type(plan.float32):
        net, names = build(plan), namespace()
        if plan.before:
            read(net, namespace=names)  # what Brian2 cannot run is refused before it tries
            brian2.seed(plan.seed)
            net.run(plan.before * 0.5 * ms, namespace=names)
        duration = plan.steps * 0.5 * ms
        twin = make_twin(net, namespace=names, trainable=trainable)
        record = wanted(net, twin, traced) if traced else {}
        ours = run_twin(twin, duration, record, bool(trainable))
        theirs = run_brian2(net, duration, names, record)
    spikes = sum(int(x.sum()) for x in theirs.spikes.values())
    return compare(ours, theirs), spikes, sum(x.size for x in theirs.spikes.values())


def stops(plan):
    """Whether a run of Brian2's numpy target ends in an error."""
    with float_type(plan.float32):
        net = build(plan)
        try:
            net.run(plan.steps * 0.5 * ms, namespace=namespace())
        except BrianObjectException:
            return True
    return False


def compare(ours, theirs):
    """Number of differing elements by name."""
    wrong = {}
    for kind in ("spikes", "traces", "final"):
        mine = getattr(ours, kind)
        for name, want in getattr(theirs, kind).items():
            if name not in mine:
                wrong[f"{kind} of {name}: missing"] = want.size
                continue
            got = mine[name].reshape(want.shape) if mine[name].size == want.size else mine[name]
            types = (got.dtype, want.dtype) if want.dtype.kind == "f" else (got.dtype.kind, want.dtype.kind)
            if got.shape != want.shape or types[0] != types[1]:
                wrong[f"{kind} of {name}: {got.dtype}{got.shape}, Brian2 {want.dtype}{want.shape}"] = (
                    want.size
                )
            elif count := int((~same(got, want)).sum()):
                wrong[f"{kind} of {name}"] = count
    return wrong


def same(a, b):
    """Where two arrays of one shape and type hold the same bits; NaN is one value."""
    if a.dtype.kind != "f":
        return a == b
    bits = f"u{a.dtype.itemsize}"
    return (np.isnan(a) & np.isnan(b)) | (
        np.ascontiguousarray(a).view(bits) == np.ascontiguousarray(b).view(bits)
    )


def members(net, kinds):
    """The network's objects of some kinds, by name; subgroups are views and left out."""
    return {obj.name: obj for obj in _get_all_objects(net.objects) if isinstance(obj, kinds)}


def variables(obj):
    """Names of what a user can see of an object's state."""
    return [
        name
        for name, variable in obj.variables.items()
        if isinstance(variable, ArrayVariable)
        and variable.name == name
        and getattr(variable.owner, "name", None) == obj.name
        and not name.startswith("_")
    ]


def wanted(net, twin, traced):
    """What is traced, by object: what its program has."""
    found = {}
    for name, obj in members(net, (NeuronGroup, Synapses)).items():
        own = [v for v in traced if v in variables(obj) and len(obj) and f"{name}.{v}" in twin.program.arrays]
        if own:
            found[name] = own
    return found


# ---------------------------------------------------------------------- each side
def run_twin(twin, duration, record, graded):
    """The twin's outcome, in the form with gradients or in that without."""
    brian2.seed(SEED)
    with torch.set_grad_enabled(graded):
        recording = twin(duration=duration, record=record)
    outcome = Outcome(spikes={g: _first(x, 3).astype(bool) for g, x in recording.spikes.items()})
    for name, found in recording.states.items():
        outcome.traces |= {f"{name}.{v}": _first(x, 3) for v, x in found.items()}
    for name, found in recording.final.items():
        outcome.final |= {f"{name}.{v}": _first(x, 2) for v, x in found.items()}
    return outcome


def _first(x, trials):
    """A tensor as an array, without its first dimension where it has so many that this is the trial's."""
    x = x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    return x[0] if x.ndim == trials else x


def run_brian2(net, duration, names, record):
    """Brian2's outcome."""
    senders, holders = members(net, WITH_SPIKES), members(net, WITH_STATES)
    monitors = {name: SpikeMonitor(obj) for name, obj in senders.items()}
    traces = {
        name: StateMonitor(holders[name], found, record=True, order=LAST) for name, found in record.items()
    }
    net.add(*monitors.values(), *traces.values())
    steps = {}
    for name, obj in senders.items():
        obj.clock.set_interval(net.t, net.t + duration)  # as Network.run does at its start
        start = int(obj.clock.variables["timestep"].get_value()[0])
        steps[name] = (start, obj.clock._i_end - start)
    brian2.seed(SEED)
    net.run(duration, namespace=names)
    outcome = Outcome()
    for name, monitor in monitors.items():
        start, count = steps[name]
        outcome.spikes[name] = np.zeros((count, len(senders[name])), bool)
        rows = np.round(np.asarray(monitor.t) / float(senders[name].clock.dt)).astype(int) - start
        outcome.spikes[name][rows, np.asarray(monitor.i)] = True
    for name, found in record.items():
        for variable in found:
            outcome.traces[f"{name}.{variable}"] = np.asarray(getattr(traces[name], variable)).T.copy()
    for name, obj in holders.items():
        for variable in variables(obj):
            outcome.final[f"{name}.{variable}"] = np.array(obj.variables[variable].get_value())
    net.remove(*monitors.values(), *traces.values())
    return outcome
