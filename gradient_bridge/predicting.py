"""Class scores of a trained model."""

from __future__ import annotations

import numpy as np
import torch

from .threads import limited_threads
from .twin import Twin


@torch.no_grad()
def predict(model, stimulus, *, batch=256, threads=1):
    """Class scores without gradients.

    Parameters
    ----------
    model : Twin or torch.nn.Module
        Evaluated in eval mode; its mode is put back afterwards.
    stimulus : xarray.DataArray, shape (trial, time, channel)
    batch : int
        Trials at a time.
    threads : int
        Threads of torch meanwhile.

    Returns
    -------
    numpy.ndarray, shape (trial, time, class) or (trial, class)
    """
    like = next(model.parameters(), None)
    was_training, scores = model.training, []
    model.eval()
    try:
        with limited_threads(threads):
            for first in range(0, stimulus.sizes["trial"], batch):
                part = stimulus.isel(trial=slice(first, first + batch))
                if isinstance(model, Twin):
                    scores.append(model.scores(part).cpu().numpy())
                else:
                    x = torch.from_numpy(
                        np.ascontiguousarray(part.transpose("trial", "time", "channel").values)
                    )
                    scores.append(model(x if like is None else x.to(like)).cpu().numpy())
    finally:
        model.train(was_training)
    return np.concatenate(scores)
