"""What comes into each step of a compiled pass, a chunk of steps at a time."""

from __future__ import annotations

import numpy as np
import torch
from brian2.input.timedarray import _find_K


class Rows:
    """One value for each step.

    Parameters
    ----------
    values : torch.Tensor, shape (step, ...)
    """

    def __init__(self, values):
        self.values = values

    def chunk(self, first, count):
        """Those of some steps."""
        return self.values[first : first + count]


class TableRows:
    """Rows of a table, one for each step.

    Parameters
    ----------
    table : torch.Tensor, shape (row, trial or 1, channel)
    rows : numpy.ndarray of int, shape (step,)
        -1 for a step in which nothing comes.
    dtype : torch.dtype
    """

    def __init__(self, table, rows, dtype):
        self.table, self.places, self.dtype = table, rows, dtype

    def chunk(self, first, count):
        """The rows of some steps, shape (step, trial or 1, channel)."""
        places = self.places[first : first + count]
        if places[0] >= 0 and np.array_equal(places, places[0] + np.arange(count)):
            return self.table[places[0] : places[0] + count].to(self.dtype).contiguous()
        index = torch.from_numpy(np.maximum(places, 0)).to(self.table.device)
        rows = self.table.index_select(0, index).to(self.dtype)
        if places.min() < 0:
            rows = rows * torch.from_numpy(places >= 0).to(self.table.device, self.dtype)[:, None, None]
        return rows.contiguous()


class EventRows:
    """Events of a spike generator, of which the reference's own function says when they come.

    Parameters
    ----------
    emit : callable
        Sets the events of the present step.
    running : Pass
    key : str
        Of the events.
    """

    def __init__(self, emit, running, key):
        self.emit, self.running, self.key = emit, running, key

    def chunk(self, first, count):
        """The events of some steps, shape (step, trial, neuron)."""
        running, rows = self.running, []
        (clock,) = running.clocks
        before = clock.now
        for step in range(first, first + count):
            clock.now = clock.start + step
            self.emit()
            rows.append(running.state[self.key])
        clock.now = before
        return torch.stack(rows)


class HeldRows:
    """The synapses of a pathway at which an event of an earlier run arrives.

    Parameters
    ----------
    under_way : mapping of int to numpy.ndarray
        Step -> synapses.
    synapses : int
    device : torch.device
    """

    def __init__(self, under_way, synapses, device):
        self.under_way, self.synapses, self.device = under_way, synapses, device

    def chunk(self, first, count):
        """Truth values, shape (step, 1, synapse)."""
        rows = np.zeros((count, 1, self.synapses), dtype=bool)
        for k in range(count):
            rows[k, 0, self.under_way.get(first + k, [])] = True
        return torch.from_numpy(rows).to(self.device)


def own_table(function, clock, dtype, device):
    """A `TimedArray` of Brian2 as a table, and its grid in time.

    Returns
    -------
    torch.Tensor, shape (row, 1, channel)
    tuple of float
        Start (s), seconds of a count, counts of a row, last row: row = floor(round((t - start)/second)/count).
    """
    own = np.array(function.values, dtype=np.float64)
    every = _find_K(clock.dt, function.dt)
    table = torch.from_numpy(own).to(device, dtype).reshape(len(own), 1, -1)
    return table, (0.0, function.dt / every, float(every), len(own) - 1.0)


def driven_grid(finest, every, rows):
    """The grid in time of a stimulus, as of `own_table`."""
    return (finest.start * finest.dt, finest.dt, float(every), rows - 1.0)


def rows_at(times, grid):
    """Row of a table at some times, before it is limited to those that there are."""
    start, per_count, per_row, _ = grid
    return np.floor(np.round((times - start) / per_count) / per_row).astype(np.int64)


def spikes_at(times, grid):
    """Row of a stimulus of spikes at some times: each comes once, in the first step that reaches into it; else -1."""
    rows = rows_at(times, grid)
    new = np.concatenate([[True], rows[1:] != rows[:-1]])
    return np.where(new & (rows <= grid[3]) & (rows >= 0), rows, -1)
