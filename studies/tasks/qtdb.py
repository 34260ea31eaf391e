"""Task `ecg`: the ECG recordings of the QT Database, as spikes, with the wave at each time step."""

from __future__ import annotations

import hashlib
import io
import os

import numpy as np
import xarray as xr
from scipy.io import loadmat

from ..data import VARIABLE, find_data
from ..task import MissingDataError, Task, TaskError, make_split
from .checking import check_fraction, check_whole

CLASSES = ("P", "PQ", "QR", "RS", "ST", "TP")
CHANNELS = ("lead0 up", "lead0 down", "lead1 up", "lead1 down")
DT = 0.004
FILES = ("qtdb/QTDB_train.mat", "qtdb/QTDB_test.mat")
# The published sequences are windows of this many steps that begin every STRIDE steps of a recording, in its order;
# labels begin at step LABELS (docs/data.md, "What the published QTDB files are").
WINDOW, STRIDE, LABELS = 1301, 1000, 38
IGNORED = 10  # steps at the beginning that the papers leave out
LAG = 17  # steps by which the published labels lag the events, 16 to 17


def load_qtdb(
    data: str | os.PathLike[str] | None = None,
    *,
    valid_fraction: float = 0.1,
    window: float | None = None,
    label_lag: int = LAG,
    seed: int = 0,
) -> Task:
    """QT Database, encoded as spikes by Yin, Corradi and Bohté (2020), else from its raw records.

    1301 steps of 4 ms of two leads, two crossing directions each; classes P, PQ, QR, RS, ST, TP. All steps
    are kept. Four things in the files are resolved here:

    * the last step of channel 0 holds an end marker −1, which becomes 0 (no spike); −1 anywhere else is an
      error;
    * steps without any class (8 % and 10 %) get the label −1 and the mask False, not class 0, which
      ``argmax`` would make of them;
    * sequences overlap with their neighbours: they are cut from recordings, every 1000 steps. Validation trials
      are drawn by recording (`recordings`), so that no stretch of ECG both trains and validates;
    * the published labels lag the events by 16 to 17 steps. They are left as they are, unless a smaller `label_lag` is
      asked for.

    Where neither file is there, but the records of the database are (``chronaxie fetch qtdb``), those are read, encoded
    and labelled by `load_qtdb_raw`, with its defaults; ``source`` and ``description`` of the task say which it was.

    The validation trials are drawn from the training file by `seed`; the test file is only ever the test
    split. The coordinate ``trial`` is the position in the training file, for the test split the training
    file's length plus that in the test file.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``qtdb/QTDB_train.mat`` and ``qtdb/QTDB_test.mat``, or the records; default: as `find_data`.
    valid_fraction : float
        Part of the training file (of the raw records that do not test) that validates, > 0 and < 1; at least one
        trial, and one is left to train on.
    window : float, s, or None
        Length of a training trial: sequences are cut into so many as fit in, those left out of which at most half of
        the steps are labelled (the first ten not counted). Validation and test take whole sequences; None: training
        too. ``trial`` then counts on through the files for every further window. Only for the published files.
    label_lag : int, 0 to 17
        Steps that the labels lag behind the events. Below 17 they come so much earlier than the published ones, and
        sequences are so much shorter: at 0 a causal network must name a wave while it happens. Only for the published
        files.
    seed : int
        Of the validation split, >= 0.

    Returns
    -------
    Task

    Raises
    ------
    MissingDataError
        No folder named, or a file is not in it.
    TaskError
        A file that is damaged, or holds other shapes or values.
    ValueError
        `valid_fraction`, `window`, `label_lag` or `seed` out of range, or not a number.
    """
    length = _steps_of(window)
    check_whole("load_qtdb", "label_lag", label_lag)
    if label_lag > LAG:
        raise ValueError(
            f"load_qtdb: label_lag must be a whole number of 0 to {LAG} (the published labels), got {label_lag}"
        )
    check_fraction("load_qtdb", "valid_fraction", valid_fraction)
    check_whole("load_qtdb", "seed", seed)
    folder = find_data(data)
    if folder is None:
        raise MissingDataError(
            f"task 'ecg': no data folder; pass data= (--data) or set {VARIABLE} to the folder that holds "
            f"{FILES[0]} and {FILES[1]}, or download the raw records: chronaxie fetch qtdb, or use the task "
            "'synthetic_ecg', which needs no data"
        )
    if not any((folder / file).exists() for file in FILES):
        from .qtdb_raw import load_qtdb_raw, raw_records

        if raw_records(folder):
            for name, given, usual in (("window", window, None), ("label_lag", label_lag, LAG)):
                if given != usual:
                    raise ValueError(
                        f"load_qtdb: {name} is for the published files, and the data folder has raw records"
                    )
            return load_qtdb_raw(folder, valid_fraction=valid_fraction, seed=seed)
    digest = hashlib.sha256()
    parts = []
    for file in FILES:
        path = folder / file
        content = _read_bytes(path)
        digest.update(content)
        parts.append(_read(path, content))
    (train_x, train_y), (test_x, test_y) = parts
    if train_x.shape[1] != test_x.shape[1]:
        raise TaskError(
            f"{folder / FILES[1]}: expected {train_x.shape[1]} steps, as in {FILES[0]}, got "
            f"{test_x.shape[1]}; take both files from the same release"
        )
    steps = train_x.shape[1] - (LAG - label_lag)
    if label_lag != LAG:
        if steps <= IGNORED:
            raise TaskError(
                f"{folder / FILES[0]}: expected more than {IGNORED + LAG - label_lag} steps, for a label_lag of "
                f"{label_lag}, got {train_x.shape[1]}; take the complete file"
            )
        digest.update(f"label lag {label_lag}".encode())  # what is to be learned is something else
    if length is not None:
        if length > steps:
            raise TaskError(
                f"{folder / FILES[0]}: a window of {window:g} s does not fit into its {steps} steps of "
                f"{DT * 1e3:g} ms; give a shorter one"
            )
        digest.update(f"window {length}".encode())  # what is trained on is something else
    count = len(train_x)
    if count < 2:
        raise TaskError(
            f"{folder / FILES[0]}: expected at least 2 trials, to train and to validate on, got {count}; "
            "take the complete file"
        )
    recording, test_recording = recordings(train_y), recordings(test_y)
    chosen = _drawn(recording, valid_fraction, seed)
    valid, train = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    if not len(train):
        raise TaskError(
            f"{folder / FILES[0]}: expected at least 2 recordings, to train and to validate on, got overlapping "
            "sequences of one; take the complete file"
        )

    def split(x, y, trial, of):
        x, y = x[:, :steps], y[:, LAG - label_lag :]
        made = make_split(x, y, dt=DT, trial=trial, channel=CHANNELS)
        return made.assign_coords(
            recording=("trial", of, {"long_name": "recording that the sequence is cut from"})
        )

    return Task(
        name="ecg",
        train=_windows(
            split(train_x[train], train_y[train], train, recording[train]), length, count + len(test_x)
        ),
        valid=split(train_x[valid], train_y[valid], valid, recording[valid]),
        test=split(
            test_x, test_y, count + np.arange(len(test_x)), recording.max(initial=0) + 1 + test_recording
        ),
        classes=CLASSES,
        dt=DT,
        source="PhysioNet QT Database (Laguna et al. 1997; Goldberger et al. 2000), encoded by Yin, "
        "Corradi and Bohté (ICONS 2020; Nature Machine Intelligence 3, 905, 2021)",
        licence="recordings: ODC-By 1.0; encoded files: MIT",
        hash=f"sha256:{digest.hexdigest()}",
        description="QTDB: two-lead ECG as level-crossing spikes, 250 Hz, a wave label at each step",
        unlabelled_class="P",
    )


def _steps_of(window):
    """Steps of a window of so many seconds, None for None."""
    if window is None:
        return None
    number = np.asarray(window)
    steps = (
        round(float(window) / DT)
        if number.dtype.kind in "iuf" and number.ndim == 0 and 0 < number < np.inf
        else 0
    )
    if not IGNORED < steps <= WINDOW:
        raise ValueError(
            f"load_qtdb: window must be a time of {(IGNORED + 1) * DT:g} to {WINDOW * DT:g} s or None, got {window!r}"
        )
    return steps


def _windows(whole, length, count):
    """Sequences cut into windows of so many steps: all first ones, then all second ones, …; of `count` in all."""
    if length is None:
        return whole
    parts = []
    for k in range(whole.sizes["time"] // length):
        part = whole.isel(time=slice(k * length, (k + 1) * length))
        start = (
            "trial",
            np.full(part.sizes["trial"], k * length * DT),
            {"units": "s", "long_name": "start of the window"},
        )
        parts.append(part.assign_coords(time=whole.time[:length], trial=k * count + part.trial, start=start))
    cut = xr.concat(parts, "trial", combine_attrs="override")
    labelled = cut.labelled.values[:, IGNORED:].mean(axis=1)
    return cut.isel(trial=np.flatnonzero(labelled > 0.5))


def recordings(label):
    """Which sequences of a published file overlap, and so are cut from one recording.

    Parameters
    ----------
    label : (trial, time) array of int
        −1 where unlabelled; in the order of the file.

    Returns
    -------
    numpy.ndarray of int, shape (trial,)
        Number of the recording, from 0. A recording ends where the labels of the last steps are not those that the
        next sequence begins with; sequences of another length than the published ones are recordings of their own.

    Notes
    -----
    A record whose annotations have a gap counts as two.
    """
    if label.shape[1] != WINDOW:
        return np.arange(len(label))
    end, begin = label[:-1, STRIDE + LABELS : -1], label[1:, LABELS : WINDOW - STRIDE - 1]
    follows = (end == begin).all(axis=1) & (end >= 0).any(axis=1)
    return np.concatenate([[0], np.cumsum(~follows)])


def _drawn(recording, fraction, seed):
    """Which trials validate: whole recordings in random order, until they are at least that fraction of the trials."""
    wanted = min(max(1, round(fraction * len(recording))), len(recording) - 1)
    chosen = np.zeros(len(recording), dtype=bool)
    for k in np.random.default_rng(seed).permutation(recording.max() + 1):
        if chosen.sum() >= wanted:
            break
        chosen |= recording == k
    return chosen


def _read_bytes(path):
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingDataError(
            f"{path}: file not found; expected the QTDB files {FILES[0]} and {FILES[1]} in the data folder; "
            f"check data= (--data) or {VARIABLE}, or use the task 'synthetic_ecg'"
        ) from None
    except OSError as error:
        raise MissingDataError(
            f"{path}: cannot be read ({error.strerror}); expected a MATLAB file; check the permissions"
        ) from error


def _read(path, raw):
    """Spikes (trial, time, channel) uint8 and labels (trial, time) int8 of one file, checked."""
    try:
        content = loadmat(io.BytesIO(raw), variable_names=("x", "y"))
    except Exception as error:  # scipy raises a dozen unrelated types on damaged files
        raise TaskError(
            f"{path}: expected a MATLAB 5 file, but it cannot be read ({type(error).__name__}: {error}); "
            "the file is damaged: fetch it again"
        ) from error
    for name, dims, size in (
        ("x", "(trial, time, 4)", len(CHANNELS)),
        ("y", "(trial, time, 6)", len(CLASSES)),
    ):
        if name not in content:
            raise TaskError(f"{path}: expected the variables x and y, got no {name}; this is not a QTDB file")
        array = content[name]
        if array.dtype.kind not in "iufb" or array.ndim != 3 or array.shape[2] != size or array.size == 0:
            raise TaskError(
                f"{path}: expected {name} as numbers of shape {dims}, got {array.dtype} {array.shape}; "
                "this is not a QTDB file"
            )
    x, y = content["x"], content["y"]
    if x.shape[:2] != y.shape[:2]:
        raise TaskError(
            f"{path}: expected x and y with the same trials and steps, got {x.shape[:2]} and {y.shape[:2]}; "
            "the file is damaged: fetch it again"
        )
    return _spikes(path, x), _labels(path, y)


def _spikes(path, x):
    bad = (x != 0) & (x != 1)
    bad[:, -1, 0] &= x[:, -1, 0] != -1
    expected = "spikes x of 0 or 1, and the end marker -1 only in the last step of channel 0"
    _refuse(path, x, bad, expected, "(trial, time, channel)")
    return (x == 1).astype(np.uint8)


def _labels(path, y):
    ones = y.sum(axis=-1)
    bad = ~((y == 0) | (y == 1)).all(axis=-1) | (ones > 1)
    expected = f"labels y one-hot over {CLASSES}, or all zero where unlabelled"
    _refuse(path, y, bad, expected, "(trial, time)")
    return np.where(ones == 1, y.argmax(axis=-1), -1).astype(np.int8)


def _refuse(path, values, bad, expected, axes):
    """Raise TaskError where `bad` (over the first axes of `values`) is true anywhere."""
    if bad.any():
        where = tuple(np.argwhere(bad)[0].tolist())
        raise TaskError(
            f"{path}: expected {expected}; got {values[where].tolist()} at {axes} = {where} and "
            f"{int(bad.sum()) - 1} more; the file is damaged: fetch it again"
        )
