"""Rates by class and over time against counts by hand, in memory and from Dask."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, firing_rates
from chronaxie.analyses.activity import events
from chronaxie.analyses.activity.by_class import class_rates, rates_over_time

from ..conftest import DT, random_simulation

pytestmark = pytest.mark.filterwarnings("error")


def label(values, *dims):
    return xr.DataArray(np.asarray(values), dims=dims or ("trial",))


def test_a_class_for_each_trial(small):
    # hidden counts (3, 2, 0) in trial 0 and (1, 2, 0) in trial 1, of 40 ms each
    got = class_rates(small, label([1, 0]), classes=["left", "right", "never"])
    np.testing.assert_allclose(got["class_rate"][:2], [[25, 50, 0], [75, 50, 0]], rtol=1e-12)
    assert np.isnan(got["class_rate"][2]).all()
    np.testing.assert_allclose(got["class_time"], [0.04, 0.04, 0])
    np.testing.assert_allclose(got["class_layer_rate"][:2, 0], [25, 125 / 3], rtol=1e-12)
    # (1 − a)/(1 − 1/2), a = (1 + 3)² / (2 · 10)
    np.testing.assert_allclose(got["class_selectivity"], [2 * (1 - 16 / 20), 0, np.nan], atol=1e-12)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_a_class_for_each_step(small):
    # steps 0-3 are class 0, 4-7 class 1, the rest not labelled, in trial 1 the other way round
    first = [0] * 4 + [1] * 4 + [-1] * 2
    second = [1] * 4 + [0] * 4 + [-1] * 2
    got = class_rates(small, label([first, second], "trial", "time"))
    # trial 0: neuron 0 at 2, 3, 6; neuron 1 at 3, 7; trial 1: neuron 1 at 4, 6; neuron 0 at 5
    counts = np.array([[2 + 1, 1 + 2, 0], [1, 1, 0]])
    np.testing.assert_allclose(got["class_rate"], counts / (8 * DT), rtol=1e-12)
    np.testing.assert_allclose(got["class_time"], [8 * DT, 8 * DT])


def test_spikes_after_the_last_label_are_left_out(small):
    # labels end before step 6: of trial 0 neuron 0 at 6 and neuron 1 at 7 are left out, of trial 1 neuron 1 at 6
    got = class_rates(small, label([[0] * 6, [1] * 6], "trial", "time"))
    np.testing.assert_allclose(got["class_rate"], np.array([[2, 1, 0], [1, 1, 0]]) / (6 * DT), rtol=1e-12)


def test_the_trials_of_the_label_may_have_other_coordinates(small):
    simulated = small.assign_coords(trial=[10, 11])
    values = label([1, 0]).assign_coords(
        trial=("trial", [10, 11], {"units": "1"}), speaker=("trial", ["a", "b"])
    )
    xr.testing.assert_identical(class_rates(simulated, values), class_rates(small, label([1, 0])))


@pytest.mark.parametrize("coordinate", ["class", "true_class"])
def test_names_of_the_classes_are_those_of_the_dataset(small, coordinate):
    named = small.assign_coords({coordinate: ["P", "PQ", "QR"]})
    assert class_rates(named, label([1, 0]))["class"].values.tolist() == ["P", "PQ", "QR"]
    over_time = rates_over_time(named, bin_width=DT, label=label([1, 0]))
    assert over_time["class"].values.tolist() == ["P", "PQ", "QR"]
    assert class_rates(named, label([1, 0]), classes=["a", "b"])["class"].values.tolist() == ["a", "b"]
    assert class_rates(small, label([1, 0]))["class"].values.tolist() == ["0", "1"]
    with pytest.raises(InvalidInput, match="label has the class 3, but the dataset's classes are only 3"):
        class_rates(named, label([3, 0]))


def test_trials_without_a_label_are_left_out(small):
    got = class_rates(small, label([0, -1]))
    np.testing.assert_allclose(got["class_rate"], [[75, 50, 0]], rtol=1e-12)
    assert np.isnan(got["class_selectivity"]).all()


def test_over_time_by_hand(small):
    got = rates_over_time(small, bin_width=5 * DT, label=label([0, 1]))
    np.testing.assert_allclose(got["rate_time"], [2.5 * DT, 7.5 * DT])
    # hidden spikes before and from step 5: 3, 2 and 1, 2; three neurons, 20 ms
    np.testing.assert_allclose(
        got["class_rate_over_time"][:, 0], np.array([[3, 2], [1, 2]]) / (3 * 0.02), rtol=1e-12
    )
    np.testing.assert_allclose(got["layer_rate_over_time"][0], np.array([4, 4]) / (2 * 3 * 0.02), rtol=1e-12)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)
    # the mean over trials has those without a label as well
    part = rates_over_time(small, bin_width=5 * DT, label=label([0, -1]))
    np.testing.assert_array_equal(part["layer_rate_over_time"], got["layer_rate_over_time"])
    np.testing.assert_array_equal(part["class_rate_over_time"], got["class_rate_over_time"][:1])
    without = rates_over_time(small, bin_width=5 * DT)
    np.testing.assert_array_equal(without["layer_rate_over_time"], got["layer_rate_over_time"])
    assert "class" not in without.dims


def test_the_mean_over_time_and_over_classes_is_the_rate():
    ds = random_simulation(np.random.default_rng(0), steps=100)
    rate = firing_rates(ds)["firing_rate"]
    over_time = rates_over_time(ds, bin_width=10 * DT)["layer_rate_over_time"]
    np.testing.assert_allclose(over_time.mean(), rate.mean(), rtol=1e-12)
    by_class = class_rates(ds, label([0, 1, 2, 3, 0, 1, 2, 3]))["class_rate"]
    np.testing.assert_allclose(by_class.mean("class"), rate, rtol=1e-12)


def test_dask_gives_the_same_numbers_lazily(monkeypatch):
    monkeypatch.setattr(events, "BLOCK", 300)
    ds = random_simulation(np.random.default_rng(1), trials=4, steps=100)
    lazy = ds.chunk(hidden1_spike=211, input_spike=100)
    steps = label(np.random.default_rng(2).integers(-1, 3, (4, 100)), "trial", "time")
    for values in (label([0, 1, -1, 1]), steps):
        got = class_rates(lazy, values, ["input", "hidden1"])
        assert got["class_rate"].chunks is not None
        assert got["class_selectivity"].chunks is not None
        xr.testing.assert_identical(got.compute(), class_rates(ds, values, ["input", "hidden1"]))
    got = rates_over_time(lazy, bin_width=0.05, label=label([0, 1, -1, 1]))
    assert got["layer_rate_over_time"].chunks is not None
    xr.testing.assert_identical(
        got.compute(), rates_over_time(ds, bin_width=0.05, label=label([0, 1, -1, 1]))
    )


def test_a_silent_layer_has_rate_zero(small):
    silent = small.isel(hidden1_spike=slice(0))
    assert (class_rates(silent, label([0, 1]))["class_rate"] == 0).all()
    assert (rates_over_time(silent, bin_width=DT)["layer_rate_over_time"] == 0).all()


@pytest.mark.parametrize(
    "values, message",
    [
        ([0, 1], r"label must be a DataArray with dimensions \('trial',\) or \('trial', 'time'\), got list"),
        (label([0, 1], "neuron"), r"got \('neuron',\)"),
        (label([0.0, 1.0]), "label must be whole numbers, -1 for none, got float64"),
        (label([0, 1, 2]), r"label has the shape \(3,\), expected 2 trials"),
        (label(np.zeros((2, 11), int), "trial", "time"), "and at most 10 steps of the decision"),
        (label([-1, -1]), "at least one"),
        (label([-2, 0]), "classes 0, 1, … and -1 for none"),
    ],
)
def test_labels_that_are_refused(small, values, message):
    with pytest.raises(InvalidInput, match=message):
        class_rates(small, values)


def test_what_is_refused(small):
    with pytest.raises(InvalidInput, match="label has the class 2, but classes names only 2"):
        class_rates(small, label([0, 2]), classes=["a", "b"])
    simulated = small.assign_coords(trial=[5, 6])
    with pytest.raises(
        InvalidInput, match=r"trial coordinates of label and simulation differ: \[6 5\]… and \[5 6\]…"
    ):
        class_rates(simulated, label([0, 1]).assign_coords(trial=[6, 5]))
    with pytest.raises(InvalidInput, match="a trial of 0.04 s has 13.3333 decision steps of 0.003 s"):
        class_rates(small, label([0, 1]), dt_ref=0.003)
    with pytest.raises(InvalidInput, match="bin_width must be at most the duration of a trial, 0.04 s"):
        rates_over_time(small, bin_width=0.1)
    with pytest.raises(InvalidInput, match="bin_width must be a positive, finite number, got 0"):
        rates_over_time(small, bin_width=0)
