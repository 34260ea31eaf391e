"""Where the results of a simulation go, piece by piece: into memory, or into a netCDF file."""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import h5netcdf
import numpy as np
import xarray as xr

from .atomic import written_beside
from .recordings import spike_attributes

# Events that are kept in memory before they are written.
BLOCK = 1 << 20
# Free space (bytes) that has to be left: HDF5 does not survive a disk that is full.
SPARE = 1 << 24


@dataclass(frozen=True)
class TraceShape:
    """One trace of a result.

    Attributes
    ----------
    name, neurons : str
        Of the variable, ``output_v``, and of its last dimension, ``output_neuron``.
    shape : tuple of int
        (trial, time, neuron).
    dtype : dtype
    attrs : dict
    """

    name: str
    neurons: str
    shape: tuple
    dtype: np.dtype
    attrs: dict


class MemorySink:
    """Keeps all results and makes a Dataset of them.

    Parameters
    ----------
    groups : sequence of str
        That spike.
    traces : sequence of TraceShape
    """

    def __init__(self, groups, traces):
        self._events = {group: [] for group in groups}
        self._shapes = traces
        self._traces = [np.zeros(t.shape, dtype=t.dtype) for t in traces]

    def events(self, group, trial, neuron, time):
        """Take spikes of a group, in the order trial, time, neuron from call to call."""
        self._events[group].append((trial, neuron, time))

    def trace(self, number, trial, first, rows):
        """Take samples (sample, neuron) of a trace from the sample `first` on."""
        self._traces[number][trial, first : first + len(rows)] = rows

    def dataset(self, variables, coords, attrs):
        """Return the Dataset, with further variables."""
        variables = dict(variables)
        for group, parts in self._events.items():
            parts = parts or [(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))]
            columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
            variables |= {
                name: (f"{group}_spike", values.astype(dtype, copy=False), about)
                for (name, dtype, about), values in zip(spike_attributes(group), columns, strict=True)
            }
        for shape, values in zip(self._shapes, self._traces, strict=True):
            variables[shape.name] = (("trial", "time", shape.neurons), values, shape.attrs)
        return xr.Dataset(variables, coords, attrs)


class FileSink:
    """Writes results to a netCDF4 file as they come; the file is whole or not there.

    Parameters
    ----------
    path : Path
    groups, traces
        As for `MemorySink`.
    stack : ExitStack
        On leaving it after an error, what was written is removed.
    """

    def __init__(self, path, groups, traces, stack):
        self.path, self._shapes = Path(path), traces
        self._check_room(0)
        self._place = stack.enter_context(written_beside(self.path))
        self._file = stack.enter_context(h5netcdf.File(self._place, "w"))
        self._sizes = dict.fromkeys(groups, 0)
        self._pending = {group: [] for group in groups}
        for group in groups:
            dim = f"{group}_spike"
            self._file.dimensions[dim] = None
            for name, dtype, about in spike_attributes(group):
                variable = self._file.create_variable(name, (dim,), dtype=dtype, chunks=(BLOCK // 8,))
                variable.attrs.update(about)
        for t in traces:
            for dim, n in zip(("trial", "time", t.neurons), t.shape, strict=True):
                if dim not in self._file.dimensions:
                    self._file.dimensions[dim] = n
            chunk = (1, max(1, min(t.shape[1], BLOCK // max(8 * t.shape[2], 1))), t.shape[2])
            variable = self._file.create_variable(
                t.name, ("trial", "time", t.neurons), dtype=t.dtype, chunks=chunk
            )
            variable.attrs.update(t.attrs)

    def events(self, group, trial, neuron, time):
        self._pending[group].append((trial, neuron, time))
        if sum(len(part[0]) for part in self._pending[group]) >= BLOCK:
            self._write_events(group)

    def trace(self, number, trial, first, rows):
        self._check_room(rows.nbytes)
        self._file.variables[self._shapes[number].name][trial, first : first + len(rows)] = rows

    def dataset(self, variables, coords, attrs):
        """Write the further variables; the file takes its place when the stack is left."""
        for group in self._pending:
            self._write_events(group)
        self._file.close()
        attrs = {name: value for name, value in attrs.items() if value is not None}
        xr.Dataset(variables, coords, attrs).to_netcdf(self._place, mode="a", engine="h5netcdf")

    def _check_room(self, more):
        free = shutil.disk_usage(self.path.parent).free
        if free < more + SPARE:
            raise OSError(
                errno.ENOSPC,
                f"{os.strerror(errno.ENOSPC)}: {free} bytes are free, {more} and {SPARE} to spare are needed; free "
                "some, or write elsewhere",
                str(self.path),
            )

    def _write_events(self, group):
        parts = self._pending[group]
        if not parts:
            return
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        self._check_room(sum(column.nbytes for column in columns))
        first, self._pending[group] = self._sizes[group], []
        self._sizes[group] += len(columns[0])
        self._file.resize_dimension(f"{group}_spike", self._sizes[group])
        for (name, _, _), values in zip(spike_attributes(group), columns, strict=True):
            self._file.variables[name][first : self._sizes[group]] = values
