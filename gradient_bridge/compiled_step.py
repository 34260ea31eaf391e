"""What the source of a step calls in a compiled pass: functions of tensors alone, which torch.compile can trace."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from . import compiled_functions as functions
from .compiled_functions import Passes, Tensor, beside


@dataclass(frozen=True)
class Pathway:
    """What a step knows of a pathway.

    Attributes
    ----------
    levels : tuple of int
        Delays (steps) whose past events are laid side by side; which of them is a synapse's comes as a tensor.
    depth : int
        How many past steps are kept.
    held : bool
        Whether events of an earlier run are under way.
    per_second : float or None
        Steps in a second, where the delay is trained.
    """

    levels: tuple[int, ...]
    depth: int
    held: bool = False
    per_second: float | None = None


@dataclass(frozen=True)
class Plan:
    """What a chunk of steps is compiled for, beside its tensors. Equal plans make equal code.

    Attributes
    ----------
    trials : int
    dtype, device : torch.dtype, torch.device
    clock : str
        Key of the clock.
    runs : tuple of tuple
        In order: ``("events", key)`` of an input; ``("traces", (key, slot, elements), ...)`` that are kept now;
        ``("step", name, ((argument, number or None), ...))`` of an operation: numbers are a part of the code,
        for None a tensor is given.
    pathways : tuple of (str, Pathway)
    sums : tuple of (str, int, int, int or None)
        Summed variables: first and last-but-one target, and the number of values of each where they come in the order
        (value, target).
    surrogates : tuple of (str, Surrogate, float)
        Of the thresholds that a gradient passes, by label.
    graded : frozenset of str
        Resets and pathways in which a gradient reaches the event.
    spikes, state : tuple of str
        Event spaces that are kept; arrays that change.
    count : int
        Steps of the chunk.
    """

    trials: int
    dtype: torch.dtype
    device: torch.device
    clock: str
    runs: tuple
    pathways: tuple
    sums: tuple
    surrogates: tuple
    graded: frozenset
    spikes: tuple
    state: tuple
    count: int

    def outcome(self):
        """Names of what a chunk returns: state, past of the pathways, traces and spikes of each step."""
        names = [("state", key) for key in self.state]
        names += [("ring", name) for name, pathway in self.pathways if pathway.depth]
        kept = [trace[:2] for kind, *traces in self.runs if kind == "traces" for trace in traces]
        for k in range(self.count):
            names += [("trace", *trace, k) for trace in kept] + [("spikes", key, k) for key in self.spikes]
        return names


class Step:
    """The state of a chunk while it is traced.

    Parameters
    ----------
    plan : Plan
    given : dict of tuple to torch.Tensor
        ``("state", key)``, ``("ring", pathway)``, ``("rows", name, step)`` and others by kind and name. What comes in
        one step is a tensor of its own, and so is what leaves it: so the steps of a chunk share their machine code.
    """

    divide = staticmethod(functions.divide)
    floor_divide = staticmethod(functions.floor_divide)
    modulo = staticmethod(functions.modulo)
    power = power_shared = staticmethod(functions.power)
    both = staticmethod(functions.both)
    either = staticmethod(functions.either)
    negate = staticmethod(functions.negate)
    choose = where = staticmethod(functions.choose)

    def __init__(self, plan, given):
        self.plan, self.given, self.dtype = plan, given, plan.dtype
        self.state = {key: given["state", key] for key in plan.state}
        self.pathways = dict(plan.pathways)
        self.surrogates = {label: (surrogate, scale) for label, surrogate, scale in plan.surrogates}
        self.sums = {name: sizes for name, *sizes in plan.sums}
        self.past = {name: given["ring", name].unbind(0) for name, p in plan.pathways if p.depth}
        self.sent = {name: [] for name, _ in plan.pathways}
        self.now = 0

    def begin(self, k):
        """The present time and step."""
        self.now = k
        for name in ("t", "timestep"):
            if ("rows", name, k) in self.given:
                self.state[f"{self.plan.clock}.{name}"] = self.given["rows", name, k]

    def row(self, name):
        """What comes into this step by a name."""
        return self.given["rows", name, self.now]

    def run(self, name, arguments, function):
        """The statements of an operation."""
        fixed = [self.given["fixed", name, a] if number is None else number for a, number in arguments]
        function(self.state, self, *fixed)

    def last(self, key):
        """What an array holds at the end, as a tensor."""
        value = self.state[key]
        if isinstance(value, Tensor):
            return value.contiguous()
        return self.full(value, functions.type_of(value))

    def ring(self, name):
        """The past events of a pathway at the end."""
        return torch.stack([*self.past[name], *self.sent[name]][-self.pathways[name].depth :])

    # -------------------------------------------------------------- values
    def full(self, value, dtype=None):
        """A number as a tensor of the device."""
        return torch.full((), value, dtype=dtype, device=self.plan.device)

    def number(self, value):
        """A truth value as a number."""
        return value.to(self.dtype) if isinstance(value, Tensor) and value.dtype == torch.bool else value

    @staticmethod
    def same(new, old):
        """The value of an in-place operation: it keeps the type of its target."""
        both = isinstance(old, Tensor) and isinstance(new, Tensor)
        return new.to(old.dtype) if both and new.dtype != old.dtype else new

    @staticmethod
    def take(value, index):
        """Elements of an array, by an index array."""
        if not isinstance(value, Tensor) or value.ndim == 0:
            return value
        return value[index] if value.ndim == 1 else value[:, index]

    @staticmethod
    def read(value):
        """A whole array that is written later."""
        return value

    def store(self, new, old):
        """A new value in the shape and type of the array that it is written to."""
        if old.ndim == 0:
            return new
        if not isinstance(new, Tensor):
            new = self.full(new)
        return new.to(old.dtype).expand(old.shape)

    store_copy = store_shared = store

    def scatter(self, array, index, value, mask, kind):
        """Add at the elements of an index array, all of its elements at once."""
        value = value if isinstance(value, Tensor) else self.full(value)
        value = value.to(array.dtype)
        if mask is not None:
            value = torch.where(mask, value, 0)
        value = (value if kind == "add" else -value).expand(self.plan.trials, len(index))
        return array.index_add(1, index, value)

    # -------------------------------------------------------------- events
    def above(self, left, right, strict, label, mask=None):
        """1 where ``left > right`` (or >=) and the mask allows, else 0, with the group's surrogate."""
        fired = left > right if strict else left >= right
        if mask is not None:
            fired = functions.both(fired, mask)
        fired = self.as_spikes(fired)
        distance = left - right
        if label not in self.surrogates or not isinstance(distance, Tensor):
            return fired
        surrogate, scale = self.surrogates[label]
        seen = distance.detach()
        slope = surrogate.derivative(seen if scale == 1 else seen / scale)
        if scale != 1:
            slope = slope / scale
        if mask is not None:
            slope = slope * mask
        return Passes.apply(fired, distance.expand(fired.shape), slope)

    def as_spikes(self, condition):
        """Truth values as 0 and 1."""
        return condition.to(self.dtype) if isinstance(condition, Tensor) else float(condition)

    @staticmethod
    def soft_and(a, b):
        """``a and b`` of 0 and 1, with the gradient of the product."""
        return a * b

    @staticmethod
    def soft_or(a, b):
        """``a or b`` of 0 and 1, with the gradient of a + b − ab."""
        truth = [isinstance(x, Tensor) and x.dtype == torch.bool for x in (a, b)]
        return torch.logical_or(a, b) if all(truth) else a + b - a * b

    @staticmethod
    def soft_not(a):
        """``not a`` of 0 and 1."""
        return ~a if isinstance(a, Tensor) and a.dtype == torch.bool else 1 - a

    def events(self, key, condition, size):
        """The events of this step as 0 and 1."""
        return self.store(condition, self.state[key])

    @staticmethod
    def silence(events, free, last, t):
        """Refractoriness begins at an event; no gradient passes."""
        fired = events.detach() > 0
        return free & ~fired, torch.where(fired, t, last)

    @staticmethod
    def fired_mask(events):
        """Where there is an event."""
        return events

    def keep(self, name, events, *changes):
        """The values of changes (old, new, decay): the new one where there is an event; see `TorchPass.keep`."""
        fired, values = events.detach() > 0, []
        for old, changed, decay in changes:
            new = self.store(changed, old)
            value = torch.where(fired, new, old)
            if name in self.plan.graded and old.is_floating_point() and decay is not False:
                value = Passes.apply(value, events, _change(fired, old, new, decay))
            values.append(value)
        return tuple(values)

    # -------------------------------------------------------------- pathways
    def emit(self, pathway, events):
        """Take the events of the source among those of the past."""
        self.sent[pathway].append(events)

    def after(self, pathway, steps=0):
        """Past events by level, each with a delay that is longer by some steps; shape (trial, level · neuron)."""
        sent, found = self.sent[pathway], []
        for level in self.pathways[pathway].levels:
            back = max(level + steps, 0) + 1
            found.append(sent[-back] if back <= len(sent) else self.past[pathway][len(sent) - back])
        return found[0] if len(found) == 1 else torch.cat(found, 1)

    def arrived_mask(self, pathway, events):
        """1 at the synapses whose event arrives now, shape (trial, synapse)."""
        self.emit(pathway, events)
        plan, places = self.pathways[pathway], self.given["places", pathway]
        arrived = self.after(pathway)[:, places]
        if plan.per_second is not None:
            ahead, behind = (self.after(pathway, k).detach()[:, places] for k in (1, -1))
            delay = self.given["delay", pathway].expand(arrived.shape)
            arrived = Passes.apply(arrived, delay, (ahead - behind) * (0.5 * plan.per_second))
        if plan.held:
            arrived = torch.where(self.row(pathway), 1.0, arrived)
        return arrived

    def deliver(self, pathway, index, target, prepared, mask):
        """Add values that stay the same at the targets of the synapses with an event, where a mask allows."""
        past = self.after(pathway)
        if prepared.ndim == 2:
            new = torch.addmm(target, past, prepared)
        else:
            sent = (past[:, self.given["places", pathway]] * prepared).to(target.dtype)
            new = target.index_add(1, self.given["targets", pathway, index], sent)
        return new if mask is None else functions.choose(mask, new, target)

    def add_masked(self, pathway, index, target, arrived, value, mask, kind):
        """Add values at the targets of the synapses with an event."""
        value = value if isinstance(value, Tensor) else self.full(value)
        value = value.to(target.dtype)
        fired = arrived.detach() > 0
        if mask is not None:
            fired = fired & beside(mask, fired)
        sent = torch.where(fired, value, 0)
        if pathway in self.plan.graded and target.is_floating_point():
            slope = value.detach() if mask is None else torch.where(beside(mask, fired), value.detach(), 0)
            sent = Passes.apply(sent, arrived, slope)
        return target.index_add(1, self.given["targets", pathway, index], sent if kind == "add" else -sent)

    def summed(self, name, value, target):
        """A summed variable: the synapses' values at their targets."""
        start, stop, each = self.sums[name]
        value = value if isinstance(value, Tensor) else self.full(value)
        value = value.to(self.dtype)
        targets = self.given["targets", name]
        value = value.expand(value.shape[0] if value.ndim == 2 else 1, len(targets))
        if each is None:
            total = value.new_zeros(value.shape[0], stop - start).index_add(1, targets, value)
        else:
            total = value.reshape(value.shape[0], each, stop - start).sum(1)
        if target.ndim == 0:
            return total if total.shape[0] > 1 else total[0, 0]
        total = total.expand(self.plan.trials, -1).to(target.dtype)
        if total.shape == target.shape:
            return total
        return torch.cat([target[:, :start], total, target[:, stop:]], 1)

    # -------------------------------------------------------------- inputs
    def timed_now(self, name, where, index=None):
        """A timed array at the present time."""
        row = self.row((name, where))
        return row[:, :1] if index is None else row[:, _columns(index, row.device)]

    def timed(self, name, where, places, t, index=None):
        """A timed array at a time of its own, one for all elements or one for each."""
        table = self.given["table", name, where]
        start, per_step, per_row, last = self.given["times", name, where].unbind(0)
        t = t if isinstance(t, Tensor) else self.full(t, torch.float64)
        rows = torch.floor(torch.round((t - start) / per_step) / per_row)
        rows = torch.minimum(rows.clamp(min=0), last).to(torch.int64)
        columns = torch.zeros(1, dtype=torch.int64, device=table.device)
        if index is not None:
            columns = _columns(index, table.device)
        if rows.ndim == 0:
            return table.index_select(0, rows.reshape(1))[0][:, columns]
        return table[rows, :, columns.expand(rows.shape)].transpose(0, 1)


def _columns(index, device):
    if isinstance(index, Tensor):
        return index.reshape(-1).long()
    return torch.full((1,), int(index), dtype=torch.int64, device=device)


def _change(fired, old, new, decay):
    """By what an event changes a stored value; see `spiking.ResetFunction`."""
    if decay is None:
        return (new - old).detach()
    stored = old.detach()
    decayed, factor = torch.func.jvp(decay, (stored,), (torch.ones_like(stored),))
    back = torch.where(factor == 0, 0.0, 1 / factor)
    return ((new - decayed) * torch.where(fired, 1.0, back)).detach()


def run_chunk(plan, steps, given):
    """Some steps, as torch.compile traces them.

    Parameters
    ----------
    plan : Plan
    steps : dict of str to callable
        The step of each operation.
    given : dict of tuple to torch.Tensor

    Returns
    -------
    list of torch.Tensor
        In the order of `Plan.outcome`; spikes and traces of one step with the shape (trial, element).
    """
    step, kept = Step(plan, given), []
    for k in range(plan.count):
        step.begin(k)
        for kind, *what in plan.runs:
            if kind == "events":
                step.state[what[0]] = step.row(what[0]).expand(plan.trials, -1)
            elif kind == "traces":
                kept += [step.state[key].expand(plan.trials, size) for key, _, size in what]
            else:
                step.run(*what, steps[what[0]])
        kept += [step.state[key] for key in plan.spikes]
    found = [step.last(key) for key in plan.state]
    found += [step.ring(name) for name, pathway in plan.pathways if pathway.depth]
    return found + kept
