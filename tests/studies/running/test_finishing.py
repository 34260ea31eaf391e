"""From gathered results to the study's answer; and how far a sweep is."""

import dataclasses
import json

import pytest
import xarray as xr

from chronaxie.analyses.drawing.specs import FigureSpec, Panel
from chronaxie.studies.results import ResultError
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.records import FAILED
from chronaxie.studies.running.runner import finish
from chronaxie.studies.running.states import write_state


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
