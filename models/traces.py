"""Traces that a simulation records: which variable, at which slot, in which step of a sampling interval."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from brian2 import StateMonitor, second

from .annotations import SPIKES
from .recordings import unit_of
from .sinks import TraceShape


@dataclass(frozen=True)
class Trace:
    """A variable to record, at a scheduling slot, in the first or the last step of each interval."""

    group: str
    variable: str
    slot: str
    phase: str = "first"


def traces_of(description, record):
    """Return the traces that `record` asks for; by default the annotated readout (see `simulate`)."""
    readout = description.annotations.readout
    if record is None:
        if readout is None or readout.variable == SPIKES:  # every spike is recorded
            return []
        return [_check_trace(description, readout)]
    if not isinstance(record, Mapping):
        raise TypeError(
            f"simulate: record must be a dict such as {{'output': ['v']}}, got {type(record).__name__}"
        )
    traces = []
    for group, names in record.items():
        names = [names] if isinstance(names, str) else names
        slots = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, "start")
        for variable, slot in slots.items():
            trace = Trace(group, variable, slot)
            if readout is not None and (readout.group, readout.variable, readout.slot) == (
                group,
                variable,
                slot,
            ):
                trace = replace(trace, phase=readout.phase)
            traces.append(_check_trace(description, trace))
    return traces


def _check_trace(description, trace):
    try:
        group = description.group(trace.group)
    except KeyError as error:
        raise ValueError(f"simulate: record: {error.args[0]}") from error
    known = [e.name for e in getattr(group, "equations", ())]
    if trace.variable not in known:
        near = difflib.get_close_matches(trace.variable, known, n=3) or known
        raise ValueError(
            f"simulate: record: '{trace.group}' has no variable '{trace.variable}'; nearest: "
            f"{', '.join(near) or 'none'}"
        )
    base = re.sub(r"^((before|after)_)*", "", trace.slot)
    if base not in description.schedule:
        raise ValueError(
            f"simulate: record: no slot '{trace.slot}'; slots: {', '.join(description.schedule)}, each also "
            "with before_ or after_"
        )
    return trace


def monitor_of(group, trace, number, dt, sample):
    """A monitor that samples each step where a later step of the interval is wanted, else each interval."""
    interval = sample if trace.phase == "first" else dt
    return StateMonitor(
        group,
        trace.variable,
        record=True,
        when=trace.slot,
        dt=interval * second,
        name=f"{group.name}_trace_{number}",
    )


def shapes_of(description, traces, dtypes, trials, samples):
    """Return the `TraceShape` of each trace: its name, dimensions and attributes in the result."""
    shapes = []
    for trace, dtype in zip(traces, dtypes, strict=True):
        group = description.group(trace.group)
        equation = next(e for e in group.equations if e.name == trace.variable)
        attrs = {
            "units": unit_of(equation.dimensions),
            "long_name": f"{trace.variable} of {trace.group}",
            "slot": trace.slot,
        }
        name = f"{trace.group}_{trace.variable}"
        shapes.append(
            TraceShape(name, f"{trace.group}_neuron", (trials, samples, group.size), np.dtype(dtype), attrs)
        )
    return shapes
