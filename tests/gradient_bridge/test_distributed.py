"""`fit(distributed=True)`: what several processes learn is what one learns."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import Twin
from chronaxie.models import Readout

from .processes import apart, in_processes, numbers, same
from .tiny import QUICK, STEPS, student, task

ROUNDING = 1e-12  # sums in another order, over a dozen steps of the optimiser


class Recurrent(torch.nn.Module):
    """Any module is split as a twin is; one weight is in no loss."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        options = {"dtype": torch.float64}
        self.gru, self.out = (
            torch.nn.GRU(2, 6, batch_first=True, **options),
            torch.nn.Linear(6, 2, **options),
        )
        self.idle = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))

    def forward(self, stimulus):
        return self.out(self.gru(stimulus)[0])


def by_trial():
    readout = Readout("output", "v", "before_output_resets", reduce="mean", skip=2)
    return Twin(student().network, trainable=("w", "tau_m"), readout=readout)


def uneven():
    """Trials of which each has other labelled steps; in some there is none."""
    labelled = np.arange(STEPS) >= np.arange(11)[:, None] * 3
    data = task(trials=11, labelled=None)
    for split, rows in ((data.train, labelled), (data.valid, labelled[:10])):
        split["labelled"] = (("trial", "time"), rows)
    return data


CASES = {
    "a batch of one trial": (student, lambda: task(trials=11), {"batch_size": 5}),
    "masked steps, class weights, penalty": (
        student,
        uneven,
        {"batch_size": 4, "class_weights": "balanced", "rate_penalty": 0.3, "evaluation_batch": 3},
    ),
    "other speeds, lost inputs": (
        student,
        uneven,
        {"batch_size": 4, "class_weights": "balanced", "time_stretch": 0.1, "input_dropout": 0.2},
    ),
    "no limit of the gradient, steps": (
        student,
        task,
        {"clip_norm": None, "schedule": "step", "step_epochs": 2, "learning_rate": 0.02},
    ),
    "labels by trial": (by_trial, lambda: task(per_trial=True), {}),
    "patience": (
        student,
        task,
        {"epochs": 9, "learning_rate": 1e-12, "time_constant_rate": 1e-12, "patience": 2},
    ),
    "a module": (Recurrent, task, {"batch_size": 5}),
}


SLOW = ("no limit of the gradient, steps", "labels by trial", "patience")


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.slow) if c in SLOW else c for c in CASES])
def test_two_processes_learn_what_one_learns(case, tmp_path):
    make, data, options = CASES[case]
    options = QUICK | options

    def train(_):
        return numbers(make(), data(), **options, distributed=True)

    first, second = in_processes(train, tmp_path)
    assert same(first, second)
    alone = numbers(make(), data(), **options)
    assert apart(first, alone) < ROUNDING
    assert first["best"] == alone["best"]


def test_more_processes_than_trials(tmp_path):
    def train(_):
        return numbers(student(), task(trials=5), **QUICK | {"batch_size": 2}, distributed=True)

    found = in_processes(train, tmp_path, size=3)
    assert same(found[0], found[1])
    assert same(found[0], found[2])
    assert apart(found[0], numbers(student(), task(trials=5), **QUICK | {"batch_size": 2})) < ROUNDING


@pytest.mark.slow
def test_two_trainings_one_after_the_other(tmp_path):
    """The second finds the processes anew, not where they were before."""

    def train(_):
        numbers(student(), task(), **QUICK | {"epochs": 1}, distributed=True)
        return numbers(student(), task(), **QUICK, distributed=True)

    first, second = in_processes(train, tmp_path)
    assert same(first, second)
    assert apart(first, numbers(student(), task(), **QUICK)) < ROUNDING


@pytest.mark.slow
def test_a_process_group_that_is_there_is_used_and_left(tmp_path):
    def train(rank):
        torch.distributed.init_process_group("gloo")
        found = numbers(student(), task(), **QUICK, distributed=True)
        there = torch.distributed.is_initialized()
        torch.distributed.destroy_process_group()
        return found | {"there": there}

    first, second = in_processes(train, tmp_path)
    assert first.pop("there")
    assert second.pop("there")
    assert same(first, second)
    assert apart(first, numbers(student(), task(), **QUICK)) < ROUNDING


def test_one_process_under_torchrun_trains_alone(tmp_path):
    (only,) = in_processes(lambda _: numbers(student(), task(), **QUICK, distributed=True), tmp_path, size=1)
    assert same(only, numbers(student(), task(), **QUICK))


@pytest.mark.slow
def test_each_process_on_its_own_when_asked(tmp_path):
    def train(rank):
        return numbers(student(), task(), **QUICK, seed=rank, distributed=False)

    first, second = in_processes(train, tmp_path)
    assert same(first, numbers(student(), task(), **QUICK, seed=0))
    assert same(second, numbers(student(), task(), **QUICK, seed=1))
