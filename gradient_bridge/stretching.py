"""Training trials that are played faster or slower: hearts, speakers and hands have their own speeds."""

from __future__ import annotations

import math

import torch

from .losses import IGNORED


def speeds(largest, count, seed):
    """Speeds of trials, uniform in the logarithm between 1/(1 + largest) and 1 + largest.

    Parameters
    ----------
    largest : float
        >= 0.
    count, seed : int

    Returns
    -------
    torch.Tensor of float64, shape (count,)
    """
    places = torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.exp((2 * places - 1) * math.log1p(largest))


def stretched_stimulus(stimulus, speed):
    """What comes at step t comes at t/speed; what is then past the last step is lost, what is missing there is 0.

    Parameters
    ----------
    stimulus : torch.Tensor, shape (trial, time, channel)
        Spikes (whole numbers, bool) are moved one by one to the nearest step, so that two may fall on one;
        currents (floats) are read at the nearest earlier step.
    speed : torch.Tensor of float64, shape (trial,)
        > 0; above 1 is faster.

    Returns
    -------
    torch.Tensor
        As `stimulus`.
    """
    steps, out = stimulus.shape[1], torch.zeros_like(stimulus)
    if stimulus.dtype.is_floating_point:
        source = (torch.arange(steps) * speed[:, None]).floor().long()
        inside = source < steps
        trial = torch.arange(len(stimulus))[:, None].expand_as(source)
        out[inside] = stimulus[trial[inside], source[inside]]
        return out
    trial, time, channel = stimulus.nonzero(as_tuple=True)
    moved = (time / speed[trial]).round().long()
    kept = moved < steps
    out[trial[kept], moved[kept], channel[kept]] = stimulus[trial[kept], time[kept], channel[kept]]
    return out


def stretched_labels(labels, speed, skip):
    """Labels in time at the same speeds; `IGNORED` past the end of the trial and in the first `skip` steps.

    Parameters
    ----------
    labels : torch.Tensor of int64, shape (trial, time) or (trial,)
        Those of whole trials stay as they are.
    speed : torch.Tensor of float64, shape (trial,)
    skip : int

    Returns
    -------
    torch.Tensor
        As `labels`.
    """
    if labels.ndim == 1:
        return labels
    steps = labels.shape[1]
    source = (torch.arange(steps) * speed[:, None]).round().long()
    out = labels.gather(1, source.clamp(max=steps - 1))
    out[source >= steps] = IGNORED
    out[:, :skip] = IGNORED
    return out
