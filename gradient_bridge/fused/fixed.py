"""What depends on no state: computed by torch once a pass, inside the autograd graph."""

from __future__ import annotations

import torch

from ..arrays_torch import TorchPass
from ..numerics import OPERATIONS, is_exact


class FixedPass(TorchPass):
    """The part of a pass that evaluates what does not change; it has no state and makes no step.

    Parameters
    ----------
    engine : FusedEngine
    values : dict of str to torch.Tensor or number
    constants : dict of str to torch.Tensor or number
    request : Request
    """

    def __init__(self, engine, values, constants, request):
        self.engine, self.request, self.trials = engine, request, request.trials
        self.device, self.dtype = request.device, request.dtype
        self.exact = is_exact(torch.empty(0, dtype=self.dtype))
        for name, function in OPERATIONS.items():
            setattr(self, name, function)
        self.fixed, self.constants, self.found = values, constants, {}

    def of(self, operation, once, names):
        """Values of some names in the source of what does not change in an operation.

        Parameters
        ----------
        operation : Operation
        once : tuple of str
            Lines of Python.
        names : iterable of str

        Returns
        -------
        dict of str to torch.Tensor or number
        """
        compiled = self.engine.fixed_code(operation, once, tuple(names))
        arguments = (self.fixed, self.named(operation, self.constants), self.offered(operation))
        return dict(zip(names, compiled(*arguments), strict=True))


def compile_fixed(operation, once, names):
    """A function of ``(__P, __K, __F)`` that returns the values of some names."""
    lines = ["def fixed(__P, __K, __F):", *(f"    {line}" for line in once)]
    lines.append(f"    return ({''.join(f'{n}, ' for n in names)})")
    namespace = {}
    # the source is our own, written from statements that Brian2 parsed
    exec(compile("\n".join(lines), f"<{operation.name}, fixed>", "exec"), namespace)  # noqa: S102
    return namespace["fixed"]
