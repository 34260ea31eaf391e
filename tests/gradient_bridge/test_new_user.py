"""The twenty lines of a new user: a network written by hand, trained, synced and run in Brian2."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses, defaultclock, ms, mV

from chronaxie.gradient_bridge import Twin
from chronaxie.models import simulate


def written_by_hand(method="rk2"):
    """Two groups, subexpressions, delta synapses with delays onto different variables, a refractory period."""
    equations = """
    dv/dt = (E + drive - v + g)/tau : volt (unless refractory)
    dg/dt = -g/(5*ms) : volt
    drive = 4*mV*sin(2*pi*t/(25*ms) + i) : volt
    E : volt (constant)
    tau : second (constant)
    """
    options = {"threshold": "v > -50*mV", "reset": "v = -65*mV", "refractory": 2 * ms, "method": method}
    excitatory = NeuronGroup(8, equations, name="excitatory", **options)
    inhibitory = NeuronGroup(3, equations, name="inhibitory", **options)
    for group in (excitatory, inhibitory):
        group.v, group.tau = -65 * mV, "(8 + i)*ms"
    excitatory.E, inhibitory.E = "(-50 + 0.5*i)*mV", -49 * mV
    forward = Synapses(
        excitatory, inhibitory, "w : volt", on_pre="v_post += w", delay=1.5 * ms, name="onward"
    )
    back = Synapses(inhibitory, excitatory, "w : volt", on_pre="g_post -= w", delay=0.5 * ms, name="back")
    forward.connect()
    back.connect(condition="i != j")
    forward.w, back.w = "(0.5 + 0.1*i)*mV", "(1 + 0.3*j)*mV"
    return Network(excitatory, inhibitory, forward, back)


def train(net, steps=3):
    """Three steps towards twice the rate; returns the twin and its loss at each step."""
    twin = Twin(net, trainable=("w", "tau", "E"))
    rates = [{"params": [p], "lr": 2e-4 if "tau" not in n else 0.05} for n, p in twin.named_parameters()]
    optimiser, losses = torch.optim.Adam(rates), []
    with torch.no_grad():
        wanted = 2 * twin(duration=60 * ms).spikes["excitatory"].mean()
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (twin(duration=60 * ms).spikes["excitatory"].mean() / wanted - 1) ** 2
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return twin, losses


def spikes_in_brian2(net):
    monitors = {g: SpikeMonitor(net[g]) for g in ("excitatory", "inhibitory")}
    net.add(*monitors.values())
    net.run(60 * ms)
    return {g: (np.round(np.asarray(m.t) / 1e-4).astype(int), np.asarray(m.i)) for g, m in monitors.items()}


def spikes_of_the_twin(twin):
    with torch.no_grad():
        recorded = twin(duration=60 * ms).spikes
    return {g: np.nonzero(recorded[g][0].numpy()) for g in ("excitatory", "inhibitory")}


@pytest.mark.parametrize("method", ["rk2", pytest.param("exponential_euler", marks=pytest.mark.slow)])
def test_train_sync_and_run_on_numpy(method):
    net = written_by_hand(method)
    before = {k: np.array(net[k].w_[:]) for k in ("onward", "back")}
    untrained = spikes_of_the_twin(Twin(net))
    twin, losses = train(net)
    assert losses[-1] < losses[0]
    assert all(torch.isfinite(p).all() for p in twin.parameters())
    assert all((net[k].w_[:] == w).all() for k, w in before.items())
    twin.sync()
    assert all((net[k].w_[:] != w).any() for k, w in before.items())
    ours, theirs = spikes_of_the_twin(twin), spikes_in_brian2(net)
    for group, (step, neuron) in theirs.items():
        assert len(step) >= 5
        assert np.array_equal(ours[group][0], step)
        assert np.array_equal(ours[group][1], neuron)
    assert len(ours["excitatory"][0]) > len(untrained["excitatory"][0])


@pytest.mark.slow
@pytest.mark.parametrize("device", ["numpy", "cython", "cpp_standalone"])
def test_the_trained_network_on_every_device(device):
    net = written_by_hand()
    twin, _ = train(net)
    twin.sync()
    ours = spikes_of_the_twin(twin)
    ds = simulate(net, duration=60 * ms, device=device, progress=False)
    for group, (step, neuron) in ours.items():
        assert len(step) >= 5
        assert np.array_equal(np.round(ds[f"{group}_spike_time"] / float(defaultclock.dt)).astype(int), step)
        assert np.array_equal(ds[f"{group}_spike_neuron"], neuron)
