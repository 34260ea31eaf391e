"""Coordinates: untouched values keep their bits, forward and inverse agree, bounds hold."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chronaxie.gradient_bridge import Bounded, Identity, Log, OutOfBounds, Scaled
from chronaxie.gradient_bridge.coordinates import Trained

DT = 1e-3
BOUNDS = Bounded(0.5 * DT, 10_000 * DT)
finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-300, 1e300)
inside = st.floats(math.nextafter(BOUNDS.low, math.inf), math.nextafter(BOUNDS.high, 0))


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def bits(x):
    return x.detach().numpy().view(np.int64 if x.dtype == torch.float64 else np.int32).tolist()


@given(st.lists(finite, min_size=1, max_size=4), st.sampled_from([torch.float64, torch.float32]))
def test_untouched_identity(values, dtype):
    value = torch.tensor(values, dtype=torch.float64).clamp(-3e38, 3e38).to(dtype)
    assert bits(Trained(value, Identity(), "g.w")()) == bits(value)


@given(st.lists(positive, min_size=1, max_size=4))
def test_untouched_log(values):
    assert bits(Trained(tensor(*values), Log(), "g.tau")()) == bits(tensor(*values))


@given(st.lists(inside, min_size=1, max_size=4), st.sampled_from([torch.float64, torch.float32]))
def test_untouched_bounded(values, dtype):
    value = torch.tensor(values, dtype=torch.float64).to(dtype)
    if not bool(((value > BOUNDS.low) & (value < BOUNDS.high)).all()):
        return  # rounded to float32 onto a bound
    assert bits(Trained(value, BOUNDS, "g.tau")()) == bits(value)


@given(st.floats(0.001, 9.0), st.floats(0.001, 9.0))
def test_inverse_of_bounded(base, value):
    """Away from the bounds both directions agree within the rounding that the logistic function amplifies."""
    free = BOUNDS.inverse(tensor(value), tensor(base))
    back = BOUNDS.forward(free, tensor(base))
    torch.testing.assert_close(back, tensor(value), rtol=1e-10, atol=0)
    torch.testing.assert_close(BOUNDS.inverse(back, tensor(base)), free, rtol=1e-8, atol=1e-8)


@given(st.floats(1e-100, 1e100), st.floats(1e-100, 1e100))
def test_inverse_of_log(base, value):
    """exp turns an absolute error of 1e-16 × abs(free) into a relative one; abs(free) is at most 460 here."""
    free = Log().inverse(tensor(value), tensor(base))
    torch.testing.assert_close(Log().forward(free, tensor(base)), tensor(value), rtol=1e-12, atol=0)


@given(finite, finite)
def test_inverse_of_identity(base, value):
    assert bits(Identity().forward(Identity().inverse(tensor(value), tensor(base)), tensor(base))) == bits(
        tensor(value)
    )


@given(inside, st.floats(-1e6, 1e6))
def test_bounded_stays_between_its_bounds(base, free):
    """Relative slack of 1e-14: the bound is reached as a product of rounded numbers."""
    value = BOUNDS.forward(tensor(free), tensor(base)).item()
    assert BOUNDS.low * (1 - 1e-14) <= value <= BOUNDS.high * (1 + 1e-14)


@pytest.mark.parametrize("free", [-math.inf, -1e308, 1e308, math.inf])
def test_extreme_free_parameters_give_the_bounds(free):
    value = BOUNDS.forward(tensor(free), tensor(0.02)).item()
    assert value == pytest.approx(BOUNDS.low if free < 0 else BOUNDS.high, rel=1e-14)


def test_relative_change_is_one_in_the_geometric_middle_and_falls_to_the_bounds():
    def slope(base):
        free = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        BOUNDS.forward(free, tensor(base)).log().backward()
        return free.grad.item()

    middle = math.sqrt(BOUNDS.low * BOUNDS.high)
    assert slope(middle) == pytest.approx(1, rel=1e-12)
    slopes = [slope(middle * f) for f in (1, 3, 10, 30, 100)]
    assert slopes == sorted(slopes, reverse=True)
    assert slope(BOUNDS.high * (1 - 1e-9)) == pytest.approx(0, abs=1e-8)
    assert slope(BOUNDS.low * (1 + 1e-9)) == pytest.approx(0, abs=1e-8)


@settings(max_examples=25)
@given(st.floats(0.002, 5.0), st.floats(-3, 3))
def test_gradients_of_the_coordinates(base, free):
    for coordinate in (Identity(), Log(), BOUNDS):
        start = tensor(free).requires_grad_()
        assert torch.autograd.gradcheck(lambda f, c=coordinate: c.forward(f, tensor(base)), (start,))


@pytest.mark.parametrize(
    "coordinate, value, expected",
    [
        (BOUNDS, BOUNDS.low * (1 - 1e-9), "values between 0.0005 and 10"),
        (BOUNDS, BOUNDS.high * (1 + 1e-9), "values between 0.0005 and 10"),
        (BOUNDS, 0.0, "values between"),
        (BOUNDS, -1.0, "values between"),
        (BOUNDS, math.nan, "values between"),
        (BOUNDS, math.inf, "values between"),
        (Log(), 0.0, "finite values > 0; set it to a positive"),
        (Log(), -2.0, "finite values > 0; set it to a positive"),
        (Log(), math.inf, "finite values > 0; set it to a positive"),
        (Identity(), math.nan, "finite values"),
        (Identity(), -math.inf, "finite values"),
    ],
)
def test_values_that_cannot_be_trained(coordinate, value, expected):
    with pytest.raises(OutOfBounds, match=rf"hidden1.tau_m\[2\] = .* \(1 such\): expected {expected}"):
        Trained(tensor(1.0, 0.5, value), coordinate, "hidden1.tau_m")


@pytest.mark.parametrize("value", [0.0, -0.02])
@pytest.mark.parametrize("coordinate", [BOUNDS, Log()])
def test_what_holds_zero_and_negative_values_is_named(coordinate, value):
    scaled = r"give coordinates=\{'g.lag': Scaled\(scale\)\}, which holds zero and negative values too"
    with pytest.raises(OutOfBounds, match=scaled):
        Trained(tensor(0.01, value), coordinate, "g.lag")
    assert bits(Trained(tensor(0.01, value), Scaled(0.01), "g.lag")()) == bits(tensor(0.01, value))
    with pytest.raises(
        OutOfBounds, match=r"give wider bounds, coordinates=\{'g.lag': Bounded\(low, high\)\}"
    ):
        Trained(tensor(0.01, 1e4), BOUNDS, "g.lag")


@pytest.mark.parametrize("bound", [BOUNDS.low, BOUNDS.high])
def test_a_value_on_a_bound_is_taken_over(bound):
    trained = Trained(tensor(bound), BOUNDS, "g.tau")
    assert bits(trained()) == bits(tensor(bound))
    trained().sum().backward()
    assert torch.isfinite(trained.free.grad).all()


@pytest.mark.parametrize("low, high", [(0, 1), (-1, 1), (2, 1), (1, 1), (1, math.inf), (math.nan, 1)])
def test_bounds_that_are_none(low, high):
    with pytest.raises(ValueError, match="Bounded: expected 0 < low < high, finite"):
        Bounded(low, high)


def test_a_new_base():
    trained = Trained(tensor(0.02, 0.03), BOUNDS, "g.tau")
    with torch.no_grad():
        trained.free.fill_(0.4)
    moved = trained()
    assert (moved > tensor(0.02, 0.03)).all()
    trained.set_base(moved)
    assert bits(trained()) == bits(moved)
    assert torch.equal(trained.free, torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"g.tau: expected shape \(2,\), got \(3,\)"):
        trained.set_base(tensor(1.0, 1.0, 1.0))
    with pytest.raises(OutOfBounds, match=r"g.tau\[1\] = 11"):
        trained.set_base(tensor(1.0, 11.0))
    assert bits(trained()) == bits(moved)


def test_quantities_with_a_unit_are_trained_by_their_own_size():
    coordinate = Scaled(2e-3)
    trained = Trained(tensor(1e-3, -0.0, -4e-3), coordinate, "g.w")
    assert bits(trained()) == bits(tensor(1e-3, -0.0, -4e-3))
    with torch.no_grad():
        trained.free.add_(0.5)
    assert torch.allclose(trained(), tensor(2e-3, 1e-3, -3e-3), rtol=1e-14, atol=0)
    assert torch.allclose(
        coordinate.inverse(trained(), trained.base), tensor(0.5, 0.5, 0.5), rtol=1e-12, atol=0
    )
    with pytest.raises(ValueError, match="Scaled: expected a finite scale > 0, got 0"):
        Scaled(0)
