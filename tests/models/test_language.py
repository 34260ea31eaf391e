"""describe, build, save and load take the whole language of Brian2 networks: the same spikes and states, to the bit."""

import numpy as np
import pytest
from brian2 import ms, seed

from chronaxie.models import UnsupportedModel, build, describe, load, load_description, save, tile

from .language_groups import INTEGRATORS, REFRACTORY
from .language_networks import LANGUAGE, LENGTH, assert_same, fresh, run
from .test_describe_build import same

pytestmark = pytest.mark.usefixtures("numpy_target")

# Of these a few seconds tell most; all of them together are slow.
QUICK = ("links", "onto synapses")
# Code is not stored.
STORED = [name for name in LANGUAGE if name not in ("functions", "own integrator")]
# Without events: noise, or sums, alone.
QUIET = ("two noises", "summed")


def names(quick):
    """The names of the language, those that are not `quick` marked as slow."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in LANGUAGE]


@pytest.mark.parametrize("name", names([n for n in LANGUAGE if n not in {*INTEGRATORS, *REFRACTORY}]))
def test_build_and_load_are_the_inverses_of_describe_and_save(name, tmp_path):
    description = describe(fresh(name), namespace={})
    same(description, describe(build(description), namespace={}))
    if name in STORED:
        same(description, load_description(save(description, tmp_path / "net.nc")))


@pytest.mark.parametrize("name", names(QUICK))
def test_the_same_spikes_and_states(name, tmp_path):
    net = fresh(name)
    description = describe(net, namespace={})
    original = run(net)
    assert (sum(len(i) for i, _ in original[0].values()) > 10) == (name not in QUIET)
    assert_same(original, run(build(description)))
    if name in STORED:
        assert_same(original, run(load(save(description, tmp_path / "net.nc"))))


@pytest.mark.parametrize("name", names(QUICK))
def test_a_network_that_has_run_goes_on(name, tmp_path):
    net = fresh(name)
    run(net)
    description = describe(net, namespace={})
    same(description, describe(build(description), namespace={}))
    built = build(description)
    loaded = load(save(description, tmp_path / "net.nc")) if name in STORED else None
    original = run(net, LENGTH / 2)
    assert_same(original, run(built, LENGTH / 2))
    if loaded is not None:
        assert_same(original, run(loaded, LENGTH / 2))


def test_code_stays_within_the_process(tmp_path):
    with pytest.raises(UnsupportedModel, match="the function 'drawn' in a file, which holds no code"):
        save(fresh("functions"), tmp_path / "net.nc", namespace={})
    with pytest.raises(UnsupportedModel, match="'g' uses a state updater of the user's own in a file"):
        save(fresh("own integrator"), tmp_path / "net.nc", namespace={})
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_over_has_one_dt_and_no_trials():
    net = fresh("balanced")
    run(net, 5 * ms)
    description = describe(net, namespace={})
    assert description.progress.time == pytest.approx(0.005)
    assert [e.synapses for e in description.progress.under_way] == ["excitation"]
    with pytest.raises(UnsupportedModel, match=r"another dt after a run.*describe\(net\).at_start\(\)"):
        build(description, dt=0.05 * ms)
    assert build(description.at_start(), dt=0.05 * ms).t == 0 * ms


@pytest.mark.slow
def test_random_numbers_follow_the_names():
    """The test of the test: another name of one operation, and the states are others."""
    description = describe(fresh("regular"), namespace={})
    group = description.group("g")
    renamed = tuple(
        type(r)("zzz_last" if r.name == "aaa_first" else r.name, r.code, r.slot, r.dt, r.part)
        for r in group.regular
    )
    other = description.replace_group(type(group)(**{**vars(group), "regular": renamed}))
    one, two = run(build(description)), run(build(other))
    with pytest.raises(AssertionError):
        assert_same(one, two)


@pytest.mark.slow
def test_trials_side_by_side_are_those_apart():
    """Where nothing is random, a tiled network has each trial as it is alone."""
    for name in ("gap junctions", "schedule", "integrated by rk4", "refractory rest"):
        description = describe(fresh(name), namespace={})
        try:
            three = tile(description, 3)
        except UnsupportedModel:
            assert name == "gap junctions"
            continue
        one, all_ = run(build(description)), run(build(three))
        size = description.group("g").size
        i, t = all_[0]["g", "spike"]
        for trial in range(3):
            assert np.array_equal(i[i // size == trial] % size, one[0]["g", "spike"][0])
            assert np.array_equal(t[i // size == trial], one[0]["g", "spike"][1])
        assert np.array_equal(all_[1]["g", "v"], np.tile(one[1]["g", "v"], 3))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("subgroups", "the subgroup 'g_subgroup.*', with several trials.*simulate the trials apart"),
        ("onto synapses", "'aa_onto' uses synapses as source or target, with several trials"),
        ("links", "'b' uses the link of 'by_name' by an index variable, with several trials"),
        ("regular", "random numbers that the group shares .in 'g_run_regularly_1'.|the subgroup"),
        ("balanced", "the subgroup"),
    ],
)
def test_what_cannot_be_tiled_is_refused_by_name(name, message):
    description = describe(fresh(name), namespace={})
    seed(0)
    with pytest.raises(UnsupportedModel, match=message):
        tile(description, 2)
