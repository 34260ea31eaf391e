"""From the plan of a NIR graph to the description of a Brian2 network."""

import numpy as np
from brian2 import Equations, second

from ..annotations import Annotations, Readout
from ..describing_objects import equations_of
from ..description import (
    Array,
    Event,
    External,
    NetworkDescription,
    NeuronGroupDescription,
    PathwayDescription,
    Slot,
    SpikeGeneratorDescription,
    Summed,
    SynapsesDescription,
    TimedArrayDescription,
    Variable,
    exponents,
)
from ..networks import STEP_SLOTS
from ..recordings import natural
from ..times import ROUNDING
from .nir_keeping import ABOUT, kept_text
from .nir_neurons import KINDS
from .nir_order import layers, recurrent_paths
from .nir_plan import GraphRefused

ANALOG = ("LI", "CubaLI", "I")
_SECOND = exponents(second.dim)


def description_of(plan, graph, *, dt, input, reduce):
    """The network of a plan.

    Parameters
    ----------
    plan : Plan
    graph : nir.NIRGraph
        For what the network keeps of it: names, order, types of numbers, metadata.
    dt : float
        Step of the graph (s).
    input : {"spikes", "current"}
    reduce : str
        Of the readout.

    Returns
    -------
    NetworkDescription
    """
    current = input == "current"
    pairs = [(p.source.name, p.target.name) for p in plan.paths]
    names = [u.name for u in sorted(plan.units, key=lambda u: u.kind != "Input")]
    back = recurrent_paths(names, pairs)
    layer = layers(names, pairs, back)
    # Inputs take no layer of their own; neurons that nothing leads to run with the first.
    slots = {name: _slots(max(k, 1)) for name, k in layer.items()}
    inputs = {u.name for u in plan.units if u.kind == "Input"}
    analog = inputs if current else set()
    analog = analog | {u.name for u in plan.units if u.kind in ANALOG}
    groups, arrays = [], []
    for unit in plan.units:
        if unit.kind == "Input":
            group, array = _input(unit, current, dt)
            groups.append(group)
            arrays += array
        else:
            groups.append(_neurons(unit, plan.paths, analog, slots[unit.name], dt))
    synapses, step_delays = [], []
    for k, path in enumerate(plan.paths):
        state = "x" if path.source.name in inputs else "v"
        if path.source.name in analog:
            _check_immediate(path)
            synapses.append(_sum(path, state, dt))
            continue
        delay = _delay(path, dt, loop=k in back)
        synapses.append(_connection(path, delay, slots[path.target.name][0], dt))
        if k in back:
            step_delays.append(f"{path.name}_pre")
    used = sorted({max(k, 1) for name, k in layer.items() if name not in inputs})
    return NetworkDescription(
        groups=tuple(sorted(groups, key=lambda g: natural(g.name))),
        synapses=tuple(sorted(synapses, key=lambda s: natural(s.name))),
        timed_arrays=tuple(arrays),
        schedule=("start", "groups", *(slot for k in used for slot in _slots(k)), "end"),
        dt=dt,
        annotations=Annotations(
            dt_ref=dt * second,
            readout=_readout(plan, slots, reduce),
            step_delays=tuple(step_delays),
            about={ABOUT: kept_text(plan, graph)},
        ),
    )


def _slots(layer):
    return STEP_SLOTS if layer == 1 else tuple(f"layer{layer}_{slot}" for slot in STEP_SLOTS)


def _input(unit, current, dt):
    if not current:
        # As in srnn: in the default slot spikes would come after this step's synapses.
        none = np.zeros(0, dtype=np.int32)
        slot = Slot("before_synapses")
        return SpikeGeneratorDescription(unit.name, unit.size, none, np.zeros(0), slot=slot), []
    stimulus = f"{unit.name}_stimulus"
    equations = equations_of(Equations(f"x = {stimulus}(t, i) : 1 (constant over dt)").values())
    group = NeuronGroupDescription(
        unit.name,
        unit.size,
        equations,
        ("exact", "euler", "heun"),
        constant_slot=Slot("before_start"),
        namespace=(External(stimulus, stimulus),),
        variables=(Variable("x", Array(np.zeros(unit.size))),),
    )
    return group, [TimedArrayDescription(stimulus, Array(np.zeros((1, unit.size))), dt)]


def _neurons(unit, paths, analog, slots, dt):
    kind = KINDS[unit.kind]
    into = [p for p in paths if p.target is unit]
    biases = [p for p in into if type(p.weight).__name__ == "Affine"]
    sums = [p for p in into if p.source.name in analog]
    drive = ["I", *(f"I_{p.name}" for p in sums), *(f"bias_{p.name}" for p in biases)]
    text = [kind.text(drive), *(f"I_{p.name} : 1" for p in sums)]
    equations = Equations("\n".join([*text, *(f"bias_{p.name} : 1 (constant)" for p in biases)]))
    values = {name: np.array(getattr(unit.node, name), dtype=float) for name, _ in kind.units}
    values |= {f"bias_{p.name}": np.array(p.weight.bias, dtype=float) for p in biases}
    values["v"] = values.get("v_leak", np.zeros(unit.size))
    stored = [e for e in equations.values() if e.type != "subexpression"]
    variables = tuple(
        Variable(e.varname, Array(values.get(e.varname, np.zeros(unit.size)), exponents(e.dim)))
        for e in stored
    )
    event = None
    if kind.spikes:
        event = Event(kind.threshold, Slot(slots[1]), kind.reset, Slot(slots[2]))
    return NeuronGroupDescription(
        unit.name,
        unit.size,
        equations_of(equations.values()),
        kind.method,
        threshold=event,
        variables=variables,
    )


def _weights(path):
    """Name of the weight, its values by synapse, pre- and postsynaptic indices; presynaptic outside."""
    n, kind = path.source.size, type(path.weight).__name__
    if kind in ("Linear", "Affine"):
        w = np.array(path.weight.weight, dtype=float)
        pre, post = np.meshgrid(np.arange(n), np.arange(len(w)), indexing="ij")
        return "w", w.T.ravel(), pre.ravel().astype(np.int32), post.ravel().astype(np.int32)
    each = np.arange(n, dtype=np.int32)
    values = np.array(path.weight.scale, dtype=float) if kind == "Scale" else None
    return ("1" if values is None else "scale"), values, each, each


def _synapses(path, name, values, pre, post, text, **more):
    variables = () if values is None else (Variable(name, Array(values)),)
    text = f"{name} : 1 (constant)\n{text}" if variables else text
    return SynapsesDescription(
        path.name,
        path.source.name,
        path.target.name,
        _kept(pre),
        _kept(post),
        equations_of(Equations(text).values()),
        variables=variables,
        **more,
    )


def _connection(path, delay, slot, dt):
    name, values, pre, post = _weights(path)
    code = KINDS[path.target.kind].jump.format(w=name)
    pathway = PathwayDescription("pre", "pre", code, Slot(slot, -1), _kept(delay))
    constant = (External("dt_ref", Array(np.array(dt), _SECOND)),)
    return _synapses(path, name, values, pre, post, "", pathways=(pathway,), namespace=constant)


def _sum(path, state, dt):
    name, values, pre, post = _weights(path)
    variable = f"I_{path.name}_post"
    text = f"{variable} = {name}*{state}_pre : 1 (summed)"
    return _synapses(path, name, values, pre, post, text, summed=(Summed(variable, Slot("before_groups")),))


def _check_immediate(path):
    """Of an input read as a current; `plan_of` has refused delays of states."""
    late = path.nodes[0 if path.before is not None else 2]
    if late is not None:
        raise GraphRefused(
            f"from_nir: '{late}' is a Delay of the current of '{path.source.name}': expected none, as Brian2 delays "
            "spikes and not what is summed; read the graph with input='spikes', or take the Delay out and give the "
            "current that much later"
        )


def _delay(path, dt, *, loop):
    """Brian2's delay (s) of a path: one, or one for each synapse."""
    if path.before is None and path.after is None:
        return np.zeros(())
    first, last = (0.0 if d is None else np.array(d.delay, dtype=float) for d in (path.before, path.after))
    _, _, pre, post = _weights(path)
    each = np.broadcast_to(first, path.source.size)[pre] + np.broadcast_to(last, path.target.size)[post]
    if loop:
        if (each < (1 - ROUNDING) * dt).any():
            raise GraphRefused(
                f"from_nir: the delays of '{path.name}', which leads back, begin at {each.min():g} s: expected at "
                f"least the step dt = {dt:g} s; use a shorter dt, or leave the Delay out: a loop takes one step"
            )
        each = each - dt
        each = np.where(np.abs(each) < ROUNDING * dt, 0.0, each)
    return np.array(each[0]) if (each == each[0]).all() else each


def _readout(plan, slots, reduce):
    if len(plan.outputs) != 1:
        return None
    _, unit = plan.outputs[0]
    spikes = KINDS[unit.kind].spikes
    return Readout(
        unit.name, "spikes" if spikes else "v", slot=f"before_{slots[unit.name][2]}", reduce=reduce
    )


def _kept(values):
    values = np.array(values)
    values.flags.writeable = False
    return values
