"""What the engine does in a step: kernels of groups, and what travels between them.

The statements of a group between two deliveries to it are one kernel. Statements of different groups touch each other
through events alone, and events are kept by step, so the last statements of a step and the first ones of the next one
are one kernel too, where nothing is delivered in between: one pass over the state instead of two.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache, cached_property

from ...models.errors import UnsupportedModel
from ..expressions import WHOLE
from ..passes import operation_source
from ..program import Call, Operation, Reset, SpikeSource, StateUpdate, Sum, Threshold, Transmission
from ..rendering import StatementWriter, adds_fixed
from .kernel import Part, make_kernel
from .lowering import FUNCTIONS, INSTEAD, refuse
from .values import PRODUCT

# kinds of operations, and functions, that C rounds in another way than numpy
ROUNDED = ("power", "mod", "floordiv")
LOOSE = (PRODUCT, *(f for f in FUNCTIONS if f not in ("abs", "sign", "floor", "ceil", "sqrt")))


@dataclass(frozen=True)
class Delivery:
    """A statement of a pathway: values that do not change, added at the targets of the spikes that arrive.

    Attributes
    ----------
    operation : Transmission
    line : int
        Which of its statements.
    target : str
        Key of the array that is added to.
    mask : str or None
        Key of the truth values that allow the write.
    lag : int
        1 where spikes of a step are emitted after the pathway has run, so that they wait for the next step.
    once, value : tuple of str, str
        Python source of what is computed once a pass; name of the value in it.
    negative : bool
        Whether the value is subtracted.
    """

    operation: Operation
    line: int
    target: str
    mask: str | None
    lag: int
    once: tuple[str, ...] = field(repr=False)
    value: str
    negative: bool


@dataclass(frozen=True)
class Product:
    """A summed variable ``weight*x``: each element of `source` times a value that does not change, at the targets."""

    operation: Sum
    target: str
    source: str
    index: str
    once: tuple[str, ...] = field(repr=False)
    value: str | None


@dataclass(frozen=True)
class Group:
    """A group with kernels.

    Attributes
    ----------
    name : str
    size : int
    first : Kernel or None
        Before the first step: the statements of step 0 that belong to the kernel that spans two steps.
    kernels : tuple of Kernel
        Of each step, in order.
    last : Kernel or None
        In place of the last of `kernels` in the last step.
    states : tuple of str
        Arrays that are carried from kernel to kernel.
    final : tuple of str
        Arrays that every step writes before it reads them: only wanted at the end.
    """

    name: str
    size: int
    first: object
    kernels: tuple
    last: object
    states: tuple[str, ...]
    final: tuple[str, ...]

    def all_kernels(self):
        """Each kernel once."""
        return [k for k in (self.first, *self.kernels, self.last) if k is not None]


@dataclass(frozen=True)
class Plan:
    """All that happens in a step.

    Attributes
    ----------
    groups : dict of str to Group
    steps : tuple
        In order: ``("kernel", group, number)``, `Delivery`, `Product`.
    spaces : dict of str to int
        Event spaces and their sizes.
    sources : dict of str to Operation
        Event spaces that come from outside, or from a spike generator.
    """

    groups: dict[str, Group]
    steps: tuple
    spaces: dict[str, int]
    sources: dict[str, Operation]

    @cached_property
    def coefficients(self):
        """By group: (operation, lines of Python, names of what these compute) of all that does not change."""
        found = {}
        for name, group in self.groups.items():
            wanted = {}
            for kernel in group.all_kernels():
                for lowering in kernel.lowered:
                    _, names = wanted.setdefault(lowering.operation.name, (lowering, set()))
                    names |= lowering.coefficients
            found[name] = [
                (lowering.operation, tuple(lowering.writer.once), tuple(sorted(names)))
                for lowering, names in wanted.values()
            ]
        return found

    @cached_property
    def currents(self):
        """(timed array, array of columns or None) of all that is driven from outside."""
        kernels = (k for g in self.groups.values() for k in g.all_kernels())
        return frozenset(d[:2] for k in kernels for d in k.leaves("current"))

    def is_exact(self):
        """Whether every value of a step is rounded as in Brian2's numpy target."""
        kernels = (k for g in self.groups.values() for k in g.all_kernels())
        return not any(v.kind in ROUNDED or v.data in LOOSE for k in kernels for v in k.values.known.values())


def make_plan(program, layout, driven, records, unrestricted):
    """The plan of a program; refuses by name what it cannot do.

    Parameters
    ----------
    program : Program
    layout : Layout
    driven : frozenset of str
        Inputs that a stimulus drives.
    records : tuple of (str, str)
        Traces of what changes, by array key and slot.
    unrestricted : frozenset of str
        Groups whose refractory period restricts nothing.
    """
    return _Planner(program, layout, driven, records, unrestricted).plan()


class _Planner:
    def __init__(self, program, layout, driven, records, unrestricted):
        self.program, self.layout, self.driven = program, layout, driven
        self.records, self.unrestricted = records, unrestricted
        self.parts = {}  # group -> parts of each of its segments
        self.open = {}  # group -> segment that takes further parts
        self.steps, self.sources = [], {}
        emitted = {o.events: k for k, o in enumerate(program.operations) if isinstance(o, Threshold)}
        self.early = frozenset(  # resets by the events of the step before
            o.name
            for k, o in enumerate(program.operations)
            if isinstance(o, Reset) and emitted.get(o.events, -1) > k
        )
        self.needed = set()  # arrays that deliveries and products touch

    # -------------------------------------------------------------- the order of a step
    def plan(self):
        program = self.program
        for clock in program.clocks[1:]:
            operation = next(o for o in program.operations if o.clock == clock.key)
            refuse(operation, f"a second clock (steps of {clock.dt:g} s beside {program.dt:g} s)")
        stops = {}
        for key, slot in self.records:
            stops.setdefault(program.position(slot), []).append((key, slot))
        for position, operation in enumerate(program.operations):
            self.record(stops.get(position, ()))
            self.place(operation, position)
        self.record(stops.get(len(program.operations), ()))
        spaces = {s: self.program.arrays[s].size - 1 for s in self.program.event_spaces()}
        groups = {name: self.group(name) for name in self.parts}
        return Plan(groups, tuple(self.steps), spaces, self.sources)

    def record(self, wanted):
        for key, slot in wanted:
            owner, _, variable = key.rpartition(".")
            if variable == "lastspike":  # held as a number of steps
                raise UnsupportedModel(owner, f"a trace of {key}, for the fused engine", INSTEAD)
            self.add(owner, Part(trace=(key, slot)))

    def add(self, group, part):
        """One more part of a group's present kernel."""
        segments = self.parts.setdefault(group, [])
        if group not in self.open:
            self.open[group] = len(segments)
            self.steps.append(("kernel", group, len(segments)))
            segments.append([])
        segments[self.open[group]].append(part)

    def place(self, operation, position):
        if getattr(operation, "events", None) in self.program.left:
            refuse(operation, "the spikes of an earlier run's last step")
        if operation_source(operation) and (
            operation.owner in self.driven or isinstance(operation, SpikeSource)
        ):
            self.sources[operation.events] = operation
        elif isinstance(operation, Transmission):
            self.deliveries(operation, position)
        elif isinstance(operation, Sum):
            self.product(operation)
        elif isinstance(operation, Call):
            refuse(operation, "Python code in a network operation")
        elif isinstance(operation, (StateUpdate, Threshold, Reset)):
            if operation.draws():
                refuse(operation, "random numbers")
            self.add(operation.owner, Part(operation))
        else:
            refuse(operation, f"a {operation.kind}")

    def deliveries(self, operation, position):
        if operation.elements == 0:
            return
        if operation.draws():
            refuse(operation, "random numbers")
        if not adds_fixed(operation, self.layout):
            refuse(operation, "synapses that do more than add values that do not change")
        if operation.under_way:
            refuse(operation, "spikes that are still under way from an earlier run")
        emitting = [
            k
            for k, o in enumerate(self.program.operations)
            if getattr(o, "events", None) == operation.events and isinstance(o, (Threshold, SpikeSource))
        ]
        writer = StatementWriter(operation, self.layout, WHOLE)
        writer.shared_block()
        for number, line in enumerate(operation.vector):
            if line.op == ":=":
                writer.bind_local(line)
                continue
            target = operation.accesses[line.target].array
            mask = operation.accesses[line.condition].array if line.condition else None
            if mask is not None and mask not in self.layout.changing:
                refuse(operation, f"a write that {mask} allows, which does not change")
            name = writer.hoist(writer.expression(line.expression))
            self.barrier(operation, target)
            self.needed |= {target} | ({mask} if mask else set())
            self.steps.append(
                Delivery(
                    operation=operation,
                    line=number,
                    target=target,
                    mask=mask,
                    lag=int(max(emitting) > position),
                    once=tuple(writer.once),
                    value=name,
                    negative=line.op == "-=",
                )
            )

    def barrier(self, operation, key):
        """Something reaches into the state of a group: its present kernel ends."""
        owner = self.program.arrays[key].owner
        if key in self.layout.integers or key in self.layout.booleans:
            refuse(operation, f"a value that is added to {key}")
        self.parts.setdefault(owner, [])
        self.open.pop(owner, None)
        return owner

    def product(self, operation):
        writer = StatementWriter(operation, self.layout, WHOLE)
        writer.shared_block()
        lines = operation.vector
        if len(lines) != 1 or operation.draws():
            refuse(operation, "a summed variable of several statements")
        found = _weight_and_source(operation, lines[0], self.layout, writer)
        if found is None:
            refuse(
                operation,
                f"the summed variable {lines[0].expression}: not a fixed value times one of the source",
            )
        name, source = found
        access = operation.accesses[source]
        for key in (operation.target, access.array):
            self.barrier(operation, key)
        self.needed |= {operation.target, access.array}
        if access.index in ("_idx", "0"):
            what = "the synapses' own state" if access.index == "_idx" else "a shared variable"
            refuse(operation, f"the summed variable {lines[0].expression} of {what}")
        index = operation.accesses[access.index].array
        self.steps.append(Product(operation, operation.target, access.array, index, tuple(writer.once), name))

    # -------------------------------------------------------------- groups
    def group(self, name):
        segments = self.parts[name]
        own = [k for k, step in enumerate(self.steps) if self.touches(step, name)]
        kernels = [("kernel", name, k) for k in range(len(segments))]
        whole = len(segments) > 1 and self.steps[own[0]] == kernels[0] and self.steps[own[-1]] == kernels[-1]
        if whole:  # the last statements of a step with the first ones of the next
            later = [Part(p.operation, p.trace, 1) for p in segments[0]]
            numbered = [*segments[1:-1], [*segments[-1], *later]]
            self.steps.remove(kernels[0])
            for k in range(1, len(segments)):
                self.steps[self.steps.index(kernels[k])] = ("kernel", name, k - 1)
            first, last = self.kernel(name, "first", segments[0]), self.kernel(name, "last", segments[-1])
        else:
            numbered, first, last = segments, None, None
        made = tuple(self.kernel(name, str(k), parts) for k, parts in enumerate(numbered))
        every = [k for k in (first, *made, last) if k is not None]
        loaded = {key for k in every for key in k.leaves("state")}
        written = {key for k in every for key in k.state}
        states = loaded | {k for k in self.needed if self.program.arrays[k].owner == name}
        size = {self.program.arrays[k].size for k in states | written} - {1}
        if not size:
            size = {p.operation.elements for parts in segments for p in parts if p.operation is not None}
        if len(size) > 1:
            raise AssertionError(f"{name}: arrays of {size} elements")
        return Group(
            name=name,
            size=size.pop() if size else 1,
            first=first,
            kernels=made,
            last=last,
            states=tuple(sorted(states)),
            final=tuple(sorted(written - states)),
        )

    def touches(self, step, name):
        """Whether a step of the plan reads or writes the state of a group."""
        if isinstance(step, tuple):
            return step[1] == name
        keys = [step.target] + ([step.source] if isinstance(step, Product) else [])
        return any(self.program.arrays[k].owner == name for k in keys)

    def kernel(self, group, number, parts):
        return make_kernel(
            f"{identifier(group)}_{number}", group, parts, self.layout, self.unrestricted, self.early
        )


@cache
def identifier(name):
    """A name in C."""
    return "g_" + "".join(c if c.isalnum() and c.isascii() else f"_{ord(c)}_" for c in name)


def _weight_and_source(operation, line, layout, writer):
    """(name of the fixed value or None, name of the changing one) of a product of two; None for anything else."""
    node = ast.parse(line.expression.strip(), mode="eval").body

    def changing(n):
        return (
            isinstance(n, ast.Name)
            and n.id in operation.accesses
            and operation.accesses[n.id].array in layout.changing
        )

    if changing(node):
        return None, node.id
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if changing(other):
                term = writer._term(one)
                if term.fixed:
                    return writer.hoist(term), other.id
    return None
