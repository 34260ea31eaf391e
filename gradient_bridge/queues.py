"""Spikes on their way: what arrives at the synapses of a pathway in each step, in Brian2's order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fan:
    """The synapses of a pathway by emitting neuron.

    Attributes
    ----------
    synapses : numpy.ndarray of int64, shape (synapse,)
        Ordered by emitting neuron, then by number.
    first, count : numpy.ndarray of int64, shape (emitting neuron,)
        Where a neuron's synapses begin, and how many they are.
    delays : numpy.ndarray of int64 or int
        Steps, by synapse number; one number where all are alike.
    static : numpy.ndarray of int64, shape (synapse,)
        All synapses in the order in which their events arrive: longest delay, emitting neuron, number.
    """

    synapses: np.ndarray
    first: np.ndarray
    count: np.ndarray
    delays: np.ndarray | int
    static: np.ndarray

    def of(self, neurons):
        """The synapses of some neurons, and how many each of them has."""
        count = self.count[neurons]
        total = int(count.sum())
        if len(neurons) == 1:
            start = int(self.first[neurons[0]])
            return self.synapses[start : start + total], count
        begin = self.first[neurons]
        shift = np.repeat(begin - np.cumsum(count) + count, count)
        return self.synapses[shift + np.arange(total)], count


def fan_out(operation, sources, n_sources):
    """The `Fan` of a `Transmission`, from the emitting neuron of each synapse."""
    delays = operation.delays
    order = np.argsort(sources, kind="stable")
    count = np.bincount(sources[order], minlength=n_sources)
    same = len(delays) == 0 or delays.min() == delays.max()
    return Fan(
        synapses=order.astype(np.int64),
        first=np.cumsum(count) - count,
        count=count,
        delays=int(delays[0]) if len(delays) and same else 0 if same else delays,
        static=order[np.argsort(-delays[order], kind="stable")],
    )


class SynapseQueue:
    """The events of one pathway that have not arrived, in one trial.

    As in Brian2 a step first takes in the spikes of the emitting group and then gives out what arrives: a delay of
    zero arrives at once.

    Parameters
    ----------
    fan : Fan
    under_way : mapping of int to numpy.ndarray
        Events of an earlier run: steps from now -> synapses.
    """

    def __init__(self, fan, under_way):
        self.fan, self.now = fan, 0
        self.slots = {step: [synapses] for step, synapses in under_way.items()}

    def push(self, neurons):
        """Take in the spikes of this step."""
        if not len(neurons):
            return
        synapses, _ = self.fan.of(neurons)
        if len(synapses):
            self.put(synapses, synapses)

    def put(self, synapses, events):
        """Events of some synapses, each to the step in which it arrives; of one step in the order given."""
        delays = self.fan.delays
        if isinstance(delays, int):
            self.slots.setdefault(self.now + delays, []).append(events)
            return
        delays = delays[synapses]
        order = np.argsort(delays, kind="stable")
        delays, events = delays[order], events[..., order]
        cuts = np.flatnonzero(np.diff(delays)) + 1
        starts = np.concatenate(([0], cuts))
        for delay, some in zip(delays[starts].tolist(), np.split(events, cuts, axis=-1), strict=True):
            self.slots.setdefault(self.now + delay, []).append(some)

    def pop(self):
        """The synapses whose event arrives in this step, or None; the step is over."""
        arrived = self.slots.pop(self.now, None)
        self.now += 1
        if arrived is None:
            return None
        return arrived[0] if len(arrived) == 1 else np.concatenate(arrived, axis=-1)


class TrialsQueue(SynapseQueue):
    """The same for several trials: events are pairs (trial, synapse), shape (2, event).

    Parameters
    ----------
    fan, under_way
        As of `SynapseQueue`; what is under way is so in every trial.
    trials : int
    """

    def __init__(self, fan, under_way, trials):
        pairs = {
            step: np.stack([np.repeat(np.arange(trials), len(synapses)), np.tile(synapses, trials)])
            for step, synapses in under_way.items()
        }
        super().__init__(fan, pairs)

    def push(self, trials, neurons):
        """Take in the spikes of this step, ordered by trial."""
        if not len(neurons):
            return
        synapses, count = self.fan.of(neurons)
        if len(synapses):
            self.put(synapses, np.stack([np.repeat(trials, count), synapses]))
