"""From a trace to class scores."""

from __future__ import annotations

from torch import nn

from ..models.annotations import SPIKES
from ..models.readouts import reduce_steps


def readout_trace(recording, readout, every):
    """What a readout reads, once in `every` steps: at its phase, or the number of spikes.

    Parameters
    ----------
    recording : Recording
        Of a whole number of these, with the readout's trace at its slot.
    readout : Readout
    every : int
        Steps of the network in one step of the readout, >= 1.

    Returns
    -------
    torch.Tensor, shape (trial, time, class)
    """
    if readout.variable == SPIKES:
        spikes = recording.spikes[readout.group]
        return spikes if every == 1 else spikes.unflatten(1, (-1, every)).sum(2)
    trace = recording.states[readout.group][readout.variable]
    return trace[:, (every - 1 if readout.phase == "last" else 0) :: every]


def reduce_scores(trace, readout):
    """Class scores from the trace of a readout.

    Parameters
    ----------
    trace : torch.Tensor, shape (trial, time, class)
    readout : Readout
        ``reduce`` none keeps every step (the first ``skip`` are left to the loss); mean, sum and softmax_sum run over
        the steps after ``skip``; last takes the last step.

    Returns
    -------
    torch.Tensor, shape (trial, time, class) or (trial, class)
    """
    if readout.reduce == "none":
        return trace
    if trace.shape[1] <= readout.skip:
        raise ValueError(f"readout: {trace.shape[1]} steps, but the first {readout.skip} are to be left out")
    return reduce_steps(trace[:, readout.skip :], readout.reduce, lambda kept: kept.softmax(-1))


class Scores(nn.Module):
    """A module from (trial, time, channel) to the class scores of a twin."""

    def __init__(self, twin):
        super().__init__()
        self.twin = twin

    def forward(self, stimulus):
        """Class scores of the twin."""
        return self.twin.scores(stimulus)
