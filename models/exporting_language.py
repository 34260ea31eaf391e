"""Source of what groups and synapses may have beside equations: events, operations, links, subgroups, inputs."""

import numpy as np

from .description import Array, Slot
from .errors import UnsupportedModel
from .exporting_text import call, comment, mapping, string
from .exporting_values import HERTZ, SECOND, regular_text


def check_functions(description):
    """Refuse functions and state updaters of the user's own: a script holds statements alone.

    Raises
    ------
    UnsupportedModel
    """
    for obj in (*description.groups, *description.synapses):
        method = getattr(obj, "method", ())
        if not all(isinstance(m, str) for m in (method if isinstance(method, tuple) else [method])):
            raise UnsupportedModel(
                obj.name, "a state updater of the user's own in a script", "use one of Brian2's, e.g. 'rk4'"
            )
        for e in getattr(obj, "namespace", ()):
            if not isinstance(e.value, (Array, str)):
                raise UnsupportedModel(
                    obj.name, f"the function '{e.name}' in a script", "write it out in the equations"
                )


def parts_of(description):
    """Return the subgroups of a network as (name of the whole, Part), each once, in the order of their names."""
    found = set()
    for s in description.synapses:
        found |= {(s.source, s.source_part), (s.target, s.target_part)}
    for p in description.poisson_inputs:
        found.add((p.target, p.part))
    for obj in (*description.groups, *description.synapses):
        found |= {(obj.name, r.part) for r in getattr(obj, "regular", ())}
        found |= {(k.group, k.part) for k in getattr(obj, "links", ())}
    return sorted(((n, p) for n, p in found if p is not None), key=lambda pair: (pair[1].name, pair[0]))


def subgroups_code(writer, whole):
    """Return the source of the subgroups of one object, with what they run regularly; nothing where it has none.

    Parameters
    ----------
    writer : Writer
    whole : NeuronGroupDescription, PoissonGroupDescription or SynapsesDescription
    """
    lines = []
    for name, part in parts_of(writer.description):
        if name == whole.name:
            writer.imports.add("Subgroup")
            target = writer.end(name, part)
            bounds = [writer.names[name], str(part.start), str(part.stop)]
            lines.append(call(f"{target} = Subgroup", [*bounds, f'name="{part.name}"']))
            lines += [_regular(writer, target, r) for r in whole.regular if r.part == part]
    return "\n".join(lines)


def regular_lines(writer, d):
    """Lines of the operations that an object itself runs regularly."""
    return [_regular(writer, writer.names[d.name], r) for r in d.regular if r.part is None]


def _regular(writer, target, r):
    arguments = [string(r.code)]
    arguments += [] if r.dt is None else [f"dt={writer.quantity(r.dt, SECOND)}"]
    arguments += [] if r.slot.when == "start" else [f'when="{r.slot.when}"']
    arguments += [f"order={r.slot.order}"] if r.slot.order else []
    return call(f"{target}.run_regularly", [*arguments, f'name="{r.name}"'])


def events_argument(g):
    """The argument ``events=…`` of a group, as a list of none or one."""
    items = [(e.name, string(e.condition, indent=8, used=len(e.name) + 5)) for e in g.events]
    return [f"events={mapping(items, used=8)}"] if items else []


def events_lines(writer, g):
    """Lines that say what follows the events of a group, and when they are checked."""
    target, lines = writer.names[g.name], []
    for e in g.events:
        own = Slot("after_thresholds", g.order)
        lines += writer.slot_lines(f'{target}.thresholder["{e.name}"]', e.slot, own)
        if e.reset is not None:
            arguments = [f'"{e.name}"', string(e.reset), f'when="{e.reset_slot.when}"']
            arguments += [f"order={e.reset_slot.order}"] if e.reset_slot.order else []
            lines.append(call(f"{target}.run_on_event", arguments))
    return lines


def links_lines(writer, d):
    """Lines that set the linked variables of a group or of synapses."""
    lines = []
    for link in d.links:
        writer.imports.add("linked_var")
        arguments = [writer.end(link.group, link.part), f'"{link.variable}"']
        if isinstance(link.index, np.ndarray):
            index = f'stored["{d.name}.{link.name}.index"]'
            if writer.side_by_side:
                index = writer.index(f"{d.name}.{link.name}.index", writer.description.size(link.group))
            arguments.append(f"index={index}")
        elif link.index is not None:
            arguments.append(f'index="{link.index}"')
        lines.append(call(f"{writer.names[d.name]}.{link.name} = linked_var", arguments))
    return lines


def poisson_input_code(writer, p):
    """Return the source of a described `PoissonInput`."""
    writer.imports.add("PoissonInput")
    target, weight = writer.names[p.name], p.weight
    if isinstance(weight, Array):
        weight = writer.quantity(weight.values, weight.dimensions)
    else:
        weight = string(weight, used=7)
    arguments = [writer.end(p.target, p.part), f'"{p.variable}"', f"N={p.n}"]
    arguments += [f"rate={writer.quantity(p.rate, HERTZ)}", f"weight={weight}"]
    arguments += [] if p.slot.when == "synapses" else [f'when="{p.slot.when}"']
    arguments += [f"order={p.slot.order}"] if p.slot.order else []
    text = f"{p.name}: Poisson processes that add to {p.variable} of {p.target}, {p.n} for each element."
    lines = [comment(text), call(f"{target} = PoissonInput", arguments)]
    lines.append(f'{target}._name = "{p.name}"  # it takes no name, and operations run in the order of names')
    return "\n".join(lines)


def about_regular(d):
    """A sentence on the operations that an object runs regularly; empty where there are none."""
    return "".join(f" {regular_text(r)}." for r in getattr(d, "regular", ()))
