"""describe and build: any supported network comes back to the bit; everything else is refused by name."""

import dataclasses
import gc

import numpy as np
import pytest
from brian2 import (
    Clock,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    mV,
    nS,
    pF,
    volt,
)
from brian2.utils.logger import catch_logs

from chronaxie.models import (
    ALIF,
    LIF,
    Normal,
    Readout,
    UnsupportedModel,
    annotate,
    annotations,
    build,
    describe,
    srnn,
    tile,
)

pytestmark = pytest.mark.usefixtures("numpy_target")


def same(a, b, path="description"):
    """Assert that two descriptions are equal, floats to the bit."""
    assert type(a) is type(b), path
    if dataclasses.is_dataclass(a):
        for f in dataclasses.fields(a):
            same(getattr(a, f.name), getattr(b, f.name), f"{path}.{f.name}")
    elif isinstance(a, tuple):
        assert len(a) == len(b), path
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{path}[{k}]")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, path
        assert a.shape == b.shape, path
        assert a.tobytes() == b.tobytes(), path
    else:
        assert a == b, path


def spikes(net, duration):
    """Spike indices and times of every spiking group, and final membranes, after a run."""
    by_name = {o.name: o for o in net.objects}
    monitors = {
        n: SpikeMonitor(o, name=f"{n}_m") for n, o in by_name.items() if getattr(o, "thresholder", None)
    }
    net.add(*monitors.values())
    net.run(duration, namespace={})
    out = {n: (np.array(m.i), np.array(m.t)) for n, m in monitors.items()}
    out["v"] = np.array(by_name["cells"].v) if "cells" in by_name else np.array(by_name["output"].v)
    return out


def by_hand(method="exponential_euler"):
    """A network as a user writes it: units, subexpressions, refractoriness, delays, own slots, a name from outside."""
    E_L = -70 * mV
    wave = TimedArray(np.array([0.0, 1.0, 0.5, 2.0]), dt=5 * ms, name="wave")
    cells = NeuronGroup(
        12,
        """
        dv/dt = (E_L - v + drive + R*g)/tau : volt
        dg/dt = -g/(5*ms) : siemens (unless refractory)
        drive = 15*mV + 10*mV*wave(t)*gain : volt
        gain : 1 (constant)
        R = 20*mV/nS : volt/siemens
        tau : second (constant)
        n : integer
        on : boolean
        scale : 1 (shared)
        """,
        method=method,
        threshold="v > -52*mV and on",
        reset="v = E_L; n += 1",
        refractory="2*ms + 1*ms*int(gain > 0.5)",
        namespace={"wave": wave},
        order=2,
        name="cells",
    )
    cells.v = "E_L + i*0.7*mV"
    cells.gain = np.linspace(0, 1, 12)
    cells.tau = np.linspace(8, 20, 12) * ms
    cells.on = True
    cells.scale = 0.1
    cells.resetter["spike"].when = "after_resets"
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 2, 7] * ms, period=20 * ms, name="source")
    feed = Synapses(source, cells, "w : siemens\nk : 1 (shared)", on_pre="g_post += w*k", name="feed")
    feed.connect(i=[0, 1, 2, 2, 0], j=[1, 3, 3, 7, 1])
    feed.w = [1, 2, 3, 4, 5] * nS
    feed.k = 1.5
    feed.delay = [0, 1, 2, 3, 0.4] * ms
    loop = Synapses(
        cells,
        cells,
        "w : 1",
        on_pre={"hit": "g_post += w*nS", "tag": "v_post -= 0.1*mV"},
        on_post="w = clip(w + 0.01, 0, 1)",
        delay={"hit": 1.5 * ms},
        multisynaptic_index="k",
        name="loop",
    )
    loop.connect(condition="i != j", p=1)
    loop.connect(i=0, j=1, n=2)
    loop.w = "0.3*i/12.0"
    loop.hit.order = -3
    net = Network(cells, source, feed, loop, SpikeMonitor(cells))
    return net, {"E_L": E_L}


NETWORKS = {
    "alif": lambda: (srnn(4, [6], 3, bias=Normal(0.1, 0.02)), {}),
    "two layers": lambda: (srnn(4, [6, 5], 3, readout=ALIF, bias=0.02), {}),
    "next": lambda: (srnn(4, [6, 5], 3, transmission="next", bias=0.02), {}),
    "current": lambda: (srnn(4, [6], 3, input="current", neuron=LIF, bias=0.02), {}),
    "by hand": by_hand,
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_build_is_the_inverse_of_describe(make):
    net, namespace = make()
    first = describe(net, namespace=namespace)
    second_ = describe(build(first), namespace={})
    same(first, second_)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_a_built_network_gives_the_same_spikes_and_bits(make):
    net, namespace = make()
    description = describe(net, namespace=namespace)
    built = spikes(build(description), 200 * ms)
    for obj in net.objects:
        if getattr(obj, "namespace", None) is not None:
            obj.namespace.update(namespace)
    original = spikes(net, 200 * ms)
    assert sum(len(i) for key, (i, *_) in original.items() if key != "v") > 20
    for name, values in original.items():
        for a, b in zip(values, built[name], strict=True):
            assert np.array_equal(a, b), name


@pytest.mark.parametrize("method", ["euler", "rk2", "rk4", "heun", "exponential_euler", ("exact", "euler")])
def test_any_explicit_method(method):
    net, namespace = by_hand(method)
    description = describe(net, namespace=namespace)
    assert description.group("cells").method == method
    same(description, describe(build(description)))


def test_values_come_back_to_the_bit_at_the_extremes():
    net = srnn(2, [6], 2)
    hidden = next(o for o in net.objects if o.name == "hidden1")
    extremes = [5e-324, -0.0, 1.7976931348623157e308, -2.2250738585072014e-308, 0.1, np.nextafter(1, 2)]
    hidden.variables["v"].set_value(np.array(extremes))
    built = build(describe(net))
    after = next(o for o in built.objects if o.name == "hidden1").variables["v"].get_value()
    assert after.tobytes() == np.array(extremes).tobytes()


def test_names_are_resolved_from_the_caller():
    tau = 7 * ms  # noqa: F841 - read from this frame
    group = NeuronGroup(1, "dv/dt = -v/tau : 1", name="g")
    external = describe(Network(group)).group("g").namespace[0]
    assert (external.name, float(external.value.values)) == ("tau", 0.007)
    with pytest.raises(
        KeyError, match="g: the name 'tau' could not be resolved; put it into the group's namespace"
    ):
        describe(Network(group), namespace={})


def test_the_description_does_not_follow_the_network():
    net = srnn(2, [3], 2)
    description = describe(net)
    hidden = next(o for o in net.objects if o.name == "hidden1")
    hidden.v = 5
    values = {v.name: v.array.values for v in description.group("hidden1").variables}
    assert not values["v"].any()
    with pytest.raises(ValueError, match="read-only"):
        values["v"][0] = 1


def test_slots_orders_and_own_steps_stay():
    slow = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", dt=1 * ms, order=4, name="slow", method="exact")
    fast = NeuronGroup(
        2, "x = rate(t) : 1 (constant over dt)", namespace={"rate": TimedArray([1.0], dt=1 * ms)}
    )
    other = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="euler")
    slow.state_updater.when = "after_groups"
    d = describe(Network(slow, fast, other))
    assert d.dt == pytest.approx(1e-4, rel=1e-15)
    assert d.group("slow").dt == 1e-3
    assert (d.group("slow").update_slot.when, d.group("slow").order) == ("after_groups", 4)
    assert d.group(fast.name).constant_slot.when == "before_start"
    fine = build(d, dt=0.05 * ms)
    steps = {o.name: float(o.clock.dt) for o in fine.objects}
    assert steps["slow"] == 1e-3
    assert steps[other.name] == 5e-5


def test_another_dt_keeps_the_physical_delay():
    net = srnn(2, [3], 2, dt=4 * ms)
    for dt, delay in ((4 * ms, 0), (2 * ms, 2e-3), (0.5 * ms, 3.5e-3)):
        built = build(describe(net), dt=dt)
        loop = next(o for o in built.objects if o.name == "hidden1_hidden1")
        assert float(np.asarray(loop.delay)) == pytest.approx(delay, abs=1e-12)
        assert float(np.asarray(next(o for o in built.objects if o.name == "input_hidden1").delay)) == 0
        assert describe(built).annotations == annotations(net)


@pytest.mark.parametrize(
    ("dt", "message"),
    [
        (3 * ms, "does not divide dt_ref = 0.004 s .1.33333 steps.; the nearest dt that does is 0.004 s"),
        (8 * ms, "does not divide dt_ref.*a number without unit is in seconds"),
        (2 * mV, "dt: expected a time, got 2"),
        (0 * ms, "dt must be a positive time"),
    ],
)
def test_a_dt_that_does_not_divide_is_refused(dt, message):
    with pytest.raises(ValueError, match=message):
        build(describe(srnn(2, [3], 2)), dt=dt)


def test_a_dt_longer_than_a_step_delay_is_refused():
    source = NeuronGroup(1, "v : 1", threshold="v > 1", reset="", name="a", dt=1 * ms)
    s = Synapses(source, source, on_pre="v += 1", delay=0 * ms, name="s", dt=1 * ms)
    s.connect()
    net = annotate(Network(source, s), step_delays=["s_pre"])
    with pytest.raises(ValueError, match="dt = 0.002 s is longer than the delay 0.001 s of 's_pre'"):
        build(describe(net), dt=2 * ms)


def test_tiled_groups_hold_copies():
    net, namespace = by_hand()
    one = describe(net, namespace=namespace)
    three = tile(one, 3)
    assert three.trials == 3
    assert three.group("cells").size == 36
    assert three.size("cells") == 12
    feed = next(s for s in three.synapses if s.name == "feed")
    assert feed.pre.tolist() == [0, 1, 2, 2, 0, 3, 4, 5, 5, 3, 6, 7, 8, 8, 6]
    assert feed.post.tolist()[5:10] == [13, 15, 15, 19, 13]
    assert len({v.name: v for v in feed.variables}["k"].array.values) == 1
    alone, together = spikes(build(one), 100 * ms), spikes(build(three), 100 * ms)
    assert np.array_equal(together["v"], np.tile(alone["v"], 3))
    for trial in range(3):
        of_trial = together["cells"][0] // 12 == trial
        assert np.array_equal(together["cells"][0][of_trial] % 12, alone["cells"][0])
        assert np.array_equal(together["cells"][1][of_trial], alone["cells"][1])


def test_an_index_in_a_statement_is_refused_with_several_trials():
    group = NeuronGroup(3, "dv/dt = (i - v)/(10*ms) : 1", name="g", method="exact")
    description = describe(Network(group))
    assert tile(description, 1) is description
    with pytest.raises(UnsupportedModel, match="'g' uses 'i' in its statements, with several trials"):
        tile(description, 2)


def test_summed_variables_come_back():
    a = NeuronGroup(3, "x : 1", name="a")
    b = NeuronGroup(2, "y : 1", name="b")
    s = Synapses(a, b, "w : 1\ny_post = w*x_pre : 1 (summed)", name="s")
    s.connect()
    s.w = np.arange(6)
    a.x = [1, 2, 3]
    s.summed_updaters["y_post"].when = "before_start"
    net = build(describe(Network(a, b, s)))
    net.run(0.1 * ms, namespace={})
    target = next(o for o in net.objects if o.name == "b")
    assert np.asarray(target.y).tolist() == [0 * 1 + 2 * 2 + 4 * 3, 1 * 1 + 3 * 2 + 5 * 3]
    assert describe(net).synapses[0].summed[0].slot.when == "before_start"


def test_poisson_groups_and_empty_synapses_come_back():
    p = PoissonGroup(4, np.array([1, 2, 3, 1 / 3]) * Hz, name="p")
    q = PoissonGroup(2, "rate*(1 + 0*t/second)", name="q", namespace={"rate": 50 * Hz})
    cells = NeuronGroup(2, "v : 1", name="cells")
    s = Synapses(p, cells, "w : 1", on_pre="v_post += w", name="s")
    s.connect(condition="False")
    first = describe(Network(p, q, cells, s))
    assert len(first.synapses[0].pre) == 0
    same(first, describe(build(first)))


def test_integers_booleans_and_shared_values_keep_their_type():
    net, namespace = by_hand()
    built = build(describe(net, namespace=namespace))
    cells = next(o for o in built.objects if o.name == "cells")
    assert cells.variables["n"].dtype == np.int32
    assert cells.variables["on"].get_value().dtype == bool
    assert cells.variables["scale"].get_value().tolist() == [0.1]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: "net", TypeError, "expected a brian2.Network, got str"),
        (lambda: Network(), ValueError, "the network holds no groups"),
        (
            lambda: Network(NeuronGroup(1, "v:1", name="g"), NeuronGroup(1, "v:1", name="g")),
            ValueError,
            "appears twice",
        ),
        (lambda: annotate(srnn(1, [1], 1), step_delays=["x"]), ValueError, "step_delays names 'x'"),
        (lambda: annotate(srnn(1, [1], 1), readout=Readout("x")), ValueError, "the readout is of 'x'"),
    ],
)
def test_bad_networks_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        describe(make())


def test_what_synapses_connect_is_in_the_network_itself():
    """Not another group of that name, not only its subgroup."""
    inside, outside = (NeuronGroup(4, "v : 1", threshold="v > 1", reset="v = 0", name="g") for _ in range(2))
    for end in (outside, outside[1:3]):
        s = Synapses(inside, end, on_pre="v_post += 1", name="s")
        s.connect()
        with pytest.raises(ValueError, match="s: its target 'g' is not in the network; add it"):
            describe(Network(inside, s))
    s = Synapses(inside[:2], inside[1:], on_pre="v_post += 1", name="s")
    s.connect()
    described = describe(Network(inside, inside[:2], s)).synapses[0]
    assert (described.source_part.stop, described.target_part.start) == (2, 1)
    assert described.post.tolist() == [1, 2, 3, 1, 2, 3]


def test_build_wants_a_description():
    with pytest.raises(TypeError, match="expected a NetworkDescription, got Network"):
        build(srnn(1, [1], 1))


def test_networks_that_ran_only_as_copies_go_quietly():
    def warnings(make):
        with catch_logs() as logs:
            make()
            gc.collect()
        return [log for log in logs if "unused_brian_object" in log[1]]

    assert warnings(lambda: NeuronGroup(1, "v : 1"))
    assert not warnings(lambda: srnn(2, [3], 2))
    assert not warnings(lambda: build(describe(srnn(2, [3], 2))))
    group = NeuronGroup(1, "v : 1", name="g")
    describe(Network(group))
    gc.collect()
    Network(group).run(0 * ms)


def test_monitors_are_left_out_and_clocks_shared():
    g = NeuronGroup(2, "dv/dt = -v/(10*ms) : volt", clock=Clock(dt=2 * ms), method="exact", name="g")
    g.v = 3 * volt
    net = Network(g, StateMonitor(g, "v", record=True))
    built = build(describe(net))
    assert [o.name for o in built.objects] == ["g"]
    assert float(next(iter(built.objects)).clock.dt) == 0.002


def test_capacitances_keep_their_dimensions():
    g = NeuronGroup(2, "C : farad (constant)\nv : volt", name="g")
    g.C = [200, 300] * pF
    built = next(iter(build(describe(Network(g))).objects))
    assert built.C[1] == 300 * pF
