"""Annotations of WFDB records, and the task that is made of annotated ones."""

import numpy as np
import pytest

from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_task, load_wfdb
from chronaxie.studies.tasks.wfdb_annotations import read_waves
from chronaxie.studies.tasks.wfdb_records import record_beats

from .wfdb_files import beats, write_record, write_waves


def test_waves_are_read_with_missing_boundaries(tmp_path):
    signal, waves = beats()
    waves[3, 1] = waves[5, 3] = -1
    path = write_record(tmp_path, "r", signal, waves=waves)
    np.testing.assert_array_equal(read_waves(path, "ii"), waves)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        # A beat of any kind is a QRS and keeps its onset; T has none of its own.
        ("( p ) ( V ) t )", [(0, 100, 110, 120), (1, 130, 140, 150), (2, -1, 160, 170)]),
        # A U wave is no P wave, and its onset is its own.
        ("( N ) ( u ) p )", [(1, 100, 110, 120), (0, -1, 160, 170)]),
        # Two peaks of T are one wave, two beats are two.
        ("( N N ) ( t t )", [(1, 100, 110, -1), (1, -1, 120, 130), (2, 140, 150, 170)]),
        ("( + N ) ( t )", [(1, -1, 120, 130), (2, 140, 150, 160)]),
    ],
)
def test_a_bracket_belongs_to_the_peak_beside_it(tmp_path, marks, expected):
    import wfdb

    path = write_record(tmp_path, "r", beats()[0])
    symbols = marks.split()
    wfdb.wrann("r", "ii", 100 + 10 * np.arange(len(symbols)), symbol=symbols, write_dir=str(tmp_path))
    assert read_waves(path, "ii").tolist() == [list(wave) for wave in expected]


def test_beats_are_no_waves(data_dir):
    path = data_dir / "wfdb" / "mitdb" / "100"
    with pytest.raises(
        TaskError, match=r"100\.atr: expected waves \( p \).*beats without waves; they cannot label steps"
    ):
        load_wfdb(
            path=[path, *(data_dir / "wfdb" / n for n in ("svdb/800", "ludb/1"))],
            lead="MLII",
            annotation="atr",
        )
    times = record_beats(path, start=10, seconds=20)
    assert 20 <= len(times) <= 28
    assert times.min() >= 10
    assert times.max() < 30
    assert record_beats(data_dir / "wfdb" / "ludb" / "1") is None


def test_a_damaged_annotation(tmp_path):
    path = write_record(tmp_path, "r", beats()[0], waves=beats()[1])
    path.with_name("r.ii").write_bytes(b"\xff\x03\x00")
    with pytest.raises(TaskError, match=r"r\.ii: expected WFDB annotations, but they cannot be read"):
        read_waves(path, "ii")


@pytest.fixture
def labelled(tmp_path):
    for k in range(4):
        signal, waves = beats(seed=k)
        write_record(tmp_path, f"p{k}", signal, waves=waves)
    return tmp_path


def test_annotated_records_make_a_task(labelled):
    task = load_task("wfdb", data=labelled, path=labelled)
    patients = [set(getattr(task, s).patient.values) for s in ("train", "valid", "test")]
    assert set.union(*patients) == {"p0", "p1", "p2", "p3"}
    assert sum(map(len, patients)) == 4
    assert set(np.unique(task.train.label)) == {-1, 0, 1, 2, 3}
    _, waves = beats(seed=int(task.test.trial[0]))
    label = task.test.label.values[0]
    assert (label[: -(-waves[0, 1] // 2)] == -1).all()
    assert label[waves[1, 2] // 2] == 2
    assert load_task("wfdb", path=[labelled / f"p{k}" for k in range(4)]).hash == task.hash


def test_the_hash_is_that_of_everything_that_decides_stimulus_label_and_split(labelled):
    hashes = [load_wfdb(path=labelled, annotation="ii", **o).hash for o in ({}, {"lead": "i"}, {"seed": 1})]
    hashes.append(load_wfdb(path=labelled, test_fraction=0.4).hash)
    _, waves = beats(seed=2)
    write_waves(labelled, "p2", waves[:-1])
    hashes.append(load_wfdb(path=labelled).hash)
    write_record(labelled, "p2", 1.1 * beats(seed=2)[0])
    hashes.append(load_wfdb(path=labelled).hash)
    assert len(set(hashes)) == 6


def test_a_record_twice_would_be_in_two_splits(labelled, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for end in ("hea", "dat", "ii"):
        (elsewhere / f"p0.{end}").symlink_to(labelled / f"p0.{end}")
    monkeypatch.chdir(labelled)
    three = [labelled / f"p{k}" for k in range(3)]
    for again in (labelled / "p0", labelled / "p0.hea", "p0", elsewhere / "p0", labelled):
        with pytest.raises(TaskError, match=r"expected each record once, .* got .*p0 twice"):
            load_wfdb(path=[*three, again])


def test_a_task_needs_three_records_and_their_annotation(labelled):
    with pytest.raises(TaskError, match=r"at least 3 patients, .* got 2"):
        load_wfdb(path=[labelled / "p0", labelled / "p1"])
    with pytest.raises(MissingDataError, match=r"p0\.i: no such annotation file"):
        load_wfdb(path=labelled, lead="i")
    with pytest.raises(MissingDataError, match=r"no record named; pass path="):
        load_wfdb()
    write_waves(labelled, "p0", [(0, 3000, 3010, 3020), (1, 3030, 3040, 3050)])
    with pytest.raises(TaskError, match=r"p0: expected waves .* < 2000, got .*\[0, 3000, 3010, 3020\]"):
        load_wfdb(path=labelled)
