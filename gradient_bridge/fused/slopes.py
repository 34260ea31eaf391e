"""The surrogate derivatives as values of a kernel; `surrogates` holds their definitions on tensors."""

from __future__ import annotations

import math

from ...models.errors import UnsupportedModel
from ..surrogates import FastSigmoid, Gaussian, MultiGaussian, Slayer, Triangular


def _density(v, x, mean, width):
    """Normal density."""
    distance = x if mean == 0 else v.make("-", x, v.number(mean))
    power = v.make("*", v.make("*", distance, distance), v.number(-0.5 / width**2))
    return v.times(v.make("function", power, data="exp_fall"), v.number(1 / (width * math.sqrt(2 * math.pi))))


def _multi_gaussian(v, s, x):
    side = s.width * s.spread
    centre = v.times(_density(v, x, 0.0, s.width), v.number(1 + s.height))
    sides = v.add(_density(v, x, s.width, side), _density(v, x, -s.width, side))
    return v.add(centre, v.times(sides, v.number(-s.height)))


def _triangular(v, s, x):
    share = v.times(v.make("function", x, data="abs"), v.number(1 / s.width))
    height = v.make("max", v.make("-", v.number(1.0), share), v.number(0.0))
    return v.times(height, v.number(1 / s.width))


def _fast_sigmoid(v, s, x):
    below = v.make("+", v.number(1.0), v.times(v.make("function", x, data="abs"), v.number(s.slope)))
    return v.make("/", v.number(1.0), v.make("*", below, below))


def _slayer(v, s, x):
    power = v.times(v.make("function", x, data="abs"), v.number(-s.slope))
    return v.make("function", power, data="exp_fall")


SHAPES = {
    Gaussian: lambda v, s, x: _density(v, x, 0.0, s.width),
    MultiGaussian: _multi_gaussian,
    Triangular: _triangular,
    FastSigmoid: _fast_sigmoid,
    Slayer: _slayer,
}


def check_surrogate(label, surrogate):
    """Refuse a surrogate that is not one of ours: its form is known in torch alone."""
    if type(surrogate) not in SHAPES:
        raise UnsupportedModel(
            label,
            f"the surrogate {type(surrogate).__name__}, for the fused engine",
            f'use one of {", ".join(s.__name__ for s in SHAPES)}, or Twin(engine="reference")',
        )


def slope(v, surrogate, x):
    """``gamma * shape(x)`` of a surrogate at a scaled distance."""
    return v.times(SHAPES[type(surrogate)](v, surrogate, x), v.number(surrogate.gamma))
