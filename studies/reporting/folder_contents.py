"""Which page a folder has: that of its sweep, or of the one result in it."""

from __future__ import annotations

import h5netcdf

from ..results import ResultError
from ..running.records import SWEEP


def is_sweep(folder):
    """Whether a folder is that of a sweep."""
    return (folder / SWEEP).is_file()


def only_result(folder):
    """The one result file in a folder, Path.

    Raises
    ------
    ResultError
        None, or several.
    """
    found = [file for file in sorted(folder.glob("*.nc")) if _is_result(file)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ResultError(
            f"{folder}: no sweep ({SWEEP}) and no result file of a study (.nc) in it; give the folder that chronaxie "
            "run wrote, or a result file"
        )
    names = ", ".join(file.name for file in found)
    raise ResultError(f"{folder}: {len(found)} results and no sweep ({SWEEP}); give one of them: {names}")


def _is_result(file):
    """Networks are netCDF files too; only a result says of which study it is."""
    try:
        with h5netcdf.File(file, "r") as content:
            return "study" in content.attrs
    except OSError:
        return False
