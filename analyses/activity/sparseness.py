"""Sparseness of non-negative numbers: Treves–Rolls, Vinje–Gallant, Gini, Hoyer."""

import numpy as np

from ..errors import InvalidInput
from ..variables import quotient


def treves_rolls_kernel(rates, *, axis=-1):
    """Treves–Rolls sparseness: a = (Σ r/n)² / (Σ r²/n).

    Parameters
    ----------
    rates : array_like
        >= 0. Over neurons it is population sparseness, over stimuli lifetime sparseness.
    axis : int

    Returns
    -------
    ndarray
        In [1/n, 1]: 1 where all are equal, 1/n where one alone is not zero; for zeros and ones the fraction of ones.
        NaN where all are zero.

    Raises
    ------
    InvalidInput
        A rate is negative, NaN or infinite, or there is none.

    References
    ----------
    Treves and Rolls, Network 2, 371 (1991); Rolls and Tovée, J. Neurophysiol. 73, 713 (1995).
    """
    rates = _rates(rates, axis, "treves_rolls_kernel")
    total, squares = rates.sum(axis), (rates**2).sum(axis)
    return quotient(total**2, rates.shape[axis] * squares)


def vinje_gallant_kernel(rates, *, axis=-1):
    """Vinje–Gallant sparseness: S = (1 − a)/(1 − 1/n), a of `treves_rolls_kernel`.

    In [0, 1]: 0 where all are equal, 1 where one alone is not zero. NaN where all are zero, and for n = 1.
    Parameters and errors as there.

    References
    ----------
    Vinje and Gallant, Science 287, 1273 (2000).
    """
    rates = _rates(rates, axis, "vinje_gallant_kernel")
    return vinje_gallant_from_treves_rolls(treves_rolls_kernel(rates, axis=axis), rates.shape[axis])


def vinje_gallant_from_treves_rolls(a, n):
    """(1 − a)/(1 − 1/n), in [0, 1]; NaN for n = 1."""
    a = np.asarray(a, dtype=float)
    # rounding may leave a at 1 + 1e-16
    return np.clip((1 - a) / (1 - 1 / n), 0, 1) if n > 1 else np.full(a.shape, np.nan)


def gini_kernel(rates, *, axis=-1):
    """Gini index: G = 1 − 2 Σ_k (c_(k)/Σc) (n − k + ½)/n, c_(1) ≤ … ≤ c_(n).

    Parameters
    ----------
    rates : array_like
        >= 0.
    axis : int

    Returns
    -------
    ndarray
        In [0, 1 − 1/n]: 0 where all are equal, 1 − 1/n where one alone is not zero. NaN where all are zero.

    Raises
    ------
    InvalidInput
        A rate is negative, NaN or infinite, or there is none.

    References
    ----------
    Hurley and Rickard, IEEE Trans. Inf. Theory 55, 4723 (2009), eq. 6.
    """
    rates = np.sort(np.moveaxis(_rates(rates, axis, "gini_kernel"), axis, -1), axis=-1)
    n = rates.shape[-1]
    weights = (n - np.arange(1, n + 1) + 0.5) / n
    return np.maximum(1 - 2 * quotient(rates @ weights, rates.sum(-1)), 0)


def hoyer_kernel(rates, *, axis=-1):
    """Hoyer sparseness: H = (√n − Σc/√Σc²)/(√n − 1).

    In [0, 1]: 0 where all are equal, 1 where one alone is not zero. NaN where all are zero, and for n = 1.
    Parameters and errors as of `gini_kernel`.

    References
    ----------
    Hoyer, J. Mach. Learn. Res. 5, 1457 (2004).
    """
    rates = _rates(rates, axis, "hoyer_kernel")
    n = rates.shape[axis]
    norm = quotient(rates.sum(axis), np.sqrt((rates**2).sum(axis)))
    return np.clip((np.sqrt(n) - norm) / (np.sqrt(n) - 1), 0, 1) if n > 1 else np.full(norm.shape, np.nan)


def _rates(rates, axis, where):
    rates = np.asarray(rates, dtype=float)
    if rates.ndim == 0 or rates.shape[axis] == 0:
        raise InvalidInput(f"{where}: expected at least one rate along axis {axis}, got shape {rates.shape}")
    wrong = ~(np.isfinite(rates) & (rates >= 0))
    if wrong.any():
        raise InvalidInput(
            f"{where}: rates must be >= 0 and finite, got {rates[wrong].flat[0]} ({int(wrong.sum())} such values); "
            f"leave out what was not measured"
        )
    return rates
