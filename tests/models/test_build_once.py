"""One compiled program for a structure: whatever is not structure needs no compiler."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, SpikeGeneratorGroup, Synapses, TimedArray, ms

from chronaxie.models import (
    Initial,
    simulate,
    srnn,
)
from chronaxie.models.description import Array
from chronaxie.models.standalone import program

from .compiled import CPP, small_network, stimulus


@pytest.fixture
def net():
    return small_network()


@pytest.fixture
def compiles(monkeypatch):
    """How often the compiler was called."""
    calls = []

    def counted(folder, compile_=program.compile_project):
        calls.append(folder)
        compile_(folder)

    monkeypatch.setattr(program, "compile_project", counted)
    return calls


def changed(description, factor):
    """The same structure with other weights, time constants, biases and fewer synapses."""

    def scaled(v):
        return replace(v, array=Array(v.array.values * factor, v.array.dimensions))

    groups = []
    for g in description.groups:
        own = getattr(g, "variables", None)
        if own:
            g = replace(g, variables=tuple(scaled(v) if v.name in ("tau_m", "tau_a") else v for v in own))
        groups.append(g)
    synapses = []
    for s in description.synapses:
        kept = np.arange(len(s.pre)) % 5 != 0
        own = tuple(
            replace(v, array=Array(v.array.values[kept] * factor, v.array.dimensions)) for v in s.variables
        )
        synapses.append(replace(s, pre=s.pre[kept], post=s.post[kept], variables=own))
    return replace(description, groups=tuple(groups), synapses=tuple(synapses))


def same_spikes(one, other, groups=("input", "hidden1", "output")):
    for group in groups:
        for what in ("trial", "neuron", "time"):
            name = f"{group}_spike_{what}"
            assert np.array_equal(one[name], other[name]), name
    assert sum(one.sizes[f"{group}_spike"] for group in groups) > 20


@pytest.mark.slow
def test_nothing_but_structure_is_compiled(net, compiles):
    simulate(net, stimulus(), **CPP)
    compiles.clear()
    for variant in (net, changed(net, 1.3), changed(net, 0.8)):
        for x in (stimulus(), stimulus(trials=5, steps=33, seed=4)):
            for options in ({}, {"dt": 0.001}, {"initial": Initial("random", seed=3)}):
                found = simulate(variant, x, seed=2, **options, **CPP)
                expected = simulate(variant, x, seed=2, namespace={}, **options)
                same_spikes(found, expected)
                assert np.abs(found.output_v - expected.output_v).max() < 1e-12
    assert compiles == []


@pytest.mark.slow
def test_values_of_a_rebuild_are_those_of_the_cached_program(net, tmp_path, monkeypatch, compiles):
    other = changed(net, 1.1)
    cached = simulate(other, stimulus(), **CPP)
    compiles.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    rebuilt = simulate(other, stimulus(), **CPP)
    assert len(compiles) == 1
    for name in rebuilt.data_vars:
        assert np.array_equal(cached[name], rebuilt[name]), name


@pytest.mark.slow
def test_another_structure_is_compiled(net, compiles):
    simulate(net, stimulus(), **CPP)
    compiles.clear()
    group = net.group("hidden1")
    event = replace(group.threshold, condition="v > theta + 0.001")
    simulate(net.replace_group(replace(group, threshold=event)), stimulus(), build_only=True, **CPP)
    assert simulate(net, stimulus(), build_only=True, fast_math=True, **CPP) is None
    first = len(compiles)
    simulate(net.replace_group(replace(group, threshold=event)), stimulus(), **CPP)
    assert len(compiles) == first


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 2},
        {"batch": 2, "workers": 3},
        pytest.param({"batch": 7}, marks=pytest.mark.slow),
        pytest.param({"threads": 2}, marks=pytest.mark.slow),
    ],
)
def test_however_trials_are_run_they_are_the_same(net, options):
    x = stimulus(trials=7)
    one, other = simulate(net, x, seed=3, **CPP), simulate(net, x, seed=3, **options, **CPP)
    same_spikes(one, other)
    assert np.array_equal(one.output_v, other.output_v)
    for name, value in options.items():
        assert other.attrs[name] == value
    assert one.attrs["batch"] == 1


@pytest.mark.parametrize("batch", [1, 2, 3, None])
def test_batches_on_numpy_are_the_same(net, batch):
    x = stimulus(trials=5)
    whole, parts = simulate(net, x, namespace={}), simulate(net, x, batch=batch, namespace={})
    assert whole.attrs["batch"] == 5
    assert parts.attrs["batch"] == (batch or 5)
    for name in whole.data_vars:
        assert np.array_equal(whole[name], parts[name]), name


@pytest.mark.slow
def test_currents_come_trial_by_trial():
    net = srnn(3, [8], 2, seed=2, input="current", input_gain=4.0)
    x = np.random.default_rng(1).normal(size=(4, 40, 3)) * 2
    x = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(40) * 0.004})
    expected = simulate(net, x, namespace={})
    for options in (CPP, CPP | {"dt": 0.001}, CPP | {"batch": 2}, {"namespace": {}, "batch": 3}):
        found = simulate(net, x, **options)
        if "dt" not in options:
            same_spikes(found, expected, ["hidden1"])
            assert np.abs(found.output_v - expected.output_v).max() < 1e-12
        else:
            fine = simulate(net, x, dt=0.001, namespace={})
            same_spikes(found, fine, ["hidden1"])
            assert np.abs(found.output_v - fine.output_v).max() < 1e-12


def network_of_everything():
    """Heterogeneous delays, two pathways, a summed variable, several synapses for a pair, an own step, own inputs."""
    timed = TimedArray(np.sin(np.arange(50)) + 1.5, dt=2 * ms, name="drive")
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0, 1], [0, 1, 2, 5, 7] * ms, period=10 * ms, name="source")
    cells = NeuronGroup(
        6,
        """dv/dt = (drive(t)*g - v + s)/tau : 1 (unless refractory)
        s : 1
        g : 1 (constant)
        tau : second (constant)
        n : integer
        up : boolean""",
        threshold="v > 1",
        reset="v = 0; n += 1; up = not up",
        refractory=3 * ms,
        method="euler",
        namespace={"drive": timed},
        dt=0.5 * ms,
        name="cells",
    )
    cells.g = np.linspace(0.5, 1.2, 6)
    cells.tau = np.linspace(5, 20, 6) * ms
    slow = NeuronGroup(2, "dy/dt = -y/(20*ms) : 1", method="exact", dt=1 * ms, name="slow")
    slow.y = [1.0, 0.5]
    inward = Synapses(source, cells, "w : 1", on_pre="v_post += w", dt=0.5 * ms, name="inward")
    inward.connect(i=[0, 0, 1, 2, 2, 0], j=[0, 0, 2, 3, 5, 4])
    inward.w = np.linspace(0.1, 0.6, 6)
    inward.pre.delay = np.linspace(0, 3, 6) * ms
    both = Synapses(
        cells,
        cells,
        "w : 1\nk : 1",
        on_pre={"pre": "v_post += w", "late": "k += 0.25"},
        on_post="w = clip(w + 0.01, 0, 1)",
        delay={"late": 2 * ms},
        dt=0.5 * ms,
        multisynaptic_index="nth",
        name="both",
    )
    both.connect(i=[0, 1, 1, 2, 3, 4, 5], j=[1, 2, 2, 3, 4, 5, 0])
    both.w = 0.05
    summed = Synapses(slow, cells, "s_post = y_pre : 1 (summed)", dt=0.5 * ms, name="summed")
    summed.connect(i=[0, 1], j=[0, 5])
    return Network(source, cells, slow, inward, both, summed)


@pytest.mark.slow
def test_a_network_of_everything_is_that_of_numpy():
    net = network_of_everything()
    record = {"cells": {"v": "end", "n": "end", "up": "start"}, "slow": ["y"]}
    options = {"duration": 0.08, "trials": 3, "record": record, "sample_dt": 1 * ms, "namespace": {}}
    expected = simulate(net, **options)
    found = simulate(net, device="cpp_standalone", **options)
    assert expected.sizes["cells_spike"] > 20
    same_spikes(found, expected, ["source", "cells"])
    for name in ("cells_v", "slow_y"):
        assert np.abs(found[name] - expected[name]).max() < 1e-12
    for name in ("cells_n", "cells_up"):
        assert found[name].dtype == expected[name].dtype
        assert np.array_equal(found[name], expected[name])


@pytest.mark.slow
def test_random_numbers_follow_the_seed_and_the_trial():
    noise = PoissonGroup(30, 100 * Hz, name="noise")
    cell = NeuronGroup(
        3, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="cell"
    )
    synapses = Synapses(noise, cell, on_pre="v_post += 0.3", name="into")
    synapses.connect()
    net = Network(noise, cell, synapses)
    one, again, other = (simulate(net, duration=0.3, trials=6, seed=s, **CPP) for s in (1, 1, 2))
    same_spikes(one, again, ["noise", "cell"])
    assert one.sizes["noise_spike"] != other.sizes["noise_spike"]
    shared = simulate(net, duration=0.3, trials=6, seed=1, workers=3, **CPP)
    same_spikes(one, shared, ["noise", "cell"])
    counts = np.bincount(one.noise_spike_trial, minlength=6)
    assert len(set(counts.tolist())) > 3  # trials differ
    expected, spread = 30 * 100 * 0.3, np.sqrt(30 * 100 * 0.3)
    assert np.abs(counts - expected).max() < 5 * spread


@pytest.mark.slow
def test_results_in_a_file_are_those_in_memory(net, tmp_path):
    x = stimulus(trials=4)
    record = {"hidden1": ["v"], "output": {"v": "before_output_resets"}}
    for options in (CPP, CPP | {"workers": 2}, CPP | {"batch": 2}, {"namespace": {}, "batch": 1}):
        expected = simulate(net, x, record=record, seed=1, **options)
        path = tmp_path / "result.nc"
        with simulate(net, x, record=record, seed=1, to=path, **options) as found:
            assert dict(found.sizes) == dict(expected.sizes)
            for name in expected.variables:
                assert np.array_equal(found[name], expected[name]), name
                assert found[name].attrs == expected[name].attrs
            times = ("wall_time_s", "run_time_s", "binary_time_s")
            assert {k: v for k, v in found.attrs.items() if k not in times} == {
                k: v for k, v in expected.attrs.items() if k not in times
            }
        path.unlink()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"workers": 0}, ValueError, "workers must be a whole number >= 1, got 0"),
        (
            {"workers": 2, "device": "numpy"},
            ValueError,
            "workers = 2 needs device='cpp_standalone', got 'numpy'",
        ),
        ({"threads": 1.5}, ValueError, "threads must be a whole number"),
        ({"batch": 0}, ValueError, "batch must be a whole number >= 1, got 0"),
        ({"timeout": -1}, ValueError, "timeout must be a positive time"),
        ({"to": "x.zip"}, ValueError, "name of a netCDF file, e.g. 'result.nc', got 'x.zip'"),
        ({"to": "nowhere/x.nc"}, FileNotFoundError, "folder nowhere does not exist"),
        ({"method": "eulr"}, ValueError, "euler"),
        ({"fast_math": "yes"}, TypeError, "fast_math must be True or False, got 'yes'"),
        ({"fast_math": True, "device": "numpy"}, ValueError, "for devices that compile"),
        ({"build_only": True, "to": "x.nc"}, ValueError, "nothing to write"),
        ({"build_only": True, "device": "numpy"}, ValueError, "numpy builds nothing"),
        ({"to": __file__}, ValueError, "name of a netCDF file"),
    ],
)
def test_bad_arguments_are_refused(net, options, error, message):
    with pytest.raises(error, match=message):
        simulate(net, stimulus(), **(CPP | options))
