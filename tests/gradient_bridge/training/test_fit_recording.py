"""`fit` on a loss of the recording: what it does, and what is refused."""

import numpy as np
import pytest
import torch
from brian2 import Hz, ms, mV

from chronaxie.gradient_bridge import (
    CheckpointError,
    CombinedLoss,
    RateLoss,
    TraceLoss,
    TrainingDiverged,
    VanRossumLoss,
    fit,
)
from chronaxie.gradient_bridge.checkpoints import load_checkpoint

from .cells import DURATION, QUICK, STEPS, cells, recorded, twin

RATE = RateLoss("cells", 80 * Hz)


def numbers(history, model):
    """Every number of a run but the wall time, exactly."""
    found = {
        k: [x.hex() for x in v.values.reshape(-1).tolist()]
        for k, v in history.items()
        if k != "epoch_seconds"
    }
    return found | {k: [x.hex() for x in v.reshape(-1).tolist()] for k, v in model.state_dict().items()}


def test_rates_come_to_their_target_and_back_in_brian2():
    model = twin()
    history = fit(model, loss=RATE, **QUICK | {"epochs": 15}, learning_rate=0.05)
    assert history.loss[0] > 0.05
    assert history.loss.min() < 0.01
    assert set(history.data_vars) == {
        "loss",
        "gradient_norm",
        "firing_rate_epoch",
        "learning_rate",
        "epoch_seconds",
    }
    assert history.firing_rate_epoch.attrs["units"] == "Hz"
    best = history.attrs["best_epoch"]
    assert history.loss[best] == history.loss.min()
    with torch.no_grad():  # the model holds the parameters of that epoch
        assert RATE(model(duration=DURATION)).item() == history.loss[best]
    model.sync()
    assert float(history.firing_rate_epoch[best]) == pytest.approx(
        recorded(model.network).spikes["cells"].mean().item() / 5e-4, rel=1e-12
    )


def test_what_a_loss_reads_is_recorded():
    target = recorded(cells(drive=(0.5, 0.7, 0.9)), record={"cells": ["u"]}).states["cells"]["u"]
    model = twin(trainable=("drive",), drive=(0.3, 0.3, 0.3))
    loss = TraceLoss("cells", "u", target)
    history = fit(model, loss=loss, **QUICK | {"epochs": 20}, learning_rate=0.2)
    assert history.loss.min() < 0.1 * history.loss[0]


def test_spikes_come_to_their_times():
    wanted = recorded(cells(drive=(1.4, 1.7, 2.2))).spikes["cells"]
    model = twin(trainable=("drive",))
    loss = VanRossumLoss("cells", wanted, tau=5 * ms)
    history = fit(model, loss=loss, **QUICK | {"epochs": 25}, learning_rate=0.1)
    assert history.loss.min() < 0.3 * history.loss[0]


def test_a_function_of_the_user():
    def late(recording):
        return (recording.states["cells"]["u"][:, -1] - 0.3).square().mean()

    model = twin(drive=(0.4, 0.6, 0.9))
    history = fit(model, loss=late, record={"cells": ["u"]}, **QUICK | {"epochs": 12}, learning_rate=0.1)
    assert history.loss.min() < 0.2 * history.loss[0]


def test_the_history_of_a_combined_loss_has_its_terms():
    loss = CombinedLoss(
        {"rate": RATE, "own": lambda out: out.final["cells"]["u"].square().mean()}, {"own": 0.5}
    )
    history = fit(twin(), loss=loss, **QUICK | {"epochs": 3})
    assert history.terms.dims == ("epoch", "term")
    assert list(history.term.values) == ["rate", "own"]
    np.testing.assert_allclose(history.loss, history.terms.values @ [1.0, 0.5], rtol=1e-12)


def test_a_stimulus_has_trials():
    stimulus = torch.from_numpy(np.random.default_rng(0).normal(0.5, 0.5, (4, STEPS, 3)))
    seen = []

    def loss(recording):
        seen.append(tuple(recording.spikes["cells"].shape))
        return RATE(recording)

    fit(twin(), loss=loss, stimulus={"current": stimulus}, epochs=2, progress=False)
    assert seen == [(4, STEPS, 3)] * 2


def test_which_parameters_are_kept():
    """The lowest loss is that of the parameters before a step; the last ones are those after the last step."""
    model, other = twin(), twin()
    start = {k: v.clone() for k, v in model.state_dict().items()}
    worse = {"learning_rate": 5.0, "schedule": "constant", "clip_norm": None}  # jumps away from a good place
    first = fit(model, loss=RateLoss("cells", 78 * Hz), **QUICK | {"epochs": 2}, **worse)
    assert first.attrs["best_epoch"] == 0
    assert all(torch.equal(v, start[k]) for k, v in model.state_dict().items())
    last = fit(other, loss=RateLoss("cells", 78 * Hz), **QUICK | {"epochs": 2}, **worse, select="last")
    assert last.attrs["best_epoch"] == 1
    assert not torch.equal(other.state_dict()["trained.cells.drive.free"], start["trained.cells.drive.free"])
    patient = fit(twin(), loss=RateLoss("cells", 78 * Hz), **QUICK | {"epochs": 9}, **worse, patience=2)
    assert patient.sizes["epoch"] == 3


def test_same_numbers_again_and_after_an_interruption(tmp_path):
    path, loss = (
        tmp_path / "run.pt",
        CombinedLoss({"rate": RATE, "trace": TraceLoss("cells", "u", np.eye(STEPS, 3))}),
    )
    whole = twin()
    expected = numbers(fit(whole, loss=loss, **QUICK), whole)
    again = twin()
    assert numbers(fit(again, loss=loss, **QUICK), again) == expected
    model, calls = twin(), []

    def interrupt(*_):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    handle = model.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(model, loss=loss, checkpoint=path, **QUICK)
    handle.remove()
    assert load_checkpoint(path)["epoch"] == 3
    resumed = twin()
    history = fit(resumed, loss=loss, checkpoint=path, resume=True, **QUICK)
    assert numbers(history, resumed) == expected
    with pytest.raises(CheckpointError, match="of another run: its loss is CombinedLoss"):
        fit(twin(), loss=RATE, checkpoint=path, resume=True, **QUICK)
    with pytest.raises(CheckpointError, match=r"its call is .*40\. \* msecond.* here .*20\. \* msecond"):
        fit(twin(), loss=loss, checkpoint=path, resume=True, **QUICK | {"duration": 20 * ms})


@pytest.mark.parametrize(
    "loss, error, message",
    [
        (lambda out: out.spikes["cells"].mean().item(), TypeError, "one number, got float; compute it from"),
        (
            lambda out: out.spikes["cells"].mean(1),
            ValueError,
            r"one number, got the shape \(1, 3\); take its",
        ),
        (lambda out: out.spikes["cells"].long().sum(), TypeError, "floating-point number, got torch.int64"),
        (
            lambda out: out.spikes["cells"].detach().mean(),
            ValueError,
            r"no graph back .*\(cells.drive, cells.tau\)",
        ),
        (
            lambda out: 0 * out.spikes["cells"].mean(),
            ValueError,
            "gradient of the loss is zero for all that is",
        ),
        (
            lambda out: (0 * out.spikes["cells"].mean()).sqrt(),
            TrainingDiverged,
            r"loss 0 in epoch 0: .*the gradient of trained\.cells\.drive\.free is not; lower",
        ),
        (lambda out: out.spikes["cells"].mean() / 0, TrainingDiverged, "loss inf in epoch 0: every recorded"),
        (CombinedLoss({"own": lambda out: 1.0}), TypeError, "term own of the loss: expected a torch tensor"),
        (
            RateLoss("others", 1),
            ValueError,
            "RateLoss of others: no spiking group of that name; there are cells",
        ),
        (
            TraceLoss("cells", "w", [1, 2]),
            ValueError,
            "no such variable in the program; of cells there are .*u, v",
        ),
        (TraceLoss("cells", "v", [1, 2] * mV), ValueError, "variable has the unit 1, the target m"),
        (TraceLoss("cells", "v", [1, 2]), ValueError, r"shape \(1, 80, 3\), the target \(1, 2, 1\)"),
        (0.5, TypeError, "loss: expected a function of a Recording, got 0.5"),
    ],
)
def test_losses_that_are_refused(loss, error, message):
    with pytest.raises(error, match=message):
        fit(twin(), loss=loss, **QUICK | {"epochs": 1})


def test_a_trace_that_is_lost_is_named():
    model = twin(trainable=("drive",))
    group = model.network["cells"]
    group.v = [0.0, np.nan, 0.0]
    model.pull()
    with pytest.raises(TrainingDiverged, match=r"loss nan in epoch 0: cells\.v is lost at step 0 .*neuron 1"):
        fit(model, loss=lambda out: out.states["cells"]["v"].sum(), record={"cells": ["v"]}, **QUICK)


def test_what_no_gradient_reaches_is_named():
    """u follows v and nothing reads it: the rate cannot depend on its start."""
    with pytest.warns(UserWarning, match=r"in no epoch did a gradient reach trained\.cells\.u\.free"):
        fit(twin(trainable=("drive", "cells.u")), loss=RATE, **QUICK | {"epochs": 2})


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({"task": 1, "loss": RATE}, TypeError, "expected a task or a loss, got both"),
        ({"duration": DURATION}, TypeError, "duration: for a loss of the recording"),
        (
            {},
            TypeError,
            "expected a task with train, valid and classes, or a DataLoader, got NoneType; or give a loss",
        ),
        ({"loss": RATE}, ValueError, "give a stimulus or a duration"),
        ({"loss": RATE, "batch_size": 3}, TypeError, "unknown option 'batch_size'"),
        ({"loss": RATE, "select": "valid_loss"}, ValueError, "select: expected one of loss, last, None"),
        ({"loss": RATE, "select": "last", "patience": 1}, ValueError, "patience waits for a lower loss"),
        ({"loss": RATE, "draws": "new"}, ValueError, "draws: expected one of fresh, frozen"),
        ({"loss": RATE, "resume": True}, ValueError, "resume needs the path of a checkpoint"),
    ],
)
def test_calls_that_are_refused(given, error, message):
    with pytest.raises(error, match=message):
        fit(twin(), **given, progress=False)
    with pytest.raises(TypeError, match="a loss of the recording needs a Twin, got Linear"):
        fit(torch.nn.Linear(1, 1), loss=RATE, progress=False)
