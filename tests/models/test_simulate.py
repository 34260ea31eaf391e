"""simulate: trials, time steps, traces, inputs, and what it says when something does not fit."""

import numpy as np
import pytest
import xarray as xr
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    prefs,
    second,
)

from chronaxie.models import (
    ALIF,
    LIF,
    Normal,
    Readout,
    UnsupportedModel,
    annotate,
    annotations,
    build,
    dense,
    describe,
    network_values,
    simulate,
    srnn,
)

pytestmark = pytest.mark.usefixtures("numpy_target")

DT = 0.004
STEPS = 60


def stimulus(trials=3, steps=STEPS, channels=4, *, seed=0, kind="spikes", dt=DT):
    rng = np.random.default_rng(seed)
    if kind == "spikes":
        values = (rng.random((trials, steps, channels)) < 0.3).astype(np.uint8)
    else:
        values = rng.normal(0.3, 0.5, (trials, steps, channels))
    return xr.DataArray(values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * dt})


CASES = {
    "alif": {"hidden": [10]},
    "two layers": {"hidden": [10, 8]},
    "next": {"hidden": [10, 8], "transmission": "next"},
    "feedforward": {"hidden": [10], "recurrent": False},
    "lif": {"hidden": [10], "neuron": LIF},
    "spiking output": {"hidden": [10], "readout": ALIF},
    "current": {"hidden": [10], "input": "current"},
}


def network(case, seed=0):
    return srnn(4, outputs=3, seed=seed, bias=Normal(0.02, 0.02), **CASES[case])


def fitting(case, **options):
    return stimulus(kind="current" if CASES[case].get("input") else "spikes", **options)


SEEDS = [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_tiled_trials_are_single_trials_to_the_bit(case, seed):
    net, x = network(case, seed), fitting(case, seed=seed)
    together = simulate(net, x)
    for trial in range(x.sizes["trial"]):
        alone = simulate(net, x[trial : trial + 1])
        for group in [g for g in ("hidden1", "hidden2") if f"{g}_spike_time" in together]:
            here = together[f"{group}_spike_trial"].values == trial
            assert here.sum() > 5
            for name in ("time", "neuron"):
                assert np.array_equal(
                    together[f"{group}_spike_{name}"].values[here], alone[f"{group}_spike_{name}"].values
                )
        assert np.array_equal(together["output_v"].values[trial], alone["output_v"].values[0])


def test_simulate_is_what_brian2_does():
    net, x = network("two layers"), fitting("two layers", trials=1)
    out = simulate(net, x)
    by_hand = build(describe(net))
    objects = {o.name: o for o in by_hand.objects}
    time, channel = np.nonzero(x.values[0])
    objects["input"].set_spikes(channel, time * DT * second)
    monitor = SpikeMonitor(objects["hidden2"])
    trace = StateMonitor(objects["output"], "v", record=True, when="before_output_resets", dt=DT * second)
    by_hand.add(monitor, trace)
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "numpy"
    try:
        by_hand.run(STEPS * DT * second, namespace={})
    finally:
        prefs["codegen.target"] = before
    assert np.array_equal(out["hidden2_spike_time"], np.array(monitor.t))
    assert np.array_equal(np.sort(out["hidden2_spike_neuron"]), np.sort(np.array(monitor.i)))
    assert np.array_equal(out["output_v"].values[0].T, np.array(trace.v))


def test_the_dataset_says_what_it_is():
    net = network("two layers")
    out = simulate(net, stimulus(), seed=3)
    assert out["output_v"].dims == ("trial", "time", "output_neuron")
    assert out["output_v"].shape == (3, STEPS, 3)
    assert np.array_equal(out["time"], np.arange(STEPS) * DT)
    assert out.attrs["dt"] == out.attrs["dt_ref"] == DT
    assert out.attrs["duration"] == STEPS * DT
    assert (out.attrs["trials"], out.attrs["device"], out.attrs["seed"]) == (3, "numpy", 3)
    assert out.attrs["readout"] == "output_v"
    assert out.attrs["wall_time_s"] > 0
    assert "brian2" in out.attrs["versions"]
    assert all("units" in out[v].attrs for v in out.data_vars)
    assert out["hidden1_spike_time"].attrs["units"] == "s"
    assert out["output_v"].attrs["units"] == "1"
    key = np.stack([out[f"hidden1_spike_{k}"] for k in ("neuron", "time", "trial")])
    assert np.array_equal(np.lexsort(key), np.arange(key.shape[1]))


def test_the_dataset_is_netcdf(tmp_path):
    out = simulate(network("alif"), stimulus())
    out.to_netcdf(tmp_path / "out.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as back:
        assert back.identical(out.assign_attrs(back.attrs))
        assert {k: v for k, v in back.attrs.items() if k != "trials"} == {
            k: v for k, v in out.attrs.items() if k != "trials"
        }


def test_inputs_are_recorded_and_synapses_counted():
    x = stimulus()
    out = simulate(network("two layers"), x)
    assert np.array_equal(dense(out, "input").values, x.values)
    counts = dict(zip(out["connection"].values, out["synapses"].values, strict=True))
    assert counts == {
        "input_hidden1": 40, "hidden1_hidden1": 100, "hidden1_hidden2": 80,
        "hidden2_hidden2": 64, "hidden2_output": 24,
    }  # fmt: skip
    assert out["source"].sel(connection="hidden1_hidden2") == "hidden1"
    assert out["hidden1_fan_out"].values.tolist() == [18] * 10
    assert out["input_fan_out"].values.tolist() == [10] * 4
    assert out["hidden2_fan_out"].values.tolist() == [11] * 8


def test_dense_counts_in_bins():
    out = simulate(network("alif"), stimulus())
    steps = dense(out, "hidden1")
    assert steps.dims == ("trial", "time", "neuron")
    assert steps.dtype == np.uint8
    assert steps.shape == (3, STEPS, 10)
    assert steps.sum() == out.sizes["hidden1_spike"]
    wide = dense(out, "hidden1", dt=4 * DT)
    assert np.array_equal(wide.values, steps.values.reshape(3, STEPS // 4, 4, 10).sum(2))
    fine = simulate(network("alif"), stimulus(), dt=0.5 * ms)
    assert dense(fine, "hidden1", dt=DT).values.max() == 1
    with pytest.raises(KeyError, match="no spikes of 'hidden9'; the dataset has those of hidden1, input"):
        dense(out, "hidden9")
    with pytest.raises(ValueError, match="dt must be a positive time"):
        dense(out, "hidden1", dt=0)


@pytest.mark.parametrize("dt", [2, 1, 0.5])
def test_a_finer_step_is_the_same_network(dt):
    """Without bias nothing happens between input spikes: the spikes of 4 ms are those of any finer step."""
    net, x = srnn(4, [10, 8], 3, seed=4, tau_m=40), stimulus(seed=4)
    coarse, fine = simulate(net, x), simulate(net, x, dt=dt * ms)
    assert coarse.sizes["hidden1_spike"] > 50
    assert np.array_equal(dense(coarse, "hidden1"), dense(fine, "hidden1", dt=DT))
    assert np.array_equal(dense(coarse, "hidden2"), dense(fine, "hidden2", dt=DT))
    assert fine["output_v"].shape == coarse["output_v"].shape
    # exp(-dt/tau) to the power of dt_ref/dt: some ulp a step.
    assert np.abs(fine["output_v"] - coarse["output_v"]).max() < 1e-12
    assert fine.attrs["dt"] == dt * 1e-3


def test_currents_act_in_full_before_the_readout_at_a_finer_step():
    net = srnn(2, [5], 2, input="current", recurrent=False, b0=1e6)
    objects = {o.name: o for o in net.objects}
    x = stimulus(2, 30, 2, kind="current")
    record = {"hidden1": {"v": "before_resets"}}
    annotate(net, readout=Readout("hidden1", "v", slot="before_resets", phase="last"))
    coarse, fine = (simulate(net, x, dt=dt * ms, record=record)["hidden1_v"] for dt in (4, 0.5))
    assert objects["hidden1"].b0[:] == 1e6
    assert np.abs(coarse).max() > 0.05
    assert np.abs(coarse - fine).max() < 1e-12


def test_traces_at_slots_and_intervals():
    net, x = network("alif"), stimulus()
    before = simulate(net, x, record={"hidden1": {"v": "before_resets", "theta": "before_resets"}})
    after = simulate(net, x, record={"hidden1": {"v": "after_resets"}, "output": ["v"]})
    spiked = dense(before, "hidden1").values.astype(bool)
    assert np.array_equal(spiked, (before["hidden1_v"] > before["hidden1_theta"]).values)
    changed = (before["hidden1_v"] != after["hidden1_v"]).values
    assert np.array_equal(changed, spiked)
    assert "output_v" in after
    assert "output_v" not in before
    assert "output_v" not in simulate(net, x, record={})
    sparse = simulate(net, x, record={"hidden1": {"v": "before_resets"}}, sample_dt=3 * DT)
    assert np.array_equal(sparse["hidden1_v"].values, before["hidden1_v"].values[:, ::3])
    assert np.array_equal(sparse["time"], np.arange(0, STEPS, 3) * DT)
    fine = simulate(net, x, dt=1 * ms, sample_dt=1 * ms)
    assert fine["output_v"].shape == (3, 4 * STEPS, 3)


def test_the_network_stays_as_it_is():
    net = network("alif")
    before = describe(net)
    simulate(net, stimulus())
    after = describe(net)
    assert float(net.t) == 0
    for a, b in zip(before.group("hidden1").variables, after.group("hidden1").variables, strict=True):
        assert np.array_equal(a.array.values, b.array.values)


def test_initial_states():
    net = network("alif")
    hidden = next(o for o in net.objects if o.name == "hidden1")
    hidden.v = 5
    given = simulate(net, stimulus(), record={"hidden1": ["v"]})
    zero = simulate(net, stimulus(), record={"hidden1": ["v"]}, initial="zero")
    assert (given["hidden1_v"].isel(time=0) == 5).all()
    assert (zero["hidden1_v"].isel(time=0) == 0).all()
    with pytest.raises(ValueError, match="kind must be one of"):
        simulate(net, stimulus(), initial="warm")
    with pytest.raises(TypeError, match="initial must be an Initial"):
        simulate(net, stimulus(), initial=0)


def user_network():
    gain = 1.5
    p = PoissonGroup(20, 100 * Hz, name="noise")
    g = NeuronGroup(
        5, "dv/dt = (gain*x - v)/(10*ms) : volt\nx = 1*mV : volt", threshold="v > 5*mV", reset="v = 0*mV", name="cells",
        refractory=2 * ms, method="exponential_euler", namespace={"gain": gain},
    )  # fmt: skip
    s = Synapses(p, g, on_pre="v += 1*mV", delay=1 * ms, name="drive")
    s.connect()
    return Network(p, g, s)


@pytest.mark.slow
def test_a_network_by_hand_without_a_stimulus():
    net = user_network()
    out = simulate(net, duration=200 * ms, trials=2, seed=1, record={"cells": ["v"]})
    again = simulate(net, duration=0.2, trials=2, seed=1, record={"cells": ["v"]})
    other = simulate(net, duration=0.2, trials=2, seed=2, record={"cells": ["v"]})
    assert out.drop_attrs().identical(again.drop_attrs())
    assert not np.array_equal(out["cells_v"], other["cells_v"])
    assert not np.array_equal(out["cells_v"][0], out["cells_v"][1])
    assert out["cells_v"].attrs["units"] == "V"
    assert "dt_ref" not in out.attrs
    # 20 neurons at 100 Hz for 0.2 s and 2 trials: 800 spikes, sd 28.
    assert abs(out.sizes["noise_spike"] - 800) < 5 * 28
    unseeded = {simulate(net, duration=0.01).attrs["seed"] for _ in range(3)}
    assert len(unseeded) == 3


def test_random_numbers_of_the_user_are_left_alone():
    np.random.seed(7)  # noqa: NPY002 - it is the legacy generator that Brian2 uses
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    simulate(user_network(), duration=0.01, seed=1)
    assert np.array_equal(np.random.random(3), expected)  # noqa: NPY002


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dt": 3 * ms}, ValueError, "dt = 0.003 s does not divide dt_ref = 0.004 s"),
        ({"sample_dt": 3 * ms}, ValueError, "does not divide sample_dt"),
        ({"trials": 2}, ValueError, "trials = 2, but the stimulus has 3"),
        ({"dt": 2 * mV}, ValueError, r"dt: expected a time, got 2\. mV"),
        ({"sample_dt": 4 * mV}, ValueError, "sample_dt: expected a time"),
        ({"duration": 8 * mV}, ValueError, r"duration: expected a time, got 8\. mV"),
        ({"duration": 10.4 * ms}, ValueError, r"does not divide duration = 0.0104 s \(2.6 steps\)"),
        ({"duration": -1}, ValueError, "duration must be a positive time"),
        ({"duration": 0.0051}, ValueError, "does not divide duration"),
        ({"record": ["v"]}, TypeError, "record must be a dict"),
        ({"record": {"output": ["w"]}}, ValueError, "'output' has no variable 'w'; nearest: "),
        ({"record": {"outputs": ["v"]}}, ValueError, "no group 'outputs'"),
        ({"record": {"output": {"v": "befor_resets"}}}, ValueError, "no slot 'befor_resets'; slots: start"),
        ({"seed": -1}, ValueError, "seed must be a whole number"),
    ],
)
def test_bad_arguments_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        simulate(network("alif"), stimulus(), **options)


def test_without_stimulus_a_duration_is_needed():
    with pytest.raises(ValueError, match="give the duration"):
        simulate(network("alif"))
    with pytest.raises(ValueError, match="trials must be a whole number"):
        simulate(network("alif"), duration=0.1, trials=0)


def test_unsupported_networks_are_refused():
    net = user_network()
    next(o for o in net.objects if o.name == "cells").active = False
    with pytest.raises(UnsupportedModel, match="active = False"):
        simulate(net, duration=0.1)


@pytest.mark.parametrize("value", [0, -0.02, np.nan])
def test_a_time_constant_that_is_not_positive_is_refused(value):
    net = network("alif")
    hidden = next(o for o in net.objects if o.name == "hidden1")
    hidden.variables["tau_a"].get_value()[3] = value
    with pytest.raises(ValueError, match=rf"hidden1\.tau_a\[3\] = {float(value)} s: expected > 0"):
        simulate(net, stimulus())


@pytest.mark.parametrize("where", ["parameter", "namespace", "synapses"])
def test_time_constants_are_checked_wherever_they_are(where):
    tau = -20 * ms if where == "namespace" else 1 * second
    equations = "dv/dt = -v/(tau*tau_x/second) : 1\ntau_x : second"
    g = NeuronGroup(
        2, equations, threshold="v > 1", reset="v = 0", method="exact", namespace={"tau": tau}, name="cells"
    )
    g.tau_x = [1, -1 if where == "parameter" else 1] * second
    s = Synapses(g, g, "s_tau : second", on_pre="v_post += s_tau/second", name="loop")
    s.connect(i=[0, 1], j=[1, 0])
    s.s_tau = [5, 0 if where == "synapses" else 5] * ms
    found = {
        "parameter": r"cells.tau_x\[1\] = -1",
        "namespace": "cells.tau = -0.02",
        "synapses": r"loop.s_tau\[1\] = 0",
    }
    with pytest.raises(ValueError, match=rf"{found[where]}.* s: expected > 0"):
        simulate(Network(g, s), duration=10 * ms)


def test_progress_is_shown_where_asked(capsys):
    simulate(network("alif"), stimulus(), progress=True)
    assert "0.72/0.72 s" in capsys.readouterr().err
    simulate(network("alif"), stimulus(), progress=False)
    assert capsys.readouterr().err == ""


def test_network_values():
    net = srnn(2, [3, 4], 2, bias=0.5)
    values = network_values(net)
    assert values["layer"].values.tolist() == ["hidden1"] * 3 + ["hidden2"] * 4 + ["output"] * 2
    assert values["index"].values.tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 1]
    hidden = next(o for o in net.objects if o.name == "hidden2")
    assert np.array_equal(values["tau_m"].values[3:7], np.asarray(hidden.tau_m) * 1e3)
    assert np.isnan(values["tau_a"].values[7:]).all()
    assert not np.isnan(values["tau_a"].values[:7]).any()
    assert values["tau_a"].attrs["units"] == "ms"
    assert (values["bias"] == 0.5).all()
    assert values.identical(network_values(describe(net)))
    with pytest.raises(ValueError, match="no group of the network has a variable tau_m"):
        network_values(user_network())


def test_annotations_travel():
    net = network("next")
    assert annotations(build(describe(net))) == annotations(net)
