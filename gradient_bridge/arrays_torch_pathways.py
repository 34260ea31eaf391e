"""How spikes reach their targets in a pass on torch tensors."""

from __future__ import annotations

from collections import deque

import numpy as np
import torch

from .delivery import add_masked, by_events, by_matrix, sum_at_targets
from .expressions import EVENTS, MASKED, WHOLE
from .places import Places
from .program import Reset, Transmission, owner_of
from .queues import TrialsQueue
from .spiking import Delayed


class TorchPathways:
    """Part of `TorchPass`."""

    def form_of(self, operation):
        """How the source of an operation is written."""
        if isinstance(operation, Transmission):
            short = operation.name in self.engine.fixed_sums and self.engine.short(operation)
            if short and operation.delay not in self.request.carrying:
                return "fixed"
            return MASKED if self.engine.masked(operation, self.request.carrying) else EVENTS
        if isinstance(operation, Reset):
            return MASKED if self.engine.can_mask(operation) else EVENTS
        return WHOLE

    def prepare_pathways(self):
        """Rings of past events, or queues of synapses, by pathway."""
        self.rings, self.queues, self.plans = {}, {}, {}
        self.pathways = {}
        for operation in self.engine.transmissions():
            form = self.form_of(operation)
            if form == EVENTS:
                fan = self.engine.fan(operation)
                self.queues[operation.name] = TrialsQueue(fan, operation.under_way, self.trials)
                continue
            longest = (
                int(operation.delays.max(initial=0)) + 2
            )  # one more step for the slope of a trained delay
            self.rings[operation.name] = deque([self.silence_of(operation.events)] * longest, maxlen=longest)
            if form == MASKED:
                self.plans[operation.name] = self.plan_of(operation)

    def plan_of(self, operation):
        """Delays that occur, and for each synapse which of them and its emitting neuron; static order."""
        delays, which = np.unique(operation.delays, return_inverse=True)
        moved = (
            torch.from_numpy(np.asarray(x)).to(self.device)
            for x in (which, self.engine.indices[operation.sources], self.engine.fan(operation).static)
        )
        return (delays.tolist(), *moved)

    def emit(self, pathway, events):
        """Take the events of the source into the pathway's ring."""
        self.rings[pathway].append(events)

    def arrived_mask(self, pathway, events):
        """1 at the synapses whose event arrives now, shape (trial, synapse)."""
        ring = self.rings[pathway]
        ring.append(events)
        arrived, operation = self.shifted(pathway, 0), self.operations[pathway]
        delay = self.fixed.get(operation.delay)
        if operation.delay in self.request.carrying:
            with torch.no_grad():
                slope = (self.shifted(pathway, 1) - self.shifted(pathway, -1)) / 2
            dt = self.clock[self.engine.program.clock_of(owner_of(operation.events)).key].dt
            arrived = Delayed.apply(arrived, delay, slope / dt)
        waiting = operation.under_way.get(self.clock[operation.clock].made)
        if waiting is None:
            return arrived
        held = torch.zeros(arrived.shape[1], dtype=torch.bool)
        held[torch.from_numpy(waiting)] = True
        return torch.where(held.to(self.device), 1.0, arrived)

    def shifted(self, pathway, steps):
        """The spikes that arrive at each synapse, or those that would with a delay that is longer by some steps."""
        delays, which, sources, _ = self.plans[pathway]
        ring = self.rings[pathway]
        delays = [max(d + steps, 0) for d in delays]
        if len(delays) == 1:
            return ring[-1 - delays[0]][:, sources]
        if not delays:
            return self.silence_of(self.operations[pathway].events)[:, :0]
        return torch.stack([ring[-1 - d] for d in delays])[which, :, sources].t()

    def arrived(self, pathway, events):
        """The synapses whose event arrives now, or None."""
        queue = self.queues[pathway]
        queue.push(*events.detach().cpu().numpy().nonzero())
        arrived = queue.pop()
        if arrived is None:
            return None
        trial, element = torch.from_numpy(arrived).to(self.device)
        return Places(trial * self.operations[pathway].elements + element, trial, element)

    def wirings(self, pathway, index):
        """The wirings on the device of the pass."""
        if (pathway, index) not in self.pathways:
            found = self.engine.wirings(pathway, index)
            on_cpu = self.device.type == "cpu"
            self.pathways[pathway, index] = found if on_cpu else [w.to(self.device) for w in found]
        return self.pathways[pathway, index]

    def prepare(self, pathway, index, target, values):
        """Per-synapse values that stay the same during the pass, in the form in which they are delivered."""
        wirings = self.wirings(pathway, index)
        synapses = sum(len(w.synapses) for w in wirings)
        dtype = self.state[target].dtype
        values = torch.as_tensor(values, device=self.device).to(dtype).expand(synapses)
        return [w.matrix(values) if w.dense else values[w.synapses] for w in wirings]

    def deliver(self, pathway, index, target, prepared, mask):
        """Add the prepared values of all synapses whose events arrive now, where a mask of the targets allows."""
        ring, before = self.rings[pathway], target
        for wiring, values in zip(self.wirings(pathway, index), prepared, strict=True):
            spikes = ring[-1 - wiring.delay]
            if wiring.dense and not self.exact and target.is_floating_point():
                target = by_matrix(target, spikes, values)
            else:
                target = by_events(target, spikes, values, wiring)
        return target if mask is None else self.choose(mask, target, before)

    def add_masked(self, name, index, target, arrived, value, mask, kind):
        """Add values at the targets of the synapses, or of the neurons that reset, with an event."""
        operation = self.operations[name]
        if self.request.detach_reset and isinstance(operation, Reset):
            arrived = arrived.detach()
        targets = self.fixed[operation.accesses[index].array]
        value = torch.as_tensor(value, device=self.device).to(target.dtype)
        value = value.reshape(1, 1) if value.ndim == 0 else value[None] if value.ndim == 1 else value
        value = value.expand(len(value), arrived.shape[1])
        if mask is not None:
            arrived = arrived * torch.as_tensor(mask, device=self.device)
        every = torch.arange(arrived.shape[1], device=self.device)
        order = self.plans[name][3] if name in self.plans else every
        return add_masked(target, arrived, value if kind == "add" else -value, targets, order)

    def summed(self, name, value, target):
        """A summed variable: the synapses' values at their targets."""
        operation = self.operations[name]
        targets = self.fixed[operation.index] - operation.start
        value = torch.as_tensor(value, dtype=self.dtype, device=self.device)
        value = value.expand(value.shape[0] if value.ndim == 2 else 1, len(targets))
        total = sum_at_targets(value, targets, operation.stop - operation.start)
        if not isinstance(target, torch.Tensor) or target.ndim == 0:
            return total if len(total) > 1 else total[0, 0]
        total = total.expand(self.trials, -1).to(target.dtype)
        if total.shape == target.shape:
            return total
        return torch.cat([target[:, : operation.start], total, target[:, operation.stop :]], 1)
