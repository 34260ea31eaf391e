"""Statements of a `Program` as Python source.

Each operation becomes one function ``bind(__S, __P, __K, __F)``: its body computes, once per pass and inside the
autograd graph, every expression that does not change during the run (``exp(-dt/tau_m)``); it returns ``__run()``,
which is called in every step. The same source runs on NumPy arrays (`arrays_numpy`) and on torch tensors
(`arrays_torch`): what differs is behind ``__F``.

__S : arrays that change, by key; (trial, element), or (element,) in one trial on NumPy; numbers where shared
__P : arrays that do not change, by key; (element,), or numbers where shared
__K : external constants by name
__F : elementary functions (`numerics`) and what the pass adds (spikes, resets, delivery, random numbers)

Two underscores begin every name of ours in that source: Brian2 has none of that kind.
"""

from __future__ import annotations

import ast
from dataclasses import replace

from .expressions import COMPARISONS, EVENTS, IN_PLACE, MASKED, WHOLE, ExpressionWriter, Term
from .program import Reset, Sum, Threshold, Transmission

MASKS = {"not_refractory"}  # truth values that no gradient passes through
ORDERS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)  # comparisons that have a distance, and so a surrogate
TIME_OF_UPDATE = "lastupdate"  # of event-driven variables: no gradient passes, see `spiking.ResetFunction`
SCATTERED = {"+=": "add", "-=": "subtract", "*=": "multiply", "/=": "divide"}


class StatementWriter(ExpressionWriter):
    """Writes the statements of one operation; for the parameters see `ExpressionWriter`."""

    def __init__(self, operation, layout, form):
        super().__init__(operation, layout, form)
        self.same = {}  # name -> names that hold the same array
        self.decays = {}  # variable -> source of a function from its stored value to that of now

    # -------------------------------------------------------------- one statement
    def combine(self, line):
        """The new value of a line's target, in-place operators resolved."""
        value = self.branches(line) if line.branches else self.expression(line.expression)
        if line.op in (":=", "="):
            return value
        old = self.names.get(line.target) or self.load(line.target)
        new = self.operate(IN_PLACE[line.op[:-1]], old, value)
        if self.scalar_block:
            return new
        return Term(f"__F.same({self.here(new)}, {self.here(old)})", False, fresh=True)

    def branches(self, line):
        """Brian2's ``where`` over the two simplified forms of an expression."""
        return self.join("__F.where({0}, {1}, {2})", *(self.expression(text) for text in line.branches))

    def bind(self, target, code, term):
        """Give a name a value in the step function. A name of the beginning of the pass keeps its value there."""
        name = f"__now_{target}" if target in self.fixed_names else target
        self.step.append(f"{name} = {code}")
        self.names[target] = replace(term, code=name, fixed=False, simple=True)

    def bind_local(self, line):
        """A new local name; computed once where it does not change."""
        term = self.combine(line)
        self.note_decay(line, term)
        if term.fixed and line.target not in self.names:
            self.once.append(f"{line.target} = {term.code}")
            self.fixed_names[line.target] = line.target
            self.names[line.target] = Term(line.target, True, True, term.shared, term.fresh)
        else:
            self.bind(line.target, self.here(term), replace(term, shared=term.shared and self.scalar_block))
        self.note_alias(line)

    def assign(self, line):
        """A write to an array, kept in a local name until it is stored."""
        if line.condition:
            old = self.names.get(line.target) or self.load(line.target)
            mask = self._name(ast.Name(line.condition))
            self.mask = line.condition
            term = self.combine(line)
            self.mask = None
            parts = ", ".join(self.here(t) for t in (mask, term, old))
            term = Term(f"__F.choose({parts})", False, fresh=True)
        else:
            term = self.combine(line)
        fresh = (
            term.fresh and not term.fixed
        )  # what is computed once a pass must not become a part of the state
        self.bind(line.target, self.here(term), replace(term, shared=self.scalar_block, fresh=fresh))
        self.note_alias(line)

    def note_decay(self, line, term):
        """``_x := f(x, t - lastupdate)``: how a variable that is updated at events has decayed since the last one."""
        variable = line.target.removeprefix("_")
        if self.form != MASKED or term.fixed or TIME_OF_UPDATE not in self.operation.accesses:
            return
        if variable == line.target or variable not in self.operation.accesses or variable not in self.names:
            return
        given = sorted({n.partition(" = ")[0] for n in self.step if " = " in n} & set(_names(term.code)))
        given = ", ".join(f"{n}={n}" for n in given if n != variable)
        self.decays[variable] = f"lambda {variable}, {given}: {term.code}"
        self.step.append(f"__decay_{variable} = {self.decays[variable]}")

    def note_alias(self, line):
        """``x = v`` and then ``v -= 1``: in Brian2 both names hold the same array, and x changes with v."""
        source = line.expression.strip()
        if line.op not in (":=", "=") or line.condition:
            for other in sorted(self.same.get(line.target, {line.target}) - {line.target}):
                if not (self.names[other].shared or self.names[other].fixed):
                    self.bind(
                        other, self.names[line.target].code, replace(self.names[line.target], fresh=False)
                    )
            return
        for names in self.same.values():
            names.discard(line.target)
        self.same[line.target] = {line.target}
        if source.isidentifier() and source in self.names and source != line.target:
            group = self.same.setdefault(source, {source})
            group.add(line.target)
            self.same[line.target] = group

    # -------------------------------------------------------------- blocks
    def together(self, lines):
        """All lines on local values; returns the names of the arrays that they wrote, in order."""
        written = []
        for line in lines:
            if line.op == ":=":
                self.bind_local(line)
            else:
                self.assign(line)
                if line.target not in written:
                    written.append(line.target)
        return written

    def scatter(self, lines):
        """One line after the other, each written before the next begins.

        Over all elements (`MASKED`) what is written to them stays local until the end: no element has two events at
        once, and where there is none the local value is what an event would find.
        """
        kept = []
        for line in lines:
            if line.op == ":=":
                self.bind_local(line)
                continue
            access = self.operation.accesses[line.target]
            if access.index != "_idx" and line.op not in ("=", ":="):
                self.add(line, access)
            else:
                self.assign(line)
                if self.form == MASKED:
                    kept += [line.target] if line.target not in kept else []
                else:
                    self.store([line.target])
            self.forget(kept)
        self.store(kept)

    def forget(self, kept):
        """Read again what may have been written."""
        arrays = self.operation.accesses
        self.names = {n: t for n, t in self.names.items() if n not in arrays or t.fixed or n in kept}
        if not kept:
            self.same = {}

    def add(self, line, access):
        """An in-place operator at every element of an index, repeated elements one after the other."""
        self.mask = line.condition
        value = self.here(self.expression(line.expression))
        self.mask = None
        place, kind = f"__S[{access.array!r}]", SCATTERED[line.op]
        mask = "None" if line.condition is None else self.here(self._name(ast.Name(line.condition)))
        if self.form == MASKED:
            self.step.append(
                f"{place} = __F.add_masked({self.operation.name!r}, {access.index!r}, {place}, __m, {value}, "
                f"{mask}, {kind!r})"
            )
            return
        places = self.handle(access) if self.form == EVENTS else self.hoist(self.index_term(access.index))
        self.step.append(f"{place} = __F.scatter({place}, {places}, {value}, {mask}, {kind!r})")

    def store(self, names):
        """Write local values back to their arrays."""
        kept = []
        for name in names:
            access, term = self.operation.accesses[name], self.names[name]
            place, value = f"__S[{access.array!r}]", self.names[name].code
            if access.index == "0":
                code = f"__F.store_shared({value}, {place})"
            elif self.form == EVENTS:
                code = f"__F.put({place}, {self.handle(access)}, {value})"
            elif access.index != "_idx":
                code = f"__F.put_through({place}, {self.hoist(self.index_term(access.index))}, {value})"
            elif self.form == MASKED:
                decay = "False" if name == TIME_OF_UPDATE else "None"
                decay = f"__decay_{name}" if name in self.decays else decay
                kept.append((place, value, decay))
                continue
            else:
                code = f"__F.{'store' if term.fresh else 'store_copy'}({value}, {place})"
            self.step.append(f"{place} = {code}")
        if kept:
            targets = ", ".join(place for place, *_ in kept)
            changes = ", ".join(f"({place}, {value}, {decay})" for place, value, decay in kept)
            self.step.append(f"{targets}, = __F.keep({self.operation.name!r}, __m, {changes})")

    def shared_block(self):
        """The lines that run once a step; returns the names of the shared arrays that they wrote."""
        self.scalar_block = True
        written = self.together(self.operation.scalar)
        self.scalar_block = False
        return written

    def source(self):
        """The finished source of ``bind``."""
        body = [f"    {line}" for line in self.once] + ["    def __run():"]
        body += [f"        {line}" for line in self.step or ["pass"]] + ["    return __run"]
        return "\n".join(["def bind(__S, __P, __K, __F):", *body])


class ThresholdWriter(StatementWriter):
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
        terms = [self._term(n) for n in (node.left, node.comparators[0])]  # drawn in the order of the text
        if kind in (ast.Lt, ast.LtE):
            terms.reverse()
        terms += [self._term(n) for n in masks]
        return self.join(f"__F.above({{0}}, {{1}}, {strict}, {self.operation.label!r}{mask})", *terms)

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


def _names(code):
    """The names in a piece of source."""
    return {node.id for node in ast.walk(ast.parse(code, mode="eval")) if isinstance(node, ast.Name)}


def can_mask(operation):
    """Whether an operation on events can run over all elements: it writes its own elements, or adds to others."""
    if operation.mode == "one by one":
        return False
    for line in operation.vector:
        if line.op == ":=":
            continue
        own = operation.accesses[line.target].index == "_idx"
        if not own and (operation.mode == "together" or line.op not in ("+=", "-=")):
            return False
    return True


def adds_fixed(operation, layout):
    """Whether a pathway does nothing but add values that do not change during a run."""
    if operation.mode != "scatter":
        return False
    writer = StatementWriter(operation, layout, WHOLE)
    writer.shared_block()
    for line in operation.vector:
        if line.op == ":=":
            writer.bind_local(line)
            continue
        access = operation.accesses[line.target]
        if access.index in ("_idx", "0") or line.op not in ("+=", "-="):
            return False
        if line.condition and operation.accesses[line.condition].index != access.index:
            return False
        if not writer.expression(line.expression).fixed or operation.draws():
            return False
    return True


def write_operation(operation, layout, form=WHOLE):
    """Python source of one operation: ``bind(__S, __P, __K, __F)``, which returns ``__run()``.

    Parameters
    ----------
    operation : Operation
    layout : Layout
    form : {"whole", "events", "masked", "fixed"}
        Which elements the statements run over; "fixed" is the short way of `adds_fixed`.
    """
    if form == "fixed":
        return _write_fixed(operation, layout)
    kind = ThresholdWriter if isinstance(operation, Threshold) else StatementWriter
    writer = kind(operation, layout, form)
    if isinstance(operation, (Transmission, Reset)):
        _write_arrival(writer)
    written = writer.shared_block()
    if operation.mode == "one by one":
        return _write_one_by_one(writer, written)
    if operation.mode == "scatter":
        writer.store(written)
        writer.scatter(operation.vector)
    else:
        written += [n for n in writer.together(operation.vector) if n not in written]
        writer.store(written)
    if isinstance(operation, Threshold):
        _write_events(writer)
    if isinstance(operation, Sum):
        value = writer.here(writer.names["_synaptic_var"])
        place = f"__S[{operation.target!r}]"
        writer.step.append(f"{place} = __F.summed({operation.name!r}, {value}, {place})")
    return writer.source()


def _write_arrival(writer):
    """Which elements have an event now."""
    operation = writer.operation
    events = f"__S[{operation.events!r}]"
    if isinstance(operation, Reset):
        writer.step.append(
            f"__e = __F.fired({events})" if writer.form == EVENTS else f"__m = __F.fired_mask({events})"
        )
        return
    if writer.form == EVENTS:
        writer.step += [f"__e = __F.arrived({operation.name!r}, {events})", "if __e is None: return"]
    else:
        writer.step.append(f"__m = __F.arrived_mask({operation.name!r}, {events})")


def _write_one_by_one(writer, written):
    """All lines for one element after the other, as numpy's target does where they cannot run together."""
    operation = writer.operation
    writer.store(written)
    before, writer.step = writer.step, []
    writer.single = True
    names = writer.together(operation.vector)
    writer.store(names)
    body, writer.step = writer.step, before
    writer.step.append("for __e in __F.each(__e):")
    writer.step += [f"    {line}" for line in body]
    return writer.source()


def _write_events(writer):
    operation = writer.operation
    condition = writer.here(writer.names["_cond"])
    events = f"__S[{operation.events!r}]"
    writer.step.append(f"{events} = __F.events({operation.events!r}, {condition}, {operation.elements})")
    if operation.refractory:
        free, last, t = (f"__S[{key!r}]" for key in operation.refractory)
        writer.step.append(f"{free}, {last} = __F.silence({events}, {free}, {last}, {t})")


def _write_fixed(operation, layout):
    """Each statement adds to one variable, for all events, before the next statement begins."""
    writer = StatementWriter(operation, layout, WHOLE)
    writer.shared_block()
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
        writer.once.append(f"__sent_{number} = __F.prepare({where}, {access.array!r}, {sent})")
        masked = "None"
        if line.condition:
            mask = operation.accesses[line.condition].array
            masked = f"{'__S' if mask in layout.changing else '__P'}[{mask!r}]"
        writer.step.append(f"{place} = __F.deliver({where}, {place}, __sent_{number}, {masked})")
    return writer.source()
