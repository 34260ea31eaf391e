"""What happens when within a step, in words: the order of a network's operations, and what it means for spikes."""

import re
from dataclasses import dataclass

from .description import NeuronGroupDescription, SpikeGeneratorDescription


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
    return sorted(found, key=lambda op: (position(description.schedule, op.when), op.order, op.name))


def _of_neurons(g):
    if any(e.type == "differential equation" for e in g.equations):
        what = f"{g.name} integrates its equations"
        yield Operation(g.update_slot.when, g.update_slot.order, f"{g.name}_stateupdater", what)
    if g.constant_slot is not None:
        names = ", ".join(e.name for e in g.equations if "constant over dt" in e.flags)
        slot, name = g.constant_slot, f"{g.name}_subexpression_update"
        yield Operation(slot.when, slot.order, name, f"{g.name} computes {names} for this step")
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
    slot = getattr(group, "slot", None) or group.threshold.slot
    emitter = name if isinstance(group, SpikeGeneratorDescription) else f"{name}_spike_thresholder"
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
