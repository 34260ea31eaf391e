"""From one Brian2 group to its description; what cannot be described is refused by name."""

import numpy as np
from brian2 import Quantity
from brian2.core.variables import ArrayVariable
from brian2.groups.group import CodeRunner
from brian2.groups.subgroup import Subgroup
from brian2.stateupdaters.base import StateUpdateMethod
from brian2.stateupdaters.explicit import ExplicitStateUpdater
from brian2.synapses.synapses import Synapses

from .describing_links import links_of
from .description import (
    Array,
    Equation,
    Event,
    NeuronGroupDescription,
    Part,
    PoissonGroupDescription,
    PoissonInputDescription,
    Regular,
    Slot,
    SpikeGeneratorDescription,
    Variable,
    exponents,
)
from .errors import UnsupportedModel
from .symplectic import SYMPLECTIC

# State updaters of Brian2 itself, without those of the GSL, and our own.
METHODS = (
    *("exact", "linear", "independent", "exponential_euler"),
    *("euler", "rk2", "rk4", "heun", "milstein"),
    SYMPLECTIC,
)
DTYPES = {"float": np.dtype("float64"), "integer": np.dtype("int32"), "boolean": np.dtype("bool")}


def describe_neuron_group(group, externals, dt, network):
    """Return the `NeuronGroupDescription` of a NeuronGroup; `dt` is its own step (s) or None, `network` `Objects`."""
    check_group(group)
    updaters = [group.state_updater, group.subexpression_updater]
    regular = regular_of(group, [*group.thresholder.values(), *group.resetter.values(), *updaters])
    equations = equations_of(group.user_equations.values())
    refractory = _refractory(group)
    codes = [e.expression for e in equations]
    codes += [
        *group.events.values(),
        *group.event_codes.values(),
        *(r.code for r in regular),
        *network.weights(group),
        refractory if isinstance(refractory, str) else None,
    ]
    return NeuronGroupDescription(
        name=group.name,
        size=len(group),
        equations=equations,
        method=method_of(group.name, group.state_updater.method_choice),
        method_options=tuple(sorted((group.state_updater.method_options or {}).items())),
        threshold=_event(group, "spike") if "spike" in group.events else None,
        events=tuple(_event(group, name) for name in group.events if name != "spike"),
        refractory=refractory,
        update_slot=slot_of(group.state_updater),
        constant_slot=None if group.subexpression_updater is None else slot_of(group.subexpression_updater),
        namespace=externals.resolve(group, codes),
        variables=variables_of(group, equations),
        links=links_of(group, network.groups),
        regular=regular,
        dt=dt,
        order=group.order,
    )


def describe_spike_generator(group, externals, dt, network):
    """Return the `SpikeGeneratorDescription` of a SpikeGeneratorGroup."""
    check_group(group)
    if regular_of(group, []):
        raise UnsupportedModel(
            group.name, "run_regularly of a SpikeGeneratorGroup", "put the statements into a NeuronGroup"
        )
    return SpikeGeneratorDescription(
        name=group.name,
        size=len(group),
        indices=read_only(np.asarray(group._neuron_index, dtype=np.int32)),
        times=read_only(np.asarray(group._spike_time, dtype=np.float64)),
        period=float(values_of(group.variables["period"], group.name).reshape(-1)[0]),
        slot=slot_of(group),
        dt=dt,
    )


def describe_poisson_group(group, externals, dt, network):
    """Return the `PoissonGroupDescription` of a PoissonGroup."""
    check_group(group)
    regular = regular_of(group, list(group.thresholder.values()))
    expression = isinstance(group._rates, str)
    rates = group._rates
    if not expression:
        rates = Array(
            values_of(group.variables["rates"], group.name), exponents(group.variables["rates"].dim)
        )
    return PoissonGroupDescription(
        name=group.name,
        size=len(group),
        rates=rates,
        slot=slot_of(group.thresholder["spike"]),
        namespace=externals.resolve(
            group,
            [rates if expression else None, *(r.code for r in regular), *network.weights(group)],
        ),
        regular=regular,
        dt=dt,
        order=group.order,
    )


def describe_poisson_input(source, network):
    """Return the `PoissonInputDescription` of a PoissonInput."""
    target, part = network.end_of(source.name, "target", source._group)
    weight = source.weight
    if not isinstance(weight, str):
        weight = Array(np.asarray(weight), exponents(target.variables[source.target_var].dim))
    if source.codeobj_class is not None:
        raise UnsupportedModel(
            source.name, "codeobj_class", "choose the device when the network is simulated"
        )
    return PoissonInputDescription(
        name=source.name,
        target=target.name,
        variable=source.target_var,
        n=int(source.N),
        rate=float(source.rate),
        weight=weight,
        slot=slot_of(source),
        part=part,
    )


def check_group(group):
    """Refuse an object whose code is generated in another way than its network's."""
    if group.codeobj_class is not None:
        raise UnsupportedModel(group.name, "codeobj_class", "choose the device when the network is simulated")


def regular_of(group, known):
    """Return the `Regular` operations of a group and its subgroups.

    Parameters
    ----------
    group : brian2 Group
    known : list of BrianObject
        Which it contains besides.

    Raises
    ------
    UnsupportedModel
        It contains something else, or something that is not active.
    """
    found = []
    for obj in group.contained_objects:
        if isinstance(obj, Synapses):
            continue  # Brian2 keeps synapses that run statements regularly with their source, too
        if isinstance(obj, Subgroup):
            found += [_regular(group, o, Part(obj.name, obj.start, obj.stop)) for o in obj.contained_objects]
        elif not any(obj is k for k in known):
            found.append(_regular(group, obj, None))
        if not obj.active:
            raise UnsupportedModel(
                group.name, f"'{obj.name}' with active = False", "make the group without it"
            )
    return tuple(sorted(found, key=lambda r: r.name))


def _regular(group, obj, part):
    if type(obj) is not CodeRunner or obj.template != "stateupdate" or obj.codeobj_class is not None:
        raise UnsupportedModel(group.name, f"'{obj.name}' ({type(obj).__name__})", "use run_regularly")
    if not obj.active:
        raise UnsupportedModel(group.name, f"'{obj.name}' with active = False", "make the group without it")
    own = float(obj.clock.dt_)
    return Regular(
        name=obj.name,
        code=obj.abstract_code,
        slot=slot_of(obj),
        dt=None if own == float(group.clock.dt_) else own,
        part=part,
    )


def equations_of(equations):
    """Return Brian2's single equations as a tuple of `Equation`."""
    return tuple(
        Equation(
            e.type,
            e.varname,
            None if e.expr is None else e.expr.code,
            exponents(e.dim),
            e.var_type,
            tuple(sorted(e.flags)),
        )
        for e in equations
    )


def _event(group, name):
    resetter = group.resetter.get(name)
    return Event(
        condition=group.events[name],
        slot=slot_of(group.thresholder[name]),
        reset=None if resetter is None else group.event_codes[name],
        reset_slot=None if resetter is None else slot_of(resetter),
        name=name,
    )


def _refractory(group):
    value = group._refractory
    if value is False:
        return None
    if isinstance(value, Quantity):
        return float(value)
    return str(value)


def method_of(owner, method):
    """Return the name of a state updater of Brian2, one of the user's own as it is, or several of them.

    Raises
    ------
    UnsupportedModel
        It is one of the GSL's, or no explicit one.
    """
    if isinstance(method, (tuple, list)):
        return tuple(method_of(owner, m) for m in method)
    known = StateUpdateMethod.stateupdaters
    if isinstance(method, str) and method.lower() in METHODS:
        return method.lower()
    updater = known.get(method.lower()) if isinstance(method, str) else method
    names = [name for name in METHODS if known[name] is updater]
    if names:
        return names[0]
    if not isinstance(updater, ExplicitStateUpdater):
        raise UnsupportedModel(owner, f"the method {method!r}", "use an explicit one, e.g. 'exact' or 'rk4'")
    return updater


def variables_of(group, equations):
    """Values of every stored variable that the equations define."""
    kinds = {e.name: e.kind for e in equations if not {"summed", "linked"} & set(e.flags)}
    found = []
    for name, kind in kinds.items():
        variable = group.variables.get(name)
        if not isinstance(variable, ArrayVariable):
            continue
        values = values_of(variable, group.name)
        if values.dtype != DTYPES[kind]:
            raise UnsupportedModel(
                group.name, f"'{name}' of type {values.dtype}", f"use Brian2's default, {DTYPES[kind]}"
            )
        found.append(Variable(name, Array(values, exponents(variable.dim))))
    return tuple(found)


def slot_of(obj):
    """Return when an object of Brian2 runs."""
    return Slot(obj.when, int(obj.order))


def values_of(variable, owner):
    """Return a copy of the values of a Brian2 variable; `owner` is for the message.

    Raises
    ------
    UnsupportedModel
        The variable lives on a standalone device.
    """
    try:
        return np.array(variable.get_value())
    except NotImplementedError as error:
        raise UnsupportedModel(
            owner, f"'{variable.name}' on a standalone device", "make the network on the runtime device"
        ) from error


def read_only(values):
    """Return a copy that cannot be written."""
    values = np.array(values)
    values.flags.writeable = False
    return values
