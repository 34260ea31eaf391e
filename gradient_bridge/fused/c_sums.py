"""What the pass backward adds up: derivatives by coefficients and weights, and by what a pass began with."""

from __future__ import annotations

from ..program import owner_of
from .c_places import Places
from .plan import identifier


class Sums(Places):
    """Writes that part of the pass backward; for the parameters see `Pieces`."""

    def sum_up(self):
        for name, layout in self.layouts.items():
            g = identifier(name)
            self.add_to_sums(name)
            for n, key in enumerate(layout.carried):
                if key in layout.slotted:
                    self.line(f"      memcpy(carry_{g}_{n}, d_{g}_{n}, L_{g} * sizeof(real));")
        for delivery in self.design.deliveries():
            if delivery.target in self.layout_of(delivery).carried:
                for link in self.design.links[id(delivery)]:
                    if link.graded:
                        self.gather(delivery, link)

    def add_to_sums(self, name):
        """Add the derivatives by a group's coefficients to the sums of the part, and begin anew."""
        layout, g = self.layouts[name], identifier(name)
        if layout.graded:
            self.line(
                f"      for (size_t k = 0; k < {len(layout.graded)} * {layout.repeated}; k++) "
                f"{{ sums[{list(self.layouts).index(name)}][k] += by_{g}[k]; by_{g}[k] = 0; }}"
            )

    def gather(self, delivery, link):
        name = owner_of(delivery.target)
        g, layout = identifier(name), self.layouts[name]
        if delivery.mask is None:
            d = f"d_{g}_{layout.carried.index(delivery.target)}"
            slot = self.slot(name, self.before(delivery))
        else:
            d, slot = f"masked_{self.number(delivery)}", "(t - t0)"
        condition, find = self.of_source(link, f"(t - {link.lag})")
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
                self.lines += [f"      {line}" for line in self.start(name)]
                for space, shift in group.first.emitted:
                    s = identifier(space)
                    self.line(
                        f"      truths(&ev_{s}, {shift}, {self.plan.spaces[space]}, nb, {self.truth(space, shift)});"
                    )
                for text in self.kernel_back(group.first, 0, start=f"y_{g}"):
                    self.line(f"      {text}")
                self.add_to_sums(name)
                self.line("    }")
            for key in layout.carried:
                k = layout.states.index(key)
                self.line(
                    f"    if (a->by_start_{g}) copy(n_{g}, a->by_start_{g} + ({k} * a->trials + q0) * {layout.size}, {self.flow(key, 0)});"
                )

    def whole(self):
        """C that shares the blocks out among parts, each with sums of its own, and adds these up in order."""
        graded = [link for link in self.design.every_link() if link.graded]
        groups = list(self.layouts.values())
        sums, acc = f"sums + p * {len(groups) + 1}", f"acc + p * {len(graded) + 1}"
        lines = [
            "int backward(const Call *a) {",
            "  Ready r;\n  int failed = !make_ready(a, &r, 1);",
            "  const long blocks = (a->trials + a->block - 1) / a->block, P = a->parts;",
            f"  double **sums = space(P * {len(groups) + 1} * sizeof(double *));",
            f"  real **acc = space(P * {len(graded) + 1} * sizeof(real *));",
            "  failed |= !sums || !acc;",
            "  if (!failed) {",
            "#pragma omp parallel for num_threads(a->threads) schedule(dynamic) reduction(| : failed)",
            "    for (long p = 0; p < P; p++) {",
        ]
        for k, layout in enumerate(groups):
            size = f"{len(layout.graded) or 1} * {layout.repeated}"
            lines.append(f"      failed |= !(({sums})[{k}] = space({size} * sizeof(double)));")
        for k, link in enumerate(graded):
            size = f"{link.rows} * UP({link.columns}, VL)" if link.dense else str(max(link.synapses, 1))
            lines.append(f"      failed |= !(({acc})[{k}] = space({size} * sizeof(real)));")
        lines += [
            f"      if (!failed) failed |= backward_part(a, &r, p * blocks / P, (p + 1) * blocks / P, {sums}, {acc});",
            "    }\n  }\n  if (!failed) {",
        ]
        for k, layout in enumerate(groups):
            g = identifier(layout.name)
            lines.append(
                f"    for (long p = 0; p < P; p++) for (size_t k = 0; k < {len(layout.graded)}; k++) "
                f"for (size_t i = 0; i < {layout.repeated}; i++) a->by_coefficients_{g}[k * {layout.size} + i % {layout.size}] "
                f"+= (real)({sums})[{k}][k * {layout.repeated} + i];"
            )
        for k, link in enumerate(graded):
            rows, wide = (link.rows, link.columns) if link.dense else (1, link.synapses)
            padded = f"UP({wide}, VL)" if link.dense else wide
            lines += [
                "#pragma omp parallel for num_threads(a->threads)",
                f"    for (long i = 0; i < {rows}; i++) add_up({wide}, a->by_{link.name} + i * {wide}, acc + {k}, P, "
                f"{len(graded) + 1}, i * {padded});",
            ]
        lines += ["  }", "  for (long p = 0; p < P; p++) {"]
        lines += [f"    if (sums) free(({sums})[{k}]);" for k in range(len(groups))]
        lines += [f"    if (acc) free(({acc})[{k}]);" for k in range(len(graded))]
        lines += ["  }", "  free(sums);\n  free(acc);\n  release(&r);\n  return failed;\n}\n"]
        return "\n".join(lines)
