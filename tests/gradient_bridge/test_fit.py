"""Training: what the options do, and what is refused."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge import TrainingDiverged, Twin, fit, predict
from chronaxie.gradient_bridge.losses import IGNORED, class_weights, judge, loss_labels, total_weight
from chronaxie.gradient_bridge.threads import limited_threads
from chronaxie.models import Readout

from .tiny import QUICK, STEPS, student, task


class Recurrent(torch.nn.Module):
    """A small GRU: any module from (trial, time, channel) to (trial, time, class) can be trained."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.gru, self.out = torch.nn.GRU(2, 6, batch_first=True), torch.nn.Linear(6, 2)

    def forward(self, stimulus):
        return self.out(self.gru(stimulus)[0])


def values(model):
    return {k: v.clone() for k, v in model.state_dict().items()}


def test_a_twin_learns():
    twin = student()
    before = values(twin)
    history = fit(twin, task(), **QUICK | {"epochs": 10, "learning_rate": 0.05})
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]
    assert history.valid_accuracy.max() > 0.9
    assert history.sizes == {"epoch": 10}
    assert history.firing_rate_epoch.attrs["units"] == "Hz"
    assert all(not torch.equal(v, before[k]) for k, v in twin.state_dict().items() if k.endswith(".free"))
    best = history.attrs["best_epoch"]
    assert history.valid_accuracy[best] == history.valid_accuracy.max()


def test_any_module_learns():
    history = fit(Recurrent(), task(), **QUICK | {"epochs": 10, "learning_rate": 0.05})
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]
    assert np.isnan(history.firing_rate_epoch).all()


def test_the_history_is_that_of_the_model_that_comes_back():
    """The selected epoch's validation accuracy is what `predict` reproduces with the trained model."""
    twin, data = student(), task()
    history = fit(twin, data, **QUICK)
    scores = predict(twin, data.valid.stimulus, batch=3)
    accuracy = (scores.argmax(-1) == data.valid.label.values).mean()
    assert accuracy == pytest.approx(float(history.valid_accuracy[history.attrs["best_epoch"]]), abs=1e-12)


@pytest.mark.parametrize("select, best", [("last", 3), ("valid_loss", None), ("valid_accuracy", None)])
def test_selection(select, best):
    history = fit(student(), task(), **QUICK, select=select)
    kept = history.attrs["best_epoch"]
    if best is None:
        series = -history.valid_loss if select == "valid_loss" else history.valid_accuracy
        best = int(series.argmax("epoch"))
    assert kept == best


def test_patience():
    history = fit(
        student(), task(), **QUICK | {"epochs": 30}, learning_rate=1e-12, time_constant_rate=1e-12, patience=2
    )
    assert history.attrs["best_epoch"] == 0
    assert history.sizes["epoch"] == 3


def test_schedules():
    steps = fit(
        Recurrent(), task(), **QUICK, schedule="step", step_epochs=2, step_factor=0.1, learning_rate=1e-3
    )
    np.testing.assert_allclose(steps.learning_rate, [1e-3, 1e-4, 1e-4, 1e-5], rtol=1e-12)
    flat = fit(Recurrent(), task(), **QUICK, schedule="constant", learning_rate=1e-3)
    assert (flat.learning_rate == 1e-3).all()
    cycle = fit(Recurrent(), task(), **QUICK | {"epochs": 10}, learning_rate=1e-3)
    assert int(cycle.learning_rate.argmax("epoch")) == 2  # the rise takes 30 % of the batches
    assert cycle.learning_rate[-1] < 1e-5


def test_rates_of_weights_and_time_constants_are_separate():
    """With a vanishing rate for one kind only the other moves."""
    for still, moving in (("learning_rate", "tau"), ("time_constant_rate", "w")):
        twin = student(trainable=("w", "tau_m", "tau_a"))
        before = {k: v.detach().clone() for k, v in twin.trained_values().items()}
        fit(twin, task(), **QUICK, select="last", schedule="constant", **{still: 1e-300})
        moved = {k for k, v in twin.trained_values().items() if not torch.equal(v, before[k])}
        assert moved == {k for k in before if k.rpartition(".")[2].startswith(moving)}, still


def test_rate_penalty():
    free = fit(student(), task(), **QUICK | {"epochs": 8, "learning_rate": 0.02})
    quiet = fit(student(), task(), **QUICK | {"epochs": 8, "learning_rate": 0.02}, rate_penalty=20.0)
    assert quiet.firing_rate_epoch[-1] < 0.5 * free.firing_rate_epoch[-1]


def test_unlabelled_steps_are_masked_or_count_as_a_class():
    labelled = np.arange(STEPS) >= STEPS // 2
    data, shuffled = task(labelled=labelled), task(labelled=labelled)
    shuffled.train["label"].values[:, ~labelled] = 1  # what is not labelled is not looked at
    one, other = (fit(student(), d, **QUICK, skip=0) for d in (data, shuffled))
    assert np.array_equal(one.train_loss, other.train_loss)
    counted = fit(student(), data, **QUICK, skip=0, unlabelled=0)
    assert not np.array_equal(one.train_loss, counted.train_loss)


def test_labels_of_the_loss():
    label, labelled = np.array([[0, 1, -1, 1], [1, -1, 0, 0]]), np.array([[1, 1, 0, 1], [1, 0, 1, 1]], bool)
    masked = loss_labels(label, labelled, unlabelled="mask", skip=1)
    assert masked.tolist() == [[IGNORED, 1, IGNORED, 1], [IGNORED, IGNORED, 0, 0]]
    assert loss_labels(label, labelled, unlabelled=1, skip=0).tolist() == [[0, 1, 1, 1], [1, 1, 0, 0]]
    assert loss_labels(np.array([1, 0]), None, unlabelled="mask", skip=3).tolist() == [1, 0]


def test_class_weights():
    labels = torch.tensor([[0, 0, 0, 1], [0, 0, 1, IGNORED]])
    weights = class_weights("balanced", labels, 2)
    assert weights.tolist() == pytest.approx([2 * 2 / 7, 2 * 5 / 7])  # inverse to 5 and 2, mean 1
    assert class_weights((1.0, 3.0), labels, 2).tolist() == [1, 3]
    scores, own = torch.zeros(1, 4, 2) + torch.tensor([1.0, 0.0]), torch.tensor([1.0, 3.0])
    total = total_weight(labels[:1], own)
    loss, *_ = judge(scores, labels[:1], labels[:1], scale=1.0, weights=own, total=total)
    right, wrong = np.log(1 + np.exp(-1)), np.log(1 + np.exp(1))
    assert loss.item() == pytest.approx((3 * right + 3 * wrong) / 6, rel=1e-6)  # float32
    with pytest.raises(ValueError, match="class 2 does not occur in training"):
        class_weights("balanced", labels, 3)
    with pytest.raises(ValueError, match="class_weights: expected 2 numbers, got 3"):
        fit(student(), task(), **QUICK, class_weights=(1, 1, 1))


def test_more_threads_than_cores():
    with pytest.warns(UserWarning, match="threads=4096, but there are .* cores"), limited_threads(4096):
        pass


def test_one_label_per_trial():
    net = student().network
    twin = Twin(
        net, trainable=("w",), readout=Readout("output", "v", "before_output_resets", reduce="mean", skip=2)
    )
    history = fit(twin, task(per_trial=True), **QUICK | {"epochs": 10, "learning_rate": 0.05})
    assert history.train_loss[-1] < history.train_loss[0]
    assert predict(twin, task().valid.stimulus).shape == (10, 2)
    with pytest.raises(ValueError, match="a label per trial needs a readout that reduces over time"):
        fit(student(), task(per_trial=True), **QUICK)


class Breaking(torch.nn.Module):
    """Its scores become NaN in the third batch."""

    def __init__(self):
        super().__init__()
        self.kept, self.lost = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
        self.calls = 0

    def forward(self, stimulus):
        self.calls += self.training
        factor = torch.nan if self.calls == 4 else 1.0
        return stimulus * self.kept.detach() * self.lost * factor + 0 * self.kept


def test_a_lost_number_stops_the_run_by_name():
    with pytest.raises(
        TrainingDiverged,
        match="loss nan in epoch 1, batch 1: all parameters are finite, the gradient of kept is not",
    ):
        fit(Breaking(), task(), **QUICK)


@pytest.mark.parametrize("detached", [False, True])
def test_a_lost_gradient_is_said_with_the_ways_out_that_are_left(detached):
    twin = student()
    twin.detach_reset = detached
    twin.trained["hidden1"]["bias"].free.register_hook(lambda grad: grad * torch.inf)
    message = (
        "in epoch 0, batch 0: .*the gradient of trained.hidden1.bias.free is not; lower its learning rate"
    )
    with pytest.raises(TrainingDiverged, match=message) as found:
        fit(twin, task(), **QUICK)
    assert ("detach_reset=True" in str(found.value)) == (not detached)


def losing(*calls):
    """A student whose gradient is infinite at these backward passes, counted from 0."""
    twin, made = student(), []

    def lose(grad):
        made.append(None)
        return grad * (torch.inf if len(made) - 1 in calls else 1.0)

    twin.trained["hidden1"]["bias"].free.register_hook(lose)
    return twin


def test_batches_without_a_gradient_may_be_left_out():
    batches = -(-len(task().train.trial) // QUICK["batch_size"])
    twin = losing(1, batches)  # one in each of the first two epochs
    history = fit(twin, task(), **QUICK | {"epochs": 3, "lost_gradients": 1})
    assert history["batches_left_out"].values.tolist() == [1, 1, 0]
    assert all(bool(torch.isfinite(p).all()) for p in twin.parameters())


def test_nothing_moves_where_a_batch_is_left_out():
    batches = -(-len(task().train.trial) // QUICK["batch_size"])
    twin = losing(*range(batches))
    before = {k: v.clone() for k, v in twin.state_dict().items()}
    history = fit(twin, task(), **QUICK | {"epochs": 1, "lost_gradients": batches})
    assert history["batches_left_out"].values.tolist() == [batches]
    assert all(torch.equal(v, before[k]) for k, v in twin.state_dict().items())


def test_no_more_batches_are_left_out_than_may_be():
    with pytest.raises(TrainingDiverged, match="in epoch 0, batch 1: .*hidden1.bias.free is not"):
        fit(losing(0, 1), task(), **QUICK | {"lost_gradients": 1})


def test_a_lost_loss_is_not_left_out():
    with pytest.raises(TrainingDiverged, match="loss nan in epoch 1, batch 1"):
        fit(Breaking(), task(), **QUICK | {"lost_gradients": 100})


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"lost_gradients": -1}, ValueError, "lost_gradients: expected an integer >= 0, got -1"),
        ({"epoch": 3}, TypeError, "unknown option 'epoch'; did you mean epochs"),
        ({"learning_rte": 1}, TypeError, "did you mean learning_rate"),
        ({"epochs": 0}, ValueError, "epochs: expected an integer >= 1, got 0"),
        ({"epochs": True}, ValueError, "epochs: expected an integer"),
        ({"batch_size": 2.5}, ValueError, "batch_size: expected an integer"),
        ({"learning_rate": 0}, ValueError, "learning_rate: expected a finite number > 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate"),
        ({"time_constant_rate": "fast"}, ValueError, "time_constant_rate"),
        ({"schedule": "cosine"}, ValueError, "schedule: expected one of one_cycle, step, constant"),
        ({"select": "test_accuracy"}, ValueError, "select: expected one of valid_accuracy"),
        ({"patience": 0}, ValueError, "patience: expected None or an integer >= 1"),
        ({"rate_penalty": -1}, ValueError, "rate_penalty: expected a finite number >= 0"),
        ({"clip_norm": 0}, ValueError, "clip_norm: expected None or a number > 0"),
        ({"unlabelled": "drop"}, ValueError, "unlabelled: expected 'mask' or a class number"),
        ({"unlabelled": 2}, ValueError, "unlabelled counted as class 2, but there are 2 classes"),
        ({"resume": True}, ValueError, "resume needs the path of a checkpoint"),
    ],
)
def test_options_that_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        fit(student(), task(), **QUICK | options)


def test_tasks_that_are_refused():
    wrong = task()
    wrong.train["label"].values[3, 4] = 2
    with pytest.raises(ValueError, match="labels of train run from 0 to 2: expected 0 to 1"):
        fit(student(), wrong, **QUICK)
    negative = task()
    negative.valid["label"].values[0, 0] = -1
    with pytest.raises(ValueError, match="labels of valid run from -1 to 1"):
        fit(student(), negative, **QUICK)
    empty = task()
    empty.valid = empty.valid.isel(trial=slice(0))
    with pytest.raises(ValueError, match="the valid split is empty"):
        fit(student(), empty, **QUICK)
    with pytest.raises(ValueError, match="nothing to train; give Twin"):
        fit(student(trainable=()), task(), **QUICK)
    graded = task()
    graded.train["stimulus"] = graded.train.stimulus * 0.5
    with pytest.raises(ValueError, match="expected 0 or 1 spikes per step, got 0.5"):
        fit(student(), graded, **QUICK)
    with pytest.raises(ValueError, match="has no labelled step after the first"):
        fit(student(), task(labelled=np.zeros(STEPS, bool)), **QUICK)


def test_threads_are_as_before():
    before = torch.get_num_threads()
    seen = []
    model = Recurrent()
    model.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    with pytest.raises(TypeError, match="unknown option"):
        fit(model, task(), **QUICK, thread=2)
    fit(model, task(), **QUICK | {"epochs": 1}, threads=2)
    assert set(seen) == {2}
    assert torch.get_num_threads() == before
