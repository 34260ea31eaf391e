"""The devices agree with NumPy, leave Brian2's global state alone, and say what they miss."""

import os
import sys

import brian2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, defaultclock, get_device, ms, prefs, second
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from chronaxie.models import ALIF, LIF, DeviceError, Normal, describe, load, save, simulate, srnn
from chronaxie.models.cuda import CUDA
from chronaxie.models.cython_modules import own_modules
from chronaxie.models.devices import DEVICES, check_device, using

from .test_describe_build import by_hand
from .test_simulate import STEPS, stimulus, user_network

brian2_device = sys.modules["brian2.devices.device"]


def state():
    """What must be as before: device, stack of devices, preferences, clock, random numbers, flags, caches."""
    return {
        "device": id(get_device()),
        "stack": list(brian2_device.previous_devices),
        "registered": {name: id(d) for name, d in brian2_device.all_devices.items()},
        "clock": (id(get_device().defaultclock), float(defaultclock.dt)),
        "preferences": {name: prefs[name] for name in prefs},
        "random": np.random.get_state()[1].tobytes(),  # noqa: NPY002 - the one that Brian2 uses
        "buffers": [b.tobytes() for b in (brian2_device.runtime_device.rand_buffer_index,)],
        "flags": (Network._globally_running, Network._globally_stopped),
        "cython": id(cython_extension_manager._code_cache),
        "folder": os.getcwd(),
    }


def events(out, group):
    return np.stack([out[f"{group}_spike_{k}"].values for k in ("trial", "neuron", "time")])


def assert_same_spikes(a, b):
    groups = [v.removesuffix("_spike_time") for v in a.data_vars if v.endswith("_spike_time")]
    assert groups
    for group in groups:
        assert np.array_equal(events(a, group), events(b, group)), group


CASES = {
    "two layers": {"hidden": [10, 8]},
    "next": {"hidden": [10, 8], "transmission": "next"},
    "feedforward": {"hidden": [10], "recurrent": False},
    "lif": {"hidden": [10], "neuron": LIF},
    "spiking output": {"hidden": [10], "readout": ALIF},
    "current": {"hidden": [10], "input": "current"},
}


def compare(case, device, seed=0, **options):
    net = srnn(4, outputs=3, seed=seed, bias=Normal(0.02, 0.02), **CASES[case])
    x = stimulus(2, seed=seed, kind="current" if case == "current" else "spikes")
    before = state()
    reference, compiled = (
        simulate(net, x, seed=1, **options),
        simulate(net, x, seed=1, device=device, **options),
    )
    assert state() == before
    assert compiled.attrs["device"] == device
    assert reference.sizes["hidden1_spike"] > 20
    assert_same_spikes(reference, compiled)
    # exp of the C library and of NumPy differ by an ulp for some arguments; the membranes stay within 60 steps of that.
    assert np.abs(reference["output_v"] - compiled["output_v"]).max() < 1e-13
    return compiled


@pytest.mark.parametrize("device", [pytest.param("cython", marks=pytest.mark.slow), "cpp_standalone"])
def test_compiled_devices_give_the_spikes_of_numpy(device):
    compare("feedforward", device)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("case", CASES)
def test_compiled_devices_give_the_spikes_of_numpy_for_every_network(case, device):
    compare(case, device)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_compiled_devices_agree_at_a_finer_step(device):
    compare("two layers", device, dt=1 * ms)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_random_input_on_compiled_devices(device):
    out = simulate(user_network(), duration=0.2, trials=2, seed=5, device=device)
    again = simulate(user_network(), duration=0.2, trials=2, seed=5, device=device)
    assert out.drop_attrs().identical(again.drop_attrs())
    # 20 neurons at 100 Hz for 0.2 s and 2 trials: 800 spikes, sd 28.
    assert abs(out.sizes["noise_spike"] - 800) < 5 * 28


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_a_loaded_network_runs_compiled(device, tmp_path):
    net = srnn(4, [6], 3, bias=0.05)
    loaded = load(save(net, tmp_path / "net.nc"))
    assert_same_spikes(simulate(net, stimulus()), simulate(loaded, stimulus(), device=device))


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_a_network_by_hand_runs_compiled(device):
    net, namespace = by_hand()
    options = {
        "duration": 0.2,
        "trials": 2,
        "seed": 0,
        "namespace": namespace,
        "record": {"cells": ["v", "g"]},
    }
    reference, compiled = simulate(net, **options), simulate(net, device=device, **options)
    assert reference.sizes["cells_spike"] > 20
    assert_same_spikes(reference, compiled)
    # Volts of some 0.07: a few ulp of exp a step, forgotten within a time constant.
    assert np.abs(reference["cells_v"] - compiled["cells_v"]).max() < 1e-14


def test_numpy_leaves_the_global_state_alone():
    before = state()
    simulate(srnn(4, [6], 3), stimulus())
    assert state() == before


@pytest.mark.parametrize("name", [name for name in DEVICES if name != CUDA])  # for CUDA see test_cuda
def test_an_error_leaves_the_global_state_alone(name):
    before = state()

    def fail():
        with using(name, random_seed=1, device=CPPStandaloneDevice()):
            assert (prefs["codegen.target"] == "cython") == (name == "cython")
            assert (get_device() is not brian2_device.runtime_device) == (name == "cpp_standalone")
            group = NeuronGroup(2, "v : 1", name="g")
            group.v = 1
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert state() == before


def test_a_failing_simulation_leaves_the_global_state_alone():
    net = Network(
        NeuronGroup(1, "dv/dt = -v/second : volt", method="exact", threshold="v > 1", reset="", name="g")
    )
    before = state()
    with pytest.raises(brian2.core.base.BrianObjectException):
        simulate(net, duration=0.01)
    assert state() == before


@pytest.fixture
def standalone():
    """The user's own standalone device, active."""
    brian2.set_device("cpp_standalone", build_on_run=False, directory=None)
    device = get_device()
    yield device
    brian2_device.reset_device()
    device.reinit()


def test_the_standalone_device_of_the_user_is_left_alone(request):
    net = srnn(4, [6], 3, bias=0.05)
    expected = simulate(net, stimulus())
    device = request.getfixturevalue("standalone")
    mine = NeuronGroup(3, "v : 1", name="mine")
    mine.v = 2
    queued = list(device.main_queue)
    before = state()
    out = simulate(net, stimulus())
    assert state() == before
    assert device.main_queue == queued
    assert device.build_on_run is False
    assert_same_spikes(expected, out)


@pytest.mark.usefixtures("standalone")
def test_values_of_a_standalone_device_are_refused_where_they_are_not_known():
    group = NeuronGroup(3, "v : 1", name="mine")
    group.v = "rand()"
    with pytest.raises(NotImplementedError, match="'mine' uses 'v' on a standalone device"):
        describe(Network(group))


def test_flags_are_exact_and_the_cache_is_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "-ffast-math" in prefs["codegen.cpp.extra_compile_args_gcc"]
    with using("cython"):
        flags = prefs["codegen.cpp.extra_compile_args_gcc"]
        assert "-ffp-contract=off" in flags
        assert "-ffast-math" not in flags
        cache = prefs["codegen.runtime.cython.cache_dir"]
        assert cache.startswith(str(tmp_path))
        prefs["codegen.cpp.extra_compile_args_gcc"] = [*flags, "-O1"]
        with own_modules(prefs["codegen.cpp.extra_compile_args_gcc"]) as folder:
            assert str(folder) != cache


def test_generating_needs_no_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with using("cpp_standalone"):
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_device_is_refused():
    with pytest.raises(
        DeviceError, match="unknown device 'gpu'; choose one of numpy, cython, cpp_standalone"
    ):
        simulate(srnn(4, [6], 3), stimulus(), device="gpu")


@pytest.mark.parametrize("device", ["cython", "cpp_standalone"])
def test_a_missing_compiler_is_said_before_anything_is_built(device, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(DeviceError, match=f"'{device}' needs a C\\+\\+ compiler .*apt-get install g\\+\\+"):
        simulate(srnn(4, [6], 3), stimulus(), device=device)


def test_a_compiler_that_does_not_exist_is_said(monkeypatch):
    monkeypatch.setenv("CXX", "/nowhere/g++ -O2")
    with pytest.raises(DeviceError, match=r"needs a C\+\+ compiler"):
        check_device("cpp_standalone")


def test_a_compiler_is_named_as_in_a_shell(monkeypatch, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    for name in ("cc", "c++"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("CC", f'"{folder}/cc" -O1')
    monkeypatch.setenv("CXX", f"'{folder}/c++' -O1")
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"include": str(folder)})
    (folder / "Python.h").touch()
    check_device("cython")
    monkeypatch.setenv("CC", "'cc -O1")
    with pytest.raises(
        DeviceError, match="'cython' needs a compiler, and CC=.* is not a command: No closing"
    ):
        check_device("cython")


def test_a_missing_header_is_said(monkeypatch):
    monkeypatch.setattr("sysconfig.get_paths", lambda: {"include": "/nowhere"})
    with pytest.raises(DeviceError, match=r"header Python\.h"):
        check_device("cython")


def test_the_clock_of_the_user_is_not_the_simulations():
    before = float(defaultclock.dt)
    defaultclock.dt = 0.7 * ms
    try:
        out = simulate(srnn(4, [6], 3), stimulus())
        assert float(defaultclock.dt) == 0.7e-3
    finally:
        defaultclock.dt = before * second
    assert out["output_v"].sizes["time"] == STEPS


def test_making_networks_compiles_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(
        cython_extension_manager.__dict__, "create_extension", lambda *a, **k: pytest.fail("compiled")
    )
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "cython"
    try:
        load(save(srnn(4, [6], 3), tmp_path / "net.nc"))
        assert prefs["codegen.target"] == "cython"
    finally:
        prefs["codegen.target"] = before


def test_a_running_network_is_not_disturbed():
    """simulate from within a network operation, as a user may call it."""
    seen = []

    @brian2.network_operation(dt=1 * ms)
    def inner():
        seen.append(simulate(net, stimulus(1), seed=0).sizes["hidden1_spike"])

    net = srnn(4, [6], 3, bias=0.05)
    group = NeuronGroup(1, "dv/dt = 1/second : 1", method="euler")
    trace = StateMonitor(group, "v", record=True)
    outer = Network(group, inner, trace)
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "numpy"
    try:
        outer.run(2 * ms)
    finally:
        prefs["codegen.target"] = before
    assert len(seen) == 2
    assert seen[0] == seen[1] > 0
    assert len(trace.t) == 20
