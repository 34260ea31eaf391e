"""The study `continuous` on a made-up task: what it counts, what the step hides, what the command writes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms

import chronaxie as cx
from chronaxie.models import (
    ALIF,
    Initial,
    InputJitter,
    MembraneNoise,
    annotate,
    build,
    describe,
    perturb,
    simulate,
)
from chronaxie.models.inputs_of_trials import trial_inputs
from chronaxie.studies import continuous, convergence
from chronaxie.studies.cli import main
from chronaxie.studies.continuous import BARE, PHYSICAL, as_the_step_reads, steps
from chronaxie.studies.evaluating import EvaluationError
from chronaxie.studies.results import read_result

from .test_evaluating import make_task


@pytest.fixture(scope="module")
def net():
    return cx.srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0, beta=0.5)


@pytest.fixture(scope="module")
def task():
    return make_task()


@pytest.fixture(scope="module")
def found(net, task):
    return steps(describe(net), task, dts=(0.001,), start="random", seeds=2)


def test_the_parts_of_a_test_set_draw_numbers_of_their_own(net, task, monkeypatch):
    """In parts of two trials: those of one pattern are jittered and get noise as different trials do."""
    test = task.test.isel(trial=[0] * 4).assign_coords(trial=np.arange(40, 44))
    drawn = perturb(describe(net), InputJitter(8 * ms), MembraneNoise(0.05, groups="hidden1"), seed=1)
    monkeypatch.setattr(continuous, "LARGEST", 2 * 19 * 60)
    seen, seeds, original = [], [], continuous.Simulation

    class Seen(original):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            seen.append(self._inputs.spikes["input"])
            seeds.append(options["seed"])

    monkeypatch.setattr(continuous, "Simulation", Seen)
    first, again = (
        steps(drawn, replace(task, test=test), dts=(0.004,), bare=False).step_rate for _ in range(2)
    )
    assert np.array_equal(first, again)
    assert len(seeds) == 4
    assert len(set(seeds)) == 2
    times = [events.of(k)[1].tolist() for events in seen[:2] for k in range(2)]
    assert all(times[a] != times[b] for a in range(4) for b in range(a))
    whole = np.concatenate(
        [trial_inputs(drawn, test.stimulus, 4, 0.004).spikes["input"].of(k)[1] for k in range(4)]
    )
    assert np.array_equal(whole, np.concatenate(times))


def test_the_numbers_are_those_of_a_simulation(found, net, task):
    assert found.dt.values.tolist() == [4.0, 1.0]  # dt_ref is always among them
    assert found.variant.values.tolist() == [PHYSICAL, BARE]
    ds = simulate(net, task.test.stimulus, dt=1 * ms, initial=Initial("random", seed=1))
    row = found.sel(variant=PHYSICAL, dt=1.0, seed=1)
    label = task.test.label.values
    right = ds.output_v.values.argmax(-1) == label
    assert float(row.step_accuracy) == right[label >= 0].mean()
    spikes = [ds.sizes["hidden1_spike"] / 12, ds.sizes["output_spike"] / 3]
    np.testing.assert_allclose(row.step_rate, np.array(spikes) / (8 * 60 * 0.004), rtol=1e-12)
    bare = simulate(as_the_step_reads(describe(net)), task.test.stimulus, dt=1 * ms, initial="zero")
    first = np.rint(bare.hidden1_spike_time.values / 0.001).astype(int) % 4 == 0
    assert 0 < first.mean() < 1
    assert continuous._first_steps(bare, "hidden1", 0.001) == first.sum()
    assert np.all(found.step_aligned.sel(dt=4.0) == 1)
    assert found.step_layer.values.tolist() == ["hidden1", "output"]
    commonest = max((label == k).sum() for k in range(3)) / (label >= 0).sum()
    assert float(found.step_majority) == commonest


def test_both_variants_are_one_network_at_their_own_step_and_two_at_a_finer_one(found):
    own, finer = found.sel(dt=4.0), found.sel(dt=1.0)
    for name in ("step_accuracy", "step_accuracy_yin", "step_rate"):
        assert np.array_equal(own[name].sel(variant=PHYSICAL), own[name].sel(variant=BARE))
    rate = {v: float(finer.step_rate.sel(variant=v).isel(step_layer=0).mean()) for v in (PHYSICAL, BARE)}
    own_rate = float(own.step_rate.isel(variant=0, step_layer=0).mean())
    assert rate[PHYSICAL] == pytest.approx(own_rate, rel=0.15)  # a handful of neurons on noise
    assert rate[BARE] > 1.1 * own_rate


def test_as_the_step_reads(net, task):
    bare = as_the_step_reads(describe(net))
    assert [getattr(g, "refractory", None) for g in bare.groups] == [None] * 3
    built = build(bare, dt=1 * ms)
    assert built["hidden1_hidden1"].pre.delay == 0 * ms
    assert build(describe(net), dt=1 * ms)["hidden1_hidden1"].pre.delay[:] == 3 * ms
    counts = cx.models.dense(simulate(bare, task.test.stimulus, dt=1 * ms), "hidden1", dt=4 * ms)
    assert counts.max() > 1  # more than a spike in a dt_ref
    # A network that was made at a finer step loses the delay of its own dt_ref too.
    fine = as_the_step_reads(describe(build(describe(net), dt=1 * ms)))
    assert fine.dt == 0.004
    assert build(fine, dt=1 * ms)["hidden1_hidden1"].pre.delay == 0 * ms


def test_a_network_without_a_step_has_none_to_read():
    neuron = replace(ALIF, refractory=None)
    with pytest.raises(EvaluationError, match="no step to read; leave that variant out"):
        as_the_step_reads(describe(cx.srnn(4, [12], 3, neuron=neuron, readout=neuron, recurrent=False)))


def test_what_does_not_fit_is_refused(net, task):
    with pytest.raises(
        ValueError, match=r"dt = 0\.003 s does not divide dt_ref = 0\.004 s .* nearest dt that does"
    ):
        steps(describe(net), task, dts=(0.003,))
    with pytest.raises(EvaluationError, match="trials must be a whole number from 1 to 8, got 9"):
        steps(describe(net), task, trials=9)
    with pytest.raises(EvaluationError, match="no readout or no dt_ref"):
        steps(replace(describe(net), annotations=cx.models.Annotations()), task)


# ------------------------------------------------------------------ the command
@pytest.fixture
def small(monkeypatch, task):
    """A made-up task in the place of its own, and single neurons at two steps."""
    monkeypatch.setattr(continuous, "load_task", lambda name, **options: replace(task, name=name))
    cases = tuple(replace(case, orders={"rk4": 4}) for case in convergence.CASES)
    monkeypatch.setattr(continuous, "traces", lambda: convergence.traces(cases, steps=2))
    few = {"neurons": 20, "duration": 0.06, "dts": (4e-3, 2e-3), "finest": 1e-3}
    monkeypatch.setattr(continuous, "spike_times", lambda: convergence.spike_times(**few))


@pytest.mark.slow
def test_the_command_writes_one_dataset_and_its_figures(net, small, tmp_path, capsys):
    cx.save(annotate(net, about={"task": "ecg"}), tmp_path / "net.nc")
    command = [
        "run",
        "continuous",
        "--network",
        str(tmp_path / "net.nc"),
        "--device",
        "numpy",
        "--dt",
        "1",
        "2",
    ]
    command += ["--trials", "3", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    said = capsys.readouterr().out
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    figures = [
        f"continuous_net_{name}.{form}" for name in ("convergence", "steps") for form in ("png", "svg")
    ]
    assert files == sorted(["continuous_net.nc", *figures])
    ds = read_result(tmp_path / "out" / "continuous_net.nc")
    assert ds.sizes["dt"] == 3
    assert (ds.attrs["study"], ds.attrs["task"], ds.attrs["network"]) == ("continuous", "ecg", "net.nc")
    assert json.loads(ds.attrs["configuration"])["dts"] == [0.001, 0.002]
    assert {"commit", "package_versions", "data_hash", "wall_time_s"} <= set(ds.attrs)
    assert all("units" in v.attrs for v in ds.data_vars.values())
    assert float(ds.step_accuracy_deviation.isel(dt=0).max()) == 0
    number = f"{float(ds.step_accuracy.sel(variant=PHYSICAL, dt=1.0).mean()):.4f}"
    assert f"1 ms   {number}" in said
    assert "ALIF, sinusoidal current, rk4" in said
    # shown again from the file alone
    assert main(["show", str(tmp_path / "out" / "continuous_net.nc"), "--out", str(tmp_path / "again")]) == 0
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == figures
    # nothing is overwritten without being asked for
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err


def test_the_command_refuses_what_it_cannot_read(tmp_path, capsys):
    network = tmp_path / "published.npz"
    network.write_bytes(b"")
    for options, message in (
        (["--network", str(network)], "name the kind of the published network, e.g. --kind ecg"),
        (["--network", "net.nc", "--kind", "ecg"], "a network file has no kind; leave --kind ecg out"),
        (["--network", "net.nc", "--device", "gpu"], "unknown device 'gpu'"),
    ):
        assert main(["run", "continuous", *options, "--out", str(tmp_path / "out")]) == 1
        assert message in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_a_published_network_is_read_by_its_kind(data_dir, small, tmp_path, capsys):
    network = data_dir / "checkpoints" / "ecg_icons2020_36.npz"
    config = continuous.ContinuousConfig(str(network), kind="ecg", device="numpy", neurons=False)
    assert config.stem == "continuous_ecg_icons2020_36"
    with pytest.raises(EvaluationError, match="6 outputs, the task 'ecg' 3 classes"):
        continuous.run(config, report=lambda line: None)
