import dataclasses
import importlib.metadata
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

import chronaxie
from chronaxie import analyses
from chronaxie.models import EFAdLIF, SEAdLIF, annotations, dense, load, network_values, simulate
from chronaxie.studies import ecg, ecg_config, tasks
from chronaxie.studies.cli import main
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.results import read_result
from chronaxie.studies.testing_networks import unlabelled_option

HIDDEN, OUTPUTS = 8, 6
# Name → dimensions and units, as the documentation of the result file has them.
EXPECTED = {
    "train_loss": (("epoch",), "1"),
    "train_accuracy": (("epoch",), "1"),
    "valid_loss": (("epoch",), "1"),
    "valid_accuracy": (("epoch",), "1"),
    "batches_left_out": (("epoch",), "1"),
    "firing_rate_epoch": (("epoch",), "Hz"),
    "learning_rate": (("epoch",), "1"),
    "epoch_seconds": (("epoch",), "s"),
    "test_accuracy": ((), "1"),
    "test_accuracy_yin": ((), "1"),
    "test_accuracy_brian2": ((), "1"),
    "test_accuracy_fine": ((), "1"),
    "test_balanced_accuracy": ((), "1"),
    "softmax_regression_accuracy": ((), "1"),
    "spike_mismatches": ((), "1"),
    "spike_neuron_steps": ((), "1"),
    "membrane_difference": ((), "1"),
    "confusion": (("true_class", "predicted_class"), "1"),
    "tau_m": (("neuron",), "ms"),
    "tau_a": (("neuron",), "ms"),
    "tau_m_initial": (("neuron",), "ms"),
    "tau_a_initial": (("neuron",), "ms"),
    "firing_rate": (("unit",), "Hz"),
    "spikes_per_step": (("unit",), "1"),
    "silent": (("unit",), "1"),
    "accuracy_dt": (("dt",), "1"),
    "rate_dt": (("dt",), "Hz"),
    "operations_synaptic_ac": (("operations_group",), "1"),
    "operations_ac": ((), "1"),
    "operations_mac": ((), "1"),
    "energy_ac": (("energy_network",), "1"),
    "energy_mac": (("energy_network",), "1"),
    "energy_per_step": (("energy_cost", "energy_network"), "pJ"),
    "energy_ratio": (("energy_cost", "energy_network"), "1"),
    "biology_model_median": (("biology_layer",), "ms"),
    "biology_cells_median": (("biology_group",), "ms"),
    "biology_distance": (("biology_layer", "biology_group"), "ms"),
    "biology_distance_scaled": (("biology_layer", "biology_group"), "1"),
    "timescale_median": (("timescale_quantity", "timescale_layer", "timescale_when"), "ms"),
    "example_stimulus": (("time", "channel"), "1"),
    "example_signal": (("time", "lead"), "mV"),
    "example_spike_time": (("example_spike",), "s"),
    "example_spike_unit": (("example_spike",), "1"),
    "example_label": (("time",), "1"),
    "example_prediction": (("time",), "1"),
    "example_score": (("time", "true_class"), "1"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_dataset_holds(study, name):
    dims, units = EXPECTED[name]
    assert study.result[name].dims == dims
    assert study.result[name].attrs["units"] == units


def test_every_variable_has_units(study):
    assert [name for name, v in study.result.data_vars.items() if "units" not in v.attrs] == []


def test_twin_and_brian2_agree_to_the_bit(study):
    ds = study.result
    assert int(ds.spike_neuron_steps) == study.task.test.label.size * HIDDEN
    assert int(ds.spike_mismatches) == 0
    assert float(ds.membrane_difference) == 0.0
    assert float(ds.test_accuracy_brian2) == float(ds.test_accuracy)
    assert float(ds.firing_rate.sum()) > 0, "a silent network agrees with anything"


def test_the_numbers_fit_each_other(study):
    ds = study.result
    right = np.trace(ds.confusion.values)
    assert int(ds.confusion.sum()) == study.task.test.label.size
    # The same count over the same steps, divided once or as a mean: rounding only.
    assert float(ds.test_accuracy) == pytest.approx(right / int(ds.confusion.sum()), rel=1e-12)
    assert ds.dt.values.tolist() == [4.0, 0.5]
    assert float(ds.accuracy_dt[0]) == float(ds.test_accuracy_brian2)
    assert float(ds.accuracy_dt[-1]) == float(ds.test_accuracy_fine)
    assert float(ds.rate_dt[0]) == pytest.approx(float(ds.firing_rate.mean()), rel=1e-12)
    assert np.array_equal(ds.silent, ds.firing_rate == 0)
    assert ds.valid_accuracy.values[ds.attrs["best_epoch"]] == ds.valid_accuracy.max()
    assert 0 <= float(ds.softmax_regression_accuracy) <= 1


def test_both_time_constants_of_every_layer_are_trained(study):
    ds = study.result
    assert ds.layer.values.tolist() == ["hidden1"] * HIDDEN + ["output"] * OUTPUTS
    for name, layers in (("tau_m", ("hidden1", "output")), ("tau_a", ("hidden1",))):
        change = np.abs(ds[name] / ds[f"{name}_initial"] - 1)
        for layer in layers:
            # float32 alone moves a value by 6e-8.
            assert float(change[ds.layer == layer].max()) > 1e-4, (name, layer)
    assert np.isnan(ds.tau_a[ds.layer == "output"]).all()


def test_the_attributes_say_where_it_comes_from(study):
    attrs = study.result.attrs
    assert attrs["study"] == "ecg"
    assert attrs["chronaxie_version"] == chronaxie.__version__
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?|unknown \(.*\)", attrs["commit"])
    assert attrs["seed"] == study.config.seed
    stored = json.loads(attrs["configuration"])
    assert (
        ecg_config.ECGConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()})
        == study.config
    )
    assert json.loads(attrs["training"])["epochs"] == study.config.epochs
    task = study.task
    assert attrs["data_source"] == task.source
    assert attrs["data_source"].startswith("synthetic ECG")
    assert attrs["data_hash"] == task.hash
    assert attrs["data_licence"] == task.licence
    for package in ("brian2", "numpy", "torch", "xarray"):
        assert f"{package} {importlib.metadata.version(package)}" in attrs["package_versions"]
    assert attrs["wall_time_s"] > float(study.result.epoch_seconds.sum()) > 0


def test_the_report_names_the_data(study):
    assert study.lines[0].startswith("data: synthetic ECG")
    assert "train 8 x 0.4 s, valid 4 x 0.4 s, test 4 x 0.4 s" in study.lines[1]


def test_the_file_holds_the_dataset(study):
    path = study.folder / "ecg_synthetic_seed3.nc"
    assert path in study.files
    xr.testing.assert_identical(read_result(path), study.result)


def test_figures_are_written_as_png_and_svg(study):
    drawn = [path for path in study.files if path.suffix in (".png", ".svg")]
    # Milliseconds beside cells are for networks in physical units.
    names = {spec.name for spec in analyses.FIGURES} - {"cells"}
    assert {path.stem.removeprefix("ecg_synthetic_seed3_") for path in drawn} == names
    expected = [name for name in analyses.figure_names("ecg_synthetic_seed3") if "_cells." not in name]
    assert [path.name for path in drawn] == expected
    for path in drawn:
        if path.suffix == ".png":
            assert imread(path).std() > 0, f"{path.name} is blank"
        else:
            assert ET.parse(path).getroot().tag.endswith("svg")


def test_nothing_else_is_left_in_the_folder(study):
    left = {path.name for path in study.folder.iterdir()} - {path.name for path in study.files}
    assert left == {"ecg_synthetic_seed3.checkpoint.pt"}


def test_the_network_file_gives_the_same_spikes(study):
    net = load(study.folder / "network_ecg_synthetic_seed3.nc")
    values = network_values(net)
    for name in ("tau_m", "tau_a"):
        np.testing.assert_array_equal(values[name], study.result[name])
    test = study.task.test
    out = simulate(net, test.stimulus, namespace={})
    np.testing.assert_array_equal(analyses.firing_rates(out).firing_rate, study.result.firing_rate)
    step, unit = np.nonzero(dense(out, "hidden1").values[0])
    np.testing.assert_array_equal(unit, study.result.example_spike_unit)
    np.testing.assert_array_equal(step * 0.004, study.result.example_spike_time)
    np.testing.assert_array_equal(out.output_v.values[0], study.result.example_score)
    np.testing.assert_array_equal(test.stimulus[0], study.result.example_stimulus)


def test_the_network_file_says_what_it_was_trained_on(study, monkeypatch, capsys):
    path = study.folder / "network_ecg_synthetic_seed3.nc"
    about, asked = annotations(load(path)).about, []
    assert (about["task"], about["seed"], json.loads(about["options"])) == ("synthetic_ecg", "3", {})
    assert tuple(json.loads(about["classes"])) == study.task.classes

    def load_small(name, **options):
        asked.append((name, options))
        return study.task

    monkeypatch.setattr(tasks, "load_task", load_small)
    assert main(["evaluate", str(path), "--json"]) == 0
    assert asked == [("synthetic_ecg", {"seed": 3})]
    numbers = json.loads(capsys.readouterr().out)
    # The same count over the same steps, divided once or as a mean: rounding only.
    assert numbers["accuracy_twin"] == pytest.approx(float(study.result.test_accuracy), rel=1e-12)


PROGRAM = """
import json, sys, pytest
from chronaxie.studies import ecg, ecg_config
from chronaxie.studies.result_folder import run_to_folder
sys.path.insert(0, {tests!r})
from conftest import shrink
config = json.loads({config!r})
config = ecg_config.ECGConfig(**{{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}})
with pytest.MonkeyPatch.context() as patch:
    shrink(patch, {data!r})
    run_to_folder(ecg.run, config, {out!r}, report=lambda line: None)
"""


def test_the_same_seed_gives_the_same_result_in_another_process(study, tmp_path, request, without_times):
    program = PROGRAM.format(
        tests=str(request.path.parent),
        config=json.dumps(dataclasses.asdict(study.config)),
        data=str(study.data),
        out=str(tmp_path),
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    again = read_result(tmp_path / "ecg_synthetic_seed3.nc")
    xr.testing.assert_identical(without_times(again), without_times(study.result))


@pytest.mark.slow
def test_another_seed_gives_another_result(study, small):
    other, _ = ecg.run(dataclasses.replace(study.config, seed=4, epochs=1), report=lambda line: None)
    assert other.attrs["data_hash"] != study.result.attrs["data_hash"]
    assert not np.array_equal(other.tau_m_initial, study.result.tau_m_initial)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "neuron"), [("se_adlif", SEAdLIF), ("ef_adlif", EFAdLIF)])
def test_neurons_with_subthreshold_coupling_do_the_same_in_brian2(model, neuron, config, study, small):
    own = ecg_config.defaults("synthetic_ecg", model) | {"input_gain": 20.0}  # two epochs: let them fire
    for name in ("seed", "epochs", "batch_size", "hidden", "fine_factors"):
        own[name] = getattr(config, name)
    chosen = ecg_config.ECGConfig(**own)
    ds, net = ecg.run(chosen, report=lambda line: None)
    assert chosen.stem == f"ecg_synthetic_{model}_seed3"
    assert net["hidden1"].state_updater.method_choice == neuron.method
    assert float(ds.firing_rate.sum()) > 0
    assert int(ds.spike_mismatches) == 0
    assert float(ds.membrane_difference) == 0.0
    assert set(study.result.data_vars) <= set(ds.data_vars)


def interrupted_after(passes, fit):
    """`fit`, in which Ctrl-C comes at forward pass number `passes` of the twin."""

    def stopped(twin, task, **options):
        left = iter(range(passes))

        def count(module, inputs):
            if next(left, None) is None:
                raise KeyboardInterrupt

        twin.register_forward_pre_hook(count)
        return fit(twin, task, **options)

    return stopped


@pytest.mark.slow
def test_interrupted_and_resumed_equals_uninterrupted(study, small, tmp_path, monkeypatch, without_times):
    # Three passes an epoch, two batches and the validation: the fifth is in the middle of the second epoch.
    with monkeypatch.context() as patch:
        patch.setattr(ecg, "fit", interrupted_after(4, ecg.fit))
        with pytest.raises(KeyboardInterrupt):
            run_to_folder(ecg.run, study.config, tmp_path, report=lambda line: None)
    assert [path.name for path in tmp_path.iterdir()] == ["ecg_synthetic_seed3.checkpoint.pt"]
    resumed, _ = run_to_folder(ecg.run, study.config, tmp_path, resume=True, report=lambda line: None)
    xr.testing.assert_identical(without_times(resumed), without_times(study.result))


@pytest.mark.slow
def test_a_checkpoint_of_another_run_is_refused(study, small, tmp_path):
    checkpoint = study.folder / "ecg_synthetic_seed3.checkpoint.pt"
    with pytest.raises(ValueError, match="of another run: its epochs is 2, here 3"):
        ecg.run(dataclasses.replace(study.config, epochs=3), checkpoint=checkpoint, resume=True)


def test_unlabelled_steps_count_as_a_class_only_where_the_task_says_so():
    published = SimpleNamespace(classes=("P", "Q"), unlabelled_class="P")
    raw = SimpleNamespace(classes=("P", "Q"), unlabelled_class=None)
    assert unlabelled_option(published, "P") == 0
    assert unlabelled_option(published, None) == unlabelled_option(raw, "P") == "mask"


def test_unlabelled_steps_cannot_count_as_an_unknown_class():
    task = SimpleNamespace(classes=("P", "PQ"), unlabelled_class="P")
    with pytest.raises(ValueError, match="unlabelled_class: 'Q' is not a class; there are P, PQ"):
        unlabelled_option(task, "Q")


@pytest.mark.slow
def test_without_a_table_of_cells_the_study_says_so(study, small, tmp_path, monkeypatch):
    monkeypatch.setenv("CHRONAXIE_DATA", str(tmp_path))
    lines = []
    ds, _ = ecg.run(dataclasses.replace(study.config, epochs=1), report=lines.append)
    assert any("no comparison with biology" in line and "allen_cell_types.csv" in line for line in lines)
    assert not [name for name in ds.variables if name.startswith("biology")]
