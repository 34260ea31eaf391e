"""A task: what a network is trained and tested on, with where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

SPLITS = ("train", "valid", "test")
# Bytes of a stimulus that are looked at together: one that is made where it is read need not fit in memory.
_BLOCK = 1 << 25


class TaskError(ValueError):
    """The data of a task are not what its interface promises."""


class MissingDataError(FileNotFoundError):
    """A file of a data set is not where it was looked for."""


@dataclass(frozen=True, eq=False)
class Task:
    """Stimuli and labels in three splits. Checked when it is made (`check`).

    Each split is an `xr.Dataset` with the coordinates ``time`` (s, equidistant by `dt`), ``trial`` (an
    identifier that no other trial of the task has) and ``channel`` (names), and

    * ``stimulus (trial, time, channel)``: whole numbers or bool are spikes, 0 or 1; floats are currents;
    * ``label (trial, time)`` or ``label (trial)``, int8: index into `classes`, −1 where nothing is labelled;
    * ``labelled``, bool, with the dimensions of ``label``: True where the label counts;
    * ``signal (trial, time, lead)``, optional: what the stimulus was encoded from, for figures.

    Every variable carries the attribute ``units``.

    Parameters
    ----------
    name : str
    train, valid, test : xr.Dataset
    classes : tuple of str
        Names of the classes, at least two.
    dt : float
        Time step of the stimulus, s, > 0.
    source, licence, description : str
        Where the data come from, under which terms, and what they are.
    hash : str
        Fingerprint of the data, ``sha256:…``.
    unlabelled_class : str or None
        For data whose published results count steps without a label as a class: that class, the first one. None
        elsewhere: what is not labelled counts for nothing.
    encoder : ECGEncoder, DifferenceEncoder, LevelCrossingEncoder or None
        How the stimulus was made of leads of an ECG; it travels with the networks that are trained on the task, so that
        other records can be encoded alike. None: not by this package, or no ECG.

    Raises
    ------
    TaskError
        As `check`.
    """

    name: str
    train: xr.Dataset
    valid: xr.Dataset
    test: xr.Dataset
    classes: tuple[str, ...]
    dt: float
    source: str
    licence: str
    hash: str
    description: str
    unlabelled_class: str | None = None
    encoder: object | None = None

    def __post_init__(self):
        self.check()

    def check(self) -> None:
        """Hold the data against the interface.

        Raises
        ------
        TaskError
            Naming the task, the split and the variable, what was expected, what came and what to do: a
            missing variable or a wrong dimension, another time step or other channels in one split, NaN or
            infinity, a spike that is not 0 or 1, a label outside the classes, a mask that disagrees with the
            labels, a split without a labelled step, one trial in two splits.
        """
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise TaskError(
                f"task {self.name!r}: classes must be at least two different names, got {self.classes!r}"
            )
        if self.encoder is not None and self.encoder.dt != self.dt:
            raise TaskError(
                f"task {self.name!r}: expected an encoder with the step of the task, {self.dt:g} s, got {self.encoder}"
            )
        if self.unlabelled_class not in (None, self.classes[0]):
            raise TaskError(
                f"task {self.name!r}: unlabelled_class must be None, or the first class, {self.classes[0]!r}, got "
                f"{self.unlabelled_class!r}"
            )
        if not (isinstance(self.dt, (int, float)) and np.isfinite(self.dt) and self.dt > 0):
            raise TaskError(f"task {self.name!r}: dt must be a finite number of seconds > 0, got {self.dt!r}")
        for split in SPLITS:
            self._check_split(split)
        self._check_together()

    def _check_split(self, split):
        ds = getattr(self, split)
        if not isinstance(ds, xr.Dataset):
            raise self._error(
                split, "", "an xarray.Dataset", type(ds).__name__, "build one as the Task docstring says"
            )
        for name in ("stimulus", "label", "labelled", "time", "trial", "channel"):
            if name not in ds.variables:
                raise self._error(
                    split, name, "a variable of this name", f"only {sorted(map(str, ds.variables))}", "add it"
                )
        for name, dims in (
            ("stimulus", [("trial", "time", "channel")]),
            ("label", [("trial", "time"), ("trial",)]),
            ("labelled", [ds.label.dims]),
            ("signal", [("trial", "time", "lead")]),
        ):
            if name in ds and ds[name].dims not in dims:
                raise self._error(
                    split,
                    name,
                    f"the dimensions {' or '.join(map(str, dims))}",
                    str(ds[name].dims),
                    "transpose or rename them",
                )
            if name in ds and "units" not in ds[name].attrs:
                raise self._error(
                    split, name, "the attribute 'units'", "none", "set it, '1' for pure numbers"
                )
        if 0 in ds.sizes.values():
            raise self._error(
                split,
                "",
                "at least one trial, step and channel",
                str(dict(ds.sizes)),
                "do not leave a split empty",
            )
        self._check_time(split, ds.time.values)
        self._check_stimulus(split, ds.stimulus)
        self._check_labels(split, ds.label.values, ds.labelled.values)
        if "signal" in ds and not np.isfinite(ds.signal.values).all():
            raise self._error(split, "signal", "finite numbers", "NaN or infinity", "cut these samples out")

    def _check_time(self, split, time):
        # A millionth of a step is allowed: times are products k*dt in float64, off by 1e-16 of the duration.
        steps = np.diff(time.astype(float))
        wrong = np.flatnonzero(~(np.abs(steps - self.dt) <= 1e-6 * self.dt))
        if not np.isfinite(time.astype(float)).all() or wrong.size:
            got = f"{steps[wrong[0]]:.9g} s after step {wrong[0]}" if wrong.size else "NaN or infinity"
            raise self._error(
                split,
                "time",
                f"steps of dt = {self.dt:.9g} s",
                got,
                "give all splits the same dt, in seconds (resample where it differs)",
            )

    def _check_stimulus(self, split, stimulus):
        kind = stimulus.dtype.kind
        if kind not in "buif":
            raise self._error(split, "stimulus", "real numbers", f"dtype {stimulus.dtype}", "convert it")
        trials, size = stimulus.sizes["trial"], stimulus[0].size * stimulus.dtype.itemsize
        block, count, first = max(1, _BLOCK // size), 0, None
        for start in range(0, trials, block):
            values = stimulus[start : start + block].values
            bad = ~np.isfinite(values) if kind == "f" else (values != 0) & (values != 1)
            if bad.any():
                count += int(bad.sum())
                if first is None:
                    where = np.argwhere(bad)[0]
                    first = values[tuple(where)].item(), (start + int(where[0]), *where[1:].tolist())
        if count:
            value, where = first
            raise self._error(
                split,
                "stimulus",
                "finite numbers" if kind == "f" else "spikes of 0 or 1 (whole numbers are spikes)",
                f"{value!r} at (trial, time, channel) = {where} and {count - 1} more",
                "correct the encoding; pass graded values as floats",
            )

    def _check_labels(self, split, label, labelled):
        if label.dtype.kind not in "iu" or labelled.dtype != bool:
            raise self._error(
                split,
                "label, labelled",
                "integers and bool",
                f"{label.dtype} and {labelled.dtype}",
                "convert them",
            )
        bad = (label < -1) | (label >= len(self.classes))
        if bad.any():
            raise self._error(
                split,
                "label",
                f"-1 (unlabelled) to {len(self.classes) - 1}, one for each of {self.classes}",
                f"{label[bad][0].item()} and {int(bad.sum()) - 1} more outside",
                "map them to the classes",
            )
        wrong = labelled != (label >= 0)
        if wrong.any():
            raise self._error(
                split,
                "labelled",
                "True exactly where label >= 0",
                f"{int(wrong.sum())} entries that differ",
                "set label to -1 where nothing counts",
            )
        if not labelled.any():
            raise self._error(
                split, "labelled", "at least one labelled step", "none", "check how the labels were read"
            )

    def _check_together(self):
        for split in SPLITS[1:]:
            ours, theirs = getattr(self, split), self.train
            if ours.channel.values.tolist() != theirs.channel.values.tolist():
                raise self._error(
                    split,
                    "channel",
                    f"the channels of train, {theirs.channel.values.tolist()}",
                    str(ours.channel.values.tolist()),
                    "encode all splits alike",
                )
            if ours.label.dims != theirs.label.dims or ours.stimulus.dtype.kind != theirs.stimulus.dtype.kind:
                raise self._error(
                    split,
                    "label, stimulus",
                    f"the dimensions and kind of train, {theirs.label.dims} and {theirs.stimulus.dtype}",
                    f"{ours.label.dims} and {ours.stimulus.dtype}",
                    "encode all splits alike",
                )
        trials = np.concatenate([getattr(self, split).trial.values for split in SPLITS])
        values, counts = np.unique(trials, return_counts=True)
        if (counts > 1).any():
            raise TaskError(
                f"task {self.name!r}: trial identifiers must be unique over train, valid and test, but "
                f"{values[counts > 1][:5].tolist()} occur more than once; a trial may be in one split only"
            )

    def _error(self, split, variable, expected, got, remedy):
        where = f"task {self.name!r}, {split}" + (f", {variable}" if variable else "")
        return TaskError(f"{where}: expected {expected}, got {got}; {remedy}")


def make_split(
    stimulus: ArrayLike,
    label: ArrayLike,
    *,
    dt: float,
    trial: ArrayLike,
    channel: Sequence[str],
    signal: ArrayLike | None = None,
    lead: Sequence[str] | None = None,
) -> xr.Dataset:
    """One split of a task from arrays.

    Parameters
    ----------
    stimulus : (trial, time, channel) array
        Spikes (0/1, whole numbers) or currents (float).
    label : (trial, time) or (trial,) array of int8
        Class index, −1 where unlabelled.
    dt : float, s
    trial : (trial,) array
        Identifiers, unique over the task.
    channel : sequence of str
    signal : (trial, time, lead) array, optional, mV
    lead : sequence of str, optional
        Names of the leads, with `signal`.

    Returns
    -------
    xr.Dataset
        As `Task` describes, its mask from the labels.
    """
    dims = ("trial", "time")[: np.ndim(label)]
    ds = xr.Dataset(
        {
            "stimulus": (("trial", "time", "channel"), stimulus, {"units": "1"}),
            "label": (dims, label, {"units": "1", "unlabelled": -1}),
            "labelled": (dims, np.asarray(label) >= 0, {"units": "1"}),
        },
        {
            "time": ("time", np.arange(np.shape(stimulus)[1]) * dt, {"units": "s"}),
            "trial": ("trial", trial),
            "channel": ("channel", list(channel)),
        },
    )
    if signal is not None:
        ds["signal"] = (("trial", "time", "lead"), signal, {"units": "mV"})
        ds = ds.assign_coords(lead=list(lead))
    return ds
