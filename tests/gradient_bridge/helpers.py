"""Twin and Brian2 side by side: every spike and every variable, at every step."""

import numpy as np
import torch
from brian2 import SpikeGeneratorGroup, SpikeMonitor, StateMonitor, TimedArray, second

from chronaxie.gradient_bridge.clocks import CLOCK


def recordable(twin):
    """Variables of the program that both sides can trace, by owner: no indices, clocks, event spaces and delays."""
    clock, found = CLOCK, {}
    for key, array in sorted(twin.program.arrays.items()):
        if array.owner != clock and not key.endswith(("space", ".delay")) and array.dtype.kind in "fb":
            found.setdefault(array.owner, []).append(array.name)
    return found


def spikes_of(monitor, n, steps, dt):
    """Spikes of a monitor as 0 and 1, shape (time, neuron)."""
    out = np.zeros((steps, n))
    np.add.at(out, (np.round(np.asarray(monitor.t) / dt).astype(int), np.asarray(monitor.i)), 1)
    return out


def give(net, name, x, dt):
    """Hand one trial (time, channel) to an input of a network."""
    objects = {obj.name: obj for obj in net.objects}
    if isinstance(objects.get(name), SpikeGeneratorGroup):
        step, channel = np.nonzero(x)
        objects[name].set_spikes(channel, step * dt * second)
    else:
        owner = next(o for o in objects.values() if name in getattr(o, "namespace", {}))
        owner.namespace[name] = TimedArray(np.array(x, dtype=float), dt=dt * second, name=name)


def run_brian2(net, twin, steps, stimulus=None, *, namespace=None):
    """Run Brian2 trial by trial from the present state, which it has again afterwards.

    Returns
    -------
    spikes : dict of str to ndarray, shape (trial, time, neuron)
    states : dict of str to dict of str to ndarray, shape (trial, time, element)
    final : dict of str to ndarray, keys of the program, after the last step of the last trial
    """
    program, objects = twin.program, {obj.name: obj for obj in net.objects}
    monitors = {g: SpikeMonitor(objects[g]) for g in program.groups}
    traces = {o: StateMonitor(objects[o], names, record=True) for o, names in recordable(twin).items()}
    net.add(*monitors.values(), *traces.values())
    net.store("before the comparison")
    trials = [None] if stimulus is None else list(np.asarray(stimulus))
    spikes, states = {g: [] for g in monitors}, {o: {v: [] for v in vs} for o, vs in recordable(twin).items()}
    for x in trials:
        net.restore("before the comparison")
        if x is not None:
            give(net, next(iter(program.inputs)), x, twin.step)
        net.run(steps * program.dt * second, namespace=namespace or {})
        for group, monitor in monitors.items():
            spikes[group].append(spikes_of(monitor, program.groups[group], steps, program.dt))
        for owner, names in states.items():
            for name in names:
                trace = np.asarray(
                    getattr(traces[owner], f"{name}_" if hasattr(traces[owner], f"{name}_") else name)
                )
                names[name].append(trace.T.copy())
    final = {f"{o}.{v}": np.array(objects[o].variables[v].get_value()) for o in states for v in states[o]}
    net.restore("before the comparison")
    net.remove(*monitors.values(), *traces.values())
    return (
        {g: np.stack(rows) for g, rows in spikes.items()},
        {o: {v: np.stack(rows) for v, rows in vs.items()} for o, vs in states.items()},
        final,
    )


def run_twin(twin, steps, stimulus=None):
    """Run a twin with every variable traced."""
    if stimulus is None:
        return twin(duration=steps * twin.program.dt, record=recordable(twin))
    return twin(torch.from_numpy(np.asarray(stimulus)), record=recordable(twin))


def differences(recording, reference):
    """Number of elements that differ, by name; empty where twin and Brian2 agree to the bit."""
    spikes, states, final = reference
    pairs = {f"spikes of {g}": (recording.spikes[g], s) for g, s in spikes.items()}
    for owner, names in states.items():
        pairs |= {f"{owner}.{v}": (recording.states[owner][v], s) for v, s in names.items()}
    for key, value in final.items():
        owner, _, name = key.rpartition(".")
        last = recording.final[owner][name].detach()
        if last.ndim:  # a shared value is a number: test_exact_networks looks at it
            pairs[f"{key} at the end"] = (last[-1] if last.ndim == 2 else last, value)
    wrong = {}
    for name, (ours, theirs) in pairs.items():
        ours = ours.detach().numpy()
        if ours.shape[-1] == 1:  # Brian2's monitor repeats a shared variable for every element
            ours = np.broadcast_to(ours, (*ours.shape[:-1], theirs.shape[-1]))
        assert ours.shape == theirs.shape, f"{name}: shape {ours.shape}, Brian2 has {theirs.shape}"
        assert not np.isnan(theirs.astype(float)).any(), f"{name}: NaN in Brian2, the network proves nothing"
        count = int((ours != theirs).sum())
        if count:
            wrong[name] = count
    return wrong


def compare(net, twin, steps, stimulus=None, *, minimum=10, namespace=None):
    """Hold a twin against Brian2, with and without gradients; returns the number of spikes by group.

    ``minimum`` is the number of spikes that every group must emit for the comparison to mean anything.
    """
    with torch.no_grad():
        plain = run_twin(twin, steps, stimulus)
    graded = run_twin(twin, steps, stimulus)
    reference = run_brian2(net, twin, steps, stimulus, namespace=namespace)
    for kind, recording in (("without gradients", plain), ("with gradients", graded)):
        wrong = differences(recording, reference)
        assert not wrong, f"{kind}, elements that differ: {wrong}"
    counts = {group: int(s.sum()) for group, s in reference[0].items()}
    assert all(count >= minimum for count in counts.values()), f"too few spikes: {counts}"
    return counts
