import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chronaxie.models import decode_level_crossing, level_crossing, threshold_difference

ENCODERS = (level_crossing, threshold_difference)


@settings(max_examples=200, deadline=None)
@given(
    changes=arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.floats(-1, 1)),
    delta=st.floats(1e-3, 1e3),
    start=st.floats(-100, 100),
)
def test_decoded_signal_is_within_delta_while_the_slope_is(changes, delta, start):
    signal = delta * (start + np.cumsum(changes, axis=0))
    events = level_crossing(signal, delta, axis=0)
    decoded = decode_level_crossing(events, delta, start=signal[0], axis=0)
    # Rounding: the signal reaches 160 delta, whose last bit is 3e-14 delta, after up to 60 additions.
    assert np.abs(decoded - signal).max() <= delta * (1 + 1e-12)
    assert events.dtype == np.uint8
    assert events.shape == (*signal.shape, 2)
    assert not events[0].any()
    assert not (events[..., 0] & events[..., 1]).any()


@settings(max_examples=100, deadline=None)
@given(
    signal=arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.floats(-50, 50)),
    delta=st.floats(0.1, 10),
    follow=st.sampled_from(["step", "sample"]),
)
def test_level_crossing_is_its_definition(signal, delta, follow):
    events = level_crossing(signal, delta, axis=0, follow=follow)
    for x, found in zip(signal.T, np.moveaxis(events, 1, 0), strict=True):
        start, level = x[0], 0
        for t in range(len(x)):
            reference = start + delta * level
            assert found[t, 0] == (t > 0 and x[t] - reference >= delta)
            assert found[t, 1] == (t > 0 and x[t] - reference <= -delta)
            if found[t].any() and follow == "sample":
                start = x[t]
            elif found[t].any():
                level += int(found[t, 0]) - int(found[t, 1])


def test_a_steep_signal_outruns_the_step_and_is_caught_up_with():
    signal = np.r_[0.0, np.full(6, 3.0)]
    events = level_crossing(signal, 1.0)
    assert events[:, 0].tolist() == [0, 1, 1, 1, 0, 0, 0]
    assert decode_level_crossing(events, 1.0).tolist() == [0, 1, 2, 3, 3, 3, 3]
    assert level_crossing(signal, 1.0, follow="sample")[:, 0].tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_equality_is_an_event():
    assert level_crossing([0.0, 0.5, 0.25, -0.5], 0.5).tolist() == [[0, 0], [1, 0], [0, 0], [0, 1]]
    assert threshold_difference([0.0, 0.5, 0.25, -0.25], 0.5).tolist() == [[0, 0], [1, 0], [0, 0], [0, 1]]


def test_threshold_difference_sees_slope_only():
    slow = np.linspace(0, 10, 101)
    assert not threshold_difference(slow, 0.3).any()
    assert level_crossing(slow, 0.3)[:, 0].sum() == 33


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_every_signal_is_encoded_alone_whatever_the_axis(encode, axis):
    signal = np.random.default_rng(0).standard_normal((4, 5, 6)).cumsum(axis)
    events = encode(signal, 0.5, axis=axis)
    assert events.shape == (4, 5, 6, 2)
    alone = np.apply_along_axis(lambda x: encode(x, 0.5).reshape(-1), axis, signal)
    expected = np.moveaxis(np.stack(np.split(np.moveaxis(alone, axis, 0)[None], 1))[0, 0], 0, -1)
    expected = expected.reshape(*expected.shape[:-1], -1, 2)
    assert np.array_equal(np.moveaxis(events, axis % 3, -2), expected)


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize(
    ("signal", "step", "axis", "message"),
    [
        ([0.0, np.nan, np.inf], 1.0, -1, "must be finite, got 2 NaN or infinite"),
        ([], 1.0, -1, "at least one sample, got the shape"),
        (np.zeros((3, 0)), 1.0, -1, "at least one sample"),
        (1.0, 1.0, -1, "has no axis -1"),
        ([1.0], 1.0, 1, "has no axis 1; pass the time axis"),
        ([1j], 1.0, -1, "must be real numbers, got dtype complex128"),
        (["a"], 1.0, -1, "must be real numbers"),
        ([0.0], 0.0, -1, "must be a finite number > 0, got 0.0"),
        ([0.0], -1.0, -1, "finite number > 0"),
        ([0.0], np.nan, -1, "finite number > 0, got nan"),
        ([0.0], [1.0, 2.0], -1, "finite number > 0"),
        ([0.0], "1", -1, "finite number > 0, got '1'"),
    ],
)
def test_bad_signals_and_steps_are_refused(encode, signal, step, axis, message):
    with pytest.raises(ValueError, match=f"^{encode.__name__}: .*{message}"):
        encode(signal, step, axis=axis)


def test_unknown_reference_is_refused():
    with pytest.raises(ValueError, match="follow must be one of .*, got 'jump'"):
        level_crossing([0.0], 1.0, follow="jump")


@pytest.mark.parametrize(
    ("events", "kwargs", "message"),
    [
        (np.zeros((3, 4)), {}, r"shape \(…, time, …, 2\).*got \(3, 4\)"),
        (np.zeros((0, 2)), {}, "at least one step"),
        (np.zeros((3, 2)), {"axis": 1}, "time axis"),
        ([[0, 2]], {}, "0 or 1, got 2"),
        ([[0, -1]], {}, "0 or 1, got -1"),
        ([[1, 1]], {}, "up and down events in one step"),
        (np.zeros((3, 2)), {"start": np.nan}, "start must be finite"),
        (
            np.zeros((3, 5, 2)),
            {"axis": 0, "start": np.zeros(4)},
            r"start of shape \(4,\) does not fit .*\(5,\)",
        ),
    ],
)
def test_bad_events_are_refused(events, kwargs, message):
    with pytest.raises(ValueError, match=message):
        decode_level_crossing(events, 1.0, **kwargs)
