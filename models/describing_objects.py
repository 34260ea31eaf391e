"""From one Brian2 object to its description; what cannot be described is refused by name."""

import numpy as np
from brian2 import NeuronGroup, PoissonGroup, Quantity, SpikeGeneratorGroup
from brian2.core.variables import ArrayVariable
from brian2.stateupdaters.base import StateUpdateMethod

from .description import (
    Array,
    Equation,
    Event,
    NeuronGroupDescription,
    PathwayDescription,
    PoissonGroupDescription,
    Slot,
    SpikeGeneratorDescription,
    Summed,
    SynapsesDescription,
    Variable,
    exponents,
)
from .errors import UnsupportedModel

# State of a run, or computed by Brian2 itself.
NOT_STORED = {"_spikespace", "lastspike", "not_refractory"}
DTYPES = {"float": np.dtype("float64"), "integer": np.dtype("int32"), "boolean": np.dtype("bool")}


def describe_neuron_group(group, externals, dt):
    """Return the `NeuronGroupDescription` of a NeuronGroup; `dt` is its own step (s) or None."""
    _check_group(group)
    updaters = [group.state_updater, group.subexpression_updater]
    _check_contained(group, [*group.thresholder.values(), *group.resetter.values(), *updaters])
    if set(group.events) - {"spike"}:
        event = sorted(set(group.events) - {"spike"})[0]
        raise UnsupportedModel(group.name, f"the event '{event}'", "use the threshold and reset of spikes")
    equations = _equations(group.name, group.user_equations.values())
    refractory = _refractory(group)
    codes = [e.expression for e in equations]
    codes += [
        *group.events.values(),
        *group.event_codes.values(),
        refractory if isinstance(refractory, str) else None,
    ]
    return NeuronGroupDescription(
        name=group.name,
        size=len(group),
        equations=equations,
        method=_method(group.name, group.state_updater.method_choice),
        method_options=tuple(sorted((group.state_updater.method_options or {}).items())),
        threshold=_event(group),
        refractory=refractory,
        update_slot=_slot(group.state_updater),
        constant_slot=None if group.subexpression_updater is None else _slot(group.subexpression_updater),
        namespace=externals.resolve(group, codes),
        variables=_variables(group, equations),
        dt=dt,
        order=group.order,
    )


def describe_spike_generator(group, externals, dt):
    """Return the `SpikeGeneratorDescription` of a SpikeGeneratorGroup."""
    _check_group(group)
    _check_contained(group, [])
    return SpikeGeneratorDescription(
        name=group.name,
        size=len(group),
        indices=_read_only(np.asarray(group._neuron_index, dtype=np.int32)),
        times=_read_only(np.asarray(group._spike_time, dtype=np.float64)),
        period=float(_values(group.variables["period"], group.name).reshape(-1)[0]),
        slot=_slot(group),
        dt=dt,
    )


def describe_poisson_group(group, externals, dt):
    """Return the `PoissonGroupDescription` of a PoissonGroup."""
    _check_group(group)
    _check_contained(group, list(group.thresholder.values()))
    expression = isinstance(group._rates, str)
    rates = group._rates
    if not expression:
        rates = Array(_values(group.variables["rates"], group.name), exponents(group.variables["rates"].dim))
    return PoissonGroupDescription(
        name=group.name,
        size=len(group),
        rates=rates,
        slot=_slot(group.thresholder["spike"]),
        namespace=externals.resolve(group, [rates]) if expression else (),
        dt=dt,
        order=group.order,
    )


def describe_synapses(synapses, externals, dt, groups):
    """Return the `SynapsesDescription` of a Synapses object; `groups` are those of the network."""
    name = synapses.name
    for side, end in (("source", synapses.source), ("target", synapses.target)):
        if type(end) not in (NeuronGroup, SpikeGeneratorGroup, PoissonGroup):
            raise UnsupportedModel(
                name,
                f"a {type(end).__name__} as {side}",
                "connect whole groups, with indices i and j in connect()",
            )
        if not any(end is group for group in groups):
            raise ValueError(f"{name}: its {side} '{end.name}' is not in the network; add it")
    _check_group(synapses)
    if synapses.event_driven is not None or len(synapses.equations.diff_eq_names):
        raise UnsupportedModel(name, "differential equations in synapses", "move them into the target group")
    if synapses.subexpression_updater is not None:
        raise UnsupportedModel(name, "a subexpression that is constant over dt", "remove the flag")
    _check_contained(synapses, [*synapses._pathways, *synapses.summed_updaters.values()])
    shared = [e for e in synapses.equations.values() if e.varname != synapses.multisynaptic_index]
    equations = _equations(name, shared)
    equations += tuple(_summed_equation(variable, u) for variable, u in synapses.summed_updaters.items())
    pathways = tuple(_pathway(synapses, pathway) for pathway in synapses._pathways)
    codes = [e.expression for e in equations] + [p.code for p in pathways]
    return SynapsesDescription(
        name=name,
        source=synapses.source.name,
        target=synapses.target.name,
        pre=_read_only(_values(synapses.variables["_synaptic_pre"], name).astype(np.int32)),
        post=_read_only(_values(synapses.variables["_synaptic_post"], name).astype(np.int32)),
        equations=equations,
        pathways=pathways,
        summed=tuple(Summed(v, _slot(u)) for v, u in synapses.summed_updaters.items()),
        multisynaptic_index=synapses.multisynaptic_index,
        namespace=externals.resolve(synapses, codes),
        variables=_variables(synapses, equations),
        dt=dt,
        order=synapses.order,
    )


def _check_group(group):
    if group.codeobj_class is not None:
        raise UnsupportedModel(group.name, "codeobj_class", "choose the device when the network is simulated")
    if getattr(group, "_linked_variables", None):
        linked = sorted(group._linked_variables)[0]
        raise UnsupportedModel(
            group.name, f"the linked variable '{linked}'", "copy its values, or use Synapses"
        )


def _check_contained(group, known):
    for obj in group.contained_objects:
        if not any(obj is k for k in known):
            raise UnsupportedModel(
                group.name, f"'{obj.name}' ({type(obj).__name__}, as from run_regularly)", "use equations"
            )
        if not obj.active:
            raise UnsupportedModel(
                group.name, f"'{obj.name}' with active = False", "make the group without it"
            )


def _equations(owner, equations):
    described = []
    for e in equations:
        if "linked" in e.flags:
            raise UnsupportedModel(
                owner, f"the linked variable '{e.varname}'", "copy its values, or use Synapses"
            )
        code = None if e.expr is None else e.expr.code
        flags = tuple(sorted(e.flags))
        described.append(Equation(e.type, e.varname, code, exponents(e.dim), e.var_type, flags))
    return tuple(described)


def _summed_equation(variable, updater):
    dimensions = exponents(updater.target_var.dim)
    return Equation("subexpression", variable, updater.expression.code, dimensions, "float", ("summed",))


def _event(group):
    if "spike" not in group.events:
        return None
    resetter = group.resetter.get("spike")
    return Event(
        condition=group.events["spike"],
        slot=_slot(group.thresholder["spike"]),
        reset=None if resetter is None else group.event_codes["spike"],
        reset_slot=None if resetter is None else _slot(resetter),
    )


def _refractory(group):
    value = group._refractory
    if value is False:
        return None
    if isinstance(value, Quantity):
        return float(value)
    return str(value)


def _method(owner, method):
    if isinstance(method, str):
        names = [method]
    elif isinstance(method, (tuple, list)):
        return tuple(_method(owner, m) for m in method)
    else:
        names = [name for name, m in StateUpdateMethod.stateupdaters.items() if m is method]
    if not names or names[0] not in StateUpdateMethod.stateupdaters or names[0].startswith("gsl"):
        raise UnsupportedModel(
            owner, f"the method {method!r}", "use one of Brian2's own, e.g. 'exact' or 'rk4'"
        )
    return names[0]


def _pathway(synapses, pathway):
    if pathway.event != "spike":
        raise UnsupportedModel(synapses.name, f"the event '{pathway.event}'", "use spikes")
    delay = pathway.variables["delay"]
    values = _values(delay, synapses.name).astype(np.float64)
    if delay.scalar:
        values = values.reshape(())
    return PathwayDescription(
        name=pathway.objname,
        prepost=pathway.prepost,
        code=pathway.code,
        slot=_slot(pathway),
        delay=_read_only(values),
    )


def _variables(group, equations):
    """Values of every stored variable that the equations define."""
    kinds = {e.name: e.kind for e in equations if "summed" not in e.flags}
    found = []
    for name, kind in kinds.items():
        variable = group.variables.get(name)
        if not isinstance(variable, ArrayVariable) or name in NOT_STORED:
            continue
        values = _values(variable, group.name)
        if values.dtype != DTYPES[kind]:
            raise UnsupportedModel(
                group.name, f"'{name}' of type {values.dtype}", f"use Brian2's default, {DTYPES[kind]}"
            )
        found.append(Variable(name, Array(values, exponents(variable.dim))))
    return tuple(found)


def _slot(obj):
    return Slot(obj.when, int(obj.order))


def _values(variable, owner):
    try:
        return np.array(variable.get_value())
    except NotImplementedError as error:
        raise UnsupportedModel(
            owner, f"'{variable.name}' on a standalone device", "make the network on the runtime device"
        ) from error


def _read_only(values):
    values = np.array(values)
    values.flags.writeable = False
    return values
