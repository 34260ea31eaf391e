"""`to_nwb`: a simulation as a file of Neurodata Without Borders."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from ..atomic import written_beside
from ..extras import require
from .simulated import check_simulated, spikes_of, traces_of_simulation

if TYPE_CHECKING:
    import xarray as xr


def to_nwb(
    ds: xr.Dataset,
    path: str | os.PathLike[str],
    *,
    description: str = "simulated by chronaxie",
    session_start: datetime | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a simulation into an NWB file, whole or not at all.

    NWB has one time line: trial k begins at k times the duration, as the table of trials says.

    Parameters
    ----------
    ds : Dataset
        From `simulate`.
    path : str or Path
    description : str
        Of the session.
    session_start : datetime, optional
        With a time zone; NWB asks for one. Default: now.
    overwrite : bool

    Returns
    -------
    Path
        The file: ``trials`` (start_time, stop_time; s), ``units`` with a row for each neuron of each group
        (spike_times; s; columns ``group`` and ``neuron``), and in ``acquisition`` a TimeSeries (time, neuron) for each
        trace.

    Raises
    ------
    FileExistsError
        The file is there and `overwrite` is False.
    TypeError, ValueError
        No dataset of a simulation, or traces whose samples are not regular or do not fill the trials.
    MissingExtra
        ``pynwb`` is not installed.
    """
    pynwb = require("pynwb")
    check_simulated(ds, "to_nwb")
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"to_nwb: {path} exists; choose another name or pass overwrite=True")
    end, trials = float(ds.attrs["duration"]), ds.sizes["trial"]
    file = pynwb.NWBFile(
        session_description=description,
        identifier=str(uuid.uuid4()),
        session_start_time=datetime.now(UTC) if session_start is None else session_start,
    )
    for k in range(trials):
        file.add_trial(start_time=k * end, stop_time=(k + 1) * end)
    file.add_unit_column("group", "population of the network")
    file.add_unit_column("neuron", "index within the population")
    for group in spikes_of(ds):
        order = np.lexsort((group.time, group.trial, group.neuron))
        times, neuron = (group.trial * end + group.time)[order], group.neuron[order]
        cuts = np.searchsorted(neuron, np.arange(len(group.neurons) + 1))
        for n in range(len(group.neurons)):
            of_neuron = times[cuts[n] : cuts[n + 1]]
            file.add_unit(
                spike_times=of_neuron, obs_intervals=[[0.0, trials * end]], group=group.group, neuron=n
            )
    for trace in traces_of_simulation(ds, "to_nwb"):
        file.add_acquisition(_series(pynwb, trace, end))
    with (
        written_beside(path) as beside,
        h5py.File(beside, "w") as store,
        pynwb.NWBHDF5IO(file=store, mode="w") as io,
    ):
        io.write(file)
    return path


def _series(pynwb, trace, end):
    """A trace of all trials, one after the other."""
    trials, samples, neurons = trace.values.shape
    gapless = abs(samples * trace.step - end) < 1e-6 * trace.step
    when = (np.arange(trials)[:, None] * end + trace.start + np.arange(samples) * trace.step).ravel()
    timing = (
        {"rate": 1 / trace.step, "starting_time": trace.start}
        if gapless or trials == 1
        else {"timestamps": when}
    )
    return pynwb.TimeSeries(
        name=trace.name,
        data=trace.values.reshape(trials * samples, neurons),
        unit="1" if trace.units == "1" else trace.units,
        description=f"{trace.name.removeprefix(trace.group + '_')} of the neurons of {trace.group}, trial by trial",
        **timing,
    )
