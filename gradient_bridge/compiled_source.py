"""The source of an operation in two halves: what is computed once a pass, and what runs in every step.

`rendering` writes ``bind(__S, __P, __K, __F)`` with the step inside of it, as a closure. A compiled step takes what the
closure holds as arguments, so that no value of a pass is a part of the compiled code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .rendering import write_operation

OFFER = "__F"


@dataclass(frozen=True)
class Halves:
    """The two halves of one operation.

    Attributes
    ----------
    once : str
        Source of ``once(__S, __P, __K, __F)``: the values that stay the same during a pass, in the order of `names`.
    step : str
        Source of ``step(__S, __F, *names)``. Elementary functions are global names there: ``__function_exp``.
    names : tuple of str
    called : frozenset of str
        What the step calls of ``__F``, functions left out.
    """

    once: str
    step: str
    names: tuple[str, ...]
    called: frozenset[str]


def split(operation, layout, form, clock):
    """The `Halves` of an operation.

    Parameters
    ----------
    operation : Operation
    layout : Layout
    form : {"whole", "masked", "fixed"}
    clock : str
        Key of the clock: timed arrays at its present time are rows that come with the step.
    """
    (bind,) = ast.parse(write_operation(operation, layout, form)).body
    *once, run, _ = bind.body
    present = _Present(run, clock)
    run = present.visit(run)
    once += ast.parse("\n".join(f"{name} = {code}" for code, name in present.arrays.items())).body
    loaded = {n.id for n in ast.walk(run) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    given = [t.id for line in once for t in line.targets]
    names = tuple(name for name in dict.fromkeys(given) if name in loaded)
    called = frozenset(
        n.attr for n in ast.walk(run) if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == OFFER
    )
    kept = f"return ({''.join(f'{name}, ' for name in names)})"
    return Halves(
        once=_function("once", "__S, __P, __K, __F", [*(ast.unparse(line) for line in once), kept]),
        step=_function("step", ", ".join(("__S", "__F", *names)), [ast.unparse(line) for line in run.body]),
        names=names,
        called=called,
    )


def _function(name, arguments, lines):
    body = [f"    {line}" for block in lines for line in block.splitlines()]
    return "\n".join([f"def {name}({arguments}):", *body])


class _Present(ast.NodeTransformer):
    """Functions become global names; a timed array at the present time becomes a row that comes with the step; arrays
    that do not change are arguments."""

    def __init__(self, run, clock):
        self.arrays = {}
        self.now = {
            line.targets[0].id
            for line in run.body
            if isinstance(line, ast.Assign)
            and isinstance(line.targets[0], ast.Name)
            and ast.unparse(line.value) == f"__S[{clock + '.t'!r}]"
        }

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if getattr(node.value, "id", "") != "__P":
            return node
        code = ast.unparse(node)
        return ast.Name(self.arrays.setdefault(code, f"__array_{len(self.arrays) + 1}"), ast.Load())

    def visit_Call(self, node):
        self.generic_visit(node)
        name = getattr(node.func, "attr", "")
        if getattr(getattr(node.func, "value", None), "id", "") != OFFER:
            return node
        if name.startswith("function_"):
            node.func = ast.Name(f"__{name}", ast.Load())
        elif name == "timed" and getattr(node.args[3], "id", None) in self.now:
            node.func.attr = "timed_now"
            node.args = [*node.args[:2], *node.args[4:]]
        return node
