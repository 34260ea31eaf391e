"""Short- and long-term plasticity, homeostasis, reward."""

import numpy as np
from brian2 import Network, NeuronGroup, PoissonGroup, Synapses, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, cells, delayed, wired


def stdp():
    """Song, Miller and Abbott (2000), Nature Neurosci. 3, 919, as Brian2's example writes it."""
    group = cells()
    model = """
    w : 1
    dapre/dt = -apre/(20*ms) : 1 (event-driven)
    dapost/dt = -apost/(20*ms) : 1 (event-driven)
    """
    synapses = wired(
        group,
        group,
        model,
        on_pre="g_post += w\napre += 0.01\nw = clip(w + apost, -1, 1)",
        on_post="apost += -0.0105\nw = clip(w + apre, -1, 1)",
    )
    return Network(group, synapses)


def stdp_with_delays():
    """Delays of both directions, traces that run on the clock."""
    group = cells()
    model = """
    w : 1
    dapre/dt = -apre/(15*ms) : 1 (clock-driven)
    dapost/dt = -apost/(25*ms) : 1 (clock-driven)
    """
    synapses = wired(
        group,
        group,
        model,
        on_pre="g_post += w\napre += 0.01\nw += apost",
        on_post="apost -= 0.0105\nw += apre",
        method="exact",
    )
    delayed(synapses, 4.0)
    delayed(synapses, 2.0, seed=7, pathway="post")
    return Network(group, synapses)


def triplets():
    """Pfister and Gerstner (2006), J. Neurosci. 26, 9673."""
    group = cells()
    model = """
    w : 1
    dr1/dt = -r1/(16.8*ms) : 1 (event-driven)
    dr2/dt = -r2/(101*ms) : 1 (event-driven)
    do1/dt = -o1/(33.7*ms) : 1 (event-driven)
    do2/dt = -o2/(125*ms) : 1 (event-driven)
    """
    synapses = wired(
        group,
        group,
        model,
        on_pre="g_post += w\nw = clip(w - o1*(0.005 + 0.002*r2), -1, 1)\nr1 += 1\nr2 += 1",
        on_post="w = clip(w + r1*(0.006 + 0.007*o2), -1, 1)\no1 += 1\no2 += 1",
    )
    return Network(group, synapses)


def short_term():
    """Tsodyks and Markram (1997), PNAS 94, 719."""
    group = cells(strongest=4)
    model = """
    w : 1
    U : 1 (constant)
    dx/dt = (1 - x)/(200*ms) : 1 (event-driven)
    du/dt = (U - u)/(50*ms) : 1 (event-driven)
    """
    synapses = wired(group, group, model, "u += U*(1 - u)\ng_post += w*u*x\nx -= u*x", strength=1.0)
    synapses.U, synapses.x, synapses.u = 0.3, 1, 0.3
    return Network(group, delayed(synapses, 1.5))


def homeostasis():
    """Weights into a cell are scaled by its own mean rate, every 10 ms."""
    group = cells(
        model=CURRENT + "drate/dt = -rate/(50*ms) : 1\n", reset="v = 0\nrate += 0.1", method="euler"
    )
    synapses = wired(group, group)
    synapses.run_regularly("w *= 1 + 0.1*(0.4 - rate_post)", dt=10 * ms)
    return Network(group, synapses)


def inhibitory():
    """Vogels et al. (2011), Science 334, 1569."""
    group = cells(20)
    inhibitory_ = group[15:]
    model = """
    w : 1
    dxpre/dt = -xpre/(20*ms) : 1 (event-driven)
    dxpost/dt = -xpost/(20*ms) : 1 (event-driven)
    """
    synapses = wired(
        inhibitory_,
        group[:15],
        model,
        on_pre="xpre += 1\nw = clip(w + (xpost - 0.2)*0.01, 0, 1)\ng_post -= w",
        on_post="xpost += 1\nw = clip(w + xpre*0.01, 0, 1)",
    )
    synapses.w = 0.1
    return Network(group, synapses)


def rewarded():
    """Izhikevich (2007), Cereb. Cortex 17, 2443: eligibility traces and a dopamine that all synapses share."""
    group = cells()
    reward = NeuronGroup(1, "dv/dt = 1/(7*ms) : 1", threshold="v > 1", reset="v = 0", method="euler")
    model = """
    dc/dt = -c/(100*ms) : 1 (clock-driven)
    dd/dt = -d/(20*ms) : 1 (clock-driven)
    ds/dt = c*d/(50*ms) : 1 (clock-driven)
    dapre/dt = -apre/(20*ms) : 1 (event-driven)
    dapost/dt = -apost/(20*ms) : 1 (event-driven)
    """
    synapses = wired(
        group,
        group,
        model,
        on_pre="g_post += s\napre += 0.1\nc += apost",
        on_post="apost -= 0.1\nc += apre",
        method="euler",
    )
    synapses.s = 0.2
    dopamine = Synapses(reward, synapses, on_pre="d_post += 0.1", delay=1 * ms)
    dopamine.connect()
    return Network(group, reward, synapses, dopamine)


def voltage_dependent():
    """Reads the potentials on both sides, as in Clopath et al. (2010), Nature Neurosci. 13, 344."""
    group = cells(model=CURRENT + "dslow/dt = (v - slow)/(15*ms) : 1\n", method="euler")
    model = "w : 1\ndx/dt = -x/(10*ms) : 1 (event-driven)"
    synapses = wired(
        group,
        group,
        model,
        on_pre="g_post += w\nw = clip(w - 0.02*int(slow_post > 0.3)*(slow_post - 0.3), -1, 1)\nx += 1",
        on_post="w = clip(w + 0.01*x*v_pre*int(slow_pre > 0.2), -1, 1)",
    )
    return Network(group, synapses)


def driven_by_chance():
    """STDP under a random drive, release by chance, depression: everything plastic that reads random numbers."""
    source = PoissonGroup(30, "20*Hz + 5*Hz*i")
    group = cells(5, strongest=1.0)
    model = """
    w : 1
    dx/dt = (1 - x)/(100*ms) : 1 (event-driven)
    dapre/dt = -apre/(20*ms) : 1 (event-driven)
    dapost/dt = -apost/(20*ms) : 1 (event-driven)
    """
    synapses = wired(
        source,
        group,
        model,
        on_pre="g_post += w*x*int(rand() < 0.7)\nx *= 0.8\napre += 0.02\nw = clip(w + apost, 0, 1)",
        on_post="apost -= 0.02*rand()\nw = clip(w + apre, 0, 1)",
    )
    synapses.w = np.random.default_rng(3).uniform(0.1, 0.5, len(synapses))
    return Network(source, group, synapses)


CASES = (
    Case(stdp, (0.03, 0.03), ("w", "drive")),
    Case(stdp_with_delays, (0.03, 0.03), ("w", "drive")),
    Case(triplets, (0.03, 0.03), ("w", "drive")),
    Case(short_term, (0.03, 0.03), ("w", "U")),
    Case(homeostasis, (0.03, 0.03), ("w", "drive")),
    Case(inhibitory, (0.03, 0.03), ("w", "drive")),
    Case(rewarded, (0.03, 0.03), ("s", "drive")),
    Case(voltage_dependent, (0.03, 0.03), ("w", "drive")),
    Case(driven_by_chance, (0.05, 0.05), ("w",), (RANDOM,)),
)
