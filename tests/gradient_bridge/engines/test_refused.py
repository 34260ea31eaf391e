"""What the fused engine does not do it refuses by name; "auto" runs it in the reference engine and says why."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from brian2 import (
    Clock,
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    ms,
)

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.native import NativeBuildError
from chronaxie.gradient_bridge.surrogates import Gaussian
from chronaxie.models.errors import UnsupportedModel

from .comparing import outputs, unequal

EQUATIONS = "dv/dt = (1.5 - v)/tau : 1\ntau : second (constant)"
INSTEAD = '.*engine="reference"'


@dataclass(frozen=True)
class Steep(Gaussian):
    """A surrogate of a user's own."""


def cells(equations=EQUATIONS, name="cells", **options):
    defaults = dict(threshold="v > 1", reset="v = 0", method="euler", clock=Clock(0.5 * ms, name="clock"))
    group = NeuronGroup(3, equations, name=name, **(defaults | options))
    group.tau = [5, 6, 7] * ms
    return group


def wired(model="w : 1", on_pre="v_post += w", delay=1 * ms):
    group = cells()
    wires = Synapses(group, group, model, on_pre=on_pre, name="wires", clock=group.clock)
    wires.connect()
    wires.w, wires.delay = np.linspace(-0.2, 0.3, 9), delay
    return Network(group, wires)


def driven():
    group = cells()
    source = SpikeGeneratorGroup(2, [], [] * ms, name="source", clock=group.clock)
    wires = Synapses(source, group, "w : 1", on_pre="v_post += w", name="wires", clock=group.clock)
    wires.connect()
    wires.w = 0.2
    return Network(group, source, wires)


def several_clocks():
    group = cells()
    group.run_regularly("v *= 0.9", dt=1 * ms)
    return Network(group)


def poisson():
    group = cells()
    return Network(group, PoissonInput(group, "v", 10, 20 * Hz, 0.1))


def with_operation():
    group = cells()

    def kick():
        group.v = group.v + 0.01

    return Network(group, NetworkOperation(kick, clock=group.clock, name="kick"))


def summed():
    group = cells(EQUATIONS + "\ng : 1")
    wires = Synapses(group, group, "g_post = v_pre - v_post : 1 (summed)", name="wires", clock=group.clock)
    wires.connect()
    return Network(group, wires)


def shared_sum():
    group = cells(EQUATIONS + "\ndrive : 1 (shared)\ntotal : 1", reset="v = 0.01*total")
    wires = Synapses(
        group, group, "w : 1\ntotal_post = w*drive_pre : 1 (summed)", name="wires", clock=group.clock
    )
    wires.connect()
    wires.w = 0.1
    group.run_regularly("drive = t/second", name="later", order=1)
    return Network(group, wires)


def partial_sum():
    group = cells(EQUATIONS + "\ntotal : 1", reset="v = 0.01*total")
    wires = Synapses(
        group, group[1:], "w : 1\ntotal_post = w*v_pre : 1 (summed)", name="wires", clock=group.clock
    )
    wires.connect()
    wires.w = 0.1
    return Network(group, wires)


REFUSED = {  # network, options of the twin, what the message names
    "random numbers in equations": (
        lambda: Network(cells(EQUATIONS.replace("/tau", "/tau + 0.1*xi*tau**-0.5"))),
        {},
        "'cells.*random numbers",
    ),
    "random numbers in a threshold": (
        lambda: Network(cells(threshold="v > rand()")),
        {},
        "'cells.*random numbers",
    ),
    "random numbers in a reset": (
        lambda: Network(cells(reset="v = 0.1*rand()")),
        {},
        "'cells.*random numbers",
    ),
    "random numbers in synapses": (lambda: wired(on_pre="v_post += w*rand()"), {}, "'wires.*random numbers"),
    "Poisson input": (poisson, {}, "'poissoninput.*random numbers"),
    "several clocks": (several_clocks, {}, "'cells.*second clock"),
    "network operation": (with_operation, {"python": True}, "'kick.*Python"),
    "plastic synapses": (lambda: wired(on_pre="v_post += w\nw *= 0.9"), {}, "'wires.*do more than add"),
    "synapses that read their target": (
        lambda: wired(on_pre="v_post += w*(1 - v_post)"),
        {},
        "'wires.*do more",
    ),
    "whole numbers": (
        lambda: Network(cells(EQUATIONS + "\nk : integer", reset="v = 0\nk += 1")),
        {},
        "'cells.*whole number",
    ),
    "the time since the last spike as a number": (
        lambda: Network(
            cells(EQUATIONS + "\nx : 1", reset="v = 0\nx = timestep(t - lastspike, dt)", refractory=1 * ms)
        ),
        {},
        "'cells.*time since the last spike",
    ),
    "a last spike of the user's own": (
        lambda: Network(cells(EQUATIONS + "\nlastspike : second", reset="v = 0\nlastspike = t")),
        {},
        "'cells.*write to cells.lastspike",
    ),
    "a summed variable of a shared one": (shared_sum, {}, "'wires.*shared variable"),
    "a summed variable of a part": (partial_sum, {}, "'wires.*part of a group"),
    "summed variable": (summed, {}, "'wires.*summed variable"),
    "trained delays": (wired, {"trainable": ("delay",)}, "'wires.*trained delay"),
    "a user's surrogate": (
        lambda: Network(cells()),
        {"trainable": ("tau",), "surrogate": Steep()},
        "'cells.*surrogate Steep",
    ),
}


def run(engine, make, options):
    """Outputs of a twin, and the twin."""
    np.random.seed(3)  # noqa: NPY002  what a twin draws from
    twin = Twin(make(), engine=engine, namespace={}, **options)
    return outputs(twin(duration=15 * ms, record={"cells": ["v"]})), twin


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name):
    make, options, message = REFUSED[name]
    with pytest.raises(UnsupportedModel, match=message + INSTEAD):
        run("fused", make, options)


@pytest.mark.parametrize("name", REFUSED)
def test_auto_runs_it_in_the_reference_engine_and_says_why(name):
    make, options, message = REFUSED[name]
    (ours, twin), (theirs, _) = (run(engine, make, options) for engine in ("auto", "reference"))
    assert unequal(ours, theirs) == {}
    assert re.search(message + INSTEAD, twin.note)


def graded(engine):
    """A pass whose spikes that come in carry a gradient."""
    twin = Twin(driven(), engine=engine, namespace={}, trainable=("w",))
    stimulus = (torch.arange(40).reshape(1, 20, 2) % 3 == 0).double().requires_grad_()
    out = outputs(twin(stimulus, record={"cells": ["v"]}))
    return out, twin, torch.autograd.grad(out["trace of cells.v"].sum(), stimulus)[0]


def test_a_gradient_by_spikes_that_come_in():
    with pytest.raises(UnsupportedModel, match="'source.*gradient by the spikes" + INSTEAD):
        graded("fused")
    (ours, twin, by), (theirs, _, expected) = graded("auto"), graded("reference")
    assert unequal(ours, theirs) == {}
    assert torch.equal(by, expected)
    assert bool(by.any())
    assert "gradient by the spikes" in twin.note
    with torch.no_grad():
        twin(torch.zeros(1, 20, 2))
    assert twin.note == ""


def test_spikes_under_way_from_an_earlier_run():
    net = wired(delay=10 * ms)
    net.run(12 * ms, namespace={})
    with pytest.raises(UnsupportedModel, match="'wires.*under way" + INSTEAD):
        Twin(net, engine="fused", namespace={})
    assert "under way" in Twin(net, engine="auto", namespace={}).note


def test_spikes_of_the_last_step_of_an_earlier_run():
    net = driven()
    net["source"].set_spikes([1], [1] * ms)
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    assert Twin(net, engine="fused", namespace={}).engine == "fused"
    net.run(1.5 * ms, namespace={})
    with pytest.raises(UnsupportedModel, match="'wires.*last step" + INSTEAD):
        Twin(net, engine="fused", namespace={})
    assert "last step" in Twin(net, engine="auto", namespace={}).note


def test_another_device():
    twin = Twin(Network(cells()), engine="fused", namespace={}, trainable=("tau",))
    other = twin.to("meta")
    with pytest.raises((UnsupportedModel, NotImplementedError), match="meta"):
        other(duration=5 * ms)


def test_no_compiler(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    net = Network(cells())
    with pytest.raises(NativeBuildError, match="no-such-compiler"):
        Twin(net, engine="fused", namespace={})
    twin = Twin(net, engine="auto", namespace={})
    assert twin.engine == "reference"
    assert "no-such-compiler" in twin.note
