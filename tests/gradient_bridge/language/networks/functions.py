"""Functions of Brian2 and of the user."""

import numpy as np
import sympy
from brian2 import Function, Network, check_units, implementation, ms

from ..cases import RANDOM, Case
from .parts import LIF, cells, wired


def driven_by(text, **options):
    """Cells whose drive holds an expression."""
    return Network(cells(model=LIF.replace("drive - v", f"drive + {text} - v"), method="euler", **options))


def logarithms_and_exponentials():
    return driven_by("0.1*(log(1 + abs(v)) + log10(2 + v*v) + log1p(v**2) + expm1(-v) + exprel(v) + exp(-v))")


def angles_and_hyperbolic():
    return driven_by(
        "0.1*(sin(v) + cos(v) + tan(v/3) + arcsin(v/9) + arccos(v/9) + arctan(v) + sinh(v) + cosh(v) + tanh(v))"
    )


def steps_and_powers():
    return driven_by(
        "0.1*(sign(v - 0.1) + ceil(3*v) + floor(2*v) + int(4*v) + clip(v, 0, 0.2) + (5*v)//2 + (7*v) % 3"
        " + (0.1 + abs(v))**0.5 + v**2 + v**3 + v**4 + abs(v)**1.7 + 2**v + 1.5**(-v) + sqrt(0.1 + abs(v)))"
    )


def conditions():
    """Booleans in arithmetic; Brian2 simplifies expressions by one boolean variable."""
    return Network(
        cells(
            model="""
            dv/dt = (drive*int(t > 5*ms or v < 0.5 and not high) + int(high)*0.4 - v)/tau : 1
            high = v > 0.8 : boolean
            drive : 1 (constant)
            tau : second (constant)
            flip : boolean
            gated = int(flip)*(v*3 + drive*exp(-v)) + (1 - int(flip))*v : 1
            z : 1
            """,
            reset="v = 0.1*gated*int(flip)\nflip = not flip\nz = int(flip)*z*exp(v) + 0.5*drive",
            method="euler",
        )
    )


def time_steps():
    return driven_by(
        "0.2*(timestep(t, dt) % 4) + int(timestep(t, dt) > 90) + 0.3*(timestep(t - lastspike, 2*ms) % 5)/10",
        refractory=1 * ms,
    )


@implementation("numpy", discard_units=True)
@check_units(x=1, y=1, result=1)
def bump(x, y):
    return np.exp(-((x - y) ** 2)) / (1 + np.abs(x))


def python_function():
    """A numpy implementation, which no gradient passes."""
    group = cells(
        model=LIF.replace("drive - v", "drive + 0.5*held - v")
        + "held = bump(t/(20*ms), other) : 1\nother : 1\n",
        method="euler",
        namespace={"bump": bump},
    )
    group.other = np.linspace(0, 2, 12)
    return Network(group)


def sympy_function():
    """Known to sympy, so that a derivative can be had."""
    soft = Function(
        lambda x: np.log(1 + np.exp(x)),
        sympy_func=lambda x: sympy.log(1 + sympy.exp(x)),
        arg_units=[1],
        return_unit=1,
    )
    soft.implementations.add_numpy_implementation(lambda x: np.log(1 + np.exp(x)), discard_units=False)
    return driven_by("soft(3*v)", namespace={"soft": soft})


def function_that_draws():
    """A random function of the user, declared to be one."""

    def draw(vectorisation_idx):
        return np.random.gamma(2.0, 1.0, len(vectorisation_idx))  # noqa: NPY002

    gamma = Function(draw, arg_units=[], return_unit=1, stateless=False, auto_vectorise=True)
    gamma.implementations.add_implementation("numpy", draw)
    group = cells(
        model=LIF.replace("drive - v", "drive + 0.3*gamma() - v"), method="euler", namespace={"gamma": gamma}
    )
    synapses = wired(group, group, on_pre="v_post += w*gamma()", namespace={"gamma": gamma})
    return Network(group, synapses)


CASES = (
    Case(logarithms_and_exponentials, (0.03, 0.02), ("drive", "tau")),
    Case(angles_and_hyperbolic, (0.03, 0.02), ("drive", "tau")),
    Case(steps_and_powers, (0.03, 0.02), ("drive", "tau")),
    Case(conditions, (0.03, 0.02), ("drive",)),
    Case(time_steps, (0.03, 0.02), ("drive",)),
    Case(python_function, (0.03, 0.02), ("drive",)),
    Case(sympy_function, (0.03, 0.02), ("drive",)),
    Case(function_that_draws, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
)
