"""What comes into a pass on torch tensors: timed arrays and random numbers."""

from __future__ import annotations

import numpy as np
import torch
from brian2.input.timedarray import _find_K

from ..models.errors import UnsupportedModel
from .program import Reset
from .random_streams import all_elements


class TorchInputs:
    """Part of `TorchPass`."""

    def timed(self, name, where, places, t, index=None):
        """Value of a timed array at time t: a number's row, (trial, channel), or one for each event."""
        operation = self.operations[where]
        clock = self.clock[operation.clock]
        times = t.detach().cpu().numpy() if isinstance(t, torch.Tensor) else t
        if name in self.tables:
            table = self.tables[name]
            steps = np.clip(self.row_of(clock, times), 0, len(table) - 1)
        else:
            function = operation.functions[name]
            own = np.array(function.values, dtype=np.float64)
            table = torch.from_numpy(own).to(self.device, self.dtype).reshape(len(own), 1, -1)
            every = _find_K(clock.dt, function.dt)
            steps = np.clip(np.int_(np.round(times / (function.dt / every)) / every), 0, len(table) - 1)
        columns = torch.as_tensor(0 if index is None else index, device=self.device).reshape(-1).long()
        if places is not None:
            trial = places.trial if table.shape[1] > 1 else torch.zeros_like(places.trial)
            rows = torch.as_tensor(steps, device=self.device)
            return table[rows, trial, columns]
        if np.ndim(steps) == 0:
            return table[int(steps)][:, columns]
        if np.ndim(steps) > 1:
            raise UnsupportedModel(
                operation.name, f"{name} at a time that differs between trials", "use t itself"
            )
        rows = torch.as_tensor(steps, device=self.device)
        return table.transpose(0, 1)[:, rows, columns.expand(len(rows))]

    def own_part(self, argument, trial):
        """What an argument of a random function holds for one trial, in NumPy."""
        value = argument.detach().cpu().numpy() if isinstance(argument, torch.Tensor) else argument
        return value[trial if len(value) > 1 else 0] if np.ndim(value) == 2 else value

    def draw(self, name, where, mask, *arguments):
        """Random numbers for all elements, or for those that a mask lets pass."""
        operation, size = self.operations[where], self.operations[where].elements
        if mask is None and self.stream.together:
            whole = tuple(a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else a for a in arguments)
            return self.drawn(self.stream.draw_together(operation, name, (self.trials, size), whole))
        everywhere = np.ones(size, dtype=bool)
        rows = []
        for k in range(self.trials):
            own = tuple(self.own_part(a, k) for a in arguments)
            if mask is None:
                rows.append(np.asarray(self.stream.draw(operation, name, all_elements(size), own, k)))
                continue
            chosen = np.flatnonzero(everywhere & self.own_part(mask, k))
            rows.append(self.placed(operation, name, chosen, size, own, k))
        return self.drawn(np.stack(rows))

    def placed(self, operation, name, chosen, size, arguments, trial):
        """Random numbers for some of ``size`` elements, in the order given; zero elsewhere."""
        arguments = tuple(a[chosen] if np.ndim(a) else a for a in arguments)
        drawn = np.asarray(self.stream.draw(operation, name, chosen, arguments, trial))
        values = np.zeros(size, dtype=drawn.dtype)
        values[chosen] = drawn
        return values

    def drawn(self, values):
        tensor = torch.from_numpy(np.ascontiguousarray(values)).to(self.device)
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor

    def draw_masked(self, name, where, events, mask, *arguments):
        """Random numbers for the elements with an event, in the order of the events; zero elsewhere."""
        operation = self.operations[where]
        order = self.plans[where][3].cpu().numpy() if where in self.plans else np.arange(events.shape[1])
        fired = events.detach().cpu().numpy() > 0
        if mask is not None:
            fired = fired & np.asarray(mask.cpu() if isinstance(mask, torch.Tensor) else mask)
        rows = []
        for k in range(self.trials):
            chosen, own = order[fired[k, order]], tuple(self.own_part(a, k) for a in arguments)
            rows.append(
                self.placed(operation, name, chosen, events.shape[1], own, k)
                if len(chosen) or isinstance(operation, Reset)
                else np.zeros(events.shape[1])
            )
        return self.drawn(np.stack(rows))

    def draw_at(self, name, where, places, mask, *arguments):
        """Random numbers for the elements with an event."""
        operation, size = self.operations[where], len(places)
        trial = places.trial.cpu().numpy()
        allowed = np.broadcast_to(True if mask is None else np.asarray(torch.as_tensor(mask).cpu()), size)
        arguments = [a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else a for a in arguments]
        values = np.zeros(size)
        for k in np.unique(trial):
            chosen = np.flatnonzero((trial == k) & allowed)
            values = values + self.placed(operation, name, chosen, size, arguments, int(k))
        return self.drawn(values)

    def draw_shared(self, name, where, *arguments):
        """One random number for all elements, by trial."""
        operation = self.operations[where]
        rows = [
            self.stream.draw(operation, name, 1, tuple(self.own_part(a, k) for a in arguments), k)
            for k in range(self.trials)
        ]
        if self.trials == 1:
            return np.asarray(rows[0]).reshape(-1)[0].item()
        return self.drawn(np.array(rows).reshape(self.trials, 1))
