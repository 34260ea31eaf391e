"""Recipes, and configurations that start from them."""

import dataclasses

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge.options import Training
from chronaxie.models import annotations
from chronaxie.studies.ecg_config import MODELS as ECG_MODELS
from chronaxie.studies.ecg_config import ECGConfig, defaults
from chronaxie.studies.recipes import ADLIF_START, DIGITS, MODELS, RECIPES, recipe
from chronaxie.studies.recurrent import SPIKING, parameters_of
from chronaxie.studies.task import Task, make_split
from chronaxie.studies.tasks import TASKS
from chronaxie.studies.train_config import TrainConfig
from chronaxie.studies.training import spiking_network, trained_twin

NO_RECIPE = {"wfdb"}  # a record of one's own is simulated, or trained on by the recipe of ludb in Python


def test_every_task_has_a_recipe():
    assert set(TASKS) - NO_RECIPE <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_makes_a_network_that_can_be_trained(name):
    chosen = RECIPES[name]
    assert chosen.source
    steps = chosen.network.skip + 3
    label = np.zeros((2, steps) if chosen.network.reduce == "none" else 2, np.int8)
    splits = {
        split: make_split(
            np.zeros((2, steps, 2), np.int8), label, dt=0.004, trial=np.arange(2) + 2 * k, channel="ab"
        )
        for k, split in enumerate(("train", "valid", "test"))
    }
    task = Task(name, **splits, classes=("P", "Q"), dt=0.004, source="", licence="", hash="", description="")
    hidden = (2,) * len(chosen.network.hidden)
    nets = {m: spiking_network(TrainConfig(name, m, hidden=hidden), task, hidden) for m in SPIKING}
    assert annotations(nets["lif"]).readout.reduce == chosen.network.reduce
    for model in ("alif", "se_adlif"):
        twin = trained_twin(nets[model], model, surrogate=chosen.network_of(model).surrogate)
        with torch.no_grad():
            scores = twin.scores(task.test.stimulus)
        assert scores.shape == (*label.shape, 2)
    for model in MODELS:
        assert TrainConfig(name, model).training(unlabelled="mask").rate_penalty >= 0
    assert not chosen.training("lstm").rate_penalty, "a dense network has no spikes"


@pytest.mark.parametrize("model", ECG_MODELS)
@pytest.mark.parametrize("task", ["ecg", "synthetic_ecg"])
def test_the_study_ecg_starts_from_the_same_recipes(task, model):
    config, chosen = ECGConfig(**defaults(task, model)), recipe(task)
    network, training = chosen.network_of(model), chosen.training(model)
    for field in ("hidden", "input_gain", "recurrent_gain", "tau_m", "tau_a", "tau_m_output", "surrogate"):
        assert getattr(config, field) == getattr(network, field), field
    for field in ("epochs", "batch_size", "learning_rate", "time_constant_rate", "warmup", "score_scale"):
        assert getattr(config, field) == getattr(training, field), field
    assert config.unlabelled_class == chosen.unlabelled_class
    # What the study does not hand on must be what it leaves out.
    handed = {name: getattr(config, name) for name in defaults(task, model) if hasattr(training, name)}
    assert Training(**handed) == training
    assert network.reduce == "none"
    assert (network.skip, network.recurrent, network.transmission, network.output) == (
        10,
        True,
        "same",
        "membrane",
    )
    assert (network.b0, network.beta) == (0.01, 1.8)


def test_a_configuration_of_ecg_without_defaults_is_that_of_the_synthetic_one():
    assert ECGConfig() == ECGConfig(**defaults("synthetic_ecg"))
    with pytest.raises(ValueError, match="run ecg: model must be one of alif, se_adlif, ef_adlif, got 'lif'"):
        ECGConfig(model="lif")


def test_the_published_network_on_sequential_mnist_has_as_many_parameters():
    network = recipe("smnist").network
    shape = {"recurrent": network.recurrent, "spiking_output": network.output == "spikes"}
    assert parameters_of("alif", 8, network.hidden, 10, **shape) == 156_382  # the papers: 156.3 thousand


@pytest.mark.parametrize(
    "options, message",
    [
        ({"task": "digit"}, "recipe: none for the task 'digit'; nearest: digits"),
        ({"model": "cnn"}, "model must be one of alif, lif, se_adlif, ef_adlif, lstm, gru, rnn, got 'cnn'"),
        ({"match": "size"}, "match must be one of neurons, parameters, got 'size'"),
        ({"hidden": ()}, "hidden must be whole numbers >= 1, at least one"),
        ({"hidden": (3, 0)}, "hidden must be whole numbers >= 1"),
        ({"task": "smnist", "hidden": (3,)}, "which of its 3 layers are recurrent; expected 3 sizes"),
        ({"brian2_trials": 0}, "brian2_trials must be a whole number >= 1, or none, got 0"),
        ({"model": "lstm", "device": "numpy"}, "device is for spiking networks .*the model is lstm"),
        ({"model": "gru", "frozen_time_constants": True}, "frozen_time_constants is for spiking networks"),
        ({"model": "gru", "feedforward": True}, "feedforward is for spiking networks .*the model is gru"),
        ({"model": "rnn", "detach_reset": False}, "detach_reset is for spiking networks .*the model is rnn"),
        ({"feedforward": True, "delays": "uniform(2, 9)"}, "leave delays or feedforward out"),
        ({"model": "rnn", "time_constant_rate": 0.1}, "time_constant_rate is for spiking networks"),
        ({"model": "lstm", "tau_m": "normal(20, 5)"}, "tau_m is for spiking networks .*the model is lstm"),
        ({"model": "gru", "delays": "uniform(2, 9)"}, "delays is for spiking networks .*the model is gru"),
        ({"model": "lif", "tau_a": "normal(20, 5)"}, "tau_a is for adaptive networks, the model is lif"),
        ({"tau_m": "gamma(3)"}, r"initial values: expected one of .*got 'gamma\(3\)'"),
        (
            {"frozen_time_constants": True, "time_constant_rate": 0.1},
            "frozen time constants have no rate; leave time_constant_rate or",
        ),
    ],
)
def test_a_configuration_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**{"task": "digits", **options})


def test_a_model_without_a_recipe_is_refused():
    with pytest.raises(
        ValueError, match="model must be one of alif, lif, se_adlif, ef_adlif, lstm, gru, rnn, got 'cnn'"
    ):
        DIGITS.training("cnn")


def test_recipes_fall_back_as_they_say():
    recipe = dataclasses.replace(DIGITS, lif=None, gru=None, rnn=None)
    assert recipe.training("lif") is recipe.training("se_adlif") is recipe.alif
    assert recipe.network_of("lif") is recipe.network
    assert recipe.network_of("ef_adlif") == dataclasses.replace(recipe.network, **ADLIF_START)
    assert recipe.training("gru") is recipe.training("rnn") is recipe.lstm
    own = dataclasses.replace(recipe.lstm, learning_rate=0.123)
    assert dataclasses.replace(recipe, rnn=own).training("rnn") is own
