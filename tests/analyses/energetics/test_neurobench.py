"""Synaptic operations and activation sparsity of simulated networks are NeuroBench's, to the integer.

NeuroBench counts in its own way, through hooks on torch's layers: the weights of the network as `nn.Linear`, fed in
every step with the spikes that Brian2 emitted. A recurrent layer passes its spikes on in the step in which they are
emitted, so that those of the last step are sent as well, as `synaptic_events` counts them.
"""

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("neurobench", reason="NeuroBench is not installed")

import snntorch
import torch
from brian2 import ms
from neurobench.benchmarks import Benchmark
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import SNNTorchModel
from torch.utils.data import DataLoader, TensorDataset

from chronaxie.analyses import operations
from chronaxie.analyses.activity.sparsity import sparsity
from chronaxie.analyses.energetics.synapses import synaptic_events
from chronaxie.models import ALIF, LIF, dense, describe, simulate, srnn

from ..conftest import simulation_dataset

TRIALS, STEPS = 3, 60
FEED_FORWARD, RECURRENT, GRADED, SPARSE = (
    "feed-forward LIF",
    "two recurrent ALIF layers",
    "currents",
    "sparse",
)


class Replay(snntorch.Leaky):
    """A layer of neurons that emit recorded spikes (trial, time, neuron)."""

    def __init__(self, spikes):
        super().__init__(beta=0.9)
        self.recorded, self.at = spikes, 0

    def forward(self, current):
        self.at += 1
        return self.recorded[:, self.at - 1], current


class Recorded(torch.nn.Module):
    """Pathways as linear layers over recorded activity of their sources."""

    def __init__(self, pathways, activity, inputs):
        super().__init__()
        self.neurons = torch.nn.ModuleDict({g: Replay(s) for g, s in activity.items() if g != inputs})
        self.linear = torch.nn.ModuleDict()
        self.pathways, self.inputs = list(pathways), inputs
        for k, (_, weights) in enumerate(pathways.items()):
            layer = torch.nn.Linear(weights.shape[1], weights.shape[0])
            layer.weight.data = torch.as_tensor(weights, dtype=torch.float32)
            self.linear[str(k)] = layer

    def reset(self):
        for neurons in self.neurons.values():
            neurons.at = 0

    def forward(self, x):
        now = {self.inputs: x} | {g: neurons(x)[0] for g, neurons in self.neurons.items()}
        for k, (source, _) in enumerate(self.pathways):
            last = self.linear[str(k)](now[source])
        return last, last


def network(kind):
    """(simulation, pathways {(source, target): weights (target, source)}, values of the input or None)."""
    rng = np.random.default_rng(1)
    if kind == SPARSE:
        sizes = {"input": 5, "hidden1": 20, "output": 4}
        pairs = [("input", "hidden1"), ("hidden1", "hidden1"), ("hidden1", "output")]
        weights = {p: rng.normal(size=(sizes[p[1]], sizes[p[0]])) for p in pairs}
        for w in weights.values():
            w[rng.random(w.shape) < 0.7] = 0
        spikes = {
            g: np.stack(np.nonzero(rng.random((TRIALS, sizes[g], STEPS)) < 0.2), axis=1)
            for g in ("input", "hidden1")
        }
        count = {p: int((w != 0).sum()) for p, w in weights.items()}
        ds = simulation_dataset(spikes, sizes, count, trials=TRIALS, steps=STEPS)
        for g in ("input", "hidden1"):
            fan_out = sum((w != 0).sum(axis=0) for (s, _), w in weights.items() if s == g)
            ds[f"{g}_fan_out"] = (f"{g}_neuron", fan_out)
        return ds.assign_coords(trial=np.arange(TRIALS)), weights, None
    options = {
        FEED_FORWARD: dict(hidden=[12], neuron=LIF, recurrent=False),
        RECURRENT: dict(hidden=[12, 8], neuron=ALIF),
        GRADED: dict(hidden=[10], input="current"),
    }[kind]
    net = srnn(4, outputs=3, dt=4 * ms, seed=2, input_gain=3.0, **options)
    values = rng.random((TRIALS, STEPS, 4))
    values = values if kind == GRADED else (values < 0.3).astype(float)
    stimulus = xr.DataArray(
        values, dims=("trial", "time", "channel"), coords={"time": np.arange(STEPS) * 0.004}
    )
    stimulus["time"].attrs["units"] = "s"
    ds = simulate(net, stimulus, device="numpy", seed=0)
    description = describe(net)
    size = {g.name: g.size for g in description.groups}
    weights = {}
    for s in description.synapses:
        table = np.zeros((size[s.target], size[s.source]))
        # what counts is that there is a synapse
        table[s.post, s.pre] = 1
        weights[s.source, s.target] = table
    return ds, weights, values if kind == GRADED else None


@pytest.mark.parametrize("kind", [FEED_FORWARD, RECURRENT, GRADED, SPARSE])
def test_operations_and_sparsity_to_the_integer(kind, numpy_target):
    ds, weights, values = network(kind)
    spiking = [g for g in dict.fromkeys(s for s, _ in weights) if f"{g}_spike_neuron" in ds]
    activity = {g: torch.as_tensor(dense(ds, g, dt=0.004).values, dtype=torch.float32) for g in spiking}
    x = activity["input"] if values is None else torch.as_tensor(values, dtype=torch.float32)
    assert all(a.sum() > 50 for a in activity.values())
    model = SNNTorchModel(Recorded(weights, activity, "input"))
    loader = DataLoader(TensorDataset(x, torch.zeros(TRIALS)), batch_size=TRIALS)
    bench = Benchmark(model, loader, [], [], [[], [SynapticOperations, ActivationSparsity]])
    theirs = bench.run(quiet=True)
    operation = theirs["SynapticOperations"]

    graded = () if values is None else ("input",)
    ours = synaptic_events(ds, graded=graded)
    assert int(ours["synaptic_events"].sum()) == round(operation["Effective_ACs"] * TRIALS) > 0
    assert int(ours["synaptic_macs"].sum()) * TRIALS == round(operation["Effective_MACs"] * TRIALS)
    if kind != SPARSE:  # NeuroBench's dense count has weights of zero as well, which are no synapses here
        assert int(ours["synaptic_dense"].sum()) * TRIALS == round(operation["Dense"] * TRIALS)
    models = {t: "LeakyIntegrator" if t == "output" else "LIF" for _, t in weights}
    per_step = operations(ds, models=models, graded=graded)["operations_synaptic_ac"].sum()
    assert float(per_step) * STEPS * TRIALS == pytest.approx(int(ours["synaptic_events"].sum()), rel=1e-12)

    hidden = [g for g in spiking if g != "input"]
    found = sparsity(ds, hidden)
    zeros, all_of_them = int(found["layer_zero_activations"].sum()), int(found["layer_activations"].sum())
    assert theirs["ActivationSparsity"] == zeros / all_of_them
    assert all_of_them == TRIALS * STEPS * sum(ds.sizes[f"{g}_neuron"] for g in hidden)
