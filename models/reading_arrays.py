"""The arrays of a network file, checked for type, shape and range when they are read."""

import h5py
import numpy as np

from . import checking as check

NUMBERS = ("float64", "int32", "uint8")


def is_dimension(dataset):
    """A netCDF dimension without coordinate values: it has a length and no content, and is never read."""
    name = dataset.attrs.get("NAME", b"")
    return isinstance(name, bytes) and name.startswith(
        b"This is a netCDF dimension but not a netCDF variable"
    )


def read_array(at, name, where, empty=None):
    """Return the array `name` of an HDF5 group; its size has been checked before (see `reading_files`).

    Without such an array it is `empty`, unless that is None.
    """
    dataset = at.get(name)
    if dataset is None and empty is not None:
        return np.empty(0, dtype=empty)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.name not in NUMBERS or is_dimension(dataset):
        check.refuse(where, f"an array {name!r}", dataset)
    return dataset[()] if dataset.shape else np.asarray(dataset[()])


def _variables(at, where):
    variables = at.get("variables")
    if not isinstance(variables, h5py.Group):
        return {}
    found = {}
    for name in variables:
        if not is_dimension(variables[name]):
            values = read_array(variables, check.identifier(where, name), where)
            found[name] = values if values.ndim else values.reshape(1)
    return found


class GroupArrays:
    """The arrays of one group: its size, values of variables, and spikes; read, and checked for shape and range."""

    def __init__(self, name, at):
        self.at, self.where = at, f"group {name}"
        neuron = read_array(at, "neuron", self.where)
        if neuron.dtype != np.int32 or not neuron.size or not np.array_equal(neuron, np.arange(neuron.size)):
            check.refuse(self.where, "neuron = 0, 1, 2, …", neuron[:5])
        self.size = neuron.size
        self.variables = _variables(at, self.where)

    def link(self, name, size):
        """Return the index array of a linked variable."""
        at = self.at.get("links")
        if not isinstance(at, h5py.Group):
            check.refuse(self.where, "a group 'links'", at)
        index = read_array(at, check.identifier(self.where, name), self.where)
        if index.dtype != np.int32 or index.shape != (size,) or index.min() < 0:
            check.refuse(self.where, f"{size} indices from 0 for the link {name}", index)
        index = index.astype(np.int64)
        index.flags.writeable = False
        return index

    @property
    def rates(self):
        rates = self.variables.get("rates")
        if rates is None or rates.dtype != np.float64 or rates.shape != (self.size,):
            check.refuse(self.where, f"{self.size} rates", rates)
        return rates

    def spikes(self):
        """Return (indices, times), sorted by time, then index, as Brian2 has them."""
        at = self.at.get("spikes")
        if not isinstance(at, h5py.Group):
            check.refuse(self.where, "a group 'spikes'", at)
        indices, times = (
            read_array(at, name, self.where, empty=dtype)
            for name, dtype in (("index", np.int32), ("time", np.float64))
        )
        if (
            indices.dtype != np.int32
            or times.dtype != np.float64
            or indices.ndim != 1
            or indices.shape != times.shape
        ):
            check.refuse(self.where, "an index and a time for each spike", (indices.shape, times.shape))
        if indices.size:
            if not 0 <= indices.min() <= indices.max() < self.size:
                check.refuse(
                    self.where, f"spikes of neurons 0 to {self.size - 1}", (indices.min(), indices.max())
                )
            if not np.isfinite(times).all() or times.min() < 0:
                check.refuse(self.where, "finite times of spikes from 0", times.min())
            if not np.array_equal(np.lexsort((indices, times)), np.arange(indices.size)):
                check.refuse(self.where, "spikes sorted by time and index", "others")
        return indices, times


class SynapseArrays:
    """The arrays of one synapses object: indices, values of variables, delays."""

    def __init__(self, name, at, dt):
        self.at, self.where, self.dt = at, f"synapses {name}", dt
        self.pre, self.post = (read_array(at, side, self.where, empty=np.int32) for side in ("pre", "post"))
        for index in (self.pre, self.post):
            if index.dtype != np.int32 or index.ndim != 1 or index.shape != self.pre.shape:
                check.refuse(self.where, "pre and post for each synapse", (self.pre.shape, self.post.shape))
        self.variables = _variables(at, self.where)

    def check_range(self, index, start, stop):
        """Refuse indices outside of what is connected."""
        if index.size and not start <= index.min() <= index.max() < stop:
            check.refuse(self.where, f"indices from {start} to {stop - 1}", (index.min(), index.max()))

    def link(self, name, size):
        """Synapses are linked by the name of a variable."""
        check.refuse(self.where, "a name as index of a link", f"an array for {name}")

    def delay(self, name):
        """Return the delays of a pathway (s), checked."""
        at = self.at.get("delays")
        if not isinstance(at, h5py.Group):
            check.refuse(self.where, "a group 'delays'", at)
        delay = read_array(at, name, self.where, empty=None if self.pre.size else np.float64)
        if delay.dtype != np.float64 or delay.shape not in ((), self.pre.shape):
            check.refuse(self.where, "one delay, or one for each synapse", delay.shape)
        if not np.isfinite(delay).all() or (delay < 0).any() or (delay > check.LONGEST_DELAY * self.dt).any():
            check.refuse(self.where, f"delays from 0 to {check.LONGEST_DELAY} steps", "others")
        return delay
