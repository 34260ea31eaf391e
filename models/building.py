"""`build`: from a `NetworkDescription` to Brian2 objects on the active device, at this dt or another."""

from dataclasses import replace

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    PoissonGroup,
    Quantity,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    get_or_create_dimension,
    second,
)
from brian2.equations.codestrings import Expression
from brian2.equations.equations import Equations, SingleEquation

from .annotations import annotate
from .deletion import expect_copies
from .description import (
    NetworkDescription,
    NeuronGroupDescription,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
)
from .devices import making
from .membrane_steps import check_step
from .times import ROUNDING, seconds, whole_steps


def build(description, *, dt=None):
    """Make a new network from a description, on the active Brian2 device.

    Names, slots, orders, connections and their order, and every value (to the bit) are those of the
    description. The network starts at t = 0. The inverse is `describe`.

    Parameters
    ----------
    description : NetworkDescription
    dt : Quantity or float, optional
        Another simulation step (s) for all objects that have none of their own. It must divide dt_ref, and leave
        input spikes and the steps of TimedArrays where they are.
        Delays of the pathways in `Annotations.step_delays` are set so that the physical delay stays.

    Returns
    -------
    brian2.Network
        Annotated as described. Every name is resolved: ``net.run(duration, namespace={})``.

    Raises
    ------
    TypeError
        `description` is not a NetworkDescription, or `dt` not one time.
    ValueError
        `dt` is no positive time, does not divide dt_ref, would move the network's own input spikes or currents, or
        is longer than a delay that its slot contributes to.
    UnsupportedModel
        As for `with_dt`.
    """
    if not isinstance(description, NetworkDescription):
        raise TypeError(
            f"build: expected a NetworkDescription, got {type(description).__name__}; see describe(net)"
        )
    if dt is not None:
        description = with_dt(description, dt)
    clock = Clock(dt=description.dt * second)
    timed = {
        t.name: TimedArray(t.array.quantity(), dt=t.dt * second, name=t.name)
        for t in description.timed_arrays
    }
    groups = {}
    for group in description.groups:
        groups[group.name] = _GROUPS[type(group)](group, _clock(group, clock), timed)
    synapses = [_synapses(s, groups, _clock(s, clock), timed) for s in description.synapses]
    net = Network(*groups.values(), *synapses)
    expect_copies(net)
    net.schedule = list(description.schedule)
    notes = description.annotations
    return annotate(
        net,
        dt_ref=notes.dt_ref,
        readout=notes.readout,
        initial=notes.initial,
        step_delays=notes.step_delays,
        about=notes.about,
        growing=notes.growing,
        jitter=notes.jitter,
    )


def with_dt(description, dt):
    """Return the description with another simulation step.

    Parameters
    ----------
    description : NetworkDescription
    dt : Quantity or float
        New step (s), > 0; divides dt_ref. Input spikes and steps of TimedArrays that lie on the grid of the old step
        lie on that of the new one.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    ValueError
        As for `build`.
    UnsupportedModel
        `MembraneNoise` was put into a group whose method is unstable at this step.
    """
    new = seconds(dt, "dt")
    notes = description.annotations
    if notes.dt_ref is not None:
        whole_steps(notes.dt_ref, new, "dt_ref")
    _check_inputs(description, new)
    for g in description.groups:
        check_step(g, new)
    synapses = []
    for s in description.synapses:
        pathways = []
        for p in s.pathways:
            if f"{s.name}_{p.name}" in notes.step_delays:
                delay = p.delay + description.dt - new
                # Sums of such times are off by ulps; a delay is rounded to steps by Brian2 anyway.
                delay = np.where(np.abs(delay) < 1e-6 * new, 0.0, delay)
                if (delay < 0).any():
                    physical = float(np.min(p.delay)) + description.dt
                    raise ValueError(
                        f"dt = {new} s is longer than the delay {physical} s of '{s.name}_{p.name}'; "
                        "use a shorter dt"
                    )
                p = replace(p, delay=delay)
            pathways.append(p)
        synapses.append(replace(s, pathways=tuple(pathways)))
    return replace(description, dt=new, synapses=tuple(synapses))


def _check_inputs(description, new):
    """Refuse a step that would move input spikes or currents; what lay off the grid before is the user's choice."""
    old = description.dt
    for array in description.timed_arrays:
        if not _off_grid(array.dt, old):
            whole_steps(array.dt, new, f"the step of the TimedArray '{array.name}'")
    for group in description.groups:
        if not isinstance(group, SpikeGeneratorDescription) or group.dt is not None:
            continue
        moved = group.times[_off_grid(group.times, new)]
        if not len(moved) or _off_grid(group.times, old).any():
            continue
        # The coarsest grid that holds all spikes: a step that divides it moves none.
        grid = old * int(np.gcd.reduce(np.rint(group.times / old).astype(np.int64)))
        raise ValueError(
            f"dt = {new:.9g} s would move input spikes of '{group.name}', such as that at {moved[0]:.9g} s; the "
            f"nearest dt that moves none is {grid / max(round(grid / new), 1):.6g} s"
        )


def _off_grid(times, step):
    """Which times (s) are no whole multiples of a step."""
    steps = np.asarray(times) / step
    return np.abs(steps - np.rint(steps)) > ROUNDING


def _clock(described, clock):
    return clock if described.dt is None else Clock(dt=described.dt * second)


def _neuron_group(d, clock, timed):
    group = NeuronGroup(
        d.size,
        _equations(d.equations),
        method=d.method,
        method_options=dict(d.method_options) or None,
        threshold=None if d.threshold is None else d.threshold.condition,
        reset=None if d.threshold is None else d.threshold.reset,
        refractory=_refractory(d.refractory),
        namespace=_namespace(d.namespace, timed),
        clock=clock,
        order=d.order,
        name=d.name,
    )
    _put(group.state_updater, d.update_slot)
    if d.constant_slot is not None:
        _put(group.subexpression_updater, d.constant_slot)
    if d.threshold is not None:
        _put(group.thresholder["spike"], d.threshold.slot)
        if d.threshold.reset is not None:
            _put(group.resetter["spike"], d.threshold.reset_slot)
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


def _synapses(d, groups, clock, timed):
    codes = {side: {p.name: p.code for p in d.pathways if p.prepost == side} for side in ("pre", "post")}
    synapses = Synapses(
        groups[d.source],
        groups[d.target],
        _equations(d.equations),
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
    with making():
        if len(d.pre):
            synapses.connect(i=d.pre, j=d.post)
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
    return {e.name: timed[e.value] if isinstance(e.value, str) else e.value.quantity() for e in externals}


def _put(obj, slot):
    obj.when = slot.when
    obj.order = slot.order


def _set_values(group, variables):
    # The variable's own setter: no conversion of units, every bit stays.
    for v in variables:
        if v.array.values.size:
            group.variables[v.name].set_value(v.array.values)
