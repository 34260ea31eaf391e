"""Task `wfdb`: ECG records of the user in WFDB form, as spikes for a trained network, or labelled by their waves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ...models.ecg_encoders import DifferenceEncoder, ECGEncoder, LevelCrossingEncoder
from ...models.ecg_encoding import normalise, overload, resample
from ..data import find_data, fingerprint
from ..task import MissingDataError, Task, TaskError, make_split
from .ecg_waves import CLASSES, split_patients, task_hash, wave_labels
from .wfdb_annotations import beat_times, read_waves
from .wfdb_files import find_record, read_leads, signal_files

WINDOW, OVERLAP = 10.0, 2.0
_BEAT = 1.0  # s; what is shorter may hold no beat


def load_record(
    path: str | os.PathLike[str],
    *,
    lead: str | int | Sequence[str | int] | None = None,
    encoder: ECGEncoder | DifferenceEncoder | LevelCrossingEncoder | None = None,
    start: float = 0.0,
    seconds: float | None = None,
    window: float | None = None,
    overlap: float | None = None,
    gaps: Literal["refuse", "interpolate"] = "refuse",
) -> xr.Dataset:
    """A WFDB record as a stimulus for a network.

    The lead is read in millivolt, resampled to the encoder's step, brought to mean 0 and standard deviation 1 over
    what was read, encoded, and cut into windows that overlap: a network that starts each of them from rest has
    `overlap` to settle before its decisions count (``kept``). An encoder with a window of its own (`DifferenceEncoder`)
    normalises and encodes each window by itself, as in the training of its networks.

    Parameters
    ----------
    path : path-like
        Of the record, with or without ``.hea`` or ``.dat``.
    lead : str, int, sequence of them, or None
        Name or position; as many as the encoder takes. None: II or MLII, else the first that is an ECG by its name,
        else the first in volts; the attribute ``leads`` says which.
    encoder : ECGEncoder, DifferenceEncoder or LevelCrossingEncoder, optional
        `ECGEncoder()`, that of the task `ludb`, by default.
    start : float, s, >= 0
    seconds : float, s, > 0, optional
        What is read of the record; to its end by default.
    window : float, s, > 0, optional
        Length of a trial; what is read if that is shorter. By default that of the encoder, else 10 s.
    overlap : float, s, 0 <= overlap < window, optional
        Common part of a trial and the one before it. By default 2 s, or 0.4 of a window that is shorter than 5 s.
    gaps : {"refuse", "interpolate"}
        What is done about invalid samples; see `read_leads`.

    Returns
    -------
    xr.Dataset
        ``stimulus (trial, time, channel)``, spikes; ``signal (trial, time, lead)``, mV; ``kept (trial, time)``, bool:
        every step of the record is kept in exactly one trial; ``start (trial)``, s in the record; ``mean`` and
        ``sd (trial, lead)``, mV: what it was normalised by. Attributes: ``record``, ``leads``, ``rate`` (Hz) of the
        recorder, ``dt`` (s), ``start``, ``duration`` (s), ``overload_steps``: steps at which the lead moved faster than
        the code can follow (0 for a code without inverse), and the encoder's own as ``encoder_…``.

    Raises
    ------
    MissingDataError, TaskError
        As `read_leads`; a lead that does not move, less than two steps, a rate that is no simple fraction of that of
        the encoder.
    ValueError
        `window` or `overlap` out of range.
    """
    encoder = ECGEncoder() if encoder is None else encoder
    window, overlap = _lengths(window, overlap, encoder)
    if gaps not in ("refuse", "interpolate"):
        raise ValueError(f"load_record: gaps must be 'refuse' or 'interpolate', got {gaps!r}")
    leads = read_leads(path, lead, count=encoder.leads, start=start, seconds=seconds, gaps=gaps)
    signal = _resampled(leads, encoder, path)
    first, kept = _windows(len(signal), round(window / encoder.dt), round(overlap / encoder.dt))
    steps = first[:, None] + np.arange(kept.shape[1])
    if encoder.window is None:
        events, mean, sd, lost = _encoded(signal, leads, encoder, str(path))
        events = events[steps]
        mean, sd = (np.broadcast_to(m, (len(first), len(m))) for m in (mean, sd))
    else:
        parts = [
            _encoded(signal[step], leads, encoder, f"{path}, from {leads.start + step[0] * encoder.dt:g} s")
            for step in steps
        ]
        events, mean, sd, lost = (np.stack(values) for values in zip(*parts, strict=True))
    ds = xr.Dataset(
        {
            "stimulus": (("trial", "time", "channel"), events, {"units": "1"}),
            "signal": (("trial", "time", "lead"), signal[steps], {"units": "mV"}),
            "kept": (("trial", "time"), kept, {"units": "1", "long_name": "the decision counts"}),
            "mean": (("trial", "lead"), mean, {"units": "mV", "long_name": "mean that was taken off"}),
            "sd": (("trial", "lead"), sd, {"units": "mV", "long_name": "standard deviation, taken as 1"}),
        },
        {
            "time": ("time", np.arange(kept.shape[1]) * encoder.dt, {"units": "s"}),
            "trial": ("trial", np.arange(len(first))),
            "start": (
                "trial",
                leads.start + first * encoder.dt,
                {"units": "s", "long_name": "start in the record"},
            ),
            "lead": list(leads.names),
            "channel": [f"{name} {c}" for name in leads.names for c in encoder.channels],
        },
    )
    return ds.assign_attrs(
        record=leads.record,
        leads=", ".join(leads.names),
        rate=leads.rate,
        dt=encoder.dt,
        start=leads.start,
        duration=len(signal) * encoder.dt,
        overload_steps=int(np.sum(lost)),
        encoder=type(encoder).__name__,
        **{f"encoder_{name}": value for name, value in asdict(encoder).items() if value is not None},
    )


def joined(values, kept):
    """Values of the windows of `load_record` as one row over the record.

    Parameters
    ----------
    values : (trial, time, …) array
    kept : (trial, time) array of bool

    Returns
    -------
    (step, …) array
    """
    return np.concatenate([v[k] for v, k in zip(np.asarray(values), np.asarray(kept), strict=True)])


def load_wfdb(
    data: str | os.PathLike[str] | None = None,
    *,
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    annotation: str | None = None,
    lead: str | int = "ii",
    seed: int = 0,
    valid_fraction: float = 0.2,
    test_fraction: float = 0.2,
) -> Task:
    """WFDB records whose waves are marked, as a task: P, QRS, T or none at each step.

    Encoded and labelled as `load_ludb` does it; one record is taken for one patient. Records of different length are
    cut to the shortest.

    Parameters
    ----------
    data : path-like, optional
        Folder against which `path` is taken where it is relative and not in the working directory.
    path : path-like or sequence of them
        A folder of records, or at least three records.
    annotation : str, optional
        Ending of the annotation files; that of LUDB by default, the name of the lead.
    lead : str or int
    seed : int, >= 0
        Of the splits.
    valid_fraction, test_fraction : float
        Shares of the records, see `split_patients`.

    Returns
    -------
    Task
        ``trial`` is the position of the record; ``patient`` its name.

    Raises
    ------
    MissingDataError
        No record, or no annotation file.
    TaskError
        As `read_leads` and `read_waves`: a record whose annotation marks beats only cannot label steps. A record that
        is named twice.
    ValueError
        Fractions or seed out of range.
    """
    encoder = ECGEncoder()
    records = _records(data, path)
    parts = [_labelled(base, lead, annotation, encoder) for base in records]
    marked = [marks for *_, marks in parts]
    steps = min(len(label) for _, _, label, _ in parts)
    signal, events, label = (np.stack([p[k][:steps] for p in parts]) for k in range(3))
    splits = split_patients(
        np.zeros(len(records)),
        valid_fraction=valid_fraction,
        test_fraction=test_fraction,
        seed=seed,
        where="load_wfdb",
    )
    made = []
    for chosen in splits:
        ds = make_split(
            events[chosen],
            label[chosen],
            dt=encoder.dt,
            trial=chosen,
            channel=encoder.channels,
            signal=signal[chosen][..., None],
            lead=[str(lead)],
        )
        made.append(ds.assign_coords(patient=("trial", [records[k].name for k in chosen])))
    return Task(
        "wfdb",
        *made,
        classes=CLASSES,
        dt=encoder.dt,
        source=f"WFDB records {', '.join(base.name for base in records[:8])}"
        + (f" and {len(records) - 8} more" if len(records) > 8 else ""),
        licence="as the records",
        hash=task_hash(
            fingerprint(
                *(
                    file
                    for base, marks in zip(records, marked, strict=True)
                    for file in (*signal_files(base), marks)
                )
            ),
            encoder=asdict(encoder),
            lead=str(lead),
            valid_fraction=float(valid_fraction),
            test_fraction=float(test_fraction),
            seed=int(seed),
        ),
        description=f"WFDB records: lead {lead} as level crossings at 250 Hz, P, QRS, T or none at each step",
        encoder=encoder,
    )


def record_beats(path, *, start=0.0, seconds=None):
    """Times of annotated beats of a record (``.atr``), or None where it has none.

    Parameters
    ----------
    path, start, seconds
        As in `load_record`.

    Returns
    -------
    (beat,) array of float, s in the record, or None
    """
    return beat_times(find_record(path), "atr", start=start, seconds=seconds)


def _records(data, path):
    if path is None:
        raise MissingDataError(
            "task 'wfdb': no record named; pass path= with a folder of records or a list of them"
        )
    folder = find_data(data)
    paths = [path] if isinstance(path, (str, Path)) else list(path)
    found = []
    for p in map(Path, paths):
        if (
            not p.is_absolute()
            and folder is not None
            and not (p.exists() or p.with_name(p.name + ".hea").exists())
        ):
            p = folder / p
        headers = sorted(p.glob("*.hea")) if p.is_dir() else []
        found += [h.with_suffix("") for h in headers] or [find_record(p)]
    places = [base.with_name(base.name + ".hea").resolve() for base in found]
    twice = next((base for k, base in enumerate(found) if places[k] in places[:k]), None)
    if twice is not None:
        raise TaskError(
            f"task 'wfdb': expected each record once, since none may be in two splits, got {twice} twice, under one "
            "name or two; leave one of them out"
        )
    return found


def _labelled(base, lead, annotation, encoder):
    """Signal (step,) in mV, events, label, and the annotation file of one record."""
    leads = read_leads(base, lead)
    extension = annotation or leads.names[0].lower()
    waves = read_waves(base, extension)
    signal = _resampled(leads, encoder, base)
    events, *_ = _encoded(signal, leads, encoder, str(base))
    label = wave_labels(
        waves, rate=leads.rate, samples=len(leads.signal), dt=encoder.dt, steps=len(signal), where=str(base)
    )
    return signal[:, 0], events, label, base.with_name(f"{base.name}.{extension}")


def _lengths(window, overlap, encoder):
    """Window and overlap (s), checked, defaults in place."""
    for name, value, low in (("window", window, encoder.dt), ("overlap", overlap, 0)):
        number = np.asarray(0.0 + low if value is None else value)
        if number.ndim or number.dtype.kind not in "fiu" or not low <= number < np.inf:
            raise ValueError(f"load_record: {name} must be a finite time >= {low:g} s, got {value!r}")
    own = encoder.window
    if own is not None and window is not None and round(window / encoder.dt) != round(own / encoder.dt):
        raise ValueError(
            f"load_record: {type(encoder).__name__} encodes windows of {own:g} s each by itself, got a window of "
            f"{window:g} s; leave it out"
        )
    window = window or own or WINDOW
    overlap = min(OVERLAP, 0.4 * window) if overlap is None else overlap
    if overlap >= window:
        raise ValueError(
            f"load_record: overlap must be shorter than the window of {window:g} s, got {overlap:g} s"
        )
    return window, overlap


def _resampled(leads, encoder, path):
    """Signal (step, lead) in mV at the encoder's step."""
    if len(leads.signal) < 2 or len(leads.signal) <= leads.rate * encoder.dt * (1 + 1e-9):
        raise TaskError(
            f"{path}: the stretch is too short: expected at least two steps of {encoder.dt:g} s, got "
            f"{len(leads.signal)} sample{'s' * (len(leads.signal) > 1)} at {leads.rate:g} Hz; read more of it (seconds)"
        )
    try:
        return resample(leads.signal, leads.rate, encoder.dt)
    except ValueError as error:
        raise TaskError(f"{path}: {error}") from error


def _encoded(signal, leads, encoder, where):
    """Events (step, channel) of a signal (step, lead) in mV; its mean and sd (lead); the number of overloaded steps."""
    try:
        z, mean, sd = normalise(signal.T)
        events = np.concatenate(list(encoder.encode(z)), axis=-1)
    except ValueError as error:
        length = len(signal) * encoder.dt
        short = (
            f" (the stretch is only {length:g} s long: read more of it, seconds)" if length < _BEAT else ""
        )
        raise TaskError(f"{where}, leads {', '.join(leads.names)}: {error}{short}") from error
    counts = isinstance(encoder, ECGEncoder)
    return events, mean, sd, overload(z, encoder.delta, bits=encoder.bits).sum() if counts else 0


def _windows(steps, length, overlap):
    """First step of each window, and which of its steps are kept, (window, step)."""
    if steps <= length:
        return np.array([0]), np.ones((1, steps), dtype=bool)
    first = np.arange(0, steps - overlap, length - overlap)
    first = np.unique(np.minimum(first, steps - length))
    kept = np.ones((len(first), length), dtype=bool)
    for k in range(1, len(first)):
        # The last window is moved back to end with the record and has more in common with the one before.
        kept[k, : max(first[k - 1] + length - first[k], 0)] = False
    return first, kept
