"""Spikes that coincide within a window, what chance would give, and where two trains first part."""

import numpy as np

from ..errors import InvalidInput
from ..variables import positive
from .trains import Trains, in_parts, merged, segments

# Times are multiples of a step up to rounding: a window of whole steps holds the spikes at its ends.
SLACK = 1e-6


@in_parts
def coincidence_kernel(reference, other, *, window):
    """Number of coincidences of each pair of trains: spikes at most `window` apart, each spike in one of them at most.

    The largest number of couples that can be formed at once. So it is the same both ways and never above the number of
    spikes of either train.

    Parameters
    ----------
    reference, other : Trains
        As many of each; pair k are the trains k.
    window : float
        Δ > 0, in the unit of the times; the ends belong to it (with a millionth of it for rounding).

    Returns
    -------
    ndarray of int64 (pair,)

    Raises
    ------
    InvalidInput
        `window` is not positive; other numbers of trains.

    Notes
    -----
    In order of time the earliest two spikes within the window form a couple, and of two that are further apart the
    earlier one has none, which gives the largest number where all windows have one width. Segments of trains
    without gaps above Δ are worked through side by side.
    """
    window = positive(window, name="window", where="coincidence_kernel") * (1 + SLACK)
    time, pair, side = merged(reference, other)
    out = np.zeros(len(reference), dtype=np.int64)
    if not time.size:
        return out
    segment = segments(time, pair, window)
    number = [np.bincount(segment[side == s], minlength=segment[-1] + 1) for s in (0, 1)]
    todo = np.flatnonzero((number[0] > 0) & (number[1] > 0))
    owner = pair[np.concatenate([[True], np.diff(segment) > 0])][todo]
    a, b = time[side == 0], time[side == 1]
    # Where each side of each segment stands and ends.
    end = [np.cumsum(n)[todo] for n in number]
    at = [e - n[todo] for e, n in zip(end, number, strict=True)]
    while todo.size:
        ahead = a[at[0]] - b[at[1]]
        couple = np.abs(ahead) <= window
        out += np.bincount(owner[couple], minlength=len(out))
        at = [at[0] + (couple | (ahead < 0)), at[1] + (couple | (ahead > 0))]
        left = (at[0] < end[0]) & (at[1] < end[1])
        if not left.all():
            todo, owner = todo[left], owner[left]
            at, end = [x[left] for x in at], [x[left] for x in end]
    return out


def in_steps(trains, step):
    """Move every spike to the beginning of the step that it falls into; one at a boundary belongs to the later step.

    Parameters
    ----------
    trains : Trains
    step : float
        > 0, in the unit of the times; steps begin at 0.

    Returns
    -------
    Trains
        With as many spikes: those of one train in one step are at one time.
    """
    step = positive(step, name="step", where="in_steps")
    return Trains(np.floor(trains.time / step + SLACK) * step, trains.offset)


def window_width(window, step):
    """Time that a closed window of ± `window` takes: 2Δ, or on a grid with a step the places in it times the step."""
    if step == 0:
        return 2 * window
    return (2 * np.floor(window / step * (1 + SLACK)) + 1) * step


def expected_coincidences_kernel(n_reference, n_other, *, duration, width):
    """Coincidences that a Poisson train with the rate ν of the other would have with the reference: ν w N_reference.

    Parameters
    ----------
    n_reference, n_other : array_like of int
        Spikes of each train.
    duration : float
        Length of a trial, > 0.
    width : float
        w = 2Δ in continuous time; for spikes on a grid see `window_width`.

    Returns
    -------
    ndarray of float
    """
    rate = np.asarray(n_other) / positive(duration, name="duration", where="expected_coincidences_kernel")
    return width * rate * np.asarray(n_reference)


def gamma_weight_kernel(n_reference, n_other, *, duration, width):
    """½ (N_reference + N_other) (1 − ν w), what Γ divides by; 0 where it is not defined.

    Parameters and source as those of `gamma_factor_kernel`.
    """
    n_reference, n_other = np.asarray(n_reference), np.asarray(n_other)
    chance = width * n_other / positive(duration, name="duration", where="gamma_weight_kernel")
    # a train with a spike in every place leaves rounding only
    return np.where(chance < 1 - SLACK, 0.5 * (n_reference + n_other) * (1 - chance), 0.0)


def gamma_factor_kernel(coincidences, n_reference, n_other, *, duration, width):
    """Coincidence factor Γ = (N_coinc − ⟨N_coinc⟩) / (½ (N_reference + N_other)) / (1 − ν w).

    1 for equal trains, 0 on average for a Poisson train of the same rate, below it for trains that avoid each other.

    Parameters
    ----------
    coincidences, n_reference, n_other : array_like of int, one shape
    duration : float
        Length of a trial, > 0.
    width : float
        w, the width of the window: 2Δ in continuous time; for spikes on a grid see `window_width`.

    Returns
    -------
    ndarray of float
        NaN where neither train has a spike, and where chance alone would fill the window (ν w ≥ 1).

    Notes
    -----
    The chance level ⟨N_coinc⟩ = ν w N_reference is exact for a window of one place of a grid that holds one spike of a
    train at most, and otherwise too high where ν w is not small: spikes that crowd in a window make one coincidence. Γ
    is then below 0 for unrelated trains.

    References
    ----------
    Kistler, Gerstner and van Hemmen, Neural Computation 9, 1015 (1997); Jolivet et al., Journal of Neuroscience Methods
    169, 417 (2008): w = 2Δ, and ν is the rate of the model, here of the other.
    """
    options = {"duration": duration, "width": width}
    weight = gamma_weight_kernel(n_reference, n_other, **options)
    excess = np.asarray(coincidences) - expected_coincidences_kernel(n_reference, n_other, **options)
    out = np.full(np.shape(weight), np.nan)
    return np.divide(excess, weight, out=out, where=weight > 0)


@in_parts
def first_divergence_kernel(reference, other, *, tolerance):
    """Time at which each pair of trains first differs: of the first spike whose partner is missing or elsewhere.

    The k-th spikes of both trains are partners. Of two partners that are more than `tolerance` apart the earlier one
    counts, and of trains with different numbers of spikes the first that is left over.

    Parameters
    ----------
    reference, other : Trains
        As many of each; pair k are the trains k.
    tolerance : float
        ≥ 0, in the unit of the times; it belongs to what is allowed (with a millionth of it for rounding).

    Returns
    -------
    ndarray of float (pair,)
        NaN where the trains never differ.

    Raises
    ------
    InvalidInput
        `tolerance` is negative or not a number; other numbers of trains.
    """
    if not tolerance >= 0:
        raise InvalidInput(f"first_divergence_kernel: tolerance must be a time >= 0, got {tolerance!r}")
    out = np.full(len(reference), np.nan)
    common = np.minimum(reference.counts, other.counts)
    owner = np.repeat(np.arange(len(reference)), common)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(common) - common, common)
    a = reference.time[reference.offset[owner] + place]
    b = other.time[other.offset[owner] + place]
    differ = np.abs(a - b) > tolerance * (1 + SLACK)
    which, first = np.unique(owner[differ], return_index=True)
    out[which] = np.minimum(a[differ], b[differ])[first]
    for longer, shorter in ((reference, other), (other, reference)):
        extra = np.isnan(out) & (longer.counts > shorter.counts)
        out[extra] = longer.time[longer.offset[:-1][extra] + shorter.counts[extra]]
    return out
