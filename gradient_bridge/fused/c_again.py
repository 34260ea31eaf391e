"""Running the steps of a chunk again from its checkpoint, by the same functions, so to the bit."""

from __future__ import annotations

from ..program import owner_of
from .c_pieces import TIME, States
from .c_places import Places
from .plan import Delivery, Product, identifier


class Again(Places):
    """Writes that part of the pass backward; for the parameters see `Pieces`."""

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
            self.line(f"      if (!t0) memset(truth_{s}, 0, L_{s});")  # nothing was emitted before the start
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
            name = owner_of(step.target)
            return self.add(step, States(self, self.states(name, self.before(step))))
        if isinstance(step, Product):
            to, of = (
                self.states(owner_of(key), self.design.before(step, key))
                for key in (step.target, step.source)
            )
            return [self.multiply(step, to, of)]
        _, name, number = step
        g, rows = identifier(name), len(self.design.kept[name])
        taken = []
        for key, place in self.kept(name, number):
            unless = f"if (!whole_{g}) " if self.design.is_read_in_place(key, number) else ""
            copied = f"copy(n_{g}, {self.at(key, self.states(name, number))}, {place});"
            taken.append(f"fetch({place} + AHEAD * {rows} * n_{g}, n_{g}); {unless}{copied}")
        return [*taken, *self.kernel_again(name, number)]

    def kernel_again(self, name, number):
        """C that runs a kernel of a chunk again, where its results are read."""
        group = self.plan.groups[name]
        kernel = group.kernels[number]
        if number < len(group.kernels) - 1 or self.read_at_the_end(name):
            return self.run(kernel, number)
        # the states after the last kernel of a chunk are the next chunk's: of it only the events are read
        lines = ["if (t < t1 - 1) {", *self.run(kernel, number), "} else {"]
        for space, shift in kernel.emitted:
            s, size = identifier(space), self.plan.spaces[space]
            bound = f"if (t + {shift} < T) " if shift else ""
            lines.append(f"{bound}truths(&ev_{s}, t + {shift}, {size}, nb, {self.truth(space, shift)});")
        return [*lines, "}"]

    def read_at_the_end(self, name):
        """Whether a mask or a summed variable reads the states of a group after its last kernel of a step."""
        last = max(k for k, s in enumerate(self.plan.steps) if isinstance(s, tuple) and s[1] == name)
        later = (s for s in self.plan.steps[last:] if not isinstance(s, tuple))
        keys = (s.source if isinstance(s, Product) else s.mask for s in later)
        return any(key is not None and owner_of(key) == name for key in keys)

    def given(self, kernel, states, taken):
        """Arguments that a kernel and its adjoint share."""
        source, g = self.sources[kernel.name], identifier(kernel.group)
        currents = [f"{taken} + {k} * L_{g}" for k in range(len(source.currents))]
        ins = [self.truth(space, shift) for space, shift in source.events]
        return [f"nr_{g}", f"r->co_{g}", "(real)a->first", "(real)t", "time", *states, *currents, *ins]

    def run(self, kernel, number):
        """C that runs a kernel from its slot into the next one."""
        name, g = kernel.group, identifier(kernel.group)
        source, to, taken = (
            self.sources[kernel.name],
            self.states(name, number + 1),
            self.taken(kernel, number),
        )
        # the chunk before this one comes next
        loaded = (
            self.currents(kernel, "(t0 ? -(long)C : 0)", taken) if self.loads_again(kernel, number) else ()
        )
        states = [f"{to} + {k} * L_{g}" for k in range(len(self.layouts[name].states))]
        outs = [self.truth(space, shift) for space, shift in source.emitted]
        call = ", ".join([*self.given(kernel, self.found(name, number), taken), *states, *outs])
        return [*loaded, f"{{ {TIME} {kernel.name}_again({call}); }}"]
