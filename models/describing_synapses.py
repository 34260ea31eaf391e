"""From a Brian2 `Synapses` object to its description; what cannot be described is refused by name."""

from dataclasses import replace

import numpy as np

from .describing_links import links_of
from .describing_objects import (
    check_group,
    equations_of,
    method_of,
    read_only,
    regular_of,
    slot_of,
    values_of,
    variables_of,
)
from .description import Equation, PathwayDescription, Summed, SynapsesDescription, exponents


def describe_synapses(synapses, externals, dt, network):
    """Return the `SynapsesDescription` of a Synapses object.

    Parameters
    ----------
    synapses : Synapses
    externals : Externals
    dt : float or None
        Its own step (s).
    network : Objects

    Raises
    ------
    UnsupportedModel
    """
    name = synapses.name
    source, source_part = network.end_of(name, "source", synapses.source)
    target, target_part = network.end_of(name, "target", synapses.target)
    check_group(synapses)
    updaters = [synapses.state_updater, synapses.subexpression_updater]
    regular = regular_of(
        synapses, [*synapses._pathways, *synapses.summed_updaters.values(), *filter(None, updaters)]
    )
    equations = _equations(synapses)
    pathways = tuple(_pathway(synapses, pathway) for pathway in synapses._pathways)
    codes = [e.expression for e in equations]
    codes += [*(p.code for p in pathways), *(r.code for r in regular), *network.weights(synapses)]
    update, constant = (None if u is None else slot_of(u) for u in updaters)
    choice = {}
    if synapses.state_updater is not None:
        options = synapses.state_updater.method_options or {}
        choice = {
            "method": method_of(name, synapses.state_updater.method_choice),
            "method_options": tuple(sorted(options.items())),
        }
    return SynapsesDescription(
        name=name,
        source=source.name,
        target=target.name,
        source_part=source_part,
        target_part=target_part,
        pre=read_only(values_of(synapses.variables["_synaptic_pre"], name).astype(np.int32)),
        post=read_only(values_of(synapses.variables["_synaptic_post"], name).astype(np.int32)),
        equations=equations,
        pathways=pathways,
        summed=tuple(Summed(v, slot_of(u)) for v, u in synapses.summed_updaters.items()),
        multisynaptic_index=synapses.multisynaptic_index,
        update_slot=update,
        constant_slot=constant,
        namespace=externals.resolve(synapses, codes),
        variables=variables_of(synapses, equations),
        links=links_of(synapses, network.groups),
        regular=regular,
        dt=dt,
        order=synapses.order,
        **choice,
    )


def _equations(synapses):
    """The equations as they were given: Brian2 sorts them into those that run at each step, at events, and sums."""
    own = {e.varname: e for e in synapses.equations.values() if e.varname != synapses.multisynaptic_index}
    at_events = [] if synapses.event_driven is None else list(synapses.event_driven.values())
    driven = {e.varname: e for e in at_events if "event-driven" in e.flags}
    order = list(own)
    # Both lists hold all parameters in the order in which they were given: event-driven ones go where they were.
    position = 0
    for e in at_events:
        if e.varname in driven:
            order.insert(position, e.varname)
            position += 1
        elif e.varname in order:
            position = order.index(e.varname) + 1
    codes = _constant_over_dt(synapses)
    equations = tuple(
        replace(e, type="subexpression", expression=codes[e.name], flags=(*e.flags, "constant over dt"))
        if e.name in codes
        else e
        for e in equations_of(driven.get(n) or own[n] for n in order)
    )
    return equations + tuple(_summed_equation(n, u) for n, u in synapses.summed_updaters.items())


def _constant_over_dt(synapses):
    """Expressions by name, of those that Brian2 keeps as parameters and computes at the beginning of a step."""
    if synapses.subexpression_updater is None:
        return {}
    lines = synapses.subexpression_updater.abstract_code.split("\n")
    return dict(line.split(" = ", 1) for line in lines)


def _summed_equation(variable, updater):
    dimensions = exponents(updater.target_var.dim)
    return Equation("subexpression", variable, updater.expression.code, dimensions, "float", ("summed",))


def _pathway(synapses, pathway):
    delay = pathway.variables["delay"]
    values = values_of(delay, synapses.name).astype(np.float64)
    if delay.scalar:
        values = values.reshape(())
    return PathwayDescription(
        name=pathway.objname,
        prepost=pathway.prepost,
        code=pathway.code,
        slot=slot_of(pathway),
        delay=read_only(values),
        event=pathway.event,
    )
