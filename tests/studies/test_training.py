"""The study `train`: every model, labels of steps and of trials."""

import dataclasses
import json

import numpy as np
import pytest
import torch
import xarray as xr

from chronaxie import analyses
from chronaxie.gradient_bridge import Twin, predict
from chronaxie.models import annotations, load
from chronaxie.models.annotations import Readout
from chronaxie.studies import recipes, training
from chronaxie.studies.recurrent import DenseRecurrent, load_dense, parameters_of
from chronaxie.studies.results import read_result
from chronaxie.studies.scoring import decisions
from chronaxie.studies.train_config import TrainConfig

from .small_tasks import CASES, CHANNELS, DT, SIZES, SPIKING, STEPS, TASKS


@pytest.fixture(params=CASES)
def run(request, runs):
    return runs[request.param]


# ------------------------------------------------------------------ the same dataset for every model
EVERY = {
    "train_loss": (("epoch",), "1"),
    "train_accuracy": (("epoch",), "1"),
    "valid_loss": (("epoch",), "1"),
    "valid_accuracy": (("epoch",), "1"),
    "learning_rate": (("epoch",), "1"),
    "epoch_seconds": (("epoch",), "s"),
    "test_accuracy": ((), "1"),
    "test_balanced_accuracy": ((), "1"),
    "test_f1": (("true_class",), "1"),
    "batches_left_out": (("epoch",), "1"),
    "confusion": (("true_class", "predicted_class"), "1"),
    "majority_class_accuracy": ((), "1"),
    "neurons": ((), "1"),
    "parameters": ((), "1"),
    "operations_ac": ((), "1"),
    "operations_mac": ((), "1"),
    "energy_per_step": (("energy_cost", "energy_network"), "pJ"),
    "energy_per_step_sd": (("energy_cost", "energy_network"), "pJ"),
    "energy_ratio": (("energy_cost", "energy_network"), "1"),
    "example_stimulus": (("time", "channel"), "1"),
}
OF_SPIKING = {
    "firing_rate_epoch": (("epoch",), "Hz"),
    "test_accuracy_brian2": ((), "1"),
    "brian2_trials": ((), "1"),
    "spike_mismatches": ((), "1"),
    "spike_neuron_steps": ((), "1"),
    "membrane_difference": ((), "1"),
    "tau_m": (("neuron",), "ms"),
    "tau_m_initial": (("neuron",), "ms"),
    "timescale_median": (("timescale_quantity", "timescale_layer", "timescale_when"), "ms"),
    "firing_rate": (("unit",), "Hz"),
    "spikes_per_step": (("unit",), "1"),
    "silent": (("unit",), "1"),
    "example_spike_time": (("example_spike",), "s"),
    "example_spike_unit": (("example_spike",), "1"),
}


def test_the_dataset_holds(run):
    spiking = run.config.model in SPIKING
    for name, (dims, units) in {**EVERY, **(OF_SPIKING if spiking else {})}.items():
        assert run.result[name].dims == dims, name
        assert run.result[name].attrs["units"] == units, name
    assert spiking or not [name for name in OF_SPIKING if name in run.result]
    assert ("tau_a" in run.result) == (run.config.model in ("alif", "se_adlif"))
    assert [name for name, v in run.result.data_vars.items() if "units" not in v.attrs] == []


def test_labels_of_steps_and_of_trials_are_told_apart(run):
    ds, of_steps = run.result, "time" in run.task.test.label.dims
    assert int(ds.confusion.sum()) == int(run.task.test.labelled.sum())
    for name in ("test_accuracy", "valid_accuracy", "train_accuracy", "confusion"):
        assert ("steps" if of_steps else "trials") in ds[name].attrs["long_name"], name
    for name in ("test_accuracy_yin", "softmax_regression_accuracy", "example_label", "example_prediction"):
        assert (name in ds) == of_steps, name
    for name in ("example_trial_label", "example_trial_prediction", "example_trial_score"):
        assert (name in ds) != of_steps, name
    assert 0 <= float(ds.majority_class_accuracy) <= 1


def test_the_numbers_fit_each_other(run):
    ds = run.result
    counts = ds.confusion.values
    assert float(ds.test_accuracy) == pytest.approx(np.trace(counts) / counts.sum(), rel=1e-12)
    np.testing.assert_array_equal(ds.test_f1, analyses.f1_scores(ds.confusion))
    hidden = [int(n) for n in ds.attrs["hidden"].split(", ")]
    assert int(ds.neurons) == sum(hidden)
    model, task = run.config.model, run.task
    assert int(ds.parameters) == parameters_of(model, CHANNELS, hidden, len(task.classes))
    assert ds.sizes["epoch"] == 2
    assert ds.valid_accuracy.values[ds.attrs["best_epoch"]] == ds.valid_accuracy.max()


def test_the_attributes_say_where_it_comes_from(run):
    attrs = run.result.attrs
    assert (attrs["study"], attrs["task"], attrs["model"]) == ("train", run.config.task, run.config.model)
    assert attrs["data_source"] == run.task.source
    assert attrs["data_hash"] == run.task.hash
    assert json.loads(attrs["configuration"])["hidden"] == list(run.config.hidden)
    recipe = recipes.RECIPES[run.config.task]
    options = json.loads(attrs["training"])
    assert options["learning_rate"] == recipe.training(run.config.model).learning_rate
    assert (options["epochs"], options["batch_size"], options["seed"]) == (2, 8, run.config.seed)
    assert options["skip"] == (2 if "time" in run.task.test.label.dims else None)
    assert "torch" in attrs["package_versions"]


def test_the_files(run):
    stem = run.config.stem
    assert stem.startswith(f"train_{run.config.task}_{run.config.model}")
    assert run.files[0] == run.folder / f"{stem}.nc"
    xr.testing.assert_identical(read_result(run.files[0]), run.result)
    left = {path.name for path in run.folder.iterdir()} - {path.name for path in run.files}
    assert left == {f"{stem}.checkpoint.pt"}


def test_the_figures(runs):
    for name, wanted in (
        ("alif", {"learning", "confusion", "energy", "firing_rates", "time_constants", "raster"}),
        ("gru", {"learning", "confusion", "energy"}),
    ):
        run = runs[name]
        drawn = {path.stem.removeprefix(f"{run.config.stem}_") for path in run.files if path.suffix == ".png"}
        assert drawn == wanted


def test_the_figures_say_what_was_counted(runs):
    for name, of in (("alif", "steps"), ("gru", "trials")):
        learning, confusion = (analyses.compose(runs[name].result, spec) for spec in analyses.FIGURES[:2])
        assert learning.axes[1].get_ylabel() == f"Accuracy, labelled {of}"
        assert confusion.axes[0].get_title(loc="left") == f"Confusion, labelled {of} of the test set"


def test_the_raster_of_trials_with_one_label_can_be_drawn(runs):
    (spec,) = [spec for spec in analyses.FIGURES if spec.name == "raster"]
    assert (
        len(analyses.compose(runs["lif"].result, spec).axes) == 2
    )  # stimulus and spikes, no classes in time
    assert len(analyses.compose(runs["alif"].result, spec).axes) == 3
    assert analyses.compose(runs["rnn"].result, spec) is None


# ------------------------------------------------------------------ what is special about each kind
def test_the_weights_give_the_test_accuracy_again(runs):
    for name in ("lstm", "gru", "rnn"):
        run = runs[name]
        model = load_dense(run.network)
        assert isinstance(model, DenseRecurrent)
        prediction = decisions(predict(model, run.task.test.stimulus), run.task.test)
        assert float(analyses.accuracy(prediction, run.task.test.label)) == float(run.result.test_accuracy)


def test_the_network_file_gives_the_test_accuracy_again(runs):
    for name in SPIKING:
        run = runs[name]
        net = load(run.network)
        twin = Twin(net, dtype=torch.float64, namespace={})
        prediction = decisions(predict(twin, run.task.test.stimulus), run.task.test)
        assert float(analyses.accuracy(prediction, run.task.test.label)) == float(run.result.test_accuracy)
        about = annotations(net).about
        assert about["task"] == run.config.task
        assert json.loads(about["classes"]) == list(run.task.classes)


def test_twin_and_brian2_agree_to_the_bit(runs):
    for name in SPIKING:
        ds, trials = runs[name].result, runs[name].config.brian2_trials or SIZES["test"]
        assert int(ds.brian2_trials) == trials
        assert int(ds.spike_neuron_steps) == trials * STEPS * 6
        assert int(ds.spike_mismatches) == 0
        assert float(ds.membrane_difference) == 0.0
        assert float(ds.firing_rate.sum()) > 0, "a silent network agrees with anything"
    assert float(runs["alif"].result.test_accuracy_brian2) == float(runs["alif"].result.test_accuracy)
    assert "first 5 test trials" in runs["lif"].result.test_accuracy_brian2.attrs["long_name"]


def test_time_constants_are_trained(runs):
    for name, taus in (("alif", ("tau_m", "tau_a")), ("lif", ("tau_m",)), ("se_adlif", ("tau_m", "tau_a"))):
        for tau in taus:
            change = np.abs(runs[name].result[tau] / runs[name].result[f"{tau}_initial"] - 1)
            # float32 alone moves a value by 6e-8.
            assert float(change[runs[name].result.layer == "hidden1"].max()) > 1e-4, (name, tau)


def test_operations_of_graded_input_are_multiplications(runs):
    # 6 LIF neurons and 2 readout units, one MAC each; 3 x 6 input synapses of real numbers
    assert float(runs["lif"].result.operations_mac) == 6 + 2 + 18
    # 6 ALIF neurons of 3 MACs, 2 readout units; the input is spikes
    assert float(runs["alif"].result.operations_mac) == 3 * 6 + 2
    assert float(runs["rnn"].result.operations_mac) == (3 * 6 + 36 + 6) + (6 * 4 + 16 + 4) + 4 * 2
    assert float(runs["rnn"].result.operations_ac) == 0


def test_as_many_parameters_as_the_adaptive_network(runs):
    wanted = parameters_of("alif", CHANNELS, [6], 3)
    run = runs["gru"]
    (size,) = run.config.sizes(CHANNELS, 3)
    assert run.result.attrs["hidden"] == str(size)
    off = [abs(parameters_of("gru", CHANNELS, [n], 3) - wanted) for n in (size - 1, size, size + 1)]
    assert off[1] == min(off) == abs(int(run.result.parameters) - wanted)
    assert run.files[0].name == "train_spoken_digits_gru_parameters_seed0.nc"


def test_coupling_and_jump_are_trained_within_their_limits(runs):
    net = load(runs["se_adlif"].folder / runs["se_adlif"].config.network_file)
    start = training.spiking_network(runs["se_adlif"].config, runs["se_adlif"].task, (6,))
    for name, limits in training.LIMITS.items():
        now, before = (np.array(getattr(n["hidden1"], name)) for n in (net, start))
        assert not np.array_equal(now, before)
        assert (limits.low < now).all()
        assert (now < limits.high).all()
    ds = runs["se_adlif"].result
    assert float(ds.tau_m_initial[ds.layer == "hidden1"].min()) >= 2 * 4
    assert float(ds.tau_m_initial[ds.layer == "hidden1"].max()) <= 8 * 4
    assert int(ds.parameters) == parameters_of("se_adlif", CHANNELS, [6], 2)


def test_delays_are_trained_and_spikes_stay_those_of_brian2(small_tasks):
    config = dataclasses.replace(
        CASES["alif"], delays="uniform(2, 6)", epochs=3, time_constant_rate=0.3, batch_size=4
    )
    ds, net = training.run(config, report=lambda line: None)
    start = np.array(training.spiking_network(config, TASKS["synthetic_ecg"], (6,))["hidden1_hidden1"].delay)
    now = np.array(net["hidden1_hidden1"].delay)
    assert len(np.unique(start)) == 6  # one for each sending neuron; its slot adds a step
    assert ((start >= 1 * DT) & (start < 5 * DT)).all()
    assert np.abs(now / start - 1).max() > 0.01
    assert int(ds.spike_mismatches) == 0
    assert int(ds.parameters) == parameters_of("alif", CHANNELS, [6], 2) + 36


@pytest.mark.slow
def test_frozen_time_constants_stay_as_they_were(small_tasks):
    config = dataclasses.replace(CASES["alif"], frozen_time_constants=True, epochs=1)
    assert config.stem == "train_synthetic_ecg_alif_frozen_seed3"
    ds, _ = training.run(config, report=lambda line: None)
    for name in ("tau_m", "tau_a"):
        np.testing.assert_array_equal(ds[name], ds[f"{name}_initial"])
    # 3 x 6 + 6 x 6 + 6 x 2 weights and 8 biases
    assert int(ds.parameters) == 66 + 8


def test_a_network_without_recurrent_synapses(small_tasks):
    config = dataclasses.replace(CASES["alif"], feedforward=True, epochs=1)
    assert config.stem == "train_synthetic_ecg_alif_feedforward_seed3"
    ds, net = training.run(config, report=lambda line: None)
    assert "hidden1_hidden1" not in net
    assert int(ds.spike_mismatches) == 0
    # 3 x 6 + 6 x 2 weights, 8 biases, 8 and 6 time constants
    assert int(ds.parameters) == 30 + 8 + 14


@pytest.mark.slow
def test_an_output_that_counts_spikes(small_tasks, monkeypatch):
    recipe = recipes.RECIPES["spoken_digits"]
    network = dataclasses.replace(recipe.network, output="spikes", reduce="sum")
    monkeypatch.setitem(recipes.RECIPES, "spoken_digits", dataclasses.replace(recipe, network=network))
    ds, net = training.run(
        TrainConfig("spoken_digits", hidden=(6,), epochs=1, batch_size=8), report=lambda line: None
    )
    readout = annotations(net).readout
    assert readout == Readout("output", "spikes", slot=readout.slot, reduce="sum", skip=2)
    assert int(ds.spike_mismatches) == 0
    assert int(ds.spike_neuron_steps) == SIZES["test"] * STEPS * (6 + 3)
    assert (ds.example_trial_score % 1 == 0).all()
    assert int(ds.parameters) == parameters_of("alif", CHANNELS, [6], 3, spiking_output=True)
    assert float(ds.operations_mac) == 3 * (6 + 3)
    assert set(ds.unit_layer.values) == {"hidden1", "output"}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["alif", "lstm"])
def test_it_learns(small_tasks, model):
    """Which channel was active last: both must learn what the input of the step alone does not tell."""
    config = TrainConfig("synthetic_ecg", model, hidden=(12,), epochs=30, batch_size=4)
    ds, _ = training.run(config, report=lambda line: None)
    floor = max(float(ds.majority_class_accuracy), float(ds.softmax_regression_accuracy))
    assert float(ds.test_accuracy) > floor + 0.05
