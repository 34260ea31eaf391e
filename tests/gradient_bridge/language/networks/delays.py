"""Delays: equal and different, by pathway, rounded, longer than a run."""

import numpy as np
from brian2 import Network, ms

from ..cases import Case
from .parts import cells, delayed, wired


def equal():
    group = cells()
    return Network(group, wired(group, group, delay=2 * ms))


def different():
    group = cells()
    return Network(group, delayed(wired(group, group)))


def by_pathway():
    """Forward and backward with delays of their own, one equal, one different."""
    group = cells()
    synapses = wired(
        group, group, on_pre="g_post += w", on_post="g_pre -= 0.5*w", delay={"pre": 1.5 * ms, "post": 0 * ms}
    )
    other = wired(group, group, on_pre="v_post += 0.1*w", on_post="w *= 0.98", seed=3)
    delayed(other, 1.0)
    delayed(other, 5.0, seed=8, pathway="post")
    return Network(group, synapses, other)


def half_steps():
    """Delays of 0, 0.5, 1, 1.5 ... steps: where two ways to round part."""
    group = cells()
    synapses = wired(group, group, p=0.7)
    synapses.delay = (np.arange(len(synapses)) % 12) * 0.05 * ms
    return Network(group, synapses)


def under_way():
    """Longer than a run: the spikes of one arrive in the next but one."""
    group = cells()
    far, near = wired(group, group, delay=12 * ms), delayed(wired(group, group, seed=2), 20.0)
    return Network(group, far, near)


def onto_one_cell():
    """Many delays onto few cells: the order in which events of one step arrive decides the last bit."""
    group, hub = cells(40, strongest=4), cells(2, strongest=1.2)
    there = wired(group, hub, p=1, strength=0.7)
    there.delay = np.random.default_rng(5).integers(0, 9, len(there)) * 0.3 * ms
    return Network(group, hub, there, wired(hub, group, p=1))


def changing_with_delays():
    """Synaptic variables that change between a spike and its arrival."""
    group = cells()
    synapses = wired(group, group, "w : 1\nx : 1", "g_post += w*(1 + x)\nx = 0.9*x + 0.1*v_post", p=0.6)
    synapses.run_regularly("w += 0.01*(0.2 - w)", dt=1 * ms)
    return Network(group, delayed(synapses, 6.0))


CASES = (
    Case(equal, (0.03, 0.02), ("w", "drive")),
    Case(different, (0.03, 0.02), ("w", "drive")),
    Case(by_pathway, (0.03, 0.02), ("w", "drive")),
    Case(half_steps, (0.03, 0.02), ("w", "drive")),
    Case(under_way, (0.005, 0.005, 0.03), ("w", "drive")),
    Case(onto_one_cell, (0.03, 0.02), ("w", "drive")),
    Case(changing_with_delays, (0.03, 0.02), ("w", "drive")),
)
