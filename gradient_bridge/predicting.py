"""Class scores of a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .seeds import EVALUATION, derived_seed
from .threads import limited_threads
from .twin import Twin

if TYPE_CHECKING:
    import xarray as xr


@torch.no_grad()
def predict(
    model: torch.nn.Module,
    stimulus: xr.DataArray,
    *,
    batch: int = 256,
    threads: int = 1,
    seed: int | None = None,
) -> np.ndarray:
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
    seed : int, optional
        Of a twin's random numbers with ``randomness="torch"``; default: 0, so each call gives the same scores. With
        the seed of `fit` and ``batch`` of its ``evaluation_batch`` they are those of its validation. With
        ``randomness="brian2"`` the numbers come from numpy's stream: ``numpy.random.seed(...)`` before the call.

    Returns
    -------
    numpy.ndarray, shape (trial, time, class) or (trial, class)

    Raises
    ------
    ValueError
        A seed for a model that draws nothing from it.
    """
    like = next(model.parameters(), None)
    was_training, scores = model.training, []
    drawing = isinstance(model, Twin) and model.randomness == "torch"
    if seed is None and drawing:
        seed = 0
    elif seed is not None and not drawing:
        raise ValueError("predict: seed: it decides what a Twin with randomness='torch' draws; leave it out")
    model.eval()
    try:
        with limited_threads(threads):
            for number, first in enumerate(range(0, stimulus.sizes["trial"], batch)):
                part = stimulus.isel(trial=slice(first, first + batch))
                if isinstance(model, Twin):
                    own = derived_seed(seed, EVALUATION, 0, number) if drawing else None
                    scores.append(model.scores(part, seed=own).cpu().numpy())
                else:
                    x = torch.from_numpy(
                        np.ascontiguousarray(part.transpose("trial", "time", "channel").values)
                    )
                    scores.append(model(x if like is None else x.to(like)).cpu().numpy())
    finally:
        model.train(was_training)
    return np.concatenate(scores)
