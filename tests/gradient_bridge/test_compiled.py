"""The compiled engine where nothing is built: what is traced, how often, and what is refused.

The backend is torch's ``aot_eager``: it traces forward and backward and runs the graphs without a compiler. What the
compiler makes of them is in `test_compiled_built`.
"""

import numpy as np
import pytest
import torch
from brian2 import (
    Function,
    Hz,
    Network,
    PoissonGroup,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    ms,
    network_operation,
)
from scipy.special import erf
from torch._dynamo.utils import counters

from chronaxie.gradient_bridge import Triangular, Twin
from chronaxie.models.errors import BuildError, UnsupportedModel

from .compiled_cases import hold, lif, one_pass, twins
from .refused import cells, joined
from .smooth_networks import NETWORKS, RANDOM

TRAINED = ("w", "cells.tau", "cells.E")
TRACED = "aot_eager"
pytestmark = pytest.mark.usefixtures("half_ms")
REFUSED = {
    "run_regularly": "clock",
    "several_clocks": "clock",
    "several_pathways": "one synapse after the other",
}
REFUSED["a_synapse_onto_a_synapse"] = "one synapse after the other"


@pytest.mark.slow
def test_a_chunk_is_compiled_once():
    """Other values, other times and another duration are no reason to compile again; what is left over is."""
    twin = twins(lif(), trainable=TRAINED, chunk=2, backend=TRACED)[1]
    before = counters["stats"]["unique_graphs"]
    twin(duration=2.5 * ms)  # two chunks and a step
    assert counters["stats"]["unique_graphs"] == before + 2
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter += 0.01
    for duration in (2.5, 7, 4):
        out = twin(duration=duration * ms)
        sum(s.sum() for s in out.spikes.values() if s.requires_grad).backward()
    assert counters["stats"]["unique_graphs"] == before + 2
    assert [chunk.graphs for chunk in twin._engine.chunks.values()] == [1, 1]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 1e-5)])
def test_without_gradients(dtype, tolerance):
    """In float32 the reference's sums differ too; the spikes do not in these cells."""
    pair = twins(lif(refractory=True), dtype=dtype, backend=TRACED)
    out = hold(*pair, graded=False, tolerance=tolerance, duration=20 * ms, trials=2, record={"cells": ["v"]})
    assert out.states["cells"]["v"].dtype == dtype
    assert not out.states["cells"]["v"].requires_grad


@pytest.mark.slow
def test_the_users_function_in_its_torch_form():
    net, form = users_function(), lambda x: torch.tanh(x) * x
    pair = twins(net, trainable=("u",), functions={"bent": form}, backend=TRACED)
    hold(*pair, duration=10 * ms, record={"cells": ["v"]})


def users_function():
    bent = Function(lambda x: np.tanh(x) * x, arg_units=[1], return_unit=1)
    group = cells("dv/dt = (u + bent(v) - v)/(5*ms) : 1\nu : 1", namespace={"bent": bent})
    group.u = 1.5
    return Network(group)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(NETWORKS) - RANDOM - set(REFUSED)))
def test_constructs_of_the_language(name):
    case = NETWORKS[name]()
    pair = twins(case.net, trainable=case.trained, surrogate=Triangular(), chunk=3, backend=TRACED)
    hold(*pair, minimum=0, duration=20 * ms, record=case.traces)


@pytest.mark.slow
def test_trained_delays():
    """Spikes arrive elsewhere after a step of the optimiser; nothing is compiled again while the past suffices."""
    source, group = SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 3, 5] * ms), cells("dv/dt = -v/(5*ms) : 1")
    feed = Synapses(source, group, "w : 1", on_pre="v_post += w", name="feed")
    feed.connect()
    feed.w, feed.delay = 0.6 + 0.02 * np.arange(9), 0.5 * (1 + np.arange(9) % 4) * ms
    reference, compiled = twins(
        Network(source, group, feed), trainable=("feed.delay", "w"), chunk=3, backend=TRACED
    )
    call = {"duration": 12 * ms, "record": {"cells": ["v"]}}
    hold(reference, compiled, **call)
    made = len(compiled._engine.chunks)
    with torch.no_grad():
        for twin in (reference, compiled):
            (free,) = (p for name, p in twin.named_parameters() if "delay" in name)
            free += torch.linspace(-0.4, 0.4, 9)
    before = compiled._engine.program.operations
    hold(reference, compiled, **call)
    assert compiled._engine.program.operations is not before
    assert len(compiled._engine.chunks) == made


@pytest.mark.slow
@pytest.mark.parametrize("before", [0, 9.5, 10] * ms)
def test_a_pathway_before_its_spike_generator(before):
    """It takes the spikes of the step before, from one chunk to the next and from an earlier run."""
    net = lif()
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    net.run(before, namespace={})
    reference, compiled = twins(net, backend=TRACED, trainable=("w",))
    assert bool(reference.program.left) == (before > 0)
    hold(reference, compiled, duration=15 * ms, record={"cells": ["v"]})


@pytest.mark.slow
def test_spikes_under_way():
    net = lif()
    net.run(10 * ms)
    hold(*twins(net, backend=TRACED), graded=False, duration=15 * ms, record={"cells": ["v"]})


@pytest.mark.slow
def test_timed_arrays_at_another_time():
    """The row of a neuron of its own, and a time that is not the present one."""
    late = TimedArray(np.random.default_rng(1).normal(1, 0.5, (30, 3)), dt=0.7 * ms)
    group = cells(
        "dv/dt = (1.5*late(t - d, i) + late(t - 1*ms, 0) - v)/(5*ms) : 1\nd : second",
        namespace={"late": late},
    )
    group.d = [0, 1, 2.3] * ms
    hold(*twins(Network(group), backend=TRACED), graded=False, duration=30 * ms, record={"cells": ["v"]})


# ---------------------------------------------------------------------- what it does not do
def noisy():
    return Network(cells("dv/dt = (1.5 - v)/(5*ms) + 0.1*xi/ms**0.5 : 1"))


def with_python():
    @network_operation(name="python")
    def python():
        pass

    return Network(cells(), python)


def scaled_through_an_index():
    net = joined()
    net["wires"].run_regularly("v_post *= 0.9", dt=0.5 * ms, name="shrink")
    return net


def written_through_an_index():
    net = joined()
    net["wires"].run_regularly("v_post = 0.9", dt=0.5 * ms, name="put")
    return net


CASES = {
    "noise": (noisy, {}, "cells_stateupdater.*random numbers"),
    "python": (with_python, {"python": True}, "python.*Python code"),
    "users function": (users_function, {}, r"the user's function bent\(\)"),
    "scaled": (scaled_through_an_index, {}, "shrink"),
    "written": (written_through_an_index, {}, "put.*assignment through an index|put.*one synapse"),
} | {name: (lambda name=name: NETWORKS[name]().net, {}, why) for name, why in REFUSED.items()}


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_by_name(name):
    make, options, message = CASES[name]
    net = make()
    Twin(net, engine="reference", **options)
    with pytest.raises(UnsupportedModel, match=f"(?s){message}.*engine='reference'"):
        Twin(net, engine="compiled", **options)


def test_poisson_groups_run_where_a_stimulus_drives_them():
    source, group = PoissonGroup(3, 100 * Hz, name="source"), cells("dv/dt = -v/(5*ms) : 1")
    feed = Synapses(source, group, on_pre="v_post += 0.5", name="feed")
    feed.connect()
    pair = twins(Network(source, group, feed), backend=TRACED)
    x = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (2, 12, 3)))
    hold(*pair, graded=False, stimulus=x, record={"cells": ["v"]})
    with pytest.raises(UnsupportedModel, match="source.*random numbers.*engine='reference'"):
        pair[1](duration=5 * ms)


def test_a_compiler_that_fails():
    twin = twins(lif(), backend="no such backend")[1]
    with pytest.raises(BuildError, match="(?s)torch.compile failed.*no such backend.*engine='reference'"):
        twin(duration=2 * ms)


def test_a_damaged_library_in_the_cache_of_pytorch_is_named(monkeypatch):
    def load(graph, inputs):
        raise ImportError("/cache/k2/ck24.main.so: file too short")

    twin = twins(lif(), backend=TRACED)[1]
    monkeypatch.setattr("torch._dynamo.backends.registry.lookup_backend", lambda name: load)
    with pytest.raises(BuildError, match=r"/cache/k2/ck24\.main\.so is damaged: delete it"):
        twin(duration=2 * ms)


def test_torch_compile_that_is_switched_off():
    twin = twins(lif(), backend=TRACED)[1]
    with torch.compiler.set_stance("force_eager"), pytest.raises(BuildError, match="compiled nothing"):
        twin(duration=2 * ms)


def test_what_cannot_be_traced_is_no_silent_step():
    """A function of the user that leaves torch breaks the graph: an error, not a slower pass."""
    twin = twins(
        users_function(), functions={"bent": lambda x: torch.from_numpy(erf(x.numpy()))}, backend=TRACED
    )[1]
    with pytest.raises(BuildError, match="torch.compile failed"):
        one_pass(twin, graded=False, duration=2 * ms)
