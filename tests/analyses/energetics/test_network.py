"""Operations and energy against numbers worked out by hand from the papers' formula."""

import numpy as np
import pytest
import xarray as xr

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
from chronaxie.analyses.activity.sparsity import sparsity
from chronaxie.analyses.energetics.costs import COST_MODELS, FLOAT32_SRAM, lstm_mac
from chronaxie.analyses.energetics.synapses import synaptic_events

from ..conftest import random_simulation

pytestmark = pytest.mark.filterwarnings("error")

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


def test_energy_of_a_decision(small):
    trial = energy(small, models=MODELS)
    step = energy(small, models=MODELS, decisions="steps")
    np.testing.assert_allclose(trial["energy_per_decision"], trial["energy_per_trial"], rtol=1e-12)
    np.testing.assert_allclose(step["energy_per_decision"], step["energy_per_step"] / 1000, rtol=1e-12)
    assert step["energy_per_decision"].attrs["units"] == "nJ"
    with pytest.raises(InvalidInput, match="decisions must be a whole number >= 1 or 'steps', got 0"):
        energy(small, models=MODELS, decisions=0)


@pytest.mark.parametrize(
    "count",
    [
        lambda ds, **o: energy(ds, models=MODELS, **o),
        lambda ds, **o: operations(ds, models=MODELS, **o),
        synaptic_events,
    ],
)
def test_all_count_the_same_whole_steps(small, count):
    for dt_ref, steps in ((0.006, "6.66667"), (0.2, "0.2")):
        with pytest.raises(InvalidInput, match=f"a trial of 0.04 s has {steps} decision steps of {dt_ref} s"):
            count(small, dt_ref=dt_ref)


def test_decisions_of_a_step_are_as_many_everywhere(small):
    # 0.04 / (0.04/7) is not 7 in binary
    step = 0.04 / 7
    made = energy(small, models=MODELS, dt_ref=step, decisions="steps")["energy_per_decision"]
    spikes = sparsity(small, dt_ref=step, decisions="steps")["spikes_per_decision"]
    assert made.attrs["decisions_per_trial"] == spikes.attrs["decisions_per_trial"] == 7
    assert synaptic_events(small, dt_ref=step).attrs["synaptic_steps"] == 7


def test_break_even_of_counted_spikes(small):
    got = energy(small, models=MODELS)
    # float32: AC at 0.9 pJ take (LSTM − MAC) · 4.6 pJ
    expected = (LSTM - MAC) * 4.6 / (AC * 0.9)
    np.testing.assert_allclose(
        got["energy_break_even_factor"].sel(energy_cost="float32"), [expected, expected, np.nan], rtol=1e-12
    )
    np.testing.assert_allclose(
        got["energy_break_even_rate"].sel(energy_cost="float32")[:2], expected * FR_OUT, rtol=1e-12
    )
    silent = energy(small.isel(hidden1_spike=slice(0), input_spike=slice(0)), models=MODELS)
    assert np.isnan(silent["energy_break_even_rate"]).all()
    np.testing.assert_allclose(silent["energy_per_step"], silent["energy_silent_per_step"], rtol=1e-12)


def test_a_cost_model_with_memory_needs_words(small):
    own = NeuronCost("own", mac=5, ac=4, source="test")
    models = {"hidden1": own, "output": "LeakyIntegrator"}
    with pytest.raises(InvalidInput, match="which the NeuronCost 'own' does not give: NeuronCost.…, words=…"):
        energy(small, models=models, costs=[FLOAT32_SRAM])
    assert energy(small, models=models)["energy_state_words"].notnull().all()


def test_dask_gives_the_same_numbers_lazily():
    ds = random_simulation(np.random.default_rng(0), trials=3, steps=100)
    got = energy(ds.chunk(input_spike=100, hidden1_spike=77), models=MODELS, costs=COST_MODELS)
    for name in ("energy_per_step", "energy_ratio", "energy_break_even_rate", "operations_ac"):
        assert got[name].chunks is not None, name
    xr.testing.assert_allclose(got.compute(), energy(ds, models=MODELS, costs=COST_MODELS), rtol=1e-12)
    spikes = synaptic_events(ds.chunk(hidden1_spike=77))
    assert spikes["synaptic_events"].chunks is not None
    xr.testing.assert_identical(spikes.compute(), synaptic_events(ds))


def test_synaptic_events_by_hand(small):
    got = synaptic_events(small)
    # 3 and 3 input spikes to 3 neurons each, 5 and 3 hidden ones to 3 + 2
    assert got["synaptic_events"].values.tolist() == [[9, 25, 0], [9, 15, 0]]
    assert got["synaptic_dense"].values.tolist() == [60, 150, 0]
    graded = synaptic_events(small.drop_dims("input_spike"), graded="input")
    assert graded["synaptic_macs"].values.tolist() == [60, 0, 0]
    assert graded["synaptic_events"].values[:, 0].tolist() == [0, 0]
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)
    with pytest.raises(
        InvalidInput, match="synaptic_events: graded names 'pixels', which sends over no synapse"
    ):
        synaptic_events(small, graded=["pixels"])
