"""Spikes of a stimulus in place of those that a PoissonGroup draws: those of a spike generator in its place."""

import numpy as np
import pytest
import xarray as xr
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, SpikeGeneratorGroup, Synapses, linked_var, ms

from chronaxie.models import StimulusError, annotate, export, simulate

from .compiled import CPP
from .exported import run_here
from .test_export_scripts import compare

pytestmark = pytest.mark.usefixtures("numpy_target")
RATE = 400 * Hz


def network(kind="poisson", on_pre="v_post += w", other=None, when=None):
    """A group behind an input of five channels."""
    if kind == "poisson":
        source = PoissonGroup(5, RATE, dt=0.5 * ms, name="source")
        if when:
            source.thresholder["spike"].when = when
    else:
        options = {"when": when} if when else {}
        source = SpikeGeneratorGroup(5, [], [] * ms, dt=0.5 * ms, name="source", **options)
    cells = NeuronGroup(
        4,
        "dv/dt = -v/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="cells",
        dt=0.5 * ms,
    )
    wires = Synapses(source, cells, "w : 1", on_pre=on_pre, delay=1 * ms, name="wires", dt=0.5 * ms)
    wires.connect()
    wires.w = np.linspace(0.1, 0.9, 20)
    return Network(source, cells, wires, *([] if other is None else [other]))


def stimulus(trials=3, steps=40, channels=5):
    values = (np.random.default_rng(1).random((trials, steps, channels)) < 0.2).astype(np.int8)
    return xr.DataArray(values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * 5e-4})


def same(found, expected):
    for name in ("trial", "neuron", "time"):
        for group in ("source", "cells"):
            np.testing.assert_array_equal(found[f"{group}_spike_{name}"], expected[f"{group}_spike_{name}"])
    np.testing.assert_array_equal(found.cells_v, expected.cells_v)
    assert found.sizes["cells_spike"] > 20


@pytest.mark.parametrize("when", [None, "before_synapses", "end"])
def test_the_spikes_are_those_of_a_generator(when):
    options = {"record": {"cells": ["v"]}, "namespace": {}}
    expected = simulate(network("generator", when=when), {"source": stimulus()}, **options)
    for given in ({"source": stimulus()}, stimulus()):
        same(simulate(network(when=when), given, **options), expected)


def test_at_a_finer_step():
    options = {"record": {"cells": ["v"]}, "namespace": {}, "dt": 0.25 * ms}
    found, expected = (
        simulate(annotate(network(kind), dt_ref=0.5 * ms), {"source": stimulus()}, **options)
        for kind in ("poisson", "generator")
    )
    same(found, expected)
    assert found.attrs["dt"] == 0.25e-3


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"device": "cython"}, CPP])
def test_on_other_devices(options):
    options = {"record": {"cells": ["v"]}, "namespace": {}} | options
    same(
        simulate(network(), {"source": stimulus()}, **options),
        simulate(network("generator"), {"source": stimulus()}, **options),
    )


@pytest.mark.slow
def test_in_a_script(tmp_path):
    net = network()
    folder = export(net, tmp_path / "net", stimulus={"source": stimulus()}, namespace={})
    _, out = run_here(folder)
    compare(out, simulate(net, {"source": stimulus()}, namespace={}))


def test_beside_another_input_a_poisson_group_is_named():
    generator = SpikeGeneratorGroup(5, [1], [1] * ms, dt=0.5 * ms, name="generator")
    net = network(other=generator)
    found = simulate(net, stimulus(), namespace={}, seed=1, record={})
    at = stimulus().values.sum()
    assert found.sizes["generator_spike"] == at
    assert found.sizes["source_spike"] != at
    both = simulate(net, {"generator": stimulus(), "source": stimulus()}, namespace={}, record={})
    assert both.sizes["generator_spike"] == both.sizes["source_spike"] == at
    with pytest.raises(
        StimulusError, match=r"no input 'sauce'; the network has 'generator', 'source' \(PoissonGr"
    ):
        simulate(net, {"sauce": stimulus()}, namespace={})


def test_several_poisson_groups_are_named():
    net = network(other=PoissonGroup(2, RATE, dt=0.5 * ms, name="noise"))
    with pytest.raises(StimulusError, match="has the PoissonGroups .*noise.*; give a dict by group"):
        simulate(net, stimulus(), namespace={})
    found = simulate(net, {"source": stimulus()}, namespace={}, seed=0, record={})
    assert found.sizes["source_spike"] == stimulus().values.sum()
    assert found.sizes["noise_spike"] > 0


def with_operation():
    net = network()
    net["source"].run_regularly("rates = 10*Hz", dt=0.5 * ms)
    return Network(net.objects)


def with_link():
    net = network()
    reader = NeuronGroup(5, "r : Hz (linked)", name="reader", dt=0.5 * ms)
    reader.r = linked_var(net["source"], "rates")
    net.add(reader)
    return net


def with_subgroup():
    net = network()
    part = Synapses(net["source"][1:3], net["cells"], on_pre="v_post += 0.2", name="part", dt=0.5 * ms)
    part.connect(i=[0, 1], j=[3, 0])
    net.add(part)
    return net


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: network(on_pre="v_post += w*rates_pre/Hz"), "statements of 'wires' read its rates"),
        (with_subgroup, "'part' connects a subgroup of it, which a SpikeGeneratorGroup cannot have"),
        (with_operation, "it has a run_regularly"),
        (with_link, "'r' of 'reader' is linked to its rates"),
    ],
)
def test_what_a_generator_has_not_is_refused(made, why):
    with pytest.raises(
        StimulusError, match=f"spikes of this PoissonGroup cannot be replaced, since {why}; do without"
    ):
        simulate(made(), {"source": stimulus()}, namespace={})


@pytest.mark.parametrize(
    ("data", "said"),
    [(stimulus(channels=4), "expected 5 channels"), (stimulus() * 2, "spikes must be 0 or 1, got 2")],
)
def test_the_spikes_are_checked(data, said):
    with pytest.raises(StimulusError, match=f"stimulus for 'source': {said}"):
        simulate(network(), {"source": data}, namespace={})
