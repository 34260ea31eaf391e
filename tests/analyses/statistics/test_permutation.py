"""Permutation tests: their level under the null, exact small cases, power."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.statistics.distances import wasserstein_kernel
from chronaxie.analyses.statistics.permutation import (
    permutation_kernel,
    sign_flip_kernel,
)


def mean_distance(x, y, axis=-1):
    return np.abs(x.mean(axis=axis) - y.mean(axis=axis))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("statistic", [mean_distance, wasserstein_kernel])
def test_under_the_null_five_per_cent_are_rejected(rng, statistic, paired):
    common = rng.normal(0, 1, (2000, 12)) if paired else 0
    x, y = (common + rng.gamma(2, 1, (2000, 12)) for _ in range(2))
    p = permutation_kernel(x, y, statistic, rng=rng, permutations=99, paired=paired)
    # standard error of the share: 0.5 %
    assert 0.03 <= (p <= 0.05).mean() <= 0.07


def test_few_pairs_are_enumerated(rng):
    # 2⁴ sign patterns; only the two with all signs equal are as large
    p = permutation_kernel([5.0, 6.0, 7.0, 9.0], [1.0, 2.0, 4.0, 3.0], mean_distance, rng=rng, paired=True)
    assert p == 2 / 16
    # 6 ways to choose 2 of 4
    assert permutation_kernel([5.0, 6.0], [1.0, 2.0], mean_distance, rng=rng) == 2 / 6


def test_the_smallest_p_of_random_permutations(rng):
    assert permutation_kernel(rng.normal(9, 1, 40), rng.normal(0, 1, 40), mean_distance, rng=rng) == 1 / 1000


def test_pairs_see_what_samples_do_not(rng):
    x = rng.normal(0, 10, 50)
    y = x + rng.normal(1, 1, 50)
    assert permutation_kernel(x, y, mean_distance, rng=rng, paired=True) < 0.01
    assert permutation_kernel(x, y, mean_distance, rng=rng) > 0.2


def test_large_samples_are_tested_in_part(rng):
    x = rng.normal(0, 1, 200_000)
    p = permutation_kernel(
        x, x + 0.1 + rng.normal(0, 1, len(x)), mean_distance, rng=rng, permutations=49, paired=True
    )
    assert p == 1 / 50
    p = permutation_kernel(x, rng.normal(0, 1, (6, 150_000)), mean_distance, rng=rng, permutations=49)
    # uniform under the null: all six below a half once in 64
    assert p.max() > 0.5


def test_what_is_undefined_or_refused(rng):
    assert np.isnan(permutation_kernel([], [1.0], mean_distance, rng=rng))
    assert np.isnan(permutation_kernel([1.0], [1.0], mean_distance, rng=rng, paired=True))
    with pytest.raises(InvalidInput, match="paired samples must have one size, got 1 and 2"):
        permutation_kernel([1.0], [1.0, 2.0], mean_distance, rng=rng, paired=True)


def test_sign_flips_are_the_paired_test_of_a_mean(rng):
    d = rng.normal(0.4, 1, (5, 20))
    flips = sign_flip_kernel(d, rng=rng, permutations=20_000)
    pairs = permutation_kernel(d, np.zeros_like(d), mean_distance, rng=rng, permutations=20_000, paired=True)
    # standard error of a share of 20 000: 0.35 %
    np.testing.assert_allclose(flips, pairs, atol=0.015)
    assert sign_flip_kernel(np.zeros((1, 9)), rng=rng).tolist() == [1]
    assert np.isnan(sign_flip_kernel(np.ones((2, 1)), rng=rng)).all()


def test_clusters_change_places_as_wholes(rng):
    seeds = np.repeat(np.arange(5), 8)
    x = rng.normal(9, 1, 40)
    y = rng.normal(0, 1, 40)
    # 2 of 2^5 and 1 of 252 choices (and its mirror) are as large
    assert permutation_kernel(x, y, mean_distance, rng=rng, paired=True, clusters=seeds) == 2 / 32
    assert permutation_kernel(x, y, mean_distance, rng=rng, clusters=(seeds, seeds)) == 2 / 252
    many = permutation_kernel(x, y, mean_distance, rng=rng, permutations=20, paired=True, clusters=seeds)
    assert 1 / 21 <= many <= 8 / 21
    assert np.isnan(permutation_kernel(x, y, mean_distance, rng=rng, paired=True, clusters=np.zeros(40)))


def test_clusters_keep_the_level_that_units_do_not(rng):
    seeds = np.repeat(np.arange(8), 6)
    p_whole, p_single = [], []
    for _ in range(150):
        change = rng.normal(0, 1, 8)[seeds] + rng.normal(0, 0.2, 48)
        options = {"rng": rng, "permutations": 99, "paired": True}
        p_whole.append(permutation_kernel(change, np.zeros(48), mean_distance, clusters=seeds, **options))
        p_single.append(permutation_kernel(change, np.zeros(48), mean_distance, **options))
    assert np.mean(np.array(p_whole) <= 0.05) < 0.12
    assert np.mean(np.array(p_single) <= 0.05) > 0.3
