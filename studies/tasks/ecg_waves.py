"""From annotated waves of an ECG to a label at each step, and from patients to splits."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from ..task import TaskError
from .checking import check_fraction, check_whole

CLASSES = ("none", "P", "QRS", "T")
WAVE_TYPES = ("P", "QRS", "T")
_MISSING = -1


def wave_labels(waves, *, rate, samples, dt, steps, where):
    """The wave at each step.

    A step at time k·dt has the class of the wave with onset <= k·dt <= offset, else ``none``. It is unlabelled, −1,

    * before the first and after the last annotated wave, where annotators leave beats out;
    * where a boundary of a wave is not marked: between its peak and the neighbouring wave (its peak, where that
      side of it is not marked either).

    Parameters
    ----------
    waves : (wave, 4) array of int
        Type (0 P, 1 QRS, 2 T), onset, peak and offset, in samples at `rate`; −1 for a boundary that is not marked.
        In the order of their peaks.
    rate : float, Hz
    samples : int
        Length of the recording.
    dt : float, s
    steps : int
    where : str
        Of the recording, for messages.

    Returns
    -------
    (steps,) array of int8
        Index into `CLASSES`, −1 where unlabelled.

    Raises
    ------
    TaskError
        No wave at all, or waves that are no waves: unknown type, boundaries out of order or outside the recording,
        overlapping waves.
    """
    waves = np.asarray(waves)
    if waves.ndim != 2 or waves.shape[-1] != 4 or len(waves) == 0:
        raise TaskError(
            f"{where}: expected annotated waves (P, QRS, T), got none; choose an annotated lead, or leave it out"
        )
    kind, onset, peak, offset = waves.T.astype(np.int64)
    onset_or_peak = np.where(onset == _MISSING, peak, onset)
    offset_or_peak = np.where(offset == _MISSING, peak, offset)
    bad = (kind < 0) | (kind >= len(WAVE_TYPES))
    bad |= (
        (onset_or_peak > peak) | (peak > offset_or_peak) | (onset_or_peak < 0) | (offset_or_peak >= samples)
    )
    bad[1:] |= onset_or_peak[1:] <= offset_or_peak[:-1]
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise TaskError(
            f"{where}: expected waves of type 0 to 2, one after the other, with 0 <= onset <= peak <= offset < "
            f"{samples}, got (type, onset, peak, offset) = {waves[first].tolist()} as wave {first} after "
            f"{waves[first - 1].tolist() if first else 'none'}; the annotation is damaged: fetch it again"
        )
    # Rounded: k·dt·rate is a whole number but for its last bits where the rates are multiples.
    at = np.round(np.arange(steps) * (dt * rate), 6)
    label = np.full(steps, -1, dtype=np.int8)
    label[(at >= onset_or_peak[0]) & (at <= offset_or_peak[-1])] = 0
    for k in range(len(waves)):
        label[(at >= onset_or_peak[k]) & (at <= offset_or_peak[k])] = 1 + kind[k]
    for k in np.flatnonzero(onset == _MISSING):
        label[(at > (offset_or_peak[k - 1] if k else -1)) & (at < peak[k])] = -1
    for k in np.flatnonzero(offset == _MISSING):
        label[(at > peak[k]) & (at < (onset_or_peak[k + 1] if k + 1 < len(waves) else samples))] = -1
    return label


def task_hash(files, **decided):
    """Fingerprint of a task: of its files and of everything else that decides stimuli, labels and splits.

    Parameters
    ----------
    files : str
        From `fingerprint`.
    **decided
        Values that JSON can hold.

    Returns
    -------
    str
        ``sha256:…``
    """
    text = json.dumps({"files": files} | decided, sort_keys=True, allow_nan=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def split_patients(strata, *, valid_fraction, test_fraction, seed, where):
    """Deal patients out into three splits, each with about the same share of every stratum.

    The patients of each stratum are brought into a random order and the strata laid one after the other; every
    n-th of this row is tested, and of the others every m-th validates.

    Parameters
    ----------
    strata : (patient,) array
        What shall be equally frequent in the splits.
    valid_fraction, test_fraction : float
        Shares of all patients, > 0, together < 1; at least one patient each, and one is left to train.
    seed : int, >= 0
    where : str
        For messages.

    Returns
    -------
    train, valid, test : array of int
        Positions in `strata`, ascending; each patient in one of them.

    Raises
    ------
    ValueError
        Fractions or seed out of range.
    TaskError
        Fewer than three patients.
    """
    check_fraction(where, "valid_fraction", valid_fraction)
    check_fraction(where, "test_fraction", test_fraction)
    if valid_fraction + test_fraction >= 1:
        raise ValueError(
            f"{where}: valid_fraction and test_fraction must leave patients to train on, got {valid_fraction} and "
            f"{test_fraction}"
        )
    check_whole(where, "seed", seed)
    strata = np.asarray(strata)
    count = len(strata)
    if count < 3:
        raise TaskError(
            f"{where}: expected recordings of at least 3 patients, to train, validate and test on, got {count}; "
            "add recordings"
        )
    rng = np.random.default_rng(seed)
    row = np.concatenate([rng.permutation(np.flatnonzero(strata == s)) for s in np.unique(strata)])
    n_test = min(max(1, round(test_fraction * count)), count - 2)
    n_valid = min(max(1, round(valid_fraction * count)), count - n_test - 1)
    test = _every(row, n_test)
    rest = row[~np.isin(row, test)]
    valid = _every(rest, n_valid)
    train = rest[~np.isin(rest, valid)]
    return np.sort(train), np.sort(valid), np.sort(test)


def _every(row, count):
    return row[((np.arange(count) + 0.5) * len(row) / count).astype(int)]
