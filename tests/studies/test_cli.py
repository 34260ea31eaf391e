import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

import chronaxie
from chronaxie.studies import ecg, ecg_config, result_folder
from chronaxie.studies.cli import main
from chronaxie.studies.results import ResultError, read_result, write_result

NAME = "ecg_synthetic_seed3.nc"


@pytest.fixture
def no_training(monkeypatch):
    """In this test a training that begins is an error of its own."""

    def begin(*arguments, **options):
        raise AssertionError("the training began")

    monkeypatch.setattr(ecg, "fit", begin)


def complaint(capsys):
    """The one line that a command that failed has to say, without a traceback."""
    printed = capsys.readouterr()
    lines = printed.err.strip().splitlines()
    assert [line for line in lines if line.startswith("chronaxie: ")] == lines[-1:], printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    return lines[-1]


# ------------------------------------------------------------------ what a person meets first
def test_without_a_command_help_and_exit_code_2(capsys):
    assert main([]) == 2
    printed = capsys.readouterr()
    assert "usage: chronaxie" in printed.out
    for word in ("run", "show", "--version", "--traceback"):
        assert word in printed.out


def test_help(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert "run a study" in printed
    assert "draw the figures of a result file" in printed


def test_help_of_the_study_says_every_option_and_default(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "ecg", "--help"])
    assert stop.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    for option in (
        "--data",
        "--synthetic",
        "--out",
        "--overwrite",
        "--resume",
        "--seed",
        "--epochs",
        "--hidden",
    ):
        assert option in printed
    # The help cannot ask the study: importing it takes seconds.
    for name in ("epochs", "batch_size", "learning_rate", "time_constant_rate", "surrogate"):
        configurations = [
            ecg_config.ECGConfig(**ecg_config.defaults(task)) for task in ("ecg", "synthetic_ecg")
        ]
        real, embedded = (getattr(config, name) for config in configurations)
        option = f"--{name.replace('_', '-')} "
        default = f"(default: {real})" if real == embedded else f"(default: {real}; synthetic: {embedded})"
        assert default in printed[printed.rindex(option) :].split(" --")[0], (
            f"{option}: the study has {default}"
        )
    assert "synthetic ECG" in printed


def test_the_console_script():
    script = Path(sys.executable).parent / "chronaxie"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"chronaxie {chronaxie.__version__}\n")
    done = subprocess.run([script, "show", "nowhere.nc"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith("chronaxie: nowhere.nc: no such file")


def test_help_loads_neither_torch_nor_brian2():
    program = (
        "import sys\n"
        "from chronaxie.studies.cli import main\n"
        "assert main([]) == 2\n"
        "print(sorted({'torch', 'brian2', 'xarray'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("[]\n")


# ------------------------------------------------------------------ run
def test_run_writes_dataset_network_and_figures(small, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    options = ["--epochs", "1", "--hidden", "5", "--batch-size", "8", "--rate-penalty", "0.1", "--seed", "3"]
    assert main(["run", "ecg", "--synthetic", "--out", str(out), *options]) == 0
    printed = capsys.readouterr()
    assert "data: synthetic ECG" in printed.out
    assert "data: synthetic ECG" in printed.err
    listed = [Path(line.strip()) for line in printed.out.split("written:\n")[1].splitlines()]
    assert all(path.is_file() for path in listed)
    assert {path.name for path in listed} >= {NAME, f"network_{NAME}"}
    ds = read_result(out / NAME)
    configuration = ds.attrs["configuration"]
    for text in ('"epochs": 1', '"hidden": [5]', '"batch_size": 8', '"rate_penalty": 0.1', '"seed": 3'):
        assert text in configuration
    assert ds.sizes["epoch"] == 1
    assert ds.sizes["unit"] == 5
    assert ds.dt.values.tolist() == [4.0, 2.0, 1.0, 0.5]


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    "name",
    [NAME, f"network_{NAME}", NAME.replace(".nc", "_learning.png"), NAME.replace(".nc", "_raster.svg")],
)
def test_existing_results_are_refused_before_the_training(small, no_training, tmp_path, capsys, name, resume):
    (tmp_path / name).write_text("precious")
    more = ["--resume"] if resume else []
    assert main(["run", "ecg", "--synthetic", "--seed", "3", "--out", str(tmp_path), *more]) == 1
    assert f"{name}: is there already; give --overwrite or another --out DIR" in complaint(capsys)
    assert (tmp_path / name).read_text() == "precious"


def test_an_existing_checkpoint_is_refused_before_the_training(small, no_training, tmp_path, capsys):
    path = tmp_path / NAME.replace(".nc", ".checkpoint.pt")
    path.write_text("precious")
    assert main(["run", "ecg", "--synthetic", "--seed", "3", "--out", str(tmp_path)]) == 1
    assert "an earlier training left its state there; give --resume" in complaint(capsys)
    assert path.read_text() == "precious"


def test_with_overwrite_the_training_begins(small, no_training, tmp_path):
    (tmp_path / NAME).write_text("old")
    with pytest.raises(AssertionError, match="the training began"):
        main(["run", "ecg", "--synthetic", "--seed", "3", "--overwrite", "--out", str(tmp_path)])


@pytest.mark.parametrize(
    "options, message",
    [
        (
            ["--surrogate", "triangle"],
            "surrogate must be one of .*triangular.*got 'triangle'; the nearest are triangular",
        ),
        (["--device", "gpu"], "device must be one of numpy, cython, cpp_standalone, .*got 'gpu'"),
        (["--resume"], "checkpoint.pt: no checkpoint there; start without resume"),
        (["--data", "somewhere"], "--synthetic and --data exclude each other: leave one out"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_training(
    small, tmp_path, capsys, monkeypatch, options, message
):
    import re

    from chronaxie.gradient_bridge.training_task import TaskRun

    monkeypatch.setattr(TaskRun, "train", lambda *arguments: pytest.fail("the training began"))
    assert main(["run", "ecg", "--synthetic", "--out", str(tmp_path), *options]) == 1
    assert re.search(message, complaint(capsys))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_a_missing_compiler_is_found_out_before_the_training(
    small, no_training, tmp_path, capsys, monkeypatch, device
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("CC", raising=False)
    assert main(["run", "ecg", "--synthetic", "--out", str(tmp_path), "--device", device]) == 1
    assert f"device '{device}' needs a C++ compiler and a " in complaint(capsys)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--seed", "-1"], "--seed: expected a whole number >= 0, got -1"),
        (["--seed", "1.5"], "--seed: expected a whole number >= 0, got 1.5"),
        (["--epochs", "0"], "--epochs: expected a whole number >= 1, got 0"),
        (["--hidden", "36", "many"], "--hidden: expected a whole number >= 1, got many"),
        (["--learning-rate", "0"], "--learning-rate: expected a finite number > 0, got 0"),
        (["--time-constant-rate", "inf"], "--time-constant-rate: expected a finite number > 0, got inf"),
        (["--rate-penalty", "nan"], "--rate-penalty: expected a finite number >= 0, got nan"),
        (["--epoch", "3", "--hiden", "4"], "unrecognized arguments: --hiden 4; the nearest are --hidden"),
        (["--zzz"], "unrecognized arguments: --zzz; see chronaxie run ecg --help"),
    ],
)
def test_bad_numbers_get_usage_and_exit_code_2(capsys, options, message):
    with pytest.raises(SystemExit) as stop:
        main(["run", "ecg", *options])
    assert stop.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("usage: chronaxie")
    assert message in printed


def test_an_unknown_study_gets_the_names(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["run", "eeg"])
    assert stop.value.code == 2
    assert "unknown study 'eeg': the nearest are ecg" in capsys.readouterr().err


# ------------------------------------------------------------------ data
@pytest.fixture
def damaged(tmp_path):
    """A data folder with two files that are no MATLAB files."""
    (tmp_path / "data" / "qtdb").mkdir(parents=True)
    for name in ("QTDB_train.mat", "QTDB_test.mat"):
        (tmp_path / "data" / "qtdb" / name).write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    return tmp_path / "data"


def test_a_missing_folder_is_named(no_training, tmp_path, capsys):
    assert main(["run", "ecg", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 1
    line = complaint(capsys)
    assert f"{tmp_path}/nowhere/qtdb/QTDB_train.mat: file not found" in line
    assert "use the task 'synthetic_ecg'" in line


def test_an_empty_name_is_no_wish_for_synthetic_data(no_training, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "ecg", "--data", "", "--out", str(tmp_path / "out")]) == 1
    assert "qtdb/QTDB_train.mat: file not found" in complaint(capsys)


def test_a_missing_file_is_named(no_training, damaged, tmp_path, capsys):
    (damaged / "qtdb" / "QTDB_train.mat").unlink()
    assert main(["run", "ecg", "--data", str(damaged), "--out", str(tmp_path / "out")]) == 1
    assert "QTDB_train.mat: file not found" in complaint(capsys)


def test_a_damaged_file_is_named(no_training, damaged, tmp_path, capsys):
    assert main(["run", "ecg", "--data", str(damaged), "--out", str(tmp_path / "out")]) == 1
    assert "QTDB_train.mat: expected a MATLAB 5 file, but it cannot be read" in complaint(capsys)


@pytest.fixture
def asked(monkeypatch):
    """Task and data folder of every study that a command begins, which goes no further."""
    found = []

    def record(run, config, *arguments, **options):
        found.append((config.task, config.data))
        raise ValueError("enough")

    monkeypatch.setattr(result_folder, "run_to_folder", record)
    return found


def test_data_of_the_environment_are_used_unless_synthetic_is_asked_for(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CHRONAXIE_DATA", "theirs")
    for options in ([], ["--synthetic"], ["--data", "mine"]):
        assert main(["run", "ecg", *options]) == 1
    monkeypatch.delenv("CHRONAXIE_DATA")
    assert main(["run", "ecg"]) == 1
    assert asked == [("ecg", "theirs"), ("synthetic_ecg", None), ("ecg", "mine"), ("synthetic_ecg", None)]
    assert "using the embedded synthetic ECG (no data folder given, none fetched; " in capsys.readouterr().err


@pytest.mark.parametrize("file", ["QTDB_test.mat", "RECORDS", "sel100.hea"])
def test_what_was_fetched_is_used(asked, tmp_path, monkeypatch, capsys, file):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CHRONAXIE_DATA", raising=False)
    folder = tmp_path / "chronaxie" / "data"
    (folder / "mnist").mkdir(parents=True)
    (folder / "qtdb").mkdir()
    assert main(["run", "ecg"]) == 1  # other data sets only
    (folder / "qtdb" / file).write_text("sel100")
    assert main(["run", "ecg"]) == 1
    assert main(["run", "ecg", "--synthetic"]) == 1
    monkeypatch.setenv("CHRONAXIE_DATA", "theirs")
    assert main(["run", "ecg"]) == 1
    (folder / "qtdb" / file).unlink()
    assert main(["run", "ecg", "--data", str(folder)]) == 1  # named, so that nothing takes its place
    synthetic, fetched = ("synthetic_ecg", None), ("ecg", str(folder))
    assert asked == [synthetic, fetched, synthetic, ("ecg", "theirs"), fetched]
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("using ")]
    assert len(lines) == 4
    assert lines[1] == f"using the recordings that chronaxie fetch has put in {folder}"


@pytest.mark.parametrize("out", ["file", "file/deeper"])
def test_a_folder_that_cannot_be_written_is_refused_before_the_training(
    small, no_training, tmp_path, capsys, out
):
    (tmp_path / "file").touch()
    assert main(["run", "ecg", "--synthetic", "--out", str(tmp_path / out)]) == 1
    assert "cannot be written (" in complaint(capsys)


# ------------------------------------------------------------------ exit codes
def test_ctrl_c_is_130_and_says_how_to_go_on(small, tmp_path, capsys, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(ecg, "fit", stop)
    assert main(["run", "ecg", "--synthetic", "--out", str(tmp_path)]) == 130
    assert (
        capsys.readouterr()
        .err.rstrip()
        .endswith("--resume continues after it (with --overwrite too, if files were being written)")
    )
    monkeypatch.setattr("chronaxie.studies.results.read_result", stop)
    assert main(["show", "file.nc"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_with_traceback_the_error_is_raised(tmp_path):
    with pytest.raises(ResultError, match="no such file"):
        main(["--traceback", "show", str(tmp_path / "nowhere.nc")])


def test_want_of_memory_is_an_error_and_no_traceback(monkeypatch, capsys):
    def starved(given):
        raise MemoryError("Unable to allocate 64 GiB")

    from chronaxie.studies.commands import show

    monkeypatch.setattr(show, "_show", starved)
    assert main(["show", "file.nc"]) == 1
    assert "not enough memory: Unable to allocate 64 GiB; take fewer trials" in capsys.readouterr().err


def test_the_dataset_of_a_sweep_is_shown_by_the_report(tmp_path, capsys):
    path = tmp_path / "ecg.nc"
    write_result(xr.Dataset(attrs={"study": "ecg", "missing_jobs": "[]"}), path)
    assert main(["show", str(path)]) == 1
    assert f"chronaxie report {tmp_path}" in capsys.readouterr().err
