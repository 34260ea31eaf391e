"""Displacement: known moves, nulls, a frozen control, seeds, arrays that were not trained, bad input."""

from functools import partial

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.time_constants.displacement import displacement
from chronaxie.analyses.time_constants.theoretical import displacement_from, theoretical_kernel

pytestmark = pytest.mark.filterwarnings("error")
FEW = {"resamples": 200, "permutations": 199, "level": 0.9}
DRAWN = {"resamples": 200, "draws": 199, "level": 0.9}
HIDDEN = {"timescale_quantity": "tau_m", "timescale_layer": "hidden1"}


def with_tau_m(ds, values):
    return ds.assign(tau_m=(ds.tau_m_initial.dims, values, {"units": "ms"}))


def test_a_shift_of_every_neuron_by_three_milliseconds(make_network):
    ds = make_network(np.random.default_rng(1))
    got = displacement(with_tau_m(ds, ds.tau_m_initial.values + 3), **FEW).sel(HIDDEN)
    for name in ("shift", "change", "wasserstein"):
        assert float(got[f"displacement_{name}"]) == pytest.approx(3)
        np.testing.assert_allclose(got[f"displacement_{name}_interval"], 3, rtol=1e-9)
    assert float(got.displacement_correlation) == pytest.approx(1)
    assert float(got.displacement_ratio) == pytest.approx(np.median(1 + 3 / ds.tau_m_initial.values[:36]))
    # as small as 199 permutations can show
    assert got.displacement_p.values.tolist() == [1 / 200] * 3


def test_neurons_that_change_places_move_without_the_distribution_moving(make_network):
    rng = np.random.default_rng(2)
    ds = make_network(rng)
    shuffled = ds.tau_m_initial.values.copy()
    shuffled[:36] = rng.permutation(shuffled[:36])
    got = displacement(with_tau_m(ds, shuffled), **FEW).sel(HIDDEN)
    assert float(got.displacement_wasserstein) == 0
    assert got.displacement_wasserstein_interval.values.tolist()[0] == 0
    assert float(got.displacement_change) > 15
    assert float(got.displacement_p.sel(displacement_test="wasserstein")) == 1
    assert float(got.displacement_p.sel(displacement_test="correlation")) > 0.05


def test_intervals_hold_the_estimates_and_the_choices_are_kept(make_network):
    ds = make_network(np.random.default_rng(3))
    got = displacement(ds, **FEW)
    for name in ("shift", "change", "ratio", "wasserstein", "correlation"):
        low, high = got[f"displacement_{name}_interval"].sel(HIDDEN).values
        assert low <= float(got[f"displacement_{name}"].sel(HIDDEN)) <= high
    assert got.displacement_change_interval.attrs["level"] == 0.9
    assert got.displacement_p.attrs["permutations"] == 199
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)
    xr.testing.assert_identical(got, displacement(ds, **FEW))


def test_what_was_not_trained_is_named_and_left_out(make_network):
    got = displacement(make_network(np.random.default_rng(4)), **FEW)
    assert got.attrs["untrained"] == "hidden1.tau_a (equal to its initial values)"
    assert np.isnan(got.displacement_shift.sel(timescale_quantity="tau_a")).all()
    assert not got.timescale_trained.sel(timescale_quantity="tau_a").any()
    # two tests are corrected, not four
    p = got.displacement_p.sel(timescale_quantity="tau_m", displacement_test="shift").values
    expected = np.minimum(np.sort(p) * [2, 1], 1)
    np.testing.assert_allclose(
        np.sort(got.displacement_p_holm.sel(timescale_quantity="tau_m", displacement_test="shift")),
        np.maximum.accumulate(expected),
    )


def test_a_control_of_another_start_and_of_the_same(make_network):
    rng = np.random.default_rng(5)
    ds, other = make_network(rng), make_network(rng)
    frozen = with_tau_m(other, other.tau_m_initial.values)
    got = displacement(ds, control=frozen, **FEW).sel(HIDDEN)
    assert float(got.displacement_control_paired) == 0
    expected = np.median(ds.tau_m.values[:36]) - np.median(frozen.tau_m.values[:36])
    assert float(got.displacement_control_shift) == pytest.approx(expected)
    low, high = got.displacement_control_wasserstein_interval.values
    assert low < float(got.displacement_control_wasserstein) < high
    same = displacement(ds, control=with_tau_m(ds, ds.tau_m_initial.values), **FEW).sel(HIDDEN)
    assert float(same.displacement_control_paired) == 1
    assert float(same.displacement_control_wasserstein) == float(same.displacement_wasserstein)


def test_seeds_are_exchanged_as_wholes(make_network):
    rng = np.random.default_rng(6)
    ds, other = make_network(rng, seeds=5), make_network(rng, seeds=5)
    ds = with_tau_m(ds, ds.tau_m_initial.values + 100)
    got = displacement(ds, control=with_tau_m(other, other.tau_m_initial.values), **FEW).sel(HIDDEN)
    # 2⁵ ways to exchange five pairs, two of which are as extreme
    assert float(got.displacement_p.sel(displacement_test="shift")) == 2 / 32
    # more ways than permutations to choose 5 of 10: random ones
    assert float(got.displacement_control_p[0]) <= 0.03
    assert got.attrs["unit"] == "seed"
    with pytest.raises(
        InvalidInput, match="the control has no seeds; give one with seeds or use unit='neuron'"
    ):
        displacement(ds, control=with_tau_m(other, other.tau_m_initial.values).isel(seed=0), **FEW)


def test_one_neuron_has_estimates_but_no_intervals(make_network):
    got = displacement(make_network(np.random.default_rng(7), hidden=1), **FEW).sel(HIDDEN)
    assert np.isfinite(got.displacement_change)
    assert np.isnan(got.displacement_change_interval).all()
    assert np.isnan(got.displacement_p).all()


def test_displacement_refuses(make_network):
    rng = np.random.default_rng(8)
    ds = make_network(rng)
    with pytest.raises(MissingVariable, match="tau_a_initial is missing"):
        displacement(ds.drop_vars("tau_a_initial"), **FEW)
    with pytest.raises(InvalidInput, match=r"hidden1.tau_m of the control moved in training"):
        displacement(ds, control=make_network(rng), **FEW)
    with pytest.raises(InvalidInput, match=r"the control has no hidden1.tau_m"):
        displacement(ds, control=ds.isel(neuron=slice(36, None)), **FEW)


def test_from_a_distribution_by_closed_form(make_network):
    # quantiles of a shifted, wider normal at the middles of equal shares: W₁ of normals with one order is known
    quantiles = stats.norm(90, 20).ppf((np.arange(36) + 0.5) / 36)
    ds = make_network(np.random.default_rng(9))
    ds = with_tau_m(ds, np.r_[quantiles, ds.tau_m_initial.values[36:]])
    got = displacement_from(ds, tau_m=stats.norm(80, 20), **DRAWN)
    row = got.sel(HIDDEN)
    # the tails beyond the outermost shares are cut: 1 % of the spread
    assert float(row.displacement_from_wasserstein) == pytest.approx(10, rel=0.01)
    assert float(row.displacement_from_shift) == pytest.approx(10, rel=1e-9)
    assert float(row.displacement_from_spread) == pytest.approx(1, rel=0.03)
    assert float(row.displacement_from_p[0]) <= 0.02
    low, high = row.displacement_from_wasserstein_interval.values
    assert 2 < low < 10 < high < 20
    assert got.timescale_quantity.values.tolist() == ["tau_m"]
    assert got.attrs["initial_tau_m"] == "norm(80, 20) ms"


def test_from_the_distribution_that_it_is_of():
    law = stats.norm(80, 20)
    x = law.rvs((2000, 36), random_state=np.random.default_rng(10))
    _, p = theoretical_kernel(x, law, rng=np.random.default_rng(11), draws=999)
    # standard error of the share 0.5 %; the draws are the same for all, which adds 0.7 %
    assert 0.03 <= (p <= 0.05).mean() <= 0.07
    assert np.isnan(theoretical_kernel([1.0], law, rng=np.random.default_rng(1))[1])
    large = law.rvs(20_000, random_state=np.random.default_rng(12))
    distance, p = theoretical_kernel(large, law, rng=np.random.default_rng(13), draws=99)
    assert distance < 1
    assert p > 0.01


def test_an_array_that_is_constant_is_left_out_of_the_tests(make_network):
    ds = make_network(np.random.default_rng(14)).drop_vars(["tau_m_initial", "tau_a_initial"])
    ds["tau_a"] = (ds.tau_a * 0 + 7).assign_attrs(units="ms")
    got = displacement_from(ds, tau_m=stats.norm(80, 20), tau_a=stats.norm(150, 10), **DRAWN)
    assert got.attrs["untrained"] == "hidden1.tau_a (all 7 ms)"
    assert np.isnan(got.displacement_from_p.sel(timescale_quantity="tau_a")).all()


def test_a_start_in_seconds_is_refused(make_network):
    ds = make_network(np.random.default_rng(16))
    text = (
        r"displacement_from: hidden1.tau_m has the median .* ms, the distribution .* 0.08: are both in ms\?"
    )
    with pytest.raises(InvalidInput, match=text):
        displacement_from(ds, tau_m=stats.norm(0.08, 0.02), **DRAWN)
    seconds = ds.assign({q: (ds[q] / 1000).assign_attrs(units="ms") for q in ("tau_m", "tau_m_initial")})
    with pytest.raises(InvalidInput, match="has the median 0.0.* ms, .* 80: are both in ms"):
        displacement_from(seconds, tau_m=stats.norm(80, 20), **DRAWN)
    for units in ("s", "second", None):
        other = ds.assign(tau_m_initial=ds.tau_m_initial.assign_attrs(units=units))
        with pytest.raises(InvalidInput, match="displacement: tau_m_initial must be in ms, but its units"):
            displacement(other, **FEW)
        with pytest.raises(InvalidInput, match="displacement: control: tau_m must be in ms"):
            displacement(ds, control=ds.assign(tau_m=ds.tau_m.assign_attrs(units=units)), **FEW)
    # a training that made neurons 20 times slower is no other unit
    slow = with_tau_m(ds, ds.tau_m.values * 20)
    assert (
        float(displacement_from(slow, tau_m=stats.norm(80, 20), **DRAWN).sel(HIDDEN).displacement_from_shift)
        > 1000
    )


@pytest.mark.parametrize("function", [displacement, partial(displacement_from, tau_m=stats.norm(80, 20))])
def test_choices_that_are_wrong_are_named_by_the_function(make_network, function):
    ds = make_network(np.random.default_rng(17))
    name = getattr(function, "func", function).__name__
    with pytest.raises(InvalidInput, match=f"{name}: level must be between 0 and 1, such as 0.95, got 95"):
        function(ds, level=95)
    with pytest.raises(InvalidInput, match=f"{name}: resamples must be a whole number above 0, got 0"):
        function(ds, resamples=0)


def test_displacement_from_refuses(make_network):
    ds = make_network(np.random.default_rng(15))
    with pytest.raises(MissingVariable, match="give tau_m or tau_a, an initial distribution"):
        displacement_from(ds)
    with pytest.raises(MissingVariable, match="no tau_a; the dataset holds tau_m"):
        displacement_from(ds.drop_vars(["tau_a", "tau_a_initial"]), tau_a=stats.norm(150, 10))
    with pytest.raises(InvalidInput, match=r"tau_m must be a frozen distribution such as .*got \(80, 20\)"):
        displacement_from(ds, tau_m=(80, 20))
