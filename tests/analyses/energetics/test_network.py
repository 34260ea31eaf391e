"""Operations and energy against numbers worked out by hand from the papers' formula."""

import numpy as np
import pytest

from chronaxie.analyses import (
    FLOAT32,
    INT32_RATIO_31,
    EnergyCost,
    InvalidInput,
    MissingVariable,
    NeuronCost,
    energy,
    operations,
)
from chronaxie.analyses.energetics.costs import lstm_mac

MODELS = {"hidden1": "ALIF", "output": "LeakyIntegrator"}

# 20 decision steps in all; 2 inputs with 6 spikes, 3 recurrent ALIF neurons with 8, 2 leaky outputs
FR_IN, FR_OUT = 6 / 20 / 2, 8 / 20 / 3
M, N, OUT = 2, 3, 2
AC = M * N * FR_IN + (N * N + 2 * N) * FR_OUT + N * OUT * FR_OUT
MAC = 3 * N + OUT
LSTM = 4 * (M * N + N * N) + 17 * N + N * OUT


def test_operations_by_hand(small):
    got = operations(small, models=MODELS)
    assert got["operations_group"].values.tolist() == ["input", "hidden1", "output"]
    np.testing.assert_allclose(got["operations_spikes"], [0.3, 0.4, 0], rtol=1e-12)
    np.testing.assert_allclose(got["operations_synaptic_ac"], [0.3 * 3, 0.4 * 5, 0], rtol=1e-12)
    np.testing.assert_allclose(got["operations_spike_ac"], [0, 0.8, 0], rtol=1e-12)
    assert got["operations_state_mac"].values.tolist() == [0, 9, 2]
    np.testing.assert_allclose(float(got["operations_ac"]), AC, rtol=1e-12)
    assert float(got["operations_mac"]) == MAC
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_energy_by_hand(small):
    got = energy(small, models=MODELS)
    np.testing.assert_allclose(got["energy_ac"], [AC, AC, 0], rtol=1e-12)
    np.testing.assert_allclose(got["energy_mac"], [MAC, MAC, LSTM], rtol=1e-12)
    for cost, (e_ac, e_mac) in {"float32": (0.9, 4.6), "int32, ratio 31": (0.1, 3.1)}.items():
        row = got.sel(energy_cost=cost)
        srnn, lstm = AC * e_ac + MAC * e_mac, LSTM * e_mac
        np.testing.assert_allclose(row["energy_per_step"], [srnn, srnn, lstm], rtol=1e-12)
        np.testing.assert_allclose(row["energy_ratio"], [lstm / srnn, lstm / srnn, 1], rtol=1e-12)
        np.testing.assert_allclose(row["energy_per_trial"], np.array([srnn, srnn, lstm]) / 100, rtol=1e-12)
    assert got["energy_per_trial"].attrs["units"] == "nJ"
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_the_constants_of_the_papers():
    assert FLOAT32.mac == pytest.approx(3.7 + 0.9, rel=1e-12)
    assert INT32_RATIO_31.mac / INT32_RATIO_31.ac == pytest.approx(31, rel=1e-12)
    # counted by hand for the 128 units and 700 inputs of the SHD network
    assert lstm_mac(700, 128) == 358400 + 65536 + 2176


def test_spread_over_trials(small):
    got = energy(small, models=MODELS, costs=[EnergyCost("adds", ac=1.0, mac=0.0, source="test")])
    # trials: 3 and 3 input spikes, 5 and 3 hidden ones, 3 and 5 + 2 accumulates for each, 10 steps
    trials = np.array([3 * 3 + 5 * 7, 3 * 3 + 3 * 7]) / 10
    np.testing.assert_allclose(got["energy_per_step_sd"], [[trials.std(ddof=1)] * 2 + [0]], rtol=1e-12)
    one = small.isel(
        hidden1_spike=small["hidden1_spike_trial"] == 0, input_spike=small["input_spike_trial"] == 0
    )
    one.attrs["trials"] = 1
    assert np.isnan(energy(one, models=MODELS)["energy_per_step_sd"].values[:, :2]).all()


def test_count_and_formula_differ_where_fan_out_does(small):
    # the same 15 synapses from the hidden layer, all of them from neuron 2, which is silent
    sparse = small.assign(hidden1_fan_out=("hidden1_neuron", [0, 0, 15]))
    got = energy(sparse, models=MODELS)
    formula, counted = got["energy_ac"].values[:2]
    np.testing.assert_allclose(formula, AC, rtol=1e-12)
    np.testing.assert_allclose(counted, 0.3 * 3 + 0.8, rtol=1e-12)


def test_a_silent_network_still_updates_its_states(small):
    silent = small.isel(hidden1_spike=slice(0), input_spike=slice(0))
    got = energy(silent, models=MODELS)
    assert got["energy_ac"].values.tolist() == [0, 0, 0]
    np.testing.assert_allclose(got["energy_per_step"].sel(energy_cost="float32")[:2], MAC * 4.6, rtol=1e-12)


def test_lif_needs_fewer_operations(small):
    got = operations(small, models={"hidden1": "LIF", "output": "LeakyIntegrator"})
    assert float(got["operations_mac"]) == N + OUT
    np.testing.assert_allclose(float(got["operations_ac"]), AC - N * FR_OUT, rtol=1e-12)


def test_graded_inputs_are_multiplied_in_every_step(small):
    graded = small.drop_dims("input_spike").drop_vars("input_fan_out")
    got = energy(graded, models=MODELS, graded=["input"])
    np.testing.assert_allclose(got["energy_ac"], [AC - M * N * FR_IN] * 2 + [0], rtol=1e-12)
    np.testing.assert_allclose(got["energy_mac"], [MAC + M * N] * 2 + [LSTM], rtol=1e-12)


def test_a_finer_simulation_of_the_same_spikes_costs_the_same(small):
    fine = small.copy()
    fine.attrs["dt"] = small.attrs["dt"] / 8
    np.testing.assert_array_equal(
        energy(small, models=MODELS)["energy_per_step"], energy(fine, models=MODELS)["energy_per_step"]
    )


def test_a_neuron_model_of_one_s_own(small):
    own = NeuronCost("two compartments", mac=5, ac=4, source="test")
    got = operations(small, models={"hidden1": own, "output": "LeakyIntegrator"})
    assert got["operations_state_mac"].values.tolist() == [0, 15, 2]
    np.testing.assert_allclose(got["operations_spike_ac"], [0, 1.6, 0], rtol=1e-12)


def test_what_is_refused(small):
    with pytest.raises(
        InvalidInput, match="name the groups that receive synapses .hidden1, output.; 'output' is missing"
    ):
        energy(small, models={"hidden1": "ALIF"})
    with pytest.raises(InvalidInput, match="'input' receives no synapse"):
        energy(small, models=MODELS | {"input": "LIF"})
    with pytest.raises(InvalidInput, match="model 'ALIFF' of 'hidden1'.*did you mean 'ALIF'"):
        energy(small, models=MODELS | {"hidden1": "ALIFF"})
    with pytest.raises(MissingVariable, match="no spikes of 'input'; recorded are hidden1"):
        energy(small.drop_dims("input_spike"), models=MODELS)
    with pytest.raises(
        MissingVariable, match="hidden1_fan_out is missing, but 'hidden1' has 15 outgoing synapses"
    ):
        energy(small.drop_vars("hidden1_fan_out"), models=MODELS)
    with pytest.raises(InvalidInput, match="input_fan_out adds up to 8, but synapses counts 6 from 'input'"):
        energy(small.assign(input_fan_out=small["input_fan_out"] + 1), models=MODELS)
    with pytest.raises(InvalidInput, match="graded names 'pixels', which sends over no synapse"):
        energy(small, models=MODELS, graded=["pixels"])
    with pytest.raises(InvalidInput, match="costs must be different EnergyCost"):
        energy(small, models=MODELS, costs=[FLOAT32, FLOAT32])
    with pytest.raises(MissingVariable, match="lacks synapses, source, target"):
        energy(small.drop_vars(["synapses", "source", "target"]), models=MODELS)
