"""A current step into each neuron of a network, as an electrophysiologist measures a membrane time constant."""

from dataclasses import replace

import numpy as np
from brian2 import get_dimensions, second
from brian2.core.namespace import get_local_namespace

from ...models import describe, simulate, with_dt
from ...models.annotations import Annotations
from ...models.description import Array as Values
from ...models.description import (
    Equation,
    NetworkDescription,
    NeuronGroupDescription,
    Slot,
    Variable,
    exponents,
)
from ...models.perturbing import new_name, with_shared
from ...models.progress import from_start
from ...models.recordings import unit_of
from ...models.times import seconds, whole_steps

# An integrator at this step answers as the equations do: a tenth of a millisecond is 5 % of the fastest membranes.
FINEST = 1e-4
# Samples of a trace, about: enough for a membrane of a thousandth of the step.
_SAMPLES = 3000
# Never true, and an array, as every device expects of a threshold.
_NEVER = "i < 0"
# I/C by default: 2 mV at a membrane time constant of 20 ms, 0.002 where the membrane has no unit. Hyperpolarising.
_SLOPE = -0.1


def current_step(
    net,
    *,
    groups=None,
    variable="v",
    slope=None,
    duration=1 * second,
    rest=0.5 * second,
    dt=None,
    sample_dt=None,
    seed=0,
    device="numpy",
    namespace=None,
):
    """Inject a current step into every neuron, alone, and record its membrane.

    Every neuron rests for `rest`, then ``d variable/dt = … + slope`` for `duration`: slope is I/C, the current over the
    capacitance, with which the membrane starts to move. Neurons are measured alone and below threshold: without
    synapses and inputs (recurrence is blocked), and without a threshold (a membrane that rests above it, such as with a
    large bias, neither spikes nor resets). A second run has no step and the same random numbers; the difference of the
    two is the answer to the step alone, whatever noise, drift or start they share.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        Stays as it is. Any neuron groups with a differential equation of the membrane.
    groups : str or sequence of str, optional
        None: every group with such a membrane.
    variable : str
        Name of the membrane.
    slope : Quantity or float, optional
        Unit of the membrane per second, e.g. ``-0.1*mV/ms``; negative hyperpolarises. None: −0.1 mV/ms, or −0.1 per
        second where the membrane has no unit. A linear membrane gives the same time constant for every slope; of one
        that is not, a small step measures that at rest.
    duration : Quantity or float
        Of the step in s: several membrane time constants.
    rest : Quantity or float
        Before it, in s.
    dt : Quantity or float, optional
        Simulation step (s); None: the network's, divided until it is at most 0.1 ms.
    sample_dt : Quantity or float, optional
        Sampling interval (s), a multiple of dt; None: a 3000th of the run, at least dt.
    seed : int
        Of noise in the equations.
    device : str
        As in `simulate`.
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    Dataset
        ``<group>_<variable> (trial, time, <group>_neuron)`` with the step and ``<group>_<variable>_control`` without,
        in SI units. Attributes: ``step_variable``, ``step_groups``, ``step_onset``, ``step_end`` (s); ``step_slope`` of
        each trace (SI); those of `simulate`. `analyses.membrane_timescales` reads it.

    Raises
    ------
    ValueError
        No such group, no membrane of that name, a slope in another unit, times that are no multiples of dt, or a
        membrane that has no rest without its threshold and runs away.
    UnsupportedModel
        What `describe` does not support.

    References
    ----------
    Gouwens et al., Nature Neuroscience 22, 1182 (2019): hyperpolarising steps of 1 s, from which `tau_membrane` of the
    Allen Cell Types Database was measured.
    """
    where = "current_step"
    if namespace is None:
        namespace = get_local_namespace(level=1)
    description = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    chosen = _membranes(description, groups, variable, where=where)
    description = _alone(from_start(description))
    description = with_dt(description, _fine(description.dt) if dt is None else dt)
    onset, length = seconds(rest, "rest"), seconds(duration, "duration")
    steps = whole_steps(rest, description.dt, "rest") + whole_steps(duration, description.dt, "duration")
    sample = (
        description.dt * max(1, steps // _SAMPLES) if sample_dt is None else seconds(sample_dt, "sample_dt")
    )
    slopes = {}
    stepped = still = description
    for name in chosen:
        group = description.group(name)
        slopes[name] = _slope(group, variable, slope, where=where)
        stepped = stepped.replace_group(_driven(group, description, variable, slopes[name], onset))
        still = still.replace_group(_driven(group, description, variable, 0.0, onset))
    options = {
        "duration": onset + length,
        "record": {name: [variable] for name in chosen},
        "sample_dt": sample,
        "seed": seed,
        "device": device,
        "namespace": {},
        "initial": "given",
        "progress": False,
    }
    with np.errstate(over="ignore", invalid="ignore"):  # what runs away is named below
        ds, control = simulate(stepped, **options), simulate(still, **options)
    traces = [f"{name}_{variable}" for name in chosen]
    for name in traces:
        if not np.isfinite(ds[name].values).all():
            raise ValueError(
                f"{where}: {name} runs away without its threshold: it has no rest at this input; give the neurons a "
                f"lower bias, or name other groups: groups=…"
            )
        ds[f"{name}_control"] = control[name]
        ds[f"{name}_control"].attrs["long_name"] += " without the step"
    kept = [*traces, *(f"{name}_control" for name in traces)]
    out = ds[kept].assign_attrs(
        step_variable=variable, step_groups=", ".join(chosen), step_onset=onset, step_end=onset + length
    )
    for name, trace in zip(chosen, traces, strict=True):
        out[trace].attrs["step_slope"] = slopes[name]
    return out


def _membranes(description, groups, variable, *, where):
    """Names of the groups to measure."""
    having = [g.name for g in description.groups if _equation(g, variable) is not None]
    neurons = [g.name for g in description.groups if isinstance(g, NeuronGroupDescription)]
    if groups is None:
        if not having:
            known = sorted(
                {e.name for n in neurons for e in description.group(n).equations if e.type != "parameter"}
            )
            raise ValueError(
                f"{where}: no group has a differential equation of {variable!r}; name the membrane: variable=…, one "
                f"of {', '.join(known) or 'none'}"
            )
        return having
    chosen = [groups] if isinstance(groups, str) else list(groups)
    for name in chosen:
        if name not in having:
            raise ValueError(
                f"{where}: {name!r} is no group with a differential equation of {variable!r}; there are "
                f"{', '.join(having) or 'none'}"
            )
    return chosen


def _equation(group, variable):
    equations = getattr(group, "equations", ())
    return next((e for e in equations if e.name == variable and e.type == "differential equation"), None)


def _alone(description):
    """The neurons without what connects them, drives them or makes them spike; what they compute stays."""
    groups = []
    for g in description.groups:
        if isinstance(g, NeuronGroupDescription):
            event = g.threshold
            if event is not None:
                event = replace(event, condition=_NEVER, reset="")
            groups.append(replace(g, threshold=event, events=()))
    groups = tuple(groups)
    return replace(description, groups=groups, synapses=(), poisson_inputs=(), annotations=Annotations())


def _driven(group, description, variable, slope, onset):
    """The group with a slope of the membrane from `onset` (s) on."""
    equation = _equation(group, variable)
    per_second = tuple(a - b for a, b in zip(equation.dimensions, exponents(second.dim), strict=True))
    amplitude = new_name(group, description, "step_slope")
    begin = new_name(group, description, "step_onset")
    step = new_name(group, description, "step_now")
    group = with_shared(group, amplitude, slope, per_second)
    group = with_shared(group, begin, onset, exponents(second.dim))
    # Half a step early: t is a multiple of dt up to rounding.
    now = Equation(
        "subexpression",
        step,
        f"{amplitude}*int(t > {begin} - 0.5*dt)",
        per_second,
        flags=("constant over dt",),
    )
    driven = replace(equation, expression=f"{equation.expression} + {step}")
    slot = "start" if "start" in description.schedule else group.update_slot.when
    return replace(
        group,
        equations=(*(driven if e.name == variable else e for e in group.equations), now),
        variables=(*group.variables, Variable(step, Values(np.zeros(group.size), per_second))),
        constant_slot=group.constant_slot or Slot(f"before_{slot}"),
    )


def _slope(group, variable, slope, *, where):
    """The slope in SI, as a float."""
    equation = _equation(group, variable)
    unit = unit_of(equation.dimensions)
    if slope is None:
        return _SLOPE
    expected = tuple(a - b for a, b in zip(equation.dimensions, exponents(second.dim), strict=True))
    given = exponents(get_dimensions(slope))
    value = np.asarray(slope, dtype=float)
    if given != expected or value.ndim or not np.isfinite(value) or value == 0:
        raise ValueError(
            f"{where}: slope must be one number, not 0, in {unit}/s, the unit of {group.name}.{variable} per second, "
            f"got {slope!r}"
        )
    return float(value)


def _fine(dt):
    return dt / max(1, int(np.ceil(dt / FINEST - 1e-9)))
