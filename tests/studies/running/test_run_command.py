"""``chronaxie run`` of a sweep: what it takes, what it refuses."""

import json
import re

import pytest
import xarray as xr

from chronaxie.studies import catalogue
from chronaxie.studies.cli import main
from chronaxie.studies.ecg_config import defaults
from chronaxie.studies.running import runner


@pytest.fixture
def asked(monkeypatch):
    """The sweeps that the command would run, instead of running them."""
    found = []

    def take(sweep, directory, **options):
        found.append((sweep, str(directory), options))
        return runner.Outcome([], {}, "", "")

    monkeypatch.setattr(runner, "run_sweep", take)
    return found


def test_a_sweep_is_run_from_the_command_line_to_its_answer(walk, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", walk, "--smoke", "--workers", "1", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "They end at" in said.out
    assert f"written:\n  {out}/walk.nc" in said.out
    assert "[2/2] seed 1: " in said.err
    with xr.open_dataset(out / "walk.nc") as ds:
        assert ds.sizes == {"seed": 2, "step": 3}
    assert main(["resume", str(out), "--zarr"]) == 0
    assert (out / "walk.zarr").is_dir()
    assert main(["status", str(out)]) == 0
    assert capsys.readouterr().out.endswith("2 jobs: 2 done\ncomplete\n")
    assert main(["run", walk, "--smoke", "--seeds", "1", "--out", str(out)]) == 1
    assert "holds another sweep: its axis seed is 0, 1, not 0;" in capsys.readouterr().err


def test_a_study_without_a_command_of_its_own_takes_fields_sweeps_and_seeds(asked):
    assert main(["run", "train", "--set", "task=digits", "--sweep", "model=alif,lstm", "--sweep", "hidden=8,16",
                 "--seeds", "2", "--workers", "3", "--memory", "1.5", "--retry"]) == 0  # fmt: skip
    ((sweep, directory, options),) = asked
    assert directory == "out/train"
    assert {job.config.hidden for job in sweep.jobs} == {(8,), (16,)}
    assert len(sweep.jobs) == 8
    assert (options["workers"], options["memory"], options["retry"], options["zarr"]) == (3, 1.5, True, False)


def test_the_study_ecg_becomes_a_sweep_with_the_defaults_of_its_task(asked, tmp_path, monkeypatch):
    assert main(["run", "ecg", "--data", str(tmp_path), "--epochs", "3", "--sweep", "hidden=18,36", "--seeds", "2",
                 "--out", "x"]) == 0  # fmt: skip
    ((sweep, directory, _),) = asked
    assert directory == "x"
    config = sweep.jobs[0].config
    assert (config.task, config.data, config.epochs) == ("ecg", str(tmp_path), 3)
    assert config.batch_size == defaults("ecg")["batch_size"]
    assert config.unlabelled_class == defaults("ecg")["unlabelled_class"]


def test_a_toml_file_gives_fields_and_sweeps_that_the_command_changes(asked, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text(
        'task = "digits"\nepochs = 4\nhidden = [8]\n[sweep]\nmodel = ["alif", "lif"]\nseed = [3]\n'
    )
    assert main(["run", "train", "--config", str(file), "--set", "model=gru", "--sweep", "hidden=4,5"]) == 0
    jobs = asked[0][0].jobs
    assert [(job.config.model, job.config.hidden, job.config.seed, job.config.epochs) for job in jobs] == [
        ("gru", (4,), 3, 4),
        ("gru", (5,), 3, 4),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "train", "--set", "taks=digits"], "run train: no field 'taks' in TrainConfig; the nearest are task"),
        (["run", "train", "--set", "task=digit"], "'digit'"),
        (["run", "ecg", "--synthetic", "--seeds", "2", "--resume"], "--resume and torchrun are for a single"),
        (["run", "ecg", "--synthetic", "--workers", "2"], "--workers is for sweeps, and this is a single run"),
        (["run", "ecg", "--synthetic", "--seeds", "2", "--seed", "1"], "seed is swept and given one value"),
        (["run", "no.py", "--seeds", "2"], "no.py: no such file; expected a Python file with a Study in STUDY"),
        (["resume", "nowhere"], "nowhere: no sweep is there"),
        (["status", "nowhere"], "nowhere: no sweep is there"),
        (["rerun", "nowhere.nc"], "nowhere.nc: no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "egc"], "argument STUDY: unknown study 'egc': the nearest are ecg"),
        (["run", "train", "--sweep", "hidden="], "--sweep hidden=: an empty sweep; expected values"),
        (["run", "train", "--sweep", "a=1", "--sweep", "a=2"], "a is given twice"),
        (["run", "train", "--set", "hidden"], "expected NAME=VALUE"),
        (["run", "train", "--workers", "1", "--scheduler", "tcp://x:1"], "not allowed with argument"),
    ],
)
def test_what_is_no_command_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err


def test_a_file_that_defines_no_study_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text("STUDY = 3\n")
    with pytest.raises(
        ValueError, match="mine.py: expected a chronaxie.studies.study.Study in the variable STUDY, got int"
    ):
        catalogue.study(str(tmp_path / "mine.py"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", r"mine.py: has no variable STUDY; a study of your own ends with STUDY = Study\(name="),
        ("x = 1\ny = (\n", "mine.py: cannot be loaded: SyntaxError in line 2: '.' was never closed"),
        (
            "import json\n\nwalk\n",
            "mine.py: cannot be loaded: NameError in line 3: name 'walk' is not defined",
        ),
    ],
)
def test_a_file_that_cannot_be_loaded_says_where(text, message, tmp_path, capsys):
    (tmp_path / "mine.py").write_text(text)
    assert main(["run", str(tmp_path / "mine.py"), "--out", str(tmp_path / "out")]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_every_study_of_the_catalogue_is_what_its_entry_says():
    for name, found in catalogue.STUDIES.items():
        assert found.name == name
        assert found.method.endswith(".")
        json.dumps(dict(found.smoke))
