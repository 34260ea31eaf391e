"""Pieces of C that the pass forward and the pass backward share."""

from __future__ import annotations

from ..program import owner_of
from .c_kernel import KernelSource
from .plan import identifier

TIME = "const real time[2] = {(real)((double)(a->first + t) * a->dt), (real)((double)(a->first + t + 1) * a->dt)}; (void)time;"


class States:
    """The states of a group from some address on."""

    def __init__(self, writer, base):
        self.writer, self.base = writer, base

    def of(self, key):
        """C of an array."""
        return self.writer.at(key, self.base)


class Pieces:
    """Writes what both passes do with a step.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design):
        self.design, self.plan = design, design.plan
        self.sources = {
            kernel.name: KernelSource(kernel, design.layouts[name])
            for name, group in self.plan.groups.items()
            for kernel in group.all_kernels()
        }
        self.lines = []

    def line(self, text):
        """One more line of the function that is being written."""
        self.lines.append(text)

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
                f"a->stride_{s}, list_{s}, count_{s}, NULL, 0); const EVENT *e = list_{s}, *c = count_{s};",
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
        return identifier(owner_of(key))

    def at(self, key, base):
        """C of an array in the states that begin at ``base``."""
        owner = owner_of(key)
        return f"({base} + {self.design.layouts[owner].states.index(key)} * L_{identifier(owner)})"

    def currents(self, kernel, ahead="AHEAD", base=None):
        """C that loads a kernel's currents to some address, and fetches those of so many steps ahead."""
        g, size = identifier(kernel.group), self.design.layouts[kernel.group].size
        base = base or f"current_{g}"
        for k, data in enumerate(kernel.leaves("current")):
            name = self.design.currents[data[:2]]
            yield (
                f"load_current(nb, {size}, a->table_{name} + q0 * a->stride_{name}, a->stride_{name}, a->channels_{name}, "
                f"a->rows_{name}[t + {data[2]}], {ahead}, a->column_{name}, {base} + {k} * L_{g});"
            )

    def buffers(self, slots="1"):
        """C that allocates what both passes need for a block, with the names to free; currents of so many kernels."""
        made = []
        for name in self.plan.groups:
            g = identifier(name)
            self.line(
                f"  real *current_{g} = space({slots} * {self.most_currents(name)} * L_{g} * sizeof(real)), "
                f"*before_{g} = space(L_{g} * sizeof(real));"
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

    def start(self, name):
        """C that takes the states of a group at the start, of all trials or of each."""
        layout, g = self.design.layouts[name], identifier(name)
        for k in range(len(layout.states)):
            rows = f"a->start_{g} + {k} * a->started_{g} * {layout.size}"
            yield f"begin(nb, {layout.size}, y_{g} + {k} * L_{g}, {rows}, a->started_{g} > 1, q0);"

    def most_currents(self, name):
        """How many currents a kernel of a group reads at most, one at least."""
        return max([len(k.leaves("current")) for k in self.plan.groups[name].all_kernels()] + [1])

    def kept_events(self, space):
        """C of the events of a space as a kept pass holds them."""
        s, size = identifier(space), self.plan.spaces[space]
        return (
            f"{{a->list_{s} + q0 * {size} * (size_t)a->steps, a->count_{s} + q0 * (size_t)a->steps, "
            f"a->begin_{s} + q * (size_t)a->steps, a->steps, 1}}"
        )

    def outputs(self, name):
        """How many traces and dense events a kernel of a group writes at most."""
        found = [self.sources[k.name] for k in self.plan.groups[name].all_kernels()]
        return max([len(s.traces) + len(s.emitted) for s in found] + [1])

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

    def multiply(self, product, to, of):
        """C of a summed variable."""
        link = self.design.links[id(product)][0]
        return (
            f"multiply_rows(nb, {link.rows}, {link.columns}, {self.at(product.target, to)}, "
            f"{self.at(product.source, of)}, r->w_{link.name});"
        )
