"""Two ways to fit the parameters of a neuron to its recording: by gradient, and by search without one."""

from __future__ import annotations

import numpy as np
import torch
from brian2 import ms, mV
from scipy.optimize import differential_evolution

from ...gradient_bridge import Bounded, CombinedLoss, Scaled, TraceLoss, Twin, VanRossumLoss, fit
from ...gradient_bridge.threads import limited_threads
from .fit_model import BOUNDS, GROUP, UNITS, model, step_seconds

MEMBRANE, SPIKING = ("C", "g_L", "E_L"), ("theta_0", "b", "tau_a")
TAU = 10 * ms  # of the van Rossum distance
SCALE = 5 * mV  # of a deviation of the membrane
POPULATION = 5  # candidates for each parameter, of the differential evolution


class Fit:
    """A recording, and how far a neuron with given parameters is from it. A simulation is one pass of all sweeps.

    Parameters
    ----------
    stimulus : numpy.ndarray, shape (time, sweep)
        pA, ms by ms.
    v : numpy.ndarray, shape (step, sweep)
        Recorded membrane, mV.
    spikes : list of numpy.ndarray
        Recorded times by sweep, s.
    t_ref : float
        ms.
    """

    def __init__(self, stimulus, v, spikes, t_ref):
        self.stimulus, self.t_ref = stimulus, t_ref
        self.duration = len(stimulus) * ms
        self.v, self.spikes, self.time = v, dict(enumerate(spikes)), np.arange(len(v)) * step_seconds()
        self.simulations = 0

    def voltage(self, number):
        """Deviation of the membrane up to each sweep's spike of that number: after a missed spike it says little."""
        ends = [s[number - 1] if len(s) >= number else np.inf for s in self.spikes.values()]
        weights = (self.time[:, None] < np.array(ends)).astype(float)
        return TraceLoss(GROUP, "v", self.v * mV, weights=weights, scale=SCALE)

    def both(self):
        """What is minimised: the membrane up to the second spike, and all spike times."""
        spikes = VanRossumLoss(GROUP, self.spikes, tau=TAU)
        return CombinedLoss({"voltage": self.voltage(2), "spikes": spikes})

    def twin(self, values, trainable=()):
        """The twin of the neuron with these values."""
        net = model(self.stimulus, values, self.t_ref)
        bounded = {n: Bounded(*(b * UNITS[n] for b in BOUNDS[n])) for n in trainable if n != "E_L"}
        limits = bounded | ({"E_L": Scaled(SCALE)} if "E_L" in trainable else {})
        return Twin(net, trainable=trainable, coordinates=limits, detach_reset=True, namespace={}), net

    def loss(self, twin, net, values):
        """The deviation at other values, a float; counts as one simulation."""
        self.simulations += 1
        for name, value in values.items():
            setattr(net[GROUP], name, value * UNITS[name])
        net[GROUP].v = values["E_L"] * mV
        twin.pull()
        objective = self.both()
        with torch.no_grad(), limited_threads(1):
            return float(objective(twin(duration=self.duration, record=objective.record)))


def by_gradient(fitted, start, simulations, seed):
    """Fit in two halves: the membrane up to the first spike, then threshold and adaptation with the spikes.

    Parameters
    ----------
    fitted : Fit
    start : dict of str to float
    simulations : int
        Passes, each with its gradient.
    seed : int

    Returns
    -------
    dict of str to float
    """
    values, half = dict(start), simulations // 2
    stages = ((MEMBRANE, fitted.voltage(1), half), (SPIKING, fitted.both(), simulations - half))
    for names, loss, epochs in stages:
        twin, net = fitted.twin(values, names)
        options = {"learning_rate": 0.1, "time_constant_rate": 0.1, "clip_norm": 1e-3, "seed": seed}
        fit(twin, loss=loss, duration=fitted.duration, epochs=epochs, progress=False, **options)
        fitted.simulations += epochs
        twin.sync()
        values |= {name: float(getattr(net[GROUP], name)[:].item() / float(UNITS[name])) for name in names}
    return values


def by_search(fitted, start, simulations, seed):
    """Fit by differential evolution (scipy) within `BOUNDS`, all parameters at once; the start is a member.

    Parameters
    ----------
    fitted : Fit
    start : dict of str to float
    simulations : int
        At least two generations' worth.
    seed : int

    Returns
    -------
    dict of str to float
    """
    names = list(UNITS)
    members = POPULATION * len(names)
    if simulations < 2 * members:
        raise ValueError(f"fit_neuron: a search needs at least {2 * members} simulations, got {simulations}")
    twin, net = fitted.twin(start)
    # Times, conductances and capacitances are searched by their logarithms, as the gradient does.
    low, high = (np.array([_place(n, BOUNDS[n][k]) for n in names]) for k in (0, 1))

    def value(x):
        return fitted.loss(twin, net, {n: _value(n, p) for n, p in zip(names, x, strict=True)})

    found = differential_evolution(
        value,
        list(zip(low, high, strict=True)),
        x0=[_place(n, start[n]) for n in names],
        popsize=POPULATION,
        maxiter=simulations // members - 1,
        tol=0,
        polish=False,
        seed=seed,
    )
    return {n: float(_value(n, p)) for n, p in zip(names, found.x, strict=True)}


METHODS = {"gradient": by_gradient, "search": by_search}


def slices(fitted, values, factors):
    """The deviation where one parameter alone is off by a factor (E_L: by that share of theta_0), and at the values.

    Returns
    -------
    at : float
    moved : numpy.ndarray, shape (parameter, factor)
    """
    twin, net = fitted.twin(values)
    at = fitted.loss(twin, net, values)
    moved = np.full((len(UNITS), len(factors)), np.nan)
    for p, name in enumerate(UNITS):
        for k, factor in enumerate(factors):
            shift = (factor - 1) * values["theta_0"] if name == "E_L" else (factor - 1) * values[name]
            moved[p, k] = fitted.loss(twin, net, values | {name: values[name] + shift})
    return at, moved


def _place(name, value):
    return value if name == "E_L" else np.log(value)


def _value(name, place):
    return place if name == "E_L" else np.exp(place)
