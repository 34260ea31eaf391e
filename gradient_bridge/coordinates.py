"""Coordinates in which parameters are trained.

A trained value is ``value = base * f(free)`` (or ``free`` itself) with f(0) = 1, so that an untouched parameter
is the value that was pulled from Brian2, to the bit. Values are SI numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from brian2 import Quantity, get_dimensions
from torch import nn


class OutOfBounds(ValueError):
    """A value that is to be trained lies outside the bounds of its coordinate."""


@dataclass(frozen=True)
class Identity:
    """value = free. For weights and biases."""

    def check(self, value: torch.Tensor, label: str) -> None:
        """Raise `OutOfBounds` unless every element can be trained in this coordinate."""
        _refuse(~torch.isfinite(value), value, label, "finite values", "set it to a number")

    def start(self, value: torch.Tensor) -> torch.Tensor:
        """The free parameter that stands for ``value``."""
        return value.clone()

    def forward(self, free: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The value at ``free``."""
        return free

    def inverse(self, value: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The free parameter at which the value is ``value``."""
        return value.clone()


@dataclass(frozen=True)
class Log:
    """value = base · exp(free). For positive quantities without bounds."""

    def check(self, value: torch.Tensor, label: str) -> None:
        """Raise `OutOfBounds` unless every element can be trained in this coordinate."""
        wrong = ~(torch.isfinite(value) & (value > 0))
        remedy = f"set it to a positive value, or give {_signed(label)}"
        _refuse(wrong, value, label, "finite values > 0", remedy)

    def start(self, value: torch.Tensor) -> torch.Tensor:
        """The free parameter that stands for ``value``."""
        return torch.zeros_like(value)

    def forward(self, free: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The value at ``free``."""
        return base * torch.exp(free)

    def inverse(self, value: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The free parameter at which the value is ``value``, within rounding."""
        return torch.log(value / base)


class _Bounded(torch.autograd.Function):
    """The value of a bounded quantity as one step of the graph: a training asks for it in every batch."""

    @staticmethod
    def forward(ctx, free, base, place, height, span):
        now = (free * (4 / span)).add_(place).sigmoid_()  # the place between the bounds
        value = (now - height).mul_(span).exp_().mul_(base)
        ctx.save_for_backward(value, now)
        return value

    @staticmethod
    def backward(ctx, grad):
        value, now = ctx.saved_tensors
        return (value * 4).mul_(now).mul_(torch.rsub(now, 1)).mul_(grad), None, None, None, None


@dataclass(frozen=True)
class Bounded:
    """A positive quantity between two bounds, logarithmic between them.

    With L = log(high/low) and z0 the place of the base value, σ(z0) = log(base/low)/L:
    value = base · exp(L · (σ(z0 + 4 free/L) − σ(z0))). The relative change by ``free`` is 1 at the (geometric)
    middle and falls to 0 at the bounds: a logarithm that saturates. Inverse: `inverse`.

    Parameters
    ----------
    low, high : float or brian2.Quantity
        0 < low < high, SI (seconds for a time constant).

    Raises
    ------
    ValueError
        Bounds out of order or not finite, or in several units.
    """

    low: float
    high: float

    def __post_init__(self):
        object.__setattr__(self, "dimension", _dimension("Bounded", self.low, self.high))
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if not (0 < self.low < self.high < math.inf):
            raise ValueError(
                f"Bounded: expected 0 < low < high, finite, got low={self.low}, high={self.high}"
            )

    def check(self, value: torch.Tensor, label: str) -> None:
        """Raise `OutOfBounds` unless every element can be trained in this coordinate."""
        slack = 4 * torch.finfo(value.dtype).eps  # training may end on a bound, within rounding
        outside = ~((value >= self.low * (1 - slack)) & (value <= self.high * (1 + slack)))
        wider = f"wider bounds, coordinates={{{label!r}: Bounded(low, high)}},"
        remedy = _signed(label) if bool((value <= 0).any()) else wider
        expected = f"values between {self.low:g} and {self.high:g} (SI units)"
        _refuse(outside, value, label, expected, f"change it, give {remedy} or leave it out of trainable")

    def start(self, value: torch.Tensor) -> torch.Tensor:
        """The free parameter that stands for ``value``."""
        return torch.zeros_like(value)

    def _place(self, value):
        # eps keeps a value that lies on a bound at a finite place
        fraction = torch.log(value / self.low) / math.log(self.high / self.low)
        return torch.logit(fraction, eps=torch.finfo(value.dtype).eps)

    def origin(self, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What `forward` needs of the base: z0 and σ(z0)."""
        place = self._place(base)
        return place, torch.sigmoid(place)

    def forward(
        self, free: torch.Tensor, base: torch.Tensor, origin: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """The value at ``free``; ``origin`` is that of the base, where it is known."""
        place, height = self.origin(base) if origin is None else origin
        return _Bounded.apply(free, base, place, height, math.log(self.high / self.low))

    def inverse(self, value: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The free parameter at which the value is ``value``, within rounding."""
        return (self._place(value) - self._place(base)) * math.log(self.high / self.low) / 4


@dataclass(frozen=True)
class Scaled:
    """value = base + scale · free. For signed quantities with a unit, in which a step of 0.01 would be 10 mV.

    Parameters
    ----------
    scale : float or brian2.Quantity
        What a change of ``free`` by 1 is worth, > 0, SI.

    Raises
    ------
    ValueError
        A scale that is not finite and > 0.
    """

    scale: float

    def __post_init__(self):
        object.__setattr__(self, "dimension", _dimension("Scaled", self.scale))
        object.__setattr__(self, "scale", float(self.scale))
        if not 0 < self.scale < math.inf:
            raise ValueError(f"Scaled: expected a finite scale > 0, got {self.scale}")

    def check(self, value: torch.Tensor, label: str) -> None:
        """Raise `OutOfBounds` unless every element can be trained in this coordinate."""
        _refuse(~torch.isfinite(value), value, label, "finite values", "set it to a number")

    def start(self, value: torch.Tensor) -> torch.Tensor:
        """The free parameter that stands for ``value``."""
        return torch.copysign(torch.zeros_like(value), value)  # -0.0 + 0.0 would be 0.0

    def forward(self, free: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The value at ``free``."""
        return base + self.scale * free

    def inverse(self, value: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        """The free parameter at which the value is ``value``, within rounding."""
        return (value - base) / self.scale


def _dimension(name, *given):
    """The dimension of the quantities given, None where all are plain numbers (SI)."""
    found = {id(get_dimensions(q)): get_dimensions(q) for q in given if isinstance(q, Quantity)}
    if len(found) > 1 or (found and not all(isinstance(q, Quantity) for q in given)):
        raise ValueError(f"{name}: expected quantities of one unit, got {', '.join(map(str, given))}")
    return next(iter(found.values()), None)


def root_mean_square(values):
    """Root of the mean square, without overflow; 0 for zeros."""
    largest = float(np.max(np.abs(values), initial=0.0))
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest > 0 else 0.0


def _signed(label):
    return f"coordinates={{{label!r}: Scaled(scale)}}, which holds zero and negative values too,"


def _refuse(wrong, value, label, expected, remedy):
    if bool(wrong.any()):
        where = torch.nonzero(wrong.reshape(-1))[:, 0]
        first = int(where[0])
        raise OutOfBounds(
            f"{label}[{first}] = {float(value.reshape(-1)[first]):g} cannot be trained ({len(where)} such): "
            f"expected {expected}; {remedy}"
        )


class Named(nn.Module):
    """Modules by name. Unlike `torch.nn.ModuleDict` it takes any name, also ``forward`` or ``keys``."""

    def __getitem__(self, name):
        return self._modules[name]

    def __setitem__(self, name, module):
        self._modules[name] = module

    def __contains__(self, name):
        return name in self._modules

    def __iter__(self):
        return iter(self._modules)

    def __len__(self):
        return len(self._modules)


_BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def _same(held, now):
    """Whether tensors still hold the bits they held; versions would not tell, since ``.data`` has none."""
    return all(
        a.dtype == b.dtype
        and a.device == b.device
        and torch.equal(*(t.detach().view(_BITS[t.dtype.itemsize]) for t in (a, b)))
        for a, b in zip(held, now, strict=True)
    )


class Trained(nn.Module):
    """One trained quantity: its coordinate, the value that was pulled and the free parameter.

    Parameters
    ----------
    value : torch.Tensor, shape (element,) or ()
    coordinate : Identity, Log, Bounded or Scaled
    label : str
        ``group.variable``, for messages.
    """

    def __init__(self, value, coordinate, label):
        super().__init__()
        coordinate.check(value, label)
        self.coordinate, self.label = coordinate, label
        self.free = nn.Parameter(coordinate.start(value))
        self.register_buffer("base", value.clone())
        self._origin = self._held = None  # (tensors, what was computed from them)

    def forward(self):
        """The present value, SI, with its graph."""
        # what is made in inference mode cannot be part of a later graph
        if not isinstance(self.coordinate, Bounded) or torch.is_inference_mode_enabled():
            return self.coordinate.forward(self.free, self.base)
        if self._origin is None or not _same(self._origin[0], (self.base,)):
            self._origin = (self.base.clone(),), self.coordinate.origin(self.base)
        return self.coordinate.forward(self.free, self.base, self._origin[1])

    @torch.no_grad()
    def held(self):
        """The present value without a graph: the same tensor as long as it is the same value; not to be changed."""
        if torch.is_inference_mode_enabled():
            return self()
        now = self.free, self.base
        if self._held is None or not _same(self._held[0], now):
            self._held = [t.detach().clone() for t in now], self().detach().clone()
        return self._held[1]

    @torch.no_grad()
    def set_base(self, value):
        """Take over a value: it becomes the base, and the free parameter its origin."""
        self.coordinate.check(value, self.label)
        if value.shape != self.base.shape:
            raise ValueError(
                f"{self.label}: expected shape {tuple(self.base.shape)}, got {tuple(value.shape)}"
            )
        self.base.copy_(value)
        self.free.copy_(self.coordinate.start(value))

    def extra_repr(self):
        return f"{self.label}, {self.coordinate}, shape {tuple(self.base.shape)}"
