"""The study `train`: seeds, interruption, files that are there, the command line, its page."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.models import DeviceError
from chronaxie.studies import recipes, tasks, training
from chronaxie.studies.cli import main
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.results import ResultError, read_result
from chronaxie.studies.summary import NEEDED_SPIKING, NEEDED_TRAIN, summarise
from chronaxie.studies.train_config import TrainConfig

from .small_tasks import CASES, DRAWN, SPIKING, TASKS


@pytest.fixture(params=CASES)
def run(request, runs):
    return runs[request.param]


# ------------------------------------------------------------------ seeds, interruption, files that are there
@pytest.mark.slow
@pytest.mark.parametrize("name", ["alif", "lstm"])
def test_the_same_seed_gives_the_same_result(runs, small_tasks, name, without_times):
    again, _ = training.run(runs[name].config, report=lambda line: None)
    xr.testing.assert_identical(without_times(again), without_times(runs[name].result))
    other, _ = training.run(dataclasses.replace(runs[name].config, seed=4), report=lambda line: None)
    assert not np.array_equal(other.train_loss, again.train_loss)


@pytest.mark.parametrize("name", ["alif", "lstm"])
def test_interrupted_and_resumed_equals_uninterrupted(
    runs, small_tasks, name, tmp_path, monkeypatch, without_times
):
    config, fit = runs[name].config, training.fit

    def stopped(model, task, **options):
        # Two batches and the validation an epoch: the fifth pass is in the second epoch.
        left = iter(range(4))

        def count(module, inputs):
            if next(left, None) is None:
                raise KeyboardInterrupt

        model.register_forward_pre_hook(count)
        return fit(model, task, **options)

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_to_folder(training.run, config, tmp_path, report=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == [f"{config.stem}.checkpoint.pt"]
    monkeypatch.setattr(analyses, "figures", lambda *arguments, **options: [])
    resumed, _ = run_to_folder(training.run, config, tmp_path, resume=True, report=lambda line: None)
    xr.testing.assert_identical(without_times(resumed), without_times(runs[name].result))


@pytest.mark.parametrize("name", ["alif", "gru"])
def test_what_is_there_is_not_replaced_unasked(runs, small_tasks, name, monkeypatch):
    run = runs[name]
    monkeypatch.setattr(training, "fit", lambda *a, **k: pytest.fail("the training began"))
    with pytest.raises(ResultError, match="is there already; give --overwrite or another --out DIR"):
        run_to_folder(training.run, run.config, run.folder, report=lambda line: None)


# ------------------------------------------------------------------ command line
def test_train_on_the_command_line(small_tasks, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(analyses, "figures", lambda *arguments, **options: [])
    options = ["--model", "gru", "--epochs", "1", "--hidden", "4", "--batch-size", "8", "--seed", "2"]
    assert main(["train", "digits", *options, "--learning-rate", "0.02", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "data: made up: currents" in printed.err
    assert "study train, task digits, model gru, hidden units 4, " in printed.out
    ds = read_result(tmp_path / "train_digits_gru_seed2.nc")
    assert json.loads(ds.attrs["training"])["learning_rate"] == 0.02
    assert main(["train", "digits", *options, "--out", str(tmp_path)]) == 1
    assert "is there already; give --overwrite" in capsys.readouterr().err


@pytest.mark.parametrize("name", DRAWN)
def test_show_draws_the_figures_again(runs, name, tmp_path, capsys):
    run = runs[name]
    assert main(["show", str(run.files[0]), "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"model {run.config.model}" in printed
    assert f"{float(run.result.test_accuracy):.4f}" in printed
    names = {path.name for path in run.files if path.suffix in (".png", ".svg")}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_summary(run):
    ds, text = run.result, summarise(run.result)
    lines = text.splitlines()
    assert lines[0].startswith(
        f"study train, task {run.config.task}, model {run.config.model}, hidden units "
    )
    assert f"{int(ds.parameters)} parameters, seed {run.config.seed}" in lines[0]
    (line,) = [line for line in lines if "accuracy, test set  " in line]
    assert line.split()[-1] == f"{float(ds.test_accuracy):.4f}"
    (line,) = [line for line in lines if "F1 of each class" in line]
    for name, value in zip(ds.true_class.values, ds.test_f1.values, strict=True):
        assert f"{name} {value:.3f}" in line
    (line,) = [line for line in lines if "operations per step" in line]
    assert line.endswith(
        f"{float(ds.operations_ac):.4g} accumulates, {float(ds.operations_mac):.4g} multiply-accumulates"
    )
    if run.config.model in SPIKING:
        assert f"0 of {int(ds.spike_neuron_steps)}" in text
        (line,) = [line for line in lines if "energy per step (float32)" in line]
        counted = ds.energy_per_step.sel(energy_cost="float32", energy_network="SRNN, counted")
        assert f"{float(counted):.4g} pJ" in line
        assert any("hidden1" in line and "tau_m" in line for line in lines)
    else:
        assert "Brian2" not in text


@pytest.mark.parametrize("name", [*NEEDED_TRAIN, *NEEDED_SPIKING])
def test_a_result_that_lacks_something_is_refused(runs, name):
    ds = runs["alif"].result
    # A variable that is a dimension goes with everything on it, which is missed too.
    less = ds.drop_dims("time") if name == "time" else ds.drop_vars(name)
    with pytest.raises(
        ResultError, match=f"result of the study 'train', got .* lacks {name}; was it written"
    ):
        summarise(less)


def test_evaluate_tests_on_the_split_that_the_training_left_out(runs, monkeypatch, capsys):
    run, asked = runs["alif"], []

    def load_small(name, **options):
        asked.append((name, options))
        return TASKS[name]

    monkeypatch.setattr(tasks, "load_task", load_small)
    assert main(["evaluate", str(run.network), "--json"]) == 0
    assert main(["evaluate", str(run.network), "--json", "--seed", "5"]) == 0
    assert asked == [("synthetic_ecg", {"seed": seed}) for seed in (run.config.seed, 5)]
    numbers = json.JSONDecoder().raw_decode(capsys.readouterr().out)[0]
    assert numbers["accuracy_twin"] == float(run.result.test_accuracy)
    assert numbers["mismatches"] == 0


# ------------------------------------------------------------------ documentation
def test_every_variable_is_described(runs):
    docs = Path(__file__).resolve().parents[2] / "docs"
    described = {}
    for page in ("results.md", "baselines.md"):
        for name, dims, unit in re.findall(
            r"^\| `(\w+)` \|([^|]*)\|([^|]*)\| .* \|$", (docs / page).read_text(), re.MULTILINE
        ):
            described[name] = tuple(d for d in dims.strip().split(", ") if d), unit.strip()
    for run in runs.values():
        for name, variable in run.result.variables.items():
            if name != "epoch":
                assert described[name] == (variable.dims, variable.attrs.get("units", "")), name


def test_every_option_of_the_command_is_in_its_help_and_the_models_in_the_page(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    for field in dataclasses.fields(TrainConfig):
        other = {"task": "task", "options": "--option NAME=VALUE"}
        option = other.get(field.name, f"--{field.name.replace('_', '-')}")
        assert option in printed
    page = (Path(__file__).resolve().parents[2] / "docs" / "baselines.md").read_text()
    assert all(f"| `{model}` |" in page for model in recipes.MODELS)


def test_a_device_that_this_machine_lacks_is_found_out_before_the_training(small_tasks, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *a, **k: pytest.fail("the training began"))
    monkeypatch.setenv("PATH", "")
    for name in ("CXX", "CC"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="device 'cython' needs a C"):
        training.run(TrainConfig("digits", device="cython"), report=lambda line: None)
