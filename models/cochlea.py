"""A cochlea: a bank of gammatone filters with centre frequencies at equal distances on the ERB scale.

From a recording to the drive of hair cells (`cochleagram`)::

    y_c = g_c * x / rms(x)                                   basilar membrane, one filter a channel
    e_c[k] = mean of max(y_c, 0) over step k                 half-wave rectification, then the envelope
    d_c[k] = e_c[k] ** exponent                              compression

with the gammatone impulse response (Patterson et al. 1987; Slaney, Apple Technical Report 35, 1993)::

    g_c(t) = A_c t^(order-1) exp(-2 pi 1.019 ERB(f_c) t) cos(2 pi f_c t),  t >= 0

and the equivalent rectangular bandwidth of human hearing (Glasberg and Moore, Hearing Research 47, 103, 1990)::

    ERB(f) = 24.7 + f/9.26449                                Hz
"""

import numpy as np
import scipy  # loads scipy.signal when it is first used: half a second that most programs need not spend

from .times import whole_steps

# Glasberg and Moore (1990), as in Slaney (1993): minimum bandwidth (Hz) and asymptotic quality.
ERB_MINIMUM = 24.7
ERB_QUALITY = 9.26449
ORDER = 4
# Length of an impulse response in units of its decay, 1/(2 pi 1.019 ERB). The envelope x^3 exp(-x) is then
# 2e-9 of its largest value, at x = 3.
_DECAYS = 30.0


def erb(frequency):
    """Equivalent rectangular bandwidth of the auditory filter at a frequency.

    ERB(f) = 24.7 + f/9.26449

    Parameters
    ----------
    frequency : float or array, Hz
        > 0.

    Returns
    -------
    float or ndarray, Hz

    Raises
    ------
    ValueError
        Not finite numbers > 0.
    """
    return ERB_MINIMUM + _frequencies(frequency, "erb") / ERB_QUALITY


def erb_space(channels, low, high):
    """Centre frequencies at equal distances on the ERB-rate scale, from `low` to `high`, both included.

    With c = 9.26449 * 24.7, ln(f + c) is equidistant, since the ERB-rate is the integral of 1/ERB(f)::

        f_k = -c + (low + c) ((high + c)/(low + c))^(k/(channels-1))

    Parameters
    ----------
    channels : int
        >= 2.
    low, high : float, Hz
        0 < low < high.

    Returns
    -------
    (channel,) ndarray, Hz
        Ascending.

    Raises
    ------
    ValueError
        `channels` below 2, or frequencies that are not finite, positive and ascending.
    """
    if isinstance(channels, bool) or not isinstance(channels, (int, np.integer)) or channels < 2:
        raise ValueError(f"erb_space: channels must be a whole number >= 2, got {channels!r}")
    ends = _frequencies([low, high], "erb_space")
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"erb_space: expected low < high in Hz, got low = {low!r}, high = {high!r}")
    c = ERB_QUALITY * ERB_MINIMUM
    centres = -c + (ends[0] + c) * ((ends[1] + c) / (ends[0] + c)) ** np.linspace(0.0, 1.0, channels)
    centres[[0, -1]] = ends  # to the bit
    return centres


def gammatone_filters(frequencies, sampling_rate):
    """Impulse responses of gammatone filters of fourth order, sampled, with gain 1 at their centres.

    g_c(t) = A_c t^3 exp(-2 pi 1.019 ERB(f_c) t) cos(2 pi f_c t)

    All have the length of the slowest, whose envelope has decayed to 2e-9 of its largest value by then.

    Parameters
    ----------
    frequencies : (channel,) array, Hz
        Centres, > 0 and below half the sampling rate.
    sampling_rate : float, Hz
        > 0.

    Returns
    -------
    (channel, tap) ndarray of float64

    Raises
    ------
    ValueError
        A sampling rate that is not a finite number > 0, or a centre at or above half of it.

    Notes
    -----
    The shape is that of `scipy.signal.gammatone` (ftype ``"fir"``), whose gain at the centre is 1 only for
    narrow filters; here each is divided by its own gain.
    """
    centres = np.atleast_1d(_frequencies(frequencies, "gammatone_filters"))
    rate = _sampling_rate(sampling_rate, "gammatone_filters")
    if centres.ndim != 1 or centres.size == 0:
        raise ValueError(
            f"gammatone_filters: expected frequencies of shape (channel,), got the shape {centres.shape}"
        )
    if centres.max() >= rate / 2:
        raise ValueError(
            f"gammatone_filters: centre {centres.max():g} Hz, but recordings at {rate:g} Hz hold only what is "
            f"below {rate / 2:g} Hz; lower the highest centre"
        )
    taps = int(np.ceil(rate * _DECAYS / (2 * np.pi * 1.019 * erb(centres.min()))))
    filters = np.empty((centres.size, taps))
    for k, centre in enumerate(centres):
        response, _ = scipy.signal.gammatone(centre, "fir", order=ORDER, numtaps=taps, fs=rate)
        _, gain = scipy.signal.freqz(response, worN=[centre], fs=rate)
        filters[k] = response / abs(gain[0])
    return filters


def filter_bank(signal, filters):
    """Output of every filter, as long as the signal.

    y_c[n] = sum over m of g_c[m] x[n-m]

    Parameters
    ----------
    signal : (sample,) array
        One recording, at least one sample, finite.
    filters : (channel, tap) array
        As from `gammatone_filters`.

    Returns
    -------
    (channel, sample) ndarray of float64

    Raises
    ------
    ValueError
        Empty, not one-dimensional, not real numbers, NaN or infinity.
    """
    x = _signal(signal, "filter_bank")
    return scipy.signal.oaconvolve(x[None], np.asarray(filters), axes=-1)[:, : x.size]


def cochleagram(signal, sampling_rate, filters, *, dt, exponent=0.3):
    """Compressed envelopes of a recording, whatever its loudness: the drive of hair cells.

    d_c[k] = (mean over step k of max((g_c * x/rms(x)), 0)) ^ exponent

    A recording that is louder by a constant factor gives the same result. The last step is filled with
    silence where the recording ends within it.

    Parameters
    ----------
    signal : (sample,) array
        One recording in any unit, at least one sample, finite, not all of one value.
    sampling_rate : float, Hz
    filters : (channel, tap) array
        As from `gammatone_filters` for that sampling rate.
    dt : float or Quantity, s
        Step of the result, a whole number of samples.
    exponent : float
        Of the compression, > 0 and <= 1. 0.3 is that of loudness (Stevens, Psychological Review 64, 153,
        1957).

    Returns
    -------
    (time, channel) ndarray of float64
        >= 0; ceil(samples / samples in dt) steps.

    Raises
    ------
    ValueError
        As `filter_bank`; a constant recording; `dt` that is no whole number of samples; `exponent` or
        `sampling_rate` out of range.

    Notes
    -----
    The mean is subtracted before anything else: it is not sound, but the offset of a converter.
    """
    rate = _sampling_rate(sampling_rate, "cochleagram")
    check_exponent(exponent)
    x = _signal(signal, "cochleagram")
    every = whole_steps(dt, 1 / rate, "cochleagram: dt")
    largest = np.abs(x).max()  # of floats: −32768 has no counterpart among the integers of a recording
    x = x - x.mean()
    level = np.sqrt(np.mean(x**2))
    # Rounding of the mean leaves a constant recording with a tiny remainder.
    if not level > 1e-12 * largest:
        raise ValueError(
            f"cochleagram: the recording of {x.size} samples is silent (every sample is {np.ravel(signal)[0]}); "
            "leave it out"
        )
    rectified = np.maximum(filter_bank(x / level, filters), 0.0)
    padded = np.pad(rectified, ((0, 0), (0, -x.size % every)))
    envelope = padded.reshape(len(padded), -1, every).mean(axis=2)
    return envelope.T**exponent


def check_exponent(exponent):
    """Raise ValueError unless it is a number > 0 and <= 1."""
    number = np.asarray(exponent)
    if number.ndim or number.dtype.kind not in "fiu" or not 0 < number <= 1:
        raise ValueError(f"cochleagram: exponent must be a number > 0 and <= 1, got {exponent!r}")


def _frequencies(values, where):
    f = np.asarray(values)
    if f.dtype.kind not in "fiu" or not np.isfinite(f).all() or not (f > 0).all():
        raise ValueError(f"{where}: frequencies must be finite numbers > 0 in Hz, got {values!r}")
    return f.astype(np.float64)


def _sampling_rate(value, where):
    rate = np.asarray(value)
    if rate.ndim or rate.dtype.kind not in "fiu" or not 0 < rate < np.inf:
        raise ValueError(f"{where}: sampling_rate must be a finite number > 0 in Hz, got {value!r}")
    return float(rate)


def _signal(signal, where):
    x = np.asarray(signal)
    if x.ndim != 1 or x.size == 0 or x.dtype.kind not in "fiu":
        raise ValueError(
            f"{where}: expected one recording, real numbers of shape (sample,) with at least one sample, got "
            f"{x.dtype} {x.shape}"
        )
    x = x.astype(np.float64)
    if not np.isfinite(x).all():
        raise ValueError(
            f"{where}: the recording must be finite, got {int((~np.isfinite(x)).sum())} NaN or infinite "
            "samples; cut them out first"
        )
    return x
