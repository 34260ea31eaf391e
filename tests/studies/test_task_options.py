"""Options of a task's own function: on the command line, checked, and kept with what was trained."""

import argparse
import dataclasses
import json

import pytest

from chronaxie import analyses
from chronaxie.models import annotations, load
from chronaxie.studies import recipes, training
from chronaxie.studies.cli import main
from chronaxie.studies.commands.arguments import add_options, option
from chronaxie.studies.results import read_result
from chronaxie.studies.tasks import TASKS, SyntheticECG, load_digits, load_task, options_of
from chronaxie.studies.train_config import TrainConfig


# ------------------------------------------------------------------ the argument
@pytest.mark.parametrize(
    "text, value",
    [
        ("window=4", 4),
        ("window=4.0", 4.0),
        ("leave_out=theo", "theo"),
        ('leave_out="8"', "8"),
        ("leave_out=", ""),
        ("path=a=b", "a=b"),
        ("leave_out=null", None),
        ("flag=true", True),
        ("valid_speakers=[1, 2]", (1, 2)),
        ("nested=[[1], []]", ((1,), ())),
        ('binning={"pool": 10, "list": [1]}', {"pool": 10, "list": (1,)}),
        ("value=NaN", "NaN"),
        ("value=[1,", "[1,"),
        pytest.param("value=" + "[" * 100_000, "[" * 100_000, id="deep"),
    ],
)
def test_a_value_is_json_or_text(text, value):
    name, got = option(text)
    assert name == text.split("=")[0]
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize("text", ["window", "=4", "", "two words=1", "valid-fraction=0.2"])
def test_what_names_no_option_is_refused(text):
    with pytest.raises(
        argparse.ArgumentTypeError, match="expected NAME=VALUE, such as valid_fraction=0.2, got"
    ):
        option(text)


def test_options_are_gathered_and_none_comes_twice(capsys):
    parser = argparse.ArgumentParser()
    add_options(parser)
    assert parser.parse_args([]).options == {}
    assert parser.parse_args(["--option", "a=1", "--option", "b=x"]).options == {"a": 1, "b": "x"}
    assert parser.parse_args([]).options == {}
    with pytest.raises(SystemExit):
        parser.parse_args(["--option", "a=1", "--option", "a=1"])
    assert "argument --option: a is given twice; give it once" in capsys.readouterr().err


# ------------------------------------------------------------------ what a task takes
def test_every_task_says_its_options():
    assert options_of("spoken_digits") == ("leave_out", "valid_fraction", "encoder")
    assert options_of("smnist") == ("window", "valid_trials", "train_trials", "test_trials")
    for name in TASKS:
        assert not {"data", "seed", "progress", "report"} & set(options_of(name))


def test_an_unknown_option_gets_the_names():
    message = "task 'digits': no option is called 'windows'; there are window, valid_fraction, test_fraction"
    with pytest.raises(ValueError, match=message):
        load_task("digits", windows=4)
    with pytest.raises(ValueError, match=message):
        TrainConfig("digits", options={"windows": 4})


@pytest.mark.parametrize("name", ["data", "seed"])
def test_what_has_an_argument_of_its_own_is_no_option(name):
    with pytest.raises(
        ValueError, match=rf"{name} is no option of the task; it is given by itself \(--{name}\)"
    ):
        TrainConfig("smnist", options={name: 1})


def test_a_dict_stands_for_a_dataclass():
    fields = {"train": 2, "valid": 1, "test": 1, "steps": 50, "heart_rate": [60, 70]}
    task = load_task("synthetic_ecg", config=fields)
    assert task.train.stimulus.shape[:2] == (2, 50)
    same = SyntheticECG(train=2, valid=1, test=1, steps=50, heart_rate=(60, 70))
    assert task.hash == load_task("synthetic_ecg", config=same).hash


@pytest.mark.parametrize(
    "task, options, message",
    [
        (
            "synthetic_ecg",
            {"config": 3},
            r"option config: expected a SyntheticECG, or a dict .*train, .* got 3",
        ),
        (
            "synthetic_ecg",
            {"config": {"trian": 3}},
            "SyntheticECG has no field 'trian'; there are train, valid",
        ),
        ("synthetic_ecg", {"config": {"train": 0}}, "train must be a whole number >= 1, got 0"),
        (
            "spoken_digits",
            {"encoder": {"cells": [3]}},
            "option encoder: SpeechEncoder: cells must be HairCells",
        ),
        ("ssc", {"binning": {"pool": 3}}, "pool must divide 700, got 3"),
        ("digits", {"window": "wide"}, "window must be a whole number from 1 to 64 pixels, got 'wide'"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(task, options, message):
    with pytest.raises(ValueError, match=message):
        load_task(task, **options)


# ------------------------------------------------------------------ train
def test_options_of_the_recipe_give_way_one_by_one(monkeypatch):
    recipe = dataclasses.replace(recipes.RECIPES["digits"], options=(("window", 4), ("test_fraction", 0.3)))
    monkeypatch.setitem(recipes.RECIPES, "digits", recipe)
    config = TrainConfig("digits", options={"window": 2, "valid_fraction": 0.2})
    assert config.task_options == {"window": 2, "test_fraction": 0.3, "valid_fraction": 0.2}
    assert TrainConfig("digits").task_options == {"window": 4, "test_fraction": 0.3}


def test_options_of_a_configuration_are_pairs_and_json_brings_them_back():
    config = TrainConfig("shd", options={"valid_speakers": [1, 2], "binning": {"pool": 10}})
    assert config.options == (("binning", {"pool": 10}), ("valid_speakers", (1, 2)))
    assert TrainConfig(**json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    "options, message",
    [
        ([("window", 1), ("window", 2)], "the option window is given twice; give it once"),
        ({"window": {1, 2}}, r"option window: expected a value that JSON can hold, .* got \{1, 2\}"),
        ({"valid_fraction": float("nan")}, "option valid_fraction: expected a value that JSON can hold"),
    ],
)
def test_a_configuration_refuses_options_that_cannot_be_written_down(options, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig("digits", options=options)


@pytest.mark.slow
def test_train_with_options_and_evaluate_by_what_travels_with_the_network(tmp_path, capsys, monkeypatch):
    """A network of four channels: without the option the task has eight."""
    monkeypatch.setattr(analyses, "figures", lambda *arguments, **options: [])
    options = {"test_fraction": 0.1, "valid_fraction": 0.6, "window": 4}
    given = [part for name, value in options.items() for part in ("--option", f"{name}={value}")]
    few = ["--hidden", "4", "--epochs", "1", "--brian2-trials", "1", "--out", str(tmp_path)]
    assert main(["train", "digits", *given, *few]) == 0
    result = read_result(tmp_path / "train_digits_alif_seed0.nc")
    assert json.loads(result.attrs["configuration"])["options"] == [list(pair) for pair in options.items()]
    assert result.attrs["data_hash"] == load_digits(**options).hash
    file = tmp_path / "network_train_digits_alif_seed0.nc"
    net = load(file)
    assert json.loads(annotations(net).about["options"]) == options
    capsys.readouterr()
    assert main(["evaluate", str(file), "--brian2-trials", "1", "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["accuracy_twin"] == pytest.approx(float(result.test_accuracy), rel=1e-12)


@pytest.mark.parametrize(
    "given, message",
    [
        (["--option", "windows=4"], "no option is called 'windows'; there are window, valid_fraction"),
        (["--option", "window=0"], "window must be a whole number from 1 to 64 pixels, got 0"),
        (["--option", "seed=1"], "given by itself (--seed)"),
    ],
)
def test_options_that_do_not_fit_end_the_command_before_the_training(
    given, message, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(training, "fit", lambda *a, **k: pytest.fail("the training began"))
    assert main(["train", "digits", *given, "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("window", [(1,), {"a": 1}, "wide"])
def test_a_value_of_another_type_is_an_error_that_names_it(data_dir, window):
    with pytest.raises(ValueError, match="window"):
        load_task("ludb", data=data_dir, window=window)
