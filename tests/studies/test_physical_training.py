"""`train --model current_alif`: stages of finer steps on a small task, what is written, and continuing."""

import dataclasses
import json

import numpy as np
import pytest
from brian2 import amp, have_same_dimensions

from chronaxie import analyses
from chronaxie.models import annotations, load
from chronaxie.studies import physical_config, physical_training
from chronaxie.studies.cli import main
from chronaxie.studies.physical_config import ECG, PhysicalConfig
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.summary import summarise

from .small_tasks import CHANNELS, STEPS, TASKS


def shrink(patch):
    """The small task in the place of ecg, and a recipe of one epoch a stage."""
    patch.setattr(physical_training, "load_task", lambda name, **options: TASKS["synthetic_ecg"])
    stages = tuple(
        physical_config.Stage(dt, dataclasses.replace(ECG.stages[0].training, epochs=1, batch_size=8, skip=2))
        for dt in (0.004, 0.002)
    )
    small = dataclasses.replace(
        ECG, stages=stages, hidden=(6,), skip=2, valid_trials=4, fine_dt=(0.002, 0.001), brian2_trials=3
    )
    patch.setitem(physical_config.RECIPES, "ecg", small)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("physical")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.setattr(analyses, "figures", lambda *arguments, **options: [])
        config = PhysicalConfig("ecg", data=str(data_dir), seed=2)
        result, files = run_to_folder(physical_training.run, config, folder, report=lambda line: None)
    return config, result, files


@pytest.mark.slow
def test_a_result_has_both_stages_and_finer_steps(trained):
    config, result, _ = trained
    assert result.stage_dt.values.tolist() == [4, 2]
    assert result.epoch.values.tolist() == [0, 1]
    assert result.attrs["best_epoch"] == 1
    assert result.dt.values.tolist() == [2, 1]
    assert result.rate_dt.min() > 0
    assert float(result.accuracy_dt[0]) == pytest.approx(float(result.test_accuracy), abs=1e-12)
    assert int(result.spike_mismatches) == 0
    # hidden neurons and inputs' own steps: 3 trials, 24 decisions of two steps, 6 neurons
    assert int(result.spike_neuron_steps) == 3 * STEPS * 2 * 6
    assert result.attrs["dt"] == 0.004
    assert json.loads(result.attrs["configuration"])["seed"] == 2
    # 6 x (3 + 6 + 2) weights; bias and four time constants of 6 neurons; bias and two of 2 readout units
    assert int(result.parameters) == 6 * (CHANNELS + 6 + 2) + 5 * 6 + 3 * 2


@pytest.mark.slow
def test_time_constants_stay_in_bounds_and_lie_beside_the_cells(trained):
    _, result, _ = trained
    for name in ("tau_m", "tau_a"):
        known = result[name].dropna("neuron")
        assert result[name].attrs["units"] == "ms"
        assert ((known >= 4) & (known <= 1000)).all()
        assert not np.allclose(known, result[f"{name}_initial"].dropna("neuron"), rtol=1e-4)
    assert result.cells_group.values.tolist() == ["mouse", "human", "all cells"]
    assert int(result.cells_count.sel(cells_group="all cells")) == 789
    assert "cells" in [spec.name for spec in analyses.FIGURES]


@pytest.mark.slow
def test_the_network_in_the_file_is_the_trained_one(trained):
    config, result, files = trained
    net = load(files[1])
    assert files[1].name == config.network_file
    hidden = result.tau_m[result.layer == "hidden1"]
    assert np.allclose(net["hidden1"].tau_m_[:] * 1e3, hidden, rtol=1e-12)
    assert have_same_dimensions(net["hidden1_hidden1"].w, amp)
    assert float(net["hidden1"].clock.dt) == 0.002
    assert float(annotations(net).dt_ref) == 0.004
    assert np.allclose(net["hidden1_hidden1"].pre.variables["delay"].get_value(), 0.002)  # and the slot
    assert annotations(net).about["task"] == "ecg"


@pytest.mark.slow
def test_the_summary_says_what_it_does_at_finer_steps(trained):
    _, result, _ = trained
    text = summarise(result)
    assert f"0 of {int(result.spike_neuron_steps)}" in text
    for dt, accuracy in zip(result.dt.values, result.accuracy_dt.values, strict=True):
        (line,) = [line for line in text.splitlines() if f"Brian2 at dt = {dt:g} ms" in line]
        assert f"{accuracy:.4f}" in line


@pytest.mark.slow
def test_a_training_continues_in_the_stage_that_was_interrupted(trained, tmp_path, monkeypatch):
    shrink(monkeypatch)
    config, whole, _ = trained
    real, calls = physical_training.fit, []

    def interrupted(twin, task, **options):
        calls.append(options["resume"])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(twin, task, **options, progress=False)

    monkeypatch.setattr(physical_training, "fit", interrupted)
    options = {"checkpoint": tmp_path / "a.checkpoint.pt", "report": lambda line: None}
    with pytest.raises(KeyboardInterrupt):
        physical_training.run(config, **options)
    assert (tmp_path / "a.stage1.checkpoint.pt").is_file()
    result, _ = physical_training.run(config, resume=True, **options)
    assert calls == [False, False, True, False]
    for name in ("train_loss", "valid_accuracy", "tau_m", "accuracy_dt"):
        assert np.array_equal(result[name], whole[name], equal_nan=True), name


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"task": "ludb"}, "the model current_alif has recipes for ecg, none for the task 'ludb'"),
        ({"hidden": ()}, "hidden must be whole numbers >= 1"),
        ({"hidden": (0,)}, "hidden must be whole numbers >= 1"),
        ({"epochs": 0}, "epochs: expected an integer >= 1"),
        ({"learning_rate": -1.0}, "learning_rate: expected a finite number > 0"),
        ({"options": {"windows": 1}}, "no option is called 'windows'"),
    ],
)
def test_a_configuration_that_cannot_be(options, match):
    with pytest.raises(ValueError, match=match):
        PhysicalConfig(**{"task": "ecg"} | options)


def test_options_of_a_configuration_take_the_place_of_the_recipe_s():
    config = PhysicalConfig("ecg", epochs=2, seed=5, options={"window": 2.0})
    assert [s.training.epochs for s in config.stages(unlabelled="mask")] == [2, 2]
    assert {s.training.seed for s in config.stages(unlabelled="mask")} == {5}
    assert config.task_options == {"window": 2.0}
    assert [s.dt for s in config.recipe.stages][-1] == 0.001


@pytest.mark.parametrize("option", [["--match", "parameters"], ["--frozen-time-constants"]])
def test_options_of_other_models_are_refused(option, capsys, tmp_path):
    code = main(["train", "ecg", "--model", "current_alif", "--out", str(tmp_path), *option])
    assert code != 0
    assert f"{option[0]} is not for the model current_alif" in capsys.readouterr().err
