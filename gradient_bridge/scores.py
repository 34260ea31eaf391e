"""From a trace to class scores."""

from __future__ import annotations


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
    kept = trace[:, readout.skip :]
    reductions = {
        "mean": lambda: kept.mean(1),
        "sum": lambda: kept.sum(1),
        "softmax_sum": lambda: kept.softmax(-1).sum(1),
        "last": lambda: kept[:, -1],
    }
    return reductions[readout.reduce]()
