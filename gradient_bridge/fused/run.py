"""One pass of the fused engine: from a request to a call of the generated C, and back to tensors."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from brian2.input.timedarray import _find_K

from ...models.errors import UnsupportedModel
from ..program import SpikeSource
from ..stimuli import check_currents
from .arrays import as_bytes, filling, matrix, stacked
from .call import Call, Fused
from .design import Wanted
from .inputs import SourceSpikes, rows_of_currents, rows_of_spikes
from .kept import KeptSpikes
from .lowering import INSTEAD
from .plan import Delivery
from .rest import steps_since

DENSE = 1 << 26  # bytes of spikes up to which a pass without gradients writes them as 0 and 1


class Run:
    """One pass. For the parameters see `ReferenceEngine.run`."""

    def __init__(self, engine, values, constants, request):
        self.engine, self.program, self.request = engine, engine.program, request
        self.dtype, self.trials = request.dtype, request.trials
        self.given = [*values.values(), *constants.values()]
        self.values = {k: self._tensor(v) for k, v in values.items()}
        self.clock = self.program.clocks[0]
        self.steps = self.clock.steps_until(request.end) - self.clock.start
        self.fixed = engine.evaluator(request.dtype)
        self.fixed.take_up(self.values, constants)
        changing = engine.layout.changing
        self.records = tuple(dict.fromkeys(r for r in request.record if r[0] in changing))
        self.driven = {k: v for k, v in request.stimulus.items() if k in self.program.groups}
        unrestricted = engine.rest.unrestricted(self.fixed, self.values, request.carrying)
        self.plan = engine.plan(frozenset(self.driven), self.records, unrestricted)

    @staticmethod
    def _tensor(value):
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    # -------------------------------------------------------------- what goes in
    def fixed_values(self):
        """`coefficients`, `weights`, and a dict of what was made of them; held while gradients are not wanted."""
        if torch.is_grad_enabled() or torch.is_inference_mode_enabled():
            return self.coefficients(), self.weights(), {}
        known, key = self.engine.held, (id(self.plan), self.dtype)
        if key not in known or not _identical(known[key][0], self.given):
            known[key] = self.given, (self.coefficients(), self.weights(), {})
        return known[key][1]

    def coefficients(self):
        """By group: the values of its coefficients by (operation, name)."""
        found = {}
        for name, wanted in self.plan.coefficients.items():
            own = found[name] = {}
            for operation, once, names in wanted:
                values = self.fixed.of(operation, once, names)
                own |= {(operation.name, n): v for n, v in values.items()}
        return found

    def weights(self):
        """By `id` of a delivery or product: its value at each synapse."""
        found = {}
        for step in self.plan.steps:
            if isinstance(step, tuple):
                continue
            operation = step.operation
            value, grid = 1.0, self.engine.synapses.grid(step)
            if step.value is not None:
                value = self.fixed.of(operation, step.once, (step.value,), grid)[step.value]
            value = filling(value, grid.shape if grid else (operation.elements,), self.dtype)
            found[id(step)] = -value if isinstance(step, Delivery) and step.negative else value
        return found

    def currents(self, design):
        """By name in C: (table (trial or 1, row, channel), row of each step, column of each neuron or None)."""
        found = {}
        for (name, column), place in design.currents.items():
            driven = self.request.stimulus.get(name)
            if driven is not None:
                table = driven.to(self.dtype).contiguous()
                rows = rows_of_currents(self.steps, self.request.every, table.shape[1])
            else:
                function = next(o.functions[name] for o in self.program.operations if name in o.functions)
                own = np.array(function.values, dtype=np.float64)
                table = torch.from_numpy(own).to(self.dtype).reshape(1, len(own), -1).contiguous()
                rows = np.clip(self._own_rows(function), 0, table.shape[1] - 1).astype(np.int32)
            found[place] = (table, rows, self._columns(column, table.shape[2], name))
        return found

    def _own_rows(self, function):
        """Row of a timed array in each step, as Brian2 finds it."""
        clock = self.clock
        times = (clock.start + np.arange(self.steps + 1)) * clock.dt
        every = _find_K(clock.dt, function.dt)
        return np.int_(np.round(times / (function.dt / every)) / every)

    def _columns(self, column, channels, name):
        """Column of each neuron, None where it is the neuron itself; found once for an array of columns."""
        known, key = self.engine.columns, (id(self.plan), name, column, channels)
        index = None if column is None else self.values[column]
        if key not in known or known[key][0] is not index:
            known[key] = index, self._find_columns(column, channels, name)
        return known[key][1]

    def _find_columns(self, column, channels, name):
        if column is None:
            largest = max(  # one array may drive several groups
                g.size
                for g in self.plan.groups.values()
                for k in g.all_kernels()
                if (name, None) in [d[:2] for d in k.leaves("current")]
            )
            return np.zeros(largest, np.int32)
        index = np.asarray(self.values[column]).astype(np.int64)
        if np.any((index < 0) | (index >= channels)):
            raise IndexError(f"{name}(t, {column}): column {index.max()} of {channels}")
        return None if np.array_equal(index, np.arange(channels)) else index.astype(np.int32)

    def sources(self):
        """By event space: (bytes (trial or 1, row, channel), row of each step or −1)."""
        found = {}
        for space, operation in self.plan.sources.items():
            channels = self.plan.spaces[space]
            if operation.owner in self.driven:
                stimulus = self.driven[operation.owner]
                found[space] = (
                    as_bytes(stimulus),
                    rows_of_spikes(self.steps, self.request.every, stimulus.shape[1]),
                )
            elif isinstance(operation, SpikeSource):
                found[space] = self.engine.own_spikes(operation, self.clock.start, self.steps, channels)
        return found

    def start(self, layout):
        """The states of a group at the start, (state, trial or 1, neuron); held where they are the network's own."""
        values = [self.values[key] for key in layout.states]
        # what is made in inference mode cannot be part of a later graph
        if torch.is_inference_mode_enabled() or not self.request.varying.isdisjoint(layout.states):
            return self._find_start(layout, values)
        known, key = self.engine.starts, (layout.name, tuple(layout.states), self.dtype)
        if key not in known or not _identical(known[key][0], values):
            known[key] = values, self._find_start(layout, values)
        return known[key][1]

    def _find_start(self, layout, values):
        rows, each = [], False
        for key, value in zip(layout.states, values, strict=True):
            if key.endswith(".lastspike"):
                if bool((torch.as_tensor(value) > (self.program.start + 1e-3) * self.program.dt).any()):
                    raise UnsupportedModel(
                        layout.name, f"a {key} that lies ahead, for the fused engine", INSTEAD
                    )
                value = torch.from_numpy(np.maximum(steps_since(value, self.program), -(1 << 23)))
            rows.append(torch.as_tensor(value).to(self.dtype))
            each |= rows[-1].ndim == 2 or rows[-1].requires_grad
        shape = (self.trials if each else 1, layout.size)
        return (
            torch.stack([row.expand(shape) for row in rows])
            if rows
            else torch.zeros(0, *shape, dtype=self.dtype)
        )

    # -------------------------------------------------------------- the pass
    def run(self):
        """Spikes, traces and final values, as `ReferenceEngine.run` returns them."""
        request, program = self.request, self.program
        coefficients, weights, made = self.fixed_values()
        grad = torch.is_grad_enabled()

        def graded(value):
            return grad and isinstance(value, torch.Tensor) and value.requires_grad

        spaces = {program.events[g]: g for g in request.spikes}
        sources = self.sources()
        back = grad and bool(request.carrying)
        dense = self.dense([s for s in spaces if s not in sources], back)
        by_step = {id(s): s for s in self.plan.steps if not isinstance(s, tuple)}
        wanted = Wanted(
            double=self.dtype == torch.float64,
            dense=dense,
            back=back,
            carried=frozenset(request.carrying) if back else frozenset(),
            coefficients=frozenset(c for own in coefficients.values() for c, v in own.items() if graded(v)),
            weights=frozenset(
                (by_step[k].operation.name, getattr(by_step[k], "line", 0))
                for k, v in weights.items()
                if graded(v)
            ),
            currents=frozenset(c for c in self.plan.currents if graded(request.stimulus.get(c[0]))),
            surrogates=tuple((label, *s) for label, s in request.surrogates.items() if s[1] is not None)
            if back
            else (),
            detach_reset=request.detach_reset if back else False,
        )
        design, library, structure = self.engine.design(self.plan, wanted)
        kept = frozenset(s for s in spaces if s not in dense and s not in sources)
        currents = self.currents(design)
        check_currents(program, request.stimulus, leave=self._checked_in_c(design, currents))
        if id(design) not in made:
            made[id(design)] = self.arranged(design, coefficients, weights)
        values, matrices = made[id(design)]
        tensors, started = [], {}
        for name, layout in design.layouts.items():
            own = coefficients[name]
            tensors += [filling(own[c], (layout.size,), self.dtype) for c in layout.graded]
            tensors.append(self.start(layout))
            started[name] = tensors[-1].shape[1]
        self.trained = self.copies()
        call = Call(
            self, design, library, structure, sources, currents, values, started, keep=back or bool(kept)
        )
        tensors += matrices
        tensors += [table for table, _, _ in currents.values()]
        self.fixed.take_up({}, {})  # it outlives the pass, whose values and graph need not
        outputs = Fused.apply(call, *tensors)
        return self.results(design, call, outputs, spaces, kept, sources)

    def arranged(self, design, coefficients, weights):
        """Coefficients by group as C reads them, and the weights of all links as matrices or compressed rows."""
        values = {n: stacked(coefficients[n], layout, self.dtype) for n, layout in design.layouts.items()}
        matrices = []
        for step in self.plan.steps:
            if not isinstance(step, tuple):
                wirings = self.engine.synapses.wirings(step)
                for link, wiring in zip(design.links[id(step)], wirings, strict=True):
                    matrices.append(matrix(weights[id(step)], wiring, link.dense))
        return values, matrices

    def dense(self, spaces, back):
        """The event spaces whose events C writes as 0 and 1; of the others it keeps the events alone."""
        if back:
            return frozenset(s for s in spaces if s in self.request.carrying)
        size = sum(self.plan.spaces.get(s, 0) for s in spaces) * self.steps * self.trials
        return frozenset(spaces if size * self.dtype.itemsize <= DENSE else ())

    def _checked_in_c(self, design, currents):
        """The stimuli of which C loads every number: the steps cover all rows, each neuron takes its own column."""
        found = set()
        for (name, _), place in design.currents.items():
            table, _, column = currents[place]
            if column is None and self.steps >= table.shape[1] * self.request.every:
                found.add(name)
        return found

    def copies(self):
        """Trained values as they are now: an optimiser changes them in place, and the pass is about to use them."""
        found = {}
        for key, value in self.values.items():
            if isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf:
                found[key] = self.engine.pool.lend(value.shape, value.dtype).copy_(value)
        return found

    # -------------------------------------------------------------- what comes out
    def results(self, design, call, outputs, spaces, kept, sources):
        outputs = list(outputs)
        self.values |= self.trained
        ends = {name: outputs.pop(0) for name in design.layouts}
        dense = {space: outputs.pop(0).transpose(0, 1) for space in call.dense}
        traces = {key: outputs.pop(0).transpose(0, 1) for key in design.traces}
        spikes = {}
        for space, group in spaces.items():
            if space in dense:
                spikes[group] = dense[space]
            elif space in sources:
                spikes[group] = SourceSpikes(*sources[space], self.trials, self.steps, self.dtype)
            else:
                spikes[group] = KeptSpikes(call, space)
        states = {}
        for key, slot in self.request.record:
            size = self.program.arrays[key].size
            if (key, slot) in traces:
                states[key, slot] = traces[key, slot]
            else:
                value = torch.as_tensor(self.values[key]).clone()  # the user's to change
                states[key, slot] = value.expand(self.trials, size)[:, None].expand(-1, self.steps, -1)
        for (key, slot), value in states.items():
            if key in self.engine.layout.booleans:
                states[key, slot] = value != 0
        return spikes, states, partial(self.final, design, call, ends)

    def final(self, design, call, ends):
        """Every array at the end."""
        program, changing = self.program, self.engine.layout.changing
        spaces = program.event_spaces()
        found = {
            k: v.clone() if isinstance(v, torch.Tensor) else v
            for k, v in self.values.items()
            if k not in spaces
        }
        end = self.clock.start + self.steps
        found |= {f"{self.clock.key}.t": end * self.clock.dt, f"{self.clock.key}.timestep": end}
        for key, value in self.values.items():
            array = program.arrays.get(key)
            if key in changing and array is not None and not array.scalar and key not in spaces:
                found[key] = torch.as_tensor(value).expand(self.trials, array.size)
        for name, layout in design.layouts.items():
            for key, value in zip([*layout.states, *layout.last], ends[name], strict=True):
                if key.endswith(".lastspike"):
                    found[key] = self.last_spike(key, value.detach())
                else:
                    found[key] = value != 0 if key in self.engine.layout.booleans else value
        for space in design.noted:
            key = next(
                o.refractory[1]
                for o in program.operations
                if getattr(o, "refractory", None) and o.events == space
            )
            found[key] = self.last_spike(key, call.last[space])
        return found

    def last_spike(self, key, step):
        """Times of the last spikes (s) from their steps in this pass."""
        before = torch.as_tensor(self.values[key]).expand(step.shape)
        now = (self.clock.start + step.to(torch.float64)) * self.clock.dt
        return torch.where(step >= 0, now, before)


def _identical(one, other):
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
