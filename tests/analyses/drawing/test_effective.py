"""Figures of effective time scales: what is drawn where, from the dataset alone."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import MissingVariable, compose
from chronaxie.analyses.drawing.effective import (
    EFFECTIVE,
    autocorrelation_decay,
    effective_distribution,
    interval_decay,
    membrane_answers,
    recovery_bias,
)
from chronaxie.analyses.effective import (
    autocorrelation_timescales,
    doubly_stochastic_spikes,
    isi_timescales,
    membrane_timescales,
    timescale_recovery,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.fixture(scope="module")
def ds():
    """Four neurons, all three measures; the last neuron is silent."""
    spikes = doubly_stochastic_spikes(60, rate=15, duration=4, trials=100, neurons=4, seed=1)
    keep = spikes["process_spike_neuron"].values < 3
    spikes = spikes.isel(process_spike=keep)
    parts = [autocorrelation_timescales(spikes, resamples=30), isi_timescales(spikes, resamples=30)]
    time = np.arange(0, 1, 0.002)
    trace = 1 - np.exp(-np.maximum(time - 0.1, 0)[:, None] / np.array([0.02, 0.03, 0.05, 0.04]))
    sweeps = xr.Dataset(
        {"process_v": (("trial", "time", "process_neuron"), trace[None], {"units": "1"})},
        coords={"time": ("time", time, {"units": "s"})},
        attrs={"step_variable": "v", "step_groups": "process", "step_onset": 0.1, "step_end": 0.9},
    )
    parts.append(membrane_timescales(sweeps, resamples=30))
    return xr.merge(parts, compat="no_conflicts", join="exact", combine_attrs="drop_conflicts")


def test_autocorrelation_with_its_fit_and_interval(ds):
    ax = autocorrelation_decay(ds, Figure().subplots())
    points, fitted, zero = ax.get_lines()
    np.testing.assert_allclose(points.get_ydata(), ds["autocorrelation_layer"][0])
    tau = float(ds["autocorrelation_layer_tau"][0])
    x, y = fitted.get_data()
    assert -np.polyfit(x, np.log(y - y[-1] + 1e-3), 1)[0] > 0
    expected = float(ds["autocorrelation_layer_amplitude"][0]) * (
        np.exp(-x / tau) + float(ds["autocorrelation_layer_offset"][0])
    )
    np.testing.assert_allclose(y, expected, rtol=1e-9)
    (text,) = [t.get_text() for t in ax.get_legend().get_texts()]
    assert f"{tau:.3g} ms [" in text
    assert "3 neurons" in text
    assert len(ax.collections) == 1  # the band
    assert "ms" in ax.get_xlabel()
    assert zero.get_ydata()[0] == 0


def test_correlogram_begins_its_fit_at_the_latency(ds):
    ax = interval_decay(ds, Figure().subplots())
    curve, fitted, _ = ax.get_lines()
    np.testing.assert_allclose(curve.get_ydata(), ds["isi_layer_correlogram"][0])
    assert fitted.get_xdata()[0] == pytest.approx(float(ds["isi_layer_latency"][0]))


def test_a_layer_without_decay_is_named(ds):
    none = ds.copy(deep=True)
    for name in ("tau", "amplitude", "offset"):
        none[f"autocorrelation_layer_{name}"][:] = np.nan
    ax = autocorrelation_decay(none, Figure().subplots())
    assert "no decay found" in ax.get_legend().get_texts()[0].get_text()
    none["autocorrelation_layer"][:] = np.nan
    ax = autocorrelation_decay(none, Figure().subplots())
    assert ax.get_legend().get_texts()[0].get_text() == "process: no neuron with enough spikes"


def test_membranes_and_their_median(ds):
    ax = membrane_answers(ds, Figure().subplots())
    assert len(ax.get_lines()) == 5  # four neurons and 1 - 1/e
    assert "median 35 ms [" in ax.get_legend().get_texts()[0].get_text()


def test_distributions_leave_out_what_has_none(ds):
    ax = effective_distribution(ds, Figure().subplots())
    texts = [t.get_text() for t in ax.get_legend().get_texts()]
    assert len(texts) == 3
    assert texts[0].endswith("3 of 4")
    assert texts[2].endswith("median 35 ms, 4 of 4")
    assert ax.get_xscale() == "log"
    with pytest.raises(MissingVariable, match="none of autocorrelation_tau, isi_tau, membrane_tau"):
        effective_distribution(ds[["unit_layer"]], Figure().subplots())


def test_recovery_draws_medians_over_the_truth():
    found = timescale_recovery([50.0, 100.0], rate=10, duration=200, repetitions=5, resamples=0)
    ax = recovery_bias(found, Figure().subplots())
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["autocorrelation", "intervals"]
    middle = ax.containers[1].lines[0].get_ydata()
    np.testing.assert_allclose(middle, 1 + found["recovery_bias"][:, 1])
    assert ax.get_title() == "Recovery: 200 s at 10 Hz, 5 recordings"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["50", "100"]


def test_figures_are_composed_of_what_is_there(ds):
    assert len(compose(ds, EFFECTIVE[0]).axes) == 4
    assert compose(ds, EFFECTIVE[1]) is None
    membranes = ds[["membrane_answer", "membrane_layer_tau", "membrane_layer_tau_interval", "membrane_tau"]]
    membranes["membrane_layer_count"] = ds["membrane_layer_count"]
    assert len(compose(membranes, EFFECTIVE[0]).axes) == 2
    with pytest.raises(MissingVariable, match="isi_layer_tau"):
        interval_decay(ds.drop_vars("isi_layer_tau"), Figure().subplots())
