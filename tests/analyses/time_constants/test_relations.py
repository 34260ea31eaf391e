"""Relations of time constants to other properties of a neuron; accuracy lost by lesions."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.time_constants.distributions import timescale_fits
from chronaxie.analyses.time_constants.relations import lesion_losses, partial_relations, relations

pytestmark = pytest.mark.filterwarnings("error")
FEW = {"resamples": 200, "permutations": 199}
HIDDEN = {"timescale_quantity": "tau_m", "timescale_layer": "hidden1"}


@pytest.fixture
def network(make_network):
    rng = np.random.default_rng(1)
    ds = make_network(rng)
    return ds.assign(
        firing_rate=("neuron", 1000 / ds.tau_m.values, {"units": "Hz"}),
        out_weight=("neuron", rng.random(42), {"units": "1"}),
    )


def lesion_dataset(neurons=5, trials=40):
    rng = np.random.default_rng(2)
    labelled = rng.integers(50, 150, trials)
    intact = (0.9 * labelled).astype(int)
    removed = np.tile(intact, (neurons, 1))
    removed[1] = (0.7 * labelled).astype(int)
    reset = removed.astype(float)
    reset[3] = np.nan
    one = {"units": "1"}
    return xr.Dataset(
        {
            "lesion_labelled": ("trial", labelled, one),
            "lesion_correct_intact": ("trial", intact, one),
            "lesion_correct_removed": (("neuron", "trial"), removed, one),
            "lesion_correct_reset_tau_a": (("neuron", "trial"), reset, one),
            "tau_m": ("neuron", np.arange(neurons) + 1.0, {"units": "ms"}),
        },
        coords={"layer": ("neuron", ["hidden1"] * neurons)},
    )


def test_a_monotone_relation_and_none(network):
    got = relations(network, **FEW)
    row = got.sel(HIDDEN)
    assert got.relation_property.values.tolist() == ["firing_rate", "out_weight"]
    assert float(row.relation_correlation[0]) == pytest.approx(-1)
    assert row.relation_p.values[0] == 1 / 200
    assert row.relation_p.values[1] > 0.05
    low, high = row.relation_correlation_interval.values[1]
    assert low < float(row.relation_correlation[1]) < high
    assert row.relation_count.values.tolist() == [36, 36]
    # three arrays with two properties are tested (the output has no tau_a)
    assert row.relation_p_holm.values[0] == pytest.approx(6 / 200)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_a_property_without_spread_has_no_correlation(network):
    got = relations(network.assign(loss=("neuron", np.ones(42))), ["loss"], **FEW).sel(HIDDEN)
    assert np.isnan(got.relation_correlation).all()
    assert np.isnan(got.relation_p).all()


def test_networks_are_kept_apart(make_network):
    rng = np.random.default_rng(3)
    ds = make_network(rng, seeds=6)
    # between networks slow ones fire less; within a network there is no relation
    level = xr.DataArray(np.arange(6) * 100.0, dims="seed")
    ds["tau_m"] = (ds.tau_m + 10 * level).assign_attrs(units="ms")
    ds["firing_rate"] = (("seed", "neuron"), rng.random((6, 42)) + (1000 - level).values[:, None])
    got = relations(ds, **FEW).sel(HIDDEN)
    assert float(got.relation_correlation[0]) < -0.9
    assert float(got.relation_p[0]) > 0.05
    assert got.attrs["unit"] == "seed"


def test_what_goes_with_the_rate_alone_is_gone_at_equal_rates(make_network):
    rng = np.random.default_rng(11)
    ds = make_network(rng, hidden=300)
    tau = ds.tau_m.values
    rate = np.log(tau) + rng.normal(0, 0.5, tau.size)
    ds = ds.assign(
        firing_rate=("neuron", np.exp(rate)),
        # missed by its rate alone; weighted by its time constant as well
        loss_removed=("neuron", rate + rng.normal(0, 0.3, tau.size)),
        out_weight=("neuron", rate + np.log(tau) + rng.normal(0, 0.3, tau.size)),
    )
    plain, partial = relations(ds, **FEW).sel(HIDDEN), partial_relations(ds, **FEW)
    row = partial.sel(HIDDEN)
    assert partial.relation_property.values.tolist() == plain.relation_property.values.tolist()
    assert partial.attrs["given"] == "firing_rate"
    lost, weight = ({"relation_property": name} for name in ("loss_removed", "out_weight"))
    assert plain.relation_correlation.sel(lost) > 0.4
    assert abs(row.relation_partial_correlation.sel(lost)) < 0.15
    assert row.relation_partial_p.sel(lost) > 0.05
    low, high = row.relation_partial_correlation_interval.sel(lost).values
    assert low < 0 < high
    assert row.relation_partial_correlation.sel(weight) > 0.5
    assert row.relation_partial_p.sel(weight) == 1 / 200
    assert row.relation_partial_correlation_interval.sel(weight).values[0] > 0.4
    assert row.relation_partial_count.values.tolist() == [300, 300, 300]
    # a rate at equal rates has no spread
    assert np.isnan(row.relation_partial_correlation.sel(relation_property="firing_rate"))
    assert all({"units", "long_name"} <= set(partial[name].attrs) for name in partial.variables)


def test_neurons_without_a_rate_are_left_out_of_what_is_given_the_rate(network):
    network["firing_rate"][:6] = np.nan
    got = partial_relations(network, ["out_weight"], **FEW).sel(HIDDEN)
    assert got.relation_partial_count.values.tolist() == [30]
    with pytest.raises(MissingVariable, match="partial_relations.*lacks calcium"):
        partial_relations(network, given="calcium")


def test_relations_refuse(network):
    with pytest.raises(MissingVariable, match="looked for firing_rate, out_weight, loss_removed.*has none"):
        relations(network.drop_vars(["firing_rate", "out_weight"]))
    with pytest.raises(MissingVariable, match="lacks rate"):
        relations(network, ["rate"])
    with pytest.raises(InvalidInput, match=r"rate must have the dimensions .*got \('x',\)"):
        relations(network.assign(rate=("x", [1.0])), ["rate"])


def test_losses_by_hand():
    ds = lesion_dataset()
    got = lesion_losses(ds, **FEW)
    total = ds.lesion_labelled.values.sum()
    expected = (ds.lesion_correct_intact.values - ds.lesion_correct_removed.values).sum(axis=1) / total
    np.testing.assert_allclose(got.loss_removed, expected)
    assert float(got.accuracy_intact) == ds.lesion_correct_intact.values.sum() / total
    low, high = got.loss_removed_interval.values[1]
    assert low < expected[1] < high
    assert high - low < 0.01
    assert got.loss_removed_p.values[1] == 1 / 200
    assert got.loss_removed_p.values[0] == 1
    assert got.loss_removed_p_holm.values[1] == pytest.approx(5 / 200)
    np.testing.assert_array_equal(np.isnan(got.loss_reset_tau_a), [False, False, False, True, False])
    assert all(
        {"units", "long_name"} <= set(got[name].attrs)
        for name in got.variables
        if name not in ("layer", "tau_m")
    )


def test_losses_go_on_to_relations():
    got = relations(lesion_losses(lesion_dataset(), **FEW), **FEW)
    assert got.relation_property.values.tolist() == ["loss_removed", "loss_reset_tau_a"]
    assert got.relation_count.sel(HIDDEN).values.tolist() == [5, 4]


def test_losses_refuse():
    ds = lesion_dataset()
    with pytest.raises(MissingVariable, match="lacks lesion_labelled"):
        lesion_losses(ds.drop_vars("lesion_labelled"))
    with pytest.raises(MissingVariable, match="looked for lesion_correct_removed, .*has none"):
        lesion_losses(ds[["lesion_labelled", "lesion_correct_intact"]])
    with pytest.raises(InvalidInput, match="no decision counts"):
        lesion_losses(ds.assign(lesion_labelled=ds.lesion_labelled * 0))
    with pytest.raises(InvalidInput, match="from 0 to lesion_labelled"):
        lesion_losses(ds.assign(lesion_correct_intact=ds.lesion_labelled + 1))


def test_fits_of_a_network(make_network):
    rng = np.random.default_rng(4)
    ds = make_network(rng, hidden=400)
    values = np.r_[rng.lognormal(4, 0.6, 400), ds.tau_m.values[400:]]
    ds["tau_m"] = ("neuron", values, {"units": "ms"})
    got = timescale_fits(ds, resamples=99)
    row = got.sel(HIDDEN)
    assert str(row.fit_family[int(row.fit_weight.values.argmax())].values) in (
        "lognormal",
        "inverse_gaussian",
    )
    assert float(row.fit_weight.sum()) == pytest.approx(1)
    assert float(row.fit_p.sel(fit_family="normal")) == 0.01
    assert float(row.fit_p.sel(fit_family="lognormal")) > 0.05
    assert float(row.fit_mean.sel(fit_family="normal")) == pytest.approx(values[:400].mean())
    assert float(row.timescale_dip_p) > 0.05
    assert np.isnan(got.fit_p.sel(timescale_quantity="tau_a", timescale_layer="output")).all()
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)
