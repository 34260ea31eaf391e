"""Networks for the tests of perturbations, and what they have in common."""

import numpy as np
import xarray as xr
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, mV, nS

from chronaxie.models import (
    PERTURBATIONS,
    InputJitter,
    MembraneNoise,
    NeuronLesion,
    Normal,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    WeightNoise,
    WeightQuantisation,
    describe,
    srnn,
)

# Of each kind: none, next to none (spikes stay the same), a strong one (spikes are others).
ZERO = {
    "membrane_noise": MembraneNoise(0),
    "spike_loss": SpikeLoss(0),
    "synaptic_delay": SynapticDelay(0 * ms),
    "weight_noise": WeightNoise(0),
    "weight_quantisation": WeightQuantisation(None),
    "time_constant_mismatch": TimeConstantMismatch(0),
    "neuron_lesion": NeuronLesion(0),
    "synapse_lesion": SynapseLesion(0),
    "temperature": Temperature(0),
    "input_jitter": InputJitter(0 * ms),
}
TINY = {
    "membrane_noise": MembraneNoise(1e-13),
    "spike_loss": SpikeLoss(1e-15),
    "weight_noise": WeightNoise(1e-14),
    "weight_quantisation": WeightQuantisation(32),
    "time_constant_mismatch": TimeConstantMismatch(1e-14),
    "neuron_lesion": NeuronLesion(0.01),
    "synapse_lesion": SynapseLesion(0.001),
    "temperature": Temperature(1e-13),
    "input_jitter": InputJitter(1e-9 * ms),
}
STRONG = {
    "membrane_noise": MembraneNoise(0.3),
    "spike_loss": SpikeLoss(0.5),
    "synaptic_delay": SynapticDelay(4 * ms, jitter=3 * ms),
    "weight_noise": WeightNoise(0.5),
    "weight_quantisation": WeightQuantisation(2),
    "time_constant_mismatch": TimeConstantMismatch(0.5),
    "neuron_lesion": NeuronLesion(0.5),
    "synapse_lesion": SynapseLesion(0.5),
    "temperature": Temperature(10),
    "input_jitter": InputJitter(10 * ms),
}
assert set(ZERO) == set(STRONG) == set(PERTURBATIONS)


def network(hidden=(14, 9), **options):
    """Two adaptive layers that fire, in steps of 4 ms."""
    return describe(srnn(6, hidden, 3, bias=Normal(0.03, 0.02), input_gain=2.0, seed=3, **options))


def stimulus(trials=3, steps=120, channels=6, rate=0.15, seed=0, dt=0.004):
    """Random input spikes."""
    values = np.random.default_rng(seed).random((trials, steps, channels)) < rate
    time = ("time", np.arange(steps) * dt, {"units": "s"})
    return xr.DataArray(values.astype(np.int8), dims=("trial", "time", "channel"), coords={"time": time})


def in_units():
    """A network as a user writes it: volts, a tau in the namespace, delays, a group without neurons of its own."""
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0, 1], [1, 2, 2, 7, 9] * ms, name="source")
    cells = NeuronGroup(
        6,
        "dv/dt = (E_L - v + R*g)/tau : volt (unless refractory)\ndg/dt = -g/tau_syn : siemens\ntau_syn : second",
        threshold="v > -60*mV",
        reset="v = E_L",
        refractory=2 * ms,
        method="exponential_euler",
        namespace={"E_L": -70 * mV, "tau": 10 * ms, "R": 20 * mV / nS},
        name="cells",
    )
    cells.v = -70 * mV
    cells.tau_syn = 5 * ms
    feed = Synapses(source, cells, "w : siemens", on_pre="g_post += w", delay=1.5 * ms, name="feed")
    feed.connect()
    feed.w = np.linspace(0.5, 3, 18) * nS
    loop = Synapses(
        cells,
        cells,
        "w : siemens\nx : 1",
        on_pre={"hit": "x += 1; g += w  # a bare name is the target's", "tag": "x *= 0.9"},
        on_post="x = 0.5*x",
        name="loop",
    )
    loop.connect(condition="i != j")
    loop.w = 0.2 * nS
    loop.hit.delay = "(1 + 0.1*i)*ms"
    return Network(source, cells, feed, loop)


def same_spikes(a, b):
    """Whether two simulations have the same spikes in every group."""
    names = [n for n in a.data_vars if n.endswith(("spike_trial", "spike_neuron", "spike_time"))]
    assert any(a.sizes[n.rpartition("_")[0]] > 20 for n in names)
    return all(np.array_equal(a[n].values, b[n].values) for n in names)
