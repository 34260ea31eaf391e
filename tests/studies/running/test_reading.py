"""Many result files read at once: as xarray reads each of them."""

import h5py
import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.results import write_result
from chronaxie.studies.running import reading
from chronaxie.studies.running.reading import DamagedFile, read_results


def result(seed):
    """What studies write: numbers of every kind, texts, truth values, missing ones, coordinates, attributes."""
    rng = np.random.default_rng(seed)
    n = 3 + seed % 2
    return xr.Dataset(
        {
            "accuracy": ((), rng.uniform(), {"units": "1", "long_name": f"accuracy {seed % 2}"}),
            "trace": (("neuron", "time"), rng.normal(size=(n, 2)), {"units": "mV"}),
            "gap": ("time", [np.nan, rng.normal()]),
            "small": ("time", np.array([1, 2], "float32")),
            "count": ("neuron", rng.integers(0, 9, n)),
            "label": ("time", np.array([1, -1], "int8")),
            "packed": ("time", [1.5, np.nan], {}, {"dtype": "int16", "scale_factor": 0.5, "_FillValue": -1}),
            "silent": ("neuron", rng.uniform(size=n) < 0.5),
            "said": ((), "of a job" + "!" * seed),
            "names": ("neuron", ["é", "", "long"][:3] + ["four"] * (n - 3)),
            "began": ((), np.datetime64("2026-01-01T00:00:00", "ns") + np.timedelta64(seed, "s")),
            "nothing": ("none", np.zeros(0)),
        },
        {"time": [0.0, 0.004], "layer": ("neuron", ["a"] * n), "kind": ("class", ["x", "yy"]), "where": 3.5},
        {"seed": seed, "rate": 0.5, "one": [7], "several": [1, 2], "texts": ["a", "b"], "study": "a test"},
    )


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{seed}.nc" for seed in range(5)]
    for seed, path in enumerate(paths):
        ds = result(seed)
        write_result(ds.drop_vars("count") if seed == 2 else ds, path)
    return paths


def opened(path):
    with xr.open_dataset(path, engine="h5netcdf") as ds:
        return ds.load()


def held_to_xarray(files):
    for path, found in zip(files, read_results(files), strict=True):
        expected = opened(path)
        xr.testing.assert_identical(found, expected)
        assert list(found.variables) == list(expected.variables)
        for one, other in [
            (found, expected),
            *((found.variables[k], v) for k, v in expected.variables.items()),
        ]:
            assert [(k, type(v)) for k, v in one.attrs.items()] == [
                (k, type(v)) for k, v in other.attrs.items()
            ]
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
        assert list(found.indexes) == list(expected.indexes)


def test_files_are_read_as_xarray_reads_them(files, monkeypatch):
    monkeypatch.setattr(reading.xr, "open_dataset", None)  # none of them is left to xarray
    read_results(files)
    monkeypatch.undo()
    held_to_xarray(files)


def long(middle):
    values = np.zeros(2001)
    values[1000] = middle
    return values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([0.1, 1]), np.array([np.nextafter(0.1, 1), 1])),
        (np.float32([0.1, 1]), np.array([np.nextafter(np.float32(0.1), np.float32(1)), 1], "float32")),
        (0.1, np.nextafter(0.1, 1)),
        (0.0, -0.0),
        (long(1), long(2)),
        (long(1).astype(int), long(2).astype(int)),
    ],
    ids=["ulp", "ulp of float32", "ulp of one", "sign of zero", "long", "long and whole"],
)
def test_attributes_that_only_look_alike_stay_each_in_its_file(one, other, tmp_path, monkeypatch):
    files = [tmp_path / "one.nc", tmp_path / "other.nc"]
    for value, path in zip((one, other), files, strict=True):
        write_result(xr.Dataset({"x": ("k", [1.0, 2.0], {"limits": value})}), path)
    held_to_xarray(files)
    monkeypatch.setattr(reading.xr, "open_dataset", None)
    for value, found in zip((one, other), read_results(files), strict=True):
        assert np.asarray(found["x"].attrs["limits"]).tobytes() == np.asarray(value).tobytes()


def test_what_only_xarray_reads_is_left_to_it(files, tmp_path):
    complex_, grouped = tmp_path / "complex.nc", tmp_path / "grouped.nc"
    xr.Dataset({"x": ("k", np.array([b"ab", b"cd"]))}).to_netcdf(complex_, engine="h5netcdf")
    write_result(result(7), grouped)
    with h5py.File(grouped, "a") as file:
        file.create_group("more")
    held_to_xarray([files[0], complex_, grouped, files[1]])


def test_a_damaged_file_is_named(files):
    files[3].write_bytes(files[3].read_bytes()[:3000])
    with pytest.raises(DamagedFile, match="OSError: .*truncated") as caught:
        read_results(files)
    assert caught.value.file == files[3]
