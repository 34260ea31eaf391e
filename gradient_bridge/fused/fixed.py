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
    dtype : torch.dtype
    """

    def __init__(self, engine, dtype):
        self.engine, self.dtype, self.device = engine, dtype, torch.device("cpu")
        self.exact = is_exact(torch.empty(0, dtype=self.dtype))
        for name, function in OPERATIONS.items():
            setattr(self, name, function)
        self.fixed, self.constants, self._offered = {}, {}, {}

    def take_up(self, values, constants):
        """The values of a pass, trained ones with their graph."""
        self.fixed, self.constants = values, constants

    def offered(self, operation):
        """What the source of an operation calls; the same in every pass."""
        if operation.name not in self._offered:
            self._offered[operation.name] = super().offered(operation)
        return self._offered[operation.name]

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
