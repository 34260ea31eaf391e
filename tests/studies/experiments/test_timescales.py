"""The study `timescales`: stretched tasks, its answer on made-up networks of known exponents, one smoke run."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie import analyses
from chronaxie.analyses.drawing.timescale_study import TIMESCALE_STUDY
from chronaxie.analyses.statistics.multiple import holm_kernel
from chronaxie.analyses.time_constants.scaling import exponent_kernel
from chronaxie.studies.experiments.stretching import StretchError, stretched
from chronaxie.studies.experiments.timescales import STUDY, TimescalesConfig, answer
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.tasks import SyntheticECG, load_task

SMALL = SyntheticECG(train=3, valid=2, test=2, steps=60)
VARIANTS = ["broad", "narrow", "broad ×2"]


@pytest.fixture(scope="module")
def task():
    return load_task("synthetic_ecg", config=SMALL)


def gathered(exponents=(1.0, 0.0), gain=0.02, approach=0.1, seeds=5):
    """Networks whose tau_m and tau_a follow the task with these exponents, to 2 % from seed to seed."""
    rng = np.random.default_rng(0)
    stretch = np.array([1.0, 1.0, 2.0])
    layer = np.array(["hidden1"] * 20 + ["output"] * 4)
    dims, ms, one = ("variant", "seed", "neuron"), {"units": "ms"}, {"units": "1"}
    ds = {}
    for name, exponent in zip(("tau_m", "tau_a"), exponents, strict=True):
        before = np.broadcast_to(rng.lognormal(4, 0.5, (1, seeds, 24)), (3, seeds, 24)).copy()
        if name == "tau_a":
            before[..., layer == "output"] = np.nan
        factor = stretch**exponent
        after = 1.5 * before * factor[:, None, None] * np.exp(0.02 * rng.standard_normal((1, seeds, 1)))
        ds |= {name: (dims, after, ms), f"{name}_initial": (dims, before, ms)}
    pair = ("variant", "seed")
    accuracy = 0.8 + 0.01 * rng.standard_normal((1, seeds)) + np.array([0, gain, 0])[:, None]
    text = np.array([["a"] * seeds, ["b"] * seeds, ["a"] * seeds], dtype=object)
    ds |= {
        "test_accuracy": (pair, accuracy, one),
        "time_stretch": (pair, np.broadcast_to(stretch[:, None], (3, seeds)), one),
        "start": (pair, text, one),
    }
    for name in ("cells_distance_scaled", "cells_median_ratio", "cells_spread_ratio"):
        ds[f"{name}_initial"] = (pair, np.full((3, seeds), 0.5), one)
        ds[name] = (pair, np.full((3, seeds), 0.5 - approach), one)
    axes = json.dumps([{"field": "variant"}, {"field": "seed"}])
    coords = {"variant": VARIANTS, "seed": np.arange(seeds), "layer": ("neuron", layer)}
    return xr.Dataset(ds, coords, attrs={"axes": axes})


def test_spikes_and_labels_last_twice_as_long(task):
    slow, merged = stretched(task, 2)
    assert merged == 0
    assert slow.name == "synthetic_ecg_stretched_2"
    assert slow.encoder is None
    np.testing.assert_array_equal(slow.train.stimulus.values[:, ::2], task.train.stimulus.values)
    assert not slow.train.stimulus.values[:, 1::2].any()
    np.testing.assert_array_equal(slow.test.label.values[:, ::2], task.test.label.values)
    np.testing.assert_array_equal(slow.test.label.values[:, 1::2], task.test.label.values)


def test_spikes_of_a_pair_of_steps_are_one_at_half_the_duration(task):
    fast, merged = stretched(task, 0.5)
    old = task.train.stimulus.values
    np.testing.assert_array_equal(fast.train.stimulus.values, old[:, ::2] | old[:, 1::2])
    assert merged == pytest.approx(1 - (old[:, ::2] | old[:, 1::2]).sum() / old.sum())
    np.testing.assert_array_equal(fast.valid.label.values, task.valid.label.values[:, ::2])


def test_a_factor_of_one_is_the_task_itself(task):
    assert stretched(task, 1)[0] is task


@pytest.mark.parametrize("factor", [0, -1, np.nan, np.inf])
def test_factors_that_are_none(task, factor):
    with pytest.raises(StretchError, match="a number > 0"):
        stretched(task, factor)


def test_nothing_is_left(task):
    with pytest.raises(StretchError, match="leaves 1 steps of 60"):
        stretched(task, 0.02)


def test_tasks_of_currents_are_refused():
    with pytest.raises(StretchError, match="has currents"):
        stretched(load_task("digits"), 2)


def test_exponent_of_a_power_law():
    stretch = np.array([0.5, 1, 2])
    np.testing.assert_allclose(exponent_kernel(3 * stretch**0.7, stretch), 0.7, rtol=1e-12)


@pytest.fixture(scope="module")
def answered():
    return answer(gathered())


def test_the_answer_finds_exponents_gain_and_approach(answered):
    found = answered
    hidden = found.sel(timescale_layer="hidden1")
    np.testing.assert_allclose(hidden.scaling_exponent, [1, 0], atol=1e-9)
    assert np.isnan(found.scaling_exponent.sel(timescale_layer="output", timescale_quantity="tau_a"))
    np.testing.assert_allclose(found.accuracy_gain, [np.nan, 0.02, np.nan], atol=1e-9)
    np.testing.assert_allclose(found.cells_approach, 0.1)
    ratio = hidden.displacement_ratio.sel(timescale_quantity="tau_m").values
    np.testing.assert_allclose(ratio, [1.5, 1.5, 3], rtol=0.03)
    low, high = hidden.displacement_ratio_interval.sel(timescale_quantity="tau_m").values[0]
    assert low < 1.5 * 1.03
    assert high > 1.5 * 0.97
    assert low < high
    assert "to the power 1 (1 to 1)" in found.attrs["answer"]
    assert "narrow does best, 0.02" in found.attrs["answer"]


def test_a_job_that_failed_is_left_out():
    ds = gathered()
    ds["tau_m"][2, 4] = ds["tau_a"][2, 4] = ds["test_accuracy"][2, 4] = np.nan
    ds["start"][2, 4] = ""
    found = answer(ds)
    assert np.isnan(found.scaling_seed_exponent.values).all(axis=(0, 1)).sum() == 0
    assert found.sizes["seed"] == 4
    assert float(found.accuracy_mean[2]) == pytest.approx(float(ds.test_accuracy[2, :4].mean()))


def test_the_interval_of_the_best_start_is_corrected_for_their_number():
    ds = gathered()
    noise = xr.DataArray(0.03 * np.random.default_rng(1).standard_normal(5), dims="seed")
    others = ds.isel(variant=[1, 1, 1])
    others["test_accuracy"] = others.test_accuracy + xr.DataArray([0, 0.1, 0.2], dims="variant") * noise
    whole = xr.concat([ds.isel(variant=[0]), others], "variant").assign_coords(variant=list("abcd"))
    whole["time_stretch"] = xr.ones_like(whole.time_stretch)
    found = answer(whole)
    gain = (whole.test_accuracy[1:] - whole.test_accuracy[0]).values
    best = int(gain.mean(axis=1).argmax())
    by_hand = stats.ttest_1samp(gain[best], 0).confidence_interval(1 - 0.05 / 3)
    np.testing.assert_allclose(found.accuracy_gain_interval[1 + best], by_hand, atol=1e-12)
    assert f"starts {'bcd'[best]} does best" in found.attrs["answer"]
    assert "(the best of 3, for whose number the interval is corrected)" in found.attrs["answer"]


def test_what_was_never_trained_is_named_by_variant():
    ds = gathered()
    ds["tau_a"][:2] = ds["tau_a_initial"][:2]
    found = answer(ds)
    text = "hidden1.tau_a (equal to its initial values)"
    assert found.attrs["untrained"] == f"broad: {text}; narrow: {text}"
    assert "time constants of adaptation (hidden1) were not trained" in found.attrs["answer"]


def test_p_values_of_displacements_are_corrected_over_variants_too(answered):
    ds = gathered()
    names = ["tau_m", "tau_a", "tau_m_initial", "tau_a_initial"]
    alone = [
        analyses.displacement(ds[names].isel(variant=k, drop=True), resamples=20).displacement_p
        for k in range(3)
    ]
    p = xr.concat(alone, "variant").transpose("displacement_test", ...)
    found = answered.displacement_p_holm.transpose("displacement_test", "variant", *p.dims[2:])
    np.testing.assert_allclose(found, [holm_kernel(one) for one in p.values])
    smallest = np.nanmin(p.sel(displacement_test="shift"))
    tests = int(p.sel(displacement_test="shift").notnull().sum())
    assert tests == 9
    assert float(np.nanmin(found.sel(displacement_test="shift"))) == pytest.approx(min(1, tests * smallest))


def test_figures_draw_the_answer(answered, tmp_path):
    files = analyses.figures(gathered().merge(answered), tmp_path, stem="x", specs=TIMESCALE_STUDY)
    assert sorted(f.name for f in files if f.suffix == ".png") == ["x_exponents.png", "x_starts.png"]


def test_every_variant_is_a_configuration():
    labels = {job.at["variant"]: job.config for job in make_sweep("timescales").jobs}
    assert len(labels) == 6
    assert labels["broad ×2"].stretch == 2
    assert labels["cortex"].tau_a.startswith("lognormal(2.1")


def test_a_stretch_of_nothing_is_refused():
    with pytest.raises(ValueError, match="stretch must be a finite number > 0, got 0"):
        TimescalesConfig(stretch=0)


@pytest.mark.slow
def test_smoke_run(tmp_path):
    outcome = run_sweep(
        make_sweep("timescales", smoke=True), tmp_path / "out", workers=1, report=lambda line: None
    )
    assert not outcome.failed
    assert not outcome.problem
    ds = xr.open_dataset(tmp_path / "out" / "timescales.nc")
    assert (ds.spike_mismatches == 0).all()
    assert ds.sizes["variant"] == len(STUDY.smoke_axes[0].values)
    assert (ds.time_stretch.sel(variant="broad ×2") == 2).all()
    assert (tmp_path / "out" / "timescales_starts.png").exists()
