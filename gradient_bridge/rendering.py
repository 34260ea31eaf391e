"""Statements of a `Program` as Python source that works on tensors.

Each operation becomes one function ``bind(__S, __P, __K, __F)``: its body computes, once per forward pass and inside
the autograd graph, every expression that does not change during the run (``exp(-dt/tau_m)``); it returns
``__run(t)``, which is called in every step.

__S : arrays that change, by key; tensors (trial, element), or numbers where shared
__P : arrays that do not change, by key; tensors (element,), or numbers where shared
__K : external constants by name
__F : elementary functions (`numerics`) and what the engine adds (spikes, resets, delivery)

Two underscores begin every name of ours in that source: Brian2 has none of that kind.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ..models.errors import UnsupportedModel
from .program import Reset, Sum, Threshold, Transmission

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
CALLED = {ast.Div: "divide", ast.FloorDiv: "floor_divide", ast.Mod: "modulo", ast.Pow: "power"}
COMPARISONS = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}
MASKS = {"not_refractory"}  # truth values that no gradient passes through
ORDERS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)  # comparisons that have a distance, and so a surrogate
IN_PLACE = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "**": ast.Pow,
}


@dataclass(frozen=True)
class Term:
    """Source of an expression; ``fixed`` if it does not change during a run; ``simple`` if it is a name or number."""

    code: str
    fixed: bool
    simple: bool = False


class OperationWriter:
    """Writes the source of one operation.

    Parameters
    ----------
    operation : Operation
    changing : frozenset of str
        Keys of the arrays that change during a run.
    booleans : frozenset of str
        Keys of the arrays of truth values.
    """

    def __init__(self, operation, changing, booleans):
        self.operation = operation
        self.booleans = {n for n, access in operation.accesses.items() if access.array in booleans}
        self.booleans |= {line.target for line in operation.lines() if line.boolean}
        self.changing = changing
        self.once, self.step = [], []  # lines of the two functions
        self.names = {}  # local name -> Term
        self.hoisted = {}  # source -> name
        self.loaded = set()

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
        terms = [self._term(n) for n in nodes]
        if all(t.fixed for t in terms):
            return Term(template.format(*(t.code for t in terms)), True)
        return Term(template.format(*(self.hoist(t) for t in terms)), False)

    def hoist(self, term):
        """Source of a term in the step function: a fixed one is moved to the beginning of the pass."""
        if not term.fixed or term.simple:
            return term.code
        if term.code not in self.hoisted:
            name = f"__fixed_{len(self.hoisted) + 1}"
            self.hoisted[term.code] = name
            self.once.append(f"{name} = {term.code}")
        return self.hoisted[term.code]

    def _constant(self, node):
        return Term(repr(node.value), True, True)

    def _name(self, node):
        name = node.id
        if name in self.names:
            return self.names[name]
        if name in ("True", "False"):
            return Term(name, True, True)
        operation = self.operation
        if name in operation.accesses:
            return self.load(name)
        if name in operation.constants:
            return Term(f"__K[{name!r}]", True)
        raise UnsupportedModel(operation.name, f"the unknown name {name}", "report this network")

    def _binop(self, node):
        kind = type(node.op)
        if kind in OPERATORS:
            sides = [
                f"__F.number({{{k}}})" if getattr(side, "id", None) in self.booleans else f"{{{k}}}"
                for k, side in enumerate((node.left, node.right))
            ]
            return self._join(f"({sides[0]} {OPERATORS[kind]} {sides[1]})", node.left, node.right)
        if kind in CALLED:
            return self._join(f"__F.{CALLED[kind]}({{0}}, {{1}})", node.left, node.right)
        raise UnsupportedModel(
            self.operation.name, f"the operator in {ast.unparse(node)}", "use + - * / // % **"
        )

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

    def _call(self, node):
        name = node.func.id
        places = ", ".join(f"{{{k}}}" for k in range(len(node.args)))
        if name in self.timed_arrays():
            term = self._join(f"__F.timed({name!r}, {self.operation.owner!r}, {places})", *node.args)
            return Term(term.code, False)  # its values come with the stimulus
        return self._join(f"__F.{name}({places})", *node.args)

    def timed_arrays(self):
        """Names of the functions that are timed arrays."""
        return {n for n, f in self.operation.functions.items() if hasattr(f, "values")}

    # -------------------------------------------------------------- arrays
    def load(self, name):
        """The `Term` of an array variable, read through its index, at its first use."""
        access = self.operation.accesses[name]
        fixed = access.array not in self.changing
        if name not in self.loaded:
            self.loaded.add(name)
            place = f"{'__P' if fixed else '__S'}[{access.array!r}]"
            if access.index not in ("_idx", "0"):
                index = self._name(ast.Name(access.index))
                place = f"__F.take({place}, {self.hoist(index) if not fixed else index.code})"
            (self.once if fixed else self.step).append(f"{name} = {place}")
        term = Term(name, fixed, True)
        self.names[name] = term
        return term

    def combine(self, line):
        """The new value of a line's target, in-place operators resolved."""
        value = self.branches(line) if line.branches else self.expression(line.expression)
        if line.op in (":=", "="):
            return value
        old = self.load(line.target) if line.target not in self.names else self.names[line.target]
        kind = IN_PLACE[line.op[:-1]]
        new = value.code if old.fixed and value.fixed else self.hoist(value)
        if kind in OPERATORS:
            return Term(f"({old.code} {OPERATORS[kind]} {new})", old.fixed and value.fixed)
        return Term(f"__F.{CALLED[kind]}({old.code}, {new})", old.fixed and value.fixed)

    def branches(self, line):
        """Brian2's ``where`` over the two simplified forms of an expression."""
        name, if_true, if_false = line.branches
        terms = [self.expression(name), self.expression(if_true), self.expression(if_false)]
        return Term(f"__F.choose({', '.join(self.hoist(t) for t in terms)})", all(t.fixed for t in terms))

    # -------------------------------------------------------------- statements
    def bind_local(self, line):
        """A new local name; computed once where it does not change."""
        term = self.combine(line)
        if term.fixed:
            self.once.append(f"{line.target} = {term.code}")
        else:
            self.step.append(f"{line.target} = {term.code}")
        self.names[line.target] = Term(line.target, term.fixed, True)

    def assign(self, line):
        """A write to an array, kept in a local name until the end of the operation."""
        term = self.combine(line)
        code = self.hoist(term)
        if line.condition:
            old = self.names.get(line.target) or self.load(line.target)
            mask = self.hoist(self._name(ast.Name(line.condition)))
            code = f"__F.choose({mask}, {code}, {old.code})"
        self.step.append(f"{line.target} = {code}")
        self.names[line.target] = Term(line.target, False, True)

    def lines(self, lines):
        """All lines of a block; returns the names of the arrays that they wrote, in order."""
        written = []
        for line in lines:
            if line.op == ":=":
                self.bind_local(line)
            else:
                self.assign(line)
                if line.target not in written:
                    written.append(line.target)
        return written

    def store(self, names):
        """Write local values back to their arrays."""
        for name in names:
            access = self.operation.accesses[name]
            if access.index not in ("_idx", "0"):
                raise UnsupportedModel(
                    self.operation.name,
                    f"a write to {access.array} through the index {access.index}",
                    "write to the group's own variables",
                )
            self.step.append(f"__S[{access.array!r}] = __F.shaped({name}, __S[{access.array!r}])")

    def source(self):
        """The finished source of ``bind``."""
        body = [f"    {line}" for line in self.once] + ["    def __run(t):"]
        body += [f"        {line}" for line in self.step or ["pass"]] + ["    return __run"]
        return "\n".join(["def bind(__S, __P, __K, __F):", *body])


class ThresholdWriter(OperationWriter):
    """Truth values become 0 and 1 with a surrogate derivative."""

    def _compare(self, node, *masks):
        if len(node.ops) != 1:
            return super()._compare(node)
        left, right = node.left, node.comparators[0]
        kind = type(node.ops[0])
        if kind in (ast.Lt, ast.LtE):
            left, right = right, left
        if kind in (ast.Eq, ast.NotEq):
            return self._join(f"__F.as_spikes({{0}} {COMPARISONS[kind]} {{1}})", left, right)
        strict = kind in (ast.Gt, ast.Lt)
        mask = ", {2}" if masks else ""
        return self._join(
            f"__F.above({{0}}, {{1}}, {strict}, {self.operation.label!r}{mask})", left, right, *masks
        )

    def _boolop(self, node):
        compared = [n for n in node.values if isinstance(n, ast.Compare) and type(n.ops[0]) in ORDERS]
        named = [n for n in node.values if isinstance(n, ast.Name) and n.id in MASKS]
        if isinstance(node.op, ast.And) and len(compared) == len(named) == 1 and len(node.values) == 2:
            return self._compare(compared[0], *named)
        function = "soft_and" if isinstance(node.op, ast.And) else "soft_or"
        return self._chain(function, node.values)

    def _unaryop(self, node):
        if isinstance(node.op, ast.Not):
            return self._join("__F.soft_not({0})", node.operand)
        return super()._unaryop(node)


def write_operation(operation, changing, booleans=frozenset()):
    """Python source of one operation: ``bind(__S, __P, __K, __F)``, which returns ``__run(t)``."""
    if isinstance(operation, Transmission):
        return _write_transmission(operation, changing, booleans)
    writer = (ThresholdWriter if isinstance(operation, Threshold) else OperationWriter)(
        operation, changing, booleans
    )
    written = writer.lines(operation.scalar)
    written += [n for n in writer.lines(operation.vector) if n not in written]
    if isinstance(operation, Reset):
        _write_reset(writer, written)
    else:
        writer.store(written)
    if isinstance(operation, Threshold):
        _write_events(writer)
    if isinstance(operation, Sum):
        value = writer.hoist(writer.names["_synaptic_var"])
        writer.step.append(
            f"__S[{operation.target!r}] = __F.summed({value}, {operation.index!r}, __S[{operation.target!r}])"
        )
    return writer.source()


def _write_events(writer):
    operation = writer.operation
    condition = writer.hoist(writer.names["_cond"])
    writer.step.append(f"__events = __F.events({condition}, __S[{operation.events!r}])")
    writer.step.append(f"__S[{operation.events!r}] = __events")
    if operation.refractory:
        free, last, _ = operation.refractory
        writer.step.append("__fired = __events.detach() > 0")
        writer.step.append(f"__S[{free!r}] = __S[{free!r}] & ~__fired")
        writer.step.append(f"__S[{last!r}] = __F.choose(__fired, t, __S[{last!r}])")


def _write_reset(writer, written):
    operation = writer.operation
    writer.step.append(f"__events = __S[{operation.events!r}]")
    pairs = []
    for name in written:
        access = operation.accesses[name]
        if access.index == "0":
            raise UnsupportedModel(
                operation.name,
                f"a shared variable written at a reset ({name})",
                "write to per-neuron variables",
            )
        if access.index != "_idx":
            raise UnsupportedModel(
                operation.name,
                f"a write to {access.array} through the index {access.index}",
                "write to the group's own variables",
            )
        pairs.append((f"__S[{access.array!r}]", name))
    targets = ", ".join(place for place, _ in pairs)
    values = ", ".join(f"({place}, {name})" for place, name in pairs)
    if pairs:
        writer.step.append(f"{targets}, = __F.reset(__events, {values})")


def _write_transmission(operation, changing, booleans):
    """Each statement adds to one variable, for all events, before the next statement begins."""
    writer = OperationWriter(operation, changing, booleans)
    writer.lines(operation.scalar)
    writer.step.append(f"__F.emit({operation.name!r}, __S[{operation.events!r}])")
    for number, line in enumerate(operation.vector):
        if line.op == ":=":
            writer.bind_local(line)
            continue
        access = operation.accesses[line.target]
        value = writer.expression(line.expression)
        sign = "-" if line.op == "-=" else ""
        where = f"{operation.name!r}, {access.index!r}"
        place = f"__S[{access.array!r}]"
        sent = f"{sign}__F.number({value.code})"
        if value.fixed:
            writer.once.append(f"__sent_{number} = __F.prepare({where}, {access.array!r}, {sent})")
            call = f"__F.deliver({where}, {place}, __sent_{number})"
        else:
            call = f"__F.deliver_changing({where}, {place}, {sent})"
        if line.condition:
            mask = operation.accesses[line.condition].array
            place = f"{'__S' if mask in changing else '__P'}[{mask!r}]"
            call = f"__F.choose({place}, {call}, __S[{access.array!r}])"
        writer.step.append(f"__S[{access.array!r}] = {call}")
        for name, other in operation.accesses.items():  # read again what was just written
            if other.array == access.array:
                writer.loaded.discard(name)
                writer.names.pop(name, None)
    return writer.source()
