"""Task `digits`: scikit-learn's bundled handwritten digits, pixel by pixel. It needs no download."""

from __future__ import annotations

import hashlib

import numpy as np

from ..task import Task, make_split
from .checking import check_fraction, check_whole
from .pixels import window_index

DT = 0.001
CLASSES = tuple(str(digit) for digit in range(10))
_GREYS = 16


def load_digits(
    *, window: int = 8, valid_fraction: float = 0.15, test_fraction: float = 0.2, seed: int = 0
) -> Task:
    """Handwritten digits of 8 × 8 pixels as sequences of 64 steps, to be named once a sequence.

    The 1797 images that scikit-learn brings along (a copy of the test set of the UCI database "Optical
    Recognition of Handwritten Digits"; Alpaydin and Kaynak 1998), in row order. At step i the channels are
    the grey values, divided by 16, of the pixels i to i + window − 1 (`window_index`). Like the papers'
    sequential MNIST it counts in steps; a step is given 1 ms here, so that a time constant of 20 steps is 20
    ms and a sequence lasts 64 ms.

    There is no official split of these images. The three splits are drawn by `seed`, with the same share of
    every digit in each. Who wrote which image is not recorded, so writers are shared between the splits. The
    coordinate ``trial`` is the position in scikit-learn's table.

    Parameters
    ----------
    window : int, 1 to 64
        Pixels that are seen at a time; 8 is one row's length, 1 is a single channel.
    valid_fraction, test_fraction : float
        Parts of the images of every digit that validate and test, each > 0; together < 1.
    seed : int, >= 0
        Of the splits.

    Returns
    -------
    Task
        Currents in [0, 1], float32; a label per trial.

    Raises
    ------
    ValueError
        An argument out of range; fractions that leave a split without a digit.
    """
    check_whole("load_digits", "seed", seed)
    _check_fractions(valid_fraction, test_fraction)
    from sklearn import datasets  # 1.5 s, which other tasks need not wait for

    table = datasets.load_digits()
    values = (table.data / _GREYS).astype(np.float32)
    label = table.target.astype(np.int8)
    try:
        index = window_index(values.shape[1], window)
    except ValueError as error:
        raise ValueError(f"load_digits: {error}") from None
    options = (int(window), float(valid_fraction), float(test_fraction), int(seed))
    digest = hashlib.sha256(repr(options).encode())
    digest.update(values.tobytes())
    digest.update(label.tobytes())

    def split(trial):
        return make_split(
            values[trial][:, index],
            label[trial],
            dt=DT,
            trial=trial,
            channel=[f"pixel +{k}" for k in range(window)],
        )

    return Task(
        "digits",
        *map(split, _stratified(label, valid_fraction, test_fraction, seed)),
        classes=CLASSES,
        dt=DT,
        source="UCI Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998), the 1797 "
        "test images that scikit-learn brings along",
        licence="CC BY 4.0 (UCI Machine Learning Repository)",
        hash=f"sha256:{digest.hexdigest()}",
        description="handwritten digits of 8 x 8 pixels, 64 steps of 1 ms, a window of "
        f"{window} pixels at a time",
    )


def _stratified(label, valid_fraction, test_fraction, seed):
    """Indices of train, valid and test, ascending, with the same share of every class up to rounding."""
    rng = np.random.default_rng(seed)
    parts = ([], [], [])
    for digit in range(len(CLASSES)):
        images = rng.permutation(np.flatnonzero(label == digit))
        counts = [round(fraction * len(images)) for fraction in (test_fraction, valid_fraction)]
        if min(*counts, len(images) - sum(counts)) < 1:
            raise ValueError(
                f"load_digits: test_fraction {test_fraction!r} and valid_fraction {valid_fraction!r} of the "
                f"{len(images)} images of {digit} leave a split without one; each split needs at least one"
            )
        test, valid, train = np.split(images, np.cumsum(counts))
        for part, chosen in zip(parts, (train, valid, test), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def _check_fractions(valid_fraction, test_fraction):
    check_fraction("load_digits", "valid_fraction", valid_fraction)
    check_fraction("load_digits", "test_fraction", test_fraction)
    if not valid_fraction + test_fraction < 1:
        raise ValueError(
            f"load_digits: valid_fraction and test_fraction together must be less than 1, got "
            f"{valid_fraction!r} and {test_fraction!r}; something must be left to train on"
        )
