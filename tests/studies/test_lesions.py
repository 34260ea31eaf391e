"""The study `lesions` on a made-up task: its numbers are those of the protocol, and what the command writes."""

from dataclasses import replace

import numpy as np
import pytest

import chronaxie as cx
from chronaxie.models import ALIF, annotate
from chronaxie.studies import continuous
from chronaxie.studies.catalogue import study
from chronaxie.studies.cli import main
from chronaxie.studies.protocols.lesions import lesions
from chronaxie.studies.reporting import write_report
from chronaxie.studies.results import read_result
from chronaxie.studies.running.comparing import compare_results
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.running.values import from_json

from .test_evaluating import make_task


@pytest.fixture
def network(tmp_path, monkeypatch):
    net = cx.srnn(4, [5], 3, seed=1, readout=ALIF, input_gain=3.0)
    cx.save(annotate(net, about={"task": "ecg"}), tmp_path / "net.nc")
    task = make_task()
    monkeypatch.setattr(continuous, "load_task", lambda name, **options: replace(task, name=name))
    return tmp_path / "net.nc", net, task


def test_the_command_writes_what_the_protocol_counts(network, tmp_path, capsys):
    path, net, task = network
    out = tmp_path / "out"
    command = [
        "run",
        "lesions",
        "--network",
        str(path),
        "--device",
        "numpy",
        "--trials",
        "3",
        "--neurons",
        "4",
    ]
    assert main([*command, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    ds = read_result(out / "lesions_net.nc")
    counts = lesions(net, task, neurons=4, trials=3, device="numpy")
    total = counts["lesion_labelled"].values.sum()
    lost = counts["lesion_correct_intact"].values.sum() - counts["lesion_correct_removed"].values.sum(axis=1)
    np.testing.assert_allclose(ds["loss_removed"], lost / total)
    assert np.isnan(ds["loss_removed"].values).tolist() == [False] * 4 + [True]
    assert ds.attrs["study"] == "lesions"
    assert ds.attrs["trials"] == 3
    worst = int(np.nanargmax(ds["loss_removed"].values))
    assert f"hidden1 neuron {worst}" in said.split("first five):")[1].splitlines()[1]
    assert "rank correlation of time constants with" in said
    assert "rank correlation of how far a time constant was reset with what is lost" in said
    np.testing.assert_allclose(ds["reset_to_tau_m"], np.median(ds["tau_m"]))
    left_out = ds.attrs["timescale_left_out"]
    assert (f"left out: {left_out}" in said) == bool(left_out)
    names = {path.name for path in out.iterdir()}
    assert {"lesions_net_relations.png", "lesions_net_lesions.svg"} <= names
    assert main([*command, "--out", str(out)]) == 1
    assert "lesions_net.nc" in capsys.readouterr().err
    assert main(["show", str(out / "lesions_net.nc"), "--out", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "lesions_net_relations.png").exists()


def test_reports_and_reruns_know_the_study(network, tmp_path, monkeypatch):
    path, *_ = network
    out, command = tmp_path / "out", ["--device", "numpy", "--trials", "3", "--neurons", "4"]
    assert main(["run", "lesions", "--network", str(path), *command, "--out", str(out)]) == 0
    file = out / "lesions_net.nc"
    ds = read_result(file)
    page = write_report(file).read_text(encoding="utf-8")
    worst = ds.isel(neuron=int(np.nanargmax(ds["loss_removed"].values)))
    assert f"Without hidden1 neuron {int(worst['index'])}" in page
    assert "the most of 4 neurons" in page
    assert "chronaxie run lesions --network" in page
    assert "--neurons 4 --start zero --seed 0 --trials 3" in page
    found = study("lesions")
    again, model = found.run(from_json(found.config, ds.attrs["configuration"], where="here"), report=print)
    assert model is None
    assert compare_results(ds, again, clock=found.clock).differing == {}
    swept = make_sweep("lesions", values={"network": str(path)}, sweeps={"trials": (2, 3)})
    assert [job.config.trials for job in swept.jobs] == [2, 3]
