"""Task `spoken_digits`: recordings of spoken digits, heard by a cochlea with hair cells; a digit a trial."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable

import numpy as np
import xarray as xr

from ...models.speech import SpeechEncoder, encode_speech
from ..cache import cached
from ..task import Task, TaskError, make_split
from .checking import check_fraction, check_whole
from .fsdd import DIGITS, read_fsdd


def load_spoken_digits(
    data: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    leave_out: str | None = None,
    valid_fraction: float = 0.1,
    encoder: SpeechEncoder | None = None,
    progress: bool | None = None,
    report: Callable[[str], object] | None = None,
) -> Task:
    """Free Spoken Digit Dataset: 3000 recordings of the digits 0 to 9 by six speakers, as spikes.

    Every recording is encoded alone, from its level to its spikes (`chronaxie.models.encode_speech`), once:
    the result is kept in the user's cache. The validation trials are drawn by `seed` from what is not test, the
    same number of each digit and speaker.

    Each split has the coordinate ``speaker (trial)``; ``trial`` is the number of the recording in the order
    speaker, digit, repetition.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``fsdd/fsdd.npz``, or ``fsdd/recordings`` with the WAV files of the release; default:
        CHRONAXIE_DATA, else what ``chronaxie fetch fsdd`` has downloaded.
    seed : int
        Of the validation split, >= 0.
    leave_out : str, optional
        Name of a speaker: all recordings of that one are the test set, and nothing else is. By default the
        official test set, repetitions 0 to 4 of every speaker and digit.
    valid_fraction : float
        Part of the recordings of each digit and speaker outside the test set that validates, > 0 and < 1: at
        least one, while one is left to train on.
    encoder : SpeechEncoder, optional
    progress : bool, optional
        Show a progress bar while recordings are encoded; by default where stderr is a terminal.
    report : callable, optional
        Takes a line of text about the cache.

    Returns
    -------
    Task

    Raises
    ------
    MissingDataError
        No folder named, or the recordings are not in it.
    TaskError
        Damaged or incomplete recordings, a silent one, too few to validate on, an encoder that does not fit
        their sampling rate.
    ValueError
        `seed`, `valid_fraction` or `leave_out` out of range.
    """
    check_fraction("load_spoken_digits", "valid_fraction", valid_fraction)
    check_whole("load_spoken_digits", "seed", seed)
    encoder = SpeechEncoder() if encoder is None else encoder
    if not isinstance(encoder, SpeechEncoder):
        raise TypeError(f"load_spoken_digits: encoder must be a SpeechEncoder, got {type(encoder).__name__}")
    recordings = read_fsdd(data)
    speakers = sorted(set(recordings.speaker.tolist()))
    if leave_out is not None and leave_out not in speakers:
        raise ValueError(
            f"load_spoken_digits: leave_out must be a speaker, one of {', '.join(speakers)}, got {leave_out!r}"
        )
    test = recordings.is_test if leave_out is None else recordings.speaker == leave_out
    train, valid = _split(recordings, test, float(valid_fraction), seed)
    content = recordings.fingerprint()
    key = encoder.key() | {"recordings": content}
    identity = json.dumps(key | {"leave_out": leave_out}, sort_keys=True)
    show = sys.stderr.isatty() if progress is None else progress
    spikes = cached(
        "spoken_digits", key, lambda: _encode(recordings, encoder, show), report=report
    ).stimulus.values

    def split(chosen):
        ds = make_split(
            spikes[chosen],
            recordings.digit[chosen],
            dt=encoder.dt,
            trial=chosen,
            channel=encoder.names,
        )
        return ds.assign_coords(speaker=("trial", recordings.speaker[chosen]))

    length = np.array([len(x) for x in recordings.samples]) / recordings.sampling_rate
    cut = int((length > encoder.duration * (1 + 1e-9)).sum())
    held = (
        "official test set" if leave_out is None else f"test set: the speaker {leave_out}, who is in no other"
    )
    return Task(
        name="spoken_digits",
        train=split(train),
        valid=split(valid),
        test=split(np.flatnonzero(test)),
        classes=DIGITS,
        dt=encoder.dt,
        source="Free Spoken Digit Dataset (Jackson et al.), gammatone cochlea and hair cells in Brian2",
        licence="recordings: CC BY-SA 4.0",
        hash=f"sha256:{hashlib.sha256(identity.encode()).hexdigest()}",
        description=f"FSDD: a spoken digit as spikes of {len(encoder.names)} hair cells, "
        f"{encoder.steps} steps of {encoder.dt * 1e3:g} ms; {cut} of {len(length)} recordings are longer and "
        f"lose their end; {held}",
    )


def _encode(recordings, encoder, progress):
    try:
        spikes = encode_speech(
            recordings.samples, recordings.sampling_rate, encoder=encoder, progress=progress
        )
    except ValueError as error:
        raise TaskError(f"{recordings.where}: {error}") from error
    return xr.Dataset({"stimulus": (("trial", "time", "channel"), spikes)})


def _split(recordings, test, fraction, seed):
    """Numbers of the recordings that train and that validate, ascending: stratified by speaker and digit."""
    rng = np.random.default_rng(seed)
    train, valid = [], []
    for speaker in sorted(set(recordings.speaker.tolist())):
        for digit in range(len(DIGITS)):
            chosen = (recordings.speaker == speaker) & (recordings.digit == digit) & ~test
            order = rng.permutation(np.flatnonzero(chosen))
            count = min(max(1, round(fraction * order.size)), max(order.size - 1, 0))
            valid.extend(order[:count])
            train.extend(order[count:])
    if not valid or not train or not test.any():
        raise TaskError(
            f"{recordings.where}: expected recordings to train, validate and test on, got {len(train)}, "
            f"{len(valid)} and {int(test.sum())}; take the complete dataset: chronaxie fetch fsdd"
        )
    return np.sort(np.array(train)), np.sort(np.array(valid))
