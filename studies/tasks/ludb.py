"""Task `ludb`: raw ECG of the Lobachevsky University database as level crossings, P, QRS, T or none at each step."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ...models.ecg_encoders import ECGEncoder
from ...models.ecg_encoding import normalise, resample
from ...models.npz import ArraysRefused, read_npz
from ..cache import cached
from ..data import fingerprint, need
from ..task import Task, TaskError, make_split
from .ecg_waves import CLASSES, split_patients, task_hash, wave_labels
from .wfdb_annotations import read_waves
from .wfdb_files import read_leads

DT = 0.004
ARRAYS = "ludb/ludb_records_001_120.npz"
FOLDERS = ("ludb/data", "ludb")
LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_VERSION = 3  # of what the cache holds
_SHAPES = {
    "signals": ("iu", ("record", "lead", "sample")),
    "adc_gain_per_mV": ("f", ("record", "lead")),
    "adc_baseline": ("iu", ("record", "lead")),
    "lead_names": ("U", ("lead",)),
    "record_ids": ("iu", ("record",)),
    "fs_Hz": ("iu", ()),
    "waves": ("iu", ("wave", "six")),
}


@dataclass(frozen=True, eq=False)
class Recordings:
    """One lead of every recording, as read.

    Attributes
    ----------
    patient : (record,) array of int
        Number of the record; LUDB has one record of each patient.
    signal : (record, sample) array of float, mV
    waves : list of (wave, 4) arrays of int
        Type, onset, peak, offset of each record; see `wave_labels`.
    rate : float, Hz
    source : Path
        What was read.
    """

    patient: np.ndarray
    signal: np.ndarray
    waves: list
    rate: float
    source: Path


def load_ludb(
    data: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    lead: str = "ii",
    delta: float = ECGEncoder.delta,
    bits: int = ECGEncoder.bits,
    window: float | None = 2.5,
    valid_fraction: float = 0.15,
    test_fraction: float = 0.25,
    report: Callable[[str], object] | None = None,
) -> Task:
    """Lobachevsky University Electrocardiography Database (Kalyakulina et al. 2020): raw ECG and its waves.

    One lead of each 10 s record, resampled from 500 to 250 Hz, brought to mean 0 and standard deviation 1 over
    the record, and encoded by `binary_level_crossing`. The label of a step is the wave that cardiologists marked
    in this lead, P, QRS, T or none, without lag; before the first and after the last marked wave, and beside a
    wave whose boundary is not marked, it is unlabelled (`wave_labels`).

    Patients are dealt out into the splits by `seed` with the same share of records that have no P wave (atrial
    fibrillation, flutter, pacing); no patient is in two splits. Records are cut into windows for training only:
    validation and test take them whole.

    Parameters
    ----------
    data : path-like, optional
        Folder with ``ludb/ludb_records_001_120.npz``, or with the database as PhysioNet ships it, ``ludb/data/1.hea``
        … or ``ludb/1.hea`` …; default: CHRONAXIE_DATA, else what ``chronaxie fetch ludb`` has made.
    seed : int, >= 0
        Of the splits.
    lead : str
        One of `LEADS`, signal and annotation.
    delta : float, > 0
        Step size of the encoder, in standard deviations of the record.
    bits : int
        Channels of the encoder in each direction.
    window : float, s, or None
        Length of a training trial, a whole part of the record; None: the whole record.
    valid_fraction, test_fraction : float
        Shares of the patients, see `split_patients`.
    report : callable, optional
        Takes lines of text about progress.

    Returns
    -------
    Task
        With the coordinates ``patient`` and ``start`` (s, of the window in its record) of each trial. ``trial`` is
        100 · patient + window.

    Raises
    ------
    MissingDataError
        No folder named, or nothing of LUDB in it.
    TaskError
        A file that is damaged, or holds other shapes or values.
    ValueError
        An option out of range.
    """
    encoder = ECGEncoder(dt=DT, delta=delta, bits=bits)
    lead = _lead(lead)
    if window is not None and (
        isinstance(window, bool)
        or not isinstance(window, (int, float, np.integer, np.floating))
        or not 0 < window < np.inf
    ):
        raise ValueError(f"load_ludb: window must be a number of seconds > 0 or None, got {window!r}")
    path = need(data, ARRAYS, *FOLDERS, task="ludb", fetch="ludb")
    files = ludb_files(path, lead)
    key = {"version": _VERSION, "lead": lead, "encoder": asdict(encoder), "files": fingerprint(*files)}
    whole = cached("ludb", key, lambda: _encode(read_ludb(path, lead, report=report), encoder), report=report)
    patient = whole.patient.values
    no_p = ~(whole.label.values == CLASSES.index("P")).any(axis=1)
    train, valid, test = split_patients(
        no_p, valid_fraction=valid_fraction, test_fraction=test_fraction, seed=seed, where="load_ludb"
    )
    for one, other in ((train, valid), (train, test), (valid, test)):
        shared = np.intersect1d(patient[one], patient[other])
        if shared.size:
            raise TaskError(f"{path}: expected one record of each patient, got more of {shared[:5].tolist()}")
    return Task(
        name="ludb",
        train=_split(whole.isel(record=train), encoder, lead, window),
        valid=_split(whole.isel(record=valid), encoder, lead, None),
        test=_split(whole.isel(record=test), encoder, lead, None),
        classes=CLASSES,
        dt=DT,
        source="PhysioNet Lobachevsky University Electrocardiography Database 1.0.1 (Kalyakulina et al., IEEE "
        "Access 8, 186181, 2020; Goldberger et al. 2000)",
        licence="ODC-By 1.0",
        hash=task_hash(
            **key,
            window=None if window is None else float(window),
            valid_fraction=float(valid_fraction),
            test_fraction=float(test_fraction),
            seed=int(seed),
        ),
        description=f"LUDB: lead {lead} as level crossings at 250 Hz (delta {delta:g} sd, {bits} bits), P, QRS, T or "
        "none at each step, split by patient",
        encoder=encoder,
    )


def read_ludb(path, lead="ii", *, report=None):
    """One lead of the recordings and its waves, from the arrays or from the WFDB files.

    Parameters
    ----------
    path : Path
        The ``.npz`` file, or the folder of the ``.hea`` files.
    lead : str
    report : callable, optional

    Returns
    -------
    Recordings

    Raises
    ------
    MissingDataError, TaskError
        As `load_ludb`.
    """
    path = Path(path)
    return _read_arrays(path, lead) if path.is_file() else _read_folder(path, lead, report)


def ludb_files(path, lead):
    """The files that `read_ludb` reads, in order."""
    if path.is_file():
        return [path]
    return [path / f"{n}.{end}" for n in _numbers(path) for end in ("hea", "dat", lead)]


def _lead(lead):
    name = str(lead).lower()
    if name not in LEADS:
        raise ValueError(f"load_ludb: lead must be one of {', '.join(LEADS)}, got {lead!r}")
    return name


def _numbers(folder):
    """Numbers of the records in a folder, ascending."""
    numbers = sorted(int(p.stem) for p in folder.glob("*.hea") if p.stem.isdigit())
    if not numbers:
        raise TaskError(
            f"{folder}: expected the LUDB records 1.hea, 1.dat, 1.i, …, or {Path(ARRAYS).name}, got no numbered "
            "header; download the database: chronaxie fetch ludb"
        )
    return numbers


def _read_folder(folder, lead, report):
    numbers, signals, waves, rates = _numbers(folder), [], [], set()
    for k, number in enumerate(numbers):
        base = folder / str(number)
        leads = read_leads(base, lead)
        signals.append(leads.signal[:, 0])
        rates.add((leads.rate, len(leads.signal)))
        waves.append(read_waves(base, lead))
        if report is not None and (k + 1) % 25 == 0:
            report(f"ludb: read {k + 1} of {len(numbers)} records")
    if len(rates) > 1:
        raise TaskError(
            f"{folder}: expected records of one rate and length, got (Hz, samples) {sorted(rates)}; this is not LUDB"
        )
    return Recordings(np.array(numbers), np.stack(signals), waves, rates.pop()[0], folder)


def _read_arrays(path, lead):
    try:
        arrays = read_npz(path)
    except ArraysRefused as error:
        raise TaskError(str(error)) from error
    sizes = {"six": 6}
    for name, (kinds, dims) in _SHAPES.items():
        if name not in arrays:
            raise TaskError(
                f"{path}: expected the arrays {', '.join(_SHAPES)}, got no {name}; this is not the LUDB file"
            )
        array = arrays[name]
        good = array.dtype.kind in kinds and array.ndim == len(dims)
        if not good or any(sizes.setdefault(d, n) != n for d, n in zip(dims, array.shape, strict=True)):
            expected = ", ".join(f"{d}={sizes[d]}" if d in sizes else d for d in dims)
            raise TaskError(
                f"{path}: expected {name} of shape ({expected}) and kind {kinds!r}, got {array.dtype} {array.shape}; "
                "the file is damaged: fetch it again"
            )
    names = [str(n).lower() for n in arrays["lead_names"]]
    gain, rate, ids = arrays["adc_gain_per_mV"], float(arrays["fs_Hz"]), arrays["record_ids"]
    if (
        lead not in names
        or not (np.isfinite(gain) & (gain > 0)).all()
        or rate <= 0
        or len(set(ids)) != len(ids)
    ):
        raise TaskError(
            f"{path}: expected the lead {lead!r}, gains > 0, a rate > 0 and each record once, got leads {names}, gains "
            f"from {gain.min():g}, rate {rate:g} Hz, {len(ids)} records of {len(set(ids))} numbers; the file is damaged"
        )
    k = names.index(lead)
    signal = (arrays["signals"][:, k] - arrays["adc_baseline"][:, k, None].astype(float)) / gain[:, k, None]
    waves = arrays["waves"][arrays["waves"][:, 1] == k]
    waves = [w[np.argsort(w[:, 4], kind="stable")][:, 2:] for w in (waves[waves[:, 0] == n] for n in ids)]
    return Recordings(ids.astype(int), signal, waves, rate, path)


def _encode(recordings, encoder):
    """Signal (mV), events and labels of all records at the encoder's step."""
    signal = resample(recordings.signal, recordings.rate, encoder.dt, axis=1)
    events = encoder.encode(normalise(signal)[0])
    label = [
        wave_labels(
            waves,
            rate=recordings.rate,
            samples=recordings.signal.shape[1],
            dt=encoder.dt,
            steps=signal.shape[1],
            where=f"{recordings.source}, record {number}",
        )
        for number, waves in zip(recordings.patient, recordings.waves, strict=True)
    ]
    return xr.Dataset(
        {
            "stimulus": (("record", "time", "channel"), events),
            "signal": (("record", "time"), signal.astype(np.float32)),
            "label": (("record", "time"), np.stack(label)),
        },
        {"patient": ("record", recordings.patient)},
    )


def _split(whole, encoder, lead, window):
    steps = whole.sizes["time"]
    length = steps if window is None else round(float(window) / encoder.dt)
    if not 1 <= length <= steps or steps % length:
        raise ValueError(
            f"load_ludb: window must be a whole part of the {steps * encoder.dt:g} s of a record, such as "
            f"{steps * encoder.dt / 2:g} or {steps * encoder.dt / 4:g} s, got {window!r}"
        )
    parts = steps // length
    patient = np.repeat(whole.patient.values, parts)
    number = np.tile(np.arange(parts), whole.sizes["record"])

    def cut(name):
        values = whole[name].values
        return values.reshape(-1, length, *values.shape[2:])

    ds = make_split(
        cut("stimulus"),
        cut("label"),
        dt=encoder.dt,
        trial=100 * patient + number,
        channel=[f"{lead} {c}" for c in encoder.channels],
        signal=cut("signal")[..., None],
        lead=[lead],
    )
    return ds.assign_coords(
        patient=("trial", patient),
        start=("trial", number * length * encoder.dt, {"units": "s", "long_name": "start in the record"}),
    )
