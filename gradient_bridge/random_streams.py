"""Where a pass takes its random numbers from."""

from __future__ import annotations

import numpy as np
import torch
from brian2.codegen.runtime.numpy_rt.numpy_rt import LazyArange
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.input.binomial import BinomialFunction

from ..models.errors import UnsupportedModel
from .seeds import SharedSeed


class NumpyStream:
    """NumPy's global stream, drawn from exactly as Brian2's numpy target draws.

    The first trial draws from the global stream itself; each other one from a copy of its state at the beginning of
    the pass. So each trial is what a run of Brian2 with that state would be.

    Parameters
    ----------
    trials : int
    """

    together = False  # each trial has a stream of its own

    def __init__(self, trials):
        state = np.random.get_state() if trials > 1 else None  # noqa: NPY002
        self.others = {k: np.random.RandomState() for k in range(1, trials)}
        for other in self.others.values():
            other.set_state(state)

    def draw(self, operation, name, elements, arguments, trial):
        """Numbers for some elements of one trial.

        Parameters
        ----------
        operation : Operation
        name : str
            Of the random function.
        elements : sequence of int, or int
            For which elements; a single number draws a single value.
        arguments : tuple
            Of the function, one value or one for each element.
        trial : int
        """
        function = operation.implementations[name]
        if trial == 0:
            return function(*arguments, elements)
        other = self.others[trial]
        size = len(elements) if hasattr(elements, "__len__") else None
        known = operation.functions[name] is DEFAULT_FUNCTIONS.get(name)
        if known and name in ("rand", "randn"):
            return getattr(other, name)(*() if size is None else (size,))
        if known and name == "poisson":
            return other.poisson(*arguments, size=size)
        if isinstance(operation.functions[name], BinomialFunction):
            cells = _closure(function)
            size = elements if size is None else size
            if "loc" in cells:
                return other.normal(cells["loc"], cells["scale"], size=size)
            return other.binomial(cells["n"], cells["p"], size=size)
        return self._swapped(other, function, arguments, elements)

    @staticmethod
    def _swapped(other, function, arguments, elements):
        """A function of the user draws from the global stream: it is another one meanwhile."""
        before = np.random.get_state()  # noqa: NPY002
        np.random.set_state(other.get_state())  # noqa: NPY002
        try:
            return function(*arguments, elements)
        finally:
            other.set_state(np.random.get_state())  # noqa: NPY002
            np.random.set_state(before)  # noqa: NPY002


class TorchStream:
    """A seeded generator of torch, which all trials draw from.

    Parameters
    ----------
    seed : int, SharedSeed or None
        None draws one from torch's global stream. Of a `SharedSeed` the whole batch is drawn, and its part kept.
    """

    together = True  # all trials are drawn at once

    def __init__(self, seed):
        self.shared = seed if isinstance(seed, SharedSeed) else None
        if self.shared:
            seed = seed.seed
        if seed is None:
            seed = int(torch.randint(2**63 - 1, ()))
        self.generator = torch.Generator().manual_seed(int(seed))

    def draw(self, operation, name, elements, arguments, trial):
        """Numbers for some elements; see `NumpyStream.draw`."""
        if self.shared:
            if not isinstance(elements, LazyArange):
                self._refuse(operation, f"{name}() for some of its elements, or one number for all of them")
            return self.draw_together(operation, name, (1, len(elements)), arguments)[0]
        size = (1,) if np.ndim(elements) == 0 and not hasattr(elements, "__len__") else (len(elements),)
        values = self._values(operation, name, size, arguments).numpy()
        return values if hasattr(elements, "__len__") else values[0]

    def draw_together(self, operation, name, shape, arguments):
        """Numbers for all elements of all trials, shape (trial, element)."""
        if self.shared:
            return self._part_of_batch(operation, name, shape, arguments)
        flat = tuple(np.broadcast_to(a, shape).reshape(-1) if np.ndim(a) else a for a in arguments)
        count = shape[0] * shape[1]
        return self._values(operation, name, (count,), flat).numpy().reshape(shape)

    def _part_of_batch(self, operation, name, shape, arguments):
        """As `draw_together`, for the trials of the pass out of all that would be run together."""
        trials, elements = shape
        if (
            arguments
        ):  # how many numbers poisson(rate) takes from the generator depends on the rates of all trials
            self._refuse(operation, f"{name}() with an argument")
        drawn = self._values(operation, name, (self.shared.total * elements,), ()).numpy()
        return drawn.reshape(-1, elements)[self.shared.first : self.shared.first + trials]

    @staticmethod
    def _refuse(operation, what):
        raise UnsupportedModel(
            operation.name, f"{what}, which cannot be split between processes", "train in one process"
        )

    def _values(self, operation, name, size, arguments):
        function, generator = operation.functions[name], self.generator
        if isinstance(function, BinomialFunction):
            return self._binomial(operation, name, size)
        kind = function.pyfunc.__name__ if name not in ("rand", "randn", "poisson") else name
        if name == "rand":
            return torch.rand(size, generator=generator, dtype=torch.float64)
        if name == "randn":
            return torch.randn(size, generator=generator, dtype=torch.float64)
        if name == "poisson":
            rate = torch.as_tensor(np.broadcast_to(arguments[0], size).copy(), dtype=torch.float64)
            return torch.poisson(rate, generator=generator).to(torch.int32)
        raise UnsupportedModel(
            operation.name,
            f"the random function {name}() ({kind}) with randomness='torch'",
            "use rand, randn, poisson or a PoissonInput, or randomness='brian2'",
        )

    def _binomial(self, operation, name, size):
        """The numbers of a `BinomialFunction`, whose parameters its implementation holds."""
        cells = _closure(operation.implementations[name])
        if "loc" in cells:
            drawn = torch.randn(size, generator=self.generator, dtype=torch.float64)
            return cells["loc"] + cells["scale"] * drawn
        count = torch.full(size, float(cells["n"]), dtype=torch.float64)
        share = torch.full(size, float(cells["p"]), dtype=torch.float64)
        return torch.binomial(count, share, generator=self.generator).to(torch.int64)


def _closure(function):
    names = function.__code__.co_freevars
    return {name: cell.cell_contents for name, cell in zip(names, function.__closure__ or (), strict=True)}


def all_elements(count):
    """The elements 0 to count − 1, as Brian2 hands them to a random function."""
    return LazyArange(count)
