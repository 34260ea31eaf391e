"""Networks beside each other: means, effects in pairs, energies and mismatches of made-up results."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import FLOAT32, FLOAT32_SRAM, dense_operations
from chronaxie.analyses.comparing import (
    energies,
    energy_over_reference,
    middle,
    mismatches,
    over_seeds,
    paired_effects,
)
from chronaxie.analyses.errors import InvalidInput, MissingVariable
from chronaxie.analyses.statistics.multiple import holm_kernel

SEEDS = 5


@pytest.fixture
def accuracy():
    rng = np.random.default_rng(0)
    seed = rng.normal(0, 0.05, SEEDS)  # what the networks of a seed share
    size = np.array([0.0, 0.02])
    kind = np.array([0.85, 0.80, 0.84])
    values = kind[:, None, None] + size[:, None] + seed + rng.normal(0, 0.001, (3, 2, SEEDS))
    return xr.DataArray(
        values,
        {"network": ["alif", "lif", "lstm"], "hidden": [18, 36], "seed": range(SEEDS)},
        ("network", "hidden", "seed"),
        attrs={"units": "1", "long_name": "accuracy"},
    )


def test_means_have_their_interval_and_say_of_how_many(accuracy):
    accuracy[0, 0, 3] = np.nan
    found = over_seeds(accuracy, "mean")
    assert found["mean"].dims == ("network", "hidden")
    assert found["mean"].attrs["count"] == "4 to 5 seeds"
    one = accuracy.sel(network="lif", hidden=36).values
    expected = stats.ttest_1samp(one, 0).confidence_interval(0.95)
    np.testing.assert_allclose(found["mean_interval"].sel(network="lif", hidden=36), expected)
    np.testing.assert_allclose(found["mean"].sel(network="alif", hidden=18), accuracy[0, 0].mean())


def test_effects_are_taken_in_pairs(accuracy):
    pairs = {"adaptation": ("alif", "lif"), "spikes": ("alif", "lstm"), "none": ("alif", "gru")}
    found = paired_effects(accuracy, pairs, "effect_of")
    assert found["effect"].values.tolist() == ["adaptation", "spikes"]
    by_hand = [
        stats.ttest_rel(accuracy.sel(network="alif", hidden=n), accuracy.sel(network=other, hidden=n)).pvalue
        for other in ("lif", "lstm")
        for n in (18, 36)
    ]
    np.testing.assert_allclose(found["effect_of_p_holm"].values.ravel(), holm_kernel(by_hand))
    assert abs(float(found["effect_of"].sel(effect="adaptation", hidden=36)) - 0.05) < 0.002
    width = found["effect_of_interval"].sel(bound="high") - found["effect_of_interval"].sel(bound="low")
    assert float(width.max()) < 0.01  # not in pairs the seeds' spread would make it ten times as wide
    with pytest.raises(InvalidInput, match="no pair of networks is there; there are alif, lif, lstm"):
        paired_effects(accuracy, {"x": ("a", "b")}, "effect_of")
    with pytest.raises(InvalidInput, match="expected a dimension 'model'"):
        paired_effects(accuracy, pairs, "effect_of", along="model")
    with pytest.raises(InvalidInput, match="expected a dimension 'seed'.*--seeds N"):
        over_seeds(accuracy.isel(seed=0), "mean")


@pytest.fixture
def counted():
    """Counts as the gathered results hold them: of a spiking network and of an LSTM."""
    spiking = xr.Dataset(
        {
            name: ("energy_network", values)
            for name, values in {
                "energy_ac": [90.0, 100.0, 0.0],
                "energy_mac": [30.0, 30.0, 900.0],
                "energy_weight_words": [90.0, 100.0, 900.0],
                "energy_state_words": [40.0, 50.0, 60.0],
            }.items()
        },
        {"energy_network": ["SRNN, formula", "SRNN, counted", "LSTM"]},
    )
    names = list(spiking.data_vars)
    dense = {kind: dense_operations(kind, 4, [8], 3)[names] for kind in ("gru", "lstm")}
    ds = xr.concat([spiking, *dense.values()], "network", join="outer")
    both = xr.concat([ds, ds], "seed").assign_coords(network=["alif", "gru", "lstm"], seed=[0, 1])
    return both.transpose("network", "seed", ...), dense


def test_energies_are_those_of_the_network_itself(counted):
    ds, dense = counted
    found = energies(ds, (FLOAT32, FLOAT32_SRAM)).sel(seed=0)
    assert found.dims == ("network", "energy_model")
    assert float(found.sel(network="alif", energy_model="float32")) == pytest.approx(0.9 * 100 + 4.6 * 30)
    memory = 5.0 * (100 + 50)
    assert float(found.sel(network="alif", energy_model="float32, SRAM")) == pytest.approx(228 + memory)
    for kind in ("gru", "lstm"):
        mac = float(dense[kind]["energy_mac"].sel(energy_network=kind.upper()))
        assert float(found.sel(network=kind, energy_model="float32")) == pytest.approx(4.6 * mac)
    with pytest.raises(MissingVariable, match="lacks energy_mac"):
        energies(ds.drop_vars("energy_mac"))


def test_energy_over_the_reference_is_a_geometric_mean(counted):
    energy = energies(counted[0], (FLOAT32,))
    energy[2, 1] *= 4  # the second seed's LSTM
    found = energy_over_reference(energy, "alif")
    one = (energy.sel(network="lstm", seed=0) / energy.sel(network="alif", seed=0)).item()
    assert found["energy_over_reference"].sel(network="lstm").item() == pytest.approx(2 * one)
    assert found["energy_over_reference"].sel(network="alif").item() == 1
    low, high = found["energy_over_reference_interval"].sel(network="lstm", energy_model="float32").values
    assert low * high == pytest.approx((2 * one) ** 2)


def test_a_job_that_failed_takes_only_its_own_pair_of_energies(counted):
    energy = xr.concat([energies(counted[0], (FLOAT32,))] * 2, "seed").assign_coords(seed=range(4))
    energy[2, 1] *= 4
    whole = energy_over_reference(energy.isel(seed=[0, 1, 2]), "alif")
    energy.loc[{"network": "lstm", "seed": 3}] = np.nan
    found = energy_over_reference(energy, "alif")
    at = {"network": "lstm", "energy_model": "float32"}
    np.testing.assert_allclose(found["energy_over_reference"].sel(at), whole["energy_over_reference"].sel(at))
    name = "energy_over_reference_interval"
    np.testing.assert_allclose(found[name].sel(at), whole[name].sel(at))
    assert found["energy_over_reference"].attrs["count"] == "3 to 4 pairs of seed"


def test_mismatches_are_counted_over_networks():
    ds = xr.Dataset({"spike_mismatches": (("network", "seed"), [[0.0, 3.0], [np.nan, np.nan], [0.0, 1.0]])})
    found = mismatches(ds)
    assert (int(found["mismatches"]), int(found["mismatched_networks"])) == (4, 2)
    assert found["mismatches"].attrs["count"] == "4 networks"


def test_the_middle_of_what_was_swept(accuracy):
    found, place = middle(accuracy.isel(hidden=[0, 1, 1]).assign_coords(hidden=[18, 36, 72]))
    assert place == "hidden 36"
    assert found.dims == ("network", "seed")
    again, place = middle(found)
    assert place == ""
    assert again.identical(found)
