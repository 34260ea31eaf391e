"""Stimuli put into the inputs of a network description: checked first, never clipped or resampled."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from .description import Array, NeuronGroupDescription, SpikeGeneratorDescription
from .errors import StimulusError
from .tiling import INDEXED, statements

DIMS = ("trial", "time", "channel")
# Deviation of the stimulus' times from multiples of dt_ref, in steps; float32 seconds are off by less.
SPACING = 1e-3


def inputs(description):
    """Return what a stimulus can replace: spike generators, and groups that read a `TimedArray` by index.

    Returns
    -------
    spikes : tuple of str
        Names of the spike generators.
    currents : dict of str to str
        Name of the TimedArray by group that reads it as ``name(t, i)``.
    """
    spikes = tuple(g.name for g in description.groups if isinstance(g, SpikeGeneratorDescription))
    currents = {}
    for owner, codes, _ in statements(description, only=NeuronGroupDescription):
        names = {e.value for e in description.group(owner).namespace if isinstance(e.value, str)}
        read = sorted(names & {m for code in codes for m in re.findall(INDEXED, code)})
        if read:
            currents[owner] = read[0]
    return spikes, currents


def with_stimulus(description, stimulus):
    """Return the description with its inputs replaced.

    Parameters
    ----------
    description : NetworkDescription
        Tiled: ``description.trials`` as many as the stimulus has.
    stimulus : DataArray or dict of str to DataArray
        Dimensions (trial, time, channel), `time` in seconds from 0, equidistant at dt_ref (dt where the
        network has none). Spikes are 0 or 1 for a `SpikeGeneratorGroup`; any finite value for a
        `TimedArray`, which holds its last row. A dict names the input groups.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    TypeError
        Not a DataArray.
    StimulusError
        Wrong dimensions, channels, trials, dt or values, or no such input.
    """
    spikes, currents = inputs(description)
    for name, data in named(description, stimulus).items():
        size = description.size(name)
        if data.sizes["channel"] != size:
            raise StimulusError(
                f"stimulus for '{name}': expected {size} channels, as the group has neurons, got "
                f"{data.sizes['channel']}; use srnn(inputs={data.sizes['channel']}) or another stimulus"
            )
        if data.sizes["trial"] != description.trials:
            raise StimulusError(
                f"stimulus for '{name}': expected {description.trials} trials, got {data.sizes['trial']}"
            )
        step = reference_step(description)
        _check_time(name, data, step)
        values = np.asarray(data.values)
        if name in spikes:
            description = description.replace_group(_spikes(description.group(name), values, step))
        else:
            description = _current(description, currents[name], values, step)
    return description


def named(description, stimulus):
    """Return the stimulus as a dict of DataArrays (trial, time, channel) by input group."""
    spikes, currents = inputs(description)
    known = [*spikes, *currents]
    if not known:
        raise StimulusError(
            "stimulus: the network has no input that it could replace; add a SpikeGeneratorGroup, or a "
            "TimedArray that a group reads as stimulus(t, i)"
        )
    if not isinstance(stimulus, Mapping):
        if len(known) > 1:
            raise StimulusError(
                f"stimulus: the network has the inputs {', '.join(known)}; give a dict by group"
            )
        stimulus = {known[0]: stimulus}
    for name, data in stimulus.items():
        if name not in known:
            raise StimulusError(f"stimulus: no input '{name}'; the network has {', '.join(known)}")
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
    return {name: data.transpose(*DIMS) for name, data in stimulus.items()}


def reference_step(description):
    """Return dt_ref, or dt where the network has none, in seconds."""
    dt_ref = description.annotations.dt_ref
    return description.dt if dt_ref is None else float(dt_ref)


def _check_time(name, data, step):
    time = np.asarray(data["time"].values, dtype=float)
    expected = np.arange(len(time)) * step
    if not np.isfinite(time).all() or (len(time) > 1 and np.ptp(np.diff(time)) > SPACING * step):
        raise StimulusError(f"stimulus for '{name}': 'time' must be equidistant at {step} s")
    if np.abs(time - expected).max() > SPACING * step * max(1, len(time)):
        got = f"{time[1] - time[0]:.6g} s from {time[0]:.6g} s" if len(time) > 1 else f"{time[0]:.6g} s"
        raise StimulusError(
            f"stimulus for '{name}': expected 'time' from 0 in steps of dt_ref = {step:.6g} s, got {got}; "
            "resample the stimulus, or make the network for its dt"
        )


def _spikes(group, values, step):
    bad = ~((values == 0) | (values == 1))
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        raise StimulusError(
            f"stimulus for '{group.name}': spikes must be 0 or 1, got {values[where]} at (trial, time, "
            f"channel) = {where}; use srnn(input='current') for graded input"
        )
    time, neuron = np.nonzero(values.transpose(1, 0, 2).reshape(values.shape[1], -1))
    return replace(group, indices=neuron.astype(np.int32), times=time * step, period=0.0)


def _current(description, name, values, step):
    if values.dtype.kind not in "fiub":
        raise StimulusError(f"stimulus for the TimedArray '{name}': expected numbers, got {values.dtype}")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(values))[0])
        raise StimulusError(
            f"stimulus for the TimedArray '{name}': expected finite values, got {values[where]} at (trial, "
            f"time, channel) = {where}"
        )
    timed = []
    for t in description.timed_arrays:
        if t.name == name:
            if abs(t.dt - step) > 1e-9 * step:
                raise StimulusError(
                    f"the TimedArray '{name}' has dt = {t.dt} s and the network dt_ref = {step} s"
                )
            rows = values.transpose(1, 0, 2).reshape(values.shape[1], -1)
            t = replace(t, array=Array(rows, t.array.dimensions))
        timed.append(t)
    return replace(description, timed_arrays=tuple(timed))


def stimulus_steps(description, stimulus):
    """Return the number of steps of dt_ref that a stimulus lasts: the longest where it is a dict."""
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
