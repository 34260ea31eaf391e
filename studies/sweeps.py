"""The perturbations that the study `robustness` goes through, and at which strengths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brian2 import get_or_create_dimension, ms, mV, volt

from ..models import (
    InputJitter,
    MembraneNoise,
    NeuronLesion,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    WeightNoise,
    WeightQuantisation,
)


@dataclass(frozen=True)
class Sweep:
    """One perturbation at several strengths.

    Parameters
    ----------
    text : str
        What the strength is.
    unit : str
        Of the strength; ``"1"`` for a number.
    strengths : tuple of float
        Without zero, which is the network as it is.
    make : callable
        From a strength to a `Perturbation`.
    drawn : bool
        Whether it depends on a seed.
    """

    text: str
    unit: str
    strengths: tuple[float, ...]
    make: Callable
    drawn: bool = True


def sweeps(description):
    """Return the `Sweep` of each perturbation, by the names of `PERTURBATIONS`, for a network.

    Delays and jitter are given in multiples of its dt_ref, membrane noise in the unit of its membrane: numbers for
    those of the published networks, whose thresholds are 0.01 to 1, and millivolts.

    Parameters
    ----------
    description : NetworkDescription
        With a dt_ref.

    Returns
    -------
    dict of str to Sweep
    """
    step = float(description.annotations.dt_ref) * 1e3
    noise, unit, deviations = _membranes(description)
    return {
        "membrane_noise": Sweep("standard deviation of the free membrane", unit, deviations, noise),
        "spike_loss": Sweep("probability of failure", "1", (0.02, 0.05, 0.1, 0.2, 0.4), SpikeLoss),
        "synaptic_delay": Sweep(
            "mean of the further delay, which deviates by half of it",
            "ms",
            tuple(k * step for k in (1, 2, 4, 8)),
            lambda mean: SynapticDelay(mean * ms, jitter=0.5 * mean * ms),
        ),
        "weight_noise": Sweep(
            "standard deviation over the weights' root mean square",
            "1",
            (0.02, 0.05, 0.1, 0.2, 0.5),
            WeightNoise,
        ),
        "weight_quantisation": Sweep(
            "bits", "1", (8, 6, 5, 4, 3, 2), lambda bits: WeightQuantisation(int(bits)), drawn=False
        ),
        "time_constant_mismatch": Sweep(
            "coefficient of variation", "1", (0.05, 0.1, 0.2, 0.4, 0.8), TimeConstantMismatch
        ),
        "neuron_lesion": Sweep("fraction of hidden neurons", "1", (0.03, 0.1, 0.2, 0.35, 0.5), NeuronLesion),
        "synapse_lesion": Sweep("fraction of synapses", "1", (0.02, 0.05, 0.1, 0.2, 0.4), SynapseLesion),
        "temperature": Sweep(
            "change of temperature, Q10 = 2", "K", (-10, -5, -2, 2, 5, 10), Temperature, drawn=False
        ),
        "input_jitter": Sweep(
            "standard deviation of input times",
            "ms",
            tuple(k * step for k in (0.5, 1, 2, 4, 8, 16)),
            lambda sd: InputJitter(sd * ms),
        ),
    }


def _membranes(description):
    """(strength to perturbation, unit, strengths) of the membranes that have the unit of the first one."""
    dimensions = {}
    for g in description.groups:
        for e in getattr(g, "equations", ()):
            if e.name == "v" and e.type == "differential equation":
                dimensions[g.name] = e.dimensions
    first = next(iter(dimensions.values()), ())
    alike = tuple(name for name, d in dimensions.items() if d == first) or None
    physical = first and get_or_create_dimension(list(first)) is volt.dim
    if physical:
        return lambda sd: MembraneNoise(sd * mV, groups=alike), "mV", (0.5, 1.0, 2.0, 5.0, 10.0)
    return lambda sd: MembraneNoise(sd, groups=alike), "1", (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
