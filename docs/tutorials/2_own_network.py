"""
My own Brian2 network becomes trainable
=======================================

A network that is written in Brian2, with synaptic currents, delays and a refractory period, is to fire three
given spike trains. Nothing is rewritten: ``Twin`` takes the network as it is, ``fit`` trains weights, time
constants and delays, and Brian2 fires what was wanted, to within a step.
"""

import brian2 as b2
import matplotlib.pyplot as plt
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    ms,
    network_operation,
)

import chronaxie as cx
from chronaxie.gradient_bridge import VanRossumLoss
from chronaxie.models import UnsupportedModel

# %%
# The network
# -----------
# As anybody would write it. Sixty inputs fire at fixed random times; three neurons sum their currents. Names
# make objects easy to address.

DURATION = 200 * ms
rng = np.random.default_rng(1)
b2.defaultclock.dt = 0.5 * ms
b2.prefs.codegen.target = "numpy"

channel = np.repeat(np.arange(60), 4)
times = np.sort(rng.integers(0, 380, (60, 4)), axis=1)
times += np.arange(4)  # no two spikes of a channel in one step
inputs = SpikeGeneratorGroup(60, channel, times.ravel() * 0.5 * ms, name="inputs")
cells = NeuronGroup(
    3,
    """dv/dt = (x - v)/tau_m : 1 (unless refractory)
       dx/dt = -x/tau_s : 1
       tau_m : second (constant)
       tau_s : second (constant)""",
    threshold="v > 1",
    reset="v = 0",
    refractory=2 * ms,
    method="exponential_euler",
    name="cells",
)
cells.tau_m, cells.tau_s = 15 * ms, 4 * ms
feed = Synapses(inputs, cells, "w : 1 (constant)", on_pre="x_post += w", name="feed")
feed.connect()
feed.w = rng.normal(0.4, 0.4, 180)
feed.delay = rng.uniform(1, 6, 180) * ms
net = Network(inputs, cells, feed)

# %%
# What is wanted: spikes at these times.

wanted = {0: [30, 80, 130, 180] * ms, 1: [50, 60, 120, 170] * ms, 2: [20, 100, 110, 190] * ms}


def spikes_in_brian2():
    """Run the network as it is now, and leave it as it was; spike times by neuron."""
    monitor = SpikeMonitor(cells)
    net.store()
    net.add(monitor)
    net.run(DURATION)
    trains = {k: train[:] for k, train in monitor.spike_trains().items()}
    net.remove(monitor)
    net.restore()
    return trains


first = spikes_in_brian2()
print("spikes before:", [len(first[k]) for k in range(3)])

# %%
# The twin
# --------
# ``print(twin.program)`` shows a step in order, and where gradients flow; names that begin with an underscore
# are intermediate values of Brian2's own code. A distance of spike trains is the loss: both are filtered with
# 8 ms and compared. Times are bounded by themselves; weights may have either
# sign. Trained delays run in the reference engine.

twin = cx.Twin(
    net,
    trainable=("feed.w", "cells.tau_m", "cells.tau_s", "feed.delay"),
    detach_reset=True,
    engine="reference",
)
print(twin.program)

# %%
# Training
# --------

loss = VanRossumLoss("cells", wanted, tau=8 * ms)
history = cx.fit(
    twin, loss=loss, duration=DURATION, epochs=90, learning_rate=0.02, clip_norm=0.5, progress=False
)
twin.sync()
last = spikes_in_brian2()
print("spikes after:", [len(last[k]) for k in range(3)])
for k in range(3):
    print(f"neuron {k}: wanted {wanted[k] / ms}, fired {np.round(last[k] / ms, 1)} ms")
print("tau_m:", cells.tau_m[:], "tau_s:", cells.tau_s[:])

# %%
# The loss, and the spikes that were wanted, before and after.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=(1, 2), layout="constrained")
axes[0].semilogy(history.epoch, history.loss)
axes[0].set_xlabel("epoch")
axes[0].set_ylabel("squared distance of spike trains")
for row, (name, trains, color) in enumerate(
    [("wanted", wanted, "0.6"), ("before", first, "tab:orange"), ("after", last, "tab:blue")]
):
    for k in range(3):
        axes[1].vlines(
            trains[k] / ms,
            k + 0.3 - 0.3 * row,
            k + 0.55 - 0.3 * row,
            color=color,
            label=name if k == 0 else None,
        )
axes[1].set_yticks(range(3), [f"neuron {k}" for k in range(3)])
axes[1].set_xlabel("time (ms)")
axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=3, frameon=False)
plt.show()

# %%
# What is refused
# ---------------
# What cannot be mirrored is refused by name when the twin is made, with a way out. Python code within the
# network is an example:


@network_operation
def report():
    """Python that runs in every step."""


try:
    cx.Twin(Network(NeuronGroup(1, "v : 1", name="other"), report))
except UnsupportedModel as error:
    print(error)
