"""How often a decision is right: accuracy, balanced accuracy, confusion.

Predictions and labels are integer arrays of class numbers with the same dimensions, usually ``(trial,
time)``. The label −1 means "not labelled": such steps count nowhere, except in `accuracy_yin`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from .errors import InvalidInput
from .variables import variable

UNLABELLED = -1


def accuracy_kernel(prediction, label, *, mask, axis=None):
    """Fraction of the counted entries at which two integer arrays agree.

    Parameters
    ----------
    prediction, label : ndarray of int, same shape
    mask : ndarray of bool, same shape
        True where an entry counts.
    axis : int, tuple of int or None
        Axes to average over; None: all.

    Returns
    -------
    ndarray of float in [0, 1]; NaN where nothing counts.
    """
    hits = np.sum((prediction == label) & mask, axis=axis)
    total = np.sum(mask, axis=axis)
    return np.divide(hits, total, out=np.full(np.shape(total), np.nan), where=np.asarray(total) > 0)


def confusion_kernel(prediction, label, *, mask, size):
    """Count pairs (label, prediction) where `mask` is True: int64 (size, size), rows are labels."""
    pairs = np.asarray(label)[mask].astype(np.int64) * size + np.asarray(prediction)[mask].astype(np.int64)
    return np.bincount(pairs, minlength=size * size).reshape(size, size)


def balanced_kernel(counts):
    """Mean recall over the classes that occur: counts (class, class), rows are labels; NaN if none occurs."""
    support = counts.sum(axis=1)
    present = support > 0
    if not present.any():
        return np.nan
    return float(np.mean(np.diag(counts)[present] / support[present]))


def accuracy(
    prediction: xr.DataArray,
    label: xr.DataArray,
    *,
    mask: xr.DataArray | None = None,
    dim: str | Sequence[str] | None = None,
) -> xr.DataArray:
    """Fraction of labelled steps that are classified correctly.

    Parameters
    ----------
    prediction, label : DataArray of int
        Same dimensions, shape and coordinates; label −1: not labelled, does not count.
    mask : DataArray of bool, optional
        True where a step counts; labelled steps only, whatever it says.
    dim : str, sequence of str or None
        Dimensions to average over; None: all.

    Returns
    -------
    DataArray of float in [0, 1]; NaN where no step counts.

    Raises
    ------
    TypeError
        An argument is not an integer (mask: bool) DataArray.
    InvalidInput
        Dimensions, shapes or coordinates differ, or a label is below −1.
    """
    where = "accuracy"
    predicted, true = _matched(prediction, label, where=where)
    counted = _counted(label, mask, where=where)
    return _averaged(
        predicted, true, counted, label=label, dim=dim, where=where, long_name="accuracy, labelled steps"
    )


def accuracy_yin(
    prediction: xr.DataArray,
    label: xr.DataArray,
    *,
    skip: int = 10,
    time: str = "time",
    dim: str | Sequence[str] | None = None,
) -> xr.DataArray:
    """Accuracy in the convention of Yin et al.: unlabelled steps are class 0, the first steps are left out.

    In the published ECG files the label of an unlabelled step is all zero, which `argmax` turns into class 0
    (P).

    Parameters
    ----------
    prediction, label : DataArray of int
        As for `accuracy`; one dimension is called `time`.
    skip : int, at least 0
        Number of first steps that do not count.
    time : str
        Name of the dimension of the steps.
    dim : str, sequence of str or None
        Dimensions to average over; None: all.

    Returns
    -------
    DataArray of float in [0, 1]; NaN where no step is left.

    Raises
    ------
    TypeError, InvalidInput
        As for `accuracy`; also when `skip` is negative or there is no dimension `time`.

    References
    ----------
    Yin, Corradi, Bohté, Nature Machine Intelligence 3, 905 (2021), released code for QTDB.
    """
    where = "accuracy_yin"
    predicted, true = _matched(prediction, label, where=where)
    if time not in label.dims:
        raise InvalidInput(f"{where}: label needs a dimension {time!r}, got {label.dims}; name it with time=")
    if skip < 0 or skip != int(skip):
        raise InvalidInput(f"{where}: skip must be a whole number of steps, at least 0, got {skip!r}")
    step = np.arange(label.sizes[time]) >= skip
    counted = np.broadcast_to(step.reshape([-1 if d == time else 1 for d in label.dims]), true.shape)
    true = np.where(true == UNLABELLED, 0, true)
    return _averaged(
        predicted,
        true,
        counted,
        label=label,
        dim=dim,
        where=where,
        long_name=f"accuracy, unlabelled steps as class 0, first {int(skip)} steps left out",
    )


def confusion(
    prediction: xr.DataArray, label: xr.DataArray, classes: Sequence[str], *, mask: xr.DataArray | None = None
) -> xr.DataArray:
    """Count how often each class was taken for each, over labelled steps.

    Parameters
    ----------
    prediction, label : DataArray of int
        As for `accuracy`.
    classes : sequence of str
        Class names in the order of their numbers, all different.
    mask : DataArray of bool, optional
        As for `accuracy`.

    Returns
    -------
    DataArray of int64 ``(true_class, predicted_class)`` with the names as coordinates.

    Raises
    ------
    TypeError, InvalidInput
        As for `accuracy`; also when class names repeat or a counted number is outside ``0 … len(classes) −
        1``.
    """
    where = "confusion"
    names = [str(name) for name in classes]
    if not names or len(set(names)) != len(names):
        raise InvalidInput(f"{where}: classes must be different names, at least one, got {names}")
    predicted, true = _matched(prediction, label, where=where)
    counted = _counted(label, mask, where=where)
    for array, what in ((true, "label"), (predicted, "prediction")):
        outside = counted & ((array < 0) | (array >= len(names)))
        if outside.any():
            raise InvalidInput(
                f"{where}: {what} {array[outside][0]} is not a class; "
                f"expected 0 to {len(names) - 1} for {names}"
            )
    counts = confusion_kernel(predicted, true, mask=counted, size=len(names))
    return xr.DataArray(
        variable(counts, ("true_class", "predicted_class"), units="1", long_name="number of labelled steps"),
        coords={
            "true_class": variable(names, "true_class", units="1", long_name="true class"),
            "predicted_class": variable(names, "predicted_class", units="1", long_name="predicted class"),
        },
        name="confusion",
    )


def balanced_accuracy(
    prediction: xr.DataArray, label: xr.DataArray, *, mask: xr.DataArray | None = None
) -> xr.DataArray:
    """Mean over the classes that occur of the fraction found (recall), over labelled steps.

    Parameters
    ----------
    prediction, label, mask : DataArray of int, DataArray of int, DataArray of bool or None
        As for `accuracy`.

    Returns
    -------
    DataArray of float in [0, 1]
        Without dimensions; NaN where no step counts.

    Raises
    ------
    InvalidInput
        As `accuracy`; also for a negative prediction.
    """
    where = "balanced_accuracy"
    predicted, true = _matched(prediction, label, where=where)
    counted = _counted(label, mask, where=where)
    if (counted & (predicted < 0)).any():
        raise InvalidInput(f"{where}: a prediction is negative; expected class numbers from 0")
    size = int(max(true[counted].max(initial=-1), predicted[counted].max(initial=-1))) + 1
    counts = confusion_kernel(predicted, true, mask=counted, size=size) if size else np.zeros((0, 0), int)
    return xr.DataArray(
        variable(balanced_kernel(counts), units="1", long_name="balanced accuracy, labelled steps"),
        name="balanced_accuracy",
    )


def f1_scores(counts: xr.DataArray) -> xr.DataArray:
    """F1 of each class: harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).

    Parameters
    ----------
    counts : DataArray of int ``(true_class, predicted_class)``
        From `confusion`.

    Returns
    -------
    DataArray of float ``(true_class)`` in [0, 1]; NaN for a class that neither occurs nor is ever predicted.

    Raises
    ------
    InvalidInput
        Other dimensions, or classes that differ between rows and columns.
    """
    if set(counts.dims) != {"true_class", "predicted_class"} or not np.array_equal(
        counts["true_class"].values, counts["predicted_class"].values
    ):
        raise InvalidInput(
            f"f1_scores: expected counts (true_class, predicted_class) over the same classes, got "
            f"{dict(counts.sizes)}; take them from confusion"
        )
    table = counts.transpose("true_class", "predicted_class").values
    total = table.sum(axis=0) + table.sum(axis=1)
    values = np.divide(2.0 * np.diag(table), total, out=np.full(len(table), np.nan), where=total > 0)
    return xr.DataArray(
        variable(values, "true_class", units="1", long_name="F1 of the class"),
        coords={"true_class": counts["true_class"]},
        name="f1",
    )


def _averaged(predicted, true, counted, *, label, dim, where, long_name):
    dims = label.dims if dim is None else (dim,) if isinstance(dim, str) else tuple(dim)
    unknown = [d for d in dims if d not in label.dims]
    if unknown:
        raise InvalidInput(f"{where}: no dimension {unknown[0]!r}; label has {label.dims}")
    axis = tuple(label.get_axis_num(d) for d in dims)
    kept = [d for d in label.dims if d not in dims]
    values = accuracy_kernel(predicted, true, mask=counted, axis=axis)
    return xr.DataArray(
        variable(values, kept, units="1", long_name=long_name),
        coords={d: label.coords[d] for d in kept if d in label.coords},
        name="accuracy",
    )


def check_decisions(prediction, label, *, mask=None, name="prediction", where):
    """Raise what `accuracy` raises, of the function `where` and its argument `name`."""
    _matched(prediction, label, name=name, where=where)
    _counted(label, mask, where=where)


def _matched(prediction, label, *, name="prediction", where):
    """Values of both, in the order of the label's dimensions; raise unless they belong together."""
    for array, what in ((prediction, name), (label, "label")):
        if not isinstance(array, xr.DataArray) or array.dtype.kind not in "iu":
            got = array.dtype if hasattr(array, "dtype") else type(array).__name__
            raise TypeError(
                f"{where}: {what} must be an xarray.DataArray of integers, got {type(array).__name__} "
                f"({got}); for bare arrays there is accuracy_kernel"
            )
    predicted = _like(prediction, label, what=name, where=where)
    true = label.values
    if (true < UNLABELLED).any():
        raise InvalidInput(
            f"{where}: label {true[true < UNLABELLED][0]} is below -1; "
            f"expected class numbers from 0, or -1 for an unlabelled step"
        )
    return predicted, true


def _like(array, label, *, what, where):
    if set(array.dims) != set(label.dims) or any(array.sizes[d] != label.sizes[d] for d in label.dims):
        raise InvalidInput(
            f"{where}: {what} has {dict(array.sizes)}, but label has {dict(label.sizes)}; "
            f"they must be the same"
        )
    for d in label.dims:
        if d in array.coords and d in label.coords and not _same(array[d].values, label[d].values):
            raise InvalidInput(
                f"{where}: coordinate {d!r} of {what} and label differ; select the same steps and trials"
            )
    return array.transpose(*label.dims).values


def _same(left, right):
    if left.dtype.kind == "f" or right.dtype.kind == "f":
        # times made as i*dt and as i/rate differ in the last bits; no step is shorter than 1e-9 s
        return np.allclose(left, right, rtol=1e-9, atol=1e-9)
    return np.array_equal(left, right)


def _counted(label, mask, *, where):
    labelled = label.values != UNLABELLED
    if mask is None:
        return labelled
    if not isinstance(mask, xr.DataArray) or mask.dtype != bool:
        raise TypeError(
            f"{where}: mask must be an xarray.DataArray of bool, got {type(mask).__name__} "
            f"({getattr(mask, 'dtype', 'no dtype')})"
        )
    return labelled & _like(mask, label, what="mask", where=where)
