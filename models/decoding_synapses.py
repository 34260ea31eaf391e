"""Synapses and Poisson inputs from the plain data of a file (inverse: `encoding`); every value is checked."""

from dataclasses import dataclass

from . import checking as check
from .decoding_parts import (
    decode_dt,
    decode_equations,
    decode_links,
    decode_method,
    decode_namespace,
    decode_part,
    decode_regular,
    decode_slot,
    decode_value,
    decode_variables,
    fields,
    items,
    optional,
)
from .description import PathwayDescription, PoissonInputDescription, Summed, SynapsesDescription

OF_THE_FIRST = {
    "source_part": None,
    "target_part": None,
    "method": ["exact", "euler", "heun"],
    "method_options": {},
    "update_slot": None,
    "constant_slot": None,
    "links": [],
    "regular": [],
}


@dataclass(frozen=True)
class End:
    """What synapses may be connected to: its size, the names of its variables, its events."""

    size: int
    names: frozenset
    events: tuple

    @classmethod
    def of_group(cls, g):
        """That of a described group."""
        names = {e.name for e in getattr(g, "equations", ())} | ({"rates"} if hasattr(g, "rates") else set())
        events = ["spike"] if getattr(g, "threshold", True) is not None else []
        return cls(g.size, frozenset(names), (*events, *(e.name for e in getattr(g, "events", ()))))

    @classmethod
    def of_synapses(cls, s, known):
        """That of described synapses, between ends that are `known` by name: they have the variables of both, too."""
        names = {e.name for e in s.equations} | ({s.multisynaptic_index} - {None})
        for end, suffix in ((known[s.source], "_pre"), (known[s.target], "_post")):
            names |= {name + suffix for name in end.names}
        return cls(len(s.pre), frozenset(names | known[s.target].names), ())


def decode_synapses(name, data, arrays, known, schedule, timed_arrays):
    """Return the description of synapses from their plain part and arrays; `known` has the `End` of each name."""
    where = f"synapses {check.identifier('synapses', name)}"
    # The first files have synapses between whole groups, that change at spikes alone.
    data = OF_THE_FIRST | data if isinstance(data, dict) else data
    names = (
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
        *OF_THE_FIRST,
    )
    source, target, equations, pathways, summed, index, namespace, dt, order, *rest = fields(
        where, data, *names
    )
    source_part, target_part, method, options, update_slot, constant_slot, links, regular = rest
    ends = [known[check.one_of(where, end, known)] for end in (source, target)]
    parts = [
        optional(decode_part, where, part, end.size)
        for part, end in zip((source_part, target_part), ends, strict=True)
    ]
    for array, end, part in zip((arrays.pre, arrays.post), ends, parts, strict=True):
        arrays.check_range(array, *((0, end.size) if part is None else (part.start, part.stop)))
    namespace = decode_namespace(where, namespace, timed_arrays)
    index = optional(check.identifier, where, index)
    names = {e.name for e in namespace} | ({index} if index else set())
    for end, suffix in zip(ends, ("_pre", "_post"), strict=True):
        names |= {name + suffix for name in end.names}
    # Brian2 takes a bare name for one of the postsynaptic group.
    names |= ends[1].names
    equations = decode_equations(where, equations, names, noise=True)
    names |= {e.name for e in equations}
    made = []
    for entry in items(where, pathways):
        entry = {"event": "spike"} | entry if isinstance(entry, dict) else entry
        key, prepost, code, slot, event = fields(where, entry, "name", "prepost", "code", "slot", "event")
        prepost = check.one_of(where, prepost, ("pre", "post"))
        made.append(
            PathwayDescription(
                name=check.identifier(where, key),
                prepost=prepost,
                code=check.statements(where, code, names),
                slot=decode_slot(where, slot, schedule),
                delay=arrays.delay(key),
                event=check.one_of(where, event, ends[prepost == "post"].events),
            )
        )
    method, options = decode_method(where, method, options)
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
        dt=optional(decode_dt, where, dt),
        order=check.whole(where, order),
        source_part=parts[0],
        target_part=parts[1],
        method=method,
        method_options=options,
        update_slot=optional(decode_slot, where, update_slot, schedule),
        constant_slot=optional(decode_slot, where, constant_slot, schedule),
        links=decode_links(where, links, equations, arrays, len(arrays.pre)),
        regular=decode_regular(where, regular, names, schedule, len(arrays.pre)),
    )


def decode_poisson_input(data, known, namespaces, schedule):
    """Return the description of a PoissonInput; `known` has the `End` of each name, `namespaces` their externals."""
    where = "Poisson input"
    names = ("name", "target", "variable", "n", "rate", "weight", "slot", "part")
    name, target, variable, n, rate, weight, slot, part = fields(where, data, *names)
    where = f"Poisson input {check.identifier(where, name)}"
    end = known[check.one_of(where, target, known)]
    if isinstance(weight, dict):
        weight = decode_value(where, *fields(where, weight, "value", "dimensions"))
    else:
        check.expression(where, weight, end.names | namespaces[target])
    return PoissonInputDescription(
        name=name,
        target=target,
        variable=check.one_of(where, variable, sorted(end.names)),
        n=check.whole(where, n, least=0, most=2**31 - 1),
        rate=check.number(where, rate, least=0),
        weight=weight,
        slot=decode_slot(where, slot, schedule),
        part=optional(decode_part, where, part, end.size),
    )
