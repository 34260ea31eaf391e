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


def cross_entropy(scores, labels, *, scale, weights, whole=None):
    """Mean cross-entropy over the labels that are not ignored, or a part's contribution to it.

    Parameters
    ----------
    scores : torch.Tensor, shape (trial, time, class) or (trial, class)
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
    if scores.shape[:-1] != labels.shape:
        raise ValueError(
            f"class scores have the shape {tuple(scores.shape)}, labels {tuple(labels.shape)}: expected scores of "
            f"shape {(*labels.shape, 'class')}; a label per trial needs a readout that reduces over time"
        )
    whole = labels if whole is None else whole
    counted = whole[whole != IGNORED]
    total = counted.numel() if weights is None else weights[counted].sum()
    # classes first: with few of them, torch's loops then run over trials and time
    flat = (scale * scores).movedim(-1, 0).reshape(1, scores.shape[-1], -1)
    labels = labels.reshape(1, -1)
    return (
        functional.cross_entropy(flat, labels, weight=weights, ignore_index=IGNORED, reduction="sum") / total
    )


def count_correct(scores, labels):
    """Number of right decisions (largest score) and of labels that are not ignored."""
    kept = labels != IGNORED
    return int(((scores.argmax(-1) == labels) & kept).sum()), int(kept.sum())


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
