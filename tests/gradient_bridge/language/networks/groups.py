"""Groups: equations, flags, types of variables, intrinsic names."""

import numpy as np
from brian2 import Network, NeuronGroup, ms, mV, nA, nS, pF

from ..cases import NAN, QUIET, Case
from .parts import LIF, cells


def leaky_cells():
    return Network(cells(model=LIF))


def one_neuron():
    """Brette and Gerstner (2005), J. Neurophysiol. 94, 3637: adaptive exponential integrate and fire."""
    group = NeuronGroup(
        1,
        """
        dv/dt = (g_l*(e_l - v) + g_l*slope*exp((v - v_t)/slope) + drive - w)/C : volt
        dw/dt = (a*(v - e_l) - w)/tau_w : amp
        drive : amp
        """,
        threshold="v > v_t + 5*slope",
        reset="v = -70.6*mV; w += 0.0805*nA",
        method="euler",
        namespace={
            "C": 281 * pF,
            "g_l": 30 * nS,
            "e_l": -70.6 * mV,
            "v_t": -50.4 * mV,
            "slope": 2 * mV,
            "a": 4 * nS,
            "tau_w": 144 * ms,
        },
    )
    group.v, group.drive = -70.6 * mV, 1.5 * nA
    return Network(group)


def flags():
    """constant, shared, unless refractory, constant over dt; subexpressions of subexpressions."""
    group = NeuronGroup(
        15,
        """
        dv/dt = (total - v)/tau : 1 (unless refractory)
        da/dt = -a/(30*ms) : 1
        total = drive + gain*wave : 1
        wave = sin(2*pi*t/(20*ms) + phase) : 1 (constant over dt)
        common = exp(-t/(50*ms)) : 1 (shared)
        phase : 1 (constant)
        drive : 1
        gain : 1 (shared)
        tau : second (constant, shared)
        """,
        threshold="v > 1 + a",
        reset="v -= 1 + a\na += 0.2*common",
        refractory=1 * ms,
        method="euler",
    )
    group.phase, group.drive = np.linspace(0, 6, 15), np.linspace(0.8, 3, 15)
    group.gain, group.tau = 0.7, 6 * ms
    return Network(group)


def booleans_and_integers():
    group = NeuronGroup(
        16,
        """
        dv/dt = (drive*int(awake) + 0.1*count - v)/(8*ms) : 1
        drive : 1
        awake : boolean
        odd : boolean (constant)
        count : integer
        limit : integer (constant)
        rested = not awake and count < limit : boolean
        """,
        threshold="v > 1 and (awake or odd)",
        reset="v = 0\ncount = (count + 1) % limit\nawake = not awake or odd",
        method="euler",
    )
    group.drive, group.awake, group.odd = np.linspace(1.2, 3, 16), "i % 3 > 0", "i % 2 == 1"
    group.limit = "3 + i % 4"
    group.run_regularly("awake = awake or rested\ncount -= int(count > 0)", dt=5 * ms)
    return Network(group)


def shared_numbers():
    """Shared variables that a clocked operation changes; a power of a number is not a power of an array."""
    group = NeuronGroup(
        9,
        """
        dv/dt = (drive + level**3 + level**1.7 - v)/(7*ms) : 1
        drive : 1
        level : 1 (shared)
        steps : integer (shared)
        """,
        threshold="v > 1",
        reset="v = 0",
        method="euler",
    )
    group.drive, group.level = np.linspace(0.4, 2, 9), 0.3
    group.run_regularly("steps += 1\nlevel = 0.3 + level/1.3 - 0.01*level**3", dt=0.5 * ms)
    return Network(group)


def intrinsic_names():
    group = NeuronGroup(
        11,
        """
        dv/dt = (1 + 0.2*i - 0.05*N + 0.1*int(not_refractory) + pause - v)/(6*ms) : 1
        pause = 0.3*exp(-(t - lastspike)/(10*ms)) + 0.01*(t_in_timesteps % 7) + dt/ms : 1
        drive : 1
        """,
        threshold="v > 1",
        reset="v = 0.01*i*drive",
        refractory=2 * ms,
        method="euler",
    )
    group.drive = 1.5
    return Network(group)


def hodgkin_huxley():
    """Traub and Miles as in Brian2's COBAHH example."""
    group = NeuronGroup(
        10,
        """
        dv/dt = (10*nS*(-60*mV - v) - 6000*nS*(m*m*m)*h*(v - 50*mV) - 2000*nS*(n*n*n*n)*(v + 90*mV)
                 + drive)/(200*pF) : volt
        dm/dt = alpha_m*(1 - m) - beta_m*m : 1
        dn/dt = alpha_n*(1 - n) - beta_n*n : 1
        dh/dt = alpha_h*(1 - h) - beta_h*h : 1
        u = (v + 63*mV)/mV : 1
        alpha_m = 0.32*4/exprel((13 - u)/4)/ms : Hz
        beta_m = 0.28*5/exprel((u - 40)/5)/ms : Hz
        alpha_h = 0.128*exp((17 - u)/18)/ms : Hz
        beta_h = 4/(1 + exp((40 - u)/5))/ms : Hz
        alpha_n = 0.032*5/exprel((15 - u)/5)/ms : Hz
        beta_n = 0.5*exp((10 - u)/40)/ms : Hz
        drive : amp (constant)
        """,
        threshold="v > -20*mV",
        refractory=3 * ms,
        method="exponential_euler",
    )
    group.v, group.drive = -65 * mV, np.linspace(0.1, 0.9, 10) * nA
    return Network(group)


def without_threshold():
    group = NeuronGroup(
        30, "dx/dt = (gain*tanh(3*y) - x)/(4*ms) : 1\ndy/dt = (x - y**3)/(9*ms) : 1\ngain : 1", method="rk4"
    )
    group.x, group.gain = np.linspace(-1, 1, 30), np.linspace(1, 2, 30)
    return Network(group)


def not_numbers():
    """Values that become infinite and not a number stay what they are in Brian2."""
    group = NeuronGroup(
        8,
        """
        dv/dt = (drive - v)/(5*ms) : 1
        dx/dt = x**2/ms : 1
        root = sqrt(0.5 - v) : 1
        drive : 1
        y : 1
        """,
        threshold="v > 1",
        reset="v = 0\ny = root/(x - x)",
        method="euler",
    )
    group.drive, group.x = np.linspace(0.6, 3, 8), np.linspace(-1, 4, 8)
    return Network(group)


def named_constants():
    """Constants from the group, from the run, and one that both name."""
    group = NeuronGroup(
        9,
        "dv/dt = (gain*drive - v)/tau_m : 1\ndrive : 1",
        threshold="v > level",
        reset="v = floor_",
        method="euler",
        namespace={"gain": 1.3, "tau_m": 7 * ms},
    )
    group.drive = np.linspace(0.5, 2.5, 9)
    return Network(group)


CASES = (
    Case(leaky_cells, (0.03, 0.02), ("drive", "tau")),
    Case(one_neuron, (0.1, 0.1), ("drive",), minimum=4),
    Case(flags, (0.03, 0.01, 0.02), ("drive", "gain", "tau")),
    Case(booleans_and_integers, (0.03, 0.03), ("drive",)),
    Case(shared_numbers, (0.03, 0.02), ("drive",)),
    Case(intrinsic_names, (0.03, 0.02), ("drive",)),
    Case(hodgkin_huxley, (0.03, 0.04), ("drive",), options={"scale": 20 * mV}),
    Case(without_threshold, (0.03, 0.02), ("gain",), (QUIET,), minimum=0),
    Case(not_numbers, (0.02, 0.02), ("drive",), (NAN,)),
    Case(
        named_constants,
        (0.03, 0.02),
        ("drive", "gain"),
        namespace={"level": 1.1, "floor_": 0.1, "tau_m": 1 * ms},
    ),
)
