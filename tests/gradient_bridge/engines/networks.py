"""Networks of the contract suite: a recurrent group with an input, a second layer and a readout, as a plan says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    ms,
    nS,
    siemens,
    usiemens,
)

from .models import CELLS

INPUTS = 5
SLOTS = ("start", "groups", "thresholds", "synapses", "resets", "end")
SCHEDULES = {
    "Brian2's": SLOTS,
    "synapses before thresholds": ("start", "groups", "synapses", "thresholds", "resets", "end"),
    "synapses after resets": ("start", "groups", "thresholds", "resets", "synapses", "end"),
    "synapses first": ("start", "synapses", "groups", "thresholds", "resets", "end"),
    "resets first": ("start", "resets", "groups", "thresholds", "synapses", "end"),
}
DELAYS = ("none", "one", "each", "long", "generator's and own")
REFRACTORY = {  # by name: the option of the group, and the flag of the membrane's equation
    "none": (False, ""),
    "one step": ("0.5*ms", ""),
    "held for a step": ("0.5*ms", " (unless refractory)"),
    "several steps": ("1.6*ms", ""),
    "held": ("1.6*ms", " (unless refractory)"),
    "each": ("pause", " (unless refractory)"),
    "condition": ("u_rest > 0.2", " (unless refractory)"),
}


@dataclass(frozen=True)
class Net:
    """What a network of this suite is made of.

    Attributes
    ----------
    model : str
        Of `CELLS`.
    size : int
    source : {"driven", "own", "periodic", "timed", "timed by neuron", "none"}
        A spike generator without spikes, with its own; a timed array of one column, or of one for each neuron.
    delay, refractory, schedule : str
    connect : {"all", "sparse", "multiple", "large", "none"}
        Of the recurrent synapses.
    second, readout : bool
        A second layer; a group without threshold.
    regularly : tuple of (str, str)
        Code and slot.
    before : int
        Steps that the network has run.
    seed : int
    """

    model: str = "LIF"
    size: int = 12
    source: str = "driven"
    delay: str = "none"
    refractory: str = "none"
    schedule: str = "Brian2's"
    connect: str = "sparse"
    second: bool = False
    readout: bool = False
    regularly: tuple = ()
    before: int = 0
    seed: int = 0


def build(plan):
    """The Brian2 network of a plan; the same one for the same plan.

    Parameters
    ----------
    plan : Net
    """
    rng, cell = np.random.default_rng(plan.seed), CELLS[plan.model]
    clock = Clock(cell.dt_ms * ms, name="clock")
    cells = group(plan, "cells", plan.size, clock, rng)
    for code, when in plan.regularly:
        cells.run_regularly(code, when=when)
    members = [cells]
    source = generator(plan, clock, rng)
    if source is not None:
        members += [source, wire(plan, source, cells, "inwards", rng)]
    if plan.connect != "none":
        members.append(wire(plan, cells, cells, "among", rng))
    if plan.second:
        other = group(plan, "second", 7, clock, rng)
        members += [other, wire(plan, cells, other, "onwards", rng)]
    if plan.readout:
        out = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="exact", name="out", clock=clock)
        from_cells = Synapses(
            members[-2] if plan.second else cells, out, "w : 1", on_pre="v_post += w", name="read"
        )
        from_cells.connect()
        from_cells.w = rng.normal(0, 1, len(from_cells))
        members += [out, from_cells]
    net = Network(*members)
    net.schedule = list(SCHEDULES[plan.schedule])
    if plan.before:
        net.run(plan.before * cell.dt_ms * ms, namespace={})
    return net


def group(plan, name, size, clock, rng):
    """A neuron group of a plan's model."""
    cell = CELLS[plan.model]
    period, flag = REFRACTORY[plan.refractory]
    timed = {"timed": "stim(t)", "timed by neuron": "stim(t, i)"}.get(plan.source)
    added = f" + {cell.current}*{timed}" if timed and name == "cells" else ""
    made = NeuronGroup(
        size,
        cell.equations.format(input=added, free=flag)
        + "\npause : second (constant)\ndu_rest/dt = -u_rest/(2*ms) : 1",
        threshold=cell.threshold,
        reset=f"{cell.reset}\nu_rest += 1",
        method=cell.method if not added or cell.method != "exact" else "euler",
        refractory=cell.refractory if plan.refractory == "none" else period,
        clock=clock,
        name=name,
        namespace=dict(nS=nS, usiemens=usiemens, **timed_array(plan, size, clock, rng, bool(added))),
    )
    for variable, (low, high, unit) in cell.values.items():
        unit = siemens if unit == "siemens" else unit
        setattr(made, variable, rng.uniform(low, high, size) * unit)
    made.pause = rng.uniform(0, 2, size) * ms
    return made


def timed_array(plan, size, clock, rng, wanted):
    """The timed array of a plan, as a namespace."""
    if not wanted:
        return {}
    values = rng.normal(0, 0.6, 23 if plan.source == "timed" else (23, size))
    return {"stim": TimedArray(values, dt=3 * clock.dt, name="stim")}


def generator(plan, clock, rng):
    """The spike generator of a plan, or None."""
    if plan.source not in ("driven", "own", "periodic"):
        return None
    dt, period = clock.dt, 11 if plan.source == "periodic" else 0
    if plan.source == "driven":
        return SpikeGeneratorGroup(INPUTS, [], [] * ms, clock=clock, name="source")
    steps, neurons = np.nonzero(rng.random((period or 120, INPUTS)) < 0.2)
    return SpikeGeneratorGroup(INPUTS, neurons, steps * dt, period=period * dt, clock=clock, name="source")


def wire(plan, source, target, name, rng):
    """Synapses between two groups."""
    cell = CELLS[plan.model]
    made = Synapses(
        source, target, f"w : {cell.dimension}", on_pre="v_post += w", name=name, clock=target.clock
    )
    n, m = len(source), len(target)
    kind = "sparse" if name != "among" and plan.connect != "all" else plan.connect
    if kind == "all":
        made.connect()
    elif kind == "multiple":
        made.connect(n=2)
    else:
        share = {"sparse": 0.4, "large": 0.05}[kind]
        pre, post = np.nonzero(rng.random((n, m)) < share)
        order = rng.permutation(len(pre)) if kind == "sparse" else slice(None)
        made.connect(i=pre[order], j=post[order])
    fan = max(len(made) / m, 1)
    made.w = rng.normal(0.2, 1, len(made)) * cell.weight / np.sqrt(fan) * cell.unit
    dt, count = float(cell.dt_ms) * ms, len(made)
    own = plan.delay == "generator's and own" or name != "inwards"
    if plan.delay == "one" and own:
        made.delay = 3 * dt
    elif plan.delay == "each" and own:
        made.delay = rng.integers(0, 6, count) * dt
    elif plan.delay == "long" and own:
        made.delay = rng.choice([17, 35], count) * dt
    elif plan.delay == "generator's and own":
        made.delay = rng.integers(0, 4, count) * dt
    return made
