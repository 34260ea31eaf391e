"""The fit of A[exp(-t/tau) + B]: exact curves, noise, what does not decay, and what it refuses."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.effective import exponential_fit_kernel

LAG = np.arange(1, 61) * 10.0
TAU = np.array([15.0, 50.0, 150.0, 400.0])


def curves(amplitude=0.3, offset=0.2):
    return amplitude * (np.exp(-LAG / TAU[:, None]) + offset)


def test_exact_curves_give_back_their_numbers():
    fit = exponential_fit_kernel(curves(), LAG, low=1, high=1000)
    # the search ends at 1e-5 of tau
    np.testing.assert_allclose(fit.tau, TAU, rtol=5e-5)
    np.testing.assert_allclose(fit.amplitude, 0.3, rtol=5e-5)
    np.testing.assert_allclose(fit.offset, 0.2, rtol=1e-3)
    np.testing.assert_allclose(fit.r2, 1, atol=1e-8)
    assert fit.found.all()


def test_points_without_weight_do_not_count():
    y, weight = curves(), np.ones((4, len(LAG)))
    y[:, :5], weight[:, :5] = 99.0, 0
    fit = exponential_fit_kernel(y, LAG, low=1, high=1000, weight=weight)
    np.testing.assert_allclose(fit.tau, TAU, rtol=1e-4)
    np.testing.assert_allclose(fit.amplitude, 0.3, rtol=1e-3)


def test_least_squares_of_scipy():
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(3)
    y = curves()[1] + rng.normal(0, 0.01, len(LAG))
    fit = exponential_fit_kernel(y, LAG, low=1, high=1000)
    (tau, a, b), _ = curve_fit(lambda t, tau, a, b: a * (np.exp(-t / tau) + b), LAG, y, p0=(60, 0.3, 0.1))
    # both stop before the last digits of a flat minimum
    assert fit.tau == pytest.approx(tau, rel=1e-4)
    assert fit.amplitude == pytest.approx(a, rel=1e-4)
    assert fit.offset == pytest.approx(b, rel=1e-3)


def test_axis_and_one_curve():
    fit = exponential_fit_kernel(curves().T, LAG, low=1, high=1000, axis=0)
    np.testing.assert_allclose(fit.tau, TAU, rtol=5e-5)
    assert exponential_fit_kernel(curves()[0], LAG, low=1, high=1000).tau.shape == ()


@pytest.mark.parametrize(
    "y, tau",
    [(np.zeros(60), 1.0), (LAG / 600, 1.0), (-np.exp(-LAG / 50), 1.0), (np.exp(-LAG / 9000), 1000.0)],
    ids=["flat", "rising", "negative", "slower than the bound"],
)
def test_what_does_not_decay_within_the_bounds_is_not_found(y, tau):
    fit = exponential_fit_kernel(y, LAG, low=1, high=1000)
    assert not fit.found
    assert fit.tau == pytest.approx(tau, rel=1e-4)


def test_nan_and_too_few_points_give_nan():
    y, weight = curves(), np.ones((4, len(LAG)))
    y[0, 3] = np.nan
    weight[1, 3:] = 0
    fit = exponential_fit_kernel(y, LAG, low=1, high=1000, weight=weight)
    assert np.isnan(fit.tau[:2]).all()
    assert not fit.found[:2].any()
    assert fit.found[2:].all()


def test_bounds_and_shapes_are_checked():
    with pytest.raises(InvalidInput, match="0 < low < high, got 5 and 5"):
        exponential_fit_kernel(curves(), LAG, low=5, high=5)
    with pytest.raises(InvalidInput, match=r"60 points a curve, but lags of shape \(59,\)"):
        exponential_fit_kernel(curves(), LAG[1:], low=1, high=9)
