"""Several clocks with different steps."""

from brian2 import Clock, Hz, Network, PoissonGroup, SpikeGeneratorGroup, ms

from ..cases import RANDOM, SEVERAL_CLOCKS, Case
from .inputs import spikes
from .parts import CURRENT, cells, delayed, wired


def two_groups():
    """Delays are counted in the steps of the source."""
    fast, slow = cells(8, dt=0.1 * ms), cells(6, dt=0.4 * ms, strongest=4)
    return Network(
        fast, slow, wired(fast, slow, delay=1.2 * ms), delayed(wired(slow, fast)), wired(slow, slow, seed=4)
    )


def three_clocks_that_rarely_meet():
    groups = [cells(5, dt=step * ms, strongest=4) for step in (0.1, 0.07, 0.25)]
    wiring = [
        wired(a, b, p=0.6, seed=k)
        for k, (a, b) in enumerate(zip(groups, groups[1:] + groups[:1], strict=True))
    ]
    return Network(*groups, *wiring)


def clocked_operations():
    group = cells()
    group.run_regularly("v += 0.01*sin(t/ms)", dt=0.3 * ms)
    group.run_regularly("g += 0.05", dt=1.7 * ms, when="end")
    synapses = wired(group, group)
    synapses.run_regularly("w *= 0.99", dt=2.5 * ms)
    return Network(group, synapses)


def slow_synapses():
    """Equations of synapses on a clock of their own."""
    group = cells(model=CURRENT.replace("+ g", "+ g + total") + "total : 1\n", method="euler")
    model = "dx/dt = -x/(10*ms) : 1 (clock-driven)\nw : 1\ntotal_post = w*x : 1 (summed)"
    synapses = wired(group, group, model, "x += 1", method="exact", dt=0.5 * ms)
    return Network(group, synapses)


def inputs_of_other_steps():
    index, when = spikes(6, 80, 50, seed=2)
    chance = PoissonGroup(10, 150 * Hz, dt=1 * ms)
    given = SpikeGeneratorGroup(6, index, when * ms, dt=0.05 * ms)
    group = cells(strongest=1.2, dt=0.2 * ms)
    return Network(
        given, chance, group, wired(given, group, strength=0.5), wired(chance, group, strength=0.5, seed=3)
    )


def noise_on_two_clocks():
    """Draws interleave as the clocks do."""
    model = CURRENT.replace("/tau :", "/tau + 0.3*xi*tau**-0.5 :")
    fast, slow = cells(7, model, method="euler"), cells(5, model, method="euler", dt=0.3 * ms)
    return Network(fast, slow, wired(fast, slow), wired(slow, fast, seed=3))


def one_clock_twice():
    """Two clocks with the same step are still two."""
    first, second = Clock(0.2 * ms), Clock(0.2 * ms)
    one, two = cells(6, clock=first), cells(6, clock=second)
    return Network(one, two, wired(one, two, delay=0.4 * ms), wired(two, one, seed=2))


CASES = (
    Case(two_groups, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS,)),
    Case(three_clocks_that_rarely_meet, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS,)),
    Case(clocked_operations, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS,)),
    Case(slow_synapses, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS,)),
    Case(inputs_of_other_steps, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS, RANDOM)),
    Case(noise_on_two_clocks, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS, RANDOM)),
    Case(one_clock_twice, (0.03, 0.02), ("w", "drive"), (SEVERAL_CLOCKS,)),
)
