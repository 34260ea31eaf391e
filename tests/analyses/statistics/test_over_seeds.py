"""Means over networks: Student's interval, ratios as logarithms, networks beside biology."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable, compare
from chronaxie.analyses.biology.over_seeds import compare_over_seeds
from chronaxie.analyses.statistics.over_seeds import over_seeds


def test_the_interval_is_student_s():
    values = np.random.default_rng(0).normal(3, 1, 5)
    found = over_seeds(xr.Dataset({"x": ("seed", values), "y": ("seed", [1.0, np.nan, 2, 3, 4])}), level=0.9)
    low, _ = found["x_seed_interval"].values
    assert float(found["x_mean"]) == pytest.approx(values.mean())
    assert stats.ttest_1samp(values, low).pvalue == pytest.approx(0.1)
    # a seed without a value: no mean of the others
    assert np.isnan(found["y_mean"])
    assert np.isnan(found["y_seed_interval"]).all()


def test_ratios_are_averaged_as_logarithms_and_one_seed_has_no_interval():
    ds = xr.Dataset({"r": (("seed", "k"), [[0.5, 1.0], [2.0, 1.0]]), "d": ("seed", [1.0, 3.0]), "other": 1.0})
    found = over_seeds(ds, log=["r"])
    assert found["r_mean"].values.tolist() == pytest.approx([1, 1])
    low, high = found["r_seed_interval"].values[0]
    assert low * high == pytest.approx(1)
    assert float(found["d_mean"]) == 2
    assert int(found["seeds"]) == 2
    assert "other_mean" not in found
    assert np.isnan(over_seeds(ds.isel(seed=[0]))["d_seed_interval"]).all()
    with pytest.raises(InvalidInput, match="d is averaged as a logarithm and must be above 0, got -1.0"):
        over_seeds(ds.assign(d=("seed", [-1.0, 1.0])), log=["d"])
    with pytest.raises(MissingVariable, match="other is on the dimension 'seed'; put the results"):
        over_seeds(ds, ["other"])
    with pytest.raises(MissingVariable, match="lacks seed"):
        over_seeds(ds.isel(seed=0))
    with pytest.raises(InvalidInput, match="level must be"):
        over_seeds(ds, level=95)


def test_networks_beside_biology_are_compared_one_by_one():
    rng = np.random.default_rng(1)
    tau = xr.DataArray(
        rng.lognormal(3, 0.4, (3, 24)),
        dims=("seed", "neuron"),
        coords={"layer": ("neuron", ["hidden1"] * 24)},
        attrs={"units": "ms"},
    )
    cells = xr.Dataset(
        {"tau_m": ("cell", rng.lognormal(2.5, 0.6, 60), {"units": "ms"})},
        coords={"group": ("cell", ["a"] * 60)},
    )
    found = compare_over_seeds(tau, cells, resamples=100, seed=4)
    second = compare(tau.isel(seed=1), cells, resamples=100, seed=5)
    xr.testing.assert_equal(
        found["biology_distance_interval"].isel(seed=1, drop=True), second["biology_distance_interval"]
    )
    ratio = found["biology_median_ratio"].values[:, 0, 0]
    assert float(found["biology_median_ratio_mean"][0, 0]) == pytest.approx(stats.gmean(ratio))
    low, high = found["biology_distance_scaled_seed_interval"].values[0, 0]
    assert low < float(found["biology_distance_scaled_mean"][0, 0]) < high
    with pytest.raises(InvalidInput, match="needs the dimension 'seed'; compare takes a single network"):
        compare_over_seeds(tau.isel(seed=0), cells)
