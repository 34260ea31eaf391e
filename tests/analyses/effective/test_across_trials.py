"""Autocorrelation across trials: against numpy's own correlation, known time constants, the null, bad input."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.effective import (
    autocorrelation,
    autocorrelation_timescales,
    doubly_stochastic_spikes,
    exponential_fit_kernel,
    recorded_spikes,
    trial_autocorrelation_kernel,
)
from chronaxie.analyses.effective.autocorrelation import decay_kernel, first_drop, independence_p_kernel
from chronaxie.analyses.effective.doubly_stochastic import ornstein_uhlenbeck_kernel

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_correlations_are_those_of_numpy():
    counts = np.random.default_rng(0).poisson(2.0, (40, 8))
    r = np.corrcoef(counts.T)
    expected = [np.diagonal(r, k).mean() for k in (1, 2, 3)]
    np.testing.assert_allclose(trial_autocorrelation_kernel(counts, lags=3), expected, rtol=1e-10)
    both = np.stack((counts, counts[::-1]))
    assert trial_autocorrelation_kernel(both, lags=3).shape == (2, 3)


def test_bins_that_never_vary_are_left_out():
    counts = np.random.default_rng(1).poisson(2.0, (40, 5))
    counts[:, 2] = 3
    r = [np.corrcoef(counts[:, i], counts[:, i + 1])[0, 1] for i in (0, 3)]
    assert trial_autocorrelation_kernel(counts, lags=1)[0] == pytest.approx(np.mean(r))
    assert np.isnan(trial_autocorrelation_kernel(np.ones((5, 4)), lags=2)).all()


def test_sums_over_blocks_are_those_of_all_trials_whatever_the_chunk(monkeypatch):
    counts = np.random.default_rng(2).poisson(1.0, (57, 12))
    block = np.arange(57) * 10 // 57
    whole = autocorrelation.trial_moments(counts, block, 10, 5)
    monkeypatch.setattr(autocorrelation, "CHUNK", 200)
    np.testing.assert_array_equal(autocorrelation.trial_moments(counts, block, 10, 5), whole)
    r = autocorrelation.correlations(whole.sum(axis=0), 12, 5)
    np.testing.assert_allclose(r, trial_autocorrelation_kernel(counts, lags=5), rtol=1e-12)


def test_the_fit_begins_at_the_first_drop():
    assert first_drop(np.array([[0.1, 0.3, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1], [1, 2, 3, 4]])).tolist() == [
        2,
        1,
        1,
    ]


@pytest.mark.parametrize("tau", [20.0, 100.0, 300.0])
def test_an_ar1_process_is_recovered(tau):
    """400 trials of 20 time constants: 20 repetitions scatter by 10 % or less, their median by 3 %."""
    x = ornstein_uhlenbeck_kernel(tau, step=tau / 4, shape=(20, 400, 80), rng=np.random.default_rng(int(tau)))
    fit = decay_kernel(trial_autocorrelation_kernel(x, lags=20), width=tau / 4, bins=80)
    assert np.median(fit.tau) == pytest.approx(tau, rel=0.05)


def test_spikes_of_a_doubly_stochastic_process():
    """Eight neurons in 400 s: the layer's mean is within 15 %, most intervals of 90 % hold the truth."""
    ds = doubly_stochastic_spikes(100, rate=8, duration=2, trials=200, neurons=8, seed=2)
    out = autocorrelation_timescales(ds, longest_lag=1.0, resamples=50, level=0.9)
    assert float(out["autocorrelation_layer_tau"][0]) == pytest.approx(100, rel=0.15)
    low, high = out["autocorrelation_layer_tau_interval"].values[0]
    assert low < 100 < high
    bounds = out["autocorrelation_tau_interval"].values
    assert ((bounds[:, 0] < 100) & (bounds[:, 1] > 100)).sum() >= 6
    assert (out["autocorrelation_p"].values < 0.01).all()
    assert out["autocorrelation_tau"].attrs["units"] == "ms"
    assert out["unit_index"].values.tolist() == list(range(8))


def test_windows_make_trials_of_a_recording():
    ds = doubly_stochastic_spikes(50, rate=10, duration=300, neurons=2, seed=3)
    out = autocorrelation_timescales(ds, window=1.0, resamples=0)
    assert out.attrs["autocorrelation_trials"] == 300
    assert np.isnan(out["autocorrelation_tau_interval"]).all()
    with pytest.raises(InvalidInput, match="cut a recording into stretches, such as window=1.0"):
        autocorrelation_timescales(ds)


def test_the_same_seed_gives_the_same_numbers():
    ds = doubly_stochastic_spikes(50, rate=10, duration=1, trials=50, neurons=2, seed=4)
    first, second = (autocorrelation_timescales(ds, resamples=30, seed=1) for _ in range(2))
    assert first.identical(second)


@pytest.mark.parametrize("rate, trials", [(1.0, 10), (1.0, 20), (20.0, 20)])
def test_under_the_null_p_holds_its_level(rate, trials):
    """Poisson neurons of `rate` Hz in trials of 2 s: at most 5 % + 3 standard errors of 400 are below 0.05."""
    rng = np.random.default_rng(6)
    counts = rng.poisson(rate * 0.05, (400, trials, 40))
    p = np.array([independence_p_kernel(c, lags=20, rng=rng, permutations=99) for c in counts])
    assert 0.02 < (p <= 0.05).mean() < 0.083
    assert (p <= 0.01).mean() < 0.025


def test_p_is_that_of_rotations_by_hand():
    """Two bins and four trials: one rotation of four is as good as what was observed."""
    counts = np.array([[0, 1], [1, 3], [2, 4], [4, 9]])
    p = independence_p_kernel(counts, lags=1, rng=np.random.default_rng(0), permutations=4000)
    assert p == pytest.approx(1 / 4, abs=0.03)  # four standard errors
    counts = np.eye(6)[:, [0, 0, 1]]  # three bins of one spike each, two of which coincide
    values = [
        sum(1.0 if x == y else -0.2 for x, y in ((0, a), (0, b), (a, b))) for a in range(6) for b in range(6)
    ]
    expected = np.mean(np.array(values) >= 1 - 0.4 - 1e-9)
    p = independence_p_kernel(counts, lags=2, rng=np.random.default_rng(1), permutations=4000)
    assert p == pytest.approx(expected, abs=0.03)


def test_p_is_nan_where_nothing_varies():
    assert np.isnan(independence_p_kernel(np.ones((5, 4)), lags=2, rng=np.random.default_rng(0)))
    one = np.ones((5, 4))
    one[0, 2] = 0.0
    assert np.isnan(independence_p_kernel(one, lags=2, rng=np.random.default_rng(0)))


def test_lags_weigh_as_many_pairs_of_bins_as_they_have():
    """An exponential with one value off: moving the last lag, of one pair, matters less than moving the first."""
    number = np.arange(1, 11)
    curve = np.exp(-number / 3.0)
    off = 0.05 * np.eye(10)[[2, 9]]
    by_hand = exponential_fit_kernel(curve + off, number * 1.0, low=0.25, high=20, weight=11.0 - number)
    fit = decay_kernel(curve + off, width=1.0, bins=11)
    np.testing.assert_allclose(fit.tau, by_hand.tau, rtol=1e-6)
    even = exponential_fit_kernel(curve + off, number * 1.0, low=0.25, high=20)
    assert (abs(even.tau / by_hand.tau - 1) > 0.02).all()


def test_a_window_that_is_no_multiple_of_the_bin_leaves_no_stretch_out():
    """Bins of 0.3 s in windows of 1.9 s are stretches of 1.8 s: five in 9 s, where windows would be four."""
    ds = recorded_spikes(np.linspace(0, 8.99, 60), duration=9.0)
    out = autocorrelation_timescales(ds, width=0.3, window=1.9, longest_lag=1.5, resamples=0)
    assert out.attrs["autocorrelation_window_s"] == pytest.approx(1.8)
    assert out.attrs["autocorrelation_trials"] == 5


def test_silent_single_and_constant_neurons_are_nan_without_a_warning():
    time = np.tile(np.arange(20) * 0.05 + 0.01, 10)
    trial = np.repeat(np.arange(10), 20)
    ds = recorded_spikes(time, trial=trial, neuron=np.ones(200, int), neurons=2, trials=10, duration=1.0)
    out = autocorrelation_timescales(ds, resamples=20)
    assert np.isnan(out["autocorrelation_tau"]).all()
    assert np.isnan(out["autocorrelation_layer_tau"]).all()
    assert int(out["autocorrelation_layer_count"][0]) == 0


def test_what_cannot_be_done_is_refused():
    ds = doubly_stochastic_spikes(50, rate=10, duration=1, trials=5, seed=1)
    with pytest.raises(InvalidInput, match="window is 3.0 s, but a trial lasts 1.0 s"):
        autocorrelation_timescales(ds, window=3.0)
    with pytest.raises(InvalidInput, match="2 bins of 0.5 s .* choose a narrower bin"):
        autocorrelation_timescales(ds, width=0.5)
    with pytest.raises(InvalidInput, match="level must be between 0 and 1"):
        autocorrelation_timescales(ds, level=95)
    with pytest.raises(MissingVariable, match="process"):
        autocorrelation_timescales(ds, ["hidden1"])
    with pytest.raises(MissingVariable, match="looked for <group>_spike_trial"):
        autocorrelation_timescales(ds.drop_vars(list(ds.data_vars)))
    wrong = ds.copy()
    wrong["process_spike_time"].attrs["units"] = "ms"
    with pytest.raises(InvalidInput, match="process_spike_time must be in s"):
        autocorrelation_timescales(wrong)
