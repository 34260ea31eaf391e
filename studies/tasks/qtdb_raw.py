"""Task `ecg` from the records of the QT Database as PhysioNet publishes them: encoded and labelled here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import xarray as xr

from ...models.ecg_encoders import DifferenceEncoder
from ..cache import cached
from ..data import fingerprint
from ..task import MissingDataError, Task, TaskError, make_split
from .checking import check_fraction, check_whole
from .qtdb import CHANNELS, CLASSES, DT
from .wave_marks import marked_waves
from .wave_segments import segment_labels
from .wfdb_annotations import read_annotation
from .wfdb_files import read_header, read_leads

ANNOTATORS = ("q1c", "q2c", "pu0", "pu1")
LEADS = ("lead0", "lead1")
_RATE = 250  # Hz
_VERSION = 3  # of what the cache holds
_REMEDY = "fetch it again: move the file away, then chronaxie fetch qtdb"


def load_qtdb_raw(
    folder,
    *,
    annotator="q1c",
    threshold=0.15,
    smoothing=7,
    steps=1301,
    longest=2.0,
    least_labelled=0.5,
    valid_fraction=0.1,
    test_fraction=0.2,
    seed=0,
    report=None,
):
    """QT Database (Laguna et al. 1997) from its own records: two leads as threshold differences, a wave at each step.

    The marked part of each record is cut into windows one after the other. Each lead of a window is brought to mean
    0 and standard deviation 1, smoothed, and encoded by `threshold_difference`. The labels are read off the marks by
    `segment_labels`, without lag. Whole records are dealt out into the splits by `seed`, so that no record is in two.

    Parameters
    ----------
    folder : path-like
        Of the data sets; it holds ``qtdb/sel100.hea``, ``.dat``, ``.q1c``, … as ``chronaxie fetch qtdb`` makes them.
    annotator : {"q1c", "q2c", "pu0", "pu1"}
        Whose marks: first or second cardiologist (30 to 50 beats a record, q2c in few records), or the program
        ``ecgpuwave`` on the first or second lead (all beats).
    threshold : float, > 0
        Smallest change in a step that is an event, in standard deviations of the lead. 0.3 is reported for the
        published files; with `smoothing` 0.15 agrees best with them in record sel100 (docs/data.md).
    smoothing : int
        Steps of the window of a Savitzky–Golay filter of order 3: odd, >= 5; 0 for none.
    steps : int, >= 2
        Length of a window in steps of 4 ms.
    longest : float, s, > 0
        Longest stretch between two marks that is labelled: beats that are not marked lie between those further apart.
    least_labelled : float, 0 to 1
        Windows with a smaller labelled part are left out.
    valid_fraction, test_fraction : float
        Part of the records that test, and of the others that validate, > 0 and < 1; at least one each.
    seed : int, >= 0
        Of the splits.
    report : callable, optional
        Takes lines of text about progress.

    Returns
    -------
    Task
        With the coordinates ``record`` (name) and ``start`` (s, in the record) of each trial, and ``signal`` in mV. The
        description names the records without marks by this annotator, and without a window that is labelled enough,
        and counts the windows that are left out for a gap or a flat lead.

    Raises
    ------
    MissingDataError
        No records, or a file of one is missing that its database has.
    TaskError
        A file that is damaged, leads that are not in volts, or another number of leads or sampling rate than 2 and
        250 Hz; marks beyond the end of the signal; fewer than 3 records with labelled windows.
    ValueError
        An option out of range.
    """
    _check(
        annotator, threshold, smoothing, steps, longest, least_labelled, valid_fraction, test_fraction, seed
    )
    folder = Path(folder)
    names = raw_records(folder)
    if not names:
        raise MissingDataError(
            f"task 'ecg': no records of QTDB in {folder}/qtdb; download them: chronaxie fetch qtdb"
        )
    marked, unmarked = _marked(folder, names, annotator)
    options = {
        "annotator": annotator,
        "threshold": float(threshold),
        "smoothing": int(smoothing),
        "steps": int(steps),
        "longest": float(longest),
        "least_labelled": float(least_labelled),
    }
    files = [folder / "qtdb" / f"{name}.{e}" for name in marked for e in ("hea", "dat", annotator)]
    key = {"version": _VERSION, "records": marked, "files": fingerprint(*files), **options}
    encoder = DifferenceEncoder(DT, options["threshold"], options["smoothing"], window=round(steps * DT, 9))
    windows = cached("qtdb", key, lambda: _windows(folder, marked, options, encoder, report), report=report)
    off = int(windows.off.sum())
    used = [marked[k] for k in np.unique(windows.number.values)]
    without = sorted(set(marked) - set(used))
    if len(used) < 3:
        raise TaskError(
            f"task 'ecg': {folder / 'qtdb'}: expected at least 3 records with windows of {steps} steps of which "
            f"{least_labelled:.0%} are labelled by {annotator}, to train, validate and test on, got {len(used)}; take "
            "the whole database, or smaller steps= or least_labelled="
        )
    parts = _deal(np.unique(windows.number.values), valid_fraction, test_fraction, seed)
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for name in ("stimulus", "label", "number", "start"):
        digest.update(np.ascontiguousarray(windows[name].values).tobytes())
    left_out = [f"{len(unmarked)} have no {annotator} ({', '.join(unmarked)})"] if unmarked else []
    left_out += [f"{len(without)} no such window ({', '.join(without)})"] if without else []
    return Task(
        "ecg",
        *(_split(windows.isel(trial=np.isin(windows.number, part)), marked) for part in parts),
        classes=CLASSES,
        dt=DT,
        source="PhysioNet QT Database 1.0.0 (Laguna et al. 1997; Goldberger et al. 2000), raw records, encoded and "
        "labelled by this package",
        licence="ODC-By 1.0",
        hash=f"sha256:{digest.hexdigest()}",
        description=f"QTDB, raw records: two-lead ECG as threshold differences of {threshold:g} standard deviations"
        + (f" after smoothing over {smoothing} steps" if smoothing else "")
        + f", 250 Hz, labels from the marks of {annotator}; windows of {steps} steps, split by record; "
        + (
            f"{off} windows with a gap or a flat lead are left out ({_counted(windows.off, marked)}); "
            if off
            else ""
        )
        + f"{len(used)} of {len(names)} records"
        + (": " + ", ".join(left_out) if left_out else ""),
        encoder=encoder,
    )


def raw_records(folder):
    """Names of the QTDB records in a folder of data sets: those that its file RECORDS names, else all headers."""
    folder = folder / "qtdb"
    try:
        return (folder / "RECORDS").read_text().split()
    except FileNotFoundError:
        return sorted(path.stem for path in folder.glob("sel*.hea"))
    except OSError as error:
        raise MissingDataError(
            f"{folder / 'RECORDS'}: cannot be read ({error.strerror}); check the permissions"
        ) from error


def _marked(folder, names, annotator):
    """The records with a file of this annotator, and those that have none in the whole database either."""
    sums = folder / "qtdb" / "SHA256SUMS.txt"
    listed = set(sums.read_text().split()) if sums.exists() else set()
    here = {name: (folder / "qtdb" / f"{name}.{annotator}").exists() for name in names}
    gone = [name for name, there in here.items() if not there and f"{name}.{annotator}" in listed]
    if gone:
        raise MissingDataError(
            f"task 'ecg': {folder / 'qtdb'}: {gone[0]}.{annotator} and {len(gone) - 1} more such files are missing; "
            "the download is incomplete: chronaxie fetch qtdb continues it"
        )
    marked = [name for name in names if here[name]]
    if not marked:
        raise MissingDataError(
            f"task 'ecg': {folder / 'qtdb'}: none of the {len(names)} records has marks by {annotator} "
            f"({names[0]}.{annotator}, …); download them: chronaxie fetch qtdb"
        )
    for name in marked:
        for extension in ("hea", "dat"):
            if not (folder / "qtdb" / f"{name}.{extension}").exists():
                raise MissingDataError(
                    f"task 'ecg': {folder / 'qtdb' / name}.{extension}: file not found; the download is incomplete: "
                    "chronaxie fetch qtdb continues it"
                )
    return marked, [name for name in names if not here[name]]


def _windows(folder, names, options, encoder, report):
    """All windows of all records."""
    stimulus, labels, signals, number, start = [], [], [], [], []
    off = np.zeros(len(names), np.int64)
    for k, name in enumerate(names):
        if report is not None and k % 20 == 0:
            report(f"QTDB: encoding record {k + 1} of {len(names)}")
        signal, label = _read(folder / "qtdb" / name, options)
        for first in _starts(label, options):
            window = slice(first, first + options["steps"])
            x = signal[window]
            if not np.isfinite(x).all() or (x.max(axis=0) == x.min(axis=0)).any():
                off[k] += 1  # nothing to normalise
                continue
            events = encoder.encode(((x - x.mean(axis=0)) / x.std(axis=0)).T)
            stimulus.append(np.concatenate(list(events), axis=-1))
            labels.append(label[window])
            signals.append(x.astype(np.float32))
            number.append(k)
            start.append(first)
    shape = (len(number), options["steps"])
    return xr.Dataset(
        {
            "stimulus": (("trial", "time", "channel"), np.reshape(stimulus, (*shape, 4)).astype(np.uint8)),
            "label": (("trial", "time"), np.reshape(labels, shape).astype(np.int8)),
            "signal": (("trial", "time", "lead"), np.reshape(signals, (*shape, 2)).astype(np.float32)),
            "number": ("trial", np.array(number, np.int64)),
            "start": ("trial", np.array(start, np.int64)),
            "off": ("record", off),
        }
    )


def _counted(off, names):
    return ", ".join(f"{names[k]}: {int(off[k])}" for k in np.flatnonzero(off.values))


def _starts(label, options):
    """Where windows begin: one after the other from the first labelled step, where enough is labelled."""
    steps, there = options["steps"], np.flatnonzero(label >= 0)
    first = there[0] if there.size else len(label)
    while first + steps <= len(label):
        if np.mean(label[first : first + steps] >= 0) >= options["least_labelled"]:
            yield int(first)
            first += steps
        else:  # on to the next labelled step, and by no less than half a window
            later = there[there >= first + steps // 2]
            first = later[0] if later.size else len(label)


def _read(path, options):
    """Signal (sample, lead) in mV, NaN in gaps, and label (sample) of one record."""
    annotator, header = options["annotator"], read_header(path)
    if header.n_sig != len(LEADS) or header.fs != _RATE:
        raise TaskError(
            f"{path}: expected two leads at {_RATE} Hz, got {header.n_sig} at {header.fs} Hz; this is not a record of "
            "QTDB"
        )
    signal = read_leads(path, (0, 1), count=len(LEADS), gaps="keep").signal
    samples, symbols = read_annotation(path, annotator)
    if not len(samples):
        raise TaskError(f"{path}.{annotator}: expected WFDB annotations, got an empty file; {_REMEDY}")
    if samples[0] < 0 or samples[-1] >= len(signal) or (np.diff(samples) < 0).any():
        raise TaskError(
            f"{path}.{annotator}: expected ascending sample numbers from 0 to {len(signal) - 1}, got {samples.min()} "
            f"to {samples.max()}; {_REMEDY}"
        )
    longest = round(options["longest"] * _RATE)
    return signal, segment_labels(marked_waves(samples, symbols), len(signal), longest=longest)


def _deal(numbers, valid_fraction, test_fraction, seed):
    """Records that train, validate and test."""
    order = np.random.default_rng(seed).permutation(numbers)
    n_test = min(max(1, round(test_fraction * len(order))), len(order) - 2)
    rest = len(order) - n_test
    n_valid = min(max(1, round(valid_fraction * rest)), rest - 1)
    return order[n_test + n_valid :], order[n_test : n_test + n_valid], order[:n_test]


def _split(ds, names):
    made = make_split(
        ds.stimulus.values,
        ds.label.values,
        dt=DT,
        trial=ds.number.values * 100_000 + ds.start.values // ds.sizes["time"],
        channel=CHANNELS,
        signal=ds.signal.values,
        lead=LEADS,
    )
    return made.assign_coords(
        record=("trial", [names[k] for k in ds.number.values]),
        start=("trial", ds.start.values * DT, {"units": "s"}),
    )


def _check(
    annotator, threshold, smoothing, steps, longest, least_labelled, valid_fraction, test_fraction, seed
):
    where = "load_qtdb_raw"

    def refuse(name, expected, got):
        raise ValueError(f"{where}: {name} must be {expected}, got {got!r}")

    def number(value):
        array = np.asarray(value)
        return array.ndim == 0 and array.dtype.kind in "iuf" and bool(np.isfinite(array))

    if annotator not in ANNOTATORS:
        refuse("annotator", f"one of {ANNOTATORS}", annotator)
    for name, value in (("threshold", threshold), ("longest", longest)):
        if not number(value) or value <= 0:
            refuse(name, "a finite number > 0", value)
    check_fraction(where, "valid_fraction", valid_fraction)
    check_fraction(where, "test_fraction", test_fraction)
    if not number(least_labelled) or not 0 < least_labelled <= 1:
        refuse("least_labelled", "above 0 and at most 1", least_labelled)
    check_whole(where, "steps", steps, least=2)
    check_whole(where, "seed", seed)
    check_whole(where, "smoothing", smoothing)
    if smoothing != 0 and not (5 <= smoothing <= steps and smoothing % 2):
        refuse("smoothing", f"0, or odd and from 5 to steps = {steps}", smoothing)
