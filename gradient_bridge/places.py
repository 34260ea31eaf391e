"""Where events are in arrays (trial, element)."""

from __future__ import annotations

import numpy as np


class Places:
    """Places in flattened arrays (trial, element), with the trial and the element of each."""

    __slots__ = ("element", "flat", "trial")

    def __init__(self, flat, trial, element):
        self.flat, self.trial, self.element = flat, trial, element

    def __len__(self):
        return len(self.flat)

    def chosen(self, mask):
        """Some of the places."""
        return Places(self.flat[mask], self.trial[mask], self.element[mask])


NOWHERE = Places(*[np.zeros(0, dtype=np.int64)] * 3)


def places_of(flat, size):
    """Places from their positions in a flattened array of ``size`` elements a trial."""
    trial = flat // size
    return Places(flat, trial, flat - trial * size)
