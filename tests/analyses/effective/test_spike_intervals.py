"""Intervals of all orders: histograms by hand, smoothing, known time constants with their stated bias, bad input."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.effective import (
    difference_decay_kernel,
    difference_histogram_kernel,
    differences,
    doubly_stochastic_spikes,
    isi_timescales,
    recorded_spikes,
)
from chronaxie.analyses.effective.differences import difference_bins, loess_matrix

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def brute_force(time, segment, block, blocks, width, bins, orders):
    out = np.zeros((blocks, bins), dtype=int)
    for i in range(len(time)):
        for j in range(i + 1, min(i + (orders or len(time)), len(time) - 1) + 1):
            d = time[j] - time[i]
            if segment[i] == segment[j] and 0 < d < bins * width:
                out[block[i], int(d / width)] += 1
    return out


@pytest.mark.parametrize("orders", [1, 3, 100, None])
def test_histograms_are_those_of_two_loops(orders):
    rng = np.random.default_rng(0)
    segment = np.repeat([0, 1, 2], 30)
    time = np.concatenate([np.sort(rng.random(30)) * 3 for _ in range(3)])
    time[5] = time[4]  # simultaneous spikes have no interval
    block = rng.integers(0, 2, 90)
    found = difference_histogram_kernel(
        time, segment, block=block, blocks=2, width=0.1, bins=10, orders=orders
    )
    np.testing.assert_array_equal(found, brute_force(time, segment, block, 2, 0.1, 10, orders))


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("rate", [0.02, 0.3, 3.0])
def test_dense_trains_on_a_grid_are_counted_as_sparse_ones(rate, within, monkeypatch):
    """Dense ones by Fourier transforms, sparse ones pair by pair: the same numbers, whichever is quicker."""
    rng = np.random.default_rng(4)
    counts = rng.poisson(rate, (5, 400))  # several spikes in a step too
    segment, at = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    block = at // 150 if within else segment // 2
    width, middle = difference_bins(0.06, 0.001)
    options = dict(block=block, blocks=3, width=5 * width, bins=12, step=0.001)
    found = {}
    for cost in (0, 1e9):  # of a pair: never and always a transform
        monkeypatch.setattr(differences, "_PAIR", cost)
        found[cost] = difference_histogram_kernel(at * 0.001, segment, **options)
    np.testing.assert_array_equal(found[0], found[1e9])
    lag = at[None] - at[:, None]
    pairs = (segment[None] == segment[:, None]) & (lag > 0) & (lag <= 60)
    for k in range(3):
        expected = np.bincount((lag[block == k][pairs[block == k]] - 1) // 5, minlength=12)
        np.testing.assert_array_equal(found[0][k], expected)


def test_on_a_grid_every_bin_can_hold_as_many_differences():
    """A regular train at every step of 4 ms: without regard to the grid, bins of 3.33 ms would be empty or full."""
    step = 0.004
    width, middle = difference_bins(0.2, step)
    assert width == step
    np.testing.assert_allclose(middle, step * np.arange(1, 51))
    time = np.arange(1000) * step
    zero = np.zeros(1000, int)
    counts = difference_histogram_kernel(time, zero, block=zero, blocks=1, width=width, bins=50, step=step)[0]
    np.testing.assert_array_equal(counts, 999 - np.arange(50))
    width, middle = difference_bins(1.0, 0.001)
    assert width == pytest.approx(0.003)
    assert middle[0] == pytest.approx(0.002)  # differences of 1, 2 and 3 ms


def test_smoothing_keeps_parabolas_and_is_local():
    smooth = loess_matrix(60, 0.1)
    x = np.arange(60.0)
    np.testing.assert_allclose(smooth @ (3 + 2 * x - x**2), 3 + 2 * x - x**2, atol=1e-8)
    assert np.count_nonzero(smooth[30]) <= 7


def test_decay_begins_at_the_peak():
    lag = np.arange(300) * 10 / 3 + 5 / 3
    curve = 1 + 0.5 * np.exp(-lag / 120)
    curve[:10] *= np.linspace(0.2, 0.9, 10)  # refractory
    fit, latency = difference_decay_kernel(curve, lag, span=0)
    assert fit.tau == pytest.approx(120, rel=1e-3)
    assert 25 < latency < 70
    assert fit.offset == pytest.approx(2, rel=1e-2)


@pytest.mark.parametrize("tau, published", [(20.0, 1.10), (100.0, 1.0), (300.0, 1.0)])
def test_known_time_constants_with_their_stated_bias(tau, published):
    """Thirty units of 1000 s at 8 Hz, averaged: smoothing lengthens 20 ms by a tenth; without it there is no bias."""
    ds = doubly_stochastic_spikes(tau, rate=8, duration=1000, neurons=30, seed=[1, int(tau)])
    smooth, plain = (isi_timescales(ds, resamples=0, span=span) for span in (0.1, 0.0))
    # the mean of 30 units scatters by 3 to 5 %
    assert float(smooth["isi_layer_tau"][0]) / tau == pytest.approx(published, abs=0.1)
    assert float(plain["isi_layer_tau"][0]) / tau == pytest.approx(1, abs=0.1)
    assert np.median(plain["isi_tau"]) / tau == pytest.approx(1, abs=0.15)


def test_intervals_and_correlogram():
    ds = doubly_stochastic_spikes(60, rate=8, duration=400, neurons=5, seed=3)
    out = isi_timescales(ds, resamples=40, level=0.9)
    bounds, tau = out["isi_tau_interval"].values, out["isi_tau"].values
    assert ((bounds[:, 0] < tau) & (tau < bounds[:, 1])).all()
    assert ((bounds[:, 0] < 60) & (bounds[:, 1] > 60)).sum() >= 3
    # the rate of this process varies with a squared coefficient of variation of 1: twice the mean rate at lag 0
    assert float(out["isi_layer_correlogram"][0, 0]) == pytest.approx(2, rel=0.15)
    assert float(out["isi_layer_correlogram"][0, 200:].mean()) == pytest.approx(1, rel=0.05)
    assert out["isi_spikes"].values.sum() == ds.sizes["process_spike"]
    assert out.identical(isi_timescales(ds, resamples=40, level=0.9))


def test_poisson_spikes_have_a_flat_correlogram_also_in_short_trials():
    rng = np.random.default_rng(4)
    time, trial = rng.random(20000) * 4, rng.integers(0, 500, 20000)
    out = isi_timescales(recorded_spikes(time, trial=trial, duration=4.0), resamples=0)
    np.testing.assert_allclose(out["isi_correlogram"].values[0].reshape(10, 30).mean(axis=1), 1, atol=0.03)


def test_a_fast_neuron_has_its_own_time_constant_and_not_that_of_a_cut_histogram():
    """At 150 Hz 100 orders would end after 0.67 s of the 1 s; the mean of four units in 100 s scatters by 5 %."""
    out = isi_timescales(doubly_stochastic_spikes(50, rate=150, duration=100, neurons=4, seed=3), resamples=0)
    assert float(out["isi_layer_tau"][0]) == pytest.approx(50, rel=0.15)
    np.testing.assert_allclose(out["isi_tau"], 50, rtol=0.3)


def test_fast_poisson_spikes_are_independent_up_to_the_end_of_the_window():
    """At 250 Hz: stretches of 100 ms scatter by 0.3 %; what noise the fit finds explains little."""
    rng = np.random.default_rng(1)
    count = rng.poisson(250 * 50.0, 4)
    ds = recorded_spikes(rng.random(count.sum()) * 50, neuron=np.repeat(np.arange(4), count), duration=50.0)
    out = isi_timescales(ds, resamples=0)
    np.testing.assert_allclose(out["isi_correlogram"].values.reshape(4, 10, 30).mean(axis=2), 1, atol=0.01)
    assert (out["isi_r2"].fillna(0) < 0.7).all()


def test_few_spikes_give_nan_and_no_warning():
    ds = recorded_spikes(np.arange(1, 60) * 0.3, neuron=np.arange(59) % 2, neurons=3, duration=20.0)
    out = isi_timescales(ds, resamples=10)
    assert np.isnan(out["isi_tau"]).all()
    assert out["isi_spikes"].values.tolist() == [30, 29, 0]
    assert np.isnan(out["isi_layer_tau"]).all()


def test_what_cannot_be_done_is_refused():
    ds = recorded_spikes([0.1, 0.2], duration=1.0)
    with pytest.raises(InvalidInput, match="window is 1.0 s, but a trial lasts 1.0 s"):
        isi_timescales(ds)
    with pytest.raises(InvalidInput, match="span must be at least 0 and below 1"):
        isi_timescales(ds, window=0.3, span=1.5)
    with pytest.raises(InvalidInput, match="resamples must be a whole number"):
        isi_timescales(ds, window=0.3, resamples=-1)
    with pytest.raises(InvalidInput, match="holds 3 steps of 0.1 s"):
        isi_timescales(ds.assign_attrs(dt=0.1), window=0.3)
