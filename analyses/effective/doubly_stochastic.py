"""Spikes of a doubly stochastic process whose rate has an exactly exponential autocorrelation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

from ..errors import InvalidInput
from ..variables import positive
from .spike_trains import recorded_spikes

if TYPE_CHECKING:
    import xarray as xr


def ornstein_uhlenbeck_kernel(tau, *, step, shape, rng):
    """Stationary Ornstein-Uhlenbeck process of unit variance, sampled exactly: an AR(1) process.

    x[t + 1] = q x[t] + sqrt(1 − q²) N(0, 1), q = exp(−step/tau).

    Parameters
    ----------
    tau, step : float
        Time constant and sampling interval in one unit, > 0.
    shape : tuple of int
        The last axis is time.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of that shape
    """
    q = np.exp(-step / tau)
    noise = rng.standard_normal(shape)
    noise[..., 1:] *= np.sqrt(-np.expm1(-2 * step / tau))
    return lfilter([1.0], [1.0, -q], noise, axis=-1)


def doubly_stochastic_spikes(
    tau: float,
    *,
    rate: float,
    duration: float,
    trials: int = 1,
    neurons: int = 1,
    components: int = 2,
    step: float | None = None,
    seed: int | Sequence[int] | np.random.Generator = 0,
) -> xr.Dataset:
    """Spikes of independent neurons, Poisson given a rate that fluctuates with one time constant.

    λ(t) = rate · (1/d) Σ xᵢ(t)² over d independent Ornstein-Uhlenbeck processes of time constant 2 tau. So λ is gamma
    distributed (a Cox-Ingersoll-Ross process), never negative, with Cov[λ(0), λ(t)] = (2/d) rate² exp(−t/tau) exactly.

    Parameters
    ----------
    tau : float
        Time constant of the rate in ms.
    rate : float
        Mean rate in Hz.
    duration : float
        Of a trial in s.
    trials, neurons : int
        Each starts anew from the stationary state.
    components : int
        d; the squared coefficient of variation of the rate is 2/d.
    step : float, optional
        In ms; within a step the rate is constant. None: a tenth of tau (the autocorrelation is then a straight line
        between steps, 0.1 % above the exponential).
    seed : int or numpy.random.Generator

    Returns
    -------
    Dataset
        As of `recorded_spikes`, with the attributes `tau` (ms), `rate` (Hz), `components`, `step` (ms), `seed`.

    Raises
    ------
    InvalidInput
        A number that is not positive.

    References
    ----------
    Cox, Journal of the Royal Statistical Society B 17, 129 (1955); Cox, Ingersoll and Ross, Econometrica 53, 385
    (1985).
    """
    where = "doubly_stochastic_spikes"
    tau = positive(tau, name="tau", where=where)
    rate, duration = (
        positive(rate, name="rate", where=where),
        positive(duration, name="duration", where=where),
    )
    step = tau / 10 if step is None else positive(step, name="step", where=where)
    for name, value in (("trials", trials), ("neurons", neurons), ("components", components)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InvalidInput(f"{where}: {name} must be a whole number above 0, got {value!r}")
    rng = np.random.default_rng(seed)
    steps = int(np.ceil(duration * 1e3 / step))
    found = []
    for neuron in range(neurons):
        intensity = np.zeros((trials, steps))
        for _ in range(components):
            intensity += ornstein_uhlenbeck_kernel(2 * tau, step=step, shape=(trials, steps), rng=rng) ** 2
        count = rng.poisson(intensity * (rate * step * 1e-3 / components))
        trial, place = np.nonzero(count)
        number = count[trial, place]
        time = (np.repeat(place, number) + rng.random(number.sum())) * step * 1e-3
        found.append((np.repeat(trial, number), np.full(len(time), neuron), time))
    trial, neuron, time = (np.concatenate(parts) for parts in zip(*found, strict=True))
    inside = time < duration
    ds = recorded_spikes(
        time[inside],
        neuron=neuron[inside],
        trial=trial[inside],
        duration=duration,
        neurons=neurons,
        trials=trials,
        group="process",
    )
    about = {"tau": tau, "rate": rate, "components": components, "step": step}
    return ds.assign_attrs(about | ({"seed": seed} if isinstance(seed, int) else {}))
