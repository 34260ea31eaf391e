"""Delays are trained: in whole steps forward, with the slope of the spike train backward."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.models.errors import UnsupportedModel

DT = 0.25  # ms


def late(delay, *, on_pre="g_post += w", shared=False, n=3):
    """Spikes at given times reach cells that sum them; one synapse for each."""
    times = np.arange(5, 45, 10)
    spikes = np.repeat(np.arange(n), len(times)), np.tile(times, n) * ms
    source = SpikeGeneratorGroup(n, *spikes, dt=DT * ms, name="source")
    group = NeuronGroup(n, "dg/dt = -g/(6*ms) : 1", method="exact", dt=DT * ms, name="cells")
    options = {"delay": delay * ms} if shared else {}
    feed = Synapses(source, group, "w : 1", on_pre=on_pre, name="feed", **options)
    feed.connect(j="i")
    feed.w = 1
    if not shared:
        feed.delay = delay * ms
    return Network(source, group, feed)


def trace(twin):
    return twin(duration=50 * ms, record={"cells": ["g"]}).states["cells"]["g"]


@pytest.mark.parametrize("shared", [False, True])
def test_delays_are_found_from_the_responses(shared):
    """From delays that are a millisecond or two off to those of the data."""
    wanted = 4.0 if shared else np.array([3.0, 4.25, 2.0])
    with torch.no_grad():
        target = trace(Twin(late(wanted, shared=shared)))
    twin = Twin(
        late(5.25 if shared else np.array([4.25, 3.0, 3.0]), shared=shared), trainable=("feed.delay",)
    )
    optimizer = torch.optim.Adam(twin.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        ((trace(twin) - target) ** 2).mean().backward()
        optimizer.step()
    found = twin.trained_values()["feed_pre.delay"].detach().numpy()
    np.testing.assert_allclose(found * 1e3, wanted, atol=0.3)


def test_what_is_trained_is_what_brian2_runs_after_sync():
    net = late(np.array([3.0, 4.5, 2.0]))
    twin = Twin(net, trainable=("delay",))
    with torch.no_grad():
        twin.trained["feed_pre"]["delay"].free += torch.tensor([0.3, -0.2, 0.1])
    changed = twin.trained_values()["feed_pre.delay"].detach().numpy()
    ours = twin(duration=50 * ms).final["cells"]["g"][0].detach().numpy()
    with torch.no_grad():
        plain = twin(duration=50 * ms).final["cells"]["g"][0].numpy()
    twin.sync()
    assert np.array_equal(np.asarray(net["feed"].delay), changed)
    net.run(50 * ms)
    assert np.array_equal(ours, net["cells"].g)
    assert np.array_equal(plain, net["cells"].g)


def test_the_slope_is_the_central_difference():
    """A cell that sums one spike: by the delay, the response moves as the difference over a step to either side."""
    twin = Twin(late(np.array([3.0, 3.0, 3.0])), trainable=("delay",))
    value = trace(twin)[0, 48, 0]
    value.backward()
    slope = twin.trained["feed_pre"]["delay"].free.grad.clone()

    def at(delay):
        with torch.no_grad():
            return float(trace(Twin(late(np.full(3, delay))))[0, 48, 0])

    difference = (at(3 + DT) - at(3 - DT)) / (2e-3 * DT)  # per second
    scale = torch.autograd.grad(
        twin.trained_values()["feed_pre.delay"][0], twin.trained["feed_pre"]["delay"].free
    )[0][0]
    assert float(slope[0]) == pytest.approx(difference * float(scale), rel=1e-9)
    assert float(slope[1]) == 0


def test_a_delay_that_cannot_be_trained_is_refused():
    net = late(np.array([3.0, 3.0, 3.0]), on_pre="g_post += w*(1 - g_post)")
    with pytest.raises(
        UnsupportedModel, match="'feed_pre' uses a delay, which is to be trained.*one event after the other"
    ):
        Twin(net, trainable=("delay",))
