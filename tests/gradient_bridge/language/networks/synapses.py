"""Synapses: pathways, summed variables, equations, how they are connected and what they write."""

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, ms

from ..cases import Case
from .parts import CURRENT, cells, delayed, wired

SUMMED = """
dv/dt = (drive + total - v)/tau : 1
total : 1
drive : 1 (constant)
tau : second (constant)
"""


def lumped():
    """Every synapse of a group has the same number, in the statement and as shared variable."""
    group = cells()
    plain = wired(group, group, "", "g_post += 0.1")
    shared = wired(group, group, "w : 1 (shared, constant)", seed=3, on_pre="g_post -= w", strength=0)
    shared.w = 0.07
    return Network(group, plain, shared)


def per_synapse():
    group = cells()
    model = "w : 1 (constant)\nk : integer (constant)\nstrong : boolean (constant)"
    synapses = wired(group, group, model, "g_post += w*k*(1 + int(strong))", strength=0.2)
    synapses.k, synapses.strong = "1 + (i + j) % 3", "i > j"
    return Network(group, synapses)


def before_and_after():
    """A spike acts forward and backward, on three variables."""
    group = cells()
    synapses = wired(
        group, group, on_pre="g_post += w\nv_post += 0.1*w", on_post="g_pre -= 0.2*w\nv_pre += 0.01", p=0.5
    )
    return Network(group, synapses)


def several_pathways():
    """Four pathways whose order is not that of their names."""
    group = cells()
    synapses = Synapses(
        group,
        group,
        "w : 1\nx : 1",
        on_pre={"up": "x += 0.5; g_post += w*x", "decay": "x *= 0.5", "kick": "v_post += 0.02"},
        on_post={"back": "x = 1 - x"},
        delay={"up": 1 * ms, "kick": 2.3 * ms},
    )
    synapses.connect(condition="i != j", p=0.5)
    synapses.w = "0.2*sin(i + 2*j)"
    synapses.up.order, synapses.decay.order, synapses.kick.order, synapses.back.order = 2, -1, 0, 1
    return Network(group, synapses)


def summed():
    group = cells(model=SUMMED, method="euler")
    synapses = wired(group, group, "w : 1\ntotal_post = w*tanh(v_pre) : 1 (summed)", None, strength=0.5)
    return Network(group, synapses)


def summed_twice():
    """Two variables by one object; one of another."""
    model = SUMMED.replace("total - v", "total + 0.1*other - third - v") + "other : 1\nthird : 1\n"
    group = cells(model=model, method="euler")
    first = wired(
        group,
        group,
        "w : 1\ntotal_post = w*v_pre : 1 (summed)\nother_pre = w*(v_post - v_pre) : 1 (summed)",
        None,
    )
    second = wired(group, group, "w : 1\nthird_post = w/(1 + v_post**2) : 1 (summed)", None, seed=4)
    return Network(group, first, second)


def clock_driven():
    """An alpha-shaped conductance for each synapse: Brian2's way to write NMDA receptors."""
    group = cells(model=SUMMED, method="euler")
    model = """
    ds/dt = -s/(20*ms) + 0.5*x*(1 - s)/ms : 1 (clock-driven)
    dx/dt = -x/(2*ms) : 1 (clock-driven)
    total_post = w*s*(1.2 - v_post) : 1 (summed)
    w : 1
    """
    return Network(group, delayed(wired(group, group, model, "x += 1", strength=1, method="rk2")))


def event_driven():
    group = cells()
    model = "dx/dt = (1 - x)/tau_x : 1 (event-driven)\nw : 1\ntau_x : second (constant)"
    synapses = wired(group, group, model, "g_post += w*x\nx *= 0.6", strength=0.5)
    synapses.tau_x = "5*ms + 2*ms*j"
    return Network(group, synapses)


def several_per_pair():
    group = cells()
    synapses = Synapses(group, group, "w : 1\nk : integer", on_pre="g_post += w", multisynaptic_index="copy_")
    synapses.connect(condition="abs(i - j) < 3", n=3)
    synapses.w, synapses.k = "0.05*(copy_ - 0.8)", "copy_"
    synapses.delay = "copy_*1.3*ms"
    return Network(group, synapses)


def connected_by_generators():
    group = cells(20)
    ring = Synapses(group, group, "w : 1", on_pre="g_post += w")
    ring.connect(j="k for k in range(i - 3, i + 4) if k != i", skip_if_invalid=True)
    ring.w = 0.05
    some = Synapses(group, group, "w : 1", on_pre="g_post -= w")
    some.connect(j="k for k in sample(N_post, p=0.2)")
    some.w = "0.1*rand()"
    return Network(group, ring, some)


def one_after_the_other():
    """Reads what it writes, so that numpy goes from synapse to synapse."""
    group = cells()
    bounded = wired(group, group, on_pre="g_post += w*(1 - g_post)", strength=0.2)
    clipped = wired(group, group, on_pre="g_post = clip(g_post + w, -0.5, 0.5)", seed=3)
    return Network(group, bounded, delayed(clipped))


def assigned_and_multiplied():
    """All ways to write: last wins, products, quotients, differences."""
    group = cells(model=CURRENT + "x : 1\ny : 1\nz : 1\n")
    group.x, group.y, group.z = 1, 1, 1
    synapses = wired(
        group, group, on_pre="x_post = w\ny_post *= 1 + 0.1*w\nz_post /= 1 + 0.1*w\ng_post -= 0.3*w*v_pre"
    )
    return Network(group, synapses)


def own_variables_counted():
    """Integer and boolean variables of synapses that spikes change; a subexpression of both sides."""
    group = cells()
    model = """
    w : 1
    count : integer
    last : boolean
    fit = exp(-abs(v_pre - v_post)) : 1
    """
    synapses = wired(
        group, group, model, "count += 1\nlast = True\ng_post += w*fit*(count % 3)", on_post="last = False"
    )
    return Network(group, synapses)


def onto_synapses():
    """A modulator whose spikes change the weights of other synapses."""
    group, modulator = cells(), cells(3, strongest=4)
    plain = wired(group, group, "w : 1\nm : 1", "g_post += w*m")
    plain.m = 1
    gate = Synapses(modulator, plain, "a : 1", on_pre="m_post += a*(1.5 - m_post)")
    gate.connect(p=0.3)
    gate.a = 0.2
    return Network(group, modulator, plain, gate)


def held_over_a_step():
    """``constant over dt`` in synapses, and a clocked operation of theirs."""
    group = cells(model=SUMMED, method="euler")
    model = """
    w : 1
    gate = tanh(v_pre*v_post) : 1 (constant over dt)
    total_post = w*gate : 1 (summed)
    """
    synapses = wired(group, group, model, "w *= 0.99", strength=1.0)
    synapses.run_regularly("w += 0.001*gate", dt=2 * ms)
    return Network(group, synapses)


def no_synapse():
    group = cells()
    synapses = Synapses(group, group, "w : 1", on_pre="g_post += w*(1 - g_post)", on_post="w += 1")
    synapses.connect(condition="i < 0")
    return Network(group, synapses)


def mutual():
    """Two groups of other sizes, equations and thresholds; autapse of a single cell."""
    group = cells(7)
    other = NeuronGroup(
        1, "dv/dt = (1.5 + g - v)/(6*ms) : 1\ng : 1", threshold="v > 1", reset="v = 0\ng = 0", method="euler"
    )
    there, back = wired(group, other, p=1), wired(other, group, p=1, strength=0.5)
    self_ = wired(other, other, on_pre="v_post -= w", p=1)
    self_.w = np.array([0.1])
    return Network(group, other, there, back, self_)


CASES = (
    Case(lumped, (0.03, 0.02), ("drive",)),
    Case(per_synapse, (0.03, 0.02), ("w", "drive")),
    Case(before_and_after, (0.03, 0.02), ("w", "drive")),
    Case(several_pathways, (0.03, 0.02), ("w", "drive")),
    Case(summed, (0.03, 0.02), ("w", "drive")),
    Case(summed_twice, (0.03, 0.02), ("w", "drive")),
    Case(clock_driven, (0.03, 0.02), ("w", "drive")),
    Case(event_driven, (0.03, 0.02), ("w", "tau_x")),
    Case(several_per_pair, (0.03, 0.02), ("w", "drive")),
    Case(connected_by_generators, (0.03, 0.02), ("w", "drive")),
    Case(one_after_the_other, (0.03, 0.02), ("w", "drive")),
    Case(assigned_and_multiplied, (0.03, 0.02), ("w", "drive")),
    Case(own_variables_counted, (0.03, 0.02), ("w", "drive")),
    Case(onto_synapses, (0.03, 0.02), ("w", "a")),
    Case(held_over_a_step, (0.03, 0.02), ("w", "drive")),
    Case(no_synapse, (0.03, 0.02), ("drive",)),
    Case(mutual, (0.03, 0.02), ("w", "drive")),
)
