"""From a simulated dataset to class scores, as the network's readout defines them."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import softmax

from .annotations import SPIKES
from .recordings import dense


def reduce_steps(kept, reduce, softmax_over_classes):
    """Class scores from the steps that count, for NumPy arrays and torch tensors alike.

    Parameters
    ----------
    kept : array or tensor, shape (trial, time, class)
        At least one step.
    reduce : {"mean", "sum", "softmax_sum", "last"}
    softmax_over_classes : callable
        Of the library, along the last axis.

    Returns
    -------
    array or tensor, shape (trial, class)
    """
    if reduce == "last":
        return kept[:, -1]
    if reduce == "mean":
        return kept.mean(1)
    return (softmax_over_classes(kept) if reduce == "softmax_sum" else kept).sum(1)


def readout_scores(ds: xr.Dataset) -> np.ndarray:
    """Class scores of a simulation.

    Parameters
    ----------
    ds : Dataset
        From `simulate`, of a network with a `Readout`, its trace recorded once in each dt_ref.

    Returns
    -------
    ndarray, shape (trial, time, class) or (trial, class)
        By the readout: none keeps every step; mean, sum and softmax_sum run over the steps after `skip`; last is
        the last one.

    Raises
    ------
    ValueError
        The dataset has no readout, or its trace was not recorded or sampled otherwise; or it has no step after
        those that are left out.
    """
    if "readout" not in ds.attrs:
        raise ValueError(
            "readout_scores: the simulated network had no readout; annotate(net, readout=Readout(…))"
        )
    name, step = ds.attrs["readout"], float(ds.attrs.get("dt_ref", ds.attrs["dt"]))
    if ds.attrs["readout_variable"] == SPIKES:
        trace = dense(ds, ds.attrs["readout_group"], dt=step).values.astype(float)
    else:
        if name not in ds:
            raise ValueError(f"readout_scores: {name} was not recorded; leave record out in simulate")
        times = ds["time"].values
        if len(times) > 1 and not np.isclose(times[1] - times[0], step, rtol=1e-6):
            raise ValueError(
                f"readout_scores: {name} is sampled every {times[1] - times[0]:g} s, expected dt_ref = {step:g} s; "
                "leave sample_dt out in simulate"
            )
        trace = ds[name].values
    reduce, skip = ds.attrs["readout_reduce"], int(ds.attrs["readout_skip"])
    if reduce == "none":
        return trace
    if trace.shape[1] <= skip:
        raise ValueError(
            f"readout_scores: {trace.shape[1]} steps, but the readout leaves out the first {skip}"
        )
    return reduce_steps(trace[:, skip:], reduce, lambda kept: softmax(kept, axis=-1))
