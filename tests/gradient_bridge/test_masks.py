"""Values that only masked writes use, where a divisor is the mask: gradients are numbers, Brian2's bits are kept."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, ms, prefs

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.masks import without_masked_quotients
from chronaxie.gradient_bridge.program import Line

from .helpers import compare

# a second truth value keeps Brian2 from splitting the expression by not_refractory
EQUATIONS = """
dv/dt = (drive - v + 0.2*int(not on))/tau : 1 (unless refractory)
du/dt = (0.4*v - u)/(2*tau) : 1
on : boolean
tau : second (constant)
drive : 1 (constant)
"""


@pytest.fixture(params=["float64", "float32"])
def net(request, half_ms):
    before, prefs.core.default_float_dtype = prefs.core.default_float_dtype, getattr(np, request.param)
    try:
        group = NeuronGroup(
            3,
            EQUATIONS,
            threshold="v > 1",
            reset="v = 0",
            refractory=1.3 * ms,
            method="exponential_euler",
            name="cells",
        )
        group.v, group.drive, group.tau, group.on = (
            [0.1, 0.2, 0.3],
            [0.8, 1.2, 1.5],
            [5, 7, 9] * ms,
            [1, 0, 1],
        )
        yield Network(group)
    finally:
        prefs.core.default_float_dtype = before


def test_what_is_written_is_that_of_brian2(net):
    compare(net, Twin(net, namespace={}), 120)


@pytest.mark.parametrize("engine", ["reference", "fused"])
def test_derivatives_are_numbers(net, engine):
    twin = Twin(net, trainable=("drive", "tau"), engine=engine, namespace={}, dtype=torch.float64)

    def loss(twin):
        recording = twin(duration=60 * 0.5 * ms, record={"cells": ["v"]})
        return recording.states["cells"]["v"].square().sum(), int(recording.spikes["cells"].sum())

    total, spikes = loss(twin)
    assert spikes >= 3
    total.backward()
    for name, parameter in twin.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).all(), name


def lines(*texts):
    """Statements as ``target op expression [mask]``."""
    parsed = (text.partition("[") for text in texts)
    return [
        Line(*(part.strip() for part in text.split(None, 2)), condition=mask.rstrip("]") or None)
        for text, _, mask in parsed
    ]


def test_a_divisor_is_as_if_the_mask_were_true():
    given = lines("free = t > last", "_a := b/int(free)", "_v := _a*int(free)", "v = _v [free]")
    found = [line.expression for line in without_masked_quotients(given)]
    assert found == ["t > last", "b/int(True)", "_a*int(free)", "_v"]


@pytest.mark.parametrize(
    "given",
    [
        ("_a := b/int(free)", "free = t > last", "v = _a [free]"),  # of the mask before
        ("free = t > last", "_a := b/int(free)", "v = _a [free]", "u = _a"),  # seen without the mask
        ("free = t > last", "_a := b/int(free)", "_a := 2*_a", "v = _a [free]"),  # bound twice
        ("free = t > last", "_a := b/int(free)", "v = _a [other]"),  # another mask
    ],
)
def test_all_else_stays_as_it_is(given):
    assert without_masked_quotients(lines(*given)) == lines(*given)
