"""Network operations, the user's Python code: what Brian2 runs is what a twin runs, or the twin says no."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import (
    Network,
    NetworkOperation,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    network_operation,
    stop,
)
from brian2.core.variables import ArrayVariable

from chronaxie.gradient_bridge import Twin
from chronaxie.models.errors import UnsupportedModel

STEPS = 40

pytestmark = pytest.mark.usefixtures("half_ms")


def parts():
    """Spiking cells with noise and synapses, and variables that no statement reads: ``c``, ``n``, ``off``, ``S.u``."""
    cells = NeuronGroup(
        4,
        """dv/dt = (1.4 - v + drive)/(5*ms) + 0.3*xi/(5*ms)**0.5 : 1
        drive : 1
        c : volt
        n : integer
        off : boolean
        level : 1 (shared)""",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        refractory=1 * ms,
        name="G",
    )
    source = SpikeGeneratorGroup(2, [0, 1, 0], [1, 2, 3] * ms, name="source")
    feed = Synapses(source, cells, "w : 1\nu : 1", on_pre="v_post += w", delay=1 * ms, name="feed")
    feed.connect()
    feed.w = "0.1*(1 + i + j)"
    rest = Synapses(cells, cells, "w : 1", on_pre="v_post += w", name="S")
    rest.connect(condition="i != j")
    rest.w = 0.05
    rest.pre.delay = "(1 + i)*0.5*ms"
    return SimpleNamespace(G=cells, source=source, feed=feed, S=rest, log=[])


def network(p, *others):
    p.net = Network(p.G, p.source, p.feed, p.S, *others)
    return p.net


def time_of(obj):
    """Present time of an object's clock (s)."""
    return obj.clock.variables["t"].get_value().item()


def variables(net):
    """Every writable variable of the network's objects by owner and name."""
    found = {}
    for obj in net.sorted_objects:
        for v in getattr(obj, "variables", {}).values():
            if isinstance(v, ArrayVariable) and not v.read_only and not v.name.startswith("_"):
                owner = obj.name if v is getattr(obj, "_delays", None) else v.owner.name
                found[owner, v.name] = np.array(v.get_value())
    return found


def everything(net):
    """All that the network holds, flags too."""
    held = {}
    for obj in net.sorted_objects:
        held[obj.name, "active"] = obj.active
        held[obj.name, "changed"] = getattr(obj, "_spikes_changed", None)
        held[obj.name, "time"] = time_of(obj)
        for v in getattr(obj, "variables", {}).values():
            if isinstance(v, ArrayVariable):
                held[v.owner.name if v.owner else obj.name, v.name] = np.array(v.get_value()).tolist()
    return held | {"t": float(net.t), "stopped": net._stopped, "everywhere": Network._globally_stopped}


def compare(p, *, gradients=False, steps=STEPS, spikes=4):
    """Brian2 and the twin from one state and one seed: the same final values to the bit, the same log."""
    net, log = p.net, p.log
    twin = Twin(net, python=True, trainable=("feed.w",) if gradients else ())
    net.store("start")
    np.random.seed(3)  # noqa: NPY002  Brian2 draws from this stream
    net.run(steps * 0.5 * ms)
    wanted, said, end = variables(net), list(log), float(net.t)
    net.restore("start")
    log.clear()
    before = everything(net)
    np.random.seed(3)  # noqa: NPY002
    with torch.set_grad_enabled(gradients):
        out = twin(duration=steps * 0.5 * ms)
    assert everything(net) == before
    assert log == said
    assert round((end - twin.program.time) / 5e-4) == out.spikes["G"].shape[1]
    for (owner, name), value in wanted.items():
        ours = np.broadcast_to(out.final[owner][name].detach().numpy().reshape(-1), value.shape)
        assert ours.astype(value.dtype).tobytes() == value.tobytes(), (owner, name, ours, value)
    assert out.spikes["G"].sum() >= spikes
    return out, wanted


GRADIENTS = pytest.mark.parametrize("gradients", [False, True], ids=["numpy", "gradients"])


# ---------------------------------------------------------------------- state
@GRADIENTS
def test_what_only_the_code_writes_is_state(gradients):
    p = parts()

    @network_operation
    def count():
        p.G.c += 1 * mV
        p.G.n += np.arange(4)
        p.G.off = ~p.G.off[:]
        p.G.level += 0.25
        p.G.drive = 0.1 * np.sin(p.G.c / mV)
        p.feed.u += p.feed.w
        p.S.w *= 0.99

    network(p, count)
    out, wanted = compare(p, gradients=gradients)
    assert wanted["G", "c"].tolist() == pytest.approx([0.001 * STEPS] * 4)
    assert out.final["G"]["n"].reshape(-1).tolist() == [0, STEPS, 2 * STEPS, 3 * STEPS]
    if gradients:
        assert out.final["G"]["v"].requires_grad


@GRADIENTS
def test_an_inactive_object_is_state_too(gradients):
    p = parts()
    p.S.active = False

    @network_operation
    def grow():
        p.S.w += 0.125

    network(p, grow)
    _, wanted = compare(p, gradients=gradients)
    assert wanted["S", "w"].tolist() == [0.05 + 0.125 * STEPS] * 12


def test_what_only_the_code_writes_can_be_traced_and_set():
    p = parts()

    @network_operation(when="end")
    def count():
        p.G.c += 1 * mV

    network(p, count)
    with torch.no_grad():
        out = Twin(p.net, python=True)(
            duration=2 * ms, record={"G": ["c"]}, initial={"G": {"c": torch.full((4,), 2.0)}}
        )
    assert out.states["G"]["c"][0, :, 0].tolist() == pytest.approx([2, 2.001, 2.002, 2.003])
    assert p.G.c[0] == 0


# ---------------------------------------------------------------------- time and stop
@GRADIENTS
def test_every_clock_is_right_inside(gradients):
    p = parts()

    @network_operation(dt=1.5 * ms)
    def note(t):
        p.log.append((float(np.asarray(t)), float(p.net.t), time_of(p.G), time_of(slow)))

    slow = NeuronGroup(1, "x : 1", dt=0.7 * ms, name="slow")
    trace = StateMonitor(p.G, "v", record=True, dt=0.3 * ms)  # in a twin nothing runs on this clock
    network(p, note, slow, trace)
    compare(p, gradients=gradients)
    assert len(p.log) == 14
    assert p.log[-1][1] > 0.019


@GRADIENTS
@pytest.mark.parametrize(
    ("everywhere", "dt"), [(False, 0.5), (True, 1.5)], ids=["net.stop(), one clock", "stop(), two clocks"]
)
def test_stop_ends_the_pass_after_its_step(gradients, everywhere, dt):
    p = parts()

    @network_operation(dt=dt * ms, when="start")
    def halt():
        p.G.c += 1 * mV
        if p.net.t > 8 * ms:
            stop() if everywhere else p.net.stop()

    network(p, halt)
    out, _ = compare(p, gradients=gradients)
    assert 17 <= out.spikes["G"].shape[1] < STEPS


def test_a_twin_of_a_network_that_was_stopped():
    p = parts()
    network(p, NetworkOperation(lambda: p.net.stop() if p.net.t > 3 * ms else None))
    p.net.run(10 * ms)
    out, _ = compare(p, steps=1, spikes=0)
    assert out.spikes["G"].shape[1] == 1


# ---------------------------------------------------------------------- refused
def off(p):
    p.S.active = False


def off_inside(p):
    p.G.thresholder["spike"].active = False


def other_spikes(p):
    p.source.set_spikes([1, 0, 1], [4, 5, 6] * ms)


def more_spikes(p):
    p.source.set_spikes([1, 0, 1, 0, 1], [4, 5, 6, 7, 8] * ms)


def connect(p):
    p.S.connect(i=0, j=0)


def slower(p):
    p.G.clock.dt = 1 * ms


REFUSED = {
    off: "'act' sets S.active = False during a run.*Brian2 looks at it before a run only",
    off_inside: "'act' sets G_spike_thresholder.active = False during a run",
    other_spikes: r"'act' calls source.set_spikes\(\) during a run",
    more_spikes: "'act' changes the size of source.",
    slower: "'act' changes the dt of defaultclock during a run",
    connect: "'act' changes the size of S.*before the run",
}


@pytest.mark.parametrize("act", REFUSED)
def test_what_a_pass_would_not_see(act):
    gradients = act is connect
    p = parts()

    def run():
        p.G.c += 1 * mV
        if p.net.t > 4 * ms:
            act(p)

    network(p, NetworkOperation(run, name="act"))
    twin = Twin(p.net, python=True, trainable=("feed.w",) if gradients else ())
    p.net.run(0 * ms)
    before = everything(p.net)
    with torch.set_grad_enabled(gradients), pytest.raises(UnsupportedModel, match=REFUSED[act]):
        twin(duration=STEPS * 0.5 * ms)
    assert everything(p.net) == before
    p.net.run(3 * ms)  # Brian2 goes on with the network as it was


def test_an_error_of_the_code_leaves_the_network_as_it_was():
    p = parts()

    def run():
        p.G.c += 1 * mV
        p.S.connect(i=0, j=0)
        raise ZeroDivisionError("of the user")

    network(p, NetworkOperation(run))
    twin = Twin(p.net, python=True)
    p.net.run(0 * ms)
    before = everything(p.net)
    with pytest.raises(ZeroDivisionError, match="of the user"):
        twin(duration=1 * ms)
    assert everything(p.net) == before


def test_several_trials():
    p = parts()
    network(p, NetworkOperation(lambda: None, name="act"))
    with pytest.raises(UnsupportedModel, match="is a network_operation in a pass of 2 trials"):
        Twin(p.net, python=True)(duration=1 * ms, trials=2)


# ---------------------------------------------------------------------- monitors
def in_closure(p, monitor):
    return lambda: p.log.append(monitor.num_spikes)


def in_helper(p, monitor):
    def count():
        return monitor.num_spikes

    return lambda: p.log.append(count())


def in_default(p, monitor):
    def run(t, seen=monitor):
        p.log.append(seen.num_spikes)

    return functools.partial(run, 0)


def in_global(p, monitor):
    scope = {"M": monitor, "log": p.log}
    exec("def run():\n    log.append([M.num_spikes for _ in range(1)])", scope)  # noqa: S102
    return scope["run"]


def in_attribute(p, monitor):
    p.seen = monitor
    return lambda: p.log.append(p.seen.num_spikes)


def in_list(p, monitor):
    seen = [p.G, (monitor,)]
    return lambda: p.log.append(seen[1][0].num_spikes)


def by_name(p, monitor):
    return lambda: p.log.append(p.net["M"].num_spikes)


class Model:
    def __init__(self, p, monitor):
        self.p, self.seen = p, monitor

    def run(self):
        self.p.log.append(self.count())

    def count(self):
        return self.seen.num_spikes

    def quiet(self):
        self.p.G.c += 1 * mV

    __call__ = run


def in_method(p, monitor):
    return Model(p, monitor).run


def in_callable(p, monitor):
    return Model(p, monitor)


WAYS = [in_closure, in_helper, in_default, in_global, in_attribute, in_list, by_name, in_method, in_callable]


@pytest.mark.parametrize("way", WAYS)
def test_code_that_names_a_monitor(way):
    p = SimpleNamespace(G=NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v > 1", method="euler"), log=[])
    monitor = SpikeMonitor(p.G, name="M")
    function = way(p, monitor)
    p.net = Network(p.G, monitor, NetworkOperation(function, name="act"))
    with pytest.raises(
        UnsupportedModel, match="'act' names the monitor M in its Python code, and a twin runs no monitors"
    ):
        Twin(p.net, python=True)
    p.net.remove(monitor)
    Twin(p.net, python=True)  # a monitor outside of the network does not run in Brian2 either


@GRADIENTS
def test_monitors_that_the_code_does_not_name(gradients):
    p = parts()
    M, trace = SpikeMonitor(p.G, name="M"), StateMonitor(p.G, "v", record=True, dt=2 * ms, name="trace")
    network(p, M, trace, NetworkOperation(Model(p, M).quiet, name="act"))
    compare(p, gradients=gradients)
    assert M.num_spikes == 0
