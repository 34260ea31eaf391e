"""What describe does not support is refused by name: object, feature, what to do."""

import numpy as np
import pytest
from brian2 import (
    Function,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    Synapses,
    linked_var,
    magic_network,
    ms,
    network_operation,
)

from chronaxie.models import UnsupportedModel, describe

pytestmark = pytest.mark.usefixtures("numpy_target")


def _user_function():
    f = Function(lambda x: x, arg_units=[1], return_unit=1)
    return NeuronGroup(1, "dv/dt = mine(v)/second : 1", namespace={"mine": f}, name="g", method="euler")


def _run_regularly():
    g = NeuronGroup(1, "v : 1", name="g")
    g.run_regularly("v += 1", dt=1 * ms)
    return g


def _linked():
    a = NeuronGroup(1, "x : 1", name="a")
    g = NeuronGroup(1, "x : 1 (linked)", name="g")
    g.x = linked_var(a, "x")
    return [a, g]


def _subgroup():
    g = NeuronGroup(4, "v : 1", threshold="v > 1", reset="v = 0", name="g")
    s = Synapses(g[:2], g, on_pre="v += 1", name="s")
    s.connect()
    return [g, s]


def _synaptic_equations(flag):
    g = NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name="g")
    s = Synapses(g, g, f"dx/dt = -x/(1*ms) : 1 ({flag})", on_pre="x += 1", name="s", method="euler")
    s.connect()
    return [g, s]


def _poisson_input():
    g = NeuronGroup(2, "v : 1", name="g")
    return [g, PoissonInput(g, "v", 10, 5 * Hz, weight=1)]


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
        (
            _user_function,
            "'g' uses the function 'mine', which is not supported: write it out in the equations",
        ),
        (_run_regularly, r"'g' uses 'g_run_regularly' \(CodeRunner, as from run_regularly\)"),
        (_linked, "'g' uses the linked variable 'x'"),
        (_subgroup, "'s' uses a Subgroup as source, which is not supported: connect whole groups"),
        (lambda: _synaptic_equations("clock-driven"), "'s' uses differential equations in synapses"),
        (lambda: _synaptic_equations("event-driven"), "'s' uses differential equations in synapses"),
        (_poisson_input, "uses PoissonInput, which is not supported: use a PoissonGroup and Synapses"),
        (_network_operation, "'operation' uses NetworkOperation"),
        (lambda: NeuronGroup(1, "v : 1", events={"e": "v > 1"}, name="g"), "'g' uses the event 'e'"),
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
        describe(Network(_run_regularly()))
    assert caught.value.object_name == "g"
    assert "run_regularly" in caught.value.feature
    assert caught.value.remedy == "use equations"


def test_the_magic_network_is_refused():
    with pytest.raises(UnsupportedModel, match=r"Network\(collect\(\)\)"):
        describe(magic_network)
