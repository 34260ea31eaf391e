"""Three cells driven by a current each: small enough to be trained on a recording in a second."""

import numpy as np
import torch
from brian2 import Network, NeuronGroup, TimedArray, ms

from chronaxie.gradient_bridge import Twin

DURATION = 40 * ms
STEPS = 80
QUICK = {"duration": DURATION, "epochs": 8, "progress": False}


def cells(drive=(1.3, 1.5, 1.8), tau=8 * ms):
    """Leaky cells with a reset, a step of 0.5 ms (fixture `half_ms`)."""
    group = NeuronGroup(
        3,
        """dv/dt = (drive + current(t, i) - v)/tau : 1
           du/dt = (v - u)/(20*ms) : 1
           drive : 1 (constant)
           tau : second (constant)""",
        threshold="v > 1",
        reset="v = 0",
        method="exponential_euler",
        name="cells",
        namespace={"current": TimedArray(np.zeros((1, 3)), dt=1 * ms)},
    )
    group.drive, group.tau = drive, tau
    return Network(group)


def twin(trainable=("drive", "tau"), drive=(1.3, 1.5, 1.8), **options):
    return Twin(cells(drive), trainable=trainable, **options)


def recorded(net=None, **call):
    """A pass without gradients."""
    with torch.no_grad():
        return Twin(net or cells())(duration=DURATION, **call)
