"""A network's time constants beside measured ones: what was never trained, and what one value cannot say."""

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
