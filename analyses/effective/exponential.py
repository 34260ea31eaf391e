"""The exponential A[exp(-t/tau) + B], fitted to many curves at once: one estimator for correlations and membranes."""

from typing import NamedTuple

import numpy as np

from ..errors import InvalidInput

# The residual is smooth in log tau: 96 values over three decades (7 % apart) miss no minimum.
_GRID = 96
# From two steps of the grid to 1e-5 of tau and less.
_SECTIONS = 22
_GOLDEN = (np.sqrt(5) - 1) / 2
# Numbers that a temporary holds at most (32 MiB).
_CHUNK = 1 << 22


class ExponentialFit(NamedTuple):
    """What `exponential_fit_kernel` found; each field has the leading axes of the curves.

    `found` is False where no exponential with A > 0 and tau within the bounds fits best: `tau` is then the bound that
    the fit ran into, the lower one where nothing decays. NaN where there was nothing to fit.
    """

    tau: np.ndarray
    amplitude: np.ndarray
    offset: np.ndarray
    r2: np.ndarray
    found: np.ndarray


def exponential_fit_kernel(y, lag, *, low, high, weight=None, axis=-1):
    """Fit A[exp(-t/tau) + B] to curves by least squares, with A > 0 and low < tau < high.

    For a given tau, A and A·B are a linear regression; what remains is a search for one number, on a logarithmic grid
    and then by golden section. No start value decides the result: the same curve always gives the same tau.

    Parameters
    ----------
    y : ndarray (…, lag)
        Curves.
    lag : ndarray (lag,)
        Where they were measured, increasing, in the unit of tau.
    low, high : float
        Bounds of tau, 0 < low < high.
    weight : ndarray (lag,) or (…, lag), optional
        Weights of the squared residuals, ≥ 0; 0 leaves a point out. None: all alike.
    axis : int
        Axis of the lags in `y` (and in `weight`).

    Returns
    -------
    ExponentialFit
        tau in the unit of `lag`; amplitude A in that of `y`; offset B, relative to A; r2, the weighted coefficient of
        determination; found. NaN where a curve has NaN or fewer than four points with weight.

    Raises
    ------
    InvalidInput
        Bounds that are not 0 < low < high, or shapes that do not fit.

    References
    ----------
    Murray et al., Nature Neuroscience 17, 1661 (2014), equation 1; Golub and Pereyra, SIAM Journal on Numerical
    Analysis 10, 413 (1973): variable projection.
    """
    where = "exponential_fit_kernel"
    y, lag = np.moveaxis(np.asarray(y, dtype=float), axis, -1), np.asarray(lag, dtype=float)
    if not 0 < low < high < np.inf:
        raise InvalidInput(f"{where}: bounds must be 0 < low < high, got {low!r} and {high!r}")
    if lag.shape != y.shape[-1:]:
        raise InvalidInput(f"{where}: {y.shape[-1]} points a curve, but lags of shape {lag.shape}")
    weight = np.ones_like(lag) if weight is None else np.moveaxis(np.asarray(weight, dtype=float), axis, -1)
    shape, rows = y.shape[:-1], y.reshape(-1, len(lag))
    weight = np.broadcast_to(weight, y.shape).reshape(rows.shape) if weight.ndim > 1 else weight[None]
    out = np.full((4, len(rows)), np.nan)
    usable = np.isfinite(np.where(weight > 0, rows, 0)).all(axis=-1)
    usable &= np.broadcast_to((weight > 0).sum(axis=-1) >= 4, usable.shape)
    chosen = np.flatnonzero(usable)
    size = max(1, _CHUNK // max(len(lag), _GRID))
    for start in range(0, len(chosen), size):
        part = chosen[start : start + size]
        out[:, part] = _fit(rows[part], weight if len(weight) == 1 else weight[part], lag, low, high)
    tau, amplitude, offset, r2 = out.reshape((4,) + shape)
    edge = (high / low) ** (0.5 / (_GRID - 1))  # a best value beside a bound is that bound
    found = (amplitude > 0) & (tau > low * edge) & (tau < high / edge)
    return ExponentialFit(tau, amplitude, offset, r2, found)


def _fit(y, weight, lag, low, high):
    """tau, A, B, r2 of curves (row, lag) with weights (row or 1, lag), all usable."""
    total = weight.sum(axis=-1)
    y = np.where(weight > 0, y, 0)
    mean = (weight * y).sum(axis=-1) / total
    weighted = weight * (y - mean[:, None])
    variance = (weighted * (y - mean[:, None])).sum(axis=-1)
    first = lag[np.argmax(weight > 0, axis=-1)]
    grid = np.geomspace(low, high, _GRID)
    x = np.exp(-np.maximum(lag - first.min(), 0) / grid[:, None]).T
    gain, _, _ = _regression(weighted @ x, weight @ x, weight @ x**2, total[:, None])
    best = gain.argmax(axis=-1)
    time = np.maximum(lag - first[:, None], 0)

    def moments(z):
        x = np.exp(-time * np.exp(-z)[:, None])
        return (weighted * x).sum(axis=-1), (weight * x).sum(axis=-1), (weight * x * x).sum(axis=-1)

    z = _golden(
        lambda z: _regression(*moments(z), total)[0],
        np.log(grid[np.maximum(best - 1, 0)]),
        np.log(grid[np.minimum(best + 1, _GRID - 1)]),
    )
    gain, slope, mean_x = _regression(*moments(z), total)
    none = ~(gain > 0)
    tau = np.where(none, low, np.exp(z))
    slope = np.where(none, 0, slope)
    # Back to an amplitude at lag 0; what lies 700 tau before the first point has none that a number could hold.
    amplitude = slope * np.exp(np.minimum(first / tau, 700))
    offset = np.divide(mean - slope * mean_x, amplitude, out=np.full_like(mean, np.nan), where=~none)
    r2 = np.divide(np.where(none, 0, gain), variance, out=np.zeros_like(variance), where=variance > 0)
    return np.stack((tau, amplitude, offset, r2))


def _regression(xy, x, xx, total):
    """Explained sum of squares (0 without a positive slope), slope, mean of x; sums are weighted, y is centred."""
    spread = xx - x**2 / total
    sound = (spread > 1e-12 * xx) & (xy > 0)
    spread = np.where(sound, spread, 1)
    return np.where(sound, xy**2 / spread, 0), np.where(sound, xy / spread, 0), x / total


def _golden(function, left, right):
    """Place of the maximum of each row's function between `left` and `right`, by golden section."""
    a, b = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    fa, fb = function(a), function(b)
    for _ in range(_SECTIONS):
        lower = fa > fb
        left, right = np.where(lower, left, a), np.where(lower, b, right)
        new = np.where(lower, right - _GOLDEN * (right - left), left + _GOLDEN * (right - left))
        value = function(new)
        a, b = np.where(lower, new, b), np.where(lower, a, new)
        fa, fb = np.where(lower, value, fb), np.where(lower, fa, value)
    return (left + right) / 2
