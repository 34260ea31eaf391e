"""Training trials that are played faster or slower."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import fit
from chronaxie.gradient_bridge.losses import IGNORED
from chronaxie.gradient_bridge.stretching import speeds, stretched_labels, stretched_stimulus

from .tiny import QUICK, student, task


def test_speeds_are_uniform_in_the_logarithm_and_repeat_by_seed():
    found = speeds(0.25, 20_000, 3)
    assert torch.equal(found, speeds(0.25, 20_000, 3))
    assert not torch.equal(found, speeds(0.25, 20_000, 4))
    place = torch.log(found) / np.log(1.25)
    assert place.min() >= -1
    assert place.max() <= 1
    assert float(place.mean()) == pytest.approx(0, abs=4 * np.sqrt(1 / 3 / 20_000))
    assert float((place**2).mean()) == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
def test_spikes_are_moved_and_keep_their_channel(dtype):
    spikes = torch.zeros(2, 12, 3, dtype=dtype)
    spikes[:, 4, 1] = spikes[:, 10, 2] = 1
    out = stretched_stimulus(spikes, torch.tensor([2.0, 0.5], dtype=torch.float64))
    assert out.dtype == dtype
    assert out.nonzero().tolist() == [[0, 2, 1], [0, 5, 2], [1, 8, 1]]  # step 20 is past the end


def test_two_spikes_that_fall_on_one_step_are_one():
    spikes = torch.ones(1, 12, 1, dtype=torch.uint8)
    out = stretched_stimulus(spikes, torch.tensor([2.0], dtype=torch.float64))
    assert out[0, :, 0].tolist() == [1] * 7 + [0] * 5  # 5.5 rounds to 6, the even one


def test_currents_are_read_at_their_own_time():
    current = torch.arange(6.0).reshape(1, 6, 1) + 1
    faster, slower = (
        stretched_stimulus(current, torch.tensor([v], dtype=torch.float64))[0, :, 0].tolist()
        for v in (2.0, 0.5)
    )
    assert faster == [1, 3, 5, 0, 0, 0]
    assert slower == [1, 1, 2, 2, 3, 3]


def test_labels_go_with_the_stimulus():
    labels = torch.tensor([[0, 0, 1, 1, 2, 2]] * 2)
    out = stretched_labels(labels, torch.tensor([2.0, 0.5], dtype=torch.float64), 1)
    assert out.tolist() == [[IGNORED, 1, 2, IGNORED, IGNORED, IGNORED], [IGNORED, 0, 0, 1, 1, 1]]
    of_trials = torch.tensor([3, 4])
    assert stretched_labels(of_trials, torch.tensor([2.0, 0.5]), 5) is of_trials


def test_speed_one_changes_nothing():
    spikes, labels = (torch.rand(3, 50, 4) < 0.3).to(torch.uint8), torch.randint(0, 3, (3, 50))
    one = torch.ones(3, dtype=torch.float64)
    assert torch.equal(stretched_stimulus(spikes, one), spikes)
    assert torch.equal(stretched_stimulus(spikes.double(), one), spikes.double())
    assert torch.equal(stretched_labels(labels, one, 0), labels)


def test_training_with_it_repeats_and_validation_is_as_it_was():
    first, again, without = (fit(student(), task(), **QUICK, time_stretch=s) for s in (0.3, 0.3, 0.0))
    assert np.array_equal(first.train_loss, again.train_loss)
    assert not np.array_equal(first.train_loss, without.train_loss)
    still = QUICK | {"learning_rate": 1e-12, "time_constant_rate": 1e-12}
    frozen = fit(student(), task(), **still, time_stretch=0.5)
    assert np.ptp(frozen.valid_loss.values) < 1e-6 < np.ptp(frozen.train_loss.values)


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), "0.1", True])
def test_what_is_no_stretch_is_refused(wrong):
    with pytest.raises(ValueError, match="time_stretch: expected a finite number >= 0"):
        fit(student(), task(), time_stretch=wrong)


def test_a_batch_that_loses_its_labels_is_refused():
    data = task(labelled=None)
    for split in (data.train, data.valid):
        last = np.zeros(split.label.shape, dtype=bool)
        last[:, -1] = True
        split["labelled"] = (("trial", "time"), last)
    with pytest.raises(ValueError, match="no labelled step in batch .* of epoch 0; use larger batches"):
        fit(student(), data, epochs=1, batch_size=1, time_stretch=1.0)
