"""The layer as a Brian2 network, run by an engine of `Twin`."""

import dataclasses

import numpy as np
import torch
from brian2 import Network, NeuronGroup, Synapses, TimedArray, ms

from chronaxie import Twin
from chronaxie.gradient_bridge import Gaussian
from chronaxie.models import ALIF
from chronaxie.models.devices import making

from .case import torch_case
from .sizes import B0, BETA, TAU_A, TAU_M, currents, weights

LAYER = "layer"
DT = 1 * ms
TRAINED = ("w", "tau_m", "tau_a")
# Brian2 delivers the spikes of the step before after the decay and before the threshold: the papers' order.
SCHEDULE = ["start", "groups", "synapses", "thresholds", "resets", "end"]


def driven_equations(model=ALIF):
    """Equations of a model whose input current ``I`` comes from a timed array, a value for each neuron."""
    given = "I = stimulus(t, i) : 1 (constant over dt)\n"
    equations = model.equations.replace("I : 1\n", given)
    if equations == model.equations:
        raise ValueError(f"{model.name}: expected an input 'I : 1' in the equations, got {model.equations}")
    return equations


def recurrent_layer(w, *, dt, tau_m, tau_a, bias=0.0, b0=B0, beta=BETA):
    """One recurrent ALIF layer that a current drives.

    Parameters
    ----------
    w : numpy.ndarray, shape (pre, post)
    dt : brian2.Quantity
        Step, that of the papers' recursion too (s).
    tau_m, tau_a : brian2.Quantity, shape () or (neuron,)
    bias, b0, beta
        As in `ALIF`.

    Returns
    -------
    brian2.Network
    """
    n = len(w)
    names = {"dt_ref": dt, "stimulus": TimedArray(np.zeros((1, n)), dt=dt, name="stimulus")}
    layer = NeuronGroup(
        n,
        driven_equations(),
        threshold=ALIF.threshold,
        reset=ALIF.reset,
        refractory=ALIF.refractory,
        method=ALIF.method,
        namespace=names,
        dt=dt,
        name=LAYER,
    )
    values = {"tau_m": tau_m, "tau_a": tau_a, "bias": bias, "b0": b0, "beta": beta}
    for name, value in values.items():
        setattr(layer, name, value)
    model = "w : 1 (constant)"
    synapses = Synapses(
        layer, layer, model, on_pre=ALIF.synapse, namespace={"dt_ref": dt}, dt=dt, name="recurrent"
    )
    with making():
        synapses.connect()
    synapses.w = w.ravel()
    net = Network(layer, synapses)
    net.schedule = SCHEDULE
    return net


def twin_case(model, x, group, *, per_step=1.0):
    """The `Case` of a twin whose loss is the mean of the spikes of a group.

    Parameters
    ----------
    model : Twin
    x : torch.Tensor, shape (trial, time, channel)
    group : str
    per_step : float
        Factor of the gradients of time constants: the step (s) gives those by steps.
    """
    case = torch_case(
        lambda: model(x).spikes[group], list(model.parameters()), ", ".join(model.trained_values())
    )

    def result():
        case.train()
        gradients = {}
        for key, value in model.trained_values().items():
            owner, _, name = key.rpartition(".")
            free = model.trained[owner][name].free
            (slope,) = torch.autograd.grad(value.sum(), free)  # a coordinate acts on each element by itself
            gradients[name] = (free.grad / slope).numpy() * (per_step if name.startswith("tau") else 1.0)
        return case.infer().numpy().transpose(1, 0, 2), gradients

    return dataclasses.replace(case, result=result)


def twin(size, *, bias, engine, dtype="float32"):
    """The layer run by one engine of `Twin`."""
    net = recurrent_layer(weights(size.neurons), dt=DT, tau_m=TAU_M * DT, tau_a=TAU_A * DT)
    kind = getattr(torch, dtype)
    model = Twin(net, trainable=TRAINED, engine=engine, dtype=kind, surrogate=Gaussian(), namespace={})
    x = torch.from_numpy(np.ascontiguousarray(currents(size, bias).transpose(1, 0, 2))).to(kind)
    return twin_case(model, x, LAYER, per_step=float(DT))
