"""Inputs that the network itself holds: spike generators, Poisson groups and inputs, timed arrays."""

import numpy as np
from brian2 import Hz, Network, PoissonGroup, PoissonInput, SpikeGeneratorGroup, TimedArray, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, LIF, cells, wired


def spikes(n, count, length, seed=0):
    """Numbers and times (ms, whole tenths) of spikes, no neuron twice at one time."""
    rng = np.random.default_rng(seed)
    flat = rng.choice(n * length * 10, count, replace=False)
    return flat % n, (flat // n) / 10


def spike_generator():
    index, when = spikes(8, 200, 50)
    source = SpikeGeneratorGroup(8, index, when * ms)
    group = cells(strongest=1.1)
    return Network(source, group, wired(source, group, p=0.8, strength=0.8))


def periodic():
    """A pattern of 7 ms again and again; a run ends within it."""
    index, when = spikes(5, 30, 7)
    source = SpikeGeneratorGroup(5, index, when * ms, period=7 * ms)
    group = cells(strongest=1.1)
    return Network(source, group, wired(source, group, p=0.8, strength=0.8))


def generator_without_spikes():
    source = SpikeGeneratorGroup(4, [], [] * ms)
    group = cells()
    return Network(source, group, wired(source, group, p=1))


def poisson_group():
    source = PoissonGroup(25, np.linspace(10, 400, 25) * Hz)
    group = cells(strongest=1.1)
    return Network(source, group, wired(source, group, strength=0.6))


def poisson_group_with_a_rate_in_time():
    rates = TimedArray(np.array([0, 300, 50, 600]) * Hz, dt=8 * ms)
    source = PoissonGroup(
        20, "changing(t)*(1 + 0.5*sin(2*pi*t/(5*ms)))*(1 + i/N)", namespace={"changing": rates}
    )
    group = cells(strongest=1.1)
    return Network(source, group, wired(source, group, strength=0.6))


def poisson_input():
    """Exact for few synapses, approximated by a Gaussian for many; onto a variable of part of a group."""
    group = cells(strongest=1.0)
    few = PoissonInput(group, "g", 20, 100 * Hz, weight=0.05)
    many = PoissonInput(group[3:9], "g", 2000, 500 * Hz, weight="0.0005")
    return Network(group, few, many, wired(group, group))


def poisson_input_by_expression():
    """A weight that reads the cell."""
    group = cells(model=CURRENT + "gain : 1\n", strongest=1.0)
    group.gain = np.linspace(0, 0.2, 12)
    return Network(group, PoissonInput(group, "g", 30, 80 * Hz, weight="gain*(1.5 - v)", when="start"))


def timed_array():
    current = TimedArray(np.array([0.5, 2.0, -1.0, 3.0, 1.5, 0.2]), dt=5 * ms)
    group = cells(model=LIF.replace("drive - v", "drive + current(t) - v"), namespace={"current": current})
    return Network(group)


def timed_array_in_two_dimensions():
    """One column for each cell, chosen by an expression too; the last row lasts."""
    values = np.random.default_rng(0).uniform(-1, 3, (25, 12))
    group = cells(
        model=LIF.replace("drive - v", "drive + current(t, i) + 0.3*current(t - 3*ms, (i + 5) % N) - v"),
        namespace={"current": TimedArray(values, dt=1 * ms)},
        method="euler",
    )
    return Network(group)


def timed_arrays_of_other_steps():
    """Finer than the clock, and not a multiple of it; before zero and after the end."""
    rng = np.random.default_rng(1)
    group = cells(
        model=LIF.replace("drive - v", "drive + fine(t) + odd(t) + odd(t - 10*ms) - v"),
        namespace={
            "fine": TimedArray(rng.normal(0, 1, 900), dt=0.04 * ms),
            "odd": TimedArray(rng.normal(0, 1, 30), dt=0.73 * ms),
        },
        method="euler",
    )
    return Network(group)


def timed_array_in_a_pathway():
    gate = TimedArray(np.array([0.0, 1.0, 0.3]), dt=7 * ms)
    group = cells()
    synapses = wired(group, group, on_pre="g_post += w*gate(t)", namespace={"gate": gate})
    group.run_regularly("v += 0.1*gate2(t)", dt=3 * ms)
    group.namespace["gate2"] = gate
    return Network(group, synapses)


def all_together():
    index, when = spikes(8, 120, 50, seed=4)
    given = SpikeGeneratorGroup(8, index, when * ms)
    chance = PoissonGroup(10, 100 * Hz)
    current = TimedArray(np.linspace(-0.5, 1.5, 20), dt=2 * ms)
    group = cells(
        model=CURRENT.replace("drive +", "drive + current(t) +"),
        namespace={"current": current},
        strongest=1.0,
        method="euler",
    )
    return Network(
        given,
        chance,
        group,
        wired(given, group, strength=0.5),
        wired(chance, group, strength=0.5, seed=2),
        PoissonInput(group, "v", 10, 50 * Hz, weight=0.1),
    )


CASES = (
    Case(spike_generator, (0.03, 0.02), ("w", "drive")),
    Case(periodic, (0.025, 0.02), ("w", "drive")),
    Case(generator_without_spikes, (0.03, 0.02), ("drive",)),
    Case(poisson_group, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(poisson_group_with_a_rate_in_time, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(poisson_input, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(poisson_input_by_expression, (0.03, 0.02), ("gain", "drive"), (RANDOM,)),
    Case(timed_array, (0.03, 0.02), ("drive", "tau")),
    Case(timed_array_in_two_dimensions, (0.03, 0.02), ("drive",)),
    Case(timed_arrays_of_other_steps, (0.03, 0.02), ("drive",)),
    Case(timed_array_in_a_pathway, (0.03, 0.02), ("w", "drive")),
    Case(all_together, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
)
