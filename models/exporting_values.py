"""The values of a network as flat arrays by name, with their units."""

import json

import numpy as np

from .description import (
    Array,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
)
from .encoding import encode_annotations, encode_group, encode_poisson_input, encode_synapses
from .exporting_text import unit_code
from .recordings import unit_of

SECOND = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)
HERTZ = (0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0)


def arrays_of(description, *, zeros=True):
    """Return every array of a network by name, with its unit.

    Parameters
    ----------
    description : NetworkDescription
    zeros : bool
        Whether variables that are zero everywhere are among them.

    Returns
    -------
    dict of str to (ndarray, str)
        ``hidden1.tau_m`` (neuron), ``input_hidden1.i``, ``.j`` (synapse; indices of the neurons, from 0) and
        ``.w``; ``input_hidden1.pre.delay`` where it differs between synapses; ``source.indices``, ``.times`` of a spike
        generator, ``noise.rates``, ``wave(t)`` (time) or (time, column). SI units; shared variables have the shape ().
    """
    found = {}
    for g in description.groups:
        if isinstance(g, SpikeGeneratorDescription):
            if len(g.indices) or zeros:
                found[f"{g.name}.indices"] = g.indices, "1"
                found[f"{g.name}.times"] = g.times, "s"
        elif isinstance(g, PoissonGroupDescription):
            if not isinstance(g.rates, str):
                found[f"{g.name}.rates"] = g.rates.values, "Hz"
        else:
            found |= _variables(g, zeros)
            for link in g.links:
                if isinstance(link.index, np.ndarray):
                    found[f"{g.name}.{link.name}.index"] = link.index, "1"
    for s in description.synapses:
        found[f"{s.name}.i"], found[f"{s.name}.j"] = (s.pre, "1"), (s.post, "1")
        found |= _variables(s, zeros)
        for p in s.pathways:
            if p.delay.ndim:
                found[f"{s.name}.{p.name}.delay"] = p.delay, "s"
    for t in description.timed_arrays:
        found[f"{t.name}(t)"] = t.array.values, unit_of(t.array.dimensions)
    return found


def single_values(description):
    """Return what has one value: constants of namespaces, delays, refractory periods, steps.

    Returns
    -------
    list of (object, name, value, unit)
        The object is empty for the network as a whole.
    """
    notes = description.annotations
    found = [("", "dt", description.dt, "s")]
    if notes.dt_ref is not None:
        found.append(("", "dt_ref", float(notes.dt_ref), "s"))
    for obj in (*description.groups, *description.synapses):
        if obj.dt is not None:
            found.append((obj.name, "dt", obj.dt, "s"))
        if isinstance(getattr(obj, "refractory", None), float):
            found.append((obj.name, "refractory", obj.refractory, "s"))
        if getattr(obj, "period", 0):
            found.append((obj.name, "period", obj.period, "s"))
        for e in getattr(obj, "namespace", ()):
            if isinstance(e.value, Array):
                found.append((obj.name, e.name, e.value.values.item(), unit_of(e.value.dimensions)))
        shared = {e.name for e in getattr(obj, "equations", ()) if "shared" in e.flags}
        for v in getattr(obj, "variables", ()):
            if v.name in shared:
                value = v.array.values.reshape(-1)[0].item()
                found.append((obj.name, v.name, value, unit_of(v.array.dimensions)))
        for p in getattr(obj, "pathways", ()):
            if p.delay.ndim == 0:
                found.append((obj.name, f"{p.name}.delay", float(p.delay), "s"))
        for r in getattr(obj, "regular", ()):
            if r.dt is not None:
                found.append((r.name, "dt", r.dt, "s"))
    for p in description.poisson_inputs:
        found += [(p.name, "N", p.n, "1"), (p.name, "rate", p.rate, "Hz")]
        if isinstance(p.weight, Array):
            found.append((p.name, "weight", p.weight.values.item(), unit_of(p.weight.dimensions)))
    found += [(t.name, "dt", t.dt, "s") for t in description.timed_arrays]
    return found


def script_arrays(description, example):
    """Return the arrays of an exported script: values that are not zero, inputs and starts."""
    found = {name: values for name, (values, _) in arrays_of(description, zeros=False).items()}
    for s in description.synapses:
        for p in s.pathways:
            key = f"{s.name}.{p.name}.delay"
            if key in found and f"{s.name}_{p.name}" in description.annotations.step_delays:
                found[key] = p.delay + description.dt  # the physical one
    found |= {f"example/{name}": values for name, values in example.arrays.items()}
    for group, variables in example.starts.items():
        found |= {f"start/{group}.{name}": values for name, values in variables.items()}
    return found


def text_array(data):
    """Return plain data as an array that holds its JSON text: read without pickle."""
    return np.array(json.dumps(data, ensure_ascii=False))


def zero(values):
    """Whether all values are what Brian2 starts with: positive zero, or false."""
    return not np.asarray(values).tobytes().strip(b"\0")


def _variables(obj, zeros):
    shared = {e.name for e in obj.equations if "shared" in e.flags}
    return {
        f"{obj.name}.{v.name}": (
            v.array.values.reshape(()) if v.name in shared else v.array.values,
            unit_of(v.array.dimensions),
        )
        for v in obj.variables
        if zeros or not zero(v.array.values)
    }


def all_arrays(description):
    """Return every array of a network, beside its units, connectivity, equations and specification.

    Returns
    -------
    dict of str to ndarray
        Arrays by name as `arrays_of`; single values as ``hidden1.dt_ref``, ``hidden1_hidden1.pre.delay``, ``dt``; and,
        as JSON text, ``units`` (by name), ``connections`` (name: [source, target]), ``equations`` (a text),
        ``specification`` (all else: slots, methods, orders, readout, in the words of the package).
    """
    arrays = arrays_of(description)
    units = {name: unit for name, (_, unit) in arrays.items()}
    found = {name: values for name, (values, _) in arrays.items()}
    for owner, name, value, unit in single_values(description):
        key = f"{owner}.{name}" if owner else name
        if key not in found:
            found[key], units[key] = np.asarray(value), unit
    specification = {
        "schedule": list(description.schedule),
        "annotations": encode_annotations(description.annotations),
        "groups": {g.name: encode_group(g) for g in description.groups},
        "synapses": {s.name: encode_synapses(s) for s in description.synapses},
        "poisson_inputs": [encode_poisson_input(p) for p in description.poisson_inputs],
    }
    return found | {
        "units": text_array(units),
        "sizes": text_array({g.name: g.size for g in description.groups}),
        "connections": text_array({s.name: [s.source, s.target] for s in description.synapses}),
        "equations": np.array(equations_text(description)),
        "specification": text_array(specification),
    }


def equations_text(description):
    """Return equations, thresholds, resets and statements of a network as a text for readers."""
    parts = []
    for g in description.groups:
        lines = [f"{g.name}: {g.size}"]
        if isinstance(g, SpikeGeneratorDescription):
            lines.append("    spikes that are given")
        elif isinstance(g, PoissonGroupDescription):
            lines.append(
                "    Poisson processes" + (f", rates: {g.rates}" if isinstance(g.rates, str) else "")
            )
        else:
            lines += [f"    {equation_code(e)}" for e in g.equations]
            event = g.threshold
            lines += [] if event is None else [f"    threshold: {event.condition}"]
            lines += [] if event is None or event.reset is None else _statements("reset", event.reset)
            for e in g.events:
                lines.append(f"    event {e.name}: {e.condition}")
                lines += [] if e.reset is None else _statements(f"at the event {e.name}", e.reset)
            lines += [] if g.refractory is None else [f"    refractory: {g.refractory}"]
            lines.append(f"    method: {g.method}")
            lines += [_link_text(k) for k in g.links]
        lines += [f"    {regular_text(r)}" for r in getattr(g, "regular", ())]
        parts.append("\n".join(lines))
    for s in description.synapses:
        lines = [f"{s.name}: {len(s.pre)} synapses from {s.source} to {s.target}"]
        lines += [f"    {equation_code(e)}" for e in s.equations]
        for p in s.pathways:
            event = "a spike" if p.event == "spike" else f"an event {p.event}"
            lines += _statements(f"at {event} of {s.source if p.prepost == 'pre' else s.target}", p.code)
        lines += [_link_text(k) for k in s.links] + [f"    {regular_text(r)}" for r in s.regular]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def regular_text(r):
    """Return what runs regularly, in words."""
    which = "" if r.part is None else f" of its neurons {r.part.start} to {r.part.stop - 1}"
    every = "at each step" if r.dt is None else f"every {r.dt * 1e3:g} ms"
    return f"{r.name} runs {every}{which}"


def _link_text(link):
    return f"    {link.name} is {link.variable} of {link.group}"


def _statements(what, code):
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    return [f"    {what}: {lines[0]}", *(f"{' ' * (len(what) + 6)}{line}" for line in lines[1:])]


def equation_code(e):
    """Return an equation in Brian2's words."""
    left = {"differential equation": f"d{e.name}/dt = ", "subexpression": f"{e.name} = "}.get(e.type, "")
    unit = unit_code(e.dimensions).replace(" ", "") if e.kind == "float" else e.kind
    flags = f" ({', '.join(e.flags)})" if e.flags else ""
    return f"{left}{' '.join(e.expression.split()) if left else e.name} : {unit}{flags}"
