"""Source of groups and timed arrays, with their comments."""

from dataclasses import replace

from .description import NeuronGroupDescription, PoissonGroupDescription, Slot, SpikeGeneratorDescription
from .exporting_language import about_regular, events_argument, events_lines, regular_lines
from .exporting_symbols import known_neuron
from .exporting_text import call, comment, mapping, string, values_comment, with_remark
from .exporting_timing import delivers_late
from .exporting_values import HERTZ, SECOND


def group_code(writer, g):
    """Return the source of a described group.

    Parameters
    ----------
    writer : Writer
    g : NeuronGroupDescription, SpikeGeneratorDescription or PoissonGroupDescription

    Returns
    -------
    str
    """
    return _GROUPS[type(g)](writer, g)


def timed_array_code(writer, t, *, columns):
    """Return the source of a described `TimedArray`; `columns` whether every neuron reads its own."""
    writer.imports.add("TimedArray")
    code = f'stored["{t.name}(t)"]'
    if columns and writer.side_by_side:
        code = f"np.tile({code}, (1, trials))"
    code += writer.unit_factor(t.array.dimensions)
    rows = len(t.array.values)
    text = f"{t.name}(t): {rows} rows, one every {t.dt * 1e3:g} ms; the last one stays"
    text = f"{t.name}(t): one row, at all times" if rows == 1 else text
    text += ", a column for each neuron" if columns else ""
    target = f"{writer.names[t.name]} = TimedArray"
    step = writer.time(t.dt, step=columns)
    return comment(f"{text}.") + "\n" + call(target, [code, f"dt={step}", f'name="{t.name}"'])


def _neurons(writer, g):
    writer.imports.add("NeuronGroup")
    target, event, known = writer.names[g.name], g.threshold, known_neuron(g)
    arguments = [writer.size(g.size), writer.equations_code(g.name, g.equations, known=known)]
    arguments.append(f"method={method_code(g.method)}")
    if g.method_options:
        arguments.append(f"method_options={mapping([(k, repr(v)) for k, v in g.method_options], used=16)}")
    if event is not None:
        arguments.append(f"threshold={string(event.condition, used=12)}")
        arguments += [] if event.reset is None else [f"reset={string(event.reset, used=8)}"]
    arguments += events_argument(g)
    if isinstance(g.refractory, str):
        arguments.append(f"refractory={string(g.refractory, used=13)}")
    elif g.refractory is not None:
        arguments.append(f"refractory={writer.time(g.refractory)}")
    arguments += writer.namespace(g.namespace) + writer.last_arguments(g)
    lines = [comment(_about_neurons(g, known)), call(f"{target} = NeuronGroup", arguments)]
    lines += writer.slot_lines(f"{target}.state_updater", g.update_slot, Slot("groups", g.order))
    if g.constant_slot is not None:
        default = Slot("before_start", g.order)
        lines += writer.slot_lines(f"{target}.subexpression_updater", g.constant_slot, default)
    if event is not None:
        own = Slot("thresholds", g.order)
        lines += writer.slot_lines(f'{target}.thresholder["spike"]', event.slot, own)
        if event.reset is not None:
            own = Slot("resets", g.order)
            lines += writer.slot_lines(f'{target}.resetter["spike"]', event.reset_slot, own)
    lines += events_lines(writer, g) + regular_lines(writer, g)
    starts = writer.starts.get(g.name, {})
    return "\n".join([*lines, *writer.value_lines(g, given=starts), *_start_lines(writer, g, starts)])


def _about_neurons(g, known):
    kind = known[1].title if known else "neurons" if g.threshold else "units that do not spike"
    text = f"{g.name}: {g.size} {kind}."
    if g.refractory is not None:
        held = [e.name for e in g.equations if "unless refractory" in e.flags]
        goes_on = "the state goes on"
        if held:
            goes_on = f"{' and '.join(held)} {'stands' if len(held) == 1 else 'stand'} still"
        text += f" In the refractory period after a spike they emit no other; {goes_on}."
    if g.dt is not None:
        text += f" Their step is {g.dt * 1e3:g} ms at every dt."
    return text + about_regular(g)


def method_code(method):
    """Return the code of a state updater, or of several."""
    if isinstance(method, str):
        return f'"{method}"'
    return "(" + ", ".join(map(method_code, method)) + (",)" if len(method) == 1 else ")")


def _start_lines(writer, g, starts):
    lines = []
    for name in starts:
        unit = writer.unit_factor(next(v.array.dimensions for v in g.variables if v.name == name))
        code = f'{writer.names[g.name]}.{name} = stored["start/{g.name}.{name}"][chosen].ravel(){unit}'
        lines.append(with_remark(code, "its own in each trial"))
    return lines


def _generator(writer, g):
    writer.imports |= {"SpikeGeneratorGroup", "second"}
    index, times = "[]", "[] * second"
    if len(g.indices):
        index = writer.index(f"{g.name}.indices", g.size)
        times = writer.stored(f"{g.name}.times", SECOND)
    arguments = [writer.size(g.size), index, times]
    arguments += [f"period={writer.quantity(g.period, SECOND)}"] if g.period else []
    arguments += [] if g.slot.when == "thresholds" else [f'when="{g.slot.when}"']
    arguments += [f"order={g.slot.order}"] if g.slot.order else []
    text = f"{g.name}: {g.size} channels with given spikes."
    if g.slot.when != "thresholds" and _gains_a_step(writer.description, g):
        text += (
            f' They are emitted in the slot "{g.slot.when}": in Brian2\'s own, "thresholds", they would come after the '
            "synapses of the step and arrive one step late."
        )
    made = call(f"{writer.names[g.name]} = SpikeGeneratorGroup", arguments + writer.last_arguments(g))
    return comment(text) + "\n" + made


def _gains_a_step(description, g):
    """Whether all synapses of a spike generator would deliver a step later from Brian2's own slot."""
    moved = description.replace_group(replace(g, slot=Slot("thresholds")))
    pathways = [
        (s, p) for s in description.synapses if s.source == g.name for p in s.pathways if p.prepost == "pre"
    ]
    return bool(pathways) and all(
        delivers_late(description, s, p) is False and delivers_late(moved, s, p) for s, p in pathways
    )


def _poisson(writer, g):
    writer.imports.add("PoissonGroup")
    text = f"{g.name}: {g.size} Poisson processes."
    if isinstance(g.rates, str):
        rates = string(g.rates)
    else:
        rates = writer.stored(f"{g.name}.rates", HERTZ)
        text = text[:-1] + f", {values_comment(g.rates.values, HERTZ)}."
    target = writer.names[g.name]
    arguments = [writer.size(g.size), rates, *writer.namespace(g.namespace), *writer.last_arguments(g)]
    lines = [comment(text), call(f"{target} = PoissonGroup", arguments)]
    own = Slot("thresholds", g.order)
    lines += writer.slot_lines(f'{target}.thresholder["spike"]', g.slot, own)
    return "\n".join(lines + regular_lines(writer, g))


_GROUPS = {
    NeuronGroupDescription: _neurons,
    SpikeGeneratorDescription: _generator,
    PoissonGroupDescription: _poisson,
}
