import io
import re

import numpy as np
import pytest
from scipy.io import wavfile

from chronaxie.models import HairCells, SpeechEncoder, encode_speech
from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_spoken_digits, load_task

ENCODER = SpeechEncoder(channels=4, low=200, high=3000, steps=10, cells=HairCells(gain=3.0))
SPEAKERS = ("ann", "bob", "cy")


def content(repetitions=8, seed=0):
    """Three speakers, ten digits, `repetitions` of each, as the packed file holds them."""
    rng = np.random.default_rng(seed)
    count = len(SPEAKERS) * 10 * repetitions
    length = rng.integers(400, 1200, count)
    index = np.tile(np.arange(repetitions), 30)
    return {
        "samples": rng.integers(-2000, 2000, length.sum()).astype(np.int16),
        "offsets": np.concatenate([[0], np.cumsum(length)]),
        "labels": np.tile(np.repeat(np.arange(10), repetitions), 3).astype(np.uint8),
        "speaker": np.repeat(np.arange(3), 10 * repetitions).astype(np.uint8),
        "speaker_names": np.array(SPEAKERS),
        "index": index.astype(np.uint8),
        "is_test": index < 2,
        "sample_rate": np.int32(8000),
    }


def write(folder, values):
    (folder / "fsdd").mkdir(exist_ok=True)
    np.savez(folder / "fsdd" / "fsdd.npz", **values)
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data"), content())


def load(folder, **options):
    return load_spoken_digits(folder, encoder=ENCODER, progress=False, **options)


def numbers(task):
    return {split: getattr(task, split).trial.values for split in ("train", "valid", "test")}


@pytest.mark.slow
def test_the_official_test_set_and_a_stratified_validation(folder):
    task = load(folder, seed=3, valid_fraction=0.3)
    values, found = content(), numbers(task)
    assert np.array_equal(found["test"], np.flatnonzero(values["is_test"]))
    assert np.array_equal(np.sort(np.concatenate(list(found.values()))), np.arange(240))
    groups = values["speaker"][found["valid"]] * 10 + values["labels"][found["valid"]]
    # 0.3 of the six recordings outside the test set.
    assert np.array_equal(np.bincount(groups), np.full(30, 2))
    for split, rows in found.items():
        ds = getattr(task, split)
        assert np.array_equal(ds.label, values["labels"][rows])
        assert ds.label.dims == ("trial",)
        assert ds.speaker.dims == ("trial",)
        assert np.array_equal(ds.speaker, np.array(SPEAKERS)[values["speaker"][rows]])
    assert numbers(load(folder, seed=3, valid_fraction=0.3))["valid"].tolist() == found["valid"].tolist()
    assert numbers(load(folder, seed=4, valid_fraction=0.3))["valid"].tolist() != found["valid"].tolist()


def test_the_speaker_that_is_left_out_is_the_test_set(folder):
    task = load(folder, leave_out="bob")
    assert set(task.test.speaker.values.tolist()) == {"bob"}
    assert task.test.sizes["trial"] == 80
    for split in (task.train, task.valid):
        assert set(split.speaker.values.tolist()) == {"ann", "cy"}
    # The official test recordings of the others are trained on: the test set is another one.
    assert task.train.sizes["trial"] + task.valid.sizes["trial"] == 160
    assert "bob" in task.description
    assert task.hash != load(folder).hash


@pytest.mark.slow
def test_every_recording_is_encoded_by_itself(folder):
    task = load(folder)
    values = content()
    for k in (0, 17, 200):
        (split,) = [s for s in (task.train, task.valid, task.test) if k in s.trial]
        x = values["samples"][values["offsets"][k] : values["offsets"][k + 1]]
        expected = encode_speech([x], 8000, encoder=ENCODER)[0]
        assert np.array_equal(split.stimulus.sel(trial=k), expected)
    assert task.train.stimulus.dtype == np.uint8
    assert task.train.channel.values.tolist() == list(ENCODER.names)
    assert 0.02 < float(task.train.stimulus.mean()) < 0.9


def test_longer_recordings_are_counted(folder):
    values = content()
    cut = int((np.diff(values["offsets"]) > 800).sum())
    assert 0 < cut < 240
    assert f"; {cut} of 240 recordings are longer and lose their end" in load(folder).description


def test_what_was_computed_is_kept(folder, cache, monkeypatch):
    first = load(folder)

    def computed_again(*args, **kwargs):
        raise AssertionError("computed again")

    monkeypatch.setattr("chronaxie.studies.tasks.spoken_digits.encode_speech", computed_again)
    # Another split of the same recordings.
    assert load(folder, leave_out="ann").train.stimulus.dtype == np.uint8
    assert load(folder).train.identical(first.train)
    with pytest.raises(AssertionError, match="computed again"):
        load_spoken_digits(folder, encoder=SpeechEncoder(steps=10), progress=False)


def test_the_hash_is_that_of_recordings_and_encoder(folder, tmp_path):
    same = write(tmp_path, content())
    assert load(folder).hash == load(same).hash
    values = content()
    values["samples"][5] ^= 1
    assert load(folder).hash != load(write(tmp_path, values)).hash
    other = SpeechEncoder(channels=4, low=200, high=3000, steps=11, cells=HairCells(gain=3.0))
    assert load_spoken_digits(folder, encoder=other, progress=False).hash != load(folder).hash


def test_the_wav_files_of_the_release_give_the_same_task(tmp_path):
    values = content()
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    names = []
    for k in range(240):
        x = values["samples"][values["offsets"][k] : values["offsets"][k + 1]]
        name = f"{values['labels'][k]}_{SPEAKERS[values['speaker'][k]]}_{values['index'][k]}.wav"
        wavfile.write(tmp_path / "fsdd" / "recordings" / name, 8000, x)
        names.append(name)
    # The release says nothing of the test set but in its README: repetitions 0 to 4.
    values["is_test"] = values["index"] < 5
    (tmp_path / "packed").mkdir()
    packed, unpacked = load(write(tmp_path / "packed", values)), load(tmp_path)
    assert unpacked.test.identical(packed.test)
    assert unpacked.train.identical(packed.train)
    assert unpacked.hash == packed.hash


def test_the_registry_knows_it(folder):
    task = load_task("spoken_digits", data=folder, seed=1, encoder=ENCODER, progress=False)
    assert task.name == "spoken_digits"
    assert task.classes == tuple("0123456789")
    assert task.dt == 0.01


# ------------------------------------------------------------------ bad files
def test_missing_files_are_named(tmp_path, monkeypatch):
    with pytest.raises(MissingDataError, match=r"fsdd/fsdd\.npz or fsdd/recordings.*chronaxie fetch fsdd"):
        load(tmp_path)
    monkeypatch.delenv("CHRONAXIE_DATA", raising=False)
    with pytest.raises(MissingDataError, match="no data folder"):
        load(None)
    (tmp_path / "fsdd" / "recordings").mkdir(parents=True)
    with pytest.raises(MissingDataError, match="found no WAV file"):
        load(tmp_path)


@pytest.mark.parametrize("part", [0.0, 0.001, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, part):
    path = write(tmp_path, content()) / "fsdd" / "fsdd.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(
        TaskError, match=r"fsdd\.npz: expected an npz file, but it cannot be read.*fetch it again"
    ):
        load(tmp_path)


def test_a_changed_byte_is_refused(tmp_path):
    path = write(tmp_path, content()) / "fsdd" / "fsdd.npz"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(TaskError, match="cannot be read"):
        load(tmp_path)


def test_pickled_arrays_are_refused(tmp_path):
    values = content() | {"speaker_names": np.array(list(SPEAKERS), dtype=object)}
    with pytest.raises(TaskError, match="cannot be read .*pickle"):
        load(write(tmp_path, values))


def changed(name, where, value):
    def change(values):
        array = values[name].copy()
        array[where] = value
        values[name] = array

    return change


def replaced(name, make):
    def change(values):
        values[name] = make(values[name])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("offsets"), "expected the arrays .*; offsets missing, found index, is_test"),
        (replaced("samples", lambda a: a.astype(float)), "expected samples as integers with 1 dim.*float64"),
        (replaced("samples", lambda a: a.astype(np.int32)), "expected samples as int16, got int32"),
        (replaced("samples", lambda a: a[None]), "expected samples as .* shape \\(1, "),
        (replaced("samples", lambda a: a[:-1]), "offsets from 0 to the number of samples"),
        (replaced("offsets", lambda a: a[:-1]), "expected offsets of size 241, since there are 240 labels"),
        (changed("offsets", 0, 1), "offsets from 0 to"),
        (changed("offsets", 7, 0), "ascending offsets.*got [0-9]+ and 0 at recording 6 and 0 more"),
        (lambda v: changed("offsets", 7, v["offsets"][8])(v), "at least one sample a recording.*recording 7"),
        (changed("labels", 3, 10), "expected labels from 0 to 9, got 10 at recording 3 and 0 more"),
        (changed("speaker", 4, 3), "expected speaker from 0 to 2, got 3 at recording 4"),
        (replaced("index", lambda a: a.astype(np.int64) - 1), "expected index from 0 or more, got -1"),
        (replaced("is_test", lambda a: a.astype(int)), "expected is_test as bool"),
        (replaced("is_test", lambda a: a[:5]), "expected is_test of size 240"),
        (replaced("is_test", np.zeros_like), "train, validate and test on, got 210, 30 and 0"),
        (replaced("is_test", np.ones_like), "got 0, 0 and 240; take the complete"),
        (replaced("speaker_names", lambda a: np.array(["x", "x", "y"])), "different speaker_names"),
        (replaced("sample_rate", lambda a: np.int32(0)), "expected sample_rate > 0 Hz, got 0"),
        (
            replaced("sample_rate", lambda a: np.array([8000])),
            "expected sample_rate as whole numbers with 0 dim",
        ),
        (replaced("sample_rate", lambda a: np.int32(4000)), "centre 3000 Hz.*below 2000 Hz"),
        (replaced("sample_rate", lambda a: np.int32(8001)), "cochleagram: dt"),
        (lambda v: changed("samples", slice(*v["offsets"][5:7]), 9)(v), "recording 5: .*silent .*is 9"),
    ],
)
def test_other_contents_are_refused(tmp_path, change, message):
    values = content()
    change(values)
    with pytest.raises(TaskError, match=r"fsdd\.npz: .*" + message):
        load(write(tmp_path, values))


def test_no_recording_is_refused(tmp_path):
    values = content()
    empty = {
        "samples": values["samples"][:0],
        "offsets": np.zeros(1, dtype=int),
        **{name: values[name][:0] for name in ("labels", "speaker", "index", "is_test")},
    }
    with pytest.raises(TaskError, match="at least one recording, got none"):
        load(write(tmp_path, values | empty))


def wav(x, rate=8000):
    raw = io.BytesIO()
    wavfile.write(raw, rate, x)
    return raw.getvalue()


X = np.arange(-400, 400, dtype=np.int16)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("0_ann_1.wav", wav(X)[:100], "0_ann_1.wav: expected 1644 bytes, as its header says, got 100"),
        ("0_ann_1.wav", b"", "expected a WAV file, but it cannot be read"),
        (
            "0_ann_1.wav",
            b"RIFF" + bytes(4) + b"WAVE" + bytes(40),
            "expected a WAV file, but it cannot be read",
        ),
        (
            "0_ann_1.wav",
            wav(np.stack([X, X], axis=1)),
            "expected a mono recording of int16.*shape \\(800, 2\\)",
        ),
        ("0_ann_1.wav", wav(X.astype(np.float32)), "expected a mono recording of int16 .*float32"),
        ("0_ann_1.wav", wav(X[:0]), "expected a"),
        ("0_ann_1.wav", wav(X, 16000), "sampling rate of 0_ann_0.wav, 8000 Hz, got 16000 Hz"),
        ("ann.wav", wav(X), "expected a name .*such as 7_jackson_32.wav"),
    ],
)
def test_bad_wav_files_are_refused(tmp_path, name, raw, message):
    folder = tmp_path / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    (folder / "0_ann_0.wav").write_bytes(wav(X))
    (folder / name).write_bytes(raw)
    with pytest.raises(TaskError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"leave_out": "theo"}, ValueError, "one of ann, bob, cy, got 'theo'"),
        ({"valid_fraction": 0}, ValueError, "valid_fraction must be between 0 and 1"),
        ({"valid_fraction": 1.0}, ValueError, "valid_fraction"),
        ({"valid_fraction": "0.5"}, ValueError, "valid_fraction"),
        ({"seed": -1}, ValueError, "seed must be a whole number >= 0"),
        ({"seed": True}, ValueError, "seed"),
        ({"encoder": 3}, TypeError, "encoder must be a SpeechEncoder, got int"),
    ],
)
def test_bad_options_are_refused(folder, options, error, message):
    with pytest.raises(error, match=message):
        load_spoken_digits(folder, **({"encoder": ENCODER} | options))


# ------------------------------------------------------------------ the real recordings
def test_the_recordings_of_the_dataset(data_dir, tmp_path):
    with np.load(data_dir / "fsdd" / "fsdd.npz", allow_pickle=False) as file:
        values = {name: file[name] for name in file.files}
    # Three repetitions of each speaker and digit, so that the test is fast; one of them is official test data.
    rows = np.flatnonzero(np.isin(values["index"], (0, 20, 40)))
    pieces = [values["samples"][values["offsets"][k] : values["offsets"][k + 1]] for k in rows]
    some = {name: values[name][rows] for name in ("labels", "speaker", "index", "is_test")}
    some |= {name: values[name] for name in ("speaker_names", "sample_rate")}
    some |= {"samples": np.concatenate(pieces), "offsets": np.cumsum([0, *map(len, pieces)])}
    task = load_spoken_digits(write(tmp_path, some), progress=False)
    assert {s: v.size for s, v in numbers(task).items()} == {"train": 60, "valid": 60, "test": 60}
    stimulus = task.train.stimulus
    # Theo's recordings are sixteen times quieter than Lucas's and are heard as well.
    rate = stimulus.mean(("time", "channel")).groupby(task.train.speaker).mean()
    assert float(rate.max() / rate.min()) < 2.5
    assert 0.03 < float(stimulus.mean()) < 0.3


@pytest.mark.slow
def test_the_whole_dataset(data_dir):
    task = load_spoken_digits(data_dir, progress=False)
    assert [getattr(task, s).sizes["trial"] for s in ("train", "valid", "test")] == [2460, 240, 300]
    assert re.search(r"; 61 of 3000 recordings are longer and lose their end", task.description)
    assert np.bincount(task.test.label).tolist() == [30] * 10
    theo = load_spoken_digits(data_dir, leave_out="theo", progress=False)
    assert theo.test.sizes["trial"] == 500
