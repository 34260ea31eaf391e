"""ECG records in WFDB form: headers and leads in millivolt, with every refusal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ...models.extras import require
from ..task import MissingDataError, TaskError

MILLIVOLT = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3, "nv": 1e-6}
FAVOURITES = ("ii", "mlii")
ECG_LEADS = frozenset(
    ("i", "ii", "iii", "avr", "avl", "avf", *(f"v{k}" for k in range(1, 10)), "mli", "mlii", "mliii")
    + (
        "mcl1",
        "mcl6",
        "cm2",
        "cm4",
        "cm5",
        "d3",
        "d4",
        "v",
        "vx",
        "vy",
        "vz",
        "ecg",
        "ecg1",
        "ecg2",
        "ml5",
        "cc5",
    )
)
# Bytes of a sample in the formats of signal files; compressed ones (508, 516, 524) have no fixed size.
_BYTES = {
    "8": 1,
    "16": 2,
    "24": 3,
    "32": 4,
    "61": 2,
    "80": 1,
    "160": 2,
    "212": Fraction(3, 2),
    "310": Fraction(4, 3),
    "311": Fraction(4, 3),
}
_SUFFIXES = (".hea", ".dat", ".mat", ".atr", ".edf", ".xyz")


@dataclass(frozen=True, eq=False)
class Leads:
    """Leads of a record.

    Attributes
    ----------
    signal : (sample, lead) array of float, mV
    names : tuple of str
    rate : float, Hz
    start : float, s
        Of the first sample in the record.
    record : str
        Name of the record.
    """

    signal: np.ndarray
    names: tuple
    rate: float
    start: float
    record: str


def find_record(path):
    """The path of a record without its ending.

    Parameters
    ----------
    path : path-like
        With or without ``.hea`` or ``.dat``.

    Returns
    -------
    Path

    Raises
    ------
    MissingDataError
        There is no header of that name.
    """
    path = Path(path)
    if path.is_dir():
        names = sorted(p.stem for p in path.glob("*.hea"))[:8]
        raise MissingDataError(
            f"{path}: is a folder; name one of its records, such as {', '.join(names) or 'none: it has no .hea file'}"
        )
    for base in (path, path.with_suffix("")) if path.suffix in _SUFFIXES else (path,):
        if base.with_name(base.name + ".hea").is_file():
            return base
    name = path.stem if path.suffix in _SUFFIXES else path.name
    raise MissingDataError(
        f"{path}: no such WFDB record: expected the header {name}.hea in {path.parent}; name it with or without "
        "its ending"
    )


def read_header(base):
    """The header of a record, checked.

    Returns
    -------
    wfdb.Record

    Raises
    ------
    TaskError
        A damaged header, a rate of 0, no signal, no sample, a record of several segments.
    MissingDataError
        A signal file is not there.
    """
    path = base.with_name(base.name + ".hea")
    wfdb = require("wfdb", "data")
    try:
        header = wfdb.rdheader(str(base))
    except Exception as error:  # wfdb raises a dozen unrelated types on damaged headers
        raise TaskError(
            f"{path}: expected a WFDB header, but it cannot be read ({type(error).__name__}: {error}); it is damaged: "
            "fetch it again"
        ) from error
    if isinstance(header, wfdb.MultiRecord):
        raise TaskError(
            f"{path}: a record of {header.n_seg} segments; name one of them, such as "
            f"{', '.join(name for name in header.seg_name if name != '~')}"
        )
    if header.n_sig and (header.sig_name is None or len(header.sig_name) != header.n_sig):
        raise TaskError(
            f"{path}: expected a line for each of its {header.n_sig} signals, got "
            f"{len(header.sig_name or ())}; the header is damaged: fetch it again"
        )
    if not header.n_sig:
        raise TaskError(f"{path}: expected at least one signal, got none; name a record that holds signals")
    if not (header.fs and np.isfinite(header.fs) and header.fs > 0):
        raise TaskError(
            f"{path}: expected a sampling rate > 0 Hz, got {header.fs!r}; correct the header: it stands third in its "
            "first line"
        )
    if header.sig_len is not None and header.sig_len <= 0:
        raise TaskError(f"{path}: expected a recording, got {header.sig_len} samples; the recording is empty")
    for name in dict.fromkeys(getattr(header, "file_name", None) or ()):
        if name != "~" and not base.with_name(name).is_file():
            raise MissingDataError(
                f"{path}: its signal file {name} is not beside it; copy it there, or fetch the record again"
            )
    return header


def lead_names(header):
    """Names of the signals, "" where the header has none."""
    return tuple(str(name or "") for name in header.sig_name or [""] * header.n_sig)


def choose_leads(header, lead, *, count=1, where):
    """Positions of the wanted signals.

    Parameters
    ----------
    header : as `read_header` returns it
    lead : str, int, sequence of them, or None
        A name (upper or lower case) or a position from 0. None: the lead II or MLII, else the first that is an ECG
        by its name, else the first in volts; further ones in the order of the record.
    count : int
        How many are needed.
    where : str
        Of the record, for messages.

    Returns
    -------
    list of int

    Raises
    ------
    TaskError
        There is no such lead, its name is not unique, it is named twice, or there are fewer ECG leads than needed.
    """
    names = lead_names(header)
    listed = ", ".join(
        f"{k} {name} ({unit})" for k, (name, unit) in enumerate(zip(names, units_of(header), strict=True))
    )
    if lead is None:
        volts = [k for k, unit in enumerate(units_of(header)) if unit.lower() in MILLIVOLT]
        named = [k for k in volts if names[k].lower().removeprefix("ecg lead ") in ECG_LEADS]
        favourite = [k for k in named if names[k].lower() in FAVOURITES]
        order = list(dict.fromkeys([*favourite, *named, *volts]))
        if len(order) < count:
            raise TaskError(
                f"{where}: expected {count} ECG lead{'s' * (count > 1)} in units of volt, got {listed}; name the lead "
                "by lead= (--lead)"
            )
        return order[:count]
    wanted = [lead] if isinstance(lead, (str, int, np.integer)) and not isinstance(lead, bool) else list(lead)
    if len(wanted) != count:
        raise TaskError(
            f"{where}: expected {count} lead{'s' * (count > 1)}, got {wanted}; the record has {listed}"
        )
    chosen = [_position(name, names, listed, where) for name in wanted]
    twice = next((k for k in chosen if chosen.count(k) > 1), None)
    if twice is not None:
        raise TaskError(
            f"{where}: the lead {names[twice] or twice} is named twice ({', '.join(map(str, wanted))}); expected "
            f"{count} different ones; the record has {listed}"
        )
    return chosen


def _position(wanted, names, listed, where):
    same = [k for k, name in enumerate(names) if name.lower() == str(wanted).lower()]
    if len(same) == 1:
        return same[0]
    if len(same) > 1:
        raise TaskError(f"{where}: {len(same)} leads are called {wanted!r}; choose by position: {listed}")
    if str(wanted).isdecimal() and int(wanted) < len(names):
        return int(wanted)
    raise TaskError(f"{where}: no lead {wanted!r}; the record has {listed}")


def units_of(header):
    """Units of the signals; WFDB's own default is mV."""
    return [str(unit or "mV") for unit in header.units or [None] * header.n_sig]


def read_leads(path, lead=None, *, count=1, start=0.0, seconds=None, gaps="refuse"):
    """Leads of a WFDB record in millivolt.

    Parameters
    ----------
    path : path-like
        Of the record, with or without ``.hea`` or ``.dat``.
    lead : str, int, sequence or None
        See `choose_leads`.
    count : int
        Number of leads.
    start : float, s, >= 0
        Where to begin.
    seconds : float, s, > 0, optional
        How much to read; to the end by default.
    gaps : {"refuse", "interpolate", "keep"}
        What is done about samples that the recorder marked as invalid: an error, the straight line between their
        neighbours (the nearest sample at the ends), or nothing: they are NaN.

    Returns
    -------
    Leads

    Raises
    ------
    MissingDataError
        The header or its signal file is not there.
    TaskError
        A damaged header or signal file, a rate of 0, an empty recording, no such lead, a lead that is not in volts,
        invalid samples (unless they are kept), a range outside the record.
    ValueError
        `start`, `seconds` or `gaps` that make no sense.
    """
    if gaps not in ("refuse", "interpolate", "keep"):
        raise ValueError(f"read_leads: gaps must be 'refuse', 'interpolate' or 'keep', got {gaps!r}")
    for name, value, low in (("start", start, 0), ("seconds", seconds, None)):
        if value is None and name == "seconds":
            continue
        number = np.asarray(value)
        good = number.ndim == 0 and number.dtype.kind in "fiu" and np.isfinite(number)
        if not good or (number < 0 if low == 0 else number <= 0):
            raise ValueError(
                f"read_leads: {name} must be a finite time {'>= 0' if low == 0 else '> 0'} s, got {value!r}"
            )
    base = find_record(path)
    header = read_header(base)
    chosen = choose_leads(header, lead, count=count, where=str(base))
    names = lead_names(header)
    units = units_of(header)
    factors = []
    for k in chosen:
        if units[k].lower() not in MILLIVOLT:
            raise TaskError(
                f"{base}: expected the lead {names[k] or k} in units of volt, got {units[k]!r}; it is no ECG, or "
                "uncalibrated: choose another lead, or correct the header"
            )
        factors.append(MILLIVOLT[units[k].lower()])
    rate = float(header.fs)
    first = round(start * rate)
    last = None if seconds is None else first + max(1, round(seconds * rate))
    length = header.sig_len
    if length is not None and (first >= length or (last or 0) > length):
        raise TaskError(
            f"{base}: expected a range in its {length / rate:g} s, got {start:g} s"
            + ("" if seconds is None else f" to {start + seconds:g} s")
            + "; choose another start or length"
        )
    _check_size(base, header, chosen, length if last is None else last)
    signal = _read(base, chosen, first, last) * np.array(factors)
    invalid = ~np.isfinite(signal)
    if invalid.any() and gaps != "keep":
        at, which = np.argwhere(invalid)[0]
        if gaps == "refuse" or invalid.all(axis=0).any():
            raise TaskError(
                f"{base}: expected samples without gaps, got {int(invalid.sum())} invalid ones in lead "
                f"{names[chosen[which]] or chosen[which]}, the first at {(first + at) / rate:g} s; choose another "
                "stretch (start, seconds), or have them bridged by a straight line: gaps='interpolate'"
            )
        signal = _bridged(signal, invalid)
    shown = [names[k] or f"signal {k}" for k in chosen]
    shown = [
        f"{name} ({k})" if shown.count(name) > 1 else name for name, k in zip(shown, chosen, strict=True)
    ]
    return Leads(signal, tuple(shown), rate, first / rate, base.name)


def _check_size(base, header, chosen, samples):
    """Refuse files of the chosen signals that end before so many samples of each."""
    if samples is None or header.fmt is None:
        return
    for name in dict.fromkeys(header.file_name[k] for k in chosen):
        # A compressed file, or one that is not there on purpose, has no size that would follow from the header.
        signals = [k for k, file in enumerate(header.file_name) if file == name]
        size = _BYTES.get(header.fmt[signals[0]])
        if name == "~" or size is None:
            continue
        skipped = (header.byte_offset[signals[0]] if header.byte_offset else None) or 0
        frame = size * sum(
            (header.samps_per_frame[k] if header.samps_per_frame else None) or 1 for k in signals
        )
        needed, got = skipped + math.ceil(samples * frame), base.with_name(name).stat().st_size
        if got < needed:
            raise TaskError(
                f"{base.with_name(name)}: the signal file is too short: expected at least {needed} bytes for "
                f"{samples} samples of {len(signals)} signal{'s' * (len(signals) > 1)} as {base.name}.hea says, got "
                f"{got} bytes, {max(0, int((got - skipped) / frame))} samples; it was cut off, or belongs to another "
                "header: fetch both again"
            )


def _read(base, channels, first, last):
    wfdb = require("wfdb", "data")
    try:
        record = wfdb.rdrecord(str(base), sampfrom=first, sampto=last, channels=channels)
        signal = np.asarray(record.p_signal, dtype=float)
    except Exception as error:  # wfdb raises a dozen unrelated types on damaged signal files
        raise TaskError(
            f"{base}: its signals cannot be read: the header {base.name}.hea and what is in its signal file do not fit "
            "together, or one of them is damaged: fetch both again"
        ) from error
    if signal.ndim != 2 or len(signal) == 0:
        raise TaskError(f"{base}: expected a recording, got no sample; the recording is empty")
    return signal


def _bridged(signal, invalid):
    out, at = signal.copy(), np.arange(len(signal))
    for k in range(signal.shape[1]):
        bad = invalid[:, k]
        out[bad, k] = np.interp(at[bad], at[~bad], signal[~bad, k])
    return out


def signal_files(base):
    """Header and signal files of a record."""
    names = dict.fromkeys(name for name in getattr(read_header(base), "file_name", None) or () if name != "~")
    return [base.with_name(base.name + ".hea"), *(base.with_name(name) for name in names)]
