"""Thousands of cells, tens of thousands of steps."""

import numpy as np
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, PoissonInput, Synapses, ms, mV

from ..cases import DENSE, RANDOM, Case

BALANCED = """
dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)
dge/dt = -ge/(5*ms) : volt
dgi/dt = -gi/(10*ms) : volt
"""


def balanced(n=4000, *, kinds=2):
    """Vogels and Abbott (2005), J. Neurosci. 25, 10786, as in Brian2's CUBA example: 2 % connectivity."""
    rng = np.random.default_rng(0)
    group = NeuronGroup(
        n,
        BALANCED,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * ms,
        method="exact",
    )
    group.v = -60 * mV + rng.random(n) * 10 * mV
    chosen, found = rng.random((n, n)) < 80 / n, []
    for target, rows, weight in (
        ("ge", slice(0, n * 4 // 5), 1.62 * mV),
        ("gi", slice(n * 4 // 5, n), -9 * mV),
    )[:kinds]:
        synapses = Synapses(group, group, "w : volt (constant)", on_pre=f"{target}_post += w")
        pre, post = np.nonzero(chosen[rows])
        synapses.connect(i=pre + rows.start, j=post)
        synapses.w = weight
        found.append(synapses)
    return group, *found


def four_thousand_cells():
    return Network(*balanced())


def four_thousand_cells_with_delays():
    group, excitatory, inhibitory = balanced()
    rng = np.random.default_rng(3)
    excitatory.delay = rng.uniform(0, 4, len(excitatory)) * ms
    inhibitory.delay = 0.8 * ms
    excitatory.w = rng.lognormal(0, 0.5, len(excitatory)) * 1.4 * mV
    return Network(group, excitatory, inhibitory)


def four_thousand_cells_with_noise():
    group, excitatory, inhibitory = balanced()
    return Network(group, excitatory, inhibitory, PoissonInput(group, "ge", 50, 10 * Hz, weight=0.3 * mV))


def depressing_synapses():
    """Short-term depression at every synapse, and a Poisson drive."""
    group, excitatory, inhibitory = balanced(2000)
    source = PoissonGroup(500, 20 * Hz)
    model = "dx/dt = (1 - x)/(200*ms) : 1 (event-driven)"
    drive = Synapses(source, group, model, on_pre="ge_post += 2*mV*x\nx *= 0.6")
    drive.connect(p=0.02)
    drive.x = 1
    return Network(group, excitatory, inhibitory, source, drive)


def plastic_inhibition():
    """Vogels et al. (2011), Science 334, 1569."""
    group, excitatory = balanced(2000, kinds=1)
    model = """
    w : volt
    da/dt = -a/(20*ms) : 1 (event-driven)
    db/dt = -b/(20*ms) : 1 (event-driven)
    """
    plastic = Synapses(
        group[1600:],
        group[:1600],
        model,
        on_pre="a += 1\nw = clip(w + (b - 0.12)*0.1*mV, 0*mV, 20*mV)\ngi_post -= w",
        on_post="b += 1\nw = clip(w + a*0.1*mV, 0*mV, 20*mV)",
    )
    plastic.connect(p=0.04)
    plastic.w = 5 * mV
    return Network(group, excitatory, plastic)


def many_cells_without_synapses():
    """Nothing but state updates, thresholds and resets with noise."""
    group = NeuronGroup(
        4000,
        "dv/dt = (drive - v)/(10*ms) + 0.2*xi*(10*ms)**-0.5 : 1\ndrive : 1 (constant)",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
    )
    group.drive = np.linspace(0.5, 1.5, 4000)
    return Network(group)


LONG = (0.005, *[0.5] * 10)  # a first run for the gradients, then 50 000 steps

CASES = (
    Case(four_thousand_cells, LONG, ("w",), (DENSE,), slow=True, traced=False),
    Case(four_thousand_cells_with_delays, LONG, ("w",), (DENSE,), slow=True, traced=False),
    Case(four_thousand_cells_with_noise, LONG, ("w",), (DENSE, RANDOM), slow=True, traced=False),
    Case(depressing_synapses, LONG, ("w",), (DENSE, RANDOM), slow=True, traced=False),
    Case(plastic_inhibition, LONG, ("w",), (DENSE,), slow=True, traced=False),
    Case(many_cells_without_synapses, LONG, ("drive",), (RANDOM,), slow=True, traced=False),
)
