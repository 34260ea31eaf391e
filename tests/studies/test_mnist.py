import gzip
import struct

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies import task as task_module
from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_psmnist, load_smnist, load_task, pixels
from chronaxie.studies.tasks.idx import read_idx
from chronaxie.studies.tasks.mnist import FILES
from chronaxie.studies.tasks.pixels import window_index, windows

(TRAIN_IMAGES, TRAIN_LABELS), (TEST_IMAGES, TEST_LABELS) = FILES["train"], FILES["test"]
TRAIN, TEST = 12, 4


def content(count, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    images[0, 0, :3] = 0, 25, 26  # 25/255 is below 0.1, 26/255 above
    return images, (np.arange(count) % 10).astype(np.uint8)


def idx(array, *, code=8, shape=None):
    shape = array.shape if shape is None else shape
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    """A data folder with 12 training and 4 test images, two of the four files gzipped."""
    (tmp_path / "mnist").mkdir()
    for (images, labels), (count, seed) in zip(FILES.values(), ((TRAIN, 0), (TEST, 1)), strict=True):
        pictures, names = content(count, seed)
        (tmp_path / f"{images}.gz").write_bytes(gzip.compress(idx(pictures)))
        (tmp_path / labels).write_bytes(idx(names))
    return tmp_path


def published_windows(image, size):
    """The input of the released script (Yin, Corradi and Bohté 2021), step by step."""
    flat = image.reshape(-1)
    steps = []
    for start in range(len(flat)):
        steps.append(flat[start : start + size] if start < len(flat) - size else flat[-size:])
    return np.stack(steps)


@pytest.mark.parametrize("window", [1, 8, 784])
def test_the_windows_are_the_published_ones(folder, window):
    task = load_smnist(folder, window=window, valid_trials=3)
    images, labels = content(TEST, 1)
    expected = np.stack(
        [published_windows(image.astype(np.float32) / np.float32(255), window) for image in images]
    )
    assert task.test.stimulus.shape == (TEST, 784, window)
    assert task.test.stimulus.dtype == np.float32
    assert np.array_equal(task.test.stimulus.values, expected)
    assert np.array_equal(task.test.label, labels)
    assert task.test.label.dims == ("trial",)
    assert task.test.sizes["channel"] == window
    assert task.dt == 0.001
    assert np.allclose(np.diff(task.test.time), 0.001)


def test_validation_comes_from_the_training_file_only(folder):
    images, labels = content(TRAIN)
    task = load_smnist(folder, valid_trials=3, seed=5)
    train, valid = task.train.trial.values, task.valid.trial.values
    assert sorted([*train, *valid]) == list(range(TRAIN))
    assert len(valid) == 3
    assert task.test.trial.values.tolist() == [12, 13, 14, 15]
    for split, trial in ((task.train, train), (task.valid, valid)):
        assert np.array_equal(split.label, labels[trial])
        assert np.array_equal(split.stimulus[:, :777, 0] * 255, images.reshape(TRAIN, -1)[trial, :777])
    assert load_smnist(folder, valid_trials=3, seed=5).valid.identical(task.valid)
    others = {tuple(load_smnist(folder, valid_trials=3, seed=s).valid.trial.values) for s in range(5)}
    assert len(others) > 1


def test_fewer_trials(folder):
    whole = load_smnist(folder, valid_trials=3, seed=1)
    task = load_smnist(folder, valid_trials=3, train_trials=4, test_trials=2, seed=1)
    assert task.valid.trial.equals(whole.valid.trial)
    assert task.train.sizes["trial"] == 4
    assert set(task.train.trial.values) < set(whole.train.trial.values)
    assert task.test.identical(whole.test.isel(trial=slice(0, 2)))


def test_the_hash_is_that_of_the_data_and_the_options_not_of_the_compression(folder):
    def found(**options):
        return load_smnist(folder, **({"valid_trials": 3} | options)).hash

    before = found()
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=1))
    assert found() == before
    assert len({before, found(window=4), found(valid_trials=2), found(seed=1), found(test_trials=1)}) == 5
    images, _ = content(TRAIN)
    images[3, 3, 3] ^= 1
    path.write_bytes(gzip.compress(idx(images)))
    assert found() != before


def test_permuted_pixels_above_the_threshold_are_spikes(folder):
    task = load_psmnist(folder, valid_trials=3, seed=2)
    order = task.test.permutation.values
    assert sorted(order) == list(range(784))
    assert not np.array_equal(order, np.arange(784))
    images, _ = content(TEST, 1)
    black = (images.reshape(TEST, -1) / 255 > 0.1)[:, order]
    assert task.test.stimulus.dtype == np.uint8
    assert np.array_equal(task.test.stimulus.values, np.stack([published_windows(row, 4) for row in black]))
    for split in (task.train, task.valid):
        assert split.permutation.identical(task.test.permutation)
    assert "units" in task.test.permutation.attrs


def test_25_of_255_is_below_a_tenth_and_26_above(folder):
    task = load_psmnist(folder, valid_trials=1, permutation=np.arange(784), window=1)
    first = load_smnist(folder, valid_trials=1, window=1).test
    assert np.allclose(first.stimulus[0, :3, 0] * 255, [0, 25, 26])
    assert task.test.stimulus.values[0, :3, 0].tolist() == [0, 0, 1]


def test_the_permutation_has_a_seed_of_its_own(folder):
    one, two = (load_psmnist(folder, valid_trials=3, seed=s) for s in (0, 1))
    assert one.test.permutation.equals(two.test.permutation)
    other = load_psmnist(folder, valid_trials=3, permutation=1)
    assert not other.test.permutation.equals(one.test.permutation)
    assert other.hash != one.hash
    given = load_psmnist(folder, valid_trials=3, permutation=one.test.permutation.values)
    assert given.test.identical(one.test)


def test_grey_values_permuted(folder):
    task = load_psmnist(folder, valid_trials=3, threshold=None, window=1)
    plain = load_smnist(folder, valid_trials=3, window=1)
    assert task.test.stimulus.dtype == np.float32
    permuted = plain.test.stimulus.values[:, task.test.permutation.values]
    assert np.array_equal(task.test.stimulus.values, permuted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "load_psmnist: window must be a whole number from 1 to 784 pixels, got 0"),
        ({"window": 785}, "window must be .* got 785"),
        ({"window": True}, "window must be .* got True"),
        ({"window": 2.0}, r"window must be .* got 2\.0"),
        ({"threshold": 1.0}, r"threshold must be None or from 0 to below 1, got 1\.0"),
        ({"threshold": -0.1}, "threshold must be"),
        ({"threshold": float("nan")}, "threshold must be .* got nan"),
        ({"threshold": "a"}, "threshold must be"),
        ({"permutation": -1}, "permutation must be a whole number >= 0, got -1"),
        ({"permutation": np.zeros(784, int)}, "name each of the pixels 0 to 783 once"),
        ({"permutation": np.arange(783)}, r"once, got int64 \(783,\)"),
        ({"permutation": np.arange(784.0)}, "once, got float64"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"valid_trials": 0}, "valid_trials must be a whole number >= 1, got 0"),
        ({"valid_trials": TRAIN}, "valid_trials is 12, but there are only 11 images"),
        ({"train_trials": 10}, "train_trials is 10, but there are only 9 images"),
        ({"test_trials": 5}, "test_trials is 5, but there are only 4"),
        ({"test_trials": 0}, "test_trials must be a whole number >= 1"),
    ],
)
def test_options_out_of_range(folder, options, message):
    with pytest.raises(ValueError, match=message):
        load_psmnist(folder, **({"valid_trials": 3} | options))


# ------------------------------------------------------------------ made where it is read
def test_only_what_is_asked_for_is_made(folder, monkeypatch):
    read, take = [], np.take

    def spy(rows, *args, **kwargs):
        read.append(len(rows))
        return take(rows, *args, **kwargs)

    monkeypatch.setattr(pixels.np, "take", spy)
    monkeypatch.setattr(task_module, "_BLOCK", 5 * 784 * 8 * 4)
    task = load_smnist(folder, valid_trials=3)
    assert max(read) == 5
    assert sum(read) == TRAIN + TEST
    read.clear()
    assert task.train.stimulus.isel(trial=slice(2, 4)).shape == (2, 784, 8)
    assert not read
    assert task.train.stimulus.isel(trial=slice(2, 4)).values.shape == (2, 784, 8)
    assert read == [2]


@pytest.mark.parametrize(
    "key",
    [
        {"trial": 1},
        {"trial": slice(1, 3), "time": slice(None, None, 7)},
        {"trial": [3, 0], "channel": [2, 1]},
        {"trial": 0, "time": 5},
        {"time": -1},
        {"channel": 0, "time": [781, 2]},
        {"trial": xr.DataArray([0, 2], dims="pair"), "time": xr.DataArray([3, 4], dims="pair")},
        {"trial": slice(0, 0)},
    ],
)
def test_every_way_of_indexing_gives_the_same(key):
    images, _ = content(4)
    values = (np.arange(256) / 255).astype(np.float32)
    index = window_index(784, 3)
    dims = ("trial", "time", "channel")
    lazy = xr.Variable(dims, windows(images.reshape(4, -1), index, values))
    eager = xr.Variable(dims, values[images.reshape(4, -1)][:, index])
    assert lazy.isel(key).identical(eager.isel(key))
    assert lazy[2, 5, 1].item() == eager[2, 5, 1].item()
    turned = "time", "trial", "channel"
    assert lazy.transpose(*turned).isel(key).identical(eager.transpose(*turned).isel(key))


def test_a_split_is_a_dataset_like_any_other(folder, tmp_path):
    task = load_smnist(folder, valid_trials=3)
    part = task.test.isel(trial=[2, 1])
    assert part.copy(deep=True).identical(part.load())
    task.test.to_netcdf(tmp_path / "test.nc")
    with xr.open_dataset(tmp_path / "test.nc") as again:
        assert np.array_equal(again.stimulus, task.test.stimulus)
        assert np.array_equal(again.label, task.test.label)


def test_a_wrong_value_in_a_later_block_is_named_with_its_place(folder, monkeypatch):
    monkeypatch.setattr(task_module, "_BLOCK", 1)
    values = np.ones((5, 6, 2), np.float32)
    values[3, 4, 1], values[4, 0, 0] = np.nan, np.inf
    split = task_module.make_split(
        values, np.zeros(5, np.int8), dt=0.001, trial=np.arange(5), channel=["a", "b"]
    )
    texts = dict.fromkeys(("source", "licence", "hash", "description"), "x")
    with pytest.raises(TaskError, match=r"got nan at \(trial, time, channel\) = \(3, 4, 1\) and 1 more"):
        task_module.Task("t", split, split, split, classes=("0", "1"), dt=0.001, **texts)


# ------------------------------------------------------------------ files
@pytest.mark.parametrize("name", [f"{TRAIN_IMAGES}.gz", TRAIN_LABELS, f"{TEST_IMAGES}.gz", TEST_LABELS])
def test_a_missing_file_is_named_and_how_to_fetch_it(folder, name):
    (folder / name).unlink()
    with pytest.raises(
        MissingDataError, match=f"'smnist'.*{name.removesuffix('.gz')}.*chronaxie fetch mnist"
    ):
        load_smnist(folder, valid_trials=3)


def test_a_folder_in_place_of_a_file(folder):
    (folder / TRAIN_LABELS).unlink()
    (folder / TRAIN_LABELS).mkdir()
    with pytest.raises(MissingDataError, match="train-labels-idx1-ubyte: cannot be read .*check the path"):
        load_smnist(folder, valid_trials=3)


def cut(raw):
    return raw[: len(raw) // 2]


@pytest.mark.parametrize(
    "damage", [cut, lambda b: b[:-1], lambda b: b[:12], lambda b: b[:100] + b"\0" + b[101:]]
)
def test_a_damaged_gzip_file_is_named(folder, damage):
    path = folder / f"{TRAIN_IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        TaskError, match="train-images-idx3-ubyte.gz: expected a gzipped idx file.*fetch it again"
    ):
        load_smnist(folder, valid_trials=3)


IMAGES, LABELS = content(TRAIN)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        (TRAIN_LABELS, b"", "begins with two zero bytes, got nothing"),
        (TRAIN_LABELS, b"\0\0", "got 00 00"),
        (TRAIN_LABELS, b"<html>not found", "got 3c 68 74 6d"),
        (TRAIN_LABELS, idx(LABELS, code=13), "expected unsigned bytes.*got 00 00 0d 01"),
        (TRAIN_LABELS, idx(IMAGES), "00 00 08 01 at the beginning, got 00 00 08 03; images and labels"),
        (TRAIN_LABELS, idx(LABELS)[:6], "expected 1 dimensions, the file ends before"),
        (TRAIN_LABELS, idx(LABELS)[:-1], "expected 12 values, as its head says, got 11"),
        (TRAIN_LABELS, idx(LABELS) + b"\0", "expected 12 values, as its head says, got more"),
        (TRAIN_LABELS, idx(LABELS, shape=(2**32 - 1,)), "expected 4294967295 values, .* got 12"),
        (TRAIN_LABELS, idx(LABELS[:0]), r"at least one entry, got \(0,\)"),
        (TRAIN_LABELS, idx(LABELS[:11]), "expected 12 labels, one for each image .* got 11"),
        (
            TRAIN_LABELS,
            idx(LABELS + np.uint8(1)),
            "expected labels from 0 to 9, got 10 at image 9 and 0 more",
        ),
        (TRAIN_IMAGES, idx(IMAGES[:, 1:]), r"shape \(entries, 28, 28\) with .* got \(12, 27, 28\)"),
        (TRAIN_IMAGES, idx(LABELS), "so 00 00 08 03 at the beginning, got 00 00 08 01"),
    ],
)
def test_a_wrong_file_is_named(folder, name, raw, message):
    (folder / f"{name}.gz").unlink(missing_ok=True)
    (folder / name).write_bytes(raw)
    with pytest.raises(TaskError, match=f"{name}: .*{message}"):
        load_smnist(folder, valid_trials=3)


def test_the_real_files(data_dir):
    task = load_task("smnist", data=data_dir, seed=0)
    assert [dict(split.sizes) for split in (task.train, task.valid, task.test)] == [
        {"trial": n, "time": 784, "channel": 8} for n in (55000, 5000, 10000)
    ]
    # The counts of the digits as they are published everywhere with this data set.
    counts = np.bincount(np.concatenate([task.train.label, task.valid.label]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(task.test.label).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    images = read_idx(data_dir / f"{TEST_IMAGES}.gz", item=(28, 28))
    expected = np.stack([published_windows(i.astype(np.float32) / np.float32(255), 8) for i in images[:3]])
    assert np.array_equal(task.test.stimulus[:3].values, expected)
