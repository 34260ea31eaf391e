"""`to_neo`: a simulation as Neo's objects, which elephant, Viziphant and others read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..extras import require
from .simulated import check_simulated, spikes_of, traces_of_simulation

if TYPE_CHECKING:
    import neo
    import xarray as xr


def to_neo(ds: xr.Dataset) -> neo.Block:
    """Say a simulation in Neo.

    Parameters
    ----------
    ds : Dataset
        From `simulate`.

    Returns
    -------
    neo.Block
        A `Segment` for each trial, from 0 to the duration; in it a `SpikeTrain` (s) for each neuron, silent too, in
        the order of groups and neurons, annotated with ``group`` and ``neuron``; and an `AnalogSignal` (time, neuron)
        for each trace, in its SI unit, annotated with ``group``.

    Raises
    ------
    TypeError, ValueError
        No dataset of a simulation, or traces whose samples are not regular.
    MissingExtra
        ``neo`` is not installed.
    """
    neo, quantities = require("neo"), require("quantities")
    check_simulated(ds, "to_neo")
    end = float(ds.attrs["duration"])
    block = neo.Block(name="simulation", description="simulated by chronaxie")
    spikes, traces = spikes_of(ds), traces_of_simulation(ds, "to_neo")
    for k, trial in enumerate(ds["trial"].values):
        segment = neo.Segment(name=f"trial {trial}", index=k)
        for group in spikes:
            of_trial = group.trial == k
            neuron, time = group.neuron[of_trial], group.time[of_trial]
            # Ordered by neuron once, then cut: thousands of neurons are not searched for one by one.
            order = np.argsort(neuron, kind="stable")
            cuts = np.searchsorted(neuron[order], np.arange(len(group.neurons) + 1))
            for n in range(len(group.neurons)):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        time[order[cuts[n] : cuts[n + 1]]],
                        units="s",
                        t_start=0.0,
                        t_stop=end,
                        name=f"{group.group}[{n}]",
                        group=group.group,
                        neuron=n,
                    )
                )
        for trace in traces:
            unit = "dimensionless" if trace.units == "1" else trace.units
            segment.analogsignals.append(
                neo.AnalogSignal(
                    trace.values[k],
                    units=unit,
                    t_start=trace.start * quantities.s,
                    sampling_period=trace.step * quantities.s,
                    name=trace.name,
                    group=trace.group,
                )
            )
        block.segments.append(segment)
    block.check_relationships()
    return block
