"""Images as sequences: a window of pixels slides over them, one step at a time."""

from __future__ import annotations

import numpy as np
from xarray.backends import BackendArray
from xarray.core.indexing import IndexingSupport, LazilyIndexedArray, explicit_indexing_adapter


def window_index(pixels, window):
    """Which pixels each step sees.

    At step i the channels are the pixels i, …, i + window − 1; the last full window is repeated until there
    are as many steps as pixels, as in the scripts of Yin, Corradi and Bohté (2021): no pixel is made up.

    Parameters
    ----------
    pixels : int, >= 1
        In the sequence, which is also the number of steps.
    window : int, 1 to `pixels`

    Returns
    -------
    numpy.ndarray of int, shape (time, channel)

    Raises
    ------
    ValueError
        `window` is not a whole number from 1 to `pixels`.
    """
    if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or not 1 <= window <= pixels:
        raise ValueError(f"window must be a whole number from 1 to {pixels} pixels, got {window!r}")
    first = np.minimum(np.arange(pixels), pixels - window)
    return first[:, None] + np.arange(window)


def windows(images, index, values):
    """Windows of pixels as a stimulus that is computed where it is read.

    Overlapping windows of 60 000 images are 1.5 GB of float32, the images themselves 47 MB of bytes. So only
    the bytes are kept; ``dataset.stimulus.isel(trial=slice(0, 100)).values`` makes 100 trials.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (trial, pixel)
    index : numpy.ndarray of int, shape (time, channel)
        The pixel that each channel sees at each step.
    values : numpy.ndarray, shape (256,)
        What each byte stands for.

    Returns
    -------
    array of the type of `values`, shape (trial, time, channel)
        For `xarray.Variable`, which reads it by blocks.
    """
    return LazilyIndexedArray(_Windows(images, index, values))


class _Windows(BackendArray):
    """What `windows` returns, as xarray's readers of files have it."""

    def __init__(self, images, index, values):
        self.images, self.index, self.values = images, index, values
        self.shape = (len(images), *index.shape)
        self.dtype = values.dtype

    def __getitem__(self, key):
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._read)

    def _read(self, key):
        # A number takes a dimension away: read it as one row of it first, drop it at the end.
        dropped = tuple(axis for axis, k in enumerate(key) if isinstance(k, (int, np.integer)))
        trial, time, channel = (np.atleast_1d(k) if axis in dropped else k for axis, k in enumerate(key))
        rows = self.values[self.images[trial]]
        return np.take(rows, self.index[time][:, channel], axis=1).squeeze(dropped)
