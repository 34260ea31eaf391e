"""Descriptions as plain data for a file (the inverse is `decoding`); arrays travel beside it."""

import hashlib
from dataclasses import asdict

import numpy as np
from brian2 import Function

from .description import Array, NeuronGroupDescription, PoissonGroupDescription, SpikeGeneratorDescription
from .errors import UnsupportedModel

KINDS = {
    "NeuronGroup": NeuronGroupDescription,
    "SpikeGeneratorGroup": SpikeGeneratorDescription,
    "PoissonGroup": PoissonGroupDescription,
}


def encode_slot(slot):
    return None if slot is None else [slot.when, slot.order]


def encode_equations(equations):
    return [
        {
            "type": e.type,
            "name": e.name,
            "expression": e.expression,
            "dimensions": list(e.dimensions),
            "kind": e.kind,
            "flags": list(e.flags),
        }
        for e in equations
    ]


def encode_namespace(externals):
    """Return names with their values; a function of the user's own as the text of its code in C++."""
    found = []
    for e in externals:
        if isinstance(e.value, str):
            found.append({"name": e.name, "timed_array": e.value})
        elif isinstance(e.value, Function):
            found.append({"name": e.name, "function": _code_of(e.name, e.value)})
        else:
            found.append({"name": e.name, **encode_value(e.value)})
    return found


def encode_value(array):
    """Return one number with its dimensions."""
    return {"value": array.values.item(), "dimensions": list(array.dimensions)}


def _code_of(name, function):
    """What C++ code is generated from a function: its own code, and a hash of the arrays that it uses."""
    implementation = function.implementations._implementations.get("cpp")
    if implementation is None:
        return None
    if implementation.dynamic:
        raise UnsupportedModel(
            name,
            "code in C++ that is made anew for each object",
            "give it as a text: @implementation('cpp', …)",
        )
    arrays = {
        key: hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        for key, value in sorted((implementation.get_namespace(None) or {}).items())
    }
    others = {key: _code_of(key, f) for key, f in sorted((implementation.dependencies or {}).items())}
    return {"code": implementation.get_code(None), "arrays": arrays, "functions": others}


def encode_method(method):
    """Return the name of a state updater, or several; one of the user's own as its text."""
    if isinstance(method, tuple):
        return [encode_method(m) for m in method]
    return method if isinstance(method, str) else {"own": str(method)}


def encode_part(part):
    return None if part is None else [part.name, part.start, part.stop]


def encode_links(links):
    """Return links; an index that is an array travels beside them."""
    return [
        {
            "name": k.name,
            "group": k.group,
            "variable": k.variable,
            "part": encode_part(k.part),
            "index": None if isinstance(k.index, np.ndarray) else k.index,
            "array": isinstance(k.index, np.ndarray),
        }
        for k in links
    ]


def encode_regular(regular):
    return [
        {"name": r.name, "code": r.code, "slot": encode_slot(r.slot), "dt": r.dt, "part": encode_part(r.part)}
        for r in regular
    ]


def encode_poisson_input(p):
    return {
        "name": p.name,
        "target": p.target,
        "variable": p.variable,
        "n": p.n,
        "rate": p.rate,
        "weight": encode_value(p.weight) if isinstance(p.weight, Array) else p.weight,
        "slot": encode_slot(p.slot),
        "part": encode_part(p.part),
    }


def _encode_event(event):
    return {
        "condition": event.condition,
        "slot": encode_slot(event.slot),
        "reset": event.reset,
        "reset_slot": encode_slot(event.reset_slot),
    }


def encode_annotations(notes):
    r = notes.readout
    return {
        "dt_ref": None if notes.dt_ref is None else float(notes.dt_ref),
        "readout": None
        if r is None
        else {
            "group": r.group,
            "variable": r.variable,
            "slot": r.slot,
            "reduce": r.reduce,
            "skip": r.skip,
            "phase": r.phase,
        },
        "initial": asdict(notes.initial),
        "step_delays": list(notes.step_delays),
        "about": dict(notes.about),
        "growing": list(notes.growing),
        "jitter": [asdict(j) for j in notes.jitter],
    }


def encode_group(g):
    """Return the plain part of a group; its arrays are `variables`, `rates`, or `indices` and `times`."""
    kind = next(name for name, cls in KINDS.items() if type(g) is cls)
    data = {"kind": kind, "dt": g.dt}
    if kind == "SpikeGeneratorGroup":
        return data | {"period": g.period, "slot": encode_slot(g.slot)}
    data |= {"order": g.order, "namespace": encode_namespace(g.namespace)}
    if kind == "PoissonGroup":
        rates = g.rates if isinstance(g.rates, str) else None
        return data | {"rates": rates, "slot": encode_slot(g.slot), "regular": encode_regular(g.regular)}
    return data | {
        "equations": encode_equations(g.equations),
        "method": encode_method(g.method),
        "method_options": dict(g.method_options),
        "threshold": None if g.threshold is None else _encode_event(g.threshold),
        "events": [{"name": e.name, **_encode_event(e)} for e in g.events],
        "refractory": g.refractory,
        "update_slot": encode_slot(g.update_slot),
        "constant_slot": encode_slot(g.constant_slot),
        "links": encode_links(g.links),
        "regular": encode_regular(g.regular),
    }


def encode_synapses(s):
    """Return the plain part of synapses; their arrays are `pre`, `post`, `variables` and the delays of pathways."""
    return {
        "source": s.source,
        "target": s.target,
        "equations": encode_equations(s.equations),
        "pathways": [
            {
                "name": p.name,
                "prepost": p.prepost,
                "code": p.code,
                "slot": encode_slot(p.slot),
                "event": p.event,
            }
            for p in s.pathways
        ],
        "summed": [{"variable": u.variable, "slot": encode_slot(u.slot)} for u in s.summed],
        "multisynaptic_index": s.multisynaptic_index,
        "namespace": encode_namespace(s.namespace),
        "dt": s.dt,
        "order": s.order,
        "source_part": encode_part(s.source_part),
        "target_part": encode_part(s.target_part),
        "method": encode_method(s.method),
        "method_options": dict(s.method_options),
        "update_slot": encode_slot(s.update_slot),
        "constant_slot": encode_slot(s.constant_slot),
        "links": encode_links(s.links),
        "regular": encode_regular(s.regular),
    }
