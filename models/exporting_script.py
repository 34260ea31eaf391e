"""The exported script as a whole: what it says about itself, its options, its objects, its run, its results."""

import ast
import inspect
import json
import re
from dataclasses import replace
from string import Template

import brian2

from .._version import __version__
from . import exporting_template as template
from .annotations import SPIKES
from .building import targets_first
from .description import NeuronGroupDescription
from .exporting_example import short
from .exporting_groups import group_code, timed_array_code
from .exporting_inputs import inputs_code
from .exporting_language import check_functions, links_lines, poisson_input_code, subgroups_code
from .exporting_results import scores_code
from .exporting_synapses import synapses_code
from .exporting_text import call, comment, listing, printable, quantity_code, wrapped
from .exporting_timing import slot_lines
from .exporting_values import SECOND
from .exporting_writer import Writer
from .recordings import spiking
from .stimuli import reference_step
from .symplectic import SYMPLECTIC, SymplecticExponentialEuler
from .tiling import INDEXED, statements, timed_names


def script_text(description, example):
    """Return the source of a Brian2 script that is the network and runs it.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    example : Example
        What is stored beside the script to run it with.

    Returns
    -------
    str
        As ``ruff format`` leaves it at lines of 110 characters.
    """
    check_functions(description)
    description = in_reading_order(description)
    writer = Writer(description, side_by_side=example.side_by_side, starts=example.starts)
    objects = _objects(description, writer)
    network = _network(description, example, writer)
    body = [
        _constants(description),
        rule("options") + _options(description, example, writer),
        _updater(description),
        _equations(writer),
        objects,
        network,
    ]
    imports = _imports(example, writer, body, sympy=has_own_updater(description))
    parts = [_docstring(description, example), imports, *body]
    return "\n".join(part.lstrip("\n") for part in parts if part)


def in_reading_order(description):
    """Return the description with its objects from the inputs to the outputs, along the synapses."""
    ends = {s.name: (s.source, s.target) for s in description.synapses}
    ranks = {
        g.name: 0 if not isinstance(g, NeuronGroupDescription) else len(description.groups)
        for g in description.groups
    }
    targets = {s.target for s in description.synapses if s.source != s.target}
    ranks |= {name: 0 for name in ranks if name not in targets}
    between = [s for s in description.synapses if not {s.source, s.target} & set(ends)]
    for _ in description.groups:
        for s in between:
            ranks[s.target] = min(ranks[s.target], ranks[s.source] + 1)

    def rank(name):
        return ranks[name] if name in ranks else max(map(rank, ends[name]))

    groups = sorted(description.groups, key=lambda g: ranks[g.name])
    synapses = targets_first(sorted(description.synapses, key=lambda s: (rank(s.source), rank(s.target))))
    return replace(description, groups=tuple(groups), synapses=tuple(synapses))


def rule(title):
    """Return the line that begins a part of a script."""
    return f"# {'-' * 66} {title}\n"


def _step_name(description):
    return "STEP" if description.annotations.dt_ref is None else "DT_REF"


# ------------------------------------------------------------------ beginning
def _docstring(description, example):
    about = description.annotations.about
    lines = [f"A spiking network in Brian2: {', '.join(f'{g.name} ({g.size})' for g in description.groups)}."]
    lines[0] = (
        lines[0]
        if len(lines[0]) < 100
        else f"A spiking network of {len(description.groups)} groups in Brian2."
    )
    lines += [
        "",
        *_paragraph(
            "Needs numpy and brian2, nothing else. All values are in network.npz beside this script, in SI units, "
            f"by name (group.variable). Exported by chronaxie {__version__} with Brian2 {brian2.__version__}; the "
            "spikes are those of chronaxie.simulate."
        ),
    ]
    for key, label in (("task", "Task"), ("source", "Source"), ("file", "File"), ("odd", "Odd")):
        if about.get(key):
            lines += _paragraph(f"{label}: {about[key]}")
    examples = [
        ("", f"{short(example)} on NumPy"),
        ("--device cpp_standalone", "the same, compiled to C++ (or cython)"),
        (f"--dt {description.dt * 1e3 / 4:g} --out spikes.npz", "at a finer step; results into a file"),
    ]
    if example.arrays:
        kind = "npy" if len(example.inputs) == 1 else "npz"
        examples.append((f"--input mine.{kind}", "input of your own: (trial, time, channel)"))
    width = max(len(options) for options, _ in examples)
    lines += [""] + [f"    python network.py {options:<{width}}  # {what}" for options, what in examples]
    return '"""' + "\n".join(lines) + '\n"""\n'


def _paragraph(text):
    return wrapped(" ".join(printable(text).split()), 106)


def _imports(example, writer, body, *, sympy):
    names = {"Network", "defaultclock", "ms", "prefs", "set_device"} | writer.imports
    used = {node.id for node in ast.walk(ast.parse("\n".join(body))) if isinstance(node, ast.Name)}
    names |= {"second"} & used
    names |= {"seed"} if example.random else set()
    # Constants, classes, the rest: as import sorters have it.
    order = sorted(
        names, key=lambda n: (0 if n.isupper() and len(n) > 1 else 1 if n[0].isupper() else 2, n.lower())
    )
    one = f"from brian2 import {', '.join(order)}"
    if len(one) > 110:
        one = "from brian2 import (\n" + "".join(f"    {n},\n" for n in order) + ")"
    others = f"{one}\n" + (template.UPDATER_IMPORTS if sympy else "")
    numbers = "import numpy as np\n" + ("import sympy\n" if sympy else "")
    return f"import argparse\nimport os\nfrom pathlib import Path\n\n{numbers}{others}"


def _constants(description):
    dt, step = (quantity_code(x, SECOND) for x in (description.dt, reference_step(description)))
    said = "of training; statements, refractory periods and the input count in it"
    if description.annotations.dt_ref is None:
        said = "of the input"
    lines = [
        "HERE = Path(__file__).resolve().parent",
        f"DT = {dt}  # simulation step that the network was made for",
        f"{_step_name(description)} = {step}  # step {said}",
    ]
    return "\n".join(lines) + "\n"


def _options(description, example, writer):
    length = "that of the input" if _lasts_as_input(description, example) else f"{example.duration * 1e3:g}"
    counted = example.arrays or description.annotations.dt_ref is not None
    check = template.CHECK_STEP if counted else template.CHECK_POSITIVE
    text = Template(template.OPTIONS).substitute(
        DT_MS=f"{description.dt * 1e3:g}",
        MORE=_more_options(example),
        DURATION=length,
        SEED=template.SEED if example.random else "",
        CHECK=Template(check).substitute(STEP=_step_name(description)),
    )
    functions = (template.TILED if example.side_by_side else "") + (template.REST_OF if writer.late else "")
    return text + _input(description, example) + functions + ("\n" if functions else "")


def _lasts_as_input(description, example):
    """Whether the script runs as long as its input, whatever that is."""
    steps = max((values.shape[1] for values in example.arrays.values()), default=0)
    return bool(steps) and example.duration == steps * reference_step(description)


def _more_options(example):
    more = ""
    if example.arrays:
        what = "an array (trial, time, channel)"
        what = f".npy: {what}" if len(example.arrays) == 1 else ".npz: arrays (trial, time, channel) by name"
        more += Template(template.OPTION_INPUT).substitute(WHAT=what)
    if example.side_by_side:
        default = "all of the input" if example.arrays else example.trials
        more += Template(template.OPTION_TRIALS).substitute(TRIALS=default)
    else:
        more += template.OPTION_TRIAL
    return more + (template.OPTION_SEED if example.random else "")


def _input(description, example):
    names, available, steps = list(example.arrays), str(example.trials), None
    text = ""
    if names:
        every = f"a row every {_step_name(description)} from t = 0"
        about = f"The input, (trial, time, channel), {every}, is {example.about}."
        jittered = sorted({j.group for j in description.annotations.jitter} & set(names))
        if jittered:
            about += f" Its spikes are jittered already (of {', '.join(jittered)}); those of --input are not."
        one = template.ONE_INPUT if len(names) == 1 else template.SEVERAL_INPUTS
        text = Template(one).safe_substitute(
            ABOUT=comment(about).removeprefix("# "), NAME=names[0], NAMES=", ".join(map(json.dumps, names))
        )
        available = "len(example)" if len(names) == 1 else "min(map(len, example.values()))"
        steps = (
            "example.shape[1]" if len(names) == 1 else "max(values.shape[1] for values in example.values())"
        )
        if example.starts:
            available = f"min({available}, {example.trials})"
    if not example.side_by_side:
        text += ("" if names else "\n") + template.TRIAL
    elif names:
        text += template.TRIALS
    else:
        text += template.TRIALS_WITH_STARTS if example.starts else template.TRIALS_WITHOUT_INPUT
    text = text.replace("$AVAILABLE", available)
    if _lasts_as_input(description, example):
        return text + Template(template.DURATION_OF_INPUT).substitute(
            STEPS=steps, STEP=_step_name(description)
        )
    return text + Template(template.DURATION).substitute(DURATION=quantity_code(example.duration, SECOND))


# ------------------------------------------------------------------ middle
def has_own_updater(description):
    """Whether a group or synapses have the package's own state updater, which Brian2 alone does not know."""
    methods = [getattr(obj, "method", ()) for obj in (*description.groups, *description.synapses)]
    return any(m == SYMPLECTIC or (isinstance(m, tuple) and SYMPLECTIC in m) for m in methods)


def _updater(description):
    if not has_own_updater(description):
        return ""
    source = inspect.getsource(SymplecticExponentialEuler)
    name = f'SYMPLECTIC = "{SYMPLECTIC}"'
    return rule("state updater") + f"{name}\n\n\n{source}\n\n{template.UPDATER}"


def _equations(writer):
    if not writer.equations:
        return ""
    parts = []
    for known, source in writer.equations.values():
        notes = [comment(note) for note in (known.notes if known else ())]
        parts.append("\n".join([*notes, source]))
    return rule("equations") + "\n\n".join(parts) + "\n"


def _objects(description, writer):
    columns = _columns(description)
    timed = [timed_array_code(writer, t, columns=t.name in columns) for t in description.timed_arrays]
    parts = [rule("functions of time") + "\n\n".join(timed) + "\n"] if timed else []
    groups = [group_code(writer, g) for g in description.groups]
    groups += [code for code in (subgroups_code(writer, g) for g in description.groups) if code]
    linked = [line for g in description.groups if hasattr(g, "links") for line in links_lines(writer, g)]
    groups += ["\n".join(linked)] if linked else []
    parts.append(rule("neurons") + "\n\n".join(groups) + "\n")
    if description.synapses:
        made = [
            "\n".join(filter(None, (synapses_code(writer, s), subgroups_code(writer, s))))
            for s in description.synapses
        ]
        parts.append(rule("synapses") + "\n\n".join(made) + "\n")
    if description.poisson_inputs:
        made = [poisson_input_code(writer, p) for p in description.poisson_inputs]
        parts.append(rule("Poisson inputs") + "\n\n".join(made) + "\n")
    return "\n".join(parts)


def _columns(description):
    """Names of the timed arrays of which every neuron reads its own column."""
    arrays = timed_names(description)
    return {
        arrays[owner, name]
        for owner, codes, _ in statements(description)
        for code in codes
        for name in re.findall(INDEXED, code)
        if (owner, name) in arrays
    }


# ------------------------------------------------------------------ end
def _network(description, example, writer):
    readout = description.annotations.readout
    membrane = readout is not None and readout.variable != SPIKES
    reads = [(readout.slot, f"{readout.variable} of {readout.group} is read")] if membrane else []
    lines = ["# A step, slot by slot; within a slot by order, then by name:"]
    for when, what in slot_lines(description, reads):
        head = f"#   {when}  "
        pieces = wrapped(what, 108 - len(head))
        lines += [head + pieces[0], *(f"#{' ' * (len(head) - 1)}{piece}" for piece in pieces[1:])]
    made = (*description.groups, *description.synapses, *description.poisson_inputs)
    objects = [writer.names[o.name] for o in made]
    lines.append(call("net = Network", objects))
    lines.append(listing("net.schedule = ", [json.dumps(slot) for slot in description.schedule]))
    groups = [g for g in description.groups if spiking(g)]
    if groups:
        writer.imports.add("SpikeMonitor")
        recorded = [f'"{g.name}": SpikeMonitor({writer.names[g.name]})' for g in groups]
        lines.append(listing("monitors = ", recorded, "{}"))
        lines.append("net.add(*monitors.values())")
    if membrane:
        lines += _readout_monitor(readout, writer)
    text = rule("network") + "\n".join(lines) + "\n"
    if example.arrays:
        text += inputs_code(description, example, writer)
    text += "\n" + rule("run") + template.RUN
    results = template.RESULTS + (template.RESULTS_SPIKES if groups else "")
    return text + "\n" + rule("results") + results + scores_code(description, writer) + template.SAVE


def _readout_monitor(readout, writer):
    writer.imports.add("StateMonitor")
    step = writer.step_name
    first = readout.phase == "first"
    when = (
        f"in the first step of each {step}" if first else f"in every step; the last one of each {step} counts"
    )
    arguments = [writer.names[readout.group], f'"{readout.variable}"', "record=True"]
    arguments += [f"dt={step if first else 'dt'}", f'when="{readout.slot}"']
    return [
        comment(f"The readout: {readout.variable} of {readout.group} at {readout.slot}, {when}."),
        call("readout = StateMonitor", arguments),
        "net.add(readout)",
    ]
