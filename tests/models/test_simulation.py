import os
import signal
import threading
import time

import numpy as np
import pytest
import xarray as xr
from brian2 import Network, NeuronGroup, PoissonGroup, Synapses, ms

from chronaxie.models import (
    ALIF,
    Initial,
    Readout,
    Simulation,
    SimulationError,
    UnsupportedModel,
    annotate,
    annotations,
    dense,
    describe,
    readout_scores,
    simulate,
    srnn,
    start_states,
)
from chronaxie.models.devices import RUNTIME, brian2_device
from chronaxie.models.processes import follow
from chronaxie.models.standalone import program


def stimulus(trials=3, steps=60, channels=4, seed=0):
    x = (np.random.default_rng(seed).random((trials, steps, channels)) < 0.3).astype(np.uint8)
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * 0.004})


@pytest.fixture
def net():
    return srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0)


def same(one, other):
    drop = ("wall_time_s", "run_time_s", "binary_time_s")
    strip = [ds.assign_attrs(dict.fromkeys(drop, 0)) for ds in (one, other)]
    xr.testing.assert_identical(*strip)


@pytest.mark.parametrize(
    "device", ["numpy", pytest.param("cython", marks=pytest.mark.slow), "cpp_standalone"]
)
def test_one_build_serves_many_starts(net, device, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # a program that is in the cache is not built
    x = stimulus()
    starts = ["zero", Initial("random", seed=1), Initial("random", seed=2), "zero"]
    with Simulation(net, x, device=device, seed=0, namespace={}) as simulation:
        assert simulation.builds == 0
        runs = [simulation.run(initial=start, progress=False) for start in starts]
        assert simulation.builds == 1
    assert brian2_device.active_device is RUNTIME
    same(runs[0], runs[3])
    counts = [run.sizes["hidden1_spike"] for run in runs[:3]]
    assert len(set(counts)) == 3
    for start, run in zip(starts[:3], runs[:3], strict=True):
        alone = simulate(net, x, seed=0, initial=start, namespace={})
        for group in ("hidden1", "output"):
            assert np.array_equal(dense(run, group), dense(alone, group))
        tolerance = 0 if device == "numpy" else 1e-12  # exp of another library, some ulp
        assert np.abs(run.output_v - alone.output_v).max() <= tolerance


@pytest.mark.slow
def test_every_run_draws_the_same_random_numbers():
    source = PoissonGroup(20, 200 * (1 / (1000 * ms)), name="noise")
    target = NeuronGroup(
        2, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="cell"
    )
    synapses = Synapses(source, target, on_pre="v_post += 0.4", name="in")
    synapses.connect()
    net = Network(source, target, synapses)
    with Simulation(net, duration=0.2, seed=3, namespace={}) as simulation:
        first, second = simulation.run(), simulation.run()
    assert first.sizes["cell_spike"] > 5
    same(first, second)
    assert (
        simulate(net, duration=0.2, seed=4, namespace={}).sizes["noise_spike"] != first.sizes["noise_spike"]
    )


def test_it_is_a_context_manager(net):
    simulation = Simulation(net, stimulus(), namespace={})
    with pytest.raises(RuntimeError, match="with Simulation"):
        simulation.run()
    with simulation, pytest.raises(RuntimeError, match="in use"), simulation:
        pass


@pytest.mark.slow
def test_the_device_is_put_back_after_an_error(net):
    with Simulation(net, stimulus(), device="cython", namespace={}) as simulation:
        simulation.run()
        with pytest.raises(ValueError, match="no state variable 'u'"):
            simulation.run(initial={"hidden1": {"u": 0.0}})
        assert simulation.run().sizes["trial"] == 3
    assert brian2_device.active_device is RUNTIME


# ------------------------------------------------------------------ starts
def test_values_by_group_start_each_trial(net):
    values = np.random.default_rng(0).random((3, 12))
    ds = simulate(
        net,
        stimulus(),
        initial={"hidden1": {"v": values}, "output": {"a": 0.25}},
        record={"hidden1": ["v"], "output": ["a"]},
        namespace={},
    )
    assert np.array_equal(ds.hidden1_v.values[:, 0], values)
    assert np.all(ds.output_a.values[:, 0] == 0.25)


def test_a_trial_starts_the_same_however_many_there_are(net):
    few, many = (start_states(describe(net), Initial("random", seed=5), n) for n in (2, 7))
    for group, variables in few.items():
        for name, values in variables.items():
            assert np.array_equal(values, many[group][name][:2])
    assert set(few) == {"hidden1", "output"}


def test_without_fractional_spikes_only_membranes_are_random(net):
    found = start_states(describe(net), Initial("random", spike="none", membrane=2.0, adaptation=0.3), 50)
    assert np.all(found["hidden1"]["a"] == 0.3)
    assert 1.9 < found["hidden1"]["v"].max() < 2.0
    assert found["hidden1"]["v"].min() > 0


@pytest.mark.parametrize(
    ("initial", "error", "message"),
    [
        ({"hidden9": {"v": 0.0}}, ValueError, "no neuron group 'hidden9'; there are hidden1, output"),
        ({"hidden1": {"bias": 0.0}}, ValueError, "no state variable 'bias'; there are v, a"),
        ({"hidden1": {"v": np.zeros((2, 12))}}, ValueError, r"\(trial, neuron\) = \(3, 12\).*got \(2, 12\)"),
        ({"hidden1": {"v": np.full(12, np.nan)}}, ValueError, r"finite numbers, got nan at \(0,\)"),
        ({"hidden1": 3.0}, TypeError, "expected values by variable"),
        (3, TypeError, "initial must be an Initial"),
        ("warm", ValueError, "kind must be one of"),
    ],
)
def test_bad_starts_are_refused(net, initial, error, message):
    with pytest.raises(error, match=message):
        simulate(net, stimulus(), initial=initial, namespace={})


def test_a_random_start_of_other_neurons_is_refused():
    group = NeuronGroup(
        2, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="cell"
    )
    net = annotate(Network(group), dt_ref=1 * ms)
    with pytest.raises(UnsupportedModel, match="'cell' uses a random start of this neuron"):
        simulate(net, duration=0.01, initial="random", namespace={})
    bare = Network(NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="exact"))
    with pytest.raises(ValueError, match="dt_ref"):
        simulate(bare, duration=0.01, initial="random", namespace={})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "random", "seed": -1}, "seed must be"),
        ({"kind": "random", "membrane": -1.0}, "membrane must be"),
        ({"kind": "random", "spike": "some"}, "spike must be one of"),
        ({"kind": "random", "adaptation": "b0"}, "adaptation must be"),
    ],
)
def test_impossible_starts_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Initial(**options)


# ------------------------------------------------------------------ readouts
@pytest.mark.parametrize("reduce", ["none", "mean", "sum", "softmax_sum", "last"])
@pytest.mark.parametrize("variable", ["v", "spikes"])
def test_class_scores_are_those_of_the_readout(net, reduce, variable):
    slot = annotations(net).readout.slot
    annotate(net, readout=Readout("output", variable, slot=slot, reduce=reduce, skip=5))
    ds = simulate(net, stimulus(), namespace={})
    trace = ds.output_v.values if variable == "v" else dense(ds, "output").values.astype(float)
    assert np.ptp(trace) > 0
    expected = {
        "none": trace,
        "mean": trace[:, 5:].mean(1),
        "sum": trace[:, 5:].sum(1),
        "softmax_sum": (np.exp(trace[:, 5:]) / np.exp(trace[:, 5:]).sum(-1, keepdims=True)).sum(1),
        "last": trace[:, -1],
    }[reduce]
    np.testing.assert_allclose(readout_scores(ds), expected, rtol=1e-12)


def test_spikes_at_a_finer_step_count_by_dt_ref(net):
    annotate(net, readout=Readout("output", "spikes", reduce="none"))
    ds = simulate(net, stimulus(), dt=1 * ms, namespace={})
    assert readout_scores(ds).shape == (3, 60, 3)
    assert readout_scores(ds).sum() == ds.sizes["output_spike"]


def test_scores_need_a_readout_that_was_recorded(net):
    with pytest.raises(ValueError, match="output_v was not recorded"):
        readout_scores(simulate(net, stimulus(), record={}, namespace={}))
    with pytest.raises(ValueError, match="sampled every 0.008 s"):
        readout_scores(simulate(net, stimulus(), sample_dt=8 * ms, namespace={}))
    annotate(net, readout=Readout("output", "v", slot=annotations(net).readout.slot, reduce="mean", skip=60))
    with pytest.raises(ValueError, match="60 steps, but the readout leaves out the first 60"):
        readout_scores(simulate(net, stimulus(), namespace={}))
    group = NeuronGroup(1, "dv/dt = -v/(10*ms) : 1", method="exact", name="cell")
    with pytest.raises(ValueError, match="no readout"):
        readout_scores(simulate(Network(group), duration=0.01, namespace={}))


# ------------------------------------------------------------------ interruption
@pytest.mark.parametrize("progress", [False, True])
def test_a_run_that_is_interrupted_is_no_result(net, progress):
    """Brian2 answers Ctrl-C by ending its loop without an exception."""

    def stop():
        while not Network._globally_running:  # before that Ctrl-C is Python's own
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    with (
        pytest.raises(KeyboardInterrupt, match="stopped at t ="),
        Simulation(net, duration=400, namespace={}) as simulation,  # s: half a minute of work
    ):
        simulation.run(progress=progress)
    assert brian2_device.active_device is RUNTIME
    assert simulate(net, stimulus(), namespace={}).sizes["time"] == 60


@pytest.mark.slow
def test_a_compiled_run_that_was_killed_is_no_result(net, monkeypatch):
    def killed(processes, *arguments, **options):
        processes[0].kill()
        return follow(processes, *arguments, **options)

    monkeypatch.setattr(program, "follow", killed)
    with pytest.raises(SimulationError, match="the program ended with code"):
        simulate(net, stimulus(), duration=4e4, record={}, device="cpp_standalone", namespace={})
