"""Losses and accuracies on class scores."""

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


def classes_first(values):
    """Class scores as rows of one class each, in memory too; or labels in the order of such a row.

    Time comes before trials, as engines write. With few classes, torch's loops over rows are several times as fast.

    Parameters
    ----------
    values : torch.Tensor, shape (trial, time, class) or (trial, class); of labels (trial, time) or (trial,)

    Returns
    -------
    torch.Tensor, shape (class, time, trial) or (class, trial); of labels (time, trial) or (trial,)
    """
    return values.permute(*reversed(range(values.ndim))).contiguous()


def cross_entropy(rows, labels, *, scale, weights, whole=None):
    """Mean cross-entropy over the labels that are not ignored, or a part's contribution to it.

    Parameters
    ----------
    rows : torch.Tensor
        `classes_first` of the class scores.
    labels : torch.Tensor of int64, shape (trial, time) or (trial,)
    scale : float
        Factor between scores and logits.
    weights : torch.Tensor, shape (class,), or None
    whole : torch.Tensor of int64, optional
        Labels of the whole batch where these are a part of it: the sum over the parts is then the mean of the whole.

    Raises
    ------
    ValueError
        Shapes that do not fit.
    """
    if rows.shape[:0:-1] != labels.shape:
        raise ValueError(
            f"class scores have the shape {tuple(rows.shape[::-1])}, labels {tuple(labels.shape)}: expected scores of "
            f"shape {(*labels.shape, 'class')}; a label per trial needs a readout that reduces over time"
        )
    whole = labels if whole is None else whole
    counted = whole != IGNORED
    total = int(counted.count_nonzero()) if weights is None else weights[whole[counted]].sum()
    summed = functional.cross_entropy(
        (scale * rows).view(1, len(rows), -1),
        classes_first(labels).view(1, -1),
        weight=weights,
        ignore_index=IGNORED,
        reduction="sum",
    )
    return summed / total


def count_correct(rows, labels):
    """Number of right decisions (largest score, the first of several) and of labels that are not ignored.

    Parameters
    ----------
    rows : torch.Tensor
        `classes_first` of the class scores.
    labels : torch.Tensor of int64, shape (trial, time) or (trial,)
    """
    labels = classes_first(labels)
    kept = labels != IGNORED
    largest = rows == rows.amax(0)
    ties = int(largest.count_nonzero()) != labels.numel()  # argmax takes as long as all of this
    if not ties and bool(largest.any(0).all()):  # one of each; none is NaN
        right = largest.gather(0, labels.clamp_min(0).unsqueeze(0))
    else:
        right = rows.argmax(0) == labels
    return int((right & kept).count_nonzero()), int(kept.count_nonzero())


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
