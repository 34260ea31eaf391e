"""Perturbations of weights: noise and quantisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .perturbing import (
    Perturbation,
    chosen,
    number,
    one_of,
    patterns,
    replaced,
    size_of,
    synapses_of,
    with_values,
)

PER = ("array", "post", "pre")


@dataclass(frozen=True)
class WeightNoise(Perturbation):
    """Noise on weights, fixed for the network: ``w += relative_sd * rms(w) * N(0, 1)``.

    Device mismatch and programming errors of memristors, unreliable learning.

    Parameters
    ----------
    relative_sd : float
        0 to 10, times the root mean square of the weights.
    per : {"array", "post", "pre"}
        Of which weights the root mean square is taken: all of the Synapses object, those onto the same neuron (a
        row of the weight matrix), or those from the same neuron.
    variable : str
    synapses : str or tuple of str, optional
        Names or patterns; by default all with such a variable.

    Notes
    -----
    Weights of zero get noise as all others: a synapse that exists is a device that exists.
    """

    relative_sd: float
    per: str = "array"
    variable: str = "w"
    synapses: tuple[str, ...] | None = None

    def __post_init__(self):
        number("WeightNoise, relative_sd", self.relative_sd, low=0, high=10)
        one_of("WeightNoise, per", self.per, PER)
        object.__setattr__(self, "synapses", patterns("WeightNoise, synapses", self.synapses))

    def _targets(self, description):
        return _with_weights(self, description)

    def _apply(self, description, target, rng):
        s = synapses_of(description, target)
        w = _weights(s, self.variable)
        row, rows = _rows(description, s, self.per)
        square = np.bincount(row, w**2, minlength=rows) / np.maximum(np.bincount(row, minlength=rows), 1)
        noise = rng(f"{s.name}.{self.variable}").standard_normal(len(w))
        w = w + float(self.relative_sd) * np.sqrt(square)[row] * noise
        return replaced(description, with_values(s, self.variable, w))


@dataclass(frozen=True)
class WeightQuantisation(Perturbation):
    """Weights on a grid of k bits: ``w = s * round(w/s)``, s = max|w| / (2**(k-1) - 1) of a row.

    Signed integers of k bits with as many levels below as above zero, one scale for each row; the largest weight
    of a row and zero stay what they are.

    Parameters
    ----------
    bits : int or None
        2 to 32; None leaves the weights as they are.
    per : {"post", "pre", "array"}
        What a row is. ``"post"``: all weights onto one neuron, since a scale that they share can be multiplied
        after they were added up, once for each neuron (as per-channel scales in quantised networks); ``"pre"``: all
        weights from one neuron, as where a chip stores them by axon; ``"array"``: all.
    variable : str
    synapses : str or tuple of str, optional
        Names or patterns; by default all with such a variable.

    Raises
    ------
    ValueError
        A number of bits out of its range, an unknown `per`.

    References
    ----------
    Krishnamoorthi 2018, arXiv:1806.08342 (symmetric quantisation with a scale for each channel).
    """

    bits: int | None
    per: str = "post"
    variable: str = "w"
    synapses: tuple[str, ...] | None = None

    def __post_init__(self):
        bits = self.bits
        whole = isinstance(bits, (int, np.integer)) and not isinstance(bits, bool)
        if bits is not None and not (whole and 2 <= bits <= 32):
            raise ValueError(
                f"WeightQuantisation, bits: expected a whole number from 2 to 32, or None, got {bits!r}"
            )
        one_of("WeightQuantisation, per", self.per, PER)
        object.__setattr__(self, "synapses", patterns("WeightQuantisation, synapses", self.synapses))

    @property
    def is_zero(self) -> bool:
        """Whether nothing changes."""
        return self.bits is None

    def _targets(self, description):
        return _with_weights(self, description)

    def _apply(self, description, target, rng):
        s = synapses_of(description, target)
        w = _weights(s, self.variable)
        row, rows = _rows(description, s, self.per)
        largest = np.zeros(rows)
        np.maximum.at(largest, row, np.abs(w))
        levels = 2 ** (self.bits - 1) - 1
        largest = largest[row]
        # of the level, not of the scale: so the largest weight comes out to the bit
        level = np.rint(np.divide(w, largest, out=np.zeros_like(w), where=largest > 0) * levels)
        w = np.where(largest > 0, largest * (level / levels), w)
        return replaced(description, with_values(s, self.variable, w))


def _with_weights(perturbation, description):
    """Names of the synapses whose weights are chosen."""
    having, others = {}, {}
    variable = perturbation.variable
    for s in description.synapses:
        equation = next((e for e in s.equations if e.name == variable), None)
        if equation is None or equation.type != "parameter" or equation.kind != "float":
            others[s.name] = f"has no float parameter '{variable}'"
        elif "shared" in equation.flags:
            others[s.name] = f"has one '{variable}' for all synapses"
        elif not size_of(s):
            others[s.name] = "has no synapses"
        else:
            having[s.name] = s.name
    where = f"{perturbation.kind}, synapses"
    return chosen(where, perturbation.synapses, having, others, f"synapses with weights '{variable}'")


def _weights(s, variable):
    return next(v for v in s.variables if v.name == variable).array.values


def _rows(description, s, per):
    """Index of the row of each synapse, and the number of rows."""
    if per == "array":
        return np.zeros(size_of(s), dtype=int), 1
    return (s.post, description.size(s.target)) if per == "post" else (s.pre, description.size(s.source))
