"""The pass forward of a generated engine: a block of trials goes through all of time together."""

from __future__ import annotations

from ..program import owner_of
from .c_pieces import TIME, Pieces, States
from .plan import Delivery, Product, identifier


class Forward(Pieces):
    """Writes the pass forward; for the parameters see `Pieces`."""

    def forward(self):
        """C of the pass forward."""
        self.lines = []
        for line in [*self.sizes(), *self.past()]:
            self.line(line)
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            self.line(f"  const size_t L_{g} = nr_{g} + {layout.repeated};")
        made = self.buffers()
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            self.line(
                f"  real *y_{g} = space({len(layout.states) + 1} * L_{g} * sizeof(real)), "
                f"*last_{g} = space({len(layout.last) + 1} * L_{g} * sizeof(real)), *out_{g} = space({self.outputs(name)} * L_{g} * sizeof(real));"
            )
            made += [f"y_{g}", f"last_{g}", f"out_{g}"]
            self.lines += [f"  if (y_{g}) {line}" for line in self.start(name)]
        for space, size in self.plan.spaces.items():
            if space in self.plan.sources:
                continue
            s, ring = identifier(space), self.design.ring(space)
            self.line(f"  uint8_t *truth_{s} = space(4 * (nb * {size} + {16 * size}));")
            self.line(
                f"  EVENT *own_{s} = a->keep ? NULL : space((nb * {size} + nb) * {ring} * sizeof(EVENT));"
            )
            self.line(
                f"  size_t begin_{s}[{ring}];\n  for (size_t k = 0; k < {ring}; k++) begin_{s}[k] = k * nb * {size};"
            )
            self.line(
                f"  Events ev_{s} = a->keep ? (Events){self.kept_events(space)}"
                f" : (Events){{own_{s}, own_{s} + nb * {size} * {ring}, begin_{s}, {ring}, 0}};\n"
                f"  if (a->keep) ev_{s}.start[0] = 0;"
            )
            made += [f"truth_{s}", f"own_{s}"]
        wanted = " && ".join([f"(a->keep || {n})" if n.startswith("own_") else n for n in made] or ["1"])
        self.line(
            f"  const int ok = {wanted};\n  vm odd = {{0}};\n  long t = 0;\n  const long T = a->steps;\n  if (!ok) goto end;"
        )
        for group in self.plan.groups.values():
            if group.first is not None:
                for line in self.step(group.first, "1"):
                    self.line(f"  {line}")
        self.line("  for (t = 0; t < T; t++) {")
        self.line("    if (a->keep && t % a->chunk == 0) {")
        for name, layout in self.design.layouts.items():
            g, count = identifier(name), len(layout.states)
            self.line(
                f"      if (a->checkpoints_{g}) for (size_t k = 0; k < {count}; k++) copy(n_{g}, a->checkpoints_{g} + {count} * q0 * {layout.size} * "
                f"((T + a->chunk - 1) / a->chunk) + ((t / a->chunk) * {count} + k) * n_{g}, y_{g} + k * L_{g});"
            )
        self.line("    }")
        for step in self.plan.steps:
            for line in self.one(step):
                self.line(f"    {line}")
        self.line("  }")
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            every = [f"y_{g} + {k} * L_{g}" for k in range(len(layout.states))]
            every += [f"last_{g} + {k} * L_{g}" for k in range(len(layout.last))]
            for k, place in enumerate(every):
                self.line(f"  copy(n_{g}, a->end_{g} + ({k} * a->trials + q0) * {layout.size}, {place});")
        self.line("end:")
        self.line("  all_stored();")
        self.line("  " + " ".join(f"free({n});" for n in made) + "\n  return !ok | any(odd) << 1;")
        return (
            "static int forward_block(const Call *a, const Ready *r, size_t q) {\n"
            "  const size_t q0 = q * a->block, nb = (size_t)a->trials - q0 < (size_t)a->block ? (size_t)a->trials - q0 : (size_t)a->block;\n  (void)r;\n"
            + "\n".join(self.lines)
            + "\n}\n"
            "int forward(const Call *a) {\n  Ready r;\n  int failed = !make_ready(a, &r, 0);\n"
            "  if (failed) {\n    release(&r);\n    return failed;\n  }\n"
            "  const long blocks = (a->trials + a->block - 1) / a->block;\n"
            "#pragma omp parallel for num_threads(a->threads) schedule(dynamic) reduction(| : failed)\n"
            "  for (long q = 0; q < blocks; q++) if (!(failed & 1)) failed |= forward_block(a, &r, (size_t)q);\n"
            "  release(&r);\n  return failed;\n}\n"
        )

    def one(self, step):
        """C of one step of the plan."""
        if isinstance(step, Delivery):
            return self.add(step, States(self, f"y_{self.group_of(step.target)}"))
        if isinstance(step, Product):
            return [self.multiply(step, f"y_{self.group_of(step.target)}", f"y_{self.group_of(step.source)}")]
        _, name, number = step
        g = identifier(name)
        ahead = f"AHEAD * {len(self.design.kept[name])} * n_{g}"
        kept = [
            f"if (a->keep) {{ claim({place} + {ahead}, n_{g}); copy(n_{g}, {place}, {self.at(key, f'y_{g}')}); }}"
            for key, place in self.kept(name, number)
        ]
        return [*kept, *self.kernel_of(name, number)]

    def kernel_of(self, name, number):
        """C that runs a kernel of the step ``t``, or the one that stands for it in the last step."""
        group = self.plan.groups[name]
        if group.last is None or number < len(group.kernels) - 1:
            return self.step(group.kernels[number], "t >= T - 1")
        lines = ["if (t < T - 1) {", *self.step(group.kernels[number], "t >= T - 2"), "} else {"]
        return [*lines, *self.step(group.last, "1"), "}"]

    def step(self, kernel, last):
        """C that runs a kernel of the step ``t``."""
        source, layout = self.sources[kernel.name], self.design.layouts[kernel.group]
        g, size = identifier(kernel.group), layout.size
        lines, after, outputs = [f"odd |= {line}" for line in self.currents(kernel)], [], []
        dense, traces = [], []
        for key in source.emitted:
            space, shift = key
            s = identifier(space)
            truth = f"truth_{s} + ((t + {shift}) & 3) * (nb * {size} + {16 * size})"
            outputs.append(truth)
            noted = f"a->last_{s} + q0 * {size}" if space in self.design.noted else "NULL"
            after.append(f"emit(&ev_{s}, t + {shift}, {size}, nb, {truth}, {noted});")
            if space in layout.dense:
                dense.append(self.target(f"a->dense_{s}", shift, g, size, len(dense), after))
        for key in source.traces:
            name = self.design.traces[key[:2]]
            traces.append(self.target(f"a->trace_{name}", key[2], g, size, len(dense) + len(traces), after))
        states = [f"y_{g} + {k} * L_{g}" for k in range(len(layout.states))]
        ins = [
            f"truth_{identifier(s)} + ((t + {shift}) & 3) * (nb * {size} + {16 * size})"
            for s, shift in source.events
        ]
        currents = [f"current_{g} + {k} * L_{g}" for k in range(len(source.currents))]
        lasts = [f"last_{g} + {k} * L_{g}" for k in range(len(layout.last))]
        given = [f"nr_{g}", f"r->co_{g}", "(real)a->first", "(real)t", "time", *states, *currents, *ins]
        call = ", ".join([*given, *states, *outputs, *dense, *traces, *lasts, f"past_{g}", last])
        lines.append(f"{{ {TIME} {kernel.name}_step({call}); }}")
        return lines + after

    def past(self):
        """Whether the outputs of each group go past the caches."""
        lines = []
        for name, layout in self.design.layouts.items():
            g, size = identifier(name), layout.size
            arrays = [f"a->dense_{identifier(s)}" for s in layout.dense]
            arrays += [f"a->trace_{n}" for (key, _), n in self.design.traces.items() if owner_of(key) == name]
            even = " && ".join(f"in_lines({a} + q0 * {size}, a->trials * {size})" for a in arrays)
            value = f"a->past && whole_{g} && {even}" if arrays else "0"
            lines.append(f"  const int past_{g} = {value};\n  (void)past_{g};")
        return lines

    def target(self, array, shift, g, size, number, after):
        """Where an output of a step goes: into its place, or there by way of a buffer that may spill."""
        place = f"{array} + ((size_t)(t + {shift}) * a->trials + q0) * {size}"
        own = f"out_{g} + {number} * L_{g}"
        after.append(f"if (!past_{g}) claim({place} + AHEAD * a->trials * {size}, n_{g});")
        after.append(f"if (!whole_{g}) copy(n_{g}, {place}, {own});")
        return f"(whole_{g} ? {place} : {own})"
