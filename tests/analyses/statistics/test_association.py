"""Rank correlations, alone and with a third property held constant: known values, level and power of their tests."""

import numpy as np
import pytest
from scipy import stats

from chronaxie.analyses.statistics.association import (
    association_kernel,
    partial_association_kernel,
    partial_spearman_kernel,
    pearson_kernel,
    spearman_kernel,
)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_correlations_are_those_of_scipy(rng):
    x, y = rng.normal(size=(4, 20)).round(1), rng.normal(size=(4, 20)).round(1)
    np.testing.assert_allclose(spearman_kernel(x, y)[1], stats.spearmanr(x[1], y[1])[0], rtol=1e-12)
    np.testing.assert_allclose(pearson_kernel(x.T, y.T, axis=0)[2], stats.pearsonr(x[2], y[2])[0], rtol=1e-12)
    assert np.isnan(spearman_kernel([1.0, 2.0], [1.0, 2.0]))
    assert np.isnan(pearson_kernel([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))


def test_association(rng):
    x = rng.normal(size=30)
    correlation, p = association_kernel(x, -(x**3), rng=rng)
    assert (correlation, p) == (pytest.approx(-1), 1 / 1000)
    p = [
        association_kernel(rng.normal(size=12), rng.normal(size=12), rng=rng, permutations=99)[1]
        for _ in range(1000)
    ]
    # standard error of the share: 0.7 %
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07
    assert np.isnan(association_kernel([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], rng=rng)).all()
    assert association_kernel(np.arange(20_000), np.arange(20_000), rng=rng, permutations=9) == (
        pytest.approx(1),
        0.1,
    )


def confounded(rng, size, *, direct=0.0):
    """x and y that both go with z, and y with x by `direct` beside it."""
    z = rng.normal(size=size)
    x = z + rng.normal(size=size)
    return x, 2 * z + direct * (x - z) + rng.normal(size=size), z


def test_a_partial_correlation_is_that_of_what_a_regression_leaves(rng):
    x, y, z = rng.normal(size=(3, 4, 25)).round(1)
    y = y + z
    got = partial_spearman_kernel(x.T, y.T, z.T, axis=0)
    for k in range(4):
        ranks = [stats.rankdata(values[k]) for values in (x, y, z)]
        left = [r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]]
        assert got[k] == pytest.approx(stats.pearsonr(*left)[0], rel=1e-9)


def test_a_common_cause_is_taken_out_and_a_direct_relation_is_not(rng):
    x, y, z = confounded(rng, 20_000)
    # of normal variables Spearman's rho is 6/π asin(r/2) of Pearson's r (Kruskal 1958)
    xy, xz, yz = (6 / np.pi * np.arcsin(r / 2) for r in (2 / np.sqrt(10), 1 / np.sqrt(2), 2 / np.sqrt(5)))
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    # standard error 0.7 %; of ranks a little is left of a common cause, as ranks are no straight line of each other
    assert partial_spearman_kernel(x, y, z) == pytest.approx(expected, abs=0.03)
    assert abs(expected) < 0.05
    assert spearman_kernel(x, y) > 0.55
    x, y, z = confounded(rng, 200, direct=1.0)
    correlation, p = partial_association_kernel(x, y, z, rng=rng)
    assert correlation > 0.5
    assert p == 1 / 1000


@pytest.mark.parametrize("networks", [1, 4])
def test_the_test_of_a_partial_correlation_holds_its_level(networks):
    rng = np.random.default_rng(1)
    labels, rejected = np.repeat(np.arange(networks), 36 // networks), 0
    for _ in range(600):
        x, y, z = confounded(rng, 36)
        rejected += partial_association_kernel(x, y, z, rng=rng, permutations=99, clusters=labels)[1] <= 0.05
    # asked for: 5 % ± 2 %; 600 repetitions leave 0.9 %
    assert 0.03 <= rejected / 600 <= 0.07


def test_partial_correlations_that_are_undefined(rng):
    x, z = rng.normal(size=(2, 9))
    for case in ((x, z, z), (x, np.ones(9), z), (x, z, np.ones(9)), (x[:3], z[:3], x[3:6])):
        assert np.isnan(partial_spearman_kernel(*case))
        assert np.isnan(partial_association_kernel(*case, rng=rng)).all()
