"""Losses of a recording: values by hand, units, shapes, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import Hz, Quantity, ms, mV, second, volt

from chronaxie.gradient_bridge import CombinedLoss, RateLoss, TraceLoss, VanRossumLoss
from chronaxie.gradient_bridge.training_targets import filter_exponentially, merge_records, signature

STEP = 1e-3


def recorded(spikes=None, **traces):
    """A recording of the group `cells` with a step of 1 ms."""
    spikes = torch.zeros(2, 100, 3, dtype=torch.float64) if spikes is None else spikes
    return SimpleNamespace(spikes={"cells": spikes}, states={"cells": traces}, step=lambda group: STEP)


def trains(*events, shape=(2, 100, 3)):
    """0 and 1 with spikes at (trial, step, neuron)."""
    spikes = torch.zeros(shape, dtype=torch.float64)
    for event in events:
        spikes[event] = 1
    return spikes


def test_rates_by_hand():
    spikes = trains((0, 5, 0), (0, 50, 0), (1, 7, 0), (1, 90, 2))  # neurons: 3, 0 and 1 spikes in 2 · 100 ms
    out = recorded(spikes)
    assert RateLoss("cells", 10 * Hz)(out).item() == pytest.approx((4 / 0.6 / 10 - 1) ** 2, rel=1e-12)
    each = RateLoss("cells", [10, 10, 10] * Hz, scale=5 * Hz)(out)
    assert each.item() == pytest.approx((1**2 + 2**2 + 1**2) / 3, rel=1e-12)
    by_trial = RateLoss("cells", [[20, 0, 0], [10, 0, 10]])(out)
    assert by_trial.item() == pytest.approx(0, abs=1e-24)
    late = RateLoss("cells", 10, start=50 * ms, neurons=slice(0, 2))(out)  # 1 spike, 2 neurons, 2 · 50 ms
    assert late.item() == pytest.approx((5 / 10 - 1) ** 2, rel=1e-12)
    chosen = RateLoss("cells", [5.0, 15.0], neurons=[2, 0])(out)
    assert chosen.item() == pytest.approx(0, abs=1e-24)


def test_traces_by_hand():
    rng = np.random.default_rng(0)
    v, target = rng.normal(0, 5e-3, (2, 100, 3)), rng.normal(0, 5e-3, (100, 3))
    out = recorded(v=torch.from_numpy(v))
    expected = np.mean((v - target) ** 2) / np.var(target)
    assert TraceLoss("cells", "v", target * volt)(out).item() == pytest.approx(expected, rel=1e-12)
    assert TraceLoss("cells", "v", target)(out).item() == pytest.approx(expected, rel=1e-12)
    in_mv = TraceLoss("cells", "v", target * volt, scale=2 * mV, start=30 * ms, neurons=slice(None))(out)
    assert in_mv.item() == pytest.approx(np.mean((v - target)[:, 30:] ** 2) / 4e-6, rel=1e-12)
    weights = (np.arange(100) >= 90).astype(float)
    weighted = TraceLoss("cells", "v", target, weights=weights, scale=1)(out)
    assert weighted.item() == pytest.approx(np.mean((v - target)[:, 90:] ** 2), rel=1e-12)
    one = TraceLoss("cells", "v", target[:, 1], neurons=[1], scale=1)(out)
    assert one.item() == pytest.approx(np.mean((v - target)[:, :, 1] ** 2), rel=1e-12)
    ordered = xr.DataArray(v, dims=("trial", "time", "neuron")).transpose("neuron", "time", "trial")
    assert TraceLoss("cells", "v", ordered)(out).item() == 0


def test_van_rossum_of_one_spike_is_a_half():
    """The paper's figure, with the sum over steps in closed form: step/tau/(1 − exp(−2 step/tau))."""
    shape = (1, 2000, 1)
    out = recorded(trains((0, 100, 0), shape=shape))
    silent = VanRossumLoss("cells", {}, tau=20 * ms)(out).item()
    assert silent == pytest.approx(STEP / 0.02 / (1 - np.exp(-2 * STEP / 0.02)), rel=1e-12)
    assert silent == pytest.approx(0.5, rel=0.06)
    assert VanRossumLoss("cells", {0: [0.1]}, tau=20 * ms)(out).item() == 0
    later = [VanRossumLoss("cells", {0: [0.1 + d]}, tau=0.02)(out).item() for d in (0.005, 0.02, 0.5)]
    expected = [2 * silent * (1 - np.exp(-d / 0.02)) for d in (0.005, 0.02, 0.5)]  # the same, eq. 2.6
    np.testing.assert_allclose(later, expected, rtol=1e-9)


def test_van_rossum_takes_times_and_trains_alike():
    spikes, wanted = trains((0, 5, 0), (1, 50, 2)), trains((0, 9, 0), (0, 60, 1), (1, 50, 2))
    out = recorded(spikes)
    times = [{0: [9] * ms, 1: [60] * ms}, {2: [50] * ms, 0: [] * second}]
    by_times = VanRossumLoss("cells", times, tau=10 * ms)(out)
    by_trains = VanRossumLoss("cells", wanted, tau=10 * ms)(out)
    assert by_times.item() == by_trains.item() > 0.1
    part = VanRossumLoss("cells", times, tau=10 * ms, neurons=[2])(out)
    assert part.item() == 0
    assert VanRossumLoss("cells", wanted[:, :, 2:], tau=10 * ms, neurons=[2])(out).item() == 0
    late = VanRossumLoss("cells", times, tau=10 * ms, start=61 * ms)(out)
    assert late.item() == 0


def test_van_rossum_gradient_pulls_a_spike_towards_the_wanted_one():
    """dD²/ds falls from the spike towards the wanted one, so a surrogate moves it there."""
    spikes = trains((0, 50, 0), shape=(1, 100, 1)).requires_grad_()
    VanRossumLoss("cells", {0: [0.06]}, tau=10 * ms)(recorded(spikes)).backward()
    slope = spikes.grad[0, :, 0]
    assert slope[55] < slope[45]
    moved = {at: recorded(trains((0, at, 0), shape=(1, 100, 1))) for at in (50, 51)}
    one, other = (VanRossumLoss("cells", {0: [0.06]}, tau=10 * ms)(moved[at]).item() for at in (50, 51))
    assert other < one


def test_the_filter_is_the_recursion():
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (2, 50, 3)))
    y, rows = torch.zeros(2, 3, dtype=torch.float64), []
    for step in range(50):
        y = y * np.exp(-STEP / 5e-3) + x[:, step]
        rows.append(y)
    torch.testing.assert_close(filter_exponentially(x, 5e-3, STEP), torch.stack(rows, 1), rtol=0, atol=1e-13)


def test_combined():
    spikes = trains((0, 5, 0)).requires_grad_()
    v = torch.ones(2, 100, 3, dtype=torch.float64)
    losses = {
        "rate": RateLoss("cells", 10),
        "v": TraceLoss("cells", "v", np.zeros((100, 3)), scale=2),
        "own": lambda out: out.spikes["cells"].sum(),
    }
    loss = CombinedLoss(losses, {"v": 8, "own": 0.5})
    out = recorded(spikes, v=v)
    assert loss(out).item() == pytest.approx(losses["rate"](out).item() + 8 * 0.25 + 0.5, rel=1e-12)
    assert loss.record == {"cells": {"v": "start"}}
    loss(out).backward()
    assert (spikes.grad != 0).all()


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: RateLoss("cells", 10 * mV), ValueError, "RateLoss of cells: target: expected the unit"),
        (lambda: RateLoss("cells", -1), ValueError, "expected rates >= 0"),
        (lambda: RateLoss("cells", 0), ValueError, "what a small deviation is; give scale="),
        (lambda: RateLoss("cells", 10, scale=0), ValueError, "scale: expected one number > 0, got 0"),
        (lambda: RateLoss("cells", 10, start=-1), ValueError, "start: expected one time >= 0, got -1"),
        (lambda: RateLoss("cells", 10, start=1 * mV), ValueError, "start: expected the unit"),
        (lambda: RateLoss("cells", "fast"), TypeError, "target: expected numbers, got str"),
        (lambda: RateLoss("cells", [1, np.nan]), ValueError, r"target: not finite at \(1,\) \(1 such\)"),
        (
            lambda: TraceLoss("cells", "v", 1.0),
            ValueError,
            r"expected the shape \(time,\), \(time, neuron\) or",
        ),
        (lambda: TraceLoss("cells", "v", np.ones(9)), ValueError, "give scale="),
        (lambda: TraceLoss("cells", "v", [1, 2] * mV, scale=1 * ms), ValueError, "scale: expected the unit"),
        (
            lambda: TraceLoss("cells", "v", [1, 2], weights=[1, 2, 3]),
            ValueError,
            r"weights: expected a shape",
        ),
        (lambda: TraceLoss("cells", "v", [1, 2], weights=[0, 0]), ValueError, "numbers >= 0, not all 0"),
        (lambda: VanRossumLoss("cells", {}, tau=0), ValueError, "tau: expected one time > 0, got 0"),
        (lambda: VanRossumLoss("cells", {0: [-1]}, tau=1), ValueError, "neuron 0: expected times >= 0"),
        (lambda: VanRossumLoss("cells", {0: [1] * mV}, tau=1), ValueError, "neuron 0: expected the unit"),
        (
            lambda: VanRossumLoss("cells", [[0.5]], tau=1),
            ValueError,
            "expected spike times by neuron, or 0 and 1",
        ),
        (lambda: CombinedLoss([]), TypeError, "expected losses by name"),
        (lambda: CombinedLoss({"a": len}, {"b": 1}), ValueError, "weights for b; the losses are a"),
        (
            lambda: CombinedLoss({"a": len}, {"a": np.inf}),
            ValueError,
            "weight of a: expected a finite number",
        ),
    ],
)
def test_what_cannot_be_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "loss, message",
    [
        (RateLoss("others", 1), "RateLoss of others: no spiking group of that name; there are cells"),
        (RateLoss("cells", [1, 2]), r"recording has the shape \(3,\), the target \(2,\); expected \(\) or"),
        (RateLoss("cells", 1, start=0.1), "start: 0.1 s leaves nothing of a recording of 0.1 s"),
        (RateLoss("cells", 1, neurons=[3]), "neurons: index 3 is out of bounds"),
        (RateLoss("cells", 1, neurons=slice(0)), "neurons: expected a slice or numbers"),
        (TraceLoss("cells", "u", [1, 2]), r"u: not in the recording; record=\{'cells': \['u'\]\}"),
        (TraceLoss("cells", "v", [1, 2]), r"shape \(2, 100, 3\), the target \(1, 2, 1\); expected \(time, n"),
        (TraceLoss("cells", "v", np.arange(900).reshape(3, 100, 3)), r"the target \(3, 100, 3\)"),
        (
            VanRossumLoss("cells", {3: [0.0]}, tau=1),
            "wanted of neuron 3 lie outside a recording of 3 neurons",
        ),
        (VanRossumLoss("cells", {0: [0.1]}, tau=1), "wanted of neuron 0 lie outside .* and 0.1 s"),
        (VanRossumLoss("cells", np.zeros((99, 3)), tau=1), r"the target \(1, 99, 3\)"),
    ],
)
def test_recordings_that_do_not_fit(loss, message):
    with pytest.raises(ValueError, match=message):
        loss(recorded(v=torch.zeros(2, 100, 3, dtype=torch.float64)))


def test_records_are_merged():
    assert merge_records(None, {}) is None
    merged = merge_records({"a": "v", "b": ["u", "v"]}, {"a": {"w": "end"}}, {"a": {"v": "start"}})
    assert merged == {"a": {"v": "start", "w": "end"}, "b": {"u": "start", "v": "start"}}
    with pytest.raises(ValueError, match=r"a\.v is wanted at start and at end"):
        merge_records({"a": "v"}, {"a": {"v": "end"}})


def test_signatures_tell_losses_apart():
    one, same, other = (TraceLoss("cells", "v", [1.0, x], scale=1) for x in (2.0, 2.0, 2.5))
    assert signature(one) == signature(same) != signature(other)
    assert signature({"a": [torch.ones(2), 1 * ms]}) != signature({"a": [torch.ones(3), 1 * ms]})
    assert signature(Quantity(1, ms.dim)) != signature(Quantity(2, ms.dim))
    assert "test_signatures" in signature(test_signatures_tell_losses_apart)
