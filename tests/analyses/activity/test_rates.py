"""Firing rates against a simulation whose spikes were counted by hand."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput, MissingVariable, firing_rates


def test_rates_by_hand(small):
    # 2 trials of 40 ms; hidden neurons have 4, 4 and 0 spikes
    got = firing_rates(small)
    np.testing.assert_allclose(got["firing_rate"], [50, 50, 0], rtol=1e-12)
    np.testing.assert_allclose(got["spikes_per_step"], [0.2, 0.2, 0], rtol=1e-12)
    assert got["silent"].values.tolist() == [False, False, True]
    assert got["unit_layer"].values.tolist() == ["hidden1"] * 3
    assert got["unit_index"].values.tolist() == [0, 1, 2]
    assert got["firing_rate"].attrs["units"] == "Hz"


def test_inputs_are_counted_when_named(small):
    got = firing_rates(small, ["input", "hidden1"])
    assert got["unit_layer"].values.tolist() == ["input"] * 2 + ["hidden1"] * 3
    np.testing.assert_allclose(got["spikes_per_step"][:2], [3 / 20, 3 / 20], rtol=1e-12)


def test_rate_in_hz_does_not_depend_on_the_decision_step(small):
    got = firing_rates(small, dt_ref=0.001)
    np.testing.assert_allclose(got["firing_rate"], [50, 50, 0], rtol=1e-12)
    np.testing.assert_allclose(got["spikes_per_step"], [0.05, 0.05, 0], rtol=1e-12)


def test_a_silent_network_has_rate_zero(small):
    got = firing_rates(small.isel(hidden1_spike=slice(0)))
    assert got["firing_rate"].values.tolist() == [0, 0, 0]
    assert got["silent"].all()


def test_without_synapses_every_spiking_group_counts(small):
    bare = small.drop_vars(["synapses", "source", "target"])
    assert set(firing_rates(bare)["unit_layer"].values.tolist()) == {"input", "hidden1"}


def test_no_group_gives_no_unit(small):
    assert firing_rates(small, []).sizes["unit"] == 0


def test_what_is_refused(small):
    with pytest.raises(MissingVariable, match="no spikes of 'hidden2'; recorded are hidden1, input"):
        firing_rates(small, ["hidden2"])
    wrong = small.assign(hidden1_spike_neuron=small["hidden1_spike_neuron"] + 2)
    with pytest.raises(InvalidInput, match="hidden1_spike_neuron goes from 2 to 3, expected 0 to 2"):
        firing_rates(wrong)
    bare = small.copy()
    del bare.attrs["dt_ref"]
    with pytest.raises(MissingVariable, match=r"no attribute 'dt_ref'; give the decision step.*dt_ref=0.004"):
        firing_rates(bare)
    with pytest.raises(InvalidInput, match="dt_ref must be a positive, finite number, got 0"):
        firing_rates(small, dt_ref=0)
    with pytest.raises(InvalidInput, match="firing_rates: groups names 'hidden1' twice"):
        firing_rates(small, ["hidden1", "input", "hidden1"])
    with pytest.raises(TypeError, match=r"expected an xarray.Dataset, got dict"):
        firing_rates({})
