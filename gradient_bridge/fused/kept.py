"""Spikes as the generated C has noted them, unfolded when they are looked at."""

from __future__ import annotations

import numpy as np
import torch

from .plan import identifier


class KeptSpikes:
    """The spikes of one group in a pass without gradients; see `spikes.SparseSpikes`.

    Parameters
    ----------
    call : Call
        Of the pass; its memory is held as long as this.
    space : str
        Event space of the group.
    """

    def __init__(self, call, space):
        self.call, self.trials, self.steps = call, call.trials, call.steps
        self.size, self.dtype = call.design.plan.spaces[space], call.dtype
        name = identifier(space)
        self._list, self._count = call.held[f"list_{name}"], call.held[f"count_{name}"]

    def dense(self):
        """0 and 1, shape (trial, time, neuron)."""
        call = self.call
        spikes = call.pool.lend((self.trials, self.steps, self.size), self.dtype)
        arrays = (self._list.data_ptr(), self._count.data_ptr())
        call.library.unfold(
            *map(call.pointer, arrays), *call.sizes(self.size), call.pointer(spikes.data_ptr())
        )
        return spikes

    def __len__(self):
        kind = np.uint16 if self._count.dtype == torch.int16 else np.uint32
        return int(self._count.numpy().view(kind).sum(dtype=np.int64))
