"""A pass whose steps are compiled: what changes is handed from chunk to chunk as tensors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from .arrays_torch import TorchPass
from .compiled_functions import type_of
from .compiled_inputs import EventRows, HeldRows, Rows, TableRows, driven_grid, own_table, rows_at, spikes_at
from .compiled_step import Pathway, Plan
from .delivery import DENSE_LIMIT, DENSE_SHARE
from .expressions import MASKED, WHOLE
from .passes import operation_source
from .program import Reset, SpikeSource, Sum, Threshold, Transmission

SPARE = 8  # trained delays change: the past is kept in whole multiples of so many steps


class CompiledPass(TorchPass):
    """All trials in one tensor, a chunk of steps in one call. For the parameters see `Pass`."""

    def __init__(self, engine, values, constants, request):
        self.graded = torch.is_grad_enabled() and bool(request.carrying)
        self.carrying = request.carrying if self.graded else frozenset()
        self.given, self.rows = {}, {}
        nothing_drawn = replace(
            request, randomness="torch", seed=0
        )  # numpy's stream would be copied for each trial
        super().__init__(engine, values, constants, nothing_drawn)

    # -------------------------------------------------------------- values
    def start(self, value):
        """A value that the pass may change, by trial."""
        return (
            super().start(value).contiguous() if isinstance(value, torch.Tensor) else self.start_shared(value)
        )

    def start_shared(self, value):
        """A shared value that the pass may change, as a tensor: a number would be a part of the compiled code."""
        value = super().start_shared(value)
        if isinstance(value, torch.Tensor):
            return value
        return torch.tensor(value, dtype=type_of(value), device=self.device)

    def table(self, stimulus):
        """A stimulus by time, trial and channel."""
        return stimulus.transpose(0, 1)

    # -------------------------------------------------------------- operations
    def form_of(self, operation):
        """How the source of an operation is written."""
        if isinstance(operation, Transmission):
            short = operation.name in self.engine.fixed_sums and self.engine.short(operation)
            return "fixed" if short and operation.delay not in self.carrying else MASKED
        return MASKED if isinstance(operation, Reset) else WHOLE

    def bind(self, operation, constants):
        """What the plan says of an operation; what does not change is computed here."""
        driven = operation_source(operation) and operation.owner in self.tables
        if driven or isinstance(operation, SpikeSource):
            self.rows[operation.events] = self.event_rows(operation, driven)
            return ("events", operation.events)
        self.engine.refuse_draws(operation)
        halves, once = self.engine.halves(operation, self.form_of(operation))
        for name, where in self.timed_of(operation):
            self.add_timed(name, where, now="timed_now" in halves.called, ever="timed" in halves.called)
        if isinstance(operation, Sum):
            self.given["targets", operation.name] = self.fixed[operation.index] - operation.start
        fixed = once(self.state, self.fixed, self.named(operation, constants), self.offered(operation))
        arguments = []
        for name, value in zip(halves.names, fixed, strict=True):
            if isinstance(value, torch.Tensor):
                self.given["fixed", operation.name, name] = value
            arguments.append((name, None if isinstance(value, torch.Tensor) else value))
        return ("step", operation.name, tuple(arguments))

    def event_rows(self, operation, driven):
        """The events of an input."""
        if not driven:
            return EventRows(self.own_spikes(operation), self, operation.events)
        table = self.tables[operation.owner]
        grid = driven_grid(self.clocks[0], self.request.every, len(table))
        return TableRows(table, spikes_at(self.times(), grid), self.dtype)

    def times(self):
        """Time of every step (s)."""
        (clock,) = self.clocks
        return np.arange(clock.start, clock.stop) * clock.dt

    @staticmethod
    def timed_of(operation):
        """(name, operation) of the timed arrays that the statements of an operation call."""
        found = operation.functions.items()
        return [(n, operation.name) for n, f in found if hasattr(f, "values") and hasattr(f, "dt")]

    def add_timed(self, name, where, *, now, ever):
        """What a step needs of a timed array: its rows at the present times, or all of it."""
        (clock,) = self.clocks
        if name in self.tables:
            table = self.tables[name]
            grid = driven_grid(clock, self.request.every, len(table))
        else:
            table, grid = own_table(self.operations[where].functions[name], clock, self.dtype, self.device)
        if now:
            rows = np.clip(rows_at(self.times(), grid), 0, len(table) - 1)
            self.rows[name, where] = TableRows(table, rows, self.dtype)
        if ever:
            self.given["table", name, where] = table.to(self.dtype).contiguous()
            self.given["times", name, where] = torch.tensor(grid, dtype=torch.float64, device=self.device)

    # -------------------------------------------------------------- pathways
    def prepare_pathways(self):
        """What the plan says of the pathways; their past begins in silence."""
        self.pathways, self.rings = {}, {}
        for operation in self.engine.transmissions():
            name = operation.name
            trained = operation.delay in self.carrying
            levels, places = self.engine.levels(operation, SPARE if trained else 0)
            sources = self.engine.program.arrays[operation.events].size - 1
            depth = max(levels, default=0) + trained
            per_second = 1 / self.clocks[0].dt if trained else None
            self.pathways[name] = Pathway(levels, depth, bool(operation.under_way), per_second)
            if depth:
                silence = torch.zeros(depth, self.trials, sources, dtype=self.dtype, device=self.device)
                self.rings[name] = silence
            self.given["places", name] = torch.from_numpy(places).to(self.device)
            if trained:
                self.given["delay", name] = self.fixed[operation.delay]
            if operation.under_way:
                self.rows[name] = HeldRows(operation.under_way, operation.elements, self.device)
        for operation in self.operations.values():
            for line in operation.vector if isinstance(operation, (Transmission, Reset)) else ():
                access = operation.accesses.get(line.target)
                if line.op != ":=" and access is not None and access.index not in ("_idx", "0"):
                    index = self.fixed[operation.accesses[access.index].array]
                    self.given["targets", operation.name, access.index] = index

    def prepare(self, pathway, index, target, values):
        """Per-synapse values that stay the same during the pass: a matrix (level · source, target) where one pays."""
        operation, target = self.operations[pathway], self.state[target]
        places, targets = self.given["places", pathway], self.given["targets", pathway, index]
        values = torch.as_tensor(values, device=self.device).to(target.dtype).expand(len(places))
        rows = len(self.pathways[pathway].levels) * (self.engine.program.arrays[operation.events].size - 1)
        size = rows * target.shape[1]
        if not target.is_floating_point() or not (size <= DENSE_LIMIT or len(places) >= DENSE_SHARE * size):
            return values.contiguous()
        flat = values.new_zeros(size).index_put(
            (places * target.shape[1] + targets,), values, accumulate=True
        )
        return flat.view(rows, target.shape[1])

    # -------------------------------------------------------------- the plan
    def plan(self, count):
        """The `Plan` of a chunk of this pass."""
        program, request, carrying = self.engine.program, self.request, self.carrying
        stops = {}
        for key, slot in request.record:
            if key in self.state:
                trace = (key, slot, program.arrays[key].size)
                stops.setdefault(program.position(slot), []).append(trace)
        runs = []
        for position, run in enumerate([*self.runs, None]):
            if position in stops:
                runs.append(("traces", *stops[position]))
            if run is not None:
                runs.append(run)
        thresholds = [o for o in program.operations if isinstance(o, Threshold) and o.events in carrying]
        graded = {
            o.name
            for o in program.operations
            if (isinstance(o, Reset) and o.events in carrying and not request.detach_reset)
            or (isinstance(o, Transmission) and {o.events, o.delay} & carrying)
        }
        given = {run[1] for run in self.runs if run[0] == "events"}
        fresh = given - program.early_events()  # read only after they came in
        times = {f"{self.clocks[0].key}.{name}" for name in ("t", "timestep")}
        return Plan(
            trials=self.trials,
            dtype=self.dtype,
            device=self.device,
            clock=self.clocks[0].key,
            runs=tuple(runs),
            pathways=tuple(self.pathways.items()),
            sums=tuple(self.sum_of(o) for o in program.operations if isinstance(o, Sum)),
            surrogates=tuple((o.label, *request.surrogates[o.label]) for o in thresholds),
            graded=frozenset(graded),
            spikes=tuple(k for g in request.spikes if (k := program.events[g]) not in given),
            state=tuple(key for key in self.state if key not in fresh | times),
            count=count,
        )

    def sum_of(self, operation):
        """What the plan says of a summed variable."""
        targets = self.engine.indices[operation.index] - operation.start
        size = operation.stop - operation.start
        each = len(targets) // size if size else 0
        grid = np.array_equal(targets, np.tile(np.arange(size), each))
        return (operation.name, operation.start, operation.stop, each if grid else None)

    # -------------------------------------------------------------- the loop
    def run(self):
        """All steps; the spikes by group, the traces by (key, slot), and every array at the end."""
        (clock,) = self.clocks
        self.add_times()
        total, done, plans, kept = clock.stop - clock.start, 0, {}, []
        carried = {("state", key): self.state[key] for key in self.plan(1).state}
        carried |= {("ring", name): ring for name, ring in self.rings.items()}
        while done < total:
            count = self.engine.chunk if total - done >= self.engine.chunk else 1
            plan = plans.get(count) or plans.setdefault(count, self.plan(count))
            rows = {name: found.chunk(done, count) for name, found in self.rows.items()}
            given = {("rows", name, k): row for name, r in rows.items() for k, row in enumerate(r.unbind(0))}
            given |= self.given | {key: self.marked(key, value) for key, value in carried.items()}
            found = self.engine.compiled(plan, given, self.form_of)
            carried = {key: found[key] for key in carried}
            kept.append((count, rows, found))
            done += count
        clock.now = clock.stop
        self.state |= {key[1]: value for key, value in carried.items() if key[0] == "state"}
        self.set_time(clock)
        return self.outcome(kept)

    def add_times(self):
        """The time and the number of each step, where a statement reads them."""
        (clock,) = self.clocks
        read = {access.array for o in self.engine.program.operations for access in o.accesses.values()}
        read |= {o.refractory[2] for o in self.engine.program.operations if getattr(o, "refractory", None)}
        for name, values in (("t", self.times()), ("timestep", np.arange(clock.start, clock.stop))):
            if f"{clock.key}.{name}" in read:
                self.rows[name] = Rows(torch.from_numpy(values).to(self.device))

    def marked(self, key, value):
        """A tensor of the state as the code expects it: what carries a gradient does so from the first chunk on."""
        kind, name = key
        name = self.operations[name].events if kind == "ring" else name
        if name in self.carrying and value.is_floating_point() and not value.requires_grad:
            return value.detach().requires_grad_()
        return value

    def outcome(self, kept):
        """Spikes, traces and final values.

        Parameters
        ----------
        kept : list of (int, dict, dict)
            Of each chunk its length, what came into it and what it returned.
        """
        program, spikes, states = self.engine.program, {}, {}
        for group in self.request.spikes:
            key = program.events[group]
            if key in self.rows:
                whole = torch.cat([rows[key] for _, rows, _ in kept])
                spikes[group] = whole.expand(-1, self.trials, -1).transpose(0, 1)
            else:
                spikes[group] = stacked(kept, ("spikes", key))
        for key, slot in self.request.record:
            if key in self.state:
                states[key, slot] = stacked(kept, ("trace", key, slot))
            else:  # it does not change
                value = torch.as_tensor(self.fixed[key], device=self.device)
                value = value.expand(self.trials, program.arrays[key].size)
                states[key, slot] = value[:, None].repeat(1, sum(count for count, *_ in kept), 1)
        spaces = program.event_spaces()
        final = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in self.fixed.items()}
        final |= {k: v for k, v in self.state.items() if k not in spaces}
        return spikes, states, final


def stacked(kept, name):
    """What the chunks returned for each step, shape (trial, time, element)."""
    return torch.stack([found[(*name, k)] for count, _, found in kept for k in range(count)], 1)
