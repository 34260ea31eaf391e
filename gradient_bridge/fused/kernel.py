"""One kernel: consecutive statements of one group, over all trials of a block at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..program import Operation, Reset
from .adjoint import Adjoint
from .lowering import Lowering
from .values import Algebra, Value


@dataclass(frozen=True)
class Part:
    """What a kernel takes in: an operation, or a trace ``(key, slot)``; of this step (0) or of the next one (1)."""

    operation: Operation | None = None
    trace: tuple[str, str] | None = None
    shift: int = 0


@dataclass(frozen=True)
class Kernel:
    """Statements as values.

    Attributes
    ----------
    name, group : str
    values : Algebra
    state : dict of str to Value
        What the arrays of the group hold at the end.
    emitted : dict of (str, int) to Value
        Events by event space and shift.
    traces : dict of (str, str, int) to Value
        By key, slot and shift.
    lowered : tuple of Lowering
    """

    name: str
    group: str
    values: Algebra = field(repr=False)
    state: dict[str, Value] = field(repr=False)
    emitted: dict[tuple[str, int], Value] = field(repr=False)
    traces: dict[tuple[str, str, int], Value] = field(repr=False)
    lowered: tuple[Lowering, ...] = field(repr=False)

    def leaves(self, kind):
        """Data of all leaves of a kind, in their order."""
        return [v.data for v in self.values.known.values() if v.kind == kind and not v.parts]

    def forward(self):
        """The values that leave the kernel, by what they are."""
        found = {("event", *key): value for key, value in self.emitted.items()}
        found |= {("trace", *key): value for key, value in self.traces.items()}
        return found | {("state", key): value for key, value in self.state.items()}


def make_kernel(name, group, parts, layout, unrestricted, early=frozenset()):
    """The kernel of some parts, in their order; `early` names the resets that come before their threshold in a step."""
    values, state, emitted, traces, lowered = Algebra(), {}, {}, {}, []
    for part in parts:
        if part.trace is not None:
            key, slot = part.trace
            if key not in state:
                state[key] = values.make("state", data=key, truth=key in layout.booleans)
            traces[key, slot, part.shift] = state[key]
            continue
        operation = part.operation
        if isinstance(operation, Reset) and operation.events not in state:
            emitted_at = part.shift - (operation.name in early)
            state[operation.events] = values.make("event", data=(operation.events, emitted_at), truth=True)
        lowering = Lowering(operation, layout, values, state, part.shift, unrestricted)
        event = lowering.run()
        lowered.append(lowering)
        if event is not None:
            state[operation.events] = emitted[operation.events, part.shift] = event
    spaces = {space for space, _ in emitted} | {space for space, _ in _events(values)}
    kept = {key: value for key, value in state.items() if key not in spaces}
    return Kernel(name, group, values, kept, emitted, traces, tuple(lowered))


def _events(values):
    return [v.data for v in values.known.values() if v.kind == "event"]


@dataclass(frozen=True)
class Derivatives:
    """The adjoint of a kernel.

    Attributes
    ----------
    flows : set of (str, ...)
        What must be known: derivatives by what the kernel hands on, as keys of `Kernel.forward`.
    by_state : dict of str to Value or None
        Derivative by each state that carries one, at the beginning.
    by_event, by_current : dict of object to Value
        By events of an earlier kernel, and by currents.
    by_coefficient : dict of object to list of (Value, Value or None)
        For each coefficient the terms (what changes, fixed factor), to be summed over trials and steps.
    """

    flows: frozenset
    by_state: dict
    by_event: dict
    by_current: dict
    by_coefficient: dict


def differentiate(kernel, carried, surrogates, detach_reset):
    """The adjoint of a kernel.

    Parameters
    ----------
    kernel : Kernel
    carried : Carried
        Which leaves carry a gradient.
    surrogates : dict of str to (Surrogate, float)
    detach_reset : bool
    """
    values = kernel.values

    def active(leaf):
        return carried.leaf(leaf)

    adjoint = Adjoint(values, active, surrogates, detach_reset)
    flows = set()
    for what, value in kernel.forward().items():
        wanted = carried.state(what[1]) if what[0] != "event" else carried.event(what[1])
        if wanted and adjoint.carries(value):
            flows.add(what)
            adjoint.give(value, values.make("flow", data=what))
    leaves = adjoint.run()
    found = Derivatives(frozenset(flows), {}, {}, {}, {})
    for key in kernel.state:
        if carried.state(key):
            found.by_state[key] = None
    for leaf, flow in leaves.items():
        if leaf.kind == "state":
            found.by_state[leaf.data] = flow
        elif leaf.kind == "event":
            found.by_event[leaf.data] = flow
        elif leaf.kind == "current":
            found.by_current[leaf.data] = flow
        elif leaf.kind == "coefficient":
            found.by_coefficient[leaf.data] = _terms(values, flow)
    return found


def _terms(values, flow):
    """A sum as its terms, each with its fixed factor taken out."""
    if flow.kind == "+":
        return _terms(values, flow.parts[0]) + _terms(values, flow.parts[1])
    if flow.kind == "-":
        return _terms(values, flow.parts[0]) + _terms(values, values.negate(flow.parts[1]))
    return [values.factors(flow)]
