"""Seeds of a network's random draws while it is trained and evaluated."""

from __future__ import annotations

import numpy as np

TRAINING, EVALUATION = 0, 1


def derived_seed(seed, purpose, epoch, batch):
    """A seed for one batch, other for every batch, epoch and purpose.

    Parameters
    ----------
    seed : int
        Of the run, >= 0.
    purpose : {TRAINING, EVALUATION}
    epoch, batch : int
        >= 0.

    Returns
    -------
    int
        In [0, 2**63).
    """
    words = np.random.SeedSequence(seed, spawn_key=(purpose, epoch, batch)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
