"""What a network keeps of its graph against what the user says later; names and delays that have no place in Brian2."""

import json

import numpy as np
import pytest

nir = pytest.importorskip("nir", reason="the extra interchange: nir is not installed")

from brian2 import ms  # noqa: E402

from chronaxie.models import (  # noqa: E402
    FileRefused,
    Readout,
    UnsupportedModel,
    annotate,
    annotations,
    describe,
    srnn,
)
from chronaxie.models.interchange import NIR_LI, NIR_LIF, GraphRefused, from_nir, to_nir  # noqa: E402

from .graphs import assert_identical  # noqa: E402

pytestmark = pytest.mark.usefixtures("numpy_target")


def chain(*between, outputs=("li",)):
    """Two inputs, `between` (name, node), two LIF, two LI that lead back, an Output of each of `outputs`.

    The package nir adds an Output to every node that leads nowhere.
    """
    ones = np.ones(2)
    nodes = {
        "input": nir.Input({"input": np.array([2])}),
        **dict(between),
        "lif": nir.LIF(ones * 0.01, ones, 0 * ones, ones, 0 * ones),
        "fc": nir.Linear(np.eye(2)),
        "li": nir.LI(ones * 0.02, ones, 0 * ones),
        "back": nir.Linear(np.eye(2)),
    }
    way = [*nodes, "lif"]
    shown = {f"out{k}": unit for k, unit in enumerate(outputs)}
    nodes |= {name: nir.Output({"output": np.array([2])}) for name in shown}
    edges = [*zip(way, way[1:], strict=False), *((unit, name) for name, unit in shown.items())]
    return nir.NIRGraph(nodes=nodes, edges=edges)


def outputs_of(graph):
    """The node that each Output shows."""
    return {b: a for a, b in graph.edges if type(graph.nodes[b]).__name__ == "Output"}


DELAY, WEIGHT = ("late", nir.Delay(np.full(2, 0.003))), ("w", nir.Linear(np.eye(2)))


@pytest.mark.parametrize("between", [(DELAY, WEIGHT), (WEIGHT, DELAY), (DELAY,)])
def test_a_delay_of_a_current_is_refused_and_one_of_spikes_is_a_delay(between):
    graph = chain(*between)
    with pytest.raises(GraphRefused, match="'late' is a Delay of the current of 'input'.*input='spikes'"):
        from_nir(graph, dt=1 * ms, input="current")
    (first,) = (s for s in describe(from_nir(graph, dt=1 * ms)).synapses if s.source == "input")
    np.testing.assert_array_equal(first.pathways[0].delay, 0.003)


@pytest.mark.parametrize(
    ("group", "variable", "message"),
    [
        ("hidden1", "v", "'hidden1' has a readout of 'v'; the Output of a LIF in NIR is its spikes"),
        ("output", "spikes", "'output' has a readout of 'spikes'; the Output of a LI in NIR is its 'v'"),
        ("input", "v", "'input' has a readout, and is no population of neurons"),
    ],
)
def test_a_readout_of_what_nir_does_not_put_out_is_refused(group, variable, message):
    net = srnn(3, [4], 2, neuron=NIR_LIF, readout=NIR_LI, dt=1 * ms, seed=0)
    annotate(net, readout=Readout(group, variable))
    with pytest.raises(UnsupportedModel, match=message):
        to_nir(net)
    if group != "input":
        annotate(net, readout=Readout(group, "spikes" if variable == "v" else "v"))
        assert outputs_of(to_nir(net))["output_node"] == group


def test_a_readout_annotated_later_is_the_output_of_the_graph():
    net = from_nir(chain(), dt=1 * ms)
    assert outputs_of(to_nir(net)) == {"out0": "li"}
    annotate(net, readout=Readout("lif", "spikes"))
    assert outputs_of(to_nir(net)) == {"out0": "lif"}
    assert annotations(from_nir(to_nir(net))).readout.group == "lif"
    annotate(net, readout=Readout("lif", "v"))
    with pytest.raises(UnsupportedModel, match="'lif' has a readout of 'v'"):
        to_nir(net)


def test_a_readout_among_several_outputs_leaves_them_and_another_takes_their_place():
    net = from_nir(chain(outputs=("li", "lif")), dt=1 * ms)
    annotate(net, readout=Readout("lif", "spikes"))
    assert outputs_of(to_nir(net)) == {"out0": "li", "out1": "lif"}
    net = from_nir(chain(outputs=("li", "li")), dt=1 * ms)
    annotate(net, readout=Readout("lif", "spikes"))
    assert outputs_of(to_nir(net)) == {"output": "lif"}


@pytest.mark.parametrize("name", ["fc_pre", "fc_post", "pre", "a.post"])
def test_nodes_may_be_named_as_brian2_names_the_two_sides_of_a_synapse(name):
    graph = chain((name, nir.Affine(np.eye(2), np.ones(2))))
    assert_identical(graph, to_nir(from_nir(graph, dt=1 * ms)))
    graph.nodes["to " + name] = graph.nodes.pop("lif")
    graph.edges = [tuple("to " + name if end == "lif" else end for end in edge) for edge in graph.edges]
    assert_identical(graph, to_nir(from_nir(graph, dt=1 * ms)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda kept: {**kept, "format": 2}, "the format 2.*expected 1.*newer chronaxie"),
        (lambda kept: {k: v for k, v in kept.items() if k != "format"}, "'format' is damaged"),
        (lambda kept: {k: v for k, v in kept.items() if k != "edges"}, "'edges' is damaged"),
        (lambda kept: {**kept, "units": ["lif"]}, "'units' is damaged"),
        (lambda kept: {**kept, "types": {"lif": {"tau": "banana"}}}, "'types' is damaged"),
        (lambda kept: {**kept, "paths": {"fc": {"nodes": ["fc"], "delays": [None]}}}, "'paths' is damaged"),
        (lambda kept: {**kept, "metadata": {"values": [1]}}, "'metadata' is damaged"),
        (lambda kept: [1], "expected the JSON that from_nir wrote"),
        (lambda kept: None, "expected the JSON that from_nir wrote"),
    ],
)
def test_what_is_kept_of_a_graph_is_of_this_format_and_whole(change, message):
    net = from_nir(chain(), dt=1 * ms)
    text = annotations(net).about["nir"]
    assert json.loads(text)["format"] == 1
    changed = change(json.loads(text))
    annotate(net, about={"nir": text[:90] if changed is None else json.dumps(changed)})
    with pytest.raises(FileRefused, match=rf"to_nir: about\['nir'\].*{message}.*from_nir"):
        to_nir(net)
