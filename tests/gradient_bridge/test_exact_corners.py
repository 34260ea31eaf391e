"""Corners: schedules, monitors, empty and single groups, every function, everything at once in several trials."""

import numpy as np
import pytest
import torch
from brian2 import (
    Network,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
)

from chronaxie.gradient_bridge import Twin

from .helpers import compare, run_twin
from .test_exact_networks import NONLINEAR, cells, wired

pytestmark = pytest.mark.usefixtures("half_ms")


def driven_by(text):
    """Cells whose drive holds an expression without unit, times a millivolt."""
    return cells(equations=NONLINEAR.replace("drive = gain", f"drive = mV*({text}) + gain"))


FUNCTIONS = {
    "logarithms": "log(1 + abs(h)) + log10(2 + h) + log1p(h**2)",
    "exponentials": "expm1(-h) + exprel(h) + 2**h + 1.5**(-h)",
    "angles": "cos(h) + tan(h/9) + arcsin(h/9) + arccos(h/9) + arctan(h)",
    "hyperbolic": "sinh(h) + cosh(h) + sqrt(abs(h))",
    "steps": "sign(h - 0.1) + ceil(h) + floor(h) + int(h) + clip(h, 0, 0.2) + (v/mV)//3*0.01 + (v/mV) % 3",
    "time": "timestep(t, dt) % 4 + int(timestep(t, dt) > 20) + 2*exp(-(t - lastspike)/(20*ms))",
    "powers": "h**2 + h**3 + abs(h)**0.5 + h**4 + abs(h)**1.7",
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions(kind):
    net = Network(driven_by(FUNCTIONS[kind]))
    compare(net, Twin(net, trainable=("tau",)), 120)


def test_schedule_of_ones_own():
    group = cells()
    synapses = wired(group, group, on_pre="v_post += w")
    net = Network(group, synapses)
    net.schedule = ["start", "resets", "synapses", "thresholds", "groups", "end"]
    compare(net, Twin(net), 150)


def test_slots_and_orders_of_ones_own():
    group = cells()
    synapses = wired(group, group, on_pre="v_post += w")
    synapses.pre.when, synapses.pre.order = "after_resets", 3
    group.thresholder["spike"].when = "before_groups"
    net = Network(group, synapses)
    compare(net, Twin(net), 150)


def test_monitors_and_inactive_objects_change_nothing():
    group = cells()
    slow = StateMonitor(group, "v", record=True, dt=2 * ms)
    silent = wired(group, group, on_pre="v_post += w", amplitude=9)
    silent.active = silent.pre.active = False
    net = Network(group, slow, SpikeMonitor(group), PopulationRateMonitor(group), silent)
    compare(net, Twin(net), 100)


@pytest.mark.parametrize("on_pre", ["v_post += w", "g_post += w*(1 - h_post)"])
def test_no_synapse_at_all(on_pre):
    group = cells()
    synapses = Synapses(group, group, "w : volt", on_pre=on_pre)
    synapses.connect(condition="i < 0")
    net = Network(group, synapses)
    compare(net, Twin(net, trainable=("tau",)), 100)


def test_one_neuron_and_its_autapse():
    group = cells(1)
    synapses = Synapses(
        group, group, "w : volt", on_pre="g_post += w*(1 - h_post)\nv_post += w", delay=1 * ms
    )
    synapses.connect()
    synapses.w = 1 * mV
    net = Network(group, synapses)
    compare(net, Twin(net, trainable=("w",)), 200, minimum=2)


@pytest.mark.parametrize("on_pre", ["g_post += w", "g_post += w*(1 - h_pre)*exp(-h_post)"])
def test_parts_of_a_group(on_pre):
    group = cells()
    synapses = Synapses(
        group[2:6], group[5:9], "w : volt", on_pre=on_pre, on_post="v_pre += 0.2*w", delay=1 * ms
    )
    synapses.connect()
    synapses.w = np.linspace(0, 3, len(synapses)) * mV
    net = Network(group, synapses)
    compare(net, Twin(net, trainable=("w",)), 200)


def test_subexpressions_of_synapses():
    group = cells()
    model = "w : volt\nu = w*exp(-abs(v_post)/(50*mV)) : volt\nk : integer (constant)"
    synapses = Synapses(group, group, model, on_pre="g_post += u*k")
    synapses.connect(j="(i + 1) % 10")
    synapses.w, synapses.k = 2 * mV, "i"
    net = Network(group, synapses)
    compare(net, Twin(net, trainable=("w",)), 150)


@pytest.fixture
def everything():
    """Constant, changing, backward and summed synapses, driven by a stimulus of three trials."""
    source = SpikeGeneratorGroup(5, [], [] * ms)
    group = cells(equations=NONLINEAR.replace("drive + g", "drive + g + current*mV") + "current : 1")
    net = Network(
        source,
        group,
        wired(source, group, on_pre="g_post += w*(1 - h_post)\nv_post -= 0.1*w", amplitude=4, delays=["pre"]),
        wired(group, group, on_pre="v_post += w", on_post="g_pre += w*exp(-h_pre)", amplitude=1, seed=5),
        wired(group, group, "w : volt\ncurrent_post = w/mV*tanh(h_pre) : 1 (summed)", amplitude=1, seed=6),
    )
    return net, (np.random.default_rng(0).random((3, 150, 5)) < 0.1).astype(np.uint8)


def test_everything_at_once_in_several_trials(everything):
    net, x = everything
    compare(net, Twin(net, trainable=("w", "tau")), 150, x)


def test_everything_at_once_in_float32(everything):
    """No claim to the bit there; the first steps agree as float32 does, and every gradient is finite."""
    net, x = everything
    exact, rough = Twin(net), Twin(net, trainable=("w", "tau"), dtype=torch.float32)
    out = run_twin(rough, 150, x)
    expected = run_twin(exact, 150, x)
    for name in ("v", "g", "h"):
        ours, theirs = (o.states["cells"][name][:, :10] for o in (out, expected))
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-4, atol=1e-7)
    out.spikes["cells"].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in rough.parameters())
