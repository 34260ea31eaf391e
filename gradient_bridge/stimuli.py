"""Checks of what a twin is given."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from brian2 import Quantity
from brian2.core.variables import ArrayVariable, Subexpression
from brian2.utils.stringtools import get_identifiers

from ..models.annotations import annotations
from ..models.stimuli import check_stimulus
from ..models.times import seconds as in_seconds
from ..models.times import whole_steps
from .passes import operation_source
from .program import Threshold

STEP_TOLERANCE = 1e-6  # relative; times in files are rounded
_BOUNDED = (
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
)  # that torch.aminmax takes


def prepare_stimulus(twin, stimulus, duration, trials=None):
    """The stimulus by input, the number of trials and the time at the end.

    Parameters
    ----------
    twin : Twin
    stimulus : tensor, DataArray, dict of these by input, or None
    duration : float, Quantity or None
        Seconds.
    trials : int or None
        Default: those of the stimulus, or one.

    Returns
    -------
    dict of str to torch.Tensor
    int
        Number of trials.
    float
        Time at the end (s).
    """
    program = twin.program
    given = _by_input(stimulus, program)
    tensors = {name: _tensor(name, value, twin) for name, value in given.items()}
    shapes = {name: tuple(t.shape[:2]) for name, t in tensors.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"stimulus: the inputs differ in (trial, time): {shapes}")
    wanted = trials
    if wanted is not None and (not isinstance(wanted, int) or wanted < 1):
        raise ValueError(f"trials: expected a positive whole number, got {wanted!r}")
    one = twin.step
    for operation in program.operations:
        if operation.owner in tensors and operation_source(operation):
            step = next(c.dt for c in program.clocks if c.key == operation.clock)
            if whole_ratio(one, step) is None:
                raise ValueError(
                    f"stimulus {operation.owner}: one value lasts {one:g} s, but the group runs in steps of "
                    f"{step:g} s: give it a step that divides that of the stimulus"
                )
    trials, steps = next(iter(shapes.values()), (wanted or 1, None))
    if wanted not in (None, trials):
        raise ValueError(f"trials: {wanted} asked for, but the stimulus has {trials}")
    seconds = None if steps is None else steps * twin.every * program.dt
    if duration is not None:
        if steps is None:
            wanted = in_seconds(duration, "duration")
        else:
            wanted = whole_steps(duration, program.dt, "duration") * program.dt
            if wanted > seconds * (1 + STEP_TOLERANCE) and any(name in program.groups for name in tensors):
                raise ValueError(f"duration: {wanted:g} s, but the stimulus has {seconds:g} s")
        seconds = wanted
    if seconds is None:
        raise ValueError("give a stimulus or a duration")
    if trials < 1 or not seconds > 0:
        raise ValueError(
            f"stimulus: expected at least one trial and one step, got {trials} and {seconds:g} s"
        )
    for name, tensor in tensors.items():
        if name in program.groups:
            _check_spikes(name, tensor)
    return tensors, trials, program.time + seconds


def whole_ratio(long, short):
    """How many steps one time makes of another, or None where that is no whole number."""
    ratio = long / short
    return round(ratio) if round(ratio) >= 1 and abs(ratio - round(ratio)) < STEP_TOLERANCE * ratio else None


def prepare_initial(twin, initial, trials):
    """The values at the start as tensors by array key, checked.

    Parameters
    ----------
    twin : Twin
    initial : dict of str to dict of str to array_like, or None
    trials : int

    Returns
    -------
    dict of str to torch.Tensor, shape (trial, neuron) or (neuron,)
    """
    if initial is None:
        kind = annotations(twin.network).initial.kind
        if kind != "given":
            raise ValueError(
                f"the network starts from {kind!r} states, which the twin takes with each call: twin(stimulus, "
                "initial=start_states(describe(net), annotations(net).initial, trials)), both from chronaxie.models; "
                "or annotate(net, initial=Initial('given'))"
            )
        return {}
    found, changing = {}, twin.program.written()
    for group, variables in initial.items():
        for name, value in variables.items():
            key = f"{group}.{name}"
            array = twin.program.arrays.get(key)
            if array is None or key not in changing:
                known = sorted(k for k in changing if k.startswith(f"{group}."))
                raise ValueError(
                    f"initial: {key} is no variable that changes; of {group} there are "
                    f"{', '.join(known) or 'none: unknown group'}"
                )
            if isinstance(value, Quantity) and value.dim is not array.dimension:
                raise ValueError(f"initial: {key} is in {array.dimension}, got a quantity in {value.dim}")
            value = torch.as_tensor(np.asarray(value) if isinstance(value, Quantity) else value)
            whole = array.dtype.kind != "f" and value.is_floating_point()
            if whole and not torch.equal(value, torch.round(value)):
                raise ValueError(f"initial: {key} holds whole numbers, got {value.reshape(-1)[0]:g}, ...")
            value = value.to(twin.device, _type_of(array, twin))
            if array.scalar and value.ndim == 0:
                value = value.reshape(1)
            if tuple(value.shape) not in ((trials, array.size), (array.size,)):
                raise ValueError(
                    f"initial: {key}: expected the shape (trial, neuron) = {(trials, array.size)} or "
                    f"{(array.size,)}, got {tuple(value.shape)}"
                )
            if not bool(torch.isfinite(value).all()):
                raise ValueError(f"initial: {key} holds values that are not finite")
            found[key] = value
    return found


def _type_of(array, twin):
    """Type of a value at the start: the twin's, but times of events stay float64, and whole numbers and truth
    values what they are."""
    if array.dtype.kind == "f":
        return twin.dtype if array.dtype == twin.program.dtype else torch.float64
    return torch.bool if array.dtype.kind == "b" else torch.from_numpy(np.zeros(0, array.dtype)).dtype


def _by_input(stimulus, program):
    if stimulus is None:
        return {}
    if isinstance(stimulus, dict):
        stimulus = {_input_of(name, program): value for name, value in stimulus.items()}
        unknown = sorted(set(stimulus) - set(program.inputs))
        if unknown:
            raise ValueError(
                f"stimulus: no input {', '.join(unknown)}; inputs: {', '.join(program.inputs) or 'none'}"
            )
        return stimulus
    if len(program.inputs) != 1:
        raise ValueError(
            f"stimulus: the network has {len(program.inputs)} inputs ({', '.join(program.inputs)}); "
            "give a dict with the input's name"
        )
    return {next(iter(program.inputs)): stimulus}


def _input_of(name, program):
    """The input of a name; a group whose statements call one timed array stands for that array."""
    if name in program.inputs:
        return name
    called = {
        function
        for operation in program.operations
        if operation.owner == name
        for function in operation.functions
        if function in program.inputs
    }
    return called.pop() if len(called) == 1 else name


def _tensor(name, value, twin):
    program = twin.program
    if isinstance(value, xr.DataArray):
        spikes = name in program.groups
        value = check_stimulus(name, value, channels=program.inputs[name], dt=twin.step, spikes=spikes)
        value = value.values
    value = torch.as_tensor(np.asarray(value) if not isinstance(value, torch.Tensor) else value)
    channels = program.inputs[name]
    if value.is_complex():
        raise ValueError(f"stimulus {name}: expected real numbers, got {value.dtype}")
    if value.ndim != 3 or value.shape[2] != channels:
        raise ValueError(
            f"stimulus {name}: expected shape (trial, time, {channels}), got {tuple(value.shape)}"
        )
    return value.to(twin.device)


def check_step(name, stimulus, dt):
    """Refuse a DataArray whose time coordinate has other steps (s) than the network's stimuli."""
    if "time" not in stimulus.coords or stimulus.sizes["time"] < 2:
        return
    steps = np.diff(stimulus.time.values)
    if not np.allclose(steps, dt, rtol=STEP_TOLERANCE, atol=dt * 1e-3):
        raise ValueError(
            f"stimulus {name}: the network has steps of {dt:g} s, the stimulus of {steps.min():g} to "
            f"{steps.max():g} s; resample it or build the network with that dt"
        )


def check_currents(program, stimulus, leave=()):
    """Refuse currents of a stimulus that are not finite, but for those that an engine checks itself."""
    for name, tensor in stimulus.items():
        if name not in program.groups and name not in leave:
            _check_finite(name, tensor)


def _check_finite(name, tensor):
    # a sum is finite unless something in it is not, or is huge: it costs one pass and no memory
    suspect = tensor.is_floating_point() and not bool(torch.isfinite(tensor.detach().sum()))
    if suspect and not bool(torch.isfinite(tensor).all()):
        first = [int(k) for k in torch.nonzero(~torch.isfinite(tensor))[0]]
        raise ValueError(f"stimulus {name}: not finite at (trial, time, channel) = {first}")


def _check_spikes(name, tensor):
    if tensor.dtype in _BOUNDED and tensor.numel():
        low, high = (int(bound) for bound in tensor.aminmax())  # one pass, where comparisons take several
        if low >= 0 and high <= 1:
            return
    _check_finite(name, tensor)
    if not bool(((tensor == 0) | (tensor == 1)).all()):
        first = [int(k) for k in torch.nonzero((tensor != 0) & (tensor != 1))[0]]
        raise ValueError(
            f"stimulus {name}: expected 0 or 1 spikes per step, got {float(tensor[tuple(first)]):g} at "
            f"(trial, time, channel) = {first}; graded inputs come as currents"
        )


def traces_to_keep(program, record):
    """The traces that are asked for, as (array key, slot); refuses what the program does not have."""
    if not isinstance(record, dict):
        raise TypeError(
            "record: expected a dict of names of variables by group, such as {'hidden1': ['v']}, or of slots by "
            f"variable, {{'hidden1': {{'v': 'start'}}}}, got {record!r}"
        )
    wanted = []
    for group, variables in record.items():
        if isinstance(variables, str):
            variables = [variables]
        pairs = variables.items() if isinstance(variables, dict) else [(v, "start") for v in variables]
        for variable, slot in pairs:
            key = f"{group}.{variable}"
            if key not in program.arrays:
                raise ValueError(f"record: {_why_no_trace(program, group, variable)}")
            program.position(slot)
            wanted.append((key, slot))
    return wanted


def _why_no_trace(program, owner, name):
    """Why a variable has no trace, and what has one instead."""
    group = next((o.group for o in program.operations if o.owner == owner and o.group is not None), None)
    near = sorted(a.name for a in program.arrays.values() if a.owner == owner)
    there = f"of {owner} there are {', '.join(near) or 'none: unknown group'}"
    condition = getattr(group, "events", {}).get(name)
    if name == "spike" and condition is not None:
        return f"{owner}.spike is an event; spikes are always there: recording.spikes[{owner!r}]"
    if condition is not None:
        return _why_no_event(program, group, name)
    variable = getattr(group, "variables", {}).get(name)
    if isinstance(variable, Subexpression):
        return (
            f"{owner}.{name} is a subexpression ({variable.expr}), which has no array and no trace; "
            f"{_instead(program, variable.owner, variable.expr)} and compute it from that"
        )
    if isinstance(variable, ArrayVariable):
        return (
            f"no statement that runs reads or writes {owner}.{name}: it stays what it is in Brian2; {there} with a "
            "trace"
        )
    return f"no variable {owner}.{name} in the program; {there}"


def _why_no_event(program, group, name):
    """A custom event has no trace: its condition or a variable that it counts up has."""
    slots = [f"{part}{slot}" for slot in program.schedule for part in ("before_", "", "after_")]
    slot = slots[
        max(slots.index(group.thresholder[name].when) - 1, 0)
    ]  # where the condition has not been read yet
    condition = group.events[name]
    return (
        f"{name!r} is a custom event of {group.name} ({condition}), of which a twin keeps no record; let it count a "
        f"variable (n : integer among the equations, {group.name}.run_on_event({name!r}, 'n += 1')) and record that, "
        f"or {_instead(program, group, condition, slot)} and compare"
    )


def _instead(program, owner, expression, slot=None):
    """What to record instead of an expression: the arrays that it reads."""
    keys = sorted(_arrays_read(program, owner, expression))
    wanted = {}
    for group, _, name in (key.rpartition(".") for key in keys):
        wanted.setdefault(group, []).append(name)
    if slot is not None:
        wanted = {group: dict.fromkeys(names, slot) for group, names in wanted.items()}
    return (
        f"record what it reads, record={wanted},"
        if wanted
        else "it reads no variable of the program: take it"
    )


def _arrays_read(program, owner, expression):
    found = set()
    for name in get_identifiers(expression):
        variable = owner.variables.get(name)
        if isinstance(variable, Subexpression):
            found |= _arrays_read(program, variable.owner, variable.expr)
        found |= {
            a.key
            for a in program.arrays.values()
            if a.variable is variable and a.owner not in program.own_clocks.values()
        }
    return found


def spikes_to_keep(program, spikes):
    """The groups whose spikes are kept."""
    groups = program.groups
    if spikes is None:
        return tuple(groups)
    if isinstance(spikes, str):
        raise TypeError(f"spikes: expected a sequence of groups, got {spikes!r}; write ({spikes!r},)")
    unknown = sorted(set(spikes) - set(groups))
    if unknown:
        custom = {
            f"{o.owner}{suffix}": (o.group, event)
            for o in program.operations
            if isinstance(o, Threshold)
            for event in getattr(o.group, "events", {})
            if event != "spike"
            for suffix in ("", f".{event}")
        }
        for name in unknown:
            if name in custom:
                raise ValueError(f"spikes: {_why_no_event(program, *custom[name])}")
        raise ValueError(
            f"spikes: no spiking group {', '.join(unknown)}; there are {', '.join(groups) or 'none'}"
        )
    return tuple(spikes)
