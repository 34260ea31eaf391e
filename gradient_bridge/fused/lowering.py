"""Statements of an operation as values of a kernel."""

from __future__ import annotations

import ast

import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS

from ...models.errors import UnsupportedModel
from ..expressions import COMPARISONS, IN_PLACE, WHOLE
from ..program import Reset, Threshold, is_random, owner_of
from ..rendering import ORDERS, StatementWriter
from .values import COEFFICIENT, MASK, PRODUCT

INSTEAD = 'Twin(engine="reference") runs it'
ARITHMETIC = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "mod",
    ast.FloorDiv: "floordiv",
}
MOST_FACTORS = 8  # the largest whole power that is written as a product
# functions of one argument that C, or the header, knows
FUNCTIONS = (
    *("exp", "log", "log10", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("arcsin", "arccos", "arctan", "abs", "exprel", "floor", "ceil", "sign"),
)
SYMPYS = {"Abs": "abs", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}  # sympy's names of them


def refuse(operation, what, instead=INSTEAD):
    """Refuse what this engine does not do, by name."""
    raise UnsupportedModel(operation.name, f"{what}, for the fused engine", instead)


class Lowering:
    """Takes the statements of one operation over all elements of a group into a kernel.

    Parameters
    ----------
    operation : Operation
    layout : Layout
    values : Algebra
    state : dict of str to Value
        What each changing array of the group holds now; arrays that are not in it are loaded.
    shift : int
        The operation belongs to the kernel's step (0) or to the one after it (1).
    unrestricted : frozenset of str
        Groups whose refractory period restricts nothing.

    Attributes
    ----------
    writer : StatementWriter
        Holds the source of what does not change.
    coefficients : set of str
        Names in that source that the kernel uses.
    """

    def __init__(self, operation, layout, values, state, shift=0, unrestricted=frozenset()):
        if operation.mode != "together":
            refuse(operation, "statements that run for one element after the other")
        self.operation, self.layout, self.values, self.state = operation, layout, values, state
        self.shift, self.unrestricted = shift, unrestricted
        self.writer = StatementWriter(operation, layout, WHOLE)
        self.free = (getattr(operation, "refractory", None) or [None])[0]
        self.coefficients, self.locals, self.written = set(), {}, []

    # -------------------------------------------------------------- statements
    def run(self):
        """Take in all statements; the events that they emit, or None."""
        operation, before = self.operation, dict(self.state)
        for block, lines in ((True, operation.scalar), (False, operation.vector)):
            self.writer.scalar_block = block
            for line in lines:
                self.line(line)
        if isinstance(operation, Reset):
            event = self.state[operation.events]
            for key in self.written:
                old = before.get(key) or self.values.make("state", data=key, truth=self.is_boolean(key))
                self.state[key] = self.values.make("keep", event, self.state[key], old, truth=old.truth)
            return None
        return self.events() if isinstance(operation, Threshold) else None

    def events(self):
        """The events of a threshold, and what refractoriness makes of them."""
        event = self.locals["_cond"]
        if not self.operation.refractory:
            return event
        free, last, _ = self.operation.refractory
        quiet = self.values.make("not", event, data=MASK)
        if self.operation.owner in self.unrestricted:  # the step has set it; the last spike is an event
            self.state[free] = quiet
        else:
            self.state[free] = self.values.both(self.load(free), quiet)
            now = self.values.make("now", data=self.shift)
            self.state[last] = self.values.make("where", event, now, self.load(last))
        return event

    def line(self, line):
        """One statement."""
        writer, target = self.writer, line.target
        shared = writer.same.get(target, {target}) - {target}
        if line.op == ":=" or target not in self.operation.accesses:
            if not self.is_fixed(line.expression) or line.branches or target == "_cond":
                self.locals[target] = self.combine(line)
            writer.bind_local(line)
            return
        access = self.operation.accesses[target]
        if access.index != "_idx":
            refuse(self.operation, f"a write to {access.array} through the index {access.index}")
        if self.is_integer(access.array):
            refuse(self.operation, f"the whole number {access.array}, which changes")
        if access.array.endswith(".lastspike"):
            refuse(self.operation, f"a write to {access.array}")
        new = self.combine(line)
        if line.condition:
            mask = self.truth(ast.Name(line.condition))
            new = self.values.make("where", mask, new, self.load(access.array), truth=new.truth)
        if self.is_boolean(access.array):
            new = self.as_truth(new)
        else:
            new = self.as_number(new)
        for name in shared if line.op != "=" or line.condition else ():  # both names hold one array
            if name in self.operation.accesses:
                self.state[self.operation.accesses[name].array] = new
            else:
                self.locals[name] = new
        self.state[access.array] = new
        self.written += [access.array] if access.array not in self.written else []
        writer.assign(line)

    def combine(self, line):
        """The new value of a line's target."""
        if line.branches:
            name, yes, no = line.branches
            mask = self.truth(ast.Name(name))
            yes, no = (self.as_number(self.value(_parse(text))) for text in (yes, no))
            return self.values.make("where", mask, yes, no)
        node = _parse(line.expression)
        if line.target == "_cond":
            return self.condition(node)
        value = self.value(node)
        if line.op in (":=", "="):
            return value
        old = self.value(ast.Name(line.target))
        return self.operate(IN_PLACE[line.op[:-1]], self.as_number(old), self.as_number(value), node)

    # -------------------------------------------------------------- what does not change
    def is_fixed(self, expression):
        """Whether an expression is the same in every step."""
        node = _parse(expression) if isinstance(expression, str) else expression
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if names & set(self.locals):
            return False
        for name in names & set(self.operation.functions):
            function = self.operation.functions[name]
            if is_random(function) or not getattr(function, "stateless", True):
                refuse(self.operation, f"random numbers ({name}())")
            if hasattr(function, "values") and hasattr(function, "dt"):
                return False
        arrays = [self.operation.accesses[n].array for n in names & set(self.operation.accesses)]
        return not any(key in self.layout.changing for key in arrays)

    def fixed(self, node):
        """The value of an expression that does not change."""
        if isinstance(node, ast.Constant):
            return self.values.number(node.value)
        term = self.writer._term(node)
        name = self.writer.hoist(term)
        if name in ("True", "False"):
            return self.values.truth(name == "True")
        self.coefficients.add(name)
        return self.values.make(COEFFICIENT, data=(self.operation.name, name), truth=self.is_truth(node))

    def is_truth(self, node):
        """Whether an expression has a truth value."""
        if isinstance(node, ast.Name):
            return node.id in self.writer.booleans or node.id in ("True", "False")
        return isinstance(node, (ast.Compare, ast.BoolOp)) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        )

    def is_boolean(self, key):
        """Whether an array holds truth values."""
        return key in self.layout.booleans

    def is_integer(self, key):
        """Whether an array holds whole numbers."""
        return key in self.layout.integers

    # -------------------------------------------------------------- expressions
    def load(self, key):
        """The present value of an array of the group."""
        if owner_of(key) != self.operation.owner:
            refuse(self.operation, f"the variable {key} of another object, which changes")
        if key not in self.state:
            self.state[key] = self.values.make("state", data=key, truth=self.is_boolean(key))
        return self.state[key]

    def as_number(self, value):
        """A truth value as 0 or 1."""
        return self.values.make("number", value) if value.truth else value

    def as_truth(self, value):
        """A number as whether it is not 0."""
        return value if value.truth else self.values.make("!=", value, self.values.number(0.0))

    def truth(self, node):
        """The value of an expression as a truth value."""
        return self.as_truth(self.value(node))

    def value(self, node):
        """The value of an expression."""
        if self.is_fixed(node):
            return self.fixed(node)
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            refuse(self.operation, f"the expression {ast.unparse(node)}")
        return method(node)

    def number(self, node):
        return self.as_number(self.value(node))

    def _name(self, node):
        if node.id in self.locals:
            return self.locals[node.id]
        access = self.operation.accesses[node.id]
        name = access.array.rpartition(".")[2]
        if access.index == "0" and name in ("t", "timestep"):
            return self.values.make("time" if name == "t" else "tick", data=self.shift)
        if access.index != "_idx":
            what = "a shared variable" if access.index == "0" else f"a value through the index {access.index}"
            refuse(self.operation, f"{what} that changes ({access.array})")
        if self.is_integer(access.array):
            refuse(self.operation, f"the whole number {access.array}, which changes")
        if access.array == self.free and self.operation.owner in self.unrestricted:
            return self.values.truth(True)
        if name == "lastspike":
            refuse(self.operation, f"{access.array} in a statement of its own")
        return self.load(access.array)

    def _binop(self, node):
        return self.operate(type(node.op), self.number(node.left), self.number(node.right), node)

    def operate(self, kind, a, b, node):
        """An arithmetic operation on two values."""
        if kind is ast.Pow:
            whole = b.kind == "number" and float(b.data).is_integer() and 2 <= float(b.data) <= MOST_FACTORS
            if (
                not whole and a.kind == "function" and a.data == "exp"
            ):  # Brian2 writes exp(v/a) as exp(v)**(1/a)
                return self.values.make("function", self.values.make("*", a.parts[0], b), data="exp")
            if not whole:
                return self.values.make("power", a, b)
            product, count = a, int(float(b.data))
            for _ in range(count - 1):
                product = self.values.make("*", product, a, data=PRODUCT if count > 2 else None)
            return product
        if kind not in ARITHMETIC:
            refuse(self.operation, f"the operator in {ast.unparse(node)}")
        return self.values.make(ARITHMETIC[kind], a, b)

    def _unaryop(self, node):
        if isinstance(node.op, ast.Not):
            return self.values.make("not", self.truth(node.operand))
        value = self.number(node.operand)
        return self.values.make("neg", value) if isinstance(node.op, ast.USub) else value

    def _boolop(self, node):
        kind = "and" if isinstance(node.op, ast.And) else "or"
        value = self.truth(node.values[0])
        for other in node.values[1:]:
            value = self.values.make(kind, value, self.truth(other))
        return value

    def _compare(self, node):
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            refuse(self.operation, f"the comparison {ast.unparse(node)}")
        left, right = node.left, node.comparators[0]
        if (
            self.is_since(left)
            and isinstance(node.ops[0], ast.GtE)
            and self.operation.owner in self.unrestricted
        ):
            return self.values.truth(True)
        return self.values.make(COMPARISONS[type(node.ops[0])], self.side(left), self.side(right))

    def condition(self, node):
        """A threshold's condition: its comparisons have a surrogate derivative."""
        if isinstance(node, ast.BoolOp):
            kind = "and" if isinstance(node.op, ast.And) else "or"
            value = self.condition(node.values[0])
            for other in node.values[1:]:
                other = self.condition(other)
                value = (
                    self.values.both(value, other) if kind == "and" else self.values.make(kind, value, other)
                )
            return value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.values.make("not", self.condition(node.operand))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ORDERS):
            sides = [self.side(n) for n in (node.left, node.comparators[0])]
            if isinstance(node.ops[0], (ast.Lt, ast.LtE)):
                sides.reverse()
            strict = isinstance(node.ops[0], (ast.Gt, ast.Lt))
            return self.values.make("above" if strict else "at least", *sides, data=self.operation.label)
        return self.truth(node)

    def side(self, node):
        """One side of a comparison: the number of steps since the last spike need not be exact where it is huge."""
        return self.since() if self.is_since(node) else self.number(node)

    # -------------------------------------------------------------- calls
    def since(self):
        """The number of steps since the last spike."""
        last = next(a.array for a in self.operation.accesses.values() if a.array.endswith(".lastspike"))
        return self.values.make("-", self.values.make("now", data=self.shift), self.load(last))

    def is_since(self, node):
        """Whether a node is the number of steps since the last spike, as Brian2 writes it."""
        if not (isinstance(node, ast.Call) and node.func.id == "timestep"):
            return False
        names = [n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)]
        keys = [
            self.operation.accesses[n].array.rpartition(".")[2] for n in names if n in self.operation.accesses
        ]
        return (
            isinstance(node.args[0], ast.BinOp)
            and isinstance(node.args[0].op, ast.Sub)
            and keys == ["t", "lastspike"]
        )

    def _call(self, node):
        name = node.func.id
        function = self.operation.functions[name]
        if hasattr(function, "values") and hasattr(function, "dt"):
            return self.timed(name, node)
        if self.is_since(node):
            refuse(self.operation, "the time since the last spike other than in a comparison")
        if function is DEFAULT_FUNCTIONS["int"]:
            value = self.value(node.args[0])
            return (
                self.as_number(value)
                if value.truth
                else refuse(self.operation, f"the whole number {ast.unparse(node)}")
            )
        arguments = [self.number(a) for a in node.args]
        if function is DEFAULT_FUNCTIONS.get(name):
            if name == "clip":
                low = self.values.make("max", arguments[0], arguments[1])
                return self.values.make("min", low, arguments[2])
            if name in FUNCTIONS:
                return self.values.make("function", *arguments, data=name)
        elif getattr(function, "sympy_func", None) is not None:
            return self.users(function, arguments)
        return refuse(self.operation, f"the function {name}()")

    def users(self, function, arguments):
        """A user's function by its sympy form."""
        symbols = sympy.symbols([f"x{k}" for k in range(len(arguments))], real=True)
        node = ast.parse(str(function.sympy_func(*symbols)), mode="eval").body
        return self._of_sympy(node, dict(zip([s.name for s in symbols], arguments, strict=True)))

    def _of_sympy(self, node, named):
        if isinstance(node, ast.Constant):
            return self.values.number(node.value)
        if isinstance(node, ast.Name) and node.id in named:
            return named[node.id]
        if isinstance(node, ast.BinOp):
            sides = [self._of_sympy(n, named) for n in (node.left, node.right)]
            return self.operate(type(node.op), *sides, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.values.make("neg", self._of_sympy(node.operand, named))
        if isinstance(node, ast.Call):
            name = SYMPYS.get(node.func.id, node.func.id)
            if name in FUNCTIONS:
                return self.values.make("function", self._of_sympy(node.args[0], named), data=name)
        return refuse(self.operation, f"the sympy form {ast.unparse(node)} of a function")

    def timed(self, name, node):
        """A timed array at the present time."""
        time = node.args[0]
        access = self.operation.accesses.get(getattr(time, "id", ""))
        if access is None or access.array.rpartition(".")[2] != "t" or access.index != "0":
            refuse(self.operation, f"the timed array {name} at another time than t")
        column = None
        if len(node.args) > 1:
            index = node.args[1]
            found = self.operation.accesses.get(getattr(index, "id", ""))
            if found is None or found.array in self.layout.changing or found.index != "_idx":
                refuse(self.operation, f"the timed array {name} at the column {ast.unparse(index)}")
            column = found.array
        return self.values.make("current", data=(name, column, self.shift))


def _parse(expression):
    return ast.parse(expression.strip(), mode="eval").body
