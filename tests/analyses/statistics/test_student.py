"""Means of few values against SciPy's t tests, and where values are missing."""

import numpy as np
import pytest
from scipy import stats

from chronaxie.analyses.errors import InvalidInput
from chronaxie.analyses.statistics.student import student_kernel


def test_interval_and_p_are_those_of_the_t_test():
    x = np.random.default_rng(0).normal(0.3, 1, (4, 5))
    mean, interval, p, count = student_kernel(x, level=0.9)
    test = stats.ttest_1samp(x, 0, axis=1)
    np.testing.assert_allclose(mean, x.mean(1))
    np.testing.assert_allclose(p, test.pvalue)
    np.testing.assert_allclose(interval, np.stack(test.confidence_interval(0.9)))
    assert (count == 5).all()


def test_missing_values_are_left_out():
    full = np.array([1.0, 2.0, 4.0])
    holed = np.array([[1.0, np.nan, 2.0, 4.0], [np.nan] * 4, [3.0, np.nan, np.nan, np.nan]])
    mean, interval, p, count = student_kernel(holed)
    alone = student_kernel(full)
    np.testing.assert_allclose([mean[0], *interval[:, 0], p[0]], [alone[0], *alone[1], alone[2]])
    assert count.tolist() == [3, 0, 1]
    assert np.isnan(mean[1])
    assert mean[2] == 3
    assert np.isnan(interval[:, 1:]).all()
    assert np.isnan(p[1:]).all()


def test_equal_values_have_an_interval_without_width():
    mean, interval, p, _ = student_kernel([[2.0] * 3, [0.0] * 3])
    np.testing.assert_array_equal(interval, [mean, mean])
    assert p.tolist() == [0.0, 1.0]


def test_five_values_are_covered_as_often_as_is_said():
    x = np.random.default_rng(1).normal(size=(20_000, 5))
    _, (low, high), _, _ = student_kernel(x)
    # a binomial share of 0.95 in 20 000 deviates by less than 0.005 (3 standard deviations)
    assert abs(((low < 0) & (high > 0)).mean() - 0.95) < 0.005


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(InvalidInput, match=r"level must be in \(0, 1\)"):
        student_kernel([1.0, 2.0], level=level)
