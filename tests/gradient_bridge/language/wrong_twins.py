"""Deliberately wrong twins: each is one change of the program that is read, or of the engine that runs it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from chronaxie.gradient_bridge import (
    arrays_numpy,
    arrays_torch_pathways,
    queues,
    random_streams,
    reference,
    twin,
)
from chronaxie.gradient_bridge.program import Reset, Sum, Transmission


def with_another_program(monkeypatch, change):
    """What is read from the network is changed before anything runs."""
    read = twin.read

    def changed(network, **options):
        program = read(network, **options)
        objects = {o.name: o for o in network.sorted_objects}
        return replace(program, operations=tuple(change(program.operations, objects)))

    monkeypatch.setattr(twin, "read", changed)


def floored_delays(monkeypatch):
    """Delays cut off to whole steps instead of rounded."""

    def change(operations, objects):
        for operation in operations:
            if isinstance(operation, Transmission):
                pathway = objects[operation.name]
                steps = np.floor(np.asarray(pathway._delays.get_value()) / pathway.source.clock.dt_ + 1e-9)
                delays = np.broadcast_to(steps, operation.delays.shape).astype(np.int64)
                operation = replace(operation, delays=delays)
            yield operation

    with_another_program(monkeypatch, change)


def late_resets(monkeypatch):
    """A reset at the beginning of the next step."""

    def change(operations, objects):
        late = [o for o in operations if isinstance(o, Reset)]
        return [*late, *(o for o in operations if o not in late)]

    with_another_program(monkeypatch, change)


def late_sums(monkeypatch):
    """Summed variables at the end of the step, so that they are read one step later."""

    def change(operations, objects):
        late = [o for o in operations if isinstance(o, Sum)]
        return [*(o for o in operations if o not in late), *late]

    with_another_program(monkeypatch, change)


def an_extra_draw(monkeypatch):
    """One random number too many, before the first of each pass."""
    draw, begun = random_streams.NumpyStream.draw, set()

    def extravagant(self, *arguments):
        if id(self) not in begun:
            begun.add(id(self))
            np.random.random()  # noqa: NPY002  Brian2's own stream
        return draw(self, *arguments)

    monkeypatch.setattr(random_streams.NumpyStream, "draw", extravagant)


def shuffled_synapses(monkeypatch):
    """Events of one step arrive in another order than that of their neurons."""
    pop, fan_out, wire = queues.SynapseQueue.pop, reference.fan_out, reference.wire

    def backwards(self):
        arrived = pop(self)
        return arrived if arrived is None else arrived[::-1].copy()

    def fan(*arguments):
        made = fan_out(*arguments)
        return replace(made, static=made.static[::-1].copy())

    def odd_ones_first(*arguments):
        return [part for wiring in wire(*arguments) for part in halves(wiring)]

    def halves(wiring):
        for odd in (1, 0):
            chosen = torch.as_tensor(wiring.sources) % 2 == odd
            sources = torch.as_tensor(wiring.sources)[chosen]
            count = torch.bincount(sources, minlength=wiring.n_sources)
            fields = {name: getattr(wiring, name)[chosen] for name in ("synapses", "sources", "targets")}
            yield replace(wiring, first=torch.cumsum(count, 0) - count, count=count, dense=False, **fields)

    monkeypatch.setattr(queues.SynapseQueue, "pop", backwards)
    monkeypatch.setattr(reference, "fan_out", fan)
    monkeypatch.setattr(reference, "wire", odd_ones_first)


def input_summed_first(monkeypatch):
    """The events of a step are added up from zero, as a matrix product would, and then added to the state."""
    add_rows, torch_side = arrays_numpy.add_rows, arrays_torch_pathways

    def first_summed(add):
        return lambda state, *arguments: state + add(torch.zeros_like(state), *arguments)

    class AddedUp:
        @staticmethod
        def at(array, places, value):
            total = np.zeros_like(array)
            np.add.at(total, places, value)
            array += total

    def rows(target, *arguments):
        total = np.zeros_like(target)
        add_rows(total, *arguments)
        target += total

    monkeypatch.setitem(arrays_numpy.UFUNCS, "add", AddedUp)
    monkeypatch.setattr(arrays_numpy, "add_rows", rows)
    for name in ("by_events", "add_masked"):
        monkeypatch.setattr(torch_side, name, first_summed(getattr(torch_side, name)))


def forgotten_events(monkeypatch):
    """Spikes under way when the twin is made are lost."""

    def change(operations, objects):
        return [replace(o, under_way={}) if isinstance(o, Transmission) else o for o in operations]

    with_another_program(monkeypatch, change)


# Each with a network of the suite that shows it.
WRONG = {
    floored_delays: "delays-half_steps",
    late_resets: "groups-leaky_cells",
    late_sums: "gap_junctions-all_to_all",
    an_extra_draw: "noise-in_the_reset",
    shuffled_synapses: "chaos-rates_that_spike",
    input_summed_first: "chaos-rates_that_spike",
}
WRONG_LATER = {forgotten_events: "delays-under_way"}
