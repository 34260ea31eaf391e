"""The reference engine: a program in plain torch, step by step.

In float64 on the CPU its values are those of Brian2's numpy target to the bit, with gradients or without.
The other engines are held against it.
"""

from __future__ import annotations

import contextlib

import torch

from .delivery import wire
from .passes import Pass, Request
from .program import SpikeSource, Transmission
from .rendering import write_operation


@contextlib.contextmanager
def default_dtype(dtype):
    """Torch's default type, which an integer tensor times a number takes, is this one meanwhile."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class ReferenceEngine:
    """Runs a program in eager torch.

    Parameters
    ----------
    program : Program
    values : dict of str to numpy.ndarray or number
        From `read_values`; the index arrays (neurons of each synapse) are read once.
    """

    name = "reference"

    def __init__(self, program, values):
        self.program = program
        self.changing = program.written()
        self.sources, self.bound = {}, {}
        booleans = frozenset(key for key, array in program.arrays.items() if array.dtype.kind == "b")
        for operation in program.operations:
            if isinstance(operation, SpikeSource):
                continue
            source = write_operation(operation, self.changing, booleans)
            namespace = {}
            # the source is our own, written from statements that Brian2 parsed
            exec(compile(source, f"<{operation.name}>", "exec"), namespace)  # noqa: S102
            self.sources[operation.name] = source
            self.bound[operation.name] = namespace["bind"]
        self.wirings = {
            o.name: self._wire(o, values) for o in program.operations if isinstance(o, Transmission)
        }

    def _wire(self, operation, values):
        """The pathway's wirings, by the index through which it writes."""
        sources = values[operation.sources]
        n_sources = self.program.arrays[operation.events].size - 1
        wirings = {}
        for line in operation.vector:
            access = operation.accesses.get(line.target)
            if line.op == ":=" or access.index in wirings:
                continue
            targets = values[operation.accesses[access.index].array]
            n_targets = self.program.arrays[access.array].size
            wirings[access.index] = wire(sources, targets, operation.delays, n_sources, n_targets)
        return wirings

    def run(self, values, constants, request):
        """One pass.

        Parameters
        ----------
        values : dict of str to torch.Tensor or number
            Every array of the program; what is trained carries its graph.
        constants : dict of str to torch.Tensor or number
            Trained external constants by key ``group.name``.
        request : Request

        Returns
        -------
        spikes : dict of str to torch.Tensor, shape (trial, time, neuron)
        states : dict of (str, str) to torch.Tensor, shape (trial, time, element)
        final : dict of str to torch.Tensor or number
        """
        with default_dtype(request.dtype):
            return Pass(self, values, constants, request).run()

    @torch.no_grad()
    def distance_after(self, threshold, reset, values):
        """Median over neurons of abs(left − right) of a threshold right after a reset of the given state."""
        request = Request(
            dtype=torch.float64,
            device=torch.device("cpu"),
            trials=1,
            steps=1,
            stimulus={},
            record=(),
            surrogates={},
        )
        with default_dtype(request.dtype):
            probe = _Probe(self, values, {}, request, only=())
            probe.state[threshold.events] = torch.ones_like(probe.state[threshold.events])
            probe.bind(reset, {})(0.0)
            probe.bind(threshold, {})(0.0)
        return probe.distances[0] if probe.distances else float("nan")


class _Probe(Pass):
    """A pass that notes how far a threshold is away, instead of comparing."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.distances = []

    def above(self, left, right, strict, group, mask=None):
        """Note the median distance; nothing spikes."""
        self.distances.append(float(torch.as_tensor(left - right).abs().double().median()))
        return 0.0
