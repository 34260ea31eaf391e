"""Small networks, one a construct of Brian2's language, in which what is trained moves no spike.

Spikes come from generators or from thresholds that nothing trained reaches, so every loss is a smooth function of the
trained quantities and finite differences are the truth. Steps of 0.5 ms (fixture `half_ms`).
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    linked_var,
    ms,
    mV,
)

DRIVE = TimedArray(np.random.default_rng(5).normal(1, 0.5, (40, 4)), dt=0.5 * ms)
KICK = TimedArray(np.arange(40) % 9 == 4, dt=0.5 * ms)  # a threshold that nothing trained reaches
LEAK = "dv/dt = (E - v)/tau : 1\nE : 1 (constant)\ntau : second (constant)\n"


@dataclass
class Smooth:
    """A network, what is trained in it and what the loss reads."""

    net: Network
    trained: tuple
    traces: dict
    final: tuple = ()
    random: bool = False
    sizes: dict = field(default_factory=dict)  # of what the loss reads, at its first call


def cells(
    extra="", *, n=4, name="cells", threshold=None, reset="v *= 0.3", method="exponential_euler", **options
):
    """Leaky cells with other equations beside the leak."""
    spiking = {} if threshold is None else {"threshold": threshold, "reset": reset}
    group = NeuronGroup(n, LEAK + extra, method=method, name=name, **spiking, **options)
    group.E, group.tau, group.v = 0.8 + 0.1 * np.arange(n), (3 + np.arange(n)) * ms, 0.1 * np.arange(n)
    return group


def source():
    """Three neurons that fire irregularly, two of them twice in a row."""
    return SpikeGeneratorGroup(3, [0, 1, 0, 2, 1, 0, 2], [1, 2, 3.5, 5, 5.5, 9, 12] * ms, name="source")


def kicked(extra="", **options):
    """Cells that fire at fixed times."""
    return cells(extra, threshold="kick(t) > 0.5", namespace={"kick": KICK}, **options)


def delays():
    pre, group = source(), cells("dg/dt = -g/(2*ms) : 1\n")
    feed = Synapses(pre, group, "w : 1", on_pre="g_post += w", name="feed")
    feed.connect()
    feed.w, feed.delay = 0.3 + 0.1 * np.arange(12), 0.5 * np.arange(12) * ms
    group.run_regularly("v += 0.1*g", name="couple")
    return Smooth(Network(pre, group, feed), ("feed.w", "cells.tau"), {"cells": ["v", "g"]})


def refractoriness():
    group = NeuronGroup(
        4,
        "dv/dt = (E - v)/tau : 1 (unless refractory)\ndu/dt = (v - u)/tau : 1\nE : 1\ntau : second\nhold : second",
        threshold="kick(t) > 0.5",
        reset="v *= 0.3",
        refractory="hold",
        method="exponential_euler",
        name="cells",
        namespace={"kick": KICK},
    )
    group.E, group.tau, group.v, group.hold = [0.8, 1, 1.2, 1.4], [3, 4, 5, 6] * ms, 0.2, [0, 1, 1.6, 3] * ms
    return Smooth(Network(group), ("E", "tau", "cells.v"), {"cells": ["v", "u"]})


def stdp():
    pre, group = source(), kicked()
    rule = Synapses(
        pre,
        group,
        """w : 1
        dapre/dt = -apre/taupre : 1 (event-driven)
        dapost/dt = -apost/taupost : 1 (event-driven)
        taupre : second (constant)
        taupost : second (constant)
        up : 1 (constant)
        down : 1 (constant, shared)""",
        on_pre="v_post += 0.2*w\napre += up\nw = clip(w + apost, 0, 10)",
        on_post="apost -= down\nw = clip(w + apre, 0, 10)",
        name="rule",
    )
    rule.connect()
    rule.w, rule.taupre, rule.taupost, rule.up, rule.down = 0.5, 4 * ms, 6 * ms, 0.2, 0.15
    return Smooth(
        Network(pre, group, rule),
        ("rule.w", "rule.taupre", "rule.taupost", "rule.up", "rule.down"),
        {"cells": ["v"]},
        ("rule.w", "rule.apre"),
    )


def short_term_plasticity():
    pre, group = source(), cells()
    synapse = Synapses(
        pre,
        group,
        """du/dt = -u/tau_f : 1 (event-driven)
        dx/dt = (1 - x)/tau_d : 1 (event-driven)
        tau_f : second (constant)
        tau_d : second (constant)
        U : 1 (constant)
        A : 1 (constant)""",
        on_pre="u += U*(1 - u)\nv_post += A*u*x\nx -= u*x",
        name="synapse",
    )
    synapse.connect()
    synapse.tau_f, synapse.tau_d, synapse.U, synapse.A, synapse.x = 5 * ms, 8 * ms, 0.3, 0.6, 1
    return Smooth(
        Network(pre, group, synapse),
        ("synapse.tau_f", "synapse.tau_d", "synapse.U", "synapse.A", "synapse.x"),
        {"cells": ["v"]},
        ("synapse.x", "synapse.u"),
    )


def homeostasis():
    pre, group = source(), kicked("dr/dt = -r/(10*ms) : 1\n", reset="v *= 0.3\nr += 0.5")
    rule = Synapses(
        pre,
        group,
        "dw/dt = eta*(aim - r_post)/ms : 1 (clock-driven)\neta : 1 (constant)\naim : 1 (constant)",
        on_pre="v_post += 0.3*w",
        method="euler",
        name="rule",
    )
    rule.connect(j="i")
    rule.w, rule.eta, rule.aim = 0.4, 0.05, 0.3
    return Smooth(
        Network(pre, group, rule), ("rule.eta", "rule.aim", "rule.w"), {"cells": ["v"]}, ("rule.w",)
    )


def noise():
    group = cells("dz/dt = -z/tau + sigma*xi*tau**-0.5 : 1\nsigma : 1 (constant)\n", method="heun")
    group.sigma = [0.2, 0.4, 0.6, 0.8]
    return Smooth(Network(group), ("sigma", "tau"), {"cells": ["z"]}, random=True)


def multiplicative_noise():
    group = NeuronGroup(
        4,
        "dz/dt = -z/tau + sigma*z*xi*tau**-0.5 : 1\nsigma : 1 (constant)\ntau : second (constant)",
        method="milstein",
        name="cells",
    )
    group.sigma, group.tau, group.z = [0.2, 0.4, 0.6, 0.8], 5 * ms, 1
    return Smooth(Network(group), ("sigma", "tau", "cells.z"), {"cells": ["z"]}, random=True)


def drawn_numbers():
    group = kicked("gain : 1 (constant)\n", reset="v += gain*rand()")
    group.gain = 0.5
    group.run_regularly("v += 0.1*gain*randn()", dt=1.5 * ms, name="shake")
    return Smooth(Network(group), ("gain", "E"), {"cells": ["v"]}, random=True)


def poisson_input():
    group = cells()
    inputs = PoissonInput(group, "v", N=20, rate=100 * Hz, weight="0.1*E", when="synapses")
    return Smooth(Network(group, inputs), ("E", "tau"), {"cells": ["v"]}, random=True)


def summed_variables():
    group = cells("current : 1\ndu/dt = (tanh(current) - u)/tau : 1\n")
    together = Synapses(
        group, group, "w : 1\ncurrent_post = w*tanh(v_pre)*(1 + v_post) : 1 (summed)", name="feed"
    )
    together.connect(condition="i != j")
    together.w = np.random.default_rng(0).normal(0, 1, len(together))
    return Smooth(Network(group, together), ("feed.w", "E"), {"cells": ["u", "v"]})


def gap_junctions():
    group = NeuronGroup(
        4, "dv/dt = (E - v + gap)/tau : volt\ngap : volt\nE : volt\ntau : second", method="rk4", name="cells"
    )
    group.E, group.tau, group.v = [5, -3, 12, 8] * mV, [3, 4, 5, 6] * ms, [1, 3, -2, 4] * mV
    gap = Synapses(group, group, "w : 1\ngap_post = w*(v_pre - v_post) : volt (summed)", name="junction")
    gap.connect(condition="abs(i - j) == 1")
    gap.w = 0.2 + 0.1 * np.arange(len(gap))
    return Smooth(Network(group, gap), ("junction.w", "E", "tau", "cells.v"), {"cells": ["v"]})


def run_regularly():
    group = cells("gain : 1 (constant)\n")
    group.gain = 0.5
    group.run_regularly("v = gain*v + 0.1*E\nE *= 1.05", dt=2 * ms, when="end", name="often")
    return Smooth(Network(group), ("gain", "E", "cells.v"), {"cells": ["v"]}, ("cells.E",))


def subgroups():
    pre, group = kicked(n=3, name="pre"), cells("dg/dt = -g/(2*ms) : 1\nmean : 1\n", n=5)
    feed = Synapses(pre[1:], group[2:], "w : 1", on_pre="g_post += w*E_post", name="feed")
    feed.connect()
    feed.w = 0.3 + 0.1 * np.arange(6)
    pool = Synapses(group[:2], group[3:], "q : 1\nmean_post = q*v_pre : 1 (summed)", name="pool")
    pool.connect()
    pool.q = [0.1, 0.2, 0.3, 0.4]
    group.run_regularly("v += 0.1*g + 0.1*mean", name="couple")
    return Smooth(Network(pre, group, feed, pool), ("feed.w", "pool.q", "cells.E"), {"cells": ["v", "g"]})


def linked_variables():
    group = cells()
    followers = NeuronGroup(
        6,
        "du/dt = (gain*drive - u)/(4*ms) : 1\ngain : 1 (constant)\ndrive : 1 (linked)",
        method="exponential_euler",
        name="followers",
    )
    followers.drive, followers.gain = (
        linked_var(group, "v", index=[3, 0, 0, 2, 1, 3]),
        0.5 + 0.1 * np.arange(6),
    )
    return Smooth(Network(group, followers), ("gain", "E", "cells.tau"), {"followers": ["u"]})


def several_clocks():
    fast, slow = cells(), cells("current : 1\n", name="slow", dt=1.5 * ms)
    slow.run_regularly("v += 0.2*current", dt=1.5 * ms, name="couple")
    link = Synapses(fast, slow, "w : 1\ncurrent_post = w*v_pre : 1 (summed)", name="link", dt=1 * ms)
    link.connect(j="i")
    link.w = [0.5, 1, 1.5, 2]
    back = Synapses(slow, fast, "dy/dt = (v_pre - y)/(3*ms) : 1 (clock-driven)", method="euler", name="back")
    back.connect(j="i")
    return Smooth(
        Network(fast, slow, link, back),
        ("link.w", "cells.E", "slow.tau"),
        {"cells": ["v"], "slow": ["v"]},
        ("back.y",),
    )


def timed_arrays():
    shared = TimedArray([0.2, 0.9, 0.4, 0.7, 0.1], dt=4 * ms)
    group = NeuronGroup(
        4,
        "dv/dt = (E*drive(t, i) + h*shared(t) - v)/tau : 1\nE : 1\nh : 1 (shared)\ntau : second",
        method="euler",
        name="cells",
        namespace={"drive": DRIVE, "shared": shared},
    )
    group.E, group.tau, group.h = [0.8, 1, 1.2, 1.4], [3, 4, 5, 6] * ms, 0.4
    return Smooth(Network(group), ("E", "cells.h", "tau"), {"cells": ["v"]})


def custom_events():
    group = NeuronGroup(
        4,
        LEAK + "theta : 1\ndtheta_slow/dt = (theta - theta_slow)/(5*ms) : 1",
        events={"tick": "kick(t) > 0.5"},
        method="exponential_euler",
        name="cells",
        namespace={"kick": KICK},
    )
    group.E, group.tau, group.theta = [0.8, 1, 1.2, 1.4], [3, 4, 5, 6] * ms, 1
    group.run_on_event("tick", "v = 0.2*theta\ntheta *= 1 + 0.1*v")
    heard = Synapses(group, group, "w : 1", on_pre="v_post += w*theta_pre", on_event="tick", name="heard")
    heard.connect(j="(i + 1) % 4")
    heard.delay, heard.w = 1 * ms, [0.1, 0.2, 0.3, 0.4]
    return Smooth(Network(group, heard), ("theta", "heard.w", "E"), {"cells": ["v", "theta_slow"]})


def shared_and_subexpressions():
    group = NeuronGroup(
        4,
        """dv/dt = (total - v)/tau : 1
        total = drive + level : 1 (constant over dt)
        drive = h*sin(2*pi*t/(7*ms) + i) : 1
        level : 1 (shared)
        h : 1 (shared)
        tau : second""",
        method="heun",
        name="cells",
    )
    group.tau, group.h, group.level = [3, 4, 5, 6] * ms, 0.7, 0.2
    group.run_regularly("level += 0.1*(h - level)", name="together")
    return Smooth(Network(group), ("cells.h", "cells.level", "tau"), {"cells": ["v"]})


def several_pathways():
    pre, group = source(), kicked()
    feed = Synapses(
        pre,
        group,
        "w : 1",
        multisynaptic_index="k",
        on_pre={"first": "v_post += w*v_post", "second": "v_post += 0.5*w; w *= 0.9"},
        on_post="w += 0.05*v_post",
        name="feed",
    )
    feed.connect(n=2)
    feed.w = 0.1 + 0.01 * np.arange(24)
    feed.first.delay, feed.second.delay = 0.5 * ms, "(1 + i + k)*ms"
    return Smooth(Network(pre, group, feed), ("feed.w", "E"), {"cells": ["v"]}, ("feed.w",))


def a_synapse_onto_a_synapse():
    pre, group = source(), cells()
    feed = Synapses(pre, group, "w : 1", on_pre="v_post += w", name="feed")
    feed.connect()
    feed.w = 0.1 + 0.01 * np.arange(12)
    control = Synapses(pre, feed, "gate : 1", on_pre="w_post += 0.1*gate*w_post", name="control")
    control.connect("i == j % 3")
    control.gate = 1.0
    return Smooth(
        Network(pre, group, feed, control), ("feed.w", "control.gate"), {"cells": ["v"]}, ("feed.w",)
    )


NETWORKS = {
    make.__name__: make
    for make in (
        delays,
        refractoriness,
        stdp,
        short_term_plasticity,
        homeostasis,
        noise,
        multiplicative_noise,
        drawn_numbers,
        poisson_input,
        summed_variables,
        gap_junctions,
        run_regularly,
        subgroups,
        linked_variables,
        several_clocks,
        timed_arrays,
        custom_events,
        shared_and_subexpressions,
        several_pathways,
        a_synapse_onto_a_synapse,
    )
}
RANDOM = {"noise", "multiplicative_noise", "drawn_numbers", "poisson_input"}
