"""One generated engine: a plan, what is wanted of it, and where everything lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..program import owner_of
from .c_source import Source
from .kernel import differentiate
from .layout import GroupLayout, Link
from .plan import Delivery, Plan, Product, identifier

LARGE = 128  # neurons from which on the states that spikes have reached are kept


@dataclass(frozen=True)
class Wanted:
    """What a pass shall return, and which gradients.

    Attributes
    ----------
    double : bool
        float64; otherwise float32.
    dense : frozenset of str
        Event spaces whose events are wanted as 0 and 1.
    back : bool
        Whether a pass backward follows.
    carried : frozenset of str
        Arrays and event spaces that carry a gradient.
    coefficients : frozenset
        Those that do.
    weights : frozenset of (str, int)
        Pathway and statement of the deliveries, operation and 0 of the summed variables, whose values do.
    currents : frozenset of (str, str)
        Those that do.
    surrogates : tuple of (str, Surrogate, float)
    detach_reset : bool
    """

    double: bool
    dense: frozenset = frozenset()
    back: bool = False
    carried: frozenset = frozenset()
    coefficients: frozenset = frozenset()
    weights: frozenset = frozenset()
    currents: frozenset = frozenset()
    surrogates: tuple = ()
    detach_reset: bool = False


@dataclass(frozen=True)
class Carried:
    """Which leaves of a kernel carry a gradient."""

    wanted: Wanted

    def state(self, key):
        """Whether an array does."""
        return self.wanted.back and key in self.wanted.carried

    def event(self, space):
        """Whether the events of a space do."""
        return self.wanted.back and space in self.wanted.carried

    def leaf(self, leaf):
        """Whether a leaf does."""
        if leaf.kind == "state":
            return self.state(leaf.data)
        if leaf.kind == "event":
            return self.event(leaf.data[0])
        if leaf.kind == "coefficient":
            return leaf.data in self.wanted.coefficients
        return leaf.kind == "current" and leaf.data[:2] in self.wanted.currents


@dataclass(eq=False)
class Design:
    """Names and places of everything in one generated engine.

    Parameters
    ----------
    plan : Plan
    wanted : Wanted
    wirings : dict of int to list of Wiring
        By `id` of a delivery or product.
    """

    plan: Plan
    wanted: Wanted
    wirings: dict
    layouts: dict = field(init=False)
    links: dict = field(init=False)
    derivatives: dict = field(init=False)
    kept: dict = field(init=False)

    def __post_init__(self):
        plan, wanted = self.plan, self.wanted
        self.double = wanted.double
        carried = Carried(wanted)
        self.carried_spaces = sorted(s for s in plan.spaces if carried.event(s) and s not in plan.sources)
        kernels = [k for g in plan.groups.values() for k in g.all_kernels()]
        found = [d[:2] for k in kernels for d in k.leaves("current")]
        self.currents = {c: f"i{n}" for n, c in enumerate(dict.fromkeys(found))}
        found = [t[:2] for k in kernels for t in k.traces]
        self.traces = {t: f"t{n}" for n, t in enumerate(dict.fromkeys(found))}
        self.noted = frozenset(
            o.operation.events
            for k in kernels
            for o in k.lowered
            if getattr(o.operation, "refractory", None) and o.operation.owner in o.unrestricted
        )
        delivered = {s.target for s in plan.steps if isinstance(s, Delivery)}
        self.layouts = {}
        for name, group in plan.groups.items():
            own = dict.fromkeys(c for k in group.all_kernels() for c in k.leaves("coefficient"))
            final = [key for key in group.final if not carried.state(key)]
            every = [*group.states, *(key for key in group.final if carried.state(key))]
            states = [key for key in every if carried.state(key)]
            self.layouts[name] = GroupLayout(
                name=name,
                size=group.size,
                states=every,
                coefficients=list(own),
                graded=[c for c in own if c in wanted.coefficients],
                dense=wanted.dense,
                last=final,
                carried=states,
                slotted=frozenset(states) & delivered,
            )
        self.links = {id(s): self._links(s, carried) for s in plan.steps if not isinstance(s, tuple)}
        self.kept = {name: self._kept(name) for name in plan.groups}
        self.derivatives = {}
        if wanted.back:
            surrogates = {label: (s, scale) for label, s, scale in wanted.surrogates}
            self.derivatives = {
                k.name: differentiate(k, carried, surrogates, wanted.detach_reset) for k in kernels
            }

    def _links(self, step, carried):
        links = []
        operation = step.operation
        number = step.line if isinstance(step, Delivery) else 0
        graded = (operation.name, number) in self.wanted.weights and carried.state(step.target)
        for k, wiring in enumerate(self.wirings[id(step)]):
            delivery = isinstance(step, Delivery)
            space = operation.events if delivery else None
            links.append(
                Link(
                    name=f"{identifier(operation.name)}_{number}_{k}",
                    space=space,
                    rows=wiring.n_sources,
                    columns=wiring.n_targets,
                    lag=step.lag + wiring.delay if delivery else 0,
                    dense=wiring.dense or not delivery,
                    graded=graded,
                    back=carried.state(step.target)
                    and (space in self.carried_spaces if delivery else carried.state(step.source)),
                    synapses=len(wiring.synapses),
                )
            )
        return links

    def _kept(self, name):
        """States of a group that are kept for every step, as (key, number of the kernel that reads them).

        What is delivered to many neurons costs more to add up again than to read; so does a summed variable.
        """
        if not self.wanted.back:
            return []
        found = [
            (s.target, self.before(s, s.target))
            for s in self.plan.steps
            if not isinstance(s, tuple)
            and owner_of(s.target) == name
            and (isinstance(s, Product) or self.layouts[name].size > LARGE)
        ]
        return [k for k in dict.fromkeys(found) if k[1] < len(self.plan.groups[name].kernels)]

    # -------------------------------------------------------------- what the writers ask for
    def before(self, step, key):
        """How many kernels of the group of an array a step of the plan has before it."""
        owner = owner_of(key)
        at = next(k for k, s in enumerate(self.plan.steps) if s is step)
        return sum(1 for s in self.plan.steps[:at] if isinstance(s, tuple) and s[1] == owner)

    def is_kept(self, step):
        """Whether what a delivery or product does is kept."""
        name = owner_of(step.target)
        return (step.target, self.before(step, step.target)) in self.kept[name]

    def is_read_in_place(self, key, number):
        """Whether an array is kept as a kernel of that number finds it, and nothing but kernels reads it."""
        others = {
            s.source if isinstance(s, Product) else s.mask
            for s in self.plan.steps
            if not isinstance(s, tuple)
        }
        return (key, number) in self.kept[owner_of(key)] and key not in others

    def spared(self, name, number):
        """The arrays of a group that need not be computed again by a kernel: the next one finds what was kept."""
        following = (number + 1) % len(self.plan.groups[name].kernels)
        return [key for key in self.layouts[name].states if self.is_read_in_place(key, following)]

    def deliveries(self):
        """The deliveries of a step, in order."""
        return [s for s in self.plan.steps if isinstance(s, Delivery)]

    def products(self):
        """The summed variables of a step, in order."""
        return [s for s in self.plan.steps if isinstance(s, Product)]

    @cached_property
    def inputs(self):
        """Names in C of the tensors that go into a pass, in order."""
        names = []
        for name, layout in self.layouts.items():
            g = identifier(name)
            names += [f"coefficient_{g}_{k}" for k in range(len(layout.graded))]
            names.append(f"start_{g}")
        names += [f"w_{link.name}" for link in self.every_link()]
        return names + [f"table_{n}" for n in self.currents.values()]

    def every_link(self):
        """All links, in the order of the steps."""
        return [link for s in self.plan.steps if not isinstance(s, tuple) for link in self.links[id(s)]]

    def accumulator(self, link):
        """Number of a link among those with derivatives."""
        return [k for k in self.every_link() if k.graded].index(link)

    def ring(self, space):
        """For how many steps the events of a space are kept, at least."""
        return max([link.lag for link in self.every_link() if link.space == space] + [0]) + 2

    def source(self):
        """(C source, class of its call structure)."""
        source = Source(self)
        text = source.source()
        return text, source.fields.in_python()
