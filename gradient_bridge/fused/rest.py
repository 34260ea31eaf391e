"""Refractory periods that restrict nothing: a neuron could spike in every step all the same."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

import numpy as np
import torch

from ..expressions import WHOLE
from ..program import Operation, StateUpdate, Threshold
from ..rendering import StatementWriter
from .lowering import Lowering
from .values import Algebra


@dataclass(frozen=True)
class Period:
    """The refractory period of a group, which nothing but its threshold looks at.

    Attributes
    ----------
    group : str
    last : str
        Key of the times of the last spikes.
    update : Operation
        Where it is found whether a neuron is refractory.
    once, name : tuple of str, str
        Python source of the number of steps, and its name there.
    arrays : frozenset of str
        What it is computed from.
    """

    group: str
    last: str
    update: Operation = field(repr=False)
    once: tuple[str, ...] = field(repr=False)
    name: str
    arrays: frozenset[str]


class Rest:
    """The groups of a program whose refractory period restricts nothing.

    Parameters
    ----------
    program : Program
    layout : Layout
    """

    def __init__(self, program, layout):
        self.program, self.layout = program, layout
        thresholds = [o for o in program.operations if isinstance(o, Threshold) and o.refractory]
        self.periods = [p for p in map(self._period, thresholds) if p is not None]
        self._known = {}

    def unrestricted(self, fixed, values, carrying):
        """Those groups, for the values of a pass.

        Parameters
        ----------
        fixed : FixedPass
        values : dict of str to torch.Tensor or number
        carrying : frozenset of str
            What is trained: a period that is can become longer.
        """
        return frozenset(
            p.group for p in self.periods if not p.arrays & carrying and self._is_idle(p, fixed, values)
        )

    def _is_idle(self, period, fixed, values):
        used = [values[k] for k in sorted(period.arrays | {period.last}) if k in values]
        key = (period.group, fixed.dtype)
        known = self._known.get(key)
        if known is None or any(a is not b for a, b in zip(known[0], used, strict=True)):
            found = fixed.of(period.update, period.once, (period.name,))[period.name]
            steps = np.asarray(found.detach() if isinstance(found, torch.Tensor) else found)
            before = steps_since(values[period.last], self.program)
            known = self._known[key] = (used, bool(np.all(steps <= 1) and np.all(before <= -1)))
        return known[1]

    def _period(self, threshold):
        free, last = threshold.refractory[:2]
        order = self.program.operations
        updates = [o for o in order if o is not threshold and free in o.written()]
        if len(updates) != 1 or any(self._readers(o, free) for o in order if o is not threshold):
            return None
        (update,) = updates
        if sum(self._readers(o, last) for o in order) != 1:  # statements of the user's own look at it
            return None
        if not isinstance(update, StateUpdate) or update.owner != threshold.owner:
            return None
        if order.index(update) > order.index(threshold):
            return None
        lines = [
            li
            for li in update.vector
            if li.target in update.accesses and update.accesses[li.target].array == free
        ]
        node = ast.parse(lines[0].expression.strip(), mode="eval").body
        if len(lines) != 1 or not (isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.GtE)):
            return None
        if not Lowering(update, self.layout, Algebra(), {}).is_since(node.left):
            return None
        writer = StatementWriter(update, self.layout, WHOLE)
        writer.shared_block()
        term = writer._term(node.comparators[0])
        if not term.fixed:
            return None
        name = writer.hoist(term)
        texts = [
            node.comparators[0],
            *(ast.parse(li.expression.strip(), mode="eval") for li in update.scalar),
        ]
        named = {n.id for text in texts for n in ast.walk(text) if isinstance(n, ast.Name)} & set(
            update.accesses
        )
        arrays = frozenset(update.accesses[n].array for n in named) - self.layout.changing
        return Period(threshold.owner, last, update, tuple(writer.once), name, arrays)

    @staticmethod
    def _readers(operation, key):
        """How many statements of an operation look at an array."""
        names = {n for n, access in operation.accesses.items() if access.array == key}
        found = 0
        for line in operation.lines():
            texts = [line.expression, *(line.branches or ())]
            read = {
                n.id
                for t in texts
                for n in ast.walk(ast.parse(t.strip(), mode="eval"))
                if isinstance(n, ast.Name)
            }
            found += bool(
                read & names
                or line.condition in names
                or (line.target in names and line.op not in ("=", ":="))
            )
        return found


def steps_since(last, program):
    """Number of the step of each neuron's last spike, counted from the present one: 0 is now."""
    last = last.detach().cpu().numpy() if isinstance(last, torch.Tensor) else np.asarray(last)
    dt = program.dt
    return -np.asarray(((program.start * dt - last) + 1e-3 * dt) / dt, dtype=np.int64)
