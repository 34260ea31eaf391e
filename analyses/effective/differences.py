"""Differences of spike times of all orders (Fontanier et al. 2022): kernels from spikes to decays."""

from functools import lru_cache

import numpy as np
from scipy import fft

from .exponential import exponential_fit_kernel

WINDOW = 1.0
BINS = 300  # of 3.33 ms
SPAN = 0.1
_ROUNDING = 1e-6
# What a pair of spikes is taken to cost beside a step of a correlation by Fourier transform.
# It decides which of two ways leads to the same numbers.
_PAIR = 3


def difference_bins(window, step=0.0):
    """Width and number of the bins of differences up to `window`, and their middles.

    The width is a 300th of the window, or, where times are multiples of a `step`, the nearest multiple of that: other
    bins would hold now one more and now one fewer possible difference. All in one unit.

    Returns
    -------
    width : float
    middle : ndarray (bin,)
        Mean of the differences that a bin can hold.
    """
    width = window / BINS
    if step > 0:
        width = step * max(1, round(width / step))
    bins = max(1, int(window / width + _ROUNDING))
    return width, (np.arange(bins) + 0.5) * width + step / 2


def difference_histogram_kernel(time, segment, *, block, blocks, width, bins, step=0.0, orders=None):
    """Histogram of the differences between each spike and the later ones.

    Bin k holds the differences from step + k·width to below step + (k + 1)·width; simultaneous spikes are left out.

    Parameters
    ----------
    time : ndarray (spike,)
        Rising within a segment.
    segment : ndarray of int (spike,)
        What no difference goes across (a trial); rising.
    block : ndarray of int (spike,), values 0 … blocks − 1
        Which sum each spike's differences to later ones go to.
    blocks : int
    width : float
        Of a bin, in the unit of `time`.
    bins : int
    step : float
        Of which all times are multiples; 0: of none.
    orders : int, optional
        So many later spikes at most. None: all within the bins, since a number of them ends the histogram early where
        the rate is high (100 at 150 Hz: after 0.67 s) and the fall is fitted as a decay.

    Returns
    -------
    ndarray of int64 (block, bin)

    References
    ----------
    Fontanier, Sarazin, Stoll, Delord and Procyk, eLife 11, e63795 (2022), methods.
    """
    time, segment, block = (np.asarray(x) for x in (time, segment, block))
    end = step + bins * width - _ROUNDING * width
    steps = round(width / step) if step > 0 else 0
    if len(time) and orders is None and steps and abs(width / step - steps) < _ROUNDING:
        at = np.rint((time - time.min()) / step).astype(np.int64)
        row = np.concatenate([[0], np.cumsum(segment[1:] != segment[:-1])])
        longest = bins * steps
        key = at + row * (int(at.max()) + longest + 1)
        pairs = int((np.searchsorted(key, key + longest, side="right") - np.arange(1, len(key) + 1)).sum())
        size = fft.next_fast_len(int(at.max()) + 1 + longest, real=True)
        if _PAIR * pairs > (int(row[-1]) + 1 + blocks) * size:
            lags = _lags(at, row, block, blocks=blocks, size=size)[:, 1 : longest + 1]
            return lags.reshape(blocks, bins, steps).sum(axis=2)
    out = np.zeros(blocks * bins, dtype=np.int64)
    first = np.arange(len(time))
    for order in range(1, len(time) if orders is None else orders + 1):
        first = first[first + order < len(time)]
        difference = time[first + order] - time[first]
        # later differences of a spike are longer still: it need not be looked at again
        near = (difference < end) & (segment[first + order] == segment[first])
        first, difference = first[near], difference[near]
        if not len(first):
            break
        place = np.floor((difference - step) / width + _ROUNDING).astype(np.int64)
        apart = (difference > 0) & (place >= 0)
        out += np.bincount((block[first] * bins + place)[apart], minlength=len(out))
    return out.reshape(blocks, bins)


def _lags(at, row, block, *, blocks, size):
    """How many pairs of spikes are so many steps apart, (block of the first, lag), by Fourier transforms of `size`.

    `at` counts steps; no pair goes across rows, which `size` must leave room for.
    """
    rows, key = int(row[-1]) + 1, row * blocks + block
    whole = fft.rfft(np.bincount(row * size + at, minlength=rows * size).reshape(rows, size).astype(float))
    there = np.bincount(key, minlength=rows * blocks) > 0
    found = np.flatnonzero(there)
    if len(found) == rows:  # a block holds whole rows
        products = whole.real**2 + whole.imag**2
    else:
        part = (np.cumsum(there) - 1)[key]
        own = np.bincount(part * size + at, minlength=len(found) * size).reshape(len(found), size)
        products = fft.rfft(own.astype(float)).conj() * whole[found // blocks]
    order = np.argsort(found % blocks, kind="stable")
    first = np.flatnonzero(np.diff(found[order] % blocks, prepend=-1))
    sums = np.zeros((blocks, products.shape[1]), dtype=products.dtype)
    sums[found[order][first] % blocks] = np.add.reduceat(products[order], first, axis=0)
    return np.rint(fft.irfft(sums, n=size)).astype(np.int64)


@lru_cache(maxsize=8)
def loess_matrix(points, span):
    """Matrix (point, point) that smooths equidistant values by local quadratic regression with tricube weights.

    References
    ----------
    Cleveland and Devlin, Journal of the American Statistical Association 83, 596 (1988).
    """
    near = min(points, max(4, round(span * points)))
    place = np.arange(points, dtype=float)
    out = np.zeros((points, points))
    for k in range(points):
        distance = np.abs(place - k)
        reach = np.sort(distance)[near - 1] * (1 + 1e-9) + 1e-9
        weight = np.where(distance < reach, (1 - np.minimum(distance / reach, 1) ** 3) ** 3, 0)
        used = np.flatnonzero(weight > 0)
        x = (place[used] - k)[:, None] ** np.arange(3)
        root = np.sqrt(weight[used])[:, None]
        out[k, used] = np.linalg.pinv(x * root)[0] * root[:, 0]
    out.flags.writeable = False
    return out


def difference_decay_kernel(histogram, lag, *, span=SPAN):
    """Time constant of histograms of differences: the exponential from the peak of the smoothed histogram on.

    Parameters
    ----------
    histogram : ndarray (…, bin)
        Of differences, in any normalisation: tau, B and the peak do not depend on it.
    lag : ndarray (bin,)
        Middles of the bins; tau and the latency have their unit.
    span : float
        Share of the bins that a local regression looks at; 0: the histogram is fitted as it is.

    Returns
    -------
    fit : ExponentialFit
        tau between a third of a bin and the longest difference.
    latency : ndarray (…,)
        Middle of the bin with the peak.

    References
    ----------
    Fontanier et al. 2022, methods; there the fit starts from random values 50 times and the best is kept, here no start
    decides (`exponential_fit_kernel`).
    """
    histogram, lag = np.asarray(histogram, dtype=float), np.asarray(lag, dtype=float)
    bins = histogram.shape[-1]
    smooth = histogram @ loess_matrix(bins, SPAN if span == 0 else span).T
    peak = smooth.argmax(axis=-1)
    weight = (np.arange(bins) >= peak[..., None]).astype(float)
    low, high = (lag[1] - lag[0]) / 3, lag[-1]
    fit = exponential_fit_kernel(histogram if span == 0 else smooth, lag, low=low, high=high, weight=weight)
    return fit, lag[peak]
