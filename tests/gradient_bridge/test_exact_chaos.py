"""Chaotic networks: one wrong bit anywhere becomes wrong spikes everywhere. The sharp tests, and tests of them."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, Synapses, ms

from chronaxie.gradient_bridge import Twin

from .helpers import compare, differences, run_brian2, run_twin

pytestmark = pytest.mark.usefixtures("half_ms")

STEPS = 800


def chaotic(n=60, gain=4.0, seed=0):
    """Rate chaos that emits spikes.

    Sompolinsky, Crisanti and Sommers (1988), PRL 61, 259: a random network of tanh units is chaotic above a
    gain of 1. Here every unit also fires and resets, and its spikes kick others through delayed synapses.
    """
    rng = np.random.default_rng(seed)
    group = NeuronGroup(
        n,
        "dx/dt = (current - x)/(2*ms) : 1\nr = tanh(x) : 1\ncurrent : 1",
        threshold="x > 1.5",
        reset="x -= 2",
        method="rk2",
        name="units",
    )
    group.x = rng.normal(0, 1, n)
    mixing = Synapses(group, group, "w : 1\ncurrent_post = w*r_pre : 1 (summed)", name="mixing")
    mixing.connect()
    mixing.w = rng.normal(0, gain / np.sqrt(n), n * n)
    kicks = Synapses(group, group, "w : 1", on_pre="x_post += w", name="kicks")
    pre, post = np.nonzero(rng.random((n, n)) < 0.4)
    kicks.connect(i=pre, j=post)
    kicks.w = rng.normal(0, 0.2, len(pre))
    kicks.delay = rng.integers(1, 6, len(pre)) * 0.5 * ms
    return Network(group, mixing, kicks)


@pytest.fixture(scope="module")
def brian2_run():
    """What Brian2 says, once; made inside the first test that asks, on that test's clock and target."""
    kept = {}

    def get():
        if not kept:
            net = chaotic()
            kept["reference"] = run_brian2(net, Twin(net), STEPS)
        return kept["reference"]

    return get


@torch.no_grad()
def compare_with(brian2_run):
    """Elements at which a twin, made now, and Brian2 differ."""
    net = chaotic()
    return differences(run_twin(Twin(net), STEPS), brian2_run())


def test_no_wrong_spike_in_a_chaotic_network(brian2_run):
    assert brian2_run()[0]["units"].sum() > 2000
    assert compare_with(brian2_run) == {}


def test_no_wrong_bit_with_gradients(brian2_run):
    steps = STEPS // 2
    net = chaotic()
    spikes, states, _ = brian2_run()
    first = {o: {v: x[:, :steps] for v, x in vs.items()} for o, vs in states.items()}
    half = {"units": spikes["units"][:, :steps]}, first, {}
    assert differences(run_twin(Twin(net, trainable=("w",)), steps), half) == {}


def test_the_network_is_chaotic(brian2_run):
    """Changed by 1e-15 at the start, Brian2 itself ends with other spikes: this network hides nothing."""
    net = chaotic()
    group = next(obj for obj in net.objects if obj.name == "units")
    group.x[0] += 1e-15
    spikes = run_brian2(net, Twin(net), STEPS)[0]["units"]
    assert (spikes != brian2_run()[0]["units"]).sum() > 500


def test_a_random_izhikevich_network():
    """Izhikevich (2003), IEEE Trans. Neural Networks 14, 1569: his random network, smaller, with a constant drive."""
    n, excitatory = 200, np.arange(200) < 160
    rng = np.random.default_rng(0)
    group = NeuronGroup(
        n,
        """
        dv/dt = (0.04*v**2 + 5*v + 140 - u + drive)/ms : 1
        du/dt = a*(b*v - u)/ms : 1
        a : 1 (constant)
        b : 1 (constant)
        c : 1 (constant)
        d : 1 (constant)
        drive : 1 (constant)
        """,
        threshold="v >= 30",
        reset="v = c\nu += d",
        method="euler",
    )
    r = rng.random(n)
    group.a, group.b = np.where(excitatory, 0.02, 0.02 + 0.08 * r), np.where(excitatory, 0.2, 0.25 - 0.05 * r)
    group.c, group.d = np.where(excitatory, -65 + 15 * r**2, -65), np.where(excitatory, 8 - 6 * r**2, 2)
    group.drive, group.v, group.u = 10 * rng.random(n), -65, -13
    synapses = Synapses(group, group, "w : 1", on_pre="v_post += w")
    pre, post = np.nonzero(rng.random((n, n)) < 0.3)
    synapses.connect(i=pre, j=post)
    synapses.w = np.where(pre < 160, 3, -6) * rng.random(len(pre))
    synapses.delay = rng.integers(1, 20, len(pre)) * 0.25 * ms
    net = Network(group, synapses)
    counts = compare(net, Twin(net), 1000)  # 500 ms
    assert counts[group.name] > 1000
