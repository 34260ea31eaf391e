"""Encoders as objects: what they do, what they refuse, and how they travel as text."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from chronaxie.models import binary_level_crossing, level_crossing, threshold_difference
from chronaxie.models.ecg_encoders import (
    DifferenceEncoder,
    ECGEncoder,
    LevelCrossingEncoder,
    encoder_from,
    encoder_text,
)

Z = np.cumsum(np.random.default_rng(0).standard_normal((2, 200)) / 4, axis=1)
positive = st.floats(1e-6, 1e3)
windows = st.none() | st.floats(1.0, 1e3)
ANY = st.one_of(
    st.builds(ECGEncoder, st.floats(1e-4, 0.1), positive, st.integers(1, 16)),
    st.builds(DifferenceEncoder, st.floats(1e-4, 0.1), positive, st.sampled_from([0, 5, 7, 21]), windows),
    st.builds(LevelCrossingEncoder, st.floats(1e-4, 0.1), positive, st.sampled_from(["step", "sample"])),
)


@given(ANY)
def test_an_encoder_comes_back_from_its_text(encoder):
    assert encoder_from(encoder_text(encoder)) == encoder


def test_each_does_what_its_function_does():
    np.testing.assert_array_equal(
        ECGEncoder(delta=0.2, bits=4).encode(Z), binary_level_crossing(Z, 0.2, bits=4)
    )
    raw = DifferenceEncoder(threshold=0.3, smoothing=0)
    np.testing.assert_array_equal(raw.encode(Z), threshold_difference(Z, 0.3))
    smooth = DifferenceEncoder(threshold=0.2, smoothing=9)
    np.testing.assert_array_equal(
        smooth.encode(Z), threshold_difference(savgol_filter(Z, 9, 3, axis=-1), 0.2)
    )
    assert (smooth.encode(Z) != threshold_difference(Z, 0.2)).any()
    for follow in ("step", "sample"):
        events = LevelCrossingEncoder(delta=0.5, follow=follow).encode(Z)
        np.testing.assert_array_equal(events, level_crossing(Z, 0.5, follow=follow))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ECGEncoder(delta=0), "delta must be a finite number > 0"),
        (lambda: ECGEncoder(bits=True), "bits must be a whole number"),
        (lambda: DifferenceEncoder(threshold=-1), "threshold must be a finite number > 0"),
        (lambda: DifferenceEncoder(smoothing=4), "smoothing must be 0, or odd and >= 5 steps, got 4"),
        (lambda: DifferenceEncoder(smoothing=7.0), r"smoothing must be 0, or odd and >= 5 steps, got 7\.0"),
        (lambda: DifferenceEncoder(smoothing=True), "smoothing must be 0"),
        (lambda: DifferenceEncoder(window=0.001), r"window must be at least a step of 0\.004 s, got 0\.001"),
        (lambda: DifferenceEncoder(window=np.inf), "window must be a finite number > 0"),
        (
            lambda: DifferenceEncoder().encode(np.zeros(6)),
            "at least the 7 steps that are smoothed over, got 6",
        ),
        (lambda: LevelCrossingEncoder(delta=0), "delta must be a finite number > 0"),
        (lambda: LevelCrossingEncoder(follow="me"), "follow must be one of"),
    ],
)
def test_values_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


GOOD = json.loads(encoder_text(ECGEncoder()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected JSON, got ''"),
        ("[" * 100_000, "expected JSON"),
        ("[]", "expected the fields of ECGEncoder, DifferenceEncoder"),
        ('{"name": "eval"}', "expected the fields of ECGEncoder"),
        ('{"name": ["ECGEncoder"]}', "expected the fields of ECGEncoder"),
        ('{"name": "ECGEncoder"}', "expected the fields bits, delta, dt of ECGEncoder"),
        (json.dumps(GOOD | {"__class__": 1}), "expected the fields bits, delta, dt"),
        (json.dumps(GOOD | {"delta": "1"}), "delta must be a finite number > 0"),
        (json.dumps(GOOD | {"dt": None}), "dt must be a finite number > 0"),
        (json.dumps(GOOD | {"bits": 60}), "bits must be a whole number from 1 to 16"),
        (json.dumps(GOOD | {"delta": float("nan")}), "delta must be a finite number > 0"),
    ],
)
def test_a_text_is_not_trusted(text, message):
    with pytest.raises(ValueError, match=message):
        encoder_from(text)
