"""Where accuracy breaks, and energies at equal accuracy, of curves whose answer is known."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses.errors import InvalidInput
from chronaxie.analyses.rate_tradeoff import (
    break_rate,
    break_rate_kernel,
    energy_at_equal_accuracy,
    equal_accuracy_kernel,
)


def test_the_rate_is_interpolated_in_its_logarithm():
    rate, accuracy = [0.4, 0.1, 0.01, 0.001], [0.90, 0.90, 0.88, 0.5]
    # 0.89 is half way from 0.90 to 0.88, so the rate is the geometric mean of 0.1 and 0.01
    assert break_rate_kernel(rate, accuracy, tolerance=0.01) == pytest.approx(np.sqrt(0.1 * 0.01))
    shuffled = [2, 0, 3, 1]
    assert break_rate_kernel(
        np.array(rate)[shuffled], np.array(accuracy)[shuffled], tolerance=0.01
    ) == pytest.approx(np.sqrt(0.001))


def test_a_dip_at_higher_rates_than_the_best_is_no_break():
    assert np.isnan(break_rate_kernel([0.4, 0.2, 0.1], [0.8, 0.9, 0.895], tolerance=0.01))


@pytest.mark.parametrize(
    ("rate", "accuracy"),
    [([0.2, 0.1], [0.9, 0.9]), ([], []), ([np.nan], [0.9]), ([0.1, 0.0], [0.9, 0.2])],
)
def test_where_nothing_breaks_there_is_no_rate(rate, accuracy):
    assert np.isnan(break_rate_kernel(rate, accuracy, tolerance=0.01))


def test_a_tolerance_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="tolerance must be above 0, got 0"):
        break_rate_kernel([0.1], [0.9], tolerance=0)


def test_the_smallest_network_that_is_as_accurate():
    accuracy, energy = [0.6, 0.8, 0.7, 0.9], [10.0, 100.0, 200.0, 10_000.0]
    assert equal_accuracy_kernel(accuracy, energy, 0.7) == pytest.approx(np.sqrt(10 * 100))
    assert equal_accuracy_kernel(accuracy, energy, 0.8) == pytest.approx(
        100
    )  # not the larger one that is worse
    assert equal_accuracy_kernel(accuracy, energy, 0.9) == pytest.approx(10_000)
    assert np.isnan(equal_accuracy_kernel(accuracy, energy, 0.91))
    assert np.isnan(equal_accuracy_kernel(accuracy, energy, 0.59))
    assert np.isnan(equal_accuracy_kernel([], [], 0.5))


def test_ratios_and_rates_over_seeds():
    coords = {"network": ["alif-0", "alif-3", "lstm-2", "lstm-8"], "seed": [0, 1, 2]}
    accuracy = xr.DataArray(
        [[0.8, 0.8, 0.99], [0.6, 0.6, 0.6], [0.5, 0.5, 0.5], [0.8, 0.8, 0.8]], coords, ("network", "seed")
    )
    energy = xr.DataArray(
        np.array([[10.0] * 3, [5.0] * 3, [20.0, 20.0, 20.0], [40.0, 160.0, 80.0]])[..., None],
        coords | {"energy_model": ["float32"]},
        ("network", "seed", "energy_model"),
    )
    found = energy_at_equal_accuracy(accuracy, energy, ["alif-0"], {"lstm": ["lstm-2", "lstm-8"]})
    # seeds 0 and 1: 4 and 16 times; in seed 2 no LSTM is as accurate
    assert float(found["energy_ratio_equal"].squeeze()) == pytest.approx(8)
    assert int(found["energy_ratio_equal_seeds"].squeeze()) == 2
    assert found["energy_ratio_equal"].dims == ("sparse_network", "family", "energy_model")
    rate = xr.DataArray(
        [[0.4] * 3, [0.1, 0.1, 0.025]], {"network": coords["network"][:2]}, ("network", "seed")
    )
    broken = break_rate(rate, accuracy.isel(network=[0, 1]), tolerance=0.1)
    # half of the fall from 0.8 to 0.6: 0.2 twice; in the third seed 0.1 of 0.39
    third = 0.4 * (0.025 / 0.4) ** (0.1 / 0.39)
    assert float(broken["break_rate"]) == pytest.approx((0.2 * 0.2 * third) ** (1 / 3))
    assert broken["break_rate"].attrs["count"] == "3 of 3 seeds"
