"""A network's time constants beside measured ones: what was never trained, and what few values cannot say."""

import numpy as np
import xarray as xr
from scipy import stats

from chronaxie.analyses import compare


def taus(values, layer):
    coords = {"layer": ("neuron", layer)}
    return xr.DataArray(values, dims="neuron", coords=coords, attrs={"units": "ms"}, name="tau_m")


def cells(values):
    values = np.asarray(values, dtype=float)
    tau = ("cell", values, {"units": "ms"})
    return xr.Dataset({"tau_m": tau}, coords={"group": ("cell", ["mouse"] * len(values))})


def test_layers_that_were_never_trained_are_named():
    model = taus([80.0] * 6 + [10, 20, 40, 11, 22, 44] + [30], ["a"] * 6 + ["b"] * 6 + ["c"])
    measured = cells(np.arange(5.0, 25))
    got = compare(model, measured, resamples=100)
    assert got.attrs["biology_untrained"] == "a.tau_m (all 80 ms)"
    # as before: no spread beside which to hold that of the cells
    assert np.isnan(got["biology_spread_ratio"].sel(biology_layer="a")).all()
    same = compare(model, measured, initial=model.where(model != 40, 39.0), resamples=100)
    assert same.attrs["biology_untrained"] == "a.tau_m (all 80 ms); c.tau_m (equal to its initial values)"
    drawn = compare(model[6:12], measured, initial=stats.norm(80, 20), resamples=100)
    assert drawn.attrs["biology_untrained"] == ""


def test_one_neuron_or_one_cell_has_no_spread_and_no_interval():
    for got in (
        compare(taus([20.0], ["a"]), cells(np.arange(5.0, 25)), resamples=100),
        compare(taus(np.arange(5.0, 25), ["a"] * 20), cells([20.0]), resamples=100),
    ):
        for name in ("p", "hedges_g", "spread_ratio", "median_ratio_interval", "distance_interval"):
            assert np.isnan(got[f"biology_{name}"]).all(), name
        assert np.isfinite(got["biology_median_ratio"]).all()
        assert np.isfinite(got["biology_distance"]).all()


def test_of_few_values_no_distance_has_an_interval_and_the_reason_is_given():
    rng = np.random.default_rng(2)
    model = taus(rng.lognormal(3, 0.3, 39), ["output"] * 19 + ["hidden1"] * 20)
    got = compare(model, cells(rng.lognormal(3, 0.3, 20)), resamples=100)
    few, enough = (got.sel(biology_layer=name) for name in ("output", "hidden1"))
    for suffix in ("", "_scaled"):
        for name in (f"distance{suffix}", f"energy_distance{suffix}"):
            for part in ("interval", "corrected"):
                assert np.isnan(few[f"biology_{name}_{part}"]).all()
                assert np.isfinite(enough[f"biology_{name}_{part}"]).all()
        assert np.isfinite(few[f"biology_distance{suffix}"]).all()
        assert np.isfinite(few[f"biology_p{suffix}"]).all()
    assert got.attrs["biology_no_distance_interval"] == "fewer than 20 values: output (19 neurons)"
    without = compare(model, cells(rng.lognormal(3, 0.3, 19)), resamples=100)
    assert without.attrs["biology_no_distance_interval"].endswith(
        "output (19 neurons), mouse (19 cells), all cells (19 cells)"
    )
    assert np.isnan(without["biology_distance_interval"]).all()
    assert got.sel(biology_layer=["hidden1"])["biology_distance_interval"].attrs["fewest"] == 20


def test_from_twenty_values_on_the_bounds_of_a_distance_are_of_its_size():
    """A distance free of scale of so few has an upper bound, one that is there has a lower bound above 0."""
    rng = np.random.default_rng(3)
    wide, found = stats.lognorm(0.6, scale=18), []
    for _ in range(8):
        model = taus(rng.normal(80, 8, 20), ["a"] * 20)
        got = compare(model, cells(wide.rvs(900, random_state=rng)), resamples=100, level=0.9)
        found.append(got["biology_distance_scaled_interval"].values[0, 0])
    # the distance of the distributions is 0.461
    assert 0.2 < np.median(found, axis=0)[0] < 0.461 < np.median(found, axis=0)[1] < 0.7
