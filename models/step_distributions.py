"""Random whole numbers of steps whose mean and standard deviation are those that were asked for, at any dt."""

import numpy as np
from scipy.special import gammaincinv, ndtri  # scipy.stats takes 0.6 s to import

# Midpoints of equal probability at which expectations are taken.
_QUANTILES = (np.arange(1024) + 0.5) / 1024


def least_deviation(mean):
    """Smallest standard deviation that whole numbers of a given mean can have: sqrt(f(1 - f)), f its fraction."""
    fraction = mean - np.floor(mean)
    return float(np.sqrt(fraction * (1 - fraction)))


def gamma_steps(rng, size, *, mean, sd):
    """Draw whole numbers >= 0: gamma distributed, rounded up or down at random.

    Rounding adds variance: the gamma distribution gets so much less that the whole has the standard deviation `sd`.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
    mean : float
        > 0, steps.
    sd : float
        >= `least_deviation(mean)`, steps.

    Returns
    -------
    ndarray of float, shape (size,)
    """

    def quantiles(s):
        shape = (mean / s) ** 2
        return gammaincinv(shape, _QUANTILES) * (mean / shape)

    s = _unrounded(quantiles, sd, low=1e-4 * sd)
    values = np.full(size, mean) if s == 0 else rng.gamma((mean / s) ** 2, s**2 / mean, size)
    return _rounded(rng, values)


def normal_steps(rng, size, *, sd):
    """Draw whole numbers of mean 0: normally distributed, rounded up or down at random.

    As `gamma_steps`: the standard deviation of the whole numbers is `sd` (steps, > 0), however small; for sd much
    smaller than 1 most are 0 and a few are 1 or -1.

    Returns
    -------
    ndarray of float, shape (size,)
    """
    normal = ndtri(_QUANTILES)
    # Where sd is far below a step the variance of whole numbers is that of a coin: proportional to s, not to s**2.
    s = _unrounded(lambda s: s * normal, sd, low=1e-3 * sd * min(sd, 1.0))
    return _rounded(rng, rng.normal(0.0, s, size))


def _rounded(rng, values):
    whole = np.floor(values)
    return whole + (rng.random(len(values)) < values - whole)


def _unrounded(quantiles, sd, *, low):
    """The standard deviation, from `low` to `sd`, after whose rounding it is `sd`; 0 where rounding gives as much."""

    def excess(s):
        fraction = np.mod(quantiles(s), 1.0)
        return s**2 + np.mean(fraction * (1 - fraction)) - sd**2

    high = sd
    if excess(low) >= 0:
        return 0.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return 0.5 * (low + high)
