"""What a run of a compiled program reads: values, starts, inputs and parameters, in one file of records.

A record is three int64 (kind, length of the name, bytes), the name and the bytes; a kind of 0 ends the file. Kinds:
``V`` an array of the network; ``S`` its values at the start of each trial; ``G`` spikes of a generator by trial; ``T``
rows of a TimedArray, by trial or for all; ``P`` a parameter of the run.
"""

import numpy as np

from ..description import NeuronGroupDescription, PoissonGroupDescription, SpikeGeneratorDescription

MAGIC = b"CXTRIAL1"


def write_records(path, records):
    """Write records to a file.

    Parameters
    ----------
    path : Path
    records : iterable of (str, str, ndarray or sequence of ndarray)
        Kind, name, content; several arrays are written one after the other.
    """
    with open(path, "wb") as file:
        file.write(MAGIC)
        for kind, name, arrays in records:
            arrays = [
                np.ascontiguousarray(a) for a in ([arrays] if isinstance(arrays, np.ndarray) else arrays)
            ]
            key = name.encode()
            np.array([ord(kind), len(key), sum(a.nbytes for a in arrays)], dtype=np.int64).tofile(file)
            file.write(key)
            for a in arrays:
                a.tofile(file)
        np.zeros(3, dtype=np.int64).tofile(file)


def values_of(description, layout):
    """Yield the records of the arrays of a network.

    Parameters
    ----------
    description : NetworkDescription
    layout : dict
        Of the program: ``arrays`` has the type of each by name, ``synapses`` the variables that each synapse has.

    Yields
    ------
    ("V", str, ndarray)
    """
    arrays = layout["arrays"]

    def record(name, values):
        return "V", name, np.asarray(values).astype(arrays[name], copy=False).reshape(-1)

    for g in description.groups:
        if isinstance(g, NeuronGroupDescription):
            for v in g.variables:
                if f"{g.name}.{v.name}" in arrays:
                    yield record(f"{g.name}.{v.name}", v.array.values)
        elif isinstance(g, PoissonGroupDescription):
            if not isinstance(g.rates, str):
                yield record(f"{g.name}.rates", g.rates.values)
        else:
            dt = description.dt if g.dt is None else g.dt
            yield record(f"{g.name}._period_bins", [round(g.period / dt)])
    sizes = {g.name: g.size for g in description.groups}
    sizes |= {s.name: len(s.pre) for s in description.synapses}
    for s in description.synapses:
        yield record(f"{s.name}._synaptic_pre", s.pre)
        yield record(f"{s.name}._synaptic_post", s.post)
        yield record(f"{s.name}.N", [len(s.pre)])
        yield record(f"{s.name}.N_outgoing", np.bincount(s.pre, minlength=sizes[s.source]))
        yield record(f"{s.name}.N_incoming", np.bincount(s.post, minlength=sizes[s.target]))
        given = {v.name: v.array.values for v in s.variables}
        for name in layout["synapses"][s.name]:
            if name in given or name not in ("_synaptic_pre", "_synaptic_post"):
                values = given.get(name)
                if values is None and name == s.multisynaptic_index:
                    values = _numbered(s)
                yield record(f"{s.name}.{name}", np.zeros(len(s.pre)) if values is None else values)
        for name, values in given.items():
            if name not in layout["synapses"][s.name]:
                yield record(f"{s.name}.{name}", values)
        for p in s.pathways:
            yield record(f"{s.name}_{p.name}.delay", p.delay)


def _numbered(s):
    """The number of each synapse among those of the same pair, in order."""
    seen, numbers = {}, np.zeros(len(s.pre), dtype=np.int32)
    for k, pair in enumerate(zip(s.pre.tolist(), s.post.tolist(), strict=True)):
        numbers[k] = seen[pair] = seen.get(pair, -1) + 1
    return numbers


def spike_record(group, dt, spikes):
    """The record of a generator's spikes.

    Parameters
    ----------
    group : SpikeGeneratorDescription
    dt : float
        Step of the group (s).
    spikes : sequence of (ndarray of int, ndarray)
        Indices and times (s) of each trial, by time.

    Returns
    -------
    ("G", str, list of ndarray)

    Raises
    ------
    ValueError
        A neuron spikes twice in a step.
    """
    assert isinstance(group, SpikeGeneratorDescription)
    offsets = np.cumsum([0, *(len(times) for _, times in spikes)])
    indices, times = (np.concatenate(part) for part in zip(*spikes, strict=True))
    # Brian2's own rounding of spike times to steps.
    bins = ((times + 1e-3 * dt) / dt).astype(np.int32)
    trial = np.repeat(np.arange(len(spikes)), np.diff(offsets))
    order = np.lexsort((indices, bins, trial))
    same = [np.diff(column[order]) == 0 for column in (trial, bins, indices)]
    twice = same[0] & same[1] & same[2]
    if twice.any():
        k = int(order[np.argmax(twice)])
        raise ValueError(
            f"{group.name}: neuron {indices[k]} spikes more than once in the step from {bins[k] * dt:.6g} s (dt = "
            f"{dt:.6g} s); use a shorter dt or leave one of the spikes out"
        )
    # As Brian2 has them: by time, also within a step, then by neuron.
    order = np.lexsort((indices, times, trial))
    indices, bins = indices[order], bins[order]
    counts = np.array([len(spikes)], dtype=np.int64)
    content = [counts, offsets.astype(np.int64), indices.astype(np.int32), bins]
    return "G", group.name, content


def table_record(name, dt, values):
    """The record of a TimedArray: values (trial, row[, column]); one trial stands for all."""
    values = np.asarray(values, dtype=np.float64)
    columns = values.shape[2] if values.ndim == 3 else 1
    head = np.array([values.shape[1], columns, len(values)], dtype=np.int64)
    return "T", name, [head, np.array([dt]), values]
