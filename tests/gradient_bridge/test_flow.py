"""No construct cuts a gradient silently: what is said to carry one does, and what does not is named with a reason."""

import re

import numpy as np
import pytest
from brian2 import Network, NetworkOperation, NeuronGroup, PoissonGroup, Synapses, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.explaining import stops, stops_of_line
from chronaxie.gradient_bridge.flow import carrying

from .language.brian2_runs import Reference, brian2_settings
from .language.table import CASES, QUICK


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in CASES]
)
def test_what_carries_a_gradient_is_what_the_program_says(name):
    """In the state at the end: exactly the arrays that `carrying` names have a graph."""
    case = CASES[name]
    reference = Reference(case)
    with brian2_settings(case):
        reference.go_to(0)
        twin = reference.twin(trainable=case.trainable)
        final = twin(duration=case.runs[0]).final
    said = carrying(twin.program, {place.key for place in twin._places})
    for owner, variables in final.items():
        for variable, value in variables.items():
            key = f"{owner}.{variable}"
            if key in twin.program.arrays and value.requires_grad:
                assert key in said, f"{key} carries a gradient, the program says that none reaches it"
            elif key in said:
                assert value.requires_grad, f"a gradient is cut on its way to {key}, and nothing says so"


def reasons(net, **options):
    """All reasons that a program gives."""
    program = Twin(net, **options).program
    found = [why for o in program.operations for why in stops(o)]
    return found + [
        why for o in program.operations for line in o.lines() for why in stops_of_line(program, o, line)
    ]


def cells(model="dv/dt = (1.5 - v)/(5*ms) : 1", **options):
    return NeuronGroup(
        3, model, method="euler", name="cells", **({"threshold": "v > 1", "reset": "v = 0"} | options)
    )


def joined(model="w : 1", **options):
    group = cells()
    synapses = Synapses(group, group, model, name="wires", **options)
    synapses.connect()
    return Network(group, synapses)


REASONS = {
    "integer": (
        lambda: Network(cells("dv/dt = (1.5 - v)/(5*ms) : 1\nn : integer", reset="v = 0\nn += 1")),
        "cells.n is an integer",
    ),
    "boolean": (
        lambda: Network(cells("dv/dt = (1.5 - v)/(5*ms) : 1\nup : boolean", reset="v = 0\nup = v > 0.5")),
        "cells.up is a truth value",
    ),
    "refractoriness": (lambda: Network(cells(refractory=2 * ms)), "refractoriness: when it begins and ends"),
    "step function": (lambda: Network(cells(reset="v = floor(v)")), r"floor\(\) is a step function"),
    "one by one": (lambda: joined(on_pre="v_post += w*(1 - v_post)"), "run for one event after the other"),
    "product": (lambda: joined(on_pre="v_post *= 0.5"), "assigned or multiplied through an index"),
    "event-driven": (
        lambda: joined("dx/dt = -x/(5*ms) : 1 (event-driven)", on_pre="v_post += x\nx += 1"),
        "wires.lastupdate is the time of an event",
    ),
    "whole numbers": (
        lambda: Network(cells(reset="v = 0.1*poisson(2)")),
        r"poisson\(\) draws random numbers",
    ),
}


@pytest.mark.parametrize("kind", REASONS)
def test_the_reason_is_given(kind):
    make, message = REASONS[kind]
    found = reasons(make())
    assert any(re.search(message, why) for why in found), f"expected {message!r}, found {found}"


@pytest.mark.parametrize("on_pre", ["g_post += w", "g_post += w*(1 - g_post)", "g_post = w"])
def test_where_there_is_no_synapse_nothing_carries_a_gradient(on_pre):
    group = cells("dv/dt = (u + g - v)/(5*ms) : 1\nu : 1\ng : 1")
    group.u = 1.5
    synapses = Synapses(group, group, "w : 1", on_pre=on_pre, name="wires")
    synapses.connect(condition="i < 0")
    twin = Twin(Network(group, synapses), trainable=("u",))
    out = twin(duration=20 * ms)
    assert out.spikes["cells"].sum() > 0
    assert out.final["cells"]["v"].requires_grad
    assert not out.final["cells"]["g"].requires_grad
    said = carrying(twin.program, {"cells.u"})
    assert "cells.v" in said
    assert "cells.g" not in said


def test_a_network_operation():
    group = cells()
    net = Network(group, NetworkOperation(lambda: None, name="watch"))
    assert any("Python code of the user" in why for why in reasons(net, python=True))


def test_a_smooth_network_has_no_stops():
    group = NeuronGroup(2, "dv/dt = -v/(5*ms) : 1", method="exact", name="cells")
    assert reasons(Network(group)) == []


def test_the_text_shows_reads_writes_and_reasons():
    source = PoissonGroup(2, np.array([10, 20]) / (1000 * ms), name="source")
    group = cells(refractory=1 * ms)
    feed = Synapses(source, group, "w : 1", on_pre="v_post += w", name="feed")
    feed.connect()
    text = str(Twin(Network(source, group, feed), trainable=("feed.w",)).program)
    names = ["cells_spike_thresholder", "source_spike_thresholder", "feed_pre", "cells_spike_resetter"]
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    threshold, source_threshold, arrival = (text[a:b] for a, b in zip(places, places[1:], strict=False))
    assert "gradient stops: refractoriness" in threshold
    assert "gradient stops" not in source_threshold
    assert "v_post += w\n" in arrival
    assert "reads cells.v, feed.w\n" in arrival
    assert "writes cells.v\n" in arrival
