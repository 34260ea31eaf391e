"""What losses of a recording share: targets as SI arrays, the part of a recording that counts, shapes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np
import torch
import xarray as xr
from brian2 import get_dimensions, second
from brian2.units.fundamentalunits import DIMENSIONLESS


def si_values(value, dimension, where):
    """Numbers, a quantity or a DataArray as float64 SI, finite, in a given dimension; plain numbers are SI."""
    if isinstance(value, xr.DataArray):
        value = value.transpose(*[d for d in ("trial", "time") if d in value.dims], ...).values
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    try:
        found, numbers = get_dimensions(value), np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{where}: expected numbers, got {type(value).__name__}") from None
    if found is not DIMENSIONLESS and found is not dimension:
        raise ValueError(f"{where}: expected the unit {dimension}, got {found}")
    lost = np.argwhere(~np.isfinite(numbers))
    if len(lost):
        raise ValueError(
            f"{where}: not finite at {tuple(lost[0].tolist())} ({len(lost)} such); leave them out"
        )
    return numbers


def scale_of(given, dimension, default, where):
    """What a deviation is divided by: given, > 0, else the default."""
    if given is None:
        if not 0 < default < math.inf:
            raise ValueError(f"{where}: the target does not say what a small deviation is; give scale=")
        return default
    scale = si_values(given, dimension, f"{where}: scale")
    if scale.ndim or not scale > 0:
        raise ValueError(f"{where}: scale: expected one number > 0, got {given!r}")
    return float(scale)


def start_of(given, where):
    """Seconds that are left out, >= 0."""
    start = si_values(given, second.dim, f"{where}: start")
    if start.ndim or not start >= 0:
        raise ValueError(f"{where}: start: expected one time >= 0, got {given!r}")
    return float(start)


def beside(values, tensor):
    """Numbers as a tensor of another one's type and device."""
    return torch.as_tensor(values, dtype=tensor.dtype, device=tensor.device)


def spikes_of(recording, group, where):
    """The spikes of a group, shape (trial, time, neuron)."""
    if group not in recording.spikes:
        raise ValueError(_no_such_group(where, recording.spikes))
    return recording.spikes[group]


def chosen_neurons(values, neurons, where):
    """The neurons that count, of (trial, time, neuron)."""
    if neurons is None:
        return values
    index = neurons if isinstance(neurons, slice) else np.asarray(neurons)
    try:
        kept = np.arange(values.shape[2])[index]
    except IndexError as error:
        raise ValueError(f"{where}: neurons: {error}") from None
    if kept.ndim != 1 or not len(kept):
        raise ValueError(f"{where}: neurons: expected a slice or numbers of neurons, got {neurons!r}")
    return values[:, :, torch.from_numpy(kept).to(values.device)]


def first_step(values, start, step, where):
    """The first step that counts, of (trial, time, neuron)."""
    first = round(start / step)
    if first >= values.shape[1]:
        raise ValueError(
            f"{where}: start: {start:g} s leaves nothing of a recording of {values.shape[1] * step:g} s"
        )
    return first


def check_shape(where, values, target, *allowed):
    """Refuse a target that does not lie over the values; one trial stands for every trial."""
    found, wanted = tuple(values.shape), tuple(target.shape)
    fits = found == wanted or (len(wanted) == 3 and wanted == (1, *found[1:]))
    if not fits:
        raise ValueError(
            f"{where}: the recording has the shape {found}, the target {wanted}; expected {' or '.join(allowed)}"
        )


def check_group(twin, group, where):
    """Refuse a group that emits no spikes."""
    if group not in twin.program.groups:
        raise ValueError(_no_such_group(where, twin.program.groups))


def _no_such_group(where, groups):
    there = f"there are {', '.join(groups)}" if groups else "no group of the network spikes"
    return f"{where}: no spiking group of that name; {there}"


def spike_times(trains, where):
    """Spike times by neuron as float64 seconds."""
    found = {}
    for neuron, times in trains.items():
        times = si_values(times, second.dim, f"{where}: target of neuron {neuron}").reshape(-1)
        if bool((times < 0).any()):
            raise ValueError(
                f"{where}: target of neuron {neuron}: expected times >= 0, got {times.min():g} s"
            )
        found[int(neuron)] = times
    return found


def filter_exponentially(values, tau, step):
    """The causal filter y[k] = y[k−1]·exp(−step/tau) + x[k] along time.

    Parameters
    ----------
    values : torch.Tensor, shape (trial, time, neuron)
    tau, step : float
        Seconds.

    Returns
    -------
    torch.Tensor, shape (trial, time, neuron)
        By a Fourier transform, zero-padded: within rounding, at a cost that time does not square.
    """
    steps = values.shape[1]
    kernel = torch.exp(-step / tau * torch.arange(steps, dtype=values.dtype, device=values.device))
    size = 2 * steps
    transformed = torch.fft.rfft(values, size, dim=1) * torch.fft.rfft(kernel, size)[:, None]
    return torch.fft.irfft(transformed, size, dim=1)[:, :steps]


def merge_records(*records):
    """One record from several, as ``{group: {variable: slot}}``; None where nothing is recorded."""
    merged = {}
    for record in records:
        for group, variables in (record or {}).items():
            names = [variables] if isinstance(variables, str) else variables
            pairs = names.items() if isinstance(names, Mapping) else [(name, "start") for name in names]
            for name, slot in pairs:
                before = merged.setdefault(group, {}).setdefault(name, slot)
                if before != slot:
                    raise ValueError(
                        f"record: {group}.{name} is wanted at {before} and at {slot}; one pass records it once"
                    )
    return merged or None


def signature(value):
    """A text that differs where a loss or a call differs; a function is known by its name alone."""
    if isinstance(value, (torch.Tensor, xr.DataArray, np.ndarray)) and value.ndim:
        array = np.ascontiguousarray(
            value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
        )
        return f"{array.dtype}{array.shape} {hashlib.sha256(array.tobytes()).hexdigest()[:16]}"
    if is_dataclass(value) and not isinstance(value, type):
        parts = ", ".join(f"{f.name}={signature(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({parts})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {signature(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(signature, value)) + "]"
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}"
    return repr(value)
