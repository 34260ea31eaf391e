"""The study `continuous_time`: its answer on made-up numbers, what each reading leaves, one smoke run."""

import json

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie import analyses
from chronaxie.analyses.drawing.continuous_study import CONTINUOUS_STUDY
from chronaxie.models import build, describe
from chronaxie.studies import continuous
from chronaxie.studies.continuous import as_the_step_reads
from chronaxie.studies.evaluating import EvaluationError
from chronaxie.studies.experiments.continuous_time import (
    BOTH,
    OWN,
    READINGS,
    ContinuousTimeConfig,
    answer,
    run,
)
from chronaxie.studies.provenance import remember_task
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep


def gathered(seeds=5, loss=0.3, network=None):
    """Networks that keep all with the whole step, and lose `loss` in accuracy per halving with neither."""
    rng = np.random.default_rng(0)
    dts, methods = np.array([4.0, 2.0, 1.0]), [OWN, "euler"]
    shape = (seeds, len(READINGS), 3, 2)
    halvings = np.log2(dts[0] / dts)[:, None]
    accuracy = np.broadcast_to(0.8 + 0.02 * rng.standard_normal((seeds, 1, 1, 1)), shape).copy()
    accuracy[:, -1] -= loss * halvings
    rate = np.full(shape, 20.0)
    rate[:, -1] *= 2**halvings
    alone = np.zeros(shape, bool)
    alone[:, 1:, :, 1] = True  # readings other than both have their own method only
    found = {"step_accuracy": accuracy, "step_rate": rate}
    found |= {
        f"step_{n}": np.full(shape, 0.9)
        for n in ("coincidence", "gamma_factor", "van_rossum", "spike_distance")
    }
    dims = ("seed", "reading", "dt", "integrator")
    ds = xr.Dataset(
        {name: (dims, np.where(alone, np.nan, values), {"units": "1"}) for name, values in found.items()},
        {"reading": list(READINGS), "dt": dts, "integrator": methods, "seed": np.arange(seeds)},
        {"axes": json.dumps([{"field": "seed"}]), "configuration": json.dumps({"network": network})},
    )
    ds["own_dt"] = ("seed", np.full(seeds, 4.0), {"units": "ms"})
    ds["spike_mismatches"] = ("seed", np.zeros(seeds), {"units": "1"})
    return ds


@pytest.fixture(scope="module")
def answered():
    return answer(gathered())


def test_the_answer_finds_what_is_lost(answered):
    at = answered.isel(variant=0).sel(integrator=OWN)
    np.testing.assert_allclose(at.accuracy_change.sel(reading="neither"), [0, -0.3, -0.6], atol=1e-12)
    np.testing.assert_allclose(at.rate_ratio.sel(reading="neither"), [1, 2, 4])
    np.testing.assert_allclose(at.accuracy_change.sel(reading=BOTH), 0, atol=1e-12)
    # Networks differ by 0.02, changes do not: the interval of a change is taken seed by seed.
    assert (at.accuracy_change_interval.sel(reading="neither", dt=1) < -0.59).all()
    assert np.ptp(at.accuracy_mean_interval.sel(reading=BOTH, dt=1).values) > 0.01
    said = answered.attrs["answer"]
    assert "neither: accuracy changes by -0.6 (-0.6 to -0.6) and rates by a factor of 4" in said
    assert "Of 5 networks, 0 neuron-steps differ" in said


def test_networks_whose_own_steps_differ_have_their_own_reference():
    ds = gathered()
    ds["own_dt"][2] = 2.0
    ds["step_accuracy"][2, :, 0] = np.nan
    found = answer(ds).isel(variant=0).sel(integrator=OWN, reading="neither")
    assert float(found.accuracy_change.sel(dt=2)) == pytest.approx(-0.3)


def test_networks_that_were_swept_stand_beside_each_other():
    ds = xr.concat([gathered(), gathered(loss=0.1)], xr.Variable("model", ["alif", "current_alif"]))
    found = answer(ds.assign_attrs(axes=json.dumps([{"field": "model"}, {"field": "seed"}])))
    assert found["variant"].values.tolist() == ["model alif", "model current_alif"]
    change = found.accuracy_change.sel(integrator=OWN, reading="neither", dt=1)
    np.testing.assert_allclose(change, [-0.6, -0.2])


def test_figures_draw_the_answer(answered, tmp_path):
    files = analyses.figures(gathered().merge(answered), tmp_path, stem="x", specs=CONTINUOUS_STUDY)
    names = sorted(f.name for f in files if f.suffix == ".png")
    assert names == ["x_integrators.png", "x_readings.png"]


def test_each_part_of_the_step_alone():
    single = describe(cx.srnn(4, [6], 3, dt=4 * ms, seed=0))
    found = {}
    for name, taken in READINGS.items():
        fine = build(single if taken is None else as_the_step_reads(single, **taken), dt=1 * ms)
        delay = float(np.max(fine["hidden1_hidden1"].pre.delay / ms))
        found[name] = (describe(fine).group("hidden1").refractory is not None, delay)
    alone = {"refractory period alone": (True, 0.0), "delay alone": (False, 3.0), "neither": (False, 0.0)}
    assert found == {BOTH: (True, 3.0), **alone}


def test_models_that_there_are_not():
    with pytest.raises(ValueError, match="model must be one of alif, current_alif, or none, got 'lstm'"):
        ContinuousTimeConfig(model="lstm")


def test_mixed_steps_are_those_of_the_training():
    config = ContinuousTimeConfig(finer=(2, 4)).training_config
    assert config.training(unlabelled="mask").finer == (2, 4)
    for wrong in ({"model": "current_alif"}, {"network": "a.npz"}):
        with pytest.raises(ValueError, match="finer is of ALIF networks that are trained here"):
            ContinuousTimeConfig(finer=(2,), **wrong)
    with pytest.raises(ValueError, match="finer must be whole numbers >= 2, each once, or none, got"):
        ContinuousTimeConfig(finer=(1,))


def test_starts_of_one_network_are_not_counted_as_networks():
    found = answer(gathered(network="a.npz"))
    assert "Of 5 starts of networks from files, 0 neuron-steps differ" in found.attrs["answer"]


def test_a_network_from_a_file_is_no_model_of_the_sweep():
    trained = make_sweep("continuous_time")
    assert [axis.field for axis in trained.axes] == ["variant", "seed"]
    assert {(job.config.trained, job.config.finer) for job in trained.jobs} == {
        ("alif", None),
        ("alif", (2, 4)),
        ("current_alif", None),
    }
    assert {type(job.config.training_config).__name__ for job in trained.jobs} == {
        "TrainConfig",
        "PhysicalConfig",
    }
    given = make_sweep("continuous_time", values={"network": "a.npz", "start": "random"}, seeds=3)
    assert [axis.field for axis in given.axes] == ["seed"]
    assert {job.config.model for job in given.jobs} == {None}
    swept = make_sweep(
        "continuous_time", sweeps={"network": ("a.npz", "b.npz")}, values={"start": "random"}, seeds=2
    )
    assert [axis.field for axis in swept.axes] == ["seed", "network"]
    assert len(swept.jobs) == 4


def test_what_a_network_from_a_file_leaves_nothing_to():
    with pytest.raises(
        ValueError, match="a.npz is a file, whose model is in it; leave model out, got 'alif'"
    ):
        make_sweep("continuous_time", values={"network": "a.npz", "model": "alif"}, seeds=1)
    with pytest.raises(ValueError, match=r"all seeds are one simulation. Give start=random, or seed=0"):
        make_sweep("continuous_time", values={"network": "a.npz"}, seeds=2)
    alone = make_sweep("continuous_time", values={"network": "a.npz"}, seeds=1)
    assert [job.config.start for job in alone.jobs] == ["zero"]


def test_the_task_is_that_of_the_file(tmp_path, monkeypatch):
    net = cx.srnn(4, [6], 3, dt=4 * ms, seed=0)
    remember_task(net, "synthetic_ecg", options={"config": {"train": 1}}, classes=("a", "b", "c"), seed=3)
    path = tmp_path / "net.nc"
    cx.save(net, path)
    asked = []

    def load_task(name, **options):
        asked.append((name, options))
        raise EvaluationError("far enough")

    monkeypatch.setattr(continuous, "load_task", load_task)
    with pytest.raises(EvaluationError, match="far enough"):
        run(ContinuousTimeConfig(network=str(path)), report=lambda line: None)
    assert asked == [("synthetic_ecg", {"config": {"train": 1}, "seed": 3})]
    assert ContinuousTimeConfig().training_config.task == "ecg"


@pytest.mark.slow
def test_smoke_run(tmp_path):
    folder = tmp_path / "out"
    outcome = run_sweep(
        make_sweep("continuous_time", smoke=True), folder, workers=1, report=lambda line: None
    )
    assert not outcome.failed
    assert not outcome.problem
    ds = xr.open_dataset(folder / "continuous_time.nc")
    assert (ds.spike_mismatches == 0).all()
    kept = ds.sel(integrator=OWN).isel(dt=-1).step_coincidence
    assert (kept.sel(reading="neither") < kept.sel(reading=BOTH) - 0.05).all()
    assert float(ds.sel(integrator=OWN, reading=BOTH).step_coincidence.isel(dt=0).min()) == 1
