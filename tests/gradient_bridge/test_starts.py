"""The twin from states that are given, and readouts that count spikes."""

import numpy as np
import pytest
import torch
import xarray as xr

import chronaxie as cx
from chronaxie.models import (
    ALIF,
    Initial,
    Readout,
    annotate,
    annotations,
    dense,
    describe,
    simulate,
    start_states,
)


@pytest.fixture
def net():
    return cx.srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0)


@pytest.fixture
def stimulus():
    x = (np.random.default_rng(0).random((3, 60, 4)) < 0.3).astype(np.uint8)
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(60) * 0.004})


def test_a_random_start_is_that_of_brian2_to_the_bit(net, stimulus):
    start = Initial("random", seed=2)
    states = start_states(describe(net), start, 3)
    slot = annotations(net).readout.slot
    with torch.no_grad():
        out = cx.Twin(net)(stimulus, record={"output": {"v": slot}}, initial=states)
        plain = cx.Twin(net)(stimulus)
    ds = simulate(net, stimulus, initial=start)
    for group in ("hidden1", "output"):
        assert np.array_equal(out.spikes[group].numpy(), dense(ds, group).values)
    assert np.array_equal(out.states["output"]["v"].numpy(), ds.output_v.values)
    assert not torch.equal(out.spikes["hidden1"], plain.spikes["hidden1"])


def test_spike_counts_are_scores_with_gradients(net, stimulus):
    annotate(net, readout=Readout("output", "spikes", reduce="sum"))
    twin = cx.Twin(net, trainable=("w", "tau_m"))
    scores, out = twin.scores(stimulus, with_recording=True)
    assert torch.equal(scores, out.spikes["output"].sum(1))
    assert scores.sum() > 0
    scores.sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in twin.parameters())


def test_the_papers_sum_of_softmax(net, stimulus):
    annotate(net, readout=Readout("output", "v", slot="before_output_resets", reduce="softmax_sum", skip=11))
    twin = cx.Twin(net)
    scores, out = twin.scores(stimulus, with_recording=True)
    trace = twin(stimulus, record={"output": {"v": "before_output_resets"}}).states["output"]["v"]
    assert torch.equal(scores, torch.softmax(trace[:, 11:], -1).sum(1))
    np.testing.assert_allclose(scores.sum(-1).numpy(), 49, rtol=1e-12)


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ({"hidden1": {"bias": np.zeros(12)}}, "hidden1.bias is no variable that changes"),
        ({"hidden9": {"v": np.zeros(12)}}, "of hidden9 there are none: unknown group"),
        ({"hidden1": {"v": np.zeros((2, 12))}}, r"= \(3, 12\) or \(12,\), got \(2, 12\)"),
        ({"hidden1": {"v": np.full(12, np.inf)}}, "not finite"),
    ],
)
def test_bad_starts_are_refused(net, stimulus, initial, message):
    with pytest.raises(ValueError, match=message):
        cx.Twin(net)(stimulus, initial=initial)


@pytest.mark.parametrize("kind", ["zero", "random"])
def test_a_start_that_the_network_is_annotated_with_is_never_passed_over(net, stimulus, kind):
    annotate(net, initial=Initial(kind))
    with pytest.raises(ValueError, match=f"starts from '{kind}' states, which the twin takes with each call"):
        cx.Twin(net)(stimulus)
    states = start_states(describe(net), annotations(net).initial, 3)
    with torch.no_grad():
        out = cx.Twin(net)(stimulus, initial=states)
    assert np.array_equal(out.spikes["hidden1"].numpy(), dense(simulate(net, stimulus), "hidden1").values)
