"""Answers to a current step: exact exponentials, sag, noise and sweeps, what is refused."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.effective import membrane_decay_kernel, membrane_timescales

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

TIME = np.arange(0, 1.2, 0.0005)
TAU = np.array([0.005, 0.02, 0.1, 0.4])
ONSET, END = 0.2, 1.1


def answers(tau=TAU, size=-0.004):
    since = np.maximum(TIME - ONSET, 0)
    return -0.07 + size * -np.expm1(-since / np.atleast_1d(tau)[:, None])


def dataset(trace, **attrs):
    """Traces (neuron, trial, time) as a protocol's dataset."""
    about = {"step_variable": "v", "step_groups": "cell", "step_onset": ONSET, "step_end": END}
    values = np.moveaxis(trace, 0, -1)
    return xr.Dataset(
        {"cell_v": (("trial", "time", "cell_neuron"), values, {"units": "V"})},
        coords={"time": ("time", TIME, {"units": "s"})},
        attrs=about | attrs,
    )


@pytest.mark.parametrize("size", [-0.004, 0.002])
def test_exponentials_give_back_their_time_constants(size):
    tau, deflection, sag, r2 = membrane_decay_kernel(answers(size=size), TIME, onset=ONSET, end=END)
    np.testing.assert_allclose(tau, TAU, rtol=1e-4)
    np.testing.assert_allclose(deflection, size * -np.expm1(-(END - ONSET) / TAU), rtol=1e-3)
    assert (sag[:2] < 1e-6).all()
    assert (r2 > 1 - 1e-8).all()


def test_a_sag_ends_the_fit_at_the_peak():
    """A current that pulls back over 200 ms: the fit sees what comes before."""
    since = np.maximum(TIME - ONSET, 0)
    trace = -0.004 * (-np.expm1(-since / 0.02)) + 0.001 * (-np.expm1(-since / 0.2))
    tau, deflection, sag, _ = membrane_decay_kernel(trace, TIME, onset=ONSET, end=END)
    assert tau == pytest.approx(0.02, rel=0.25)
    assert sag == pytest.approx(1 - 0.003 / -deflection, abs=0.01)
    assert sag > 0.1


def test_sweeps_with_noise_have_intervals():
    rng = np.random.default_rng(0)
    trace = answers([0.02, 0.05])[:, None] + rng.normal(0, 1e-4, (2, 8, len(TIME)))
    out = membrane_timescales(dataset(trace), resamples=200)
    np.testing.assert_allclose(out["membrane_tau"], [20, 50], rtol=0.05)
    low, high = out["membrane_tau_interval"].values.T
    assert (low < out["membrane_tau"].values).all()
    assert (high > out["membrane_tau"].values).all()
    assert (high - low < 8).all()
    assert out["membrane_tau"].attrs["units"] == "ms"
    assert out["membrane_unit"].values.tolist() == ["V", "V"]
    assert float(out["membrane_layer_tau"][0]) == pytest.approx(35, rel=0.05)
    answer = out["membrane_answer"].values
    assert answer.shape == (2, out.sizes["membrane_time"])
    assert answer.max() == pytest.approx(1)


def test_one_sweep_has_no_interval_and_the_layer_has_one():
    out = membrane_timescales(dataset(answers()[:, None]), resamples=100)
    assert np.isnan(out["membrane_tau_interval"]).all()
    low, high = out["membrane_layer_tau_interval"].values[0]
    assert low <= 60 <= high
    assert float(out["membrane_layer_tau"][0]) == pytest.approx(60, rel=1e-4)


def test_a_control_is_subtracted():
    ds = dataset(answers()[:, None])
    drift = 0.01 * np.sin(20 * TIME)[None, :, None]
    ds["cell_v"] = ds["cell_v"] + drift
    ds["cell_v"].attrs["units"] = "V"
    ds["cell_v_control"] = (ds["cell_v"].dims, np.broadcast_to(drift, ds["cell_v"].shape), {"units": "V"})
    np.testing.assert_allclose(membrane_timescales(ds)["membrane_tau"], TAU * 1e3, rtol=1e-4)


def test_what_does_not_answer_is_nan_without_a_warning():
    rng = np.random.default_rng(1)
    dead = np.full(len(TIME), -0.07)
    noisy = dead + rng.normal(0, 1e-3, len(TIME))
    out = membrane_timescales(dataset(np.stack((dead, noisy))[:, None]), resamples=20)
    assert np.isnan(out["membrane_tau"]).all()
    assert int(out["membrane_layer_count"][0]) == 0
    assert np.isnan(out["membrane_layer_tau"]).all()


def test_the_fit_begins_at_a_tenth_of_the_deflection():
    """A membrane that is slow to start, as behind a pipette: without the first tenth tau is that of the rest."""
    since = np.maximum(TIME - ONSET, 0)
    slow = np.convolve(-np.expm1(-since / 0.05), np.full(20, 1 / 20))[: len(TIME)]
    tau = membrane_decay_kernel(-0.07 - 0.004 * slow, TIME, onset=ONSET, end=END)[0]
    assert tau == pytest.approx(0.05, rel=0.002)


@pytest.mark.parametrize("ratio, found", [(10, False), (40, True)])
def test_an_answer_below_twenty_deviations_is_not_fitted(ratio, found):
    noise = np.random.default_rng(3).normal(0, 0.004 / ratio, len(TIME))
    tau = membrane_decay_kernel(answers([0.02])[0] + noise, TIME, onset=ONSET, end=END)[0]
    assert np.isfinite(tau) == found


def test_what_is_missing_or_wrong_is_named():
    ds = dataset(answers()[:, None])
    with pytest.raises(MissingVariable, match="lacks cell_v"):
        membrane_timescales(ds.drop_vars("cell_v"))
    without = ds.copy()
    del without.attrs["step_variable"]
    with pytest.raises(
        MissingVariable, match="no attribute 'step_variable'; is it what current_step returned"
    ):
        membrane_timescales(without)
    with pytest.raises(InvalidInput, match="the step goes from 0.2 to 3.0 s, outside the traces"):
        membrane_timescales(ds.assign_attrs(step_end=3.0))
    with pytest.raises(InvalidInput, match="cell_v must be finite, got nan at"):
        membrane_timescales(ds.where(ds["time"] != TIME[7]).assign_attrs(ds.attrs))
    with pytest.raises(InvalidInput, match="cell_v must have the dimensions"):
        membrane_timescales(ds.transpose("time", "trial", "cell_neuron"))
    with pytest.raises(InvalidInput, match="time must be in s, but its units attribute is 'ms'"):
        membrane_timescales(ds.assign_coords(time=("time", TIME * 1e3, {"units": "ms"})))
    with pytest.raises(InvalidInput, match="time must be in s, but its units attribute is None"):
        membrane_timescales(ds.assign_coords(time=("time", TIME)))
    with pytest.raises(InvalidInput, match="samples before the step and during it, got 1 in all"):
        membrane_timescales(ds.isel(time=slice(1)))
    with pytest.raises(InvalidInput, match="cell_v has no trial"):
        membrane_timescales(ds.isel(trial=slice(0)))
    without = ds.copy()
    del without.attrs["step_onset"]
    with pytest.raises(MissingVariable, match="no attribute 'step_onset'; give the times of the step in s"):
        membrane_timescales(without)
