"""Every explicit integrator that Brian2 has, and one of the user's."""

import numpy as np
from brian2 import ExplicitStateUpdater, Network, NeuronGroup, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, LIF, cells, wired

CURVED = """
dv/dt = (drive + 0.3*v**2 - v - u)/tau : 1
du/dt = (0.5*v - u)/(20*ms) : 1
drive : 1 (constant)
tau : second (constant)
"""
NOISY = """
dv/dt = (drive - v)/tau + {noise} : 1
drive : 1 (constant)
tau : second (constant)
"""


def by(method, model=CURVED):
    """Cells that are integrated by a method and excite each other."""
    group = cells(model=model, method=method)
    return Network(group, wired(group, group, on_pre="v_post += w"))


def exact():
    return by("exact", CURRENT)


def linear():
    return by("linear", CURRENT)


def independent():
    return by("independent", LIF)


def euler():
    return by("euler")


def rk2():
    return by("rk2")


def rk4():
    return by("rk4")


def exponential_euler():
    model = """
    dv/dt = (drive + 0.1*cos(u) - v)/tau : 1
    du/dt = (0.5*exp(v) - u)/(20*ms) : 1
    drive : 1 (constant)
    tau : second (constant)
    """
    return by("exponential_euler", model)


def chosen_by_brian2():
    """No method given: Brian2 looks for one."""
    group = NeuronGroup(7, CURVED, threshold="v > 1", reset="v = 0")
    group.drive, group.tau = np.linspace(1, 3, 7), 8 * ms
    return Network(group)


def heun():
    return by("heun", NOISY.format(noise="0.3*v*xi*tau**-0.5"))


def milstein():
    return by("milstein", NOISY.format(noise="(0.2 + 0.3*v)*xi*tau**-0.5"))


def of_the_user():
    """Ralston's second-order method."""
    ralston = ExplicitStateUpdater(
        """
        k1 = dt*f(x, t)
        k2 = dt*f(x + 2*k1/3, t + 2*dt/3)
        x_new = x + k1/4 + 3*k2/4
        """
    )
    return by(ralston)


CASES = (
    Case(exact, (0.03, 0.02), ("w", "drive", "tau")),
    Case(linear, (0.03,), ("w", "drive")),
    Case(independent, (0.03,), ("w",)),
    Case(euler, (0.03, 0.02), ("w", "drive")),
    Case(rk2, (0.03,), ("w", "tau")),
    Case(rk4, (0.03, 0.02), ("w", "drive")),
    Case(exponential_euler, (0.03, 0.02), ("w", "drive")),
    Case(chosen_by_brian2, (0.04,), ("drive",)),
    Case(heun, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(milstein, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(of_the_user, (0.03,), ("w", "drive")),
)
