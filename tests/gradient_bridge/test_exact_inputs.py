"""Inputs, external names, clocks and earlier runs: the twin against Brian2, to the bit."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import (
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    second,
)

from chronaxie.gradient_bridge import Twin, UnknownParameter, read
from chronaxie.gradient_bridge.exchange import read_values
from chronaxie.models import dense, simulate

from .helpers import compare, run_brian2, run_twin

STEPS = 200
RELAY = "dv/dt = (E - v + current)/tau : volt\ncurrent : volt\ntau : second (constant)\nE : volt (constant)"


def relay(equations=RELAY, n=6, **options):
    group = NeuronGroup(n, equations, threshold="v > 10*mV", reset="v = 0*mV", method="euler", **options)
    group.tau, group.E = np.linspace(5, 15, n) * ms, np.linspace(0, 12, n) * mV
    return group


def fed_by(source, group, *, per_pair=7, **options):
    synapses = Synapses(source, group, "w : volt", on_pre="v_post += w", **options)
    synapses.connect()
    synapses.w = np.linspace(0.3, per_pair, len(synapses)) * mV
    return synapses


@pytest.mark.usefixtures("half_ms")
class TestInputs:
    @pytest.mark.parametrize("period", [None, 30], ids=["once", "period"])
    def test_own_spikes_of_a_generator(self, period):
        rng = np.random.default_rng(0)
        step, neuron = np.nonzero(rng.random((60, 4)) < 0.2)
        options = {} if period is None else {"period": period * ms}
        source = SpikeGeneratorGroup(4, neuron, step * 0.5 * ms, **options)
        group = relay()
        net = Network(source, group, fed_by(source, group, delay=1 * ms))
        counts = compare(net, Twin(net, trainable=("w",)), STEPS)
        assert period is None or counts[source.name] > len(step)

    def test_a_stimulus_replaces_the_spikes_of_a_generator(self):
        source, group = SpikeGeneratorGroup(4, [0, 1], [0, 3] * ms), relay()
        net = Network(source, group, fed_by(source, group))
        x = (np.random.default_rng(1).random((3, STEPS, 4)) < 0.1).astype(np.uint8)
        counts = compare(net, Twin(net, trainable=("w",)), STEPS, x)
        assert counts[source.name] == x.sum()

    def test_a_poisson_group_takes_its_spikes_from_the_stimulus(self):
        source, group = PoissonGroup(4, rates="20/second"), relay()
        net = Network(source, group, fed_by(source, group))
        twin = Twin(net, trainable=("w",))
        x = torch.from_numpy((np.random.default_rng(2).random((2, STEPS, 4)) < 0.1).astype(np.uint8))
        out = twin(x)
        assert torch.equal(out.spikes[source.name], x.double())
        assert out.spikes[group.name].sum() > 10
        given = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(STEPS) * 5e-4})
        ds = simulate(net, {source.name: given}, record={}, namespace={})
        for name in (source.name, group.name):
            assert np.array_equal(dense(ds, name).values, out.spikes[name].detach().numpy())

    @pytest.mark.parametrize("dt", [0.5, 2.0])
    @pytest.mark.parametrize("length", [30, 500])
    def test_own_values_of_a_timed_array(self, dt, length):
        """One value for all cells, or one for each; held over several steps; the last one for ever."""
        rng = np.random.default_rng(3)
        common = TimedArray(rng.normal(12, 6, length) * mV, dt=dt * ms)
        each = TimedArray(rng.normal(0, 6, (length, 6)) * mV, dt=dt * ms)
        group = relay(
            RELAY.replace("current : volt", "current = common(t) + each(t, i) : volt"),
            namespace={"common": common, "each": each},
        )
        net = Network(group)
        compare(net, Twin(net, trainable=("tau",)), STEPS)

    def test_a_stimulus_replaces_the_values_of_a_timed_array(self):
        drive = TimedArray(np.zeros((1, 6)), dt=0.5 * ms)
        group = relay(
            RELAY.replace("current : volt", "current = drive(t, i)*mV : volt"), namespace={"drive": drive}
        )
        net = Network(group)
        x = np.random.default_rng(4).normal(8, 8, (3, STEPS, 6))
        compare(net, Twin(net, trainable=("tau",)), STEPS, x)

    def test_a_stimulus_has_one_value_per_step_also_for_a_coarser_timed_array(self):
        drive = TimedArray(np.zeros((1, 6)), dt=2 * ms)
        equations = RELAY.replace("current : volt", "current = drive(t, i)*mV : volt")
        net = Network(relay(equations, namespace={"drive": drive}))
        x = np.random.default_rng(4).normal(8, 8, (2, STEPS, 6))
        compare(net, Twin(net, trainable=("tau",)), STEPS, x)

    def test_a_stimulus_begins_where_the_network_stands(self):
        """A network that has already run: the first value of the stimulus is for the first step of the twin."""
        drive = TimedArray(np.zeros((1, 6)), dt=0.5 * ms)
        equations = RELAY.replace("current : volt", "current = drive(t, i)*mV : volt")
        group = relay(equations, namespace={"drive": drive})
        net = Network(group)
        net.run(20 * ms)
        x = torch.zeros(1, 80, 6, dtype=torch.float64)
        x[:, :40] = 30
        v = Twin(net)(x, record={group.name: ["v"]}).states[group.name]["v"][0, :, 0]
        silent = Twin(net)(torch.zeros(1, 80, 6, dtype=torch.float64), record={group.name: ["v"]})
        assert v[1] > silent.states[group.name]["v"][0, 1, 0]


@pytest.mark.usefixtures("half_ms")
def test_names_of_the_callers_frame_and_of_a_dict():
    gain, offset = 1.7, 3 * mV
    group = relay(RELAY.replace("current : volt", "current = gain*offset + 5*mV : volt"))
    net = Network(group)
    names = {"gain": gain, "offset": offset}
    compare(net, Twin(net), STEPS, namespace=names)
    by_dict = run_twin(Twin(net, namespace=names | {"gain": 0.1}), STEPS)
    by_frame = run_twin(Twin(net), STEPS)
    assert not torch.equal(by_dict.spikes[group.name], by_frame.spikes[group.name])


@pytest.mark.usefixtures("half_ms")
def test_constants_of_a_groups_own_namespace_are_trained_and_come_back():
    group = relay(RELAY.replace("- v +", "- leak*v +"), namespace={"leak": 0.7, "unused": 3.0})
    net = Network(group, fed_by(group, group, per_pair=1))
    twin = Twin(net, trainable=("leak", "w"))
    compare(net, twin, STEPS)
    with torch.no_grad():
        twin.trained[group.name]["leak"].free.fill_(0.31)
    twin.sync()
    assert group.namespace["leak"] == 0.31
    assert group.namespace["unused"] == 3.0
    compare(net, twin, STEPS)


def test_the_clock_of_another_network_is_not_the_clock_of_this_one():
    """The default clock has run elsewhere; the twin and Brian2 both begin at 0."""
    Network(NeuronGroup(1, "dx/dt = -x/ms : 1", method="euler")).run(7.3 * ms)
    assert defaultclock.t > 7 * ms
    source = SpikeGeneratorGroup(4, [0, 1, 2, 3] * 12, np.arange(48) * 0.4 * ms)
    group = relay(RELAY.replace("current : volt", "current = 3*mV*sin(t/ms) : volt"))
    net = Network(source, group, fed_by(source, group))
    twin = Twin(net)
    assert twin.program.start == 0
    compare(net, twin, 200)


@pytest.mark.usefixtures("half_ms")
def test_a_twin_of_a_network_that_has_run_goes_on_from_there():
    source = SpikeGeneratorGroup(4, [0, 1, 2, 3] * 30, np.arange(120) * 1 * ms)
    group = relay(RELAY.replace("current : volt", "current = 6*mV*sin(t/ms) : volt"), refractory=1 * ms)
    net = Network(source, group, fed_by(source, group))
    net.run(20 * ms)
    twin = Twin(net)
    assert twin.program.start == 40
    net_t, states = net.t, run_twin(twin, 100)
    spikes = SpikeMonitor(group)
    net.add(spikes)
    net.run(50 * ms)
    ours = states.spikes[group.name][0].numpy()
    step = np.round((np.asarray(spikes.t) - float(net_t)) / twin.program.dt).astype(int)
    theirs = np.zeros_like(ours)
    theirs[step, np.asarray(spikes.i)] = 1
    assert ours.sum() > 10
    assert np.array_equal(ours, theirs)
    assert np.array_equal(states.final[group.name]["v"][0].numpy(), group.v_[:])


@pytest.mark.usefixtures("half_ms")
def test_a_twin_leaves_the_network_as_it_was():
    """The same network run with and without a twin made and used in between: same spikes, same state."""

    def make():
        source = SpikeGeneratorGroup(4, [0, 1, 2, 3] * 20, np.arange(80) * 1 * ms, name="source")
        group = relay(name="group", refractory=1 * ms)
        return Network(source, group, fed_by(source, group, name="feed"))

    plain = make()
    untouched = run_brian2(plain, Twin(make()), STEPS)
    seen = make()
    twin = Twin(seen, trainable=("w", "tau"))
    before = {k: np.array(v) for k, v in read_values(twin.program).items()}
    run_twin(twin, STEPS).spikes["group"].sum().backward()
    after = read_values(twin.program)
    assert all(np.array_equal(before[k], after[k]) for k in before)
    assert seen.t == 0 * second
    again = run_brian2(seen, twin, STEPS)
    assert untouched[0]["group"].sum() > 10
    assert np.array_equal(untouched[0]["group"], again[0]["group"])
    assert np.array_equal(untouched[1]["group"]["v"], again[1]["group"]["v"])


@pytest.mark.usefixtures("half_ms")
def test_the_program_says_what_a_step_does():
    source, group = SpikeGeneratorGroup(4, [], [] * ms, name="source"), relay(name="group")
    program = read(Network(source, group, fed_by(source, group)))
    assert program.groups == {"source": 4, "group": 6}
    assert program.inputs == {"source": 4}
    assert program.dt == 0.0005
    kinds = [o.kind for o in program.operations if o.owner != "source"]
    assert kinds == ["state update", "threshold", "transmission", "reset"]
    text = str(program)
    assert "state update group_stateupdater" in text
    assert "writes group.v" in text


def test_final_values_of_shared_variables_keep_their_bits():
    group = NeuronGroup(2, "dv/dt = -v*rate : 1\nrate : Hz (shared)", threshold="v > 1", method="euler")
    group.rate = "0.1*Hz"
    twin = Twin(Network(group))
    assert twin(duration=1 * ms).final[group.name]["rate"].item() == 0.1


@pytest.mark.usefixtures("half_ms")
def test_spikes_under_way_are_taken_over():
    """A twin made between two runs goes on where the first one ended."""

    def make():
        source, group = SpikeGeneratorGroup(4, [0, 1], [9, 9] * ms), relay()
        return Network(source, group, fed_by(source, group, delay=5 * ms)), group

    net, group = make()
    net.run(10 * ms)
    twin = Twin(net)
    final = twin(duration=10 * ms).final[group.name]["v"]
    before = np.array(group.v)
    net.run(10 * ms)
    assert np.array_equal(final[0].numpy(), np.array(group.v))
    assert not np.array_equal(before, np.array(group.v))


@pytest.mark.usefixtures("half_ms")
@pytest.mark.parametrize("trainable", [(), ("w",)], ids=["arrays", "tensors"])
@pytest.mark.parametrize("pulled", [False, True], ids=["made", "pulled"])
def test_a_pathway_before_its_spike_generator_finds_the_spikes_of_the_run_before(pulled, trainable):
    """Brian2 empties the event spaces of thresholds at the end of a run, and not those of spike generators."""
    source, group = SpikeGeneratorGroup(4, [1, 0, 2, 3], [1, 1.5, 1.5, 2] * ms), relay()
    net = Network(source, group, fed_by(source, group))
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    twin = Twin(net, trainable=trainable)
    assert not twin.program.left
    net.run(2 * ms)
    if pulled:
        twin.pull()
    else:
        twin = Twin(net, trainable=trainable)
    (left,) = twin.program.left.values()
    assert left.tolist() == [0, 2]
    final = twin(duration=3 * ms, trials=2).final[group.name]["v"].detach().numpy()
    net.run(3 * ms)
    assert np.array_equal(final, np.stack([np.array(group.v)] * 2))


@pytest.mark.usefixtures("half_ms")
def test_a_name_that_nothing_reads_is_refused_for_training():
    group = relay(RELAY + "\nidle : 1")
    with pytest.raises(UnknownParameter, match="has idle, but no statement that runs reads it"):
        Twin(Network(group), trainable=("idle",))
