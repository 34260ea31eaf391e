"""One pass of the reference engine: the loop over time, whatever the arrays are made of."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch

from .calls import Python
from .clocks import COINCIDENCE
from .program import Call, SpikeSource, Threshold
from .random_streams import NumpyStream, TorchStream

# What the generated source calls, beside functions; what needs gradients is offered by tensors alone.
OFFERED = [
    "above",
    "as_spikes",
    "soft_and",
    "soft_or",
    "soft_not",
    "divide",
    "floor_divide",
    "modulo",
    "power",
    "power_shared",
    "both",
    "either",
    "negate",
    "choose",
    "where",
    "number",
    "same",
    "at",
    "at_fixed",
    "at_shared",
    "through",
    "take",
    "put",
    "put_through",
    "scatter",
    "add_masked",
    "keep",
    "read",
    "store",
    "store_copy",
    "store_shared",
    "fired",
    "fired_mask",
    "arrived",
    "arrived_mask",
    "each",
    "events",
    "silence",
    "summed",
    "emit",
    "prepare",
    "deliver",
    "timed",
    "draw",
    "draw_at",
    "draw_masked",
    "draw_shared",
]


@dataclass(frozen=True)
class Request:
    """What one pass shall do.

    Attributes
    ----------
    dtype, device : torch.dtype, torch.device
        In which to compute.
    trials : int
    end : float
        Time at the end (s); each clock runs to the first of its steps that is not before it, as in Brian2.
    stimulus : dict of str to torch.Tensor, shape (trial, time, channel)
        By input group or timed array: one value for `every` steps.
    every : int
        Spikes come in the first of so many steps, currents last for all of them.
    record : tuple of (str, str)
        Array key and slot of the traces that are kept.
    spikes : tuple of str
        Groups whose spikes are kept.
    surrogates : dict of str to (Surrogate, float)
        Surrogate and scale of each group with a threshold.
    detach_reset : bool
        Whether the reset hides the spike from the gradient.
    carrying : frozenset of str
        Keys of the arrays and event spaces that carry a gradient.
    varying : frozenset of str
        Keys of the arrays that may hold other values in each pass: what is trained, and what the call gives.
    randomness : {"brian2", "torch"}
    seed : int or None
        Of ``randomness="torch"``.
    numpy : bool
        On NumPy arrays, without gradients.
    """

    dtype: torch.dtype
    device: torch.device
    trials: int
    end: float
    stimulus: dict
    record: tuple
    surrogates: dict
    detach_reset: bool = False
    every: int = 1
    spikes: tuple = ()
    carrying: frozenset = frozenset()
    varying: frozenset = frozenset()
    randomness: str = "brian2"
    seed: int | None = None
    numpy: bool = False


class Ticking:
    """A clock during a pass: `now` counts its steps from the network's beginning, `made` those of the pass."""

    def __init__(self, time, end):
        self.key, self.dt, self.start, self.now = time.key, time.dt, time.start, time.start
        self.stop = time.steps_until(end)

    @property
    def time(self):
        """Present time (s)."""
        return self.now * self.dt

    @property
    def made(self):
        """Steps made in this pass."""
        return self.now - self.start


class Pass:
    """The state of one pass and the functions that the generated source calls.

    Parameters
    ----------
    engine : ReferenceEngine
    values : dict of str to array or number
        Every array of the program.
    constants : dict of str to number
        Trained external constants by key ``group.name``.
    request : Request
    """

    def __init__(self, engine, values, constants, request, *, only=None):
        self.engine, self.request = engine, request
        program = engine.program
        self.trials = request.trials
        changing = engine.layout.changing
        self.fixed = {k: v for k, v in values.items() if k not in changing}
        shared = {k for k, array in program.arrays.items() if array.scalar}
        self.state = {
            k: self.start_shared(v) if k in shared else self.start(v)
            for k, v in values.items()
            if k in changing
        }
        read = {program.clock_of(program.arrays[key].owner) for key, _ in request.record}
        times = program.clocks + tuple(c for c in program.idle_clocks if c in read)
        self.clocks = [Ticking(time, request.end) for time in times]
        self.clock = {c.key: c for c in self.clocks}
        self.stream = (
            NumpyStream if request.randomness == "brian2" else lambda _: TorchStream(request.seed)
        )(request.trials)
        self.operations = {o.name: o for o in program.operations}
        for key in program.event_spaces():
            left = program.left.get(key)
            self.state.setdefault(key, self.silence_of(key) if left is None else self.emitted(key, left))
        self.tables = {name: self.table(x) for name, x in request.stimulus.items()}
        self.python = Python(self) if any(isinstance(o, Call) for o in program.operations) else None
        self.prepare_pathways()
        operations = program.operations if only is None else only
        self.runs = [self.bind(o, constants) for o in operations]

    # -------------------------------------------------------------- preparation
    def bind(self, operation, constants):
        """The function that runs one operation; what does not change is computed here."""
        if isinstance(operation, Call):
            return self.python.runner(operation)
        if operation_source(operation) and operation.owner in self.tables:
            return self.driven(operation)
        if isinstance(operation, SpikeSource):
            return self.own_spikes(operation)
        bound = self.engine.bound(operation, self.form_of(operation))
        return bound(self.state, self.fixed, self.named(operation, constants), self.offered(operation))

    def named(self, operation, constants):
        """The external constants of an operation by name: trained ones, or its own."""
        return {
            name: next(
                (constants[k] for k in operation.constant_keys.get(name, ()) if k in constants),
                self.constant(value),
            )
            for name, value in operation.constants.items()
        }

    def offered(self, operation):
        """What the source of an operation calls."""
        offered = {name: getattr(self, name) for name in OFFERED if hasattr(self, name)}
        offered |= {f"function_{name}": self.function(operation, name) for name in operation.functions}
        return SimpleNamespace(**offered)

    def row_of(self, clock, t):
        """Row of a stimulus at some time (s), in steps of which each holds `Request.every` of the finest clock's."""
        finest = self.clocks[0]
        made = np.int_(np.round((t - finest.start * finest.dt) / finest.dt))
        return made // self.request.every

    def driven(self, operation):
        """Spikes from the stimulus: those of a row come in the first step of the clock that it reaches into."""
        table, clock = self.tables[operation.owner], self.clock[operation.clock]
        key, state, silence = operation.events, self.state, self.silence_of(operation.events)
        before = None

        def run():
            nonlocal before
            value = int(self.row_of(clock, clock.time))
            state[key] = self.row(table, value) if before != value < len(table) else silence
            before = value

        return run

    def own_spikes(self, operation):
        """A spike generator's own spikes."""
        bins, neurons, period = operation.own
        clock, key, state = self.clock[operation.clock], operation.events, self.state
        last = operation.last

        def run():
            nonlocal last
            now = clock.now
            if period > 0:
                now %= period
                if last > 0 and bins[last - 1] >= now:
                    last = 0
            count = int(np.searchsorted(bins[last:], now, side="right"))
            state[key] = self.emitted(key, neurons[last : last + count])
            last += count

        return run

    # -------------------------------------------------------------- the loop
    def run(self):
        """All steps; the spikes by group, the traces by (key, slot), and every array at the end."""
        program, request, state = self.engine.program, self.request, self.state
        stops = {}
        for key, slot in request.record:
            clock = self.clock[program.clock_of(program.arrays[key].owner).key]
            stops.setdefault(program.position(slot), []).append((key, slot, clock))
        spikes = {group: [] for group in request.spikes}
        groups = [(spikes[g], program.events[g], self.clock[program.clock_of(g).key]) for g in request.spikes]
        traces = {wanted: [] for wanted in request.record}
        clocks, plans = self.clocks, {}
        single = len(clocks) == 1
        for clock in clocks:
            self.set_time(clock)
        try:
            while True:
                ticking = clocks if single else self.ticking()
                if not ticking:
                    break
                if single and clocks[0].now >= clocks[0].stop:
                    break
                keys = tuple(c.key for c in ticking)
                plan = plans.get(keys) or plans.setdefault(keys, self.plan(keys, stops))
                for keep, run in plan:
                    if keep:
                        self.keep_traces(keep, traces)
                    if run:
                        run()
                for rows, key, clock in groups:
                    if clock in ticking:
                        rows.append(state[key])
                for clock in ticking:
                    clock.now += 1
                    self.set_time(clock)
        finally:
            if self.python:
                self.python.close()
        return self.results(spikes, traces)

    def ticking(self):
        """The clocks that tick now, as Brian2 finds them; none when the next one is at its end."""
        first = min(self.clocks, key=lambda c: c.time)
        if first.now >= first.stop:
            return []
        return [c for c in self.clocks if abs(c.time - first.time) / min(c.dt, first.dt) < COINCIDENCE]

    def plan(self, keys, stops):
        """(traces to keep, operation to run) in order, for the clocks that tick together."""
        plan = []
        for position, (operation, run) in enumerate(
            zip(self.engine.program.operations, self.runs, strict=True)
        ):
            keep = [(key, slot) for key, slot, clock in stops.get(position, ()) if clock.key in keys]
            if keep or operation.clock in keys:
                plan.append((keep, run if operation.clock in keys else None))
        keep = [(key, slot) for key, slot, clock in stops.get(len(self.runs), ()) if clock.key in keys]
        return [*plan, (keep, None)] if keep else plan

    def set_time(self, clock):
        """The present time and step of a clock, as its statements read them."""
        self.state[f"{clock.key}.t"] = np.float64(clock.time)
        self.state[f"{clock.key}.timestep"] = np.int64(clock.now)


def operation_source(operation):
    """Whether a stimulus can take the place of an operation: a spike generator, a Poisson group."""
    return isinstance(operation, SpikeSource) or (isinstance(operation, Threshold) and operation.source)
