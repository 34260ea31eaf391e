"""What both estimators from spikes tell of a decay, of a neuron or of the mean of a layer: numbers and variables."""

import numpy as np

from ..variables import variable
from .resampling import block_interval

NUMBERS = 6


def fit_numbers(fit, interval):
    """tau, its two bounds, A, B, r2 of an `ExponentialFit` of one curve; NaN where none was found.

    Parameters
    ----------
    fit : ExponentialFit
    interval : callable
        Of nothing, to the two bounds; called where there is a fit.

    Returns
    -------
    ndarray (6,)
    """
    if not fit.found:
        return np.full(NUMBERS, np.nan)
    return np.array([fit.tau, *interval(), fit.amplitude, fit.offset, fit.r2])


def layer_interval(rows, estimate, *, rng, resamples, level):
    """BCa interval over neurons of an estimate from the mean of their curves.

    Parameters
    ----------
    rows : ndarray (neuron, lag)
    estimate : callable
        From curves (…, lag) to numbers (…).
    rng : numpy.random.Generator
    resamples : int
        0: no interval, NaN.
    level : float in (0, 1)

    Returns
    -------
    ndarray (2,)
        NaN with fewer than two neurons, or where the estimate is NaN.
    """
    counted = np.column_stack([rows, np.ones(len(rows))])  # of a sum, how many it is of

    def of_mean(sums):
        return estimate(sums[..., :-1] / sums[..., -1:])

    return block_interval(counted, of_mean, rng=rng, resamples=resamples, level=level)


def fit_variables(name, dim, numbers, what):
    """Variables ``<name>_tau``, ``_tau_interval``, ``_amplitude``, ``_offset``, ``_r2`` of rows as of `fit_numbers`."""
    out = {
        f"{name}_tau": variable(numbers[:, 0], dim, units="ms", long_name=f"intrinsic time constant {what}"),
        f"{name}_tau_interval": variable(
            numbers[:, 1:3], (dim, "bound"), units="ms", long_name=f"interval of the time constant {what}"
        ),
    }
    for k, (part, text) in enumerate(
        (("amplitude", "amplitude A"), ("offset", "offset B"), ("r2", "r2 of the fit"))
    ):
        out[f"{name}_{part}"] = variable(numbers[:, 3 + k], dim, units="1", long_name=f"{text} {what}")
    return out
