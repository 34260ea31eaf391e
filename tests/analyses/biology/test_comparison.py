"""A network's time constants beside measured ones: what is computed, under which nulls, and what is refused."""

import warnings

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable, compare
from chronaxie.analyses.statistics.distances import energy_distance_kernel, wasserstein_kernel
from chronaxie.analyses.statistics.positive_samples import (
    Sample,
    area_kernel,
    energy_kernel,
    order_statistics,
)
from chronaxie.analyses.statistics.same_distribution import detectable_kernel, same_distribution_kernel


def taus(values, layer=None, units="ms"):
    values = np.asarray(values, dtype=float)
    layer = ["hidden1"] * len(values) if layer is None else layer
    return xr.DataArray(values, dims="neuron", coords={"layer": ("neuron", layer)}, attrs={"units": units})


def cells(values, group=None):
    values = np.asarray(values, dtype=float)
    group = ["mouse spiny"] * len(values) if group is None else group
    return xr.Dataset({"tau_m": ("cell", values, {"units": "ms"})}, coords={"group": ("cell", group)})


def test_compare_by_hand():
    got = compare(taus([10, 20, 40]), cells([5, 10, 20]), resamples=100)
    assert got["biology_model_median"].values.tolist() == [20]
    assert got["biology_cells_median"].values.tolist() == [10, 10]
    assert got["biology_group"].values.tolist() == ["mouse spiny", "all cells"]
    # sorted pairs 10-5, 20-10, 40-20: mean 35/3 ms; over the medians the two are the same
    np.testing.assert_allclose(got["biology_distance"], [[35 / 3] * 2], rtol=1e-12)
    np.testing.assert_allclose(got["biology_distance_scaled"], [[0, 0]], atol=1e-12)
    np.testing.assert_allclose(got["biology_model_log_sd"], [np.log(2)], rtol=1e-12)
    np.testing.assert_allclose(got["biology_model_quantile"].sel(biology_q=0.25), [15], rtol=1e-12)
    np.testing.assert_allclose(
        got["biology_cells_quantile_scaled"].sel(biology_q=0.75), [1.5, 1.5], rtol=1e-12
    )
    assert got["biology_q"].values.tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]


def test_scale_free_measures_do_not_change_with_the_scale():
    rng = np.random.default_rng(3)
    # from five cells on intervals are drawn, which are not looked at here
    tau, measured = rng.lognormal(3, 0.5, 50), cells(rng.lognormal(2, 0.7, 4))
    one, other = (compare(taus(f * tau), measured, resamples=100) for f in (1, 8))
    for name in (
        "biology_model_cv",
        "biology_model_log_sd",
        "biology_model_quantile_scaled",
        "biology_distance_scaled",
    ):
        # a factor of 8 is exact but for the logarithm
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12, err_msg=name)
    assert float(other["biology_distance"][0, 0]) > float(one["biology_distance"][0, 0])


def test_layers_and_groups_are_told_apart_and_nan_is_left_out():
    model = taus([10, np.nan, 30, np.nan], ["hidden1", "hidden1", "hidden2", "output"])
    got = compare(model, cells([5, 6, 7], ["mouse spiny", "mouse spiny", "human spiny"]), resamples=100)
    assert got["biology_layer"].values.tolist() == ["hidden1", "hidden2", "output"]
    assert got["biology_model_count"].values.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(got["biology_model_median"], [10, 30, np.nan])
    assert np.isnan(got["biology_model_log_sd"]).all()
    assert np.isnan(got["biology_distance"].sel(biology_layer="output")).all()
    assert float(got["biology_distance"].sel(biology_layer="hidden1", biology_group="human spiny")) == 3


def test_everything_drawn_is_seeded():
    rng = np.random.default_rng(11)
    model, measured = taus(rng.lognormal(3, 0.4, 40)), cells(rng.lognormal(3, 0.4, 80))
    name = "biology_model_median_interval"
    one, again = (compare(model, measured, seed=5, resamples=100) for _ in range(2))
    xr.testing.assert_identical(one, again)
    # with a single cell nothing but the layer's own interval is drawn
    other = compare(model, cells([5.0]), seed=6, resamples=100)
    assert not np.array_equal(one[name], other[name])
    low, high = one[name].values[0]
    assert low < float(np.median(model)) < high


def test_what_compare_refuses():
    good = cells([1.0, 2.0])
    with pytest.raises(InvalidInput, match="model_tau must be in ms, but its units attribute is None"):
        compare(taus([1, 2]).drop_attrs(), good)
    with pytest.raises(InvalidInput, match="model_tau must be positive and finite.*got 0.0 at position 1"):
        compare(taus([1, 0]), good)
    with pytest.raises(MissingVariable, match="model_tau has no coordinate 'layer'"):
        compare(taus([1, 2]).drop_vars("layer"), good)
    with pytest.raises(MissingVariable, match="compare: the dataset lacks group"):
        compare(taus([1, 2]), good.drop_vars("group"))
    with pytest.raises(InvalidInput, match="resamples must be a whole number of 100 or more, got 10"):
        compare(taus([1, 2]), good, resamples=10)
    with pytest.raises(InvalidInput, match="level must be between 0 and 1, such as 0.95, got 95"):
        compare(taus([1, 2]), good, level=95)
    with pytest.raises(MissingVariable, match="compare: the dataset lacks area"):
        compare(taus([1, 2]), good, by="area")
    with pytest.raises(InvalidInput, match="initial and model_tau must be of the same neurons"):
        compare(taus([1, 2]), good, initial=taus([1, 2, 3]))
    with pytest.raises(InvalidInput, match=r"initial of 'other' must be a frozen distribution.*hidden1"):
        compare(taus([1, 2]), good, initial={"other": stats.norm(3, 1)})
    with pytest.raises(InvalidInput, match="initial of 'hidden1' must be a frozen distribution of positive"):
        compare(taus([1, 2]), good, initial=stats.norm(-3, 1))
    with pytest.raises(
        InvalidInput, match="hidden1 of model_tau has the median 80 ms, the distribution .* 0.08: are"
    ):
        compare(taus([70, 90]), good, initial=stats.norm(0.08, 0.02))
    with pytest.raises(InvalidInput, match="quantiles must be numbers from 0 to 1"):
        compare(taus([1, 2]), good, quantiles=[50])
    with pytest.raises(
        TypeError, match=r"model_tau must be an xarray.DataArray, got Dataset; pass ds\['tau_m'\]"
    ):
        compare(good, good)


def lognormal(rng, median, spread, size):
    return median * np.exp(spread * rng.standard_normal(size))


def test_sizes_of_a_known_difference_are_found():
    rng = np.random.default_rng(12)
    x, y = lognormal(rng, 40, 0.3, 2000), lognormal(rng, 20, 0.6, 3000)
    got = compare(taus(x), cells(y), resamples=400, level=0.99).isel(biology_layer=0, biology_group=0)
    # P(X > Y) of two log-normals: Phi(ln 2 / sqrt(0.3^2 + 0.6^2))
    delta = 2 * stats.norm.cdf(np.log(2) / np.hypot(0.3, 0.6)) - 1
    g = np.log(2) / np.sqrt((2000 * 0.09 + 3000 * 0.36) / 5000)
    known = {"median_ratio": 2, "spread_ratio": 0.5, "cliffs_delta": delta, "hedges_g": g}
    for name, truth in known.items():
        low, high = got[f"biology_{name}_interval"].values
        assert low < truth < high, name
        assert low < float(got[f"biology_{name}"]) < high, name
        # 5000 values leave less than 6 %
        assert float(got[f"biology_{name}"]) == pytest.approx(truth, rel=0.06), name


def test_the_estimates_at_shares_are_those_of_the_kernels():
    """An interval is drawn around the very estimate that the statistics compute."""
    rng = np.random.default_rng(4)
    x, y = lognormal(rng, 20, 0.3, 128), lognormal(rng, 25, 0.5, 256)
    sides = Sample.of(x), Sample.of(y)
    for scaled in (False, True):
        a, b = (v / np.median(v) if scaled else v for v in (x, y))
        found = [
            kernel(*(s.at_shares for s in sides), scaled=scaled) for kernel in (area_kernel, energy_kernel)
        ]
        # both sizes divide the number of shares: only the ranks of the median's two neighbours are chosen otherwise
        np.testing.assert_allclose(found, [wasserstein_kernel(a, b), energy_distance_kernel(a, b)], rtol=1e-9)


def test_order_statistics_have_their_known_moments():
    places = (order_statistics(1000, rng=np.random.default_rng(0), resamples=4000) + 0.5) / 2048
    rank = np.ceil((np.arange(256) + 0.5) / 256 * 1000)
    deviation = np.sqrt(rank * (1001 - rank) / 1001**2 / 1002)
    # mean and variance of a uniform order statistic; 4 standard errors of 4000 draws are 0.001 and 4.5 %
    np.testing.assert_allclose(places.mean(axis=0), rank / 1001, atol=0.001)
    np.testing.assert_allclose(places.std(axis=0), deviation, rtol=0.045, atol=1e-4)


def test_groups_are_made_by_any_coordinates():
    table = cells([1.0, 2, 3, 4], ["b", "a", "b", "a"])
    table.attrs["groups"] = ["b", "a"]
    table = table.assign_coords(area=("cell", ["V1", "V1", "M1", "M1"]))

    def groups(by):
        return compare(taus([1]), table, by=by, resamples=100)["biology_group"].values.tolist()

    assert groups("group") == ["b", "a", "all cells"]
    assert groups("area") == ["M1", "V1", "all cells"]
    assert groups(("group", "area")) == ["a M1", "a V1", "b M1", "b V1", "all cells"]


def test_the_quantity_is_the_tables_own_unless_named():
    table = xr.Dataset(
        {
            name: ("cell", v, {"units": "ms", "long_name": name})
            for name, v in (("tau_m", [1.0, 2]), ("tau_a", [5.0, np.nan]))
        },
        coords={"group": ("cell", ["a", "a"])},
        attrs={"quantity": "tau_a"},
    )
    got = compare(taus([1]), table, resamples=100)
    assert got["biology_cells_median"].values.tolist() == [5, 5]
    assert got["biology_cells_count"].values.tolist() == [1, 1]
    named = compare(taus([1]), table, quantity="tau_m", resamples=100)
    assert named["biology_cells_median"].values.tolist() == [1.5, 1.5]
    with pytest.raises(MissingVariable, match="lacks tau_x; it holds group, tau_a, tau_m"):
        compare(taus([1]), table, quantity="tau_x")


def test_nulls_see_what_is_more_than_the_start_or_a_lognormal():
    rng = np.random.default_rng(8)
    measured = cells(lognormal(rng, 20, 0.6, 800))
    before, after = lognormal(rng, 80, 0.2, 200), lognormal(rng, 30, 0.6, 200)
    got = compare(taus(after), measured, initial=taus(before), resamples=400).isel(
        biology_layer=0, biology_group=-1
    )
    start, law = (got.sel(biology_null=name) for name in ("initial", "lognormal"))
    # training came nearer in ms and in shape; a log-normal of the same mean and spread is as near
    for suffix in ("", "_scaled"):
        low, _ = start[f"biology_null_interval{suffix}"].values
        assert float(got[f"biology_distance{suffix}"]) < low
        assert float(start[f"biology_null_p{suffix}"]) < 0.01
        assert float(law[f"biology_null_p{suffix}"]) > 0.05
    same = compare(taus(after), measured, initial=stats.lognorm(0.2, scale=80), resamples=400)
    known = same.sel(biology_null="initial").isel(biology_layer=0, biology_group=-1)
    # the law and 200 values drawn from it: 200 values leave a few percent
    assert float(known.biology_null_distance) == pytest.approx(float(start.biology_null_distance), rel=0.05)
    without = compare(taus(after), measured, initial={}, resamples=100)
    assert np.isnan(without["biology_null_p"].sel(biology_null="initial")).all()


def test_p_values_are_corrected_over_layers_and_groups():
    rng = np.random.default_rng(9)
    model = taus(lognormal(rng, 20, 0.5, 60), ["a"] * 30 + ["b"] * 30)
    got = compare(model, cells(lognormal(rng, 60, 0.5, 200), ["x"] * 100 + ["y"] * 100), resamples=100)
    assert got["biology_p_holm"].attrs["tests"] == 6
    # with the fewest resamples a difference as clear as this one still survives the correction
    assert (got["biology_p_holm"] < 0.05).all()
    assert (got["biology_p_holm"] >= got["biology_p"]).all()
    assert got["biology_null_p_scaled_holm"].attrs["tests"] == 6


@pytest.mark.parametrize("scaled", [False, True])
def test_what_is_detectable_is_detected_as_often_as_stated(scaled):
    rng = np.random.default_rng(10)
    y = Sample.of(lognormal(rng, 20, 0.5, 600))
    factor, distance = detectable_kernel(36, y, rng=rng, resamples=1000, scaled=scaled)
    assert 1 < factor < 2
    # the distribution that it was computed for: that of y, moved or widened
    middle = np.log(y.at_shares[127:129]).mean()
    changed = middle + factor * (y.table - middle) if scaled else y.table + np.log(factor)
    seen = 0
    for _ in range(150):
        drawn = (Sample.of(np.exp(rng.choice(t, n))) for t, n in ((changed, 36), (y.table, 600)))
        seen += same_distribution_kernel(*drawn, rng=rng, resamples=99, scaled=scaled) <= 0.05
    # 80 %: 150 repetitions leave 3.3 %, the two tests differ in their null (cells, or cells and network pooled)
    assert 0.68 <= seen / 150 <= 0.92
    assert 0 < distance < 20


def test_a_narrow_layer_is_told_from_cells_with_a_long_tail():
    rng = np.random.default_rng(0)
    x, y = Sample.of(lognormal(rng, 700, 0.04, 64)), Sample.of(lognormal(rng, 148, 1.26, 4480))
    assert same_distribution_kernel(x, y, rng=rng, resamples=999, scaled=True) == 1 / 1000


def test_degenerate_layers_have_defined_answers():
    model = taus([7.0] * 20 + [9.0] + [np.nan, np.nan], ["constant"] * 20 + ["one"] + ["none"] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = compare(model, cells([5.0, 6, 8, 9] * 5), initial=model, resamples=100)
    alone, one, none = (got.sel(biology_layer=name) for name in ("constant", "one", "none"))
    np.testing.assert_allclose(alone["biology_distance"], [1.5, 1.5], rtol=1e-12)
    assert np.isfinite(alone["biology_distance_interval"]).all()
    assert np.isnan(alone["biology_spread_ratio"]).all()
    assert np.isnan(alone["biology_null_p"].sel(biology_null="lognormal")).all()
    assert np.isfinite(one["biology_distance"]).all()
    assert np.isnan(one["biology_distance_interval"]).all()
    assert np.isnan(one["biology_p"]).all()
    names = [n for n in none.data_vars if "biology_layer" in got[n].dims and not n.endswith("count")]
    assert all(np.isnan(none[name]).all() for name in names)
