"""Protocol: the same network in the twin and in Brian2, on the same stimuli."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from ..gradient_bridge import Twin
from ..gradient_bridge.threads import limited_threads
from ..models import dense, simulate


@dataclass(frozen=True)
class TwinRun:
    """What the float64 twin does on a set of trials.

    Attributes
    ----------
    spikes : dict of str to numpy.ndarray of uint8, shape (trial, time, neuron)
        By spiking group, inputs left out.
    scores : numpy.ndarray, shape (trial, time, class)
    """

    spikes: dict
    scores: np.ndarray


@torch.no_grad()
def run_twin(net, stimulus, *, batch=64):
    """Run a network's float64 twin on all trials.

    Parameters
    ----------
    net : brian2.Network
        With a readout.
    stimulus : xarray.DataArray, shape (trial, time, channel)
    batch : int
        Trials at a time.

    Returns
    -------
    TwinRun
    """
    twin = Twin(net, dtype=torch.float64, namespace={})
    inner = [g for g in twin.program.groups if g not in twin.program.inputs]
    spikes, scores = {g: [] for g in inner}, []
    with limited_threads(1):
        for first in range(0, stimulus.sizes["trial"], batch):
            score, out = twin.scores(stimulus[first : first + batch], with_recording=True)
            scores.append(score.numpy())
            for group in inner:
                spikes[group].append(out.spikes[group].numpy().astype(np.uint8))
    return TwinRun({g: np.concatenate(rows) for g, rows in spikes.items()}, np.concatenate(scores))


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
    trace = simulated[f"{readout.group}_{readout.variable}"].values
    if trace.shape != run.scores.shape:
        raise ValueError(
            f"{readout.group}.{readout.variable}: the twin has a trace of shape {run.scores.shape}, "
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
                float(np.abs(trace - run.scores).max()),
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
