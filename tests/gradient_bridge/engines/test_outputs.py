"""Spikes and traces as the fused engine writes them: past the caches where they are large, in whole vectors or not."""

import numpy as np
import pytest
import torch
from brian2 import Clock, Network, NeuronGroup, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.fused import call

from .comparing import outputs, unequal

STEPS, TRIALS = 30, 70  # two whole blocks of trials and a part of one
EVERY, NONE = 0, 1 << 62


def cells(size):
    """Neurons that spike at their own rates, some never; with a refractory period, so that last spikes count."""
    group = NeuronGroup(
        size,
        "dv/dt = (drive - v)/(5*ms) : 1 (unless refractory)\ndrive : 1 (constant)",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        name="cells",
        clock=Clock(1 * ms, name="clock"),
    )
    group.drive = np.linspace(0.5, 6, size)
    return Network(group)


def run(twin, carrying):
    rng = np.random.default_rng(1)
    start = {"cells": {"v": rng.uniform(0, 1, (TRIALS, twin.program.arrays["cells.v"].size))}}
    with torch.set_grad_enabled(carrying):
        return outputs(twin(duration=STEPS * ms, trials=TRIALS, initial=start, record={"cells": ["v"]}))


@pytest.mark.parametrize("carrying", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [5, 16, 150])
def test_where_outputs_are_stored_changes_no_bit(size, dtype, carrying, monkeypatch):
    found = []
    for past in (EVERY, NONE):
        monkeypatch.setattr(call, "PAST", past)
        found.append(run(Twin(cells(size), engine="fused", dtype=dtype, trainable=("drive",)), carrying))
    assert unequal(*found) == {}
    expected = run(Twin(cells(size), engine="reference", dtype=dtype, trainable=("drive",)), carrying)
    assert unequal(found[0], expected) == {}
    last = expected["final of cells.lastspike"]
    assert bool((last >= 0).any() and (last < 0).any())
