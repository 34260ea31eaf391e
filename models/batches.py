"""How many trials run side by side in one network: few in compiled code, many where each step of Python costs."""

import numpy as np

from .errors import UnsupportedModel
from .tiling import tile

# Neurons and synapses of a network on numpy and cython. A step costs about 20 µs for each object whatever its size, so
# that trials side by side are nearly free until the arithmetic outweighs it (benchmarks/trials.py).
SIDE_BY_SIDE = 20_000_000


def batch_size(description, trials, device, batch=None):
    """Return the number of trials side by side in one network.

    Compiled code runs one trial after the other: it has no cost of a step that could be shared, and a small network
    stays in the processor's cache. On numpy and cython as many trials run side by side as `SIDE_BY_SIDE` allows, on
    CUDA all. What cannot be tiled runs trial by trial.

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    trials : int
    device : str
    batch : int, optional
        What the caller wants.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        `batch` is not a whole number from 1 to `trials`.
    UnsupportedModel
        `batch` > 1 for a network that cannot be tiled.
    """
    if batch is not None:
        if isinstance(batch, bool) or not isinstance(batch, (int, np.integer)) or batch < 1:
            raise ValueError(f"simulate: batch must be a whole number >= 1, got {batch!r}")
        batch = min(int(batch), trials)
        if batch > 1:
            tile(description, 2)
        return batch
    if trials == 1 or device == "cpp_standalone":
        return 1
    try:
        tile(description, 2)
    except UnsupportedModel:
        return 1
    if device == "cuda_standalone":
        return trials
    size = sum(g.size for g in description.groups) + sum(len(s.pre) for s in description.synapses)
    most = max(SIDE_BY_SIDE // max(size, 1), 1)
    return -(-trials // -(-trials // most))
