"""Files of NumPy arrays, read without trusting them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

LARGEST = 2**31  # bytes of arrays in a file


class ArraysRefused(ValueError):
    """An `.npz` file cannot be read: where, what was expected, what came, what to do."""


def read_npz(path: Path, *, largest: int = LARGEST) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz`` file; nothing is unpickled.

    Parameters
    ----------
    path : Path
    largest : int
        Bytes that the arrays may have together.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    ArraysRefused
        Missing, a folder, damaged, truncated or encrypted; pickled objects; arrays that are larger than what the
        file holds of them, or larger than allowed.
    """
    if path.is_dir():
        raise ArraysRefused(f"{path}: is a folder; give the .npz file in it")
    if not path.exists():
        raise ArraysRefused(f"{path}: no such file; expected an .npz of arrays")
    try:
        with open(path, "rb") as file:
            if file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
                raise ArraysRefused(f"{path}: expected an .npz of several arrays, got one array (.npy)")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > largest:
                raise ArraysRefused(f"{path}: expected at most {largest} bytes of arrays, got {total}")
            for member in members:
                _check_header(path, archive, member)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except ArraysRefused:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise a dozen unrelated types on damaged files
        raise ArraysRefused(
            f"{path}: cannot be read as .npz ({type(error).__name__}: {str(error)[:200]}); the file is damaged: fetch "
            "it again"
        ) from error


def _check_header(path, archive, member):
    """Hold what the header of an array claims against what is stored, before memory is taken for it."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ArraysRefused(
            f"{path}: {member.filename}: pickled objects, which are never loaded; expected plain arrays: save them "
            "with numpy.savez"
        )
    claimed = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    if claimed > member.file_size:
        raise ArraysRefused(
            f"{path}: {member.filename}: claims {claimed} bytes of shape {shape}, the file holds {member.file_size}; "
            "it is damaged: fetch it again"
        )
