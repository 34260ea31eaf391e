"""Task ludb: labels and their masks, splits by patient, both forms of the data, damaged files."""

import numpy as np
import pytest

from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_ludb, load_task
from chronaxie.studies.tasks.ecg_waves import CLASSES, split_patients, wave_labels
from chronaxie.studies.tasks.ludb import ARRAYS, read_ludb

from .wfdb_files import RATE, beats, write_record

COUNT = 8


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def arrays():
    """Eight artificial patients in the layout of the LUDB file; those of odd number have no P waves."""
    signals, waves = [], []
    for k in range(COUNT):
        signal, rows = beats(seed=k)
        signals.append(np.round(np.stack([0.5 * signal, signal]) * 1000 + 5))
        rows = rows if k % 2 == 0 else rows[rows[:, 0] > 0]
        waves += [(k + 1, lead, *row) for lead in (0, 1) for row in rows]
    return {
        "signals": np.array(signals, dtype=np.int16),
        "adc_gain_per_mV": np.full((COUNT, 2), 1000, dtype=np.float32),
        "adc_baseline": np.full((COUNT, 2), 5, dtype=np.int16),
        "lead_names": np.array(["i", "ii"]),
        "record_ids": np.arange(1, COUNT + 1, dtype=np.int16),
        "fs_Hz": np.int32(RATE),
        "waves": np.array(waves, dtype=np.int32),
    }


def write(folder, **changes):
    path = folder / ARRAYS
    path.parent.mkdir(exist_ok=True)
    content = arrays() | changes
    np.savez(path, **{k: v for k, v in content.items() if v is not None})
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path)


def patients(task):
    return [sorted(set(getattr(task, s).patient.values.tolist())) for s in ("train", "valid", "test")]


# ------------------------------------------------------------------ labels
def label_of(waves, steps=30):
    return wave_labels(np.array(waves), rate=500, samples=60, dt=0.004, steps=steps, where="here").tolist()


def test_a_step_has_the_wave_that_it_lies_in_and_the_ends_are_masked():
    label = label_of([(0, 4, 6, 9), (1, 14, 15, 20), (2, 31, 40, 50)])
    expected = [-1] * 2 + [1] * 3 + [0] * 2 + [2] * 4 + [0] * 5 + [3] * 10 + [-1] * 4
    assert label == expected


def test_beside_a_boundary_that_is_not_marked_nothing_is_labelled():
    without_onset = label_of([(0, 4, 6, 9), (1, -1, 16, 20), (2, 31, 40, 50)])
    assert without_onset[2:12] == [1, 1, 1, -1, -1, -1, 2, 2, 2, 0]
    without_end = label_of([(0, 4, 6, 9), (1, 14, 16, -1), (2, 31, 40, 50)])
    assert without_end[4:17] == [1, 0, 0, 2, 2, *[-1] * 7, 3]
    assert label_of([(0, -1, 6, 9), (1, 14, 16, -1)])[:10] == [-1, -1, -1, 1, 1, 0, 0, 2, 2, -1]


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        (np.zeros((0, 4), int), "expected annotated waves .*, got none"),
        ([(3, 4, 6, 9)], r"here: expected waves of type 0 to 2"),
        ([(0, 7, 6, 9)], r"got .*\[0, 7, 6, 9\] as wave 0 after none"),
        ([(0, 4, 6, 60)], r"offset < 60"),
        ([(0, 4, 6, 9), (1, 9, 15, 20)], r"\[1, 9, 15, 20\] as wave 1 after \[0, 4, 6, 9\]"),
    ],
)
def test_waves_that_are_none(waves, message):
    with pytest.raises(TaskError, match=message):
        label_of(waves)


# ------------------------------------------------------------------ splits
@pytest.mark.parametrize("seed", range(5))
def test_patients_are_dealt_out_once_and_in_the_same_shares(seed):
    strata = np.array([0] * 80 + [1] * 20)
    parts = split_patients(strata, valid_fraction=0.15, test_fraction=0.25, seed=seed, where="x")
    assert [len(p) for p in parts] == [60, 15, 25]
    assert sorted(np.concatenate(parts)) == list(range(100))
    shares = [strata[p].mean() for p in parts]
    assert max(shares) - min(shares) < 0.06


def test_splits_differ_by_seed_and_are_never_empty():
    few = [
        [
            p.tolist()
            for p in split_patients([0, 1, 1], valid_fraction=0.1, test_fraction=0.1, seed=s, where="x")
        ]
        for s in range(10)
    ]
    assert all(len(p) == 1 for parts in few for p in parts)
    assert len({str(parts) for parts in few}) > 1


def test_no_patient_is_in_two_splits(folder):
    task = load_ludb(folder, seed=1, window=1.0)
    parts = patients(task)
    assert sorted(sum(parts, [])) == list(range(1, COUNT + 1))
    without_p = [[n for n in part if n % 2 == 0] for part in parts]
    assert [len(p) for p in without_p] == [2, 1, 1] or [len(p) for p in without_p] == [3, 0, 1]
    assert patients(load_ludb(folder, seed=2, window=1.0)) != parts
    assert patients(load_ludb(folder, seed=1, window=1.0)) == parts


def test_windows_are_cut_for_training_only_and_are_the_record(folder):
    cut, whole = load_ludb(folder, window=1.0), load_ludb(folder, window=None)
    assert cut.train.sizes["time"] == 250
    assert (cut.valid.sizes["time"], cut.test.sizes["time"]) == (1000, 1000)
    assert cut.train.start.values[:4].tolist() == [0, 1, 2, 3]
    for name in ("stimulus", "label", "signal"):
        together = cut.train[name].values.reshape(whole.train[name].shape)
        np.testing.assert_array_equal(together, whole.train[name].values)


def test_the_hash_is_that_of_everything_that_decides_stimulus_label_and_split(folder):
    base = {"window": 1.0}
    changes = ({}, {"delta": 0.1}, {"bits": 9}, {"lead": "i"}, {"seed": 1}, {"window": 2.0}, {"window": None})
    changes += ({"valid_fraction": 0.3}, {"test_fraction": 0.4})
    hashes = [load_ludb(folder, **(base | change)).hash for change in changes]
    assert len(set(hashes)) == len(changes)
    assert load_ludb(folder, **base).hash == hashes[0]
    signals = arrays()["signals"]
    signals[0, 1, 7] += 1
    assert load_ludb(write(folder, signals=signals), **base).hash not in hashes


def test_signal_and_label_are_the_lead_in_millivolt(folder):
    task = load_task("ludb", data=folder, window=None)
    number = int(task.test.patient[0])
    signal, waves = beats(seed=number - 1)
    assert np.abs(task.test.signal.values[0, :, 0] - signal[::2]).max() < 0.03  # the noise above 125 Hz
    peaks = waves[waves[:, 0] == 1, 2] // 2
    assert (task.test.label.values[0, peaks] == CLASSES.index("QRS")).all()
    assert task.dt == 0.004
    assert task.classes == CLASSES


def test_both_forms_of_the_real_data_are_the_same(data_dir):
    packed = read_ludb(data_dir / ARRAYS)
    raw = read_ludb(data_dir / "wfdb" / "ludb")
    assert raw.patient.tolist() == [1, 2]
    np.testing.assert_array_equal(raw.signal, packed.signal[:2])
    for ours, theirs in zip(raw.waves, packed.waves, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_the_real_data(data_dir):
    task = load_ludb(data_dir)
    assert [len(p) for p in patients(task)] == [72, 18, 30]
    test = task.test.label.values
    # Between the waves nothing is the most frequent class; about a quarter, at the ends, is not annotated.
    assert 0.2 < (test == -1).mean() < 0.3
    counts = np.bincount(test[test >= 0])
    assert counts.argmax() == 0
    assert len(counts) == 4
    again = load_ludb(data_dir)  # from the cache
    np.testing.assert_array_equal(again.train.stimulus, task.train.stimulus)
    assert again.hash == task.hash


@pytest.mark.parametrize("place", ["ludb/data", "ludb"])
def test_records_as_physionet_ships_them(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    for k in range(4):
        signal, waves = beats(seed=k)
        write_record(folder, str(k + 1), signal, waves=waves)
    lines = []
    task = load_ludb(tmp_path, window=2.0, report=lines.append)
    assert sorted(sum(patients(task), [])) == [1, 2, 3, 4]
    write_record(folder, "4", beats(seconds=5.0, seed=3)[0], waves=beats(seed=3)[1])
    with pytest.raises(TaskError, match=r"expected records of one rate and length"):
        load_ludb(tmp_path)


# ------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lead": "v7"}, "lead must be one of i, ii, iii"),
        ({"window": 3.0}, r"window must be a whole part of the 4 s of a record, such as 2 or 1 s, got 3\.0"),
        ({"window": 0.001}, "window must be a whole part"),
        ({"delta": -1}, "delta must be a finite number > 0"),
        ({"bits": 40}, "bits must be a whole number from 1 to 16"),
        ({"valid_fraction": 0}, "valid_fraction must be between 0 and 1"),
        ({"valid_fraction": 0.5, "test_fraction": 0.5}, "must leave patients to train on"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
    ],
)
def test_options_out_of_range(folder, options, message):
    with pytest.raises(ValueError, match=message):
        load_ludb(folder, **options)


def test_missing_data(tmp_path, monkeypatch):
    monkeypatch.delenv("CHRONAXIE_DATA", raising=False)
    with pytest.raises(MissingDataError, match=r"no data folder.*chronaxie fetch ludb"):
        load_ludb()
    with pytest.raises(
        MissingDataError, match=r"ludb_records_001_120\.npz or ludb/data or ludb.*chronaxie fetch ludb"
    ):
        load_ludb(tmp_path)
    (tmp_path / "ludb").mkdir()
    with pytest.raises(TaskError, match=r"expected the LUDB records 1\.hea.*got no numbered header"):
        load_ludb(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"waves": None}, r"expected the arrays .*, got no waves; this is not the LUDB file"),
        (
            {"signals": np.zeros((COUNT, 3, 2000), np.int16)},
            r"expected adc_gain_per_mV of shape \(record=8, lead=3\)",
        ),
        ({"signals": np.zeros((COUNT, 2, 2000))}, r"expected signals of shape .* kind 'iu', got float64"),
        ({"fs_Hz": np.int32(0)}, r"a rate > 0 .* rate 0 Hz"),
        ({"adc_gain_per_mV": np.zeros((COUNT, 2), np.float32)}, r"gains > 0"),
        ({"record_ids": np.ones(COUNT, np.int16)}, r"each record once, .* 8 records of 1 numbers"),
        ({"lead_names": np.array([b"i", b"ii"], dtype=object)}, r"pickled objects, which are never loaded"),
        ({"signals": np.zeros((COUNT, 2, 2000), np.int16)}, r"is flat"),
        ({"waves": np.array([[1, 1, 0, 5000, 5010, 5020]], np.int32)}, r"record 1: expected waves"),
    ],
)
def test_damaged_arrays(tmp_path, changes, message):
    write(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        load_ludb(tmp_path)


def test_a_truncated_file(folder):
    path = folder / ARRAYS
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(TaskError, match=r"ludb_records_001_120\.npz: cannot be read as .*fetch it again"):
        load_ludb(folder)


def test_a_flipped_byte_in_a_compressed_file(tmp_path):
    path = tmp_path / ARRAYS
    path.parent.mkdir()
    np.savez_compressed(path, **arrays())
    content, refused = path.read_bytes(), 0
    for at in range(200, len(content), len(content) // 23):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            read_ludb(path)
        except TaskError:
            refused += 1
    assert refused >= 20
