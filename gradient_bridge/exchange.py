"""Values between Brian2's objects and a twin: what is read, and what must not have changed meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from brian2.core.network import _get_all_objects
from brian2.core.variables import ArrayVariable
from brian2.groups.subgroup import Subgroup

from ..models.errors import UnsupportedModel
from .program import SpikeSource, Transmission, owner_of
from .reading import in_steps, left_events, under_way
from .refusals import MONITORS


def read_values(program):
    """Every array of a program as it stands in Brian2.

    Parameters
    ----------
    program : Program

    Returns
    -------
    dict of str to numpy.ndarray or number
        By key, of Brian2's type (index arrays int64), a NumPy number where shared. Event spaces are left out: what
        they hold at the start is `Program.left`.
    """
    values = {}
    events = program.event_spaces()
    indices = program.index_arrays()
    clocks = {time.key for time in program.clocks}
    for key, array in program.arrays.items():
        if key in events or array.owner in clocks:
            continue
        value = np.array(array.variable.get_value())
        values[key] = value.astype(np.int64) if key in indices else value
        if array.scalar:
            values[key] = values[key].reshape(-1)[0]
    for time in program.clocks:
        values |= {f"{time.key}.dt": np.float64(time.dt), f"{time.key}.t": 0.0, f"{time.key}.timestep": 0}
    return values


def as_tensors(values, dtype, device):
    """The arrays as tensors; times of events stay float64, numbers stay numbers."""
    tensors = {}
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(value).to(device)
            if value.is_floating_point() and not key.endswith(".lastspike"):
                value = value.to(dtype)
        elif isinstance(value, np.generic):
            value = value.item()
        tensors[key] = value
    return tensors


def read_again(program, objects, network):
    """The program at the network's present time, with the constants as they stand in the groups' namespaces."""
    operations = []
    for operation in program.operations:
        now = dict(operation.constants)
        for name, keys in operation.constant_keys.items():
            value = np.asarray(objects[owner_of(keys[0])].namespace[name])
            now[name] = type(operation.constants[name])(value.reshape(-1)[0])
        changed = {"constants": now}
        if isinstance(operation, Transmission):
            changed["under_way"] = under_way(objects[operation.name])
        if isinstance(operation, SpikeSource):
            changed["last"] = int(objects[operation.name].variables["_lastindex"].get_value()[0])
        operations.append(replace(operation, **changed))
    clocks = tuple(replace(c, start=c.steps_until(float(network.t))) for c in program.clocks)
    idle = tuple(replace(c, start=c.steps_until(float(network.t))) for c in program.idle_clocks)
    return replace(
        program,
        operations=tuple(operations),
        clocks=clocks,
        idle_clocks=idle,
        time=float(network.t),
        left=left_events(program),
    )


def check_objects(network, objects):
    """Refuse objects that were added to a network, or taken out, since a twin was made.

    Monitors do not matter, nor do subgroups, which are views: what runs on them is an object of its own.
    """
    ignored = (*MONITORS, Subgroup)
    now = {o.name for o in _get_all_objects(network.objects) if not isinstance(o, ignored)}
    before = {name for name, o in objects.items() if not isinstance(o, ignored)}
    for name in sorted(now - before):
        _refuse(name, "an object more")
    for name in sorted(before - now):
        _refuse(name, "no such object any more, other objects")


def check_unchanged(program, objects, before, now, trained=()):
    """Refuse what a twin cannot take over once it is made: sizes, connections, delays, inputs set anew.

    Parameters
    ----------
    program : Program
    objects : dict of str to object
    before, now : dict
        From `read_values`.
    trained : collection of str
        Keys of what is trained, which may change.

    Raises
    ------
    UnsupportedModel
        Names the object and what changed.
    """
    for key, value in now.items():
        owner, _, name = key.rpartition(".")
        if np.shape(value) != np.shape(before[key]):
            _refuse(owner, f"another size of {name}")
        if key in program.index_arrays() and not np.array_equal(value, before[key]):
            _refuse(owner, "other connections")
    for operation in program.operations:
        owner = objects[operation.owner]
        steps = {time.key: time.dt for time in program.clocks}
        if float(objects[operation.name].clock.dt_) != steps[operation.clock]:
            _refuse(operation.name, "another dt")
        if isinstance(operation, SpikeSource) and _other_spikes(operation, owner):
            _refuse(operation.owner, "other spikes")
        running = objects[operation.name]
        if not running.active:
            raise UnsupportedModel(
                operation.name, "inactive, and was not when the twin was made", "make a new twin", verb="is"
            )
        if (running.when, running.order) != (operation.slot, operation.order):
            _refuse(operation.name, "another slot or order")
        for name, function in operation.functions.items():
            if getattr(owner, "namespace", {}).get(name, function) is not function:
                _refuse(operation.owner, f"another {name}")
        if isinstance(operation, Transmission) and operation.delay not in trained:
            delays = np.asarray(objects[operation.name]._delays.get_value())
            steps = in_steps(delays, objects[operation.name].source.clock.dt_, len(operation.delays))
            if not np.array_equal(steps, operation.delays):
                _refuse(operation.name, "other delays")


def _other_spikes(operation, group):
    """Whether a spike generator has been given other spikes than a twin read."""
    if getattr(group, "_spikes_changed", False):
        return True
    bins, neurons, period = operation.own
    variables = group.variables
    now = (variables[name].get_value() for name in ("_timebins", "neuron_index"))
    return int(variables["_period_bins"].get_value()[0]) != period or not all(
        np.array_equal(new, old) for new, old in zip(now, (bins, neurons), strict=True)
    )


def find_changed(program, objects, before, now, agreed):
    """Parameters that are others in Brian2 than those that a twin took over or wrote.

    Parameters
    ----------
    program : Program
    objects : dict of str to object
    before, now : dict
        From `read_values`: when the twin took them over, and at present.
    agreed : dict of Place to numpy.ndarray
        What is trained, as the twin took it over or wrote it last.

    Returns
    -------
    list of str
        Their keys. What changes in a run is left out.
    """
    running = program.written()
    trained = {place.key for place in agreed}
    found = [
        p.key for p, value in agreed.items() if p.key not in running and not np.array_equal(p.read(), value)
    ]
    found += [
        key
        for key, value in now.items()
        if key not in running | trained
        and not np.array_equal(value, before[key], equal_nan=_can_be_nan(value))
    ]
    for operation in program.operations:
        for name, keys in operation.constant_keys.items():
            group = objects[owner_of(keys[0])]
            if keys[0] not in trained and not np.array_equal(
                group.namespace[name], operation.constants[name]
            ):
                found.append(keys[0])
    return sorted(set(found))


def refuse_changed(program, objects, before, now, agreed):
    """Refuse to write over what `find_changed` finds, by name."""
    found = find_changed(program, objects, before, now, agreed)
    if found:
        raise ValueError(
            f"sync: {', '.join(found)}: changed in Brian2 since the twin took the network over; "
            "nothing was written. twin.pull() takes the new values, twin.sync(overwrite=True) writes those of the twin"
        )


def _can_be_nan(value):
    return np.asarray(value).dtype.kind == "f"


def _refuse(owner, what):
    raise UnsupportedModel(owner, f"{what} than when the twin was made", "make a new twin", verb="has")


def read_untouched(program, objects):
    """Values of the variables that no statement reads or writes, by key."""
    found = {}
    for name, obj in objects.items():
        for variable in getattr(obj, "variables", {}).values():
            if not isinstance(variable, ArrayVariable) or getattr(variable.owner, "name", None) != name:
                continue
            key = f"{name}.{variable.name}"
            if key in program.arrays or variable.name.startswith("_"):
                continue
            value = np.array(variable.get_value())
            if value.dtype.kind in "fiub":
                found[key] = torch.as_tensor(value.reshape(-1)[0] if variable.scalar else value)
    return found


def own_value(program, key, value, on_numpy):
    """A value as the pass takes it; on NumPy in the type that Brian2 holds it in."""
    if not on_numpy:
        return value
    array = program.arrays.get(key)
    value = value.detach().numpy().astype(np.float64 if array is None else array.dtype)
    return value if value.ndim else value[()]
