"""Networks in files: netCDF4 (HDF5), format version 2; files of version 1 are read, too.

Layout; every ``specification`` is JSON text with the fields of the descriptions, every array is stored whole:

==============================================  =======================================================
``/`` attributes                                ``format = "chronaxie network"``, ``format_version``
``/specification``                              schedule, dt (s), trials, annotations, Poisson inputs, versions
``/groups/<name>/neuron``                       index of each neuron (as many as the group has)
``/groups/<name>/specification``                equations, threshold, reset, slots, namespace, …
``/groups/<name>/variables/<variable>``         float64, int32 or uint8 (boolean), SI units, ``units``
attribute ``/groups/<name>/spikes/index``, ``…/time``     of a spike generator: int32, float64 (s)
``/synapses/<name>/pre``, ``…/post``            int32 index of each synapse
``/synapses/<name>/specification``              source, target, pathways, slots, namespace, …
``/synapses/<name>/variables/<variable>``       as above
``/synapses/<name>/delays/<pathway>``           float64 (s): one value, or one for each synapse
``/groups/<name>/links/<variable>``             int32: index of each value of a linked variable
``/timed_arrays/<name>/values``                 float64 (time) or (time, column)
``/timed_arrays/<name>/specification``          dt (s), dimensions
``/progress/specification``                     time (s) of a network that has run
``/progress/values/<object>/<name>``            what Brian2 keeps of a run: ``lastspike``, …
``/progress/under_way/<synapses>/<pathway>/``   ``steps``, ``indices``: int32, spikes that have not arrived
==============================================  =======================================================

An array of no elements is left out. Reading a file runs nothing that it holds (see `checking`,
`reading_files`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brian2
import h5netcdf
import h5py
import numpy as np
from brian2 import DimensionMismatchError, Function, Network
from brian2.core.namespace import get_local_namespace

from .._version import __version__
from .atomic import written_beside
from .building import build
from .describing import describe
from .description import NetworkDescription, PoissonGroupDescription, SpikeGeneratorDescription
from .encoding import encode_annotations, encode_group, encode_poisson_input, encode_synapses
from .errors import FileRefused, UnsupportedModel
from .reading_files import FORMAT, FORMAT_VERSION, read_description
from .recordings import unit_of


def save(
    net: brian2.Network | NetworkDescription,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    namespace: Mapping[str, Any] | None = None,
) -> Path:
    """Write a network to a file, every value to the bit; the inverse is `load`.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
    path : str or Path
        E.g. ``"net.nc"``. Written beside and renamed: a file is whole or not there.
    overwrite : bool
        Replace a file that exists.
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    Path

    Raises
    ------
    FileExistsError
        The file exists and `overwrite` is False.
    FileNotFoundError
        The folder does not exist.
    UnsupportedModel
        As in `describe`, or a function of the user's own: a file holds no code.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if not isinstance(net, (Network, NetworkDescription)):
        raise TypeError(f"save: expected a brian2.Network or a NetworkDescription, got {type(net).__name__}")
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"save: {path} exists; choose another name or pass overwrite=True")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"save: the folder {path.parent} does not exist; make it first")
    description = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    _check_functions(description)
    with written_beside(path) as beside, h5netcdf.File(beside, "w") as file:
        _write(file, description)
    return path


def load(path: str | os.PathLike[str], *, at_start: bool = False) -> brian2.Network:
    """Make the network of a file on the active Brian2 device; see `save`.

    Parameters
    ----------
    path : str or Path
    at_start : bool
        Begin at t = 0 in any case, and leave behind what a run before left under way.

    Returns
    -------
    brian2.Network
        At the time and in the state in which it was saved, annotated, without monitors. Every name is resolved:
        ``net.run(duration, namespace={})``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileRefused
        The file is damaged, no network file, of another version, or holds what a network file must not hold, or what
        Brian2 refuses.
    """
    description = load_description(path)
    if at_start:
        description = description.at_start()
    try:
        return build(description)
    except (
        *(SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError),
        DimensionMismatchError,
    ) as error:
        raise FileRefused(
            f"network file {path}: expected a network that Brian2 can make, got {error}; save the network anew"
        ) from error


def load_description(path: str | os.PathLike[str]) -> NetworkDescription:
    """Read the `NetworkDescription` of a file; nothing that the file holds is run.

    Parameters
    ----------
    path : path
        A file that `save` wrote.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    FileNotFoundError, FileRefused
        As `load`.
    """
    return read_description(Path(path))


def _check_functions(description):
    for obj in (*description.groups, *description.synapses):
        method = getattr(obj, "method", ())
        if not all(isinstance(m, str) for m in (method if isinstance(method, tuple) else [method])):
            raise UnsupportedModel(
                obj.name, "a state updater of the user's own in a file", "use one of Brian2's, e.g. 'rk4'"
            )
        for e in getattr(obj, "namespace", ()):
            if isinstance(e.value, Function):
                raise UnsupportedModel(
                    obj.name,
                    f"the function '{e.name}' in a file, which holds no code",
                    "write it out in the equations, or keep the description within the process",
                )


def _write(file, description):
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    specification = {
        "schedule": list(description.schedule),
        "dt": description.dt,
        "trials": description.trials,
        "annotations": encode_annotations(description.annotations),
        "poisson_inputs": [encode_poisson_input(p) for p in description.poisson_inputs],
        "versions": f"chronaxie {__version__}, brian2 {brian2.__version__}, numpy {np.__version__}",
    }
    _text(file, specification)
    for name in ("groups", "synapses", "timed_arrays"):
        file.create_group(name)
    for g in description.groups:
        _write_group(file["groups"].create_group(g.name), g)
    for s in description.synapses:
        _write_synapses(file["synapses"].create_group(s.name), s)
    for t in description.timed_arrays:
        at = file["timed_arrays"].create_group(t.name)
        _text(at, {"dt": t.dt, "dimensions": list(t.array.dimensions)})
        _array(at, "values", t.array.values, ("time", "column"), unit_of(t.array.dimensions))
    if description.progress is not None:
        _write_progress(file.create_group("progress"), description.progress)


def _write_group(at, g):
    _array(at, "neuron", np.arange(g.size, dtype=np.int32), ("neuron",), "1")
    _text(at, encode_group(g))
    if isinstance(g, SpikeGeneratorDescription):
        spikes = at.create_group("spikes")
        _array(spikes, "index", np.asarray(g.indices, dtype=np.int32), ("spike",), "1")
        _array(spikes, "time", np.asarray(g.times, dtype=np.float64), ("spike",), "s")
    elif isinstance(g, PoissonGroupDescription):
        if not isinstance(g.rates, str):
            _array(at.create_group("variables"), "rates", g.rates.values, ("neuron",), "Hz")
    else:
        _write_variables(at.create_group("variables"), g, "neuron")
        links = at.create_group("links")
        for link in g.links:
            if isinstance(link.index, np.ndarray):
                _array(links, link.name, link.index.astype(np.int32), ("neuron",), "1")


def _write_synapses(at, s):
    for name, index in (("pre", s.pre), ("post", s.post)):
        _array(at, name, np.asarray(index, dtype=np.int32), ("synapse",), "1")
    _text(at, encode_synapses(s))
    _write_variables(at.create_group("variables"), s, "synapse")
    delays = at.create_group("delays")
    for p in s.pathways:
        _array(delays, p.name, np.asarray(p.delay, dtype=np.float64), ("synapse",), "s")


def _write_progress(at, progress):
    _text(at, {"time": progress.time})
    values, under_way = at.create_group("values"), at.create_group("under_way")
    for name, variable in progress.values:
        of_object = values[name] if name in values else values.create_group(name)
        array = variable.array.values
        array = array.astype(np.uint8) if array.dtype == bool else array
        units = unit_of(variable.array.dimensions)
        # Each has a length of its own: the last spikes of a group are one more than its neurons.
        _array(of_object, variable.name, array, (f"{variable.name}_element",), units)
    for events in progress.under_way:
        name = events.synapses
        of_synapses = under_way[name] if name in under_way else under_way.create_group(name)
        of_pathway = of_synapses.create_group(events.pathway)
        _array(of_pathway, "steps", events.steps, ("event",), "1")
        _array(of_pathway, "indices", events.indices, ("event",), "1")


def _write_variables(at, obj, dim):
    shared = {e.name for e in obj.equations if "shared" in e.flags}
    for v in obj.variables:
        values = v.array.values
        values = values.astype(np.uint8) if values.dtype == bool else values
        values = values[0] if v.name in shared else values
        _array(at, v.name, np.asarray(values), (dim,), unit_of(v.array.dimensions))


def _text(at, specification):
    text = np.array(json.dumps(specification), dtype=object)
    at.create_variable("specification", (), dtype=h5py.string_dtype(), data=text)


def _array(at, name, values, dims, units):
    if values.size == 0:
        # netCDF takes a length of 0 for "unlimited"; what is not there is read as empty.
        return
    dims = dims[: values.ndim]
    for dim, n in zip(dims, values.shape, strict=True):
        if dim not in at.dimensions:
            at.dimensions[dim] = n
    variable = at.create_variable(name, dims, dtype=values.dtype, data=values)
    variable.attrs["units"] = units
