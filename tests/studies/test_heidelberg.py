import gzip
import zipfile

import h5py
import numpy as np
import pytest
from brian2 import ms

from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_shd, load_ssc, load_task
from chronaxie.studies.tasks.heidelberg_spikes import Binning

WORDS = {"shd": 20, "ssc": 35}
SMALL = Binning(steps=20, dt=0.05, pool=100)


def recordings(count, classes, seed, dtype=np.float16):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(5, 60, count)
    return {
        "times": [np.sort(rng.uniform(0, 1.2, n).astype(dtype)) for n in sizes],
        "units": [rng.integers(0, 700, n).astype(np.uint16) for n in sizes],
        "labels": rng.integers(0, classes, count).astype(np.uint16),
        "speaker": np.arange(count, dtype=np.uint16) % 3,
        "keys": np.array([f"word {k}".encode() for k in range(classes)]),
    }


def write(path, values):
    """A file in the layout of the original ones: arrays of variable length, one for each recording."""
    path.parent.mkdir(exist_ok=True, parents=True)
    with h5py.File(path, "w") as file:
        for name in ("times", "units"):
            if name in values:
                rows = values[name]
                ds = file.create_dataset(f"spikes/{name}", (len(rows),), h5py.vlen_dtype(rows[0].dtype))
                for k, row in enumerate(rows):
                    ds[k] = row
        if "labels" in values:
            file["labels"] = values["labels"]
        for name in ("speaker", "keys"):
            if values.get(name) is not None:
                file[f"extra/{name}"] = values[name]
    return path


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "shd" / "shd_train.h5", recordings(12, 20, 0))
    write(tmp_path / "shd" / "shd_test.h5", recordings(4, 20, 1))
    return tmp_path


def as_published(times, units, dt, steps):
    """The loop of the released code: what is not after the edge of this step, and was in none before."""
    image = []
    for k in range(steps):
        now = times <= times.dtype.type(k * dt)
        heard = units[now]
        row = np.zeros(700)
        row[700 - heard[heard > 0].astype(int)] = 1
        times, units = times[~now], units[~now]
        image.append(row)
    return np.array(image)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_default_is_what_the_published_network_was_trained_with(dtype):
    values = recordings(20, 20, 5, dtype)
    binning = Binning()
    for times, units in zip(values["times"], values["units"], strict=True):
        # Times on the edges themselves, and twice the same spike.
        times = np.sort(np.concatenate([times, np.arange(0, 1, 0.1).astype(dtype), times[:2]]))
        units = np.resize(units, times.size)
        found = np.zeros((250, 700), dtype=np.uint8)
        late = binning.fill(found, times, units)
        assert np.array_equal(found, as_published(times, units, 0.004, 250))
        assert late == int((times > dtype(249 * 0.004)).sum())


def test_the_published_edges():
    out = np.zeros((250, 700), dtype=np.uint8)
    times = np.array([0.0, 0.001, 0.004, 0.0041, 0.996, 0.997, 1.3])
    late = Binning().fill(out, times, np.array([1, 0, 2, 699, 3, 4, 5]))
    assert np.argwhere(out).tolist() == [[0, 699], [1, 698], [2, 1], [249, 697]]
    assert late == 2


def test_the_plain_edges():
    out = np.zeros((250, 700), dtype=np.uint8)
    times = np.array([0.0, 0.0039, 0.0041, 0.9999, 1.0, 1.3])
    late = Binning(convention="plain").fill(out, times, np.array([0, 699, 7, 3, 4, 5]))
    assert np.argwhere(out).tolist() == [[0, 0], [0, 699], [1, 7], [249, 3]]
    assert late == 2


@pytest.mark.parametrize("convention", ["published", "plain"])
def test_pooled_channels_are_the_union_of_their_own(convention):
    values = recordings(1, 20, 7)
    fine, pooled = np.zeros((50, 700), dtype=np.uint8), np.zeros((50, 70), dtype=np.uint8)
    spikes = values["times"][0], values["units"][0]
    Binning(dt=20 * ms, steps=50, convention=convention).fill(fine, *spikes)
    joined = Binning(dt=20 * ms, steps=50, convention=convention, pool=10)
    joined.fill(pooled, *spikes)
    assert np.array_equal(pooled, fine.reshape(50, 70, 10).max(axis=2))
    assert len(joined.channel_names) == joined.channels == 70


def test_channels_are_named_by_unit():
    assert Binning().channel_names[:3] == ("no unit", "unit 699", "unit 698")
    assert Binning(convention="plain", pool=350).channel_names == ("unit 0", "unit 350")


def test_shd_is_read(folder):
    task = load_shd(folder, seed=2, valid_fraction=0.25)
    train, test = recordings(12, 20, 0), recordings(4, 20, 1)
    assert [getattr(task, s).sizes["trial"] for s in ("train", "valid", "test")] == [9, 3, 4]
    assert sorted([*task.train.trial.values, *task.valid.trial.values]) == list(range(12))
    assert task.test.trial.values.tolist() == [12, 13, 14, 15]
    for split, first, values in ((task.train, 0, train), (task.valid, 0, train), (task.test, 12, test)):
        assert split.stimulus.shape[1:] == (250, 700)
        for k, row in zip(split.trial.values - first, split.stimulus.values, strict=True):
            assert np.array_equal(row, as_published(values["times"][k], values["units"][k], 0.004, 250))
        assert np.array_equal(split.label, values["labels"][split.trial - first])
        assert np.array_equal(split.speaker, values["speaker"][split.trial - first])
    assert task.classes[3] == "word 3"
    assert task.dt == 0.004
    spikes = [t for values in (train, test) for row in values["times"] for t in row]
    late = np.mean(np.array(spikes) > np.float16(0.996))
    assert f"{late:.2%} of the spikes come after the last step" in task.description


def test_validation_is_drawn_from_the_training_file_by_seed(folder):
    draws = {tuple(load_shd(folder, seed=s, binning=SMALL).valid.trial.values) for s in range(6)}
    assert len(draws) > 1
    assert all(max(draw) < 12 for draw in draws)
    first, again = load_shd(folder, seed=1, binning=SMALL), load_shd(folder, seed=1, binning=SMALL)
    assert first.train.identical(again.train)
    assert first.hash == again.hash


def test_speakers_are_held_out(folder):
    task = load_shd(folder, valid_speakers=[1], binning=SMALL)
    assert set(task.valid.speaker.values.tolist()) == {1}
    assert set(task.train.speaker.values.tolist()) == {0, 2}
    assert task.valid.sizes["trial"] == 4


def test_the_hash_knows_files_binning_and_splits(folder):
    base = load_shd(folder, binning=SMALL)
    hashes = {
        base.hash,
        load_shd(folder, binning=Binning(steps=20, dt=0.05, pool=50)).hash,
        load_shd(folder, binning=SMALL, seed=1).hash,
        load_shd(folder, binning=SMALL, valid_speakers=[1]).hash,
        load_shd(folder, binning=SMALL, limit=np.int64(2)).hash,
    }
    write(folder / "shd" / "shd_test.h5", recordings(4, 20, 9))
    hashes.add(load_shd(folder, binning=SMALL).hash)
    assert len(hashes) == 6
    assert Binning(steps=np.int64(20), dt=50 * ms, pool=np.int64(100)) == SMALL


def test_limit_takes_some_recordings_of_each_split(folder):
    task = load_shd(folder, binning=SMALL, limit=2)
    whole = load_shd(folder, binning=SMALL)
    for split in ("train", "valid", "test"):
        part, all_of_it = getattr(task, split), getattr(whole, split)
        assert part.sizes["trial"] == min(2, all_of_it.sizes["trial"])
        assert part.identical(all_of_it.sel(trial=part.trial))


def test_ssc_has_a_file_for_each_split(tmp_path):
    values = {}
    for seed, (split, count) in enumerate((("train", 6), ("valid", 3), ("test", 4))):
        values[split] = recordings(count, 35, seed, np.float32) | {"speaker": None, "keys": None}
        write(tmp_path / "ssc" / f"ssc_{split}.h5", values[split])
    task = load_task("ssc", data=tmp_path, seed=5, binning=SMALL, progress=False)
    for split, first in (("train", 0), ("valid", 6), ("test", 9)):
        ds = getattr(task, split)
        assert ds.trial.values.tolist() == list(range(first, first + len(values[split]["labels"])))
        assert np.array_equal(ds.label, values[split]["labels"])
        assert "speaker" not in ds
    assert task.classes == tuple(map(str, range(35)))
    values["valid"]["keys"] = np.array([f"other {k}".encode() for k in range(35)])
    write(tmp_path / "ssc" / "ssc_valid.h5", values["valid"])
    with pytest.raises(TaskError, match="name different classes"):
        load_ssc(tmp_path, binning=SMALL)


def test_names_without_keys_are_those_of_the_paper(folder):
    for split, count in (("train", 12), ("test", 4)):
        write(folder / "shd" / f"shd_{split}.h5", recordings(count, 20, 0) | {"keys": None})
    task = load_shd(folder, binning=SMALL)
    assert (task.classes[0], task.classes[10], task.classes[19]) == ("zero", "null", "neun")


# ------------------------------------------------------------------ bad files
def test_missing_files_are_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"shd/shd_train\.h5.*chronaxie fetch shd"):
        load_shd(tmp_path)
    write(tmp_path / "shd" / "shd_train.h5", recordings(3, 20, 0))
    with pytest.raises(MissingDataError, match=r"shd/shd_test\.h5.*not found"):
        load_shd(tmp_path)
    with pytest.raises(MissingDataError, match=r"ssc/ssc_train\.h5"):
        load_ssc(tmp_path)


def test_archives_are_to_be_unpacked(folder):
    path = folder / "shd" / "shd_test.h5"
    raw = path.read_bytes()
    path.unlink()
    (folder / "shd" / "shd_test.h5.gz").write_bytes(gzip.compress(raw))
    with pytest.raises(
        MissingDataError, match=r"shd_test\.h5\.gz is there; unpack it: .*gunzip -k shd_test\.h5\.gz"
    ):
        load_shd(folder)
    with zipfile.ZipFile(folder / "shd" / "shd_test.h5.zip", "w") as archive:
        archive.writestr("shd_test.h5", raw)
    with pytest.raises(MissingDataError, match=r"unzip shd_test\.h5\.zip"):
        load_shd(folder)


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.95])
def test_truncated_files_are_refused(folder, part):
    path = folder / "shd" / "shd_train.h5"
    raw = path.read_bytes()
    path.write_bytes(raw[: int(part * len(raw))])
    with pytest.raises(TaskError, match=r"shd_train\.h5: .*fetch it again"):
        load_shd(folder)


def changed(name, k, row):
    def change(values):
        values[name] = list(values[name])
        values[name][k] = row

    return change


def spiked(name, k, where, value):
    def change(values):
        row = values[name][k].copy()
        row[where] = value
        values[name][k] = row

    return change


NAN, INF = np.float16(np.nan), np.float16(np.inf)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("times"), "expected the datasets .* no spikes/times, found extra"),
        (lambda v: v.pop("units"), "no spikes/units"),
        (lambda v: v.pop("labels"), "no labels"),
        (
            spiked("units", 3, 2, 700),
            "recording 3: expected units from 0 to 699, got 700 at spike 2 and 0 more",
        ),
        (
            lambda v: v.update(units=[u.astype(np.int32) - 700 for u in v["units"]]),
            "recording [0-9]+: expected units from 0 to 699, got -",
        ),
        (
            spiked("times", 5, 0, -0.1),
            "recording 5: expected finite times >= 0 s, got -0.0999.* at spike 0 and 0 more",
        ),
        (spiked("times", 5, -1, NAN), "recording 5: expected finite times >= 0 s, got nan"),
        (spiked("times", 5, -1, INF), "recording 5: expected finite times >= 0 s, got inf"),
        (
            spiked("times", 2, 0, 1.9),
            "recording 2: expected ascending times, got .* s after 1.9.* s at spike 1",
        ),
        (changed("times", 4, np.zeros(0, np.float16)), "recording 4: expected spikes, got none"),
        (changed("times", 4, np.zeros(2, np.float16)), "recording 4: expected as many units as times"),
        (
            lambda v: v.update(times=v["times"][:-1]),
            "expected spikes/times as 12 arrays .* of shape \\(11,\\)",
        ),
        (
            lambda v: v.update(times=[t.astype(int) for t in v["times"]]),
            "expected spikes/times as 12 arrays .* of floats, got int64",
        ),
        (
            lambda v: v.update(units=[u.astype(float) for u in v["units"]]),
            "expected spikes/units as 12 arrays .*whole numbers, got float64",
        ),
        (lambda v: v.update(labels=v["labels"].astype(float)), "expected labels as whole numbers"),
        (
            lambda v: v["labels"].__setitem__(6, 20),
            "expected labels from 0 to 19, got 20 at recording 6 and 0 more",
        ),
        (lambda v: v.update(labels=np.zeros((12, 2), int)), "expected labels as whole numbers, one for each"),
        (lambda v: v.update(speaker=v["speaker"][:3]), "expected 12 values in extra/speaker"),
        (lambda v: v.update(keys=v["keys"][:3]), "expected 20 different names in extra/keys, got 3"),
        (lambda v: v.update(keys=np.array([b"same"] * 20)), "expected 20 different names"),
    ],
)
def test_other_contents_are_refused(folder, change, message):
    values = recordings(12, 20, 0)
    change(values)
    write(folder / "shd" / "shd_train.h5", values)
    with pytest.raises(TaskError, match=r"shd_train\.h5.*" + message):
        load_shd(folder, binning=SMALL)


def test_spikes_in_a_plain_array_are_refused(folder):
    with h5py.File(folder / "shd" / "shd_train.h5", "a") as file:
        del file["spikes/times"]
        file["spikes/times"] = np.zeros(12)
    with pytest.raises(TaskError, match="spikes/times as 12 arrays of variable length.*got float64 of shape"):
        load_shd(folder)


def test_a_group_in_the_place_of_names_is_refused(folder):
    with h5py.File(folder / "shd" / "shd_train.h5", "a") as file:
        del file["extra/keys"]
        file.create_group("extra/keys/deeper")
    with pytest.raises(TaskError, match=r"shd_train\.h5: expected extra/keys as 20 names, got a group"):
        load_shd(folder)


def test_one_recording_cannot_train_and_validate(folder):
    write(folder / "shd" / "shd_train.h5", recordings(1, 20, 0))
    with pytest.raises(TaskError, match="at least 2 recordings"):
        load_shd(folder)


def test_speakers_need_their_names(folder):
    write(folder / "shd" / "shd_train.h5", recordings(12, 20, 0) | {"speaker": None})
    with pytest.raises(TaskError, match="expected extra/speaker, to hold out speakers, found none"):
        load_shd(folder, valid_speakers=[1])


def test_what_memory_does_not_hold_is_refused_before_it_is_read(folder, monkeypatch):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    # 16 recordings of 175 kB, and three times the 11 of the largest split: 8.6 MB, where there are 4.1.
    with pytest.raises(TaskError, match=r"16 recordings of 250 steps and 700 channels need .*join channels"):
        load_shd(folder)
    assert load_shd(folder, binning=SMALL).train.sizes["channel"] == 7


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"seed": -1}, ValueError, "load_shd: seed must be a whole number >= 0, got -1"),
        ({"valid_fraction": 0.0}, ValueError, "load_shd: valid_fraction must be between"),
        ({"valid_speakers": [7]}, ValueError, "valid_speakers must be some.*\\[0, 1, 2\\], got \\[7\\]"),
        ({"valid_speakers": []}, ValueError, "valid_speakers must be some"),
        ({"valid_speakers": [0, 1, 2]}, ValueError, "some, not all"),
        ({"limit": 0}, ValueError, "limit must be a whole number >= 1, got"),
        ({"binning": 0.004}, TypeError, "binning must be a Binning, got float"),
    ],
)
def test_bad_options_are_refused(folder, options, error, message):
    with pytest.raises(error, match=message):
        load_shd(folder, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 0.0}, "Binning: dt must be a positive time"),
        ({"steps": 0}, "steps must be a whole number >= 1"),
        ({"pool": 3}, "pool must divide 700, got 3"),
        ({"pool": True}, "pool must be a whole number"),
        ({"convention": "other"}, "convention must be one of"),
    ],
)
def test_bad_binnings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Binning(**options)
