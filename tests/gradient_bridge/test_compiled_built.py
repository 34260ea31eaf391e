"""The compiled engine as it is: built by torch.compile's own backend and held against the reference engine."""

import numpy as np
import pytest
import torch
from brian2 import ms

from chronaxie.gradient_bridge import Slayer, Twin
from chronaxie.models import srnn
from chronaxie.models.errors import BuildError

from .compiled_cases import hold, izhikevich, lif, twins


@pytest.mark.slow
@pytest.mark.usefixtures("half_ms")
def test_a_pass_without_gradients():
    pair = twins(lif(), chunk=2)
    hold(*pair, graded=False, duration=18 * ms, trials=2, record={"cells": ["v"]})
    assert [chunk.graphs for chunk in pair[1]._engine.chunks.values()] == [1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spikes", "current"])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-9), (torch.float32, 2e-4)])
def test_two_layers_of_adaptive_cells(kind, dtype, tolerance):
    """In float32 both engines add up 22 steps in their own order: some hundred roundings, as in `test_cuda`."""
    net = srnn(4, hidden=[6, 5], outputs=2, input=kind, seed=0, bias={"hidden1": 0.05, "hidden2": 0.05})
    rng = np.random.default_rng(0)
    x = rng.random((3, 22, 4)) < 0.5 if kind == "spikes" else rng.normal(0.3, 0.5, (3, 22, 4))
    reference, compiled = twins(net, trainable=("w", "bias", "tau_m", "tau_a"), dtype=dtype)
    call = {
        "stimulus": torch.from_numpy(x.astype(float)),
        "record": {"hidden1": ["v", "a"], "output": {"v": "before_output_resets"}},
    }
    hold(reference, compiled, tolerance=tolerance, **call)
    made = len(compiled._engine.chunks)
    with torch.no_grad():
        for twin in (reference, compiled):
            for parameter in twin.parameters():
                parameter += 0.01
    hold(reference, compiled, tolerance=tolerance, **call)
    assert [chunk.graphs for chunk in compiled._engine.chunks.values()] == [1] * made


@pytest.mark.slow
@pytest.mark.usefixtures("half_ms")
@pytest.mark.parametrize("detach_reset", [False, True])
def test_sparse_synapses_with_delays_of_their_own(detach_reset):
    pair = twins(lif(refractory=True), trainable=("w", "cells.tau", "cells.E"), detach_reset=detach_reset)
    hold(*pair, duration=20 * ms, trials=2, record={"cells": ["v"]}, minimum=20)


@pytest.mark.slow
@pytest.mark.usefixtures("half_ms")
def test_izhikevich():
    pair = twins(izhikevich(), trainable=("w", "a", "b", "d", "I"), surrogate=Slayer(slope=0.5), scale=5.0)
    hold(*pair, duration=40 * ms, record={"cells": ["v", "u"]}, minimum=10)


@pytest.mark.usefixtures("half_ms")
def test_no_compiler():
    """The message holds what torch says of the compiler, and which engine needs none."""
    twin = Twin(lif(), engine="compiled")
    twin._engine.chunk = 1
    with (
        torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True}),
        pytest.raises(BuildError, match="(?s)torch.compile failed.*ompiler.*engine='reference'"),
    ):
        twin(duration=1 * ms)
