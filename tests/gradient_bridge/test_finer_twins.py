"""Twins of one network at several steps, with the same parameters, and training at mixed steps."""

import json

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, ms

from chronaxie.gradient_bridge import Twin, finer_twin, fit
from chronaxie.gradient_bridge.checkpoints import CheckpointError
from chronaxie.models import dense, readout_scores, simulate

from .tiny import QUICK, split, student, task

SEED = 2


@pytest.mark.parametrize("factor", [2, 5])
def test_after_training_it_is_brian2_at_the_finer_step(factor):
    twin = student()
    finer = finer_twin(twin, factor)
    fit(twin, task(), **QUICK)
    twin.sync()
    stimulus = split(6, 3).stimulus
    brian2 = simulate(twin.network, stimulus, dt=4 * ms / factor, initial={}, namespace={})
    with torch.no_grad():
        scores, recording = finer.scores(stimulus, with_recording=True)
    spikes = recording.spikes["hidden1"].numpy().astype(bool)
    assert spikes.shape[1] == factor * stimulus.sizes["time"]
    assert spikes.any()
    assert np.array_equal(spikes, dense(brian2, "hidden1").astype(bool))
    assert np.array_equal(scores.numpy(), readout_scores(brian2))


def test_both_train_the_same_parameters():
    twin = student()
    finer = finer_twin(twin, 2)
    assert [id(p) for p in finer.parameters()] == [id(p) for p in twin.parameters()]
    finer.scores(split(4, 0).stimulus).sum().backward()
    assert all(bool(p.grad.abs().sum() > 0) for p in twin.parameters())
    with torch.no_grad():
        before = finer.scores(split(4, 0).stimulus)
        twin.trained["output"]["bias"].free += 0.5
        assert not torch.equal(before, finer.scores(split(4, 0).stimulus))


def test_mixed_steps_train_repeat_and_resume(tmp_path):
    mixed = QUICK | {"finer": (2, 4)}
    whole = fit(student(), task(), **mixed)
    assert not np.array_equal(whole.train_loss, fit(student(), task(), **QUICK).train_loss)
    path = tmp_path / "run.pt"
    twin, calls = student(), 0
    scores = twin.scores

    def interrupted(*args, **options):
        nonlocal calls
        calls += 1
        if calls > 2:  # validations, and batches at the network's own step
            raise KeyboardInterrupt
        return scores(*args, **options)

    twin.scores = interrupted
    with pytest.raises(KeyboardInterrupt):
        fit(twin, task(), checkpoint=path, **mixed)
    resumed = fit(student(), task(), checkpoint=path, resume=True, **mixed)
    for name in ("train_loss", "valid_loss", "valid_accuracy"):
        assert np.array_equal(whole[name], resumed[name]), name
    with pytest.raises(CheckpointError, match="finer"):
        fit(student(), task(), checkpoint=path, resume=True, **QUICK)


def test_validation_is_at_the_step_of_the_network():
    still = QUICK | {"learning_rate": 1e-12, "time_constant_rate": 1e-12}
    mixed, plain = (fit(student(), task(), **still, finer=finer) for finer in ((4,), ()))
    assert np.array_equal(mixed.valid_accuracy, plain.valid_accuracy)
    assert np.array_equal(mixed.firing_rate_epoch, plain.firing_rate_epoch)
    np.testing.assert_allclose(mixed.valid_loss, plain.valid_loss, rtol=1e-9)


def test_the_rate_penalty_counts_spikes_per_step_of_the_network():
    still = QUICK | {
        "learning_rate": 1e-12,
        "time_constant_rate": 1e-12,
        "epochs": 1,
        "batch_size": 16,
        "seed": SEED,
    }

    def penalty(finer):
        with_it, without = (fit(student(), task(), **still, finer=finer, rate_penalty=p) for p in (1.0, 0.0))
        return float(with_it.train_loss[0] - without.train_loss[0])

    # One batch, which with this seed runs at a fifth of the step: spikes are a few per cent fewer or more, not a fifth.
    assert not np.array_equal(
        fit(student(), task(), **still, finer=(5,)).train_loss, fit(student(), task(), **still).train_loss
    )
    assert penalty((5,)) == pytest.approx(penalty(()), rel=0.2)


def test_what_has_no_finer_step_is_refused_with_the_reason():
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second (constant)", threshold="v > 1", reset="v = 0")
    group.tau = 10 * ms
    with pytest.raises(ValueError, match=r"no dt_ref.*annotate\(net, dt_ref"):
        finer_twin(Twin(Network(group), trainable=("tau",), namespace={}), 2)
    delayed = student(trainable=("w", "hidden1_hidden1_pre.delay"), delay=8 * ms, transmission="next")
    with pytest.raises(ValueError, match=r"delay.* are trained, and the slot"):
        fit(delayed, task(), **QUICK, finer=(2,))
    with pytest.raises(ValueError, match="finer is the step of a Twin"):
        fit(torch.nn.Linear(2, 2), task(), **QUICK, finer=(2,))
    for wrong in ((1,), (2, 2), (2.0,), 2):
        with pytest.raises(ValueError, match="finer: expected whole numbers >= 2, each once"):
            fit(student(), task(), **QUICK, finer=wrong)


def test_a_checkpoint_from_before_an_option_goes_on(tmp_path):
    path = tmp_path / "run.pt"
    fit(student(), task(), checkpoint=path, **QUICK)
    content = torch.load(path, weights_only=True)
    options = json.loads(content["identity"]["options"])
    del options["finer"]
    content["identity"]["options"] = json.dumps(options, sort_keys=True)
    torch.save(content, path)
    fit(student(), task(), checkpoint=path, resume=True, **QUICK)
