"""chronaxie show: what a file holds, printed and drawn again from the file alone."""

import shutil

import numpy as np
import pytest
import xarray as xr
from brian2 import ms
from matplotlib.image import imread

from chronaxie.models import save, srnn
from chronaxie.studies.cli import main
from chronaxie.studies.results import read_result
from chronaxie.studies.summary import ATTRIBUTES_SIMULATE, NEEDED_SIMULATE

from .test_cli import NAME, complaint
from .wfdb_files import beats, write_record


# ------------------------------------------------------------------ results of studies
@pytest.fixture
def copied(study, tmp_path):
    """The dataset alone, in another folder."""
    shutil.copy(study.folder / NAME, tmp_path / NAME)
    return tmp_path / NAME


def test_show_draws_the_same_figures_from_the_file_alone(study, copied, capsys):
    assert main(["show", str(copied)]) == 0
    drawn = {path.name for path in copied.parent.iterdir()} - {NAME}
    assert drawn == {path.name for path in study.files if path.suffix in (".png", ".svg")}
    for name in drawn:
        if name.endswith(".png"):
            np.testing.assert_array_equal(imread(copied.parent / name), imread(study.folder / name))
    printed = capsys.readouterr().out
    assert (
        f"accuracy, twin, labelled steps                   {float(study.result.test_accuracy):.4f}" in printed
    )
    assert printed.split("drawn:\n")[1].count(".svg") == len(drawn) // 2


def test_show_into_another_folder(copied, tmp_path):
    assert main(["show", str(copied), "--out", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / f"{copied.stem}_raster.svg").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [NAME]


@pytest.mark.parametrize("kind", ["missing", "damaged", "foreign", "incomplete"])
def test_show_refuses_what_is_no_result(copied, capsys, kind):
    expected = {
        "missing": "no such file",
        "damaged": "not a readable netCDF file",
        "foreign": "not the result of a study",
        "incomplete": "lacks spike_mismatches",
    }[kind]
    if kind == "missing":
        copied.unlink()
    elif kind == "damaged":
        copied.write_bytes(copied.read_bytes()[:3000])
    else:
        ds = read_result(copied)
        ds = ds.drop_attrs() if kind == "foreign" else ds.drop_vars("spike_mismatches")
        xr.Dataset.to_netcdf(ds, copied, engine="h5netcdf")
    assert main(["show", str(copied)]) == 1
    assert expected in complaint(capsys)
    assert not list(copied.parent.glob("*.png"))


# ------------------------------------------------------------------ a record through a network
@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """What `chronaxie simulate` leaves of 12 s of a record, of which it draws 10."""
    folder = tmp_path_factory.mktemp("simulated")
    signal, _ = beats(seconds=12.0)
    record = write_record(folder, "rec", signal)
    save(srnn(16, [6], 4, dt=4 * ms, seed=1, input_gain=2.0), folder / "net.nc")
    assert main(["simulate", str(folder / "net.nc"), "--wfdb", str(record), "--out", str(folder)]) == 0
    return folder / "record_rec.nc"


def test_show_draws_a_record_again(simulated, tmp_path, capsys):
    shutil.copy(simulated, tmp_path)
    assert main(["show", str(tmp_path / simulated.name)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("record rec, lead ii: 0 to 12 s\n")
    assert "heart rate: " in printed
    name = "record_rec_record"
    assert {path.name for path in tmp_path.iterdir()} == {simulated.name, f"{name}.png", f"{name}.svg"}
    np.testing.assert_array_equal(
        imread(tmp_path / f"{name}.png"), imread(simulated.with_name(f"{name}.png"))
    )


@pytest.mark.parametrize("name", [*NEEDED_SIMULATE, *ATTRIBUTES_SIMULATE])
def test_show_refuses_a_record_that_lacks_something(simulated, tmp_path, capsys, name):
    ds = read_result(simulated)
    if name in ATTRIBUTES_SIMULATE:
        del ds.attrs[name]
    else:
        ds = ds.drop_dims("time") if name == "time" else ds.drop_vars(name)
    ds.to_netcdf(tmp_path / "less.nc", engine="h5netcdf")
    assert main(["show", str(tmp_path / "less.nc")]) == 1
    line = complaint(capsys)
    assert f"{name}" in line.split("that lacks ")[1]
    assert not list(tmp_path.glob("*.png"))
