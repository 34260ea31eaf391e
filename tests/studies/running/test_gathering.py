"""Results of jobs as one dataset."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.reporting.origin import provenance_tables
from chronaxie.studies.results import ResultError
from chronaxie.studies.running import gathering, runner
from chronaxie.studies.running.gathering import gather, open_gathered, write_gathered
from chronaxie.studies.running.records import job_folder
from chronaxie.studies.running.stacking import stacked

SWEPT = {"sweeps": {"drift": (0, 1), "gait": ("slow", "fast")}, "seeds": 2}


AXES = ("drift", "gait", "seed")


@pytest.fixture(scope="module")
def sweep(make):
    return make(**SWEPT)


@pytest.fixture(scope="module")
def all_done(sweep, run_here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("done")
    run_here(folder, sweep)
    return folder


@pytest.fixture
def folder(all_done, tmp_path):
    """A sweep whose jobs are done, of this test's own."""
    return shutil.copytree(all_done, tmp_path / "out")


@pytest.mark.parametrize("lazy", [False, True])
def test_every_value_is_where_its_job_is_on_the_axes(sweep, folder, lazy):
    gathered = gather(folder, sweep, lazy=lazy)
    assert gathered["last"].dims == ("drift", "gait", "seed")
    assert gathered["position"].dims == ("drift", "gait", "seed", "step")
    assert gathered["position"].shape == (2, 2, 2, 5)
    for job in sweep.jobs:
        with xr.open_dataset(folder / "jobs" / job.id / "result.nc") as one:
            at = gathered.sel(job.at)
            assert float(at["last"]) == float(one["last"])
            steps = one.sizes["step"]
            np.testing.assert_array_equal(at["position"].values[:steps], one["position"])
            assert np.isnan(at["position"].values[steps:]).all()
            assert str(at["said"].values) == job.config.label
    assert gathered["drift"].attrs == {"units": "m", "long_name": "drift in a step"}
    assert gathered["last"].attrs == {"units": "m"}
    assert gathered["count"].dtype == np.int64
    assert gathered["position"].chunks == (((1, 1), (1, 1), (1, 1), (5,)) if lazy else None)


def test_what_the_results_agree_on_is_kept(sweep, folder, walk):
    attrs = gather(folder, sweep).attrs
    assert (attrs["study"], attrs["study_file"], attrs["source"]) == ("walk", walk, "a test")
    assert json.loads(attrs["configuration"]) == {"pause": 0.0, "size": [2], "trouble": None}
    assert [axis["field"] for axis in json.loads(attrs["axes"])] == ["drift", "gait", "seed"]
    assert attrs["jobs"] == 8
    assert attrs["missing_jobs"] == attrs["failed_jobs"] == "[]"


def test_where_data_are_from_is_kept_for_each_job_where_it_differs(sweep, folder):
    for k, job in enumerate(sweep.jobs):
        file = job_folder(folder, job) / "result.nc"
        with xr.open_dataset(file) as ds:
            one = ds.load().assign_attrs(data_hash=f"hash {k}", data_source="the same")
        one.to_netcdf(file, engine="h5netcdf")
    for lazy in (False, True):
        gathered = gather(folder, sweep, lazy=lazy)
        assert gathered.attrs["data_source"] == "the same"
        assert "data_hash" not in gathered.attrs
        assert gathered["data_hash"].dims == AXES
        assert gathered["data_hash"].values.ravel().tolist() == [f"hash {k}" for k in range(8)]
        assert json.loads(gathered.attrs["seeds"]) == [0, 1]


def test_jobs_that_were_made_with_other_versions_say_so_each(sweep, folder):
    same = gather(folder, sweep).attrs["package_versions"]
    for job in sweep.jobs[:3]:
        file = job_folder(folder, job) / "result.nc"
        with xr.open_dataset(file) as ds:
            one = ds.load().assign_attrs(package_versions="numpy 1.0")
        one.to_netcdf(file, engine="h5netcdf")
    gathered = gather(folder, sweep)
    assert "package_versions" not in gathered.attrs  # those of who gathers are not those of the results
    assert gathered["package_versions"].dims == AXES
    assert gathered["package_versions"].values.ravel().tolist() == ["numpy 1.0"] * 3 + [same] * 5
    assert "chronaxie_version" in gathered.attrs
    said = []
    runner.finish(folder, sweep, report=said.append)
    assert (
        said[1]
        == "the jobs were made with different package_versions; each one's are variables of the dataset"
    )
    rows = dict(provenance_tables(open_gathered(folder, sweep), folder / "walk.nc")[0].rows)
    assert f"{rows['Packages']}".startswith(f"{same[:20]}")


def test_jobs_that_are_not_done_are_missing_values_and_named(sweep, folder):
    lacking = sweep.jobs[3]
    shutil.rmtree(job_folder(folder, lacking))
    gathered = gather(folder, sweep)
    assert json.loads(gathered.attrs["missing_jobs"]) == [lacking.id]
    assert gathered.attrs["failed_jobs"] == "[]"
    assert int(np.isnan(gathered["last"]).sum()) == 1
    assert np.isnan(float(gathered["last"].sel(lacking.at)))
    assert gathered["count"].dtype == float
    assert str(gathered["said"].sel(lacking.at).values) == ""


def test_nothing_done_is_nothing_to_gather(sweep, tmp_path):
    with pytest.raises(ResultError, match="none of the 8 jobs is done; there is nothing to gather"):
        gather(tmp_path, sweep)


def test_a_sweep_without_axes_is_its_only_result(make, run_here, tmp_path):
    sweep = make(values={"steps": 2, "drift": 1, "seed": 0})
    run_here(tmp_path, sweep)
    gathered = gather(tmp_path, sweep)
    assert gathered["position"].dims == ("step",)
    assert gathered["count"].dtype == np.int64


@pytest.mark.parametrize("zarr", [False, True])
def test_a_gathered_file_holds_the_same_and_takes_the_place_of_the_other(sweep, folder, zarr):
    gathered = gather(folder, sweep)
    write_gathered(gathered, folder, "walk", axes=AXES, zarr=not zarr)
    path = write_gathered(gathered, folder, "walk", axes=AXES, zarr=zarr)
    assert path.name == ("walk.zarr" if zarr else "walk.nc")
    assert sorted(p.name for p in folder.iterdir()) == sorted(["jobs", "sweep.json", path.name])
    with open_gathered(folder, sweep) as found:
        xr.testing.assert_identical(found.load(), gathered)


def test_large_results_are_gathered_lazily_and_written_job_by_job(sweep, folder, monkeypatch):
    whole = gather(folder, sweep)
    shutil.rmtree(job_folder(folder, sweep.jobs[5]))
    monkeypatch.setattr(gathering, "IN_MEMORY", 100)
    gathered = gather(folder, sweep)
    assert gathered["position"].chunks
    gathered["mean"] = whole["last"].mean("seed")  # an answer, in memory
    assert write_gathered(gathered, folder, "walk", axes=AXES).name == "walk.zarr"
    with open_gathered(folder, sweep) as found:
        xr.testing.assert_identical(found.load(), gathered.load())


# ------------------------------------------------------------------ stacking
lazily_or_not = pytest.mark.parametrize("lazy", [False, True])


def of(values, time, **more):
    return xr.Dataset({"x": ("time", values)}, coords={"time": time, **more})


@lazily_or_not
def test_dimensions_with_a_coordinate_are_matched_by_it(lazy):
    made = stacked([of([1.0, 2.0], [0.5, 0.1]), None, of([3], [0.3])], {"run": 3}, lazy=lazy)
    np.testing.assert_array_equal(made["time"], [0.1, 0.3, 0.5])
    np.testing.assert_array_equal(made["x"], [[2, np.nan, 1], [np.nan] * 3, [np.nan, 3, np.nan]])


@lazily_or_not
def test_coordinates_that_differ_get_the_new_dimensions(lazy):
    one, two = (of([1.0, 2.0], [0, 1], layer=("time", names), unit=7) for names in (["a", "b"], ["a", "c"]))
    made = stacked([one, two], {"run": 2}, lazy=lazy)
    assert made["layer"].dims == ("run", "time")
    assert made["layer"].values.tolist() == [["a", "b"], ["a", "c"]]
    assert made["unit"].dims == ()
    assert "layer" in made.coords


@lazily_or_not
def test_a_coordinate_with_a_value_twice_is_matched_by_position(lazy):
    made = stacked([of([1.0, 2.0], [0, 0]), of([3.0], [0])], {"run": 2}, lazy=lazy)
    np.testing.assert_array_equal(made["x"], [[1, 2], [3, np.nan]])


@lazily_or_not
def test_types_are_those_that_hold_all_values(lazy):
    one = xr.Dataset({"n": 1, "on": True, "day": np.datetime64("2026-01-01", "ns"), "z": 1j})
    made = stacked([one, one, None], {"run": 3}, lazy=lazy)
    assert [made[name].dtype.kind for name in ("n", "on", "day", "z")] == ["f", "f", "M", "c"]
    assert np.isnat(made["day"].values[2])
    assert stacked([one, one], {"run": 2}, lazy=lazy)["on"].dtype == bool


def test_what_cannot_be_put_together_is_refused():
    with pytest.raises(ValueError, match=r"'x' has dimensions \('time',\) and \('other',\)"):
        stacked([of([1.0], [0]), xr.Dataset({"x": ("other", [1.0])})], {"run": 2})
    with pytest.raises(ValueError, match="the results have a dimension 'time' already, and so has the sweep"):
        stacked([of([1.0], [0])], {"time": 1})
