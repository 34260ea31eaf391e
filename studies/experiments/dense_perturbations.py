"""Perturbations of dense recurrent networks: those of spiking networks that mean the same for real-valued units."""

from __future__ import annotations

import copy

import numpy as np
import torch

from ...models import NeuronLesion, SynapseLesion, WeightNoise, WeightQuantisation
from ...models.annotations import Jitter
from ...models.initials import stream
from ...models.jitter import jittered
from ..recurrent import GATES


@torch.no_grad()
def perturb_dense(model, perturbation, *, seed=0):
    """A dense network with a perturbation of its weights or units.

    Each weight matrix stands for one connection of a spiking network: from below (all gates together), within a layer,
    to the readout. Biases stay. Noise is relative to the root mean square of a matrix, quantisation has a scale for
    each row. A lesioned unit is one whose output nobody receives; the readout has none.

    Parameters
    ----------
    model : DenseRecurrent
    perturbation : WeightNoise, WeightQuantisation, NeuronLesion or SynapseLesion
        With its defaults besides the strength.
    seed : int
        >= 0.

    Returns
    -------
    DenseRecurrent
        A new one.

    Raises
    ------
    TypeError
        Another perturbation, which means nothing here.
    """
    change = _CHANGES.get(type(perturbation))
    if change is None:
        names = ", ".join(kind.__name__ for kind in _CHANGES)
        raise TypeError(
            f"perturb_dense: {type(perturbation).__name__} means nothing for units that do not spike; there are {names}"
        )
    perturbed = copy.deepcopy(model)
    change(perturbed, perturbation, lambda name: stream(seed, f"{type(perturbation).__name__} {name}"))
    return perturbed


def jittered_stimulus(stimulus, sd, *, seed=0):
    """A stimulus whose spikes are moved in time, as `InputJitter` moves them.

    Parameters
    ----------
    stimulus : xarray.DataArray (trial, time, channel)
        0 and 1.
    sd : float
        Standard deviation of the shift, s.
    seed : int

    Returns
    -------
    xarray.DataArray
        As many spikes in each trial and channel.

    Raises
    ------
    ValueError
        The stimulus is graded: real numbers have no time that could be moved.
    """
    if stimulus.dtype.kind == "f":
        raise ValueError("jittered_stimulus: expected spikes (whole numbers), got a graded stimulus")
    values = stimulus.transpose("trial", "time", "channel").values
    trials, steps, channels = values.shape
    trial, step, channel = np.nonzero(values)
    dt = float(stimulus.time[1] - stimulus.time[0])
    index, step = jittered(
        Jitter("input", float(sd), seed),
        trial * channels + channel,
        step,
        channels=channels,
        dt=dt,
        length=steps,
        trials=stimulus.trial.values,
    )
    moved = np.zeros_like(values)
    moved[index // channels, step, index % channels] = 1
    return stimulus.transpose("trial", "time", "channel").copy(data=moved)


def _matrices(model):
    """Name and weights of every connection."""
    for k, layer in enumerate(model.layers):
        yield f"layer {k} input", layer.weight_ih_l0
        yield f"layer {k} recurrent", layer.weight_hh_l0
    yield "readout", model.linear.weight


def _add_noise(model, perturbation, rng):
    for name, w in _matrices(model):
        noise = torch.from_numpy(rng(name).standard_normal(tuple(w.shape))).to(w.dtype)
        w += float(perturbation.relative_sd) * w.square().mean().sqrt() * noise


def _quantise(model, perturbation, rng):
    levels = 2 ** (perturbation.bits - 1) - 1
    for _, w in _matrices(model):
        largest = w.abs().amax(dim=1, keepdim=True)
        scale = torch.where(largest > 0, largest, torch.ones_like(largest))
        w.copy_(scale * torch.round(w / scale * levels) / levels)


def _lesion_units(model, perturbation, rng):
    for k, layer in enumerate(model.layers):
        units = layer.hidden_size
        lost = rng(f"layer {k}").permutation(units)[: round(float(perturbation.fraction) * units)]
        above = model.layers[k + 1].weight_ih_l0 if k + 1 < len(model.layers) else model.linear.weight
        for w in (layer.weight_hh_l0, above):
            w[:, torch.from_numpy(lost)] = 0.0


def _lesion_synapses(model, perturbation, rng):
    for name, w in _matrices(model):
        pairs = w.shape[0] // _gates(name, model) * w.shape[1]
        lost = rng(name).permutation(pairs)[: round(float(perturbation.fraction) * pairs)]
        # a synapse is a pair of units: it is lost in all gates
        w.view(_gates(name, model), pairs)[:, torch.from_numpy(lost)] = 0.0


def _gates(name, model):
    return 1 if name == "readout" else GATES[model.kind]


_CHANGES = {
    WeightNoise: _add_noise,
    WeightQuantisation: _quantise,
    NeuronLesion: _lesion_units,
    SynapseLesion: _lesion_synapses,
}
