"""Elementary operations that torch.compile can trace; the values are torch's own.

Against `numerics` the last bit of a function may differ.
"""

from __future__ import annotations

import math

import torch

from .numerics import SMOOTH

Tensor = torch.Tensor


class Passes(torch.autograd.Function):
    """A value as it is, with a derivative of its own by something else: ``d value / d x = slope``."""

    @staticmethod
    def forward(ctx, value, x, slope):
        ctx.save_for_backward(slope)
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        (slope,) = ctx.saved_tensors
        return grad, grad * slope, None


def beside(value, tensor):
    """A number as a tensor: of the other one's type, or of the default type where that one holds integers."""
    if isinstance(value, Tensor):
        return value
    weak = isinstance(value, int) or tensor.is_floating_point()
    dtype = tensor.dtype if weak else torch.get_default_dtype()
    return torch.full((), value, dtype=dtype, device=tensor.device)


def type_of(number):
    """Type of the tensor that stands for a number."""
    if isinstance(number, bool):
        return torch.bool
    return torch.int64 if isinstance(number, int) else torch.float64


def one_of(values):
    """The first tensor among some values, or None."""
    for value in values:
        if isinstance(value, Tensor):
            return value
    return None


def floating(x):
    """Integers and truth values as numbers of the default type."""
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())


def exprel(x):
    """(exp(x) − 1)/x, 1 at 0; by its series where the quotient's derivative would be lost in rounding."""
    small = x.abs() < 1e-4
    safe = torch.where(small, torch.ones_like(x), x)
    return torch.where(small, 1 + x * (0.5 + x * (1 / 6 + x / 24)), torch.expm1(safe) / safe)


def smooth_function(name):
    """The elementary function ``name`` on tensors and numbers."""
    in_torch = SMOOTH[name][1] or exprel

    def call(x):
        if not isinstance(x, Tensor):
            return in_torch(torch.full((), x, dtype=torch.float64)).item()
        return in_torch(floating(x))

    call.__name__ = name
    return call


def divide(a, b):
    """True division: ``number / tensor`` in torch would be a reciprocal and a product, which rounds twice."""
    if isinstance(b, Tensor) and not isinstance(a, Tensor):
        dtype = b.dtype if b.is_floating_point() else torch.get_default_dtype()
        return torch.true_divide(torch.full((), a, dtype=dtype, device=b.device), b)
    return torch.true_divide(a, b) if isinstance(a, Tensor) else a / b


def power(a, b):
    """``a ** b``."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return torch.pow(floating(a) if isinstance(a, Tensor) and isinstance(b, float) else a, b)
    return a**b


def floor_divide(a, b):
    """``a // b``; no gradient."""
    tensor = one_of((a, b))
    if tensor is None:
        return a // b
    return torch.div(beside(a, tensor).detach(), beside(b, tensor).detach(), rounding_mode="floor")


def modulo(a, b):
    """``a % b`` with the sign of b."""
    tensor = one_of((a, b))
    return a % b if tensor is None else torch.remainder(beside(a, tensor), beside(b, tensor))


def both(a, b):
    """``a and b`` elementwise."""
    tensor = one_of((a, b))
    return a and b if tensor is None else torch.logical_and(beside(a, tensor), beside(b, tensor))


def either(a, b):
    """``a or b`` elementwise."""
    tensor = one_of((a, b))
    return a or b if tensor is None else torch.logical_or(beside(a, tensor), beside(b, tensor))


def negate(a):
    """``not a`` elementwise."""
    return torch.logical_not(a) if isinstance(a, Tensor) else not a


def choose(condition, a, b):
    """a where the condition holds, else b."""
    if isinstance(condition, Tensor):
        return torch.where(condition, a, b)
    return a if condition else b


def clip(x, low, high):
    """x limited to [low, high]; the gradient passes inside."""
    tensor = one_of((x, low, high))
    if tensor is None:
        return min(max(x, low), high)
    x, low, high = (beside(v, tensor) for v in (x, low, high))
    kind = torch.promote_types(torch.promote_types(x.dtype, low.dtype), high.dtype)
    return torch.minimum(torch.maximum(x.to(kind), low.to(kind)), high.to(kind))


def stepwise(in_python, in_torch):
    """A function without a useful derivative (integers, steps)."""

    def call(*arguments):
        tensor = one_of(arguments)
        if tensor is None:
            return in_python(*arguments)
        return in_torch(*(beside(a, tensor).detach() for a in arguments))

    return call


FUNCTIONS = {name: smooth_function(name) for name in SMOOTH} | {
    "clip": clip,
    "sign": stepwise(lambda x: (x > 0) - (x < 0), torch.sign),
    "ceil": stepwise(math.ceil, lambda x: torch.ceil(x).to(torch.int32)),
    "floor": stepwise(math.floor, lambda x: torch.floor(x).to(torch.int32)),
    "int": stepwise(int, lambda x: x.to(torch.int32)),
    "timestep": stepwise(
        lambda t, dt: int((t + 1e-3 * dt) / dt), lambda t, dt: ((t + 1e-3 * dt) / dt).to(torch.int64)
    ),
}


def users_function(in_torch):
    """A function of the user in its torch form, numbers as tensors."""

    def call(*arguments):
        tensor = one_of(arguments)
        if tensor is None:
            arguments = [torch.full((), a, dtype=torch.float64) for a in arguments]
            return in_torch(*arguments)
        return in_torch(*(beside(a, tensor) for a in arguments))

    return call
