"""Networks of one's own in NIR: what their equations are, what is refused, what a graph's network does."""

import numpy as np
import pytest
import xarray as xr

nir = pytest.importorskip("nir", reason="the extra interchange: nir is not installed")

from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, mV, second  # noqa: E402

import chronaxie.models as models  # noqa: E402
from chronaxie.models import UnsupportedModel, describe, load, save, simulate, srnn  # noqa: E402
from chronaxie.models.interchange import (  # noqa: E402
    NIR_LI,
    NIR_LIF,
    GraphRefused,
    NIR_CubaLI,
    NIR_CubaLIF,
    from_nir,
    read_nir,
    to_nir,
    write_nir,
)

from .graphs import assert_identical  # noqa: E402

pytestmark = pytest.mark.usefixtures("numpy_target")


def by_hand(equations="dv/dt = (E - v)/tau : volt\ntau : second (constant)", **options):
    """Two inputs, three neurons in volts, as a user writes them; `options` of the group."""
    namespace = {"E": -70 * mV, "theta": -50 * mV, "dt_ref": 1 * ms}
    given = {"threshold": "v > theta", "reset": "v = E", "method": "euler", "namespace": namespace} | options
    source = SpikeGeneratorGroup(2, [0], [1] * ms, name="source", dt=1 * ms)
    cells = NeuronGroup(3, equations, name="cells", dt=1 * ms, **given)
    if "tau" in cells.variables:
        cells.tau = [10, 15, 20] * ms
    feed = Synapses(source, cells, "w : volt", on_pre="v_post += w", name="feed", dt=1 * ms)
    feed.connect(i=[0, 0, 1], j=[0, 1, 2])
    feed.w = [2, 3, 4] * mV
    return source, cells, feed


def two_layers(input_shape=3):
    """A small graph: LIF with a bias and a loop, LI."""
    rng = np.random.default_rng(0)
    ones = np.ones(4)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input({"input": np.array([input_shape])}),
            "fc1": nir.Affine(rng.normal(size=(4, input_shape)) * 8, np.full(4, 0.3)),
            "lif": nir.LIF(ones * 0.01, ones, 0 * ones, ones * 0.5, 0 * ones),
            "w_rec": nir.Linear(rng.normal(size=(4, 4))),
            "fc2": nir.Linear(rng.normal(size=(2, 4))),
            "li": nir.LI(np.full(2, 0.02), np.ones(2), np.zeros(2)),
            "output": nir.Output({"output": np.array([2])}),
        },
        edges=[
            ("input", "fc1"),
            ("fc1", "lif"),
            ("lif", "w_rec"),
            ("w_rec", "lif"),
            ("lif", "fc2"),
            ("fc2", "li"),
            ("li", "output"),
        ],
    )


def test_equations_of_ones_own_are_recognised_in_volts():
    graph = to_nir(Network(*by_hand()))
    cells, feed = graph.nodes["cells"], graph.nodes["feed"]
    assert type(cells).__name__ == "LIF"
    np.testing.assert_array_equal(cells.tau, np.array([10, 15, 20]) * 1e-3)
    np.testing.assert_allclose(cells.v_leak, -0.07, rtol=1e-15)
    np.testing.assert_allclose(cells.v_threshold, -0.05, rtol=1e-15)
    np.testing.assert_allclose(cells.v_reset, -0.07, rtol=1e-15)
    # Weights are the jumps of v: r = tau/dt makes them so.
    np.testing.assert_allclose(cells.r, cells.tau / 1e-3, rtol=1e-15)
    np.testing.assert_allclose(feed.weight, [[2e-3, 0], [3e-3, 0], [0, 4e-3]], rtol=1e-15)


def test_the_graph_of_a_network_by_hand_fires_as_it_does():
    source, cells, feed = by_hand()
    source.when = "before_synapses"
    net = Network(source, cells, feed)
    # As a graph runs: spikes arrive after the decay and before the threshold.
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    feed.w = [25, 30, 35] * mV
    cells.v = -70 * mV
    spikes = (np.random.default_rng(0).random((1, 60, 2)) < 0.4).astype(float)
    times = {"time": np.arange(60) * 1e-3}
    stimulus = xr.DataArray(spikes, dims=("trial", "time", "channel"), coords=times)
    again = models.with_method(describe(from_nir(to_nir(net))), "euler")
    one, other = (
        models.dense(simulate(n, stimulus, device="numpy"), "cells").values[0] for n in (net, again)
    )
    assert one.sum() > 10
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("neuron", "readout"), [(NIR_LIF, NIR_LI), (NIR_CubaLIF, NIR_CubaLI)])
def test_what_srnn_builds_of_nir_neurons_comes_back_with_every_value(neuron, readout):
    net = srnn(3, [4], 2, neuron=neuron, readout=readout, dt=2 * ms, seed=1)
    graph = to_nir(net)
    assert type(graph.nodes["hidden1"]).__name__ == neuron.name.split()[1]
    again, before = describe(from_nir(graph)), describe(net)
    assert again.dt == before.dt
    for g in ("hidden1", "output"):
        values = {v.name: v.array.values for v in again.group(g).variables}
        for v in before.group(g).variables:
            np.testing.assert_array_equal(values[v.name], v.array.values, err_msg=f"{g}.{v.name}")
    weights = {s.name: s.variables[0].array.values for s in again.synapses}
    for s in before.synapses:
        np.testing.assert_array_equal(weights[s.name], s.variables[0].array.values, err_msg=s.name)


def test_files_hold_the_graph_and_networks_keep_it(tmp_path):
    graph = two_layers()
    net = from_nir(graph, dt=1 * ms)
    save(net, tmp_path / "net.nc")
    assert_identical(graph, to_nir(load(tmp_path / "net.nc")))
    write_nir(net, tmp_path / "net.nir")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_nir(net, tmp_path / "net.nir")
    again = to_nir(read_nir(tmp_path / "net.nir"))  # HDF5 sorts the names
    for name, node in graph.nodes.items():
        for field, value in vars(node).items():
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(
                    getattr(again.nodes[name], field), value, err_msg=f"{name}.{field}"
                )
    assert sorted(again.edges) == sorted(graph.edges)
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    (tmp_path / "torn.nir").write_bytes((tmp_path / "net.nir").read_bytes()[:600])
    with pytest.raises(models.FileRefused, match="torn.nir: expected a NIR file"):
        read_nir(tmp_path / "torn.nir")


def test_a_pulse_moves_the_membrane_by_r_w_dt_over_tau_and_a_bias_is_a_constant_current():
    graph = two_layers()
    net = from_nir(graph, dt=1 * ms)
    x = np.zeros((1, 40, 3))
    x[0, 5, 1] = 1
    stimulus = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(40) * 1e-3})
    out = simulate(net, stimulus, device="numpy", record={"lif": {"v": "before_resets"}})
    v = out["lif_v"].values[0]
    bias = 0.3 * (1 - np.exp(-np.arange(1, 6) * 1e-3 / 0.01))
    np.testing.assert_allclose(v[:5], bias[:, None] * np.ones(4), rtol=1e-12)
    fc1 = graph.nodes["fc1"].weight
    jump = 0.3 * (1 - np.exp(-6e-3 / 0.01)) + fc1[:, 1] * 1e-3 / 0.01
    np.testing.assert_allclose(v[5], jump, rtol=1e-12)


def test_currents_come_from_a_timed_array_and_subgraphs_are_taken_apart():
    inner = two_layers()
    graph = nir.NIRGraph(
        nodes={
            "in": nir.Input({"input": np.array([3])}),
            "net": inner,
            "out": nir.Output({"output": np.array([2])}),
        },
        edges=[("in", "net"), ("net", "out")],
    )
    net = from_nir(graph, dt=1 * ms, input="current")
    x = xr.DataArray(
        np.full((1, 20, 3), 0.1), dims=("trial", "time", "channel"), coords={"time": np.arange(20) * 1e-3}
    )
    out = simulate(net, x, device="numpy", record={"net_lif": {"v": "before_resets"}})
    drive = inner.nodes["fc1"].weight.sum(1) * 0.1 + 0.3
    np.testing.assert_allclose(out["net_lif_v"].values[0, 0], drive * (1 - np.exp(-0.1)), rtol=1e-12)
    assert set(to_nir(net).nodes) == {"in", "out", "net.fc1", "net.lif", "net.w_rec", "net.fc2", "net.li"}


def test_delays_that_are_what_a_loop_takes_anyway_and_those_of_zero_come_back():
    graph = two_layers()
    for edge, name in ((("lif", "w_rec"), "a step"), (("lif", "fc2"), "nothing")):
        graph.edges[graph.edges.index(edge)] = (edge[0], name)
        graph.edges.append((name, edge[1]))
        graph.nodes[name] = nir.Delay(np.full(4, 1e-3 if name == "a step" else 0.0))
    net = from_nir(graph, dt=1 * ms)
    delays = {s.name: s.pathways[0].delay.tolist() for s in describe(net).synapses}
    assert delays == {"fc1": 0.0, "fc2": 0.0, "w_rec": 0.0}
    again = to_nir(net)
    assert_identical(graph, again)
    graph.nodes["a step"].delay[0] = 5e-4
    with pytest.raises(
        GraphRefused, match="'w_rec', which leads back, begin at 0.0005 s: expected at least the step"
    ):
        from_nir(graph, dt=1 * ms)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": "v > theta + a", "equations": "dv/dt = (E - v)/tau : volt\nda/dt = -a/tau : volt\n"
          "tau : second (constant)"}, "'cells' has an adaptive threshold, which depends on 'a'"),
        ({"reset": "v -= 20*mV"}, "the reset 'v -= 20[*]mV'; NIR's sets the state to a value"),
        ({"refractory": 2 * ms}, "'cells' has a refractory period"),
        ({"equations": "dv/dt = (E - v)/tau - u/second : volt\ndu/dt = (v - u)/tau : volt\n"
          "tau : second (constant)"}, "'u', which is coupled to 'v' below threshold"),
        ({"equations": "dv/dt = (v - E)*(v - theta)/(tau*mV) : volt\ntau : second (constant)"}, "not linear"),
        ({"equations": "dv/dt = (E - v)/tau + 1*mV*xi*tau**-0.5 : volt\ntau : second (constant)"}, "noise"),
        ({"equations": "dv/dt = (E*cos(t/ms) - v)/tau : volt\ntau : second (constant)"}, "'t' in its equations"),
        ({"events": {"up": "v > E"}}, "events of its own"),
    ],
)  # fmt: skip
def test_neurons_that_nir_cannot_say_are_refused_by_name(change, message):
    change = dict(change)
    equations = [change.pop("equations")] if "equations" in change else []
    with pytest.raises(UnsupportedModel, match=message):
        to_nir(Network(*by_hand(*equations, **change)))


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [
        ("w : volt\ndp/dt = -p/(20*ms) : 1 (event-driven)", "p += 1\nv_post += w*p", "'more' has plasticity"),
        ("w : 1", "v_post += w*(E - v_post)", "which depends on 'v_post'"),
        ("w : volt", "v_post = w", "a spike in NIR adds to 'v'"),
    ],
)
def test_synapses_that_nir_cannot_say_are_refused_by_name(model, code, message):
    source, cells, feed = by_hand()
    more = Synapses(source, cells, model, on_pre=code, name="more", dt=1 * ms, namespace={"E": -70 * mV})
    more.connect()
    with pytest.raises(UnsupportedModel, match=message):
        to_nir(Network(source, cells, feed, more))


def test_a_delay_for_each_synapse_is_refused_and_one_for_each_channel_is_a_delay():
    source, cells, feed = by_hand()
    feed.pre.delay = [3, 3, 5] * ms
    graph = to_nir(Network(source, cells, feed))
    np.testing.assert_array_equal(graph.nodes["feed_delay"].delay, [3e-3, 5e-3])
    feed.pre.delay = [3, 4, 5] * ms  # one for each target, too
    assert ("feed", "feed_delay") in to_nir(Network(source, cells, feed)).edges
    source, cells, feed = by_hand()
    feed.connect(i=1, j=0)
    feed.pre.delay = [1, 2, 3, 4] * ms
    with pytest.raises(UnsupportedModel, match="'feed' has a delay for each synapse"):
        to_nir(Network(source, cells, feed))


def test_the_papers_networks_are_refused():
    with pytest.raises(UnsupportedModel, match="adaptive threshold, which depends on 'a'"):
        to_nir(srnn(2, [3], 2, dt=1 * ms))
    with pytest.raises(UnsupportedModel, match="the reset 'v -= b0/alpha'"):
        to_nir(srnn(2, [3], 2, neuron=models.LIF, dt=1 * ms))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda g: g.nodes.update(fc2=nir.Linear(np.ones((2, 3)))), GraphRefused, "fc2.weight: expected 2 dimensions"),
        (lambda g: g.nodes.update(fc2=nir.Threshold(np.ones(4))), UnsupportedModel, "'fc2' is a NIR Threshold"),
        (lambda g: g.edges.append(("lif", "nobody")), GraphRefused, "there is no node 'nobody'"),
        (lambda g: g.edges.append(("fc2", "lif")), UnsupportedModel, "'fc2' has 2 edges out of a NIR Linear"),
        (lambda g: g.edges.append(("lif", "output")), UnsupportedModel, "several edges into an Output"),
        (lambda g: g.nodes["lif"].tau.__setitem__(0, -1), GraphRefused, "lif.tau: expected times > 0"),
    ],
)  # fmt: skip
def test_graphs_that_are_not_whole_are_refused_by_node(change, error, message):
    graph = two_layers()
    change(graph)
    with pytest.raises(error, match=message):
        from_nir(graph, dt=1 * ms)


def test_the_step_is_asked_for_and_not_changed():
    graph = two_layers()
    with pytest.raises(ValueError, match="from_nir: dt: NIR does not say for how long a spike lasts"):
        from_nir(graph)
    again = to_nir(from_nir(graph, dt=1 * ms))
    with pytest.raises(ValueError, match="but the graph's spikes last 0.001 s"):
        from_nir(again, dt=0.5 * ms)
    with pytest.raises(ValueError, match="input must be one of"):
        from_nir(graph, dt=1 * ms, input="light")
    with pytest.raises(TypeError, match="expected a nir.NIRGraph, got dict"):
        from_nir({}, dt=1 * second)
