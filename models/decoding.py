"""Groups from the plain data of a file (the inverse is `encoding`); every value is checked on the way."""

from dataclasses import replace

from . import checking as check
from .decoding_parts import (
    decode_dt,
    decode_equations,
    decode_event,
    decode_links,
    decode_method,
    decode_namespace,
    decode_regular,
    decode_slot,
    decode_variables,
    fields,
    items,
    optional,
)
from .description import (
    Array,
    NeuronGroupDescription,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
    TimedArrayDescription,
)
from .encoding import KINDS

HERTZ = (0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0)


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
            dt=optional(decode_dt, where, dt),
        )
    if kind == "PoissonGroup":
        names = ("kind", "dt", "order", "namespace", "rates", "slot", "regular")
        _, dt, order, namespace, rates, slot, regular = fields(where, {"regular": []} | data, *names)
        namespace = decode_namespace(where, namespace, timed_arrays)
        rates = optional(check.expression, where, rates, {e.name for e in namespace})
        known = {e.name for e in namespace} | {"rates"}
        return PoissonGroupDescription(
            name=name,
            size=arrays.size,
            rates=Array(arrays.rates, HERTZ) if rates is None else rates,
            slot=decode_slot(where, slot, schedule),
            namespace=namespace,
            dt=optional(decode_dt, where, dt),
            order=check.whole(where, order),
            regular=decode_regular(where, regular, known, schedule, arrays.size),
        )
    return _decode_neurons(where, name, data, arrays, schedule, timed_arrays)


def _decode_neurons(where, name, data, arrays, schedule, timed_arrays):
    # The first files have groups without events of their own, links and operations that run regularly.
    data = {"events": [], "links": [], "regular": []} | data
    names = (
        *("kind", "dt", "order", "namespace", "equations", "method", "method_options", "threshold"),
        *("refractory", "update_slot", "constant_slot", "events", "links", "regular"),
    )
    _, dt, order, namespace, equations, method, options, threshold, *rest = fields(where, data, *names)
    refractory, update_slot, constant_slot, events, links, regular = rest
    namespace = decode_namespace(where, namespace, timed_arrays)
    equations = decode_equations(where, equations, {e.name for e in namespace}, noise=True)
    names = {e.name for e in namespace} | {e.name for e in equations}
    threshold = optional(decode_event, where, threshold, names, schedule)
    events = tuple(decode_event(where, e, names, schedule, custom=True) for e in items(where, events))
    if len({e.name for e in events}) < len(events):
        check.refuse(where, "each event once", [e.name for e in events])
    if isinstance(refractory, str):
        check.expression(where, refractory, names)
    else:
        refractory = optional(check.number, where, refractory, least=0)
    method, options = decode_method(where, method, options)
    return NeuronGroupDescription(
        name=name,
        size=arrays.size,
        equations=equations,
        method=method,
        method_options=options,
        threshold=threshold,
        refractory=refractory,
        update_slot=decode_slot(where, update_slot, schedule),
        constant_slot=optional(decode_slot, where, constant_slot, schedule),
        namespace=namespace,
        variables=decode_variables(where, equations, arrays.variables, arrays.size),
        dt=optional(decode_dt, where, dt),
        order=check.whole(where, order),
        events=events,
        links=decode_links(where, links, equations, arrays, arrays.size),
        regular=decode_regular(where, regular, names, schedule, arrays.size),
    )


def decode_timed_array(name, data, values):
    """Return the description of a `TimedArray`."""
    where = f"timed array {check.identifier('timed array', name)}"
    dt, dims = fields(where, data, "dt", "dimensions")
    return TimedArrayDescription(name, Array(values, check.dimensions(where, dims)), decode_dt(where, dt))


def without_trials(description, trials):
    """Return the description with its number of trials, checked to divide every group."""
    for g in description.groups:
        if g.size % trials:
            check.refuse(f"group {g.name}", f"a size that {trials} trials divide", g.size)
    return replace(description, trials=trials)
