"""Gap junctions and other coupling through summed variables."""

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, ms

from ..cases import QUIET, Case
from .parts import LIF, cells

COUPLED = LIF.replace("drive - v", "drive + gap - v") + "gap : 1\n"
JUNCTION = "w : 1\ngap_post = w*(v_pre - v_post) : 1 (summed)"


def all_to_all():
    group = cells(model=COUPLED, method="euler")
    junctions = Synapses(group, group, JUNCTION)
    junctions.connect(condition="i != j")
    junctions.w = 0.05
    return Network(group, junctions)


def chain_of_rk4():
    """An integrator with several stages: the coupling stays what it was at the beginning of the step."""
    group = cells(20, COUPLED, method="rk4")
    junctions = Synapses(group, group, JUNCTION)
    junctions.connect(j="k for k in range(i - 1, i + 2) if k != i", skip_if_invalid=True)
    junctions.w = "0.2 + 0.01*i"
    return Network(group, junctions)


def rectifying():
    """The junction conducts one way only, and changes in time."""
    group = cells(model=COUPLED, method="euler")
    model = """
    dw/dt = (0.3*int(v_pre > v_post) - w)/(10*ms) : 1 (clock-driven)
    gap_post = w*clip(v_pre - v_post, 0, 10) : 1 (summed)
    """
    junctions = Synapses(group, group, model, method="euler")
    junctions.connect(condition="abs(i - j) == 1")
    return Network(group, junctions)


def phases():
    """Kuramoto (1975): oscillators coupled by the sine of their difference; no spikes."""
    group = NeuronGroup(40, "dtheta/dt = omega + pull/(4*ms) : 1\nomega : Hz\npull : 1", method="euler")
    group.theta, group.omega = np.linspace(0, 6, 40), np.linspace(50, 90, 40) / (1000 * ms)
    coupling = Synapses(
        group, group, "w : 1\npull_post = w*sin(theta_pre - theta_post)/N_incoming : 1 (summed)"
    )
    coupling.connect()
    coupling.w = 1.5
    return Network(group, coupling)


CASES = (
    Case(all_to_all, (0.03, 0.02), ("w", "drive")),
    Case(chain_of_rk4, (0.03, 0.02), ("w", "drive")),
    Case(rectifying, (0.03, 0.02), ("drive",)),
    Case(phases, (0.03, 0.02), ("w",), (QUIET,), minimum=0),
)
