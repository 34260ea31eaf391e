"""Spikes of a pass without gradients, kept as events and unfolded when they are looked at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch


class SparseSpikes:
    """The spikes of one group.

    Parameters
    ----------
    rows : list
        Events of each step: neurons in one trial, or places in the flattened array (trial, neuron).
    trials, size : int
    dtype : torch.dtype
        Of the dense form.
    """

    def __init__(self, rows, trials, size, dtype):
        self.trials, self.size, self.dtype, self.steps = trials, size, dtype, len(rows)
        flat = [
            np.asarray(getattr(r, "flat", r), dtype=np.int64) if not isinstance(r, np.ndarray) else r
            for r in rows
        ]
        self.step = np.repeat(np.arange(len(flat)), [len(r) for r in flat])
        self.place = np.concatenate(flat) if flat else np.zeros(0, dtype=np.int64)

    def dense(self):
        """0 and 1, shape (trial, time, neuron)."""
        spikes = torch.zeros(self.trials, self.steps, self.size, dtype=self.dtype)
        trial, neuron = self.place // self.size, self.place % self.size
        spikes[torch.from_numpy(trial), torch.from_numpy(self.step), torch.from_numpy(neuron)] = 1
        return spikes

    def __len__(self):
        return len(self.place)


class SpikesByGroup(Mapping):
    """Spikes by group, each unfolded into a tensor (trial, time, neuron) when it is first asked for.

    Parameters
    ----------
    groups : dict of str to torch.Tensor or SparseSpikes
    """

    def __init__(self, groups):
        self._groups, self._dense = groups, {}

    def __getitem__(self, group):
        value = self._groups[group]
        if isinstance(value, torch.Tensor):
            return value
        if group not in self._dense:
            self._dense[group] = value.dense()
        return self._dense[group]

    def __iter__(self):
        return iter(self._groups)

    def __len__(self):
        return len(self._groups)

    def shape(self, group):
        """(trial, time, neuron) of a group."""
        value = self._groups[group]
        if isinstance(value, torch.Tensor):
            return tuple(value.shape)
        return (value.trials, value.steps, value.size)

    def count(self, group):
        """Number of spikes of a group, without unfolding them."""
        value = self._groups[group]
        return int((value > 0).sum()) if isinstance(value, torch.Tensor) else len(value)
