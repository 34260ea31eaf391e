"""brian2tools describes what `srnn` builds: a network of ours is a network of Brian2."""

import pytest
from brian2 import get_device, ms, set_device
from brian2.devices.device import reset_device

pytest.importorskip("brian2tools.baseexport", reason="brian2tools is not installed")

from chronaxie.models import srnn

pytestmark = pytest.mark.usefixtures("numpy_target")


def test_the_description_of_brian2tools_holds_every_group_and_connection():
    net = srnn(3, [4], 2, dt=1 * ms, seed=0)
    set_device("exporter", build_on_run=False)
    try:
        net.run(10 * ms, namespace={})
        (run,) = get_device().runs
    finally:
        reset_device()
    components = run["components"]
    groups = {g["name"]: g for g in components["neurongroup"]}
    assert {name: g["N"] for name, g in groups.items()} == {"hidden1": 4, "output": 2}
    assert groups["hidden1"]["equations"]["v"]["expr"] == "(bias + I - v)/tau_m"
    assert groups["hidden1"]["events"]["spike"]["threshold"]["code"] == "v > theta"
    assert [g["N"] for g in components["spikegeneratorgroup"]] == [3]
    connected = {(s["source"], s["target"]) for s in components["synapses"]}
    assert connected == {("input", "hidden1"), ("hidden1", "hidden1"), ("hidden1", "output")}
    assert float(run["duration"]) == pytest.approx(0.01)
