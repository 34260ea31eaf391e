"""Firing rates by class of the task and over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import positive, require, variable
from .events import chosen_groups, extent, fold_events, join, stacked
from .rates import decision_steps, size_of, unit_coords
from .sparseness import vinje_gallant_kernel
from .trains import whole


def class_rates(
    ds: xr.Dataset,
    label: xr.DataArray,
    groups: Sequence[str] | None = None,
    *,
    classes: Sequence[str] | None = None,
    dt_ref: float | None = None,
) -> xr.Dataset:
    """Firing rate of each neuron while each class is shown, and how selective the neuron is.

    Parameters
    ----------
    ds : Dataset
        A simulation, as for `sparsity`; where it is backed by Dask, so is the result.
    label : DataArray of int (trial,) or (trial, time)
        Class of each trial, or of each decision step, 0, 1, …; −1: no label, left out. Steps are `dt_ref` long, from
        the start of the trial; spikes after the last label are left out.
    groups, dt_ref : sequence of str, float (s)
        As for `sparsity`.
    classes : sequence of str, optional
        Names, in the order of the numbers, such as ``task.classes``; None: the coordinate ``class`` (or ``true_class``)
        of `ds`, else the numbers from 0 to the largest.

    Returns
    -------
    Dataset
        ``class_rate (class, unit)`` in Hz, NaN for a class that does not occur; ``class_time (class)``, seconds of each
        class in all trials; ``class_layer_rate (class, activity_layer)`` in Hz; ``class_selectivity (unit)``:
        Vinje–Gallant sparseness of the rates over the classes that occur, 0 where all are equal, 1 where the neuron
        fires for one class alone; NaN for a silent neuron or a single class.

    Raises
    ------
    MissingVariable
        As for `sparsity`.
    InvalidInput
        As for `sparsity`; also where `label` is not of whole numbers, has other dimensions, other trials, more steps
        than the trial, classes below −1, none at all, or more than `classes` names.
    """
    where = "class_rates"
    require(ds, where=where)
    chosen = chosen_groups(ds, groups, where=where)
    trials, duration = extent(ds, where=where)
    step, steps = decision_steps(ds, dt_ref, where=where)
    values = _labels(label, ds, trials, steps, where=where)
    names = _names(classes, ds, int(values.max()) + 1, where=where)
    number = len(names)
    shown = np.bincount(values[values >= 0], minlength=number)
    length = duration if values.ndim == 1 else step
    time = shown * length
    counts = [_class_counts(ds, group, values, number, step, where=where) for group in chosen]
    seconds = np.where(shown > 0, time, np.nan)[:, None]
    rate = (join(counts, axis=1) if counts else np.zeros((number, 0))) / seconds
    layer = [c.mean(axis=1) for c in counts]
    layer = (stacked(layer, axis=1) if layer else np.zeros((number, 0))) / seconds
    coords = unit_coords(ds, chosen)
    coords["class"] = variable(names, "class", units="1", long_name="class of the task")
    coords["activity_layer"] = variable(
        np.asarray(chosen, dtype=str), "activity_layer", units="1", long_name="layer"
    )
    return xr.Dataset(
        {
            "class_rate": variable(
                rate, ("class", "unit"), units="Hz", long_name="firing rate while the class is shown"
            ),
            "class_layer_rate": variable(
                layer,
                ("class", "activity_layer"),
                units="Hz",
                long_name="mean firing rate of the layer while the class is shown",
            ),
            "class_time": variable(
                time, "class", units="s", long_name="time that the class is shown, all trials"
            ),
            "class_selectivity": variable(
                _selectivity(rate, shown > 0),
                "unit",
                units="1",
                long_name="sparseness over classes, Vinje-Gallant",
            ),
        },
        coords=coords,
    )


def rates_over_time(
    ds: xr.Dataset,
    groups: Sequence[str] | None = None,
    *,
    bin_width: float,
    label: xr.DataArray | None = None,
    classes: Sequence[str] | None = None,
) -> xr.Dataset:
    """Firing rate of each layer over the time of a trial, of all trials or of those of each class.

    Parameters
    ----------
    ds, groups : Dataset, sequence of str
        As for `sparsity`; where `ds` is backed by Dask, so is the result.
    bin_width : float
        In s, at most the duration; what is left at the end of a trial is not counted.
    label : DataArray of int (trial,), optional
        Class of each trial, −1: left out.
    classes : sequence of str, optional
        As for `class_rates`.

    Returns
    -------
    Dataset
        ``layer_rate_over_time (activity_layer, rate_time)`` in Hz per neuron; with `label` also
        ``class_rate_over_time (class, activity_layer, rate_time)``, NaN for a class without a trial. ``rate_time``: the
        middle of each bin, s.

    Raises
    ------
    MissingVariable, InvalidInput
        As for `class_rates`; also where `bin_width` is longer than the trial, or a group has no neurons.
    """
    where = "rates_over_time"
    require(ds, where=where)
    chosen = chosen_groups(ds, groups, where=where)
    trials, duration = extent(ds, where=where)
    width = positive(bin_width, name="bin_width", where=where)
    bins = int(whole(duration, width))
    if bins < 1:
        raise InvalidInput(
            f"{where}: bin_width must be at most the duration of a trial, {duration} s, got {width}"
        )
    values = (
        np.zeros(trials, dtype=np.int64) if label is None else _labels(label, ds, trials, None, where=where)
    )
    names = ["0"] if label is None else _names(classes, ds, int(values.max()) + 1, where=where)
    number = len(names)
    shown = np.bincount(values[values >= 0], minlength=number)
    # the last row collects trials without a label, so that the mean over trials has them too
    row = np.where(values >= 0, values, number)
    rates, mean = [], []
    for group in chosen:
        size = size_of(ds, group, where=where)
        if size == 0:
            raise InvalidInput(f"{where}: {group!r} has no neurons; leave it out of groups")
        counts = _bin_counts(ds, group, row, number + 1, bins, width, where=where)
        mean.append(counts.sum(axis=0) / (trials * size * width))
        rates.append(counts[:number] / (np.where(shown > 0, shown, np.nan)[:, None] * size * width))
    layer = ("activity_layer", "rate_time")
    data = {
        "layer_rate_over_time": variable(
            stacked(mean) if mean else np.zeros((0, bins)), layer, units="Hz", long_name="mean firing rate"
        )
    }
    coords = {
        "activity_layer": variable(
            np.asarray(chosen, dtype=str), "activity_layer", units="1", long_name="layer"
        ),
        "rate_time": variable((np.arange(bins) + 0.5) * width, "rate_time", units="s", long_name="time"),
    }
    if label is not None:
        data["class_rate_over_time"] = variable(
            stacked(rates, axis=1) if rates else np.zeros((number, 0, bins)),
            ("class", *layer),
            units="Hz",
            long_name="mean firing rate",
        )
        coords["class"] = variable(names, "class", units="1", long_name="class of the task")
    return xr.Dataset(data, coords=coords, attrs={"rate_trials": trials, "rate_bin_s": width})


def class_names(ds):
    """Names of the classes where a dataset has them, as its coordinate ``class`` or ``true_class``, else None."""
    found = [name for name in ("class", "true_class") if name in ds.coords and ds[name].dims == (name,)]
    return [str(name) for name in ds[found[0]].values] if found else None


def _names(classes, ds, number, *, where):
    """Names of at least `number` classes: those given, those of the dataset, or their numbers."""
    given = classes if classes is not None else class_names(ds)
    names = [str(k) for k in range(number)] if given is None else [str(name) for name in given]
    if len(names) < number:
        what = "classes names" if classes is not None else "the dataset's classes are"
        raise InvalidInput(f"{where}: label has the class {number - 1}, but {what} only {len(names)}")
    return names


def _class_counts(ds, group, label, number, step, *, where):
    size, steps = size_of(ds, group, where=where), label.shape[-1]

    def places(trial, neuron, time):
        if label.ndim == 1:
            of = label[trial]
        else:
            at = whole(time, step)
            of = np.where(at < steps, label[trial, np.minimum(at, steps - 1)], -1)
        seen = of >= 0
        return of[seen].astype(np.int64) * size + neuron[seen]

    return _table(ds, group, (number, size), places, where=where, timed=label.ndim == 2)


def _bin_counts(ds, group, row, rows, bins, width, *, where):
    def places(trial, neuron, time):
        at = whole(time, width)
        inside = at < bins
        return row[trial[inside]] * bins + at[inside]

    return _table(ds, group, (rows, bins), places, where=where)


def _table(ds, group, shape, places, *, where, timed=True):
    """How many spikes of a group fall to each place of a table, (row, column); `places` gives those of a block."""
    size = shape[0] * shape[1]
    (counts,) = fold_events(
        ds,
        group,
        lambda: np.zeros(shape, dtype=np.int64),
        lambda counts, *block: counts + np.bincount(places(*block), minlength=size).reshape(shape),
        lambda counts: (counts,),
        [(shape, np.int64)],
        where=where,
        timed=timed,
    )
    return counts


def _selectivity(rate, shown):
    """Vinje–Gallant sparseness over the classes that occur; of Dask where `rate` is."""
    if hasattr(rate, "dask"):
        return rate.rechunk({0: -1}).map_blocks(
            lambda block: vinje_gallant_kernel(block[shown], axis=0), dtype=float, drop_axis=0
        )
    return vinje_gallant_kernel(rate[shown], axis=0)


def _labels(label, ds, trials, steps, *, where):
    """`label` as an array (trial,) or, where `steps` are given, perhaps (trial, time)."""
    dims = [("trial",)] if steps is None else [("trial",), ("trial", "time")]
    if not isinstance(label, xr.DataArray) or label.dims not in dims:
        found = label.dims if isinstance(label, xr.DataArray) else type(label).__name__
        raise InvalidInput(
            f"{where}: label must be a DataArray with dimensions {' or '.join(map(str, dims))}, got {found}"
        )
    if "trial" in label.coords and "trial" in ds.coords and not np.array_equal(label["trial"], ds["trial"]):
        raise InvalidInput(
            f"{where}: the trial coordinates of label and simulation differ: {label['trial'].values[:3]}… and "
            f"{ds['trial'].values[:3]}…; take the labels of the trials that were simulated"
        )
    values = np.asarray(label.values)
    if values.dtype.kind not in "iu":
        raise InvalidInput(f"{where}: label must be whole numbers, -1 for none, got {values.dtype}")
    if len(values) != trials or (values.ndim == 2 and values.shape[1] > steps):
        raise InvalidInput(
            f"{where}: label has the shape {values.shape}, expected {trials} trials"
            + ("" if steps is None else f" and at most {steps} steps of the decision")
        )
    if values.size == 0 or values.min() < -1 or values.max() < 0:
        raise InvalidInput(f"{where}: label must have classes 0, 1, … and -1 for none, and at least one")
    return values.astype(np.int64)
