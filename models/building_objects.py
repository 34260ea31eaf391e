"""From the description of one object to the Brian2 object."""

from brian2 import (
    Clock,
    Hz,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    Quantity,
    SpikeGeneratorGroup,
    Subgroup,
    Synapses,
    TimedArray,
    get_or_create_dimension,
    linked_var,
    second,
)
from brian2.equations.codestrings import Expression
from brian2.equations.equations import Equations, SingleEquation

from .description import Array, NeuronGroupDescription, PoissonGroupDescription, SpikeGeneratorDescription
from .devices import making


class Builder:
    """Makes the objects of a network one after the other, on the active device.

    Parameters
    ----------
    description : NetworkDescription

    Attributes
    ----------
    objects : dict of str to brian2 object
        Those that were made, by name.
    """

    def __init__(self, description):
        self.objects, self._parts = {}, {}
        self._clock = Clock(dt=description.dt * second)
        self._timed = {
            t.name: TimedArray(t.array.quantity(), dt=t.dt * second, name=t.name)
            for t in description.timed_arrays
        }

    def add_group(self, d):
        """Make a group; its linked variables are set by `link` when all groups are there."""
        group = _GROUPS[type(d)](d, self._clock_of(d), self._timed)
        self.objects[d.name] = group
        self._add_regular(group, getattr(d, "regular", ()))

    def link(self, d):
        """Set the linked variables of a group or of synapses."""
        linked = self.objects[d.name]
        for link in getattr(d, "links", ()):
            source = self._end(link.group, link.part)
            setattr(linked, link.name, linked_var(source, link.variable, index=link.index))
        # Brian2 looks linked subgroups up when it runs, and does not keep them.
        object.__setattr__(linked, "_linked_parts", tuple(self._parts.values()))

    def add_synapses(self, d):
        """Make synapses, between groups and synapses that are there."""
        ends = self._end(d.source, d.source_part), self._end(d.target, d.target_part)
        synapses = _synapses(d, *ends, self._clock_of(d), self._timed)
        self.objects[d.name] = synapses
        self.link(d)
        self._add_regular(synapses, d.regular)

    def add_poisson_input(self, d):
        """Make a PoissonInput."""
        made = PoissonInput(
            self._end(d.target, d.part),
            d.variable,
            N=d.n,
            rate=Quantity(d.rate, dim=Hz.dim),
            weight=d.weight if isinstance(d.weight, str) else d.weight.quantity(),
            when=d.slot.when,
            order=d.slot.order,
        )
        made._name = d.name  # it takes no name, and random numbers are drawn in the order of names
        self.objects[d.name] = made

    def _clock_of(self, d):
        return self._clock if d.dt is None else Clock(dt=d.dt * second)

    def _end(self, name, part):
        """A group or synapses, or the subgroup of it; one that several objects share is made once."""
        whole = self.objects[name]
        if part is None:
            return whole
        key = name, part
        if key not in self._parts:
            self._parts[key] = Subgroup(whole, part.start, part.stop, name=part.name)
        return self._parts[key]

    def _add_regular(self, group, regular):
        for r in regular:
            self._end(group.name, r.part).run_regularly(
                r.code,
                clock=None if r.dt is None else Clock(dt=r.dt * second),
                when=r.slot.when,
                order=r.slot.order,
                name=r.name,
            )


def _neuron_group(d, clock, timed):
    group = NeuronGroup(
        d.size,
        _equations(d.equations),
        method=d.method,
        method_options=dict(d.method_options) or None,
        threshold=None if d.threshold is None else d.threshold.condition,
        reset=None if d.threshold is None else d.threshold.reset,
        refractory=_refractory(d.refractory),
        events={e.name: e.condition for e in d.events},
        namespace=_namespace(d.namespace, timed),
        clock=clock,
        order=d.order,
        name=d.name,
    )
    _put(group.state_updater, d.update_slot)
    if d.constant_slot is not None:
        _put(group.subexpression_updater, d.constant_slot)
    for e in d.events:
        if e.reset is not None:
            group.run_on_event(e.name, e.reset)
    for e in (*([] if d.threshold is None else [d.threshold]), *d.events):
        _put(group.thresholder[e.name], e.slot)
        if e.reset is not None:
            _put(group.resetter[e.name], e.reset_slot)
    _set_values(group, d.variables)
    return group


def _spike_generator(d, clock, timed):
    return SpikeGeneratorGroup(
        d.size,
        d.indices,
        d.times * second,
        period=d.period * second,
        when=d.slot.when,
        order=d.slot.order,
        clock=clock,
        sorted=True,
        name=d.name,
    )


def _poisson_group(d, clock, timed):
    rates = d.rates if isinstance(d.rates, str) else d.rates.quantity()
    namespace = _namespace(d.namespace, timed)
    group = PoissonGroup(d.size, rates, namespace=namespace, clock=clock, order=d.order, name=d.name)
    _put(group.thresholder["spike"], d.slot)
    return group


_GROUPS = {
    NeuronGroupDescription: _neuron_group,
    SpikeGeneratorDescription: _spike_generator,
    PoissonGroupDescription: _poisson_group,
}


def _synapses(d, source, target, clock, timed):
    codes = {side: {p.name: p.code for p in d.pathways if p.prepost == side} for side in ("pre", "post")}
    synapses = Synapses(
        source,
        target,
        _equations(d.equations),
        method=d.method,
        method_options=dict(d.method_options) or None,
        on_event={p.name: p.event for p in d.pathways},
        on_pre=codes["pre"] or None,
        on_post=codes["post"] or None,
        delay={p.name: float(p.delay) * second for p in d.pathways if p.delay.ndim == 0},
        multisynaptic_index=d.multisynaptic_index,
        namespace=_namespace(d.namespace, timed),
        clock=clock,
        order=d.order,
        name=d.name,
    )
    for p in d.pathways:
        _put(getattr(synapses, p.name), p.slot)
    for s in d.summed:
        _put(synapses.summed_updaters[s.variable], s.slot)
    if d.update_slot is not None:
        _put(synapses.state_updater, d.update_slot)
    if d.constant_slot is not None:
        _put(synapses.subexpression_updater, d.constant_slot)
    with making():
        if len(d.pre):
            # Within a subgroup Brian2 counts from its beginning.
            first = [0 if part is None else part.start for part in (d.source_part, d.target_part)]
            synapses.connect(i=d.pre - first[0], j=d.post - first[1])
        else:
            synapses.connect(condition="False")
    _set_values(synapses, d.variables)
    for p in d.pathways:
        if p.delay.ndim and len(p.delay):
            getattr(synapses, p.name).variables["delay"].set_value(p.delay)
    return synapses


def _equations(equations):
    made = []
    for e in equations:
        dimension = get_or_create_dimension(list(e.dimensions))
        expression = None if e.expression is None else Expression(e.expression)
        made.append(
            SingleEquation(e.type, e.name, dimension, var_type=e.kind, expr=expression, flags=list(e.flags))
        )
    equations = Equations(made)
    equations.check_identifiers()
    return equations


def _refractory(value):
    if value is None:
        return False
    return value if isinstance(value, str) else Quantity(value, dim=second.dim)


def _namespace(externals, timed):
    values = {e.name: timed[e.value] if isinstance(e.value, str) else e.value for e in externals}
    return {name: v.quantity() if isinstance(v, Array) else v for name, v in values.items()}


def _put(obj, slot):
    obj.when = slot.when
    obj.order = slot.order


def _set_values(group, variables):
    # The variable's own setter: no conversion of units, every bit stays.
    for v in variables:
        if v.array.values.size:
            group.variables[v.name].set_value(v.array.values)
