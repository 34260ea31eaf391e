"""The fused engine: a whole pass in C that is generated from the program, forward and backward.

In float64, a step of + − × ÷ and comparisons has the values of the reference engine to the bit. What it cannot do it
refuses by name.
"""

from __future__ import annotations

import ast
import logging
from functools import cached_property

import numpy as np
import torch

from ...models.errors import UnsupportedModel
from ..delivery import wire
from ..native import load_library
from ..passes import operation_source
from ..program import StateUpdate, Threshold, Transmission
from ..reference import ReferenceEngine, default_dtype
from ..rendering import StatementWriter
from .call import Pool
from .design import Design
from .fixed import FixedPass, Grid, compile_fixed
from .lowering import Lowering, refuse
from .plan import Product, make_plan, restricts_nothing
from .run import Run
from .slopes import check_surrogate
from .values import Algebra

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
        self._plans, self._designs, self._fixed, self._evaluators, self._free = {}, {}, {}, {}, {}

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

    # -------------------------------------------------------------- refractoriness that restricts nothing
    def evaluator(self, dtype):
        """What evaluates that which does not change, in a type."""
        if dtype not in self._evaluators:
            self._evaluators[dtype] = FixedPass(self, dtype)
        return self._evaluators[dtype]

    def unrestricted(self, fixed, values, trained):
        """Groups whose neurons could spike in every step: their refractory period has nothing to hold back."""
        used = [values[k] for k in self._about_rest if k in values]
        known = self._free.get(fixed.dtype)
        if known and known[1] == trained and all(a is b for a, b in zip(known[0], used, strict=True)):
            return known[2]
        found = self._unrestricted(fixed, values, trained)
        self._free[fixed.dtype] = (used, trained, found)
        return found

    @cached_property
    def _about_rest(self):
        """Arrays that decide how long neurons are refractory, and since when."""
        keys = set()
        for operation in self.program.operations:
            refractory = getattr(operation, "refractory", None)
            if refractory:
                keys |= {
                    a.array
                    for o in self.program.operations
                    if o.owner == operation.owner
                    for a in o.accesses.values()
                }
                keys.add(refractory[1])
        return sorted(k for k in keys if k not in self.layout.changing or k.endswith(".lastspike"))

    def _unrestricted(self, fixed, values, trained):
        found = set()
        for operation in self.program.operations:
            if isinstance(operation, Threshold) and operation.refractory:
                bound = self._bound_of(operation, fixed, trained)
                if bound is not None and self._never_waits(operation, bound, values):
                    found.add(operation.owner)
        return frozenset(found)

    def _bound_of(self, threshold, fixed, trained):
        """Steps of refractoriness of each neuron, where they do not change and nothing else reads whether it is over."""
        free, last, _ = threshold.refractory
        order, bound = list(self.program.operations), None
        for operation in order:
            readers = {
                n
                for line in operation.lines()
                for n in _names(line.expression) | {line.condition}
                if n in operation.accesses and operation.accesses[n].array == free
            }
            masks = {line.condition for line in operation.lines() if line.condition in readers}
            if operation is not threshold and (masks or readers):
                return None
            if (
                not isinstance(operation, StateUpdate)
                or operation.owner != threshold.owner
                or free not in operation.written()
            ):
                continue
            line = next(
                li
                for li in operation.vector
                if operation.accesses.get(li.target) and operation.accesses[li.target].array == free
            )
            node = ast.parse(line.expression.strip(), mode="eval").body
            late = order.index(operation) > order.index(threshold)
            if (
                bound is not None
                or late
                or not (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.GtE))
            ):
                return None
            bound = self._period(operation, node, trained, fixed)
            if bound is None:
                return None
        return bound

    def _period(self, operation, node, trained, fixed):
        used = {a.array for a in operation.accesses.values()} | {
            k for ks in operation.constant_keys.values() for k in ks
        }
        names = _names(ast.unparse(node.comparators[0]))
        lowering = Lowering(operation, self.layout, Algebra(), {})
        if not lowering._since(node.left) or used & trained & {
            operation.accesses[n].array for n in names if n in operation.accesses
        }:
            return None
        writer = StatementWriter(operation, self.layout, "whole")
        writer.shared_block()
        term = writer._term(node.comparators[0])
        if not term.fixed:
            return None
        name = writer.hoist(term)
        found = fixed.of(operation, tuple(writer.once), (name,))[name]
        return np.asarray(found.detach() if isinstance(found, torch.Tensor) else found)

    def _never_waits(self, threshold, bound, values):
        last = steps_since(values[threshold.refractory[1]], self.program)
        return restricts_nothing(threshold, bound, last, 0)

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


def _names(expression):
    return {n.id for n in ast.walk(ast.parse(expression.strip(), mode="eval")) if isinstance(n, ast.Name)}


def steps_since(last, program):
    """Number of the step of each neuron's last spike, counted from the present one: 0 is now."""
    last = last.detach().cpu().numpy() if isinstance(last, torch.Tensor) else np.asarray(last)
    dt = program.dt
    return -np.asarray(((program.start * dt - last) + 1e-3 * dt) / dt, dtype=np.int64)
