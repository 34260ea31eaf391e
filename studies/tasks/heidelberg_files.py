"""The HDF5 files of the Heidelberg data sets: found, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from ..data import find_data, need
from ..task import MissingDataError, TaskError
from .heidelberg_spikes import UNITS

_DIGITS = (
    "zero one two three four five six seven eight nine null eins zwei drei vier fünf sechs sieben acht neun"
)
# Names where the file has none (extra/keys); the label is the position. Those of SSC are only in the file.
CLASSES = {"shd": tuple(_DIGITS.split()), "ssc": tuple(str(k) for k in range(35))}
_REMEDY = "the file is damaged or of another layout: fetch it again"


@dataclass(frozen=True, eq=False)
class SpikeFile:
    """One file, its labels read, its spikes still to be read.

    Parameters
    ----------
    path : Path
    label : (recording,) array of int8
    speaker : (recording,) array of int, or None
    classes : tuple of str
    """

    path: Path
    label: np.ndarray
    speaker: np.ndarray | None
    classes: tuple[str, ...]

    @property
    def count(self):
        """Number of recordings."""
        return self.label.size

    def spikes(self, rows):
        """Yield times (s, as in the file) and units of some recordings.

        Raises
        ------
        TaskError
            A recording that is empty, whose times and units differ in number, whose times are negative, NaN or
            not ascending, or with a unit outside 0 to 699: which one, and what was found.
        """
        with _opened(self.path) as file:
            times, units = file["spikes/times"], file["spikes/units"]
            for k in rows:
                yield _checked(
                    f"{self.path}, recording {k}", _row(self.path, times, k), _row(self.path, units, k)
                )


def find(data, name, splits):
    """Paths of the files ``{name}/{name}_{split}.h5``.

    Raises
    ------
    MissingDataError
        One is missing, or there only as the archive that was downloaded.
    """
    folder = find_data(data)
    paths = []
    for split in splits:
        wanted = f"{name}/{name}_{split}.h5"
        for ending, command in ((".zip", "unzip"), (".gz", "gunzip -k")):
            if (
                folder is not None
                and not (folder / wanted).exists()
                and (folder / f"{wanted}{ending}").exists()
            ):
                raise MissingDataError(
                    f"{folder / wanted}: not found, but {wanted}{ending} is there; unpack it: cd {folder / name} && "
                    f"{command} {name}_{split}.h5{ending}"
                )
        paths.append(need(data, wanted, task=name, fetch=name))
    return tuple(paths)


def read(path, classes):
    """Labels, speakers and names of one file; its layout is checked.

    Parameters
    ----------
    path : Path
        With ``spikes/times`` and ``spikes/units`` (one array of variable length a recording), ``labels``, and
        optionally ``extra/speaker`` and ``extra/keys`` (names of the classes).
    classes : tuple of str
        Names where the file has none. Their number is the number of classes in both cases.

    Returns
    -------
    SpikeFile

    Raises
    ------
    TaskError
        Not an HDF5 file, damaged, or of another layout: what was expected, what came.
    MissingDataError
        The file may not be read.
    """
    with _opened(path) as file:
        for name in ("spikes/times", "spikes/units", "labels"):
            if not isinstance(file.get(name), h5py.Dataset):
                found = ", ".join(_names(file)) or "nothing"
                raise TaskError(
                    f"{path}: expected the datasets spikes/times, spikes/units and labels, no {name}, found {found}; "
                    "this is not a file of the Heidelberg data sets"
                )
        label = _whole(path, file, "labels")
        for name, kinds in (("spikes/times", "f"), ("spikes/units", "iu")):
            ds = file[name]
            base = h5py.check_vlen_dtype(ds.dtype)
            if base is None or base.kind not in kinds or ds.shape != label.shape:
                raise TaskError(
                    f"{path}: expected {name} as {label.size} arrays of variable length, one for each label, of "
                    f"{'floats' if kinds == 'f' else 'whole numbers'}, got {base or ds.dtype} of shape {ds.shape}; "
                    f"{_REMEDY}"
                )
        speaker = _whole(path, file, "extra/speaker") if "extra/speaker" in file else None
        if speaker is not None and speaker.shape != label.shape:
            raise TaskError(
                f"{path}: expected {label.size} values in extra/speaker, one for each label, got {speaker.size}; "
                f"{_REMEDY}"
            )
        if "extra/keys" in file:
            classes = _keys(path, file, len(classes))
    bad = np.flatnonzero((label < 0) | (label >= len(classes)))
    if bad.size:
        raise TaskError(
            f"{path}: expected labels from 0 to {len(classes) - 1}, got {label[bad[0]]} at recording {bad[0]} and "
            f"{bad.size - 1} more; {_REMEDY}"
        )
    return SpikeFile(path=Path(path), label=label.astype(np.int8), speaker=speaker, classes=classes)


def _opened(path):
    try:
        return h5py.File(path, "r")
    except PermissionError as error:
        raise MissingDataError(f"{path}: cannot be read ({error.strerror}); check the permissions") from error
    except OSError as error:
        raise TaskError(
            f"{path}: expected an HDF5 file, but it cannot be read ({error}); the file is damaged or incomplete: "
            "fetch it again"
        ) from error


def _names(file):
    found = []
    file.visit(found.append)
    return found


def _values(path, ds, selection=()):
    try:
        return ds[selection]
    except (OSError, RuntimeError, ValueError) as error:  # what h5py makes of a damaged chunk or heap
        raise TaskError(
            f"{path}: {ds.name} cannot be read ({error}); the file is damaged: fetch it again"
        ) from error


def _row(path, ds, k):
    return np.asarray(_values(path, ds, int(k)))


def _whole(path, file, name):
    ds = file[name]
    if not isinstance(ds, h5py.Dataset) or ds.dtype.kind not in "iu" or ds.ndim != 1 or ds.size == 0:
        what = f"{ds.dtype} of shape {ds.shape}" if isinstance(ds, h5py.Dataset) else "a group"
        raise TaskError(
            f"{path}: expected {name} as whole numbers, one for each recording, at least one, got {what}; {_REMEDY}"
        )
    return _values(path, ds).astype(np.int64)


def _keys(path, file, count):
    ds = file["extra/keys"]
    if not isinstance(ds, h5py.Dataset):
        raise TaskError(f"{path}: expected extra/keys as {count} names, got a group; {_REMEDY}")
    raw = np.ravel(_values(path, ds))
    names = tuple(k.decode("utf-8", "replace") if isinstance(k, bytes) else str(k) for k in raw)
    if len(names) != count or len(set(names)) != count:
        raise TaskError(
            f"{path}: expected {count} different names in extra/keys, got {len(names)}: {', '.join(names[:5])}, …; "
            f"{_REMEDY}"
        )
    return names


def _checked(where, times, units):
    if times.size == 0:
        raise TaskError(f"{where}: expected spikes, got none; {_REMEDY}")
    if times.size != units.size:
        raise TaskError(
            f"{where}: expected as many units as times, got {units.size} and {times.size}; {_REMEDY}"
        )
    bad = np.flatnonzero(~(times >= 0) | ~np.isfinite(times))
    if bad.size:
        raise TaskError(
            f"{where}: expected finite times >= 0 s, got {times[bad[0]]} at spike {bad[0]} and {bad.size - 1} "
            f"more; {_REMEDY}"
        )
    back = np.flatnonzero(np.diff(times) < 0)
    if back.size:
        raise TaskError(
            f"{where}: expected ascending times, got {times[back[0] + 1]} s after {times[back[0]]} s at spike "
            f"{back[0] + 1} and {back.size - 1} more; {_REMEDY}"
        )
    bad = np.flatnonzero((units < 0) | (units >= UNITS))
    if bad.size:
        raise TaskError(
            f"{where}: expected units from 0 to {UNITS - 1}, got {units[bad[0]]} at spike {bad[0]} and "
            f"{bad.size - 1} more; {_REMEDY}"
        )
    return times, units
