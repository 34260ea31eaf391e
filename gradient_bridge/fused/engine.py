"""The fused engine: a whole pass in C that is generated from the program, forward and backward.

In float64, a step of + − × ÷ and comparisons has the values of the reference engine to the bit. What it cannot do it
refuses by name.
"""

from __future__ import annotations

import logging

import numpy as np

from ...models.errors import UnsupportedModel
from ..delivery import wire
from ..native import load_library
from ..passes import operation_source
from ..program import Threshold, Transmission
from ..reference import ReferenceEngine, default_dtype
from .call import Pool
from .design import Design
from .fixed import FixedPass, Grid, compile_fixed
from .lowering import refuse
from .plan import Product, make_plan
from .rest import Rest
from .run import Run
from .slopes import check_surrogate

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
        self.exact = program.dtype == np.float64 and plan.is_exact()

    @property
    def program(self):
        """What is run; another one begins anew."""
        return self._program

    @program.setter
    def program(self, program):
        self._program = program
        self._plans, self._designs, self._fixed, self._evaluators, self._rest = {}, {}, {}, {}, None

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

    def plan(self, driven, records, unrestricted):
        """The plan for some inputs and traces."""
        key = (driven, records, unrestricted)
        if key not in self._plans:
            self._plans[key] = make_plan(self.program, self.layout, driven, records, unrestricted)
        return self._plans[key]

    def wirings_of(self, step):
        """The synapses of a delivery or product, by delay."""
        operation = step.operation
        if not isinstance(step, Product):
            written = [line for line in operation.vector if line.op != ":="]
            line = next(line for k, line in enumerate(operation.vector) if k == step.line)
            assert line in written
            return [
                w
                for w in self.wirings(operation.name, operation.accesses[line.target].index)
                if len(w.synapses)
            ]
        return [self.wiring_of_sum(step)]

    def wiring_of_sum(self, step):
        """The synapses of a summed variable as one matrix."""
        operation, arrays = step.operation, self.program.arrays
        key = (operation.name, "sum")
        if key not in self._wirings:
            sources, targets = self.indices[step.index], self.indices[operation.index] - operation.start
            size = arrays[step.target].size
            if (operation.start, operation.stop) != (0, size):
                refuse(operation, "a summed variable of a part of a group")
            wiring = wire(sources, targets, np.zeros(len(sources), np.int64), arrays[step.source].size, size)[
                0
            ]
            ordered = np.lexsort((np.arange(len(sources)), targets))
            rising = np.all(np.diff(sources[ordered])[np.diff(targets[ordered]) == 0] > 0)
            if not (rising and len(np.unique(sources * size + targets)) == len(sources)):
                refuse(operation, "a summed variable whose synapses do not come in the order of their source")
            self._wirings[key] = wiring
        return self._wirings[key]

    def grid_of(self, step):
        """The `Grid` of a delivery or product whose synapses connect all pairs in order, or None."""
        wirings, operation = self.wirings_of(step), step.operation
        if len(wirings) != 1 or not (wirings[0].complete and len(wirings[0].synapses) == operation.elements):
            return None
        if isinstance(step, Product):
            axes = {step.index: 0, operation.index: 1}
        else:
            line = operation.vector[step.line]
            target = operation.accesses[operation.accesses[line.target].index].array
            axes = {operation.sources: 0, target: 1}
        others = {
            a.index
            for a in operation.accesses.values()
            if a.index not in ("_idx", "0") and operation.accesses[a.index].array not in axes
        }
        shape = (wirings[0].n_sources, wirings[0].n_targets)
        return None if others else Grid(operation.owner, shape, axes)

    def design(self, plan, wanted):
        """(Design, loaded library, class of its call) for a plan and what is wanted."""
        key = (id(plan), wanted)
        if key not in self._designs:
            wirings = {id(s): self.wirings_of(s) for s in plan.steps if not isinstance(s, tuple)}
            design = Design(plan, wanted, wirings)
            source, call = design.source()
            library = load_library(source, flags=FLAGS, name="engine")
            self._designs[key] = (design, library, call)
        return self._designs[key]

    def evaluator(self, dtype):
        """What evaluates that which does not change, in a type."""
        if dtype not in self._evaluators:
            self._evaluators[dtype] = FixedPass(self, dtype)
        return self._evaluators[dtype]

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
