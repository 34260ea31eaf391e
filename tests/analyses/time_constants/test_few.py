"""How few neurons or networks are too few for an interval: one rule in every function, and who has none is named."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import compare
from chronaxie.analyses.statistics.intervals import bootstrap_kernel, fewest_units
from chronaxie.analyses.time_constants import displacement, displacement_from, relations, timescale_intervals

OPTIONS = {"resamples": 60, "seed": 1}
TESTED = OPTIONS | {"permutations": 19}
MEDIANS = ("displacement_shift", "displacement_change", "displacement_ratio", "displacement_correlation")


def hidden(ds):
    return ds.sel(timescale_quantity="tau_m", timescale_layer="hidden1")


def known(array):
    return bool(np.isfinite(array).all())


@pytest.mark.parametrize(("level", "fewest"), [(0.5, 2), (0.8, 3), (0.9, 4), (0.95, 5), (0.99, 6)])
def test_the_range_of_so_many_values_holds_the_median_nearly_as_often_as_the_level_says(level, fewest):
    assert fewest_units(level) == fewest
    assert 1 - 2.0 ** (1 - fewest) >= level - 0.05
    assert fewest == 2 or 1 - 2.0 ** (2 - fewest) < level - 0.05


def test_fewer_would_not_hold_it():
    """At 95 %: of four values 87.5 % at the most, of five 93.75 %; a bootstrap interval is no wider than its sample."""
    rng = np.random.default_rng(2)
    for size, most in ((4, 0.875), (5, 0.9375)):
        x = rng.lognormal(0, 0.5, (1500, size))
        low, high = bootstrap_kernel(x, np.median, rng=rng, resamples=200, level=0.95)
        share = ((low <= 1) & (high >= 1)).mean()
        # standard error 0.8 %
        assert share < most + 0.025
        assert (share > 0.9) == (size == 5)


@pytest.mark.parametrize(
    ("size", "medians", "spreads"), [(4, False, False), (6, True, False), (20, True, True)]
)
def test_neurons_of_one_network(make_network, size, medians, spreads):
    ds = make_network(np.random.default_rng(3), hidden=size)
    moved = hidden(displacement(ds, **TESTED))
    assert all(known(moved[f"{name}_interval"]) == medians for name in MEDIANS)
    assert known(moved["displacement_wasserstein_interval"]) == spreads
    start = hidden(displacement_from(ds, tau_m=stats.norm(80, 20), draws=19, **OPTIONS))
    assert known(start["displacement_from_shift_interval"]) == medians
    for name in ("wasserstein", "spread"):
        assert known(start[f"displacement_from_{name}_interval"]) == spreads
    described = hidden(timescale_intervals(ds, **OPTIONS))
    assert known(described["timescale_median_interval"]) == medians
    for name in ("sd", "cv", "skewness"):
        assert known(described[f"timescale_{name}_interval"]) == spreads
    rate = xr.DataArray(np.arange(ds.sizes["neuron"], dtype=float)[::-1], dims="neuron")
    related = hidden(relations(ds.assign(firing_rate=rate), **TESTED))
    assert known(related["relation_correlation_interval"]) == medians
    # what they are, and the tests, which are exact at any size, are there all the same
    for name in (*MEDIANS, "displacement_wasserstein", "displacement_p"):
        assert known(moved[name])


def test_who_has_none_is_named(make_network):
    ds = make_network(np.random.default_rng(4), hidden=4)
    got = displacement(ds, **TESTED).attrs["timescale_no_interval"]
    assert got == (
        "medians, fewer than 5 neurons: hidden1.tau_m (4); "
        "spreads and distances, fewer than 20 values: hidden1.tau_m (4), output.tau_m (6)"
    )
    at_90 = displacement(ds, level=0.9, **TESTED).attrs["timescale_no_interval"]
    assert at_90 == "spreads and distances, fewer than 20 values: hidden1.tau_m (4), output.tau_m (6)"
    wide = make_network(np.random.default_rng(4)).isel(neuron=slice(36))
    assert displacement(wide, **TESTED).attrs["timescale_no_interval"] == ""


@pytest.mark.parametrize(("seeds", "enough"), [(4, False), (5, True)])
def test_networks_are_counted_where_they_are_resampled(make_network, seeds, enough):
    ds = make_network(np.random.default_rng(5), seeds=seeds)
    got = displacement(ds, **TESTED)
    for name in (*MEDIANS, "displacement_wasserstein"):
        assert known(hidden(got)[f"{name}_interval"]) == enough
    said = got.attrs["timescale_no_interval"]
    assert ("medians, fewer than 5 seeds: hidden1.tau_m (4)" in said) == (not enough)
    by_neuron = hidden(displacement(ds, unit="neuron", **TESTED))
    assert known(by_neuron["displacement_wasserstein_interval"])


def test_the_same_numbers_hold_beside_cells():
    rng = np.random.default_rng(6)
    sizes = {"four": 4, "six": 6, "twenty": 20}
    layer = np.repeat(list(sizes), list(sizes.values()))
    tau = xr.DataArray(
        rng.lognormal(3, 0.5, 30), dims="neuron", coords={"layer": ("neuron", layer)}, attrs={"units": "ms"}
    )
    cells = xr.Dataset(
        {"tau_m": ("cell", rng.lognormal(3, 0.5, 30), {"units": "ms"})},
        coords={"group": ("cell", ["mouse"] * 30)},
    )
    got = compare(tau, cells, resamples=100)
    for name, medians, spreads in (("four", False, False), ("six", True, False), ("twenty", True, True)):
        row = got.sel(biology_layer=name)
        assert known(row["biology_model_median_interval"]) == medians
        for effect in ("median_ratio", "cliffs_delta", "hedges_g"):
            assert known(row[f"biology_{effect}_interval"]) == medians
        for effect in ("spread_ratio", "distance"):
            assert known(row[f"biology_{effect}_interval"]) == spreads
    assert got.attrs["biology_no_interval"] == "fewer than 5 values: four (4 neurons)"
    assert (
        got.attrs["biology_no_distance_interval"] == "fewer than 20 values: four (4 neurons), six (6 neurons)"
    )
