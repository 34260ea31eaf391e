"""Annotations of ECG records in WFDB form: waves with onset, peak and end, and beats."""

from __future__ import annotations

import numpy as np

from ...models.extras import require
from ..task import MissingDataError, TaskError
from .ecg_waves import WAVE_TYPES
from .wave_marks import BEATS, marked_waves
from .wfdb_files import find_record, read_header


def read_annotation(base, extension):
    """Samples and symbols of an annotation file.

    Raises
    ------
    MissingDataError, TaskError
        It is not there; it is damaged.
    """
    path = base.with_name(f"{base.name}.{extension}")
    if not path.is_file():
        raise MissingDataError(f"{path}: no such annotation file")
    wfdb = require("wfdb", "data")
    try:
        found = wfdb.rdann(str(base), extension)
    except Exception as error:  # as above
        raise TaskError(
            f"{path}: expected WFDB annotations, but they cannot be read ({type(error).__name__}: {error}); the file "
            "is damaged: fetch it again"
        ) from error
    return np.asarray(found.sample, dtype=np.int64), list(found.symbol)


def read_waves(path, extension):
    """P, QRS and T waves of an annotation in the manner of LUDB and QTDB: ``(`` onset, peak, ``)`` end.

    Peaks are ``p``, the symbol of any beat, and ``t``; which bracket is whose says `marked_waves`. U waves are left
    out.

    Parameters
    ----------
    path : path-like
        Of the record.
    extension : str
        Of the annotation file, ``"ii"``, ``"q1c"``, ….

    Returns
    -------
    (wave, 4) array of int
        Type (0 P, 1 QRS, 2 T), onset, peak, offset in samples; −1 where a boundary is not marked.

    Raises
    ------
    MissingDataError
        There is no such file.
    TaskError
        It is damaged, or marks beats only, no waves.
    """
    base = find_record(path)
    samples, symbols = read_annotation(base, extension)
    waves = [wave for wave in marked_waves(samples, symbols) if wave.kind in WAVE_TYPES]
    found = {wave.kind for wave in waves}
    if len(found) < 2 or "(" not in symbols:
        some = ", ".join(sorted(set(symbols))) or "nothing"
        raise TaskError(
            f"{base}.{extension}: expected waves ( p ), ( N ), ( t ) with onset, peak and end, got the symbols {some}: "
            "beats without waves; they cannot label steps, simulate the record instead: chronaxie simulate NET.nc "
            "--wfdb FILE"
        )
    rows = [
        (WAVE_TYPES.index(w.kind), *(-1 if at is None else at for at in (w.onset, w.peak, w.end)))
        for w in waves
    ]
    return np.array(rows, dtype=np.int64)


def beat_times(base, extension, *, start=0.0, seconds=None):
    """Times (s) of the beats that an annotation file marks, or None where there is no such file."""
    if not base.with_name(f"{base.name}.{extension}").is_file():
        return None
    rate = float(read_header(base).fs)
    samples, symbols = read_annotation(base, extension)
    times = samples[[symbol in BEATS for symbol in symbols]] / rate
    return times[(times >= start) & (times < (np.inf if seconds is None else start + seconds))]
