"""All forms of refractoriness."""

import numpy as np
from brian2 import Network, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, cells, wired

HELD = CURRENT.replace("/tau : 1", "/tau : 1 (unless refractory)")


def duration():
    group = cells(model=HELD, refractory=2 * ms, method="euler")
    return Network(group, wired(group, group))


def synaptic_writes_are_masked():
    """``unless refractory`` keeps a pathway from writing too."""
    group = cells(model=HELD, refractory=5 * ms, method="euler")
    return Network(group, wired(group, group, on_pre="v_post += w\ng_post -= 0.1*w"))


def expression():
    group = cells(model=HELD + "pause : second\n", refractory="pause*(1 + v)", method="euler")
    group.pause = np.linspace(0, 4, 12) * ms
    return Network(group, wired(group, group))


def variable():
    """A variable of the group that its own reset makes longer."""
    group = cells(
        model=HELD + "pause : second\n", refractory="pause", reset="v = 0\npause *= 1.1", method="euler"
    )
    group.pause = np.linspace(1, 3, 12) * ms
    return Network(group, wired(group, group))


def condition():
    group = cells(model=CURRENT, refractory="v > 0.4", threshold="v > 1", reset="g -= 2*g", method="euler")
    return Network(group, wired(group, group, strength=1.5))


def condition_of_a_boolean():
    model = HELD + "asleep : boolean\n"
    group = cells(model=model, refractory="asleep", reset="v = 0\nasleep = i % 2 == 0", method="euler")
    group.run_regularly("asleep = False", dt=4 * ms)
    return Network(group, wired(group, group))


def random_duration():
    group = cells(model=HELD, refractory="2*ms + 2*ms*rand()", method="euler")
    return Network(group, wired(group, group))


def none():
    group = cells(model=CURRENT, refractory=False)
    return Network(group, wired(group, group))


def used_in_equations():
    model = """
    dv/dt = (drive*int(not_refractory) + g - v + 0.2*exp(-(t - lastspike)/(3*ms)))/tau : 1
    dg/dt = -g/(5*ms)*int(not_refractory) : 1 (unless refractory)
    drive : 1 (constant)
    tau : second (constant)
    """
    group = cells(model=model, refractory=3 * ms, threshold="v > 1 and not_refractory", method="euler")
    return Network(group, wired(group, group))


def longer_than_the_run():
    """Still refractory when the next run begins."""
    group = cells(model=HELD, refractory=25 * ms, method="euler")
    return Network(group, wired(group, group))


CASES = (
    Case(duration, (0.03, 0.02), ("w", "drive", "tau")),
    Case(synaptic_writes_are_masked, (0.03, 0.02), ("w", "drive")),
    Case(expression, (0.03, 0.02), ("w", "drive")),
    Case(variable, (0.03, 0.02), ("w", "drive")),
    Case(condition, (0.03, 0.02), ("w", "drive")),
    Case(condition_of_a_boolean, (0.03, 0.02), ("w", "drive")),
    Case(random_duration, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(none, (0.03,), ("w", "drive")),
    Case(used_in_equations, (0.03, 0.02), ("w", "drive")),
    Case(longer_than_the_run, (0.01, 0.01, 0.04), ("w", "drive")),
)
