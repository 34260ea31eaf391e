"""Finite-sample bias of the decay of an autocorrelation, found by simulation and taken out."""

import numpy as np

from .autocorrelation import decay_kernel

_CANDIDATES = 14
_REPETITIONS = 200
# Beyond it noise decides what the estimate is, and its correction would make it worse.
_LARGEST_CHANGE = 3.0


class DecayBias:
    """From estimated to median-unbiased time constants, at one number of trials, bins and lags.

    An Ornstein-Uhlenbeck process that is observed through noise has counts with the correlation A[exp(-t/tau) + B]
    across trials. Its sample correlations at so many trials are drawn (Wishart, as of normal counts: to the order
    of 1/trials their scatter does not depend on the distribution) for candidates of tau, each with the A and B that
    fit the data best at that tau. Their estimates' medians are a curve; where it takes the value that was estimated is
    the tau of which the estimate is the median.

    Parameters
    ----------
    trials, bins, lags : int
    width : float
        Of a bin; every tau has its unit.
    rng : numpy.random.Generator
        All candidates and all units share the random numbers, so that the curve is smooth.

    References
    ----------
    Zeraati, Engel and Levina, Nature Computational Science 2, 193 (2022), on the bias; MacKinnon and Smith, Journal of
    Econometrics 85, 205 (1998), on its removal by simulation.
    """

    def __init__(self, *, trials, bins, lags, width, rng, repetitions=_REPETITIONS):
        self.bins, self.lags, self.width = bins, lags, width
        self.low, self.high = width / 4, 2 * lags * width
        self.candidates = np.geomspace(self.low * 1.5, self.high / 1.2, _CANDIDATES)
        self._scatter = _standard_scatter(trials - 1, bins, repetitions, rng)

    def medians(self, correlation):
        """Median estimate at each candidate (candidate,), for a unit with this autocorrelation (lag,)."""
        lag = np.arange(1, self.lags + 1)
        apart = np.abs(np.subtract.outer(np.arange(self.bins), np.arange(self.bins)))
        out = []
        for tau in self.candidates:
            shape = np.exp(-(lag - 1) * self.width / tau)
            weight = self.bins - lag
            slope, level = _line(shape, correlation, weight)
            matrix = slope * np.exp(-(apart - 1) * self.width / tau) + level
            np.fill_diagonal(matrix, 1)
            out.append(np.median(self._estimates(matrix)))
        return np.array(out)

    def correct(self, tau, medians):
        """Corrected tau (…,), within the candidates; `medians` as of this unit."""
        estimated, true = self._curve(medians)
        return np.exp(np.interp(np.log(tau), estimated, true))

    def identifies(self, tau, medians):
        """Whether the estimate says what tau is: a change of it by 1 % answers to one of tau by less than 3 %."""
        estimated, true = self._curve(medians)
        if len(true) < 2:
            return False
        place = np.clip(np.searchsorted(estimated, np.log(tau)), 1, len(true) - 1)
        change = (true[place] - true[place - 1]) / (estimated[place] - estimated[place - 1])
        return bool(change < _LARGEST_CHANGE)

    def _curve(self, medians):
        """Logarithms of the medians and the candidates, where the medians rise."""
        rising = np.maximum.accumulate(medians)
        kept = np.concatenate(([True], np.diff(rising) > 0))
        return np.log(rising[kept]), np.log(self.candidates[kept])

    def _estimates(self, matrix):
        values, vectors = np.linalg.eigh(matrix)
        root = vectors * np.sqrt(np.maximum(values, 0))  # what is no correlation matrix becomes the nearest
        scatter = root @ self._scatter @ root.T
        sd = np.sqrt(np.einsum("rii->ri", scatter))
        r = [
            (np.einsum("rii->ri", scatter[:, : self.bins - k, k:]) / (sd[:, : self.bins - k] * sd[:, k:])).mean(axis=1)
            for k in range(1, self.lags + 1)
        ]
        return decay_kernel(np.stack(r, axis=-1), width=self.width, bins=self.bins).tau


def _line(x, y, weight):
    """Weighted regression of y on x with a slope above 0."""
    total = weight.sum()
    mean_x, mean_y = (weight * x).sum() / total, (weight * y).sum() / total
    spread = (weight * (x - mean_x) ** 2).sum()
    slope = max((weight * (x - mean_x) * (y - mean_y)).sum() / spread, 1e-9) if spread > 0 else 1e-9
    return slope, mean_y - slope * mean_x


def _standard_scatter(freedom, bins, repetitions, rng):
    """Wishart matrices of the identity, (repetition, bin, bin), by Bartlett's decomposition where it exists."""
    if freedom <= bins:
        x = rng.standard_normal((repetitions, bins, max(freedom, 1)))
        return x @ x.transpose(0, 2, 1)
    lower = np.tril(rng.standard_normal((repetitions, bins, bins)), -1)
    chi = np.sqrt(rng.chisquare(freedom - np.arange(bins), size=(repetitions, bins)))
    lower[:, np.arange(bins), np.arange(bins)] = chi
    return lower @ lower.transpose(0, 2, 1)
