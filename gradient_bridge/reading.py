"""Reading a Brian2 network into a `Program`.

Brian2 prepares each of its objects for a run (``before_run``) and asks the device for its code. `read`
listens to these requests: each one carries the abstract code, the resolved variables and their indices.
`make_statements` then gives the statements after Brian2's own optimisation, in its order; that order
decides the last bit of every result, so it is what the engines run.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from dataclasses import replace

import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.network import _check_multiple_summed_updaters
from brian2.devices.device import RuntimeDevice, get_device
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import Thresholder
from brian2.input.poissongroup import PoissonGroup
from brian2.input.timedarray import TimedArray
from brian2.parsing.expressions import parse_expression_dimensions

from ..models.errors import UnsupportedModel
from .program import (
    Program,
    Reset,
    SpikeSource,
    StateUpdate,
    Sum,
    Threshold,
    Transmission,
    slot_rank,
)
from .refusals import MONITORS, refuse_aliases, refuse_network, refuse_object, refuse_plasticity
from .statements import register, statements_of


def read(network, *, namespace=None):
    """Read what a network does in one time step.

    Parameters
    ----------
    network : brian2.Network
        A network on Brian2's runtime device. Its objects are prepared as for a run; nothing is simulated
        and no value is changed.
    namespace : dict, optional
        External names; by default the caller's frame.

    Returns
    -------
    Program

    Raises
    ------
    UnsupportedModel
        Names the object and the feature that cannot be mirrored.
    """
    if type(get_device()) is not RuntimeDevice:
        raise UnsupportedModel(
            "network",
            f"the active device {type(get_device()).__name__}",
            "make the network and its twin on the runtime device: set_device('runtime')",
        )
    if namespace is None:
        frame = inspect.currentframe().f_back
        namespace = {**frame.f_globals, **frame.f_locals}
    refuse_network(network)
    network.check_dependencies()
    objects = [o for o in network.sorted_objects if o.active]
    _check_multiple_summed_updaters(objects)
    for obj in objects:
        refuse_object(obj)
    clock = _single_clock(objects)
    for one in {o.clock for o in objects if isinstance(o, CodeRunner)}:
        one.set_interval(network.t, network.t)  # as Network.run does: another network may have moved it
    arrays = {}
    operations = []
    for obj, call in _code_requests(objects, namespace):
        operation = _operation(obj, call, arrays)
        if operation is not None:
            operations.append(operation)
    for name in ("t", "dt", "timestep"):
        register(clock.variables[name], arrays)
    schedule = tuple(network.schedule)
    ranks = [(slot_rank(o.slot, schedule), o.order, o.name) for o in operations]
    if ranks != sorted(ranks):
        raise RuntimeError("the operations were not read in the order of the schedule")
    events = {
        o.owner: o.events
        for o in operations
        if isinstance(o, (Threshold, SpikeSource))
        if o.events.endswith("._spikespace")
    }
    sizes = {name: arrays[key].size - 1 for name, key in events.items()}
    inputs = {o.owner: sizes[o.owner] for o in operations if isinstance(o, SpikeSource)}
    timed = {}
    for operation in operations:
        for name, function in operation.functions.items():
            if not isinstance(function, TimedArray):
                continue
            if timed.setdefault(name, function) is not function:
                raise UnsupportedModel(
                    operation.owner,
                    f"another timed array of the name {name}",
                    "give each timed array its own name",
                )
            inputs[name] = 1 if function.values.ndim == 1 else function.values.shape[1]
    return Program(
        operations=tuple(operations),
        schedule=schedule,
        arrays=arrays,
        groups=sizes,
        events=events,
        inputs=inputs,
        dt=float(clock.dt_),
        start=int(clock.variables["timestep"].get_value()[0]),
    )


def _single_clock(objects):
    clocks = {o.clock for o in objects if isinstance(o, CodeRunner) and not isinstance(o, MONITORS)}
    if not clocks:
        raise UnsupportedModel("network", "no object that does anything", "add groups to the network")
    steps = {float(c.dt_) for c in clocks}
    if len(steps) > 1:
        first = next(o for o in objects if isinstance(o, CodeRunner) and float(o.clock.dt_) == max(steps))
        raise UnsupportedModel(
            first.name,
            f"several clocks: steps of {sorted(steps)} s",
            "give all objects that are simulated the same dt",
        )
    return sorted(clocks, key=lambda c: c.name)[0]


def _code_requests(objects, namespace):
    """Every object's request for code, as (object, request)."""
    for obj in objects:
        with _listening() as calls:
            obj.before_run(namespace)
        if isinstance(obj, MONITORS):
            continue
        mine = [c for c in calls if c["template_name"] != "synapses_push_spikes"]
        if len(mine) > 1:
            raise UnsupportedModel(obj.name, f"{len(mine)} code objects", "split it into several objects")
        if mine:
            yield obj, mine[0]


@contextlib.contextmanager
def _listening():
    """Collect the requests for code; no code is compiled meanwhile (numpy target)."""
    calls, original = [], RuntimeDevice.code_object
    signature = inspect.signature(original)

    def listen(device, *args, **kwds):
        bound = signature.bind(device, *args, **kwds)
        bound.apply_defaults()
        calls.append(dict(bound.arguments))
        bound.arguments["codeobj_class"] = NumpyCodeObject
        return original(*bound.args, **bound.kwargs)

    RuntimeDevice.code_object = listen
    try:
        yield calls
    finally:
        RuntimeDevice.code_object = original


def _operation(obj, call, arrays):
    template = call["template_name"]
    common = {"name": obj.name, "owner": call["owner"].name, "slot": obj.when, "order": obj.order}
    if template == "spikegenerator":
        return _spike_generator(obj, arrays, common)
    if isinstance(obj, Thresholder) and isinstance(obj.group, PoissonGroup):
        events = register(obj.group.variables["_spikespace"], arrays)
        return SpikeSource(**common, events=events)
    maker = {
        "stateupdate": _state_update,
        "threshold": _threshold,
        "reset": _reset,
        "synapses": _transmission,
        "summed_variable": _sum,
    }.get(template)
    if maker is None:
        raise UnsupportedModel(
            obj.name,
            f"{type(obj).__name__} (template {template})",
            "use state updaters, thresholds, resets, pathways and summed variables",
        )
    common |= statements_of(obj, call, arrays)
    if template != "synapses":
        refuse_aliases(obj.name, common["vector"], common["accesses"])
    if not common["vector"] and not common["scalar"] and template == "stateupdate":
        return None
    return maker(obj, call, arrays, common)


def _state_update(obj, call, arrays, common):
    return StateUpdate(**common)


def _threshold(obj, call, arrays, common):
    kwds, variables = call["template_kwds"], call["variables"]
    refractory = None
    if kwds["_uses_refractory"]:
        refractory = tuple(register(variables[n], arrays) for n in ("not_refractory", "lastspike", "t"))
    return Threshold(
        **common,
        events=register(kwds["eventspace_variable"], arrays),
        refractory=refractory,
        dimension=_compared_dimension(obj.abstract_code, variables),
    )


def _compared_dimension(code, variables):
    """Dimension of the two sides of the first comparison in a threshold."""
    for node in ast.walk(ast.parse(code.strip())):
        if isinstance(node, ast.Compare):
            return parse_expression_dimensions(ast.unparse(node.left), variables)
    return None


def _reset(obj, call, arrays, common):
    return Reset(**common, events=register(call["template_kwds"]["eventspace_variable"], arrays))


def _transmission(obj, call, arrays, common):
    name = obj.name
    refuse_plasticity(name, common["vector"], common["accesses"])
    if any(line.op != ":=" for line in common["scalar"]):
        raise UnsupportedModel(name, "a shared variable written at a spike", "write to per-neuron variables")
    refuse_spikes_under_way(obj)
    sources = obj.synapse_sources.get_value()
    delays = (obj._delays.get_value() / obj.source.clock.dt_ + 0.5).astype(np.int64)
    if len(delays) == 1:
        delays = np.full(len(sources), delays[0], dtype=np.int64)
    eventspace = obj.source.variables[obj.eventspace_name]
    # numpy's target adds synapse by synapse and does not simplify by booleans there
    common["vector"] = tuple(replace(line, branches=None) for line in common["vector"])
    return Transmission(
        **common,
        events=register(eventspace, arrays),
        sources=register(obj.synapse_sources, arrays),
        delays=delays,
    )


def refuse_spikes_under_way(pathway):
    """A twin starts with empty queues."""
    _, slots = pathway.queue._full_state()
    if any(len(s) for s in slots):
        raise UnsupportedModel(
            pathway.name, "spikes under way from an earlier run", "make the twin before running the network"
        )


def _sum(obj, call, arrays, common):
    kwds = call["template_kwds"]
    target = kwds["_target_var"]
    if kwds["_target_start"] != 0 or (
        kwds["_target_stop"] >= 0 and kwds["_target_stop"] != np.size(target.get_value())
    ):
        raise UnsupportedModel(obj.name, "a summed variable of a subgroup", "connect to the whole group")
    return Sum(**common, target=register(target, arrays), index=register(kwds["_index_var"], arrays))


def _spike_generator(group, arrays, common):
    variables = group.variables
    bins = np.array(variables["_timebins"].get_value(), dtype=np.int64)
    neurons = np.array(variables["neuron_index"].get_value(), dtype=np.int64)
    period = int(variables["_period_bins"].get_value()[0])
    return SpikeSource(
        **common, events=register(variables["_spikespace"], arrays), own=(bins, neurons, period)
    )
