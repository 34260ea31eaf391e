import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from chronaxie.studies.baselines import softmax_regression_accuracy
from chronaxie.studies.task import Task, make_split

CLASSES = ("a", "b", "c")


def make_task(make_label, *, trials=(12, 2, 6), steps=40, channels=3, unlabelled=0.2):
    """Random events; the label of a step is `make_label(stimulus, rng)`, a part of the steps unlabelled."""
    rng, splits, first = np.random.default_rng(0), [], 0
    for count in trials:
        stimulus = rng.integers(0, 2, (count, steps, channels)).astype(np.uint8)
        label = make_label(stimulus, rng).astype(np.int8)
        label[rng.uniform(size=label.shape) < unlabelled] = -1
        channel = [str(k) for k in range(channels)]
        splits.append(make_split(stimulus, label, dt=0.004, trial=first + np.arange(count), channel=channel))
        first += count
    return Task("small", *splits, classes=CLASSES, dt=0.004, source="", licence="", hash="", description="")


def from_one_channel(stimulus, rng):
    noise = rng.integers(0, 3, stimulus.shape[:2])
    return np.where(rng.uniform(size=noise.shape) < 0.3, noise, stimulus[..., 0] + stimulus[..., 1])


def test_it_is_scikit_learn_on_all_labelled_steps():
    task = make_task(from_one_channel)
    steps = {}
    for name in ("train", "test"):
        split = getattr(task, name)
        labelled = split.labelled.values
        steps[name] = split.stimulus.values[labelled].astype(float), split.label.values[labelled]
    expected = LogisticRegression(max_iter=1000).fit(*steps["train"]).score(*steps["test"])
    # The same decisions, so the same count; only the mean is taken in another order.
    assert softmax_regression_accuracy(task) == pytest.approx(expected, rel=1e-12)
    assert 1 / 3 < expected < 1, "the case tells nothing"


def test_a_label_that_is_in_the_input_is_found():
    assert softmax_regression_accuracy(make_task(lambda x, rng: x[..., 0] + x[..., 1])) == 1.0


def test_a_label_that_has_nothing_to_do_with_the_input_is_not_found():
    task = make_task(lambda x, rng: rng.integers(0, 3, x.shape[:2]), trials=(40, 2, 40))
    # 1/3 by chance; 1280 labelled steps have a standard deviation of 0.013.
    assert softmax_regression_accuracy(task) == pytest.approx(1 / 3, abs=0.05)


def test_unlabelled_steps_do_not_count():
    task = make_task(lambda x, rng: x[..., 0] + x[..., 1])
    changed = task.test.copy(deep=True)
    changed["stimulus"] = changed.stimulus.where(changed.labelled, 1 - changed.stimulus).astype(np.uint8)
    fields = dict(classes=CLASSES, dt=0.004, source="", licence="", hash="", description="")
    other = Task("small", task.train, task.valid, changed, **fields)
    assert softmax_regression_accuracy(other) == 1.0


def test_a_label_a_trial_is_refused():
    task = make_task(lambda x, rng: x[:, 0, 0] + x[:, 0, 1], unlabelled=0)
    with pytest.raises(ValueError, match=r"task 'small': expected a label per step, .* got \('trial',\)"):
        softmax_regression_accuracy(task)
