"""Pieces of descriptions from the plain data of a file; every value is checked on the way (inverse: `encoding`)."""

import numpy as np

from . import checking as check
from .description import Array, Equation, Event, External, Link, Part, Regular, Slot, Variable

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
            value = decode_value(where, value, dims)
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


def decode_value(where, value, dims):
    """Return one number with its dimensions."""
    if not isinstance(value, bool):
        check.number(where, value, finite=False)
    if isinstance(value, int):
        check.whole(where, int(value), least=-(2**63), most=2**63 - 1)
    return Array(np.asarray(value), check.dimensions(where, dims))


def decode_event(where, data, names, schedule, *, custom=False):
    """Return an event: that of spikes, or a `custom` one with a name."""
    expected = ("condition", "slot", "reset", "reset_slot")
    name = "spike"
    if custom:
        name, *rest = fields(where, data, "name", *expected)
        if check.identifier(where, name) == "spike":
            check.refuse(where, "another name for an event of the user's own", name)
    else:
        rest = fields(where, data, *expected)
    condition, slot, reset, reset_slot = rest
    event = Event(
        condition=check.expression(where, condition, names),
        slot=decode_slot(where, slot, schedule),
        reset=optional(check.statements, where, reset, names),
        reset_slot=optional(decode_slot, where, reset_slot, schedule),
        name=name,
    )
    if (event.reset is None) != (event.reset_slot is None):
        check.refuse(where, "a slot for the reset", reset_slot)
    return event


def decode_part(where, data, size):
    """Return a subgroup of a group of this size."""
    if len(items(where, data)) != 3:
        check.refuse(where, "name, start and stop of a subgroup", data)
    name, start, stop = data
    start = check.whole(where, start, least=0, most=size - 1)
    return Part(check.identifier(where, name), start, check.whole(where, stop, least=start + 1, most=size))


def decode_regular(where, data, names, schedule, size):
    """Return operations that run regularly; their code may use `names`."""
    found = []
    for entry in items(where, data):
        name, code, slot, dt, part = fields(where, entry, "name", "code", "slot", "dt", "part")
        found.append(
            Regular(
                name=check.identifier(where, name),
                code=check.statements(where, code, names),
                slot=decode_slot(where, slot, schedule),
                dt=optional(decode_dt, where, dt),
                part=optional(decode_part, where, part, size),
            )
        )
    return tuple(found)


def decode_links(where, data, equations, arrays, size):
    """Return links, one for each linked equation; what they are linked to is checked by `check_links`."""
    found = []
    for entry in items(where, data):
        names = ("name", "group", "variable", "part", "index", "array")
        name, group, variable, part, index, array = fields(where, entry, *names)
        if not isinstance(array, bool) or (array and index is not None):
            check.refuse(where, "an index that is a name or an array", (index, array))
        integers = [e.name for e in equations if e.kind == "integer"]
        index = optional(check.one_of, where, index, integers)
        found.append(
            Link(
                name=check.identifier(where, name),
                group=check.identifier(where, group),
                variable=check.identifier(where, variable),
                part=optional(decode_part, where, part, 2**31),
                index=arrays.link(name, size) if array else index,
            )
        )
    linked = sorted(e.name for e in equations if "linked" in e.flags)
    if sorted(link.name for link in found) != linked:
        check.refuse(where, f"links of {linked}", [link.name for link in found])
    return tuple(found)


def decode_method(where, method, options):
    """Return a state updater, or several, and its options."""
    if not isinstance(options, dict):
        check.refuse(where, "options of the method", options)
    for key, value in options.items():
        check.identifier(where, key)
        if not isinstance(value, bool):
            check.number(where, value)
    return check.method(where, method), tuple(sorted(options.items()))


def decode_variables(where, equations, arrays, size):
    """Return the variables of an object: each is one of its equations, of the right kind and shape."""
    by_name = {e.name: e for e in equations if not {"summed", "linked"} & set(e.flags)}
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
    if not size:
        # A file leaves arrays of no elements out.
        missing = {e.name: e for e in by_name.values() if _is_stored(e) and e.name not in arrays}
        found += [
            Variable(name, Array(np.zeros(0, bool if e.kind == "boolean" else STORED[e.kind]), e.dimensions))
            for name, e in missing.items()
        ]
    order = {e.name: k for k, e in enumerate(equations)}
    return tuple(sorted(found, key=lambda v: order[v.name]))


def _is_stored(equation):
    return "shared" not in equation.flags and (
        equation.type != "subexpression" or "constant over dt" in equation.flags
    )


def decode_dt(where, value):
    return check.number(f"{where}: dt", value, least=1e-12, most=1e6)
