import numpy as np
import pytest
import torch
from brian2 import ms
from sklearn import datasets

from chronaxie.gradient_bridge import Twin, fit
from chronaxie.models import srnn
from chronaxie.studies.tasks import load_digits, load_task
from chronaxie.studies.train_config import TrainConfig
from chronaxie.studies.training import run

SPLITS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def task():
    return load_digits(seed=0)


def test_it_needs_no_folder(task, monkeypatch, tmp_path):
    monkeypatch.setenv("CHRONAXIE_DATA", str(tmp_path / "not there"))
    assert load_task("digits", seed=0).hash == task.hash
    with pytest.raises(ValueError, match="'digits' reads no data"):
        load_task("digits", data=tmp_path)


def test_every_image_is_in_one_split_and_what_scikit_learn_has(task):
    table = datasets.load_digits()
    trials = np.concatenate([getattr(task, split).trial.values for split in SPLITS])
    assert sorted(trials) == list(range(1797))
    for split in SPLITS:
        ds = getattr(task, split)
        assert ds.stimulus.dtype == np.float32
        assert np.array_equal(ds.label, table.target[ds.trial])
        # Steps 0 to 56 begin with every pixel once; the last window is that of step 56.
        assert np.array_equal(ds.stimulus[:, :57, 0] * 16, table.data[ds.trial.values, :57])
        assert np.array_equal(
            ds.stimulus[:, 56:] * 16, np.repeat(table.data[ds.trial.values, None, 56:], 8, 1)
        )
    assert task.test.sizes["time"] == 64
    assert np.allclose(np.diff(task.test.time), 0.001)


def test_every_split_has_its_share_of_every_digit(task):
    for split, share in zip(SPLITS, (0.65, 0.15, 0.2), strict=True):
        counts = np.bincount(getattr(task, split).label.values, minlength=10)
        whole = np.bincount(datasets.load_digits().target)
        assert np.abs(counts - share * whole).max() <= 1


def test_the_seed_draws_the_splits():
    one, again, other = (load_digits(seed=s).test.trial.values.tolist() for s in (3, 3, 4))
    assert one == again
    assert len(set(one) & set(other)) < 0.5 * len(one)
    assert load_digits(seed=3).hash != load_digits(seed=4).hash


def test_one_channel():
    ds = load_digits(window=1).test
    image = datasets.load_digits().data[ds.trial.values[5]]
    assert np.array_equal(ds.stimulus[5, :, 0] * 16, image)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "load_digits: window must be a whole number from 1 to 64 pixels, got 0"),
        ({"window": 65}, "got 65"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"valid_fraction": 0}, "valid_fraction must be between 0 and 1"),
        ({"test_fraction": float("nan")}, "test_fraction must be between 0 and 1"),
        ({"test_fraction": "a"}, "test_fraction must be between 0 and 1"),
        ({"test_fraction": 0.5, "valid_fraction": 0.5}, "together must be less than 1"),
        ({"test_fraction": 0.001}, "leave a split without one"),
        ({"test_fraction": 0.5, "valid_fraction": 0.499}, "leave a split without one"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        load_digits(**options)


def test_a_twin_trains_on_it():
    task = load_digits(valid_fraction=0.1, test_fraction=0.8)
    net = srnn(8, [8], 10, input="current", dt=1 * ms, seed=0, readout_reduce="mean", readout_skip=0)
    twin = Twin(net, trainable=("w", "bias", "tau_m", "tau_a"), dtype=torch.float32, namespace={})
    history = fit(twin, task, epochs=2, batch_size=64, learning_rate=0.02, score_scale=10.0, progress=False)
    assert history.train_loss[1] < history.train_loss[0]
    assert np.isfinite(history.valid_loss).all()


@pytest.mark.slow
def test_the_recipe_learns_it():
    result, _ = run(TrainConfig("digits", brian2_trials=20), report=lambda line: None)
    # The page on this task says 0.95 and more; 0.93 is what any machine's rounding must leave.
    assert result.test_accuracy > 0.93
    assert result.spike_mismatches == 0
