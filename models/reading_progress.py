"""How far the network of a file has run, checked like everything else in it."""

import json

import h5py
import numpy as np

from . import checking as check
from .decoding_parts import fields
from .description import DIMENSIONLESS, Array, Progress, SpikeGeneratorDescription, UnderWay, Variable
from .reading_arrays import is_dimension, read_array

SECOND = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def read_progress(file, description):
    """Return the `Progress` of a file, or None where its network has not run.

    Parameters
    ----------
    file : h5py.File
    description : NetworkDescription
        What else is in the file.

    Raises
    ------
    FileRefused
    """
    if "progress" not in file:
        return None
    at = file["progress"]
    text = at.get("specification") if isinstance(at, h5py.Group) else None
    if not isinstance(text, h5py.Dataset) or h5py.check_string_dtype(text.dtype) is None:
        check.refuse("progress", "a text 'specification'", text)
    (time,) = fields("progress", json.loads(text[()]), "time")
    values = []
    for name, of_object in _children(at, "values"):
        for variable in of_object:
            if not is_dimension(of_object[variable]):
                array = read_array(of_object, variable, f"progress of {name}")
                values.append((name, Variable(variable, _checked(description, name, variable, array))))
    under_way = []
    for name, of_synapses in _children(at, "under_way"):
        synapses = {s.name: s for s in description.synapses}
        s = synapses[check.one_of("progress", name, synapses)]
        for pathway in of_synapses:
            check.one_of(f"progress of {name}", pathway, [p.name for p in s.pathways])
            under_way.append(_under_way(s, pathway, of_synapses[pathway]))
    return Progress(check.number("progress: time", time, least=0, most=1e9), tuple(values), tuple(under_way))


def _children(at, name):
    parent = at.get(name)
    if not isinstance(parent, h5py.Group):
        check.refuse("progress", f"a group '{name}'", parent)
    for child in parent:
        if not isinstance(parent[child], h5py.Group):
            check.refuse(f"progress: {child}", "a group", parent[child])
        yield child, parent[child]


def _checked(description, name, variable, array):
    """The array of something that Brian2 keeps of a run, where the object of that name has it."""
    where = f"progress of {name}: {variable}"
    possible = _possible(description, name)
    check.one_of(where, variable, possible)
    dtype, shape, dimensions = possible[variable]
    array = array.reshape(1) if not array.shape else array
    if array.dtype.name != dtype or array.shape != shape:
        check.refuse(where, f"{shape} values of type {dtype}", (array.shape, array.dtype))
    if variable == "_lastindex" and not 0 <= array[0] <= len(description.group(name).times):
        check.refuse(where, "a number of spikes", array[0])
    if variable.endswith("space"):
        count = array[-1]
        spikes = array[: max(count, 0)]
        if not 0 <= count < len(array) or (count and not 0 <= spikes.min() <= spikes.max() < len(array) - 1):
            check.refuse(where, "indices of neurons and their number", array[:5])
    return Array(array.astype(bool) if dtype == "uint8" else array, dimensions)


def _possible(description, name):
    """Type, shape and dimensions of what an object may keep of a run."""
    for s in description.synapses:
        if s.name == name:
            return {"lastupdate": ("float64", (len(s.pre),), SECOND)}
    groups = {g.name: g for g in description.groups}
    g = groups[check.one_of("progress", name, groups)]
    events = ["spike", *(e.name for e in getattr(g, "events", ()))]
    found = {f"_{event}space": ("int32", (g.size + 1,), DIMENSIONLESS) for event in events}
    if isinstance(g, SpikeGeneratorDescription):
        found["_lastindex"] = ("int32", (1,), DIMENSIONLESS)
    if getattr(g, "refractory", None) is not None:
        found["lastspike"] = ("float64", (g.size,), SECOND)
        found["not_refractory"] = ("uint8", (g.size,), DIMENSIONLESS)
    return found


def _under_way(s, pathway, at):
    where = f"progress of {s.name}: {pathway}"
    if not isinstance(at, h5py.Group):
        check.refuse(where, "a group", at)
    steps, indices = (read_array(at, name, where) for name in ("steps", "indices"))
    for array in (steps, indices):
        if array.dtype != np.int32 or array.ndim != 1 or array.shape != steps.shape or not array.size:
            check.refuse(where, "a step and a synapse for each spike under way", (steps.shape, indices.shape))
    if not 0 <= steps.min() <= steps.max() <= check.LONGEST_DELAY or (np.diff(steps) < 0).any():
        check.refuse(where, f"steps from 0 to {check.LONGEST_DELAY} in order", steps[:5])
    if not 0 <= indices.min() <= indices.max() < len(s.pre):
        check.refuse(where, f"synapses from 0 to {len(s.pre) - 1}", (indices.min(), indices.max()))
    return UnderWay(s.name, pathway, steps, indices)
