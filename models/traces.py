"""Traces that a simulation records: which variable, at which slot, in which step of a sampling interval."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from brian2 import StateMonitor, second

from .annotations import SPIKES
from .description import exponents
from .recordings import unit_of


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


def trace_variables(trace, monitor, trials, every):
    """Return a recorded trace (trial, time, neuron) as Dataset variables; `every` steps make one sample."""
    values = np.array(getattr(monitor, f"{trace.variable}_"))
    if trace.phase == "last":
        values = values[:, every - 1 :: every]
    values = values.reshape(trials, -1, values.shape[1]).transpose(0, 2, 1)
    unit = unit_of(exponents(monitor.variables[trace.variable].dim))
    attrs = {"units": unit, "long_name": f"{trace.variable} of {trace.group}", "slot": trace.slot}
    dims = ("trial", "time", f"{trace.group}_neuron")
    return {f"{trace.group}_{trace.variable}": (dims, np.ascontiguousarray(values), attrs)}
