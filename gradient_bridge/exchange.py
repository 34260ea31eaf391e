"""Values between Brian2's objects and a twin: what is read, and what must not have changed meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..models.errors import UnsupportedModel
from .program import SpikeSource, Transmission


def read_values(program, objects):
    """Every array of a program as it stands in Brian2.

    Parameters
    ----------
    program : Program
    objects : dict of str to object
        The network's Brian2 objects by name.

    Returns
    -------
    dict of str to numpy.ndarray or number
        By key; float64, int64 or bool, a number where shared. Event spaces are left out: they start empty.
    """
    values = {}
    for key, array in program.arrays.items():
        if key.endswith("space") or array.owner == program.clock:
            continue
        value = np.array(objects[array.owner].variables[array.name].get_value())
        values[key] = value.astype(np.int64) if value.dtype.kind in "iu" else value
        if array.scalar:
            values[key] = values[key].reshape(-1)[0].item()
    clock = program.clock
    return values | {f"{clock}.dt": program.dt, f"{clock}.t": 0.0, f"{clock}.timestep": 0}


def as_tensors(values, dtype, device):
    """The arrays as tensors; times of events stay float64, numbers stay numbers."""
    tensors = {}
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(value).to(device)
            if value.is_floating_point() and not key.endswith(".lastspike"):
                value = value.to(dtype)
        tensors[key] = value
    return tensors


def read_constants(program, objects):
    """The program with the external constants as they stand now in the groups' own namespaces."""
    operations = []
    for operation in program.operations:
        now = dict(operation.constants)
        for name, key in operation.constant_keys.items():
            now[name] = float(objects[key.rpartition(".")[0]].namespace[name])
        operations.append(replace(operation, constants=now))
    return replace(program, operations=tuple(operations))


def check_unchanged(program, objects, before, now):
    """Refuse what a twin cannot take over once it is made: sizes, connections, delays, inputs set anew.

    Parameters
    ----------
    program : Program
    objects : dict of str to object
    before, now : dict
        From `read_values`.

    Raises
    ------
    UnsupportedModel
        Names the object and what changed.
    """
    for key, value in now.items():
        owner, _, name = key.rpartition(".")
        if np.shape(value) != np.shape(before[key]):
            _refuse(owner, f"another size of {name}")
        if name.startswith("_") and not np.array_equal(value, before[key]):
            _refuse(owner, "other connections")
    for operation in program.operations:
        owner = objects[operation.owner]
        if isinstance(operation, SpikeSource) and getattr(owner, "_spikes_changed", False):
            _refuse(operation.owner, "other spikes")
        for name, function in operation.functions.items():
            if getattr(owner, "namespace", {}).get(name, function) is not function:
                _refuse(operation.owner, f"another {name}")
        if isinstance(operation, Transmission):
            delays = np.asarray(objects[operation.name]._delays.get_value())
            steps = (delays / program.dt + 0.5).astype(np.int64)
            if not np.array_equal(np.broadcast_to(steps, operation.delays.shape), operation.delays):
                _refuse(operation.name, "other delays")


def _refuse(owner, what):
    raise UnsupportedModel(owner, f"{what} than when the twin was made", "make a new twin")
