"""Networks in physical units, and networks whose step is finer than that of their stimuli: the twin is Brian2."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import ms, pA, second

from chronaxie.gradient_bridge import Bounded, Twin, fit
from chronaxie.models import (
    CurrentALIF,
    CurrentIntegrator,
    LogNormal,
    Readout,
    Uniform,
    annotate,
    network_values,
    readout_scores,
    simulate,
    srnn,
)

from .helpers import compare

STEPS, TRIALS, CHANNELS = 30, 2, 4
PHYSICAL = {"neuron": CurrentALIF, "readout": CurrentIntegrator, "input_gain": 4.0, "dt": 1 * ms}
CASES = {
    "one step": PHYSICAL,
    "four steps": PHYSICAL | {"dt_ref": 4 * ms},
    "delays": PHYSICAL | {"dt_ref": 4 * ms, "delay": Uniform(1 * ms, 5 * ms), "transmission": "next"},
    "two layers": PHYSICAL | {"dt_ref": 2 * ms, "hidden": [10, 8], "bias": {"hidden2": 800 * pA}},
    "current": PHYSICAL | {"dt_ref": 4 * ms, "input": "current"},
    "the papers' neuron": {"dt": 1 * ms, "dt_ref": 4 * ms, "bias": {"hidden1": 0.02}},
    "the papers' neuron, current": {
        "dt": 1 * ms,
        "dt_ref": 4 * ms,
        "bias": {"hidden1": 0.02},
        "input": "current",
    },
}


def network(options, *, seed=0):
    return srnn(CHANNELS, **({"hidden": [10]} | options), outputs=3, seed=seed)


def stimulus_for(options, *, seed=0, steps=STEPS, trials=TRIALS):
    rng = np.random.default_rng(seed)
    if options.get("input") == "current":
        return rng.normal(0.5, 0.5, (trials, steps, CHANNELS))
    return (rng.random((trials, steps, CHANNELS)) < 0.3).astype(np.uint8)


def labelled(values, step):
    return xr.DataArray(
        values, dims=("trial", "time", "channel"), coords={"time": np.arange(values.shape[1]) * step}
    )


@pytest.mark.parametrize(
    "case",
    [c if c in ("delays", "the papers' neuron") else pytest.param(c, marks=pytest.mark.slow) for c in CASES],
)
def test_spikes_and_states_are_those_of_brian2_to_the_bit(case):
    options = CASES[case]
    net = network(options)
    twin = Twin(net, trainable=("w", "bias", "tau_*"))
    counts = compare(net, twin, STEPS * twin.every, stimulus_for(options), minimum=20)
    assert counts["hidden1"] >= 20


@pytest.mark.parametrize(
    "case", ["four steps", "current", pytest.param("the papers' neuron, current", marks=pytest.mark.slow)]
)
def test_scores_are_those_of_a_simulation(case):
    """One for each value of the stimulus: in its first step for spikes, in its last for currents."""
    options = CASES[case]
    net, x = network(options), stimulus_for(options)
    twin, ds = Twin(net), simulate(net, labelled(x, 4e-3), namespace={})
    scores = twin.scores(labelled(x, 4e-3)).numpy()
    assert scores.shape == (TRIALS, STEPS, 3)
    assert np.array_equal(scores, readout_scores(ds))
    assert np.array_equal(scores, twin.scores(torch.from_numpy(x)).numpy())


def test_counted_spikes_are_counted_in_steps_of_the_stimulus():
    net = network(CASES["four steps"])
    annotate(net, readout=Readout("hidden1", "spikes"))
    x = stimulus_for(CASES["four steps"])
    twin, ds = Twin(net), simulate(net, labelled(x, 4e-3), namespace={})
    scores = twin.scores(torch.from_numpy(x)).numpy()
    assert scores.shape == (TRIALS, STEPS, 10)
    assert scores.sum() > 20
    assert np.array_equal(scores, readout_scores(ds))


def test_a_stimulus_of_another_step_is_refused():
    twin = Twin(network(CASES["four steps"]))
    x = stimulus_for(CASES["four steps"])
    with pytest.raises(ValueError, match="expected 'time' from 0 in steps of dt_ref = 0.004 s"):
        twin(labelled(x, 1e-3))
    assert twin(torch.from_numpy(x)).spikes["input"].shape == (TRIALS, 4 * STEPS, CHANNELS)
    assert (twin.step, twin.every) == (4e-3, 4)


def test_equal_time_constants_have_a_gradient():
    """Where tau_m equals tau_in and tau_rec the exact solution divides by zero; this updater does not."""
    options = CASES["four steps"] | dict.fromkeys(("tau_m", "tau_in", "tau_rec", "tau_a"), 8 * ms)
    twin = Twin(network(options), trainable=("w", "bias", "tau_*"))
    twin.scores(torch.from_numpy(stimulus_for(options))).square().sum().backward()
    for name, parameter in twin.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).any(), name


def test_gradients_of_the_readout_are_finite_differences():
    """What follows the last threshold is smooth: time constants and weights of the output."""
    options = CASES["four steps"]
    net, x = network(options), torch.from_numpy(stimulus_for(options))
    names = ("output.tau_m", "output.tau_in", "output.bias", "hidden1_output.w")
    twin = Twin(net, trainable=names)

    def value():
        return (twin.scores(x) * 1e3).square().sum()

    value().backward()
    for name, parameter in twin.named_parameters():
        with torch.no_grad():
            flat, k = parameter.view(-1), 1
            middle, h = flat[k].item(), 1e-5
            sides = []
            for side in (-h, h):
                flat[k] = middle + side
                sides.append(value().item())
            flat[k] = middle
        # Central differences: h² of the third derivative, and rounding of the sum over h.
        assert parameter.grad.view(-1)[k].item() == pytest.approx(
            (sides[1] - sides[0]) / (2 * h), rel=1e-5
        ), name


class _Task:
    """Which of two channels has more spikes, at each step of 4 ms."""

    classes = ("first", "second")

    def __init__(self):
        rng = np.random.default_rng(0)
        loud = np.repeat(rng.integers(0, 2, (24, 8)), 5, axis=1)
        x = rng.random((24, 40, 2)) < np.where(loud[..., None] == np.arange(2), 0.6, 0.05)
        ds = xr.Dataset(
            {
                "stimulus": (("trial", "time", "channel"), x.astype(np.uint8)),
                "label": (("trial", "time"), loud.astype(np.int8)),
            },
            coords={"time": np.arange(40) * 4e-3, "trial": np.arange(24)},
        )
        self.train, self.valid = ds.isel(trial=slice(16)), ds.isel(trial=slice(16, None))


def test_a_physical_network_learns_and_keeps_its_units():
    options = PHYSICAL | {"dt": 2 * ms, "dt_ref": 4 * ms, "tau_a": LogNormal(20 * ms, 0.5, 4 * ms, 60 * ms)}
    net = srnn(2, [12], 2, readout_skip=0, **options)
    before = network_values(net)
    bounds = dict.fromkeys(("tau_m", "tau_a", "tau_in", "tau_rec"), Bounded(4 * ms, 1 * second))
    twin = Twin(
        net, trainable=("w", "bias", "tau_*"), coordinates=bounds, dtype=torch.float32, surrogate="gaussian"
    )
    task = _Task()
    history = fit(
        twin,
        task,
        epochs=10,
        batch_size=16,
        learning_rate=0.1,
        score_scale=300.0,
        schedule="constant",
        progress=False,
    )
    assert history.valid_loss.min() < 0.8 * history.valid_loss[0]
    twin.sync()
    after = network_values(net)
    assert after.tau_m.attrs["units"] == "ms"
    assert ((after.tau_m >= 4) & (after.tau_m <= 1000)).all()
    assert not np.allclose(before.tau_m, after.tau_m, rtol=1e-2)
    out = simulate(net, task.valid.stimulus, namespace={})
    assert np.array_equal(readout_scores(out), Twin(net).scores(task.valid.stimulus).numpy())
