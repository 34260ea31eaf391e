"""Networks of which the fused engine once ran another one, or read past an end: each is a corner of its own."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from brian2 import Clock, Network, NeuronGroup, Synapses, TimedArray, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.models.errors import UnsupportedModel

from ..helpers import differences, run_brian2, run_twin
from .comparing import derivatives, loss_of, outputs, unequal, unequal_derivatives

STEPS = 40
DRIVEN = "dv/dt = (2 - v)/(5*ms) : 1"


@pytest.fixture
def clock():
    return Clock(0.5 * ms, name="clock")


def both(net, record=None, namespace=None):
    """Outputs of the fused engine and of the reference engine."""
    twins = (Twin(net, engine=engine, namespace=namespace or {}) for engine in ("fused", "reference"))
    return [outputs(twin(duration=STEPS * 0.5 * ms, record=record)) for twin in twins]


def test_one_timed_array_drives_groups_of_different_sizes(clock):
    current = TimedArray(np.linspace(0, 2, STEPS), dt=0.5 * ms)
    groups = [
        NeuronGroup(
            size,
            "dv/dt = (current(t) - v)/(5*ms) : 1",
            threshold="v > 0.5",
            reset="v = 0",
            method="euler",
            name=name,
            clock=clock,
        )
        for name, size in (("few", 3), ("many", 5000))
    ]
    ours, theirs = both(Network(*groups), {"many": ["v"]}, {"current": current})
    assert int(theirs["spikes of many"].sum()) >= 5000
    assert unequal(ours, theirs) == {}


def test_a_group_whose_neurons_hold_no_state(clock):
    chances = TimedArray(np.random.default_rng(2).random((STEPS, 50)), dt=0.5 * ms)
    group = NeuronGroup(
        50, "x = chances(t, i) : 1", threshold="x > 0.5", reset="", name="stateless", clock=clock
    )
    targets = NeuronGroup(7, "v : 1", name="targets", clock=clock)
    wires = Synapses(group, targets, "w : 1", on_pre="v_post += w", name="wires", clock=clock)
    wires.connect()
    wires.w = "0.01*i + 0.1*j"
    ours, theirs = both(Network(group, targets, wires), {"targets": ["v"]}, {"chances": chances})
    assert int(theirs["spikes of stateless"].sum()) >= 500
    assert unequal(ours, theirs) == {}


def test_statements_of_a_users_own_look_at_the_time_since_the_last_spike(clock):
    # the refractory period restricts nothing, so that its own comparison falls away; the user's may not
    group = NeuronGroup(
        3,
        DRIVEN + "\nlong : 1",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=0.5 * ms,
        method="euler",
        name="cells",
        clock=clock,
    )
    group.run_regularly("long = int(timestep(t - lastspike, dt) >= timestep(1*ms, dt))", name="look")
    ours, theirs = both(Network(group), {"cells": ["long"]})
    assert set(theirs["trace of cells.long"].unique().tolist()) == {0.0, 1.0}
    assert unequal(ours, theirs) == {}


def test_a_trace_of_the_last_spikes_is_left_to_the_reference_engine(clock):
    group = NeuronGroup(
        3,
        DRIVEN,
        threshold="v > 0.5",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        name="cells",
        clock=clock,
    )
    net, record = Network(group), {"cells": ["lastspike"]}
    with pytest.raises(UnsupportedModel, match='trace of cells.lastspike.*engine="reference"'):
        both(net, record)
    twin = Twin(net, engine="auto", namespace={})
    ours = outputs(twin(duration=20 * ms, record=record))
    theirs = outputs(Twin(net, engine="reference", namespace={})(duration=20 * ms, record=record))
    assert unequal(ours, theirs) == {}
    assert "trace of cells.lastspike" in twin.note


def test_passes_of_many_lengths_do_not_add_up_in_memory(clock):
    group = NeuronGroup(
        3, DRIVEN, threshold="v > 0.5", reset="v = 0", method="euler", name="cells", clock=clock
    )
    twin = Twin(Network(group), engine="fused", namespace={}, trainable=("v",))
    for steps in range(1, 60):
        out = twin(duration=steps * 0.5 * ms)
        assert torch.isfinite(out.final["cells"]["v"]).all()
    held = [t for kind in twin._engine.pool.free.values() for t in kind]
    assert 0 < len(held) <= 40


def test_threads_share_a_twin(clock):
    group = NeuronGroup(
        5,
        "dv/dt = (2 - v)/tau : 1\ntau : second",
        threshold="v > 0.5",
        reset="v = 0",
        method="euler",
        name="cells",
        clock=clock,
    )
    group.tau = np.arange(3, 8) * ms
    wires = Synapses(group, group, "w : 1", on_pre="v_post += w", name="wires", clock=clock)
    wires.connect()
    wires.w = "0.01*(i - j)"
    twin = Twin(Network(group, wires), engine="fused", namespace={}, trainable=("tau", "w"))

    def derivatives(steps):
        trace = twin(duration=steps * 0.5 * ms, record={"cells": ["v"]}).states["cells"]["v"]
        return torch.autograd.grad(trace.sum(), list(twin.parameters()))

    def agrees(steps):
        return all(torch.equal(a, b) for a, b in zip(derivatives(steps), expected[steps], strict=True))

    expected = {steps: derivatives(steps) for steps in (20, 25)}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(2) as threads:
            assert all(threads.map(agrees, [20, 25] * 60))
    finally:
        sys.setswitchinterval(interval)


def test_last_spikes_that_lie_ahead_are_left_to_the_reference_engine(clock):
    group = NeuronGroup(
        2,
        DRIVEN + " (unless refractory)",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=2 * ms,
        method="euler",
        name="cells",
        clock=clock,
    )
    net, found = Network(group), {}
    for last in (0.0, 1e-3):  # now, and in two steps
        for engine in ("auto", "reference"):
            twin = Twin(net, engine=engine, namespace={}, trainable=("v",))
            initial = {"cells": {"lastspike": torch.tensor([-1.0, last], dtype=torch.float64)}}
            found[engine] = outputs(twin(duration=20 * ms, initial=initial)), twin.note
        assert unequal(found["auto"][0], found["reference"][0]) == {}
        assert ("lies ahead" in found["auto"][1]) == (last > 0)


def test_no_gradient_passes_from_a_spike_to_what_it_masks(clock):
    # the update follows the reset in one kernel; a second truth value keeps Brian2 from splitting int(not_refractory)
    group = NeuronGroup(
        3,
        """dv/dt = (drive - v + 0.2*int(on))/tau : 1 (unless refractory)
        du/dt = (0.4*v - u)/(2*tau) : 1
        on : boolean
        drive : 1 (constant)
        tau : second (constant)""",
        threshold="v > 1",
        reset="v = 0",
        refractory="u > 0.1",
        method="euler",
        name="cells",
        clock=clock,
    )
    group.v, group.drive, group.tau, group.on = [0.1, 0.2, 0.3], [0.8, 1.2, 1.5], [5, 7, 9] * ms, [1, 0, 1]
    group.thresholder["spike"].when = "synapses"
    group.state_updater.when, group.state_updater.order = "after_resets", 1
    found = []
    for engine in ("fused", "reference"):
        twin = Twin(Network(group), engine=engine, namespace={}, trainable=("v", "tau", "drive"))
        out = outputs(twin(duration=STEPS * 0.5 * ms, record={"cells": ["v", "u"]}))
        found.append(derivatives(loss_of(out, ("trace",)), dict(twin.named_parameters())))
    assert unequal_derivatives(*found) == {}


@pytest.mark.parametrize(("power", "exact"), [(2, True), (3, False), (4, False)])
def test_whole_powers_keep_the_bits_of_brian2(half_ms, power, exact):
    # x**3 as a product is rounded twice, by NumPy once: what is not exact runs there where no gradient is wanted
    group = NeuronGroup(
        20,
        f"dv/dt = (drive - v**{power}/3)/(5*ms) : 1\ndrive : 1 (constant)",
        threshold="v > 1",
        reset="v = -0.3",
        method="rk4",
        name="cells",
    )
    group.drive = np.linspace(0.8, 1.7, 20)
    group.v = np.linspace(-0.5, 0.9, 20)
    twin = Twin(Network(group), engine="auto", namespace={})
    with torch.no_grad():
        ours = run_twin(twin, 400)
    assert not differences(ours, run_brian2(Network(group), twin, 400))
    assert twin._engine.exact == exact
