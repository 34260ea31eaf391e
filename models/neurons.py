"""Neuron models as frozen specifications. A new neuron is a new specification, nothing else.

Every model holds ``I : 1``, an input current that summed synapses may write and that stays 0 otherwise, and
``bias``;
``dt_ref``, the step that the published recursions count in, comes from the namespace of the group.
"""

import keyword
from dataclasses import dataclass

from brian2 import Quantity, Unit, get_dimensions, second

from .initials import Normal

YIN = "Yin, Corradi and Bohté 2020, arXiv:2005.11633; 2021, Nat Mach Intell 3:905; released code, SHD script"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a neuron model.

    Parameters
    ----------
    name : str
        As in the equations.
    unit : brian2 Unit
        ``Unit(1)`` for a number.
    default : float or Quantity
        Used where there is no `initial`. A plain number stands for steps of dt_ref if `unit` is a time.
    initial : Constant, Normal or Uniform, optional
        Distribution over neurons at the start.
    source : str
        Where the values come from.
    shared : bool
        One value for the whole group.
    positive : bool
        Values must be > 0, as those of every time.

    Raises
    ------
    ValueError
        A name that is no identifier, a distribution of a shared parameter.
    """

    name: str
    unit: Unit
    default: object
    initial: object = None
    source: str = ""
    shared: bool = False
    positive: bool = False

    def __post_init__(self):
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise ValueError(f"Parameter: expected an identifier as name, got {self.name!r}")
        if self.shared and self.initial is not None:
            raise ValueError(f"Parameter {self.name}: a shared parameter has a default and no distribution")


@dataclass(frozen=True)
class NeuronModel:
    """A neuron in Brian2's words.

    Parameters
    ----------
    name : str
    equations : str
        Brian2 equations with an input ``I``. They state time in seconds and may use ``dt_ref``, never ``dt``.
    threshold, reset : str or None
        None for a unit that does not spike.
    method : str
        Name of a Brian2 state updater.
    refractory : str or None
        Refractory period, e.g. ``"dt_ref"``; the membrane stays free unless an equation says so.
    synapse : str
        What a spike does to the neuron, e.g. ``"v_post += w*(1 - alpha_post)"``.
    parameters : tuple of Parameter
        What is set when a network is made; every one is a parameter in `equations`.
    source : str
    recurrent_synapse : str or None
        What a spike of the neuron's own layer does; None: as `synapse`.
    weight : float or Quantity
        What an initial weight of 1 is worth, > 0; the weights of synapses onto the neuron have its unit.
    delay : Quantity or None
        Time (s) from a spike of the neuron until it arrives; None: dt_ref.
    start : tuple of (str, str)
        State variables that do not start at 0, each with the parameter whose value it has then.

    Raises
    ------
    ValueError
        A parameter that appears twice or is named but not there, a reset without threshold, a weight or delay that
        is not positive.
    """

    name: str
    equations: str
    threshold: str | None
    reset: str | None
    method: str
    refractory: str | None
    synapse: str
    parameters: tuple[Parameter, ...]
    source: str
    recurrent_synapse: str | None = None
    weight: object = 1.0
    delay: Quantity | None = None
    start: tuple[tuple[str, str], ...] = ()

    def __post_init__(self):
        names = [p.name for p in self.parameters]
        if len(set(names)) < len(names):
            raise ValueError(f"NeuronModel {self.name}: a parameter appears twice in {names}")
        if self.threshold is None and (self.reset is not None or self.refractory is not None):
            raise ValueError(f"NeuronModel {self.name}: a reset or refractory period needs a threshold")
        if not float(self.weight) > 0:
            raise ValueError(f"NeuronModel {self.name}: weight must be > 0, got {self.weight!r}")
        if self.delay is not None and (
            get_dimensions(self.delay) is not second.dim or not float(self.delay) > 0
        ):
            raise ValueError(f"NeuronModel {self.name}: delay must be a positive time, got {self.delay!r}")
        unknown = sorted({parameter for _, parameter in self.start} - set(names))
        if unknown:
            raise ValueError(
                f"NeuronModel {self.name}: start names {unknown[0]!r}, which is no parameter of {names}"
            )


_BIAS = Parameter("bias", Unit(1), 0.0, source=YIN)
_TAU_M = Parameter("tau_m", second, 20, Normal(20, 5), source=YIN)
_TAU_A = Parameter("tau_a", second, 150, Normal(150, 10), source=YIN)
_B0 = Parameter("b0", Unit(1), 0.01, source=YIN, shared=True)
_BETA = Parameter("beta", Unit(1), 1.8, source=YIN, shared=True)

ALIF = NeuronModel(
    name="ALIF",
    equations="""
    dv/dt = (bias + I - v)/tau_m : 1
    da/dt = -a/tau_a : 1
    alpha = exp(-dt_ref/tau_m) : 1
    rho = exp(-dt_ref/tau_a) : 1
    theta = b0 + beta*a : 1
    I : 1
    bias : 1 (constant)
    tau_m : second (constant)
    tau_a : second (constant)
    b0 : 1 (constant, shared)
    beta : 1 (constant, shared)
    """,
    threshold="v > theta",
    # a[t] and theta[t] of the papers contain s[t-1], which is why the decays of the coming step are divided
    # out.
    reset="a += (1 - rho)/rho\nv -= (b0 + beta*rho*a)/alpha",
    method="exact",
    refractory="dt_ref",
    synapse="v_post += w*(1 - alpha_post)",
    parameters=(_BIAS, _TAU_M, _TAU_A, _B0, _BETA),
    source=YIN,
)

# The papers' unit without adaptation (beta = 0): soft reset, constant threshold b0.
LIF = NeuronModel(
    name="LIF",
    equations="""
    dv/dt = (bias + I - v)/tau_m : 1
    alpha = exp(-dt_ref/tau_m) : 1
    I : 1
    bias : 1 (constant)
    tau_m : second (constant)
    b0 : 1 (constant, shared)
    """,
    threshold="v > b0",
    reset="v -= b0/alpha",
    method="exact",
    refractory="dt_ref",
    synapse="v_post += w*(1 - alpha_post)",
    parameters=(_BIAS, _TAU_M, _B0),
    source=YIN,
)

LeakyIntegrator = NeuronModel(
    name="LeakyIntegrator",
    equations="""
    dv/dt = (bias + I - v)/tau_m : 1
    alpha = exp(-dt_ref/tau_m) : 1
    I : 1
    bias : 1 (constant)
    tau_m : second (constant)
    """,
    threshold=None,
    reset=None,
    method="exact",
    refractory=None,
    synapse="v_post += w*(1 - alpha_post)",
    parameters=(_BIAS, _TAU_M),
    source=YIN,
)
