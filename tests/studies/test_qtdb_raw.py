"""The task `ecg` from raw records, written here in the layout of the database with waves that are known."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from brian2 import ms
from scipy.signal import savgol_filter

from chronaxie.models import srnn
from chronaxie.models.encoders import threshold_difference
from chronaxie.studies.provenance import remember_task
from chronaxie.studies.record_reading import reading_of
from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_record, load_task
from chronaxie.studies.tasks.ecgsyn import CLASSES, Waves, integrate, phase_labels
from chronaxie.studies.tasks.qtdb_raw import load_qtdb_raw, raw_records

P, PQ, QR, RS, ST, TP = range(6)
DT = 0.004
STEPS = 300
LEAD_IN = 500
RECORDS = 10
SYMBOLS = {P: "(", PQ: ")", QR: "(", RS: "N", ST: ")", TP: ")"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CHRONAXIE_DATA", raising=False)


@pytest.fixture(scope="session")
def truth():
    """Two leads in mV and the class at each sample, by name of the record: the dynamical model with a steady rate."""
    rng, samples = np.random.default_rng(0), 4000
    theta, b = np.radians([-70.0, -15.0, 0.0, 15.0, 100.0]), np.array([0.25, 0.1, 0.1, 0.1, 0.4])
    a = np.array([[1.2, -5.0, 30.0, -7.5, 0.75], [0.8, -1.0, 12.0, -25.0, 1.0]])
    shape = Waves(
        np.tile(theta, (RECORDS, 1)), np.tile(b, (RECORDS, 1)), a * rng.uniform(0.8, 1.2, (RECORDS, 2, 5))
    )
    halves = 2 * (samples + LEAD_IN - 1) + 1
    omega = np.tile(2 * np.pi / rng.uniform(0.7, 1.0, RECORDS), (halves, 1))
    phase, z = integrate(shape, omega, np.zeros((halves, RECORDS)), dt=DT)
    label = phase_labels(phase, shape, widths=(1.4, 2.0, 2.0, 2.0))[LEAD_IN:]
    return {f"sel{100 + k}": (27.0 * z[LEAD_IN:, k], label[:, k]) for k in range(RECORDS)}


def marks(label):
    """Annotations whose waves have exactly these labels: onsets, ends, and peaks within P and T."""
    found = []
    for t in np.flatnonzero(np.diff(label)) + 1:
        entered = label[t]
        if entered == PQ:
            begin = np.flatnonzero(label[:t] != P)
            found.append(((begin[-1] + 1 if begin.size else 0) + 5, "p"))
        if entered == TP:
            found.append((t - 10, "t"))
        found.append((t, SYMBOLS[entered]))
    return sorted(found)


def write(folder, name, signal, annotations, *, extension="q1c", fs=250):
    folder.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        name,
        fs=fs,
        units=["mV"] * signal.shape[1],
        sig_name=["MLII", "V5"][: signal.shape[1]],
        p_signal=signal,
        fmt=["212"] * signal.shape[1],
        adc_gain=[200.0] * signal.shape[1],
        baseline=[0] * signal.shape[1],
        write_dir=str(folder),
    )
    if annotations:
        # wfdb writes no annotator with a digit in its name, but reads it.
        sample, symbol = (list(column) for column in zip(*annotations, strict=True))
        wfdb.wrann(name, "new", np.array(sample), symbol=symbol, fs=fs, write_dir=str(folder))
        (folder / f"{name}.new").rename(folder / f"{name}.{extension}")


@pytest.fixture(scope="session")
def original(truth, tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    for name, (signal, label) in truth.items():
        write(folder / "qtdb", name, signal, marks(label))
    (folder / "qtdb" / "RECORDS").write_text("\n".join(truth) + "\n")
    return folder


@pytest.fixture
def database(original, truth, tmp_path):
    """Ten records of 4000 samples, all of which is marked; returns the folder and the truth by name."""
    shutil.copytree(original, tmp_path / "data")
    return tmp_path / "data", truth


def splits(task):
    return {"train": task.train, "valid": task.valid, "test": task.test}


@pytest.mark.parametrize("smoothing", [0, 7])
def test_labels_and_events_are_those_of_the_truth(database, smoothing):
    folder, truth = database
    task = load_qtdb_raw(folder, steps=STEPS, threshold=0.2, smoothing=smoothing)
    assert task.classes == CLASSES
    assert task.unlabelled_class is None  # the published files alone count such steps as P
    seen = 0
    for ds in splits(task).values():
        for trial in range(ds.sizes["trial"]):
            signal, label = truth[str(ds.record.values[trial])]
            first = round(float(ds.start[trial]) / DT)
            window = slice(first, first + STEPS)
            got = ds.label.values[trial]
            known = got >= 0
            assert np.array_equal(got[known], label[window][known])
            seen += known.sum()
            # In mV, of 200 steps per mV.
            assert np.abs(ds.signal.values[trial] - signal[window]).max() < 0.0026
            x = ds.signal.values[trial].astype(float)
            z = (x - x.mean(0)) / x.std(0)
            if smoothing:
                z = savgol_filter(z, smoothing, 3, axis=0)
            events = threshold_difference(z, 0.2, axis=0)
            assert np.array_equal(ds.stimulus.values[trial], events.reshape(STEPS, 4))
    # All but what lies before the first and after the last mark of a kind, and the ends of records.
    assert seen > 0.9 * 10 * 4000
    rates = task.train.stimulus.values.mean((0, 1))
    assert (rates > 0.01).all()
    assert (rates < 0.2).all()


def test_a_network_is_fed_with_records_as_in_its_training(database):
    folder, _ = database
    task = load_qtdb_raw(folder, steps=STEPS, threshold=0.2, smoothing=9)
    net = remember_task(
        srnn(4, [3], 6, dt=4 * ms), "ecg", options={}, classes=CLASSES, seed=0, encoder=task.encoder
    )
    encoder = reading_of(net).encoder
    for trial in range(3):
        name, start = str(task.test.record.values[trial]), float(task.test.start[trial])
        ds = load_record(
            folder / "qtdb" / name, lead=(0, 1), encoder=encoder, start=start, seconds=STEPS * DT
        )
        assert np.array_equal(ds.stimulus.values[0], task.test.stimulus.values[trial])


def test_whole_records_are_dealt_out_by_the_seed(database):
    folder, truth = database
    task = load_qtdb_raw(folder, steps=STEPS, test_fraction=0.3, valid_fraction=0.3)
    records = {split: set(ds.record.values.tolist()) for split, ds in splits(task).items()}
    assert {split: len(names) for split, names in records.items()} == {"train": 5, "valid": 2, "test": 3}
    assert set.union(*records.values()) == set(truth)
    assert load_qtdb_raw(folder, steps=STEPS, test_fraction=0.3, valid_fraction=0.3).test.identical(task.test)
    dealt = {
        tuple(sorted(set(load_qtdb_raw(folder, steps=STEPS, seed=seed).test.record.values.tolist())))
        for seed in range(4)
    }
    assert len(dealt) > 1
    for ds in splits(task).values():
        for name in set(ds.record.values.tolist()):
            start = np.sort(ds.start.values[ds.record.values == name])
            assert (np.diff(start) >= STEPS * DT - 1e-9).all()


def test_the_task_ecg_takes_the_records_where_the_published_files_are_not(database, monkeypatch):
    folder, _ = database
    task = load_task("ecg", data=folder)
    assert task.name == "ecg"
    assert "raw records, encoded and labelled by this package" in task.source
    assert task.description.startswith("QTDB, raw records: ")
    assert (
        "labels from the marks of q1c; windows of 1301 steps, split by record; 10 of 10 records"
        in task.description
    )
    monkeypatch.setenv("CHRONAXIE_DATA", str(folder))
    assert load_task("ecg").hash == task.hash
    # One of the two published files is a sign that they were meant.
    (folder / "qtdb" / "QTDB_train.mat").write_bytes(b"damaged")
    with pytest.raises(TaskError, match="QTDB_train.mat: expected a MATLAB 5 file"):
        load_task("ecg", data=folder)


def test_the_hash_changes_with_data_and_options(database):
    folder, truth = database
    one = load_qtdb_raw(folder, steps=STEPS).hash
    assert load_qtdb_raw(folder, steps=STEPS, seed=5).hash == one
    assert load_qtdb_raw(folder, steps=STEPS, threshold=0.3).hash != one
    assert load_qtdb_raw(folder, steps=STEPS, smoothing=0).hash != one
    signal, label = truth["sel104"]
    write(folder / "qtdb", "sel104", -signal, marks(label))
    assert load_qtdb_raw(folder, steps=STEPS).hash != one


def test_marks_of_the_program(database):
    folder, truth = database
    for name in list(truth)[:4]:
        (folder / "qtdb" / f"{name}.q1c").rename(folder / "qtdb" / f"{name}.pu1")
    task = load_qtdb_raw(folder, steps=STEPS, annotator="pu1")
    used = {name for ds in splits(task).values() for name in ds.record.values.tolist()}
    assert used == set(list(truth)[:4])
    assert "4 of 10 records: 6 have no pu1 (sel104, sel105" in task.description
    with pytest.raises(MissingDataError, match=r"none of the 10 records has marks by q2c \(sel100.q2c"):
        load_qtdb_raw(folder, annotator="q2c")


def test_records_that_are_not_marked_enough_are_named(database):
    folder, truth = database
    signal, label = truth["sel103"]
    write(folder / "qtdb", "sel103", signal, [m for m in marks(label) if m[0] < 120])
    flat = signal.copy()
    flat[:, 1] = 0.5
    write(folder / "qtdb", "sel105", flat, marks(label))
    signal, label = truth["sel104"]
    gap = signal.copy()
    gap[1700:1720, 0] = np.nan
    write(folder / "qtdb", "sel104", gap, marks(label))
    task = load_qtdb_raw(folder, steps=STEPS)
    assert task.description.endswith("8 of 10 records: 2 no such window (sel103, sel105)")
    left_out = re.search(
        r"; (\d+) windows with a gap or a flat lead are left out \((.*?)\)", task.description
    )
    assert left_out[2] == f"sel104: 1, sel105: {int(left_out[1]) - 1}"
    assert int(left_out[1]) > 10
    assert load_qtdb_raw(folder, steps=STEPS).description == task.description  # from the cache
    with pytest.raises(TaskError, match="expected at least 3 records with windows of 4000 steps .* got 0"):
        load_qtdb_raw(folder, steps=4000)


# ------------------------------------------------------------------ bad input
def test_without_records(tmp_path):
    with pytest.raises(MissingDataError, match="no records of QTDB in .*chronaxie fetch qtdb"):
        load_qtdb_raw(tmp_path)
    assert raw_records(tmp_path) == []
    with pytest.raises(MissingDataError, match="QTDB_train.mat: file not found"):
        load_task("ecg", data=tmp_path)


def test_a_record_without_its_files_is_named(database):
    folder, _ = database
    (folder / "qtdb" / "sel102.dat").unlink()
    with pytest.raises(MissingDataError, match=r"sel102\.dat: file not found; the download is incomplete"):
        load_qtdb_raw(folder)


def test_an_incomplete_download_is_not_a_smaller_task(database):
    folder, truth = database
    (folder / "qtdb" / "SHA256SUMS.txt").write_text("".join(f"{'0' * 64} {name}.q1c\n" for name in truth))
    load_qtdb_raw(folder)
    (folder / "qtdb" / "sel102.q1c").unlink()
    with pytest.raises(
        MissingDataError, match=r"sel102\.q1c and 0 more such files are missing; .* continues it"
    ):
        load_qtdb_raw(folder)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("sel102.hea", lambda b: b[: len(b) // 2]),
        ("sel102.hea", lambda b: b""),
        ("sel102.hea", lambda b: b"\xff" * len(b)),
        ("sel102.dat", lambda b: b[: len(b) // 2]),
        ("sel102.dat", lambda b: b""),
    ],
)
def test_a_damaged_record_is_named(database, name, damage):
    folder, _ = database
    path = folder / "qtdb" / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TaskError, match=r"sel102(\.hea: expected|\.dat: the signal file is too short)"):
        load_qtdb_raw(folder)


@pytest.mark.parametrize(
    "content", [b"", b"\x01", b"\xff" * 7], ids=["empty", "one byte", "beyond the signal"]
)
def test_damaged_marks_are_named(database, content):
    folder, _ = database
    (folder / "qtdb" / "sel102.q1c").write_bytes(content)
    with pytest.raises(TaskError, match=r"sel102\.q1c: expected "):
        load_qtdb_raw(folder)


def test_marks_beyond_the_signal_are_named(database):
    folder, truth = database
    signal, label = truth["sel102"]
    write(folder / "qtdb", "sel102", signal[:1000], marks(label))
    with pytest.raises(
        TaskError, match=r"sel102\.q1c: expected ascending sample numbers from 0 to 999, got \d+ to 3\d"
    ):
        load_qtdb_raw(folder)


def test_leads_that_are_not_in_volts_are_named_and_microvolts_converted(database):
    folder, truth = database
    before = load_qtdb_raw(folder, steps=STEPS)
    header = folder / "qtdb" / "sel102.hea"
    header.write_text(header.read_text().replace("/mV", "/mmHg"))
    with pytest.raises(TaskError, match=r"sel102: expected the lead MLII in units of volt, got 'mmHg'"):
        load_qtdb_raw(folder, steps=STEPS)
    header.write_text(header.read_text().replace("200.0(0)/mmHg", "0.2(0)/uV"))
    after = load_qtdb_raw(folder, steps=STEPS)
    for one, other in ((before.train, after.train), (before.test, after.test)):
        np.testing.assert_allclose(one.signal, other.signal, atol=1e-5)


def test_another_rate_or_number_of_leads_is_named(database):
    folder, truth = database
    signal, label = truth["sel102"]
    write(folder / "qtdb", "sel102", signal, marks(label), fs=360)
    with pytest.raises(TaskError, match="sel102: expected two leads at 250 Hz, got 2 at 360"):
        load_qtdb_raw(folder)
    write(folder / "qtdb", "sel102", signal[:, :1], marks(label))
    with pytest.raises(TaskError, match="sel102: expected two leads at 250 Hz, got 1 at 250"):
        load_qtdb_raw(folder)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("annotator", "atr"),
        ("threshold", 0),
        ("threshold", float("nan")),
        ("smoothing", 4),
        ("smoothing", 3),
        ("smoothing", True),
        ("smoothing", 1303),
        ("longest", -1.0),
        ("steps", 1),
        ("steps", 10.0),
        ("least_labelled", 0),
        ("least_labelled", 1.1),
        ("valid_fraction", 1),
        ("test_fraction", "a"),
        ("seed", -1),
        ("seed", True),
    ],
)
def test_options_are_held_to_their_range(tmp_path, option, value):
    with pytest.raises(ValueError, match=f"load_qtdb_raw: {option} must be "):
        load_qtdb_raw(tmp_path, **{option: value})


# ------------------------------------------------------------------ what docs/data.md says of the published files
@pytest.mark.slow
def test_the_published_files_are_as_the_page_says(data_dir, tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        env=os.environ | {"CHRONAXIE_DATA": str(data_dir)},
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "train: 618 sequences of 75 recordings" in said
    assert "test: 141 sequences of 20 recordings" in said
    assert "where two overlap their events agree by 0.67, their labels by 1.00" in said
    assert said.count("steps 0 to 18 are P in 1.00, 19 to 37 nothing in 0.89") == 2
    assert "validate 0.98 overlap with one that is not drawn" in said
    found = re.findall(
        r"sequence (\d+) begins at step \d+ of record 100, (\d+) of sel100: correlation (.*)", said
    )
    assert sorted(int(k) for k, _, _ in found[:6]) == list(range(6))
    assert all(abs(int(at) - 150122 - 1000 * int(k)) <= 1 for k, at, _ in found[:6])
    assert min(float(c) for _, _, c in found[:6]) > 0.6 > 0.5 >= float(found[6][2])
    assert "R is labelled 19.5 steps after its peak (17 to 20, 34 beats)" in said
    best = dict(re.findall(r"(smoothing \d, threshold [\d.]+): ([\d.]+)", said))
    assert best["smoothing 7, threshold 0.15"] == max(best.values()) == "0.70"
    assert best["smoothing 0, threshold 0.3"] == "0.59"
