"""Tasks `smnist` and `psmnist`: MNIST pixel by pixel, in row order or permuted."""

from __future__ import annotations

import hashlib
import os

import numpy as np
from numpy.typing import ArrayLike

from ..data import need
from ..task import Task, TaskError, make_split
from .checking import check_whole
from .idx import read_idx
from .pixels import window_index, windows

DT = 0.001
CLASSES = tuple(str(digit) for digit in range(10))
SIDE = 28
PIXELS = SIDE * SIDE
FILES = {
    "train": ("mnist/train-images-idx3-ubyte", "mnist/train-labels-idx1-ubyte"),
    "test": ("mnist/t10k-images-idx3-ubyte", "mnist/t10k-labels-idx1-ubyte"),
}
_GREYS = np.arange(256) / 255


def load_smnist(
    data: str | os.PathLike[str] | None = None,
    *,
    window: int = 8,
    valid_trials: int = 5000,
    train_trials: int | None = None,
    test_trials: int | None = None,
    seed: int = 0,
) -> Task:
    """Sequential MNIST as in Yin, Corradi and Bohté (2021): windows of pixels in row order.

    Pixels are divided by 255. At step i the channels are the pixels i to i + window − 1, and the last window
    is repeated at the end (`window_index`), which makes 784 steps. The papers count in steps; a step is given
    1 ms here, so that a time constant of 20 steps is 20 ms and an image lasts 784 ms.

    The validation images are drawn from the training file by `seed`; the test file is only ever the test
    split. The coordinate ``trial`` is the position in the training file, for the test split the training
    file's length plus that in the test file. The stimulus is made from the images when it is read
    (`windows`): of all images at once it is 1.5 GB.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``mnist/train-images-idx3-ubyte.gz`` and the other three files, gzipped or not;
        default: as `find_data`.
    window : int, 1 to 784
        Pixels that are seen at a time.
    valid_trials : int, >= 1
        Images of the training file that validate, drawn by `seed`; at least one is left to train on.
    train_trials : int or None, >= 1
        Train on so many of the others, drawn by `seed`; None: all.
    test_trials : int or None, >= 1
        The first so many of the test file; None: all.
    seed : int, >= 0
        Of the draw of training and validation images.

    Returns
    -------
    Task
        Currents in [0, 1], float32; a label per trial.

    Raises
    ------
    MissingDataError
        No data folder, or a file is not in it.
    TaskError
        A file that is damaged, or holds something else.
    ValueError
        An argument out of range.
    """
    return _load(
        "smnist",
        data,
        window=window,
        values=_GREYS.astype(np.float32),
        permutation=None,
        trials=(train_trials, valid_trials, test_trials),
        seed=seed,
        description="MNIST in row order",
    )


def load_psmnist(
    data: str | os.PathLike[str] | None = None,
    *,
    window: int = 4,
    threshold: float | None = 0.1,
    permutation: int | ArrayLike = 0,
    valid_trials: int = 5000,
    train_trials: int | None = None,
    test_trials: int | None = None,
    seed: int = 0,
) -> Task:
    """Permuted sequential MNIST: as `load_smnist`, the pixels of all images in the same drawn order.

    As in the script of Yin, Corradi and Bohté (2021) a pixel is 1 where its grey value/255 is above 0.1, else
    0, and the window has 4 pixels, neighbours in the permuted order. The permutation that they used is not
    published. Ours is drawn from a seed of its own, so that runs with different `seed` solve the same task,
    and every split holds it: ``permutation (time)``, the pixel in row order that comes at this position.

    Parameters
    ----------
    data, window, valid_trials, train_trials, test_trials, seed : see `load_smnist`
        As there.
    threshold : float or None, 0 to 1
        Pixels above are spikes (1), all others 0; None: grey values as currents, as in `load_smnist`.
    permutation : int or (784,) array of int
        The seed that it is drawn from, >= 0, or the permutation itself.

    Returns
    -------
    Task
        Spikes, uint8, or currents in [0, 1], float32; a label per trial.

    Raises
    ------
    MissingDataError, TaskError, ValueError
        As `load_smnist`; a permutation that does not name each of the 784 pixels once.
    """
    values, what = _GREYS.astype(np.float32), ""
    if threshold is not None:
        number = np.asarray(threshold)
        if number.ndim or number.dtype.kind not in "fiu" or not 0 <= number < 1:
            raise ValueError(f"load_psmnist: threshold must be None or from 0 to below 1, got {threshold!r}")
        values, what = (
            (threshold < _GREYS).astype(np.uint8),
            f", 1 above {threshold:g} of the largest grey value",
        )
    return _load(
        "psmnist",
        data,
        window=window,
        values=values,
        permutation=_permutation(permutation),
        trials=(train_trials, valid_trials, test_trials),
        seed=seed,
        description=f"MNIST with permuted pixels{what}",
    )


def _permutation(wanted):
    if np.ndim(wanted) == 0:
        check_whole("load_psmnist", "permutation", wanted)
        return np.random.default_rng(wanted).permutation(PIXELS)
    order = np.asarray(wanted)
    if (
        order.dtype.kind not in "iu"
        or order.shape != (PIXELS,)
        or not np.array_equal(np.sort(order), range(PIXELS))
    ):
        raise ValueError(
            f"load_psmnist: permutation must be a seed or name each of the pixels 0 to {PIXELS - 1} once, "
            f"got {order.dtype} {order.shape}"
        )
    return order.astype(np.int64)


def _load(task, data, *, window, values, permutation, trials, seed, description):
    """Either task; `values` (256,): what bytes stand for; `permutation` (784,): order of the pixels."""
    function = f"load_{task}"
    train_trials, valid_trials, test_trials = trials
    check_whole(function, "seed", seed)
    check_whole(function, "valid_trials", valid_trials, least=1)
    for name, count in (("train_trials", train_trials), ("test_trials", test_trials)):
        if count is not None:
            check_whole(function, name, count, least=1)
    try:
        index = window_index(PIXELS, window)
    except ValueError as error:
        raise ValueError(f"{function}: {error}") from None
    if permutation is not None:
        index = permutation[index]
    (images, labels), (test_images, test_labels) = (_read(data, file, task) for file in ("train", "test"))
    count = len(labels)
    for name, wanted, there in (
        ("valid_trials", valid_trials, count - 1),
        ("train_trials", train_trials, count - valid_trials),
        ("test_trials", test_trials, len(test_labels)),
    ):
        if wanted is not None and wanted > there:
            raise ValueError(f"{function}: {name} is {wanted}, but there are only {there} images for it")
    order = np.random.default_rng(seed).permutation(count)
    valid = np.sort(order[:valid_trials])
    train = np.sort(order[valid_trials:][:train_trials])
    numbers = [None if n is None else int(n) for n in (window, *trials, seed)]
    options = (task, numbers, values.tolist())
    digest = hashlib.sha256(repr(options).encode())
    for part in (index, images, labels, test_images, test_labels):
        digest.update(np.ascontiguousarray(part))

    def split(images, labels, trial):
        ds = make_split(
            windows(images, index, values),
            labels,
            dt=DT,
            trial=trial,
            channel=[f"pixel +{k}" for k in range(window)],
        )
        if permutation is not None:
            text = "pixel in row order that comes at this position"
            ds["permutation"] = ("time", permutation.astype(np.int16), {"units": "1", "long_name": text})
        return ds

    return Task(
        name=task,
        train=split(images[train], labels[train], train),
        valid=split(images[valid], labels[valid], valid),
        test=split(
            test_images[:test_trials],
            test_labels[:test_trials],
            count + np.arange(len(test_labels))[:test_trials],
        ),
        classes=CLASSES,
        dt=DT,
        source="MNIST (LeCun, Cortes and Burges 1998), windows of pixels as in Yin, Corradi and Bohté ("
        "Nature Machine Intelligence 3, 905, 2021)",
        licence="CC BY-SA 3.0",
        hash=f"sha256:{digest.hexdigest()}",
        description=f"{description}, {PIXELS} steps of 1 ms, a window of {window} pixels at a time",
    )


def _read(data, file, task):
    """Images (trial, pixel) uint8 and labels (trial,) int8 of the training or the test half, checked."""
    paths = [need(data, f"{name}.gz", name, task=task, fetch="mnist") for name in FILES[file]]
    images, labels = read_idx(paths[0], item=(SIDE, SIDE)), read_idx(paths[1])
    if len(images) != len(labels):
        raise TaskError(
            f"{paths[1]}: expected {len(images)} labels, one for each image of {paths[0].name}, got "
            f"{len(labels)}; take both files from the same release"
        )
    wrong = np.flatnonzero(labels >= len(CLASSES))
    if wrong.size:
        raise TaskError(
            f"{paths[1]}: expected labels from 0 to {len(CLASSES) - 1}, got {labels[wrong[0]]} at image "
            f"{wrong[0]} and {wrong.size - 1} more; the file is damaged: fetch it again"
        )
    return images.reshape(-1, PIXELS), labels.astype(np.int8)
