"""Inputs that lose a random part of their values in training."""

import numpy as np
import torch

from chronaxie.gradient_bridge import fit
from chronaxie.gradient_bridge.options import training_options
from chronaxie.gradient_bridge.training_task import TaskRun

from .tiny import QUICK, student, task


def run(**options):
    return TaskRun(student(), task(), training_options({"batch_size": 8, **options}))


def test_the_share_that_is_lost():
    one = run(input_dropout=0.25)
    stimulus = torch.ones(8, 400, 10, dtype=torch.uint8)
    thinned = one._thinned(stimulus, 0, 8, slice(0, 8))
    assert thinned.dtype == torch.uint8
    assert abs(float(thinned.double().mean()) - 0.75) < 0.01
    assert not torch.equal(thinned, one._thinned(stimulus, 1, 8, slice(0, 8)))  # another batch
    one.epoch = 1
    assert not torch.equal(thinned, one._thinned(stimulus, 0, 8, slice(0, 8)))  # another epoch


def test_a_part_of_a_batch_loses_what_it_loses_in_the_whole():
    one, stimulus = run(input_dropout=0.5), torch.ones(8, 20, 3)
    whole = one._thinned(stimulus, 0, 8, slice(0, 8))
    assert torch.equal(whole[3:], one._thinned(stimulus[3:], 0, 8, slice(3, 8)))


def test_training_with_it_repeats_and_validation_is_whole():
    first, again, without = (
        fit(student(), task(), **QUICK, input_dropout=share) for share in (0.3, 0.3, 0.0)
    )
    assert np.array_equal(first.train_loss, again.train_loss)
    assert not np.array_equal(first.train_loss, without.train_loss)
    frozen = fit(
        student(),
        task(),
        **(QUICK | {"learning_rate": 1e-12, "time_constant_rate": 1e-12}),
        input_dropout=0.9,
    )
    assert np.ptp(frozen.valid_loss.values) < 1e-6 < np.ptp(frozen.train_loss.values)
