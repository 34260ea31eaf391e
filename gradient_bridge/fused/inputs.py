"""What comes from outside: spikes as bytes, and which row of spikes or currents belongs to each step."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch


@lru_cache
def rows_of_currents(steps, every, rows):
    """Row of a stimulus that each step reads, the last one from there on."""
    return np.minimum(np.arange(steps + 1) // every, rows - 1).astype(np.int32)


@lru_cache
def rows_of_spikes(steps, every, rows):
    """Row of a stimulus that each step emits, −1 for none: a row's spikes come in the first of its steps."""
    made = np.arange(steps)
    row = made // every
    return np.where((made % every == 0) & (row < rows), row, -1).astype(np.int32)


def own_spikes(operation, start, steps, channels):
    """The spikes of a generator: bytes (1, step, channel), and the row of each step."""
    bins, neurons, period = operation.own
    events = np.zeros((1, steps, channels), np.uint8)
    last = operation.last
    for step in range(steps):
        now = start + step
        if period > 0:
            now %= period
            if last > 0 and bins[last - 1] >= now:
                last = 0
        count = int(np.searchsorted(bins[last:], now, side="right"))
        events[0, step, neurons[last : last + count]] = 1
        last += count
    return torch.from_numpy(events), np.arange(steps, dtype=np.int32)


class SourceSpikes:
    """Spikes that came in, unfolded when they are asked for; see `spikes.SparseSpikes`."""

    def __init__(self, table, rows, trials, steps, dtype):
        self.table, self.rows = table, torch.from_numpy(rows.astype(np.int64))
        self.trials, self.steps, self.size, self.dtype = trials, steps, table.shape[2], dtype

    def dense(self):
        """0 and 1, shape (trial, time, neuron)."""
        taken = self.table[:, self.rows.clamp(min=0)] * (self.rows >= 0)[:, None].to(torch.uint8)
        return taken.expand(self.trials, self.steps, self.size).to(self.dtype)

    def __len__(self):
        taken = self.table[:, self.rows[self.rows >= 0]]
        return int(taken.sum(dtype=torch.int64)) * (self.trials if len(self.table) == 1 else 1)
