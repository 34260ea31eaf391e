"""Results repeated from their files, and how two results are compared."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.physical_config import PhysicalConfig
from chronaxie.studies.results import ResultError, write_result
from chronaxie.studies.running import rerunning
from chronaxie.studies.running.comparing import compare_results
from chronaxie.studies.running.rerunning import rerun
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.running.values import to_json

HERE = {"machine": "here", "commit": "a"}


def result(**changes):
    """A small result, with some variables or attributes in place of its own."""
    attrs = HERE | {"study": "x", "configuration": '{"a": [1, 2]}', "wall_time_s": 1.0}
    data = {"x": ("t", [1.0, np.nan, -0.0]), "n": 3, "word": ("t", ["a", "b", "c"]), "clock": 1.0}
    return xr.Dataset(data | {k: v for k, v in changes.items() if k in data}).assign_attrs(
        attrs | {k: v for k, v in changes.items() if k not in data}
    )


def test_the_same_result_made_elsewhere_is_the_same():
    found = compare_results(
        result(),
        result(machine="there", wall_time_s=9.0, clock=2.0, configuration='{"a":[1,2]}'),
        clock=("clock",),
    )
    assert (found.same, found.differing, found.origins) == (3, {}, {"machine": "here; now there"})
    assert found.text() == (
        "the same to the bit: 3 variables, and all attributes beside where it was made\n"
        "made with other machine: here; now there"
    )


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"x": ("t", [1.0, np.nan, 0.0])}, {"x": "1 of 3 values differ, at most by 0 (0 of the largest)"}),
        ({"x": ("t", [1.25, np.nan, -0.0])}, {"x": "1 of 3 values differ, at most by 0.25 (0.25 of the largest)"}),
        ({"x": ("t", [1.0, 2.0, -0.0])}, {"x": "1 of 3 values differ, at most by 0 (0 of the largest); 1 are finite in "
          "one of them only"}),
        ({"x": ("t", np.float32([1, 2, 3]))}, {"x": "was float64, is float32"}),
        ({"x": ("s", [1.0])}, {"x": "was (t 3), is (s 1)"}),
        ({"word": ("t", ["a", "b", "d"])}, {"word": "1 of 3 texts differ"}),
        ({"n": 4}, {"n": "1 of 1 values differ, at most by 1 (0.33 of the largest)"}),
        ({"study": "y"}, {"attribute study": "was x, is y"}),
    ],
)  # fmt: skip
def test_what_differs_is_said_with_how_much(changes, differing):
    found = compare_results(result(), result(**changes))
    assert found.differing == differing
    assert found.text().startswith("not the same: 1 differ, ")


def test_what_is_said_of_a_variable_is_compared_too():
    was = result().assign(tau=("k", [1.0, 2.0], {"units": "ms", "long_name": "tau"}))
    now = was.assign(tau=("k", [1.0, 2.5], {"units": "s", "limits": [0, 1]}))
    assert compare_results(was, now).differing == {
        "tau": "1 of 2 values differ, at most by 0.5 (0.25 of the largest); its units was ms, is s; its long_name was "
        "tau, is missing; its limits was missing, is [0, 1]"
    }
    assert compare_results(was, was.set_coords("tau")).differing == {"tau": "is a coordinate now"}
    assert compare_results(was.set_coords("tau"), was).differing == {"tau": "is a coordinate no more"}


def test_variables_that_come_and_go_are_named():
    found = compare_results(result(), result().rename(n="m"))
    assert found.differing == {"n": "is missing now", "m": "is new"}


def test_a_result_that_cannot_be_repeated_is_refused(tmp_path):
    file = tmp_path / "r.nc"
    for attrs, message in (
        ({"study": "ecgg", "configuration": "{}"}, "r.nc: unknown study 'ecgg': the nearest are ecg"),
        ({"study": "ecg"}, "r.nc: has no attribute 'configuration'"),
        ({"study": "ecg", "configuration": "{}", "chronaxie_version": "99.0"}, "a result of chronaxie 99.0, this is"),
        ({"study": "ecg", "configuration": "{}", "axes": "[]", "jobs": 6}, "gathered from 6 jobs; give the result of"),
        ({"study": "ecg", "configuration": '{"epoch": 1}'}, "r.nc: no field 'epoch' in ECGConfig"),
        ({"study": "w", "configuration": "{}", "study_file": "/no/w.py"}, "the study in /no/w.py, which is not there"),
    ):  # fmt: skip
        write_result(xr.Dataset(attrs=attrs), file)
        with pytest.raises(ValueError, match=message):
            rerun(file)


def test_a_result_of_another_model_than_its_configuration_is_refused(tmp_path):
    attrs = {"study": "train", "model": "gru", "configuration": '{"task": "ecg"}'}
    write_result(xr.Dataset(attrs=attrs), tmp_path / "r.nc")
    with pytest.raises(ResultError, match="'model' is 'gru', but its configuration .* is one of 'alif'"):
        rerun(tmp_path / "r.nc")


def begun(file, monkeypatch):
    """The configurations that a repetition would run."""
    found = []

    @contextmanager
    def instead(sweep, folder, **options):
        found.extend(job.config for job in sweep.jobs)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(rerunning, "sweep_run", instead)
    with pytest.raises(KeyboardInterrupt):
        rerun(file)
    return found


def test_a_network_in_physical_units_is_repeated_as_one(tmp_path, monkeypatch):
    config = PhysicalConfig("ecg", seed=3, epochs=2)
    # As `chronaxie train --model current_alif` writes them: the name of the command, a configuration without model.
    attrs = {"study": "train", "model": "current_alif", "configuration": to_json(config)}
    write_result(xr.Dataset(attrs=attrs), tmp_path / "r.nc")
    assert begun(tmp_path / "r.nc", monkeypatch) == [config]


def test_a_job_of_a_study_that_needs_axes_is_repeated_without_them(tmp_path, monkeypatch):
    (job,) = make_sweep("ecg_comparison", sweeps={"network": ("lif",), "seed": (3,), "hidden": (18,)}).jobs
    attrs = {"study": "ecg_comparison", "model": "lif", "configuration": to_json(job.config)}
    write_result(xr.Dataset(attrs=attrs), tmp_path / "r.nc")
    assert begun(tmp_path / "r.nc", monkeypatch) == [job.config]


@pytest.fixture
def file(make, run_here, tmp_path):
    """The result of a job."""
    sweep = make(sweeps={"drift": (0.1,), "gait": ("slow",), "size": ((1, 2),)}, seeds=1)
    run_here(tmp_path / "out", sweep)
    return tmp_path / "out" / "jobs" / sweep.jobs[0].id / "result.nc"


def changed(file, change):
    """Write a result again with a change."""
    with xr.open_dataset(file) as ds:
        ds.load()
    write_result(change(ds), file)


def test_a_result_is_repeated_from_its_file_alone(file, tmp_path):
    changed(file, lambda ds: ds.assign(last=ds["last"] + 1))
    found = rerun(file, out=tmp_path / "again", report=lambda line: None)
    assert found.differing == {"last": found.differing["last"]}
    assert found.differing["last"].startswith("1 of 1 values differ, at most by 1 ")
    assert (found.same, found.origins) == (4, {})
    assert (tmp_path / "again" / "walk.nc").is_file()


@pytest.mark.slow
def test_a_run_that_fails_and_one_that_is_the_same(file):
    assert rerun(file, report=lambda line: None).differing == {}
    changed(file, lambda ds: ds.assign_attrs(configuration=json.dumps(
        json.loads(ds.attrs["configuration"]) | {"trouble": "error"}
    )))  # fmt: skip
    with pytest.raises(ResultError, match=r"(?s)the run failed: .*ValueError: stumbled"):
        rerun(file, report=lambda line: None)
