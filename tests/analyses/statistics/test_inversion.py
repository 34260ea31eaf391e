"""What the intervals by test inversion share, and that both leave an upper bound open in the same way."""

import numpy as np
import pytest

from chronaxie.analyses.statistics.distance_intervals import wasserstein_interval_kernel
from chronaxie.analyses.statistics.inversion import FEWEST, crossing, tail_shares
from chronaxie.analyses.statistics.positive_intervals import distance_interval_kernel
from chronaxie.analyses.statistics.positive_samples import Sample


def test_a_crossing_by_hand():
    at, quantile = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0, 5.0])
    assert crossing(2.0, quantile, at) == 0.5
    # the dip at 2 is noise: the quantile is 3 from 1 to 2
    assert crossing(4.0, quantile, at) == 3.0
    assert crossing(0.5, quantile, at) == 0.0
    assert crossing(9.0, quantile, at) == 4.0
    assert crossing(9.0, quantile, at, beyond=np.inf) == np.inf


def test_tails_are_wider_for_few_values():
    low, high = tail_shares(0.9, 1_000_000)
    assert (low, high) == pytest.approx((0.05, 0.95), abs=1e-5)
    few = tail_shares(0.9, 10)
    assert few[0] < 0.04
    assert few.sum() == pytest.approx(1)


@pytest.mark.parametrize("size", [3, 2 * FEWEST])
def test_both_inversions_leave_the_upper_bound_of_too_few_values_open(size):
    """A wide beside a narrow distribution: of three values each nothing on the path is rejected, of 40 it is."""
    rng = np.random.default_rng(1)
    open_ = np.zeros(2, dtype=int)
    for _ in range(12):
        x, y = rng.lognormal(3, 0.6, size), rng.lognormal(3, 0.6, size)
        sides = Sample.of(x), Sample.of(y)
        bounds = [
            wasserstein_interval_kernel(x, y, rng=rng, resamples=200)[1],
            distance_interval_kernel(*sides, rng=rng, resamples=200, scaled=True)[0, 2],
        ]
        assert not np.isnan(bounds).any()
        open_ += np.isinf(bounds)
    assert (open_ > 0).all() if size == 3 else (open_ == 0).all()


def test_one_value_has_no_interval():
    sides = Sample.of(np.array([3.0])), Sample.of(np.arange(1.0, 30))
    assert np.isnan(distance_interval_kernel(*sides, rng=np.random.default_rng(0))).all()
