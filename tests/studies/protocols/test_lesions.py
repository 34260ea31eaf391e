"""Lesions of single neurons: the counts are those of networks changed by hand; what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie.analyses.time_constants import lesion_losses, relations
from chronaxie.models import ALIF, LIF, CurrentALIF, describe, readout_scores, simulate, start_states
from chronaxie.models.perturbing import replaced
from chronaxie.studies.evaluating import EvaluationError, start_of
from chronaxie.studies.protocols.lesions import _hidden, _table, lesions
from chronaxie.studies.task import Task, make_split

HIDDEN = 3


def split(first, trials):
    rng = np.random.default_rng(first)
    x = (rng.random((trials, 40, 4)) < 0.3).astype(np.uint8)
    label = rng.integers(-1, 3, (trials, 40)).astype(np.int8)
    return make_split(x, label, dt=0.004, trial=first + np.arange(trials), channel=list("abcd"))


@pytest.fixture(scope="module")
def task():
    return Task(
        name="made",
        train=split(0, 2),
        valid=split(10, 2),
        test=split(20, 5),
        classes=("P", "QRS", "T"),
        dt=0.004,
        source="made",
        licence="none",
        hash="sha256:0",
        description="made",
        unlabelled_class="P",
    )


@pytest.fixture(scope="module")
def net():
    return cx.srnn(4, [HIDDEN], 3, seed=1, readout=ALIF, input_gain=3.0)


@pytest.fixture(scope="module")
def measured(net, task):
    return lesions(net, task, device="numpy")


def right_by_hand(description, task):
    test = task.test
    states = start_states(description, start_of(description, "zero", 0), test.sizes["trial"])
    ds = simulate(description, test.stimulus, seed=0, initial=states, namespace={}, progress=False)
    label = test.label.values
    return ds, ((readout_scores(ds).argmax(-1) == label) & (label >= 0)).sum(axis=1)


def test_the_intact_network(measured, net, task):
    ds, right = right_by_hand(describe(net), task)
    np.testing.assert_array_equal(measured.lesion_correct_intact, right)
    np.testing.assert_array_equal(measured.lesion_labelled, (task.test.label.values >= 0).sum(axis=1))
    spikes = np.bincount(ds.hidden1_spike_neuron.values, minlength=HIDDEN)
    np.testing.assert_allclose(measured.firing_rate, spikes / (5 * 40 * 0.004))
    assert (spikes > 0).any()


def test_a_removed_neuron_is_one_whose_synapses_are_gone(measured, net, task):
    description = describe(net)
    k = int(measured.firing_rate.values.argmax())
    total = 0.0
    for synapses in description.synapses:
        if synapses.source == "hidden1":
            (w,) = [v for v in synapses.variables if v.name == "w"]
            total += np.abs(w.array.values[synapses.pre == k]).sum()
            values = np.where(synapses.pre == k, 0, w.array.values)
            cut = replace(w, array=replace(w.array, values=values))
            variables = tuple(cut if v is w else v for v in synapses.variables)
            description = replaced(description, replace(synapses, variables=variables))
    _, right = right_by_hand(description, task)
    np.testing.assert_array_equal(measured.lesion_correct_removed[k], right)
    assert (measured.lesion_correct_removed[k] != measured.lesion_correct_intact).any()
    assert float(measured.out_weight[k]) == pytest.approx(total)


def test_a_time_constant_is_reset_to_the_median_or_to_its_initial_value(measured, net, task):
    changed = describe(net)
    group = changed.group("hidden1")
    (tau,) = [v for v in group.variables if v.name == "tau_m"]
    values = tau.array.values.copy()
    values[2] = np.median(values)
    again = replace(tau, array=replace(tau.array, values=values))
    group = replace(group, variables=tuple(again if v is tau else v for v in group.variables))
    _, right = right_by_hand(replaced(changed, group), task)
    np.testing.assert_array_equal(measured.lesion_correct_reset_tau_m[2], right)
    np.testing.assert_allclose(measured.tau_m.values[2], tau.array.values[2] * 1e3)
    # reset to what it is: nothing changes
    initial = measured[["tau_m"]].rename(tau_m="tau_m_initial")
    same = lesions(net, task, kinds=["tau_m"], initial=initial, neurons=2, device="numpy")
    for k in range(2):
        np.testing.assert_array_equal(same.lesion_correct_reset_tau_m[k], measured.lesion_correct_intact)
    assert np.isnan(same.lesion_correct_reset_tau_m[2:]).all()


def test_the_result_goes_into_the_analyses(measured, tmp_path):
    measured.to_netcdf(tmp_path / "lesions.nc", engine="h5netcdf")
    ds = xr.load_dataset(tmp_path / "lesions.nc", engine="h5netcdf")
    lost = lesion_losses(ds, resamples=50)
    total = float(ds.lesion_labelled.sum())
    expected = (ds.lesion_correct_intact - ds.lesion_correct_removed).sum("trial") / total
    np.testing.assert_allclose(lost.loss_removed, expected)
    found = relations(lost, resamples=50, permutations=19)
    assert found.relation_property.values.tolist() == [
        "firing_rate",
        "out_weight",
        "loss_removed",
        "loss_reset_tau_m",
        "loss_reset_tau_a",
    ]


@pytest.mark.slow
def test_a_compiled_network_counts_the_same(measured, net, task):
    compiled = lesions(net, task, kinds=["removed", "tau_a"], neurons=2, device="cpp_standalone")
    for name in ("lesion_correct_removed", "lesion_correct_reset_tau_a"):
        np.testing.assert_array_equal(compiled[name][:2], measured[name][:2])


def test_a_network_without_adaptation_has_nothing_to_reset(task):
    net = cx.srnn(4, [2], 3, neuron=LIF, seed=1, input_gain=3.0)
    got = lesions(net, task, kinds=["tau_a"], device="numpy", trials=1)
    assert np.isnan(got.lesion_correct_reset_tau_a).all()
    assert "tau_a" not in got


@pytest.mark.parametrize("readout, unit", [(CurrentALIF, "A"), (ALIF, None)])
def test_neurons_in_physical_units(readout, unit):
    """The readout counts its bias, and the weights to it, in a unit of its own or in that of the hidden layer."""
    net = describe(cx.srnn(4, [3, 2], 3, neuron=CurrentALIF, readout=readout, dt=1 * ms, seed=2))
    table = _table(net, _hidden(net))
    assert table["tau_m"].attrs["units"] == "ms"
    assert table["layer"].values.tolist() == ["hidden1"] * 3 + ["hidden2"] * 2
    tau = [v.array.values for v in net.group("hidden2").variables if v.name == "tau_m"][0]
    np.testing.assert_allclose(table["tau_m"].values[3:], tau * 1e3)
    if unit is None:
        assert "out_weight" not in table
    else:
        assert table["out_weight"].attrs["units"] == unit
        assert (table["out_weight"] > 0).all()


def test_what_is_refused(net, task, measured):
    with pytest.raises(EvaluationError, match="kinds are removed, tau_m, tau_a, got 'w'"):
        lesions(net, task, kinds=["w"])
    with pytest.raises(EvaluationError, match="neurons must be a whole number >= 1, got 0"):
        lesions(net, task, neurons=0)
    initial = measured[["tau_m"]].rename(tau_m="tau_m_initial").isel(neuron=slice(2))
    with pytest.raises(EvaluationError, match="tau_m_initial is of other neurons"):
        lesions(net, task, kinds=["tau_m"], initial=initial)
    timeless = describe(net)
    group = timeless.group("hidden1")
    group = replace(group, variables=tuple(v for v in group.variables if v.name != "tau_m"))
    with pytest.raises(EvaluationError, match="a hidden layer has no tau_m"):
        lesions(replaced(timeless, group), task)
    silent = describe(net)
    silent = replaced(silent, replace(silent.group("hidden1"), threshold=None))
    with pytest.raises(EvaluationError, match="no hidden layer that spikes"):
        lesions(silent, task)
