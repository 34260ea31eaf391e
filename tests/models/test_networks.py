"""srnn: names, initial values, and the papers' recursion held against Brian2 on the numpy target."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, StateMonitor, Synapses, TimedArray, ms, mV

from chronaxie.models import ALIF, LIF, Initial, LeakyIntegrator, Normal, Readout, annotate, annotations, srnn

STEPS = 60


pytestmark = pytest.mark.usefixtures("numpy_target")


def objects(net):
    return {obj.name: obj for obj in net.objects}


def value(group, name):
    return group.variables[name].get_value().item()


def weights(net, name):
    s = objects(net)[name]
    w = np.zeros((len(s.source), len(s.target)))
    w[np.asarray(s.i), np.asarray(s.j)] = np.asarray(s.w)
    return w


def run_brian2(net, x, layers):
    """Spikes (time, neuron) of `layers` and the readout trace (time, neuron); x (time, channel) goes in."""
    by_name = objects(net)
    if isinstance(by_name["input"], NeuronGroup):
        by_name["input"].namespace["stimulus"] = TimedArray(x, dt=4 * ms, name="stimulus")
    else:
        t, channel = np.nonzero(x)
        by_name["input"].set_spikes(channel, t * 4 * ms)
    readout = annotations(net).readout
    spikes = {name: SpikeMonitor(by_name[name], name=f"{name}_spikes") for name in layers}
    trace = StateMonitor(
        by_name["output"], "v", record=True, when=readout.slot, clock=by_name["output"].clock
    )
    net.add(*spikes.values(), trace)
    net.run(len(x) * 4 * ms, namespace={})
    out = {}
    for name, monitor in spikes.items():
        out[name] = np.zeros((len(x), len(by_name[name])), bool)
        out[name][np.round(np.asarray(monitor.t / (4 * ms))).astype(int), np.asarray(monitor.i)] = True
    return out, np.asarray(trace.v).T


def recursion(net, x, layers, *, adaptive, transmission):
    """Yin et al. (2020, 2021), released code: eta, theta, u, s in this order."""
    by_name = objects(net)
    names = ["input", *layers, "output"]
    v = {n: np.zeros(len(by_name[n])) for n in names[1:]}
    a = {n: np.zeros(len(by_name[n])) for n in layers}
    s = {n: np.zeros(len(by_name[n])) for n in names}
    b0 = 0.01
    out, trace = {n: [] for n in layers}, []
    for row in x:
        before = {n: s[n].copy() for n in names}
        s["input"] = row
        for pre, post in zip(names, names[1:], strict=False):
            group = by_name[post]
            alpha = np.exp(-1 / np.asarray(group.tau_m / (4 * ms)))
            late = transmission == "next" and pre != "input"
            current = (before if late else s)[pre] @ weights(net, f"{pre}_{post}") + np.asarray(group.bias)
            if f"{post}_{post}" in by_name:
                current = current + before[post] @ weights(net, f"{post}_{post}")
            if post == "output":
                v[post] = alpha * v[post] + (1 - alpha) * current
                trace.append(v[post].copy())
                continue
            theta = b0
            if adaptive:
                rho = np.exp(-1 / np.asarray(group.tau_a / (4 * ms)))
                a[post] = rho * a[post] + (1 - rho) * before[post]
                theta = b0 + 1.8 * a[post]
            v[post] = alpha * v[post] + (1 - alpha) * current - theta * before[post]
            s[post] = (v[post] > theta).astype(float)
            out[post].append(s[post] > 0)
    return {n: np.array(rows) for n, rows in out.items()}, np.array(trace)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("hidden", "options"),
    [
        ([12], {}),
        ([12, 9], {}),
        ([12, 9], {"transmission": "next"}),
        ([12], {"neuron": LIF}),
        ([12, 9], {"recurrent": False}),
        ([12], {"input": "current"}),
    ],
    ids=["one", "two", "next", "lif", "feedforward", "current"],
)
def test_srnn_is_the_papers_recursion(hidden, options, seed):
    rng = np.random.default_rng(seed)
    x = (rng.random((STEPS, 4)) < 0.3).astype(float)
    if options.get("input") == "current":
        x = rng.normal(0.3, 0.5, (STEPS, 4))
    net = srnn(4, hidden, 3, seed=seed, bias=Normal(0.01, 0.02), **options)
    layers = [f"hidden{k + 1}" for k in range(len(hidden))]
    adaptive = options.get("neuron", ALIF) is ALIF
    expected, trace = recursion(net, x, layers, adaptive=adaptive, transmission=options.get("transmission"))
    spikes, v = run_brian2(net, x, layers)
    for name in layers:
        assert 0.02 < expected[name].mean() < 0.9
        assert np.array_equal(spikes[name], expected[name])
    # The same sums in another order: some ulp over 60 steps of values up to 1.
    assert np.abs(v - trace).max() < 1e-12


def test_names_and_schedule():
    net = srnn(4, [5, 6], 3)
    assert {o.name for o in net.objects} == {
        "input", "hidden1", "hidden2", "output", "input_hidden1", "hidden1_hidden1", "hidden1_hidden2",
        "hidden2_hidden2", "hidden2_output",
    }  # fmt: skip
    assert net.schedule == [
        "start", "groups", "synapses", "thresholds", "resets",
        "hidden2_synapses", "hidden2_thresholds", "hidden2_resets",
        "output_synapses", "output_thresholds", "output_resets", "end",
    ]  # fmt: skip
    assert isinstance(net, Network)
    s = objects(net)["hidden1_hidden2"]
    assert isinstance(s, Synapses)
    assert np.array_equal(np.asarray(s.i), np.repeat(np.arange(5), 6))
    assert np.array_equal(np.asarray(s.j), np.tile(np.arange(6), 5))


def test_annotations_of_srnn():
    a = annotations(srnn(4, [5], 3, dt=2 * ms, readout_reduce="mean", readout_skip=0))
    assert float(a.dt_ref) == 0.002
    assert a.readout == Readout("output", "v", slot="before_output_resets", reduce="mean", skip=0)
    assert a.step_delays == ("hidden1_hidden1_pre",)
    assert a.initial == Initial("given")
    late = annotations(srnn(4, [5, 5], 3, transmission="next", recurrent=[True, False]))
    assert late.step_delays == ("hidden1_hidden1_pre", "hidden1_hidden2_pre", "hidden2_output_pre")
    assert late.readout.slot == "before_resets"


def test_initial_values_follow_the_seed_and_nothing_else():
    def values(**options):
        net = objects(srnn(4, outputs=3, **options))
        return [
            np.asarray(net["hidden1"].tau_m),
            np.asarray(net["hidden1"].tau_a),
            np.asarray(net["input_hidden1"].w),
        ]

    first = values(hidden=[20], seed=5)
    assert all(map(np.array_equal, first, values(hidden=[20], seed=5)))
    assert all(map(np.array_equal, first, values(hidden=[20, 7], seed=5)))
    assert not any(map(np.array_equal, first, values(hidden=[20], seed=6)))


def test_initial_values_are_the_papers():
    net = objects(srnn(4, [400], 3))
    hidden = net["hidden1"]
    # 5 standard errors of the mean of 400 draws.
    assert np.mean(hidden.tau_m / (4 * ms)) == pytest.approx(20, abs=5 * 5 / 20)
    assert np.mean(hidden.tau_a / (4 * ms)) == pytest.approx(150, abs=5 * 10 / 20)
    assert value(hidden, "b0") == 0.01
    assert value(hidden, "beta") == 1.8
    assert not np.any(hidden.bias)
    w = weights(srnn(4, [30], 3), "hidden1_hidden1")
    assert np.abs(w @ w.T - np.eye(30)).max() < 1e-13


def test_initial_values_can_be_given_by_group():
    net = objects(srnn(4, [5], 3, tau_m={"hidden1": 10, "output": 30 * ms}, beta=0.5))
    assert np.allclose(net["hidden1"].tau_m / ms, 40, rtol=1e-15)
    assert np.allclose(net["output"].tau_m / ms, 30, rtol=1e-15)
    assert value(net["hidden1"], "beta") == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": 0}, "inputs must be a whole number >= 1, got 0"),
        ({"hidden": []}, "at least one layer"),
        ({"hidden": [3.5]}, "hidden must be a whole number"),
        ({"outputs": True}, "outputs must be a whole number"),
        ({"input": "rates"}, "input must be one of"),
        ({"transmission": "later"}, "transmission must be one of"),
        ({"dt": 4}, "dt must be a positive time, e.g. 4\\*ms"),
        ({"dt": -1 * ms}, "dt must be a positive time"),
        ({"dt": "a"}, "dt must be a positive time, .* got 'a'"),
        ({"dt": 4 * mV}, "dt must be a positive time"),
        ({"input_gain": "a"}, "input_gain must be a finite number > 0, got 'a'"),
        ({"input_gain": 2 * mV}, "input_gain must be a finite number > 0"),
        ({"recurrent_gain": [1, 2]}, "recurrent_gain must be a finite number > 0"),
        ({"recurrent": 1}, "recurrent must be True, False or 1 of them, got 1"),
        ({"recurrent": "yes"}, "recurrent must be True, False or 1 of them, got 'yes'"),
        ({"tau_m": "a"}, "hidden1.tau_m: expected a number, quantity, array, .* got 'a'"),
        ({"bias": {"hidden1": "a"}}, "hidden1.bias: expected a number, .* got 'a'"),
        ({"seed": -1}, "seed must be a whole number >= 0"),
        ({"recurrent": [True, True]}, "recurrent must be True, False or 1 of them"),
        ({"tau_n": 3}, "unknown parameter 'tau_n'; nearest: tau_"),
        ({"tau_m": 3 * mV}, "hidden1.tau_m: expected a value in second"),
        ({"tau_a": {"output": 3}}, "tau_a: no group output with it; groups: hidden1"),
        ({"tau_m": -5}, "hidden1.tau_m: a time must be positive"),
        ({"readout_reduce": "max"}, "reduce must be one of"),
        ({"readout_skip": -1}, "skip must be a whole number"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        srnn(**{"inputs": 4, "hidden": [5], "outputs": 3} | options)


def test_a_neuron_is_a_model():
    with pytest.raises(TypeError, match="must be NeuronModels, got str"):
        srnn(4, [5], 3, neuron="ALIF")


def test_readout_can_be_any_model():
    net = srnn(4, [5], 3, readout=ALIF)
    assert objects(net)["output"].thresholder["spike"].when == "output_thresholds"
    assert objects(srnn(4, [5], 3, readout=LeakyIntegrator))["output"].thresholder == {}


def test_annotate_keeps_what_is_not_given():
    net = Network()
    assert annotations(net).dt_ref is None
    annotate(net, dt_ref=4 * ms)
    annotate(net, readout=Readout("g"))
    assert float(annotations(net).dt_ref) == 0.004
    assert annotations(net).readout.group == "g"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: annotate("net"), TypeError, "expected a brian2.Network, got str"),
        (lambda: annotate(Network(), dt_ref=4), ValueError, "dt_ref must be a positive time"),
        (lambda: annotate(Network(), readout="v"), TypeError, "readout must be a Readout"),
        (lambda: annotate(Network(), initial="zero"), TypeError, "initial must be an Initial"),
        (lambda: Initial("warm"), ValueError, "kind must be one of"),
        (lambda: Readout("g", phase="middle"), ValueError, "phase must be one of"),
    ],
)
def test_bad_annotations_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
