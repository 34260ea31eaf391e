"""Passes of the fused engine one after the other, at once, in threads, and with losses and inputs of every form."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from brian2 import Clock, Network, NeuronGroup, Synapses, TimedArray, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.fused import run

from .cases import CASES
from .comparing import derivatives, loss_of, outputs, unequal, unequal_derivatives

ALL = ("spikes", "trace", "final")
NAMED = {c.name: c for c in CASES}
LAYER = NAMED["ALIF layer and readout"]  # all tests here share its two compiled structures, where they can
CURRENTS = NAMED["currents that carry a gradient"]


def results(case, twin, *, kinds=ALL, seed=1):
    """Outputs and derivatives of one pass of a twin."""
    stimulus, options, leaves = case.call(twin, seed=seed)
    leaves |= dict(twin.named_parameters())
    out = outputs(twin(stimulus, **options))
    return out, derivatives(loss_of(out, kinds), leaves)


@pytest.fixture
def pair():
    """A twin in each engine, of one network."""
    net = LAYER.network()
    return LAYER.twin(net, "fused"), LAYER.twin(net, "reference")


def test_results_do_not_depend_on_the_number_of_threads():
    case, found = replace(LAYER, trials=200, steps=20), []
    net = case.network()
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        # of what changes: torch sums up the derivatives of a repeated constant in an order that depends on the threads
        kinds = (
            "spikes",
            *(f"{kind} of {key}" for kind in ("trace", "final") for key in ("hidden1.v", "output.v")),
        )
        found.append(results(case, case.twin(net, "fused"), kinds=kinds))
    for out, by in found[1:]:
        assert unequal(out, found[0][0]) == {}
        different = [name for name, g in by.items() if not torch.equal(g, found[0][1][name])]
        assert not different, f"derivatives that depend on the threads: {different}"


def test_backward_twice(pair):
    twin, _ = pair
    stimulus, options, _ = LAYER.call(twin)
    loss = loss_of(outputs(twin(stimulus, **options)), ALL)
    first, second = (derivatives(loss, dict(twin.named_parameters()), retain_graph=True) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_two_passes_before_two_backward(pair):
    twin, _ = pair
    expected = [results(LAYER, twin, seed=seed)[1] for seed in (1, 2)]
    losses = []
    for seed in (1, 2):
        stimulus, options, _ = LAYER.call(twin, seed=seed)
        losses.append(loss_of(outputs(twin(stimulus, **options)), ALL))
    stimulus, options, _ = LAYER.call(twin, seed=3)
    twin(stimulus, **options)  # nobody asks for its gradient
    found = [derivatives(loss, dict(twin.named_parameters())) for loss in reversed(losses)][::-1]
    for by, wanted in zip(found, expected, strict=True):
        assert all(torch.equal(by[name], wanted[name]) for name in wanted)


def test_a_copy_has_values_of_its_own(pair):
    twin, _ = pair
    before, _ = results(LAYER, twin)
    other = copy.deepcopy(twin)
    assert unequal(results(LAYER, other)[0], before) == {}
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.05
    assert unequal(results(LAYER, other)[0], before)
    assert unequal(results(LAYER, twin)[0], before) == {}


def test_what_a_pass_returned_stays(pair):
    kept = []
    for twin in pair:
        stimulus, options, _ = LAYER.call(twin)
        with torch.no_grad():
            recording = twin(stimulus, **options)
            for parameter in twin.parameters():
                parameter += 0.05
        kept.append(outputs(recording))
    assert unequal(*kept) == {}


def test_spikes_that_are_kept_as_events(pair, monkeypatch):
    twin, _ = pair
    stimulus, options, _ = LAYER.call(twin)
    with torch.no_grad():
        spikes = twin(stimulus, **options).spikes
        monkeypatch.setattr(run, "DENSE", 0)
        recording = twin(stimulus, **options)
    group = next(g for g in spikes if g not in twin.program.inputs)
    written = spikes[group]
    assert written.sum() > 0
    assert recording.spikes.count(group) == int(written.sum())
    assert torch.equal(recording.spikes[group], written)


@pytest.mark.parametrize("change", ["step", "data", "numpy", "base", "replaced"])
def test_values_that_changed_between_passes_without_gradients(pair, change):
    """What is fixed is held from pass to pass, whatever way it is changed in."""
    twin, reference = pair
    stimulus, options, _ = LAYER.call(twin)

    def alter(trained):
        if change == "step":
            trained.free.add_(0.1)
        elif change == "data":
            trained.free.data.mul_(1.5).add_(0.1)
        elif change == "numpy":
            trained.free.detach().numpy()[...] += 0.1
        elif change == "base":
            trained.base.data.mul_(1.1)
        else:
            trained.free = torch.nn.Parameter(trained.free + 0.1)

    with torch.no_grad():
        before = outputs(twin(stimulus, **options))
        for place in twin._places:
            for each in pair:
                alter(each._trained(place))
        after = outputs(twin(stimulus, **options))
        assert unequal(after, before)
        assert unequal(after, outputs(reference(stimulus, **options))) == {}
        assert unequal(after, outputs(twin(stimulus, **options))) == {}


def test_values_and_delays_that_changed_in_brian2(pair):
    twin, _ = pair
    before, _ = results(LAYER, twin)
    groups = {obj.name: obj for obj in twin.network.objects}
    groups["hidden1"].tau_m = groups["hidden1"].tau_m * 1.3
    groups["hidden1"].bias = 0.04
    twin.pull()
    out, by = results(LAYER, twin)
    expected, wanted = results(LAYER, LAYER.twin(twin.network, "reference"))
    assert unequal(out, before)
    assert unequal(out, expected) == {}
    assert unequal_derivatives(by, wanted) == {}


def test_constants_that_changed_in_a_namespace():
    group = NeuronGroup(
        3,
        "dv/dt = (drive - v)/tau : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="cells",
        clock=Clock(0.5 * ms, name="clock"),
        namespace={"tau": 8 * ms, "drive": 2.0},
    )
    net, found = Network(group), []
    twins = [
        Twin(net, engine=engine, trainable=("tau", "v"), namespace={}) for engine in ("fused", "reference")
    ]
    for drive in (2.0, 3.0):
        group.namespace["drive"] = drive
        for twin in twins:
            twin.pull()
            found.append(outputs(twin(duration=20 * ms, record={"cells": ["v"]})))
    assert unequal(found[0], found[1]) == {}
    assert unequal(found[2], found[3]) == {}
    assert unequal(found[0], found[2])


@pytest.mark.parametrize("kind", [torch.bool, torch.float16, torch.float32, torch.float64, torch.int64])
def test_spikes_of_any_type(pair, kind):
    twin, _ = pair
    stimulus, options, _ = LAYER.call(twin)
    with torch.no_grad():
        expected = outputs(twin(stimulus, **options))
        assert unequal(outputs(twin(stimulus.to(kind), **options)), expected) == {}


@pytest.mark.parametrize("case", [LAYER, CURRENTS], ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", [None, torch.float16])
def test_a_stimulus_that_is_not_contiguous(case, dtype):
    net, found = case.network(), []
    for engine in ("fused", "reference"):
        twin = case.twin(net, engine)
        stimulus, options, _ = case.call(twin)
        stimulus = stimulus.detach().to(dtype or stimulus.dtype)
        stimulus = stimulus.permute(2, 1, 0).contiguous().permute(2, 1, 0)
        assert not stimulus.is_contiguous()
        found.append(outputs(twin(stimulus.requires_grad_() if case is CURRENTS else stimulus, **options)))
    assert unequal(*found) == {}


LOSSES = {
    "final values": lambda out: loss_of(out, "final"),
    "traces": lambda out: loss_of(out, "trace"),
    "spikes": lambda out: loss_of(out, "spikes"),
    "one number for all": lambda out: sum(
        x.sum() for k, x in out.items() if x.requires_grad and k[:2] in ("tr", "sp")
    ),
    "the same for all steps": lambda out: sum(
        (x.sum(1) ** 2).sum() for k, x in out.items() if x.requires_grad and k[:2] in ("tr", "sp")
    ),
    "the same for all trials": lambda out: sum(
        (x.sum(0) ** 2).sum() for k, x in out.items() if x.requires_grad and k[:2] in ("tr", "sp")
    ),
    "of one step": lambda out: (
        (out["trace of output.v"][:, 7] ** 2).sum() + out["spikes of hidden1"][:, 3].sum()
    ),
    "of one trial": lambda out: (out["trace of hidden1.v"][2] ** 3).sum(),
    "not contiguous": lambda out: (
        (out["trace of hidden1.v"].permute(2, 0, 1) * torch.arange(12.0)[:, None, None].double()).sum()
        + (out["trace of output.v"].flip(1).mean(2) ** 2).sum()
        + (out["spikes of hidden1"].transpose(0, 2)[::2] * 0.3).sum()
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("trials", [3, 8])
def test_losses_of_every_form(pair, name, trials):
    case, found = replace(LAYER, trials=trials), []
    for twin in pair:
        stimulus, options, _ = case.call(twin)
        loss = LOSSES[name](outputs(twin(stimulus, **options)))
        found.append(derivatives(loss, dict(twin.named_parameters())))
    assert any(g is not None and bool(g.any()) for g in found[1].values())
    assert unequal_derivatives(*found) == {}


def test_what_lies_behind_the_last_trial_is_no_part_of_a_derivative():
    """A state that divides: behind the last trial, where states are 0, it is infinite."""
    group = NeuronGroup(
        3,
        """dx/dt = (1/x - x)/tau : 1
        dv/dt = (log(x) + drive - v)/tau : 1
        tau : second (constant)
        drive : 1 (constant)""",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        name="cells",
        clock=Clock(0.5 * ms, name="clock"),
    )
    group.x, group.tau, group.drive = [0.8, 1.5, 2], [5, 6, 7] * ms, 2
    net, found = Network(group), []
    for engine in ("fused", "reference"):
        twin = Twin(net, engine=engine, trainable=("tau", "drive", "x"), namespace={})
        out = outputs(twin(duration=20 * ms, trials=3, record={"cells": ["v", "x"]}))
        found.append((out, derivatives(loss_of(out, ALL), dict(twin.named_parameters()))))
    assert unequal(found[0][0], found[1][0], tolerance=1e-12) == {}
    assert unequal_derivatives(found[0][1], found[1][1]) == {}


WRONG = {
    "no step": lambda x: x[:, :0],
    "no trial": lambda x: x[:0],
    "NaN": lambda x: torch.where(torch.arange(x.shape[1])[:, None] == 3, torch.nan, x.double()),
    "two spikes at once": lambda x: x * 2,
    "too many channels": lambda x: torch.cat([x, x], 2),
    "no dimension of trials": lambda x: x[0],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_stimulus_is_said_alike(pair, name):
    said = []
    for twin in pair:
        stimulus, options, _ = LAYER.call(twin)
        with pytest.raises(ValueError, match="stimulus") as error:
            twin(WRONG[name](stimulus), **options)
        said.append(str(error.value))
    assert said[0] == said[1]


SINGLE = ("ALIF layer and readout", "LIF", "ALIF, resets first", "currents that carry a gradient")
SINGLE_SLOW = (
    "LIF, held",
    "LIF, compressed rows",
    "Izhikevich",
    "AdEx",
    "CurrentALIF",
    "two layers, the next step",
)
FACTOR = 4.0  # of what the reference engine loses in float32: one rounding more or less
ROUNDING = 4e-6  # of the largest value: 32 units of the last place, where the reference happens to be right


@pytest.mark.parametrize("name", [*SINGLE, *(pytest.param(n, marks=pytest.mark.slow) for n in SINGLE_SLOW)])
def test_single_precision(name):
    case, found = replace(NAMED[name], steps=20, trials=3), []
    net = case.network()
    for engine, dtype in (
        ("reference", torch.float64),
        ("reference", torch.float32),
        ("fused", torch.float32),
    ):
        twin = case.twin(net, engine, dtype=dtype)
        stimulus, options, leaves = case.call(twin, dtype)
        out = outputs(twin(stimulus, **options))
        leaves |= dict(twin.named_parameters())
        found.append((out, derivatives(loss_of(out, ALL), leaves)))
    (exact, by), *singles = found
    for out, _ in singles:
        agree = [torch.equal(out[k].double(), exact[k].double()) for k in exact if k.startswith("spikes")]
        assert all(agree), "spikes of float32 and float64 differ: choose another seed"
    far = {}
    for kind, wanted, theirs, ours in (
        (0, exact, *(s[0] for s in singles)),
        (1, by, *(s[1] for s in singles)),
    ):
        for key, value in wanted.items():
            if value is None or not value.is_floating_point() or not value.numel() or ours[key] is None:
                continue
            error = [float((side[key].detach() - value.detach()).abs().max()) for side in (ours, theirs)]
            if not error[0] <= FACTOR * error[1] + ROUNDING * float(value.detach().abs().max()):
                far[key, kind] = error
    assert not far, f"further from float64 than the reference engine in float32: {far}"
    assert np.isfinite([float(g.sum()) for g in singles[1][1].values() if g is not None]).all()


@pytest.mark.parametrize("steps", [2, 20, 33])
def test_currents_of_every_step_reach_the_derivatives(steps):
    """Also where the group runs after the synapses, so that its last step has no successor to be run with."""
    taus = [4.0, 6.0, 9.0] * ms
    drive = TimedArray(np.random.default_rng(0).normal(1.2, 0.5, (steps, 3)), dt=0.5 * ms)
    found = []
    for engine in ("fused", "reference"):
        cells = NeuronGroup(
            3,
            "dv/dt = (drive(t, i) - v) / tau : 1\ntau : second (constant)",
            threshold="v > 1",
            reset="v -= 1",
            method="exponential_euler",
            namespace={"drive": drive},
            dt=0.5 * ms,
            name="cells",
        )
        cells.tau = taus
        recurrent = Synapses(cells, cells, "w : 1", on_pre="v_post += w", name="recurrent")
        recurrent.connect()
        recurrent.w = np.linspace(-0.2, 0.3, 9)
        net = Network(cells, recurrent)
        net.schedule = ["start", "synapses", "groups", "thresholds", "resets", "end"]
        twin = Twin(net, trainable=("w", "tau"), engine=engine, namespace={})
        out = outputs(twin(duration=steps * 0.5 * ms, trials=3, record={"cells": ["v"]}))
        found.append((out, derivatives(loss_of(out, ALL), dict(twin.named_parameters()))))
    (ours, by_ours), (theirs, by_theirs) = found
    assert unequal(ours, theirs) == {}
    assert unequal_derivatives(by_ours, by_theirs) == {}
