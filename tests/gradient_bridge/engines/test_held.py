"""What the fused engine holds from pass to pass, and what a block of trials leaves to the next one."""

import numpy as np
import pytest
import torch
from brian2 import Clock, Network, NeuronGroup, Synapses, TimedArray, ms

from chronaxie.gradient_bridge import Twin

from .comparing import outputs, unequal

TRIALS = 70  # more than two blocks


@pytest.fixture
def clock():
    return Clock(1 * ms, name="clock")


def driven(clock, values):
    current = TimedArray(values, dt=1 * ms, name="current")
    group = NeuronGroup(
        values.shape[1],
        "dv/dt = (current(t, i) - v)/tau : 1\ntau : second (constant)",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="cells",
        clock=clock,
        namespace={"current": current},
    )
    group.tau = 10 * ms
    return Network(group)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_infinite_number_of_the_network_s_own_is_run(clock, threads):
    values = np.full((20, 5), 2.0)
    values[3, 1] = np.inf
    net, found = driven(clock, values), []
    torch.set_num_threads(threads)
    for engine in ("fused", "reference"):
        twin = Twin(net, engine=engine)
        with torch.no_grad():
            found.append(outputs(twin(duration=20 * ms, trials=TRIALS, record={"cells": ["v"]})))
    assert unequal(*found) == {}


@pytest.mark.parametrize("carrying", [False, True])
def test_a_current_beyond_float32_is_run_in_all_trials(clock, carrying):
    net = driven(clock, np.zeros((20, 5)))
    stimulus, found = torch.full((TRIALS, 20, 5), 2.0, dtype=torch.float64), []
    stimulus[0, 3, 1] = 1e39
    for engine in ("fused", "reference"):
        twin = Twin(net, engine=engine, dtype=torch.float32, trainable=("tau",))
        with torch.set_grad_enabled(carrying):
            found.append(twin(stimulus, record={"cells": ["v"]}).states["cells"]["v"].detach()[1:])
    assert torch.equal(*found)


@pytest.mark.parametrize("late", ["one", "two"])
def test_pathways_with_and_without_delays_of_one_complete_wiring(clock, late):
    def group(drive, variable, values):
        made = NeuronGroup(
            3,
            f"dv/dt = ({drive} - v)/(10*ms) : 1\n{variable} : 1 (constant)",
            threshold="v > 1",
            reset="v = 0",
            method="euler",
            name=f"with_{variable}",
            clock=clock,
        )
        setattr(made, variable, values)
        return made

    sources, targets = group(1.5, "g", [1, 2, 3]), group(0, "h", [0.5, 0.25, 0.125])
    sources.v = [0.2, 0.5, 0.8]
    statement = "v_post += w*g_pre*h_post"
    wires = Synapses(
        sources,
        targets,
        "w : 1 (constant)",
        on_pre={"one": statement, "two": statement},
        name="wires",
        clock=clock,
    )
    wires.connect()
    wires.w = np.linspace(0.1, 0.3, 9)
    getattr(wires, late).delay = np.array([0, 1, 2] * 3) * ms
    net, found = Network(sources, targets, wires), []
    for engine in ("fused", "reference"):
        twin = Twin(net, engine=engine, trainable=("g", "w", "h"))
        trace = twin(duration=40 * ms, record={"with_h": ["v"]}).states["with_h"]["v"]
        found.append((trace.detach(), torch.autograd.grad(trace.sum(), list(twin.parameters()))))
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("engine", ["fused", "reference"])
def test_a_training_after_a_pass_in_inference_mode(clock, engine):
    twin = Twin(driven(clock, np.full((20, 5), 2.0)), engine=engine, trainable=("tau",))

    def trace():
        return twin(duration=20 * ms, record={"cells": ["v"]}).states["cells"]["v"]

    with torch.inference_mode():
        first = trace()
    (found,) = torch.autograd.grad(trace().sum(), list(twin.parameters()))
    assert found.abs().sum() > 0
    with torch.no_grad():
        assert torch.equal(trace(), first)


def test_a_trace_of_what_does_not_change_is_the_user_s(clock):
    twin = Twin(driven(clock, np.full((20, 5), 2.0)), engine="fused", trainable=("tau",))

    def trace():
        return twin(duration=20 * ms, record={"cells": ["tau"]}).states["cells"]["tau"]

    with torch.no_grad():
        trace().numpy()[0, 0, 0] = 99
        assert torch.all(trace() == 0.01)
