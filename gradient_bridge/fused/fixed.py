"""What depends on no state: computed by torch once a pass, inside the autograd graph."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch

from ..arrays_torch import TorchPass
from ..numerics import OPERATIONS, is_exact

SCALARS = (int, float, np.generic)


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
        self._grid, self._found = {}, {}

    def take_up(self, values, constants):
        """The values of a pass, trained ones with their graph."""
        self.fixed, self.constants, self._found = values, constants, {}

    def offered(self, operation):
        """What the source of an operation calls; the same in every pass."""
        if operation.name not in self._offered:
            offered = vars(super().offered(operation))
            self._offered[operation.name] = SimpleNamespace(
                **{n: f if n == "take" else self._once(f) for n, f in offered.items()}
            )
        return self._offered[operation.name]

    def _once(self, function):
        """A function of which a pass computes each value once: many operations want the same ones."""

        def call(*arguments):
            key = (function, *(repr(a) if isinstance(a, SCALARS) else id(a) for a in arguments))
            if key not in self._found:
                self._found[key] = (
                    arguments,
                    function(*arguments),
                )  # an id is one as long as what has it lives
            return self._found[key][1]

        return call

    def take(self, value, index):
        """Elements of an array, by an index array; of a grid of synapses a row or a column."""
        axis = self._grid.get(id(index))
        if axis is not None and isinstance(value, torch.Tensor) and value.ndim == 1:
            return value[:, None] if axis == 0 else value
        return super().take(value, index)

    def of(self, operation, once, names, grid=None):
        """Values of some names in the source of what does not change in an operation.

        Parameters
        ----------
        operation : Operation
        once : tuple of str
            Lines of Python.
        names : iterable of str
        grid : Grid, optional
            The operation's synapses connect all pairs: what they read of their neurons is computed once for each
            neuron, and the values are (emitting neuron, receiving neuron), or one of these 1.

        Returns
        -------
        dict of str to torch.Tensor or number
        """
        compiled = self.engine.fixed_code(operation, once, tuple(names))
        values, self._grid = self.fixed, {}
        if grid is not None:
            values = grid.lay_out(values)
            self._grid = {id(values[key]): axis for key, axis in grid.axes.items()}
        arguments = (values, self.named(operation, self.constants), self.offered(operation))
        return dict(zip(names, compiled(*arguments), strict=True))


@dataclass(frozen=True)
class Grid:
    """Synapses from each neuron of one group to each of another one, in order.

    Attributes
    ----------
    owner : str
        The synapses.
    shape : (int, int)
        Emitting and receiving neurons.
    axes : dict of str to int
        Keys of the arrays that say which neurons belong to a synapse: 0 emitting, 1 receiving.
    """

    owner: str
    shape: tuple[int, int]
    axes: dict[str, int]

    def lay_out(self, values):
        """The arrays with those of the synapses as matrices."""
        size = self.shape[0] * self.shape[1]
        own = {
            key: value.reshape(self.shape)
            for key, value in values.items()
            if key.startswith(f"{self.owner}.")
            and key not in self.axes
            and isinstance(value, torch.Tensor)
            and value.shape == (size,)
        }
        return values | own


def compile_fixed(operation, once, names):
    """A function of ``(__P, __K, __F)`` that returns the values of some names."""
    lines = ["def fixed(__P, __K, __F):", *(f"    {line}" for line in once)]
    lines.append(f"    return ({''.join(f'{n}, ' for n in names)})")
    namespace = {}
    # the source is our own, written from statements that Brian2 parsed
    exec(compile("\n".join(lines), f"<{operation.name}, fixed>", "exec"), namespace)  # noqa: S102
    return namespace["fixed"]
