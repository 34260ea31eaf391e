"""The generated engine as one C source: kernels, and the passes that call them for each block of trials."""

from __future__ import annotations

from pathlib import Path

from .kernel_source import KernelSource
from .layout import Fields
from .plan import Delivery, Product, identifier

HEADER = Path(__file__).with_name("engine.h")


class Writer:
    """What both passes write.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design):
        self.design, self.plan = design, design.plan
        self.fields = Fields()
        self.fields.long("steps", "trials", "block", "chunk", "threads", "parts", "first", "keep")
        self.sources = {
            kernel.name: KernelSource(kernel, design.layouts[name])
            for name, group in self.plan.groups.items()
            for kernel in group.all_kernels()
        }
        self.lines = []
        self._declare()

    def _declare(self):
        add = self.fields
        for name in self.plan.groups:
            g = identifier(name)
            add.pointer("const real", f"coefficients_{g}", f"start_{g}", f"by_end_{g}")
            add.pointer(
                "real", f"end_{g}", f"checkpoints_{g}", f"by_start_{g}", f"by_coefficients_{g}", f"kept_{g}"
            )
        for space in self.plan.spaces:
            s = identifier(space)
            if space in self.plan.sources:
                add.pointer("const uint8_t", f"bytes_{s}")
                add.pointer("const int32_t", f"rows_{s}")
                add.long(f"stride_{s}")
            else:
                add.pointer("EVENT", f"list_{s}", f"count_{s}")
                add.pointer("size_t", f"begin_{s}")
                add.pointer("int32_t", f"last_{s}")
                add.pointer("real", f"dense_{s}")
                add.pointer("const real", f"by_dense_{s}")
                add.long(f"by_step_dense_{s}", f"by_trial_dense_{s}")
        for link in self.design.every_link():
            add.pointer("const real", f"w_{link.name}")
            add.pointer("const int32_t", f"first_{link.name}", f"target_{link.name}")
            add.pointer("real", f"by_{link.name}")
        for name in self.design.currents.values():
            add.pointer("const real", f"table_{name}")
            add.pointer("const int32_t", f"rows_{name}", f"column_{name}")
            add.pointer("real", f"by_{name}")
            add.long(f"stride_{name}", f"channels_{name}")
        for name in self.design.traces.values():
            add.pointer("real", f"trace_{name}")
            add.pointer("const real", f"by_trace_{name}")
            add.long(f"by_step_trace_{name}", f"by_trial_trace_{name}")

    def line(self, text):
        self.lines.append(text)

    # -------------------------------------------------------------- the source
    def source(self):
        """The whole C source."""
        design = self.design
        kernels = []
        for name, group in self.plan.groups.items():
            kernels.append(f"#undef RN\n#define RN ((size_t){design.layouts[name].repeated})\n")
            for kernel in group.all_kernels():
                own = self.sources[kernel.name]
                kernels.append(own.forward())
                if design.derivatives:
                    kernels.append(own.adjoint(design.derivatives[kernel.name]))
        widest = max([*self.plan.spaces.values(), 1])
        head = f"#define EVENT {'uint16_t' if widest < 1 << 16 else 'uint32_t'}\n"
        head = ("#define DOUBLE\n" if design.double else "") + head
        body = self._ready() + self.forward()
        if design.derivatives:
            from .driver_back import BackWriter

            body += BackWriter(self).backward()
        return head + HEADER.read_text() + self.fields.in_c() + "".join(kernels) + body

    def _ready(self):
        """Coefficients and weights in the form in which a pass reads them."""
        fields, make, free = [], [], []
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            fields.append(f"  real *co_{g};")
            make.append(
                f"  r->co_{g} = repeat(a->coefficients_{g}, {len(layout.coefficients)}, {layout.size}, {layout.repeated});"
            )
            free.append(f"co_{g}")
        for link in self.design.every_link():
            if link.dense:
                fields.append(f"  real *w_{link.name}, *p_{link.name};")
                make.append(f"  r->w_{link.name} = pad_rows(a->w_{link.name}, {link.rows}, {link.columns});")
                backwards = (
                    f"back ? panels(a->w_{link.name}, {link.rows}, {link.columns}) : NULL"
                    if link.back
                    else "NULL"
                )
                make.append(f"  r->p_{link.name} = {backwards};")
                free += [f"w_{link.name}", f"p_{link.name}"]
        ok = " && ".join([f"r->{n}" for n in free if not n.startswith("p_")] or ["1"])
        return (
            "typedef struct {\n" + "\n".join([*fields, "  int unused;"]) + "\n} Ready;\n"
            "static int make_ready(const Call *a, Ready *r, int back) {\n  (void)back;\n  (void)a;\n"
            + "\n".join(make)
            + f"\n  return {ok};\n}}\n"
            "static void release(Ready *r) {\n  (void)r;\n"
            + "".join(f"  free(r->{n});\n" for n in free)
            + "}\n"
        )

    # -------------------------------------------------------------- pieces of both passes
    def sizes(self):
        """Names of sizes of a block."""
        lines = []
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            lines.append(
                f"  const size_t n_{g} = nb * {layout.size}, nr_{g} = UP(n_{g}, {layout.repeated});\n"
                f"  const int whole_{g} = n_{g} == nr_{g};\n  (void)whole_{g};"
            )
        return lines

    def of_source(self, link, time):
        """C that finds the events of a link's emitting group at some time: a condition, and pointers ``e`` and ``c``."""
        s, space = identifier(link.space), link.space
        if space in self.plan.sources:
            channels = self.plan.spaces[space]
            return (
                f"if ({time} >= 0 && a->rows_{s}[{time}] >= 0)",
                f"scan({channels}, nb, a->bytes_{s} + q0 * a->stride_{s} + a->rows_{s}[{time}] * (size_t){channels}, "
                f"a->stride_{s}, list_{s}, count_{s}); const EVENT *e = list_{s}, *c = count_{s};",
            )
        return (
            f"if ({time} >= 0)",
            f"const EVENT *e = events_at(&ev_{s}, {time}), *c = counts_at(&ev_{s}, {time}, nb);",
        )

    def add(self, delivery, y):
        """C that brings the spikes of a step to the state at ``y``."""
        lines = []
        if delivery.mask is not None:
            g = self.group_of(delivery.target)
            mask = self.at(delivery.mask, y.base)
            lines.append(f"memcpy(before_{g}, {y.of(delivery.target)}, nr_{g} * sizeof(real));")
        for link in self.design.links[id(delivery)]:
            condition, find = self.of_source(link, f"(t - {link.lag})")
            if link.dense:
                call = f"add_rows(nb, {link.columns}, {y.of(delivery.target)}, r->w_{link.name}, e, c);"
            else:
                call = (
                    f"add_synapses(nb, {link.columns}, {y.of(delivery.target)}, a->w_{link.name}, "
                    f"a->first_{link.name}, a->target_{link.name}, e, c);"
                )
            lines.append(f"{condition} {{ {find} {call} }}")
        if delivery.mask is not None:
            lines.append(f"restore(nr_{g}, {y.of(delivery.target)}, before_{g}, {mask});")
        return lines

    def group_of(self, key):
        """Name in C of the group that holds an array."""
        return identifier(key.rpartition(".")[0])

    def at(self, key, base):
        """C of an array in the states that begin at ``base``."""
        owner = key.rpartition(".")[0]
        return f"({base} + {self.design.layouts[owner].states.index(key)} * L_{identifier(owner)})"

    def currents(self, kernel):
        """C that loads a kernel's currents."""
        g, size = identifier(kernel.group), self.design.layouts[kernel.group].size
        for k, data in enumerate(kernel.leaves("current")):
            name = self.design.currents[data[:2]]
            yield (
                f"load_current(nb, {size}, a->table_{name} + q0 * a->stride_{name}, a->stride_{name}, a->channels_{name}, "
                f"a->rows_{name}[t + {data[2]}], a->column_{name}, current_{g} + {k} * L_{g});"
            )

    def buffers(self):
        """C that allocates what both passes need for a block, with the names to free."""
        made = []
        for name, group in self.plan.groups.items():
            g = identifier(name)
            most = max([len(k.leaves("current")) for k in group.all_kernels()] + [0])
            self.line(
                f"  real *current_{g} = space({most or 1} * L_{g} * sizeof(real)), *before_{g} = space(L_{g} * sizeof(real));"
            )
            made += [f"current_{g}", f"before_{g}"]
        for space, size in self.plan.spaces.items():
            s = identifier(space)
            if space in self.plan.sources:
                self.line(
                    f"  EVENT *list_{s} = space(a->block * {size} * sizeof(EVENT)), *count_{s} = space(a->block * sizeof(EVENT));"
                )
                made += [f"list_{s}", f"count_{s}"]
        return made

    def kept_events(self, space):
        """C of the events of a space as a kept pass holds them."""
        s, size = identifier(space), self.plan.spaces[space]
        return (
            f"{{a->list_{s} + q0 * {size} * (size_t)a->steps, a->count_{s} + q0 * (size_t)a->steps, "
            f"a->begin_{s} + q * (size_t)a->steps, a->steps, 1}}"
        )

    # -------------------------------------------------------------- forward
    def forward(self):
        """C of the pass forward."""
        self.lines = []
        for line in self.sizes():
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
            for k in range(len(layout.states)):
                self.line(
                    f"  if (y_{g}) copy(n_{g}, y_{g} + {k} * L_{g}, a->start_{g} + ({k} * a->trials + q0) * {layout.size});"
                )
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
        wanted = " && ".join([n for n in made if not n.startswith("own_")] or ["1"])
        self.line(
            f"  const int ok = {wanted};\n  long t = 0;\n  const long T = a->steps;\n  if (!ok) goto end;"
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
        self.line("  " + " ".join(f"free({n});" for n in made) + "\n  return !ok;")
        return (
            "static int forward_block(const Call *a, const Ready *r, size_t q) {\n"
            "  const size_t q0 = q * a->block, nb = (size_t)a->trials - q0 < (size_t)a->block ? (size_t)a->trials - q0 : (size_t)a->block;\n  (void)r;\n"
            + "\n".join(self.lines)
            + "\n}\n"
            "int forward(const Call *a) {\n  Ready r;\n  int failed = !make_ready(a, &r, 0);\n"
            "  const long blocks = (a->trials + a->block - 1) / a->block;\n"
            "#pragma omp parallel for num_threads(a->threads) schedule(dynamic) reduction(| : failed)\n"
            "  for (long q = 0; q < blocks; q++) if (!failed) failed |= forward_block(a, &r, (size_t)q);\n"
            "  release(&r);\n  return failed;\n}\n"
        )

    def outputs(self, name):
        """How many traces and dense events a kernel of a group writes at most."""
        found = [self.sources[k.name] for k in self.plan.groups[name].all_kernels()]
        return max([len(s.traces) + len(s.emitted) for s in found] + [1])

    def one(self, step):
        """C of one step of the plan."""
        if isinstance(step, Delivery):
            return self.add(step, States(self, f"y_{self.group_of(step.target)}"))
        if isinstance(step, Product):
            return [self.multiply(step, f"y_{self.group_of(step.target)}", f"y_{self.group_of(step.source)}")]
        _, name, number = step
        g = identifier(name)
        kept = [
            f"if (a->keep) copy(n_{g}, {place}, {self.at(key, f'y_{g}')});"
            for key, place in self.kept(name, number)
        ]
        return [*kept, *self.kernel_of(name, number)]

    def kept(self, name, number):
        """(key, place) of the states that are kept as a kernel finds them."""
        kept, g = self.design.kept[name], identifier(name)
        size = self.design.layouts[name].size
        for k, (key, before) in enumerate(kept):
            if before == number:
                yield (
                    key,
                    f"a->kept_{g} + {len(kept)} * q0 * {size} * (size_t)T + ((size_t)t * {len(kept)} + {k}) * n_{g}",
                )

    def kernel_of(self, name, number):
        """C that runs a kernel of the step ``t``, or the one that stands for it in the last step."""
        group = self.plan.groups[name]
        if group.last is None or number < len(group.kernels) - 1:
            return self.step(group.kernels[number], "t >= T - 1")
        lines = ["if (t < T - 1) {", *self.step(group.kernels[number], "t >= T - 2"), "} else {"]
        return [*lines, *self.step(group.last, "1"), "}"]

    def multiply(self, product, to, of):
        """C of a summed variable."""
        link = self.design.links[id(product)][0]
        return (
            f"multiply_rows(nb, {link.rows}, {link.columns}, {self.at(product.target, to)}, "
            f"{self.at(product.source, of)}, r->w_{link.name});"
        )

    def step(self, kernel, last):
        """C that runs a kernel of the step ``t``."""
        source, layout = self.sources[kernel.name], self.design.layouts[kernel.group]
        g, size = identifier(kernel.group), layout.size
        lines, after, outputs = list(self.currents(kernel)), [], []
        dense, traces = [], []
        for key in source.emitted:
            space, shift = key
            s = identifier(space)
            truth = f"truth_{s} + ((t + {shift}) & 3) * (nb * {size} + {16 * size})"
            outputs.append(truth)
            after.append(f"emit(&ev_{s}, t + {shift}, {size}, nb, {truth});")
            if space in self.design.noted:
                after.append(
                    f"{{ const EVENT *e = events_at(&ev_{s}, t + {shift}), *c = counts_at(&ev_{s}, t + {shift}, nb); "
                    f"for (size_t b = 0; b < nb; b++) for (size_t k = 0; k < c[b]; k++) "
                    f"a->last_{s}[(q0 + b) * {size} + *e++] = (int32_t)(t + {shift}); }}"
                )
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
        call = ", ".join([*given, *states, *outputs, *dense, *traces, *lasts, last])
        lines.append(f"{{ {TIME} {kernel.name}_step({call}); }}")
        return lines + after

    def target(self, array, shift, g, size, number, after):
        """Where an output of a step goes: into its place, or there by way of a buffer that may spill."""
        place = f"{array} + ((size_t)(t + {shift}) * a->trials + q0) * {size}"
        own = f"out_{g} + {number} * L_{g}"
        after.append(f"if (!whole_{g}) copy(n_{g}, {place}, {own});")
        return f"(whole_{g} ? {place} : {own})"


TIME = "const real time[2] = {(real)((double)(a->first + t) * a->dt), (real)((double)(a->first + t + 1) * a->dt)}; (void)time;"


class States:
    """The states of a group from some address on."""

    def __init__(self, writer, base):
        self.writer, self.base = writer, base

    def of(self, key):
        """C of an array."""
        return self.writer.at(key, self.base)
