"""Raw ECG as spikes: the code and its inverse as properties, resampling against known signals, refusals."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chronaxie.models import level_crossing
from chronaxie.models.ecg_encoders import ECGEncoder
from chronaxie.models.ecg_encoding import (
    binary_level_crossing,
    decode_binary_level_crossing,
    normalise,
    overload,
    resample,
)

RECORDS = ("challenge2015/a103l", "ludb/1", "mitdb/208", "ptbdb/s0010_re", "svdb/800")
bounded = st.floats(-50, 50, allow_nan=False)
signals = hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 60)), elements=bounded)


def gentle(signal, largest):
    """The signal with moves of at most `largest`, by limiting each of them."""
    moves = np.clip(np.diff(signal, axis=1), -largest, largest)
    return np.concatenate([signal[:, :1], signal[:, :1] + np.cumsum(moves, axis=1)], axis=1)


def tolerance(signal, delta):
    """delta, and some last bits of the values: the reference is rounded to them."""
    return delta * (1 + 1e-9) + 1e-12 * np.abs(signal).max()


@given(signals, st.floats(0.01, 2), st.integers(1, 8))
def test_the_code_decodes_to_within_its_step_size(signal, delta, bits):
    signal = gentle(signal, delta * (2**bits - 1) * (1 - 1e-9))
    events = binary_level_crossing(signal, delta, bits=bits)
    decoded = decode_binary_level_crossing(events, delta, start=signal[:, 0])
    assert np.abs(decoded - signal).max() <= tolerance(signal, delta)
    assert not overload(signal, delta, bits=bits).any()


@given(signals, st.floats(0.01, 2), st.integers(1, 8))
def test_overload_is_where_the_decoded_signal_is_further_off(signal, delta, bits):
    events = binary_level_crossing(signal, delta, bits=bits)
    decoded = decode_binary_level_crossing(events, delta, start=signal[:, 0])
    off = np.abs(decoded - signal) > tolerance(signal, delta)
    found = overload(signal, delta, bits=bits)
    # Per signal the tolerance is that of its own largest value: found may hold more, by last bits only.
    assert not (off & ~found).any()
    assert (np.abs(decoded - signal)[found] > delta).all()


@given(signals, st.floats(0.01, 2))
def test_one_bit_is_plain_level_crossing(signal, delta):
    plain = level_crossing(signal, delta, follow="step")
    np.testing.assert_array_equal(binary_level_crossing(signal, delta, bits=1), plain)


@given(hnp.arrays(np.float64, (5, 40), elements=bounded), st.floats(0.01, 2), st.integers(1, 8))
def test_a_signal_has_the_same_code_alone_and_among_others(signals, delta, bits):
    alone = [binary_level_crossing(signal, delta, bits=bits) for signal in signals]
    np.testing.assert_array_equal(binary_level_crossing(signals, delta, bits=bits), alone)


@given(signals, st.floats(0.01, 2), st.integers(1, 8))
def test_up_and_down_never_meet_and_the_first_step_is_silent(signal, delta, bits):
    events = binary_level_crossing(signal, delta, bits=bits).reshape(*signal.shape, bits, 2)
    assert not events[:, 0].any()
    assert not (events[..., 0].any(axis=-1) & events[..., 1].any(axis=-1)).any()


def test_the_channels_are_the_binary_digits_of_the_number_of_crossings():
    events = binary_level_crossing([0.0, 5.5, 5.5, 3.6, 2.4], 1.0, bits=3)
    up, down = events[:, 0::2] @ [1, 2, 4], events[:, 1::2] @ [1, 2, 4]
    assert up.tolist() == [0, 5, 0, 0, 0]
    assert down.tolist() == [0, 0, 0, 1, 1]  # from 5 to 3.6: one level; from 4 to 2.4: one more
    assert ECGEncoder(bits=3).channels == ("up 1", "down 1", "up 2", "down 2", "up 4", "down 4")


def test_a_steep_flank_is_caught_up_with():
    events = binary_level_crossing([0.0, 10.0, 10.0, 10.0, 10.0], 1.0, bits=2)
    assert decode_binary_level_crossing(events, 1.0).tolist() == [0, 3, 6, 9, 10]
    assert overload([0.0, 10.0, 10.0, 10.0, 10.0], 1.0, bits=2).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("record", RECORDS)
def test_a_real_lead_decodes_to_within_the_step_size(record, data_dir):
    from chronaxie.studies.tasks.wfdb_records import load_record

    encoder = ECGEncoder()
    ds = load_record(data_dir / "wfdb" / record, window=60, overlap=0)
    signal, mean, sd = ds.signal.values[..., 0], *(ds[name].values[0, 0] for name in ("mean", "sd"))
    z = (signal - mean) / sd
    kept = ds.kept.values
    row = np.concatenate([v[k] for v, k in zip(z, kept, strict=True)])
    events = np.concatenate([v[k] for v, k in zip(ds.stimulus.values, kept, strict=True)])
    decoded = decode_binary_level_crossing(events, encoder.delta, start=row[0])
    assert np.abs(decoded - row).max() <= tolerance(row, encoder.delta)
    assert np.abs(np.diff(row)).max() <= encoder.steepest
    assert ds.attrs["overload_steps"] == 0
    assert events.any(axis=1).mean() > 0.05


@pytest.mark.parametrize("rate", [128.0, 250.0, 360.0, 500.0, 1000.0, 257.5])
def test_resample_keeps_what_is_below_and_removes_what_is_above_the_new_nyquist_rate(rate):
    dt = 0.004
    time = np.arange(round(20 * rate)) / rate
    low = np.sin(2 * np.pi * 7.3 * time)
    y = resample(low, rate, dt)
    at = np.arange(len(y)) * dt
    inner = (at > 1) & (at < 19)
    assert abs(len(y) - 20 / dt) <= 1
    # The filter passes 7.3 Hz to 1e-3; its edge effects last for some samples at each end.
    assert np.abs(y - np.sin(2 * np.pi * 7.3 * at))[inner].max() < 2e-3
    if rate > 500:
        aliased = resample(np.sin(2 * np.pi * 180 * time), rate, dt)
        assert np.abs(aliased[inner[: len(aliased)]]).max() < 2e-3


def test_resample_leaves_an_offset_and_the_same_rate_alone():
    x = np.array([5.0, 5.5, 4.5, 5.0])
    assert resample(x, 250, 0.004).tolist() == x.tolist()
    assert np.allclose(resample(np.full(400, 7.0), 360, 0.004), 7.0, rtol=1e-9)
    assert resample(np.ones((2, 500)), 500, 0.004, axis=1).shape == (2, 250)


def test_resample_of_one_sample_is_refused_or_itself():
    with pytest.raises(ValueError, match="at least 2 samples to bring from 360 to 250 Hz, got 1"):
        resample([[1.0, 2.0]], 360, 0.004)
    assert resample([1.5], 250, 0.004).tolist() == [1.5]
    assert np.isfinite(resample([1.0, 2.0], 360, 0.004)).all()


def test_resample_refuses_a_ratio_without_a_fraction():
    with pytest.raises(ValueError, match=r"no fraction with terms up to 20000 is near enough"):
        resample(np.zeros(3), 1.0, 1e-6)


@given(signals)
def test_normalise_is_undone_by_its_mean_and_deviation(signal):
    assume((np.ptp(signal, axis=1) >= 1e-3).all())
    z, mean, sd = normalise(signal)
    assert np.allclose(z.mean(axis=1), 0, atol=1e-6)
    assert np.allclose(z.std(axis=1), 1)
    assert np.allclose(mean[:, None] + sd[:, None] * z, signal, atol=1e-9)


def test_normalise_refuses_a_flat_lead():
    with pytest.raises(ValueError, match=r"expected a signal that moves, but signal \(1,\) is flat"):
        normalise(np.array([[0.0, 1.0, 0.5], [0.3, 0.3, 0.3]]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binary_level_crossing([0.0, np.nan], 1.0), "must be finite"),
        (lambda: binary_level_crossing([], 1.0), "at least one sample"),
        (lambda: binary_level_crossing([0.0, 1.0], 0.0), "delta must be a finite number > 0"),
        (lambda: binary_level_crossing([0.0, 1.0], 1.0, bits=0), "bits must be a whole number from 1 to 16"),
        (lambda: binary_level_crossing([0.0, 1.0], 1.0, axis=1), "has no axis 1"),
        (lambda: decode_binary_level_crossing(np.zeros((4, 3)), 1.0), r"shape \(…, time, …, 2 \* bits\)"),
        (lambda: decode_binary_level_crossing(np.full((4, 2), 2), 1.0), "must be 0 or 1, got 2"),
        (lambda: decode_binary_level_crossing(np.ones((4, 2)), 1.0), "up and down events in one step"),
        (lambda: decode_binary_level_crossing(np.zeros((4, 2)), 1.0, start=np.inf), "start must be finite"),
        (lambda: decode_binary_level_crossing(np.zeros((4, 2)), 1.0, start=[1, 2, 3]), "does not fit"),
        (lambda: overload([0.0, 1.0], -1.0), "delta must be a finite number > 0"),
        (lambda: resample([0.0, 1.0], 0, 0.004), "rate must be a finite number > 0, got 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
