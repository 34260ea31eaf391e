"""Trials, batches and runs know nothing of each other: found in a review, each failed before."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from brian2 import Network, NeuronGroup, Synapses, TimedArray, ms, prefs, synapses

from chronaxie.models import Initial, Simulation, describe, runtime, simulate, srnn
from chronaxie.models.standalone.names import canonical_names, renamed
from chronaxie.models.standalone.skeleton import build_key, skeleton

from .compiled import CPP, small_network, stimulus


def current(trials, steps=40):
    x = np.random.default_rng(1).normal(size=(trials, steps, 3)) * 2
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * 0.004})


@pytest.mark.slow
def test_what_is_called_constant_and_changes_starts_anew_in_each_trial():
    cell = NeuronGroup(
        2,
        "dv/dt = (2 - v)/(5*ms) : 1\nk : 1 (constant)",
        threshold="v > 1",
        reset="v = 0; k += 1",
        method="exact",
        name="cell",
    )
    onto = Synapses(cell, cell, "w : 1 (constant)", on_pre="w += 1", name="onto")
    onto.connect(i=[0, 1], j=[1, 0])
    net, record = Network(cell, onto), {"cell": ["k"]}
    options = {"duration": 0.03, "trials": 3, "record": record, "sample_dt": 1 * ms}
    expected = simulate(net, namespace={}, **options)
    assert expected.cell_k.max() > 3
    assert np.array_equal(simulate(net, **options, **CPP).cell_k, expected.cell_k)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["numpy", "cpp_standalone"])
def test_a_second_run_has_the_inputs_of_the_first(device):
    net = srnn(3, [8], 2, seed=2, input="current", input_gain=4.0)
    with Simulation(net, current(3), device=device, batch=1, seed=0, namespace={}) as simulation:
        first, second = simulation.run(), simulation.run()
    assert first.sizes["hidden1_spike"] > 10
    assert np.array_equal(first.output_v, second.output_v)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"dt": 0.002}])
@pytest.mark.parametrize("kind", ["spikes", "current"])
def test_monitors_that_are_emptied_on_the_way_lose_nothing(kind, options, monkeypatch):
    if kind == "spikes":
        net, x = small_network(), stimulus(trials=2)
        record = {"hidden1": ["v"], "output": {"v": "before_output_resets"}}
    else:
        # The readout of a current is read in the last step of each dt_ref.
        net, x, record = srnn(3, [8], 2, seed=2, input="current", input_gain=4.0), current(2), None
    whole = simulate(net, x, record=record, batch=1, namespace={}, **options)
    monkeypatch.setattr(runtime, "BUFFER", 500)
    pieces = simulate(net, x, record=record, batch=1, namespace={}, **options)
    assert whole.sizes["hidden1_spike"] > 10
    for name in whole.data_vars:
        assert np.array_equal(whole[name], pieces[name]), name


@pytest.mark.parametrize("batch", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_a_timed_array_of_the_network_is_read_by_all_trials(batch):
    drive = TimedArray(np.arange(12).reshape(4, 3) + 1.0, dt=1 * ms, name="drive")
    cell = NeuronGroup(3, "x = drive(t, i) : 1", namespace={"drive": drive}, name="cell")
    options = {"duration": 0.004, "trials": 2, "record": {"cell": ["x"]}, "sample_dt": 1 * ms}
    net = Network(cell)
    expected = simulate(net, namespace={}, **options)
    assert np.array_equal(simulate(net, batch=batch, **options, **CPP).cell_x, expected.cell_x)


def test_a_duration_that_ends_within_a_step_of_the_stimulus_is_refused_where_its_end_is_read():
    net = srnn(3, [8], 2, seed=2, input="current")
    with pytest.raises(ValueError, match=r"0\.01 s, is no multiple of 0\.004 s, in whose last step"):
        simulate(net, current(2), duration=0.01, dt=0.001, namespace={})


def made(k):
    """A network whose names are left to Brian2."""
    drive = TimedArray(np.ones(3) * 2, dt=1 * ms)
    cell = NeuronGroup(
        4,
        "dv/dt = (drive(t) - v)/(9*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        namespace={"drive": drive},
    )
    other = NeuronGroup(2, "dv/dt = -v/(9*ms) : 1", method="exact")
    onto = Synapses(cell, other, "w : 1", on_pre="v_post += w")
    onto.connect(i=[0, 1, 2], j=[0, 1, 1])
    onto.w = 0.1 * (k + 1)
    return Network(cell, other, onto), cell, other


@pytest.mark.slow
def test_names_that_brian2_gives_are_no_structure():
    kept, keys = [], []
    for k in range(4):
        net, cell, other = made(k)
        kept.append((net, cell, other))
        single = describe(net, namespace={})
        keys.append(build_key(skeleton(renamed(single, canonical_names(single))), [], 1))
    assert len(set(keys[1:])) == 1
    for net, cell, other in kept[2:]:
        record = {other.name: ["v"]}
        options = {"duration": 0.03, "trials": 2, "record": record, "sample_dt": 1 * ms}
        expected, found = simulate(net, namespace={}, **options), simulate(net, **options, **CPP)
        assert expected.sizes[f"{cell.name}_spike"] > 4
        assert np.array_equal(found[f"{cell.name}_spike_time"], expected[f"{cell.name}_spike_time"])
        assert np.abs(found[f"{other.name}_v"] - expected[f"{other.name}_v"]).max() < 1e-12


def test_canonical_names_keep_the_order_of_what_runs():
    names = ["neurongroup", "neurongroup_1", "neurongroup_2", "neurongroup_10", "synapses_3", "mine"]
    groups = [SimpleNamespace(name=name) for name in names]
    new = canonical_names(SimpleNamespace(groups=groups, synapses=[], poisson_inputs=[], timed_arrays=[]))
    for part in ("stateupdater", "spike_thresholder", "pre"):
        before = sorted(f"{name}_{part}" for name in names)
        after = sorted(f"{new.get(name, name)}_{part}" for name in names)
        assert [
            f"{new.get(n.removesuffix(f'_{part}'), n.removesuffix(f'_{part}'))}_{part}" for n in before
        ] == after
    groups.append(SimpleNamespace(name="neurongroup_of_mine"))
    assert (
        canonical_names(SimpleNamespace(groups=groups, synapses=[], poisson_inputs=[], timed_arrays=[])) == {}
    )


def test_what_is_infinite_on_purpose_is_no_warning(recwarn):
    cell = NeuronGroup(
        2,
        "dv/dt = (2 - v)/(5*ms) : 1\nmost : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="cell",
    )
    cell.most = np.inf
    simulate(Network(cell), duration=0.01, **CPP)
    assert not [w for w in recwarn if "very large" in str(w.message)]


@pytest.mark.slow
def test_what_has_grown_without_bounds_is_a_warning():
    wild = NeuronGroup(2, "dv/dt = v/(0.01*ms) : 1", method="euler", name="wild")
    wild.v = 1.0
    with pytest.warns(RuntimeWarning, match="wild.v has NaN or very large values"):
        simulate(Network(wild), duration=0.1, record={}, **CPP)


@pytest.mark.slow
def test_starts_of_trials_are_theirs():
    net = srnn(4, [12], 3, seed=1, input_gain=3.0)
    x = stimulus(trials=5)
    for options in ({}, {"workers": 3}):
        start = Initial("random", seed=4)
        found = simulate(net, x, initial=start, **options, **CPP)
        expected = simulate(net, x, initial=start, namespace={})
        assert np.array_equal(found.hidden1_spike_time, expected.hidden1_spike_time)
        assert np.abs(found.output_v - expected.output_v).max() < 1e-12


def test_what_brian2_adds_to_a_preference_is_no_structure():
    net = describe(srnn(4, [12], 3, seed=1), namespace={})
    before = build_key(skeleton(net), [], 1)
    folders = prefs["codegen.cpp.include_dirs"]
    prefs["codegen.cpp.include_dirs"] = [*folders, str(Path(synapses.__file__).parent)]
    try:
        assert build_key(skeleton(net), [], 1) == before
        prefs["codegen.cpp.include_dirs"] = [*folders, "/elsewhere"]
        assert build_key(skeleton(net), [], 1) != before
    finally:
        prefs["codegen.cpp.include_dirs"] = folders
