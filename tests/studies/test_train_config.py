"""What a configuration of the study `train` gives network and training, and what it refuses."""

import pytest

from chronaxie.studies.train_config import TrainConfig


def test_options_of_training_replace_those_of_the_recipe():
    given = {"input_dropout": 0.0, "time_stretch": 0.2, "average_epochs": 3.0, "select": "last"}
    usual, options = (TrainConfig("ecg", **g).training(unlabelled="mask") for g in ({}, given))
    assert {name: getattr(options, name) for name in given} == given
    assert all(getattr(usual, name) != value for name, value in given.items())
    assert TrainConfig("ecg", "lstm", **given).training(unlabelled="mask").select == "last"
    with pytest.raises(
        ValueError, match="train: select must be one of valid_accuracy, valid_loss, last, or none"
    ):
        TrainConfig("ecg", select="best")


def test_adaptation_and_rate_penalty_replace_those_of_the_recipe():
    usual, given = TrainConfig("digits"), TrainConfig("digits", beta=0.0, rate_penalty=0.3)
    assert usual.network.beta == 1.8
    assert usual.training(unlabelled="mask").rate_penalty == 0.0
    assert given.network.beta == 0.0
    assert given.training(unlabelled="mask").rate_penalty == 0.3


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        ("lif", {"beta": 0.0}, "beta is for the model alif, the model is lif"),
        ("alif", {"beta": -1.0}, "beta must be a finite number >= 0, or none, got -1.0"),
        ("alif", {"beta": float("inf")}, "beta must be a finite number >= 0, or none, got inf"),
        ("lstm", {"beta": 0.0}, "beta is for spiking networks"),
        ("lstm", {"rate_penalty": 0.0}, "rate_penalty is for spiking networks"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(model, values, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig("digits", model, **values)
