"""Surrogate derivatives of a spike.

A spike is s = H(x), x the distance of the compared quantity from its threshold, divided by a scale. Its
derivative is replaced by ``gamma * h(x)`` with h one of the classes below. Forward values never change.

Notation and constants: Yin, Corradi and Bohté, Nature Machine Intelligence 3, 905 (2021), and their code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch


def _density(x, mean, width):
    """Normal density with that mean and standard deviation ``width``; few operations: it runs in every step."""
    square = torch.square(x - mean) if mean else torch.square(x)
    return square.mul_(-0.5 / width**2).exp_().mul_(1 / (width * math.sqrt(2 * math.pi)))


@dataclass(frozen=True)
class Surrogate:
    """A surrogate derivative: ``gamma * shape(x)``.

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0. The papers use 0.5 (their code: 0.5 for every shape).

    Raises
    ------
    ValueError
        A parameter that is not finite and > 0.
    """

    gamma: float = 0.5

    def __post_init__(self):
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{type(self).__name__}: {name} must be finite and > 0, got {value}")

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        """The derivative before ``gamma``; ``x`` is a tensor of any shape, without unit."""
        raise NotImplementedError

    def derivative(self, x: torch.Tensor) -> torch.Tensor:
        """``gamma * shape(x)``."""
        return self.shape(x).mul_(self.gamma)


@dataclass(frozen=True)
class Gaussian(Surrogate):
    """h(x) = N(x; 0, width). Integral 1. Yin et al. 2020 (``G``).

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    width : float
        Standard deviation, > 0.
    """

    width: float = 0.5

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        return _density(x, 0.0, self.width)


@dataclass(frozen=True)
class MultiGaussian(Surrogate):
    """h(x) = (1+h) N(x; 0, w) − h N(x; w, s·w) − h N(x; −w, s·w). Yin et al. 2021 (``MG``).

    Peak 0.878, zero at abs(x) = 1.272, integral 1 − h with the constants of the paper.

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    width : float
        w, standard deviation of the central lobe.
    height : float
        h, weight of the side lobes.
    spread : float
        s, width of the side lobes in units of w.
    """

    width: float = 0.5
    height: float = 0.15
    spread: float = 6.0

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        # exp(-(x-w)²/2(sw)²) + exp(-(x+w)²/2(sw)²) = 2 exp(-(x²+w²)/2(sw)²) cosh(xw/(sw)²), but the cosh
        # overflows far from the threshold, so the two lobes stay apart.
        side = self.width * self.spread
        centre = (1 + self.height) * _density(x, 0.0, self.width)
        return centre - self.height * (_density(x, self.width, side) + _density(x, -self.width, side))


@dataclass(frozen=True)
class Triangular(Surrogate):
    """h(x) = max(0, 1 − abs(x)/width)/width. Integral 1. The papers' ``linear`` at width 1.

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    width : float
        Distance from threshold at which it is 0, > 0.
    """

    width: float = 1.0

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        return torch.clamp(1 - x.abs() / self.width, min=0) / self.width


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """h(x) = 1/(1 + slope·abs(x))². Zenke and Ganguli, Neural Computation 30, 1514 (2018).

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    slope : float
        How fast it falls, > 0.
    """

    slope: float = 10.0

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        return 1 / (1 + self.slope * x.abs()) ** 2


@dataclass(frozen=True)
class Slayer(Surrogate):
    """h(x) = exp(−slope·abs(x)). Shrestha and Orchard, NeurIPS 2018; slope 5 in the papers.

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    slope : float
        How fast it falls, > 0.
    """

    slope: float = 5.0

    def shape(self, x: torch.Tensor) -> torch.Tensor:
        return torch.exp(-self.slope * x.abs())


SURROGATES = {
    "gaussian": Gaussian,
    "multi_gaussian": MultiGaussian,
    "triangular": Triangular,
    "fast_sigmoid": FastSigmoid,
    "slayer": Slayer,
}


def find_surrogate(surrogate):
    """A `Surrogate` from an instance, a name or None (multi-Gaussian, the papers' default of 2021)."""
    if surrogate is None:
        return MultiGaussian()
    if isinstance(surrogate, Surrogate):
        return surrogate
    if isinstance(surrogate, str) and surrogate in SURROGATES:
        return SURROGATES[surrogate]()
    raise ValueError(f"surrogate: expected a Surrogate or one of {', '.join(SURROGATES)}, got {surrogate!r}")
