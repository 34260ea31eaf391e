"""What describe does not support is refused by name: object, feature, what to do."""

import numpy as np
import pytest
from brian2 import (
    Cylinder,
    Network,
    NeuronGroup,
    SpatialNeuron,
    SpikeGeneratorGroup,
    linked_var,
    magic_network,
    ms,
    network_operation,
    um,
)
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject

from chronaxie.models import UnsupportedModel, describe

pytestmark = pytest.mark.usefixtures("numpy_target")


def _linked_to_nothing():
    return NeuronGroup(1, "x : 1 (linked)", name="g")


def _linked_to_another_network():
    a = NeuronGroup(1, "x : 1", name="a")
    g = NeuronGroup(1, "x : 1 (linked)", name="g")
    g.x = linked_var(a, "x")
    return g


def _linked_to_a_lost_subgroup():
    a = NeuronGroup(4, "x : 1", name="a")
    g = NeuronGroup(2, "x : 1 (linked)", name="g")
    g.x = linked_var(a[1:3], "x")
    return [a, g]


def _generator_with_statements():
    g = SpikeGeneratorGroup(1, [], [] * ms, name="g")
    g.run_regularly("x = 1")
    return g


def _inactive_operation():
    g = NeuronGroup(1, "v : 1", name="g")
    g.run_regularly("v += 1", name="operation").active = False
    return g


def _own_code(**options):
    g = NeuronGroup(1, "v : 1", name="g")
    g.run_regularly("v += 1", name="operation", **options)
    return g


def _spatial():
    morphology = Cylinder(length=10 * um, diameter=1 * um, n=2)
    return SpatialNeuron(morphology, "Im = 0*amp/meter**2 : amp/meter**2", name="g")


def _network_operation():
    @network_operation(dt=1 * ms, name="operation")
    def f():
        return None

    return [NeuronGroup(1, "v : 1"), f]


def _inactive():
    g = NeuronGroup(1, "v : 1", name="g")
    g.active = False
    return g


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_linked_to_nothing, r"'g' uses the linked variable 'x' without a target.*linked_var"),
        (
            _linked_to_another_network,
            "'g' uses the linked variable 'x' of no group here.*a group of the network",
        ),
        (_linked_to_a_lost_subgroup, "'g' uses the linked variable 'x' of a subgroup that is gone"),
        (_generator_with_statements, "'g' uses run_regularly of a SpikeGeneratorGroup"),
        (_inactive_operation, "'g' uses 'operation' with active = False"),
        (lambda: _own_code(codeobj_class=NumpyCodeObject), "'g' uses 'operation' .CodeRunner."),
        (_spatial, "'g' uses SpatialNeuron. This is not supported: use point neurons"),
        (_network_operation, "'operation' uses NetworkOperation"),
        (
            lambda: NeuronGroup(1, "dv/dt = -v/second : 1", method="gsl", name="g"),
            "'g' uses the method 'gsl'",
        ),
        (lambda: NeuronGroup(1, "v : 1", dtype=np.float32, name="g"), "'g' uses 'v' of type float32"),
        (_inactive, "'g' uses active = False"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(make, message):
    objects = make()
    net = Network(*objects) if isinstance(objects, list) else Network(objects)
    with pytest.raises(UnsupportedModel, match=message):
        describe(net)


def test_unsupported_model_says_what_it_is_about():
    with pytest.raises(UnsupportedModel) as caught:
        describe(Network(_inactive_operation()))
    assert caught.value.object_name == "g"
    assert "operation" in caught.value.feature
    assert caught.value.remedy == "make the group without it"


def test_the_magic_network_is_refused():
    with pytest.raises(UnsupportedModel, match=r"Network\(collect\(\)\)"):
        describe(magic_network)
