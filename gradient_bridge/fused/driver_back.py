"""The pass backward of a generated engine.

Chunk by chunk from the end: the steps of a chunk are run again from its checkpoint, by the same functions, so to the
bit; their states stay in the cache, and the adjoint of each step reads them. The derivatives by the targets of a
delivery are kept for a chunk, so that those by its weights can be gathered neuron by neuron.
"""

from __future__ import annotations

from .driver import TIME, States
from .plan import Delivery, Product, identifier


class BackWriter:
    """Writes the pass backward.

    Parameters
    ----------
    writer : Writer
    """

    def __init__(self, writer):
        self.writer, self.design, self.plan = writer, writer.design, writer.plan
        self.layouts = self.design.layouts
        self.made = []
        self.lines = []

    def line(self, text):
        self.lines.append(text)

    # -------------------------------------------------------------- places
    def per_step(self, name):
        """Kernels of a group in a step."""
        return len(self.plan.groups[name].kernels)

    def slot(self, name, number, time="t"):
        """C of the number of a slot of a chunk: states before the kernel of that number."""
        return f"(({time} - t0) * {self.per_step(name)} + {number})"

    def states(self, name, number):
        """The states of a group before a kernel."""
        count = len(self.layouts[name].states)
        g = identifier(name)
        return f"(y_{g} + {self.slot(name, number)} * {count} * L_{g})"

    def flow(self, key, number, time="t"):
        """C of the derivatives by a carried state before a kernel."""
        name = key.rpartition(".")[0]
        layout, g = self.layouts[name], identifier(name)
        k = layout.carried.index(key)
        if key in layout.slotted:
            return f"(d_{g}_{k} + {self.slot(name, number, time)} * L_{g})"
        return f"d_{g}_{k}"

    def before(self, step):
        """How many kernels of the target's group a step of the plan has before it."""
        return self.design.before(step, step.target)

    # -------------------------------------------------------------- the source
    def backward(self):
        """C of the pass backward."""
        self.allocate()
        self.line("  for (long q = from; q < to; q++) {")
        self.line(
            "    const size_t q0 = q * a->block, nb = (size_t)a->trials - q0 < (size_t)a->block ? (size_t)a->trials - q0 : (size_t)a->block;"
        )
        for text in self.writer.sizes():
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

    def space(self, name, size, kind="real"):
        """C that allocates for the largest block."""
        self.line(f"  {kind} *{name} = space((size_t)({size}) * sizeof({kind}));")
        self.made.append(name)

    def allocate(self):
        design = self.design
        self.line("  const long T = a->steps;\n  const size_t C = a->chunk;")
        for name, layout in self.layouts.items():
            g = identifier(name)
            self.line(
                f"  const size_t L_{g} = UP(a->block * {layout.size}, {layout.repeated}) + {layout.repeated};"
            )
        self.made += self.writer_buffers()
        for name, layout in self.layouts.items():
            g, k = identifier(name), self.per_step(name)
            self.space(f"y_{g}", f"(C * {k} + 1) * {len(layout.states) or 1} * L_{g}")
            self.space(f"out_{g}", f"{self.writer.outputs(name) + len(layout.last) + 1} * L_{g}")
            self.space(f"by_{g}", f"{len(layout.graded) + 1} * {layout.repeated}")
            for n, key in enumerate(layout.carried):
                self.space(f"d_{g}_{n}", f"(C * {k} + 1) * L_{g}" if key in layout.slotted else f"L_{g}")
                if key in layout.slotted:
                    self.space(f"carry_{g}_{n}", f"L_{g}")
            most = max([len(s.leaves("current")) for s in self.plan.groups[name].all_kernels()] + [1])
            self.space(f"by_current_{g}", f"{most} * L_{g}")
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
                self.space(
                    f"masked_{self.number(delivery)}", f"C * L_{self.writer.group_of(delivery.target)}"
                )
        for link in design.every_link():
            if link.graded and link.space is not None:
                self.space(f"place_{link.name}", f"{link.rows} * C * a->block", "uint32_t")
                self.space(f"count_{link.name}", f"{link.rows}", "uint32_t")
        self.line(f"  const int ok = {' && '.join(self.made) or '1'};\n  if (!ok) goto end;")

    def writer_buffers(self):
        before, self.writer.lines = self.writer.lines, []
        made = self.writer.buffers()
        self.lines += self.writer.lines
        self.writer.lines = before
        return made

    def layout_of(self, step):
        return self.layouts[step.target.rpartition(".")[0]]

    def number(self, step):
        """Number of a delivery among all."""
        return next(k for k, d in enumerate(self.design.deliveries()) if d is step)

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
                self.line(f"    const Events ev_{identifier(space)} = {self.writer.kept_events(space)};")
                self.line(f"    (void)ev_{identifier(space)};")

    def truth(self, space, shift):
        s = identifier(space)
        return f"truth_{s} + (t + {shift} - t0 + 1) * L_{s}"

    # -------------------------------------------------------------- the chunk once more
    def again(self):
        """C that runs a chunk again from its checkpoint and keeps its states."""
        for name, layout in self.layouts.items():
            g, count = identifier(name), len(layout.states)
            self.line(
                f"      for (size_t k = 0; k < {count}; k++) copy(n_{g}, y_{g} + k * L_{g}, a->checkpoints_{g} + {count} * q0 * {layout.size} * "
                f"((T + a->chunk - 1) / a->chunk) + (chunk * {count} + k) * n_{g});"
            )
        for space in self.read_late():
            s, size = identifier(space), self.plan.spaces[space]
            self.line(
                f"      for (long u = t0 ? t0 - 1 : 0; u <= t0; u++) truths(&ev_{s}, u, {size}, nb, truth_{s} + (u - t0 + 1) * L_{s});"
            )
        self.line("      for (long t = t0; t < t1; t++) {")
        for step in self.plan.steps:
            for text in self.one_again(step):
                self.line(f"        {text}")
        self.line("      }")

    def read_late(self):
        """Event spaces that a kernel reads after the one that emitted them."""
        found = {s for g in self.plan.groups.values() for k in g.all_kernels() for s, _ in k.leaves("event")}
        return sorted(found)

    def one_again(self, step):
        if not isinstance(step, tuple) and self.design.is_kept(step):
            return []
        if isinstance(step, Delivery):
            name = step.target.rpartition(".")[0]
            return self.writer.add(step, States(self.writer, self.states(name, self.before(step))))
        if isinstance(step, Product):
            to, of = (
                self.states(key.rpartition(".")[0], self.design.before(step, key))
                for key in (step.target, step.source)
            )
            return [self.writer.multiply(step, to, of)]
        _, name, number = step
        taken = [
            f"copy(n_{identifier(name)}, {self.writer.at(key, self.states(name, number))}, {place});"
            for key, place in self.writer.kept(name, number)
        ]
        return [*taken, *self.kernel_again(name, number)]

    def kernel_again(self, name, number):
        """C that runs a kernel of a chunk again, where its results are read."""
        group = self.plan.groups[name]
        kernel = group.kernels[number]
        if number < len(group.kernels) - 1:
            return self.run(kernel, number)
        # the states after the last kernel of a chunk are the next chunk's: of it only the events are read
        lines = ["if (t < t1 - 1) {", *self.run(kernel, number), "} else {"]
        for space, shift in kernel.emitted:
            s, size = identifier(space), self.plan.spaces[space]
            bound = f"if (t + {shift} < T) " if shift else ""
            lines.append(f"{bound}truths(&ev_{s}, t + {shift}, {size}, nb, {self.truth(space, shift)});")
        return [*lines, "}"]

    def source_before(self, product):
        """How many kernels of the source's group a summed variable has before it."""
        return self.design.before(product, product.source)

    def given(self, kernel, y):
        """Arguments that a kernel and its adjoint share."""
        source, layout, g = (
            self.writer.sources[kernel.name],
            self.layouts[kernel.group],
            identifier(kernel.group),
        )
        states = [f"{y} + {k} * L_{g}" for k in range(len(layout.states))]
        currents = [f"current_{g} + {k} * L_{g}" for k in range(len(source.currents))]
        ins = [self.truth(space, shift) for space, shift in source.events]
        return [f"nr_{g}", f"r->co_{g}", "(real)a->first", "(real)t", "time", *states, *currents, *ins]

    def run(self, kernel, number):
        """C that runs a kernel from its slot into the next one."""
        source, layout, g = (
            self.writer.sources[kernel.name],
            self.layouts[kernel.group],
            identifier(kernel.group),
        )
        to = self.states(kernel.group, number + 1)
        states = [f"{to} + {k} * L_{g}" for k in range(len(layout.states))]
        outs = [self.truth(space, shift) for space, shift in source.emitted]
        # what the forward pass wrote for the user goes where nobody reads it
        rest = (
            sum(space in layout.dense for space, _ in source.emitted) + len(source.traces) + len(layout.last)
        )
        spare = [f"out_{g} + {k} * L_{g}" for k in range(rest)]
        call = ", ".join(
            [*self.given(kernel, self.states(kernel.group, number)), *states, *outs, *spare, "0"]
        )
        return [*self.writer.currents(kernel), f"{{ {TIME} {kernel.name}_step({call}); }}"]

    # -------------------------------------------------------------- the adjoint of a chunk
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
            self.writer.sources[kernel.name],
            self.layouts[kernel.group],
            identifier(kernel.group),
        )
        derivatives = self.design.derivatives[kernel.name]
        if not layout.carried and not derivatives.flows:
            return []
        lines = list(self.writer.currents(kernel))
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
            f"sent_{identifier(s)} + ((t + {shift}) % {self.design.ring(s)}) * L_{identifier(s)}"
            if s in self.design.carried_spaces
            else "NULL"
            for s, shift in source.events
        ]
        by_currents = [f"by_current_{g} + {k} * L_{g}" for k in range(len(source.currents))]
        given = self.given(kernel, start or self.states(kernel.group, number))
        call = ", ".join(
            [*given, *froms, *tos, *outs, *sent, *dense, *traces, *inside, *by_currents, f"by_{g}"]
        )
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

    def given_back(self, output, shift, name, number, lines):
        """Where a derivative by an output lies: in place, or in a buffer that may be read past its end."""
        g, size = identifier(name), self.layouts[name].size
        place = f"a->by_{output} + q0 * a->by_trial_{output} + (t + {shift}) * a->by_step_{output}"
        own = f"out_{g} + {number} * L_{g}"
        direct = f"(whole_{g} && a->by_trial_{output} == {size})"
        once = f"!a->by_step_{output}"  # one number for all
        lines.append(
            f"if (!{direct} && a->by_step_{output}) take_rows(nb, {size}, {own}, {place}, "
            f"a->by_trial_{output}, -a->by_step_{output});"
        )
        return f"({once} ? a->by_{output} : {direct} ? {place} : {own})"

    def deliver_back(self, delivery):
        name = delivery.target.rpartition(".")[0]
        layout, g = self.layouts[name], identifier(name)
        if delivery.target not in layout.carried:
            return []
        number, lines = self.before(delivery), []
        d = self.flow(delivery.target, number)
        if delivery.mask is not None:
            mask = self.writer.at(delivery.mask, self.states(name, number))
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
        name, of = product.target.rpartition(".")[0], product.source.rpartition(".")[0]
        layout, g = self.layouts[name], identifier(name)
        if product.target not in layout.carried:
            return []
        link, lines = self.design.links[id(product)][0], []
        d = self.flow(product.target, self.before(product))
        if link.graded:
            x = self.writer.at(product.source, self.states(of, self.source_before(product)))
            lines.append(
                f"add_outer(nb, {link.rows}, {link.columns}, {x}, {d}, acc[{self.design.accumulator(link)}]);"
            )
        if product.source in self.layouts[of].carried:
            to = self.flow(product.source, self.source_before(product))
            lines.append(f"add_product(nb, {link.rows}, {link.columns}, {d}, r->p_{link.name}, {to});")
        return [*lines, f"memset({d}, 0, L_{g} * sizeof(real));"]

    # -------------------------------------------------------------- after a chunk, after a block
    def sum_up(self):
        for name, layout in self.layouts.items():
            g = identifier(name)
            if layout.graded:
                self.line(
                    f"      for (size_t k = 0; k < {len(layout.graded)} * {layout.repeated}; k++) "
                    f"{{ sums[{list(self.layouts).index(name)}][k] += by_{g}[k]; by_{g}[k] = 0; }}"
                )
            for n, key in enumerate(layout.carried):
                if key in layout.slotted:
                    self.line(f"      memcpy(carry_{g}_{n}, d_{g}_{n}, L_{g} * sizeof(real));")
        for delivery in self.design.deliveries():
            if delivery.target in self.layout_of(delivery).carried:
                for link in self.design.links[id(delivery)]:
                    if link.graded:
                        self.gather(delivery, link)

    def gather(self, delivery, link):
        name = delivery.target.rpartition(".")[0]
        g, layout = identifier(name), self.layouts[name]
        if delivery.mask is None:
            d = f"d_{g}_{layout.carried.index(delivery.target)}"
            slot = self.slot(name, self.before(delivery))
        else:
            d, slot = f"masked_{self.number(delivery)}", "(t - t0)"
        condition, find = self.writer.of_source(link, f"(t - {link.lag})")
        self.line(f"      {{ Places p = {{place_{link.name}, count_{link.name}, C * a->block}};")
        self.line(f"      memset(p.count, 0, {link.rows} * sizeof(uint32_t));")
        self.line(
            f"      for (long t = t0; t < t1; t++) {condition} {{ {find} note(&p, e, c, nb, {slot} * L_{g}, {link.columns}); }}"
        )
        acc = f"acc[{self.design.accumulator(link)}]"
        if link.dense:
            self.line(f"      gather(&p, {link.rows}, {link.columns}, {d}, {acc}); }}")
        else:
            self.line(
                f"      gather_synapses(&p, {link.rows}, {d}, a->first_{link.name}, a->target_{link.name}, {acc}); }}"
            )

    def finish(self):
        """What lies before the first step, and the derivatives by the start."""
        self.line("    const long t = 0, t0 = 0;\n    (void)t; (void)t0;")
        for name, group in self.plan.groups.items():
            layout, g = self.layouts[name], identifier(name)
            if group.first is not None:
                self.line("    {")
                for k in range(len(layout.states)):
                    self.line(
                        f"      copy(n_{g}, y_{g} + {k} * L_{g}, a->start_{g} + ({k} * a->trials + q0) * {layout.size});"
                    )
                for space, shift in group.first.emitted:
                    s = identifier(space)
                    self.line(
                        f"      truths(&ev_{s}, {shift}, {self.plan.spaces[space]}, nb, {self.truth(space, shift)});"
                    )
                for text in self.kernel_back(group.first, 0, start=f"y_{g}"):
                    self.line(f"      {text}")
                if layout.graded:
                    self.line(
                        f"      for (size_t k = 0; k < {len(layout.graded)} * {layout.repeated}; k++) "
                        f"{{ sums[{list(self.layouts).index(name)}][k] += by_{g}[k]; by_{g}[k] = 0; }}"
                    )
                self.line("    }")
            for key in layout.carried:
                k = layout.states.index(key)
                self.line(
                    f"    if (a->by_start_{g}) copy(n_{g}, a->by_start_{g} + ({k} * a->trials + q0) * {layout.size}, {self.flow(key, 0)});"
                )

    # -------------------------------------------------------------- all parts
    def whole(self):
        """C that shares the blocks out among parts, each with sums of its own, and adds these up in order."""
        graded = [link for link in self.design.every_link() if link.graded]
        groups = list(self.layouts.values())
        lines = [
            "int backward(const Call *a) {",
            "  Ready r;\n  int failed = !make_ready(a, &r, 1);",
            "  const long blocks = (a->trials + a->block - 1) / a->block, P = a->parts;",
            f"  double **sums = space(P * {len(groups) + 1} * sizeof(double *));",
            f"  real **acc = space(P * {len(graded) + 1} * sizeof(real *));",
            "  failed |= !sums || !acc;",
            "  for (long p = 0; p < P && !failed; p++) {",
        ]
        for k, layout in enumerate(groups):
            size = f"{len(layout.graded) or 1} * {layout.repeated}"
            lines.append(
                f"    failed |= !(sums[p * {len(groups) + 1} + {k}] = space({size} * sizeof(double)));"
            )
        for k, link in enumerate(graded):
            size = f"{link.rows} * UP({link.columns}, VL)" if link.dense else str(max(link.synapses, 1))
            lines.append(f"    failed |= !(acc[p * {len(graded) + 1} + {k}] = space({size} * sizeof(real)));")
        lines += [
            "  }",
            "#pragma omp parallel for num_threads(a->threads) schedule(dynamic) reduction(| : failed)",
            "  for (long p = 0; p < P; p++)",
            f"    if (!failed) failed |= backward_part(a, &r, p * blocks / P, (p + 1) * blocks / P, sums + p * {len(groups) + 1}, acc + p * {len(graded) + 1});",
            "  for (long p = 0; p < P && !failed; p++) {",
        ]
        for k, layout in enumerate(groups):
            g = identifier(layout.name)
            own = f"sums[p * {len(groups) + 1} + {k}]"
            lines.append(
                f"    for (size_t k = 0; k < {len(layout.graded)}; k++) for (size_t i = 0; i < {layout.repeated}; i++) "
                f"a->by_coefficients_{g}[k * {layout.size} + i % {layout.size}] += (real){own}[k * {layout.repeated} + i];"
            )
        for k, link in enumerate(graded):
            own = f"acc[p * {len(graded) + 1} + {k}]"
            if link.dense:
                lines.append(
                    f"    for (size_t i = 0; i < {link.rows}; i++) for (size_t j = 0; j < {link.columns}; j++) "
                    f"a->by_{link.name}[i * {link.columns} + j] += {own}[i * UP({link.columns}, VL) + j];"
                )
            else:
                lines.append(
                    f"    for (size_t k = 0; k < {link.synapses}; k++) a->by_{link.name}[k] += {own}[k];"
                )
        lines += ["  }", "  for (long p = 0; p < P; p++) {"]
        lines += [f"    if (sums) free(sums[p * {len(groups) + 1} + {k}]);" for k in range(len(groups))]
        lines += [f"    if (acc) free(acc[p * {len(graded) + 1} + {k}]);" for k in range(len(graded))]
        lines += ["  }", "  free(sums);\n  free(acc);\n  release(&r);\n  return failed;\n}\n"]
        return "\n".join(lines)
