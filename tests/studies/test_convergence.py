"""Single neurons converge with the order of the integrator; the reference is held against solutions of others."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import NeuronGroup
from scipy.integrate import solve_ivp

from chronaxie import analyses
from chronaxie.models import ALIF
from chronaxie.studies import convergence

# Half of the study's steps and fewer of them: the orders are the same, in a quarter of the time.
SINE, CONSTANT, ADEX = (replace(case, coarsest=case.coarsest / 2) for case in convergence.CASES)
STEPS = 4


def fitted(case):
    ds = convergence.traces((case,), steps=STEPS)
    return ds.merge(analyses.convergence_orders(ds))


@pytest.fixture(scope="module")
def alif():
    """ALIF under a sinusoidal current, every method at four steps."""
    return fitted(SINE)


@pytest.fixture(scope="module")
def adex():
    """The same of AdEx, which is not linear."""
    return fitted(ADEX)


@pytest.mark.parametrize("neuron", ["alif", pytest.param("adex", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("method", "order"), convergence.ORDERS.items())
def test_the_order_is_that_of_the_method(neuron, method, order, request):
    found = request.getfixturevalue(neuron)
    row = found.isel(convergence_case=found.convergence_method.values.tolist().index(method))
    assert float(row.convergence_expected) == order
    # The slope approaches the order as dt falls; over these steps the next term of the error adds up to 2 %.
    assert float(row.convergence_order) == pytest.approx(order, rel=0.03)
    low, high = row.convergence_order_interval.values
    assert 0 < high - low < 0.1
    assert np.all(np.diff(row.convergence_error.values) < 0)


@pytest.mark.slow
def test_a_constant_current_leaves_rounding_to_the_methods_that_solve_it():
    case = replace(CONSTANT, orders={"exact": None, "exponential_euler": None, "rk2": 2})
    ds = convergence.traces((case,), steps=3)
    errors = dict(zip(ds.convergence_method.values.tolist(), ds.convergence_error.values, strict=True))
    # What is left is the error of the reference, a 4096th of that of rk4 at the finest step.
    assert errors["exact"].max() < 1e-12
    assert errors["exponential_euler"].max() < 1e-12
    assert errors["rk2"].min() > 1e-7
    orders = analyses.convergence_orders(ds)
    assert np.isnan(orders.convergence_order.values).tolist() == [True, True, False]


# ------------------------------------------------------------------ what the errors are measured against
def reference(case):
    return convergence._run(case, convergence._network(case, ["rk4"]), case.coarsest / 32)["rk4"]


def test_the_reference_of_alif_is_the_solution_in_closed_form():
    """tau dv/dt = b + c (1 - cos(w t)) - v from v(0) = 0."""
    tau, b, c, w = 0.02, 0.1, 0.5, 2 * np.pi / 0.06
    t = np.arange(convergence.SAMPLES) * SINE.coarsest
    forced = b + c - c * (np.cos(w * t) + w * tau * np.sin(w * t)) / (1 + (w * tau) ** 2)
    v = forced - (b + c - c / (1 + (w * tau) ** 2)) * np.exp(-t / tau)
    np.testing.assert_allclose(reference(SINE), v, rtol=0, atol=1e-12)


def test_the_reference_of_adex_is_another_solvers():
    """DOP853 of SciPy on the equations of Brette and Gerstner (2005), typed by hand, in mV, ms, pA, nS, pF."""
    C, g_L, E_L, V_T, Delta_T, tau_w, a = 281, 30, -70.6, -50.4, 2, 144, 4

    def slope(t, y):
        v, w = y
        current = 300 * (1 - np.cos(2 * np.pi * t / 60))
        return [
            (g_L * (E_L - v) + g_L * Delta_T * np.exp((v - V_T) / Delta_T) - w + current) / C,
            (a * (v - E_L) - w) / tau_w,
        ]

    t = np.arange(convergence.SAMPLES) * ADEX.coarsest * 1e3
    solved = solve_ivp(slope, (0, t[-1]), [E_L, 0], method="DOP853", t_eval=t, rtol=1e-12, atol=1e-12)
    v = reference(ADEX) * 1e3
    np.testing.assert_allclose(v, solved.y[0], rtol=0, atol=1e-9)
    # The exponential matters: it is a tenth of the leak at the peak, and nothing spikes.
    assert -60 < v.max() < V_T


def test_the_neuron_is_that_of_the_package():
    """Below threshold ALIF's own equations, but for the current."""
    ours, alif = (NeuronGroup(1, e, method="euler").equations for e in (SINE.equations, ALIF.equations))
    assert set(ours) == set(alif)
    assert all(str(ours[name]) == str(alif[name]) for name in set(alif) - {"I"})


# ------------------------------------------------------------------ spikes
@pytest.mark.slow
def test_the_times_of_spikes_converge_to_first_order(alif):
    dts = (4e-3, 2e-3, 1e-3, 5e-4)
    orders = analyses.convergence_orders(
        alif.merge(ds := convergence.spike_times(neurons=200, duration=0.1, dts=dts, finest=2e-5))
    )
    # The phases between spikes and grid scatter: the errors of 200 neurons by 2 % (uniform phases), those of later
    # spikes more, since fewer neurons have them.
    np.testing.assert_allclose(orders.spike_order, 1, atol=0.1)
    # The first spike is given the time of the beginning of its step: early by half a step, sd dt/sqrt(12).
    dt = ds.spike_dt.values
    np.testing.assert_allclose(ds.spike_time_shift[0], -dt / 2, atol=4 * dt.max() / np.sqrt(12 * 200))
    np.testing.assert_allclose(ds.spike_time_error[0], dt / np.sqrt(3), rtol=0.1)
    assert (ds.spike_neurons.values > 100).all()
