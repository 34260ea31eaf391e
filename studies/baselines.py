"""What little effort gives: the commonest class, and what the input of a single step tells."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression


def softmax_regression_accuracy(task):
    """Accuracy on labelled test steps of a softmax regression on the input of the same step.

    Parameters
    ----------
    task : Task
        With a label per step.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        The task has a label per trial.

    Notes
    -----
    Steps with the same input are one row with a weight, so that the fit does not grow with the recording; it is
    the same maximum-likelihood problem (scikit-learn's `LogisticRegression`, C = 1).
    """
    if "time" not in task.train.label.dims:
        raise ValueError(
            f"softmax regression on task {task.name!r}: expected a label per step, (trial, time), got "
            f"{task.train.label.dims}; this baseline is for labels in time"
        )
    rows, labels, counts = _distinct(task.train)
    model = LogisticRegression(max_iter=1000).fit(rows, labels, sample_weight=counts)
    rows, labels, counts = _distinct(task.test)
    return float(np.average(model.predict(rows) == labels, weights=counts))


def majority_accuracy(task):
    """Accuracy on what is labelled in the test split of the class that is commonest in the training split.

    Parameters
    ----------
    task : Task
        With labels per step or per trial; of equally common classes the first is taken.

    Returns
    -------
    float
        In [0, 1].
    """
    train, test = (split.label.values[split.labelled.values] for split in (task.train, task.test))
    return float(np.mean(test == np.bincount(train).argmax()))


def _distinct(split):
    """Distinct (input, label) pairs of the labelled steps and how often each occurs."""
    labelled = split.labelled.values
    table = np.column_stack([split.stimulus.values[labelled], split.label.values[labelled]]).astype(float)
    pairs, counts = np.unique(table, axis=0, return_counts=True)
    return pairs[:, :-1], pairs[:, -1].astype(int), counts
