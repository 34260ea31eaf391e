"""Descriptions from the plain data of a file (the inverse of `encoding`); every value is checked on the way."""

from dataclasses import replace

import numpy as np
from brian2 import Quantity, second

from . import checking as check
from .annotations import FRACTIONAL, INITIALS, PHASES, REDUCTIONS, Annotations, Initial, Jitter, Readout
from .description import (
    Array,
    Equation,
    Event,
    External,
    NeuronGroupDescription,
    PathwayDescription,
    PoissonGroupDescription,
    Slot,
    SpikeGeneratorDescription,
    Summed,
    SynapsesDescription,
    TimedArrayDescription,
    Variable,
)
from .encoding import KINDS

HERTZ = (0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0)
STORED = {"float": "float64", "integer": "int32", "boolean": "uint8"}


def fields(where, data, *names):
    """Return the values of exactly these fields of a plain dict, in this order."""
    if not isinstance(data, dict) or set(data) != set(names):
        check.refuse(where, f"the fields {', '.join(names)}", list(data) if isinstance(data, dict) else data)
    return [data[name] for name in names]


def items(where, data):
    """Return a list, checked to be one."""
    if not isinstance(data, list):
        check.refuse(where, "a list", data)
    return data


def optional(decode, where, value, *args, **kwargs):
    """Decode unless the value is None."""
    return None if value is None else decode(where, value, *args, **kwargs)


def decode_slot(where, data, schedule):
    if len(items(where, data)) != 2:
        check.refuse(where, "a slot and an order", data)
    return Slot(check.slot(where, data[0], schedule), check.whole(where, data[1]))


def decode_namespace(where, data, timed_arrays):
    found = []
    for entry in items(where, data):
        if isinstance(entry, dict) and "timed_array" in entry:
            name, value = fields(where, entry, "name", "timed_array")
            value = check.one_of(where, value, timed_arrays)
        else:
            name, value, dims = fields(where, entry, "name", "value", "dimensions")
            if not isinstance(value, bool):
                check.number(where, value, finite=False)
            if isinstance(value, int):
                check.whole(where, int(value), least=-(2**63), most=2**63 - 1)
            value = Array(np.asarray(value), check.dimensions(where, dims))
        found.append(External(check.identifier(where, name), value))
    return tuple(found)


def decode_equations(where, data, names, *, noise=False):
    """Return equations; their expressions may use `names` and one another, with `noise` rates of change also xi."""
    raw = [
        fields(where, e, "type", "name", "expression", "dimensions", "kind", "flags")
        for e in items(where, data)
    ]
    own = {check.identifier(where, name) for _, name, *_ in raw}
    if len(own) < len(raw):
        check.refuse(where, "each variable once", [name for _, name, *_ in raw])
    equations = []
    for type_, name, code, dims, kind, flags in raw:
        at, is_rate = f"{where}.{name}", type_ == "differential equation"
        equations.append(
            Equation(
                type=check.one_of(at, type_, check.TYPES),
                name=name,
                expression=optional(check.expression, at, code, names | own, noise=noise and is_rate),
                dimensions=check.dimensions(at, dims),
                kind=check.one_of(at, kind, check.KINDS),
                flags=tuple(check.one_of(at, f, check.FLAGS) for f in items(at, flags)),
            )
        )
        if (type_ == "parameter") != (code is None):
            check.refuse(at, "an expression unless it is a parameter", code)
    return tuple(equations)


def decode_annotations(data, schedule):
    where = "annotations"
    if isinstance(data, dict):
        data = {"about": {}, "growing": [], "jitter": []} | data  # the first files have none
    names = ("dt_ref", "readout", "initial", "step_delays", "about", "growing", "jitter")
    dt_ref, readout, initial, step_delays, about, growing, jitter = fields(where, data, *names)
    if readout is not None:
        names = ("group", "variable", "slot", "reduce", "skip", "phase")
        group, variable, slot, reduce, skip, phase = fields(where, readout, *names)
        readout = Readout(
            check.identifier(where, group),
            check.identifier(where, variable),
            slot=check.slot(where, slot, schedule),
            reduce=check.one_of(where, reduce, REDUCTIONS),
            skip=check.whole(where, skip, least=0),
            phase=check.one_of(where, phase, PHASES),
        )
    dt_ref = optional(check.number, where, dt_ref, least=1e-12, most=1e6)
    return Annotations(
        dt_ref=None if dt_ref is None else Quantity(dt_ref, dim=second.dim),
        readout=readout,
        initial=decode_initial(initial),
        step_delays=tuple(check.identifier(where, name) for name in items(where, step_delays)),
        about=check.texts(where, about),
        growing=tuple(_variable_name(where, name) for name in items(where, growing)),
        jitter=tuple(_jitter(f"{where}: jitter", j) for j in items(where, jitter)),
    )


def _jitter(where, data):
    group, sd, seed = fields(where, data, "group", "sd", "seed")
    return Jitter(
        check.identifier(where, group),
        check.number(where, sd, least=1e-12, most=1e6),
        check.whole(where, seed, least=0, most=2**64),
    )


def _variable_name(where, name):
    group, _, variable = name.partition(".") if isinstance(name, str) else (name, "", "")
    return f"{check.identifier(where, group)}.{check.identifier(where, variable)}"


def decode_initial(data):
    where = "annotations, initial"
    if isinstance(data, dict) and set(data) <= {"kind", "seed"}:
        # Files of the first days: a kind, and a seed of no effect, since no kind was random.
        optional(check.whole, where, data.get("seed"), least=0, most=2**64)
        (kind,) = fields(where, {"kind": data.get("kind")}, "kind")
        return Initial(check.one_of(where, kind, ("given", "zero")))
    kind, seed, membrane, spike, adaptation = fields(
        where, data, "kind", "seed", "membrane", "spike", "adaptation"
    )
    return Initial(
        kind=check.one_of(where, kind, INITIALS),
        seed=check.whole(where, seed, least=0, most=2**64),
        membrane=check.number(where, membrane, least=0),
        spike=check.one_of(where, spike, FRACTIONAL),
        adaptation=optional(check.number, where, adaptation),
    )


def decode_group(name, data, arrays, schedule, timed_arrays):
    """Return the description of a group from its plain part and its arrays (`arrays.size`, `.variables`, …)."""
    where = f"group {check.identifier('group', name)}"
    kind = check.one_of(where, data.get("kind") if isinstance(data, dict) else None, KINDS)
    if kind == "SpikeGeneratorGroup":
        _, dt, period, slot = fields(where, data, "kind", "dt", "period", "slot")
        indices, times = arrays.spikes()
        return SpikeGeneratorDescription(
            name=name,
            size=arrays.size,
            indices=indices,
            times=times,
            period=check.number(where, period, least=0),
            slot=decode_slot(where, slot, schedule),
            dt=optional(_dt, where, dt),
        )
    if kind == "PoissonGroup":
        names = ("kind", "dt", "order", "namespace", "rates", "slot")
        _, dt, order, namespace, rates, slot = fields(where, data, *names)
        namespace = decode_namespace(where, namespace, timed_arrays)
        rates = optional(check.expression, where, rates, {e.name for e in namespace})
        return PoissonGroupDescription(
            name=name,
            size=arrays.size,
            rates=Array(arrays.rates, HERTZ) if rates is None else rates,
            slot=decode_slot(where, slot, schedule),
            namespace=namespace,
            dt=optional(_dt, where, dt),
            order=check.whole(where, order),
        )
    return _decode_neurons(where, name, data, arrays, schedule, timed_arrays)


def _decode_neurons(where, name, data, arrays, schedule, timed_arrays):
    _, dt, order, namespace, equations, method, options, threshold, refractory, *slots = fields(
        where,
        data,
        *(
            "kind",
            "dt",
            "order",
            "namespace",
            "equations",
            "method",
            "method_options",
            "threshold",
            "refractory",
        ),
        *("update_slot", "constant_slot"),
    )
    update_slot, constant_slot = slots
    namespace = decode_namespace(where, namespace, timed_arrays)
    equations = decode_equations(where, equations, {e.name for e in namespace}, noise=True)
    names = {e.name for e in namespace} | {e.name for e in equations}
    if threshold is not None:
        condition, slot, reset, reset_slot = fields(
            where, threshold, "condition", "slot", "reset", "reset_slot"
        )
        threshold = Event(
            condition=check.expression(where, condition, names),
            slot=decode_slot(where, slot, schedule),
            reset=optional(check.statements, where, reset, names),
            reset_slot=optional(decode_slot, where, reset_slot, schedule),
        )
        if (threshold.reset is None) != (threshold.reset_slot is None):
            check.refuse(where, "a slot for the reset", reset_slot)
    if isinstance(refractory, str):
        check.expression(where, refractory, names)
    else:
        refractory = optional(check.number, where, refractory, least=0)
    if not isinstance(options, dict):
        check.refuse(where, "options of the method", options)
    for key, value in options.items():
        check.identifier(where, key)
        if not isinstance(value, bool):
            check.number(where, value)
    return NeuronGroupDescription(
        name=name,
        size=arrays.size,
        equations=equations,
        method=check.method(where, method),
        method_options=tuple(sorted(options.items())),
        threshold=threshold,
        refractory=refractory,
        update_slot=decode_slot(where, update_slot, schedule),
        constant_slot=optional(decode_slot, where, constant_slot, schedule),
        namespace=namespace,
        variables=decode_variables(where, equations, arrays.variables, arrays.size),
        dt=optional(_dt, where, dt),
        order=check.whole(where, order),
    )


def decode_variables(where, equations, arrays, size):
    """Return the variables of an object: each is one of its equations, of the right kind and shape."""
    by_name = {e.name: e for e in equations if "summed" not in e.flags}
    found = []
    for name, values in arrays.items():
        if name not in by_name:
            check.refuse(where, "values of known variables", name)
        e = by_name[name]
        shape = (1,) if "shared" in e.flags else (size,)
        if values.shape != shape:
            check.refuse(f"{where}.{name}", f"values of shape {shape}", values.shape)
        dtype = STORED[e.kind]
        if values.dtype != dtype:
            check.refuse(f"{where}.{name}", f"values of type {dtype}", values.dtype)
        found.append(
            Variable(name, Array(values.astype(bool) if e.kind == "boolean" else values, e.dimensions))
        )
    order = {e.name: k for k, e in enumerate(equations)}
    return tuple(sorted(found, key=lambda v: order[v.name]))


def decode_synapses(name, data, arrays, groups, schedule, timed_arrays):
    """Return the description of synapses from their plain part and arrays; `groups` by name."""
    where = f"synapses {check.identifier('synapses', name)}"
    source, target, equations, pathways, summed, index, namespace, dt, order = fields(
        where,
        data,
        *(
            "source",
            "target",
            "equations",
            "pathways",
            "summed",
            "multisynaptic_index",
            "namespace",
            "dt",
            "order",
        ),
    )
    source, target = check.one_of(where, source, groups), check.one_of(where, target, groups)
    arrays.check_range(groups[source].size, groups[target].size)
    namespace = decode_namespace(where, namespace, timed_arrays)
    index = optional(check.identifier, where, index)
    names = {e.name for e in namespace} | ({index} if index else set())
    for end, suffix in ((groups[source], "_pre"), (groups[target], "_post")):
        names |= {e.name + suffix for e in getattr(end, "equations", ())}
        # Brian2 takes a bare name for one of the postsynaptic group.
        names |= {e.name for e in getattr(end, "equations", ())}
    equations = decode_equations(where, equations, names)
    names |= {e.name for e in equations}
    made = []
    for entry in items(where, pathways):
        key, prepost, code, slot = fields(where, entry, "name", "prepost", "code", "slot")
        made.append(
            PathwayDescription(
                name=check.identifier(where, key),
                prepost=check.one_of(where, prepost, ("pre", "post")),
                code=check.statements(where, code, names),
                slot=decode_slot(where, slot, schedule),
                delay=arrays.delay(key),
            )
        )
    sums = [fields(where, u, "variable", "slot") for u in items(where, summed)]
    return SynapsesDescription(
        name=name,
        source=source,
        target=target,
        pre=arrays.pre,
        post=arrays.post,
        equations=equations,
        pathways=tuple(made),
        summed=tuple(Summed(check.identifier(where, v), decode_slot(where, s, schedule)) for v, s in sums),
        multisynaptic_index=index,
        namespace=namespace,
        variables=decode_variables(where, equations, arrays.variables, len(arrays.pre)),
        dt=optional(_dt, where, dt),
        order=check.whole(where, order),
    )


def decode_timed_array(name, data, values):
    """Return the description of a `TimedArray`."""
    where = f"timed array {check.identifier('timed array', name)}"
    dt, dims = fields(where, data, "dt", "dimensions")
    return TimedArrayDescription(name, Array(values, check.dimensions(where, dims)), _dt(where, dt))


def _dt(where, value):
    return check.number(f"{where}: dt", value, least=1e-12, most=1e6)


def without_trials(description, trials):
    """Return the description with its number of trials, checked to divide every group."""
    for g in description.groups:
        if g.size % trials:
            check.refuse(f"group {g.name}", f"a size that {trials} trials divide", g.size)
    return replace(description, trials=trials)
