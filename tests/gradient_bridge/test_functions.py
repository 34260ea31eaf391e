"""Elementary functions: numpy's values to the bit, derivatives against finite differences."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import numerics
from chronaxie.gradient_bridge.numerics import FUNCTIONS, SMOOTH, divide, floor_divide, modulo, power

# Where each is looked at; away from poles and kinks, on both sides of zero and of exprel's series.
REAL = [-3.1, -1.2, -0.4, -1e-3, 1e-3, 0.3, 0.9, 2.7]
DOMAINS = {
    **dict.fromkeys(("log", "log10", "sqrt"), [1e-3, 0.2, 1.0, 3.3, 250.0]),
    "log1p": [-0.9, -0.2, -1e-6, 1e-6, 0.4, 12.0],
    "arcsin": [-0.9, -0.3, 0.01, 0.7],
    "arccos": [-0.9, -0.3, 0.01, 0.7],
    "exprel": [-30.0, -2.0, -1e-3, -9e-5, -1e-8, 0.0, 1e-8, 9e-5, 1.1e-4, 1e-3, 2.0, 30.0],
}


def slope(function, x):
    """Central difference of fourth order; relative error about 1e-10 at these arguments."""
    h = 1e-3 * np.maximum(np.abs(x), 1e-2)
    return (8 * (function(x + h) - function(x - h)) - (function(x + 2 * h) - function(x - 2 * h))) / (12 * h)


def gradient(function, x):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    function(x).sum().backward()
    return x.grad.numpy()


@pytest.mark.parametrize("name", SMOOTH)
def test_derivative(name):
    x = np.array(DOMAINS.get(name, REAL))
    np.testing.assert_allclose(gradient(FUNCTIONS[name], x), slope(SMOOTH[name][0], x), rtol=1e-5)


@pytest.mark.parametrize("name", SMOOTH)
def test_values_are_those_of_numpy(name):
    low, high = min(DOMAINS.get(name, REAL)), max(DOMAINS.get(name, REAL))
    x = np.random.default_rng(0).uniform(low, high, 2000)
    expected = SMOOTH[name][0](x)
    assert np.array_equal(FUNCTIONS[name](torch.from_numpy(x)).numpy(), expected)
    assert FUNCTIONS[name](x[0].item()) == SMOOTH[name][0](np.float64(x[0]))
    k = np.array([0, 1])
    assert FUNCTIONS[name](torch.from_numpy(k)).dtype == torch.get_default_dtype()


@pytest.mark.parametrize("name", [n for n in SMOOTH if SMOOTH[n][1] is not None])
def test_float32_uses_torch(name):
    x = torch.tensor(DOMAINS.get(name, REAL), dtype=torch.float32, requires_grad=True)
    y = FUNCTIONS[name](x)
    assert y.dtype == torch.float32
    assert torch.equal(y, SMOOTH[name][1](x))
    y.sum().backward()
    expected = gradient(FUNCTIONS[name], x.detach().double().numpy())
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-3, atol=1e-6)  # float32


@pytest.mark.parametrize("exponent", [2, 3, 4, -1, 0.5, 2.5, 1, 0])
def test_power_with_a_number_above(exponent):
    x = np.array([0.2, 1.0, 3.7])
    ours = power(torch.from_numpy(x), exponent).numpy()
    assert np.array_equal(ours, x**exponent)
    by_base = gradient(lambda b: power(b, exponent), x)
    np.testing.assert_allclose(by_base, slope(lambda b: b ** float(exponent), x), rtol=1e-5, atol=1e-9)


def test_power_with_a_number_below_and_with_two_tensors():
    x = np.array([-1.3, 0.0, 0.4, 3.0])
    np.testing.assert_allclose(gradient(lambda e: power(2.3, e), x), slope(lambda e: 2.3**e, x), rtol=1e-5)
    base = torch.tensor([0.2, 1.5, 3.0], dtype=torch.float64)
    exponent = np.array([-1.0, 0.7, 2.0])
    ours = gradient(lambda e: power(base, e), exponent)
    np.testing.assert_allclose(ours, slope(lambda e: base.numpy() ** e, exponent), rtol=1e-5)
    ours = gradient(lambda b: power(b, torch.from_numpy(exponent)), base.numpy())
    np.testing.assert_allclose(ours, slope(lambda b: b**exponent, base.numpy()), rtol=1e-5)


def test_powers_of_zero_have_finite_gradients():
    for exponent in (1, 2, 3, 1.5):
        assert np.isfinite(gradient(lambda b, e=exponent: power(b, e), [0.0])).all(), exponent
    assert gradient(lambda e: power(torch.zeros(1, dtype=torch.float64), e), [2.0]) == 0


def test_the_zeroth_power_is_constant():
    """Also at 0, where ``exponent * x**(exponent - 1)`` is 0 times infinity."""
    assert gradient(lambda b: power(b, 0), [0.0, 2.0]).tolist() == [0, 0]
    both_tensors = gradient(lambda b: power(b, torch.zeros(2, dtype=torch.float64)), [0.0, 2.0])
    assert both_tensors.tolist() == [0, 0]


def test_cubes_of_negative_numbers():
    x = np.array([-1.7, -0.2])
    np.testing.assert_allclose(gradient(lambda b: power(b, 3), x), 3 * x**2, rtol=1e-12)


def test_division():
    x = np.array([-2.0, 0.3, 7.0])
    np.testing.assert_allclose(gradient(lambda b: divide(3, b), x), -3 / x**2, rtol=1e-12)
    np.testing.assert_allclose(gradient(lambda a: divide(a, 7), x), 1 / 7, rtol=1e-12)
    many = np.random.default_rng(0).uniform(0.1, 9, 2000)
    assert np.array_equal(divide(0.1, torch.from_numpy(many)).numpy(), 0.1 / many)
    assert np.array_equal(divide(torch.from_numpy(many), 0.3).numpy(), many / 0.3)
    assert divide(1, 0) == np.inf
    assert divide(torch.tensor([1, 2]), 2).dtype == torch.get_default_dtype()


def test_modulo():
    x = np.array([-7.3, -0.2, 0.2, 5.9])
    assert np.array_equal(modulo(torch.from_numpy(x), 1.7).numpy(), x % 1.7)
    np.testing.assert_allclose(gradient(lambda a: modulo(a, 1.7), x), 1)
    b = np.array([0.7, 1.1, 1.3, 2.2])
    assert np.array_equal(modulo(torch.from_numpy(x), torch.from_numpy(b)).numpy(), x % b)
    ours = gradient(lambda d: modulo(torch.from_numpy(x), d), b)
    np.testing.assert_allclose(ours, slope(lambda d: x % d, b), rtol=1e-5)
    assert modulo(-7, 3) == 2
    assert torch.equal(modulo(torch.tensor([-7, 7]), 3), torch.tensor([2, 1]))


def test_clip():
    x = np.array([-2.0, -0.5, 0.5, 2.0])
    assert np.array_equal(numerics.clip(torch.from_numpy(x), -1, 1).numpy(), np.clip(x, -1, 1))
    assert gradient(lambda v: numerics.clip(v, -1, 1), x).tolist() == [0, 1, 1, 0]
    ours = gradient(lambda high: numerics.clip(torch.from_numpy(x), -1.0, high), [1.0])
    assert ours.tolist() == [1]
    assert numerics.clip(3, 0, 1) == 1


@pytest.mark.parametrize("name", ["sign", "ceil", "floor", "int"])
def test_steps_have_values_and_no_gradient(name):
    x = torch.tensor([-1.5, -0.2, 0.2, 1.5], dtype=torch.float64, requires_grad=True)
    y = FUNCTIONS[name](x)
    expected = {"sign": [-1, -1, 1, 1], "ceil": [-1, 0, 1, 2], "floor": [-2, -1, 0, 1], "int": [-1, 0, 0, 1]}
    assert y.tolist() == expected[name]
    assert not y.requires_grad
    assert floor_divide(torch.tensor([-7, 7]), 2).tolist() == [-4, 3]
