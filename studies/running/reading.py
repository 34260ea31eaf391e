"""Many small result files, read at once: what xarray reads of each of them, in a tenth of its time.

xarray and h5netcdf look every variable up some forty times, and decode it on its own; that takes longer than a short
job. Here HDF5 is asked once for each variable and attribute, and variables that are alike in many files are decoded
together, by xarray. A file with anything that `write_result` does not write is left to xarray.
"""

from __future__ import annotations

from dataclasses import dataclass

import h5py
import numpy as np
import xarray as xr
from h5py import h5a

# Attributes in which netCDF keeps its own books (h5netcdf.attrs has the same list).
_OF_NETCDF = {
    "REFERENCE_LIST",
    "CLASS",
    "DIMENSION_LIST",
    "NAME",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_nc3_strict",
    "_NCProperties",
}
# The name of a dimension scale that is no variable begins so.
_ONLY_DIMENSION = b"This is a netCDF dimension but not a netCDF variable"


class DamagedFile(ValueError):
    """A file cannot be read.

    Parameters
    ----------
    file : path
    why : str
    """

    def __init__(self, file, why):
        super().__init__(why)
        self.file = file


class _Unfamiliar(Exception):
    """A file has something that `write_result` does not write."""


@dataclass(frozen=True)
class _Stored:
    """A variable as it stands in a file, not decoded."""

    dims: tuple
    attrs: dict
    values: np.ndarray

    @property
    def structure(self):
        """What variables have in common that can be decoded together."""
        attrs = tuple((name, type(value), _exactly(value)) for name, value in self.attrs.items())
        return self.dims, self.values.shape, self.values.dtype.str, attrs


def _exactly(value):
    """What only an equal attribute has too; NumPy's `repr` rounds, and leaves out the middle of long arrays."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.str, value.shape, value.tobytes()
    return repr(value)


def read_results(files):
    """The datasets in files of `write_result`, in memory, as `xarray.open_dataset` gives them.

    Parameters
    ----------
    files : sequence of path

    Returns
    -------
    list of xarray.Dataset
        Without the encoding of their files.

    Raises
    ------
    DamagedFile
    """
    stored, found = {}, {}
    for file in files:
        try:
            try:
                stored[file] = _stored(file)
            except _Unfamiliar:
                with xr.open_dataset(file, engine="h5netcdf") as ds:
                    found[file] = ds.load()
        except Exception as error:  # h5py and xarray name no common class for a damaged file
            raise DamagedFile(file, f"{type(error).__name__}: {error}") from error
    decoded = {file: {} for file in stored}
    for name in dict.fromkeys(name for variables, _ in stored.values() for name in variables):
        alike = {}
        for file, (variables, _) in stored.items():
            if name in variables:
                alike.setdefault(variables[name].structure, []).append(file)
        for group in alike.values():
            together = _decoded(name, [stored[file][0][name] for file in group])
            for file, one in zip(group, together, strict=True):
                decoded[file][name] = one
    found |= {file: _dataset(stored[file], decoded[file]) for file in stored}
    return [found[file] for file in files]


def _decoded(name, variables):
    """Variables of one structure, decoded by xarray."""
    first = variables[0]
    values = np.stack([variable.values for variable in variables])
    encoding = {"dtype": str} if values.dtype.kind == "O" else {}
    raw = xr.Variable(("of which file", *first.dims), values, first.attrs, encoding)
    one = xr.conventions.decode_cf_variable(name, raw).load()
    parts = list(one.values)
    if one.dtype.kind == "U":  # each as long as its own texts
        parts = [np.asarray(part, dtype=object).astype(str) for part in parts]
    return [xr.Variable(first.dims, part, one.attrs) for part in parts]


def _dataset(stored, decoded):
    """A file's variables and attributes as a dataset."""
    variables, attrs = stored
    coords = {name for name, one in variables.items() if one.dims == (name,)}
    attrs = dict(attrs)
    for holder in (attrs, *(one.attrs for one in decoded.values())):
        named = holder.pop("coordinates", "")
        coords |= set(named.split()) & decoded.keys()
    return xr.Dataset(
        {name: one for name, one in decoded.items() if name not in coords},
        {name: one for name, one in decoded.items() if name in coords},
        attrs,
    )


def _stored(file):
    """The variables by name, and the attributes, of a file."""
    with h5py.File(file, "r") as root:
        members = {name: root[name] for name in root}
        if not all(isinstance(member, h5py.Dataset) for member in members.values()):
            raise _Unfamiliar
        own = {name: list(member.attrs) for name, member in members.items()}
        scales = {name for name, names in own.items() if "CLASS" in names}
        by_number = {int(_attribute(members[name].id, "_Netcdf4Dimid")): name for name in scales}
        variables = {}
        for name, member in members.items():
            if name in scales and bytes(_attribute(member.id, "NAME")).startswith(_ONLY_DIMENSION):
                continue
            dims = ()
            if member.ndim and "_Netcdf4Coordinates" not in own[name]:
                raise _Unfamiliar
            if member.ndim:
                dims = tuple(by_number[k] for k in _attribute(member.id, "_Netcdf4Coordinates").tolist())
            if len(dims) != member.ndim:
                raise _Unfamiliar
            variables[name] = _Stored(dims, _attributes(member.id, own[name]), _values(member))
        return variables, _attributes(root.id, list(root.attrs))


def _values(member):
    """What a variable of numbers or texts holds."""
    text = h5py.check_string_dtype(member.dtype)
    if text is not None and text.length is None:
        return np.asarray(member.asstr()[()], dtype=object)
    if member.dtype.kind not in "biuf" or member.dtype.metadata:
        raise _Unfamiliar
    return np.asarray(member[()])


def _attributes(place, names):
    """Those that are not netCDF's own, as h5netcdf gives them: what is alone in an array stands by itself."""
    found = {}
    for name in names:
        if name in _OF_NETCDF:
            continue
        value = _attribute(place, name)
        if isinstance(value, np.ndarray):
            if value.dtype.kind not in "biufO" or value.ndim != 1:
                raise _Unfamiliar
            value = value[0] if len(value) == 1 else value
            if isinstance(value, np.ndarray) and value.dtype.kind == "O":
                value = list(value)
        found[name] = value
    return found


def _attribute(place, name):
    """An attribute as h5py gives it."""
    attribute = h5a.open(place, name.encode())
    if attribute.dtype.kind == "O" and h5py.check_string_dtype(attribute.dtype) is None:
        raise _Unfamiliar
    value = np.empty(attribute.shape, attribute.dtype)
    attribute.read(value)
    if value.dtype.kind == "O":
        value = np.array([v.decode() if isinstance(v, bytes) else v for v in value.ravel()], object).reshape(
            value.shape
        )
    elif value.dtype.kind == "S":
        return value[()]
    return value if value.ndim else value[()]
