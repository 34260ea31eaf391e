"""MembraneNoise: the Ornstein-Uhlenbeck process that was asked for, at every dt, with every method and time constant.

Every test names its null; the level is 0.001 two-sided, seeds are fixed.
"""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms, mV
from scipy import stats

from chronaxie.models import (
    CurrentIntegrator,
    MembraneNoise,
    SpikeLoss,
    Temperature,
    UnsupportedModel,
    annotate,
    build,
    describe,
    perturb,
    simulate,
    srnn,
    with_dt,
    with_method,
)
from chronaxie.models.standalone.skeleton import build_key, skeleton

pytestmark = pytest.mark.usefixtures("numpy_target")
LEVEL = 0.001
TAUS = np.array([2.0, 5.0, 10.0, 20.0, 50.0])
EACH = 1000


def free_membranes(taus=TAUS, **options):
    """Adaptive neurons that never spike and get no input, `EACH` of every time constant (ms); dt_ref 4 ms."""
    n = EACH * len(taus)
    net = srnn(1, [n], 1, recurrent=False, tau_m={"hidden1": np.repeat(taus, EACH) * ms}, b0=1e9, **options)
    return describe(net, namespace={})


def expect_deviation(values, sd):
    """H0: independent normal values of mean 0 with this standard deviation; chi-squared of their squares, and KS."""
    values = np.ravel(values)
    assert LEVEL / 2 < stats.chi2.cdf((values**2).sum() / sd**2, len(values)) < 1 - LEVEL / 2
    assert stats.kstest(values / sd, "norm").pvalue > LEVEL


@pytest.mark.parametrize("dt", [4, pytest.param(0.1, marks=pytest.mark.slow)])
def test_the_free_membrane_has_the_deviation_and_the_memory_asked_for(dt):
    """H0: at each tau_m N(0, sd²), correlated over 4 ms by exp(-4 ms/tau_m); 1000 neurons after 5 time constants."""
    perturbed = perturb(free_membranes(), MembraneNoise(0.3, groups="hidden1"))
    ds = simulate(perturbed, duration=260 * ms, dt=dt * ms, seed=4, record={"hidden1": ["v"]})
    v = ds["hidden1_v"].values[0].reshape(-1, len(TAUS), EACH)
    for k, tau in enumerate(TAUS):
        expect_deviation(v[-1, k], 0.3)
        r = np.corrcoef(v[-2, k], v[-1, k])[0, 1]
        z = (np.arctanh(r) - np.arctanh(np.exp(-4 / tau))) * np.sqrt(EACH - 3)
        assert abs(z) < stats.norm.ppf(1 - LEVEL / 2), tau
    # H0: neurons are independent.
    r = np.corrcoef(v[-1, :, :-1].ravel(), v[-1, :, 1:].ravel())[0, 1]
    assert abs(r) < stats.norm.ppf(1 - LEVEL / 2) / np.sqrt(v[-1].size)


@pytest.mark.parametrize(
    "method",
    [
        *("euler", "rk4"),
        *(pytest.param(m, marks=pytest.mark.slow) for m in ("exponential_euler", "heun", "milstein", "rk2")),
    ],
)
def test_the_deviation_is_exact_with_every_method(method):
    """H0 as above, in steps of 4 ms with time constants of 5 and 20 ms, where Euler and Maruyama is 29 % off."""
    description = with_method(free_membranes(np.array([5.0, 20.0])), method)
    perturbed = perturb(description, MembraneNoise(0.3, groups="hidden1"))
    ds = simulate(perturbed, duration=120 * ms, seed=3, record={"hidden1": ["v"]})
    for v in ds["hidden1_v"].values[0, -1].reshape(2, EACH):
        expect_deviation(v, 0.3)


@pytest.mark.slow
def test_the_step_of_euler_and_maruyama_would_not_do():
    """Why there is no plain xi: of tau_m = 5 ms at 4 ms its deviation is larger by (1 - dt/2tau)**-0.5 = 1.29."""
    group = NeuronGroup(
        4000, "dv/dt = -v/(5*ms) + 0.3*sqrt(2/(5*ms))*xi : 1", method="euler", dt=4 * ms, name="cells"
    )
    ds = simulate(Network(group), duration=120 * ms, seed=1, record={"cells": ["v"]})
    np.testing.assert_allclose(ds["cells_v"].values[0, -1].std(), 0.3 * 1.291, rtol=0.04)


@pytest.mark.slow
def test_at_a_fine_step_it_is_the_process_of_xi():
    """H0: the distribution of dv/dt = … + sd*sqrt(2/tau)*xi at 0.1 ms, long before it is stationary; two-sample KS."""
    equations, options = "dv/dt = -v/(20*ms){} : 1", {"method": "euler", "dt": 0.1 * ms, "name": "cells"}
    xi = Network(NeuronGroup(4000, equations.format(" + 0.3*sqrt(2/(20*ms))*xi"), **options))
    ours = perturb(Network(NeuronGroup(4000, equations.format(""), **options)), MembraneNoise(0.3))
    a, b = (
        simulate(net, duration=10 * ms, seed=s, record={"cells": ["v"]}, sample_dt=1 * ms)["cells_v"].values
        for net, s in ((xi, 1), (ours, 2))
    )
    for k in (1, 9):
        assert stats.ks_2samp(a[0, k], b[0, k]).pvalue > LEVEL


def test_physical_units_refractoriness_and_subexpressions():
    """H0 as above, in mV; the leak stands in a subexpression, every other membrane is held in every second step."""
    group = NeuronGroup(
        2000,
        """dv/dt = (g_L*(E_L - v) + I)/C : volt (unless refractory)
        g_L = C/tau_m : siemens
        I = 0*amp : amp
        C : farad (constant)
        tau_m : second (constant)""",
        threshold="i % 2 == 0",
        refractory=5 * ms,
        method="exponential_euler",
        namespace={"E_L": -70 * mV},
        dt=4 * ms,
        name="cells",
    )
    group.v, group.C, group.tau_m = -70 * mV, "100*pF", 8 * ms
    perturbed = perturb(Network(group), MembraneNoise(3 * mV))
    ds = simulate(perturbed, duration=100 * ms, seed=1, record={"cells": ["v"]})
    expect_deviation(ds["cells_v"].values[0, -1] * 1e3 + 70, 3)


@pytest.mark.parametrize("dt", [4, pytest.param(0.1, marks=pytest.mark.slow)])
def test_the_physical_readout(dt):
    """H0 as above, of the membrane of `CurrentIntegrator` with its two coupled equations and rk2."""
    model = CurrentIntegrator
    group = NeuronGroup(2000, model.equations, method=model.method, dt=dt * ms, name="cells")
    for p in model.parameters:
        setattr(group, p.name, p.default)
    group.tau_m, group.v = 10 * ms, group.E_L
    net = annotate(Network(group), dt_ref=4 * ms)
    ds = simulate(perturb(net, MembraneNoise(2 * mV)), duration=80 * ms, seed=5, record={"cells": ["v"]})
    expect_deviation((ds["cells_v"].values[0, -1] - float(group.E_L_[0])) * 1e3, 2)


def test_another_method_afterwards_is_refused_unless_both_are_exact():
    perturbed = perturb(free_membranes(np.array([10.0])), MembraneNoise(0.3), MembraneNoise(0.1))
    assert with_method(perturbed, "exponential_euler").group("hidden1").method == "exponential_euler"
    with pytest.raises(
        UnsupportedModel, match="'hidden1' uses the method 'euler' after MembraneNoise.*first"
    ):
        with_method(perturbed, "euler")
    with pytest.raises(UnsupportedModel, match="after MembraneNoise"):
        simulate(perturbed, duration=8 * ms, method="rk4")


@pytest.mark.slow
def test_two_noises_add_as_variances():
    """H0: sd = sqrt(0.3² + 0.4²)."""
    perturbed = perturb(
        free_membranes(np.array([10.0, 20.0])), *(MembraneNoise(sd, groups="hidden1") for sd in (0.3, 0.4))
    )
    ds = simulate(perturbed, duration=120 * ms, seed=4, record={"hidden1": ["v"]})
    expect_deviation(ds["hidden1_v"].values[0, -1], 0.5)


def test_each_trial_has_noise_of_its_own():
    perturbed = perturb(free_membranes(np.array([10.0])), MembraneNoise(0.3))
    ds = simulate(perturbed, duration=40 * ms, trials=3, seed=4, record={"hidden1": ["v"]})
    r = np.corrcoef(ds["hidden1_v"].values[:, -1])
    assert np.abs(r[np.triu_indices(3, 1)]).max() < stats.norm.ppf(1 - LEVEL / 6) / np.sqrt(EACH)


def test_a_finer_step_of_the_description_changes_nothing():
    """The current knows the dt at which it runs: perturbing before or after with_dt is the same."""
    description = free_membranes(np.array([10.0]))
    after = with_dt(perturb(description, MembraneNoise(0.3)), 0.5 * ms)
    before = perturb(with_dt(description, 0.5 * ms), MembraneNoise(0.3))
    a, b = (
        simulate(d, duration=8 * ms, seed=4, record={"hidden1": ["v"]})["hidden1_v"] for d in (after, before)
    )
    assert np.array_equal(a, b)
    assert a.values.std() > 0


def euler_at_1_ms():
    """A membrane of 5 ms under euler, with noise that was made in steps of 1 ms."""
    group = NeuronGroup(3, "dv/dt = -v/tau : 1\ntau : second", method="euler", dt=1 * ms, name="cells")
    group.tau = 5 * ms
    return perturb(describe(Network(group), namespace={}), MembraneNoise(0.1))


@pytest.mark.parametrize("dt", [10, 20])
def test_a_step_at_which_the_method_is_unstable_is_refused_wherever_it_comes_from(dt):
    """dt = 2 tau is the limit of euler: there q = -1."""
    perturbed = euler_at_1_ms()
    message = (
        f"'cells' uses a step of {dt} ms with the current 'noise_v' of MembraneNoise.*'euler' is unstable"
    )
    for call in (
        lambda: with_dt(perturbed, dt * ms),
        lambda: build(perturbed, dt=dt * ms),
        lambda: simulate(perturbed, duration=100 * ms, dt=dt * ms),
    ):
        with pytest.raises(UnsupportedModel, match=message):
            call()
    ds = simulate(perturbed, duration=99 * ms, dt=9 * ms, seed=1, record={"cells": ["v"]}, sample_dt=9 * ms)
    assert np.isfinite(ds["cells_v"].values).all()


def test_a_time_constant_that_becomes_too_short_for_the_noise_is_refused():
    with pytest.raises(UnsupportedModel, match="a step of 9 ms with the current 'noise_v'"):
        perturb(with_dt(euler_at_1_ms(), 9 * ms), Temperature(10))


def test_networks_at_several_strengths_are_one_program():
    keys = [
        build_key(skeleton(perturb(free_membranes(np.array([10.0])), MembraneNoise(sd), SpikeLoss(p))), (), 1)
        for sd, p in ((0.1, 0.2), (0.3, 0.4))
    ]
    assert keys[0] == keys[1]
    one = build_key(skeleton(perturb(free_membranes(np.array([10.0])), MembraneNoise(0.1))), (), 1)
    assert one != keys[0]
