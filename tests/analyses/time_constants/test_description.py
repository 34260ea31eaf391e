"""Intervals of median, spread and skewness: numbers by hand, seeds, arrays that were never trained, bad input."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable, timescales, timescales_table
from chronaxie.analyses.time_constants import displacement, relations, timescale_fits
from chronaxie.analyses.time_constants.arrays import read_arrays
from chronaxie.analyses.time_constants.description import description_kernel, timescale_intervals

pytestmark = pytest.mark.filterwarnings("error")
FEW = {"resamples": 200, "level": 0.9}
HIDDEN = {"timescale_quantity": "tau_m", "timescale_layer": "hidden1"}


def test_the_numbers_of_a_sample_are_those_of_numpy_and_scipy():
    x = np.random.default_rng(1).lognormal(3, 0.5, (3, 40))
    got = description_kernel(x)
    expected = [
        np.median(x, 1),
        x.std(1, ddof=1),
        stats.variation(x, 1, ddof=1),
        stats.skew(x, 1, bias=False),
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(description_kernel(x.T, axis=0), got, rtol=1e-14)


def test_few_or_equal_values():
    assert np.isnan(description_kernel([])).all()
    np.testing.assert_equal(description_kernel([7.0]), [7, np.nan, np.nan, np.nan])
    np.testing.assert_equal(description_kernel([7.0, 7.0, 7.0]), [7, 0, 0, np.nan])


def test_before_and_after_with_intervals_around_them(make_network):
    ds = make_network(np.random.default_rng(2))
    got = timescale_intervals(ds, **FEW)
    plain = timescales(ds)
    np.testing.assert_array_equal(got.timescale_median.sel(HIDDEN), plain.timescale_median.sel(HIDDEN))
    np.testing.assert_allclose(got.timescale_cv.sel(HIDDEN), plain.timescale_cv.sel(HIDDEN), rtol=1e-12)
    for name in ("median", "sd", "cv", "skewness"):
        value, interval = got[f"timescale_{name}"].sel(HIDDEN), got[f"timescale_{name}_interval"].sel(HIDDEN)
        assert interval.dims == ("timescale_when", "timescale_method", "bound")
        assert (interval.sel(bound="low") <= value).all()
        assert (value <= interval.sel(bound="high")).all()
        assert (interval.sel(bound="low") < interval.sel(bound="high")).all()
    assert got.timescale_count.sel(HIDDEN) == 36
    assert got.timescale_median_interval.attrs["level"] == 0.9
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)
    xr.testing.assert_identical(got, timescale_intervals(ds, **FEW))


def test_what_was_never_trained_is_named_and_a_constant_left_out(make_network):
    ds = make_network(np.random.default_rng(3))
    ds["tau_a"] = ds.tau_a * 0 + 7
    ds["tau_a"].attrs["units"] = "ms"
    got = timescale_intervals(ds.drop_vars(["tau_m_initial", "tau_a_initial"]), **FEW)
    assert got.attrs["untrained"] == "hidden1.tau_a (all 7 ms)"
    adaptation = got.sel(timescale_quantity="tau_a", timescale_layer="hidden1")
    assert np.isnan(adaptation.timescale_median).all()
    assert adaptation.timescale_count == 36
    assert not adaptation.timescale_trained
    assert got.timescale_when.values.tolist() == ["after"]


def test_one_definition_of_untrained_and_what_is_left_out_is_named(make_network):
    """Varied at the start and constant at the end is trained, everywhere; equal to the start is not, everywhere."""
    ds = make_network(np.random.default_rng(8))
    hidden = ds.layer == "hidden1"
    ds["tau_m"] = ds.tau_m.where(~hidden, 20.0).assign_attrs(units="ms")
    ds["tau_a"] = (ds.tau_a * 0 + 7).assign_attrs(units="ms")
    ds["tau_a_initial"] = ds.tau_a
    few = {"resamples": 50, "permutations": 49}
    got = {
        "timescales": timescales(ds),
        "timescale_intervals": timescale_intervals(ds, resamples=50),
        "timescale_fits": timescale_fits(ds, resamples=19),
        "displacement": displacement(ds, **few),
        "relations": relations(ds.assign(firing_rate=("neuron", np.arange(42.0))), **few),
    }
    assert {k: v.attrs["untrained"] for k, v in got.items()} == dict.fromkeys(got, "hidden1.tau_a (all 7 ms)")
    for name in ("timescales", "timescale_intervals", "timescale_fits", "displacement"):
        trained = got[name].timescale_trained
        assert bool(trained.sel(HIDDEN)), name
        assert not trained.sel(timescale_quantity="tau_a").any(), name
    # trained to one value: it has a median, before and after, but no fit and no correlation
    row = got["timescale_intervals"].sel(HIDDEN)
    assert row.timescale_median.sel(timescale_when="after") == 20
    assert np.isfinite(row.timescale_median_interval).all()
    assert np.isfinite(got["displacement"].displacement_change.sel(HIDDEN))
    assert got["timescale_intervals"].attrs["timescale_left_out"] == "hidden1.tau_a (all 7 ms)"
    for name in ("timescale_fits", "relations"):
        assert got[name].attrs["timescale_left_out"] == "hidden1.tau_m (all 20 ms); hidden1.tau_a (all 7 ms)"
    assert np.isnan(got["timescale_fits"].fit_mean.sel(HIDDEN)).all()
    table = timescales_table(got["timescales"]).splitlines()
    assert [line.endswith("not trained") for line in table[2:]] == [False, False, True]


def test_few_values_without_a_fit_are_named(make_network):
    got = timescale_fits(make_network(np.random.default_rng(9), hidden=2), resamples=19)
    assert got.attrs["timescale_left_out"] == "hidden1.tau_m (2 neurons); hidden1.tau_a (2 neurons)"


def test_seeds_are_the_units_where_there_are_several(make_network):
    rng = np.random.default_rng(4)
    ds = make_network(rng, seeds=6)
    level = np.exp(rng.normal(0, 0.3, 6))
    ds["tau_m"] = (ds.tau_m * xr.DataArray(level, dims="seed")).assign_attrs(units="ms")
    by_seed, by_neuron = (timescale_intervals(ds, unit=unit, **FEW) for unit in (None, "neuron"))
    assert (by_seed.attrs["unit"], by_neuron.attrs["unit"]) == ("seed", "neuron")
    after = {**HIDDEN, "timescale_when": "after", "timescale_method": "bca"}
    wide, narrow = (
        float(x.timescale_median_interval.sel(after).diff("bound")[0]) for x in (by_seed, by_neuron)
    )
    assert wide > 2 * narrow
    medians = by_seed.timescale_seed_median.sel({**HIDDEN, "timescale_when": "after"})
    np.testing.assert_array_equal(medians, np.median(ds.tau_m.values[:, :36], axis=1))
    # a dataset with the dimensions the other way round is the same
    turned = timescale_intervals(ds.transpose("neuron", "seed"), **FEW)
    np.testing.assert_array_equal(turned.timescale_median, by_seed.timescale_median)


def test_one_neuron_and_lazy_data(make_network):
    ds = make_network(np.random.default_rng(5), hidden=1)
    got = timescale_intervals(ds, **FEW).sel(HIDDEN)
    assert np.isfinite(got.timescale_median).all()
    assert np.isnan(got.timescale_median_interval).all()
    ds = make_network(np.random.default_rng(5))
    xr.testing.assert_identical(
        timescale_intervals(ds.chunk(neuron=10), **FEW), timescale_intervals(ds, **FEW)
    )


def test_what_is_refused(make_network):
    ds = make_network(np.random.default_rng(6))
    with pytest.raises(
        MissingVariable, match="looked for tau_m and tau_a, found neither; the dataset holds layer"
    ):
        timescale_intervals(ds[["layer"]])
    with pytest.raises(MissingVariable, match="lacks layer"):
        timescale_intervals(ds.drop_vars("layer"))
    with pytest.raises(InvalidInput, match="unit must be 'neuron' or 'seed', got 'cell'"):
        timescale_intervals(ds, unit="cell")
    with pytest.raises(InvalidInput, match="unit='seed', but the dataset has no dimension 'seed'"):
        timescale_intervals(ds, unit="seed")
    with pytest.raises(InvalidInput, match="level must be between 0 and 1"):
        timescale_intervals(ds, level=95)
    with pytest.raises(InvalidInput, match=r"tau_m must have the dimensions.*got \('x', 'neuron'\)"):
        timescale_intervals(ds.expand_dims(x=2))
    with pytest.raises(InvalidInput, match="tau_m must be in ms"):
        timescale_intervals(ds.assign(tau_m=ds.tau_m.assign_attrs(units="s")))
    broken = ds.copy(deep=True)
    broken.tau_m[3] = np.nan
    with pytest.raises(InvalidInput, match="neuron 3 has tau_m only before or only after"):
        timescale_intervals(broken)
    broken.tau_m[3] = -1
    with pytest.raises(InvalidInput, match="must be positive and finite.*got -1.0 at position 3"):
        timescale_intervals(broken)
    with pytest.raises(MissingVariable, match="tau_m_initial is missing"):
        read_arrays(ds.drop_vars("tau_m_initial"), where="here", need_initial=True)
