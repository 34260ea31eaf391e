"""The Free Spoken Digit Dataset, read from its packed form or from its WAV files, and checked."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass

import numpy as np
from scipy.io import wavfile

from ..data import need
from ..task import MissingDataError, TaskError

FILES = ("fsdd/fsdd.npz", "fsdd/recordings")
DIGITS = tuple("0123456789")
# Repetitions 0 to 4 are the official test set (the dataset's README).
TEST_REPETITIONS = 5
_NAME = re.compile(r"(\d)_([a-z]+)_(\d+)\.wav")
_REMEDY = "the file is damaged: fetch it again"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Recordings of spoken digits, in the order speaker, digit, repetition.

    Parameters
    ----------
    where : str
        File or folder, for messages.
    samples : tuple of (sample,) arrays of int16
    digit : (recording,) array of int8
    speaker : (recording,) array of str
    repetition : (recording,) array of int
    is_test : (recording,) array of bool
        The official test set.
    sampling_rate : int, Hz
    """

    where: str
    samples: tuple[np.ndarray, ...]
    digit: np.ndarray
    speaker: np.ndarray
    repetition: np.ndarray
    is_test: np.ndarray
    sampling_rate: int

    def fingerprint(self):
        """``sha256:…`` of samples, labels and sampling rate: the same for the packed and the WAV form."""
        digest = hashlib.sha256(f"{self.sampling_rate}".encode())
        for x, digit, speaker, repetition in zip(
            self.samples, self.digit, self.speaker, self.repetition, strict=True
        ):
            digest.update(f"|{digit}_{speaker}_{repetition}_{len(x)}|".encode())
            digest.update(x.astype("<i2").tobytes())
        digest.update(np.packbits(self.is_test).tobytes())
        return f"sha256:{digest.hexdigest()}"


def read_fsdd(data=None):
    """All recordings of the dataset.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``fsdd/fsdd.npz``, or ``fsdd/recordings`` with the WAV files of the release.

    Returns
    -------
    Recordings

    Raises
    ------
    MissingDataError
        Neither is there.
    TaskError
        What is there is damaged, incomplete or of another layout.
    """
    path = need(data, *FILES, task="spoken_digits", fetch="fsdd")
    return read_folder(path) if path.is_dir() else read_npz(path)


# ------------------------------------------------------------------ the packed form
_ARRAYS = {  # name: (kinds of dtype, dimensions)
    "samples": ("i", 1),
    "offsets": ("iu", 1),
    "labels": ("iu", 1),
    "speaker": ("iu", 1),
    "speaker_names": ("U", 1),
    "index": ("iu", 1),
    "is_test": ("b", 1),
    "sample_rate": ("iu", 0),
}


def read_npz(path):
    """Recordings from one npz file: all samples one after the other, and where each recording begins.

    Parameters
    ----------
    path : Path
        Holds samples (int16), offsets (recording k is ``samples[offsets[k]:offsets[k+1]]``), labels (0 to 9),
        speaker (number in speaker_names), speaker_names, index (repetition), is_test, sample_rate (Hz).

    Returns
    -------
    Recordings

    Raises
    ------
    MissingDataError
        It cannot be opened.
    TaskError
        Damaged, or its arrays are not as described: which one, what was expected, what came.
    """
    arrays = _load(path)
    samples, offsets = arrays["samples"], arrays["offsets"].astype(np.int64)
    count = arrays["labels"].size
    if samples.dtype != np.int16:
        raise TaskError(f"{path}: expected samples as int16, got {samples.dtype}; {_REMEDY}")
    if count == 0:
        raise TaskError(f"{path}: expected at least one recording, got none; {_REMEDY}")
    for name, size in (
        ("offsets", count + 1),
        ("speaker", count),
        ("index", count),
        ("is_test", count),
    ):
        if arrays[name].size != size:
            raise TaskError(
                f"{path}: expected {name} of size {size}, since there are {count} labels, got "
                f"{arrays[name].size}; {_REMEDY}"
            )
    if offsets[0] != 0 or offsets[-1] != samples.size:
        raise TaskError(
            f"{path}: expected offsets from 0 to the number of samples, {samples.size}, got {offsets[0]} to "
            f"{offsets[-1]}; {_REMEDY}"
        )
    empty = np.flatnonzero(np.diff(offsets) <= 0)
    if empty.size:
        k = empty[0]
        raise TaskError(
            f"{path}: expected ascending offsets, at least one sample a recording, got {offsets[k]} and "
            f"{offsets[k + 1]} at recording {k} and {empty.size - 1} more; {_REMEDY}"
        )
    names = arrays["speaker_names"]
    _within(path, "labels", arrays["labels"], len(DIGITS))
    _within(path, "speaker", arrays["speaker"], names.size)
    _within(path, "index", arrays["index"], None)
    if len(set(names.tolist())) != names.size:
        raise TaskError(f"{path}: expected different speaker_names, got {names.tolist()}; {_REMEDY}")
    if not arrays["sample_rate"] > 0:
        raise TaskError(f"{path}: expected sample_rate > 0 Hz, got {arrays['sample_rate']}; {_REMEDY}")
    return Recordings(
        where=str(path),
        samples=tuple(np.split(samples, offsets[1:-1])),
        digit=arrays["labels"].astype(np.int8),
        speaker=names[arrays["speaker"]],
        repetition=arrays["index"].astype(np.int64),
        is_test=arrays["is_test"],
        sampling_rate=int(arrays["sample_rate"]),
    )


def _load(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            found = sorted(file.files)
            missing = sorted(set(_ARRAYS) - set(found))
            if missing:
                raise TaskError(
                    f"{path}: expected the arrays {', '.join(_ARRAYS)}; {', '.join(missing)} missing, found "
                    f"{', '.join(found)}; this is not the packed FSDD"
                )
            arrays = {name: file[name] for name in _ARRAYS}
    except TaskError:
        raise
    except PermissionError as error:
        raise MissingDataError(f"{path}: cannot be read ({error.strerror}); check the permissions") from error
    except Exception as error:  # zipfile, zlib and numpy raise half a dozen unrelated types on damaged files
        raise TaskError(
            f"{path}: expected an npz file, but it cannot be read ({type(error).__name__}: {error}); {_REMEDY}"
        ) from error
    for name, (kinds, dims) in _ARRAYS.items():
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != dims:
            what = {"i": "integers", "iu": "whole numbers", "U": "text", "b": "bool"}[kinds]
            raise TaskError(
                f"{path}: expected {name} as {what} with {dims} dimension(s), got {array.dtype} of shape "
                f"{array.shape}; {_REMEDY}"
            )
    return arrays


def _within(path, name, values, size):
    bad = np.flatnonzero((values < 0) | ((values >= size) if size is not None else False))
    if bad.size:
        upto = f" to {size - 1}" if size is not None else " or more"
        raise TaskError(
            f"{path}: expected {name} from 0{upto}, got {values[bad[0]]} at recording {bad[0]} and "
            f"{bad.size - 1} more; {_REMEDY}"
        )


# ------------------------------------------------------------------ the WAV files of the release
def read_folder(folder):
    """Recordings from the WAV files of the release, ``{digit}_{speaker}_{repetition}.wav``.

    Repetitions 0 to 4 are the official test set.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Recordings

    Raises
    ------
    MissingDataError
        No WAV file in it.
    TaskError
        A WAV file of another name, damaged, not mono int16, empty, or of another sampling rate than the first.
    """
    paths = sorted(folder.glob("*.wav"))
    if not paths:
        raise MissingDataError(
            f"{folder}: expected the recordings {{digit}}_{{speaker}}_{{repetition}}.wav, found no WAV file; "
            "fetch it again: chronaxie fetch fsdd"
        )
    found = []
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise TaskError(
                f"{path}: expected a name {{digit}}_{{speaker}}_{{repetition}}.wav, such as 7_jackson_32.wav; "
                "move other files away"
            )
        found.append((match[2], int(match[1]), int(match[3]), path))
    found.sort()
    rates, samples = [], []
    for *_, path in found:
        rate, x = _wav(path)
        if rates and rate != rates[0]:
            raise TaskError(
                f"{path}: expected the sampling rate of {found[0][-1].name}, {rates[0]} Hz, got {rate} Hz; "
                "resample it or fetch it again"
            )
        rates.append(rate)
        samples.append(x)
    repetition = np.array([f[2] for f in found])
    return Recordings(
        where=str(folder),
        samples=tuple(samples),
        digit=np.array([f[1] for f in found], dtype=np.int8),
        speaker=np.array([f[0] for f in found]),
        repetition=repetition,
        is_test=repetition < TEST_REPETITIONS,
        sampling_rate=rates[0],
    )


def _wav(path):
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MissingDataError(f"{path}: cannot be read ({error.strerror}); check the permissions") from error
    # scipy warns of a file that ends too early, and returns what there is.
    declared = int.from_bytes(raw[4:8], "little") + 8
    if raw[:4] == b"RIFF" and len(raw) < declared:
        raise TaskError(
            f"{path}: expected {declared} bytes, as its header says, got {len(raw)}; the file is incomplete: fetch it "
            "again"
        )
    try:
        rate, x = wavfile.read(io.BytesIO(raw))
    except Exception as error:  # scipy raises ValueError, struct.error and more on damaged files
        raise TaskError(
            f"{path}: expected a WAV file, but it cannot be read ({type(error).__name__}: {error}); {_REMEDY}"
        ) from error
    if x.dtype != np.int16 or x.ndim != 1 or x.size == 0 or rate <= 0:
        raise TaskError(
            f"{path}: expected a mono recording of int16 samples at a sampling rate > 0, got {x.dtype} of shape "
            f"{x.shape} at {rate} Hz; fetch it again"
        )
    return int(rate), x
