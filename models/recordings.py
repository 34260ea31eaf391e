"""From monitors to one `xr.Dataset`, and views of it."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr
from brian2 import Network, NeuronGroup, Quantity, get_or_create_dimension, get_unit

from .description import NetworkDescription, exponents


def unit_of(dimensions):
    """Return the SI unit of dimensions as text, e.g. ``"s"``, ``"V"``, ``"1"``."""
    dimension = get_or_create_dimension(list(dimensions))
    # For numbers without unit Brian2 has several names, and gives that of the radian.
    return "1" if dimension.is_dimensionless else str(get_unit(dimension))


def spike_attributes(group):
    """Return name, type and attributes of the three variables that hold the spikes of a group."""
    dim = f"{group}_spike"
    return (
        (f"{dim}_trial", np.dtype(np.int32), {"units": "1", "long_name": f"trial of {group}"}),
        (f"{dim}_neuron", np.dtype(np.int32), {"units": "1", "long_name": f"neuron of {group}"}),
        (f"{dim}_time", np.dtype(np.float64), {"units": "s", "long_name": "time of the spike"}),
    )


def in_order(trial, neuron, time):
    """Return spikes ordered by trial, time, neuron.

    Parameters
    ----------
    trial, neuron : ndarray of int, shape (spike,)
    time : ndarray, shape (spike,)

    Returns
    -------
    trial, neuron, time : ndarray
    """
    later, same = np.diff(trial), np.diff(trial) == 0
    passes, at_once = np.diff(time), np.diff(time) == 0
    if (later >= 0).all() and (passes[same] >= 0).all() and (np.diff(neuron)[same & at_once] >= 0).all():
        return trial, neuron, time
    order = np.lexsort((neuron, time, trial))
    return trial[order], neuron[order], time[order]


def connectivity_variables(description):
    """Return the numbers of synapses by connection and by presynaptic neuron, as parts of a Dataset.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.

    Returns
    -------
    variables, coords : dict
    """
    synapses = description.synapses
    variables = {
        "synapses": (
            "connection",
            np.array([len(s.pre) for s in synapses], dtype=np.int64),
            {"units": "1", "long_name": "number of synapses"},
        )
    }
    coords = {
        "connection": ("connection", np.array([s.name for s in synapses], dtype=str)),
        "source": ("connection", np.array([s.source for s in synapses], dtype=str)),
        "target": ("connection", np.array([s.target for s in synapses], dtype=str)),
    }
    for group in description.groups:
        if not spiking(group):
            continue
        fan_out = np.zeros(group.size, dtype=np.int64)
        for s in synapses:
            if s.source == group.name:
                fan_out += np.bincount(s.pre, minlength=group.size)
        variables[f"{group.name}_fan_out"] = (
            f"{group.name}_neuron",
            fan_out,
            {"units": "1", "long_name": f"outgoing synapses of a neuron of {group.name}"},
        )
    return variables, coords


def spiking(group):
    """Whether a described group emits spikes."""
    return getattr(group, "threshold", True) is not None


def dense(ds: xr.Dataset, group: str, *, dt: Quantity | float | None = None) -> xr.DataArray:
    """Count the spikes of a group in bins of `dt`.

    Parameters
    ----------
    ds : Dataset
        From `simulate`.
    group : str
    dt : float or Quantity, optional
        Width of a bin (s); that of the simulation by default. The last bin may be cut by the end.

    Returns
    -------
    DataArray of uint8, dimensions (trial, time, neuron)
        `time`: beginning of the bin (s).

    Raises
    ------
    KeyError
        The dataset holds no spikes of that group.
    ValueError
        `dt` is not positive, or a bin holds more than 255 spikes.
    """
    name = f"{group}_spike_time"
    if name not in ds:
        have = [v.removesuffix("_spike_time") for v in ds.data_vars if str(v).endswith("_spike_time")]
        raise KeyError(f"no spikes of {group!r}; the dataset has those of {', '.join(have) or 'no group'}")
    width = float(ds.attrs["dt"] if dt is None else dt)
    if not width > 0:
        raise ValueError(f"dense: dt must be a positive time, got {dt}")
    shape = (
        ds.sizes["trial"],
        int(np.ceil(ds.attrs["duration"] / width - 1e-6)),
        ds.sizes[f"{group}_neuron"],
    )
    # Times are multiples of the simulation's dt up to rounding: a small shift keeps them in their bin.
    step = np.floor(ds[name].values / width + 1e-6).astype(np.int64)
    flat = np.ravel_multi_index(
        (ds[f"{group}_spike_trial"].values, step, ds[f"{group}_spike_neuron"].values), shape
    )
    counts = np.zeros(shape, dtype=np.uint8)
    where, n = np.unique(flat, return_counts=True)
    if n.size and n.max() > np.iinfo(np.uint8).max:
        raise ValueError(
            f"dense: a bin of {width} s holds {n.max()} spikes of {group!r}, more than 255; use a smaller dt"
        )
    counts.ravel()[where] = n
    return xr.DataArray(
        counts,
        dims=("trial", "time", "neuron"),
        coords={
            "trial": ds["trial"].values,
            "time": ("time", np.arange(shape[1]) * width, {"units": "s"}),
            "neuron": ds[f"{group}_neuron"].values,
        },
        name=f"{group}_spikes",
        attrs={"units": "1", "long_name": f"spikes of {group} in a bin of {width} s"},
    )


def network_values(net: Network | NetworkDescription) -> xr.Dataset:
    """Return the time constants and biases of a network, all groups that have a tau_m stacked.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription

    Returns
    -------
    Dataset
        ``tau_m``, ``tau_a``, ``bias`` (neuron), time constants in ms; NaN where a layer lacks the variable;
        coordinates ``layer`` (group name) and ``index``. Variables that no group has are left out.

    Raises
    ------
    ValueError
        No group has a tau_m, or groups disagree on the unit of the bias.
    """
    groups = [g for g in _group_values(net) if "tau_m" in g[1]]
    if not groups:
        raise ValueError("network_values: no group of the network has a variable tau_m")
    variables = {}
    for name in ("tau_m", "tau_a", "bias"):
        units = {g[1][name][1] for g in groups if name in g[1]}
        if len(units) > 1:
            raise ValueError(
                f"network_values: {name} has the units {', '.join(sorted(units))} in different groups"
            )
        if not units:
            continue
        unit = units.pop()
        if name.startswith("tau") and unit != "s":
            raise ValueError(f"network_values: {name} must be a time, got {unit}")
        parts = [np.broadcast_to(g[1][name][0] if name in g[1] else np.nan, g[2]) for g in groups]
        values = np.concatenate(parts).astype(float)
        if unit == "s":
            values, unit = values * 1e3, "ms"
        variables[name] = ("neuron", values, {"units": unit})
    return xr.Dataset(
        variables,
        coords={
            "layer": ("neuron", np.concatenate([np.repeat(g[0], g[2]) for g in groups]).astype(str)),
            "index": ("neuron", np.concatenate([np.arange(g[2]) for g in groups])),
        },
    )


def _group_values(net):
    """[(group name, {variable: (values, unit)}, size)], hidden2 before hidden10."""
    if isinstance(net, NetworkDescription):
        found = []
        for g in net.groups:
            values = {
                v.name: (v.array.values, unit_of(v.array.dimensions)) for v in getattr(g, "variables", ())
            }
            found.append((g.name, values, g.size))
    else:
        found = []
        for g in net.objects:
            if isinstance(g, NeuronGroup):
                names = g.equations.parameter_names & {"tau_m", "tau_a", "bias"}
                values = {
                    n: (np.array(g.variables[n].get_value()), unit_of(exponents(g.variables[n].dim)))
                    for n in names
                }
                found.append((g.name, values, len(g)))
    return sorted(found, key=lambda g: natural(g[0]))


def natural(name):
    """Sort key: hidden2 before hidden10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
