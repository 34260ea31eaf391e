"""Linked variables and refractoriness, where Brian2 goes through an index of another group."""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, Synapses, linked_var, ms
from brian2.core.base import BrianObjectException

from chronaxie.gradient_bridge import Twin
from chronaxie.models.errors import UnsupportedModel

CELLS = "dv/dt = (drive - v)/(6*ms) : 1 (unless refractory)\ndrive : 1\n"


def cells(name, size, more="", **options):
    given = dict(threshold="v > 1", reset="v = 0", refractory=2 * ms, method="euler")
    group = NeuronGroup(size, CELLS + more, name=name, **(given | options))
    group.v, group.drive = np.linspace(0.1, 0.9, size), np.linspace(1.3, 2.4, size)
    return group


def pushed():
    """A reset takes something from a linked variable, in two cases of one and the same neuron."""
    soma = cells("soma", 3)
    twigs = cells("twigs", 5, "y : 1 (linked)", reset="v = 0\ny -= 0.1*drive")
    twigs.y = linked_var(soma, "v", index=[2, 2, 0, 1, 0])
    return Network(soma, twigs)


def run(detach_reset=False):
    twin = Twin(pushed(), trainable=("twigs.drive",), detach_reset=detach_reset)
    return twin, twin(duration=30 * ms).final


def test_a_reset_that_adds_to_a_linked_variable_is_equal_with_gradients():
    _, final = run()
    net = pushed()
    net.run(30 * ms)
    for name in ("soma", "twigs"):
        assert np.array_equal(final[name]["v"][0].detach().numpy(), np.asarray(net[name].v))
    assert not np.allclose(net["soma"].v, cells("other", 3).v)


def test_its_gradient_passes_through_the_spike_unless_resets_are_detached():
    found = []
    for detached in (False, True):
        twin, final = run(detach_reset=detached)
        final["soma"]["v"].sum().backward()
        (parameter,) = twin.parameters()
        found.append(parameter.grad.clone())
    assert torch.isfinite(found[0]).all()
    assert (found[1] <= 0).all(), "what a reset takes grows with the drive"
    assert not torch.equal(*found)


def both_written(**pathways):
    one, other = cells("one", 4), cells("other", 5)
    wires = Synapses(
        one, other, "w : 1", on_pre=pathways or "v_post += 0.05*w\nv_pre += 0.01*w", name="wires"
    )
    wires.connect()
    wires.w = np.linspace(0, 1, len(wires))
    return Network(one, other, wires)


def test_writes_to_two_groups_with_refractoriness_are_refused_as_brian2_stops():
    with pytest.raises(UnsupportedModel, match="masked by not_refractory of the other.*a pathway of its own"):
        Twin(both_written())
    with pytest.raises(BrianObjectException):
        both_written().run(30 * ms)


def test_what_the_refusal_says_to_write_is_equal():
    pathways = {"to_post": "v_post += 0.05*w", "to_pre": "v_pre += 0.01*w"}
    final = Twin(both_written(**pathways))(duration=30 * ms).final
    net = both_written(**pathways)
    net.run(30 * ms)
    for name in ("one", "other"):
        assert np.array_equal(final[name]["v"][0].numpy(), np.asarray(net[name].v))
