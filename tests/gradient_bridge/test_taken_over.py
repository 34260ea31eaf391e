"""What a twin takes over from Brian2, what it hands out, and what it notices."""

import copy
import pickle

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, TimedArray, ms, mV

from chronaxie.gradient_bridge import Bounded, Scaled, Twin
from chronaxie.models.errors import UnsupportedModel


def relay(dt=0.5, **options):
    """Spikes of a slower group reach cells that run in finer steps."""
    source = SpikeGeneratorGroup(2, [0, 1], [1, 2] * ms, dt=dt * ms, name="source")
    cells = NeuronGroup(
        2, "dg/dt = -g/(5*ms) : 1\nb : 1", method="exact", dt=0.1 * ms, name="cells", **options
    )
    feed = Synapses(source, cells, "w : 1", on_pre="g_post += w", name="feed")
    feed.connect(j="i")
    feed.w = [1, 2]
    return Network(source, cells, feed)


def final(twin, **options):
    return twin(duration=4 * ms, **options).final["cells"]["g"][0].detach().numpy()


@pytest.mark.parametrize("graded", [False, True])
def test_a_stimulus_of_a_slower_group_comes_at_its_time(graded):
    """One value for each 0.1 ms; the group ticks every 0.5 ms."""
    net = relay()
    twin = Twin(net, trainable=("feed.w",))
    stimulus = torch.zeros(1, 8, 2)  # 0.5 ms each
    stimulus[0, 2, 0] = stimulus[0, 4, 1] = 1
    with pytest.raises(ValueError, match="stimulus source: one value lasts 0.0001 s.*steps of 0.0005 s"):
        twin(stimulus)
    slow = relay(dt=0.1)
    fine = torch.zeros(1, 40, 2)
    fine[0, 10, 0] = fine[0, 20, 1] = 1
    with torch.set_grad_enabled(graded):
        ours = final(Twin(slow, trainable=("feed.w",)), stimulus=fine)
    net.run(4 * ms)
    np.testing.assert_array_equal(ours, np.asarray(net["cells"].g))


@pytest.mark.parametrize("graded", [False, True])
def test_a_timed_array_is_read_at_its_time_by_a_slower_group(graded):
    drive = TimedArray(np.arange(20.0), dt=0.1 * ms)
    fast = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler", dt=0.1 * ms, name="fast")
    slow = NeuronGroup(1, "x : 1", dt=0.5 * ms, name="slow", namespace={"drive": drive})
    slow.run_regularly("x = drive(t)", dt=0.5 * ms)
    twin = Twin(Network(fast, slow), trainable=("fast.v",), namespace={})
    values = torch.arange(20.0)[None, :, None]
    with torch.set_grad_enabled(graded):
        out = twin({"drive": values}, record={"slow": ["x"]})
    assert out.states["slow"]["x"].flatten().tolist() == [0, 5, 10, 15]


def test_a_float32_stimulus_is_taken_in_the_type_of_the_network():
    drive = TimedArray(np.zeros((5, 3)), dt=0.1 * ms)
    group = NeuronGroup(3, "dv/dt = (drive(t, i)*0.1 - v)/ms : 1", method="euler", name="cells")
    twin = Twin(Network(group), trainable=("v",), namespace={"drive": drive})
    x = torch.rand(2, 5, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain = twin({"drive": x}).final["cells"]["v"]
    assert torch.equal(plain, twin({"drive": x}).final["cells"]["v"].detach())
    assert torch.equal(plain, twin({"drive": x.double()}).final["cells"]["v"].detach())


def test_a_copy_has_trained_values_time_and_delays_of_its_own():
    net = relay()
    twin = Twin(net, trainable=("feed.w", "feed.delay"), coordinates={"feed_pre.delay": Scaled(1 * ms)})
    other = copy.deepcopy(twin)
    with torch.no_grad():
        other.trained["feed"]["w"].free.add_(1)
        other.trained["feed_pre"]["delay"].free.add_(1)
    before = final(twin)
    assert not np.array_equal(final(other), before)
    assert np.array_equal(final(twin), before)
    net.run(10 * ms)
    twin.pull()
    assert len(other(duration=4 * ms, record={"cells": ["g"]}).states["cells"]["g"][0]) == 40
    other.sync(overwrite=True)
    assert net["feed"].w[0] == 2
    with pytest.raises(TypeError, match="cannot be pickled|state_dict"):
        pickle.dumps(twin)


def test_what_a_recording_holds_is_its_own():
    twin = Twin(relay(), trainable=("feed.w",))
    before = final(twin)
    for _ in range(2):
        with torch.no_grad():
            out = twin(duration=4 * ms)
        for variables in out.final.values():
            for value in variables.values():
                if value.is_floating_point() and value.ndim:
                    value *= 10
        assert np.array_equal(final(twin), before)


def test_constants_keep_their_type():
    drive = TimedArray(np.arange(12.0).reshape(4, 3), dt=0.1 * ms)
    names = {"drive": drive, "n": 3}
    group = NeuronGroup(5, "dv/dt = drive(t, i % n)/ms : 1", method="euler", name="cells", namespace=names)
    twin = Twin(Network(group), namespace={})
    before = twin(duration=0.4 * ms).final["cells"]["v"]
    twin.pull()
    assert torch.equal(before, twin(duration=0.4 * ms).final["cells"]["v"])


def test_other_spikes_slots_and_objects_are_noticed():
    for change, message in {
        "spikes": "other spikes than when the twin was made",
        "inactive": "is inactive, and was not when",
        "more": "an object more than when",
    }.items():
        net = relay()
        twin = Twin(net, trainable=("feed.w",))
        if change == "spikes":
            net["source"].set_spikes([0], [3] * ms)
            net.run(1 * ms)
        elif change == "inactive":
            net["feed"].pre.active = False
        else:
            net.add(NeuronGroup(1, "dz/dt = -z/ms : 1", method="exact", name="late"))
        for call in (twin.pull, twin.sync):
            with pytest.raises(UnsupportedModel, match=message):
                call()


def test_a_subgroup_with_an_operation_of_its_own_is_a_view():
    """Brian2 holds the subgroup as an object of the network; only what runs on it counts."""
    net = relay()
    part = net["cells"][:1]
    part.run_regularly("b += 1", dt=0.5 * ms)
    twin = Twin(net, namespace={})
    before = final(twin)
    twin.pull()
    np.testing.assert_array_equal(final(twin), before)
    part.run_regularly("b -= 1", dt=0.5 * ms)
    with pytest.raises(UnsupportedModel, match="'cells_subgroup_.*run_regularly.*an object more than when"):
        twin.pull()


def test_parameters_changed_behind_the_twin():
    net = relay(namespace={"k": 2.0})
    net["cells"].run_regularly("b = b + k", dt=1 * ms)
    twin = Twin(net, trainable=("feed.w",), namespace={})
    net["cells"].namespace["k"] = 5.0
    with pytest.raises(ValueError, match=r"sync: cells.k: changed in Brian2"):
        twin.sync()
    twin.pull()
    twin.sync()
    net["feed"].w = 7
    with pytest.raises(ValueError, match=r"sync: feed.w: changed in Brian2.*pull\(\) takes.*overwrite=True"):
        twin.sync()


def test_a_seed_without_a_stream_of_ones_own_is_refused():
    with pytest.raises(
        ValueError, match="seed: with randomness='brian2' the numbers come from numpy's stream"
    ):
        Twin(relay())(duration=1 * ms, seed=3)


def test_units_of_coordinates_and_of_states_at_the_start():
    net = relay()
    with pytest.raises(ValueError, match="coordinates of feed_pre.delay: .* is in .*, the quantity in s"):
        Twin(net, trainable=("delay",), coordinates={"delay": Scaled(5 * mV)})
    with pytest.raises(ValueError, match="Bounded: expected quantities of one unit"):
        Bounded(1 * ms, 100)
    with pytest.raises(ValueError, match="initial: cells.g is in 1, got a quantity in s"):
        Twin(net)(duration=1 * ms, initial={"cells": {"g": [1, 2] * ms}})


def test_a_shared_value_at_the_start_is_a_number():
    group = NeuronGroup(1, "k : 1 (shared)\nx : 1 (shared)", name="cells")
    group.run_regularly("x = k**1.7\nk = k + 0", dt=1 * ms)
    net = Network(group)
    rng = np.random.default_rng(0)
    for value in rng.random(40):
        ours = Twin(net)(duration=1 * ms, initial={"cells": {"k": [value]}}).final["cells"]["x"]
        assert float(ours) == np.float64(value) ** 1.7


def test_a_delay_that_became_negative_is_refused():
    twin = Twin(relay(), trainable=("delay",), coordinates={"delay": Scaled(1 * ms)})
    with torch.no_grad():
        twin.trained["feed_pre"]["delay"].free.sub_(1)
    for graded in (False, True):
        with (
            torch.set_grad_enabled(graded),
            pytest.raises(ValueError, match="feed_pre.delay: a trained delay has become"),
        ):
            twin(duration=1 * ms)
