"""Surrogate derivatives against their closed forms, written here a second time with the papers' constants."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm

from chronaxie.gradient_bridge import FastSigmoid, Gaussian, MultiGaussian, Slayer, Triangular
from chronaxie.gradient_bridge.surrogates import SURROGATES, find_surrogate

CLOSED = {
    "gaussian": lambda x: norm.pdf(x, 0, 0.5),
    "multi_gaussian": lambda x: (
        1.15 * norm.pdf(x, 0, 0.5) - 0.15 * (norm.pdf(x, 0.5, 3) + norm.pdf(x, -0.5, 3))
    ),
    "triangular": lambda x: max(0.0, 1 - abs(x)),
    "fast_sigmoid": lambda x: 1 / (1 + 10 * abs(x)) ** 2,
    "slayer": lambda x: math.exp(-5 * abs(x)),
}
# Yin et al. 2021 and their code, at gamma = 1: peak and integral of each shape.
PEAK = {"gaussian": 0.798, "multi_gaussian": 0.878, "triangular": 1, "fast_sigmoid": 1, "slayer": 1}
INTEGRAL = {"gaussian": 1, "multi_gaussian": 0.85, "triangular": 1, "fast_sigmoid": 0.2, "slayer": 0.4}


def shape(name):
    """The shape as a function of a float."""
    surrogate = SURROGATES[name](gamma=1.0)
    return lambda x: surrogate.derivative(torch.tensor(x, dtype=torch.float64)).item()


@pytest.mark.parametrize("name", CLOSED)
def test_closed_form(name):
    x = np.concatenate([np.linspace(-30, 30, 601), [1e-12, -1e-12, 0.499999, 1 - 1e-9]])
    ours = SURROGATES[name]().derivative(torch.from_numpy(x)).numpy()
    theirs = 0.5 * np.array([CLOSED[name](v) for v in x])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-17)  # rounding of a few operations


@pytest.mark.parametrize("name", CLOSED)
def test_peak_and_integral(name):
    h = shape(name)
    assert h(0.0) == pytest.approx(PEAK[name], abs=5e-4)  # three digits are published
    assert h(0.0) > max(h(0.01), h(-0.01))
    total = 2 * sum(quad(h, a, b)[0] for a, b in [(0, 1), (1, 10), (10, 1000), (1000, np.inf)])
    assert total == pytest.approx(INTEGRAL[name], rel=1e-6)  # of the quadrature


def test_multi_gaussian_crosses_zero_where_the_papers_say():
    h = shape("multi_gaussian")
    for sign in (-1, 1):
        assert brentq(h, sign * 1.0, sign * 1.5) == pytest.approx(sign * 1.272, abs=5e-4)
    lowest = minimize_scalar(h, bounds=(1.3, 4), method="bounded")
    assert lowest.x == pytest.approx(1.864, abs=5e-4)
    assert lowest.fun == pytest.approx(-0.0317, abs=5e-5)


@pytest.mark.parametrize("name", CLOSED)
def test_even_and_finite_far_from_the_threshold(name):
    surrogate = SURROGATES[name]()
    x = torch.tensor([0.0, 1e-300, 0.3, 5.0, 1e3, 1e150, 1e308], dtype=torch.float64)
    values = surrogate.derivative(x)
    assert torch.equal(values, surrogate.derivative(-x))
    assert torch.isfinite(values).all()
    assert values[-1] == 0


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("gamma", [0.3, 2.0])
def test_gamma_is_a_factor(name, gamma):
    x = torch.linspace(-2, 2, 41, dtype=torch.float64)
    one = SURROGATES[name](gamma=1.0).derivative(x)
    torch.testing.assert_close(SURROGATES[name](gamma=gamma).derivative(x), gamma * one, rtol=1e-15, atol=0)


def test_widths_and_slopes():
    x = torch.tensor([0.7], dtype=torch.float64)
    cases = [
        (Gaussian(gamma=1, width=0.2), norm.pdf(0.7, 0, 0.2)),
        (Triangular(gamma=1, width=2.0), (1 - 0.35) / 2),
        (FastSigmoid(gamma=1, slope=3.0), 1 / (1 + 2.1) ** 2),
        (Slayer(gamma=1, slope=1.0), math.exp(-0.7)),
        (
            MultiGaussian(gamma=1, width=0.3, height=0.2, spread=4.0),
            1.2 * norm.pdf(0.7, 0, 0.3) - 0.2 * (norm.pdf(0.7, 0.3, 1.2) + norm.pdf(0.7, -0.3, 1.2)),
        ),
    ]
    for surrogate, expected in cases:
        assert surrogate.derivative(x).item() == pytest.approx(expected, rel=1e-12), surrogate


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
@pytest.mark.parametrize(
    "make, name",
    [
        (Gaussian, "gamma"),
        (Gaussian, "width"),
        (MultiGaussian, "height"),
        (MultiGaussian, "spread"),
        (Triangular, "width"),
        (FastSigmoid, "slope"),
        (Slayer, "slope"),
    ],
)
def test_parameters_are_finite_and_positive(make, name, value):
    with pytest.raises(ValueError, match=f"{make.__name__}: {name} must be finite and > 0"):
        make(**{name: value})


def test_found_by_name():
    assert find_surrogate(None) == MultiGaussian()
    assert find_surrogate("slayer") == Slayer()
    assert find_surrogate(Gaussian(width=0.1)).width == 0.1
    for wrong in ("sigmoid", 3, Gaussian):
        with pytest.raises(ValueError, match="expected a Surrogate or one of gaussian, multi_gaussian"):
            find_surrogate(wrong)
