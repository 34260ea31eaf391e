"""Protocol: the same network in the twin and in Brian2, on the same stimuli."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import xarray as xr

from ..gradient_bridge import Twin
from ..gradient_bridge.scores import readout_trace, reduce_scores
from ..gradient_bridge.threads import limited_threads
from ..models import dense, simulate
from ..models.annotations import SPIKES, Readout


@dataclass(frozen=True)
class TwinRun:
    """What the float64 twin does on a set of trials.

    Attributes
    ----------
    spikes : dict of str to numpy.ndarray of uint8, shape (trial, time, neuron)
        By spiking group, inputs left out.
    trace : numpy.ndarray, shape (trial, time, class)
        What the readout reads.
    readout : Readout
    """

    spikes: dict
    trace: np.ndarray
    readout: Readout = field(default_factory=lambda: Readout("output"))

    @property
    def scores(self):
        """Class scores, numpy.ndarray of shape (trial, time, class) or (trial, class)."""
        return reduce_scores(torch.from_numpy(self.trace), self.readout).numpy()


@torch.no_grad()
def run_twin(net, stimulus, *, initial=None, batch=64, keep=None, engine=None, report=None):
    """Run a network's float64 twin on all trials.

    Parameters
    ----------
    net : brian2.Network
        With a readout.
    stimulus : xarray.DataArray, shape (trial, time, channel)
    initial : dict of str to dict of str to numpy.ndarray, shape (trial, neuron), optional
        As in `Twin.forward`.
    batch : int
        Trials at a time.
    keep : int, optional
        Keep the spikes of the first `keep` trials only; of all by default.
    engine : str, optional
        As `Twin` takes it.
    report : callable, optional
        Takes the numbers of trials done and of all, after each batch.

    Returns
    -------
    TwinRun
    """
    twin = Twin(net, dtype=torch.float64, engine=engine, namespace={})
    inner = [g for g in twin.program.groups if g not in twin.program.inputs]
    group, variable = twin.readout.group, twin.readout.variable
    record = {} if variable == SPIKES else {group: {variable: twin.readout.slot}}
    spikes, traces, trials = {g: [] for g in inner}, [], stimulus.sizes["trial"]
    with limited_threads(1):
        for first in range(0, trials, batch):
            these = slice(first, first + batch)
            part = {g: {n: v[these] for n, v in vs.items()} for g, vs in (initial or {}).items()}
            out = twin(stimulus[these], record=record, initial=part if initial else None)
            traces.append(readout_trace(out, twin.readout, twin.every).numpy())
            kept = slice(None) if keep is None else slice(max(keep - first, 0))
            for name in inner:
                spikes[name].append(out.spikes[name][kept].numpy().astype(np.uint8))
            if report is not None:
                report(min(first + batch, trials), trials)
    spikes = {g: np.concatenate(rows) for g, rows in spikes.items()}
    return TwinRun(spikes, np.concatenate(traces), twin.readout)


def differences(run, simulated, *, readout):
    """Where the twin and a Brian2 simulation at the same step differ.

    Parameters
    ----------
    run : TwinRun
    simulated : xarray.Dataset
        From `simulate`, with the readout's trace.
    readout : Readout

    Returns
    -------
    xarray.Dataset
        ``spike_mismatches``: neuron-steps at which one spikes and the other does not, over all spiking groups;
        ``spike_neuron_steps``: how many were compared; ``membrane_difference``: largest absolute difference of
        the readout's variable.
    """
    wrong = compared = 0
    for group, spikes in run.spikes.items():
        other = dense(simulated, group).values
        if other.shape != spikes.shape:
            raise ValueError(f"{group}: the twin has spikes of shape {spikes.shape}, Brian2 {other.shape}")
        wrong += int((other != spikes).sum())
        compared += spikes.size
    if readout.variable == SPIKES:
        trace = dense(simulated, readout.group).values.astype(float)
    else:
        trace = simulated[f"{readout.group}_{readout.variable}"].values
    if trace.shape != run.trace.shape:
        raise ValueError(
            f"{readout.group}.{readout.variable}: the twin has a trace of shape {run.trace.shape}, "
            f"Brian2 {trace.shape}"
        )
    return xr.Dataset(
        {
            "spike_mismatches": (
                (),
                wrong,
                {"units": "1", "long_name": "neuron-steps that differ between twin and Brian2"},
            ),
            "spike_neuron_steps": (
                (),
                compared,
                {"units": "1", "long_name": "neuron-steps that were compared"},
            ),
            "membrane_difference": (
                (),
                float(np.abs(trace - run.trace).max()),
                {"units": "1", "long_name": "largest difference of the readout between twin and Brian2"},
            ),
        }
    )


def simulate_finer(net, stimulus, factors, *, device, progress=None):
    """Simulate the same network and stimuli at dt_ref divided by each factor.

    Returns
    -------
    dict of int to xarray.Dataset
    """
    dt_ref = float(stimulus.time[1] - stimulus.time[0])
    return {
        f: simulate(net, stimulus, dt=dt_ref / f, device=device, progress=progress, namespace={})
        for f in factors
    }
