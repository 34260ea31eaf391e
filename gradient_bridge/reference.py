"""The reference engine: a program step by step, on NumPy arrays without gradients and on torch tensors with them.

In the network's own floating-point type on the CPU its values are those of Brian2's numpy target to the bit, with
gradients (float64) or without. The other engines are held against it.
"""

from __future__ import annotations

import contextlib
import copy
import os
import threading
from dataclasses import replace

import numpy as np
import torch
from brian2.core.functions import DEFAULT_FUNCTIONS

from .arrays_numpy import FEW_DELAYS, HeldPass, NumpyPass
from .arrays_torch import TorchPass
from .arrays_trials import NumpyTrials
from .calls import array_variables
from .delivery import wire
from .expressions import EVENTS, WHOLE, Layout
from .passes import Request
from .program import Call, Reset, Transmission
from .queues import fan_out
from .reading import in_steps
from .rendering import adds_fixed, can_mask, write_operation
from .stimuli import check_currents

_one_at_a_time = threading.RLock()


def _new_lock():
    """A thread that holds it does not come with a fork."""
    global _one_at_a_time
    _one_at_a_time = threading.RLock()


os.register_at_fork(after_in_child=_new_lock)


@contextlib.contextmanager
def default_dtype(dtype):
    """Torch's default type, which an integer tensor times a number takes, is this one meanwhile.

    Torch has one default for all threads of a process: passes of different threads follow one another.
    """
    with _one_at_a_time:
        before = torch.get_default_dtype()
        if before == dtype:
            yield
            return
        try:
            torch.set_default_dtype(dtype)
            yield
        finally:
            torch.set_default_dtype(before)


class ReferenceEngine:
    """Runs a program step by step.

    Parameters
    ----------
    program : Program
    values : dict of str to numpy.ndarray or number
        From `read_values`; the index arrays (neurons of each synapse) are read once.
    objects : iterable of object
        The network's Brian2 objects, which network operations run on.
    functions : dict of str to callable
        Torch implementations of the user's functions, for their gradients.
    network : brian2.Network, optional
        The network of the objects: network operations read its time and stop it.
    """

    name = "reference"
    note = ""  # why it is not a faster engine

    def __init__(self, program, values, objects=(), functions=None, network=None):
        self.program, self.objects, self.functions = program, tuple(objects), functions or {}
        self.network = network
        self.layout = Layout(
            changing=program.written(),
            booleans=frozenset(key for key, array in program.arrays.items() if array.dtype.kind == "b"),
            sizes={key: array.size for key, array in program.arrays.items()},
            integers=frozenset(key for key, array in program.arrays.items() if array.dtype.kind in "iu"),
        )
        self.indices = {key: values[key] for key in program.index_arrays()}
        self.sources, self._bound, self._fans, self._wirings = {}, {}, {}, {}
        self.fixed_sums = {o.name for o in self.transmissions() if adds_fixed(o, self.layout)}
        for operation in self.transmissions():  # now, and not in the first pass
            self._order_synapses(operation)

    def _order_synapses(self, operation):
        """Sort the synapses of a pathway in the way in which it runs without gradients."""
        if self.form_in_numpy(operation, FEW_DELAYS) == EVENTS:
            self.fan(operation)
            return
        written = {line.target for line in operation.vector if line.op != ":="}
        for index in sorted({operation.accesses[name].index for name in written}):
            self.wirings(operation.name, index)

    def copy(self):
        """An engine of the same program that can take over other delays and times."""
        other = copy.copy(self)
        other._fans, other._wirings = dict(self._fans), dict(self._wirings)
        return other

    def set_delays(self, seconds):
        """Take over trained delays.

        Parameters
        ----------
        seconds : dict of str to numpy.ndarray
            By key of the delay.
        """
        operations = list(self.program.operations)
        for k, operation in enumerate(operations):
            value = seconds.get(getattr(operation, "delay", None))
            if value is None:
                continue
            if not np.all(value >= 0):
                raise ValueError(
                    f"{operation.delay}: a trained delay has become {np.min(value):g} s; give it coordinates "
                    f"that keep it positive, e.g. Twin(coordinates={{{operation.delay!r}: Bounded(0.1*ms, 20*ms)}})"
                )
            dt = self.program.clock_of(self.program.arrays[operation.events].owner).dt
            steps = in_steps(value, dt, len(operation.delays))
            if np.array_equal(steps, operation.delays):
                continue
            operations[k] = replace(operation, delays=steps)
            self._fans.pop(operation.name, None)
            self._wirings = {key: w for key, w in self._wirings.items() if key[0] != operation.name}
        self.program = replace(self.program, operations=tuple(operations))

    # -------------------------------------------------------------- what a pass asks for
    def transmissions(self):
        """The pathways of the program."""
        return [o for o in self.program.operations if isinstance(o, Transmission)]

    def bound(self, operation, form):
        """The compiled ``bind`` of an operation."""
        key = (operation.name, form)
        if key not in self._bound:
            source = write_operation(operation, self.layout, form)
            namespace = {}
            # the source is our own, written from statements that Brian2 parsed
            exec(compile(source, f"<{operation.name}>", "exec"), namespace)  # noqa: S102
            self.sources[key] = source
            self._bound[key] = namespace["bind"]
        return self._bound[key]

    def form_in_numpy(self, operation, few):
        """How an operation runs without gradients."""
        if isinstance(operation, Transmission):
            exact = self.program.dtype == np.float64  # numpy adds numbers to a float32 array in float64
            short = exact and operation.name in self.fixed_sums and self.short(operation)
            return "fixed" if short and len(np.unique(operation.delays)) <= few else EVENTS
        return EVENTS if isinstance(operation, Reset) else WHOLE

    @staticmethod
    def short(operation):
        """Whether nothing is under way in a pathway from an earlier run."""
        return not operation.under_way

    def can_mask(self, operation):
        """Whether an operation on events can run over all elements."""
        return can_mask(operation)

    def masked(self, operation, carrying):
        """Whether a pathway runs over all synapses: its spikes or its delay carry a gradient, and its statements
        allow it."""
        carried = operation.events in carrying or operation.delay in carrying
        return carried and can_mask(operation)

    def fan(self, operation):
        """The synapses of a pathway by emitting neuron."""
        if operation.name not in self._fans:
            size = self.program.arrays[operation.events].size - 1
            self._fans[operation.name] = fan_out(operation, self.indices[operation.sources], size)
        return self._fans[operation.name]

    def wirings(self, pathway, index):
        """The synapses of a pathway by delay, for the index through which it writes."""
        if (pathway, index) not in self._wirings:
            operation = next(o for o in self.program.operations if o.name == pathway)
            target = next(
                a
                for line in operation.vector
                if (a := operation.accesses.get(line.target)) and a.index == index
            )
            self._wirings[pathway, index] = wire(
                self.indices[operation.sources],
                self.indices[operation.accesses[index].array],
                operation.delays,
                self.program.arrays[operation.events].size - 1,
                self.program.arrays[target.array].size,
            )
        return self._wirings[pathway, index]

    def is_users(self, function):
        """Whether a function is not one of Brian2's own."""
        return not any(function is f for f in DEFAULT_FUNCTIONS.values()) and not hasattr(function, "dt")

    def variables(self):
        """Every array of the network's objects."""
        return array_variables(self.objects)

    # -------------------------------------------------------------- passes
    def on_numpy(self, dtype, device, back):
        """Whether a pass runs on NumPy arrays: without gradients, in the network's own type, on the CPU."""
        return device.type == "cpu" and str(dtype).endswith(self.program.dtype.name) and not back

    def run(self, values, constants, request):
        """One pass.

        Parameters
        ----------
        values : dict of str to torch.Tensor, numpy.ndarray or number
            Every array of the program; NumPy arrays run on NumPy, tensors on torch, where what is trained carries
            its graph.
        constants : dict of str to torch.Tensor or number
            Trained external constants by key ``group.name``.
        request : Request

        Returns
        -------
        spikes : dict of str to torch.Tensor or SparseSpikes, shape (trial, time, neuron)
        states : dict of (str, str) to torch.Tensor, shape (trial, time, element)
        final : dict of str to torch.Tensor or number
        """
        check_currents(self.program, request.stimulus)
        with default_dtype(request.dtype), np.errstate(all="ignore"):
            if request.numpy:
                kind = NumpyPass if request.trials == 1 else NumpyTrials
                if any(isinstance(o, Call) for o in self.program.operations):
                    kind = HeldPass
                return kind(self, values, constants, request).run()
            return TorchPass(self, values, constants, request).run()

    @torch.no_grad()
    def distance_after(self, threshold, reset, values):
        """Median over neurons of abs(left − right) of a threshold right after a reset of the given state."""
        request = Request(
            dtype=torch.float64,
            device=torch.device("cpu"),
            trials=1,
            end=self.program.time + self.program.dt,
            stimulus={},
            record=(),
            surrogates={},
        )
        before = np.random.get_state()  # noqa: NPY002  a network that draws finds its stream as it was
        with default_dtype(request.dtype):
            probe = _Probe(self, values, {}, request, only=())
            for clock in probe.clocks:
                probe.set_time(clock)
            probe.state[threshold.events] = torch.ones_like(probe.state[threshold.events])
            probe.bind(reset, {})()
            probe.bind(threshold, {})()
        np.random.set_state(before)  # noqa: NPY002
        return probe.distances[0] if probe.distances else float("nan")


class _Probe(TorchPass):
    """A pass that notes how far a threshold is away, instead of comparing."""

    def __init__(self, *arguments, **options):
        self.distances = []
        super().__init__(*arguments, **options)

    def above(self, left, right, strict, group, mask=None):
        """Note the median distance; nothing spikes."""
        self.distances.append(float(torch.as_tensor(left - right).abs().double().median()))
        return 0.0
