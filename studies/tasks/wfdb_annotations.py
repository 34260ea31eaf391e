"""Annotations of ECG records in WFDB form: waves with onset, peak and end, and beats."""

from __future__ import annotations

import numpy as np

from ..task import MissingDataError, TaskError
from .wfdb_files import find_record, read_header

_PEAKS = {"p": 0, "N": 1, "t": 2}
_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")


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
    import wfdb

    try:
        found = wfdb.rdann(str(base), extension)
    except Exception as error:  # as above
        raise TaskError(
            f"{path}: expected WFDB annotations, but they cannot be read ({type(error).__name__}: {error}); the file "
            "is damaged: fetch it again"
        ) from error
    return np.asarray(found.sample, dtype=np.int64), list(found.symbol)


def read_waves(path, extension):
    """P, QRS and T waves of an annotation in the manner of LUDB and QTDB: ``(`` onset, ``p N t`` peak, ``)`` end.

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
    waves, onset = [], -1
    for k, (sample, symbol) in enumerate(zip(samples.tolist(), symbols, strict=True)):
        if symbol == "(":
            onset = sample
        elif symbol in _PEAKS:
            ends = k + 1 < len(symbols) and symbols[k + 1] == ")"
            waves.append((_PEAKS[symbol], onset, sample, int(samples[k + 1]) if ends else -1))
            onset = -1
    found = {kind for kind, *_ in waves}
    if len(found) < 2 or "(" not in symbols:
        some = ", ".join(sorted(set(symbols))) or "nothing"
        raise TaskError(
            f"{base}.{extension}: expected waves ( p ), ( N ), ( t ) with onset, peak and end, got the symbols {some}: "
            "beats without waves; they cannot label steps, simulate the record instead: chronaxie simulate NET.nc "
            "--wfdb FILE"
        )
    return np.array(waves, dtype=np.int64)


def beat_times(base, extension, *, start=0.0, seconds=None):
    """Times (s) of the beats that an annotation file marks, or None where there is no such file."""
    if not base.with_name(f"{base.name}.{extension}").is_file():
        return None
    rate = float(read_header(base).fs)
    samples, symbols = read_annotation(base, extension)
    times = samples[[symbol in _BEATS for symbol in symbols]] / rate
    return times[(times >= start) & (times < (np.inf if seconds is None else start + seconds))]
