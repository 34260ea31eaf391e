"""Bootstrap intervals: against scipy, samples of clusters, large samples, what is undefined."""

import numpy as np
import pytest
from scipy import stats

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.statistics import intervals
from chronaxie.analyses.statistics.intervals import bootstrap_kernel


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def difference(x, y, axis=-1):
    return np.median(x, axis=axis) - np.median(y, axis=axis)


def expanded(level, n):
    """The level at which a plain interval is as wide as ours of n units."""
    return 2 * stats.norm.cdf(np.sqrt(n / (n - 1)) * stats.t.ppf((1 + level) / 2, n - 1)) - 1


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_one_sample_agrees_with_scipy_at_the_expanded_level(rng, method):
    x = rng.lognormal(3, 0.8, 40)
    ours = bootstrap_kernel(x, stats.skew, rng=rng, resamples=40_000, level=0.9, method=method)
    theirs = stats.bootstrap(
        (x,), stats.skew, n_resamples=40_000, confidence_level=expanded(0.9, 40), method=method, rng=rng
    ).confidence_interval
    # two Monte Carlo runs: the error of a 4 % quantile of 40 000 values is 2 % of the interval's width
    np.testing.assert_allclose(ours, theirs, atol=0.03 * (theirs.high - theirs.low))


@pytest.mark.parametrize("paired", [False, True])
def test_two_samples_agree_with_scipy(rng, paired):
    x = rng.lognormal(3, 0.5, 30)
    y = x + rng.normal(2, 0.5, 30)

    def statistic(x, y, axis=-1):
        return x.mean(axis=axis) - y.mean(axis=axis)

    ours = bootstrap_kernel((x, y), statistic, rng=rng, resamples=40_000, level=0.9, paired=paired)
    theirs = stats.bootstrap(
        (x, y),
        statistic,
        n_resamples=40_000,
        confidence_level=expanded(0.9, 30),
        method="BCa",
        paired=paired,
        rng=rng,
    ).confidence_interval
    np.testing.assert_allclose(ours, theirs, atol=0.03 * (theirs.high - theirs.low))


def test_rows_are_resampled_together_and_each_has_its_interval(rng):
    x = rng.normal(size=(3, 25))
    rows = bootstrap_kernel(x, np.mean, rng=np.random.default_rng(1))
    one = bootstrap_kernel(x[1], np.mean, rng=np.random.default_rng(1))
    assert rows.shape == (2, 3)
    np.testing.assert_allclose(rows[:, 1], one, rtol=1e-12)
    np.testing.assert_array_equal(one, bootstrap_kernel(x[1], np.mean, rng=np.random.default_rng(1)))


def test_chunks_do_not_change_the_numbers(rng, monkeypatch):
    x = rng.normal(size=50)
    at_once = bootstrap_kernel(x, np.mean, rng=np.random.default_rng(1))
    monkeypatch.setattr(intervals, "_CHUNK", 170)
    np.testing.assert_array_equal(at_once, bootstrap_kernel(x, np.mean, rng=np.random.default_rng(1)))


@pytest.mark.parametrize("sizes", [(20,) * 8, (20, 25, 20, 30, 20, 10, 20, 15)])
def test_clusters_are_drawn_whole(rng, sizes):
    effect = rng.normal(size=8)
    label = np.repeat(np.arange(8), sizes)
    x = effect[label] + rng.normal(0, 0.1, len(label))
    order = rng.permutation(len(x))
    wide = bootstrap_kernel(x[order], np.mean, rng=rng, resamples=500, clusters=label[order])
    narrow = bootstrap_kernel(x[order], np.mean, rng=rng, resamples=500)
    # the units of a cluster are nearly copies of each other: the error of the mean is that of 8 values, not of 160
    assert np.ptp(wide) > 3 * np.ptp(narrow)
    assert wide[0] < x.mean() < wide[1]


def test_clusters_of_one_unit_are_units(rng):
    x = rng.lognormal(size=20)
    plain = bootstrap_kernel(x, np.mean, rng=np.random.default_rng(2))
    clustered = bootstrap_kernel(x, np.mean, rng=np.random.default_rng(2), clusters=np.arange(20))
    np.testing.assert_allclose(plain, clustered, rtol=1e-13)


def test_large_samples_are_resampled_in_part(rng):
    x = rng.normal(20, 5, 250_000)
    low, high = bootstrap_kernel(x, np.mean, rng=rng, resamples=1000, level=0.9)
    # half a width of 1.645 standard errors, known to 1 / √(2 · 1000) · 1.3 by the resamples
    np.testing.assert_allclose((high - low) / 2, 1.645 * 5 / 500, rtol=0.12)
    assert low < x.mean() < high


def test_a_small_sample_beside_a_large_one(rng):
    x, y = rng.normal(20, 5, 36), rng.normal(20, 5, 250_000)
    low, high = bootstrap_kernel((x, y), difference, rng=rng, resamples=200, level=0.9)
    # the error is that of the median of 36 values: 1.253 · 5 / 6, times 1.71 for 35 degrees of freedom
    np.testing.assert_allclose((high - low) / 2, 1.71 * 1.253 * 5 / 6, rtol=0.5)


def test_too_few_units_have_no_interval():
    assert np.isnan(bootstrap_kernel(np.zeros((3, 1)), np.mean, rng=np.random.default_rng(1))).all()
    one_cluster = bootstrap_kernel([1.0, 2.0], np.mean, rng=np.random.default_rng(1), clusters=["a", "a"])
    assert np.isnan(one_cluster).all()
    assert np.isnan(bootstrap_kernel(([1.0, 2.0], []), difference, rng=np.random.default_rng(1))).all()


def test_a_constant_has_an_interval_without_width():
    got = bootstrap_kernel(np.full((2, 9), 7.0), np.median, rng=np.random.default_rng(1))
    assert (got == 7).all()


def test_what_is_refused(rng):
    x = np.arange(5.0)
    with pytest.raises(InvalidInput, match="level must be between 0 and 1.*got 95"):
        bootstrap_kernel(x, np.mean, rng=rng, level=95)
    with pytest.raises(InvalidInput, match="method must be one of bca, percentile, got 'basic'"):
        bootstrap_kernel(x, np.mean, rng=rng, method="basic")
    with pytest.raises(InvalidInput, match="resamples must be a whole number above 0, got 0"):
        bootstrap_kernel(x, np.mean, rng=rng, resamples=0)
    with pytest.raises(InvalidInput, match="sample 0 holds NaN"):
        bootstrap_kernel([1.0, np.nan], np.mean, rng=rng)
    with pytest.raises(InvalidInput, match=r"sample 0 has 5 units but cluster labels of shape \(2,\)"):
        bootstrap_kernel(x, np.mean, rng=rng, clusters=[0, 1])
    with pytest.raises(InvalidInput, match="paired samples must have one size, got 5, 4 units"):
        bootstrap_kernel((x, x[1:]), difference, rng=rng, paired=True)
    with pytest.raises(InvalidInput, match="2 samples but clusters for 1"):
        bootstrap_kernel((x, x), difference, rng=rng, clusters=(None,))
    with pytest.raises(InvalidInput, match="sample 0 is a single number"):
        bootstrap_kernel(3.0, np.mean, rng=rng)
