"""The fused engine: a whole pass in C that is generated from the program, forward and backward.

In float64, a step of + − × ÷ and comparisons has the values of the reference engine to the bit. What it cannot do it
refuses by name.
"""

from __future__ import annotations

import logging
import threading

import numpy as np

from ...models.errors import UnsupportedModel
from ..native import load_library
from ..passes import operation_source
from ..program import Threshold, Transmission
from ..reference import ReferenceEngine, default_dtype
from .call import Pool
from .design import Design
from .fixed import FixedPass, compile_fixed
from .inputs import own_spikes
from .lowering import refuse
from .plan import Product, make_plan
from .rest import Rest
from .run import Run
from .slopes import check_surrogate
from .synapses import Synapses

_log = logging.getLogger("chronaxie")
# Of GCC: as branches, the limits of a function would keep a loop from becoming vectors; and a copy of a few vectors is
# not to become a string instruction, which takes longer to begin than the copy takes.
FLAGS = ("-fno-tree-pre", "-fno-tree-sink", "-fno-tree-loop-distribute-patterns")


class FusedEngine(ReferenceEngine):
    """Runs a program as C. For the parameters see `ReferenceEngine`."""

    name = "fused"

    def __init__(self, program, values, objects=(), functions=None, network=None):
        super().__init__(program, values, objects, functions, network)
        self.pool = Pool()
        driven = frozenset(program.inputs.keys() & program.groups.keys())
        plan = self.plan(driven, (), frozenset())  # refuses what no pass could do
        for step in plan.steps:
            if isinstance(step, Product):
                self.synapses.wirings(step)
        self.exact = program.dtype == np.float64 and plan.is_exact()

    @property
    def program(self):
        """What is run; another one begins anew."""
        return self._program

    @program.setter
    def program(self, program):
        self._program = program
        self._plans, self._designs, self._fixed, self._evaluators, self._rest = {}, {}, {}, {}, None
        self.synapses, self.columns, self.held, self.starts, self._own = Synapses(self), {}, {}, {}, {}

    @property
    def rest(self):
        """The groups whose refractory period restricts nothing."""
        if self._rest is None:
            self._rest = Rest(self.program, self.layout)
        return self._rest

    def copy(self):
        """An engine of the same program that can take over other delays and times."""
        other = super().copy()
        other.program, other.pool = self.program, Pool()
        return other

    def on_numpy(self, dtype, device, back):
        """Whether a pass runs on NumPy arrays: never."""
        return False

    # -------------------------------------------------------------- what a pass is made of
    def fixed_code(self, operation, once, names):
        """The compiled source of what does not change in an operation."""
        key = (operation.name, once, names)
        if key not in self._fixed:
            self._fixed[key] = compile_fixed(operation, once, names)
        return self._fixed[key]

    def own_spikes(self, operation, start, steps, channels):
        """The spikes of a generator, as `inputs.own_spikes` finds them; those of the last pass are held."""
        key, known = (start, steps), self._own.get(operation.name)
        if known is None or known[0] != key:
            known = self._own[operation.name] = (key, own_spikes(operation, start, steps, channels))
        return known[1]

    def plan(self, driven, records, unrestricted):
        """The plan for some inputs and traces."""
        key = (driven, records, unrestricted)
        if key not in self._plans:
            self._plans[key] = make_plan(self.program, self.layout, driven, records, unrestricted)
        return self._plans[key]

    def design(self, plan, wanted):
        """(Design, loaded library, class of its call) for a plan and what is wanted."""
        key = (id(plan), wanted)
        if key not in self._designs:
            wirings = {id(s): self.synapses.wirings(s) for s in plan.steps if not isinstance(s, tuple)}
            design = Design(plan, wanted, wirings)
            source, call = design.source()
            library = load_library(source, flags=FLAGS, name="engine")
            self._designs[key] = (design, library, call)
        return self._designs[key]

    def evaluator(self, dtype):
        """What evaluates that which does not change, in a type: of each thread, since it holds the values of a pass."""
        key = (dtype, threading.get_ident())
        if key not in self._evaluators:
            self._evaluators[key] = FixedPass(self, dtype)
        return self._evaluators[key]

    # -------------------------------------------------------------- passes
    def run(self, values, constants, request):
        """One pass; see `ReferenceEngine.run`."""
        self.check_request(request)
        with default_dtype(request.dtype), np.errstate(all="ignore"):
            return Run(self, values, constants, request).run()

    def check_request(self, request):
        """Refuse what this pass asks for and C does not do."""
        if request.device.type != "cpu":
            raise UnsupportedModel(
                "engine='fused'",
                f"a pass on {request.device}",
                "move the twin to the CPU, or take another engine",
            )
        for operation in self.program.operations:
            self._check_operation(operation, request)

    def _check_operation(self, operation, request):
        back = request.carrying
        if isinstance(operation, Transmission) and operation.delay in back:
            refuse(operation, "a trained delay")
        if operation_source(operation) and operation.owner in request.stimulus and operation.events in back:
            refuse(operation, "a gradient by the spikes that come in")
        if isinstance(operation, Threshold) and operation.events in back and not operation.source:
            check_surrogate(operation.label, request.surrogates[operation.label][0])


class AutoEngine(FusedEngine):
    """Runs in C what C can run, and the rest as `ReferenceEngine` does.

    A pass without gradients in the network's own type runs in C only where its values are those of Brian2 to the bit.

    Attributes
    ----------
    note : str
        Why the last pass did not run in C; empty where it did.
    """

    def on_numpy(self, dtype, device, back):
        """Whether a pass runs on NumPy arrays; see `ReferenceEngine.on_numpy`."""
        return not self.exact and ReferenceEngine.on_numpy(self, dtype, device, back)

    def run(self, values, constants, request):
        """One pass; see `ReferenceEngine.run`."""
        if request.numpy:
            self.note = "without gradients, functions in a step keep the bits of Brian2 in NumPy alone"
            return ReferenceEngine.run(self, values, constants, request)
        try:
            found = super().run(values, constants, request)
        except UnsupportedModel as error:
            if str(error) != self.note:
                _log.warning("a pass of engine reference: %s", error)
            self.note = str(error)
            return ReferenceEngine.run(self, values, constants, request)
        self.note = ""
        return found
