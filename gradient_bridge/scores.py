"""From a trace to class scores."""

from __future__ import annotations

from ..models.readouts import reduce_steps


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
