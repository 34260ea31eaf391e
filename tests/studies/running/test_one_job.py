"""One job in its folder: result, state, checkpoint, error."""

import json
import shutil
from dataclasses import replace

import pytest
import xarray as xr

from chronaxie.studies.physical_training import _of_stage
from chronaxie.studies.results import read_result
from chronaxie.studies.running import one_job, states
from chronaxie.studies.running.one_job import DiskFull
from chronaxie.studies.running.records import (
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    WAITING,
    job_folder,
    read_state,
)
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.states import is_held, job_lock, note_interrupted, write_state


@pytest.fixture
def sweep(make):
    return make(values={"steps": 3}, sweeps={"seed": (4,), "drift": (0.5,)})


def test_a_job_leaves_its_result_and_what_it_is_of(sweep, run_here, tmp_path, walk):
    (job,) = sweep.jobs
    assert run_here(tmp_path, sweep)[job.id][:2] == (DONE, "")
    folder = job_folder(tmp_path, job)
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "result.nc"]
    result = read_result(folder / "result.nc")
    assert result.attrs["study"] == "walk"
    assert result.attrs["study_file"] == walk
    assert json.loads(result.attrs["configuration"])["seed"] == 4
    assert result.attrs["source"] == "a test"
    assert "brian2" in result.attrs["package_versions"]


def test_what_a_clock_said_is_in_the_state_and_not_in_the_result(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    run_here(tmp_path, sweep)
    result = read_result(job_folder(tmp_path, job) / "result.nc")
    assert "epoch_seconds" not in result
    assert "wall_time_s" not in result.attrs
    state = json.loads((job_folder(tmp_path, job) / "job.json").read_text())
    assert len(state["clock"]["epoch_seconds"]) == result.sizes["step"]
    assert state["clock"]["wall_time_s"] > 0
    assert (state["state"], state["at"], state["attempts"]) == (DONE, {"drift": 0.5, "seed": 4}, 1)
    assert read_state(tmp_path, job).seconds > 0


def test_two_runs_leave_the_same_bytes(sweep, run_here, tmp_path, files_of):
    run_here(tmp_path / "a", sweep)
    run_here(tmp_path / "b", sweep)
    a, b = (files_of(tmp_path / name / "jobs") for name in "ab")
    assert a == b
    assert len(a) == 1


def test_a_job_goes_on_from_its_checkpoint(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    folder = job_folder(tmp_path, job)
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_text("[0.0, 100.0]")
    run_here(tmp_path, sweep)
    with xr.open_dataset(folder / "result.nc") as result:
        assert result.position.values[1] == 100
        assert result.sizes["step"] == 4
    assert not (folder / "checkpoint.pt").exists()


def test_an_error_is_kept_with_its_traceback(make, run_here, tmp_path):
    sweep = make(values={"trouble": "error"}, sweeps={"drift": (0,), "gait": ("slow",)}, seeds=1)
    (job,) = sweep.jobs
    state, error, _ = run_here(tmp_path, sweep)[job.id]
    assert (state, error) == (FAILED, "ValueError: stumbled")
    text = (job_folder(tmp_path, job) / "error.txt").read_text()
    assert 'raise ValueError("stumbled")' in text
    found = read_state(tmp_path, job)
    assert (found.state, found.error, found.attempts) == (FAILED, "ValueError: stumbled", 1)
    assert (job_folder(tmp_path, job) / "checkpoint.pt").exists()


def test_a_job_that_succeeds_in_the_end_has_no_error(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    write_state(tmp_path, job, FAILED, study=sweep.study, attempts=2)
    (job_folder(tmp_path, job) / "error.txt").write_text("old")
    run_here(tmp_path, sweep)
    assert read_state(tmp_path, job).attempts == 3
    assert not (job_folder(tmp_path, job) / "error.txt").exists()


def test_a_full_disk_interrupts_a_job(make, run_here, tmp_path):
    sweep = make(values={"trouble": "full"}, sweeps={"drift": (0,), "gait": ("slow",)}, seeds=1)
    with pytest.raises(DiskFull, match=r"the disk is full \(OSError: \[Errno 28\]"):
        run_here(tmp_path, sweep)
    assert read_state(tmp_path, sweep.jobs[0]).state == INTERRUPTED


def test_the_state_of_a_job_is_what_its_file_and_its_lock_say(sweep, tmp_path):
    (job,) = sweep.jobs
    assert read_state(tmp_path, job).state == WAITING
    with job_lock(tmp_path, job) as ours:
        assert ours
        write_state(tmp_path, job, RUNNING, study=sweep.study)
        assert read_state(tmp_path, job).state == RUNNING
        assert is_held(tmp_path, job)
        with job_lock(tmp_path, job) as another:
            assert not another
    assert read_state(tmp_path, job).state == INTERRUPTED
    write_state(tmp_path, job, DONE, study=sweep.study)
    assert read_state(tmp_path, job).state == WAITING  # its result is not there


def test_a_job_whose_process_was_killed_is_noted_once(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    write_state(tmp_path, job, RUNNING, study=sweep.study, attempts=2)
    note_interrupted(tmp_path, job, study=sweep.study, error="signal 9\nsaid")
    found = read_state(tmp_path, job)
    assert found == replace(found, state=INTERRUPTED, error="signal 9", attempts=2)
    assert (job_folder(tmp_path, job) / "error.txt").read_text() == "signal 9\nsaid\n"
    run_here(tmp_path, sweep)
    note_interrupted(tmp_path, job, study=sweep.study, error="late")
    assert read_state(tmp_path, job).state == DONE


def test_a_job_that_was_copied_from_another_sweep_counts_as_done(make, run_here, tmp_path):
    few, more = (make(seeds=seeds, values={"drift": 0, "steps": 1}) for seeds in (1, 2))
    run_here(tmp_path / "few", few)
    shutil.copytree(tmp_path / "few" / "jobs", tmp_path / "more" / "jobs")
    assert [read_state(tmp_path / "more", job).state for job in more.jobs] == [DONE, WAITING]


def test_a_job_whose_network_was_removed_runs_again(sweep, tmp_path):
    (job,) = sweep.jobs
    files = {"result": "result.nc", "network": "network.nc"}
    write_state(tmp_path, job, DONE, study=sweep.study, files=files)
    for name in files.values():
        assert read_state(tmp_path, job).state == WAITING
        (job_folder(tmp_path, job) / name).touch()
    assert read_state(tmp_path, job).state == DONE


def test_a_done_job_says_when_it_began(sweep, run_here, tmp_path, monkeypatch):
    (job,) = sweep.jobs
    monkeypatch.setattr(one_job, "now", iter(["morning", "evening"]).__next__)
    monkeypatch.setattr(states, "now", lambda: "evening")
    run_here(tmp_path, sweep)
    assert read_state(tmp_path, job).began == "morning"


def test_what_a_killed_process_left_of_a_done_job_goes(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    run_here(tmp_path, sweep)
    folder = job_folder(tmp_path, job)
    for name in ("checkpoint.pt", ".lock"):
        (folder / name).touch()
    with job_lock(tmp_path, job):
        run_sweep(sweep, tmp_path, workers=1, report=lambda line: None)
        assert (folder / "checkpoint.pt").exists()  # somebody is about to remove it
    (folder / ".lock").touch()
    run_sweep(sweep, tmp_path, workers=1, report=lambda line: None)
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "result.nc"]


def test_a_training_in_stages_goes_on_and_leaves_nothing(sweep, run_here, tmp_path):
    (job,) = sweep.jobs
    folder, resumed = job_folder(tmp_path, job), []

    def run(config, *, checkpoint, resume, report):
        resumed.append(resume)
        return xr.Dataset({"x": 1.0}), None

    sweep.__dict__["study"] = replace(sweep.study, run=run)
    folder.mkdir(parents=True)
    _of_stage(folder / "checkpoint.pt", 0).touch()
    run_here(tmp_path, sweep)
    assert resumed == [True]
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "result.nc"]
