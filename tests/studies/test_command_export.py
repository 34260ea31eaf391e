"""``chronaxie export``: a network file becomes a script, arrays, tables; what does not fit is one line."""

import shutil

import numpy as np
import pytest
import xarray as xr

from chronaxie.models import Initial, Normal, load_description, save, simulate, srnn
from chronaxie.models.annotations import annotate
from chronaxie.studies.cli import main
from chronaxie.studies.tasks import load_task

from ..models.exported import run_here
from ..models.test_export_scripts import compare
from .test_cli import complaint

pytestmark = pytest.mark.usefixtures("numpy_target")
TASK = ["--task", "synthetic_ecg", "--option", 'config={"train": 4, "valid": 2, "test": 3, "steps": 100}']


@pytest.fixture(scope="module")
def task():
    return load_task("synthetic_ecg", config={"train": 4, "valid": 2, "test": 3, "steps": 100})


@pytest.fixture(scope="module")
def network(task, tmp_path_factory):
    """A network file for the synthetic ECG."""
    net = srnn(task.test.sizes["channel"], [8], len(task.classes), bias=Normal(0.02, 0.02), seed=1)
    net = annotate(net, about={"task": "synthetic_ecg"})
    return save(net, tmp_path_factory.mktemp("network") / "net.nc")


@pytest.mark.slow
def test_a_script_with_the_test_trials_of_a_task(network, task, tmp_path, capsys):
    folder = tmp_path / "net"
    assert main(["export", str(network), str(folder), *TASK, "--trials", "2"]) == 0
    printed = capsys.readouterr().out
    assert f"  {folder}/network.npz\n  {folder}/network.py\n" in printed
    assert f"python {folder}/network.py" in printed
    _, out = run_here(folder)
    compare(out, simulate(load_description(network), task.test.stimulus[:2]))
    said = capsys.readouterr().out
    assert all(f"{name} " in said for name in task.classes)
    text = " ".join((folder / "network.py").read_text().split())
    assert "that of the first 2 test trials of the # task synthetic_ecg" in text


@pytest.mark.slow
def test_the_random_start_and_its_seed(network, task, tmp_path):
    folder = tmp_path / "net"
    start = ["--start", "random", "--start-seed", "5"]
    assert main(["export", str(network), str(folder), *TASK, *start, "--to", "brian2"]) == 0
    _, out = run_here(folder)
    initial = Initial("random", seed=5)
    compare(out, simulate(load_description(network), task.test.stimulus[:3], initial=initial))


def test_without_a_task_the_input_is_made_up_and_that_is_said(network, tmp_path, capsys):
    assert main(["export", str(network), str(tmp_path / "net"), "--trials", "2", "--duration", "200"]) == 0
    assert "no --task: the script runs random inputs" in capsys.readouterr().err
    with np.load(tmp_path / "net" / "network.npz") as stored:
        assert stored["example/input"].shape[:2] == (2, 250)


@pytest.mark.parametrize(("form", "file"), [("npz", "network.npz"), ("csv", "hidden1.csv")])
def test_values(form, file, network, tmp_path, capsys):
    assert main(["export", str(network), str(tmp_path / "net"), "--to", form]) == 0
    assert (tmp_path / "net" / file).is_file()
    assert file in capsys.readouterr().out


def test_the_result_of_a_study_leads_to_its_network(network, tmp_path, capsys):
    shutil.copy(network, tmp_path / "network_ecg.nc")
    xr.Dataset(attrs={"study": "ecg"}).to_netcdf(tmp_path / "ecg.nc", engine="h5netcdf")
    assert main(["export", str(tmp_path / "ecg.nc"), str(tmp_path / "net"), "--to", "npz"]) == 0
    assert f"its network is {tmp_path}/network_ecg.nc" in capsys.readouterr().err


def test_an_export_that_is_there_is_replaced_when_asked(network, tmp_path, capsys):
    arguments = ["export", str(network), str(tmp_path / "net"), "--to", "npz"]
    assert main(arguments) == 0
    capsys.readouterr()
    assert main(arguments) == 1
    assert "net exists; choose another name or pass overwrite=True (--overwrite)" in complaint(capsys)
    assert main([*arguments, "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "csv", "--task", "ecg"], "--task: is for a script that runs; leave it out with --to csv"),
        (["--to", "npz", "--start", "zero"], "--start: is for a script that runs"),
        (["--start-seed", "1"], "--start-seed: is the seed of --start random"),
        (["--option", "a=1"], "--data, --option and --seed say how a task is loaded; give --task TASK too"),
        ([*TASK, "--trials", "4"], "--trials: the task 'synthetic_ecg' has 3 test trials, got 4"),
        ([*TASK, "--data", "."], "--data: the task 'synthetic_ecg' reads no data; leave it out"),
        (["--task", "eccg"], "no task is called 'eccg'"),
        (["--task", "digits"], "channels"),
    ],
)
def test_options_that_do_not_fit_together(options, said, network, tmp_path, capsys):
    assert main(["export", str(network), str(tmp_path / "net"), *options]) == 1
    assert said in complaint(capsys)
    assert not (tmp_path / "net").exists()


def test_what_is_no_network(tmp_path, capsys):
    assert main(["export", str(tmp_path / "no.nc"), str(tmp_path / "net")]) == 1
    assert "there is no file" in complaint(capsys)
    (tmp_path / "bad.nc").write_bytes(b"nothing")
    assert main(["export", str(tmp_path / "bad.nc"), str(tmp_path / "net")]) == 1
    assert "damaged or no network file" in complaint(capsys)
