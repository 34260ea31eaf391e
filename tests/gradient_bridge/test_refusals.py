"""What cannot be mirrored is refused by name: object, feature, remedy."""

import pytest
from brian2 import (
    Function,
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonInput,
    Synapses,
    ms,
)
from brian2.devices.device import device, reset_device, set_device

from chronaxie.gradient_bridge import Twin, UnknownParameter
from chronaxie.models import srnn
from chronaxie.models.errors import UnsupportedModel

from .refused import cells, joined


def operation():
    group = cells()
    return Network(group, NetworkOperation(lambda: None, name="watch"))


def clocks():
    return Network(cells(), cells(name="slow", dt=1 * ms))


def summed_onto_a_part():
    group = cells("dv/dt = (1.5 - v + u)/(5*ms) : 1\nu : 1")
    part = group[:2]
    synapses = Synapses(group, part, "u_post = 0.1*v_pre : 1 (summed)", name="wires")
    synapses.connect()
    return Network(group, synapses)


def user_function():
    twice = Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    return Network(cells("dv/dt = (twice(1.5) - v)/(5*ms) : 1", namespace={"twice": twice}))


def poisson_input():
    group = cells()
    return Network(group, PoissonInput(group, "v", 10, 20 * Hz, weight=0.1))


NETWORKS = {
    "network operation": (operation, "'watch' uses network_operation.*equations, a reset or run_regularly"),
    "noise": (
        lambda: Network(cells("dv/dt = (1 - v)/(5*ms) + 0.1*xi*ms**-0.5 : 1")),
        "'cells.*' uses .*(rand|xi)",
    ),
    "random reset": (lambda: Network(cells(reset="v = rand()")), "'cells_.*reset.*' uses .*rand"),
    "random threshold": (
        lambda: Network(cells(threshold="rand() < 0.1*v")),
        "'cells_.*threshold.*' uses .*rand",
    ),
    "random transmission": (lambda: joined(on_pre="v_post += w*randn()"), "'wires_pre' uses .*randn"),
    "plasticity": (
        lambda: joined(
            "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)", on_pre="v_post += w\nx += 1\nw += 0.01*x"
        ),
        "'wires_pre' uses a synaptic variable that changes .*plasticity is not mirrored yet",
    ),
    "assignment at a spike": (
        lambda: joined(on_pre="v_post = w"),
        "'wires_pre' uses an assignment at a spike.*add to",
    ),
    "product at a spike": (
        lambda: joined(on_pre="v_post *= 0.5"),
        "'wires_pre' uses an assignment at a spike",
    ),
    "own target": (
        lambda: joined(on_pre="v_post += w*(1 - v_post)"),
        "'wires_pre' uses a statement that reads the variable that the pathway adds to .*add to a variable of its own",
    ),
    "own target, second statement": (
        lambda: joined(on_pre="u_post += w\nv_post += u_post"),
        "'wires_pre' uses a statement that reads the variable that the pathway adds to",
    ),
    "several clocks": (clocks, "'(cells|slow).*' uses several clocks: steps of .0.0001, 0.001. s.*same dt"),
    "user function": (user_function, "'cells_stateupdater' uses .*function.*twice"),
    "part of a group": (summed_onto_a_part, "'wires.*' uses a summed variable of a subgroup.*whole group"),
    "Poisson input": (poisson_input, "'poissoninput.*' uses PoissonInput.*explicit spike source"),
    "slow operation": (
        lambda: _regular(dt=1 * ms),
        "several clocks: steps of .0.0001, 0.001. s",
    ),
    "nothing": (lambda: Network(), "'network' uses no object that does anything.*add groups"),
}


def _regular(**options):
    group = cells()
    group.run_regularly("v *= 0.9", **options)
    return Network(group)


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks(kind):
    make, message = NETWORKS[kind]
    net = make()
    with pytest.raises(UnsupportedModel, match=message) as caught:
        Twin(net)
    error = caught.value
    assert error.object_name
    assert error.feature
    assert error.remedy
    assert isinstance(error, NotImplementedError)


def test_a_network_without_plastic_synapses_is_not_refused():
    """The same network as above, its offending line taken out."""
    Twin(joined("w : 1", on_pre="v_post += w"))


def test_an_active_standalone_device(tmp_path):
    net = joined(on_pre="v_post += w")
    set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    try:
        with pytest.raises(
            UnsupportedModel, match=r"active device CPPStandaloneDevice.*set_device\('runtime'\)"
        ):
            Twin(net)
    finally:
        device.reinit()
        reset_device()
    Twin(net)


def test_unknown_names_come_with_the_nearest():
    net = srnn(3, hidden=[4], outputs=2)
    with pytest.raises(
        UnknownParameter, match="trainable 'hidden1.tau' fits nothing.*did you mean hidden1.tau_"
    ):
        Twin(net, trainable=("hidden1.tau",))
    with pytest.raises(UnknownParameter, match="did you mean .*tau_m"):
        Twin(net, trainable=("taum",))
    with pytest.raises(UnknownParameter, match="'hiden1_hidden1.w'.*did you mean hidden1_hidden1.w"):
        Twin(net, trainable=("w", "hiden1_hidden1.w"))
    with pytest.raises(TypeError, match=r"got the string 'tau_m'; write \('tau_m',\)"):
        Twin(net, trainable="tau_m")
    with pytest.raises(TypeError, match="trainable: expected names, got 3"):
        Twin(net, trainable=(3,))


def test_delays_and_foreign_constants_are_refused_with_the_line_that_helps():
    gain = 1.5
    net = joined(group=cells("dv/dt = (gain - v)/(5*ms) : 1"), on_pre="v_post += w", delay=1 * ms)
    message = (
        "training the constant gain, which only lives in the caller's frame.*"
        rf"cells.namespace\['gain'\] = {gain}"
    )
    with pytest.raises(UnsupportedModel, match=message):
        Twin(net, trainable=("gain",))
    with pytest.raises(UnsupportedModel, match="training a delay.*leave it out of trainable"):
        Twin(net, trainable=("delay",))


@pytest.mark.parametrize("value", [0, -5])
def test_time_constants_that_are_not_positive(value):
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second", method="euler", name="cells")
    group.tau = [3, value] * ms
    with pytest.raises(ValueError, match=r"cells.tau\[1\] = .* expected > 0; give it a positive value"):
        Twin(Network(group), trainable=("tau",))
