"""Subgroups and linked variables."""

import numpy as np
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, PoissonInput, Synapses, linked_var, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, LIF, cells, delayed, wired


def subgroups():
    group = cells(20)
    first, second = group[:8], group[6:17]
    there = wired(first, second, on_pre="g_post += w*(1 - v_post)", on_post="g_pre += 0.1*w")
    back = delayed(wired(second, first, seed=2))
    return Network(group, there, back)


def values_by_subgroup():
    """Values set through parts, clocked operations and inputs of parts."""
    group = cells(16)
    group[:4].drive, group[4:].tau = 3, "6*ms + 0.2*ms*i"
    group[2:7].run_regularly("v += 0.02*i", dt=1 * ms)
    return Network(group, wired(group[10:], group[:5]), PoissonInput(group[8:12], "g", 10, 80 * Hz, 0.1))


def part_of_a_part():
    source = PoissonGroup(30, "20*Hz*(1 + i)")
    group = cells(18, strongest=1.2)
    inner = group[3:15][2:9]
    synapses = wired(source[10:25], inner, strength=0.6)
    return Network(source, group, synapses, wired(inner, group, seed=5))


def summed_over_a_part():
    model = CURRENT.replace("+ g", "+ g + total") + "total : 1\n"
    group = cells(15, model, method="euler")
    group.total = 0.1
    one = wired(group[:9], group[4:11], "w : 1\ntotal_post = w*v_pre : 1 (summed)", None)
    other = wired(group, group[11:], "w : 1\ntotal_post = w*tanh(v_post - v_pre) : 1 (summed)", None, seed=2)
    return Network(group, one, other)


def linked():
    """One to one."""
    source = NeuronGroup(
        9, "dx/dt = (gain - x)/(6*ms) : 1\ngain : 1", threshold="x > 1", reset="x = 0", method="exact"
    )
    source.gain = np.linspace(1, 4, 9)
    group = cells(9, LIF.replace("drive - v", "drive + x - v") + "x : 1 (linked)\n", method="euler")
    group.x = linked_var(source, "x")
    return Network(source, group)


def linked_by_an_index():
    """Each cell reads one of three oscillators; a chain of links; a shared variable."""
    source = NeuronGroup(3, "x = sin(2*pi*t/(9*ms) + i) : 1\ny : 1\nlevel : 1 (shared)")
    source.y, source.level = np.array([0.1, 0.4, 0.9]), 0.3
    source.run_regularly("y = 1 - y", dt=4 * ms)
    source.run_regularly("level += 0.01", dt=4 * ms)
    middle = NeuronGroup(12, "x : 1 (linked)\ny : 1 (linked)\nboth = x*y : 1")
    middle.x = linked_var(source, "x", index=np.arange(12) % 3)
    middle.y = linked_var(source, "y", index=np.arange(12) // 4)
    model = LIF.replace("drive - v", "drive + both + level - v") + "both : 1 (linked)\nlevel : 1 (linked)\n"
    group = cells(12, model, method="euler")
    group.both, group.level = linked_var(middle, "both"), linked_var(source, "level")
    return Network(source, middle, group)


def linked_to_itself():
    """Neighbours on a ring by links instead of synapses."""
    model = LIF.replace("drive - v", "drive + 0.5*(neighbour - v) - v") + "neighbour : 1 (linked)\n"
    group = cells(13, model, method="euler")
    group.neighbour = linked_var(group, "v", index=(np.arange(13) + 1) % 13)
    return Network(group)


def linked_in_pathways():
    """A pathway reads a linked variable of either side; noise behind the link."""
    source = NeuronGroup(12, "dx/dt = -x/(5*ms) + 0.5*xi*ms**-0.5 : 1", method="euler")
    model = CURRENT + "x : 1 (linked)\n"
    group = cells(12, model, method="euler")
    group.x = linked_var(source, "x")
    synapses = wired(group, group, "w : 1", "g_post += w*(x_pre + 0.1*x_post)")
    return Network(source, group, synapses)


def synapses_between_parts_of_one_group():
    """Excitatory and inhibitory parts, the classical way to write a network."""
    group = cells(25, strongest=3)
    excitatory, inhibitory = group[:20], group[20:]
    e = Synapses(excitatory, group, on_pre="g_post += 0.12")
    i = Synapses(inhibitory, group, on_pre="g_post -= 0.4")
    e.connect(p=0.2)
    i.connect(p=0.5)
    return Network(group, e, i)


CASES = (
    Case(subgroups, (0.03, 0.02), ("w", "drive")),
    Case(values_by_subgroup, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(part_of_a_part, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(summed_over_a_part, (0.03, 0.02), ("w", "drive")),
    Case(linked, (0.03, 0.02), ("drive", "gain")),
    Case(linked_by_an_index, (0.03, 0.02), ("drive",)),
    Case(linked_to_itself, (0.03, 0.02), ("drive",)),
    Case(linked_in_pathways, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(synapses_between_parts_of_one_group, (0.03, 0.02), ("drive",)),
)
