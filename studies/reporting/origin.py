"""Where a result comes from and how it is read: tables of its attributes and variables, and the lines that load it."""

from __future__ import annotations

import json
import time

from .commands import configuration
from .parts import Folded, Table
from .tables import capital

# Attributes in the order in which they are shown, and what they are.
_SAID = {
    "study": "study",
    "task": "task",
    "model": "model",
    "network": "network",
    "record": "record",
    "seed": "seed",
    "seeds": "seeds",
    "best_epoch": "best epoch",
    "data_source": "data",
    "data_licence": "licence of the data",
    "data_hash": "hash of the data",
    "data_description": "what the data are",
    "chronaxie_version": "chronaxie",
    "commit": "commit",
    "package_versions": "packages",
    "python": "Python",
    "machine": "machine",
    "device": "Brian2 device",
    "engine": "engine of the twin",
    "wall_time_s": "wall time (s)",
}
# Text that is longer is shown when it is opened.
_LONG = 200


def provenance_tables(ds, file):
    """Versions, machine, data, seeds; then the configuration and what other attributes there are.

    Parameters
    ----------
    ds : xarray.Dataset
    file : Path
        Of the dataset.

    Returns
    -------
    tuple of Table
    """
    written = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(file.stat().st_mtime))
    rows = [
        (capital(text), _text(_said(ds, name))) for name, text in _SAID.items() if _said(ds, name) is not None
    ]
    rows += [("File", file.name), ("Date of the file", written)]
    config = configuration(ds, file)
    fields = tuple(
        (name, "recipe or default" if value is None else _text(value)) for name, value in config.items()
    )
    left = tuple(
        (name, _text(value))
        for name, value in ds.attrs.items()
        if name not in _SAID and name != "configuration"
    )
    return (
        Table("Provenance", ("What", "Value"), tuple(rows)),
        *([Table("Configuration", ("Field", "Value"), fields, folded=True)] if fields else []),
        *([Table("Other attributes", ("Attribute", "Value"), left, folded=True)] if left else []),
    )


def contents(ds):
    """The variables of a dataset: name, dimensions, unit, what it is."""
    rows = tuple(
        (
            str(name),
            ", ".join(f"{dim}: {size}" for dim, size in array.sizes.items()) or "single number",
            _unit(array),
            str(array.attrs.get("long_name", "")),
        )
        for name, array in ds.variables.items()
    )
    return Table("Variables of the dataset", ("Name", "Dimensions", "Unit", "What it is"), rows, folded=True)


def loading(name, *, zarr=False):
    """The lines of Python that load the dataset."""
    if zarr:
        return f"import xarray as xr\n\nds = xr.open_zarr({name!r})"
    return f'import xarray as xr\n\nds = xr.open_dataset({name!r}, engine="h5netcdf")'


def _said(ds, name):
    """An attribute, or what the jobs of a sweep have in its place; None where neither is there."""
    if name in ds.attrs or name not in ds.data_vars or ds[name].dtype.kind not in "OUT":
        return ds.attrs.get(name)
    return " | ".join(sorted({str(value) for value in ds[name].values.ravel()} - {""}))


def _unit(array):
    unit = str(array.attrs.get("units", ""))
    return "" if unit == "1" else unit


def _text(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
    return Folded(text[: _LONG // 2].rstrip() + " …", text) if len(text) > _LONG else text


def _plain(value):
    return value.tolist() if hasattr(value, "tolist") else str(value)
