"""Sparseness against its values for vectors whose sparseness is known, and its invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.activity.sparseness import (
    gini_kernel,
    hoyer_kernel,
    treves_rolls_kernel,
    vinje_gallant_kernel,
)

KERNELS = (treves_rolls_kernel, vinje_gallant_kernel, gini_kernel, hoyer_kernel)
rates = st.lists(st.floats(0, 100).map(lambda x: round(x, 3)), min_size=2, max_size=30).filter(any)


def test_equal_rates_and_a_single_one():
    equal, single = np.full(8, 3.0), np.eye(8)[2] * 5
    np.testing.assert_allclose([k(equal) for k in KERNELS], [1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose([k(single) for k in KERNELS], [1 / 8, 1, 1 - 1 / 8, 1], rtol=1e-12)


def test_treves_rolls_of_zeros_and_ones_is_the_active_fraction():
    assert treves_rolls_kernel([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]) == pytest.approx(0.2, rel=1e-12)


def test_by_hand():
    c = np.array([4.0, 1.0, 3.0])
    assert treves_rolls_kernel(c) == pytest.approx((8 / 3) ** 2 / (26 / 3), rel=1e-12)
    assert vinje_gallant_kernel(c) == pytest.approx((1 - 64 / 78) / (1 - 1 / 3), rel=1e-12)
    # mean absolute difference over twice the mean
    assert gini_kernel(c) == pytest.approx(np.abs(c[:, None] - c).mean() / (2 * c.mean()), rel=1e-12)
    assert hoyer_kernel(c) == pytest.approx((np.sqrt(3) - 8 / np.sqrt(26)) / (np.sqrt(3) - 1), rel=1e-12)


@given(rates, st.floats(0.01, 100))
def test_neither_scale_nor_order_matters(values, factor):
    c = np.array(values)
    for kernel in KERNELS:
        np.testing.assert_allclose(kernel(c * factor), kernel(c), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(kernel(c[::-1]), kernel(c), rtol=1e-9, atol=1e-12)


@given(rates)
def test_range(values):
    c = np.array(values)
    assert 1 / len(c) - 1e-12 <= treves_rolls_kernel(c) <= 1 + 1e-12
    assert 0 <= gini_kernel(c) <= 1 - 1 / len(c) + 1e-12
    for kernel in (vinje_gallant_kernel, hoyer_kernel):
        assert 0 <= kernel(c) <= 1


@pytest.mark.parametrize("kernel", KERNELS)
def test_axis(kernel):
    table = np.random.default_rng(0).gamma(1, 1, (4, 5, 6))
    for axis in (0, 1, 2, -1):
        got = kernel(table, axis=axis)
        rows = np.moveaxis(table, axis, -1)
        assert got.shape == rows.shape[:-1]
        assert got[1, 2] == pytest.approx(float(kernel(rows[1, 2])), rel=1e-12)


@pytest.mark.filterwarnings("error")
def test_silence_is_nan_and_one_neuron_has_no_range():
    for kernel in KERNELS:
        assert np.isnan(kernel(np.zeros(5)))
    assert treves_rolls_kernel([3.0]) == 1
    assert gini_kernel([3.0]) == 0
    assert np.isnan(vinje_gallant_kernel([3.0]))
    assert np.isnan(hoyer_kernel([3.0]))


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_is_refused(kernel):
    with pytest.raises(
        InvalidInput, match=f"{kernel.__name__}: rates must be >= 0 and finite, got -1.0 .1 such"
    ):
        kernel([1.0, -1.0])
    with pytest.raises(InvalidInput, match="got nan"):
        kernel([1.0, np.nan])
    with pytest.raises(InvalidInput, match=r"at least one rate along axis -1, got shape \(0,\)"):
        kernel([])
