"""A pass on torch tensors (trial, element): events are 0 and 1, with gradients where they are wanted."""

from __future__ import annotations

import numpy as np
import torch

from .arrays_torch_inputs import TorchInputs
from .arrays_torch_pathways import TorchPathways
from .mirrored import mirrored
from .numerics import FUNCTIONS, OPERATIONS, both, is_exact
from .passes import Pass
from .places import Places, places_of
from .program import Reset
from .spiking import ResetFunction, Spike


class TorchPass(TorchInputs, TorchPathways, Pass):
    """All trials in one tensor. For the parameters see `Pass`."""

    def __init__(self, engine, values, constants, request, *, only=None):
        self.device, self.dtype = request.device, request.dtype
        self.exact = is_exact(torch.empty(0, dtype=self.dtype, device=self.device))
        for name, function in OPERATIONS.items():
            setattr(self, name, function)
        self.trials, self.request, self.engine = request.trials, request, engine
        super().__init__(engine, values, constants, request, only=only)

    # -------------------------------------------------------------- values
    def start(self, value):
        """A value that the pass may change, by trial."""
        if not isinstance(value, torch.Tensor):
            return value
        if value.ndim == 0:
            return value
        return value.expand(self.trials, -1) if value.ndim == 1 else value

    def start_shared(self, value):
        """A shared value that the pass may change: a number, or one for each trial where they differ."""
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        value = value.reshape(-1, 1)
        return value[0, 0] if len(value) == 1 else value

    @staticmethod
    def constant(value):
        """An external constant as a number."""
        return value.item() if isinstance(value, (np.generic, np.ndarray)) else value

    def set_time(self, clock):
        """The present time and step of a clock."""
        self.state[f"{clock.key}.t"] = clock.time
        self.state[f"{clock.key}.timestep"] = clock.now

    @staticmethod
    def as_array(value):
        """A value of the state as Brian2 holds it."""
        value = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        return value[0] if value.ndim == 2 else value

    def from_array(self, value, shared):
        """A value of Brian2 as the state holds it."""
        if shared:
            return value.reshape(-1)[0].item()
        tensor = torch.from_numpy(np.array(value)).to(self.device)[None]
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor

    def number(self, value):
        """A truth value as a number, as numpy takes it in arithmetic."""
        if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
            return value.to(torch.get_default_dtype())
        return value

    @staticmethod
    def same(new, old):
        """The value of an in-place operation: it keeps the type of its target."""
        if isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor) and new.dtype != old.dtype:
            return new.to(old.dtype)
        return new

    def where(self, condition, a, b):
        """Brian2's choice between two simplified forms."""
        return self.choose(condition, a, b)

    def function(self, operation, name):
        """A function on tensors: an elementary one, or the user's with the derivative that is known."""
        function = operation.functions[name]
        if hasattr(function, "values") and hasattr(function, "dt"):
            return None
        if not self.engine.is_users(function) and name in FUNCTIONS:
            return FUNCTIONS[name]
        return mirrored(operation, name, self.engine.functions.get(name))

    # -------------------------------------------------------------- reading and writing
    @staticmethod
    def at(value, places):
        """Elements at some places of the flattened array."""
        return value.reshape(-1)[places.flat]

    @staticmethod
    def at_fixed(value, places):
        """Elements of something that holds one value for each element of the group, or one for all."""
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        return value[places.element] if value.ndim == 1 else value[places.trial, places.element]

    @staticmethod
    def at_shared(value, places):
        """A shared value at some places."""
        return value[places.trial, 0] if isinstance(value, torch.Tensor) and value.ndim == 2 else value

    @staticmethod
    def through(index, places, size):
        """The places in another array of ``size`` elements that an index array names."""
        element = index[places.element]
        return Places(places.trial * size + element, places.trial, element)

    @staticmethod
    def take(value, index):
        """Elements of an array, by an index array."""
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        return value[index] if value.ndim == 1 else value[:, index]

    def put(self, array, places, value):
        """A copy with other values at some places; of repeated ones the last counts."""
        value = torch.as_tensor(value, device=array.device).to(array.dtype).expand(places.flat.shape)
        last = places.flat
        if len(last) > 1:  # torch does not say which of repeated ones counts
            flipped = last.flip(0).cpu().numpy()
            _, first = np.unique(flipped, return_index=True)
            keep = torch.from_numpy(len(last) - 1 - first).to(array.device)
            last, value = last[keep], value[keep]
        return array.reshape(-1).index_put((last,), value).view(array.shape)

    def put_through(self, array, index, value):
        """A copy with other values at the elements of an index array."""
        return self.put(array, self.all_through(array, index), self.by_trial(value, index))

    def all_through(self, array, index):
        """The places of an index array in all trials."""
        trial = torch.arange(self.trials, device=self.device)[:, None]
        return places_of((trial * array.shape[1] + index).reshape(-1), array.shape[1])

    def by_trial(self, value, index):
        return torch.as_tensor(value, device=self.device).expand(self.trials, len(index)).reshape(-1)

    def scatter(self, array, places, value, mask, kind):
        """An in-place operation at some places, repeated ones one after the other."""
        if not isinstance(places, Places):
            index, places = places, self.all_through(array, places)
            value = self.by_trial(value, index)
            mask = None if mask is None else self.by_trial(mask, index)
        value = torch.as_tensor(value, device=array.device).to(array.dtype).expand(places.flat.shape)
        if mask is not None:
            mask = torch.as_tensor(mask, device=array.device).expand(places.flat.shape)
            places, value = places.chosen(mask), value[mask]
        flat = array.reshape(-1)
        if kind in ("add", "subtract"):
            return flat.index_add(0, places.flat, value if kind == "add" else -value).view(array.shape)
        for where, factor in zip(places.flat.tolist(), value, strict=True):
            new = flat[where] * factor if kind == "multiply" else flat[where] / factor
            flat = flat.index_put((torch.tensor([where], device=array.device),), new[None])
        return flat.view(array.shape)

    @staticmethod
    def read(value):
        """A whole array that is written later."""
        return value

    def store(self, new, old):
        """A new value in the shape and type of the array that it is written to."""
        if not isinstance(old, torch.Tensor) or old.ndim == 0:
            return new
        if isinstance(new, torch.Tensor) and new.dtype == old.dtype and new.shape == old.shape:
            return new
        return torch.as_tensor(new, device=old.device).to(old.dtype).expand(old.shape)

    store_copy = store_shared = store

    # -------------------------------------------------------------- events
    def silence_of(self, key):
        """No events."""
        size = self.engine.program.arrays[key].size - 1
        return torch.zeros(self.trials, size, dtype=self.dtype, device=self.device)

    def emitted(self, key, neurons):
        """Events of some neurons, in every trial."""
        events = self.silence_of(key)
        events[:, neurons] = 1
        return events

    @staticmethod
    def elements_of(events):
        """The neurons of the events of one trial."""
        return events[0].detach().nonzero()[:, 0].cpu().numpy()

    def above(self, left, right, strict, group, mask=None):
        """1 where ``left > right`` (or >=) and the mask allows, else 0, with the group's surrogate."""
        distance = left - right
        if isinstance(distance, torch.Tensor) and distance.requires_grad:
            surrogate, scale = self.request.surrogates[group]
            if mask is not None and not isinstance(mask, torch.Tensor):
                mask = torch.tensor(mask, device=self.device)
            return Spike.apply(distance, mask, strict, surrogate, scale)
        condition = left > right if strict else left >= right
        return self.as_spikes(condition if mask is None else both(condition, mask))

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

    def events(self, key, condition, size):
        """The events of this step as 0 and 1."""
        before = self.state[key]
        if (
            isinstance(condition, torch.Tensor)
            and condition.shape == before.shape
            and condition.dtype == before.dtype
        ):
            return condition
        return torch.as_tensor(condition, device=before.device).to(before.dtype).expand(before.shape)

    def silence(self, events, free, last, t):
        """Refractoriness begins at an event; no gradient passes."""
        fired = events.detach() > 0
        return free & ~fired, self.choose(fired, t, last)

    def fired_mask(self, events):
        """Where there is an event."""
        return events

    def fired(self, events):
        """The elements with an event."""
        return places_of(events.detach().reshape(-1).nonzero()[:, 0], events.shape[1])

    def keep(self, name, events, *changes):
        """The values of changes (old, new, decay): the new one where there is an event.

        ``decay`` is None, a function from the stored value to that of now, or False where no gradient passes.
        """
        changes = [(old, self.store(new, old), decay) for old, new, decay in changes]
        graded = [
            k for k, (old, _, decay) in enumerate(changes) if old.is_floating_point() and decay is not False
        ]
        detached = self.request.detach_reset and isinstance(self.operations[name], Reset)
        seen = events.detach() if detached else events
        values = [
            None if k in graded else torch.where(events > 0, new, old)
            for k, (old, new, _) in enumerate(changes)
        ]
        if graded:
            old, new, decays = zip(*(changes[k] for k in graded), strict=True)
            for k, value in zip(graded, ResetFunction.apply(seen, decays, *old, *new), strict=True):
                values[k] = value
        return tuple(values)

    @staticmethod
    def each(places):
        """One place after the other."""
        for k in range(len(places)):
            yield Places(places.flat[k : k + 1], places.trial[k : k + 1], places.element[k : k + 1])

    def table(self, stimulus):
        """A stimulus by time, trial and channel."""
        return stimulus.transpose(0, 1).contiguous().to(self.dtype)

    def row(self, table, step):
        """The spikes of a stimulus in one step."""
        return table[step]

    # -------------------------------------------------------------- results
    def keep_traces(self, wanted, traces):
        """What was asked for, with its graph."""
        for key, slot in wanted:
            traces[key, slot].append(self.state[key] if key in self.state else self.fixed[key])

    def results(self, spikes, traces):
        """Spikes, traces and final values."""
        program, trials = self.engine.program, self.trials
        found = {
            g: torch.stack(rows, 1) if rows else self.silence_of(program.events[g])[:, None][:, :0]
            for g, rows in spikes.items()
        }
        states = {}
        for wanted, rows in traces.items():
            size = program.arrays[wanted[0]].size
            rows = [torch.as_tensor(r, device=self.device).expand(trials, size) for r in rows]
            empty = torch.zeros(trials, 0, size, dtype=self.dtype, device=self.device)
            states[wanted] = torch.stack(rows, 1) if rows else empty
        spaces = program.event_spaces()
        final = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in self.fixed.items()}
        final |= {k: v for k, v in self.state.items() if k not in spaces}
        return found, states, final
