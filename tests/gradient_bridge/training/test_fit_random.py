"""`fit` on a loss of a network that draws random numbers."""

import numpy as np
import pytest
import torch
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, Synapses, ms

from chronaxie.gradient_bridge import RateLoss, Twin, fit

RATE = RateLoss("cells", 60 * Hz)
CALL = {"loss": RATE, "duration": 20 * ms, "trials": 2, "progress": False}
STILL = {"learning_rate": 1e-12, "time_constant_rate": 1e-12}


def noisy(**options):
    group = NeuronGroup(
        3,
        "dv/dt = (E - v)/(8*ms) + sigma*xi*(8*ms)**-0.5 : 1\nE : 1 (constant)\nsigma : 1 (constant)",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="cells",
    )
    group.E, group.sigma = 1.0, 0.6
    return Twin(Network(group), trainable=("E", "sigma"), **{"randomness": "torch", **options})


def test_each_epoch_draws_anew_or_the_same():
    fresh = fit(noisy(), **CALL, epochs=4, **STILL)
    assert len(set(fresh.firing_rate_epoch.values)) > 1
    frozen = fit(noisy(), **CALL, epochs=4, **STILL, draws="frozen")
    assert len(set(frozen.firing_rate_epoch.values)) == 1
    assert frozen.loss[0] == fresh.loss[0]
    assert fresh.attrs["best_epoch"] == 3  # noisy losses do not choose
    assert '"select": "last"' in fresh.attrs["options"]
    assert '"select": "loss"' in frozen.attrs["options"]


def test_the_seed_decides_and_no_global_generator_is_drawn_from():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (fit(noisy(), **CALL, epochs=3, seed=s).loss.values for s in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_interrupted_and_resumed_draws_what_an_uninterrupted_run_draws(tmp_path):
    path, whole, part, rest = tmp_path / "run.pt", noisy(), noisy(), noisy()
    expected = fit(whole, **CALL, epochs=4)
    calls = []

    def interrupt(*_):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    part.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(part, **CALL, epochs=4, checkpoint=path)
    history = fit(rest, **CALL, epochs=4, checkpoint=path, resume=True)
    assert np.array_equal(history.loss, expected.loss)
    for key, value in whole.state_dict().items():
        assert torch.equal(rest.state_dict()[key], value)


def test_draws_from_the_global_generator_are_refused():
    with pytest.raises(
        ValueError, match="cells_stateupdater draws random numbers from numpy's global .*'torch'"
    ):
        fit(noisy(randomness="brian2"), **CALL)


def test_a_poisson_group_drives_what_is_trained():
    """The rate of cells driven by a Poisson group comes to its target by the weights."""
    source = PoissonGroup(20, 100 * Hz, name="source")
    group = NeuronGroup(
        3, "dv/dt = -v/(8*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="cells"
    )
    feed = Synapses(source, group, "w : 1", on_pre="v_post += w", name="feed")
    feed.connect()
    feed.w = 0.05
    twin = Twin(Network(source, group, feed), trainable=("w",), randomness="torch")
    call = {**CALL, "duration": 40 * ms, "epochs": 15, "draws": "frozen"}
    history = fit(twin, **call, learning_rate=0.02)
    assert history.loss[0] > 0.5
    assert history.loss.min() < 0.05
