"""What a kernel computes, as a graph: leaves (states, coefficients, what comes in) and operations on them.

Equal operations are one value. A value is *fixed* when it depends on no state: it is the same in every step and trial,
so a kernel computes it once for each neuron.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

NUMBER, COEFFICIENT = "number", "coefficient"
MASK = "mask"  # data of a truth value that no gradient passes, whatever it was made from
PRODUCT = "whole power"  # data of the products in x**3: each is rounded, NumPy's power is once
FIXED_LEAVES = (NUMBER, COEFFICIENT, "truth")
# kinds of operations whose value is a truth value; "above" is a threshold's comparison, which has a surrogate
TRUTHS = ("<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "above", "at least", "truth")


@dataclass(frozen=True, eq=False)
class Value:
    """One value of a kernel, for each trial and neuron.

    Attributes
    ----------
    kind : str
        "number", "coefficient", another leaf ("state", "event", "current", "time", "now", "flow") or an operation.
    parts : tuple of Value
    data : object
        What a leaf or a function is called; the number.
    truth : bool
    fixed : bool
    order : int
        A value comes after its parts.
    """

    kind: str
    parts: tuple[Value, ...] = ()
    data: object = None
    truth: bool = False
    fixed: bool = False
    order: int = field(default=0, repr=False)


class Values:
    """The values of one kernel."""

    def __init__(self):
        self.known = {}

    def make(self, kind, *parts, data=None, truth=None):
        """The value of an operation on values, or a leaf."""
        key = (kind, tuple(p.order for p in parts), data if data == data else "nan", truth)
        if key not in self.known:
            self.known[key] = Value(
                kind=kind,
                parts=parts,
                data=data,
                truth=kind in TRUTHS if truth is None else truth,
                fixed=kind in FIXED_LEAVES if not parts else all(p.fixed for p in parts),
                order=len(self.known),
            )
        return self.known[key]

    def number(self, value):
        """A number; −0.0 and 0.0 are two."""
        value = float(value)
        return self.make(NUMBER, data=value if value or math.copysign(1, value) > 0 else "-0.0")

    def truth(self, value):
        """True or False."""
        return self.make("truth", data=bool(value))

    def both(self, a, b):
        """a and b, of truth values."""
        for one, other in ((a, b), (b, a)):
            if one.kind == "truth":
                return other if one.data else one
        return self.make("and", a, b)


class Algebra(Values):
    """Values that may be rounded in any way: neutral elements fall away, fixed factors are gathered.

    For derivatives. What a forward pass computes is made with `make` alone.
    """

    def is_number(self, value, number):
        """Whether a value is this number."""
        return value.kind == NUMBER and not value.parts and value.data == number

    def add(self, a, b):
        """a + b; None is zero."""
        if a is None or b is None:
            return b if a is None else a
        if b.kind == "neg":
            return self.make("-", a, b.parts[0])
        if a.kind == "neg":
            return self.make("-", b, a.parts[0])
        return self.make("+", a, b)

    def negate(self, a):
        """−a."""
        if a.kind == "neg":
            return a.parts[0]
        if a.kind == NUMBER and not a.parts:
            return self.number(-float(a.data))
        if a.kind == "*" and a.parts[1].kind == NUMBER and not a.parts[1].parts:
            return self.times(a.parts[0], self.negate(a.parts[1]))
        return self.make("neg", a)

    def times(self, a, b):
        """a · b, the fixed factor last; factors ±1 fall away."""
        if a.fixed and not b.fixed:
            a, b = b, a
        for one, other in ((a, b), (b, a)):
            if self.is_number(one, 1.0):
                return other
            if self.is_number(one, -1.0):
                return self.negate(other)
        if a.kind == b.kind == NUMBER and not (a.parts or b.parts):
            return self.number(float(a.data) * float(b.data))
        if b.kind == "neg":
            return self.negate(self.times(a, b.parts[0]))
        if a.kind == "neg":
            return self.negate(self.times(a.parts[0], b))
        if b.fixed and a.kind == "*" and a.parts[1].fixed and not a.fixed:
            return self.times(a.parts[0], self.times(a.parts[1], b))
        return self.make("*", a, b)

    def over(self, a, b):
        """a / b; by something fixed as a product with its inverse."""
        if b.fixed:
            return self.times(a, self.make("/", self.number(1.0), b))
        return self.make("/", a, b)

    def when(self, condition, a):
        """a where a condition holds, else 0."""
        if condition.kind == "truth":
            return a if condition.data else None
        if a.kind == "*" and a.parts[1].fixed and not a.fixed:
            return self.times(self.when(condition, a.parts[0]), a.parts[1])
        if a.kind == "neg":
            return self.negate(self.when(condition, a.parts[0]))
        return self.make("when", condition, a)

    def factors(self, a):
        """(what changes, fixed factor or None) of a value."""
        if a.kind == "*" and a.parts[1].fixed and not a.parts[0].fixed:
            return a.parts
        if a.kind == "neg":
            changing, fixed = self.factors(a.parts[0])
            return changing, self.negate(fixed or self.number(1.0))
        return a, None
