"""From gathered results to the study's answer; and how far a sweep is."""

import dataclasses
import json
import os

import pytest
import xarray as xr

from chronaxie.analyses.drawing.specs import FigureSpec, Panel
from chronaxie.studies.results import ResultError
from chronaxie.studies.running.folder import only_runner, prepare_sweep
from chronaxie.studies.running.progress import Progress, duration
from chronaxie.studies.running.runner import finish
from chronaxie.studies.running.states import FAILED, INTERRUPTED, RUNNING, job_lock, write_state
from chronaxie.studies.running.status import sweep_status


@pytest.fixture(scope="module")
def sweep(make):
    return make(sweeps={"drift": (0, 1), "gait": ("slow",)}, seeds=2)


def silent(line):
    pass


def with_answer(sweep, answer):
    """The sweep of a study that answers otherwise."""
    changed = dataclasses.replace(sweep)
    changed.__dict__["study"] = dataclasses.replace(sweep.study, answer=answer)
    return changed


def test_a_finished_sweep_has_its_answer(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep)
    outcome = finish(tmp_path, sweep, report=silent)
    assert outcome.files == [tmp_path / "walk.nc"]
    assert (outcome.failed, outcome.problem) == ({}, "")
    with xr.open_dataset(tmp_path / "walk.nc") as ds:
        assert outcome.answer == ds.attrs["answer"] == f"They end at {float(ds['last'].mean()):.3f} m."
        assert ds["end"].dims == ("drift", "gait")
        assert ds.attrs["jobs"] == 4


def test_gathered_files_of_the_same_jobs_are_the_same_bytes(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep)
    finish(tmp_path, sweep, report=silent)
    first = (tmp_path / "walk.nc").read_bytes()
    finish(tmp_path, sweep, report=silent)
    assert (tmp_path / "walk.nc").read_bytes() == first


def test_an_answer_that_fails_leaves_the_results(sweep, run_here, tmp_path):
    def broken(ds):
        raise KeyError("speed")

    run_here(tmp_path, sweep, sweep.jobs[:1])
    outcome = finish(tmp_path, with_answer(sweep, broken), report=silent)
    assert outcome.problem == "walk: no answer: KeyError: 'speed'"
    with xr.open_dataset(tmp_path / "walk.nc") as ds:
        assert len(json.loads(ds.attrs["missing_jobs"])) == 3
    outcome = finish(tmp_path, with_answer(sweep, lambda ds: ds[["last"]]), report=silent)
    assert outcome.problem.endswith("the answer and the results both have a variable 'last'")


def test_an_answer_with_other_coordinates_than_the_results_is_a_problem(sweep, run_here, tmp_path):
    def of_others(ds):
        return xr.Dataset({"mean": ("drift", [1.0, 2.0])}, {"drift": [0.0, 2.0]})

    run_here(tmp_path, sweep)
    outcome = finish(tmp_path, with_answer(sweep, of_others), report=silent)
    assert outcome.problem.startswith("walk: no answer: AlignmentError: ")
    assert "drift" in outcome.problem
    with xr.open_dataset(tmp_path / "walk.nc") as ds:
        assert ds.drift.values.tolist() == [0, 1]


def test_a_figure_that_fails_leaves_the_results_and_the_other_figures(sweep, run_here, tmp_path):
    def broken(ds, ax):
        raise KeyError("speed")

    def good(ds, ax):
        return ax.plot(ds["end"].values)

    run_here(tmp_path, sweep)
    changed = dataclasses.replace(sweep)
    specs = tuple(
        FigureSpec(name, (Panel(draw, ("end",)),), width=3, height=3)
        for name, draw in (("bad", broken), ("fine", good))
    )
    changed.__dict__["study"] = dataclasses.replace(sweep.study, figures=specs)
    outcome = finish(tmp_path, changed, report=silent)
    assert outcome.problem == "walk: no figure 'bad': KeyError: 'speed'"
    assert [path.name for path in outcome.files] == ["walk.nc", "walk_fine.png", "walk_fine.svg"]
    assert outcome.answer.startswith("They end at")


def test_a_damaged_result_is_named_with_what_to_do(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep, sweep.jobs[:2])
    file = tmp_path / "jobs" / sweep.jobs[1].id / "result.nc"
    file.write_bytes(file.read_bytes()[:500])
    expected = (
        f"{file}: damaged (OSError: .*; remove it, and its job runs again with: chronaxie resume {tmp_path}"
    )
    with pytest.raises(ResultError, match=expected.replace("(", r"\(")):
        finish(tmp_path, sweep, report=silent)


def test_a_sweep_of_which_nothing_is_done_has_only_errors(sweep, tmp_path):
    prepare_sweep(tmp_path, sweep, report=silent)
    write_state(tmp_path, sweep.jobs[1], FAILED, study=sweep.study, error="ValueError: x")
    outcome = finish(tmp_path, sweep, report=silent)
    assert outcome.files == []
    assert outcome.failed == {sweep.jobs[1].id: "ValueError: x"}


def test_status_says_how_far_a_sweep_is(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep, sweep.jobs[:1])
    write_state(tmp_path, sweep.jobs[1], FAILED, study=sweep.study, error="ValueError: x")
    write_state(tmp_path, sweep.jobs[2], INTERRUPTED, study=sweep.study, error="signal 9 (SIGKILL)")
    text = sweep_status(tmp_path).text()
    assert "walk: Where does a walk end?\n4 jobs: 1 done, 1 waiting, 1 interrupted, 1 failed\n" in text
    assert f"nobody runs it; it goes on with: chronaxie resume {tmp_path}" in text
    assert "\nfailed: drift 0.0, gait slow, seed 1: ValueError: x\n" in text
    assert "\ninterrupted: drift 1.0, gait slow, seed 0: signal 9 (SIGKILL)\n" in text
    with only_runner(tmp_path, workers=2, scheduler=None), job_lock(tmp_path, sweep.jobs[3]):
        write_state(tmp_path, sweep.jobs[3], RUNNING, study=sweep.study, began="noon")
        found = sweep_status(tmp_path)
        assert found.seconds_left == pytest.approx(found.states[sweep.jobs[0].id].seconds / 2)
        assert f"process {os.getpid()} on {os.uname().nodename} runs it; about " in found.text()
        assert "\nrunning: drift 1.0, gait slow, seed 1, since noon\n" in found.text()


def test_status_of_a_complete_sweep(make, run_here, tmp_path):
    sweep = make(values={"drift": 0, "seed": 1, "steps": 1})
    run_here(tmp_path, sweep)
    assert sweep_status(tmp_path).text().endswith("1 jobs: 1 done\ncomplete")


def test_progress_without_a_terminal_is_a_line_for_each_job(sweep, capsys, monkeypatch):
    monkeypatch.setattr("time.monotonic", iter([0.0, 30.0, 60.0]).__next__)
    with Progress(sweep.jobs, done=1, workers=2) as progress:
        progress.says(sweep.jobs[1].id, "not shown")
        progress.finished(sweep.jobs[1].id, 2.0)
        progress.fell(sweep.jobs[2].id, "ValueError: x")
        progress.finished(sweep.jobs[3].id, 4.0)
    assert capsys.readouterr().err.splitlines() == [
        "[2/4] drift 0.0, gait slow, seed 1: 2.0 s; 60 s left",
        "[3/4] drift 1.0, gait slow, seed 0: failed: ValueError: x; 30 s left",
        "[4/4] drift 1.0, gait slow, seed 1: 4.0 s",
    ]
    assert progress.fallen == {sweep.jobs[2].id}


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.4, "3 s"), (99, "99 s"), (720, "12 min"), (11100, "3 h 05 min")]
)
def test_durations_are_said_in_words(seconds, text):
    assert duration(seconds) == text
