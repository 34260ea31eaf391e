"""What a pass keeps: without gradients nothing that grows with the duration; sparse synapses stay sparse."""

import tracemalloc

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, PoissonGroup, Synapses, ms, second

from chronaxie.gradient_bridge import Twin


def driven(n=200):
    source = PoissonGroup(50, 40 / second, name="source")
    group = NeuronGroup(
        n,
        "dv/dt = (g - v)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
    )
    model = "w : 1\ndx/dt = (1 - x)/(50*ms) : 1 (event-driven)"
    feed = Synapses(source, group, model, on_pre="g_post += w*x\nx *= 0.9")
    feed.connect(p=0.2)
    feed.w, feed.x, feed.delay = 0.7, 1, "rand()*5*ms"
    return Network(source, group, feed)


def peak(twin, seconds):
    """Most memory that a pass adds (bytes)."""
    tracemalloc.start()
    with torch.no_grad():
        twin(duration=seconds, spikes=())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_a_pass_without_gradients_does_not_grow_with_its_duration():
    twin = Twin(driven())
    twin(duration=5 * ms)  # the sources are compiled
    short, long = peak(twin, 0.05), peak(twin, 0.8)
    assert long < 1.2 * short + 50_000


@pytest.mark.slow
def test_sparse_synapses_stay_sparse():
    """4000 neurons, 2 % connectivity, trained over 1000 steps: within 4 GiB beyond what was there before."""
    resource = pytest.importorskip("resource")
    np.random.seed(1)  # noqa: NPY002  Brian2's own stream
    group = NeuronGroup(
        4000,
        "dv/dt = (g - v)/(20*ms) : 1\ndg/dt = -g/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
    )
    group.v = "rand()*1.2"
    mutual = Synapses(group, group, "w : 1", on_pre="g_post += w", name="mutual")
    mutual.connect(p=0.02)
    mutual.w = "rand()*0.05"
    mutual.delay = "rand()*3*ms"
    twin = Twin(Network(group, mutual), trainable=("mutual.w",))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    out = twin(duration=100 * ms)
    out.spikes[group.name].mean().backward()
    added = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20  # GiB
    assert len(mutual) > 300_000
    assert out.spikes[group.name].sum() > 100
    assert torch.count_nonzero(twin.trained["mutual"]["w"].free.grad) > 50_000  # of those whose neuron fired
    assert added < 4
