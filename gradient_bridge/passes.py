"""One pass of the reference engine: the state of all trials and what the generated source calls."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import torch
from brian2.input.timedarray import _find_K

from ..models.errors import UnsupportedModel
from .delivery import by_events, by_matrix, by_synapses, sum_at_targets
from .numerics import FUNCTIONS, OPERATIONS, both, is_exact
from .program import CLOCK, SpikeSource, Transmission


class _Spike(torch.autograd.Function):
    """1 where the distance from threshold is positive (and the mask allows), else 0; surrogate derivative."""

    @staticmethod
    def forward(ctx, distance, mask, strict, surrogate, scale):
        ctx.surrogate, ctx.scale = surrogate, scale
        fired = distance > 0 if strict else distance >= 0
        if mask is None:
            ctx.save_for_backward(distance)
        else:
            ctx.save_for_backward(distance, mask)
            fired = fired & mask
        return fired.to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        distance, *mask = ctx.saved_tensors
        scaled = distance if ctx.scale == 1 else distance / ctx.scale
        by_distance = ctx.surrogate.derivative(scaled).mul_(grad)
        if ctx.scale != 1:
            by_distance /= ctx.scale
        if mask:
            by_distance *= mask[0]
        return by_distance, None, None, None, None


class _Reset(torch.autograd.Function):
    """The new values where an event was emitted; derivatives of ``old + event*(new - old)``."""

    @staticmethod
    def forward(ctx, events, *values):
        count = len(values) // 2
        ctx.save_for_backward(events, *values)
        fired = events > 0
        return tuple(
            torch.where(fired, new, old) for old, new in zip(values[:count], values[count:], strict=True)
        )

    @staticmethod
    def backward(ctx, *grads):
        events, *values = ctx.saved_tensors
        count = len(values) // 2
        by_event, by_old, by_new = None, [], []
        for grad, old, new in zip(grads, values[:count], values[count:], strict=True):
            by_new.append(grad * events)
            by_old.append(grad - by_new[-1])
            if ctx.needs_input_grad[0]:
                term = grad * (new - old)
                by_event = term if by_event is None else by_event + term
        return by_event, *by_old, *by_new


@dataclass(frozen=True)
class Request:
    """What one pass shall do.

    Attributes
    ----------
    dtype, device : torch.dtype, torch.device
        In which to compute.
    trials, steps : int
    stimulus : dict of str to torch.Tensor, shape (trial, time, channel)
        By input group or timed array: one value for `every` steps.
    every : int
        Spikes come in the first of so many steps, currents last for all of them.
    record : tuple of (str, str)
        Array key and slot of the traces that are kept.
    surrogates : dict of str to (Surrogate, float)
        Surrogate and scale of each group with a threshold.
    detach_reset : bool
        Whether the reset hides the spike from the gradient.
    """

    dtype: torch.dtype
    device: torch.device
    trials: int
    steps: int
    stimulus: dict
    record: tuple
    surrogates: dict
    detach_reset: bool = False
    every: int = 1


class Pass:
    """The state of one pass and the functions that the generated source calls."""

    def __init__(self, engine, values, constants, request, *, only=None):
        self.engine, self.request = engine, request
        program = engine.program
        self.fixed = {k: v for k, v in values.items() if k not in engine.changing}
        self.state = {k: self._start(v) for k, v in values.items() if k in engine.changing}
        for name, function in (FUNCTIONS | OPERATIONS).items():
            setattr(self, name, function)
        self.device, self.dtype = request.device, request.dtype
        self.exact = is_exact(torch.empty(0, dtype=self.dtype, device=self.device))
        for key in program.events.values():
            self.state[key] = self._silence(key)
        for operation in program.operations:
            if getattr(operation, "events", ""):
                self.state.setdefault(operation.events, self._silence(operation.events))
        self.pathways = {
            name: {index: [w.to(self.device) for w in ws] for index, ws in wirings.items()}
            for name, wirings in engine.wirings.items()
        }
        self.rings = {o.name: self._ring(o) for o in program.operations if isinstance(o, Transmission)}
        self.tables = {name: x.transpose(0, 1).contiguous() for name, x in request.stimulus.items()}
        self.arrays_in_time = self._timed_arrays()
        operations = program.operations if only is None else only
        self.runs = [self.bind(o, constants) for o in operations]

    # -------------------------------------------------------------- preparation
    def _start(self, value):
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        return value.expand(self.request.trials, -1) if value.ndim == 1 else value

    def _silence(self, key):
        size = self.engine.program.arrays[key].size - 1
        return torch.zeros(self.request.trials, size, dtype=self.dtype, device=self.device)

    def _ring(self, operation):
        length = int(operation.delays.max(initial=0)) + 1
        return deque([self._silence(operation.events)] * length, maxlen=length)

    def _timed_arrays(self):
        """(owner of the operation, name) -> values (time, 1 or trial, channel), grid in s, upsampling, origin in s.

        A stimulus has one value for `every` steps of the network, from the present time on; the network's own
        array keeps its dt and begins at t = 0.
        """
        program, found = self.engine.program, {}
        for operation in program.operations:
            for name, function in operation.functions.items():
                if not hasattr(function, "values"):
                    continue
                if name in self.tables:
                    table = self.tables[name].to(self.dtype)
                    grid, upsampling, origin = program.dt, self.request.every, program.start * program.dt
                else:
                    own = np.array(function.values, dtype=np.float64)
                    table = torch.from_numpy(own).to(self.device, self.dtype).reshape(len(own), 1, -1)
                    upsampling = _find_K(program.dt, function.dt)
                    grid, origin = function.dt / upsampling, 0.0
                found[operation.owner, name] = (table, grid, upsampling, origin)
        return found

    def bind(self, operation, constants):
        """The function that runs one operation; what does not change is computed here."""
        if isinstance(operation, SpikeSource):
            return self._spike_source(operation)
        named = {
            name: next(
                (constants[k] for k in operation.constant_keys.get(name, ()) if k in constants),
                _number(value),
            )
            for name, value in operation.constants.items()
        }
        return self.engine.bound[operation.name](self.state, self.fixed, named, self)

    def _spike_source(self, operation):
        key, state = operation.events, self.state
        if operation.owner in self.tables:
            table, every = self.tables[operation.owner].to(self.dtype), self.request.every
            silence = self._silence(key)

            def run(t):
                value, later = divmod(self.step, every)
                state[key] = silence if later else table[value]
        else:
            bins, neurons, period = operation.own
            by_step = {}
            for step, neuron in zip(bins.tolist(), neurons.tolist(), strict=True):
                by_step.setdefault(step, []).append(neuron)

            def run(t):
                now = self.engine.program.start + self.step
                fired = by_step.get(now % period if period > 0 else now)
                events = self._silence(key)
                if fired:
                    events[:, fired] = 1
                state[key] = events

        return run

    # -------------------------------------------------------------- the loop
    def run(self):
        program, request, state = self.engine.program, self.request, self.state
        time_key, step_key = f"{CLOCK}.t", f"{CLOCK}.timestep"
        stops = {}
        for key, slot in request.record:
            stops.setdefault(program.position(slot), []).append((key, slot))
        spikes = {group: [] for group in program.groups}
        states = {wanted: [] for wanted in request.record}
        runs = list(enumerate(self.runs))
        for self.step in range(request.steps):
            now = program.start + self.step
            t = now * program.dt
            state[time_key], state[step_key] = t, now
            for position, run in runs:
                if position in stops:
                    self._keep(stops[position], states)
                run(t)
            if len(runs) in stops:
                self._keep(stops[len(runs)], states)
            for group, key in program.events.items():
                spikes[group].append(state[key])
        trials = request.trials
        spikes = {
            g: torch.stack(rows, 1) if rows else self._silence(program.events[g])[:, None][:, :0]
            for g, rows in spikes.items()
        }
        states = {wanted: self._stack(wanted[0], rows, trials) for wanted, rows in states.items()}
        return spikes, states, dict(self.fixed) | state

    def _keep(self, wanted, states):
        for key, slot in wanted:
            states[key, slot].append(self.state[key] if key in self.state else self.fixed[key])

    def _stack(self, key, rows, trials):
        size = self.engine.program.arrays[key].size
        rows = [torch.as_tensor(r, device=self.device).expand(trials, size) for r in rows]
        return (
            torch.stack(rows, 1)
            if rows
            else torch.zeros(trials, 0, size, dtype=self.dtype, device=self.device)
        )

    # -------------------------------------------------------------- called by the generated source
    def take(self, value, index):
        """Elements of an array, by an index array."""
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        return value[index] if value.ndim == 1 else value[:, index]

    def shaped(self, new, old):
        """A new value in the shape and type of the array that it is written to."""
        if not isinstance(old, torch.Tensor) or old.ndim == 0:
            return new
        if isinstance(new, torch.Tensor) and new.dtype == old.dtype and new.shape == old.shape:
            return new
        return torch.as_tensor(new, device=old.device).to(old.dtype).expand(old.shape)

    def reset(self, events, *pairs):
        """The values (old, new) after a reset, for all elements."""
        pairs = [(old, self.shaped(new, old)) for old, new in pairs]
        if not all(old.is_floating_point() for old, _ in pairs):
            graded = [k for k, (old, _) in enumerate(pairs) if old.is_floating_point()]
            values = [torch.where(events > 0, new, old) for old, new in pairs]
            if graded:
                after = self.reset(events, *(pairs[k] for k in graded))
                for k, value in zip(graded, after, strict=True):
                    values[k] = value
            return tuple(values)
        seen = events.detach() if self.request.detach_reset else events
        return _Reset.apply(seen, *(old for old, _ in pairs), *(new for _, new in pairs))

    def above(self, left, right, strict, group, mask=None):
        """1 where ``left > right`` (or >=) and the mask allows, else 0, with the group's surrogate."""
        distance = left - right
        if isinstance(distance, torch.Tensor) and distance.requires_grad:
            surrogate, scale = self.request.surrogates[group]
            if mask is not None and not isinstance(mask, torch.Tensor):
                mask = torch.tensor(mask, device=self.device)
            return _Spike.apply(distance, mask, strict, surrogate, scale)
        condition = left > right if strict else left >= right
        return self.as_spikes(condition if mask is None else both(condition, mask))

    @staticmethod
    def number(value):
        """A truth value as a number, as numpy takes it in arithmetic."""
        if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
            return value.to(torch.get_default_dtype())
        return value

    def as_spikes(self, condition):
        """Truth values as 0 and 1."""
        return condition.to(self.dtype) if isinstance(condition, torch.Tensor) else float(condition)

    @staticmethod
    def soft_and(a, b):
        """``a and b`` of 0 and 1, with the gradient of the product."""
        return a * b

    @staticmethod
    def soft_or(a, b):
        """``a or b`` of 0 and 1, with the gradient of a + b − ab."""
        truth = [isinstance(x, torch.Tensor) and x.dtype == torch.bool for x in (a, b)]
        return torch.logical_or(a, b) if all(truth) else a + b - a * b

    @staticmethod
    def soft_not(a):
        """``not a`` of 0 and 1."""
        return ~a if isinstance(a, torch.Tensor) and a.dtype == torch.bool else 1 - a

    def events(self, condition, before):
        """The events of this step as 0 and 1, in the shape of those of the step before."""
        if (
            isinstance(condition, torch.Tensor)
            and condition.shape == before.shape
            and condition.dtype == before.dtype
        ):
            return condition
        return torch.as_tensor(condition, device=before.device).to(before.dtype).expand(before.shape)

    def emit(self, pathway, events):
        """Take the events of the source into the pathway's ring."""
        self.rings[pathway].append(events)

    def prepare(self, pathway, index, target, values):
        """Per-synapse values that stay the same during the pass, in the form in which they are delivered."""
        wirings = self.pathways[pathway][index]
        synapses = sum(len(w.synapses) for w in wirings)
        dtype = self.state[target].dtype
        values = torch.as_tensor(values, device=self.device).to(dtype).expand(synapses)
        return [w.matrix(values) if w.dense else values[w.synapses] for w in wirings]

    def deliver(self, pathway, index, target, prepared):
        """Add the prepared values of all synapses whose events arrive now."""
        ring = self.rings[pathway]
        for wiring, values in zip(self.pathways[pathway][index], prepared, strict=True):
            spikes = ring[-1 - wiring.delay]
            if wiring.dense and not self.exact and target.is_floating_point():
                target = by_matrix(target, spikes, values)
            else:
                target = by_events(target, spikes, values, wiring)
        return target

    def deliver_changing(self, pathway, index, target, values):
        """Add values that change in time."""
        wirings = self.pathways[pathway][index]
        synapses = sum(len(w.synapses) for w in wirings)
        values = torch.as_tensor(values, device=self.device).to(target.dtype)
        values = values.expand(values.shape[0] if values.ndim == 2 else 1, synapses)
        for wiring in wirings:
            target = by_synapses(target, self.rings[pathway][-1 - wiring.delay], values, wiring)
        return target

    def summed(self, values, index, before):
        """A summed variable: the synapses' values at their targets."""
        targets = self.fixed[index]
        values = torch.as_tensor(values, dtype=self.dtype, device=self.device)
        values = values.expand(values.shape[0] if values.ndim == 2 else 1, len(targets))
        return sum_at_targets(values, targets, before.shape[-1]).expand(before.shape)

    def timed(self, name, owner, t, index=None):
        """Value of a timed array at time t (one, or one per neuron): a number, (neuron,) or (trial, channel)."""
        table, grid, upsampling, origin = self.arrays_in_time[owner, name]
        times = t.detach().cpu().numpy() if isinstance(t, torch.Tensor) else t
        if np.ndim(times) > 1:
            raise UnsupportedModel(owner, f"{name} at a time that differs between trials", "use t itself")
        steps = np.clip(np.int_(np.round((times - origin) / grid) / upsampling), 0, len(table) - 1)
        if index is None:
            columns = torch.zeros(1, dtype=torch.int64)
        else:
            columns = torch.as_tensor(index, device=self.device).reshape(-1).long()
        if np.ndim(steps) == 0:
            return table[int(steps)][:, columns]
        rows = torch.as_tensor(steps, device=self.device)
        return table.transpose(0, 1)[:, rows, columns.expand(len(rows))]


def _number(value):
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value
