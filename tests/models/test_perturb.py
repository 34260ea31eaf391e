"""perturb: the contract of all perturbations: zero, composing, seeds, networks, files, what is refused."""

import dataclasses
import inspect
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, PoissonGroup, Synapses, ms, mV

from chronaxie.models import (
    PERTURBATIONS,
    InputJitter,
    MembraneNoise,
    NeuronLesion,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    UnsupportedModel,
    WeightNoise,
    WeightQuantisation,
    annotations,
    describe,
    load_description,
    perturb,
    save,
    simulate,
    srnn,
    tile,
)

from .perturbed import STRONG, TINY, ZERO, in_units, network, same_spikes, stimulus
from .test_describe_build import same

pytestmark = pytest.mark.usefixtures("numpy_target")


@pytest.fixture(scope="module")
def plain():
    """A network of one layer, a stimulus, and the spikes at 4 ms."""
    description, x = network((14,)), stimulus(trials=2, steps=60)
    return description, x, simulate(description, x, seed=1)


def fast(*kinds, of):
    """All kinds; those that are not named are slow."""
    return [k if k in kinds else pytest.param(k, marks=pytest.mark.slow) for k in of]


@pytest.mark.parametrize("kind", ZERO)
def test_at_strength_zero_the_description_comes_back_as_it_is(kind):
    description = network()
    assert ZERO[kind](description, seed=5) is description
    assert perturb(description, ZERO[kind], seed=5) is description


@pytest.mark.parametrize("kind", fast("membrane_noise", "spike_loss", of=TINY))
def test_next_to_zero_the_spikes_are_the_same(kind, plain):
    """What each perturbation writes into the network leaves it what it was; only what is drawn changes it."""
    description, x, before = plain
    perturbed = TINY[kind](description, seed=5)
    assert perturbed is not description
    assert same_spikes(before, simulate(perturbed, x, seed=1))


@pytest.mark.parametrize("dt", [4, pytest.param(0.1, marks=pytest.mark.slow)])
def test_next_to_zero_all_together_on_two_layers_at_both_steps(dt):
    description, x = network(), stimulus(trials=2, steps=60)
    perturbed = perturb(description, *TINY.values(), seed=5)
    before, after = (simulate(d, x, dt=dt * ms, seed=1) for d in (description, perturbed))
    assert same_spikes(before, after)


@pytest.mark.parametrize(
    "kind", fast("membrane_noise", "synaptic_delay", "weight_noise", "input_jitter", of=STRONG)
)
def test_strong_ones_change_the_spikes_and_seeds_count(kind, plain):
    description, x, before = plain
    first, again, other = (perturb(description, STRONG[kind], seed=s) for s in (1, 1, 2))
    same(first, again)
    assert not same_spikes(before, simulate(first, x, seed=1))
    same_about = replace(other, annotations=replace(other.annotations, about=first.annotations.about))
    if kind in ("temperature", "weight_quantisation", "membrane_noise", "spike_loss"):
        same(first, same_about)  # nothing is drawn before the network runs
    else:
        with pytest.raises(AssertionError):
            same(first, same_about)


def test_what_is_drawn_while_the_network_runs_follows_the_seed_of_simulate(plain):
    description, x, _ = plain
    perturbed = perturb(description, MembraneNoise(0.3), SpikeLoss(0.5))
    first, again, other = (simulate(perturbed, x, seed=s) for s in (1, 1, 2))
    assert same_spikes(first, again)
    assert not same_spikes(first, other)


@pytest.mark.parametrize(
    "kind", fast("membrane_noise", "spike_loss", "synaptic_delay", "input_jitter", of=STRONG)
)
def test_files_carry_it_and_it_can_be_described_again(kind, tmp_path):
    net = srnn(6, [5], 3, seed=3)
    perturbed = perturb(net, STRONG[kind], seed=1)
    assert isinstance(perturbed, Network)
    description = describe(perturbed, namespace={})
    same(description, perturb(describe(net), STRONG[kind], seed=1))
    same(description, load_description(save(perturbed, tmp_path / "net.nc")))
    assert annotations(perturbed).about["perturbations"] == f"{STRONG[kind]!r}, seed 1"
    assert "perturbations" not in annotations(net).about


def test_several_are_applied_in_order_each_with_numbers_of_its_own():
    description = network()
    noisy = perturb(description, WeightNoise(0.2), WeightNoise(0.2), seed=4)
    once = WeightNoise(0.2)(description, seed=4, position=0)
    same(noisy.synapses, WeightNoise(0.2)(once, seed=4, position=1).synapses)
    w, w1, w2 = (d.synapses[0].variables[0].array.values for d in (description, once, noisy))
    # H0: the two draws are independent; correlation over 84 weights, level 0.001.
    assert abs(np.corrcoef(w1 - w, w2 - w1)[0, 1]) < 3.29 / np.sqrt(len(w))
    after = perturb(description, WeightNoise(0.2), WeightQuantisation(3), seed=4)
    before = perturb(description, WeightQuantisation(3), WeightNoise(0.2), seed=4)
    levels = [len(np.unique(d.synapses[1].variables[0].array.values)) for d in (after, before)]
    assert levels[0] < levels[1]
    assert after.annotations.about["perturbations"].count("\n") == 1


def test_what_is_drawn_for_one_object_depends_on_no_other():
    small, large = network((14,)), network((14, 9))
    for p, name in ((WeightNoise(0.2), "hidden1_hidden1"), (SynapseLesion(0.3), "hidden1_hidden1")):
        a, b = (next(s for s in perturb(d, p, seed=1).synapses if s.name == name) for d in (small, large))
        same(a, b)
    for p in (TimeConstantMismatch(0.2), NeuronLesion(0.3)):
        same(*(perturb(d, p, seed=1).group("hidden1") for d in (small, large)))
    chosen = perturb(large, WeightNoise(0.2, synapses="hidden1_*"), seed=1)
    changed = [a.name for a, b in zip(large.synapses, chosen.synapses, strict=True) if a is not b]
    assert changed == ["hidden1_hidden1", "hidden1_hidden2"]
    same(chosen.synapses[0], perturb(large, WeightNoise(0.2), seed=1).synapses[0])


def test_all_of_them_on_a_network_in_units():
    net = in_units()
    everything = [
        MembraneNoise(1 * mV),
        SpikeLoss(0.2),
        SynapticDelay(1 * ms, jitter=0.5 * ms),
        WeightNoise(0.1),
        WeightQuantisation(6),
        TimeConstantMismatch(0.2),
        NeuronLesion(0.34),
        SynapseLesion(0.2),
        Temperature(5, q10={"tau": 1.5, "tau_*": 2.5}),
        InputJitter(1 * ms),
    ]
    perturbed = perturb(net, *everything, seed=2)
    cells = describe(perturbed, namespace={}).group("cells")
    values = {v.name: v.array.values for v in cells.variables}
    assert len(np.unique(values["tau"])) == 6  # it was one constant of the namespace
    assert values["alive"].sum() == 4
    plain, ds = (simulate(n, duration=100 * ms, trials=20, seed=1) for n in (net, perturbed))
    assert plain.sizes["cells_spike"] > 100
    assert 20 < ds.sizes["cells_spike"] < plain.sizes["cells_spike"]
    spiking = np.unique(ds["cells_spike_neuron"])
    assert set(spiking) <= set(np.flatnonzero(values["alive"]))


MANY = "expected a number from"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeLoss(1.2), f"SpikeLoss, probability: {MANY} 0 to 1, got 1.2"),
        (lambda: SpikeLoss(-0.1), f"SpikeLoss, probability: {MANY} 0 to 1, got -0.1"),
        (lambda: SpikeLoss(np.nan), f"{MANY} 0 to 1, got nan"),
        (lambda: SpikeLoss(0.1 * ms), f"{MANY} 0 to 1, got 100. . usecond"),
        (lambda: SpikeLoss("0.1"), f"{MANY} 0 to 1, got '0.1'"),
        (lambda: SpikeLoss(True), f"{MANY} 0 to 1, got True"),
        (lambda: SpikeLoss([0.1]), f"{MANY} 0 to 1, got .0.1."),
        (lambda: MembraneNoise(-1), "MembraneNoise, sd: expected one finite value >= 0"),
        (lambda: MembraneNoise(np.inf), "MembraneNoise, sd: expected one finite value >= 0"),
        (lambda: MembraneNoise([1, 2] * mV), "MembraneNoise, sd: expected one finite value"),
        (lambda: SynapticDelay(1), "SynapticDelay, mean: expected a time from 0 to 10 s, e.g. 2.ms, got 1"),
        (lambda: SynapticDelay(-1 * ms), "SynapticDelay, mean: expected a time from 0 to 10 s"),
        (
            lambda: SynapticDelay(1 * ms, jitter=2 * ms),
            "SynapticDelay, jitter: expected a time from 0 to 0.001 s",
        ),
        (lambda: WeightNoise(11), f"WeightNoise, relative_sd: {MANY} 0 to 10, got 11"),
        (lambda: WeightNoise(1, per="row"), "WeightNoise, per: expected one of array, post, pre, got 'row'"),
        (
            lambda: WeightQuantisation(1),
            "WeightQuantisation, bits: expected a whole number from 2 to 32, or None",
        ),
        (lambda: WeightQuantisation(2.5), "bits: expected a whole number from 2 to 32, or None, got 2.5"),
        (lambda: WeightQuantisation(64), "bits: expected a whole number from 2 to 32, or None, got 64"),
        (lambda: TimeConstantMismatch(1.5), f"TimeConstantMismatch, cv: {MANY} 0 to 1, got 1.5"),
        (lambda: NeuronLesion(2), f"NeuronLesion, fraction: {MANY} 0 to 1, got 2"),
        (lambda: SynapseLesion(-1), f"SynapseLesion, fraction: {MANY} 0 to 1, got -1"),
        (lambda: Temperature(60), f"Temperature, change .K.: {MANY} -30 to 30, got 60"),
        (lambda: Temperature(5, q10=0), f"Temperature, q10 of '.': {MANY} 0.5 to 10, got 0"),
        (lambda: InputJitter(2000 * ms), "InputJitter, sd: expected a time from 0 to 1 s"),
        (lambda: SpikeLoss(0.1, synapses=3), "SpikeLoss, synapses: expected a name, several names, or None"),
    ],
)
def test_out_of_range_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize(
    ("p", "error", "message"),
    [
        (MembraneNoise(1 * mV), ValueError, "sd: expected the unit of hidden1.v, .*got 1. . mvolt"),
        (MembraneNoise(0.1, variable="u"), UnsupportedModel, "no group with du/dt .*leave MembraneNoise"),
        (MembraneNoise(0.1, groups="input"), UnsupportedModel, "'input' uses nothing that MembraneNoise"),
        (
            MembraneNoise(0.1, groups="hiden1"),
            ValueError,
            "'hiden1' fits nothing; there are hidden1, .*output",
        ),
        (
            SpikeLoss(0.1, synapses=("x", "y")),
            ValueError,
            "SpikeLoss, synapses: 'x' fits nothing; there are hidden1_",
        ),
        (
            SynapticDelay(3 * ms),
            ValueError,
            "dt = 0.004 s does not divide the mean of SynapticDelay.*with_dt",
        ),
        (
            SynapticDelay(5 * ms, jitter=1 * ms),
            ValueError,
            "in steps of 4 ms .* at least 1.732 ms, got 1. ms for 'hidden1_hidden1'; .*with_dt",
        ),
        (
            WeightNoise(0.1, variable="weight"),
            UnsupportedModel,
            "no synapses with weights 'weight' .*no float parameter",
        ),
        (
            TimeConstantMismatch(0.1, variables="tau_x"),
            ValueError,
            "'tau_x' fits no time; there are dt_ref, tau_a, tau_m",
        ),
        (NeuronLesion(0.1, groups="output"), UnsupportedModel, "'output' uses .*it does not spike by itself"),
        (Temperature(5, q10={"tau_m": 2}), ValueError, "q10: expected one for 'tau_a', got those of tau_m"),
    ],
)
def test_what_does_not_fit_the_network_is_refused_by_name(p, error, message):
    with pytest.raises(error, match=message):
        perturb(network(), p)


def _group(equations="dv/dt = -v/(5*ms) : 1", **options):
    return NeuronGroup(3, equations, **({"method": "euler", "name": "cells"} | options))


def _assigning():
    cells = _group(threshold="v > 1", reset="v = 0")
    wires = Synapses(cells, cells, on_pre="v_post = 1", name="wires")
    wires.connect()
    return Network(cells, wires)


def _raising():
    cells = _group(threshold="v > 1", reset="v = 0")
    wires = Synapses(cells, cells, on_pre="v_post **= 2", name="wires")
    wires.connect()
    return Network(cells, wires)


def _shared():
    group = _group("dv/dt = -v/tau : 1\ntau : second (shared, constant)")
    group.tau = 5 * ms
    return Network(group)


@pytest.mark.parametrize(
    ("make", "p", "message"),
    [
        (
            lambda: Network(_group("dv/dt = v*(1 - v)/(5*ms) : 1")),
            MembraneNoise(0.1),
            "'cells'.*linear, constant leak.*xi",
        ),
        (
            lambda: Network(_group("dv/dt = (1 - v*(1 + g))/(5*ms) : 1\ndg/dt = -g/ms : 1")),
            MembraneNoise(0.1),
            "depends on g",
        ),
        (lambda: Network(_group("dv/dt = 1/(5*ms) : 1")), MembraneNoise(0.1), "'cells'.*there is none"),
        (
            lambda: Network(_group("dv/dt = v/(5*ms) : 1")),
            MembraneNoise(0.1),
            "'cells'.*a membrane that grows",
        ),
        (
            lambda: Network(_group("dv/dt = -v/(1*ms) : 1", dt=4 * ms)),
            MembraneNoise(0.1),
            "'euler' at a step 4 times.*unstable",
        ),
        (_assigning, SpikeLoss(0.1), "'wires_pre' uses 'v_post = 1' with loss of spikes.*addition"),
        (_raising, SpikeLoss(0.1), "'wires_pre' uses 'v_post ..= 2' with loss of spikes"),
        (_shared, TimeConstantMismatch(0.1), "'cells' uses one 'tau' for the whole group"),
        (lambda: Network(_group()), SpikeLoss(0.1), "'network' uses no synapses that transmit spikes"),
        (lambda: Network(_group()), NeuronLesion(0.1), "no spiking neuron groups .*'cells' does not spike"),
        (lambda: Network(_group()), InputJitter(1 * ms), "no SpikeGeneratorGroup .*'cells' is no Spike"),
        (
            lambda: Network(_group("dv/dt = -v/lag : 1", namespace={"lag": 5 * ms})),
            Temperature(5),
            "no time constants",
        ),
        (lambda: srnn(2, [3], 2, input="current"), InputJitter(1 * ms), "no SpikeGeneratorGroup"),
    ],
)
def test_networks_for_which_it_means_nothing_are_refused_by_name(make, p, message):
    with pytest.raises(UnsupportedModel, match=message):
        perturb(make(), p)


def test_other_wrong_calls():
    description = network((4,))
    with pytest.raises(
        TypeError, match="perturb: expected a brian2.Network or a NetworkDescription, got str"
    ):
        perturb("net", SpikeLoss(0.1))
    with pytest.raises(TypeError, match="perturb: expected perturbations such as .* got 0.1; see"):
        perturb(description, 0.1)
    with pytest.raises(TypeError, match="SpikeLoss: expected a NetworkDescription, got Network"):
        SpikeLoss(0.1)(srnn(2, [3], 2))
    for seed in (-1, 0.5, True, None):
        with pytest.raises(ValueError, match="seed must be a whole number >= 0, got"):
            perturb(description, SpikeLoss(0.1), seed=seed)
    with pytest.raises(ValueError, match="SpikeLoss: the description holds 2 trials; perturb it before"):
        perturb(tile(description, 2), SpikeLoss(0.1))


def test_the_table_is_whole_and_each_is_documented():
    for name, cls in PERTURBATIONS.items():
        assert dataclasses.is_dataclass(cls), name
        assert cls.__doc__, name
        assert "Parameters\n----------" in inspect.getdoc(cls), name
        assert all(f"{f.name}" in cls.__doc__ for f in dataclasses.fields(cls)), name


def test_lesions_of_poisson_inputs_leave_them():
    source = PoissonGroup(3, "100*Hz", name="source")
    cells = _group(threshold="v > 1", reset="v = 0")
    perturbed = perturb(Network(source, cells), NeuronLesion(1))
    assert simulate(perturbed, duration=50 * ms, seed=1).sizes["source_spike"] > 0
