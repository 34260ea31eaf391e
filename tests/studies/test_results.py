import stat

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.results import ResultError, prepare_folder, read_result, write_result


def dataset(value=1.0):
    return xr.Dataset(
        {
            "accuracy": ((), value, {"units": "1"}),
            "silent": ("unit", np.array([True, False]), {"units": "1"}),
            "tau_a": ("unit", np.array([600.25, np.nan]), {"units": "ms"}),
            "label": ("time", np.array([-1, 3], dtype=np.int8), {"units": "1", "unlabelled": -1}),
        },
        coords={
            "unit_layer": ("unit", ["hidden1", "output"]),
            "time": ("time", [0.0, 0.004], {"units": "s"}),
        },
        attrs={"study": "ecg", "seed": 3, "configuration": '{"hidden": [8]}'},
    )


def test_what_is_written_is_read_back(tmp_path):
    write_result(dataset(), tmp_path / "a.nc")
    back = read_result(tmp_path / "a.nc")
    xr.testing.assert_identical(back, dataset())
    assert {name: v.dtype for name, v in back.data_vars.items()} == {
        name: v.dtype for name, v in dataset().data_vars.items()
    }
    assert back["label"].attrs == {"units": "1", "unlabelled": -1}


def test_the_file_may_be_read_by_others_as_the_umask_allows(tmp_path):
    (tmp_path / "usual").touch()
    write_result(dataset(), tmp_path / "a.nc")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "a.nc")}
    assert len(modes) == 1


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_while_writing_leaves_the_old_file(tmp_path, monkeypatch, error):
    path = tmp_path / "a.nc"
    write_result(dataset(1.0), path)

    def half(ds, target, **options):
        with open(target, "wb") as file:
            file.write(b"\x89HDF")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(xr.Dataset, "to_netcdf", half)
        with pytest.raises(type(error)):
            write_result(dataset(2.0), path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]
    assert float(read_result(path).accuracy) == 1.0
    write_result(dataset(2.0), path)
    assert float(read_result(path).accuracy) == 2.0


def test_what_netcdf_cannot_hold_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_result(dataset().assign_attrs(what=object()), tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made(tmp_path):
    folder = prepare_folder(tmp_path / "out" / "deep", ["a.nc"], overwrite=False)
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, below):
    (tmp_path / "out").write_text("here")
    with pytest.raises(ResultError, match=r"out.*: cannot be written \(.*\); give another folder: --out DIR"):
        prepare_folder(tmp_path / "out" / below, ["a.nc"], overwrite=True)
    assert (tmp_path / "out").read_text() == "here"


def test_a_folder_without_write_permission_is_refused(tmp_path, monkeypatch):
    def refuse(*, dir):
        raise PermissionError(13, "Permission denied")

    # Permissions do not bind root, so the system's answer stands in for them.
    monkeypatch.setattr("chronaxie.studies.results.tempfile.TemporaryFile", refuse)
    with pytest.raises(ResultError, match=r"cannot be written \(Permission denied\)"):
        prepare_folder(tmp_path, ["a.nc"], overwrite=True)


def test_an_existing_file_needs_overwrite(tmp_path):
    (tmp_path / "b.nc").touch()
    with pytest.raises(ResultError, match=r"b\.nc: is there already; give --overwrite or another --out DIR"):
        prepare_folder(tmp_path, ["a.nc", "b.nc"], overwrite=False)
    assert prepare_folder(tmp_path, ["a.nc", "b.nc"], overwrite=True) == tmp_path
    assert prepare_folder(tmp_path, ["a.nc"], overwrite=False) == tmp_path


def test_an_old_checkpoint_is_not_replaced_unasked(tmp_path):
    (tmp_path / "a.pt").touch()
    with pytest.raises(ResultError, match=r"a\.pt: an earlier training .* --resume to .*, or --overwrite"):
        prepare_folder(tmp_path, ["a.nc"], overwrite=False, checkpoint="a.pt")
    for choice in ({"overwrite": True}, {"overwrite": False, "resume": True}):
        assert prepare_folder(tmp_path, ["a.nc"], checkpoint="a.pt", **choice) == tmp_path
    (tmp_path / "b.pt").mkdir()
    with pytest.raises(ResultError, match=r"b\.pt: is a folder"):
        prepare_folder(tmp_path, ["a.nc"], overwrite=True, checkpoint="b.pt")


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "a.nc").mkdir()
    with pytest.raises(ResultError, match=r"a\.nc: is a folder"):
        prepare_folder(tmp_path, ["a.nc"], overwrite=True)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultError, match=r"nowhere\.nc: no such file"):
        read_result(tmp_path / "nowhere.nc")


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.nc"
    write_result(dataset(), path)
    whole = path.read_bytes()
    for content in (b"", b"not netCDF at all", whole[: len(whole) // 2], whole[:600]):
        path.write_bytes(content)
        with pytest.raises(ResultError, match=r"a\.nc: not a readable netCDF file"):
            read_result(path)


def test_a_foreign_file_is_refused(tmp_path):
    dataset().drop_attrs().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(ResultError, match=r"not the result of a study \(no attribute 'study'\)"):
        read_result(tmp_path / "a.nc")


def test_a_folder_is_no_result(tmp_path):
    with pytest.raises(ResultError, match="is a folder; give the .nc file in it"):
        read_result(tmp_path)
