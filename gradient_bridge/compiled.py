"""The compiled engine: the same program in chunks of steps under torch.compile, on a CPU or a GPU.

What a pass holds is handed from chunk to chunk as tensors, and the present time comes as one, so that each chunk is a
call of the same compiled function. Sums come in another order than in the reference engine and elementary functions are
torch's own, so the last bits differ.
"""

from __future__ import annotations

import numpy as np
import torch
from brian2 import second

from ..models.errors import UnsupportedModel
from .compiled_build import Chunk
from .compiled_functions import FUNCTIONS, users_function
from .compiled_pass import CompiledPass
from .compiled_source import split
from .compiled_step import Step
from .expressions import MASKED, WHOLE
from .mirrored import from_sympy
from .passes import operation_source
from .program import Call, Reset, SpikeSource, Transmission, owner_of
from .reference import ReferenceEngine, default_dtype
from .stimuli import check_currents

CHUNK = 10  # steps of one compiled function, which takes as long to build as it has steps; the rest runs one by one
REMEDY = "engine='reference' does it"
# What a compiled step cannot call.
MISSING = {
    "put_through": "an assignment through an index",
    "each": "statements that run for one synapse after the other",
}


class CompiledEngine(ReferenceEngine):
    """Runs a program in chunks of compiled steps. For the parameters see `ReferenceEngine`.

    A chunk is compiled at its first call for each number of trials, set of traces and kind of pass (with and without
    gradients), and again when numbers that are not trained change (`Twin.pull`) or delays occur that did not.

    Attributes
    ----------
    chunk : int
        Steps of a chunk.
    backend : str
        Of torch.compile.
    chunks : dict
        What was compiled.

    Raises
    ------
    UnsupportedModel
        The program holds something that needs the reference engine; names it.
    BuildError
        From `run`: torch.compile has no compiler, or fails.
    """

    name = "compiled"
    chunk = CHUNK
    backend = "inductor"

    def __init__(self, program, values, objects=(), functions=None, network=None):
        self._halves, self._levels, self.chunks = {}, {}, {}
        super().__init__(program, values, objects, functions, network)
        refuse_program(program)
        for operation in program.operations:
            self._refuse_operation(operation)

    def _order_synapses(self, operation):
        """Nothing is sorted: every synapse is looked at in every step."""

    def copy(self):
        """An engine of the same program that can take over other delays and times."""
        other = super().copy()
        other._levels = dict(self._levels)
        return other

    def set_delays(self, seconds):
        """Take over trained delays; see `ReferenceEngine.set_delays`."""
        super().set_delays(seconds)
        self._levels = {}

    # -------------------------------------------------------------- refusals
    def _refuse_operation(self, operation):
        if isinstance(operation, SpikeSource):
            return
        if not operation_source(operation):
            self.refuse_draws(operation)
        for name, function in operation.functions.items():
            timed = hasattr(function, "values") and hasattr(function, "dt")
            drawn = operation.draws() and operation_source(operation)
            if not timed and not drawn and self._in_torch(operation, name) is None:
                raise UnsupportedModel(
                    operation.name,
                    f"the user's function {name}() under engine='compiled'",
                    f"give its form in torch: Twin(net, functions={{{name!r}: ...}}), or {REMEDY}",
                )
        if operation.draws():
            return
        for line in operation.vector:
            access = operation.accesses.get(line.target)
            if line.op in ("*=", "/=") and access is not None and access.index not in ("_idx", "0"):
                feature = f"{line.op} through an index under engine='compiled'"
                raise UnsupportedModel(operation.name, feature, REMEDY)
        forms = {WHOLE}
        if isinstance(operation, (Transmission, Reset)):
            if not self.can_mask(operation):
                feature = "statements that do more than add to other elements"
                if operation.mode == "one by one":
                    feature = MISSING["each"]
                raise UnsupportedModel(operation.name, f"{feature} under engine='compiled'", REMEDY)
            forms = {MASKED} | ({"fixed"} if operation.name in self.fixed_sums else set())
        for form in sorted(forms):
            halves, _ = self.halves(operation, form)
            for name in sorted(halves.called):
                if not hasattr(Step, name):
                    feature = MISSING.get(name, f"{name}()")
                    raise UnsupportedModel(operation.name, f"{feature} under engine='compiled'", REMEDY)

    @staticmethod
    def refuse_draws(operation):
        """Random numbers are drawn one by one in the order of Brian2."""
        if operation.draws():
            raise UnsupportedModel(operation.name, "random numbers under engine='compiled'", REMEDY)

    # -------------------------------------------------------------- what a pass asks for
    def _in_torch(self, operation, name):
        """A function in torch, or None."""
        function = operation.functions[name]
        if not self.is_users(function) and name in FUNCTIONS:
            return FUNCTIONS[name]
        own = self.functions.get(name) or from_sympy(function)
        return None if own is None else users_function(own)

    def halves(self, operation, form):
        """The `Halves` of an operation and its compiled ``once``."""
        key = (operation.name, form)
        if key not in self._halves:
            halves = split(operation, self.layout, form, operation.clock)
            namespace = {f"__function_{n}": self._in_torch(operation, n) for n in operation.functions}
            for half in ("once", "step"):
                # the source is our own, written from statements that Brian2 parsed
                exec(compile(getattr(halves, half), f"<{half} {operation.name}>", "exec"), namespace)  # noqa: S102
            self._halves[key] = (halves, namespace["once"], namespace["step"])
        halves, once, _ = self._halves[key]
        return halves, once

    def levels(self, operation, spare=0):
        """The delays of a pathway whose events are laid side by side, and each synapse's place in them.

        Parameters
        ----------
        operation : Transmission
        spare : int
            Where delays are trained: all of them up to a multiple of this one, so that they can change.

        Returns
        -------
        tuple of int
        numpy.ndarray of int64, shape (synapse,)
        """
        key = (operation.name, spare)
        if key not in self._levels:
            levels, which = np.unique(operation.delays, return_inverse=True)
            if spare:
                longest = -(-int(operation.delays.max(initial=1)) // spare) * spare
                levels, which = np.arange(longest + 1), operation.delays
            sources = self.program.arrays[operation.events].size - 1
            places = which.astype(np.int64) * sources + self.indices[operation.sources]
            self._levels[key] = (tuple(levels.tolist()), places)
        return self._levels[key]

    # -------------------------------------------------------------- passes
    def on_numpy(self, dtype, device, back):
        """Whether a pass runs on NumPy arrays: none does."""
        return False

    def run(self, values, constants, request):
        """One pass; see `ReferenceEngine.run`."""
        for key, _ in request.record:
            if self.program.clock_of(self.program.arrays[key].owner) in self.program.idle_clocks:
                raise UnsupportedModel(
                    owner_of(key), "traces at a clock of its own under engine='compiled'", REMEDY
                )
        check_currents(self.program, request.stimulus)
        with default_dtype(request.dtype):
            return CompiledPass(self, values, constants, request).run()

    def compiled(self, plan, given, form_of):
        """Run some steps; they are compiled where that was not done before.

        Parameters
        ----------
        plan : Plan
        given : dict of tuple to torch.Tensor
        form_of : callable
            Form of an operation in this pass.

        Returns
        -------
        dict of tuple to torch.Tensor
        """
        order = {}
        places = {name: order.setdefault(id(tensor), len(order)) for name, tensor in given.items()}
        tensors = list({id(tensor): tensor for tensor in given.values()}.values())
        key = (
            repr(plan),
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            tuple(places.values()),
            tuple(kind_of(tensor) for tensor in tensors),
        )
        if key not in self.chunks:
            operations = {o.name: o for o in self.program.operations}
            run = [operations[name] for kind, name, *_ in plan.runs if kind == "step"]
            steps = {o.name: self._halves[o.name, form_of(o)][2] for o in run}
            single = frozenset(k for k, tensor in enumerate(tensors) if tensor.ndim == 0)
            self.chunks[key] = Chunk(plan, steps, places, single, self.backend)
        return self.chunks[key]([t.reshape(1) if t.ndim == 0 else t for t in tensors])


def kind_of(tensor):
    """What compiled code relies on, beside the place of a tensor."""
    stride = None if tensor.is_contiguous() else tensor.stride()
    return (tensor.shape, stride, tensor.dtype, tensor.requires_grad)


def refuse_program(program):
    """Refuse what concerns more than one operation.

    Raises
    ------
    UnsupportedModel
    """
    for operation in program.operations:
        if isinstance(operation, Call):
            raise UnsupportedModel(operation.name, "Python code under engine='compiled'", REMEDY)
        if operation.clock != program.clocks[0].key:
            raise UnsupportedModel(operation.name, "a clock of its own under engine='compiled'", REMEDY)
    for array in program.arrays.values():
        other = array.dtype.kind == "f" and array.dtype != program.dtype
        if other and array.dimension is not second.dim:
            raise UnsupportedModel(
                array.owner, f"{array.name} of type {array.dtype} in a network of {program.dtype}", REMEDY
            )
