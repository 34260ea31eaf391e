"""Losses of class scores and decisions, in torch; `fused.scores` has the same in C."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

IGNORED = -100


def loss_labels(label, labelled, *, unlabelled, skip):
    """Labels as the cross-entropy takes them.

    Parameters
    ----------
    label : numpy.ndarray of int, shape (trial, time) or (trial,)
    labelled : numpy.ndarray of bool or None, same shape
    unlabelled : "mask" or int
        Leave unlabelled steps out, or count them as that class.
    skip : int
        Steps at the beginning that are left out (only for labels in time).

    Returns
    -------
    torch.Tensor of int64
        `IGNORED` where the loss shall not look.
    """
    out = np.array(label, dtype=np.int64)
    if labelled is not None:
        out[~np.asarray(labelled, dtype=bool)] = IGNORED if unlabelled == "mask" else unlabelled
    if out.ndim == 2:
        out[:, :skip] = IGNORED
    return torch.from_numpy(out)


def total_weight(labels, weights):
    """What a mean over the labels that are not ignored divides by: their number, or the sum of their weights.

    Parameters
    ----------
    labels : torch.Tensor of int64
    weights : torch.Tensor, shape (class,), or None
    """
    kept = labels != IGNORED
    return int(kept.count_nonzero()) if weights is None else float(weights[labels[kept]].sum())


def check_shapes(scores, labels):
    """Refuse scores that are not one for each class beside each label."""
    if scores.shape[:-1] != labels.shape:
        raise ValueError(
            f"class scores have the shape {tuple(scores.shape)}, labels {tuple(labels.shape)}: expected scores of "
            f"shape {(*labels.shape, 'class')}; a label per trial needs a readout that reduces over time"
        )


def judge(scores, targets, truth, *, scale, weights, total):
    """Mean cross-entropy over the labels that are not ignored, and the number of right decisions.

    Parameters
    ----------
    scores : torch.Tensor, shape (trial, time, class) or (trial, class)
    targets : torch.Tensor of int64, shape (trial, time) or (trial,)
        Labels of the loss.
    truth : torch.Tensor of int64, same shape
        Labels of the decisions: the largest score, the first of several.
    scale : float
        Factor between scores and logits, > 0.
    weights : torch.Tensor, shape (class,), or None
    total : float
        `total_weight` of the whole batch, of which these may be a part: the parts add up to the mean.

    Returns
    -------
    loss : torch.Tensor
        One number.
    right, counted : int
        Of the labels in `truth` that are not ignored.

    Raises
    ------
    ValueError
        Shapes that do not fit.
    """
    check_shapes(scores, targets)
    rows, targets, truth = _classes_first(scores), _classes_first(targets), _classes_first(truth)
    summed = functional.cross_entropy(
        (scale * rows).view(1, len(rows), -1),
        targets.view(1, -1),
        weight=weights,
        ignore_index=IGNORED,
        reduction="sum",
    )
    kept = truth != IGNORED
    right = (rows.detach().argmax(0) == truth) & kept
    return summed / total, int(right.count_nonzero()), int(kept.count_nonzero())


def _classes_first(values):
    """Scores as rows of one class each, in memory too; or labels in the order of such a row.

    Time comes before trials, as engines write. With few classes, torch's loops over rows are several times as fast.
    """
    return values.permute(*reversed(range(values.ndim))).contiguous()


def class_weights(wanted, labels, classes):
    """Weight of each class as a tensor, or None."""
    if wanted is None:
        return None
    if wanted == "balanced":
        count = torch.bincount(labels[labels != IGNORED].reshape(-1), minlength=classes).double()
        if bool((count == 0).any()):
            raise ValueError(
                f"fit: class_weights='balanced', but class {int((count == 0).nonzero()[0])} does not occur in training"
            )
        inverse = 1 / count
        return inverse / inverse.mean()
    if len(wanted) != classes:
        raise ValueError(f"fit: class_weights: expected {classes} numbers, got {len(wanted)}")
    return torch.tensor(wanted, dtype=torch.float64)
