"""From class scores to decisions and accuracies, for labels in time and labels of trials."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import analyses


def decisions(scores, split):
    """Decisions (largest score) beside the labels of a split.

    Parameters
    ----------
    scores : numpy.ndarray, shape (trial, time, class) or (trial, class)
    split : xarray.Dataset
        With ``label`` of the shape of the scores without the last axis.

    Returns
    -------
    xarray.DataArray
        Class indices with the dimensions and coordinates of the label.

    Raises
    ------
    ValueError
        Scores that do not fit the labels.
    """
    label = split.label
    if scores.shape[:-1] != label.shape:
        raise ValueError(
            f"class scores have the shape {scores.shape}, labels {label.shape}: expected {(*label.shape, 'class')}; "
            "a label per trial needs a readout that reduces over time (Readout(reduce=...)), a label per step one "
            "that does not"
        )
    return xr.DataArray(scores.argmax(-1), dims=label.dims, coords={n: split[n] for n in label.dims})


def accuracies(prediction, split, *, unlabelled_class=None):
    """The accuracies of decisions.

    Parameters
    ----------
    prediction : xarray.DataArray
        From `decisions`.
    split : xarray.Dataset
        With ``label`` and ``labelled``.
    unlabelled_class : str or None
        Of the task.

    Returns
    -------
    dict of str to (float, str)
        ``accuracy`` and ``balanced_accuracy`` over what is labelled, each with what it is in words;
        ``accuracy_yin``, the papers' convention, where labels are in time and the task has an `unlabelled_class`.
    """
    mask = split.labelled
    of = "steps" if "time" in split.label.dims else "trials"
    found = {
        "accuracy": (analyses.accuracy(prediction, split.label, mask=mask), f"accuracy on labelled {of}"),
        "balanced_accuracy": (
            analyses.balanced_accuracy(prediction, split.label, mask=mask),
            f"mean recall over the classes, labelled {of}",
        ),
    }
    if "time" in split.label.dims and unlabelled_class is not None:
        found["accuracy_yin"] = (
            analyses.accuracy_yin(prediction, split.label),
            f"accuracy in the papers' convention: unlabelled steps are class {unlabelled_class}, first 10 steps "
            "ignored",
        )
    return {name: (float(np.asarray(value)), text) for name, (value, text) in found.items()}
