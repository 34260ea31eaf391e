"""Sparsity of a simulation: by hand, against its kernels, and the same from memory, from a file and from Dask."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, MissingVariable, firing_rates
from chronaxie.analyses.activity import events
from chronaxie.analyses.activity.sparseness import gini_kernel, hoyer_kernel, vinje_gallant_kernel
from chronaxie.analyses.activity.sparsity import sparsity

from ..conftest import DT, random_simulation, simulation_dataset

pytestmark = pytest.mark.filterwarnings("error")


def test_by_hand(small):
    # 2 trials of 10 steps of 4 ms; counts of the hidden neurons: (3, 2, 0) and (1, 2, 0)
    got = sparsity(small)
    assert got["unit_layer"].values.tolist() == ["hidden1"] * 3
    np.testing.assert_allclose(got["firing_rate"], [50, 50, 0], rtol=1e-12)
    assert got["silent"].values.tolist() == [False, False, True]
    np.testing.assert_allclose(got["fano_factor"], [1 / 2, 0, np.nan], rtol=1e-12)
    np.testing.assert_allclose(got["lifetime_treves_rolls"], [4 / 5, 1, np.nan], rtol=1e-12)
    np.testing.assert_allclose(got["lifetime_vinje_gallant"], [2 / 5, 0, np.nan], rtol=1e-12)
    # intervals 1, 3 steps in trial 0; 4 in trial 0 and 2 in trial 1
    np.testing.assert_allclose(got["isi_cv"], [1 / 2, 1 / 3, np.nan], rtol=1e-9)
    np.testing.assert_allclose(got["isi_lv"], [3 / 4, np.nan, np.nan], rtol=1e-9)
    layer = got.sel(activity_layer="hidden1")
    assert float(layer.layer_silent) == pytest.approx(1 / 3)
    assert float(layer.layer_active) == pytest.approx(2 / 3)
    assert float(layer.layer_firing_rate) == pytest.approx(100 / 3)
    assert float(layer.layer_activation_sparsity) == pytest.approx(1 - 8 / 60)
    assert (int(layer.layer_activations), int(layer.layer_zero_activations)) == (60, 52)
    assert float(layer.spikes_per_decision) == 4
    assert float(layer.spikes_per_decision_sd) == pytest.approx(np.sqrt(2))
    np.testing.assert_allclose(layer.trial_spikes, [5, 3])
    np.testing.assert_allclose(layer.trial_treves_rolls, [25 / 13 / 3, 9 / 5 / 3], rtol=1e-12)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_measures_of_the_layer_are_those_of_the_mean_rates():
    ds = random_simulation(np.random.default_rng(1), steps=200)
    got = sparsity(ds, ["input", "hidden1"])
    for layer in ("input", "hidden1"):
        rate = got["firing_rate"].values[got["unit_layer"].values == layer]
        row = got.sel(activity_layer=layer)
        assert float(row.layer_gini) == pytest.approx(float(gini_kernel(rate)), rel=1e-12)
        assert float(row.layer_hoyer) == pytest.approx(float(hoyer_kernel(rate)), rel=1e-12)
        assert float(row.layer_vinje_gallant) == pytest.approx(float(vinje_gallant_kernel(rate)), rel=1e-12)
    rates = firing_rates(ds, ["input", "hidden1"])
    for name in rates.variables:
        xr.testing.assert_identical(rates[name].variable, got[name].variable)


def test_saturated_neurons_fire_in_nearly_every_step():
    spikes = [(k, n, t) for k in range(2) for t in range(20) for n in range(3) if n == 0 or t % (n + 1)]
    ds = simulation_dataset({"cells": spikes}, {"cells": 3}, {}, trials=2, steps=20)
    got = sparsity(ds, saturation=0.6)
    assert got["saturated"].values.tolist() == [True, False, True]
    assert sparsity(ds)["saturated"].values.tolist() == [True, False, False]
    # two spikes in one step are one step
    twice = xr.concat([ds, ds], dim="cells_spike", data_vars="minimal", coords="minimal", compat="override")
    twice.attrs = ds.attrs
    assert sparsity(twice, saturation=0.6)["saturated"].values.tolist() == [True, False, True]
    assert int(sparsity(twice)["layer_zero_activations"][0]) == int(got["layer_zero_activations"][0])


def test_a_spike_at_the_end_of_the_trial_is_in_its_last_step():
    # one in each of 25 steps, and a second one in the last of them at 0.1 s sharp
    every = [(0, 0, t) for t in range(26)]
    ds = simulation_dataset({"cell": every}, {"cell": 1}, {}, trials=1, steps=25)
    got = sparsity(ds)
    assert (int(got["layer_activations"][0]), int(got["layer_zero_activations"][0])) == (25, 0)
    assert float(got["layer_activation_sparsity"][0]) == 0
    alone = sparsity(ds.isel(cell_spike=[25]))
    assert int(alone["layer_zero_activations"][0]) == 24


@pytest.mark.parametrize(
    "dt_ref, message",
    [
        (0.006, "sparsity: a trial of 0.04 s has 6.66667 decision steps of 0.006 s, expected a whole number"),
        (0.2, "has 0.2 decision steps of 0.2 s.*: give a dt_ref that divides the duration"),
    ],
)
def test_decision_steps_that_do_not_fill_the_trial_are_refused(small, dt_ref, message):
    with pytest.raises(InvalidInput, match=message):
        sparsity(small, dt_ref=dt_ref)


def test_decision_steps_fill_the_trial_but_for_rounding(small):
    # 0.04 over 0.04/n is not always n in binary
    for divided in (5, 7, 50, 333):
        assert int(sparsity(small, dt_ref=0.04 / divided)["layer_activations"][0]) == 3 * 2 * divided


def test_decisions_in_every_step(small):
    got = sparsity(small, decisions="steps")
    assert float(got["spikes_per_decision"][0]) == pytest.approx(4 / 10)
    assert got["spikes_per_decision"].attrs["decisions_per_trial"] == 10


def test_the_order_of_the_events_does_not_matter():
    ds = random_simulation(np.random.default_rng(2), trials=3, steps=100)
    order = np.random.default_rng(3).permutation(ds.sizes["hidden1_spike"])
    xr.testing.assert_allclose(sparsity(ds.isel(hidden1_spike=order)), sparsity(ds), rtol=1e-12)


@pytest.fixture
def many(monkeypatch):
    """A simulation that takes many blocks."""
    monkeypatch.setattr(events, "BLOCK", 500)
    return random_simulation(np.random.default_rng(4), trials=4, steps=300)


def test_dask_gives_the_same_numbers_lazily(many):
    whole = sparsity(many, ["input", "hidden1"], window=0.1)
    for chunk in (733, 10_000):
        lazy = sparsity(many.chunk(hidden1_spike=chunk, input_spike=chunk), ["input", "hidden1"], window=0.1)
        assert all(v.chunks is not None for name, v in lazy.data_vars.items() if name != "layer_activations")
        # sums of real numbers in other blocks: rounding
        xr.testing.assert_allclose(lazy.compute(), whole, rtol=1e-9)
        for name in ("firing_rate", "layer_zero_activations"):
            np.testing.assert_array_equal(lazy[name].compute(), whole[name])


def test_dask_reads_no_chunk_twice_and_nothing_before_it_is_asked(many):
    import dask.array as da

    read = []

    def source(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    lazy = many.chunk(hidden1_spike=600)
    name = "hidden1_spike_neuron"
    lazy[name] = lazy[name].copy(
        data=da.map_blocks(source, lazy[name].data, dtype=int, meta=np.zeros(0, int))
    )
    got = sparsity(lazy, ["hidden1"])
    assert read == []
    got.compute()
    assert len(read) == len(set(read)) > 5


def test_a_file_is_read_block_by_block(many, tmp_path, monkeypatch):
    many.to_netcdf(tmp_path / "spikes.nc", engine="h5netcdf")
    most = []

    def watched(block, *rest, **options):
        most.append(block[0].size)
        return checked(block, *rest, **options)

    checked = events.check_events
    monkeypatch.setattr(events, "check_events", watched)
    with xr.open_dataset(tmp_path / "spikes.nc", engine="h5netcdf") as ds:
        got = sparsity(ds)
    assert max(most) == 500
    xr.testing.assert_allclose(got, sparsity(many))


def test_all_silent_one_neuron_one_trial(small):
    silent = sparsity(small.isel(hidden1_spike=slice(0)))
    assert silent["silent"].all()
    for name in ("isi_cv", "fano_factor", "lifetime_treves_rolls", "layer_gini", "layer_hoyer"):
        assert np.isnan(silent[name]).all(), name
    assert float(silent["layer_activation_sparsity"][0]) == 1
    assert float(silent["spikes_per_decision"][0]) == 0
    one = simulation_dataset({"cell": [(0, 0, 3)]}, {"cell": 1}, {}, trials=1, steps=5)
    got = sparsity(one)
    assert float(got["layer_treves_rolls"][0]) == 1
    for name in ("layer_hoyer", "layer_vinje_gallant", "spikes_per_decision_sd", "fano_factor"):
        assert np.isnan(got[name]).all(), name


def test_no_group_gives_no_unit(small):
    got = sparsity(small, [])
    assert (got.sizes["unit"], got.sizes["activity_layer"]) == (0, 0)


def test_what_is_refused(small):
    with pytest.raises(
        MissingVariable, match="sparsity: no spikes of 'hidden2'; recorded are hidden1, input"
    ):
        sparsity(small, ["hidden2"])
    with pytest.raises(MissingVariable, match="lacks hidden1_spike_time"):
        sparsity(small.drop_vars("hidden1_spike_time"))
    ms = small.copy()
    ms["hidden1_spike_time"] = small["hidden1_spike_time"].assign_attrs(units="ms")
    with pytest.raises(
        InvalidInput, match="hidden1_spike_time must be in s, but its units attribute is 'ms'"
    ):
        sparsity(ms)
    late = small.assign(hidden1_spike_time=small["hidden1_spike_time"] + 1)
    late["hidden1_spike_time"].attrs["units"] = "s"
    with pytest.raises(
        InvalidInput, match=r"goes from 1\.0\d* to 1\.0\d* s, expected 0 to the duration, 0.04 s"
    ):
        sparsity(late)
    unknown = small.copy()
    unknown["hidden1_spike_time"] = unknown["hidden1_spike_time"] * np.nan
    unknown["hidden1_spike_time"].attrs["units"] = "s"
    with pytest.raises(InvalidInput, match="goes from nan to nan s"):
        sparsity(unknown)
    with pytest.raises(
        InvalidInput, match="window must be at most the duration of a trial, 0.04 s, got 1.0 s"
    ):
        sparsity(small, window=1)
    with pytest.raises(InvalidInput, match="window must be a positive, finite number, got -1"):
        sparsity(small, window=-1)
    with pytest.raises(InvalidInput, match=r"saturation must be in \(0, 1\], got 2"):
        sparsity(small, saturation=2)
    with pytest.raises(InvalidInput, match="decisions must be a whole number >= 1 or 'steps', got 0"):
        sparsity(small, decisions=0)
    with pytest.raises(InvalidInput, match="'hidden1' has no neurons; leave it out"):
        sparsity(small.isel(hidden1_spike=slice(0), hidden1_neuron=slice(0)))
    with pytest.raises(TypeError, match="expected an xarray.Dataset, got dict"):
        sparsity({})
    backwards = small.isel(hidden1_spike=slice(None, None, -1)).chunk(hidden1_spike=3)
    with pytest.raises(
        InvalidInput, match="'hidden1' are not ordered by trial and time, which a dataset backed"
    ):
        sparsity(backwards).compute()


def test_a_window_that_does_not_fill_the_trial_leaves_its_end_out(small):
    # windows of 3 steps: 0-2, 3-5, 6-8; neuron 0 has 1, 1, 1 and 0, 1, 0, neuron 1: 0, 1, 1 and 0, 1, 1
    got = sparsity(small, window=3 * DT)
    counts = np.array([[1, 1, 1, 0, 1, 0], [0, 1, 1, 0, 1, 1]])
    np.testing.assert_allclose(got["fano_factor"][:2], counts.var(axis=1) / counts.mean(axis=1), rtol=1e-12)
    assert got["fano_factor"].attrs["window_s"] == 3 * DT
