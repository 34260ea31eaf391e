"""Random numbers: Gaussian noise, draws in equations, thresholds, resets, pathways and clocked operations."""

import numpy as np
from brian2 import BinomialFunction, Network, NeuronGroup, ms

from ..cases import RANDOM, Case
from .parts import LIF, cells, wired


def additive():
    return Network(cells(model=LIF.replace("/tau :", "/tau + 0.4*xi*tau**-0.5 :"), method="euler"))


def two_sources():
    """Noise of its own for each equation, one of which stands still after a spike."""
    model = """
    dv/dt = (drive + u - v)/tau + 0.3*xi_v*tau**-0.5 : 1 (unless refractory)
    du/dt = -u/(10*ms) + 0.2*xi_u*ms**-0.5 : 1
    drive : 1 (constant)
    tau : second (constant)
    """
    return Network(cells(model=model, method="euler", refractory=2 * ms))


def one_source_twice():
    model = """
    dv/dt = (drive - v)/tau + 0.3*xi_both*tau**-0.5 : 1
    du/dt = -u/(10*ms) + 0.2*xi_both*ms**-0.5 : 1
    drive : 1 (constant)
    tau : second (constant)
    """
    return Network(cells(model=model, method="euler"))


def uniform_in_equations():
    model = LIF.replace("drive - v", "drive + 2*(rand() - 0.5) + 0.3*randn() - v")
    return Network(cells(model=model, method="euler"))


def poisson_numbers():
    model = LIF.replace("drive - v", "drive + 0.1*poisson(rate_) - v") + "rate_ : 1\n"
    group = cells(model=model, method="euler", reset="v = 0.1*poisson(0.8)")
    group.rate_ = np.linspace(0, 14, 12)
    return Network(group)


def held_over_a_step():
    """Drawn once in a step, for each cell and for all together."""
    model = (
        LIF.replace("drive - v", "drive + own + common - v")
        + "common = rand() : 1 (shared, constant over dt)\nown = 0.5*randn() : 1 (constant over dt)\n"
    )
    return Network(cells(model=model, method="rk2"))


def in_the_threshold():
    return Network(cells(model=LIF, threshold="rand() < 0.05*exp(3*v)"))


def in_the_reset():
    return Network(cells(model=LIF + "pace : 1\n", reset="v = 0.3*rand()\npace = randn()"))


def where_not_refractory():
    """A conditional write draws only for the cells that are free."""
    group = cells(
        model=LIF.replace(": 1\n", ": 1 (unless refractory)\n", 1), refractory=3 * ms, method="euler"
    )
    group.run_regularly("v += 0.2*rand()", dt=1 * ms)
    return Network(group)


def release():
    """Synapses that transmit with a probability, and by a random amount."""
    group = cells()
    certain = wired(group, group, "w : 1\np_r : 1 (constant)", "g_post += w*int(rand() < p_r)", strength=0.6)
    certain.p_r = 0.4
    graded = wired(group, group, on_pre="g_post += w*(1 + 0.3*randn())", seed=2)
    return Network(group, certain, graded)


def in_synaptic_equations():
    group = cells(model=LIF.replace("drive - v", "drive + total - v") + "total : 1\n", method="euler")
    model = "dx/dt = -x/(5*ms) + 0.2*xi*ms**-0.5 : 1 (clock-driven)\nw : 1\ntotal_post = w*x : 1 (summed)"
    synapses = wired(group, group, model, "x += 1", method="euler")
    return Network(group, synapses)


def clocked_draws():
    """Operations whose draws follow their names; one writes a shared variable."""
    group = cells(
        model=LIF.replace("drive - v", "drive + level - v") + "level : 1 (shared)\n", method="euler"
    )
    group.run_regularly("v += 0.1*randn()", dt=1 * ms, name="z_last")
    group.run_regularly("level = rand()", dt=2 * ms, name="a_first")
    synapses = wired(group, group, on_pre="v_post += w")
    synapses.run_regularly("w *= 1 + 0.1*rand()", dt=5 * ms)
    return Network(group, synapses)


def binomial_numbers():
    group = cells(
        model=LIF.replace("drive - v", "drive + 0.2*released() + 0.01*many() - v"),
        method="euler",
        namespace={
            "released": BinomialFunction(5, 0.3),
            "many": BinomialFunction(100, 0.4, approximate=True),
        },
    )
    return Network(group)


def names_decide():
    """Groups draw in the order of their names, not of their making."""
    model = LIF.replace("/tau :", "/tau + 0.4*xi*tau**-0.5 :")
    groups = [cells(5 + k, model, method="euler", name=name) for k, name in enumerate(("c", "a", "b"))]
    return Network(*groups)


def escape_noise():
    """A stochastic threshold whose hazard follows the potential; nothing else is random."""
    group = NeuronGroup(
        20,
        "dv/dt = (drive - v)/(10*ms) : 1\nhazard = exp((v - 1)/0.1)/(10*ms) : Hz\ndrive : 1",
        threshold="rand() < hazard*dt",
        reset="v = 0",
        method="exact",
    )
    group.drive = np.linspace(0.7, 1.5, 20)
    return Network(group)


CASES = (
    Case(additive, (0.03, 0.02), ("drive", "tau"), (RANDOM,)),
    Case(two_sources, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(one_source_twice, (0.03,), ("drive",), (RANDOM,)),
    Case(uniform_in_equations, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(poisson_numbers, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(held_over_a_step, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(in_the_threshold, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(in_the_reset, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(where_not_refractory, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(release, (0.03, 0.02), ("w",), (RANDOM,)),
    Case(in_synaptic_equations, (0.03, 0.02), ("w",), (RANDOM,)),
    Case(clocked_draws, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(binomial_numbers, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(names_decide, (0.03, 0.02), ("drive",), (RANDOM,)),
    Case(escape_noise, (0.03, 0.03), ("drive",), (RANDOM,)),
)
