"""Small networks, one for each thing that synapses of Brian2 can have; each function makes a fresh one."""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    ms,
)


def _cells(n=6, model="", name="g", **options):
    g = NeuronGroup(
        n,
        f"dv/dt = (1.3 - v)/(8*ms) : 1\n{model}",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name=name,
        **options,
    )
    g.v = np.linspace(0, 0.95, n)
    return g


def pathways():
    """Several pathways on either side, their orders and delays; statements that read what they write."""
    g = _cells(model="n : 1")
    s = Synapses(
        g,
        g,
        "w : 1\nlast : second",
        on_pre={
            "zeta": "v_post += w",
            "alpha": "n_post += rand(); w *= 0.99",
            "pre": "v_post -= 0.5*w*v_post",
        },
        on_post={"back": "w = clip(w + 0.01, 0, 0.2); last = t", "post": "n_pre += 1"},
        delay={"alpha": 1.5 * ms, "back": 0.7 * ms},
        name="s",
    )
    s.connect(p=0.7)
    s.w = "0.1*rand()"
    s.zeta.delay = "0.1*ms*i + 0.05*ms*j"
    s.post.delay = "2*ms*rand()"
    s.zeta.order, s.back.order, s.back.when = 3, -5, "after_thresholds"
    return Network(g, s)


def stdp():
    """Event-driven levels: spike-timing-dependent plasticity, and a neuron that the weights drive."""
    inputs = PoissonGroup(20, 80 * Hz, name="inputs")
    g = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="g")
    s = Synapses(
        inputs,
        g,
        """
        w : 1
        gain = 0.05*w : 1
        dapre/dt = -apre/taupre : 1 (event-driven)
        taupre : second (constant)
        dapost/dt = -apost/(20*ms) : 1 (event-driven)
        """,
        on_pre="v_post += gain; apre += 0.1; w = clip(w + apost, 0, 5)",
        on_post="apost -= 0.12; w = clip(w + apre, 0, 5)",
        name="s",
    )
    s.connect()
    s.w, s.taupre = "3 + rand()", "(15 + i)*ms"
    return Network(inputs, g, s)


def short_term():
    """Tsodyks and Markram: event-driven u and x, probabilistic release, delays of each synapse."""
    source = SpikeGeneratorGroup(4, np.arange(60) % 4, np.arange(60) * 0.7 * ms, name="source")
    g = _cells(5)
    s = Synapses(
        source,
        g,
        """
        du/dt = -u/tau_f : 1 (event-driven)
        dx/dt = (1 - x)/tau_d : 1 (event-driven)
        w : 1
        p : 1 (shared)
        """,
        on_pre="u += U*(1 - u); r = u*x; x -= r; v_post += w*r*int(rand() < p)",
        namespace={"tau_f": 100 * ms, "tau_d": 30 * ms, "U": 0.3},
        name="s",
    )
    s.connect()
    s.x, s.w, s.p, s.delay = 1, "0.3 + 0.1*i", 0.8, "j*0.4*ms"
    return Network(source, g, s)


def clock_driven():
    """Clock-driven synapses with noise, a method of their own, constants over dt, flags; slots of their own."""
    g = _cells(model="current : 1")
    s = Synapses(
        g,
        g,
        """
        dx/dt = (1 - x)/tau + 0.1*xi*tau**-0.5 : 1 (clock-driven)
        dy/dt = -y/(5*ms) : 1 (clock-driven)
        level = 0.01*rand() : 1 (constant over dt)
        z = x*y + level : 1
        tau : second (constant, shared)
        """,
        on_pre="v_post += 0.05*z; y += 1",
        method="heun",
        order=2,
        name="s",
    )
    s.connect(condition="i != j")
    s.tau = 12 * ms
    s.state_updater.when = "before_synapses"
    s.subexpression_updater.order = -1
    return Network(g, s)


def homeostasis():
    """Clock-driven weights towards a rate, run_regularly of synapses, sums that normalise."""
    g = _cells(model="rate : 1\ntotal : 1")
    g.run_regularly("rate *= 0.95", dt=1 * ms)
    s = Synapses(
        g,
        g,
        "dw/dt = (0.1 - rate_post)*0.01*w/ms : 1 (clock-driven)\ntotal_post = w : 1 (summed)",
        on_pre="v_post += w",
        on_post="rate_post += 0.02",
        method="euler",
        name="s",
    )
    s.connect(condition="i != j")
    s.w = "0.05 + 0.01*rand()"
    s.run_regularly("w = clip(0.4*w/total_post, 0, 1)", dt=5 * ms, when="end")
    return Network(g, s)


def summed():
    """Summed variables to either side, of two objects, of subgroups."""
    g = NeuronGroup(8, "dv/dt = (a + 0.2*b - v)/(6*ms) : 1\na : 1\nb : 1\nc : 1", method="euler", name="g")
    g.v = "0.1*i"
    one = Synapses(
        g, g, "w : 1\na_post = w*(v_pre - v_post) : 1 (summed)\nc_pre = w*v_post : 1 (summed)", name="one"
    )
    one.connect(p=0.5)
    one.w = "rand()"
    part = Synapses(g[:3], g[4:], "b_post = 0.1*v_pre + 0.01*i : 1 (summed)", name="part")
    part.connect()
    part.summed_updaters["b_post"].order = 7
    return Network(g, one, part)


def gap_junctions():
    g = _cells(model="I : 1")
    s = Synapses(g, g, "w : 1\nI_post = w*(v_pre - v_post) : 1 (summed)", name="s")
    s.connect(condition="abs(i - j) == 1")
    s.w = 0.3
    return Network(g, s)


def multisynaptic():
    """Several synapses a pair, told apart by an index."""
    g = _cells()
    s = Synapses(g, g, "w : 1", on_pre="v_post += w*(1 + k)", multisynaptic_index="k", name="s")
    s.connect(condition="i != j", n=3, p=0.4)
    s.connect(i=1, j=2, n=2)
    s.w, s.delay = "0.01*(k + 1)", "0.3*ms*k"
    return Network(g, s)


def onto_synapses():
    """Synapses onto the variables of other synapses, made in an order that is not that of names."""
    g, modulator = _cells(), _cells(4, name="modulator")
    base = Synapses(g, g, "w : 1\ndose : 1", on_pre="v_post += w", name="zz_base")
    base.connect(p=0.6)
    base.w = 0.05
    onto = Synapses(modulator, base, "k : 1", on_pre="w_post *= 1 + k; dose_post += v_pre", name="aa_onto")
    onto.connect(p=0.3)
    onto.k = "0.05*rand()"
    return Network(g, modulator, base, onto)


def gliotransmission():
    """Sums from synapses onto cells and from cells onto synapses (as of astrocytes)."""
    g = _cells()
    astro = NeuronGroup(2, "dc/dt = (got - c)/(20*ms) : 1\ngot : 1", method="euler", name="astro")
    s = Synapses(
        g,
        g,
        "dy/dt = -y/(10*ms) : 1 (clock-driven)\nglia : 1",
        on_pre="y += 1; v_post += 0.1*(1 - glia)",
        method="euler",
        name="s",
    )
    s.connect(p=0.7)
    up = Synapses(s, astro, "got_post = y_pre : 1 (summed)", name="up")
    up.connect(j="i % 2")
    down = Synapses(astro, s, "glia_post = 0.1*c_pre : 1 (summed)", name="down")
    down.connect(condition="i == j % 2")
    return Network(g, astro, s, up, down)


def other_events():
    """Pathways of events other than spikes, one for all and by pathway."""
    g = _cells(model="n : 1", events={"half": "v > 0.5 and v < 0.55", "up": "rand() < 0.01"})
    one = Synapses(g, g, on_pre="n_post += 1", on_event="half", delay=0.5 * ms, name="one")
    one.connect(condition="i != j")
    two = Synapses(
        g,
        g,
        on_pre={"a": "v_post += 0.01", "b": "n_post -= 0.5"},
        on_post="v_pre -= 0.01",
        on_event={"a": "up", "post": "half"},
        name="two",
    )
    two.connect(p=0.5)
    return Network(g, one, two)


def several_kinds():
    """Integer and boolean synaptic variables, shared ones, references to everything of either side."""
    g = _cells(model="theta : 1 (shared)\nkind : integer (constant)", refractory=1 * ms)
    g.theta, g.kind = 0.3, "i % 3"
    s = Synapses(
        g,
        g,
        "same = kind_pre == kind_post : boolean\nn : integer\nopen : boolean\nshift : 1 (shared, constant)",
        on_pre="""
        n += 1
        open = n % 2 == 0
        v_post += 0.02*int(open and same)*theta_post*int(not_refractory_post) + shift
        """,
        on_post="n += int(lastspike_pre > 0*ms) + int(t - lastspike_post > 5*ms)*N_incoming",
        name="s",
    )
    s.connect(condition="i != j")
    s.shift = 0.001
    return Network(g, s)


def poisson_into_synapses():
    """Poisson input into a variable of synapses, and synapses without any statement."""
    g = _cells()
    s = Synapses(g, g, "w : 1", on_pre="v_post += w", name="s")
    s.connect(p=0.5)
    silent = Synapses(g, g, "w : 1", name="silent")
    silent.connect(i=0, j=1)
    none = Synapses(g, g, "w : 1", on_pre="v_post += w", name="none")
    none.connect(condition="False")
    g.run_regularly("v += 0.01*rand()", dt=2 * ms)
    return Network(g, s, silent, none, PoissonInput(s, "w", 10, 20 * Hz, weight=0.01))


def balanced():
    """Excitation and inhibition, delays, Poisson input, refractoriness, plastic inhibition: all at once."""
    g = NeuronGroup(
        60,
        "dv/dt = (0.2 - v)/(10*ms) + 0.1*xi*(10*ms)**-0.5 : 1 (unless refractory)",
        threshold="v > 1",
        reset="v = 0",
        refractory="1*ms + 1*ms*rand()",
        method="euler",
        name="g",
    )
    excitation = Synapses(g[:48], g, "w : 1", on_pre="v_post += w", delay=1.5 * ms, name="excitation")
    excitation.connect(p=0.2)
    excitation.w = "0.1*rand()"
    inhibition = Synapses(
        g[48:],
        g,
        "w : 1\ndlevel/dt = -level/(20*ms) : 1 (event-driven)",
        on_pre="v_post -= w; level += 1",
        on_post="w = clip(w + 0.01*(level - 0.2), 0, 1)",
        name="inhibition",
    )
    inhibition.connect(p=0.4)
    inhibition.w, inhibition.delay = 0.2, "2*ms*rand()"
    return Network(g, excitation, inhibition, PoissonInput(g, "v", 50, 60 * Hz, weight=0.06))


SYNAPSES = {
    f.__name__.replace("_", " "): f
    for f in (
        pathways,
        stdp,
        short_term,
        clock_driven,
        homeostasis,
        summed,
        gap_junctions,
        multisynaptic,
        onto_synapses,
        gliotransmission,
        other_events,
        several_kinds,
        poisson_into_synapses,
        balanced,
    )
}
