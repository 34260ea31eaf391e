"""An adaptive integrate-and-fire neuron in physical units: mV, pF, nS, pA, ms, with values of published GLIF cells."""

from brian2 import amp, farad, ms, mV, pA, pF, second, volt

from .initials import LogNormal, Normal
from .neurons import NeuronModel, Parameter

TEETER = "Teeter et al. 2018, Nat Commun 9:709, GLIF models of the Allen Cell Types Database"
# Medians, standard deviations of the logarithm and the central 90 % of the cells, as
# `chronaxie.analyses.biology.glif_parameters` reads them from the table (docs/neurons.md; held by a test).
_ALL = f"{TEETER}: median of all 789 cells, drawn within their central 90 %"
_ADAPTING = f"{TEETER}: median of the 288 cells whose threshold adaptation was accepted (GLIF2)"
CAPACITANCE = LogNormal(94.7 * pF, 0.544, 48.2 * pF, 302 * pF)
TAU_M = LogNormal(18.1 * ms, 0.534, 7.00 * ms, 42.5 * ms)
E_L = -73.3 * mV
THETA_0 = LogNormal(34.1 * mV, 0.279, 20.4 * mV, 51.1 * mV)
JUMP = LogNormal(2.63 * mV, 1.00, 0.650 * mV, 7.24 * mV)
# A step of 1 ms does not resolve the fastest cells (central 90 %: 1.10 to 60.9 ms).
TAU_A = LogNormal(8.39 * ms, 1.25, 2 * ms, 60.9 * ms)
# Median of the cut around a spike, 3.85 ms, as a whole number of milliseconds: refractory periods count steps.
T_REF = 4 * ms
_CHOICE = "a choice: GLIF cells were driven by currents, they have no synapses"
# One current for either sign: between AMPA (2 ms) and GABA_A (10 ms), and up to NMDA (100 ms) for the recurrent one;
# decay times as in Brunel and Wang 2001, J Comput Neurosci 11:63.
TAU_IN = 5 * ms
TAU_REC = LogNormal(20 * ms, 0.7, 5 * ms, 100 * ms)
DELAY = 2 * ms
# theta_0 C/tau_in of the median cell is 650 pA: a spike of that weight brings it from rest to threshold.
WEIGHT = 500 * pA

_MEMBRANE = (
    Parameter("bias", amp, 0 * pA, Normal(0 * pA, 20 * pA), source=_CHOICE),
    Parameter("C", farad, 94.7 * pF, CAPACITANCE, source=_ALL, positive=True),
    Parameter("tau_m", second, 18.1 * ms, TAU_M, source=_ALL),
    Parameter("E_L", volt, E_L, source=f"{TEETER}: median of all 789 cells"),
    Parameter("tau_in", second, TAU_IN, source=_CHOICE),
)

CurrentALIF = NeuronModel(
    name="CurrentALIF",
    equations="""
    dv/dt = (E_L - v)/tau_m + (bias + I + I_in + I_rec)/C : volt
    dI_in/dt = -I_in/tau_in : amp
    dI_rec/dt = -I_rec/tau_rec : amp
    da/dt = -a/tau_a : volt
    theta = E_L + theta_0 + a : volt
    g_L = C/tau_m : siemens
    I : amp
    bias : amp (constant)
    C : farad (constant)
    tau_m : second (constant)
    E_L : volt (constant)
    tau_in : second (constant)
    tau_rec : second (constant)
    theta_0 : volt (constant)
    b : volt (constant)
    tau_a : second (constant)
    t_ref : second (constant)
    """,
    threshold="v > theta",
    # The membrane stays free in the refractory period: on a grid a clamp lasts t_ref - dt, 3 ms at a step of 1 ms and
    # 3.9 ms at 0.1 ms, and a network trained at one step fires differently at the other.
    reset="v = E_L\na += b",
    # exact divides by tau_m - tau_in; exponential_euler holds the currents during a step, so that at dt = 1 ms a spike
    # brings 10 % more charge than at 0.1 ms; rk2 brings the same charge at every step and is of second order.
    method="rk2",
    refractory="t_ref",
    synapse="I_in_post += w",
    recurrent_synapse="I_rec_post += w",
    parameters=(
        *_MEMBRANE,
        Parameter("tau_rec", second, 20 * ms, TAU_REC, source=_CHOICE),
        Parameter("theta_0", volt, 34.1 * mV, THETA_0, source=_ADAPTING, positive=True),
        Parameter("b", volt, 2.63 * mV, JUMP, source=_ADAPTING),
        Parameter("tau_a", second, 8.39 * ms, TAU_A, source=_ADAPTING),
        Parameter("t_ref", second, T_REF, source=f"{TEETER}: cut around a spike, median 3.85 ms"),
    ),
    source=f"{TEETER}; leak, capacitance and reset to rest as GLIF1, spike-dependent threshold as GLIF2",
    weight=WEIGHT,
    delay=DELAY,
    start=(("v", "E_L"),),
)

CurrentIntegrator = NeuronModel(
    name="CurrentIntegrator",
    equations="""
    dv/dt = (E_L - v)/tau_m + (bias + I + I_in)/C : volt
    dI_in/dt = -I_in/tau_in : amp
    g_L = C/tau_m : siemens
    I : amp
    bias : amp (constant)
    C : farad (constant)
    tau_m : second (constant)
    E_L : volt (constant)
    tau_in : second (constant)
    """,
    threshold=None,
    reset=None,
    method="rk2",
    refractory=None,
    synapse="I_in_post += w",
    parameters=_MEMBRANE,
    source=f"{TEETER}; the membrane alone, as a readout",
    weight=WEIGHT,
    start=(("v", "E_L"),),
)
