"""A pass of one trial on NumPy arrays (element,): no gradients, the operations of Brian2's numpy target themselves."""

from __future__ import annotations

import operator

import numpy as np
import torch

from .delivery import add_rows
from .passes import Pass
from .queues import SynapseQueue
from .random_streams import all_elements
from .spikes import SparseSpikes

UFUNCS = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}
FEW_DELAYS = 4  # up to so many, adding row by row for each delay is the shorter way
SILENT = np.zeros(0, dtype=np.int64)


class NumpyPass(Pass):
    """One trial. For the parameters see `Pass`."""

    divide = staticmethod(operator.truediv)
    floor_divide = staticmethod(operator.floordiv)
    modulo = staticmethod(operator.mod)
    power = power_shared = staticmethod(operator.pow)
    both = soft_and = staticmethod(operator.and_)
    either = soft_or = staticmethod(operator.or_)
    negate = soft_not = staticmethod(np.logical_not)
    where = staticmethod(np.where)

    # -------------------------------------------------------------- values
    @staticmethod
    def start(value):
        """A value that the pass may change."""
        if not isinstance(value, np.ndarray):
            return value
        return np.array(value[0] if value.ndim == 2 else value)

    def start_shared(self, value):
        """A shared value that the pass may change: a number."""
        return np.asarray(value).reshape(-1)[0]

    @staticmethod
    def constant(value):
        """An external constant, as Brian2 holds it."""
        return value

    @staticmethod
    def as_array(value):
        """A value of the state as Brian2 holds it."""
        return np.asarray(value)

    @staticmethod
    def from_array(value, shared):
        """A value of Brian2 as the state holds it."""
        return value.reshape(-1)[0] if shared else np.array(value)

    @staticmethod
    def number(value):
        """A truth value as a number: numpy does that itself."""
        return value

    @staticmethod
    def same(new, old):
        """The value of an in-place operation: it keeps the type of its target."""
        if isinstance(old, np.ndarray) and getattr(new, "dtype", None) != old.dtype:
            return np.asarray(new).astype(old.dtype)
        return new

    @staticmethod
    def choose(condition, new, old):
        """``new`` where the condition holds, in the type of ``old``."""
        chosen = np.where(condition, new, old)
        if isinstance(old, np.ndarray) and chosen.dtype != old.dtype:
            return chosen.astype(old.dtype)
        return chosen if chosen.ndim else chosen[()]

    def function(self, operation, name):
        """Brian2's own implementation of a function."""
        return operation.implementations[name]

    # -------------------------------------------------------------- reading and writing
    @staticmethod
    def at(value, places):
        """Elements at some places."""
        return value[places]

    def at_fixed(self, value, places):
        """Elements of something that holds one value for each element of the group, or one for all."""
        return value[places] if np.ndim(value) else value

    @staticmethod
    def at_shared(value, places):
        """A shared value at some places."""
        return value

    @staticmethod
    def through(index, places, size):
        """The places in another array of ``size`` elements that an index array names."""
        return index[places]

    @staticmethod
    def take(value, index):
        """Elements of an array, by an index array."""
        return value[index]

    @staticmethod
    def put(array, places, value):
        """Write at some places; of repeated ones the last counts."""
        array[places] = value
        return array

    def put_through(self, array, index, value):
        """Write through an index array."""
        return self.put(array, index, value)

    def scatter(self, array, places, value, mask, kind):
        """An in-place operation at some places, repeated ones one after the other."""
        if mask is not None:
            value = value[mask] if np.ndim(value) else value
            places = places[mask]
        UFUNCS[kind].at(array, places, value)
        return array

    @staticmethod
    def read(value):
        """A whole array that is written later."""
        return value

    @staticmethod
    def store(new, old):
        """A new value of a whole array; it has an array of its own."""
        if isinstance(new, np.ndarray) and new.shape == old.shape and new.dtype == old.dtype:
            return new
        return NumpyPass.store_copy(new, old)

    @staticmethod
    def store_copy(new, old):
        """A new value of a whole array that another variable may hold."""
        stored = np.empty_like(old)
        stored[...] = new
        return stored

    @staticmethod
    def store_shared(new, old):
        """A new value of a shared variable, in its type."""
        return np.asarray(new).astype(old.dtype).reshape(-1)[0]

    # -------------------------------------------------------------- events
    def silence_of(self, key):
        """No events."""
        return SILENT

    def emitted(self, key, neurons):
        """Events of some neurons, in every trial."""
        return neurons

    def elements_of(self, events):
        """The neurons of the events of one trial."""
        return events

    def events(self, key, condition, size):
        """Who emits an event: where the condition holds."""
        if np.ndim(condition):
            return condition.nonzero()[0]
        return np.arange(size) if condition else SILENT

    @staticmethod
    def above(left, right, strict, group, mask=None):
        """Where a threshold is crossed."""
        crossed = left > right if strict else left >= right
        return crossed if mask is None else crossed & mask

    @staticmethod
    def as_spikes(condition):
        """Truth values, as they are."""
        return condition

    @staticmethod
    def silence(events, free, last, t):
        """Refractoriness begins at an event."""
        free[events] = False
        last[events] = t
        return free, last

    @staticmethod
    def fired(events):
        """The elements with an event."""
        return events

    def arrived(self, pathway, events):
        """The synapses whose event arrives now, or None."""
        queue = self.queues[pathway]
        queue.push(events)
        return queue.pop()

    @staticmethod
    def each(places):
        """One place after the other."""
        return places

    def table(self, stimulus):
        """A stimulus by time, trial and channel."""
        return stimulus.detach().transpose(0, 1).cpu().to(self.request.dtype).numpy()

    def row(self, table, step):
        """The spikes of a stimulus in one step."""
        return table[step].reshape(-1).nonzero()[0]

    # -------------------------------------------------------------- pathways
    def form_of(self, operation):
        """How the source of an operation is written."""
        return self.engine.form_in_numpy(operation, FEW_DELAYS)

    def prepare_pathways(self):
        """The queues of the pathways."""
        self.rings, self.queues = {}, {}
        for operation in self.engine.transmissions():
            if self.form_of(operation) == "fixed":
                longest = int(operation.delays.max(initial=0)) + 1
                self.rings[operation.name] = [self.silence_of(operation.events)] * longest
            else:
                self.queues[operation.name] = self.queue(operation)

    def queue(self, operation):
        """What is on its way in one pathway."""
        return SynapseQueue(self.engine.fan(operation), operation.under_way)

    def emit(self, pathway, events):
        """Take the events of the source into the pathway's ring, the latest last."""
        ring = self.rings[pathway]
        del ring[0]
        ring.append(events)

    def prepare(self, pathway, index, target, values):
        """Values that stay the same during the pass, by wiring: a matrix where one is worth while."""
        wirings = self.engine.wirings(pathway, index)
        synapses = sum(len(w.synapses) for w in wirings)
        values = np.broadcast_to(np.asarray(values, dtype=self.state[target].dtype), (synapses,))
        values = torch.from_numpy(np.array(values))
        return [(w.matrix(values) if w.rows_pay else values[w.synapses]).numpy() for w in wirings]

    def deliver(self, pathway, index, target, prepared, mask):
        """Add the prepared values of all synapses whose events arrive now, where a mask of the targets allows."""
        ring = self.rings[pathway]
        before = None if mask is None else np.array(target)
        for wiring, values in zip(self.engine.wirings(pathway, index), prepared, strict=True):
            events = ring[-1 - wiring.delay]
            if len(events):
                trial, neuron = self.trial_and_element(events, wiring.n_sources)
                add_rows(target, trial, neuron, wiring, values)
        return target if mask is None else self.choose(mask, target, before)

    @staticmethod
    def trial_and_element(events, size):
        """Trial and neuron of events; no trial where there is one."""
        return None, events

    def summed(self, name, value, target):
        """A summed variable: the synapses' values at their targets, added up from zero."""
        operation = self.operations[name]
        index = self.fixed[operation.index]
        start, stop = operation.start, operation.stop
        weights = np.broadcast_to(value, index.shape)
        total = np.bincount(index - start if start else index, weights=weights, minlength=stop - start)
        if isinstance(target, np.ndarray):
            target[start:stop] = total
            return target
        return total.astype(target.dtype)[0]

    # -------------------------------------------------------------- inputs and random numbers
    def timed(self, name, where, places, t, index=None):
        """Value of a timed array: the network's own, or that of the stimulus."""
        operation = self.operations[where]
        if name not in self.tables:
            own = operation.implementations[name]
            return own(t) if index is None else own(t, index)
        table, rows = self.tables[name], self.rows_at(operation, t, len(self.tables[name]))
        return self.from_table(table, rows, index, places)

    def rows_at(self, operation, t, count):
        """Row of a stimulus at some time."""
        return np.clip(self.row_of(self.clock[operation.clock], t), 0, count - 1)

    @staticmethod
    def from_table(table, rows, index, places):
        """Values (of one trial) at rows and channels."""
        return table[rows, 0, 0 if index is None else index]

    def draw(self, name, where, mask, *arguments):
        """Random numbers for all elements, or for those that a mask lets pass."""
        operation = self.operations[where]
        if mask is None:
            return self.stream.draw(operation, name, all_elements(operation.elements), arguments, 0)
        return self.draw_for(operation, name, np.flatnonzero(mask), operation.elements, arguments)

    def draw_for(self, operation, name, chosen, size, arguments):
        """Random numbers for some of ``size`` elements; zero elsewhere."""
        arguments = tuple(a[chosen] if np.ndim(a) else a for a in arguments)
        drawn = np.asarray(self.stream.draw(operation, name, chosen, arguments, 0))
        values = np.zeros(size, dtype=drawn.dtype)
        values[chosen] = drawn
        return values

    def draw_at(self, name, where, places, mask, *arguments):
        """Random numbers for the elements with an event."""
        operation = self.operations[where]
        if mask is None:
            return self.stream.draw(operation, name, places, arguments, 0)
        if np.ndim(places) == 0:
            return self.stream.draw(operation, name, places, arguments, 0) if mask else 0
        return self.draw_for(operation, name, np.flatnonzero(mask), len(places), arguments)

    def draw_shared(self, name, where, *arguments):
        """One random number for all elements."""
        return self.stream.draw(self.operations[where], name, 1, arguments, 0)

    # -------------------------------------------------------------- results
    def keep_traces(self, wanted, traces):
        """Copies of what was asked for."""
        for key, slot in wanted:
            value = self.state[key] if key in self.state else self.fixed[key]
            traces[key, slot].append(np.array(value))

    def results(self, spikes, traces):
        """Spikes, traces and final values as tensors."""
        program, trials = self.engine.program, self.trials
        found = {
            g: SparseSpikes(rows, trials, program.groups[g], self.request.dtype) for g, rows in spikes.items()
        }
        states = {}
        for wanted, rows in traces.items():
            size = program.arrays[wanted[0]].size
            stacked = [np.broadcast_to(r, (trials, size)) if r.ndim < 2 else r for r in rows]
            stacked = [np.broadcast_to(r, (trials, size)) for r in stacked]
            states[wanted] = torch.from_numpy(
                np.stack(stacked, 1) if stacked else np.zeros((trials, 0, size), dtype=np.float64)
            )
        final = {key: np.array(value) for key, value in self.fixed.items()}
        spaces = program.event_spaces()
        final |= {k: self.finished(v) for k, v in self.state.items() if k not in spaces}
        return found, states, {k: torch.as_tensor(np.asarray(v)) for k, v in final.items()}

    def finished(self, value):
        """A value of the state with its trials first."""
        return value[None] if np.ndim(value) == 1 else value


class HeldPass(NumpyPass):
    """One trial on Brian2's own arrays, which network operations see and change. For the parameters see `Pass`."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for key, value in self.state.items():
            if key in self.python.shared or not isinstance(value, np.ndarray):
                continue
            held = self.python.held[key]
            held[...] = value
            self.state[key] = held

    @staticmethod
    def read(value):
        """A copy: the array is written in place."""
        return np.array(value)

    @staticmethod
    def store(new, old):
        """Write a whole array in place."""
        old[...] = new
        return old

    store_copy = store

    def deliver(self, pathway, index, target, prepared, mask):
        """Add what arrives, in place."""
        return self.store(super().deliver(pathway, index, target, prepared, mask), target)
