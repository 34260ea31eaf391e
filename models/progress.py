"""How far a network has run: read from it, and put into one that was built."""

import numpy as np
from brian2 import SpikeGeneratorGroup, get_device, second
from brian2.devices.device import RuntimeDevice

from .description import Array, Progress, UnderWay, Variable, exponents
from .devices import making
from .errors import UnsupportedModel

# What Brian2 keeps of a run beside the variables of equations.
KEPT = ("lastspike", "not_refractory", "lastupdate", "_lastindex")


def progress_of(net, network):
    """Return the `Progress` of a network, or None where it has not run.

    Parameters
    ----------
    net : brian2.Network
    network : Objects
        What it consists of.
    """
    time = float(net.t)
    if time == 0:
        return None
    values, under_way = [], []
    for obj in (*network.groups, *network.synapses):
        # Spikes of the last step; Brian2 empties those of thresholds at the end of a run.
        spaces = [f"_{event}space" for event in getattr(obj, "events", ()) if obj in network.groups]
        for name in (*KEPT, *(n for n in spaces if obj.variables[n].get_value()[-1])):
            variable = obj.variables.get(name)
            if variable is not None and variable.owner is not None and variable.owner.name == obj.name:
                array = Array(np.array(variable.get_value()).reshape(-1), exponents(variable.dim))
                values.append((obj.name, Variable(name, array)))
    for synapses in network.synapses:
        for pathway in synapses._pathways:
            steps, indices = _under_way(pathway.queue)
            if len(steps):
                under_way.append(UnderWay(synapses.name, pathway.objname, steps, indices))
    return Progress(time, tuple(values), tuple(under_way))


def _under_way(queue):
    """Steps until each event of a queue arrives, and its synapse, in the order of arrival."""
    state = queue._full_state()
    if _in_python(queue):
        steps, indices = state[1].T
        order = np.argsort(steps, kind="stable")
        steps, indices = steps[order], indices[order]
    else:
        offset, slots = state
        slots = [slots[(offset + k) % len(slots)] for k in range(len(slots))]
        steps = np.repeat(np.arange(len(slots)), [len(slot) for slot in slots])
        indices = np.array([index for slot in slots for index in slot])
    return steps.astype(np.int32), indices.astype(np.int32)


def _in_python(queue):
    """Whether a queue is Brian2's in Python: that of the numpy target up to 2.9; later ones have the C++ one only."""
    return type(queue).__module__ == "brian2.synapses.spikequeue"


def from_start(description):
    """Return a description at t = 0, where trials and exported scripts begin, unless that would lose something.

    Parameters
    ----------
    description : NetworkDescription

    Raises
    ------
    UnsupportedModel
        The network has run, and has spikes under way, refractory neurons, spikes of the last step, or event-driven
        variables since whose last event time has passed.
    """
    progress = description.progress
    if progress is None:
        return description
    lost = [f"spikes of '{e.synapses}_{e.pathway}' under way" for e in progress.under_way]
    for name, variable in progress.values:
        values = variable.array.values
        if variable.name == "not_refractory" and not values.all():
            lost.append(f"refractory neurons of '{name}'")
        elif variable.name == "lastupdate" and (values != progress.time).any():
            lost.append(f"event-driven variables of '{name}' between events")
        elif variable.name.endswith("space"):
            lost.append(f"spikes of '{name}' in the last step")
    if lost:
        raise UnsupportedModel(
            "the network",
            f"run for {progress.time:.6g} s and left {', '.join(lost)}, which a start at t = 0 would lose",
            "describe(net).at_start() leaves them out, and so does --at-start of the commands export, evaluate and "
            "simulate; build(describe(net)).run(…) goes on",
            verb="has",
        )
    return description.at_start()


def put_progress(net, progress, objects):
    """Let a network that was built from a description go on where the described one was.

    Parameters
    ----------
    net : brian2.Network
    progress : Progress
    objects : dict of str to brian2 object
        Its groups and synapses.

    Raises
    ------
    UnsupportedModel
        On a standalone device: its programs start at t = 0.
    """
    if not isinstance(get_device(), RuntimeDevice):
        raise UnsupportedModel(
            "the network",
            f"from t = {progress.time:.6g} s on a standalone device, whose programs start at t = 0",
            "start it anew: describe(net).at_start()",
            verb="goes on",
        )
    net.t_ = progress.time
    for obj in objects.values():
        if isinstance(obj, SpikeGeneratorGroup):
            # Before the first run Brian2 sorts spikes into steps, and takes those before its time for emitted.
            with making():
                obj.before_run({})
        obj.clock._set_t_update_dt(target_t=progress.time * second)
    for name, variable in progress.values:
        objects[name].variables[variable.name].set_value(variable.array.values)
    for events in progress.under_way:
        pathway = getattr(objects[events.synapses], events.pathway)
        _put_under_way(pathway, events)


def _put_under_way(pathway, events):
    length = int(events.steps.max()) + 1
    slots = [events.indices[events.steps == k].tolist() for k in range(length)]
    queue = pathway.queue
    if not _in_python(queue):
        queue._restore_from_full_state((0, slots))
        return
    shape = length, max(map(len, slots))
    rows = np.stack([events.steps, events.indices], axis=1).astype(int)
    queue._restore_from_full_state((pathway.source.clock.dt_, rows, shape))
