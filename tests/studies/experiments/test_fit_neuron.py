"""The study `fit_neuron`: the neurons, the two methods, its answer on made-up errors, one smoke run."""

import json

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.analyses.biology.glif import glif_cells, glif_parameters
from chronaxie.analyses.drawing.identification import IDENTIFICATION
from chronaxie.models.devices import using
from chronaxie.studies.experiments.fit_methods import Fit, slices
from chronaxie.studies.experiments.fit_model import NAMES, SYNTHETIC, currents, model, record, truth_of
from chronaxie.studies.experiments.fit_neuron import CELLS, FACTORS, FitNeuronConfig, answer
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep


def gathered(scales=(0.02, 0.5), truths=8, seeds=3):
    """Errors normal with these scales: of the first method, and of the second one; b is off by one in both."""
    rng = np.random.default_rng(0)
    shape = (truths, 2, seeds, len(NAMES))
    error = rng.standard_normal(shape) * np.array(scales)[:, None, None]
    error[..., list(NAMES).index("b")] += 1
    loss = np.broadcast_to(np.array([1.0, 4.0])[:, None], shape[:3])
    dims, one = ("truth", "fitting", "seed"), {"units": "1"}
    slope = np.abs(np.array(FACTORS) - 1) * np.arange(1, 7)[:, None]
    ds = {
        "error": ((*dims, "parameter"), error, one),
        "fit_loss": (dims, loss, one),
        "held_out_coincidence": (dims, np.full(shape[:3], 0.75), one),
        "slice_loss": ((*dims, "parameter", "factor"), np.broadcast_to(slope, (*shape, len(FACTORS))), one),
    }
    coords = {
        "truth": [f"cell {k}" for k in range(truths)],
        "fitting": ["gradient", "search"],
        "seed": np.arange(seeds),
        "parameter": list(NAMES),
        "factor": ("factor", np.array(FACTORS), one),
    }
    return xr.Dataset(ds, coords, {"axes": json.dumps([{"field": field} for field in dims])})


@pytest.fixture(scope="module")
def answered():
    return answer(gathered())


def test_the_answer_says_what_is_identified(answered):
    sure = answered.identified.sel(fitting="gradient").values
    np.testing.assert_array_equal(sure, [name != "b" for name in NAMES])
    assert not answered.identified.sel(fitting="search").any()
    # The median of |normal| is 0.674 standard deviations; of 24 values within a third.
    assert float(answered.error_median.sel(fitting="gradient", parameter="C")) == pytest.approx(
        0.0135, rel=0.35
    )
    assert float(answered.loss_ratio) == 4
    assert "identified: C, g_L, E_L, theta_0, tau_a)" in answered.attrs["answer"]
    assert "is 4 (4 to 4)" in answered.attrs["answer"]


def test_what_a_neuron_has_not_is_left_out():
    ds = gathered()
    ds["error"][0] = np.nan
    ds["error"].loc[{"parameter": "tau_a"}] = np.nan
    found = answer(ds)
    assert np.isnan(found.error_median.sel(parameter="tau_a")).all()
    np.testing.assert_allclose(
        found.error_median.sel(parameter="C"),
        np.abs(ds.error[1:].sel(parameter="C")).median(["truth", "seed"]),
    )


def test_a_sweep_of_one_method_and_something_else():
    ds = gathered().isel(fitting=0, drop=True).rename(truth="noise").assign_coords(noise=np.arange(8.0))
    found = answer(ds.assign_attrs(axes=json.dumps([{"field": "noise"}, {"field": "seed"}])))
    assert found["fitting"].values.tolist() == ["as configured"]
    expected = np.abs(gathered().error.isel(fitting=0).sel(parameter="C")).median()
    assert float(found.error_median.sel(parameter="C").item()) == pytest.approx(float(expected))
    assert "loss_ratio" not in found


def test_figures_draw_the_answer(answered, tmp_path):
    files = analyses.figures(gathered().merge(answered), tmp_path, stem="x", specs=IDENTIFICATION)
    assert [f.name for f in files if f.suffix == ".png"] == ["x_identification.png"]


def test_recorded_neuron_deviates_from_itself_by_its_noise_only():
    truth, rng = truth_of("alif"), np.random.default_rng(0)
    with using("numpy"):
        stimulus = currents(truth, rng, duration=100)
        v, spikes = record(model(stimulus, SYNTHETIC, truth.t_ref), 100)
        assert sum(map(len, spikes)) > 4
        assert not len(spikes[0])
        assert not len(spikes[1])
        fitted = Fit(stimulus, v + 0.5, spikes, truth.t_ref)
        at, moved = slices(fitted, SYNTHETIC, (0.8,))
    assert at == pytest.approx((0.5 / 5) ** 2)  # an offset of 0.5 mV at a scale of 5 mV
    assert (moved[:, 0] > at).all()
    assert fitted.simulations == 7


def test_a_neuron_that_there_is_not():
    with pytest.raises(ValueError, match="adex, alif or the specimen id of a GLIF cell, got 'lif'"):
        truth_of("lif")


def test_published_cells(data_dir):
    cells = glif_cells(data=data_dir)
    table = glif_parameters(data=data_dir)
    assert float(cells.tau_a.median()) == pytest.approx(float(table.glif_median.sel(glif_parameter="tau_a")))
    assert {int(cell) for cell in CELLS} <= set(cells.cell.values.tolist())
    truth = truth_of(CELLS[0], data=data_dir)
    assert truth.values["g_L"] == pytest.approx(104.651 / 17.2286, rel=1e-3)
    with pytest.raises(ValueError, match="no cell 7 with an accepted adaptation is among the 288"):
        truth_of("7", data=data_dir)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"fitting": "newton"}, "fitting must be one of gradient, search, got 'newton'"),
        (
            {"simulations": 59},
            "simulations must be a whole number >= 60, two generations of the search, got 59",
        ),
        ({"duration": 10}, "duration must be a finite number >= 50 .ms., got 10"),
    ],
)
def test_bad_configurations(given, match):
    with pytest.raises(ValueError, match=match):
        FitNeuronConfig(**given)


@pytest.mark.slow
def test_smoke_run(tmp_path):
    folder = tmp_path / "out"
    outcome = run_sweep(make_sweep("fit_neuron", smoke=True), folder, workers=1, report=lambda line: None)
    assert not outcome.failed
    assert not outcome.problem
    ds = xr.open_dataset(folder / "fit_neuron.nc")
    assert (ds.simulations_used == 60).all()
    assert (ds.fit_loss < ds.start_loss).all()
    alif = ds.sel(truth="alif", seed=0)
    assert float(alif.fit_loss.sel(fitting="gradient")) < float(alif.fit_loss.sel(fitting="search"))
