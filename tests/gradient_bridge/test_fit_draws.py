"""`fit` on a task with a network that draws random numbers, or that has several clocks."""

import numpy as np
import pytest
import torch
from brian2 import Hz, NeuronGroup, PoissonInput, ms

from chronaxie.gradient_bridge import Twin, fit, predict
from chronaxie.gradient_bridge.seeds import EVALUATION, TRAINING, derived_seed
from chronaxie.models import srnn

from .tiny import QUICK, STEPS, task

STILL = {"learning_rate": 1e-12, "time_constant_rate": 1e-12}
SHORT = QUICK | {"epochs": 3}


def network(*added):
    net = srnn(2, hidden=[6], outputs=2, seed=0, bias={"hidden1": 0.02})
    net.add(*(make(net) for make in added))
    return net


def noise(net):
    """Background input: a binomial number of events in each step."""
    return PoissonInput(net["hidden1"], "v", 5, 40 * Hz, weight=0.01)


def noisy(randomness="torch"):
    return Twin(network(noise), trainable=("w", "bias"), randomness=randomness)


def losses(twin, **options):
    history = fit(twin, task(), **SHORT | options)
    return history.train_loss.values.tolist(), history.valid_loss.values.tolist()


def test_the_seed_decides_and_no_global_generator_is_drawn_from():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, same = losses(noisy(), seed=3), losses(noisy(), seed=3)
    assert one == same
    assert losses(noisy(), seed=4) != one
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_training_draws_anew_and_validation_the_same():
    """With parameters that stand still and one batch an epoch."""
    train, valid = losses(noisy(), **STILL, batch_size=16, schedule="constant")
    assert max(train) - min(train) > 1e-6
    assert max(valid) - min(valid) < 1e-9
    seeds = {
        derived_seed(s, p, e, b)
        for s in (0, 1)
        for p in (TRAINING, EVALUATION)
        for e in (0, 1)
        for b in (0, 1)
    }
    assert len(seeds) == 16


def test_interrupted_and_resumed_draws_what_an_uninterrupted_run_draws(tmp_path):
    path, whole, part, rest = tmp_path / "run.pt", noisy(), noisy(), noisy()
    expected = losses(whole)
    calls = []

    def interrupt(*_):
        calls.append(1)
        if len(calls) == 5:  # 2 batches and 1 evaluation an epoch: in the second batch of epoch 1
            raise KeyboardInterrupt

    part.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        losses(part, checkpoint=path)
    assert losses(rest, checkpoint=path, resume=True) == expected
    for key, value in whole.state_dict().items():
        assert torch.equal(rest.state_dict()[key], value)


def test_draws_from_the_global_generator_are_refused():
    """No seed and no checkpoint repeats them; also of a twin inside of another module."""
    message = "draws random numbers from numpy's global .*randomness='torch'"
    with pytest.raises(ValueError, match=message):
        fit(noisy("brian2"), task(), **SHORT)
    inside = torch.nn.Sequential(noisy("brian2").as_module(), torch.nn.Linear(2, 2, dtype=torch.float64))
    with pytest.raises(ValueError, match=message):
        fit(inside, task(), **SHORT)


def test_predictions_repeat_themselves_and_those_of_the_validation():
    twin, data = noisy(), task()
    history = fit(twin, data, **SHORT, seed=5, evaluation_batch=4)
    x = data.valid.stimulus
    assert np.array_equal(predict(twin, x), predict(twin, x))
    assert not np.array_equal(predict(twin, x), predict(twin, x, seed=1))
    scores = torch.from_numpy(predict(twin, x, batch=4, seed=5)) * SHORT["score_scale"]
    truth = torch.from_numpy(data.valid.label.values).long()
    counted = slice(twin.readout.skip, None)  # steps
    loss = torch.nn.functional.cross_entropy(scores[:, counted].flatten(0, 1), truth[:, counted].flatten())
    kept = history.valid_loss[history.attrs["best_epoch"]]
    assert loss.item() == pytest.approx(float(kept), rel=1e-12)


def test_a_seed_of_nothing_that_is_drawn_is_refused():
    for model in (noisy("brian2"), torch.nn.Linear(2, 2)):
        with pytest.raises(ValueError, match="predict: seed: .*randomness='torch'"):
            predict(model, task().valid.stimulus, seed=1)


def slow_cells(_):
    """Cells on a clock of two steps of the network, which spike on their own."""
    return NeuronGroup(
        3,
        "dv/dt = (2 - v)/(20*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        dt=8 * ms,
        name="slow",
    )


def test_the_rate_counts_each_group_in_its_own_steps():
    data = task()
    twin = Twin(network(slow_cells), trainable=("w", "bias"))
    history = fit(twin, data, **SHORT | {"epochs": 1}, **STILL, evaluation_batch=4)
    with torch.no_grad():
        spikes = twin(data.valid.stimulus).spikes
    assert spikes["slow"].shape == (10, STEPS // 2, 3)
    assert spikes["slow"].sum() > 0
    count = float(spikes["hidden1"].sum() + spikes["slow"].sum())
    seconds = 10 * (6 + 3) * STEPS * 4e-3  # trials, neurons, the whole stimulus
    assert float(history.firing_rate_epoch[0]) == pytest.approx(count / seconds, rel=1e-12)
