"""Distances: against scipy, by hand, in rows, at a million values."""

import numpy as np
import pytest
from scipy import stats

from chronaxie.analyses.statistics.distances import (
    cliffs_delta_kernel,
    energy_distance_kernel,
    hedges_g_kernel,
    wasserstein_kernel,
)

KERNELS = (wasserstein_kernel, energy_distance_kernel, cliffs_delta_kernel, hedges_g_kernel)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("sizes", [(7, 7), (7, 11), (1, 30), (36, 2333)])
def test_distances_are_those_of_scipy(rng, sizes):
    x, y = rng.normal(20, 5, sizes[0]).round(1), rng.lognormal(3, 0.4, sizes[1]).round(1)
    # sums of some thousand terms near 20: rounding only
    np.testing.assert_allclose(wasserstein_kernel(x, y), stats.wasserstein_distance(x, y), rtol=1e-11)
    np.testing.assert_allclose(energy_distance_kernel(x, y), stats.energy_distance(x, y), rtol=1e-11)


def test_cliffs_delta_counts_pairs(rng):
    x, y = rng.integers(0, 6, 25), rng.integers(1, 8, 14)
    pairs = np.sign(x[:, None] - y[None]).mean()
    np.testing.assert_allclose(cliffs_delta_kernel(x, y), pairs, rtol=1e-13)
    assert cliffs_delta_kernel([1.0, 2.0], [3.0]) == -1


def test_hedges_g_by_hand_and_unbiased(rng):
    # variances 1 and 1, means 2 and 3, f = 4: J = Γ(2) / (√2 Γ(1.5)) = 0.79788…
    np.testing.assert_allclose(hedges_g_kernel([1, 2, 3], [2, 3, 4]), -1 / (np.sqrt(2) * np.sqrt(np.pi) / 2))
    x, y = rng.normal(1, 1, (20_000, 5)), rng.normal(0, 1, (20_000, 6))
    # standard error 0.7 / √20000 = 0.005; without the factor J the mean is 1.10
    assert abs(hedges_g_kernel(x, y).mean() - 1) < 0.02


@pytest.mark.parametrize("kernel", KERNELS)
def test_rows_and_axes_are_computed_one_by_one(rng, kernel):
    x, y = rng.normal(size=(4, 1, 9)), rng.normal(size=(3, 12))
    got = kernel(x, y)
    assert got.shape == (4, 3)
    np.testing.assert_allclose(got[2, 1], kernel(x[2, 0], y[1]), rtol=1e-13)
    np.testing.assert_allclose(kernel(x[:, 0].T, y[0][:, None], axis=0), got[:, 0], rtol=1e-13)


@pytest.mark.parametrize("kernel", KERNELS)
def test_without_values_there_is_no_distance(kernel):
    assert np.isnan(kernel([], [1.0, 2.0]))
    assert np.isnan(kernel([1.0, np.nan, 2.0], [1.0, 2.0, 4.0]))
    assert kernel(np.zeros((3, 0)), np.zeros(5)).shape == (3,)


def test_without_spread_there_is_no_effect_size():
    assert np.isnan(hedges_g_kernel([7.0, 7.0], [7.0, 7.0]))
    assert wasserstein_kernel([7.0, 7.0], [7.0]) == energy_distance_kernel([7.0, 7.0], [7.0]) == 0


def test_a_million_values(rng):
    x, y = rng.normal(20, 5, 1_000_000), rng.normal(23, 5, 999_999)
    # standard error of a mean difference: 5 √2 / 1000
    assert abs(wasserstein_kernel(x, y) - 3) < 0.03
    # a shift d of a normal: P(X > Y) = Φ(−d / √2)
    assert abs(cliffs_delta_kernel(x, y) - (2 * stats.norm.cdf(-0.6 / np.sqrt(2)) - 1)) < 0.003
