"""Untrained srnn networks: the twin against Brian2's numpy target, to the bit."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import Twin
from chronaxie.models import LIF, srnn

from .helpers import compare, run_twin

STEPS, TRIALS, CHANNELS = 100, 2, 4
CASES = {
    "one layer": dict(hidden=[12]),
    "two layers": dict(hidden=[12, 8]),
    "no recurrence": dict(hidden=[12, 8], recurrent=False),
    "LIF": dict(hidden=[12, 8], neuron=LIF),
    "next step": dict(hidden=[12, 8], transmission="next"),
    "current": dict(hidden=[12, 8], input="current"),
}


def stimulus_for(kind, seed, trials=TRIALS, steps=STEPS):
    rng = np.random.default_rng(seed)
    if kind == "current":
        return rng.normal(0.3, 0.5, (trials, steps, CHANNELS))
    return (rng.random((trials, steps, CHANNELS)) < 0.3).astype(np.uint8)


SEEDS = [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_spikes_and_membranes_are_those_of_brian2(case, seed):
    options = CASES[case]
    net = srnn(CHANNELS, outputs=3, seed=seed, bias={"hidden1": 0.02}, **options)
    twin = Twin(net, trainable=("w", "bias", "tau_*"))
    x = stimulus_for(options.get("input"), seed)
    counts = compare(net, twin, STEPS, x, minimum=20)
    hidden = [c for g, c in counts.items() if g.startswith("hidden")]
    assert len(hidden) == len(options["hidden"])


@pytest.mark.parametrize("kind", ["spikes", "current"])
def test_trials_at_once_are_trials_one_by_one(kind):
    net = srnn(CHANNELS, hidden=[12, 8], outputs=3, seed=3, input=kind, bias=0.02)
    twin = Twin(net, trainable=("w",))
    x = stimulus_for(kind, 3, trials=5)
    together = run_twin(twin, STEPS, x)
    assert together.spikes["hidden2"].sum() > 100
    for k in range(len(x)):
        alone = run_twin(twin, STEPS, x[k : k + 1])
        for group, spikes in alone.spikes.items():
            assert torch.equal(spikes[0], together.spikes[group][k]), group
        for owner, names in alone.states.items():
            for name, trace in names.items():
                assert torch.equal(trace[0], together.states[owner][name][k]), f"{owner}.{name}"


def test_trained_values_reach_brian2_to_the_bit():
    """After a step of training and sync the two sides still agree: what training made is what Brian2 runs."""
    net = srnn(CHANNELS, hidden=[12], outputs=3, seed=4, bias=0.02)
    twin = Twin(net, trainable=("w", "bias", "tau_m", "tau_a", "b0", "beta"))
    optimiser = torch.optim.Adam(twin.parameters(), lr=0.02)
    x = stimulus_for("spikes", 4)
    for _ in range(2):
        optimiser.zero_grad()
        twin.scores(torch.from_numpy(x)).square().mean().backward()
        optimiser.step()
    before = net["hidden1"].tau_m_[:].copy()
    twin.sync()
    assert (net["hidden1"].tau_m_[:] != before).all()
    compare(net, twin, STEPS, x, minimum=20)


def test_the_readout_is_sampled_where_the_network_says():
    """The trace that the decision reads lies before the output's resets slot, one step ahead of slot ``start``."""
    net = srnn(CHANNELS, hidden=[12], outputs=3, seed=5, bias=0.02)
    twin = Twin(net)
    x = torch.from_numpy(stimulus_for("spikes", 5))
    late = twin(x, record={"output": {"v": "before_output_resets"}}).states["output"]["v"]
    early = twin(x, record={"output": ["v"]}).states["output"]["v"]
    assert torch.equal(twin.scores(x), late)
    assert torch.equal(late[:, :-1][:, 0] == early[:, 1:][:, 0], torch.ones(TRIALS, 3, dtype=torch.bool))
    assert not torch.equal(late, early)
