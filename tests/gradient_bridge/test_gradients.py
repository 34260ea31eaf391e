"""Gradients through whole networks: smooth parts against finite differences, spikes against a hand-made derivation."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, TimedArray, ms, mV

from chronaxie.gradient_bridge import Gaussian, MultiGaussian, Slayer, Triangular, Twin
from chronaxie.models import Normal, srnn

SMOOTH = """
dv/dt = (E - v + gain*current(t, i)*mV + 2*mV*tanh(g/(3*mV)) + h**2*mV)/tau : volt
dg/dt = -g/tau_g : volt
dh/dt = (exp(-h) + clip(v/(50*mV), -0.9, 0.9)/(1 + h**bend) + 0.1*((7*h) % 50) - sqrt(1 + h**2))/tau : 1
tau : second (constant)
tau_g : second (constant, shared)
E : volt (constant)
bend : 1 (constant)
"""
TRAINED = ("tau", "tau_g", "E", "bend", "gain", "w", "m", "cells.v", "cells.h")


@pytest.fixture
def smooth(half_ms):
    """A network below its threshold, driven by spikes and a current; twin, stimulus and weights of a loss."""
    rng = np.random.default_rng(0)
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 2, 7] * ms, name="source")
    group = NeuronGroup(
        4,
        SMOOTH,
        threshold="v > 1000*mV",
        reset="v = 0*mV",
        method="rk2",
        name="cells",
        namespace={"gain": 1.3, "current": TimedArray(rng.normal(0, 4, (20, 4)), dt=1 * ms)},
    )
    group.tau, group.tau_g, group.E = [4, 6, 9, 12] * ms, 3 * ms, [5, -3, 12, 8] * mV
    group.bend, group.h, group.v = [1.5, 2, 2.5, 3], [0.5, 0.7, 0.2, 1.1], [1, 3, -2, 4] * mV
    feed = Synapses(source, group, "w : volt\nm : 1", on_pre="g_post += w*exp(m)", name="feed", delay=1 * ms)
    feed.connect()
    feed.w, feed.m = rng.normal(2, 1, 12) * mV, rng.normal(0, 0.5, 12)
    gap = Synapses(source, group, "q : 1", on_pre="h_post += 0.05*exp(-v_post/(20*mV))", name="changing")
    gap.connect(j="i")
    # Nothing crosses the threshold, and this surrogate is 0 so far from it: what is left is smooth.
    twin = Twin(Network(source, group, feed, gap), trainable=TRAINED, surrogate=Triangular(), scale=1 * mV)
    return twin, torch.from_numpy(rng.normal(0, 1, (40, 4))), torch.from_numpy(rng.normal(0, 4, (1, 20, 4)))


def loss_of(twin, weights, **inputs):
    out = twin(duration=20 * ms, record={"cells": ["v", "h"]}, **inputs)
    assert out.spikes["cells"].sum() == 0
    v, h = (out.states["cells"][n][0] for n in ("v", "h"))
    return (1e2 * weights * v + weights.flip(1) * h).tanh().sum()


def difference(function, tensor, place):
    """Central difference of fourth order by one element of a tensor: error of truncation far below 1e-5."""
    flat = tensor.data.view(-1)
    start = flat[place].item()
    step = 1e-3 * max(abs(start), 1e-3)
    values = []
    for k in (2, 1, -1, -2):
        flat[place] = start + k * step
        values.append(function().item())
    flat[place] = start
    return (8 * (values[1] - values[2]) - (values[0] - values[3])) / (12 * step)


@pytest.mark.parametrize("key", ["tau", "tau_g", "E", "bend", "gain", "v", "h", "feed.w", "feed.m"])
def test_smooth_networks_against_finite_differences(smooth, key):
    twin, weights, _ = smooth
    owner, _, name = key.rpartition(".")
    parameter = twin.trained[owner or "cells"][name].free
    loss_of(twin, weights).backward()
    with torch.no_grad():
        for place in range(min(parameter.numel(), 4)):
            expected = difference(lambda: loss_of(twin, weights), parameter, place)
            assert abs(expected) > 1e-9
            assert parameter.grad.view(-1)[place].item() == pytest.approx(expected, rel=1e-5), place


def test_gradients_reach_a_stimulus(smooth):
    twin, weights, current = smooth
    current = current.repeat_interleave(2, 1)
    spikes = torch.zeros(1, 40, 3, dtype=torch.float64)
    spikes[0, ::5, 1] = 1
    current.requires_grad_()
    given = {"source": spikes, "current": current}

    def loss():
        return loss_of(twin, weights, stimulus=given)

    loss().backward()
    used = current.grad[0].abs().sum(1).nonzero()[:, 0]
    assert len(used) > 15
    with torch.no_grad():
        for step in used[:3].tolist():
            expected = difference(loss, current, 4 * step + 2)
            assert current.grad[0, step, 2].item() == pytest.approx(expected, rel=1e-5)


def adaptive(**options):
    """One adaptive neuron, a step of 0.5 ms; fires at steps 1 and 2 of 4."""
    group = NeuronGroup(
        1,
        "dv/dt = (E - v)/(2*ms) : 1\nda/dt = -a/(4*ms) : 1\nE : 1 (constant)\nb : 1 (constant)",
        threshold="v > 1 + b*a",
        reset="v -= 1 + b*a\na += 0.5",
        method="euler",
        name="cell",
    )
    group.E, group.b, group.v = 2.6, 0.3, 0.2
    return Twin(Network(group), trainable=("E", "b"), **options)


def by_hand(h, *, detach=False, steps=4):
    """Forward-mode derivatives of the same recursion by E and b, written out; h is the surrogate derivative."""
    e, b, v, a = 2.6, 0.3, 0.2, 0.0
    dv, da, spikes, fired = np.zeros(2), np.zeros(2), np.zeros(2), []
    by_e, by_b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    for _ in range(steps):
        dv, v = dv + (by_e - dv) / 4, v + (e - v) / 4
        da, a = da * (1 - 1 / 8), a * (1 - 1 / 8)
        theta, dtheta = 1 + b * a, by_b * a + b * da
        s = float(v > theta)
        ds = h(v - theta) * (dv - dtheta)
        spikes, through = spikes + ds, 0 if detach else ds
        dv, v = dv - s * dtheta - through * theta, v - s * theta
        da, a = da + 0.5 * through, a + 0.5 * s
        fired.append(s)
    return dv, da, spikes, fired


@pytest.mark.usefixtures("half_ms")
@pytest.mark.parametrize("detach", [False, True])
@pytest.mark.parametrize("scale", [None, 0.4])
@pytest.mark.parametrize("surrogate", [MultiGaussian(), Slayer(gamma=0.8)])
def test_spikes_reset_and_adaptation_by_hand(surrogate, scale, detach):
    def h(x):
        unit = scale or 1.0
        return surrogate.derivative(torch.tensor(x / unit, dtype=torch.float64)).item() / unit

    dv, da, spikes, fired = by_hand(h, detach=detach)
    twin = adaptive(surrogate=surrogate, scale=scale, detach_reset=detach)
    out = twin(duration=2 * ms)
    assert out.spikes["cell"][0, :, 0].tolist() == fired
    assert sum(fired) == 2
    wanted = {"v": dv, "a": da}
    for name, expected in wanted.items():
        twin.zero_grad()
        out.final["cell"][name].sum().backward(retain_graph=True)
        ours = [twin.trained["cell"][p].free.grad.item() for p in ("E", "b")]
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
    twin.zero_grad()
    out.spikes["cell"].sum().backward()
    ours = [twin.trained["cell"][p].free.grad.item() for p in ("E", "b")]
    np.testing.assert_allclose(ours, spikes, rtol=1e-12)


@pytest.mark.usefixtures("half_ms")
def test_and_or_not_of_a_threshold_by_hand():
    """``a and b``: gradient of the product; ``a or b``: of a + b − ab."""
    x, y = 0.2, -0.3
    surrogate = Gaussian()
    hx, hy = (surrogate.derivative(torch.tensor(d, dtype=torch.float64)).item() for d in (x, y))
    cases = {"v > 1 and u > 1": (0, hy), "v > 1 or u > 1": (hx, 0), "v > 1 and not (u > 1)": (hx, -hy)}
    cases["u <= 1"] = (0, -hy)
    for threshold, expected in cases.items():
        group = NeuronGroup(1, "v : 1\nu : 1", threshold=threshold, reset="", name="cell")
        group.v, group.u = 1 + x, 1 + y
        twin = Twin(Network(group), trainable=("v", "u") if "v" in threshold else ("u",), surrogate=surrogate)
        twin(duration=0.5 * ms).spikes["cell"].sum().backward()
        ours = [twin.trained["cell"][n].free.grad.item() if n in twin.trained["cell"] else 0 for n in "vu"]
        np.testing.assert_allclose(ours, expected, rtol=1e-12, err_msg=threshold)
        Network(group)  # keeps the group alive until here


@pytest.mark.parametrize("kind", ["spikes", "current"])
def test_everything_trainable_gets_a_gradient(kind):
    net = srnn(4, hidden=[12, 8], outputs=3, seed=0, bias=0.02, input=kind)
    names = ("w", "bias", "tau_m", "tau_a", "b0", "beta", "v", "a")
    twin = Twin(net, trainable=names)
    rng = np.random.default_rng(0)
    x = rng.random((4, 80, 4)) < 0.3 if kind == "spikes" else rng.normal(0.3, 0.5, (4, 80, 4))
    (twin.scores(torch.from_numpy(x)) - 0.1).square().sum().backward()
    trained = {key.rpartition(".")[2] for key in twin.trained_values()}
    assert trained == set(names)
    for key, parameter in twin.named_parameters():
        assert torch.isfinite(parameter.grad).all(), key
        assert (parameter.grad != 0).double().mean() > 0.5, (
            key
        )  # a neuron that is silent has no tau_a to learn


def test_time_constants_alone_learn_a_recurrent_problem():
    """A network with other time constants is taught by one with the same weights: its loss falls by 10 times."""

    def made(**times):
        return srnn(3, hidden=[10], outputs=2, seed=1, bias=0.02, **times)

    x = torch.from_numpy((np.random.default_rng(0).random((8, 40, 3)) < 0.3).astype(np.uint8))
    with torch.no_grad():
        wanted = Twin(made(tau_m=Normal(20, 8), tau_a=Normal(60, 20))).scores(x)
    twin = Twin(made(tau_m=8, tau_a=30), trainable=("tau_m", "tau_a"))
    optimiser = torch.optim.Adam(twin.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=80)
    losses = []
    for _ in range(80):
        optimiser.zero_grad()
        loss = (twin.scores(x) - wanted).square().mean()
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 10
