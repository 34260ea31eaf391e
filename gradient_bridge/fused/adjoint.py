"""The adjoint of a kernel: reverse accumulation through its values.

``flow`` leaves hold derivatives of the loss by what the kernel hands on; the result holds those by what it takes in.
Each kind of operation has its derivative once; nothing here knows a neuron.
"""

from __future__ import annotations

from .slopes import slope
from .values import MASK, Algebra

STEPWISE = ("floor", "ceil", "sign")  # functions that no gradient passes


class Adjoint:
    """Derivatives of one kernel.

    Parameters
    ----------
    values : Algebra
        In which the kernel itself was made.
    active : callable
        Whether a leaf carries a gradient.
    surrogates : dict of str to (Surrogate, float)
        By label of a threshold.
    detach_reset : bool
        Whether the reset hides the spike from the gradient.
    """

    def __init__(self, values, active, surrogates, detach_reset=False):
        self.values, self.active, self.surrogates = values, active, surrogates
        self.detach_reset = detach_reset
        self.flows, self._carries = {}, {}

    def carries(self, value):
        """Whether a gradient passes through a value."""
        known = self._carries.get(value)
        if known is None:
            if not value.parts:
                known = value.kind != "number" and self.active(value)
            elif value.kind in ("<", "<=", ">", ">=", "==", "!=") or value.data in (*STEPWISE, MASK):
                known = False
            else:
                known = any(self.carries(p) for p in value.parts)
            self._carries[value] = known
        return known

    def give(self, value, flow):
        """Add to the derivative by a value."""
        if flow is not None and self.carries(value):
            self.flows[value] = self.values.add(self.flows.get(value), flow)

    def run(self):
        """Pass everything back to the leaves: derivative by each leaf that has one."""
        leaves = {}
        while self.flows:
            value = max(self.flows, key=lambda v: v.order)
            flow = self.flows.pop(value)
            if not value.parts:
                leaves[value] = self.values.add(leaves.get(value), flow)
            else:
                self.back(value, flow)
        return leaves

    def back(self, value, flow):
        """One operation."""
        v, parts = self.values, value.parts
        a, b = (*parts, None, None)[:2]
        kind = value.kind
        if kind == "+":
            self.give(a, flow)
            self.give(b, flow)
        elif kind == "-":
            self.give(a, flow)
            self.give(b, v.negate(flow))
        elif kind == "neg":
            self.give(a, v.negate(flow))
        elif kind == "*":
            self.give(a, v.times(flow, b))
            self.give(b, v.times(flow, a))
        elif kind == "/":
            by_a = v.over(flow, b)
            self.give(a, by_a)
            self.give(b, v.negate(v.times(by_a, value)))
        elif kind == "mod":
            self.give(a, flow)
            self.give(b, v.negate(v.times(flow, v.make("floordiv", a, b))))
        elif kind == "power":
            self.power(value, flow)
        elif kind == "function":
            self.give(a, v.times(flow, derivative(v, value.data, a, value)))
        elif kind in ("min", "max"):
            inside = v.make("<=" if kind == "min" else ">=", a, b)
            self.give(a, v.when(inside, flow))
            self.give(b, v.when(v.make("not", inside), flow))
        elif kind == "where":
            condition, yes, no = parts
            self.give(yes, v.when(condition, flow))
            self.give(no, v.when(v.make("not", condition), flow))
        elif kind == "keep":
            self.keep(parts, flow)
        elif kind in ("above", "at least"):
            surrogate, scale = self.surrogates[value.data]
            distance = v.make("-", a, b)
            scaled = distance if scale == 1 else v.times(distance, v.number(1 / scale))
            by_distance = v.times(flow, slope(v, surrogate, scaled))
            if scale != 1:
                by_distance = v.times(by_distance, v.number(1 / scale))
            self.give(a, by_distance)
            self.give(b, v.negate(by_distance))
        elif kind == "and":
            self.give(a, v.when(b, flow))
            self.give(b, v.when(a, flow))
        elif kind == "or":  # of a + b - ab
            self.give(a, v.when(v.make("not", b), flow))
            self.give(b, v.when(v.make("not", a), flow))
        elif kind == "not":
            self.give(a, v.negate(flow))
        elif kind == "number":
            self.give(a, flow)
        elif kind != "floordiv":
            raise NotImplementedError(kind)

    def keep(self, parts, flow):
        """``old + event*(new - old)``."""
        event, new, old = parts
        v = self.values
        if new.kind in ("+", "-") and new.parts[0] is old:  # a reset by a distance
            step = new.parts[1]
            signed = (lambda x: x) if new.kind == "+" else v.negate
            self.give(old, flow)
            self.give(step, signed(v.when(event, flow)))
            change = v.times(signed(flow), step)
        else:
            self.give(old, v.when(v.make("not", event), flow))
            self.give(new, v.when(event, flow))
            change = v.times(flow, v.make("-", new, old))
        if not self.detach_reset:
            self.give(event, change)

    def power(self, value, flow):
        """``base ** exponent``."""
        v = self.values
        base, exponent = value.parts
        less = v.make("power", base, v.make("-", exponent, v.number(1.0)))
        self.give(base, v.times(flow, v.times(exponent, less)))
        if self.carries(exponent):
            positive = v.make(">", base, v.number(0.0))
            logarithm = v.when(positive, v.make("function", base, data="log"))
            self.give(exponent, v.times(v.times(flow, value), logarithm))


def derivative(v: Algebra, name, x, y):
    """The derivative of a function at x, where its value is y."""
    one = v.number(1.0)

    def call(function):
        return v.make("function", x, data=function)

    def square(a):
        return v.times(a, a)

    if name == "exp":
        return y
    if name in ("log", "log10", "log1p"):
        below = v.make("+", one, x) if name == "log1p" else x
        return v.over(one, v.times(below, v.number(2.302585092994046)) if name == "log10" else below)
    if name == "expm1":
        return v.make("+", y, one)
    if name == "sqrt":
        return v.over(v.number(0.5), y)
    if name == "sin":
        return call("cos")
    if name == "cos":
        return v.negate(call("sin"))
    if name == "tan":
        return v.make("+", one, square(y))
    if name == "sinh":
        return call("cosh")
    if name == "cosh":
        return call("sinh")
    if name == "tanh":
        return v.make("-", one, square(y))
    if name in ("arcsin", "arccos"):
        root = v.make("function", v.make("-", one, square(x)), data="sqrt")
        return v.over(one if name == "arcsin" else v.number(-1.0), root)
    if name == "arctan":
        return v.over(one, v.make("+", one, square(x)))
    if name == "abs":
        return call("sign")
    if name == "exprel":
        return call("exprel_slope")
    raise NotImplementedError(name)
