"""Where things lie in the memory of the pass backward."""

from __future__ import annotations

from ..program import owner_of
from .c_pieces import Pieces
from .plan import identifier


class Places(Pieces):
    """Names of places; for the parameters see `Pieces`."""

    def __init__(self, design):
        super().__init__(design)
        self.layouts, self.made = design.layouts, []

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

    def loads_again(self, kernel, number):
        """Whether a chunk that is run again loads the currents of a kernel, which stay until its adjoint."""
        return bool(self.sources[kernel.name].again(self.design.spared(kernel.group, number))[1])

    def taken(self, kernel, number):
        """C of where the currents of a kernel are: the first slot is for those that are loaded when they are read."""
        name, g = kernel.group, identifier(kernel.group)
        own = kernel in self.plan.groups[name].kernels and self.loads_again(kernel, number)
        return (
            f"(current_{g} + (1 + {self.slot(name, number)}) * {self.most_currents(name)} * L_{g})"
            if own
            else f"current_{g}"
        )

    def found(self, name, number):
        """C of each state of a group as a kernel finds it: in its slot, or where it is kept in whole vectors."""
        g, base, kept = identifier(name), self.states(name, number), dict(self.kept(name, number))
        for k, key in enumerate(self.layouts[name].states):
            slot = f"{base} + {k} * L_{g}"
            direct = self.design.is_read_in_place(key, number)
            yield f"(whole_{g} ? {kept[key]} : {slot})" if direct else slot

    def flow(self, key, number, time="t"):
        """C of the derivatives by a carried state before a kernel."""
        name = owner_of(key)
        layout, g = self.layouts[name], identifier(name)
        k = layout.carried.index(key)
        if key in layout.slotted:
            return f"(d_{g}_{k} + {self.slot(name, number, time)} * L_{g})"
        return f"d_{g}_{k}"

    def before(self, step):
        """How many kernels of the target's group a step of the plan has before it."""
        return self.design.before(step, step.target)

    def layout_of(self, step):
        return self.layouts[owner_of(step.target)]

    def number(self, step):
        """Number of a delivery among all."""
        return next(k for k, d in enumerate(self.design.deliveries()) if d is step)

    def truth(self, space, shift):
        s = identifier(space)
        return f"truth_{s} + (t + {shift} - t0 + 1) * L_{s}"

    def space(self, name, size, kind="real", make="space"):
        """C that allocates for the largest block, zeros or anything (`room`)."""
        self.line(f"  {kind} *{name} = {make}((size_t)({size}) * sizeof({kind}));")
        self.made.append(name)
