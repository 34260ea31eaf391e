"""Descriptions as plain data for a file (the inverse is `decoding`); arrays travel beside it."""

from dataclasses import asdict

from .description import NeuronGroupDescription, PoissonGroupDescription, SpikeGeneratorDescription

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
    found = []
    for e in externals:
        if isinstance(e.value, str):
            found.append({"name": e.name, "timed_array": e.value})
        else:
            value, dims = e.value.values.item(), list(e.value.dimensions)
            found.append({"name": e.name, "value": value, "dimensions": dims})
    return found


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
        return data | {"rates": rates, "slot": encode_slot(g.slot)}
    event = g.threshold
    return data | {
        "equations": encode_equations(g.equations),
        "method": g.method if isinstance(g.method, str) else list(g.method),
        "method_options": dict(g.method_options),
        "threshold": None
        if event is None
        else {
            "condition": event.condition,
            "slot": encode_slot(event.slot),
            "reset": event.reset,
            "reset_slot": encode_slot(event.reset_slot),
        },
        "refractory": g.refractory,
        "update_slot": encode_slot(g.update_slot),
        "constant_slot": encode_slot(g.constant_slot),
    }


def encode_synapses(s):
    """Return the plain part of synapses; their arrays are `pre`, `post`, `variables` and the delays of pathways."""
    return {
        "source": s.source,
        "target": s.target,
        "equations": encode_equations(s.equations),
        "pathways": [
            {"name": p.name, "prepost": p.prepost, "code": p.code, "slot": encode_slot(p.slot)}
            for p in s.pathways
        ],
        "summed": [{"variable": u.variable, "slot": encode_slot(u.slot)} for u in s.summed],
        "multisynaptic_index": s.multisynaptic_index,
        "namespace": encode_namespace(s.namespace),
        "dt": s.dt,
        "order": s.order,
    }
