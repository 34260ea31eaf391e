"""Stimuli: by group, by label, and what is said when one does not fit the network."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, TimedArray, ms, mV

from chronaxie.models import StimulusError, describe, simulate, with_stimulus
from chronaxie.models.stimuli import check_stimulus

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
        ("alif", lambda: {"inputs": stimulus()}, StimulusError, "no input 'inputs'; the network has 'input'"),
    ],
)
def test_bad_stimuli_are_refused(case, make, error, message):
    with pytest.raises(error, match=message):
        simulate(network(case), make())


def test_a_network_without_input_takes_no_stimulus():
    alone = Network(NeuronGroup(3, "dv/dt = -v/(5*ms) : 1", method="exact", name="cells"))
    with pytest.raises(StimulusError, match="the network has no input that it could replace"):
        simulate(alone, stimulus())
    # The only thing that could take one here is a PoissonGroup, of another size.
    with pytest.raises(StimulusError, match="stimulus for 'noise': expected 20 channels"):
        simulate(user_network(), stimulus())


def reading(*groups, dt=4 * ms, **arrays):
    """A network by hand without dt_ref: groups (name, expression) that read TimedArrays, each by an alias."""
    timed = {alias: TimedArray(np.zeros((1, 3)), dt=4 * ms, name=name) for alias, name in arrays.items()}
    made = []
    for name, expression in groups:
        g = NeuronGroup(
            3, f"dv/dt = ({expression} - v)/(20*ms) : 1", threshold="v > 0.5", reset="v = 0", dt=dt, name=name,
            method="exact", namespace={alias: timed[alias] for alias in timed if alias in expression},
        )  # fmt: skip
        made.append(g)
    return Network(*made)


def test_a_network_by_hand_at_a_finer_step():
    """Its stimulus stays in steps of its own dt; the exact solution does not depend on the step."""
    net, x = reading(("cells", "x(t, i)"), x="x"), stimulus(channels=3, kind="current")
    coarse = simulate(net, x, namespace={}, record={"cells": ["v"]}, sample_dt=4 * ms)
    fine = simulate(net, x, namespace={}, record={"cells": ["v"]}, sample_dt=4 * ms, dt=1 * ms)
    assert (fine.attrs["dt"], fine.attrs["duration"]) == (1e-3, coarse.attrs["duration"])
    first = int(coarse["cells_spike_time"].min() / DT)
    assert first > 0
    # Some ulp a step, until the first spike, which a finer step may see earlier.
    assert np.abs(fine["cells_v"] - coarse["cells_v"])[:, :first].max() < 1e-12
    assert np.abs(coarse["cells_v"][:, 1:first]).min() > 0
    for dt in (3 * ms, 8 * ms):
        with pytest.raises(ValueError, match="does not divide the step of the TimedArray 'x' = 0.004 s"):
            simulate(net, x, namespace={}, dt=dt)
    with pytest.raises(StimulusError, match=r"in steps of dt_ref = 0.004 s, got 0.001 s"):
        simulate(net, stimulus(channels=3, kind="current", dt=0.001), namespace={}, dt=1 * ms)


def test_spikes_into_a_network_by_hand_at_a_finer_step():
    net = Network(
        SpikeGeneratorGroup(3, [], [] * ms, dt=4 * ms, name="spikes"), *reading(("cells", "1")).objects
    )
    x = stimulus(channels=3)
    fine = simulate(net, x, namespace={}, dt=0.5 * ms)
    trial, time, channel = np.nonzero(x.values)
    assert np.allclose(fine["spikes_spike_time"], time * DT, rtol=0, atol=1e-9)
    assert np.array_equal(fine["spikes_spike_neuron"], channel)


def test_a_current_by_the_name_of_its_group_or_of_its_array():
    net, x = network("current"), stimulus(kind="current")
    a, b = simulate(net, {"input": x}), simulate(net, {"stimulus": x})
    assert a["output_v"].identical(b["output_v"])
    assert np.abs(a["output_v"]).max() > 0
    with pytest.raises(StimulusError, match=r"two values for 'stimulus' \(TimedArray read by input\)"):
        simulate(net, {"input": x, "stimulus": x})
    with pytest.raises(
        StimulusError, match=r"no input 'output'; the network has 'stimulus' \(TimedArray read"
    ):
        simulate(net, {"output": x})
    with pytest.raises(StimulusError, match="the dict is empty"):
        simulate(net, {})


def test_an_array_that_two_groups_read_drives_both():
    net, x = reading(("a", "x(t, i)"), ("b", "x(t, i)"), x="drive"), stimulus(channels=3, kind="current")
    record = {"a": ["v"], "b": ["v"]}
    runs = [simulate(net, {name: x}, namespace={}, record=record) for name in ("a", "b", "drive")]
    assert np.abs(runs[0]["b_v"]).max() > 0
    assert all(np.array_equal(run[f"{g}_v"], runs[0]["a_v"]) for run in runs for g in "ab")


def test_names_that_may_mean_two_inputs_are_refused():
    net, x = reading(("a", "x(t, i) + y(t, i)"), x="x", y="b"), stimulus(channels=3, kind="current")
    with pytest.raises(StimulusError, match=r"'a' may mean 'b' \(TimedArray read by a\) or 'x' \(Timed"):
        simulate(net, {"a": x}, namespace={})
    one, both = simulate(net, {"b": x}, namespace={}), simulate(net, {"b": x, "x": x}, namespace={})
    assert both.sizes["a_spike"] > one.sizes["a_spike"] > 0
    with pytest.raises(StimulusError, match=r"has the inputs 'b' .* 'x' .*; give a dict by input"):
        simulate(net, x, namespace={})


def test_the_step_of_a_stimulus():
    net, x = reading(("cells", "x(t, i)"), x="x"), stimulus(trials=1, channels=3, kind="current")
    description = describe(net, namespace={})
    assert with_stimulus(description, x, step=4 * ms).timed_arrays[0].array.values.shape == (STEPS, 3)
    with pytest.raises(ValueError, match="does not divide the step of the stimulus = 0.006 s"):
        with_stimulus(description, x, step=6 * ms)
    with pytest.raises(ValueError, match="step: expected a time"):
        with_stimulus(description, x, step=4 * mV)
    with pytest.raises(StimulusError, match=r"'x' has dt = 0.004 s, but .* is 0.008 s; make them the same"):
        with_stimulus(description, stimulus(trials=1, channels=3, kind="current", dt=0.008), step=8 * ms)


def test_check_stimulus():
    x = stimulus()
    turned = check_stimulus("input", x.transpose("channel", "time", "trial"), channels=4, dt=DT, spikes=True)
    assert turned.identical(x)
    check_stimulus("input", with_value(0.5), channels=4, dt=DT, spikes=False)
    with pytest.raises(StimulusError, match="expected numbers, got <U"):
        check_stimulus("input", x.astype(str), channels=4, dt=DT, spikes=False)
    named = x.assign_coords(time=[f"{k} ms" for k in range(STEPS)])
    with pytest.raises(StimulusError, match="'time' must be in seconds, got <U"):
        check_stimulus("input", named, channels=4, dt=DT, spikes=True)
