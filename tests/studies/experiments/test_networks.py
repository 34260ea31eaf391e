"""The networks that are compared: how they are swept, and what is run of them."""

import json

import pytest

from chronaxie.studies import training
from chronaxie.studies.experiments import networks
from chronaxie.studies.experiments.ecg_comparison import ECGComparisonConfig
from chronaxie.studies.experiments.mnist import MnistConfig
from chronaxie.studies.experiments.networks import (
    ALIF,
    ALIF_UNADAPTED,
    LSTM_PARAMETERS,
    Variant,
    network_axis,
)
from chronaxie.studies.experiments.robustness_comparison import RobustnessComparisonConfig
from chronaxie.studies.experiments.speech import SpeechConfig
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.tasks import load_task
from chronaxie.studies.train_config import TrainConfig

STUDIES = ("ecg_comparison", "mnist", "speech", "sparsity", "robustness_comparison")


def test_each_network_sweeps_its_fields_together():
    axis = network_axis((ALIF, ALIF_UNADAPTED, LSTM_PARAMETERS))
    assert axis.labels == ("alif", "alif-unadapted", "lstm-parameters")
    assert axis.at(1) == {"model": "alif", "match": "neurons", "frozen_time_constants": False, "beta": 0.0}
    assert axis.at(2)["match"] == "parameters"
    with pytest.raises(ValueError, match="network_axis: sparse has a rate_penalty of its own"):
        network_axis((Variant("sparse", "alif", rate_penalty=1.0),))


@pytest.mark.parametrize("name", STUDIES)
def test_every_job_of_a_full_and_of_a_smoke_run_can_be_configured(name):
    full, smoke = make_sweep(name), make_sweep(name, smoke=True)
    assert len({job.id for job in full.jobs}) == len(full.jobs)
    assert len(next(axis for axis in full.axes if axis.field == "seed").values) >= 5
    assert len(smoke.jobs) <= 8
    json.dumps(full.to_json())
    json.dumps(smoke.to_json())


def test_networks_of_the_full_run_can_be_chosen_by_name():
    jobs = make_sweep("ecg_comparison", sweeps={"network": ("lif", "gru-parameters")}, seeds=1).jobs
    assert [(job.config.model, job.config.match, job.config.hidden) for job in jobs] == [
        (model, match, (n,))
        for model, match in (("lif", "neurons"), ("gru", "parameters"))
        for n in (18, 36, 72)
    ]


def test_labels_at_the_events_are_an_option_of_the_task():
    assert ECGComparisonConfig().task_options == {}
    assert ECGComparisonConfig(label_lag=0).task_options == {"label_lag": 0}
    sizes = {"train": 1, "valid": 1, "test": 1, "steps": 60}
    synthetic = ECGComparisonConfig("synthetic_ecg", options={"config": sizes})
    assert synthetic.task_options == {"config": sizes | {"label_lag": 17}}
    late, now = (
        load_task("synthetic_ecg", **config.task_options).test
        for config in (
            synthetic,
            ECGComparisonConfig("synthetic_ecg", options={"config": sizes}, label_lag=0),
        )
    )
    assert (late.label.values[:, 17:] == now.label.values[:, :-17]).all()


@pytest.mark.parametrize(
    ("config", "values", "message"),
    [
        (ECGComparisonConfig, {"task": "digits"}, "ecg_comparison: task must be one of ecg, synthetic_ecg"),
        (MnistConfig, {"task": "ecg"}, "mnist: task must be one of smnist, psmnist, digits, got 'ecg'"),
        (SpeechConfig, {"task": "digits"}, "speech: task must be one of spoken_digits, shd, ssc"),
        (
            RobustnessComparisonConfig,
            {"perturbations": ("fever",)},
            "perturbations must be names among membrane_noise, .*, got .'fever',.",
        ),
        (RobustnessComparisonConfig, {"draws": 0}, "draws must be a whole number >= 1, got 0"),
        (RobustnessComparisonConfig, {"trials": 2.5}, "trials must be a whole number >= 1, got 2.5"),
    ],
)
def test_what_is_no_configuration_is_refused(config, values, message):
    with pytest.raises(ValueError, match=message):
        config(**values)


def test_the_whole_test_set_is_simulated_where_it_is_small(monkeypatch):
    seen = []
    monkeypatch.setattr(training, "run", lambda config, **options: seen.append(config.brian2_trials))
    for config in (
        TrainConfig("digits"),
        TrainConfig("digits", brian2_trials=7),
        TrainConfig("smnist"),
        TrainConfig("digits", "lstm"),
    ):
        networks.run_network(config)
    assert seen == [1_000_000, 7, None, None]
