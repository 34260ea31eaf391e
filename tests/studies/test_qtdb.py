import hashlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import find_data, load_qtdb, load_task
from chronaxie.studies.tasks.qtdb import recordings

TRAIN, TEST = "QTDB_train.mat", "QTDB_test.mat"


def content(trials, steps=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (trials, steps, 4)).astype(np.int16)
    x[:, -1, 0] = -1
    y = np.eye(6, dtype=np.uint8)[rng.integers(0, 6, (trials, steps))]
    y[0, 1] = 0
    return {"x": x, "y": y}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "qtdb").mkdir()
    savemat(tmp_path / "qtdb" / TRAIN, content(10))
    savemat(tmp_path / "qtdb" / TEST, content(3, seed=1))
    return tmp_path


def rewrite(folder, file, **changes):
    savemat(folder / "qtdb" / file, {**content(10 if file == TRAIN else 3), **changes})


def changed(name, where, value, dtype=None):
    array = content(10)[name] if dtype is None else content(10)[name].astype(dtype)
    array[where] = value
    return {name: array}


def test_marker_and_unlabelled_steps_are_resolved(folder):
    task = load_qtdb(folder, seed=3)
    original = content(3, seed=1)
    expected = np.where(original["x"] < 0, 0, original["x"])
    assert np.array_equal(task.test.stimulus, expected)
    assert task.test.stimulus.dtype == np.uint8
    assert task.test.label.dtype == np.int8
    assert task.unlabelled_class == "P"
    assert task.test.label.values[0, 1] == -1
    assert not task.test.labelled.values[0, 1]
    assert int((~task.test.labelled).sum()) == 1
    labelled = task.test.labelled.values
    assert np.array_equal(np.eye(6)[task.test.label.values[labelled]], original["y"][labelled])


def test_validation_comes_from_the_training_file_only(folder):
    task = load_qtdb(folder, valid_fraction=0.3, seed=3)
    train, valid = task.train.trial.values, task.valid.trial.values
    assert sorted([*train, *valid]) == list(range(10))
    assert len(valid) == 3
    assert task.test.trial.values.tolist() == [10, 11, 12]
    x = content(10)["x"].clip(0)
    assert np.array_equal(task.train.stimulus, x[train])
    assert np.array_equal(task.valid.stimulus, x[valid])
    assert load_qtdb(folder, valid_fraction=0.3, seed=3).valid.identical(task.valid)
    others = {tuple(load_qtdb(folder, valid_fraction=0.3, seed=s).valid.trial.values) for s in range(5)}
    assert len(others) > 1


def test_training_sequences_are_cut_into_windows(data_dir):
    whole, cut = load_qtdb(data_dir, seed=3), load_qtdb(data_dir, seed=3, window=1.0)
    assert cut.train.sizes["time"] == 250
    assert np.array_equal(cut.train.time, whole.train.time[:250])
    assert cut.valid.identical(whole.valid)
    assert cut.test.identical(whole.test)
    assert cut.hash != whole.hash
    files = whole.train.sizes["trial"] + whole.valid.sizes["trial"] + whole.test.sizes["trial"]
    sequence, number = cut.train.trial.values % files, cut.train.trial.values // files
    assert set(number) == set(range(5))
    assert np.allclose(cut.train.start, number * 1.0)
    position = {int(trial): k for k, trial in enumerate(whole.train.trial.values)}
    for k in (0, 700, 1500, cut.train.sizes["trial"] - 1):
        part = slice(250 * number[k], 250 * (number[k] + 1))
        for name in ("stimulus", "label", "labelled"):
            assert np.array_equal(cut.train[name][k], whole.train[name][position[int(sequence[k])], part])
    assert cut.train.labelled[:, 10:].mean("time").min() > 0.5
    kept = whole.train.labelled[:, :1250].values.reshape(-1, 5, 250)[..., 10:].mean(-1) > 0.5
    assert cut.train.sizes["trial"] == kept.sum()


def test_labels_are_moved_to_the_events(folder):
    for file, trials in ((TRAIN, 10), (TEST, 3)):
        savemat(folder / "qtdb" / file, content(trials, steps=40))
    as_published, moved = load_qtdb(folder), load_qtdb(folder, label_lag=0)
    assert moved.hash != as_published.hash
    for name in ("train", "valid", "test"):
        whole, cut = getattr(as_published, name), getattr(moved, name)
        steps = whole.sizes["time"] - 17
        assert cut.sizes["time"] == steps
        assert np.array_equal(cut.stimulus, whole.stimulus[:, :steps])
        assert np.array_equal(cut.label, whole.label[:, 17:])
        assert np.array_equal(cut.labelled, whole.labelled[:, 17:])
        assert np.array_equal(cut.trial, whole.trial)
    with pytest.raises(ValueError, match=r"label_lag must be a whole number of 0 to 17 .* got 18"):
        load_qtdb(folder, label_lag=18)
    savemat(folder / "qtdb" / TEST, content(3, steps=27))
    savemat(folder / "qtdb" / TRAIN, content(10, steps=27))
    with pytest.raises(TaskError, match="expected more than 27 steps, for a label_lag of 0, got 27"):
        load_qtdb(folder, label_lag=0)


@pytest.mark.parametrize("window", [0, -1, 6, np.nan, "1", 0.04])
def test_a_window_out_of_range_is_refused(folder, window):
    with pytest.raises(ValueError, match=r"window must be a time of 0.044 to 5.204 s or None, got"):
        load_qtdb(folder, window=window)


def test_a_window_longer_than_the_sequences_is_refused(folder):
    with pytest.raises(TaskError, match="a window of 5 s does not fit into its"):
        load_qtdb(folder, window=5)


def test_the_hash_is_that_of_the_files(folder):
    both = (folder / "qtdb" / TRAIN).read_bytes() + (folder / "qtdb" / TEST).read_bytes()
    assert load_qtdb(folder).hash == "sha256:" + hashlib.sha256(both).hexdigest()


def test_the_folder_is_the_argument_else_the_environment(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CHRONAXIE_DATA", str(folder))
    assert load_task("ecg").name == "ecg"
    assert find_data() == folder
    assert find_data("elsewhere").name == "elsewhere"
    with pytest.raises(MissingDataError, match="elsewhere.*QTDB_train.mat: file not found"):
        load_task("ecg", data=tmp_path / "elsewhere")
    monkeypatch.setenv("CHRONAXIE_DATA", "")
    assert find_data() is None
    (tmp_path / "cache" / "chronaxie" / "data").mkdir(parents=True)
    assert find_data() == tmp_path / "cache" / "chronaxie" / "data"  # what `chronaxie fetch` has made
    (tmp_path / "cache" / "chronaxie" / "data").rmdir()
    with pytest.raises(MissingDataError, match="no data folder; pass data=.*'synthetic_ecg'"):
        load_qtdb()


def test_a_missing_test_file_is_named(folder):
    (folder / "qtdb" / TEST).unlink()
    with pytest.raises(MissingDataError, match="QTDB_test.mat: file not found; expected .* check data="):
        load_qtdb(folder)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\0" * len(b), lambda b: b"no mat"]
)
def test_a_damaged_file_is_named(folder, damage):
    path = folder / "qtdb" / TRAIN
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TaskError, match="QTDB_train.mat: expected .*(damaged|not a QTDB file)"):
        load_qtdb(folder)


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        (
            TRAIN,
            {"x": np.zeros((10, 5, 3))},
            r"expected x as numbers of shape \(trial, time, 4\), got .*\(10, 5, 3\)",
        ),
        (TRAIN, {"y": np.zeros((10, 5))}, r"expected y as numbers of shape \(trial, time, 6\)"),
        (TRAIN, {"y": np.zeros((9, 5, 6))}, r"same trials and steps, got \(10, 5\) and \(9, 5\)"),
        (TRAIN, {"x": np.array([["a"]])}, "expected x as numbers"),
        (TEST, content(3, steps=6), "expected 5 steps, as in .*got 6"),
        (TRAIN, content(1), "at least 2 trials.*got 1"),
        (
            TRAIN,
            changed("x", (4, 2, 1), -1),
            r"end marker -1 only in the last step of channel 0; got -1 at .*\(4, 2, 1\)",
        ),
        (TRAIN, changed("x", (4, -1, 1), -1), "end marker -1 only"),
        (TRAIN, changed("x", (4, 0, 0), 2), "got 2 at"),
        (TRAIN, changed("x", (4, 0, 0), np.nan, float), "got nan at"),
        (TRAIN, changed("y", (4, 2), 1), r"one-hot .*got \[1, 1, 1, 1, 1, 1\] at \(trial, time\) = \(4, 2\)"),
        (TRAIN, changed("y", (4, 2), (0, 0, 2, 0, 0, 0)), "one-hot"),
        (TRAIN, changed("y", (4, 2), (0, 0, 0.5, 0.5, 0, 0), float), "one-hot"),
        (TRAIN, changed("y", (4, 2), np.nan, float), "one-hot"),
    ],
)
def test_wrong_content_is_named(folder, file, changes, message):
    rewrite(folder, file, **changes)
    with pytest.raises(TaskError, match=f"{file}: .*{message}"):
        load_qtdb(folder)


def test_a_file_without_labels_is_named(folder):
    savemat(folder / "qtdb" / TRAIN, {"x": content(10)["x"]})
    with pytest.raises(TaskError, match="expected the variables x and y, got no y"):
        load_qtdb(folder)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan"), "a", None, [0.1]])
def test_the_fraction_is_held_to_its_range(folder, fraction):
    with pytest.raises(ValueError, match="valid_fraction must be between 0 and 1"):
        load_qtdb(folder, valid_fraction=fraction)


@pytest.mark.parametrize("seed", [-1, "a", 0.5, True])
def test_the_seed_is_a_whole_number(folder, seed):
    with pytest.raises(ValueError, match="load_qtdb: seed must be a whole number >= 0"):
        load_qtdb(folder, seed=seed)


def test_the_real_files(data_dir):
    task = load_qtdb(data_dir)
    assert [dict(ds.sizes) for ds in (task.train, task.valid, task.test)] == [
        {"trial": n, "time": 1301, "channel": 4} for n in (556, 62, 141)
    ]
    unlabelled = [int((~ds.labelled).sum()) for ds in (task.train, task.valid, task.test)]
    assert unlabelled[0] + unlabelled[1] == 65785
    assert unlabelled[2] == 19056
    label = task.test.label.values
    fractions = np.bincount(label[label >= 0], minlength=6) / (label >= 0).sum()
    # The README of the data gives three digits.
    assert np.allclose(fractions, [0.147, 0.062, 0.060, 0.055, 0.340, 0.336], atol=6e-4)
    original = loadmat(data_dir / "qtdb" / TEST)["x"]
    differs = np.argwhere(original != task.test.stimulus.values)
    assert np.array_equal(differs, [(trial, 1300, 0) for trial in range(141)])


def windows_of(recordings, seed=0):
    """Labels of overlapping windows, as the published files have them: one recording after the other."""
    rng = np.random.default_rng(seed)
    found = []
    for windows in recordings:
        label = rng.integers(0, 6, 1000 * windows + 301).astype(np.int8)
        for k in range(windows):
            window = label[1000 * k :][:1301].copy()
            window[:19], window[19:38] = 0, -1
            found.append(window)
    return np.array(found)


def test_sequences_of_one_recording_are_found_by_their_overlap():
    label = windows_of([3, 1, 4])
    assert recordings(label).tolist() == [0, 0, 0, 1, 2, 2, 2, 2]
    label[:, 38:] = -1  # nothing in common but that nothing is labelled
    assert recordings(label).tolist() == list(range(8))
    assert recordings(label[:, :1300]).tolist() == list(range(8))


def test_no_stretch_of_ecg_both_trains_and_validates(folder):
    label = windows_of([2, 3, 1, 2, 2])
    y = (label[..., None] == np.arange(6)).astype(np.uint8)
    savemat(folder / "qtdb" / TRAIN, {"x": np.zeros((10, 1301, 4), np.int16), "y": y})
    savemat(folder / "qtdb" / TEST, {"x": np.zeros((1, 1301, 4), np.int16), "y": y[:1]})
    for seed in range(6):
        task = load_qtdb(folder, valid_fraction=0.3, seed=seed)
        assert not set(task.train.recording.values) & set(task.valid.recording.values)
        assert 3 <= task.valid.sizes["trial"] <= 5
        assert task.train.sizes["trial"] + task.valid.sizes["trial"] == 10
    y = (windows_of([10])[..., None] == np.arange(6)).astype(np.uint8)
    savemat(folder / "qtdb" / TRAIN, {"x": np.zeros((10, 1301, 4), np.int16), "y": y})
    with pytest.raises(TaskError, match="at least 2 recordings.*overlapping sequences of one"):
        load_qtdb(folder)


def test_the_real_files_hold_recordings(data_dir):
    for seed in range(3):
        task = load_qtdb(data_dir, seed=seed)
        train, valid = set(task.train.recording.values), set(task.valid.recording.values)
        assert not train & valid
        assert train | valid == set(range(75))
        assert 62 <= task.valid.sizes["trial"] < 90
    assert len(set(task.test.recording.values)) == 20
