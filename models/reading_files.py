"""Reading a network file that nobody vouches for: structure and sizes first, then arrays, then meaning."""

import json
from dataclasses import replace

import h5py
import numpy as np

from . import checking as check
from .decoding import decode_group, decode_timed_array, without_trials
from .decoding_annotations import decode_annotations
from .decoding_parts import fields, items
from .decoding_synapses import End, decode_poisson_input, decode_synapses
from .description import NetworkDescription, SpikeGeneratorDescription
from .errors import FileRefused
from .reading_arrays import NUMBERS, GroupArrays, SynapseArrays, is_dimension, read_array
from .reading_links import check_links
from .reading_progress import read_progress
from .recordings import natural

FORMAT = "chronaxie network"
FORMAT_VERSION = 2
READABLE = (1, 2)
LARGEST_TEXT = 16 * 2**20
MOST_OBJECTS = 100_000


def read_description(path):
    """Return the `NetworkDescription` of a file (see `files` for the layout).

    Before any array is read the whole tree is walked: only plain groups and arrays that the file holds in
    full, without filters, links to other places or parts in other files. So memory never exceeds the size of
    the file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileRefused
        Anything is not as it must be; nothing of the file has been run.
    """
    if path.is_dir():
        raise FileNotFoundError(f"load: {path} is a folder; give the network file in it")
    if not path.is_file():
        raise FileNotFoundError(f"load: there is no file {path}")
    try:
        with h5py.File(path, "r") as file:
            _check_version(file, path)
            _check_tree(file, path.stat().st_size)
            return _read(file)
    except FileRefused:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise FileRefused(
            f"network file {path}: it is damaged or no network file ({error}); save it anew"
        ) from error


def _check_version(file, path):
    kind, version = (_small_attribute(file, name) for name in ("format", "format_version"))
    if kind is None and "study" in file.attrs:
        raise FileRefused(
            f"{path}: is the result of a study and holds no network; that is in network_{path.name}"
        )
    if kind != FORMAT:
        check.refuse("attribute format", FORMAT, kind)
    if version not in READABLE:
        raise FileRefused(
            f"network file: expected format version {' or '.join(map(str, READABLE))}, got {str(version)[:40]}; "
            "use the version of chronaxie that wrote it, or save the network anew"
        )


def _small_attribute(file, name):
    if name not in file.attrs:
        return None
    attribute = file.attrs.get_id(name)
    if int(np.prod(attribute.shape or (1,))) != 1 or attribute.get_storage_size() > 1000:
        return None
    value = file.attrs[name]
    value = value.item() if isinstance(value, (np.ndarray, np.generic)) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _check_tree(file, file_size):
    seen = {h5py.h5o.get_info(file.id).addr}
    waiting = [file]
    while waiting:
        group = waiting.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            if len(seen) > MOST_OBJECTS:
                check.refuse(where, f"at most {MOST_OBJECTS} objects", "more")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                check.refuse(where, "an object of this file", "a link to another place")
            obj = group[name]
            address = h5py.h5o.get_info(obj.id).addr
            if address in seen:
                check.refuse(where, "each object once", "one that is linked twice")
            seen.add(address)
            if isinstance(obj, h5py.Group):
                waiting.append(obj)
            elif isinstance(obj, h5py.Dataset):
                _check_dataset(where, obj, file_size)
            else:
                check.refuse(where, "a group or an array", type(obj).__name__)


def _check_dataset(where, dataset, file_size):
    if dataset.is_virtual or dataset.external:
        check.refuse(where, "an array within this file", "parts of other files")
    if is_dimension(dataset):
        return
    if dataset.id.get_create_plist().get_nfilters() or dataset.chunks is not None:
        check.refuse(where, "an array stored whole, without filters", "chunks or filters")
    if h5py.check_string_dtype(dataset.dtype) is not None:
        if dataset.shape != () or not where.endswith("/specification"):
            check.refuse(where, "text only as specification", dataset.shape)
        return
    if dataset.dtype.name not in NUMBERS:
        check.refuse(where, f"numbers of type {', '.join(NUMBERS)}", dataset.dtype)
    if len(dataset.shape) > 2:
        check.refuse(where, "at most two dimensions", dataset.shape)
    count = 1
    for n in dataset.shape:
        count *= int(n)
    declared = count * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    offset = dataset.id.get_offset()
    if declared > file_size or stored != declared or (declared and (offset or 0) + declared > file_size):
        check.refuse(
            where, "an array that the file holds in full", f"{declared} bytes declared, {stored} stored"
        )


def _read(file):
    data = _specification(file, "/")
    data = {"poisson_inputs": []} | data if isinstance(data, dict) else data  # the first files have none
    names = ("schedule", "dt", "trials", "annotations", "versions", "poisson_inputs")
    schedule, dt, trials, notes, _, poisson_inputs = fields("specification", data, *names)
    schedule = tuple(check.identifier("schedule", slot) for slot in items("schedule", schedule))
    if len(set(schedule)) < len(schedule):
        check.refuse("schedule", "each slot once", schedule)
    timed = [
        decode_timed_array(name, _specification(at, name), read_array(at, "values", f"timed array {name}"))
        for name, at in _children(file, "timed_arrays")
    ]
    names = [t.name for t in timed]
    groups = [
        decode_group(name, _specification(at, name), GroupArrays(name, at), schedule, names)
        for name, at in _children(file, "groups")
    ]
    by_name = {g.name: g for g in groups}
    for g in groups:
        check_links(g, by_name)
    dt = check.number("dt", dt, least=1e-12, most=1e6)
    synapses, ends = _read_synapses(file, by_name, dt, schedule, names)
    namespaces = {obj.name: {e.name for e in getattr(obj, "namespace", ())} for obj in (*groups, *synapses)}
    poisson_inputs = tuple(
        decode_poisson_input(p, ends, namespaces, schedule) for p in items("Poisson inputs", poisson_inputs)
    )
    notes = decode_annotations(notes, schedule)
    pathways = {f"{s.name}_{p.name}" for s in synapses for p in s.pathways}
    for name in notes.step_delays:
        check.one_of("annotations: step_delays", name, pathways)
    if notes.readout is not None:
        check.one_of("annotations: readout", notes.readout.group, by_name)
    generators = [g.name for g in groups if isinstance(g, SpikeGeneratorDescription)]
    for j in notes.jitter:
        check.one_of("annotations: jitter", j.group, generators)
    description = NetworkDescription(
        tuple(groups),
        tuple(synapses),
        tuple(timed),
        schedule,
        dt,
        notes,
        poisson_inputs=poisson_inputs,
    )
    description = replace(description, progress=read_progress(file, description))
    return without_trials(description, check.whole("trials", trials, least=1))


def _read_synapses(file, groups, dt, schedule, timed_arrays):
    """Synapses in the order of their names, and the `End` of each group and synapses; targets are read first."""
    ends = {name: End.of_group(g) for name, g in groups.items()}
    waiting = [(name, at, _specification(at, name)) for name, at in _children(file, "synapses")]
    found, order = {}, [name for name, *_ in waiting]
    for name in order:
        if name in ends:
            check.refuse(f"synapses {name}", "a name that no group has", name)
    while waiting:
        later = []
        for name, at, data in waiting:
            sides = {data.get("source"), data.get("target")} if isinstance(data, dict) else set()
            if sides & (set(order) - set(found)):
                later.append((name, at, data))
                continue
            arrays = SynapseArrays(name, at, dt)
            s = found[name] = decode_synapses(name, data, arrays, ends, schedule, timed_arrays)
            check_links(s, groups)
            ends[name] = End.of_synapses(s, ends)
        if len(later) == len(waiting):
            check.refuse(
                f"synapses {later[0][0]}", "synapses without a circle", "ones that connect to one another"
            )
        waiting = later
    return [found[name] for name in order], ends


def _children(file, name):
    """Objects of one kind as (name, HDF5 group), hidden2 before hidden10."""
    at = file.get(name)
    if not isinstance(at, h5py.Group):
        check.refuse("file", f"a group /{name}", at)
    names = sorted((check.identifier(f"name in /{name}", n) for n in at), key=natural)
    for n in names:
        if not isinstance(at[n], h5py.Group):
            check.refuse(f"/{name}/{n}", "a group", at[n])
    return [(n, at[n]) for n in names]


def _specification(at, where):
    dataset = at.get("specification")
    if not isinstance(dataset, h5py.Dataset) or h5py.check_string_dtype(dataset.dtype) is None:
        check.refuse(where, "a text 'specification'", dataset)
    text = dataset[()]
    if len(text) > LARGEST_TEXT:
        check.refuse(where, f"a text of at most {LARGEST_TEXT} bytes", f"{len(text)} bytes")
    return json.loads(text)
