"""Stimuli: by group, by label, and what is said when one does not fit the network."""

import numpy as np
import pytest

from chronaxie.models import StimulusError, simulate

from .test_simulate import DT, STEPS, network, stimulus, user_network

pytestmark = pytest.mark.usefixtures("numpy_target")


def test_stimuli_by_group():
    net = network("alif")
    x = stimulus()
    a, b = simulate(net, x), simulate(net, {"input": x.transpose("channel", "trial", "time")})
    assert a["output_v"].identical(b["output_v"])


def test_trial_labels_are_kept():
    x = stimulus().assign_coords(trial=[7, 3, 5])
    assert simulate(network("alif"), x)["trial"].values.tolist() == [7, 3, 5]


def with_value(value, kind="spikes"):
    x = stimulus(kind=kind).astype(float)
    x[1, 2, 3] = value
    return x


@pytest.mark.parametrize(
    ("case", "make", "error", "message"),
    [
        ("alif", lambda: stimulus(channels=5), StimulusError, "'input': expected 4 channels, .* got 5"),
        (
            "alif",
            lambda: stimulus(dt=0.002),
            StimulusError,
            "from 0 in steps of dt_ref = 0.004 s, got 0.002 s",
        ),
        ("alif", lambda: stimulus().assign_coords(time=np.arange(STEPS) * DT + 1), StimulusError, "from 1 s"),
        (
            "alif",
            lambda: stimulus().assign_coords(time=np.arange(STEPS) ** 2),
            StimulusError,
            "equidistant at 0.004",
        ),
        ("alif", lambda: stimulus().drop_vars("time"), StimulusError, r"coordinate 'time' \(s\) is missing"),
        ("alif", lambda: with_value(np.nan), StimulusError, r"must be 0 or 1, got nan at .* = \(1, 2, 3\)"),
        (
            "alif",
            lambda: with_value(2),
            StimulusError,
            "must be 0 or 1, got 2.0 .* use srnn\\(input='current'\\)",
        ),
        ("alif", lambda: with_value(0.5), StimulusError, "must be 0 or 1, got 0.5"),
        (
            "current",
            lambda: with_value(np.inf, "current"),
            StimulusError,
            r"finite values, got inf .* \(1, 2, 3\)",
        ),
        ("alif", lambda: stimulus().values, TypeError, "expected an xarray.DataArray, got ndarray; wrap it"),
        ("alif", lambda: stimulus().rename(channel="unit"), StimulusError, "expected the dimensions"),
        ("alif", lambda: stimulus(steps=0), StimulusError, "it is empty"),
        ("alif", lambda: {"inputs": stimulus()}, StimulusError, "no input 'inputs'; the network has input"),
    ],
)
def test_bad_stimuli_are_refused(case, make, error, message):
    with pytest.raises(error, match=message):
        simulate(network(case), make())


def test_a_network_without_input_takes_no_stimulus():
    with pytest.raises(StimulusError, match="the network has no input that it could replace"):
        simulate(user_network(), stimulus())
