"""A pass of several trials on NumPy arrays (trial, element), where an event is a place in the flattened array."""

from __future__ import annotations

import numpy as np

from .arrays_numpy import UFUNCS, NumpyPass
from .places import NOWHERE, Places, places_of
from .queues import TrialsQueue
from .random_streams import all_elements


class NumpyTrials(NumpyPass):
    """Several trials. For the parameters see `Pass`."""

    def start(self, value):
        """A value that the pass may change, by trial."""
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return np.array(value)
        return np.repeat(np.asarray(value).reshape(1, -1), self.trials, axis=0)

    def start_shared(self, value):
        """A shared value that the pass may change, one for each trial."""
        return np.broadcast_to(np.asarray(value).reshape(-1, 1), (self.trials, 1)).copy()

    @staticmethod
    def power_shared(left, right):
        """A power of shared values, trial by trial as numpy raises single numbers."""
        if not np.ndim(left) and not np.ndim(right):
            return left**right
        left, right = np.broadcast_arrays(left, right)
        values = [a**b for a, b in zip(left.reshape(-1), right.reshape(-1), strict=True)]
        return np.array(values).reshape(left.shape)

    def function(self, operation, name):
        """Brian2's own implementation; one of the user's sees one trial at a time."""
        own = operation.implementations[name]
        if not self.engine.is_users(operation.functions[name]):
            return own
        return lambda *arguments: self.by_trial(own, arguments)

    def by_trial(self, function, arguments):
        """A function of arrays (trial, element), applied to each trial."""
        if not any(np.ndim(a) == 2 for a in arguments):
            return function(*arguments)
        rows = [function(*(a[k] if np.ndim(a) == 2 else a for a in arguments)) for k in range(self.trials)]
        return np.stack(rows)

    # -------------------------------------------------------------- reading and writing
    @staticmethod
    def at(value, places):
        return value.reshape(-1)[places.flat]

    def at_fixed(self, value, places):
        if np.ndim(value) == 0:
            return value
        return value[places.element] if value.ndim == 1 else value[places.trial, places.element]

    @staticmethod
    def at_shared(value, places):
        return value[places.trial, 0] if np.ndim(value) else value

    @staticmethod
    def through(index, places, size):
        element = index[places.element]
        return Places(places.trial * size + element, places.trial, element)

    @staticmethod
    def take(value, index):
        return value[index] if value.ndim == 1 else value[:, index]

    @staticmethod
    def put(array, places, value):
        array.reshape(-1)[places.flat] = value
        return array

    def put_through(self, array, index, value):
        array[:, index] = value
        return array

    def scatter(self, array, places, value, mask, kind):
        if not isinstance(places, Places):  # an index array: all elements of all trials
            index, shape = places, (self.trials, len(places))
            flat = (np.arange(self.trials)[:, None] * array.shape[1] + index).reshape(-1)
            places = places_of(flat, array.shape[1])
            value = np.broadcast_to(value, shape).reshape(-1)
            mask = None if mask is None else np.broadcast_to(mask, shape).reshape(-1)
        if mask is not None:
            value = value[mask] if np.ndim(value) else value
            places = places.chosen(mask)
        UFUNCS[kind].at(array.reshape(-1), places.flat, value)
        return array

    @staticmethod
    def store_shared(new, old):
        return NumpyPass.store_copy(new, old)

    # -------------------------------------------------------------- events
    def silence_of(self, key):
        return NOWHERE

    def emitted(self, key, neurons):
        if not len(neurons):
            return NOWHERE
        trial = np.repeat(np.arange(self.trials), len(neurons))
        element = np.tile(neurons, self.trials)
        return Places(trial * (self.engine.program.arrays[key].size - 1) + element, trial, element)

    def events(self, key, condition, size):
        condition = np.broadcast_to(condition, (self.trials, size))
        return places_of(condition.reshape(-1).nonzero()[0], size)

    @staticmethod
    def silence(events, free, last, t):
        free.reshape(-1)[events.flat] = False
        last.reshape(-1)[events.flat] = t
        return free, last

    def arrived(self, pathway, events):
        queue = self.queues[pathway]
        queue.push(events.trial, events.element)
        arrived = queue.pop()
        if arrived is None:
            return None
        trial, element = arrived
        return Places(trial * self.operations[pathway].elements + element, trial, element)

    @staticmethod
    def each(places):
        for flat, trial, element in zip(places.flat, places.trial, places.element, strict=True):
            yield Places(flat, trial, element)

    def row(self, table, step):
        flat = table[step].reshape(-1).nonzero()[0]
        return places_of(flat, table.shape[2])

    def queue(self, operation):
        return TrialsQueue(self.engine.fan(operation), operation.under_way, self.trials)

    @staticmethod
    def trial_and_element(events, size):
        return events.trial, events.element

    def summed(self, name, value, target):
        operation = self.operations[name]
        index = self.fixed[operation.index] - operation.start
        size = operation.stop - operation.start
        places = (np.arange(self.trials)[:, None] * size + index).reshape(-1)
        weights = np.broadcast_to(value, (self.trials, len(index))).reshape(-1)
        total = np.bincount(places, weights=weights, minlength=self.trials * size)
        target[:, operation.start : operation.stop] = total.reshape(self.trials, size)
        return target

    # -------------------------------------------------------------- inputs and random numbers
    @staticmethod
    def from_table(table, rows, index, places):
        channels = 0 if index is None else index
        if places is not None:
            return table[rows, places.trial, channels]
        if np.ndim(rows) == 0:
            return table[rows][:, [0] if index is None else np.reshape(index, -1)]
        return (
            table[rows, :, channels].T
            if np.ndim(rows) == 1
            else table[rows, np.arange(len(rows))[:, None], channels]
        )

    def draw(self, name, where, mask, *arguments):
        operation, size = self.operations[where], self.operations[where].elements
        if mask is None and self.stream.together:
            return self.stream.draw_together(operation, name, (self.trials, size), arguments)
        rows = []
        for k in range(self.trials):
            own = tuple(a[k] if np.ndim(a) == 2 else a for a in arguments)
            if mask is None:
                rows.append(self.stream.draw(operation, name, all_elements(size), own, k))
                continue
            chosen = np.flatnonzero(mask[k] if np.ndim(mask) == 2 else mask)
            own = tuple(a[chosen] if np.ndim(a) else a for a in own)
            drawn = np.asarray(self.stream.draw(operation, name, chosen, own, k))
            rows.append(np.zeros(size, dtype=drawn.dtype))
            rows[-1][chosen] = drawn
        return np.stack(rows)

    def draw_at(self, name, where, places, mask, *arguments):
        operation = self.operations[where]
        if np.ndim(places.flat) == 0:
            return (
                self.stream.draw(operation, name, int(places.flat), arguments, int(places.trial))
                if mask is None or mask
                else 0
            )
        values = None
        allowed = np.ones(len(places), dtype=bool) if mask is None else np.broadcast_to(mask, len(places))
        for k in np.unique(places.trial):
            chosen = np.flatnonzero((places.trial == k) & allowed)
            own = tuple(a[chosen] if np.ndim(a) else a for a in arguments)
            drawn = np.asarray(self.stream.draw(operation, name, chosen, own, int(k)))
            values = np.zeros(len(places), dtype=drawn.dtype) if values is None else values
            values[chosen] = drawn
        return np.zeros(0) if values is None else values

    def draw_shared(self, name, where, *arguments):
        operation = self.operations[where]
        drawn = [
            self.stream.draw(
                operation, name, 1, tuple(a[k, 0] if np.ndim(a) == 2 else a for a in arguments), k
            )
            for k in range(self.trials)
        ]
        return np.array(drawn).reshape(self.trials, 1)

    def finished(self, value):
        return value
