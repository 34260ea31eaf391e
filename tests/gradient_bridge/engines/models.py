"""Neuron models of the contract suite, with places for an input and for what holds while a neuron is refractory."""

from __future__ import annotations

from dataclasses import dataclass, field

from brian2 import ms, mV, pA


@dataclass(frozen=True)
class Cell:
    """A neuron model.

    Attributes
    ----------
    equations : str
        ``{input}`` is where a timed array is added, ``{free}`` the flag of the membrane's equation.
    threshold, reset : str
    values : dict of str to (float, float, Quantity or 1)
        Bounds between which the parameters and the states at the start are drawn, and their unit.
    weight : float
        Size of a weight that matters.
    unit : Quantity or 1
        Of the weights and of the membrane.
    exact : bool
        Whether a step is + − × ÷ and comparisons, once what does not change is hoisted.
    trained : tuple of str
        Parameters that are trained beside the weights.
    current : str
        What a timed array is multiplied by before it is added.
    """

    equations: str
    threshold: str
    reset: str
    values: dict = field(repr=False)
    weight: float
    unit: object = 1
    exact: bool = True
    dt_ms: float = 0.5
    method: str = "euler"
    refractory: object = False
    trained: tuple = ()
    current: str = "1"

    @property
    def dimension(self):
        """Unit of the weights in equations."""
        return "1" if isinstance(self.unit, int) else "volt"


CELLS = {
    "LIF": Cell(
        "dv/dt = (bias - v{input})/tau_m : 1{free}\nbias : 1 (constant)\ntau_m : second (constant)",
        "v > 1",
        "v -= 1",
        dict(v=(0, 0.9, 1), bias=(0.9, 1.3, 1), tau_m=(4, 9, ms)),
        weight=0.4,
        trained=("tau_m", "bias", "v"),
        method="exact",
    ),
    "ALIF": Cell(
        "dv/dt = (bias - v{input})/tau_m : 1{free}\nda/dt = -a/tau_a : 1\nbias : 1 (constant)\n"
        "tau_m : second (constant)\ntau_a : second (constant)\nbeta : 1 (constant)",
        "v > 1 + beta*a",
        "v = 0.1*a\na += 0.3",
        dict(
            v=(0, 0.9, 1),
            a=(0, 0.2, 1),
            bias=(1.1, 1.6, 1),
            tau_m=(4, 9, ms),
            tau_a=(20, 40, ms),
            beta=(0.5, 1, 1),
        ),
        weight=0.4,
        trained=("tau_m", "tau_a", "beta"),
    ),
    "Izhikevich": Cell(
        "dv/dt = (0.04*v**2 + 5*v + 140 - u + drive{input})/ms : 1{free}\ndu/dt = a*(b*v - u)/ms : 1\n"
        "a : 1 (constant)\nb : 1 (constant)\nc : 1 (constant)\nd : 1 (constant)\ndrive : 1 (constant)",
        "v >= 30",
        "v = c\nu += d",
        dict(
            v=(-70, -50, 1),
            u=(-15, -12, 1),
            a=(0.02, 0.1, 1),
            b=(0.2, 0.25, 1),
            c=(-65, -50, 1),
            d=(2, 8, 1),
            drive=(8, 20, 1),
        ),
        weight=6.0,
        trained=("a", "b", "c", "d", "drive"),
        current="10",
    ),
    "AdEx": Cell(
        "dv/dt = (g_L*(E_L - v) + g_L*D_T*exp((v - V_T)/D_T) - q + drive{input})/C : volt{free}\n"
        "dq/dt = (s*(v - E_L) - q)/tau_q : amp\ndrive : amp (constant)\ntau_q : second (constant)\n"
        "D_T : volt (constant)\ng_L = 10*nS : siemens\ns = 2*nS : siemens\nC = 200*pF : farad\n"
        "E_L = -70*mV : volt\nV_T = -50*mV : volt",
        "v > -40*mV",
        "v = -58*mV\nq += 20*pA",
        dict(
            v=(-70, -50, mV),
            q=(0, 40, pA),
            drive=(300, 600, pA),
            tau_q=(20, 60, ms),
            D_T=(1.5, 3, mV),
        ),
        weight=4.0,
        unit=mV,
        exact=False,
        trained=("drive", "tau_q", "D_T"),
        dt_ms=0.25,
        current="100*pA",
    ),
    "Hodgkin-Huxley": Cell(
        "dv/dt = (g_l*(E_l - v) - g_na*m**3*h*(v - E_na) - g_kd*n**4*(v - E_k) + drive{input})/C : volt{free}\n"
        "dm/dt = alpha_m*(1 - m) - beta_m*m : 1\ndn/dt = alpha_n*(1 - n) - beta_n*n : 1\n"
        "dh/dt = alpha_h*(1 - h) - beta_h*h : 1\n"
        "alpha_m = 0.32*4/exprel((13*mV - v + V_T)/(4*mV))/ms : Hz\n"
        "beta_m = 0.28*5/exprel((v - V_T - 40*mV)/(5*mV))/ms : Hz\n"
        "alpha_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : Hz\n"
        "beta_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : Hz\n"
        "alpha_n = 0.032*5/exprel((15*mV - v + V_T)/(5*mV))/ms : Hz\n"
        "beta_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : Hz\n"
        "drive : amp (constant)\ng_na : siemens (constant)\nC = 200*pF : farad\ng_l = 10*nS : siemens\n"
        "g_kd = 6*usiemens : siemens\nE_l = -65*mV : volt\nE_k = -90*mV : volt\nE_na = 50*mV : volt\n"
        "V_T = -63*mV : volt",
        "v > -20*mV",
        "",
        dict(
            v=(-70, -50, mV),
            m=(0, 0.1, 1),
            n=(0.1, 0.3, 1),
            h=(0.6, 1, 1),
            drive=(300, 700, pA),
            g_na=(18e-6, 22e-6, "siemens"),
        ),
        weight=2.0,
        unit=mV,
        exact=False,
        dt_ms=0.05,
        method="exponential_euler",
        refractory="v > -40*mV",
        trained=("drive", "g_na"),
        current="100*pA",
    ),
}
