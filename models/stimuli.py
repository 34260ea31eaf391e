"""Stimuli put into the inputs of a network description: checked first, never clipped or resampled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from brian2 import Quantity

from .description import (
    Array,
    NetworkDescription,
    NeuronGroupDescription,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
)
from .errors import StimulusError
from .jitter import jittered
from .tiling import INDEXED, statements, timed_names
from .times import seconds, whole_steps

DIMS = ("trial", "time", "channel")
# Deviation of the stimulus' times from multiples of its step, in steps; float32 seconds are off by less.
SPACING = 1e-3


@dataclass(frozen=True)
class Input:
    """What a stimulus can replace.

    Parameters
    ----------
    name : str
        Of a spike generator, or of a `TimedArray` that groups read as ``name(t, i)``.
    groups : tuple of str
        The spike generator itself, or the groups that read the TimedArray; of equal size.
    spikes : bool
        Whether it is a spike generator.
    """

    name: str
    groups: tuple[str, ...]
    spikes: bool

    def __str__(self):
        return f"'{self.name}'" + ("" if self.spikes else f" (TimedArray read by {', '.join(self.groups)})")


def inputs(description):
    """Return the inputs of a network as a list of `Input`."""
    spikes = [
        Input(g.name, (g.name,), True) for g in description.groups if isinstance(g, SpikeGeneratorDescription)
    ]
    arrays = timed_names(description)
    readers = {}
    for owner, codes, _ in statements(description, only=NeuronGroupDescription):
        read = {arrays.get((owner, name)) for code in codes for name in re.findall(INDEXED, code)}
        for array in sorted(read - {None}):
            readers.setdefault(array, []).append(owner)
    return spikes + [Input(array, tuple(owners), False) for array, owners in readers.items()]


def with_generators(description, stimulus):
    """Return the description with a spike generator in the place of each PoissonGroup that a stimulus is for.

    It emits in the slot of the group's threshold, and draws nothing.

    Parameters
    ----------
    description : NetworkDescription
    stimulus : DataArray or dict of str to DataArray or None
        A PoissonGroup is meant by its name in a dict, or where it is the only input of the network.

    Returns
    -------
    NetworkDescription
        The same one where no PoissonGroup is meant.

    Raises
    ------
    StimulusError
        Statements or links read the group's rates, synapses connect a subgroup of it, or it has operations of its own;
        or several groups may be meant.
    """
    groups = {g.name: g for g in description.groups if isinstance(g, PoissonGroupDescription)}
    if isinstance(stimulus, Mapping):
        meant = [name for name in stimulus if name in groups]
    else:
        meant = list(groups) if stimulus is not None and groups and not inputs(description) else []
        if len(meant) > 1:
            raise StimulusError(
                f"stimulus: the network has the PoissonGroups {', '.join(meant)}; give a dict by group, which "
                "replaces the spikes that they draw"
            )
    for name in meant:
        _refuse_readers(description, groups[name])
        g = groups[name]
        none = np.zeros(0, np.int32), np.zeros(0)
        description = description.replace_group(
            SpikeGeneratorDescription(g.name, g.size, *none, slot=g.slot, dt=g.dt)
        )
    return description


def _refuse_readers(description, group):
    """Refuse what a spike generator has not."""
    if group.regular:
        _refuse(group.name, "it has a run_regularly")
    for obj in (*description.groups, *description.synapses):
        for link in getattr(obj, "links", ()):
            if link.group == group.name:
                _refuse(group.name, f"'{link.name}' of '{obj.name}' is linked to its {link.variable}")
    for s in description.synapses:
        if (s.source == group.name and s.source_part) or (s.target == group.name and s.target_part):
            _refuse(
                group.name, f"'{s.name}' connects a subgroup of it, which a SpikeGeneratorGroup cannot have"
            )
    ends = {s.name for s in description.synapses if group.name in (s.source, s.target)}
    for owner, codes, _ in statements(description):
        if owner in ends and any(re.search(r"\brates_(pre|post)\b", code) for code in codes):
            _refuse(group.name, f"statements of '{owner}' read its rates")


def _refuse(name, why):
    raise StimulusError(
        f"stimulus for '{name}': the spikes of this PoissonGroup cannot be replaced, since {why}; do without, or "
        "take another group for them"
    )


def with_stimulus(
    description: NetworkDescription,
    stimulus: xr.DataArray | Mapping[str, xr.DataArray],
    *,
    step: Quantity | float | None = None,
) -> NetworkDescription:
    """Return the description with its inputs replaced.

    Parameters
    ----------
    description : NetworkDescription
        Tiled: ``description.trials`` as many as the stimulus has.
    stimulus : DataArray or dict of str to DataArray
        Dimensions (trial, time, channel), `time` in seconds from 0, equidistant at `step`. Spikes are 0 or 1 for a
        `SpikeGeneratorGroup` or a `PoissonGroup`, which then draws nothing; any finite value for a `TimedArray`, which
        holds its last row. A dict names the inputs: spike generators, PoissonGroups, and TimedArrays or the groups that
        read them.
    step : float or Quantity, optional
        Of the stimulus (s), a multiple of the description's dt; dt_ref by default, dt where there is none.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    TypeError
        Not a DataArray.
    StimulusError
        Wrong dimensions, channels, trials, dt or values, or no such input.
    ValueError
        The description's dt does not divide `step`.
    """
    description = with_generators(description, stimulus)
    step = reference_step(description) if step is None else seconds(step, "step")
    whole_steps(step, description.dt, "the step of the stimulus")
    for target, data in _by_input(description, stimulus):
        channels = description.size(target.groups[0])
        data = check_stimulus(target.name, data, channels=channels, dt=step, spikes=target.spikes)
        if data.sizes["trial"] != description.trials:
            raise StimulusError(
                f"stimulus for '{target.name}': expected {description.trials} trials, got "
                f"{data.sizes['trial']}"
            )
        # One row a step, trials side by side.
        rows = data.values.transpose(1, 0, 2).reshape(data.sizes["time"], -1)
        if target.spikes:
            time, neuron = np.nonzero(rows)
            names = data["trial"].values if "trial" in data.coords else None
            description = _spikes(description, target.name, time, neuron, len(rows), step, names)
        else:
            description = _current(description, target.name, rows.astype(np.float64), step)
    return description


def check_stimulus(name, data, *, channels, dt, spikes):
    """Check the stimulus of one input.

    Parameters
    ----------
    name : str
        Of the input, for messages.
    data : DataArray
        Dimensions trial, time, channel in any order; coordinate `time` (s).
    channels : int
        Expected number.
    dt : float
        Expected step (s).
    spikes : bool
        Whether it holds spikes (0 or 1) or a current (finite numbers).

    Returns
    -------
    DataArray (trial, time, channel)

    Raises
    ------
    TypeError
        Not a DataArray.
    StimulusError
        Wrong dimensions, empty, wrong number of channels, times that are not 0, dt, 2 dt, …, or wrong values.
    """
    data = _transposed(name, data)
    if data.sizes["channel"] != channels:
        raise StimulusError(
            f"stimulus for '{name}': expected {channels} channels, as the group has neurons, got "
            f"{data.sizes['channel']}; use srnn(inputs={data.sizes['channel']}) or another stimulus"
        )
    _check_time(name, data, dt)
    values = data.values
    if values.dtype.kind not in "fiub":
        raise StimulusError(f"stimulus for '{name}': expected numbers, got {values.dtype}")
    good = (values == 0) | (values == 1) if spikes else np.isfinite(values)
    if not good.all():
        where = tuple(int(k) for k in np.argwhere(~good)[0])
        expected = "spikes must be 0 or 1" if spikes else "expected finite values"
        remedy = "; use srnn(input='current') for graded input" if spikes else ""
        raise StimulusError(
            f"stimulus for '{name}': {expected}, got {values[where]} at (trial, time, channel) = "
            f"{where}{remedy}"
        )
    return data


def named(description, stimulus):
    """Return the stimulus as a dict of DataArrays (trial, time, channel) by name of the input.

    Raises
    ------
    TypeError, StimulusError
        No such input, the same input twice, no DataArray, wrong dimensions.
    """
    return {target.name: _transposed(target.name, data) for target, data in _by_input(description, stimulus)}


def _by_input(description, stimulus):
    """Return the stimulus as a list of (`Input`, what was given for it), each input once."""
    known = inputs(description)
    drawn = [
        f"'{g.name}' (PoissonGroup)" for g in description.groups if isinstance(g, PoissonGroupDescription)
    ]
    choices = ", ".join([*map(str, known), *drawn])
    if not choices:
        raise StimulusError(
            "stimulus: the network has no input that it could replace; add a SpikeGeneratorGroup, or a "
            "TimedArray that a group reads as stimulus(t, i)"
        )
    if not isinstance(stimulus, Mapping):
        if len(known) != 1:
            raise StimulusError(f"stimulus: the network has the inputs {choices}; give a dict by input")
        return [(known[0], stimulus)]
    if not stimulus:
        raise StimulusError(f"stimulus: the dict is empty; the network has {choices}")
    found = {}
    for name, data in stimulus.items():
        meant = [target for target in known if name == target.name or name in target.groups]
        if not meant:
            raise StimulusError(f"stimulus: no input '{name}'; the network has {choices}")
        if len(meant) > 1:
            raise StimulusError(
                f"stimulus: '{name}' may mean {' or '.join(map(str, meant))}; name the TimedArray, and give "
                "it a name of its own"
            )
        if meant[0] in found:
            raise StimulusError(f"stimulus: two values for {meant[0]}; give one")
        found[meant[0]] = data
    return list(found.items())


def _transposed(name, data):
    if not isinstance(data, xr.DataArray):
        raise TypeError(
            f"stimulus for '{name}': expected an xarray.DataArray, got {type(data).__name__}; wrap it: "
            f"xr.DataArray(values, dims={DIMS}, coords={{'time': seconds}})"
        )
    if set(data.dims) != set(DIMS):
        raise StimulusError(f"stimulus for '{name}': expected the dimensions {DIMS}, got {data.dims}")
    if 0 in data.shape:
        raise StimulusError(f"stimulus for '{name}': it is empty, {dict(data.sizes)}")
    if "time" not in data.coords:
        raise StimulusError(f"stimulus for '{name}': the coordinate 'time' (s) is missing")
    return data.transpose(*DIMS)


def reference_step(description):
    """Return dt_ref, or dt where the network has none, in seconds."""
    dt_ref = description.annotations.dt_ref
    return description.dt if dt_ref is None else float(dt_ref)


def _check_time(name, data, step):
    time = data["time"].values
    if time.dtype.kind not in "fiu":
        raise StimulusError(f"stimulus for '{name}': 'time' must be in seconds, got {time.dtype}")
    time = time.astype(float)
    expected = np.arange(len(time)) * step
    if not np.isfinite(time).all() or (len(time) > 1 and np.ptp(np.diff(time)) > SPACING * step):
        raise StimulusError(f"stimulus for '{name}': 'time' must be equidistant at {step} s")
    if np.abs(time - expected).max() > SPACING * step * max(1, len(time)):
        got = f"{time[1] - time[0]:.6g} s from {time[0]:.6g} s" if len(time) > 1 else f"{time[0]:.6g} s"
        raise StimulusError(
            f"stimulus for '{name}': expected 'time' from 0 in steps of dt_ref = {step:.6g} s, got {got}; "
            "resample the stimulus, or make the network for its dt"
        )


def _spikes(description, name, time, neuron, length, step, trials):
    """The description with spikes of a stimulus (steps, index) in a generator, jittered as its annotations say."""
    group, times = description.group(name), time * step
    jitters = [j for j in description.annotations.jitter if j.group == name]
    if jitters:
        dt = description.dt if group.dt is None else group.dt
        fine = whole_steps(step, dt, "the step of the stimulus")
        time = time * fine
        for jitter in jitters:
            neuron, time = jittered(
                jitter,
                neuron,
                time,
                channels=description.size(name),
                dt=dt,
                length=length * fine,
                trials=trials,
            )
        order = np.lexsort((neuron, time))
        # Multiples of the step where they lie on it, so that a spike that was not moved keeps its time to the bit.
        neuron, time = neuron[order], time[order]
        times = np.where(time % fine == 0, time // fine * step, time * dt)
    return description.replace_group(replace(group, indices=neuron.astype(np.int32), times=times, period=0.0))


def _current(description, name, rows, step):
    timed = []
    for t in description.timed_arrays:
        if t.name == name:
            if abs(t.dt - step) > 1e-9 * step:
                raise StimulusError(
                    f"the TimedArray '{name}' has dt = {t.dt} s, but the network's dt_ref (its dt where it has "
                    f"none) is {step} s; make them the same, e.g. annotate(net, dt_ref={t.dt}*second)"
                )
            t = replace(t, array=Array(rows, t.array.dimensions))
        timed.append(t)
    return replace(description, timed_arrays=tuple(timed))


def stimulus_steps(description, stimulus):
    """Return the number of steps that a stimulus lasts: the longest where it is a dict."""
    return max(data.sizes["time"] for data in named(description, stimulus).values())


def stimulus_trials(description, stimulus):
    """Return the number of trials of a stimulus.

    Raises
    ------
    StimulusError
        The inputs of a dict disagree.
    """
    counts = {name: data.sizes["trial"] for name, data in named(description, stimulus).items()}
    if len(set(counts.values())) > 1:
        raise StimulusError(f"stimulus: the inputs have different numbers of trials, {counts}")
    return next(iter(counts.values()))
