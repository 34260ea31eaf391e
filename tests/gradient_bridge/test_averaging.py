"""The parameters that are kept are averages over the last steps."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import fit
from chronaxie.gradient_bridge.averaging import Average
from chronaxie.gradient_bridge.options import training_options
from chronaxie.gradient_bridge.training_task import TaskRun

from .tiny import QUICK, student, task


def steps_of(twin, **options):
    """The parameters after each step of the optimiser, and the history."""
    run = TaskRun(
        twin, task(), training_options({k: v for k, v in (QUICK | options).items() if k != "progress"})
    )
    found = []
    run.optimiser.register_step_post_hook(
        lambda *_: found.append([p.detach().clone() for p in twin.parameters()])
    )
    return run.train(None, False), found


def test_of_a_short_training_the_mean_of_all_steps_is_kept():
    twin = student()
    _, steps = steps_of(twin, average_epochs=100, select="last")
    assert len(steps) == 8
    for k, parameter in enumerate(twin.parameters()):
        expected = torch.stack([s[k] for s in steps]).mean(0)
        torch.testing.assert_close(parameter.detach(), expected, rtol=0, atol=1e-12)


def test_the_weights_of_the_last_steps_fall_exponentially():
    model = torch.nn.Linear(1, 1, bias=False)
    average, expected = Average(model, 4), 0.0
    for k in range(1, 21):
        with torch.no_grad():
            model.weight.fill_(k)
        average.update()
        expected += (k - expected) / min(k, 4)
    assert float(average.means[0]) == pytest.approx(expected)
    with average.in_place():
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 20


def test_training_goes_its_own_way_and_the_averages_are_validated():
    options = {"learning_rate": 0.1, "schedule": "constant", "epochs": 6}
    (plain, own), (averaged, same) = (steps_of(student(), average_epochs=n, **options) for n in (0, 3))
    assert all(torch.equal(a, b) for a, b in zip(own[-1], same[-1], strict=True))
    np.testing.assert_array_equal(plain.train_loss, averaged.train_loss)
    assert not np.array_equal(plain.valid_loss, averaged.valid_loss)
    rough, smooth = (float(np.abs(np.diff(h.valid_loss, 2)).mean()) for h in (plain, averaged))
    assert smooth < rough


def test_the_kept_parameters_are_those_that_were_validated():
    twin = student()
    history = fit(twin, task(), **QUICK, average_epochs=2)
    run = TaskRun(twin, task(), training_options({"batch_size": 8, "score_scale": 10.0}))
    loss, *_ = run._evaluate(run.valid_set)
    assert loss == pytest.approx(float(history.valid_loss[history.attrs["best_epoch"]]), rel=1e-12)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_refused(value):
    with pytest.raises(ValueError, match="average_epochs"):
        fit(student(), task(), average_epochs=value)
