"""Accuracy against firing rate and energy: the rate below which accuracy is lost, energies at equal accuracy."""

import numpy as np
import xarray as xr

from .comparing import bounds
from .errors import InvalidInput
from .statistics.student import student_kernel
from .variables import variable


def break_rate_kernel(rate, accuracy, *, tolerance):
    """The lowest rate to which a network can be pressed before it loses more than a tolerance of its accuracy.

    From the highest accuracy at any rate the way leads to lower rates; between the last place within the tolerance and
    the first one beyond it the logarithm of the rate is interpolated linearly in the accuracy.

    Parameters
    ----------
    rate, accuracy : array_like (place,)
        Spikes per neuron and step, ≥ 0, and accuracy of networks under different pressure; NaN pairs are left out.
    tolerance : float
        > 0.

    Returns
    -------
    float
        NaN where no accuracy is beyond the tolerance at a lower rate, or the rate there is 0 (no logarithm).

    Raises
    ------
    InvalidInput
        The tolerance is not above 0.
    """
    if not tolerance > 0:
        raise InvalidInput(f"break_rate_kernel: tolerance must be above 0, got {tolerance!r}")
    rate, accuracy = np.asarray(rate, dtype=float), np.asarray(accuracy, dtype=float)
    there = ~(np.isnan(rate) | np.isnan(accuracy))
    order = np.argsort(-rate[there], kind="stable")
    rate, accuracy = rate[there][order], accuracy[there][order]
    if not rate.size:
        return np.nan
    best = int(accuracy.argmax())
    least = accuracy[best] - tolerance
    beyond = np.flatnonzero(accuracy[best:] < least)
    if not beyond.size:
        return np.nan
    k = best + int(beyond[0])
    if rate[k] <= 0:
        return np.nan
    return float(np.exp(np.interp(least, accuracy[[k, k - 1]], np.log(rate[[k, k - 1]]))))


def equal_accuracy_kernel(accuracy, energy, wanted):
    """Energy that a family of networks of growing size needs for an accuracy.

    The smallest network that reaches it: the best accuracy up to each size never falls, and between two sizes the
    logarithm of the energy is interpolated linearly in it.

    Parameters
    ----------
    accuracy, energy : array_like (size,)
        Of the family, energy > 0; NaN pairs are left out.
    wanted : float

    Returns
    -------
    float
        NaN where no size reaches the accuracy, or the smallest one exceeds it already.
    """
    accuracy, energy = np.asarray(accuracy, dtype=float), np.asarray(energy, dtype=float)
    there = ~(np.isnan(accuracy) | np.isnan(energy))
    order = np.argsort(energy[there], kind="stable")
    energy, best = energy[there][order], np.maximum.accumulate(accuracy[there][order])
    if not best.size or not best[0] <= wanted <= best[-1]:
        return np.nan
    # of equal accuracies the smallest network counts
    best, first = np.unique(best, return_index=True)
    return float(np.exp(np.interp(wanted, best, np.log(energy[first]))))


def break_rate(rate, accuracy, *, tolerance=0.01, along="network", dim="seed", level=0.95):
    """`break_rate_kernel` for each seed, and the geometric mean over seeds with Student's interval of the logarithm.

    Parameters
    ----------
    rate, accuracy : xarray.DataArray (network, seed)
    tolerance : float
    along, dim : str
    level : float

    Returns
    -------
    xarray.Dataset
        ``break_rate``, in the units of `rate`, and ``break_rate_interval (bound)``: over the seeds in which accuracy
        breaks, whose number is in the attribute ``count``.
    """
    rates, found = rate.transpose(dim, along).values, accuracy.transpose(dim, along).values
    each = [break_rate_kernel(r, a, tolerance=tolerance) for r, a in zip(rates, found, strict=True)]
    mean, interval, _, count = student_kernel(np.log(each), level=level)
    attrs = {"units": rate.attrs.get("units", "1"), "level": level, "tolerance": tolerance}
    text = f"spikes per hidden neuron and step at which {100 * tolerance:g} % of accuracy is lost"
    return xr.Dataset(
        {
            "break_rate": (
                (),
                np.exp(mean),
                attrs | {"long_name": text, "count": f"{int(count)} of {len(each)} seeds"},
            ),
            "break_rate_interval": ("bound", np.exp(interval), attrs | {"long_name": f"interval of {text}"}),
        },
        coords={"bound": bounds()},
    )


def energy_at_equal_accuracy(
    accuracy, energy, networks, families, *, along="network", dim="seed", level=0.95
):
    """How many times the energy of a network the smallest dense network needs that is as accurate.

    Parameters
    ----------
    accuracy : xarray.DataArray (network, seed)
    energy : xarray.DataArray (network, seed, energy_model)
        From `energies`.
    networks : sequence of str
        Labels of those that are held against the families.
    families : mapping of str to sequence of str
        Name → labels of dense networks of different sizes.
    along, dim : str
    level : float

    Returns
    -------
    xarray.Dataset
        On ``sparse_network``, ``family`` and ``energy_model``: ``energy_ratio_equal``, geometric mean over the seeds in
        which a size of the family is as accurate, its interval (…, bound), and ``energy_ratio_equal_seeds``, how many.
    """
    models = energy["energy_model"].values
    accuracy = accuracy.transpose(along, dim)
    energy = energy.transpose(along, dim, "energy_model")
    ratios = np.full((len(networks), len(families), len(models), accuracy.sizes[dim]), np.nan)
    for j, labels in enumerate(families.values()):
        dense_accuracy, dense_energy = (a.sel({along: list(labels)}).values for a in (accuracy, energy))
        for i, network in enumerate(networks):
            wanted, own = accuracy.sel({along: network}).values, energy.sel({along: network}).values
            for m, s in np.ndindex(ratios.shape[2:]):
                equal = equal_accuracy_kernel(dense_accuracy[:, s], dense_energy[:, s, m], wanted[s])
                ratios[i, j, m, s] = equal / own[s, m]
    mean, interval, _, count = student_kernel(np.log(ratios), level=level)
    dims = ("sparse_network", "family", "energy_model")
    text = "energy of an equally accurate dense network over this one's"
    return xr.Dataset(
        {
            "energy_ratio_equal": variable(np.exp(mean), dims, units="1", long_name=text, level=level),
            "energy_ratio_equal_interval": variable(
                np.moveaxis(np.exp(interval), 0, -1),
                (*dims, "bound"),
                units="1",
                long_name=f"interval of {text}",
            ),
            "energy_ratio_equal_seeds": variable(
                count, dims, units="1", long_name="seeds in which a size is as accurate"
            ),
        },
        coords={
            "sparse_network": list(networks),
            "family": list(families),
            "energy_model": models,
            "bound": bounds(),
        },
    )
