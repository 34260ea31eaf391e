"""The study `robustness` on a made-up task: what it counts, what it leaves out, what the command writes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

import chronaxie as cx
from chronaxie.models import (
    ALIF,
    PERTURBATIONS,
    Initial,
    SynapticDelay,
    annotate,
    describe,
    perturb,
    simulate,
    start_states,
)
from chronaxie.studies import continuous
from chronaxie.studies import robustness as study
from chronaxie.studies.cli import main
from chronaxie.studies.evaluating import EvaluationError
from chronaxie.studies.results import read_result
from chronaxie.studies.robustness import robustness
from chronaxie.studies.sweeps import sweeps

from .test_evaluating import make_task


@pytest.fixture(scope="module")
def net():
    return cx.srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0)


@pytest.fixture(scope="module")
def task():
    return make_task()


def few(names, count=2):
    """The sweeps of these perturbations alone, with their first and last strengths."""

    def made(description):
        return {
            name: replace(sweep, strengths=(sweep.strengths[0], sweep.strengths[-1])[:count])
            for name, sweep in sweeps(description).items()
            if name in names
        }

    return made


def test_the_numbers_are_those_of_a_simulation(net, task, monkeypatch):
    monkeypatch.setattr(study, "sweeps", few(("weight_noise",), 1))
    found = robustness(
        describe(net), task, names=("weight_noise",), start="random", seeds=2, trials=5, dt=0.002
    )
    test = task.test.isel(trial=slice(5))
    states = start_states(describe(net), Initial("random", seed=1), 5)
    strength = float(found.weight_noise[0])
    perturbed = perturb(describe(net), PERTURBATIONS["weight_noise"](strength), seed=1)
    label = test.label.values
    for network, accuracy, rate in (
        (describe(net), found.accuracy_unperturbed[1], found.rate_unperturbed[1]),
        (perturbed, found.accuracy_weight_noise[0, 1], found.rate_weight_noise[0, 1]),
    ):
        ds = simulate(network, test.stimulus, dt=2 * ms, initial=states, seed=1)
        right = ds.output_v.values.argmax(-1) == label
        assert float(accuracy) == right[label >= 0].mean()
        assert float(rate) == pytest.approx(ds.sizes["hidden1_spike"] / (12 * 5 * 60 * 0.004), rel=1e-12)
    assert float(found.accuracy_commonest) == max((label == k).sum() for k in range(3)) / (label >= 0).sum()
    assert float(found.accuracy_chance) == pytest.approx(1 / 3)
    assert found.attrs["dt"] == 0.002
    assert found.accuracy_weight_noise.dims == ("weight_noise", "seed")


@pytest.mark.slow
def test_what_draws_nothing_is_run_once(net, task, monkeypatch):
    monkeypatch.setattr(study, "sweeps", few(("temperature", "neuron_lesion")))
    runs = []

    def counted(*arguments, **options):
        runs.append(options["seed"])
        return simulate(*arguments, **options)

    monkeypatch.setattr(study, "simulate", counted)
    found = robustness(describe(net), task, names=("temperature", "neuron_lesion"), seeds=3, trials=2)
    assert runs == [0, 0, 0, 0, 1, 2, 0, 1, 2]
    assert np.ptp(found.accuracy_temperature.values, axis=1).max() == 0
    assert found.accuracy_temperature.sizes["seed"] == 3


def test_what_a_network_cannot_have_is_left_out_and_named(task, monkeypatch):
    current = cx.srnn(4, [12], 3, seed=1, readout=ALIF, input="current")
    monkeypatch.setattr(study, "sweeps", few(("synapse_lesion", "input_jitter"), 1))
    monkeypatch.setattr(study, "PERTURBATIONS", ("synapse_lesion", "input_jitter"))
    said = []
    found = robustness(describe(current), task, seeds=1, trials=2, report=said.append)
    assert "no SpikeGeneratorGroup" in json.loads(found.attrs["left_out"])["input_jitter"]
    assert any(line.startswith("left out: input_jitter 2 ms: ") for line in said)
    assert "accuracy_input_jitter" not in found
    with pytest.raises(EvaluationError, match="input_jitter 2 ms: .*no SpikeGeneratorGroup"):
        robustness(describe(current), task, names=("input_jitter",))


def test_every_strength_is_tried_before_anything_runs(net, task, monkeypatch):
    first = sweeps(describe(net))
    impossible = replace(
        first["synaptic_delay"], strengths=(8.0, 16.0, 5.0), make=lambda m: SynapticDelay(m * ms)
    )
    monkeypatch.setattr(study, "sweeps", lambda description: first | {"synaptic_delay": impossible})
    monkeypatch.setattr(study, "simulate", None)
    message = r"robustness: synaptic_delay 5 ms: dt = 0\.004 s does not divide the mean of SynapticDelay"
    for names in (("spike_loss", "synaptic_delay"), None):
        with pytest.raises(EvaluationError, match=message):
            robustness(describe(net), task, names=names, trials=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ("noise",)}, "no perturbation 'noise'; there are membrane_noise, spike_loss"),
        ({"seeds": 0}, "seeds must be a whole number >= 1, got 0"),
        ({"trials": 9}, "trials must be a whole number from 1 to 8, got 9"),
        ({"start": "warm"}, "start must be one of zero, random, given, got 'warm'"),
        ({"names": ()}, "no perturbation is left"),
    ],
)
def test_what_does_not_fit_is_refused(options, message, net, task):
    with pytest.raises(EvaluationError, match=message):
        robustness(describe(net), task, **options)


def test_the_sweeps_are_of_every_perturbation_and_in_the_unit_of_the_membrane(net):
    every = sweeps(describe(net))
    assert list(every) == list(PERTURBATIONS)
    for name, sweep in every.items():
        made = [sweep.make(strength) for strength in sweep.strengths]
        assert all(type(p) is PERTURBATIONS[name] and not p.is_zero for p in made)
        assert all(p(describe(net)) is not None for p in made)
    physical = describe(
        cx.srnn(4, [5], 3, neuron=cx.models.CurrentALIF, readout=cx.models.CurrentIntegrator, dt=1 * ms)
    )
    noise = sweeps(physical)["membrane_noise"]
    assert noise.unit == "mV"
    assert noise.make(2.0)(physical).group("hidden1").constant_slot is not None


@pytest.mark.slow
def test_the_command_writes_one_dataset_and_its_figure(net, task, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(continuous, "load_task", lambda name, **options: replace(task, name=name))
    monkeypatch.setattr(study, "sweeps", few(("spike_loss", "weight_quantisation")))
    cx.save(annotate(net, about={"task": "ecg"}), tmp_path / "net.nc")
    command = [
        "run",
        "robustness",
        "--network",
        str(tmp_path / "net.nc"),
        "--device",
        "numpy",
        "--seeds",
        "2",
    ]
    command += ["--perturbations", "spike_loss", "weight_quantisation", "--trials", "3"]
    command += ["--out", str(tmp_path / "out")]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "order of execution" not in captured.err  # Brian2 warns of each random function at a synapse
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["robustness_net.nc", "robustness_net_accuracy.png", "robustness_net_accuracy.svg"]
    ds = read_result(tmp_path / "out" / "robustness_net.nc")
    assert ds.attrs["study"] == "robustness"
    assert json.loads(ds.attrs["configuration"])["trials"] == 3
    for name in ("commit", "package_versions", "data_hash", "network"):
        assert ds.attrs[name]
    assert ds.spike_loss.attrs["long_name"] == "probability of failure"
    for line in ("spike_loss: probability of failure", "weight_quantisation: bits", "unperturbed"):
        assert line in captured.out
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["show", str(tmp_path / "out" / "robustness_net.nc"), "--out", str(tmp_path / "again")]) == 0
    again = (tmp_path / "again" / "robustness_net_accuracy.png").read_bytes()
    assert again == (tmp_path / "out" / "robustness_net_accuracy.png").read_bytes()
