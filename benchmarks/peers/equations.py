"""Recurrent groups of other neurons, as Brian2 users write them: equations, synapses, a current for each neuron."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from brian2 import (
    Network,
    NeuronGroup,
    Synapses,
    TimedArray,
    ms,
    mV,
    nA,
    nS,
    pF,
    usiemens,
)

from chronaxie import Twin
from chronaxie.gradient_bridge import Gaussian
from chronaxie.models.devices import making

from .own import SCHEDULE, twin_case

GROUP = "cells"


@dataclass(frozen=True)
class Cells:
    """One kind of neuron.

    Parameters
    ----------
    equations : str
        With a current ``I``, subexpression of the timed array ``stimulus``.
    threshold, reset, refractory, method, dt
        As `NeuronGroup` takes them.
    values, start : dict of str to Quantity or number
        Of parameters, of state variables.
    synapse, unit, weight
        Statement of a spike, unit of its weight, and the standard deviation of the weights (SI, N neurons: over √N).
    current : tuple of float
        Mean and standard deviation of the current, SI.
    trained : tuple of str
        Beside the weights.
    names : dict
        Constants of the group's namespace.
    scale : float or Quantity or None
        Of the surrogate; None: found from the reset.
    """

    equations: str
    threshold: str
    reset: str | None
    method: str
    dt: object
    values: dict
    start: dict
    synapse: str
    unit: str
    weight: float
    current: tuple[float, float]
    trained: tuple[str, ...]
    names: dict
    refractory: object = False
    scale: object = None


IZHIKEVICH = Cells(
    equations="""
    dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
    du/dt = a*(b*v - u)/ms : 1
    I = stimulus(t, i) : 1 (constant over dt)
    a : 1 (constant)
    b : 1 (constant)
    c : 1 (constant)
    d : 1 (constant)
    """,
    threshold="v > 30",
    reset="v = c\nu += d",
    method="euler",
    dt=0.5 * ms,
    values={"a": 0.02, "b": 0.2, "c": -65, "d": 8},
    start={"v": -65, "u": -13},
    synapse="v_post += w",
    unit="1",
    weight=6.0,
    current=(8.0, 6.0),
    trained=("a", "b", "c", "d"),
    names={},
    scale=30.0,
)

ADEX = Cells(
    equations="""
    dv/dt = (gL*(EL - v) + gL*DT*exp((v - VT)/DT) - u + I)/C : volt
    du/dt = (a*(v - EL) - u)/tau_u : amp
    I = stimulus(t, i)*nA : amp (constant over dt)
    C : farad (constant)
    gL : siemens (constant)
    a : siemens (constant)
    tau_u : second (constant)
    EL : volt (constant)
    VT : volt (constant)
    DT : volt (constant)
    Vr : volt (constant)
    b : amp (constant)
    """,
    threshold="v > Vcut",
    reset="v = Vr\nu += b",
    method="euler",
    dt=0.1 * ms,
    values={
        "C": 281 * pF,
        "gL": 30 * nS,
        "a": 4 * nS,
        "tau_u": 144 * ms,
        "EL": -70.6 * mV,
        "VT": -50.4 * mV,
        "DT": 2 * mV,
        "Vr": -70.6 * mV,
        "b": 0.0805 * nA,
    },
    start={"v": -70.6 * mV},
    synapse="v_post += w",
    unit="volt",
    weight=2e-3,
    current=(1.5, 1.0),
    trained=("C", "gL", "tau_u", "b"),
    names={"Vcut": -30 * mV, "nA": nA},
)

# Traub and Miles as in Brian2's example COBAHH, with a synaptic current.
HODGKIN_HUXLEY = Cells(
    equations="""
    dv/dt = (gl*(El - v) - g_na*(m*m*m)*h*(v - ENa) - g_kd*(n*n*n*n)*(v - EK) + u + I)/Cm : volt
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    du/dt = -u/tau_syn : amp
    alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
    beta_m = 0.28*(mV**-1)*5*mV/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
    alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
    beta_h = 4./(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
    alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
    beta_n = 0.5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
    I = stimulus(t, i)*nA : amp (constant over dt)
    gl : siemens (constant)
    g_na : siemens (constant)
    g_kd : siemens (constant)
    tau_syn : second (constant)
    """,
    threshold="v > -20*mV",
    reset=None,
    refractory=3 * ms,
    method="exponential_euler",
    dt=0.1 * ms,
    values={"gl": 10 * nS, "g_na": 20 * usiemens, "g_kd": 6 * usiemens, "tau_syn": 5 * ms},
    start={"v": -65 * mV, "n": 0.07, "h": 0.97, "m": 0.02},
    synapse="u_post += w",
    unit="amp",
    weight=2e-10,
    current=(0.6, 0.2),
    trained=("gl", "g_na", "g_kd", "tau_syn"),
    names={"El": -60 * mV, "EK": -90 * mV, "ENa": 50 * mV, "VT": -63 * mV, "Cm": 200 * pF},
    scale=20 * mV,
)

CELLS = {"Hodgkin-Huxley": HODGKIN_HUXLEY, "AdEx": ADEX, "Izhikevich": IZHIKEVICH}


def network(cells, neurons):
    """A recurrent group of such neurons, all to all.

    Parameters
    ----------
    cells : Cells
    neurons : int

    Returns
    -------
    brian2.Network
    """
    stimulus = TimedArray(np.zeros((1, neurons)), dt=cells.dt, name="stimulus")
    options = {} if cells.reset is None else {"reset": cells.reset}
    group = NeuronGroup(
        neurons,
        cells.equations,
        threshold=cells.threshold,
        refractory=cells.refractory,
        method=cells.method,
        namespace={**cells.names, "stimulus": stimulus},
        dt=cells.dt,
        name=GROUP,
        **options,
    )
    for name, value in (cells.values | cells.start).items():
        setattr(group, name, value)
    model = f"w : {cells.unit} (constant)"
    synapses = Synapses(
        group, group, model, on_pre=cells.synapse, namespace={}, dt=cells.dt, name="recurrent"
    )
    with making():
        synapses.connect()
    w = np.random.default_rng(0).standard_normal(neurons * neurons) * cells.weight / math.sqrt(neurons)
    synapses.variables["w"].set_value(w)
    net = Network(group, synapses)
    net.schedule = SCHEDULE
    return net


def twin(size, *, name, engine, dtype="float32"):
    """A group of some kind run by one engine of `Twin`."""
    cells, kind = CELLS[name], getattr(torch, dtype)
    with making():  # Brian2 gives exprel no NumPy implementation while its target is another one
        model = Twin(
            network(cells, size.neurons),
            trainable=("w", *cells.trained),
            engine=engine,
            dtype=kind,
            surrogate=Gaussian(),
            scale=cells.scale,
            namespace={},
        )
    mean, deviation = cells.current
    shape = (size.trials, size.steps, size.neurons)
    x = mean + deviation * np.random.default_rng(1).standard_normal(shape)
    return twin_case(model, torch.from_numpy(x).to(kind), GROUP)
