"""The folder of a sweep: what it says, what it refuses, who holds it."""

import dataclasses
import json
import os

import pytest

from chronaxie.studies.results import ResultError
from chronaxie.studies.running.folder import only_runner, open_sweep, prepare_sweep, started_in
from chronaxie.studies.running.records import runner


def silent(line):
    raise AssertionError(line)


def test_a_sweep_comes_back_from_its_folder(make, tmp_path):
    sweep = make(sweeps={"size": (1, (2, 3)), "gait": ("fast",)}, seeds=2, values={"pause": 0.5})
    prepare_sweep(tmp_path / "deep" / "out", sweep, report=silent)
    found = open_sweep(tmp_path / "deep" / "out")
    assert found == sweep
    assert found.jobs == sweep.jobs
    assert started_in(tmp_path / "deep" / "out").samefile(os.getcwd())


def test_the_same_sweep_goes_on_and_another_is_refused(make, tmp_path):
    prepare_sweep(tmp_path, make(seeds=2), report=silent)
    prepare_sweep(tmp_path, make(seeds=2), report=silent)
    for other, message in (
        (make(seeds=3), "its axis seed is 0, 1, not 0, 1, 2; give another folder with --out, or .*resume {}"),
        (make(seeds=2, sweeps={"gait": ("fast",)}), "its axis gait is slow, fast, not fast"),
        (make(seeds=2, values={"drift": 1}), r"it sweeps drift \(0.0, 0.5, 1.0\), this one does not"),
        (make(seeds=2, sweeps={"pause": (1,)}), r"it does not sweep pause, this one does \(1.0\)"),
    ):
        with pytest.raises(ResultError, match=f"holds another sweep: {message.format(tmp_path)}"):
            prepare_sweep(tmp_path, other, report=silent)
    turned = dataclasses.replace(make(seeds=2), axes=make(seeds=2).axes[::-1])
    with pytest.raises(ResultError, match="axes are in the order drift, gait, seed, not seed, gait, drift"):
        prepare_sweep(tmp_path, turned, report=silent)
    with pytest.raises(ResultError, match="its configuration has pause 0.0, not 1.0"):
        prepare_sweep(tmp_path, make(seeds=2, values={"pause": 1}), report=silent)
    with pytest.raises(ResultError, match="its smoke is False, not True"):
        prepare_sweep(tmp_path, make(smoke=True), report=silent)


def test_a_study_whose_file_was_changed_is_another_sweep(make, tmp_path):
    prepare_sweep(tmp_path, make(), report=silent)
    content = json.loads((tmp_path / "sweep.json").read_text())
    content["study_file_hash"] = "0"
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    for changed in (make(), make(seeds=3)):
        with pytest.raises(ResultError, match="walk.py as it was before it was changed; .* --out, or delete"):
            prepare_sweep(tmp_path, changed, report=silent)


def test_other_versions_than_at_the_beginning_are_said(make, tmp_path):
    prepare_sweep(tmp_path, make(), report=silent)
    content = json.loads((tmp_path / "sweep.json").read_text())
    content["versions"]["python"] = "2.7"
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    said = []
    prepare_sweep(tmp_path, make(), report=said.append)
    assert len(said) == 1
    assert said[0].startswith("the sweep began with python 2.7, it goes on with 3.")


def test_what_is_no_folder_of_a_sweep_is_refused(make, tmp_path):
    with pytest.raises(
        ResultError, match="no sweep is there .sweep.json is missing.; begin one: chronaxie run"
    ):
        open_sweep(tmp_path)
    prepare_sweep(tmp_path, make(), report=silent)
    file = tmp_path / "sweep.json"
    content = json.loads(file.read_text())
    for change, message in (
        ({"format": 2}, r"sweep.json: written by a newer chronaxie \(format 2, this one reads 1\); update"),
        ({"format": "x"}, "sweep.json: expected a sweep of format 1, found 'x'"),
        ({"axes": [{"field": "drift"}]}, "sweep.json: damaged: TypeError"),
        ({"axes": [{"field": "drift", "values": []}]}, "sweep.json: damaged: ValueError: sweep 'drift'"),
        ({"study_file_hash": "0"}, "walk.py is not what it was when the sweep began; put it back"),
    ):
        file.write_text(json.dumps(content | change))
        with pytest.raises(ResultError, match=message):
            open_sweep(tmp_path)
    file.write_text("{")
    with pytest.raises(ResultError, match="sweep.json: damaged: not JSON"):
        open_sweep(tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"file/out: cannot be written \(Not a directory\)"):
        prepare_sweep(tmp_path / "file" / "out", make(), report=silent)


def test_one_process_at_a_time_runs_a_sweep(tmp_path):
    assert runner(tmp_path) is None
    with only_runner(tmp_path, workers=3):
        assert runner(tmp_path) == {"pid": os.getpid(), "machine": os.uname().nodename, "workers": 3}
        with (
            pytest.raises(ResultError, match=f"process {os.getpid()} on .* runs this sweep already"),
            only_runner(tmp_path),
        ):
            pass
    assert runner(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_process_that_is_gone_is_taken_over(tmp_path):
    (tmp_path / ".lock").write_text('{"pid": 1}')
    assert runner(tmp_path) is None
    with only_runner(tmp_path):
        assert runner(tmp_path)["pid"] == os.getpid()
