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
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.functions import Function
from brian2.core.network import _check_multiple_summed_updaters, _get_all_objects
from brian2.core.operations import NetworkOperation
from brian2.core.preferences import prefs
from brian2.devices.device import RuntimeDevice, get_device
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import Thresholder
from brian2.input.poissongroup import PoissonGroup
from brian2.input.timedarray import TimedArray
from brian2.parsing.expressions import parse_expression_dimensions

from ..models.devices import making
from ..models.errors import UnsupportedModel
from .calls import note_variables, refuse_monitors_in_use
from .clocks import CLOCK, Time, slot_rank
from .program import (
    Call,
    Program,
    Reset,
    SpikeSource,
    StateUpdate,
    Sum,
    Threshold,
    Transmission,
)
from .refusals import (
    MONITORS,
    NEVER_RUNS,
    refuse_misled_refractoriness,
    refuse_network,
    refuse_object,
    refuse_shared_arrays,
)
from .statements import ArrayTable, in_numpy, statements_of

if TYPE_CHECKING:
    from brian2 import Network


def read(network: Network, *, namespace: Mapping[str, Any] | None = None, python: bool = False) -> Program:
    """Read what a network does in one time step.

    Parameters
    ----------
    network : brian2.Network
        A network on Brian2's runtime device. Its objects are prepared as for a run; nothing is simulated
        and no value is changed.
    namespace : dict, optional
        External names; by default the caller's frame.
    python : bool
        Take network operations, the user's Python code, as they are.

    Returns
    -------
    Program

    Raises
    ------
    UnsupportedModel
        Names the object and the feature that cannot be mirrored.
    KeyError
        Names the object and the name in its equations that nothing stands for.
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
        refuse_object(obj, python)
    times, running = _clocks(network, objects)
    arrays = ArrayTable({name: time.key for name, time in times.items()})
    operations = []
    for obj, call in _code_requests(objects, namespace):
        operation = _operation(obj, call, arrays)
        if operation is not None:
            operations.append(operation)
    if any(isinstance(o, Call) for o in operations):
        refuse_monitors_in_use(network, objects)
        note_variables(_get_all_objects(network.objects), arrays)
    by_key = {time.key: time for time in (*running, *times.values())}
    for clock in {o.clock.name: o.clock for o in objects if o.clock.name in times}.values():
        if times[clock.name] in running:
            for name in ("t", "dt", "timestep"):
                arrays.key(clock.variables[name])
    read = {array.owner for array in arrays.values()}
    ticking = tuple(t for key, t in by_key.items() if t in running or key in read)
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
    program = Program(
        operations=tuple(operations),
        schedule=schedule,
        arrays=dict(arrays),
        groups=sizes,
        events=events,
        inputs=_inputs(operations, sizes),
        clocks=ticking,
        dtype=np.dtype(prefs["core.default_float_dtype"]),
        own_clocks={o.name: times[o.clock.name].key for o in _get_all_objects(network.objects)},
        idle_clocks=tuple(t for t in by_key.values() if t not in ticking),
        time=float(network.t),
    )
    return replace(program, left=left_events(program))


def left_events(program):
    """Events that stand in Brian2's event spaces, of those that an operation reads before they are set.

    Brian2 empties what thresholds set at the end of a run, and keeps the spikes of a spike generator.
    """
    found = {}
    for key in sorted(program.early_events()):
        space = program.arrays[key].variable.get_value()
        if space[-1]:
            found[key] = np.array(space[: space[-1]], dtype=np.int64)
    return found


def _inputs(operations, sizes):
    """What a stimulus can drive, and by how many channels."""
    inputs, timed = {}, {}
    for operation in operations:
        if isinstance(operation, SpikeSource) or getattr(operation, "source", False):
            inputs[operation.owner] = sizes[operation.owner]
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
    return inputs


def _clocks(network, objects):
    """Every clock of the network by name, as the `Time` of its step at the network's present time.

    Those that operations run on come first, the finest with the key `CLOCK`; then those of other objects.
    """
    used = [
        o.clock
        for o in objects
        if isinstance(o, (CodeRunner, NetworkOperation)) and not isinstance(o, MONITORS)
    ]
    if not used:
        raise UnsupportedModel(
            "network", "no object that does anything", "add groups to the network", verb="has"
        )
    for clock in {o.clock for o in objects}:
        clock.set_interval(network.t, network.t)  # as Network.run does: another network may have moved it
    running = sorted({float(clock.dt_) for clock in used})
    every = {o.clock.name: float(o.clock.dt_) for o in _get_all_objects(network.objects)}
    idle = sorted(set(every.values()) - set(running))
    keys = {dt: CLOCK if k == 0 else f"{CLOCK}_{k + 1}" for k, dt in enumerate(running)}
    keys |= {dt: f"{CLOCK}_idle_{k + 1}" for k, dt in enumerate(idle)}
    times = {dt: Time(key=key, dt=dt, start=0) for dt, key in keys.items()}
    times = {dt: replace(t, start=t.steps_until(float(network.t))) for dt, t in times.items()}
    return {name: times[dt] for name, dt in every.items()}, tuple(times[dt] for dt in running)


def _code_requests(objects, namespace):
    """Every object's request for code, as (object, request); None for a network operation."""
    for obj in objects:
        with _listening() as calls:
            try:
                obj.before_run(namespace)
            except KeyError as error:  # Brian2's, which does not say where
                raise KeyError(
                    f"{obj.name}: {error.args[0]} Define it where the twin is made, or give it in the object's "
                    "namespace= or in Twin(…, namespace={…})"
                ) from error
        if isinstance(obj, MONITORS):
            continue
        if isinstance(obj, NetworkOperation):
            yield obj, None
            continue
        mine = [c for c in calls if c["template_name"] != "synapses_push_spikes"]
        if len(mine) > 1:
            raise UnsupportedModel(
                obj.name, f"{len(mine)} code objects", "split it into several objects", verb="has"
            )
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
        for variable in bound.arguments["variables"].values():
            if isinstance(variable, Function):
                in_numpy(variable)
        return original(*bound.args, **bound.kwargs)

    RuntimeDevice.code_object = listen
    try:
        with making():
            yield calls
    finally:
        RuntimeDevice.code_object = original


def _operation(obj, call, arrays):
    common = {"name": obj.name, "slot": obj.when, "order": obj.order, "clock": arrays.clocks[obj.clock.name]}
    if call is None:
        return Call(**common, owner=obj.name, function=obj.run)
    template = call["template_name"]
    common |= {"owner": call["owner"].name, "group": call["owner"]}
    if template == "spikegenerator":
        return _spike_generator(obj, arrays, common)
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
    over_all = template not in ("synapses", "reset")
    refuse_misled_refractoriness(common, arrays, over_all)
    if over_all:
        refuse_shared_arrays(obj.name, common["vector"], common["accesses"])
    if not common["vector"] and not common["scalar"] and template == "stateupdate":
        return None
    if common["mode"] == "one by one" and over_all:
        raise UnsupportedModel(
            obj.name,
            f"a statement that reads what it adds to, over all elements ({NEVER_RUNS})",
            "use a variable of its own for the sum, or a summed variable",
        )
    return maker(obj, call, arrays, common)


def _state_update(obj, call, arrays, common):
    return StateUpdate(**common)


def _threshold(obj, call, arrays, common):
    kwds, variables = call["template_kwds"], call["variables"]
    refractory = None
    if kwds["_uses_refractory"]:
        refractory = tuple(arrays.key(variables[n]) for n in ("not_refractory", "lastspike", "t"))
    return Threshold(
        **common,
        events=arrays.key(kwds["eventspace_variable"]),
        source=isinstance(obj, Thresholder) and isinstance(obj.group, PoissonGroup),
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
    events = arrays.key(call["template_kwds"]["eventspace_variable"])
    return Reset(**common | {"elements": arrays[events].size - 1}, events=events)


def _transmission(obj, call, arrays, common):
    if any(line.op != ":=" for line in common["scalar"]):
        raise UnsupportedModel(
            obj.name, "a shared variable at a spike", "write to variables of each neuron", verb="writes"
        )
    source = obj.source
    sources = obj.synapse_sources.get_value()
    delays = in_steps(obj._delays.get_value(), source.clock.dt_, len(sources))
    return Transmission(
        **common | {"elements": len(sources)},
        events=arrays.key(source.variables[obj.eventspace_name]),
        sources=arrays.key(obj.synapse_sources),
        delay=arrays.key(obj._delays),
        delays=delays,
        under_way=under_way(obj),
    )


def in_steps(delays, dt, count):
    """Delays of synapses in steps, as Brian2's spike queue rounds them."""
    steps = (np.asarray(delays) / dt + 0.5).astype(np.int64).reshape(-1)
    return np.full(count, steps[0]) if len(steps) == 1 else steps


def under_way(pathway):
    """Events of an earlier run that have not arrived: steps from now -> synapses in the order of their arrival."""
    offset, slots = pathway.queue._full_state()
    count = len(slots)
    waiting = ((k, np.asarray(slots[(offset + k) % count], dtype=np.int64)) for k in range(count))
    return {k: synapses for k, synapses in waiting if len(synapses)}


def _sum(obj, call, arrays, common):
    kwds = call["template_kwds"]
    target = arrays.key(kwds["_target_var"])
    stop = kwds["_target_stop"]
    return Sum(
        **common,
        target=target,
        index=arrays.key(kwds["_index_var"]),
        start=int(kwds["_target_start"]),
        stop=arrays[target].size if stop < 0 else int(stop),
    )


def _spike_generator(group, arrays, common):
    variables = group.variables
    bins = np.array(variables["_timebins"].get_value(), dtype=np.int64)
    neurons = np.array(variables["neuron_index"].get_value(), dtype=np.int64)
    period = int(variables["_period_bins"].get_value()[0])
    return SpikeSource(
        **common,
        events=arrays.key(variables["_spikespace"]),
        own=(bins, neurons, period),
        last=int(variables["_lastindex"].get_value()[0]),
    )
