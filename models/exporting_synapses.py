"""Source of synapses, with their comments."""

import numpy as np

from .description import Slot
from .errors import UnsupportedModel
from .exporting_groups import method_code
from .exporting_language import about_regular, links_lines, regular_lines
from .exporting_text import call, comment, mapping, string, values_comment, with_remark
from .exporting_timing import delivers_late
from .exporting_values import SECOND, zero


def synapses_code(writer, s):
    """Return the source of a described `Synapses` object.

    Parameters
    ----------
    writer : Writer
    s : SynapsesDescription

    Returns
    -------
    str

    Raises
    ------
    UnsupportedModel
        A delay that a slot contributes to is half a step, so that it would be rounded otherwise.
    """
    writer.imports.add("Synapses")
    target = writer.names[s.name]
    arguments = [writer.end(s.source, s.source_part), writer.end(s.target, s.target_part)]
    arguments += [writer.equations_code(s.name, s.equations, synapse=True)] if s.equations else []
    for side in ("pre", "post"):
        arguments += _statements(side, [p for p in s.pathways if p.prepost == side])
    delays = [(p.name, _delay(writer, s, p)) for p in s.pathways if p.delay.ndim == 0]
    if [name for name, _ in delays] == ["pre"]:
        arguments.append(f"delay={delays[0][1]}")
    elif delays:
        arguments.append(f"delay={mapping(delays, used=7)}")
    events = [(p.name, f'"{p.event}"') for p in s.pathways if p.event != "spike"]
    arguments += [f"on_event={mapping(events, used=10)}"] if events else []
    if s.update_slot is not None:
        arguments.append(f"method={method_code(s.method)}")
    if s.method_options:
        arguments.append(f"method_options={mapping([(k, repr(v)) for k, v in s.method_options], used=16)}")
    if s.multisynaptic_index:
        arguments.append(f'multisynaptic_index="{s.multisynaptic_index}"')
    arguments += writer.namespace(s.namespace) + writer.last_arguments(s)
    lines = [comment(_about(writer, s)), call(f"{target} = Synapses", arguments)]
    for p in s.pathways:
        own = Slot("synapses", -1 if p.prepost == "pre" else 1)
        lines += writer.slot_lines(f"{target}.{p.name}", p.slot, own)
    for u in s.summed:
        own = Slot("groups", s.order)
        lines += writer.slot_lines(f'{target}.summed_updaters["{u.variable}"]', u.slot, own)
    if s.update_slot is not None:
        lines += writer.slot_lines(f"{target}.state_updater", s.update_slot, Slot("groups", s.order))
    if s.constant_slot is not None:
        own = Slot("before_start", s.order)
        lines += writer.slot_lines(f"{target}.subexpression_updater", s.constant_slot, own)
    lines += [_connect(writer, s), *links_lines(writer, s), *regular_lines(writer, s), *writer.value_lines(s)]
    for p in s.pathways:
        if p.delay.ndim and (_is_late(writer, s, p) or not zero(p.delay)):
            physical = p.delay + (writer.description.dt if _is_late(writer, s, p) else 0)
            code = f"{target}.{p.name}.delay = {_delay(writer, s, p)}"
            lines.append(with_remark(code, values_comment(physical, SECOND)))
    return "\n".join(lines)


def _statements(side, pathways):
    """The argument ``on_pre=…`` or ``on_post=…``, as a list of none or one."""
    if [p.name for p in pathways] == [side]:
        return [f"on_{side}={string(pathways[0].code, used=10)}"]
    codes = [(p.name, string(p.code, indent=8, used=len(p.name) + 5)) for p in pathways]
    return [f"on_{side}={mapping(codes, used=9)}"] if codes else []


def _connect(writer, s):
    target = writer.names[s.name]
    if not len(s.pre):
        return f'{target}.connect(condition="False")'
    i = writer.index(f"{s.name}.i", writer.description.size(s.source))
    j = writer.index(f"{s.name}.j", writer.description.size(s.target))
    # A subgroup counts from its beginning.
    i, j = (
        code if part is None or not part.start else f"{code} - {part.start}"
        for code, part in ((i, s.source_part), (j, s.target_part))
    )
    return call(f"{target}.connect", [f"i={i}", f"j={j}"])


def _about(writer, s):
    n, m = (
        writer.description.size(end) if part is None else part.stop - part.start
        for end, part in ((s.source, s.source_part), (s.target, s.target_part))
    )
    number = "all to all" if _all_to_all(s, n, m) else f"{len(s.pre)} synapses"
    ends = [
        end if part is None else f"{part.start} to {part.stop - 1} of {end}"
        for end, part in ((s.source, s.source_part), (s.target, s.target_part))
    ]
    text = f"{s.name}: from {ends[0]} to {ends[1]}, {number}."
    for p in s.pathways:
        late = delivers_late(writer.description, s, p)
        emits = s.source if p.prepost == "pre" else s.target
        which = f' "{p.name}"' if len(s.pathways) > 1 else ""
        if _is_late(writer, s, p):
            takes = values_comment(p.delay + writer.description.dt, SECOND)
            text += (
                f" A spike{which} takes {takes}. As the synapses run before {emits} spikes in a step, it waits for the "
                "next step anyway: dt of its way; delay is the rest."
            )
        elif late:
            text += f" They run{which} before {emits} spikes in a step: a spike waits for the next step."
        elif late is False and p.slot.when != "synapses":
            text += f" They run{which} after {emits} has spiked: without a delay a spike arrives in the same step."
    return text + about_regular(s)


def _all_to_all(s, n, m):
    return len(s.pre) == n * m and np.unique(s.pre.astype(np.int64) * m + s.post).size == n * m


def _is_late(writer, s, p):
    return f"{s.name}_{p.name}" in writer.description.annotations.step_delays


def _delay(writer, s, p):
    key, dt = f"{s.name}.{p.name}.delay", writer.description.dt
    if not _is_late(writer, s, p):
        return writer.time(p.delay) if p.delay.ndim == 0 else writer.stored(key, SECOND)
    writer.late = True
    for steps in (lambda delay: np.floor(delay / dt + 0.5), lambda delay: np.round(delay / dt)):
        if not np.array_equal(steps(p.delay + dt - dt), steps(p.delay)):
            raise UnsupportedModel(s.name, "a delay of half a step", "make it a whole number of steps")
    physical = (
        writer.time(float(p.delay) + dt, step=True) if p.delay.ndim == 0 else writer.stored(key, SECOND)
    )
    return f"rest_of({physical})"
