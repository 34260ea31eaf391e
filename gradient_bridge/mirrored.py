"""The user's functions: Brian2's NumPy implementation forward, the derivative of a torch implementation backward."""

from __future__ import annotations

import numpy as np
import sympy
import torch

from ..models.errors import UnsupportedModel


def mirrored(operation, name, in_torch=None):
    """A function of the user on tensors.

    Parameters
    ----------
    operation : Operation
        In whose statements it stands.
    name : str
    in_torch : callable, optional
        An implementation in torch, for its derivative; default: from the function's sympy form, where it has one.

    Returns
    -------
    callable
        Raises `UnsupportedModel` where a gradient would have to pass and no derivative is known.
    """
    function, in_numpy = operation.functions[name], operation.implementations[name]
    derivative = in_torch or from_sympy(function)

    def call(*arguments):
        tensors = [k for k, a in enumerate(arguments) if isinstance(a, torch.Tensor)]
        wanted = any(arguments[k].requires_grad for k in tensors)
        if wanted and derivative is None:
            raise UnsupportedModel(
                operation.name,
                f"a gradient through the user's function {name}(), whose derivative is not known",
                f"give its form in torch: Twin(net, functions={{{name!r}: ...}}), or a sympy_func in its Function",
            )
        return _Mirrored.apply(in_numpy, derivative, *arguments)

    return call


def from_sympy(function):
    """A torch function from the sympy form of a Brian2 function."""
    form = getattr(function, "sympy_func", None)
    if form is None:
        return None
    symbols = sympy.symbols([f"x{k}" for k in range(len(function._arg_units))], real=True)
    return sympy.lambdify(symbols, form(*symbols), modules=[_TORCH, torch])


_TORCH = {"Abs": torch.abs, "log": torch.log, "asin": torch.asin, "acos": torch.acos, "atan": torch.atan}


class _Mirrored(torch.autograd.Function):
    """NumPy's value; the derivative of the torch form."""

    @staticmethod
    def forward(ctx, in_numpy, derivative, *arguments):
        ctx.derivative, ctx.arguments = derivative, arguments
        device = next((a.device for a in arguments if isinstance(a, torch.Tensor) and a.is_cuda), "cpu")
        trials = max((len(a) for a in arguments if isinstance(a, torch.Tensor) and a.ndim == 2), default=0)
        if trials == 0:
            return _tensor(in_numpy(*(_array(a) for a in arguments)), device)
        rows = []
        for k in range(trials):
            own = (
                _array(a[k if len(a) > 1 else 0] if isinstance(a, torch.Tensor) and a.ndim == 2 else a)
                for a in arguments
            )
            rows.append(np.asarray(in_numpy(*own)))
        return _tensor(np.stack([np.atleast_1d(r) for r in rows]), device)

    @staticmethod
    def backward(ctx, grad):
        inputs = [
            a.detach().requires_grad_(a.is_floating_point()) if isinstance(a, torch.Tensor) else a
            for a in ctx.arguments
        ]
        with torch.enable_grad():
            value = ctx.derivative(*inputs)
        wanted = [a for a in inputs if isinstance(a, torch.Tensor) and a.requires_grad]
        grads = iter(torch.autograd.grad(value, wanted, grad.expand(value.shape), allow_unused=True))
        return (
            None,
            None,
            *(next(grads) if isinstance(a, torch.Tensor) and a.requires_grad else None for a in inputs),
        )


def _array(value):
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value


def _tensor(value, device):
    return torch.as_tensor(np.array(value), device=device)
