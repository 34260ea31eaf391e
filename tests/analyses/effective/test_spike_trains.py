"""Recorded spikes in the layout of a simulation, and the process of known time constant."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, firing_rates
from chronaxie.analyses.effective import (
    autocorrelation_timescales,
    doubly_stochastic_spikes,
    isi_timescales,
    recorded_spikes,
)
from chronaxie.analyses.effective import spike_trains as module
from chronaxie.analyses.effective.doubly_stochastic import ornstein_uhlenbeck_kernel
from chronaxie.analyses.effective.spike_trains import trains


def test_recorded_spikes_are_laid_out_as_those_of_a_simulation():
    ds = recorded_spikes(
        [30, 10, 20], neuron=[1, 0, 1], trial=[0, 1, 0], duration=1000, units="ms", resolution=1, group="V1"
    )
    assert ds["V1_spike_time"].values.tolist() == [0.02, 0.03, 0.01]
    assert ds["V1_spike_trial"].values.tolist() == [0, 0, 1]
    assert ds["V1_spike_time"].attrs["units"] == "s"
    assert ds.attrs == {"trials": 2, "duration": 1.0, "dt": 0.001}
    rates = firing_rates(ds.assign_attrs(dt_ref=0.001))
    assert rates["firing_rate"].values.tolist() == [0.5, 1.0]


def test_trains_are_ordered_by_neuron_trial_and_time():
    ds = recorded_spikes([0.3, 0.1, 0.2, 0.4], neuron=[1, 1, 0, 1], trial=[0, 0, 0, 1], neurons=3, duration=1)
    (found,) = trains(ds, None, where="test")
    assert found.size == 3
    trial, time = found.of(1)
    assert trial.tolist() == [0, 0, 1]
    assert time.tolist() == [0.1, 0.3, 0.4]
    assert len(found.of(2)[1]) == 0


@pytest.mark.parametrize("dask", [False, True])
def test_spikes_are_read_a_part_at_a_time_and_give_the_same(dask, monkeypatch):
    rng = np.random.default_rng(4)
    ds = recorded_spikes(
        3 * rng.random(3000), neuron=rng.integers(0, 9, 3000), trial=rng.integers(0, 20, 3000), duration=3
    )
    options = {"resamples": 20, "width": 0.02, "window": None}
    whole = autocorrelation_timescales(ds, **options), isi_timescales(ds, resamples=20)
    monkeypatch.setattr(module, "HELD", 700)
    monkeypatch.setattr(module, "BLOCK", 500)
    read, values_of = [], module.values_of

    def watched(arrays):
        read.extend(array.size for array in arrays)
        return values_of(arrays)

    monkeypatch.setattr(module, "values_of", watched)
    part = ds.chunk({"recorded_spike": 250}) if dask else ds
    found = autocorrelation_timescales(part, **options), isi_timescales(part, resamples=20)
    assert max(read) == 500
    for one, other in zip(found, whole, strict=True):
        xr.testing.assert_identical(one, other)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"time": [1.0], "duration": 1}, "below the duration, 1.0 s, got 1.0 at position 0"),
        ({"time": [np.nan], "duration": 1}, "got nan at position 0"),
        ({"time": [0.5], "duration": 1, "units": "min"}, "units must be one of s, ms"),
        ({"time": [0.5], "duration": 1, "neuron": [0.5]}, "neuron must be whole numbers from 0 on"),
        ({"time": [0.5], "duration": 1, "neuron": [0, 1]}, "1 times but 2 values of neuron"),
        ({"time": [0.5], "duration": 1, "trial": [3], "trials": 2}, "trial goes to 3, but trials is 2"),
        ({"time": [], "duration": 1, "neuron": np.zeros(0, int)}, "say how many neurons there are"),
        ({"time": [0.5], "duration": -1}, "duration must be a positive"),
        ({"time": [0.5], "duration": 1, "neurons": 0}, "neurons must be a whole number above 0"),
    ],
)
def test_bad_recordings_are_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        recorded_spikes(arguments.pop("time"), **arguments)


def test_the_ornstein_uhlenbeck_process_has_its_variance_and_time_constant():
    x = ornstein_uhlenbeck_kernel(10.0, step=2.0, shape=(200, 1000), rng=np.random.default_rng(0))
    # 200 × 1000 × 2/20 independent values: 0.7 %, thrice
    assert (x**2).mean() == pytest.approx(1, rel=0.025)
    assert (x[:, 5:] * x[:, :-5]).mean() == pytest.approx(np.exp(-1), abs=0.02)
    assert (x[:, 0] ** 2).mean() == pytest.approx(1, rel=0.3)


def test_the_rate_of_the_process_forgets_with_its_time_constant():
    """Var[count of a trial] = mean + ∬ Cov: within 2 %, two standard errors; 1.9 tau for 2 tau lowers it by 4 %."""
    tau, rate, step, steps = 100.0, 20.0, 25.0, 80
    ds = doubly_stochastic_spikes(
        tau, rate=rate, duration=steps * step / 1e3, trials=40000, step=step, seed=5
    )
    count = np.bincount(ds["process_spike_trial"].values, minlength=40000)
    lag = np.abs(np.subtract.outer(np.arange(steps), np.arange(steps))) * step
    expected = rate * steps * step / 1e3 + (rate * step / 1e3) ** 2 * np.exp(-lag / tau).sum()
    assert count.var() == pytest.approx(expected, rel=0.02)


def test_the_process_has_its_rate_and_its_variance():
    ds = doubly_stochastic_spikes(40, rate=20, duration=2, trials=400, components=2, seed=1)
    (found,) = trains(ds, None, where="test")
    trial, time = found.of(0)
    assert len(time) / 800 == pytest.approx(20, rel=0.05)
    # counts in 10 ms: mean m, variance m + m² · 1 as a quarter of tau is short
    counts = np.histogram2d(trial, time, bins=(400, 200), range=((0, 400), (0, 2)))[0]
    m = counts.mean()
    assert counts.var() == pytest.approx(m + m**2, rel=0.06)
    assert doubly_stochastic_spikes(40, rate=20, duration=1, seed=1).identical(
        doubly_stochastic_spikes(40, rate=20, duration=1, seed=1)
    )
    with pytest.raises(InvalidInput, match="components must be a whole number above 0"):
        doubly_stochastic_spikes(40, rate=20, duration=1, components=0)
