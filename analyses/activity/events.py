"""Spikes as lists of events, read a block at a time: no array of neurons × time, and no copy of all spikes."""

import numpy as np

from ..errors import InvalidInput, MissingVariable
from ..variables import attribute, require

BLOCK_BITS = 21
# Events that are looked at together: some 200 MiB of intermediate arrays.
BLOCK = 1 << BLOCK_BITS


def extent(ds, *, where):
    """Number of trials (int) and duration of one (s) of a simulation, from its attributes."""
    remedy = "is it what simulate returned?"
    trials = attribute(ds, "trials", where=where, remedy=remedy)
    return int(trials), attribute(ds, "duration", where=where, remedy=remedy)


def spiking_groups(ds):
    """Names of groups with recorded spikes that receive a synapse (if there is none: all with spikes)."""
    recorded = recorded_groups(ds)
    if "target" not in ds.coords or ds["target"].size == 0:
        return recorded
    targets = set(ds["target"].values.tolist())
    return [group for group in recorded if group in targets]


def recorded_groups(ds):
    """Names of groups with recorded spikes, in the order of the dataset."""
    return [
        str(name).removesuffix("_spike_neuron")
        for name in ds.variables
        if str(name).endswith("_spike_neuron")
    ]


def chosen_groups(ds, groups, *, where="groups"):
    """`groups` as a list (one name counts as one group); None: `spiking_groups`; `InvalidInput` for one named twice."""
    if groups is None:
        return spiking_groups(ds)
    chosen = [groups] if isinstance(groups, str) else list(groups)
    twice = [group for k, group in enumerate(chosen) if group in chosen[:k]]
    if twice:
        raise InvalidInput(f"{where}: groups names {twice[0]!r} twice; name each group once")
    return chosen


def fold_events(ds, group, start, step, finish, outputs, *, where, timed=True):
    """Run all spikes of a group through an accumulator, block by block, at once or lazily.

    Parameters
    ----------
    ds : Dataset
        A simulation: ``<group>_spike_trial``, ``_neuron`` and, where `timed`, ``_time`` (s), ``<group>_neuron``;
        attributes `trials` and `duration` (s). Held in memory, read from a file as it goes, or backed by Dask.
    group : str
    start : callable
        ``start() -> state``.
    step : callable
        ``step(state, trial, neuron, time) -> state``; may change and return the state that it was given. `time` is
        None unless `timed`; then events come ordered by trial and time.
    finish : callable
        ``finish(state) -> tuple of ndarray``.
    outputs : sequence of (shape, dtype)
        What `finish` returns.
    where : str
        Who asks, for error messages.
    timed : bool

    Returns
    -------
    list of ndarray, or of dask arrays where the events are backed by Dask

    Raises
    ------
    MissingVariable
        The group's spikes were not recorded.
    InvalidInput
        An index is outside the group or the trials, a time outside the trial, the unit of time is not "s"; with Dask
        (when it computes) also events that are not in order. In memory those are sorted.
    """
    names = event_names(ds, group, timed=timed, where=where)
    trials, duration = extent(ds, where=where)
    limits = (trials, ds.sizes[f"{group}_neuron"], duration)
    events = [ds[name] for name in names]
    if all(array.chunks is None for array in events):
        state = start()
        for block in _blocks(events, group, limits, where=where):
            state = step(state, *block)
        return list(finish(state))
    return _lazy(events, group, limits, (start, step, finish, outputs), where=where)


def values_of(arrays):
    """Values of DataArrays, as a list of ndarray; of Dask together, so that what they share is read once."""
    if all(array.chunks is None for array in arrays):
        return [array.values for array in arrays]
    import dask

    return [np.asarray(values) for values in dask.compute(*(array.data for array in arrays))]


def join(parts, axis=0):
    """Concatenate arrays of NumPy or Dask; without parts an empty array."""
    if any(hasattr(part, "dask") for part in parts):
        import dask.array as da

        return da.concatenate(parts, axis=axis)
    return np.concatenate(parts, axis=axis) if parts else np.zeros(0)


def stacked(parts, axis=0):
    """Stack arrays of NumPy or Dask along a new axis."""
    if any(hasattr(part, "dask") for part in parts):
        import dask.array as da

        return da.stack(parts, axis=axis)
    return np.stack(parts, axis=axis)


def event_names(ds, group, *, timed, where):
    """Names of the variables of a group's spikes; raise `MissingVariable` where there are none."""
    require(ds, where=where)
    names = [f"{group}_spike_{part}" for part in ("trial", "neuron", "time")[: 3 if timed else 2]]
    if any(name not in ds.variables for name in names[:2]):
        raise MissingVariable(
            f"{where}: no spikes of {group!r}; recorded are {', '.join(sorted(recorded_groups(ds))) or 'none'}; "
            f"simulate with record={{{group!r}: ['spikes']}} or leave record out"
        )
    require(ds, *names, f"{group}_neuron", where=where)
    if timed and (units := ds[names[2]].attrs.get("units")) != "s":
        raise InvalidInput(
            f"{where}: {names[2]} must be in s, but its units attribute is {units!r}; "
            f"convert it and set .attrs['units'] = 's'"
        )
    return names


def _blocks(events, group, limits, *, where):
    """Yield (trial, neuron, time or None) of at most BLOCK events, checked, ordered by trial and time."""
    dim = events[0].dims[0]
    slices = [slice(i, i + BLOCK) for i in range(0, events[0].size, BLOCK)]
    if len(events) == 3 and not _in_order(events, slices, dim):
        whole = [array.values for array in events]
        order = np.lexsort((whole[2], whole[0]))
        blocks = ([array[order[part]] for array in whole] for part in slices)
    else:
        # `isel` before `values`: of a file only this part is read
        blocks = ([array.isel({dim: part}).values for array in events] for part in slices)
    for block in blocks:
        check_events(block, group, limits, where=where)
        yield block if len(block) == 3 else (*block, None)


def _in_order(events, slices, dim):
    last = None
    for part in slices:
        trial, time = (events[k].isel({dim: part}).values for k in (0, 2))
        if not ordered(trial, time, last):
            return False
        last = trial[-1], time[-1]
    return True


def ordered(trial, time, last=None):
    """Whether events are ordered by trial, then time, and follow `last` (trial, time)."""
    if trial.size == 0:
        return True
    if last is not None and (trial[0] < last[0] or (trial[0] == last[0] and time[0] < last[1])):
        return False
    later = trial[1:] > trial[:-1]
    return bool((later | ((trial[1:] == trial[:-1]) & (time[1:] >= time[:-1]))).all())


def check_events(block, group, limits, *, where):
    """Raise `InvalidInput` for an index or time outside `limits` (trials, neurons, duration)."""
    for values, limit, what in zip(block[:2], limits[:2], ("trial", "neuron"), strict=True):
        if values.size and (values.min() < 0 or values.max() >= limit):
            raise InvalidInput(
                f"{where}: {group}_spike_{what} goes from {values.min()} to {values.max()}, "
                f"expected 0 to {limit - 1}"
            )
    if len(block) == 3 and block[2].size:
        low, high = block[2].min(), block[2].max()
        # one part in 1e9 of rounding: times are multiples of dt
        if not (low >= 0 and high <= limits[2] * (1 + 1e-9)):
            raise InvalidInput(
                f"{where}: {group}_spike_time goes from {low} to {high} s, expected 0 to the duration, {limits[2]} s"
            )


def _lazy(events, group, limits, accumulator, *, where):
    """The same as a chain of Dask tasks, one for each chunk, each of which may forget its events."""
    import dask
    import dask.array as da

    start, step, finish, outputs = accumulator
    dim = events[0].dims[0]
    sizes = {dim: next(array.chunks for array in events if array.chunks is not None)[0]}
    if max(sizes[dim], default=0) > BLOCK:
        sizes = {dim: BLOCK}
    parts = [array.chunk(sizes).data.to_delayed(optimize_graph=False).ravel() for array in events]

    def first():
        return start(), None

    def following(carried, *block):
        state, last = carried
        check_events(block, group, limits, where=where)
        if len(block) == 2:
            return step(state, *block, None), None
        trial, _, time = block
        if not ordered(trial, time, last):
            raise InvalidInput(
                f"{where}: the spikes of {group!r} are not ordered by trial and time, which a dataset backed by Dask "
                f"must be: sort them, or load() the dataset"
            )
        return step(state, *block), (trial[-1], time[-1]) if trial.size else last

    carried = dask.delayed(first, pure=False)()
    for block in zip(*parts, strict=True):
        carried = dask.delayed(following, pure=False)(carried, *block)
    done = dask.delayed(lambda last: finish(last[0]), pure=False, nout=len(outputs))(carried)
    return [da.from_delayed(done[k], shape, dtype) for k, (shape, dtype) in enumerate(outputs)]
