"""Reader of idx files, the format of MNIST."""

from __future__ import annotations

import gzip
import math
import zlib

import numpy as np

from ..task import MissingDataError, TaskError

_GZIP = b"\x1f\x8b"
_BYTE = 8  # the code of unsigned bytes in the third byte of the file


def read_idx(path, *, item=()):
    """The array of unsigned bytes in an idx file, gzipped or not, read strictly.

    An idx file begins with two zero bytes, a code for the type of its numbers (8: unsigned bytes) and the
    number of its dimensions; then come the dimensions as big-endian 32-bit numbers and the values in
    row-major order. Whether the file is gzipped is read off its first two bytes, not its name.

    Parameters
    ----------
    path : Path
    item : tuple of int
        Expected shape of one entry: (28, 28) for the images of MNIST, () for labels.

    Returns
    -------
    numpy.ndarray of uint8, shape (entries, *item)

    Raises
    ------
    MissingDataError
        The file is not there or cannot be read.
    TaskError
        It is no idx file of unsigned bytes, has other dimensions, is empty, is cut short or holds more than
        it says, or its compression is damaged.
    """
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == _GZIP
            file.seek(0)
            if not zipped:
                return _read(file, path, item)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read(unzipped, path, item)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TaskError(
            f"{path}: expected a gzipped idx file, but it cannot be unpacked ({error}); the file is damaged: "
            "fetch it again"
        ) from error
    except OSError as error:
        raise MissingDataError(
            f"{path}: cannot be read ({error.strerror}); expected an idx file; check the path and the "
            "permissions"
        ) from error


def _read(file, path, item):
    """The values of an open file, its head checked before they are read."""
    magic = file.read(4)
    expected = f"unsigned bytes of shape (entries, {', '.join(map(str, item))})".replace(", )", ",)")
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise TaskError(
            f"{path}: expected an idx file, which begins with two zero bytes, got "
            f"{magic.hex(' ') or 'nothing'}; this is another file, or damaged: fetch it again"
        )
    if magic[2] != _BYTE or magic[3] != 1 + len(item):
        raise TaskError(
            f"{path}: expected {expected}, so 00 00 08 0{1 + len(item)} at the beginning, got "
            f"{magic.hex(' ')}; images and labels are in files of their own: check the names"
        )
    head = file.read(4 * magic[3])
    if len(head) < 4 * magic[3]:
        raise TaskError(f"{path}: expected {magic[3]} dimensions, the file ends before; fetch it again")
    shape = tuple(np.frombuffer(head, ">u4").tolist())
    if shape[1:] != tuple(item) or shape[0] == 0:
        raise TaskError(
            f"{path}: expected {expected} with at least one entry, got {shape}; this is another data set, or "
            "damaged: fetch it again"
        )
    size = math.prod(shape)
    values = file.read(size + 1)  # one more: the end, with the checksum, must follow
    if len(values) != size:
        got = "more" if len(values) > size else f"{len(values)}"
        raise TaskError(
            f"{path}: expected {size} values, as its head says, got {got}; the file is damaged: "
            "fetch it again"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)
