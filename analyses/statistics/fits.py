"""Fits of four distributions by maximum likelihood, compared by Akaike weights and tested for their fit."""

import numpy as np
from scipy import stats
from scipy.special import digamma, polygamma

from ..errors import InvalidInput

FAMILIES = ("normal", "lognormal", "gamma", "inverse_gaussian")
# two parameters each
_PARAMETERS = 2
# values that the test of a fit takes at most
_TESTED = 5000


def distribution(family, mean, sd):
    """The member of a family that has this mean and standard deviation, as a frozen distribution of scipy.stats.

    Parameters
    ----------
    family : {"normal", "lognormal", "gamma", "inverse_gaussian"}
    mean, sd : float or ndarray
        Of the values themselves, also for the log-normal; they broadcast.

    Raises
    ------
    InvalidInput
        There is no such family.
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    if family == "normal":
        return stats.norm(mean, sd)
    if family == "lognormal":
        width = np.log1p((sd / mean) ** 2)
        return stats.lognorm(np.sqrt(width), scale=mean / np.exp(width / 2))
    if family == "gamma":
        return stats.gamma((mean / sd) ** 2, scale=sd**2 / mean)
    if family == "inverse_gaussian":
        # scipy's invgauss(mu, scale): mean mu · scale, shape λ = scale
        rate = mean**3 / sd**2
        return stats.invgauss(mean / rate, scale=rate)
    raise InvalidInput(f"distribution: family must be one of {', '.join(FAMILIES)}, got {family!r}")


def fit_kernel(values, family, *, axis=-1):
    """Maximum-likelihood fit of a family, given as the mean and standard deviation of the fitted distribution.

    Parameters
    ----------
    values : ndarray of float > 0
        Samples along `axis`.
    family : {"normal", "lognormal", "gamma", "inverse_gaussian"}
    axis : int

    Returns
    -------
    ndarray (2, …)
        Mean and standard deviation; NaN for fewer than three values or all the same.

    Raises
    ------
    InvalidInput
        There is no such family, or a value is not positive.

    References
    ----------
    Closed forms, but for the shape k of the gamma distribution, log k − ψ(k) = log mean(x) − mean(log x): Minka,
    "Estimating a gamma distribution" (2002), equation 10.
    """
    x = np.moveaxis(np.asarray(values, dtype=float), axis, -1)
    if family not in FAMILIES:
        raise InvalidInput(f"fit_kernel: family must be one of {', '.join(FAMILIES)}, got {family!r}")
    if not (x > 0).all():
        raise InvalidInput("fit_kernel: values must be positive, without NaN")
    if x.shape[-1] < 3:
        return np.full((2,) + x.shape[:-1], np.nan)
    spread = np.ptp(x, axis=-1) > 0
    mean = x.mean(axis=-1)
    if family == "normal":
        sd = x.std(axis=-1)
    elif family == "lognormal":
        centre, width = np.log(x).mean(axis=-1), np.log(x).var(axis=-1)
        mean = np.exp(centre + width / 2)
        sd = mean * np.sqrt(np.expm1(width))
    elif family == "gamma":
        gap = np.where(spread, np.log(mean) - np.log(x).mean(axis=-1), 1.0)
        sd = mean / np.sqrt(_gamma_shape(gap))
    else:
        inverse = (1 / x).mean(axis=-1) - 1 / mean
        sd = np.sqrt(mean**3 * np.maximum(inverse, 0))
    return np.where(spread, np.stack((mean, sd)), np.nan)


def log_likelihood_kernel(values, family, fitted, *, axis=-1):
    """Log-likelihood of values under the fitted distribution: Σ log f(x), with `fitted` from `fit_kernel`."""
    x = np.moveaxis(np.asarray(values, dtype=float), axis, -1)
    mean, sd = _usable(fitted)
    total = distribution(family, mean[..., None], sd[..., None]).logpdf(x).sum(axis=-1)
    return np.where(np.isnan(fitted[0]), np.nan, total)


def akaike_kernel(log_likelihood):
    """AIC = 2 k − 2 log L (k = 2) and Akaike weights along the first axis, the families.

    Parameters
    ----------
    log_likelihood : ndarray (family, …)

    Returns
    -------
    tuple of ndarray
        AIC and weights, exp(−Δ/2) over their sum: 1 in all. NaN where a family has no fit.

    References
    ----------
    Burnham and Anderson, Model Selection and Multimodel Inference (2002), section 2.9.
    """
    aic = 2 * _PARAMETERS - 2 * np.asarray(log_likelihood, dtype=float)
    weight = np.exp(-(aic - aic.min(axis=0)) / 2)
    return aic, weight / weight.sum(axis=0)


def goodness_kernel(values, family, *, rng, resamples=999):
    """Cramér–von Mises test of a fitted distribution by parametric bootstrap.

    Parameters
    ----------
    values : ndarray of float > 0 (…, n)
        Of more than 5000 values a random part of that size is tested.
    family : {"normal", "lognormal", "gamma", "inverse_gaussian"}
    rng : numpy.random.Generator
    resamples : int

    Returns
    -------
    tuple of ndarray (…)
        Statistic W² and p = (b + 1) / (resamples + 1): how often samples of the fitted distribution, each fitted anew,
        are as far from their fit. NaN where there is no fit.

    References
    ----------
    Stute, González Manteiga and Presedo Quindimil, Metrika 40, 243 (1993). Tables for known parameters would accept
    nearly everything, as the parameters are fitted to the same values.
    """
    x = np.asarray(values, dtype=float)
    if x.shape[-1] > _TESTED:
        x = rng.choice(x, _TESTED, replace=False, axis=-1)
    fitted = fit_kernel(x, family)
    found = _cramer_von_mises(x, family, fitted)
    n = x.shape[-1]
    if n < 3:
        return found, np.full(found.shape, np.nan)
    model = distribution(family, *(p[..., None] for p in _usable(fitted)))
    above = np.zeros(found.shape)
    chunk = max(1, (1 << 20) // x.size)
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        drawn = model.rvs(size=(count,) + x.shape, random_state=rng)
        if family == "normal":
            # the statistic does not depend on the mean, and a fit must not be refused for a value below 0
            drawn = drawn - drawn.min() + 1
        above += (_cramer_von_mises(drawn, family, fit_kernel(drawn, family)) >= found).sum(axis=0)
    return found, np.where(np.isnan(found), np.nan, (above + 1) / (resamples + 1))


def _gamma_shape(gap):
    k = (3 - gap + np.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    # a generalised Newton step: four leave rounding only
    for _ in range(5):
        k = 1 / (1 / k + (np.log(k) - digamma(k) - gap) / (k**2 * (1 / k - polygamma(1, k))))
    return k


def _cramer_von_mises(x, family, fitted):
    n = x.shape[-1]
    mean, sd = _usable(fitted)
    share = np.sort(distribution(family, mean[..., None], sd[..., None]).cdf(x), axis=-1)
    found = 1 / (12 * max(n, 1)) + ((share - (np.arange(n) + 0.5) / max(n, 1)) ** 2).sum(axis=-1)
    return np.where(np.isnan(fitted[0]), np.nan, found)


def _usable(fitted):
    """The fitted mean and sd, with 1 where there is no fit: scipy warns of NaN."""
    return np.nan_to_num(fitted, nan=1.0)
