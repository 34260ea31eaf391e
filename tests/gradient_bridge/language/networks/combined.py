"""Networks that put everything together, after published ones, made small."""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    Synapses,
    TimedArray,
    linked_var,
    ms,
    mV,
    nA,
    nS,
)

from ..cases import RANDOM, SEVERAL_CLOCKS, Case
from .parts import CURRENT, cells, delayed, wired


def cuba():
    """Vogels and Abbott (2005), J. Neurosci. 25, 10786: current-based, 200 cells, units."""
    rng = np.random.default_rng(0)
    group = NeuronGroup(
        200,
        """
        dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)
        dge/dt = -ge/(5*ms) : volt
        dgi/dt = -gi/(10*ms) : volt
        """,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        method="exact",
    )
    group.v = -60 * mV + rng.random(200) * 10 * mV
    excitatory = Synapses(group, group, "w : volt", on_pre="ge += w")
    inhibitory = Synapses(group, group, "w : volt", on_pre="gi += w")
    excitatory.connect("i < 160", p=0.1)
    inhibitory.connect("i >= 160", p=0.1)
    excitatory.w, inhibitory.w = 1.62 * mV, -9 * mV
    return Network(group, excitatory, inhibitory)


def conductances():
    """The conductance-based one, with exponential Euler and delays."""
    rng = np.random.default_rng(1)
    group = NeuronGroup(
        150,
        """
        dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) + 180*pA)/(200*pF) : volt
        dge/dt = -ge/(5*ms) : siemens
        dgi/dt = -gi/(10*ms) : siemens
        """,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory="3*ms + 0.02*ms*i",
        method="exponential_euler",
    )
    group.v = -60 * mV + rng.random(150) * 10 * mV
    excitatory = Synapses(group[:120], group, "w : siemens", on_pre="ge_post += w", delay=0.8 * ms)
    inhibitory = Synapses(group[120:], group, "w : siemens", on_pre="gi_post += w")
    excitatory.connect(p=0.1)
    inhibitory.connect(p=0.2)
    excitatory.w, inhibitory.w = 6 * nS, 67 * nS
    return Network(group, excitatory, delayed(inhibitory, 2.0))


def brunel():
    """Brunel (2000), J. Comput. Neurosci. 8, 183: sparse, inhibition dominated, Poisson input."""
    group = NeuronGroup(
        100,
        "dv/dt = -v/(20*ms) : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 10*mV",
        refractory=2 * ms,
        method="exact",
    )
    group.v = "rand()*20*mV"
    e = Synapses(group[:80], group, "w : volt", on_pre="v_post += w", delay=1.5 * ms)
    i = Synapses(group[80:], group, "w : volt", on_pre="v_post -= w", delay=1.5 * ms)
    e.connect(p=0.1)
    i.connect(p=0.1)
    e.w, i.w = 0.8 * mV, 4 * mV
    return Network(group, e, i, PoissonInput(group, "v", 100, 90 * Hz, weight=0.8 * mV))


def everything():
    """Noise, delays, STDP, STP, subgroups, links, events, two clocks, timed array, homeostasis, gap junctions."""
    modulator = NeuronGroup(
        18,
        "dm/dt = (wave(t) - m)/(5*ms) + 0.1*xi*ms**-0.5 : 1",
        method="euler",
        namespace={"wave": TimedArray(np.array([0.2, 1.0, 0.5]), dt=6 * ms)},
    )
    source = PoissonGroup(20, "50*Hz + 10*Hz*i")
    model = """
    dv/dt = (drive + g + gap + 0.3*m - v)/tau + 0.1*xi*tau**-0.5 : 1 (unless refractory)
    dg/dt = -g/(5*ms) : 1
    drate/dt = -rate/(40*ms) : 1
    m : 1 (linked)
    gap : 1
    drive : 1
    tau : second (constant)
    warned : boolean
    """
    group = cells(
        18,
        model,
        strongest=1.5,
        method="euler",
        refractory="1*ms + 1*ms*int(warned)",
        reset="v = 0\nrate += 1\nwarned = False",
        events={"warning": "v > 0.8 and not warned"},
    )
    group.run_on_event("warning", "warned = True\ng -= 0.01")
    group.m = linked_var(modulator, "m")
    depressing = wired(
        source,
        group[:10],
        "w : 1\ndx/dt = (1 - x)/(80*ms) : 1 (event-driven)",
        "g_post += w*x*int(rand() < 0.8)\nx *= 0.7",
        strength=1.0,
    )
    plastic = wired(
        group[:10],
        group[10:],
        "w : 1\nda/dt = -a/(20*ms) : 1 (event-driven)\ndb/dt = -b/(20*ms) : 1 (event-driven)",
        on_pre={"act": "g_post += w", "learn": "a += 0.1; w = clip(w - b, -1, 1)"},
        on_post="b += 0.1; w = clip(w + a, -1, 1)",
    )
    delayed(plastic, 3.0, pathway="act")
    plastic.run_regularly("w *= 1 - 0.001*rate_post", dt=5 * ms)
    junctions = Synapses(group[10:], group[10:], "gap_post = 0.02*(v_pre - v_post) : 1 (summed)")
    junctions.connect(condition="i != j")
    group[:5].run_regularly("drive += 0.05*(rand() - 0.5)", dt=2 * ms)
    return Network(modulator, source, group, depressing, plastic, junctions)


def winner_take_all():
    """Diehl and Cook (2015), Front. Comput. Neurosci. 9, 99: adaptive thresholds, lateral inhibition, STDP."""
    source = PoissonGroup(40, "10*Hz + 120*Hz*int(i % 5 == 0)")
    group = NeuronGroup(
        8,
        """
        dv/dt = (-v + ge*(3 - v) + gi*(-1 - v))/(20*ms) : 1 (unless refractory)
        dge/dt = -ge/ms : 1
        dgi/dt = -gi/(2*ms) : 1
        dtheta/dt = -theta/(1*second) : 1
        """,
        threshold="v > 0.3 + theta and timestep(t - lastspike, dt) > timestep(2*ms, dt)",
        reset="v = 0\ntheta += 0.05",
        refractory=2 * ms,
        method="euler",
    )
    learning = Synapses(
        source,
        group,
        """
        w : 1
        dpre/dt = -pre/(20*ms) : 1 (event-driven)
        dpost1/dt = -post1/(20*ms) : 1 (event-driven)
        dpost2/dt = -post2/(40*ms) : 1 (event-driven)
        before_ : 1
        """,
        on_pre="ge_post += w\npre = 1\nw = clip(w - 0.01*post1, 0, 1)",
        on_post="before_ = post2\nw = clip(w + 0.02*pre*before_, 0, 1)\npost1 = 1\npost2 = 1",
    )
    learning.connect()
    learning.w = "0.3*rand() + 0.2"
    lateral = Synapses(group, group, on_pre="gi_post += 1.5")
    lateral.connect(condition="i != j")
    return Network(source, group, delayed(learning, 5.0), lateral)


def balanced_on_two_clocks():
    """Adaptive exponential cells in 0.05 ms steps, synapses of conductance in 0.2 ms, weights every 5 ms."""
    rng = np.random.default_rng(2)
    group = NeuronGroup(
        60,
        """
        dv/dt = (30*nS*(-70*mV - v) + 30*nS*2*mV*exp((v + 50*mV)/(2*mV)) + total*(0*mV - v) - w + drive)/(281*pF) : volt
        dw/dt = (4*nS*(v + 70*mV) - w)/(40*ms) : amp
        drive : amp (constant)
        total : siemens
        """,
        threshold="v > -40*mV",
        reset="v = -70*mV; w += 0.02*nA",
        refractory=1 * ms,
        method="exponential_euler",
        dt=0.05 * ms,
    )
    group.v, group.drive = -70 * mV, rng.uniform(0.6, 1.6, 60) * nA
    synapses = Synapses(
        group,
        group,
        "ds/dt = -s/(4*ms) : 1 (clock-driven)\nk : siemens\ntotal_post = k*s : siemens (summed)",
        on_pre="s += 1",
        method="exact",
        dt=0.2 * ms,
    )
    synapses.connect(p=0.1)
    synapses.k = rng.uniform(0, 3, len(synapses)) * nS
    synapses.run_regularly("k *= 0.999", dt=5 * ms)
    return Network(group, delayed(synapses, 3.0))


def single_precision():
    """Brian2 in float32: noise, delays, plasticity."""
    group = cells(model=CURRENT.replace("/tau :", "/tau + 0.3*xi*tau**-0.5 :"), method="euler")
    synapses = wired(
        group, group, "w : 1\ndx/dt = (1 - x)/(50*ms) : 1 (event-driven)", "g_post += w*x\nx *= 0.7"
    )
    return Network(
        group, delayed(synapses), wired(group, group, on_pre="v_post += 0.1*w*(1 - v_post)", seed=3)
    )


def single_precision_without_noise():
    """Exponentials and powers, which numpy computes otherwise in float32."""
    model = CURRENT.replace("drive + g", "drive + g + 0.1*exp(-v) + 0.1*v**3 + 0.05*tanh(g)")
    group = cells(model=model, method="rk4", refractory=1 * ms)
    return Network(group, wired(group, group), wired(group, group, "w : 1", "g_post += w*v_post", seed=5))


CASES = (
    Case(cuba, (0.03, 0.05), ("w",)),
    Case(conductances, (0.03, 0.05), ("w",)),
    Case(brunel, (0.03, 0.05), ("w",), (RANDOM,)),
    Case(everything, (0.03, 0.02, 0.02), ("w", "drive"), (RANDOM, SEVERAL_CLOCKS)),
    Case(winner_take_all, (0.05, 0.05), ("w",), (RANDOM,)),
    Case(balanced_on_two_clocks, (0.03, 0.03), ("k",), (SEVERAL_CLOCKS,)),
    Case(single_precision, (0.03, 0.02), ("w", "drive"), (RANDOM,), dtype="float32"),
    Case(single_precision_without_noise, (0.03, 0.02), ("w", "drive"), dtype="float32"),
)
