"""Networks written by hand: integrators, synapses, refractoriness. The twin against Brian2, to the bit."""

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, Synapses, linked_var, ms, mV, ohm

from chronaxie.gradient_bridge import Twin

from .helpers import compare

pytestmark = pytest.mark.usefixtures("half_ms")

STEPS = 200
CONSTANTS = dict(v_rest=-70 * mV, v_th=-54 * mV, v_reset=-62 * mV, tau_g=5 * ms, f=20 * Hz)
NONLINEAR = """
dv/dt = (v_rest - v + drive + g + 0.4*mV*exp((v + 55*mV)/(4*mV)))/tau : volt (unless refractory)
dg/dt = -g/tau_g : volt
dh/dt = (tanh(g/(10*mV)) - h)/(3*tau_g) : 1
drive = gain*(1 + 0.3*sin(2*pi*f*t) - 0.2*h**2) : volt
tau : second (constant)
gain : volt (constant)
"""
CONDITIONALLY_LINEAR = NONLINEAR.replace(" + 0.4*mV*exp((v + 55*mV)/(4*mV))", "")
LINEAR = """
dv/dt = (v_rest - v + gain + g)/tau : volt (unless refractory)
dg/dt = -g/tau_g : volt
h : 1
tau : second (constant)
gain : volt (constant)
"""
METHODS = {
    **dict.fromkeys(("euler", "rk2", "rk4", "heun", "milstein"), NONLINEAR),
    "exponential_euler": CONDITIONALLY_LINEAR,
    "exact": LINEAR,
    "linear": LINEAR,
}


def cells(n=10, equations=NONLINEAR, *, seed=0, name="cells", **options):
    """A group of n different cells, some of which fire regularly by themselves."""
    rng = np.random.default_rng(seed)
    defaults = dict(threshold="v > v_th", reset="v = v_reset", refractory=2 * ms, method="euler")
    group = NeuronGroup(n, equations, name=name, namespace=CONSTANTS, **(defaults | options))
    group.v = rng.uniform(-70, -55, n) * mV
    group.tau = rng.uniform(8, 20, n) * ms
    group.gain = rng.uniform(15, 24, n) * mV
    return group


def pairs(pre, post, count, seed):
    """Random pairs of neurons, repetitions and autapses among them."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, pre, count), rng.integers(0, post, count)


def wired(pre, post, model="w : volt", *, seed=1, count=40, amplitude=3, delays=None, **options):
    synapses = Synapses(pre, post, model, **options)
    i, j = pairs(len(pre), len(post), count, seed)
    synapses.connect(i=i, j=j)
    rng = np.random.default_rng(seed)
    synapses.w = rng.normal(0.3, 1, count) * amplitude * mV
    if delays:
        for pathway in delays:
            getattr(synapses, pathway).delay = rng.integers(0, 13, count) * 0.25 * ms
    return synapses


@pytest.mark.parametrize("method", METHODS)
def test_integrators(method):
    group = cells(equations=METHODS[method], method=method)
    recurrent = wired(group, group, on_pre="v_post += w", delay=1.5 * ms)
    excite = wired(group, group, on_pre="g_post += w", seed=2, delays=["pre"])
    net = Network(group, recurrent, excite)
    compare(net, Twin(net, trainable=("tau", "w", "tau_g")), STEPS)


SYNAPSES = {
    "no delay": dict(on_pre="v_post += w"),
    "fraction of a step": dict(on_pre="g_post += w", delay=1.25 * ms),
    "one delay each": dict(on_pre="g_post += w", delays=["pre"]),
    "backwards": dict(on_pre="g_post += w", on_post="g_pre -= 0.5*w", delays=["pre", "post"]),
    "two statements": dict(on_pre="v_post += 0.5*w\ng_post -= w", delays=["pre"]),
    "two pathways": dict(
        on_pre={"fast": "v_post += w", "slow": "g_post += 0.3*w"}, delay={"fast": 1 * ms, "slow": 3 * ms}
    ),
    "value that changes": dict(on_pre="g_post += w*(1 - h_post)*exp(-h_pre)", delays=["pre"]),
    "onto the sender": dict(on_pre="g_pre += w", delays=["pre"]),
    "time of arrival": dict(on_pre="g_post += w*(1 + sin(t/ms))", delay=2 * ms),
    "shared weight": dict(model="w : volt\nk : 1 (shared)", on_pre="g_post += w*(1 + k)"),
}


@pytest.mark.parametrize("kind", SYNAPSES)
def test_synapses(kind):
    sender, receiver = cells(name="sender"), cells(8, seed=5, name="receiver")
    synapses = wired(sender, receiver, **SYNAPSES[kind])
    net = Network(sender, receiver, synapses)
    compare(net, Twin(net, trainable=("w",)), STEPS)


def test_several_pathways_onto_one_variable_run_in_the_order_of_their_names():
    group = cells()
    net = Network(
        group, *(wired(group, group, seed=k, on_pre="v_post += w", name=n) for k, n in enumerate("cab"))
    )
    compare(net, Twin(net), STEPS)


SPIKING = {
    "time": dict(refractory=3 * ms),
    "no refractoriness": dict(refractory=False),
    "time of each neuron": dict(refractory="pause", equations=NONLINEAR + "pause : second (constant)"),
    "expression": dict(refractory="v > -60*mV", reset="v = v_th - 2*mV"),
    "threshold with and": dict(threshold="v > v_th and (h < 0.12 or v > -52*mV)"),
    "threshold with or": dict(threshold="v > v_th or h > 0.3", reset="v = v_reset\nh = 0"),
    "threshold with not": dict(
        threshold="v >= v_th and not (h > 0.2 and v < -52*mV)", reset="v = v_reset\nh *= 0.5"
    ),
    "threshold below": dict(threshold="v_th - v < 0*mV"),
    "reset of several": dict(reset="v = v_reset + 0.1*g\ng += 1*mV\nh = clip(h + 0.2, 0, 1)"),
    "moving threshold": dict(
        equations=NONLINEAR + "dtheta/dt = (v_th - theta)/(20*ms) : volt",
        threshold="v > theta",
        reset="v = v_reset\ntheta += 2*mV",
    ),
}


@pytest.mark.parametrize("kind", SPIKING)
def test_threshold_reset_refractoriness(kind):
    group = cells(**SPIKING[kind])
    if "pause" in group.variables:
        group.pause = np.linspace(0, 6, len(group)) * ms
    if "theta" in group.variables:
        group.theta = CONSTANTS["v_th"]
    net = Network(group, wired(group, group, on_pre="v_post += w\ng_post += 0.5*w", delays=["pre"]))
    compare(net, Twin(net, trainable=("tau", "w")), STEPS)


def test_boolean_integer_and_shared_parameters():
    group = cells(
        equations=NONLINEAR.replace("g + 0.4", "gate*g + int(on)*bonus + 0.4")
        + """
        on : boolean (constant)
        k : integer (constant)
        bonus : volt (shared)
        gate = 0.1*k + 0.05*(i % 3) + int(v < -60*mV and on) : 1
        held = 0.5*h + 0.01*N : 1 (constant over dt)
        """,
        reset="v = v_reset - k*0.1*mV + held*mV",
    )
    group.on, group.k, group.bonus = np.arange(len(group)) % 2 == 0, np.arange(len(group)) % 5, 1.3 * mV
    net = Network(group, wired(group, group, "w : volt\nm : integer", on_pre="g_post += w*(1 + m)"))
    compare(net, Twin(net, trainable=("tau", "bonus")), STEPS)


def test_summed_and_linked_variables():
    leader = cells(name="leader")
    extended = NONLINEAR.replace("drive + g", "drive + g + R*I + 0.05*(other - v)")
    group = cells(seed=3, equations=extended + "I : amp\nR : ohm (constant)\nother : volt (linked)")
    group.R, group.other = 1e6 * ohm, linked_var(leader, "v", index=np.arange(10)[::-1])
    gap = wired(leader, group, "w : volt\nI_post = w*(v_pre - v_post)/(30*mV*1e6*ohm) : amp (summed)", seed=4)
    kick = wired(group, leader, on_pre="g_post += w", delay=2 * ms)
    net = Network(leader, group, gap, kick)
    compare(net, Twin(net, trainable=("w", "R")), STEPS)


def test_regular_operations_and_events_of_ones_own():
    group = cells(
        equations=NONLINEAR + "x : 1",
        events={"crossing": "v > -60*mV"},
    )
    group.run_on_event("crossing", "x += 0.1\nh *= 0.9")
    group.run_regularly("g = 0.95*g + 0.01*mV*x", when="before_groups")
    ahead = wired(group, group, on_pre="g_post += 0.1*w", on_event="crossing", delay=1 * ms)
    net = Network(group, ahead, wired(group, group, on_pre="v_post += w", seed=7))
    compare(net, Twin(net), STEPS)


def test_a_network_without_arrays_of_floats():
    """Shared variables are numbers: nothing here is an array except the spikes."""
    group = NeuronGroup(3, "x : 1 (shared)\nv = x*i*(1 + sin(t/ms)) : 1", threshold="v > 1", reset="")
    group.x = 1
    net = Network(group)
    compare(net, Twin(net), 50)
