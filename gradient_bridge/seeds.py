"""Seeds of a network's random draws while it is trained and evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRAINING, EVALUATION, INPUTS, SPEEDS, STEPS, LOADING = 0, 1, 2, 3, 4, 5


def derived_seed(seed, purpose, epoch, batch):
    """A seed for one batch, other for every batch, epoch and purpose.

    Parameters
    ----------
    seed : int
        Of the run, >= 0.
    purpose : {TRAINING, EVALUATION, INPUTS, SPEEDS, STEPS, LOADING}
    epoch, batch : int
        >= 0.

    Returns
    -------
    int
        In [0, 2**63).
    """
    words = np.random.SeedSequence(seed, spawn_key=(purpose, epoch, batch)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


@dataclass(frozen=True)
class SharedSeed:
    """The seed of a batch of which a pass runs some trials: they draw what they draw when all are run together.

    Attributes
    ----------
    seed : int
    first : int
        The first trial of the pass, counted in the batch.
    total : int
        Trials of the batch.
    """

    seed: int
    first: int
    total: int
