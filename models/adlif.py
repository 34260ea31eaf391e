"""Adaptive neurons with subthreshold coupling: the adaptation current follows the membrane as well as the spikes."""

from dataclasses import replace

from brian2 import Unit, second

from .initials import Uniform
from .neurons import NeuronModel, Parameter
from .symplectic import SYMPLECTIC

BARONIG = (
    "Baronig, Ferrand, Sabathiel and Legenstein 2025, Nat Commun 16, arXiv:2408.07517; released code, constants of "
    "the ECG task"
)

_TAU_M = Parameter("tau_m", second, 15, Uniform(5, 25), source=BARONIG)
_TAU_A = Parameter("tau_a", second, 180, Uniform(60, 300), source=BARONIG)
_COUPLING = Parameter("coupling", Unit(1), 0.5, Uniform(0.01, 1), source=BARONIG, positive=True)
_JUMP = Parameter("jump", Unit(1), 1.0, Uniform(0.01, 2), source=BARONIG, positive=True)
_THETA = Parameter("theta", Unit(1), 1.0, source=BARONIG, shared=True)

SEAdLIF = NeuronModel(
    name="SEAdLIF",
    equations="""
    dv/dt = (bias + I - a - v)/tau_m : 1
    da/dt = (q*coupling*v - a)/tau_a : 1
    alpha = exp(-dt_ref/tau_m) : 1
    rho = exp(-dt_ref/tau_a) : 1
    I : 1
    bias : 1 (constant)
    tau_m : second (constant)
    tau_a : second (constant)
    coupling : 1 (constant)
    jump : 1 (constant)
    q : 1 (constant, shared)
    theta : 1 (constant, shared)
    """,
    threshold="v > theta",
    # a[t] of the paper contains s[t] without decay, which is why that of the coming step is divided out.
    reset="v = 0\na += (1 - rho)/rho*q*jump",
    method=SYMPLECTIC,
    refractory="dt_ref",
    synapse="v_post += w*(1 - alpha_post)",
    parameters=(
        Parameter("bias", Unit(1), 0.0, source=BARONIG),
        _TAU_M,
        _TAU_A,
        _COUPLING,
        _JUMP,
        Parameter("q", Unit(1), 120.0, source=BARONIG, shared=True, positive=True),
        _THETA,
    ),
    source=BARONIG,
)

# Both variables are advanced from their old values, which is unstable at the coupling of SEAdLIF (q*coupling >= 65 for
# time constants of 5 and 60 steps): hence half of it, as in the paper. The jump is as large in the step after a spike
# as that of SEAdLIF.
EFAdLIF = replace(
    SEAdLIF,
    name="EFAdLIF",
    reset="v = 0\na += (1 - rho)*q*jump",
    method="exponential_euler",
    parameters=tuple(replace(p, default=60.0) if p.name == "q" else p for p in SEAdLIF.parameters),
)
