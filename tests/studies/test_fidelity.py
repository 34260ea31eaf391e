"""The study `fidelity` on a made-up task: what it compares, and what the command writes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie.analyses.spike_fidelity.comparison import fidelity as distances
from chronaxie.models import ALIF, PERTURBATIONS, annotate, dense, describe, perturb, simulate
from chronaxie.studies import continuous
from chronaxie.studies import fidelity as study
from chronaxie.studies.cli import main
from chronaxie.studies.comparison import run_twin
from chronaxie.studies.evaluating import EvaluationError
from chronaxie.studies.fidelity import fidelity
from chronaxie.studies.protocols.fidelity import twin_simulation
from chronaxie.studies.results import read_result
from chronaxie.studies.sweeps import sweeps

from .test_evaluating import make_task


@pytest.fixture(scope="module")
def net():
    return cx.srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0)


@pytest.fixture(scope="module")
def task():
    return make_task()


def few(names):
    """The sweeps of these perturbations alone, with their last strengths."""

    def made(description):
        return {
            name: replace(sweep, strengths=sweep.strengths[-1:])
            for name, sweep in sweeps(description).items()
            if name in names
        }

    return made


def rows(ds, kind):
    return ds.isel(run=ds["run_kind"].values == kind)


@pytest.mark.slow
def test_the_numbers_are_those_of_simulations(net, task, monkeypatch):
    monkeypatch.setattr(study, "sweeps", few(("weight_noise", "weight_quantisation")))
    names = ("weight_noise", "weight_quantisation")
    found = fidelity(net, task, perturbations=names, dts=(0.001,), seeds=2, trials=5, resamples=50)
    kinds = ["brian2", "finer_dt", "other_trial", "weight_noise", "weight_quantisation", "weight_noise"]
    assert found["run_kind"].values.tolist() == kinds  # quantisation draws nothing: run once
    assert found["run_seed"].values.tolist() == [0, 0, 0, 0, 0, 1]
    same = rows(found, "brian2")
    for name, value in (("coincidence", 1), ("gamma_factor", 1), ("identical", 1), ("van_rossum", 0)):
        np.testing.assert_allclose(same[f"fidelity_{name}"], value, rtol=1e-12)
    assert (same["decisions_same"] == 1).all()
    assert float(same["fidelity_first_divergence"][0, 0]) == pytest.approx(60 * 0.004)
    stimulus = task.test.stimulus[:5]
    reference = simulate(net, stimulus)
    sweep = sweeps(describe(net))["weight_noise"]
    worse = perturb(describe(net), PERTURBATIONS["weight_noise"](sweep.strengths[-1]), seed=1)
    for other, row in (
        (simulate(worse, stimulus, seed=1), rows(found, "weight_noise").isel(run=1)),
        (simulate(net, stimulus, dt=1 * ms), rows(found, "finer_dt").isel(run=0)),
    ):
        expected = distances(reference, other, resamples=50)
        for name in ("fidelity_coincidence", "fidelity_spike_distance", "fidelity_victor_purpura_interval"):
            np.testing.assert_allclose(row[name], expected[name], rtol=1e-12)
        # sampled once in each decision step at either dt
        decided, label = other["output_v"].values, task.test.label.values[:5]
        assert decided.shape[:2] == label.shape
        right = (decided.argmax(-1) == label)[label >= 0].mean()
        assert float(row["accuracy_other"]) == pytest.approx(right, rel=1e-12)
    crossed = rows(found, "other_trial").isel(run=0, fidelity_group=0)
    assert float(crossed["fidelity_coincidence"]) < 0.9
    assert (found.attrs["window"], found.attrs["coincide"]) == (0.002, "in the same step of 4 ms")
    for name in found.variables:
        if name != "fidelity_group":
            assert {"units", "long_name"} <= set(found[name].attrs), name


def test_a_random_start_has_a_reference_of_its_own(net, task, monkeypatch):
    monkeypatch.setattr(study, "sweeps", few(()))
    found = fidelity(net, task, perturbations=(), dts=(), start="random", seeds=2, trials=2, resamples=20)
    assert found["run_kind"].values.tolist() == ["brian2", "other_trial"] * 2
    assert found["run_seed"].values.tolist() == [0, 0, 1, 1]
    assert (rows(found, "brian2")["fidelity_identical"] == 1).all()


def test_the_twin_as_a_simulation(net, task):
    stimulus = task.test.stimulus[:2]
    simulated = simulate(net, stimulus)
    twin = twin_simulation(run_twin(net, stimulus).spikes, simulated)
    for group in ("hidden1", "output"):
        np.testing.assert_array_equal(dense(twin, group), dense(simulated, group))
        for part in ("trial", "neuron", "time"):
            name = f"{group}_spike_{part}"
            xr.testing.assert_identical(twin[name].variable, simulated[name].variable)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"perturbations": ("noise",)}, EvaluationError, "fidelity: no perturbation 'noise'; there are"),
        ({"seeds": 0}, EvaluationError, "seeds must be a whole number >= 1, got 0"),
        ({"trials": 9}, EvaluationError, "trials must be a whole number from 1 to 8, got 9"),
        ({"start": "warm"}, EvaluationError, "start must be one of zero, random, given, got 'warm'"),
        ({"dts": (0.003,)}, ValueError, "dt = 0.003 s does not divide the network's own dt"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message, net, task):
    with pytest.raises(error, match=message):
        fidelity(net, task, **options)


@pytest.mark.slow
def test_the_command_writes_a_dataset_figures_and_a_page(net, task, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(continuous, "load_task", lambda name, **options: replace(task, name=name))
    monkeypatch.setattr(study, "sweeps", few(("spike_loss", "weight_quantisation")))
    cx.save(annotate(net, about={"task": "ecg"}), tmp_path / "net.nc")
    command = ["run", "fidelity", "--network", str(tmp_path / "net.nc"), "--trials", "3", "--dt", "1"]
    command += ["--perturbations", "spike_loss", "weight_quantisation", "--out", str(tmp_path / "out")]
    command += ["--window", "4", "--tau", "10", "--cost", "50"]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "order of execution" not in captured.err  # Brian2 warns of each random function at a synapse
    stem = "fidelity_net"
    drawn = [
        f"{stem}_{figure}.{form}" for figure in ("accuracy", "runs", "strength") for form in ("png", "svg")
    ]
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == sorted([f"{stem}.md", f"{stem}.nc", *drawn])
    ds = read_result(tmp_path / "out" / f"{stem}.nc")
    assert ds.attrs["study"] == "fidelity"
    assert (ds.attrs["window"], ds.attrs["tau"], ds.attrs["cost"]) == (0.004, 0.01, 50.0)
    assert json.loads(ds.attrs["configuration"])["dts"] == [0.001]
    for line in (
        "Brian2 4 ms",
        "Brian2, finer dt 1 ms",
        "another trial",
        "spike_loss 0.4",
        "the commonest class",
    ):
        assert line in captured.out
    page = (tmp_path / "out" / f"{stem}.md").read_text()
    assert page.count("| Brian2 4 ms | 1.000 (1.000–1.000) |") == 2  # hidden1 and output
    for name in drawn:
        assert name.endswith("svg") or f"({name})" in page
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["show", str(tmp_path / "out" / f"{stem}.nc"), "--out", str(tmp_path / "again")]) == 0
    again = (tmp_path / "again" / f"{stem}_runs.png").read_bytes()
    assert again == (tmp_path / "out" / f"{stem}_runs.png").read_bytes()
