"""Intervals of Wasserstein distances: known truth near and far from 0, distributions, clusters, large samples."""

import numpy as np
import pytest
from scipy import stats

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.statistics.distance_intervals import reference_quantiles, wasserstein_interval_kernel
from chronaxie.analyses.statistics.distances import wasserstein_kernel

REPETITIONS = 300


def covered(interval, truth):
    return ((interval[0] <= truth) & (truth <= interval[1])).mean()


def test_a_difference_that_is_the_same_in_every_pair_is_known_exactly():
    x = np.random.default_rng(1).normal(20, 5, 40)
    got = wasserstein_interval_kernel(x + 3, x, rng=np.random.default_rng(2), resamples=100, paired=True)
    np.testing.assert_allclose(got, 3, rtol=1e-12)


def test_nothing_moved_is_no_distance():
    x = np.random.default_rng(1).normal(20, 5, 40)
    got = wasserstein_interval_kernel(x, x, rng=np.random.default_rng(2), resamples=100, paired=True)
    assert got.tolist() == [0, 0]


def test_a_shift_of_normals_is_the_interval_of_a_mean():
    rng = np.random.default_rng(3)
    x, y = rng.normal(40, 5, 400), rng.normal(20, 5, 500)
    low, high = wasserstein_interval_kernel(x, y, rng=rng, resamples=1000, level=0.9)
    width = 2 * 1.645 * np.sqrt(x.var() / 400 + y.var() / 500)
    # samples so far apart never cross: the distance is the difference of the means; 5 % for 1000 resamples
    np.testing.assert_allclose([(low + high) / 2, high - low], [wasserstein_kernel(x, y), width], rtol=0.08)


@pytest.mark.parametrize("sizes", [(36, 36), (20, 50)])
def test_one_distribution_has_distance_zero_in_its_interval(sizes):
    rng = np.random.default_rng(4)
    x, y = (rng.normal(20, 5, (REPETITIONS, n)) for n in sizes)
    got = wasserstein_interval_kernel(x, y, rng=rng, resamples=200, level=0.9)
    assert (wasserstein_kernel(x, y) > 0).all()
    # only the upper 5 % of distances should be left out; the spread of so few values is known to 12 %: 9 % are
    assert 0.88 <= covered(got, 0) <= 0.98


def test_a_known_distribution_is_not_resampled():
    rng = np.random.default_rng(5)
    known = stats.norm(20, 5)
    x = rng.normal(22, 6, (REPETITIONS, 36))
    truth = wasserstein_kernel(
        reference_quantiles(stats.norm(22, 6), 10_000), reference_quantiles(known, 10_000)
    )
    got = wasserstein_interval_kernel(x, known, rng=rng, resamples=200, level=0.9)
    assert 0.85 <= covered(got, truth) <= 0.95


def test_clusters_widen_it():
    rng = np.random.default_rng(6)
    seeds = np.repeat(np.arange(6), 50)
    y = rng.normal(20, 5, 300)
    x = y + 5 + rng.normal(0, 3, 6)[seeds]
    options = {"resamples": 300, "paired": True, "level": 0.9}
    single = wasserstein_interval_kernel(x, y, rng=rng, **options)
    whole = wasserstein_interval_kernel(x, y, rng=rng, clusters=seeds, **options)
    assert np.ptp(whole) > 3 * np.ptp(single)
    kept = slice(0, 290)
    ragged = wasserstein_interval_kernel(x[kept], y[kept], rng=rng, clusters=seeds[kept], **options)
    np.testing.assert_allclose(ragged, whole, atol=0.3 * np.ptp(whole))


def test_few_values_may_have_no_upper_bound():
    """Of three values each the end of the path is no bound: none of its distances is rejected."""
    rng = np.random.default_rng(1)
    x, y = rng.lognormal(3, 0.6, (20, 3)), rng.lognormal(3, 0.6, (20, 3))
    low, high = wasserstein_interval_kernel(x, y, rng=rng, resamples=400, level=0.9)
    assert np.isinf(high).any()
    assert (high[np.isfinite(high)] > low[np.isfinite(high)]).all()
    x, y = rng.lognormal(3, 0.6, (5, 36)), rng.lognormal(3, 0.6, (5, 36))
    assert np.isfinite(wasserstein_interval_kernel(x, y, rng=rng, resamples=400, level=0.9)).all()


def test_large_samples():
    rng = np.random.default_rng(7)
    x, y = rng.normal(23, 5, 200_000), rng.normal(20, 5, 200_000)
    low, high = wasserstein_interval_kernel(x, y, rng=rng, resamples=100, level=0.9)
    assert low < 3.0 < high
    np.testing.assert_allclose(high - low, 2 * 1.645 * 5 * np.sqrt(2 / 200_000), rtol=0.3)


def test_what_is_undefined_or_refused():
    rng = np.random.default_rng(8)
    assert np.isnan(wasserstein_interval_kernel([1.0], [1.0, 2.0], rng=rng)).all()
    assert np.isnan(wasserstein_interval_kernel([1.0, 2.0], [1.0, 2.0], rng=rng, clusters=["a", "a"])).all()
    with pytest.raises(InvalidInput, match="paired samples must have one size, got 2 and 3"):
        wasserstein_interval_kernel([1.0, 2.0], [1.0, 2.0, 3.0], rng=rng, paired=True)
