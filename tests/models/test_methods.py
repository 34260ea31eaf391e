"""`with_method`: which groups change, what Brian2 refuses, and that the step really is that of the method."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, TimedArray, ms

from chronaxie.models import UnsupportedModel, build, describe, simulate, srnn, with_method

pytestmark = pytest.mark.usefixtures("numpy_target")
X = 0.01 / 0.02  # dt/tau of `decay`


def decay(equations="dv/dt = -v/tau : 1\ntau : second (constant)", method="exact", **options):
    """One neuron that decays from 1 with tau = 20 ms, dt = 10 ms."""
    group = NeuronGroup(1, equations, method=method, dt=10 * ms, name="cell", **options)
    if "tau" in group.equations.names:
        group.tau = 20 * ms
    group.v = 1
    return describe(Network(group), namespace={})


@pytest.mark.parametrize(
    ("method", "factor"),
    [
        ("exact", np.exp(-X)),
        ("linear", np.exp(-X)),
        ("exponential_euler", np.exp(-X)),
        ("euler", 1 - X),
        ("heun", 1 - X),
        ("milstein", 1 - X),
        ("rk2", 1 - X + X**2 / 2),
        ("rk4", 1 - X + X**2 / 2 - X**3 / 6 + X**4 / 24),
        (["exact", "euler"], np.exp(-X)),
        ("RK4", 1 - X + X**2 / 2 - X**3 / 6 + X**4 / 24),
    ],
)
def test_a_step_is_that_of_the_method(method, factor):
    """One step of the decay, in closed form; Brian2's heun and milstein leave the deterministic part to Euler."""
    net = build(with_method(decay(), method))
    net.run(10 * ms, namespace={})
    (group,) = net.objects
    assert group.v[0] == pytest.approx(factor, rel=1e-14)


def test_all_groups_with_differential_equations_change_or_those_that_are_named():
    before = describe(srnn(4, [5], 3, input="current", seed=0))
    methods = {g.name: g.method for g in before.groups}
    everywhere = with_method(before, "rk4")
    assert {g.name: g.method for g in everywhere.groups} == methods | {"hidden1": "rk4", "output": "rk4"}
    one = with_method(before, {"hidden1": "rk2"})
    assert {g.name: g.method for g in one.groups} == methods | {"hidden1": "rk2"}
    assert {g.name: g.method for g in before.groups} == methods  # a new description
    assert with_method(before, {}) is before
    assert all(a.variables is b.variables for a, b in zip(everywhere.groups, before.groups, strict=True))


def test_options_go_with_their_method():
    simple = decay(method_options={"simplify": False})
    assert with_method(simple, "exact").groups[0].method_options == (("simplify", False),)
    assert with_method(simple, "rk4").groups[0].method_options == ()


def test_a_description_with_another_method_travels_and_simulates():
    d = with_method(decay(), "euler")
    again = describe(build(d), namespace={})
    assert again.groups[0].method == "euler"
    ds = simulate(again, duration=0.03, record={"cell": ["v"]})
    np.testing.assert_allclose(ds.cell_v.values.ravel(), (1 - X) ** np.arange(3), rtol=1e-14)


QUADRATIC = "dv/dt = (v**2 - v)/(20*ms) : 1"


@pytest.mark.parametrize(
    ("equations", "method", "message"),
    [
        (
            QUADRATIC,
            "exact",
            r"^'cell' uses the method 'exact'\. This is not supported: Brian2: The expression .*, defining the "
            r"variable 'v', could not be separated into linear components\. Suitable: euler, rk2, rk4, milstein, heun$",
        ),
        (
            "dv/dt = (v**2 - v + 1)/(20*ms) : 1",
            "exponential_euler",
            r"Brian2: Can only solve conditionally linear systems with this state updater\. Suitable: euler,",
        ),
        # Brian2 itself takes it, and integrates dv/dt = -v/(20*ms).
        (
            QUADRATIC,
            "exponential_euler",
            r"Brian2 would lose the term v\*\*2/\(20\*ms\) of dv/dt, without an error",
        ),
        (QUADRATIC, ("exact", "exponential_euler", "rk4"), "Brian2 would lose the term"),
        (
            "dv/dt = sin(t/(9*ms))/(20*ms) : 1",
            "exact",
            "Brian2: .*not guaranteed to be constant over a time step",
        ),
    ],
)
def test_what_brian2_refuses_is_refused_by_name_with_its_message(equations, method, message):
    with pytest.raises(UnsupportedModel, match=message):
        with_method(decay(equations, method="rk4"), method)


def test_brian2_does_lose_the_term():
    """The reason of a refusal: when Brian2 has mended it, the refusal can go."""
    net = build(decay(QUADRATIC, "rk4"))
    (group,) = net.objects
    group.state_updater.method_choice = "exponential_euler"
    net.run(10 * ms, namespace={})  # from the unstable fixed point v = 1, where nothing should move
    assert group.v[0] == pytest.approx(np.exp(-X), rel=1e-12)


def test_noise_is_integrated_by_some_methods_only():
    d = decay()
    v = next(e for e in d.groups[0].equations if e.name == "v")
    noisy = tuple(
        replace(e, expression="-v/tau + xi*tau**-0.5") if e is v else e for e in d.groups[0].equations
    )
    d = d.replace_group(replace(d.groups[0], equations=noisy, method="euler"))
    with pytest.raises(UnsupportedModel, match="Cannot solve stochastic .* Suitable: euler, milstein, heun"):
        with_method(d, "exact")
    assert with_method(d, "heun").groups[0].method == "heun"


def test_arrays_that_are_constant_over_dt_suit_the_exact_method():
    drive = TimedArray([0.0, 1.0], dt=20 * ms, name="drive")
    d = decay("dv/dt = (drive(t) - v)/(20*ms) : 1", method="rk4", namespace={"drive": drive})
    assert with_method(d, "exact").groups[0].method == "exact"


@pytest.mark.parametrize(
    ("method", "error", "message"),
    [
        ("rk5", ValueError, "no method 'rk5'; there are .*; did you mean rk4"),
        ("gsl_rkf45", ValueError, "no method 'gsl_rkf45'"),
        ("independent", ValueError, "no method 'independent'"),
        (4, TypeError, "expected the name of a method, e.g. 'rk4', got 4"),
        ((), TypeError, r"got \(\)"),
        (None, TypeError, "got None"),
        ({"other": "rk4"}, ValueError, "no group 'other' with differential equations; there are cell"),
    ],
)
def test_what_is_no_method_or_group_is_refused(method, error, message):
    with pytest.raises(error, match=message):
        with_method(decay(), method)


def test_other_things_than_a_description_are_refused():
    with pytest.raises(TypeError, match="expected a NetworkDescription, got Network; see describe"):
        with_method(srnn(4, [5], 3), "rk4")
    silent = NeuronGroup(1, "v : 1", name="still")
    with pytest.raises(ValueError, match="no group of the network has differential equations"):
        with_method(describe(Network(silent)), "rk4")
