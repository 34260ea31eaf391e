"""Stimuli and labels of one split of a task, checked, as tensors."""

from __future__ import annotations

import numpy as np
import torch

from .losses import IGNORED, loss_labels
from .stimuli import check_step


class Split:
    """Stimuli and labels of one split.

    Parameters
    ----------
    task : object
        With the split's dataset and ``classes``.
    name : {"train", "valid"}
    dt : float or None
        Step that the stimuli must have (s); None where the model has none.
    unlabelled : "mask" or int
        What the loss does with unlabelled steps.
    skip : int
        Steps at the beginning that the loss leaves out.

    Raises
    ------
    ValueError
        A missing variable, wrong dimensions, another time step, labels that are no classes, no label at all.
    """

    def __init__(self, task, name, *, dt, unlabelled, skip):
        ds = getattr(task, name)
        for variable in ("stimulus", "label"):
            if variable not in ds:
                raise ValueError(
                    f"fit: the {name} split has no {variable}; it holds {', '.join(map(str, ds.data_vars))}"
                )
        stimulus, label = ds["stimulus"], ds["label"]
        if set(stimulus.dims) != {"trial", "time", "channel"}:
            raise ValueError(
                f"fit: stimulus of {name}: expected dimensions (trial, time, channel), got {stimulus.dims}"
            )
        stimulus = stimulus.transpose("trial", "time", "channel")
        if dt is not None:
            check_step(f"of {name}", stimulus, dt)
        label = label.transpose("trial", ...)
        labelled = ds["labelled"].transpose(*label.dims).values.astype(bool) if "labelled" in ds else None
        self._check(label.values, labelled, name, len(task.classes))
        self.stimulus = torch.from_numpy(np.ascontiguousarray(stimulus.values))
        self.targets = loss_labels(label.values, labelled, unlabelled=unlabelled, skip=skip)
        self.truth = loss_labels(label.values, labelled, unlabelled="mask", skip=0)
        if bool((self.targets == IGNORED).all()):
            raise ValueError(f"fit: the {name} split has no labelled step after the first {skip}")

    @staticmethod
    def _check(label, labelled, name, classes):
        if len(label) == 0:
            raise ValueError(f"fit: the {name} split is empty")
        known = label if labelled is None else label[labelled]
        if not np.issubdtype(label.dtype, np.integer):
            raise ValueError(f"fit: labels of {name}: expected whole numbers, got {label.dtype}")
        if known.size and (known.min() < 0 or known.max() >= classes):
            raise ValueError(
                f"fit: labels of {name} run from {known.min()} to {known.max()}: expected 0 to {classes - 1}"
            )

    def __len__(self):
        return len(self.stimulus)

    def take(self, chosen):
        """Stimuli, labels for the loss and true labels of some trials."""
        chosen = torch.as_tensor(chosen)
        return tuple(values.index_select(0, chosen) for values in (self.stimulus, self.targets, self.truth))
