"""Which distribution learned time constants follow: four fits, their weights and tests, and the number of modes."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..statistics.fits import (
    FAMILIES,
    akaike_kernel,
    fit_kernel,
    goodness_kernel,
    log_likelihood_kernel,
)
from ..statistics.unimodality import dip_kernel
from ..variables import variable
from .arrays import Table, left_out, read_arrays, untrained

# values that a distribution of two parameters is fitted to, at least
_FEWEST = 3


def timescale_fits(ds: xr.Dataset, *, resamples: int = 999, seed: int = 0) -> xr.Dataset:
    """Fit normal, log-normal, gamma and inverse Gaussian distributions to the time constants of each layer.

    Parameters
    ----------
    ds : Dataset
        As for `timescale_intervals`; values after training are fitted, those of all seeds together.
    resamples : int
        Of the parametric bootstrap of the test of fit.
    seed : int

    Returns
    -------
    Dataset
        On ``timescale_quantity``, ``timescale_layer``, ``fit_family``: ``fit_mean`` and ``fit_sd`` (ms) of the fitted
        distribution, which name it in every family (`distribution`); ``fit_aic``; ``fit_weight`` (Akaike weights, 1 in
        all: which of the four is nearest, not whether any is near); ``fit_goodness`` (Cramér–von Mises W²) and
        ``fit_p``, small where the values are not of that family. Without family: ``timescale_dip`` and
        ``timescale_dip_p``, small where there is more than one mode. NaN for fewer than three values (dip: four) and
        for arrays that are constant: the attribute ``timescale_left_out`` names them; ``untrained`` names what was
        never trained.

    Raises
    ------
    MissingVariable, InvalidInput
        As `timescale_intervals`.

    Notes
    -----
    Neurons count as independent of each other, also those of one seed.
    """
    where = "timescale_fits"
    arrays = read_arrays(ds, where=where)
    rng = np.random.default_rng(seed)
    numbers, dips = {}, {}
    fitted_arrays = {key: a for key, a in arrays.items() if a.after.size >= _FEWEST and not a.constant}
    for key, array in fitted_arrays.items():
        fitted = np.stack([fit_kernel(array.after, family) for family in FAMILIES])
        likelihood = [
            log_likelihood_kernel(array.after, family, fit)
            for family, fit in zip(FAMILIES, fitted, strict=True)
        ]
        tested = [goodness_kernel(array.after, family, rng=rng, resamples=resamples) for family in FAMILIES]
        numbers[key] = np.stack((*fitted.T, *akaike_kernel(likelihood), *np.transpose(tested)))
        dips[key] = dip_kernel(array.after, rng=rng)
    table = Table(arrays)
    parts = table.about(arrays)
    for k, (name, units, text) in enumerate(
        (
            ("fit_mean", "ms", "mean of the fitted distribution"),
            ("fit_sd", "ms", "standard deviation of the fitted distribution"),
            ("fit_aic", "1", "Akaike information criterion"),
            ("fit_weight", "1", "Akaike weight"),
            ("fit_goodness", "1", "Cramér-von Mises statistic of the fit"),
            ("fit_p", "1", "p value of the test of fit, parametric bootstrap"),
        )
    ):
        parts[name] = table.variable(
            {key: n[k] for key, n in numbers.items()},
            ("fit_family",),
            shape=(len(FAMILIES),),
            units=units,
            long_name=text,
        )
    parts["fit_p"].attrs |= {"resamples": resamples, "seed": seed}
    for k, (name, text) in enumerate(
        (("timescale_dip", "Hartigan's dip"), ("timescale_dip_p", "p value of the dip test"))
    ):
        parts[name] = table.variable({key: d[k] for key, d in dips.items()}, units="1", long_name=text)
    coords = table.coords() | {
        "fit_family": variable(FAMILIES, "fit_family", units="1", long_name="family of distributions")
    }
    del coords["bound"]
    missing = left_out(a for key, a in arrays.items() if key not in fitted_arrays)
    return xr.Dataset(
        parts, coords=coords, attrs={"untrained": untrained(arrays), "timescale_left_out": missing}
    )
