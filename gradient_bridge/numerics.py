"""Elementary operations with Brian2's numpy target's values and torch's gradients.

In float64 on the CPU every function gives numpy's own bits (torch's exp differs from numpy's in the last one of some
arguments); elsewhere torch's functions are used, and no claim to the bit is made. On a GPU nothing goes through numpy:
for each value that is taken back the program would have to wait.
"""

from __future__ import annotations

import numpy as np
import torch
from brian2.core.functions import timestep as brian_timestep
from brian2.units.unitsafefunctions import exprel

Tensor = torch.Tensor


def _exprel_derivative(x, y):
    small = x.abs() < 1e-4
    safe = torch.where(small, torch.ones_like(x), x)
    return torch.where(small, 0.5 + x / 3, (torch.exp(safe) - torch.expm1(safe) / safe) / safe)


# name -> (numpy's function, torch's, derivative from argument and value)
SMOOTH = {
    "exp": (np.exp, torch.exp, lambda x, y: y),
    "log": (np.log, torch.log, lambda x, y: 1 / x),
    "log10": (np.log10, torch.log10, lambda x, y: 1 / (x * np.log(10))),
    "log1p": (np.log1p, torch.log1p, lambda x, y: 1 / (1 + x)),
    "expm1": (np.expm1, torch.expm1, lambda x, y: y + 1),
    "sqrt": (np.sqrt, torch.sqrt, lambda x, y: 0.5 / y),
    "sin": (np.sin, torch.sin, lambda x, y: torch.cos(x)),
    "cos": (np.cos, torch.cos, lambda x, y: -torch.sin(x)),
    "tan": (np.tan, torch.tan, lambda x, y: 1 + y * y),
    "sinh": (np.sinh, torch.sinh, lambda x, y: torch.cosh(x)),
    "cosh": (np.cosh, torch.cosh, lambda x, y: torch.sinh(x)),
    "tanh": (np.tanh, torch.tanh, lambda x, y: 1 - y * y),
    "arcsin": (np.arcsin, torch.arcsin, lambda x, y: 1 / torch.sqrt(1 - x * x)),
    "arccos": (np.arccos, torch.arccos, lambda x, y: -1 / torch.sqrt(1 - x * x)),
    "arctan": (np.arctan, torch.arctan, lambda x, y: 1 / (1 + x * x)),
    "abs": (np.abs, torch.abs, lambda x, y: torch.sign(x)),
    "exprel": (exprel, None, _exprel_derivative),
}


class _NumpyFunction(torch.autograd.Function):
    """numpy's value, the analytic derivative."""

    @staticmethod
    def forward(ctx, x, function, derivative):
        if x.device.type == "cpu":
            with np.errstate(all="ignore"):
                y = torch.from_numpy(np.asarray(function(x.detach().numpy())))
        else:  # of numpy's functions only exprel has no counterpart in torch
            y = torch.where(x == 0, 1.0, torch.expm1(x) / x).to(x.dtype)
        ctx.save_for_backward(x, y)
        ctx.derivative = derivative
        return y

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.derivative(*ctx.saved_tensors), None, None


class _NumpyPower(torch.autograd.Function):
    """numpy's ``base ** exponent``, derivatives by both."""

    @staticmethod
    def forward(ctx, base, exponent, raised=np.power):
        with np.errstate(all="ignore"):
            y = torch.from_numpy(np.asarray(raised(base.detach().numpy(), exponent.detach().numpy())))
        ctx.save_for_backward(base, exponent, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        base, exponent, y = ctx.saved_tensors
        by_base = by_exponent = None
        if ctx.needs_input_grad[0]:
            slope = torch.where(exponent == 0, 0.0, exponent * base ** (exponent - 1))
            by_base = (grad * slope).sum_to_size(base.shape)
        if ctx.needs_input_grad[1]:
            logarithm = torch.where(base > 0, torch.log(base.clamp(min=torch.finfo(base.dtype).tiny)), 0.0)
            by_exponent = (grad * y * logarithm).sum_to_size(exponent.shape)
        return by_base, by_exponent, None


def is_exact(x):
    """Whether numpy's own functions are used for this tensor."""
    return x.device.type == "cpu" and x.dtype == torch.float64


def _floating(x):
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())


def _scalar(value):
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def smooth_function(name):
    """The elementary function ``name`` on tensors and Python numbers."""
    in_numpy, in_torch, derivative = SMOOTH[name]

    def call(x):
        if not isinstance(x, Tensor):
            with np.errstate(all="ignore"):
                return _scalar(np.asarray(in_numpy(x)))
        x = _floating(x)
        if is_exact(x) or in_torch is None:
            return _NumpyFunction.apply(x, in_numpy, derivative)
        return in_torch(x)

    call.__name__ = name
    return call


def stepwise_function(in_numpy, in_torch):
    """A function without a useful derivative (integers, steps): no gradient, numpy's value on the CPU."""

    def call(*args):
        tensor = next((a for a in args if isinstance(a, Tensor)), None)
        if tensor is not None and tensor.device.type != "cpu":
            with torch.no_grad():
                return in_torch(*(_beside(a, tensor) for a in args))
        arrays = [a.detach().numpy() if isinstance(a, Tensor) else a for a in args]
        with np.errstate(all="ignore"):
            value = in_numpy(*arrays)
        return _scalar(value) if tensor is None else torch.as_tensor(np.asarray(value))

    return call


def _torch_floor_divide(a, b):
    return torch.div(a, b, rounding_mode="floor")


def _torch_timestep(t, dt):
    """Brian2's number of whole steps in a time."""
    return ((t + 1e-3 * dt) / dt).to(torch.int64)


def _torch_int(x):
    return x.to(torch.int32)


def clip(x, low, high):
    """x limited to [low, high]; the gradient passes inside."""
    tensor = next((v for v in (x, low, high) if isinstance(v, Tensor)), None)
    if tensor is None:
        return _scalar(np.clip(x, low, high))
    x, low, high = (_beside(v, tensor) for v in (x, low, high))
    kind = torch.promote_types(torch.promote_types(x.dtype, low.dtype), high.dtype)
    return torch.minimum(torch.maximum(x.to(kind), low.to(kind)), high.to(kind))


def divide(a, b):
    """True division: ``number / tensor`` in torch would be a reciprocal and a product, which rounds twice."""
    if isinstance(b, Tensor) and not isinstance(a, Tensor):
        dtype = b.dtype if b.is_floating_point() else torch.get_default_dtype()
        return torch.true_divide(torch.tensor(a, dtype=dtype, device=b.device), b)
    if isinstance(a, Tensor):
        return torch.true_divide(a, b)
    with np.errstate(all="ignore"):
        return _scalar(np.true_divide(a, b))


def power(a, b):
    """``a ** b`` by numpy: torch rounds ``x**3`` differently."""
    tensor = next((v for v in (a, b) if isinstance(v, Tensor)), None)
    if tensor is None:
        if isinstance(a, int) and isinstance(b, int) and b >= 0:
            return a**b
        with np.errstate(all="ignore"):
            return _scalar(np.float64(a) ** b)
    if not is_exact(_floating(tensor)):
        return torch.pow(a, b)
    if isinstance(a, Tensor) and not isinstance(b, Tensor):
        return _number_power(a, b)
    base, exponent = (v if isinstance(v, Tensor) else torch.tensor(v, dtype=torch.float64) for v in (a, b))
    return _NumpyPower.apply(_floating(base), _floating(exponent))


def power_shared(a, b):
    """``a ** b`` of values shared by all elements: numpy raises single numbers by another routine than arrays."""
    tensors = [v for v in (a, b) if isinstance(v, Tensor)]
    if not tensors or not all(is_exact(v) for v in tensors):
        return power(a, b)
    base, exponent = (v if isinstance(v, Tensor) else torch.tensor(v, dtype=torch.float64) for v in (a, b))
    return _NumpyPower.apply(*torch.broadcast_tensors(base, exponent), _one_by_one)


def _one_by_one(base, exponent):
    values = [np.float64(x) ** y for x, y in zip(base.reshape(-1), exponent.reshape(-1), strict=True)]
    return np.array(values, dtype=np.float64).reshape(base.shape)


def _number_power(base, exponent):
    """A fixed exponent: numpy squares, takes roots and so on by the exponent's value, so it stays a number."""
    if not base.is_floating_point():
        return torch.from_numpy(np.asarray(base.numpy() ** exponent))

    def derivative(x, y):
        return torch.zeros_like(x) if exponent == 0 else exponent * x ** (exponent - 1)

    return _NumpyFunction.apply(base, lambda x: x**exponent, derivative)


floor_divide = stepwise_function(np.floor_divide, _torch_floor_divide)


class _Modulo(torch.autograd.Function):
    """numpy's remainder; da = 1, db = −floor(a/b)."""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        if a.device.type != "cpu":
            return torch.remainder(a, b)
        with np.errstate(all="ignore"):
            return torch.from_numpy(np.asarray(np.mod(a.detach().numpy(), b.detach().numpy())))

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        by_a = grad.sum_to_size(a.shape) if ctx.needs_input_grad[0] else None
        by_b = (-grad * torch.floor(a / b)).sum_to_size(b.shape) if ctx.needs_input_grad[1] else None
        return by_a, by_b


def modulo(a, b):
    """``a % b`` with numpy's sign convention and types."""
    tensor = next((v for v in (a, b) if isinstance(v, Tensor)), None)
    if tensor is None:
        with np.errstate(all="ignore"):
            return _scalar(np.mod(a, b))
    return _Modulo.apply(*(_beside(v, tensor) for v in (a, b)))


def _beside(value, tensor):
    """A number as a tensor: of the other one's type, or of the default type where that one holds integers."""
    if isinstance(value, Tensor):
        return value
    weak = isinstance(value, int) or tensor.is_floating_point()
    return torch.tensor(
        value, dtype=tensor.dtype if weak else torch.get_default_dtype(), device=tensor.device
    )


def both(a, b):
    """``a and b`` elementwise."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return torch.logical_and(torch.as_tensor(a), torch.as_tensor(b))
    return a and b


def either(a, b):
    """``a or b`` elementwise."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return torch.logical_or(torch.as_tensor(a), torch.as_tensor(b))
    return a or b


def negate(a):
    """``not a`` elementwise."""
    return torch.logical_not(a) if isinstance(a, Tensor) else not a


def choose(condition, a, b):
    """a where the condition holds, else b."""
    if isinstance(condition, Tensor):
        return torch.where(condition, a, b)
    return a if condition else b


FUNCTIONS = {name: smooth_function(name) for name in SMOOTH} | {
    "clip": clip,
    "sign": stepwise_function(np.sign, torch.sign),
    "ceil": stepwise_function(lambda x: np.int32(np.ceil(x)), lambda x: _torch_int(torch.ceil(x))),
    "floor": stepwise_function(lambda x: np.int32(np.floor(x)), lambda x: _torch_int(torch.floor(x))),
    "int": stepwise_function(np.int32, _torch_int),
    "timestep": stepwise_function(brian_timestep, _torch_timestep),
}
# What the generated source writes for an operator of Brian2.
OPERATIONS = {
    "divide": divide,
    "floor_divide": floor_divide,
    "modulo": modulo,
    "power": power,
    "power_shared": power_shared,
    "both": both,
    "either": either,
    "negate": negate,
    "choose": choose,
}
