"""`fit` on losses of networks with several clocks, synaptic traces, shared weights, no spikes, float32."""

import numpy as np
import pytest
import torch
from brian2 import Hz, Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, prefs

from chronaxie.gradient_bridge import RateLoss, TraceLoss, Twin, VanRossumLoss, fit

QUICK = {"duration": 30 * ms, "epochs": 6, "progress": False, "learning_rate": 0.05}


def leaky(name, **options):
    group = NeuronGroup(
        2,
        "dv/dt = (E - v)/(5*ms) : 1\nE : 1 (constant)",
        threshold="v > 1",
        reset="v = 0",
        method="exponential_euler",
        name=name,
        **options,
    )
    group.E = [1.5, 2]
    return group


def test_rates_and_times_are_in_the_steps_of_the_groups_own_clock():
    net = Network(leaky("fast"), leaky("slow", dt=1.5 * ms))
    twin = Twin(net, trainable=("E",))
    out = twin(duration=30 * ms)
    assert out.spikes["slow"].shape == (1, 20, 2)
    assert out.spikes["fast"].shape == (1, 60, 2)
    counts = out.spikes["slow"].sum().item()
    assert counts > 2
    assert RateLoss("slow", counts / 2 / 0.03 * Hz)(out).item() == pytest.approx(0, abs=1e-20)
    steps = [np.flatnonzero(out.spikes["slow"][0, :, k].numpy(force=True)) for k in range(2)]
    times = {k: found * 1.5 * ms for k, found in enumerate(steps)}
    assert VanRossumLoss("slow", times, tau=5 * ms)(out).item() == 0
    rates = [float(out.spikes[g].sum() / 2 / 0.03) for g in ("fast", "slow")]
    history = fit(twin, loss=RateLoss("slow", 50), **QUICK | {"epochs": 1})
    assert float(history.firing_rate_epoch[0]) == pytest.approx(np.mean(rates), rel=1e-12)


def driven(synapses, **options):
    source = SpikeGeneratorGroup(2, [0, 1, 0, 1, 0], [1, 3, 6, 10, 11] * ms, name="source")
    group = NeuronGroup(2, "dv/dt = -v/(5*ms) : 1", method="exact", name="cells")
    feed = Synapses(source, group, synapses, name="feed", **options)
    feed.connect()
    return Network(source, group, feed)


def test_a_trace_of_synapses():
    """Depression: the strength at the synapses themselves is the target."""
    net = driven("w : 1\nkept : 1 (constant)", on_pre="v_post += w\nw *= kept")
    net["feed"].w, net["feed"].kept = 1.0, 0.9
    with torch.no_grad():
        target = Twin(net)(duration=30 * ms, record={"feed": ["w"]}).states["feed"]["w"]
    assert target.shape == (1, 60, 4)
    net["feed"].kept = 0.6
    twin = Twin(net, trainable=("kept",))
    history = fit(twin, loss=TraceLoss("feed", "w", target), **QUICK | {"epochs": 25})
    assert history.loss.min() < 0.05 * history.loss[0]


def test_one_weight_for_all_synapses():
    net = driven("w : 1 (shared, constant)", on_pre="v_post += w")
    net["feed"].w = 0.2
    twin = Twin(net, trainable=("w",))
    target = np.zeros((60, 2))
    history = fit(twin, loss=TraceLoss("cells", "v", target, scale=1), **QUICK | {"epochs": 15})
    assert history.loss.min() < 0.1 * history.loss[0]
    twin.sync()
    assert abs(net["feed"].w[:]) < 0.1


def test_a_network_without_spikes_has_no_rate():
    group = NeuronGroup(
        3, "dr/dt = (tanh(drive + 0.5*r) - r)/(5*ms) : 1\ndrive : 1", method="euler", name="cells"
    )
    twin = Twin(Network(group), trainable=("drive",))
    history = fit(twin, loss=TraceLoss("cells", "r", np.full((60, 3), 0.4), scale=1), **QUICK)
    assert np.isnan(history.firing_rate_epoch).all()
    assert history.loss[-1] < history.loss[0]


def test_a_float32_network_is_trained_in_float32():
    before = prefs.core.default_float_dtype
    prefs.core.default_float_dtype = np.float32
    try:
        twin = Twin(Network(leaky("cells")), trainable=("E",))
        seen = []

        def loss(recording):
            seen.append(recording.spikes["cells"].dtype)
            return RateLoss("cells", 150 * Hz)(recording)

        history = fit(twin, loss=loss, **QUICK)
    finally:
        prefs.core.default_float_dtype = before
    assert set(seen) == {torch.float32}
    assert np.isfinite(history.loss).all()
