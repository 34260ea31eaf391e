"""What happens when within a step, in words: the order of a network's operations, and what it means for spikes."""

import re
from dataclasses import dataclass

from .description import NeuronGroupDescription, SpikeGeneratorDescription
from .exporting_values import regular_text


@dataclass(frozen=True)
class Operation:
    """One operation of a step: its slot, its order within the slot, Brian2's name for it, what it does."""

    when: str
    order: int
    name: str
    what: str


def operations(description):
    """Return the operations of a step in the order in which Brian2 runs them: by slot, order, name.

    Parameters
    ----------
    description : NetworkDescription

    Returns
    -------
    list of Operation
    """
    found = []
    for g in description.groups:
        if isinstance(g, SpikeGeneratorDescription):
            found.append(Operation(g.slot.when, g.slot.order, g.name, f"{g.name} emits its spikes"))
        elif isinstance(g, NeuronGroupDescription):
            found += _of_neurons(g)
        else:
            name = f"{g.name}_spike_thresholder"
            found.append(Operation(g.slot.when, g.slot.order, name, f"{g.name} draws its spikes"))
    for s in description.synapses:
        for p in s.pathways:
            target = s.target if p.prepost == "pre" else s.source
            what = f"{s.name} delivers spikes to {target}"
            if p.prepost == "post" or len(s.pathways) > 1:
                what = f"{s.name} runs its statements '{p.name}'"
            found.append(Operation(p.slot.when, p.slot.order, f"{s.name}_{p.name}", what))
        for u in s.summed:
            variable = u.variable.removesuffix("_post").removesuffix("_pre")
            what = f"{s.name} sums into {variable} of {s.source if u.variable.endswith('_pre') else s.target}"
            found.append(Operation(u.slot.when, u.slot.order, f"{s.name}_summed_variable_{u.variable}", what))
        found += _updates(s)
    for p in description.poisson_inputs:
        found.append(
            Operation(p.slot.when, p.slot.order, p.name, f"{p.name} adds to {p.variable} of {p.target}")
        )
    for obj in (*description.groups, *description.synapses):
        for r in getattr(obj, "regular", ()):
            found.append(Operation(r.slot.when, r.slot.order, r.name, regular_text(r)))
    return sorted(found, key=lambda op: (position(description.schedule, op.when), op.order, op.name))


def _updates(obj):
    """The state update, and what is computed once for a step."""
    integrated = any(
        e.type == "differential equation" and "event-driven" not in e.flags for e in obj.equations
    )
    if integrated:
        what = f"{obj.name} integrates its equations"
        yield Operation(obj.update_slot.when, obj.update_slot.order, f"{obj.name}_stateupdater", what)
    if obj.constant_slot is not None:
        names = ", ".join(e.name for e in obj.equations if "constant over dt" in e.flags)
        slot, name = obj.constant_slot, f"{obj.name}_subexpression_update"
        yield Operation(slot.when, slot.order, name, f"{obj.name} computes {names} for this step")


def _of_neurons(g):
    yield from _updates(g)
    for e in g.events:
        name, what = f"{g.name}_{e.name}_thresholder", f"{g.name} has the event {e.name} where {e.condition}"
        yield Operation(e.slot.when, e.slot.order, name, what)
        if e.reset is not None:
            name, what = f"{g.name}_{e.name}_resetter", f"{g.name} runs what follows {e.name}"
            yield Operation(e.reset_slot.when, e.reset_slot.order, name, what)
    event = g.threshold
    if event is None:
        return
    name = f"{g.name}_spike_thresholder"
    yield Operation(event.slot.when, event.slot.order, name, f"{g.name} spikes where {event.condition}")
    if event.reset is not None:
        slot = event.reset_slot
        yield Operation(slot.when, slot.order, f"{g.name}_spike_resetter", f"{g.name} resets")


def position(schedule, when):
    """Return the position of a slot within a step, as Brian2 counts it."""
    prefix, name = re.fullmatch(r"(before_|after_)?(.*)", when).groups()
    if name not in schedule:
        prefix, name = "", when
    return 3 * schedule.index(name) + {"before_": 0, None: 1, "": 1, "after_": 2}[prefix]


def delivers_late(description, synapses, pathway):
    """Return whether a pathway runs before its source has spiked in a step, so that spikes come one step later.

    Returns
    -------
    bool or None
        None where source and pathway have steps of their own, and nothing can be said.
    """
    name = synapses.source if pathway.prepost == "pre" else synapses.target
    group = description.group(name)
    if any(obj.dt is not None for obj in (group, synapses)):
        return None
    if isinstance(group, NeuronGroupDescription):
        slot = next(e.slot for e in (group.threshold, *group.events) if e and e.name == pathway.event)
    else:
        slot = group.slot
    emitter = name if isinstance(group, SpikeGeneratorDescription) else f"{name}_{pathway.event}_thresholder"
    emitted = position(description.schedule, slot.when), slot.order, emitter
    delivered = (
        position(description.schedule, pathway.slot.when),
        pathway.slot.order,
        f"{synapses.name}_{pathway.name}",
    )
    return delivered < emitted


def slot_lines(description, reads=()):
    """Return the step as pairs of text: each slot in use, padded, and what runs there.

    Parameters
    ----------
    description : NetworkDescription
    reads : iterable of (str, str)
        Further slots and what happens there, such as the readout.
    """
    found = operations(description) + [Operation(when, 10**6, "~", what) for when, what in reads]
    found.sort(key=lambda op: position(description.schedule, op.when))
    by_slot = {}
    for op in found:
        by_slot.setdefault(op.when, []).append(op.what)
    width = max(map(len, by_slot), default=0)
    return [(f"{when:<{width}}", "; ".join(what)) for when, what in by_slot.items()]
