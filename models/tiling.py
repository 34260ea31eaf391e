"""Independent trials as copies side by side in one network."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from .description import (
    Array,
    NetworkDescription,
    NeuronGroupDescription,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
)
from .errors import UnsupportedModel

APART = "simulate the trials apart (batch=1)"
_RANDOM = re.compile(r"\b(rand|randn|poisson)\s*\(")
# A TimedArray that every neuron reads in its own column.
INDEXED = r"\b([A-Za-z_]\w*)\(\s*t\s*,\s*i\s*\)"


def tile(description: NetworkDescription, trials: int) -> NetworkDescription:
    """Return a description of `trials` independent copies, trial outside, neuron inside.

    Within a trial every object keeps its order, so that a tiled trial gives the same bits as a single one.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    trials : int
        >= 1.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    UnsupportedModel
        A statement uses the index or size of its group (``i``, ``j``, ``N``), which would mean another thing
        in a tiled group; a `TimedArray` that is read as ``name(t, i)`` is tiled itself. A group shares random
        numbers, which would then be the same in all trials. Subgroups, synapses onto synapses, links by an index
        variable or to the one neuron of a group: tiled groups are no contiguous parts. Or the network has run.
    """
    if isinstance(trials, bool) or not isinstance(trials, (int, np.integer)) or trials < 1:
        raise ValueError(f"trials must be a whole number >= 1, got {trials!r}")
    if description.trials != 1:
        raise ValueError(f"tile: the description already holds {description.trials} trials")
    if trials == 1:
        return description
    trials = int(trials)
    _check_shared(description)
    _check_whole(description)
    columns = {}
    arrays = timed_names(description)
    for owner, codes, size in statements(description):
        for name in {arrays.get((owner, name), name) for name in _indexed(owner, codes)}:
            if columns.setdefault(name, size) != size:
                raise UnsupportedModel(
                    owner, f"'{name}(t, i)' in groups of different size", "use two TimedArrays"
                )
    sizes = {g.name: g.size for g in description.groups}
    return replace(
        description,
        groups=tuple(_tile_group(g, sizes, trials) for g in description.groups),
        synapses=tuple(_tile_synapses(s, trials, sizes) for s in description.synapses),
        timed_arrays=tuple(_tile_timed(t, columns.get(t.name), trials) for t in description.timed_arrays),
        trials=trials,
    )


def _check_whole(description):
    """Refuse what is of one part of a group, or of one network."""
    if description.progress is not None:
        raise UnsupportedModel("the network", "a run that goes on, with several trials", APART)
    names = {s.name for s in description.synapses}
    for s in description.synapses:
        if {s.source, s.target} & names:
            raise UnsupportedModel(s.name, "synapses as source or target, with several trials", APART)
        _check_part(s.name, s.source_part or s.target_part)
    for p in description.poisson_inputs:
        _check_part(p.name, p.part)
    for obj in (*description.groups, *description.synapses):
        for regular in getattr(obj, "regular", ()):
            _check_part(obj.name, regular.part)
        for link in getattr(obj, "links", ()):
            _check_part(obj.name, link.part)
            one = description.group(link.group).size == 1
            if isinstance(link.index, str) or (one and getattr(obj, "size", 0) != 1):
                what = "by an index variable" if isinstance(link.index, str) else "to a single neuron"
                raise UnsupportedModel(
                    obj.name, f"the link of '{link.name}' {what}, with several trials", APART
                )


def _check_part(owner, part):
    if part is not None:
        raise UnsupportedModel(owner, f"the subgroup '{part.name}', with several trials", APART)


def _check_shared(description):
    for obj in (*description.groups, *description.synapses):
        for e in getattr(obj, "equations", ()):
            if "shared" in e.flags and e.expression is not None and _RANDOM.search(e.expression):
                raise UnsupportedModel(
                    obj.name,
                    f"random numbers that the group shares ('{e.name}'), with several trials",
                    "simulate one trial at a time, or leave the flag 'shared' out",
                )
        shared = {e.name for e in getattr(obj, "equations", ()) if "shared" in e.flags}
        for regular in getattr(obj, "regular", ()):
            written = set(re.findall(r"^\s*(\w+)\s*(?:[-+*/%]|//|\*\*)?=(?!=)", regular.code, re.MULTILINE))
            if written & shared and _RANDOM.search(regular.code):
                raise UnsupportedModel(
                    obj.name,
                    f"random numbers that the group shares (in '{regular.name}'), with several trials",
                    APART,
                )


def statements(description, only=None):
    """Yield (name, codes, size) of every object; size is None for synapses."""
    for g in description.groups:
        if only is not None and not isinstance(g, only):
            continue
        if isinstance(g, NeuronGroupDescription):
            codes = [e.expression for e in g.equations] + [
                g.refractory if isinstance(g.refractory, str) else None
            ]
            events = (*g.events, *([] if g.threshold is None else [g.threshold]))
            codes += [code for event in events for code in (event.condition, event.reset)]
        elif isinstance(g, PoissonGroupDescription):
            codes = [g.rates if isinstance(g.rates, str) else None]
        else:
            continue
        codes += [r.code for r in g.regular] + _weights(description, g.name)
        yield g.name, [c for c in codes if c], g.size
    if only is None:
        for s in description.synapses:
            codes = [e.expression for e in s.equations] + [p.code for p in s.pathways]
            codes += [r.code for r in s.regular] + _weights(description, s.name)
            yield s.name, [c for c in codes if c], None


def _weights(description, name):
    return [p.weight for p in description.poisson_inputs if p.target == name and isinstance(p.weight, str)]


def timed_names(description):
    """Return the names of TimedArrays by (object, name in its statements)."""
    return {
        (obj.name, e.name): e.value
        for obj in (*description.groups, *description.synapses)
        for e in getattr(obj, "namespace", ())
        if isinstance(e.value, str)
    }


def _indexed(owner, codes):
    """Names read as ``name(t, i)``; any other use of an index or size is refused."""
    names = set()
    for code in codes:
        names |= set(re.findall(INDEXED, code))
        rest = re.sub(INDEXED, "", code)
        other = re.search(r"\b(i|j|N|N_pre|N_post|i_pre|i_post|N_incoming|N_outgoing)\b", rest)
        if other:
            raise UnsupportedModel(
                owner, f"'{other.group()}' in its statements, with several trials", "keep it in a parameter"
            )
    return names


def _tile_group(group, sizes, trials):
    size = group.size * trials
    if isinstance(group, SpikeGeneratorDescription):
        trial = np.repeat(np.arange(trials), len(group.indices))
        indices = (np.tile(group.indices, trials) + trial * group.size).astype(np.int32)
        times = np.tile(group.times, trials)
        order = np.lexsort((indices, times))
        return replace(group, size=size, indices=indices[order], times=times[order])
    if isinstance(group, PoissonGroupDescription):
        rates = group.rates if isinstance(group.rates, str) else _tile_array(group.rates, trials)
        return replace(group, size=size, rates=rates)
    shared = {e.name for e in group.equations if "shared" in e.flags}
    links = tuple(_tile_link(link, sizes, trials) for link in group.links)
    variables = _tile_variables(group.variables, shared, trials)
    return replace(group, size=size, variables=variables, links=links)


def _tile_link(link, sizes, trials):
    if link.index is None:
        return link
    first = np.repeat(np.arange(trials) * sizes[link.group], len(link.index))
    return replace(link, index=np.tile(link.index, trials) + first)


def _tile_synapses(s, trials, sizes):
    trial = np.repeat(np.arange(trials), len(s.pre))
    pre, post = (
        (np.tile(side, trials) + trial * sizes[end]).astype(np.int32)
        for side, end in ((s.pre, s.source), (s.post, s.target))
    )
    shared = {e.name for e in s.equations if "shared" in e.flags}
    pathways = tuple(replace(p, delay=np.tile(p.delay, trials)) if p.delay.ndim else p for p in s.pathways)
    variables = _tile_variables(s.variables, shared, trials)
    return replace(s, pre=pre, post=post, pathways=pathways, variables=variables)


def _tile_variables(variables, shared, trials):
    return tuple(v if v.name in shared else replace(v, array=_tile_array(v.array, trials)) for v in variables)


def _tile_array(array, trials):
    return Array(np.tile(array.values, trials), array.dimensions)


def _tile_timed(timed, columns, trials):
    if columns is None:
        if timed.array.values.ndim == 2:
            raise UnsupportedModel(timed.name, "a TimedArray of two dimensions", "read it as name(t, i)")
        return timed
    if timed.array.values.shape[1:] != (columns,):
        raise UnsupportedModel(
            timed.name,
            f"{timed.array.values.shape[1:]} columns for {columns} neurons",
            "use one column a neuron",
        )
    return replace(timed, array=Array(np.tile(timed.array.values, (1, trials)), timed.array.dimensions))
