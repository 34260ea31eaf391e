"""What a simulated dataset holds, found by its names: spiking groups, traces."""

from dataclasses import dataclass

import numpy as np
import xarray as xr


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of a group: arrays (spike,) of trials, neurons and times (s), in order of trial and time."""

    group: str
    neurons: np.ndarray
    trial: np.ndarray
    neuron: np.ndarray
    time: np.ndarray


@dataclass(frozen=True, eq=False)
class Trace:
    """A recorded variable: `values` (trial, time, neuron), `start` and `step` of its samples (s), SI unit as text."""

    name: str
    group: str
    values: np.ndarray
    start: float
    step: float
    units: str


def check_simulated(ds, where):
    """Refuse what `simulate` has not made.

    Raises
    ------
    TypeError
        No Dataset.
    ValueError
        A dataset without trials, duration or dt.
    """
    if not isinstance(ds, xr.Dataset):
        raise TypeError(
            f"{where}: expected the Dataset of a simulation, got {type(ds).__name__}; see simulate"
        )
    missing = [name for name in ("duration", "dt") if name not in ds.attrs]
    if missing or "trial" not in ds.sizes:
        raise ValueError(
            f"{where}: the dataset has no {missing[0] if missing else 'dimension trial'}; expected that of simulate(…)"
        )


def spikes_of(ds):
    """The spikes of every group, as a list of `Spikes`."""
    found = []
    for name in map(str, ds.data_vars):
        group = name.removesuffix("_spike_time")
        if group == name:
            continue
        columns = [ds[f"{group}_spike_{part}"].values for part in ("trial", "neuron", "time")]
        order = np.lexsort((columns[1], columns[2], columns[0]))
        found.append(Spikes(group, ds[f"{group}_neuron"].values, *(column[order] for column in columns)))
    return found


def traces_of_simulation(ds, where):
    """The traces, as a list of `Trace`.

    Raises
    ------
    ValueError
        Samples that are not regular.
    """
    found = []
    for name, array in ds.data_vars.items():
        neurons = [str(d).removesuffix("_neuron") for d in array.dims if str(d).endswith("_neuron")]
        times = [d for d in array.dims if str(d) == "time" or str(d).endswith("_time")]
        if len(array.dims) != 3 or len(neurons) != 1 or len(times) != 1 or "trial" not in array.dims:
            continue
        time = ds[times[0]].values
        step = float(time[1] - time[0]) if len(time) > 1 else float(ds.attrs["dt"])
        if len(time) > 2 and not np.allclose(np.diff(time), step, rtol=1e-6, atol=0):
            raise ValueError(
                f"{where}: the samples of {name} are not regular; leave sample_dt out in simulate"
            )
        values = array.transpose("trial", times[0], f"{neurons[0]}_neuron").values
        start = float(time[0]) if len(time) else 0.0
        found.append(Trace(str(name), neurons[0], values, start, step, str(array.attrs.get("units", "1"))))
    return found
