"""What downloaded archives hold, as the files that the tasks read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np

FSDD_RATE = 8000  # Hz
_RECORDING = re.compile(r"(?:.*/)?recordings/([0-9])_([a-z]+)_([0-9]+)\.wav")


class ArchiveError(ValueError):
    """An archive is damaged, or holds something other than it should."""


def unpack_member(archive, member, target):
    """Write one file of a zip archive.

    Parameters
    ----------
    archive : path-like
    member : str
        Its name in the archive, in any folder of it.
    target : path-like
        The file to write; no name in the archive decides where.

    Raises
    ------
    ArchiveError
        No zip archive, a damaged one, one with names that lead out of it, or without the member.
    """
    with _opened(archive) as opened:
        found = [info for info in opened.infolist() if PurePosixPath(info.filename).name == member]
        if len(found) != 1:
            raise ArchiveError(f"expected one {member} in the archive, found {len(found)}")
        with opened.open(found[0]) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)


def pack_fsdd(archive, target):
    """Pack the recordings of the Free Spoken Digit Dataset into one npz file.

    Parameters
    ----------
    archive : path-like
        Zip archive with ``recordings/{digit}_{speaker}_{repetition}.wav``: mono, 8 kHz, 16 bit.
    target : path-like
        The npz file to write: ``samples`` (int16, all recordings one after the other), ``offsets``, ``labels``,
        ``speaker``, ``speaker_names``, ``index`` (the repetition), ``is_test`` (repetitions 0 to 4, the official test
        set), ``sample_rate``.

    Returns
    -------
    str
        Fingerprint of the samples, ``sha256:…``, in the order of speaker, digit and repetition.

    Raises
    ------
    ArchiveError
        As `unpack_member`; no recordings, or one of another format.
    """
    from scipy.io import wavfile

    found = []
    with _opened(archive) as opened:
        for info in opened.infolist():
            match = _RECORDING.fullmatch(info.filename)
            if match is None:
                continue
            content = opened.read(info)
            try:
                rate, samples = wavfile.read(io.BytesIO(content))
            except Exception as error:  # scipy raises several unrelated types on damaged files
                raise ArchiveError(f"{info.filename} is not a WAV file ({error})") from error
            if rate != FSDD_RATE or samples.dtype != np.int16 or samples.ndim != 1 or samples.size == 0:
                raise ArchiveError(
                    f"{info.filename}: expected samples of 16 bit at {FSDD_RATE} Hz on one channel, got "
                    f"{samples.dtype} {samples.shape} at {rate} Hz"
                )
            found.append((int(match[1]), match[2], int(match[3]), samples))
    if not found:
        raise ArchiveError("no recordings/*.wav in the archive")
    found.sort(key=lambda item: (item[1], item[0], item[2]))
    names = sorted({speaker for _, speaker, _, _ in found})
    samples = np.concatenate([item[3] for item in found]).astype("<i2")
    index = np.array([item[2] for item in found], np.uint8)
    with open(target, "wb") as file:
        np.savez_compressed(
            file,
            samples=samples,
            offsets=np.cumsum([0] + [len(item[3]) for item in found], dtype=np.int64),
            labels=np.array([item[0] for item in found], np.uint8),
            speaker=np.array([names.index(item[1]) for item in found], np.uint8),
            speaker_names=np.array(names),
            index=index,
            is_test=index < 5,
            sample_rate=np.int32(FSDD_RATE),
        )
    return f"sha256:{hashlib.sha256(samples.tobytes()).hexdigest()}"


@contextlib.contextmanager
def _opened(archive):
    """A zip archive that keeps to itself; what is read of it in the body is checked by its own sums."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                path = PurePosixPath(info.filename)
                out = (
                    path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename
                )
                if out or stat.S_ISLNK(info.external_attr >> 16):
                    raise ArchiveError(
                        f"the archive holds {info.filename!r}, which leads out of it; do not use it"
                    )
            yield opened
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ArchiveError(f"not a whole zip archive ({error})") from error
