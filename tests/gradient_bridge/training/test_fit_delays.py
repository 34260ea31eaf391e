"""Delays are trained: found from responses, to the step."""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, ms

from chronaxie.gradient_bridge import TraceLoss, Twin, fit

DURATION = 40 * ms


def axons(delays):
    """Three axons to one cell each; currents rise and fall, so that a response that comes late differs smoothly."""
    source = SpikeGeneratorGroup(1, [0, 0, 0], [2, 9, 20] * ms, name="source")
    group = NeuronGroup(3, "dv/dt = (x - v)/(4*ms) : 1\ndx/dt = -x/(4*ms) : 1", method="exact", name="cells")
    feed = Synapses(source, group, "w : 1", on_pre="x_post += w", name="feed")
    feed.connect()
    feed.w, feed.delay = 1, delays
    return Network(source, group, feed)


def responses(net):
    monitor = StateMonitor(net["cells"], "v", record=True)
    net.store()
    net.add(monitor)
    net.run(DURATION)
    net.remove(monitor)
    net.restore()
    return np.array(monitor.v_.T)  # of its own: the monitor and its memory go


def test_delays_are_found_from_responses():
    true = [2, 5, 8] * ms
    target, net = responses(axons(true)), axons([4, 4, 4] * ms)
    twin = Twin(net, trainable=("feed.delay",))
    history = fit(
        twin,
        loss=TraceLoss("cells", "v", target),
        duration=DURATION,
        epochs=40,
        time_constant_rate=0.08,
        clip_norm=0.01,
        progress=False,
    )
    assert history.loss.min() < 0.02 * history.loss[0]
    twin.sync()
    found = np.asarray(net["feed"].delay[:] / ms)
    np.testing.assert_allclose(found, [2, 5, 8], atol=0.5)
    assert np.abs(responses(net) - target).max() < 0.1 * target.max()
