"""What both estimators from spikes tell of a decay, of a neuron or of the mean of a layer: numbers and variables."""

import numpy as np
import xarray as xr

from ..variables import variable
from .resampling import block_interval
from .spike_trains import unit_coordinates

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


def of_neurons_and_layers(name, found, units, layer, *, lag, curves, own):
    """Dataset of what an estimator found in each neuron, and in the mean curve of each layer.

    Parameters
    ----------
    name : str
        Prefix of the variables; what is of a layer begins with ``<name>_layer``.
    found : list of Trains
    units : list of tuple
        Curve (lag,), numbers as of `fit_numbers` (more may follow) of each neuron, layer after layer.
    layer : callable
        From the curves (neuron, lag) of the neurons of a layer that have one to the mean, its numbers, and how many
        they are.
    lag : xarray.Variable
        The coordinate ``<name>_lag``.
    curves : callable
        ``curves(name, dim, curve, numbers, what)`` to the variables of curves and numbers on `dim`.
    own : dict of str to xarray.Variable
        Further variables of the neurons.

    Returns
    -------
    Dataset
        On ``unit`` and ``effective_layer``.
    """
    curve = np.array([unit[0] for unit in units]).reshape(-1, lag.size)
    ends = np.cumsum([0, *(t.size for t in found)])
    parts = [curve[first:last] for first, last in zip(ends[:-1], ends[1:], strict=True)]
    rows = [layer(part[~np.isnan(part).any(axis=1)]) for part in parts]
    numbers = np.array([unit[1] for unit in units]).reshape(-1, len(rows[0][1]))
    means, of_means, counts = zip(*rows, strict=True)
    variables = curves(name, "unit", curve, numbers, "of a neuron") | own
    variables |= curves(
        f"{name}_layer", "effective_layer", np.array(means), np.array(of_means), "of the mean of a layer"
    )
    variables[f"{name}_layer_count"] = variable(
        counts, "effective_layer", units="1", long_name="neurons in the mean"
    )
    groups = np.array([t.group for t in found], dtype=str)
    coords = unit_coordinates(found) | {
        f"{name}_lag": lag,
        "effective_layer": variable(groups, "effective_layer", units="1", long_name="layer"),
        "bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval"),
    }
    return xr.Dataset(variables, coords)


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
