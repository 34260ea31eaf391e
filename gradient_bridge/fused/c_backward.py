"""The pass backward of a generated engine.

Chunk by chunk from the end: the steps of a chunk are run again from its checkpoint, by the same functions, so to the
bit; their states stay in the cache, and the adjoint of each step reads them. The derivatives by the targets of a
delivery are kept for a chunk, so that those by its weights can be gathered neuron by neuron.
"""

from __future__ import annotations

from ..program import owner_of
from .c_again import Again
from .c_pieces import TIME
from .c_sums import Sums
from .plan import Delivery, Product, identifier


class Backward(Again, Sums):
    """Writes the pass backward; for the parameters see `Pieces`."""

    def backward(self):
        """C of the pass backward."""
        self.allocate()
        self.line("  for (long q = from; q < to; q++) {")
        self.line(
            "    const size_t q0 = q * a->block, nb = (size_t)a->trials - q0 < (size_t)a->block ? (size_t)a->trials - q0 : (size_t)a->block;"
        )
        for text in self.sizes():
            self.line(text)
        self.begin()
        self.line("    for (long chunk = (T + a->chunk - 1) / a->chunk - 1; chunk >= 0; chunk--) {")
        self.line("      const long t0 = chunk * a->chunk, t1 = t0 + a->chunk < T ? t0 + a->chunk : T;")
        self.again()
        self.reverse()
        self.sum_up()
        self.line("    }")
        self.finish()
        self.line("  }\nend:")
        frees = " ".join(f"free({n});" for n in self.made)
        self.line(f"  {frees}\n  return !ok;")
        return (
            "static int backward_part(const Call *a, const Ready *r, long from, long to, double *const *sums, real *const *acc) {\n"
            "  (void)r; (void)sums; (void)acc;\n" + "\n".join(self.lines) + "\n}\n" + self.whole()
        )

    def allocate(self):
        design = self.design
        self.line("  const long T = a->steps;\n  const size_t C = a->chunk;")
        for name, layout in self.layouts.items():
            g = identifier(name)
            self.line(
                f"  const size_t L_{g} = UP(a->block * {layout.size}, {layout.repeated}) + {layout.repeated};"
            )
        slots = max([self.per_step(name) for name in self.layouts] + [1])
        self.made += self.buffers(f"(C * {slots} + 1)")
        for name, layout in self.layouts.items():
            g, k = identifier(name), self.per_step(name)
            self.space(f"y_{g}", f"(C * {k} + 1) * {len(layout.states) or 1} * L_{g}")
            self.space(f"out_{g}", f"{self.outputs(name) + len(layout.last) + 1} * L_{g}")
            self.space(f"by_{g}", f"{len(layout.graded) + 1} * {layout.repeated}")
            for n, key in enumerate(layout.carried):
                self.space(f"d_{g}_{n}", f"(C * {k} + 1) * L_{g}" if key in layout.slotted else f"L_{g}")
                if key in layout.slotted:
                    self.space(f"carry_{g}_{n}", f"L_{g}")
            self.space(f"by_current_{g}", f"{self.most_currents(name)} * L_{g}")
        for space, size in self.plan.spaces.items():
            if space in self.plan.sources:
                continue
            s = identifier(space)
            self.line(f"  const size_t L_{s} = a->block * {size} + {16 * size};")
            self.space(f"truth_{s}", f"(C + 3) * L_{s}", "uint8_t")
            if space in design.carried_spaces:
                self.space(f"sent_{s}", f"{design.ring(space)} * L_{s}")
        for delivery in design.deliveries():
            if delivery.mask is not None and delivery.target in self.layout_of(delivery).carried:
                self.space(f"masked_{self.number(delivery)}", f"C * L_{self.group_of(delivery.target)}")
        for link in design.every_link():
            if link.graded and link.space is not None:
                self.space(f"place_{link.name}", f"{link.rows} * C * a->block", "uint32_t", "room")
                self.space(f"count_{link.name}", f"{link.rows}", "uint32_t")
        self.line(f"  const int ok = {' && '.join(self.made) or '1'};\n  if (!ok) goto end;")

    def begin(self):
        """What a block begins with: derivatives at the end, nothing under way."""
        for name, layout in self.layouts.items():
            g = identifier(name)
            for n, key in enumerate(layout.carried):
                to = f"carry_{g}_{n}" if key in layout.slotted else f"d_{g}_{n}"
                k = layout.states.index(key)
                self.line(f"    memset({to}, 0, L_{g} * sizeof(real));")
                self.line(
                    f"    if (a->by_end_{g}) copy(n_{g}, {to}, a->by_end_{g} + ({k} * a->trials + q0) * {layout.size});"
                )
        for space in self.design.carried_spaces:
            s = identifier(space)
            self.line(f"    memset(sent_{s}, 0, {self.design.ring(space)} * L_{s} * sizeof(real));")
        for space in self.plan.spaces:
            if space not in self.plan.sources:
                self.line(f"    const Events ev_{identifier(space)} = {self.kept_events(space)};")
                self.line(f"    (void)ev_{identifier(space)};")

    def reverse(self):
        for name, layout in self.layouts.items():
            g = identifier(name)
            for n, key in enumerate(layout.carried):
                if key in layout.slotted:
                    top = f"d_{g}_{n} + (t1 - t0) * {self.per_step(name)} * L_{g}"
                    self.line(f"      memcpy({top}, carry_{g}_{n}, L_{g} * sizeof(real));")
        self.line("      for (long t = t1 - 1; t >= t0; t--) {")
        for step in reversed(self.plan.steps):
            for text in self.one_back(step):
                self.line(f"        {text}")
        self.line("      }")

    def one_back(self, step):
        if isinstance(step, Delivery):
            return self.deliver_back(step)
        if isinstance(step, Product):
            return self.multiply_back(step)
        _, name, number = step
        group = self.plan.groups[name]
        kernel = group.kernels[number]
        if group.last is None or number < len(group.kernels) - 1:
            return self.kernel_back(kernel, number)
        return [
            "if (t < T - 1) {",
            *self.kernel_back(kernel, number),
            "} else {",
            *self.kernel_back(group.last, number),
            "}",
        ]

    def kernel_back(self, kernel, number, start=None):
        """C that runs the adjoint of a kernel; `start` is where its states are, for the one before the first step."""
        source, layout, g = (
            self.sources[kernel.name],
            self.layouts[kernel.group],
            identifier(kernel.group),
        )
        derivatives = self.design.derivatives[kernel.name]
        if not layout.carried and not derivatives.flows:
            return []
        lines = self.load_back(kernel, number)
        outs = [self.truth(space, shift) for space, shift in source.emitted]
        froms, tos = [], []
        for key in layout.states:
            if key not in layout.carried:
                froms.append("NULL")
                tos.append("NULL")
            elif start is not None:
                froms.append(self.flow(key, 0))
                tos.append(self.flow(key, 0))
            else:
                froms.append(self.flow(key, number + 1))
                tos.append(self.flow(key, number))
        sent, dense, traces = [], [], []
        for space, shift in source.emitted:
            s = identifier(space)
            sent.append(
                f"sent_{s} + ((t + {shift}) % {self.design.ring(space)}) * L_{s}"
                if space in self.design.carried_spaces
                else "NULL"
            )
            dense.append(
                self.given_back(
                    f"dense_{s}",
                    shift,
                    kernel.group,
                    len(dense) + len(traces),
                    lines,
                )
                if space in layout.dense
                else "NULL"
            )
        for key in source.traces:
            name = self.design.traces[key[:2]]
            traces.append(
                self.given_back(
                    f"trace_{name}",
                    key[2],
                    kernel.group,
                    len(dense) + len(traces),
                    lines,
                )
            )
        inside = [
            f"sent_{identifier(s)} + ((t + {shift} + {self.design.ring(s)}) % {self.design.ring(s)}) * L_{identifier(s)}"
            if s in self.design.carried_spaces
            else "NULL"
            for s, shift in source.events
        ]
        by_currents = [f"by_current_{g} + {k} * L_{g}" for k in range(len(source.currents))]
        states = self.states(kernel.group, number) if start is None else start
        begin = [f"{start} + {k} * L_{g}" for k in range(len(layout.states))]
        taken = self.taken(kernel, number)
        given = self.given(kernel, self.found(kernel.group, number) if start is None else begin, taken)
        call = ", ".join(
            [*given, *froms, *tos, *outs, *sent, *dense, *traces, *inside, *by_currents, f"by_{g}"]
        )
        for place, count in ((states, len(layout.states)), (taken, len(source.currents))):
            lines += [f"fill_up(n_{g}, nr_{g}, {layout.size}, {place} + {k} * L_{g});" for k in range(count)]
        for k, data in enumerate(source.currents):
            if data in derivatives.by_current:
                lines.append(f"memset(by_current_{g} + {k} * L_{g}, 0, L_{g} * sizeof(real));")
        lines.append(f"{{ {TIME} {kernel.name}_back({call}); }}")
        for k, data in enumerate(source.currents):
            if data in derivatives.by_current:
                name = self.design.currents[data[:2]]
                lines.append(
                    f"if (a->by_{name}) give_current(nb, {layout.size}, a->by_{name} + q0 * a->stride_{name}, a->stride_{name}, "
                    f"a->channels_{name}, a->rows_{name}[t + {data[2]}], a->column_{name}, by_current_{g} + {k} * L_{g});"
                )
        return lines

    def load_back(self, kernel, number):
        """C that loads the currents of a kernel where the chunk that was run again has not."""
        group = self.plan.groups[kernel.group]
        if kernel not in group.kernels or not self.loads_again(kernel, number):
            return list(self.currents(kernel, "-AHEAD"))
        if number < len(group.kernels) - 1 or self.read_at_the_end(kernel.group):
            return []
        return [f"if (t == t1 - 1) {{ {' '.join(self.currents(kernel, '0', self.taken(kernel, number)))} }}"]

    def given_back(self, output, shift, name, number, lines):
        """Where a derivative by an output lies: in place, or in a buffer that may be read past its end."""
        g, size = identifier(name), self.layouts[name].size
        place = f"a->by_{output} + q0 * a->by_trial_{output} + (t + {shift}) * a->by_step_{output}"
        own = f"out_{g} + {number} * L_{g}"
        # in place where no vector spills, or one number for all
        direct = f"(whole_{g} && (!a->by_step_{output} || a->by_trial_{output} == {size}))"
        lines.append(
            f"if (!{direct}) {{ take_rows(nb, {size}, {own}, {place}, a->by_trial_{output}, -a->by_step_{output}); "
            f"memset({own} + n_{g}, 0, (nr_{g} - n_{g}) * sizeof(real)); }} "
            f"else if (a->by_step_{output}) fetch({place} - AHEAD * a->by_step_{output}, n_{g});"
        )
        return f"({direct} ? {place} : {own})"

    def deliver_back(self, delivery):
        name = owner_of(delivery.target)
        layout, g = self.layouts[name], identifier(name)
        if delivery.target not in layout.carried:
            return []
        number, lines = self.before(delivery), []
        d = self.flow(delivery.target, number)
        if delivery.mask is not None:
            mask = self.at(delivery.mask, self.states(name, number))
            masked = f"(masked_{self.number(delivery)} + (t - t0) * L_{g})"
            lines.append(f"take_masked(nr_{g}, {masked}, {d}, {mask});")
            d = masked
        for link in self.design.links[id(delivery)]:
            if not link.back:
                continue
            s = identifier(link.space)
            to = f"sent_{s} + ((t - {link.lag}) % {self.design.ring(link.space)}) * L_{s}"
            if link.dense:
                call = f"add_product(nb, {link.rows}, {link.columns}, {d}, r->p_{link.name}, {to});"
            else:
                call = (
                    f"add_transposed(nb, {link.rows}, {link.columns}, {d}, a->w_{link.name}, a->first_{link.name}, "
                    f"a->target_{link.name}, {to});"
                )
            lines.append(f"if (t - {link.lag} >= 0) {call}")
        return lines

    def multiply_back(self, product):
        name, of = owner_of(product.target), owner_of(product.source)
        layout, g = self.layouts[name], identifier(name)
        if product.target not in layout.carried:
            return []
        link, lines = self.design.links[id(product)][0], []
        d = self.flow(product.target, self.before(product))
        if link.graded:
            x = self.at(product.source, self.states(of, self.design.before(product, product.source)))
            lines.append(
                f"add_outer(nb, {link.rows}, {link.columns}, {x}, {d}, acc[{self.design.accumulator(link)}]);"
            )
        if product.source in self.layouts[of].carried:
            to = self.flow(product.source, self.design.before(product, product.source))
            lines.append(f"add_product(nb, {link.rows}, {link.columns}, {d}, r->p_{link.name}, {to});")
        return [*lines, f"memset({d}, 0, L_{g} * sizeof(real));"]
