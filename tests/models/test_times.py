"""Times that a caller gives: what is accepted, and what is said of the rest."""

import numpy as np
import pytest
from brian2 import Quantity, ms, mV, second, volt

from chronaxie.models.times import check_time_constant, check_time_constants, seconds, whole_steps


@pytest.mark.parametrize("value", [0.004, 4 * ms, np.float32(0.004), np.array(0.004), Quantity(0.004)])
def test_seconds(value):
    made = seconds(value, "dt")
    assert type(made) is float
    assert made == float(value)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (2 * mV, ValueError, "dt: expected a time, got 2. mV; give seconds"),
        (0, ValueError, "dt must be a positive time, got 0"),
        (-4 * ms, ValueError, "dt must be a positive time, got -4. ms"),
        (np.nan, ValueError, "dt must be a positive time, got nan"),
        (np.inf * second, ValueError, "dt must be a positive time, got inf"),
        ("4 ms", TypeError, "dt: expected one time, got '4 ms'"),
        (True, TypeError, "dt: expected one time, got True"),
        (None, TypeError, "dt: expected one time, got None"),
        ([1, 2] * ms, TypeError, "dt: expected one time"),
    ],
)
def test_what_is_no_time_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        seconds(value, "dt")


def test_whole_steps():
    # 0.3/0.1 is not 3 in floating point.
    assert whole_steps(0.3, 0.1, "duration") == 3
    assert whole_steps(8 * ms, 0.002, "duration") == 4
    assert whole_steps(1e4, 1e-4, "duration") == 10**8


@pytest.mark.parametrize(("duration", "steps"), [(10.4 * ms, "2.6"), (1 * ms, "0.25"), (4.00001 * ms, "1")])
def test_parts_of_a_step_are_refused(duration, steps):
    with pytest.raises(
        ValueError, match=rf"does not divide duration = .* s \({steps}.* steps\); the nearest"
    ):
        whole_steps(duration, 4 * ms, "duration")
    with pytest.raises(ValueError, match=r"expected a time, got 8\. mV"):
        whole_steps(8 * mV, 4 * ms, "duration")


@pytest.mark.parametrize("value", [0, -0.02, np.nan])
def test_time_constants_are_positive(value):
    with pytest.raises(
        ValueError, match=rf"^cells\.tau\[2\] = {float(value)} s: expected > 0; give it a positive value"
    ):
        check_time_constant("cells.tau", np.array([1, 2, value]))
    with pytest.raises(ValueError, match=r"^tau = .* s: expected > 0"):
        check_time_constant("tau", value)
    check_time_constant("tau", [1e-3, np.inf])


def test_time_constants_are_told_by_dimension_and_name():
    for name in ("hidden1.tau_m", "tau", "membrane_tau", "Tau_syn"):
        with pytest.raises(ValueError, match="expected > 0"):
            check_time_constants([(name, second.dim, [0.0])])
    time = (0, 0, 1, 0, 0, 0, 0)
    with pytest.raises(ValueError, match=r"b\.tau_x\[1\] = -1"):
        check_time_constants([("a.tau_x", time, [1.0]), ("b.tau_x", time, [1.0, -1.0])])
    check_time_constants(
        [("lastspike", second.dim, [-1e4]), ("tau_v", volt.dim, [-1.0]), ("tau.x", second.dim, [-1.0])]
    )
