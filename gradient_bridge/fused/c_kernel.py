"""A kernel as C: vectors over trials and neurons, written out with the compiler's vector types."""

from __future__ import annotations

import math

SHORT = 256  # neurons of whole vectors up to which a strip is one vector
LONG_STRIP = 8
INFIX = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")
CALLS = {"mod": "v_mod", "floordiv": "v_floordiv", "power": "v_pow", "min": "v_min", "max": "v_max"}


class BodyWriter:
    """Writes values in their order: fixed ones before the loop over trials, others in it.

    Parameters
    ----------
    load : callable
        C expression of a leaf.
    given : dict of Value to str
        Values that are read instead of computed, with their C expressions.
    loose : bool
        Whether a division by something fixed may be a product with its inverse.
    """

    def __init__(self, load, given=None, loose=False):
        self.load, self.loose = load, loose
        self.given = {v: code for v, code in (given or {}).items() if not v.fixed}
        self.strips, self.before, self.inside, self.names = [], [], [], {}
        self.inverses = {}

    def name(self, value):
        """Name of a value in C; written at its first use."""
        if value in self.names:
            return self.names[value]
        stack = [value]
        while stack:  # parts first, without recursion: sums of many terms are deep
            top = stack[-1]
            open_parts = [] if top in self.given else [p for p in top.parts if p not in self.names]
            if open_parts:
                stack += open_parts
                continue
            stack.pop()
            if top not in self.names:
                self._write(top)
        return self.names[value]

    def _write(self, value):
        if value.kind == "number" and not value.parts:
            self.names[value] = f"K({number(value.data)})"
            return
        name = f"x{value.order}"
        kind = "vm" if value.truth else "vf"
        code = self.given.get(value) or self._code(value)
        if value.fixed:
            self.names[value] = self.once(kind, name, code)
        else:
            self.inside.append(f"{kind} {name} = {code};")
            self.names[value] = name

    def once(self, kind, name, code):
        """What is computed before the loop over trials, for each vector of a strip of neurons."""
        self.strips.append(f"{kind} {name}[STRIP];")
        self.before.append(f"{name}[u] = {code};")
        return f"{name}[u]"

    def inverse(self, name):
        """Name of the inverse of something fixed."""
        if name not in self.inverses:
            self.inverses[name] = self.once("vf", f"inverse_{name.removesuffix('[u]')}", f"K(1.0) / {name}")
        return self.inverses[name]

    def _code(self, value):
        parts = [self.names[p] for p in value.parts]
        kind = value.kind
        if not parts:
            if kind == "truth":
                return f"(vm){{}} - {int(value.data)}"
            return self.load(value)
        if kind == "/" and self.loose and value.parts[1].fixed and not value.fixed:
            return f"{parts[0]} * {self.inverse(parts[1])}"
        if kind in INFIX:
            return f"{parts[0]} {kind} {parts[1]}"
        if kind in ("above", "at least"):
            return f"{parts[0]} {'>' if kind == 'above' else '>='} {parts[1]}"
        if kind == "neg":
            return f"-{parts[0]}"
        if kind in ("and", "or"):
            return f"{parts[0]} {'&' if kind == 'and' else '|'} {parts[1]}"
        if kind == "not":
            return f"~{parts[0]}"
        if kind == "number":
            return f"WHEN({parts[0]}, K(1.0))"
        if kind == "when":
            return f"WHEN({parts[0]}, {parts[1]})"
        if kind in ("where", "keep"):
            select = "SELECT_TRUTH" if value.truth else "SELECT"
            return f"{select}({', '.join(parts)})"
        if kind == "function":
            return f"f_{value.data}({parts[0]})"
        return f"{CALLS[kind]}({', '.join(parts)})"


def number(value):
    """A number in C."""
    value = float(value)
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return "NAN" if math.isnan(value) else repr(value)


class KernelSource:
    """C functions of one kernel: `forward` and, where it has one, `adjoint`.

    Parameters
    ----------
    kernel : Kernel
    layout : GroupLayout
        Places of the group's states and coefficients.
    """

    def __init__(self, kernel, layout):
        self.kernel, self.layout = kernel, layout
        self.currents = kernel.leaves("current")
        self.events = kernel.leaves("event")
        self.emitted = list(kernel.emitted)
        self.traces = list(kernel.traces)

    # -------------------------------------------------------------- what both directions read
    def load(self, leaf):
        """C expression of a leaf."""
        kind, data = leaf.kind, leaf.data
        if kind == "coefficient":
            place = f"LD(co + {self.layout.coefficients.index(data)} * RN + j)"
            return f"{place} != K(0.0)" if leaf.truth else place
        if kind == "state":
            place = f"LD(y{self.layout.states.index(data)} + i)"
            return f"{place} != K(0.0)" if leaf.truth else place
        if kind == "event":
            return f"load_truth(in{self.events.index(data)} + i)"
        if kind == "current":
            return f"LD(current{self.currents.index(data)} + i)"
        if kind == "time":
            return f"K(time[{data}])"
        if kind == "now":
            return f"K(now + {data})"
        if kind == "tick":
            return f"K(first + now + {data})"
        raise NotImplementedError(kind)

    def signature(self):
        """Parameters that both directions have."""
        states = [f"const real *y{k}" for k in range(len(self.layout.states))]
        currents = [f"const real *current{k}" for k in range(len(self.currents))]
        events = [f"const uint8_t *in{k}" for k in range(len(self.events))]
        return [
            "size_t n",
            "const real *restrict co",
            "real first",
            "real now",
            "const real *time",
            *states,
            *currents,
            *events,
        ]

    def loop(self, writer, stores, after=()):
        """The loops: over strips of neurons (of as many trials as fill whole vectors), over trials, over a strip.

        A strip is one vector where the states of a block are few: what is fixed stays in registers. Where they are many,
        it is as long as a page of memory is not read for one vector alone.
        """
        inside, before = "\n        ".join(writer.inside + list(stores)), "\n      ".join(writer.before)
        tail = "\n      ".join(after)
        strip = self.strip()
        each = "for (size_t u = 0, j = s; u < w; u++, j += VL)" if strip > 1 else "const size_t u = 0, j = s;"
        wide = f"const size_t w = RN - s < {strip} * VL ? (RN - s) / VL : {strip};" if strip > 1 else ""
        place = (
            "for (size_t u = 0, i = k + s; u < w; u++, i += VL)"
            if strip > 1
            else "const size_t u = 0, i = k + s;"
        )
        return (
            f"  enum {{ STRIP = {strip} }};\n  for (size_t s = 0; s < RN; s += STRIP * VL) {{\n    {wide}\n"
            f"    {' '.join(writer.strips)}\n"
            f"    {{ {each} {{\n      (void)u; (void)j;\n      {before}\n    }} }}\n"
            f"    for (size_t k = 0; k < n; k += RN) {{\n      {place} {{\n        {inside}\n      }}\n    }}\n"
            f"    {{ {each} {{\n      {tail}\n    }} }}\n  }}\n"
        )

    def strip(self):
        """Vectors in a strip."""
        return LONG_STRIP if self.layout.repeated > SHORT else 1

    # -------------------------------------------------------------- forward
    def forward(self):
        """The C function of a step: every value as the statements round it."""
        writer, stores = BodyWriter(self.load), []
        for key, value in self.kernel.state.items():
            if key not in self.layout.states:
                continue
            k = self.layout.states.index(key)
            name = writer.name(value)
            # in place where nothing changes; into another slot of a chunk everything is written
            stores.append(f"ST(z{k} + i, {self.as_real(value, name)});")
        for k, key in enumerate(self.emitted):
            stores.append(f"store_truth(out{k} + i, {writer.name(self.kernel.emitted[key])});")
            if key[0] in self.layout.dense:
                stores.append(
                    f"PUT(dense{k} + i, WHEN({writer.name(self.kernel.emitted[key])}, K(1.0)), past)"
                )
        for k, key in enumerate(self.traces):
            value = self.kernel.traces[key]
            stores.append(f"PUT(trace{k} + i, {self.as_real(value, writer.name(value))}, past)")
        untouched = [k for k, key in enumerate(self.layout.states) if key not in self.kernel.state]
        stores += [f"ST(z{k} + i, LD(y{k} + i));" for k in untouched]
        last = []
        for key, value in self.kernel.state.items():
            if key in self.layout.last and self.computes(value, key):
                last.append(
                    f"ST(last{self.layout.last.index(key)} + i, {self.as_real(value, writer.name(value))});"
                )
        if last:
            stores.append("if (all) { " + " ".join(last) + " }")
        given = self.signature() + [f"real *z{k}" for k in range(len(self.layout.states))]
        given += [f"uint8_t *out{k}" for k in range(len(self.emitted))]
        given += [f"real *dense{k}" for k, key in enumerate(self.emitted) if key[0] in self.layout.dense]
        given += [f"real *trace{k}" for k in range(len(self.traces))]
        given += [f"real *last{k}" for k in range(len(self.layout.last))]
        given.append("int past")
        name = f"{self.kernel.name}_step"
        body = self.loop(writer, stores)
        inner = f"INLINE EXACT void {name}_({', '.join(given)}, int all) {{\n  EXACTLY\n{body}}}\n"
        names = ", ".join(p.split()[-1].lstrip("*") for p in given)
        names = names.replace("restrict co", "co")
        return inner + (
            f"static NOINLINE EXACT void {name}({', '.join(given)}, int all) {{\n"
            f"  if (all) {name}_({names}, 1); else {name}_({names}, 0);\n}}\n"
        )

    def again(self, spared):
        """The C function that computes a step once more, and the currents that it reads.

        It writes events and states, but for those `spared`, and nothing that the forward pass wrote for the user.
        """
        writer, stores = BodyWriter(self.load), []
        for k, key in enumerate(self.layout.states):
            if key in spared:
                continue
            value = self.kernel.state.get(key)
            stored = f"LD(y{k} + i)" if value is None else self.as_real(value, writer.name(value))
            stores.append(f"ST(z{k} + i, {stored});")
        for k, event in enumerate(self.kernel.emitted.values()):
            stores.append(f"store_truth(out{k} + i, {writer.name(event)});")
        given = self.signature() + [f"real *z{k}" for k in range(len(self.layout.states))]
        given += [f"uint8_t *out{k}" for k in range(len(self.emitted))]
        read = [v.data for v in writer.names if v.kind == "current"]
        name, body = f"{self.kernel.name}_again", self.loop(writer, stores)
        return f"static NOINLINE EXACT void {name}({', '.join(given)}) {{\n  EXACTLY\n{body}}}\n", read

    @staticmethod
    def as_real(value, name):
        """A value as it is stored."""
        return f"WHEN({name}, K(1.0))" if value.truth else name

    @staticmethod
    def computes(value, key):
        """Whether the kernel writes a value, other than the one it found."""
        return not (value.kind == "state" and value.data == key)

    # -------------------------------------------------------------- adjoint
    def adjoint(self, derivatives):
        """The C function of the adjoint; values of the step are computed again, events are read."""
        emitted = {value: f"load_truth(out{k} + i)" for k, value in enumerate(self.kernel.emitted.values())}
        writer, stores, after = BodyWriter(self.load_flow, emitted, loose=True), [], []
        states = self.layout.states
        for key, flow in derivatives.by_state.items():
            value = "K(0.0)" if flow is None else writer.name(flow)
            stores.append(f"ST(to{states.index(key)} + i, {value});")
        passed = [key for key in self.layout.carried if key not in derivatives.by_state]
        stores += [f"ST(to{k} + i, LD(from{k} + i));" for k in map(states.index, passed)]
        for k, key in enumerate(self.emitted):
            if ("event", *key) in derivatives.flows:
                stores.append(f"ST(emitted{k} + i, K(0.0));")
        for data, flow in derivatives.by_event.items():
            place = f"sent{self.events.index(data)} + i"
            stores.append(f"ST({place}, LD({place}) + {writer.name(flow)});")
        for data, flow in derivatives.by_current.items():
            place = f"by_current{self.currents.index(data)} + i"
            stores.append(f"ST({place}, LD({place}) + {writer.name(flow)});")
        sums = {}
        for terms in derivatives.by_coefficient.values():
            for changing, _ in terms:
                if changing not in sums:
                    sums[changing] = writer.once("vf", f"sum{len(sums)}", "K(0.0)")
        for changing, name in sums.items():
            stores.append(f"{name} += {writer.name(changing)};")
        for data, terms in derivatives.by_coefficient.items():
            place = f"by + {self.layout.graded.index(data)} * RN + j"
            parts = [sums[c] if f is None else f"{sums[c]} * {writer.name(f)}" for c, f in terms]
            after.append(f"ST({place}, LD({place}) + {' + '.join(parts)});")
        given = self.signature()
        given += [f"const real *from{k}" for k in range(len(states))] + [
            f"real *to{k}" for k in range(len(states))
        ]
        given += [f"const uint8_t *out{k}" for k in range(len(self.emitted))]
        given += [f"real *emitted{k}" for k in range(len(self.emitted))]
        given += [f"const real *by_dense{k}" for k in range(len(self.emitted))]
        given += [f"const real *by_trace{k}" for k in range(len(self.traces))]
        given += [f"real *sent{k}" for k in range(len(self.events))]
        given += [f"real *by_current{k}" for k in range(len(self.currents))]
        given += ["real *restrict by"]
        return f"static NOINLINE void {self.kernel.name}_back({', '.join(given)}) {{\n{self.loop(writer, stores, after)}}}\n"

    def load_flow(self, leaf):
        """C expression of a leaf of the adjoint."""
        if leaf.kind != "flow":
            return self.load(leaf)
        kind, *data = leaf.data
        if kind == "state":
            return f"LD(from{self.layout.states.index(data[0])} + i)"
        if kind == "event":
            k = self.emitted.index(tuple(data))
            dense = f" + LD(by_dense{k} + i)" if data[0] in self.layout.dense else ""
            return f"LD(emitted{k} + i){dense}"
        return f"LD(by_trace{self.traces.index(tuple(data))} + i)"
