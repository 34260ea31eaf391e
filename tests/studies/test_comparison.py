"""Twin against Brian2, as the study counts it: on a small synthetic task, and (slow) on the whole ECG test set."""

import dataclasses

import numpy as np
import pytest
import torch

from chronaxie import Twin
from chronaxie.models import ALIF, LIF, Normal, annotations, dense, simulate, srnn
from chronaxie.studies.comparison import TwinRun, differences, run_twin, simulate_finer
from chronaxie.studies.tasks import SyntheticECG, load_task


@pytest.fixture(scope="module")
def stimulus():
    return load_task("synthetic_ecg", config=SyntheticECG(train=1, valid=1, test=5, steps=120)).test.stimulus


@pytest.fixture(scope="module")
def net():
    return srnn(4, [12], 6, seed=1, tau_m=Normal(20.0, 15.0), tau_a=Normal(150.0, 80.0))


@pytest.fixture(scope="module")
def readout(net):
    return annotations(net).readout


@pytest.fixture(scope="module")
def simulated(net, stimulus):
    return simulate(net, stimulus, namespace={})


@pytest.fixture
def run(net, stimulus):
    return run_twin(net, stimulus)


def test_an_untrained_network_does_the_same_in_both(run, simulated, readout):
    found = differences(run, simulated, readout=readout)
    assert set(run.spikes) == {"hidden1"}
    assert run.spikes["hidden1"].shape == (5, 120, 12)
    assert run.spikes["hidden1"].any(), "a silent network agrees with anything"
    assert int(found.spike_mismatches) == 0
    assert int(found.spike_neuron_steps) == 5 * 120 * 12
    assert float(found.membrane_difference) == 0.0
    assert all(variable.attrs["units"] == "1" for variable in found.data_vars.values())


def test_batches_change_nothing(run, net, stimulus):
    other = run_twin(net, stimulus, batch=2)
    np.testing.assert_array_equal(other.spikes["hidden1"], run.spikes["hidden1"])
    np.testing.assert_array_equal(other.scores, run.scores)


def test_the_threads_of_torch_are_put_back(net, stimulus):
    before = torch.get_num_threads()
    run_twin(net, stimulus[:1])
    assert torch.get_num_threads() == before


def test_every_spike_that_differs_is_counted(run, simulated, readout):
    raster = run.spikes["hidden1"].copy()
    flat = raster.reshape(-1)
    missing, added = np.flatnonzero(flat == 1)[:2], np.flatnonzero(flat == 0)[[0, 7, -1]]
    flat[missing], flat[added] = 0, 1
    found = differences(TwinRun({"hidden1": raster}, run.scores), simulated, readout=readout)
    assert int(found.spike_mismatches) == 5


def test_a_spike_one_step_late_counts_twice(run, simulated, readout):
    raster = run.spikes["hidden1"].copy()
    trial, step, neuron = np.argwhere(raster[:, :-1] > raster[:, 1:])[0]
    raster[trial, step : step + 2, neuron] = 0, 1
    found = differences(TwinRun({"hidden1": raster}, run.scores), simulated, readout=readout)
    assert int(found.spike_mismatches) == 2


def test_the_smallest_difference_of_a_membrane_is_seen(run, simulated, readout):
    scores = run.scores.copy()
    scores[3, 100, 2] = np.nextafter(scores[3, 100, 2], np.inf)
    found = differences(TwinRun(run.spikes, scores), simulated, readout=readout)
    assert int(found.spike_mismatches) == 0
    assert float(found.membrane_difference) == scores[3, 100, 2] - run.scores[3, 100, 2] > 0


@pytest.mark.parametrize(
    "cut", [np.s_[:4], np.s_[:, :, :11], np.s_[:, [*range(120), 0]]], ids=["trial", "neuron", "time"]
)
def test_another_shape_is_refused(run, simulated, readout, cut):
    other = TwinRun({"hidden1": run.spikes["hidden1"][cut]}, run.scores)
    with pytest.raises(
        ValueError, match=r"hidden1: the twin has spikes of shape \(.*\), Brian2 \(5, 120, 12\)"
    ):
        differences(other, simulated, readout=readout)


def test_finer_steps_are_of_the_same_network(net, stimulus, simulated):
    finer = simulate_finer(net, stimulus, (1, 4), device="numpy")
    assert {factor: ds.attrs["dt"] for factor, ds in finer.items()} == {1: 0.004, 4: 0.001}
    np.testing.assert_array_equal(finer[1].output_v, simulated.output_v)
    assert finer[4].output_v.shape == simulated.output_v.shape
    # At most one spike in dt_ref, at any dt: the refractory period.
    assert dense(finer[4], "hidden1", dt=0.004).max() == 1


# ------------------------------------------------------------------ the whole test set of the QT Database
INITIAL = {"tau_m": Normal(20.0, 15.0), "tau_a": Normal(150.0, 80.0)}
NETWORKS = {
    "seed 0": dict(hidden=[36], seed=0, **INITIAL),
    "seed 1": dict(hidden=[36], seed=1, **INITIAL),
    "seed 2": dict(hidden=[36], seed=2, **INITIAL),
    "two layers, same step": dict(hidden=[24, 16], seed=3, transmission="same", **INITIAL),
    "two layers, next step": dict(hidden=[24, 16], seed=3, transmission="next", **INITIAL),
    "no recurrence": dict(hidden=[36], seed=4, recurrent=False, **INITIAL),
    "LIF": dict(hidden=[36], seed=5, neuron=LIF, tau_m=Normal(20.0, 15.0)),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, the test recordings, and what the float64 twin does on them."""

    net: object
    stimulus: object
    record: dict
    run: TwinRun
    states: dict


@pytest.fixture(scope="module", params=NETWORKS)
def case(request, data_dir):
    options = {"neuron": ALIF, **NETWORKS[request.param]}
    net = srnn(4, outputs=6, **options)
    stimulus = load_task("ecg", data=data_dir).test.stimulus
    readout = annotations(net).readout
    states = ["v", "a"] if options["neuron"] is ALIF else ["v"]
    hidden = [f"hidden{k + 1}" for k in range(len(options["hidden"]))]
    record = dict.fromkeys(hidden, states) | {"output": {"v": readout.slot}}
    with torch.no_grad():
        out = Twin(net, dtype=torch.float64, namespace={})(stimulus, record=record)
    spikes = {group: out.spikes[group].numpy().astype(np.uint8) for group in hidden}
    run = TwinRun(spikes, out.states["output"]["v"].numpy())
    return Case(net, stimulus, record, run, out.states)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["numpy", "cython", "cpp_standalone"])
def test_the_ecg_test_set_gives_the_same_spikes(case, device):
    simulated = simulate(case.net, case.stimulus, device=device, record=case.record, namespace={})
    found = differences(case.run, simulated, readout=annotations(case.net).readout)
    steps = case.stimulus.sizes["trial"] * case.stimulus.sizes["time"]
    neurons = sum(raster.shape[-1] for raster in case.run.spikes.values())
    apart = {
        f"{group}.{name}": float(np.abs(simulated[f"{group}_{name}"].values - value.numpy()).max())
        for group, values in case.states.items()
        for name, value in values.items()
    }
    spikes = {group: int(raster.sum()) for group, raster in case.run.spikes.items()}
    print(f"{steps * neurons} neuron-steps, spikes {spikes}, largest difference of a state {apart}")
    assert case.stimulus.sizes["trial"] == 141
    assert min(spikes.values()) > 0, "a silent layer agrees with anything"
    assert int(found.spike_neuron_steps) == steps * neurons
    assert int(found.spike_mismatches) == 0
    if device == "numpy":
        assert set(apart.values()) == {0.0}, apart
