"""Brian2's expressions as Python source that works on NumPy arrays and on torch tensors alike."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace

from brian2.core.functions import DEFAULT_FUNCTIONS

from ..models.errors import UnsupportedModel
from .program import is_random

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
CALLED = {ast.Div: "divide", ast.FloorDiv: "floor_divide", ast.Mod: "modulo", ast.Pow: "power"}
COMPARISONS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
IN_PLACE = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
}
WHOLE, EVENTS, MASKED = "whole", "events", "masked"


@dataclass(frozen=True)
class Term:
    """Source of an expression.

    Attributes
    ----------
    code : str
    fixed : bool
        It does not change during a pass, so it is computed once, for all elements.
    simple : bool
        A name or a number.
    shared : bool
        One value for all elements.
    fresh : bool
        An array that no variable holds.
    """

    code: str
    fixed: bool
    simple: bool = False
    shared: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class Layout:
    """What a writer knows of the arrays.

    Attributes
    ----------
    changing : frozenset of str
        Keys of those that change during a run.
    booleans : frozenset of str
        Keys of those that hold truth values.
    sizes : mapping of str to int
    integers : frozenset of str
        Keys of those that hold whole numbers.
    """

    changing: frozenset[str]
    booleans: frozenset[str]
    sizes: Mapping[str, int]
    integers: frozenset[str] = frozenset()


class ExpressionWriter:
    """Writes the expressions of one operation.

    Parameters
    ----------
    operation : Operation
    layout : Layout
    form : {"whole", "events", "masked"}
        Over which elements the statements run: all of them; those with an event now (in the source: ``__e``); all
        of them, kept where there is an event (``__m``).
    """

    def __init__(self, operation, layout, form):
        self.operation, self.layout, self.form = operation, layout, form
        self.booleans = {n for n, access in operation.accesses.items() if access.array in layout.booleans}
        self.booleans |= {line.target for line in operation.lines() if line.boolean}
        self.once, self.step = [], []  # lines of the two functions
        self.names = {}  # local name -> Term
        self.hoisted, self.localised, self.handles = {}, {}, {}  # source -> name
        self.fixed_names = {}
        self.scalar_block = False
        self.single = False  # the statements run for one element after the other
        self.mask = None  # name of what masks the write that is being written

    # -------------------------------------------------------------- places
    def hoist(self, term):
        """Name of a fixed term, computed once a pass for all elements."""
        if term.simple:
            return term.code
        if term.code not in self.hoisted:
            name = f"__fixed_{len(self.hoisted) + 1}"
            self.hoisted[term.code] = name
            self.once.append(f"{name} = {term.code}")
        return self.hoisted[term.code]

    def here(self, term):
        """Source of a term in the step function, for the elements that the statements run over."""
        events = self.form == EVENTS and not self.scalar_block
        if not term.fixed:
            return self._local(f"__F.at_shared({term.code}, __e)") if events and term.shared else term.code
        name = self.hoist(term)
        return self._local(f"__F.at_fixed({name}, __e)") if events and not term.shared else name

    def _local(self, code):
        """Name in the step function of a value that is taken to the events there."""
        if code not in self.localised:
            self.localised[code] = f"__here_{len(self.localised) + 1}"
            self.step.append(f"{self.localised[code]} = {code}")
        return self.localised[code]

    def handle(self, access):
        """Source of the places of an array for the elements that the statements run over."""
        if access.index == "_idx":
            return "__e"
        wanted = (access.index, self.layout.sizes[access.array])
        if wanted not in self.handles:
            self.handles[wanted] = f"__places_{len(self.handles) + 1}"
            found = self.hoist(self.index_term(access.index))
            self.step.append(f"{self.handles[wanted]} = __F.through({found}, __e, {wanted[1]})")
        return self.handles[wanted]

    def index_term(self, index):
        """The `Term` of an index array for all elements; index arrays never change."""
        access = self.operation.accesses[index]
        if access.array in self.layout.changing:
            raise UnsupportedModel(
                self.operation.name, f"the index {index}, which changes during a run", "use a fixed index"
            )
        name = f"__index_{index}"
        if index not in self.fixed_names:
            place = f"__P[{access.array!r}]"
            if access.index not in ("_idx", "0"):
                place = f"__F.take({place}, {self.index_term(access.index).code})"
            self.once.append(f"{name} = {place}")
            self.fixed_names[index] = name
        return Term(name, True, True)

    def load(self, name):
        """The `Term` of an array variable, read through its index at its first use."""
        access = self.operation.accesses[name]
        shared = access.index == "0"
        if access.array not in self.layout.changing:
            if name not in self.fixed_names:
                place = f"__P[{access.array!r}]"
                if access.index not in ("_idx", "0"):
                    place = f"__F.take({place}, {self.index_term(access.index).code})"
                self.once.append(f"{name} = {place}")
                self.fixed_names[name] = name
            term = Term(name, True, True, shared)
        else:
            place = f"__S[{access.array!r}]"
            if self.form == EVENTS and not shared:
                place = f"__F.at({place}, {self.handle(access)})"
            elif not shared and access.index != "_idx":
                place = f"__F.take({place}, {self.hoist(self.index_term(access.index))})"
            elif not shared and any(line.target == name for line in self.operation.lines()):
                place = f"__F.read({place})"
            self.step.append(f"{name} = {place}")
            term = Term(name, False, True, shared)
        self.names[name] = term
        return term

    # -------------------------------------------------------------- expressions
    def expression(self, text):
        """The `Term` of an expression in Brian2's syntax."""
        return self._term(ast.parse(text.strip(), mode="eval").body)

    def _term(self, node):
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise UnsupportedModel(
                self.operation.name,
                f"the expression {ast.unparse(node)}",
                "use arithmetic, comparisons, and/or/not and functions",
            )
        return method(node)

    def _join(self, template, *nodes):
        """One source from several terms; what is fixed in a changing expression is computed once."""
        return self.join(template, *(self._term(n) for n in nodes))

    def join(self, template, *terms):
        """One source from several terms, ``{0}`` and so on their places in the template."""
        shared = all(t.shared for t in terms)
        if all(t.fixed for t in terms):
            return Term(template.format(*(t.code for t in terms)), True, shared=shared, fresh=True)
        used = [self.hoist(t) if shared and t.fixed else t.code if shared else self.here(t) for t in terms]
        return Term(template.format(*used), False, shared=shared, fresh=True)

    def _constant(self, node):
        return Term(repr(node.value), True, True, True)

    def _name(self, node):
        name = node.id
        if name in self.names:
            return self.names[name]
        if name in ("True", "False"):
            return Term(name, True, True, True)
        operation = self.operation
        if name in operation.accesses:
            return self.load(name)
        if name in operation.constants:
            if name not in self.fixed_names:
                self.fixed_names[name] = name
                self.once.append(f"{name} = __K[{name!r}]")
            return Term(name, True, True, True)
        raise UnsupportedModel(operation.name, f"the unknown name {name}", "report this network")

    def operate(self, kind, left, right):
        """``left kind right`` of two terms with their brackets."""
        if kind in OPERATORS:
            return self.join(f"({{0}} {OPERATORS[kind]} {{1}})", left, right)
        called = CALLED[kind]
        if kind is ast.Pow and (self.single or (left.shared and right.shared)):
            called = "power_shared"  # numpy's numbers are raised by another routine than its arrays
        return self.join(f"__F.{called}({{0}}, {{1}})", left, right)

    def _binop(self, node):
        kind = type(node.op)
        if kind not in OPERATORS and kind not in CALLED:
            raise UnsupportedModel(
                self.operation.name, f"the operator in {ast.unparse(node)}", "use + - * / // % **"
            )
        sides = []
        for side in (node.left, node.right):
            term = self._term(side)
            if kind in OPERATORS and getattr(side, "id", None) in self.booleans:
                term = replace(self.join("__F.number({0})", term), shared=term.shared)
            sides.append(term)
        return self.operate(kind, *sides)

    def _unaryop(self, node):
        if isinstance(node.op, ast.USub):
            return self._join("(- {0})", node.operand)
        if isinstance(node.op, ast.UAdd):
            return self._join("(+ {0})", node.operand)
        if isinstance(node.op, ast.Not):
            return self._join("__F.negate({0})", node.operand)
        raise UnsupportedModel(self.operation.name, f"the operator in {ast.unparse(node)}", "use -, + or not")

    def _boolop(self, node):
        function = "both" if isinstance(node.op, ast.And) else "either"
        return self._chain(function, node.values)

    def _chain(self, function, nodes):
        """A function of two values over all nodes, from left to right."""
        template = "{0}"
        for k in range(1, len(nodes)):
            template = f"__F.{function}({template}, {{{k}}})"
        return self._join(template, *nodes)

    def _compare(self, node):
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            raise UnsupportedModel(
                self.operation.name, f"the comparison {ast.unparse(node)}", "compare two values"
            )
        return self._join(f"({{0}} {COMPARISONS[type(node.ops[0])]} {{1}})", node.left, node.comparators[0])

    # -------------------------------------------------------------- calls
    def _call(self, node):
        name = node.func.id
        function = self.operation.functions[name]
        if is_random(function):
            return self._draw(name, node.args)
        terms = [self._term(a) for a in node.args]
        places = ", ".join(f"{{{k}}}" for k in range(len(terms)))
        if hasattr(function, "values") and hasattr(function, "dt"):  # a timed array
            elements = "__e" if self.form == EVENTS and not self.scalar_block else "None"
            where = f"{name!r}, {self.operation.name!r}, {elements}"
            used = ", ".join(self.here(t) for t in terms)
            return Term(f"__F.timed({where}, {used})", False, fresh=True)  # its values come with the stimulus
        term = self.join(f"__F.function_{name}({places})", *terms)
        known = function is DEFAULT_FUNCTIONS.get(name)
        if not function.stateless and term.fixed:
            return Term(f"__F.function_{name}({', '.join(self.here(t) for t in terms)})", False)
        return replace(term, fresh=known)

    def _draw(self, name, nodes):
        """Random numbers, for as many elements as numpy's target draws them for."""
        used = "".join(f", {self.here(self._term(n))}" for n in nodes)
        where = f"{name!r}, {self.operation.name!r}"
        if self.scalar_block:
            return Term(f"__F.draw_shared({where}{used})", False, shared=True, fresh=True)
        mask = "None" if self.mask is None else self.here(self._name(ast.Name(self.mask)))
        if self.form == EVENTS:
            return Term(f"__F.draw_at({where}, __e, {mask}{used})", False, fresh=True)
        if self.form == MASKED:
            return Term(f"__F.draw_masked({where}, __m, {mask}{used})", False, fresh=True)
        return Term(f"__F.draw({where}, {mask}{used})", False, fresh=True)
