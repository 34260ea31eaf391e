"""simulate takes the whole language of Brian2 networks on every device: the spikes of numpy."""

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonInput
from brian2.core.base import BrianObjectException

from chronaxie.models import UnsupportedModel, describe, simulate
from chronaxie.models.building import with_dt
from chronaxie.models.devices import using
from chronaxie.models.standalone.names import canonical_names, renamed
from chronaxie.models.standalone.skeleton import build_key, skeleton

from .language_networks import fresh, merged, run

# Compiled code and NumPy round exp() differently in places (docs/exact.md); spikes are compared as they are.
ROUNDING = 1e-9
# Each is compiled as a whole. Networks that Brian2's own targets take apart are not among them (docs/devices.md).
PROGRAMS = {
    "of groups": ("links", "events", "regular", "flags"),
    "of synapses": ("subgroups", "onto synapses", "gliotransmission", "other events"),
    "plastic": ("short term", "clock driven", "pathways", "several kinds"),
    "of inputs": ("inputs", "clocks", "poisson into synapses"),
    "in another order": ("schedule",),
}
DETERMINISTIC = ("links", "onto synapses", "multisynaptic")


def traces(description):
    """What is recorded: the first variable that is integrated, of each group."""
    found = {}
    for g in description.groups:
        names = [e.name for e in getattr(g, "equations", ()) if e.type == "differential equation"]
        found |= {g.name: names[:1]} if names else {}
    return found


def check(description, device, **options):
    """Simulate on numpy and on another device; compare all spikes, and the traces within rounding."""
    options = {"duration": 0.04, "trials": 2, "seed": 1, "record": traces(description), "batch": 1, **options}
    expected = simulate(description, **options)
    found = simulate(description, device=device, **options)
    spikes = [name for name in expected.data_vars if "_spike_" in name]
    assert sum(expected.sizes[name.removesuffix("_time")] for name in spikes if name.endswith("_time")) > 20
    for name in spikes:
        assert np.array_equal(found[name].values, expected[name].values), name
    for group, (variable,) in options["record"].items():
        name = f"{group}_{variable}"
        np.testing.assert_allclose(found[name], expected[name], rtol=ROUNDING, atol=ROUNDING, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("names", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_cpp_standalone_gives_the_spikes_of_numpy(names):
    """Random numbers, too: Brian2's generator in C++ is that of NumPy, and draws in its order, one in an operation."""
    check(merged(names), "cpp_standalone")


@pytest.mark.slow
def test_cython_gives_the_spikes_of_numpy():
    check(merged(DETERMINISTIC), "cython")


@pytest.mark.slow
def test_functions_run_with_the_code_that_they_have():
    """The one in plain Python is for numpy alone; Brian2 says so."""
    description = describe(fresh("functions"), namespace={})
    assert simulate(description, duration=0.04, seed=0).sizes["g_spike"] > 5
    with pytest.raises(BrianObjectException) as caught:
        simulate(description, duration=0.04, seed=0, device="cpp_standalone")
    assert "squashed" in str(caught.value.__cause__)


@pytest.mark.usefixtures("numpy_target")
@pytest.mark.parametrize(
    ("name", "batch"), [("schedule", 3), ("multisynaptic", 3), ("subgroups", 1), ("onto synapses", 1)]
)
def test_trials_run_side_by_side_where_that_is_exact(name, batch):
    description = describe(fresh(name), namespace={})
    three = simulate(description, duration=0.02, trials=3, seed=1)
    one = simulate(description, duration=0.02, seed=1)
    assert three.attrs["batch"] == batch
    of_last = three.g_spike_trial.values == 2
    assert of_last.sum() == one.sizes["g_spike"] > 3
    assert np.array_equal(three.g_spike_time.values[of_last], one.g_spike_time.values)
    assert np.array_equal(three.g_spike_neuron.values[of_last], one.g_spike_neuron.values)


@pytest.mark.usefixtures("numpy_target")
def test_a_run_that_is_not_over_is_refused_where_a_trial_would_lose_it():
    net = fresh("balanced")
    run(net)
    with pytest.raises(
        UnsupportedModel,
        match="has run for 0.04 s and left .*'excitation_pre' under way.*event-driven variables of "
        r"'inhibition' between events.*describe\(net\).at_start\(\)",
    ):
        simulate(net, duration=0.01, namespace={})
    description = describe(net, namespace={})
    assert simulate(description.at_start(), duration=0.01, seed=0).attrs["duration"] == 0.01
    quiet = fresh("gap junctions")
    run(quiet)
    assert simulate(quiet, duration=0.01, namespace={}).attrs["duration"] == 0.01


def key(description):
    names = canonical_names(description)
    with using("numpy"):
        return build_key(skeleton(renamed(description, names)), [], 1)


def driven(rate, weight=0.1, **options):
    g = NeuronGroup(3, "dv/dt = -v/second : 1", method="exact", **options)
    return describe(Network(g, PoissonInput(g, "v", 10, rate * Hz, weight=weight)), namespace={})


def test_the_key_of_a_build_holds_what_is_compiled():
    """The chance of a spike in a step is written into the code of a PoissonInput, a step is not."""
    assert key(driven(10)) == key(driven(10))
    assert key(driven(10)) != key(driven(20))
    assert key(driven(10)) != key(driven(10, weight=0.2))
    assert key(driven(10)) != key(with_dt(driven(10), 5e-5))
    assert key(driven(10)) == key(with_dt(driven(20), 5e-5))
    events, links = (describe(fresh(name), namespace={}) for name in ("events", "links"))
    assert key(events) == key(with_dt(events, 5e-5))
    other = links.group("b").links
    other = tuple(
        type(k)(k.name, k.group, k.variable, k.part, k.index[::-1] if k.name == "mixed" else k.index)
        for k in other
    )
    changed = links.replace_group(type(links.group("b"))(**{**vars(links.group("b")), "links": other}))
    assert key(links) != key(changed)
