"""What cannot be mirrored is refused by name: object, feature, remedy."""

import pytest
import torch
from brian2 import (
    Cylinder,
    Function,
    Network,
    NetworkOperation,
    NeuronGroup,
    SpatialNeuron,
    ms,
    network_operation,
    um,
)
from brian2.devices.device import device, reset_device, set_device
from brian2.groups.group import CodeRunner

from chronaxie.gradient_bridge import Twin, UnknownParameter
from chronaxie.models import srnn
from chronaxie.models.errors import UnsupportedModel

from .refused import cells, joined


def operation():
    group = cells()
    return Network(group, NetworkOperation(lambda: None, name="watch"))


def decorated():
    @network_operation
    def report():
        """Does nothing."""

    return Network(cells(), report)


def user_function():
    twice = Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    return Network(cells("dv/dt = (twice(u) - v)/(5*ms) : 1\nu : 1", namespace={"twice": twice}))


def compartments():
    morphology = Cylinder(length=10 * um, diameter=1 * um, n=3)
    return Network(SpatialNeuron(morphology, "Im = -v*siemens/meter**2 : amp/meter**2", name="dendrite"))


class Shift(CodeRunner):
    """Runs Python of its own beside its code."""

    def run(self):
        self.group.v += 1


def own_run():
    group = cells()
    return Network(group, Shift(group, template="stateupdate", code="v += 1", name="shift"))


NETWORKS = {
    "network operation": (operation, "'watch' is a network_operation.*equations, a reset or run_regularly"),
    "decorated function": (decorated, r"'networkoperation.*' is a network_operation \(report\), Python code"),
    "compartments": (compartments, "'dendrite.*' has compartments .Spatial.*point neurons"),
    "GSL": (
        lambda: Network(cells(method="gsl_rkf45")),
        "'cells_stateupdater' uses the integrator gsl_rkf45.*explicit one",
    ),
    "own run": (own_run, "'shift' is of the class Shift, which has a run\\(\\) of its own.*run_regularly"),
    "nothing": (lambda: Network(), "'network' has no object that does anything.*add groups"),
}


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


def test_a_gradient_through_a_function_without_a_derivative():
    """It runs; training through it needs its form in torch."""
    twin = Twin(user_function(), trainable=("u",))
    with torch.no_grad():
        twin(duration=1 * ms)
    with pytest.raises(UnsupportedModel, match="a gradient through the user's function twice.*functions="):
        twin(duration=1 * ms)
    twin = Twin(user_function(), trainable=("u",), functions={"twice": lambda x: 2 * x})
    twin(duration=1 * ms).final["cells"]["v"].sum().backward()
    assert float(twin.trained["cells"]["u"].free.grad.abs().sum()) > 0


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


def test_foreign_constants_are_refused_with_the_line_that_helps():
    gain = 1.5
    net = joined(group=cells("dv/dt = (gain - v)/(5*ms) : 1"), on_pre="v_post += w", delay=1 * ms)
    message = (
        "takes the constant gain, which is to be trained, from the caller's frame.*"
        rf"cells.namespace\['gain'\] = {gain}"
    )
    with pytest.raises(UnsupportedModel, match=message):
        Twin(net, trainable=("gain",))


@pytest.mark.parametrize("value", [0, -5])
def test_time_constants_that_are_not_positive(value):
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second", method="euler", name="cells")
    group.tau = [3, value] * ms
    with pytest.raises(ValueError, match=r"cells.tau\[1\] = .* expected > 0; give it a positive value"):
        Twin(Network(group), trainable=("tau",))
