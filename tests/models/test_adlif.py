"""Neurons with subthreshold coupling: the paper's recursion, their state updater, stability, finer steps, files."""

import numpy as np
import pytest
import scipy.linalg
import xarray as xr
from brian2 import Equations, Network, NeuronGroup, ms
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException

from chronaxie.models import (
    EFAdLIF,
    MembraneNoise,
    SEAdLIF,
    build,
    dense,
    describe,
    export,
    load,
    network_values,
    perturb,
    save,
    simulate,
    srnn,
    with_method,
)
from chronaxie.models.symplectic import SYMPLECTIC

pytestmark = pytest.mark.usefixtures("numpy_target")
UPDATER = StateUpdateMethod.stateupdaters[SYMPLECTIC]
STEPS, TRIALS, NEURONS = 150, 3, 30


def network(neuron=SEAdLIF, **options):
    return srnn(
        4, [NEURONS], 3, **{"neuron": neuron, "input_gain": 20.0, "recurrent_gain": 2.0, "seed": 1} | options
    )


def stimulus(seed=0):
    values = (np.random.default_rng(seed).random((TRIALS, STEPS, 4)) < 0.3).astype(np.uint8)
    return xr.DataArray(values, dims=("trial", "time", "channel"), coords={"time": np.arange(STEPS) * 0.004})


def recursion(net, x, *, symplectic):
    """Spikes and membranes after the reset of the paper's recursion, dt = 1 step (released code), in plain NumPy.

    Euler forward has the spike of the same step, where the released code takes the last one.
    """
    group = net["hidden1"]
    w_in = np.array(net["input_hidden1"].w).reshape(4, NEURONS)
    w_rec = np.array(net["hidden1_hidden1"].w).reshape(NEURONS, NEURONS)
    alpha, beta = (np.exp(-0.004 / np.array(tau)) for tau in (group.tau_m, group.tau_a))
    q, a, b = float(np.ravel(group.q)[0]), np.array(group.coupling), np.array(group.jump)
    u, w, z, spikes, membranes = (*np.zeros((3, len(x), NEURONS)), [], [])
    for t in range(x.shape[1]):
        current = x[:, t].astype(float) @ w_in + z @ w_rec + np.array(group.bias)
        hat = alpha * u + (1 - alpha) * (current - w)
        z = (hat > 1).astype(float)
        seen = hat * (1 - z) if symplectic else u
        u = hat * (1 - z)
        w = beta * w + (1 - beta) * q * (a * seen + b * z)
        spikes.append(z)
        membranes.append(u)
    return np.stack(spikes, 1), np.stack(membranes, 1)


@pytest.mark.parametrize("neuron", [SEAdLIF, EFAdLIF], ids=lambda m: m.name)
def test_spikes_and_membrane_are_those_of_the_paper(neuron):
    net, x = network(neuron, bias=0.3), stimulus()
    spikes, membranes = recursion(net, x.values, symplectic=neuron is SEAdLIF)
    ds = simulate(net, x, record={"hidden1": ["v"]}, namespace={})
    assert 0.02 < spikes.mean() < 0.3
    assert np.array_equal(dense(ds, "hidden1").values, spikes)
    np.testing.assert_allclose(ds.hidden1_v.values[:, 1:], membranes[:, :-1], atol=1e-12)


def test_the_two_differ_in_updater_strength_and_jump_alone():
    equations = Equations(SEAdLIF.equations)
    assert Equations(EFAdLIF.equations) == equations
    q = {m.name: next(p.default for p in m.parameters if p.name == "q") for m in (SEAdLIF, EFAdLIF)}
    assert q == {"SEAdLIF": 120.0, "EFAdLIF": 60.0}
    assert (SEAdLIF.method, EFAdLIF.method) == (SYMPLECTIC, "exponential_euler")
    for parameter in SEAdLIF.parameters:
        assert equations[parameter.name].dim is parameter.unit.dim
        assert parameter.source
    assert "dt" not in equations.identifiers


# ------------------------------------------------------------------ the state updater
PAIR = "dv/dt = (1 - a - v)/(20*ms) : 1\nda/dt = (3*v - a)/(200*ms) : 1"
SWAPPED = "\n".join(reversed(PAIR.split("\n")))


@pytest.mark.parametrize("equations", [PAIR, SWAPPED], ids=["v first", "a first"])
def test_a_step_takes_variables_in_the_order_of_their_names(equations):
    group = NeuronGroup(1, equations, method=SYMPLECTIC, dt=5 * ms)
    group.v, group.a = 0.5, 0.2
    Network(group).run(5 * ms, namespace={})
    alpha, rho = np.exp(-5 / 20), np.exp(-5 / 200)
    a = rho * 0.2 + (1 - rho) * 3 * 0.5
    assert group.a[0] == pytest.approx(a, rel=1e-14)
    assert group.v[0] == pytest.approx(alpha * 0.5 + (1 - alpha) * (1 - a), rel=1e-14)


def test_terms_without_leak_and_without_input():
    group = NeuronGroup(1, "dx/dt = 2/second : 1\ndy/dt = -y/(10*ms) : 1", method=SYMPLECTIC, dt=5 * ms)
    group.y = 1
    Network(group).run(5 * ms, namespace={})
    assert (group.x[0], group.y[0]) == pytest.approx((0.01, np.exp(-0.5)), rel=1e-14)


def test_it_converges_to_the_solution_with_order_one():
    matrix, steady = np.array([[-1 / 20, -1 / 20], [3 / 200, -1 / 200]]), np.array([0.25, 0.75])
    exact = steady + scipy.linalg.expm(matrix * 100) @ (0 - steady)
    errors, steps = [], [4.0, 2.0, 1.0, 0.5]
    for step in steps:
        group = NeuronGroup(1, PAIR, method=SYMPLECTIC, dt=step * ms)
        Network(group).run(100 * ms, namespace={})
        errors.append(np.abs(np.array([group.v[0], group.a[0]]) - exact).max())
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(1.0, abs=0.1)
    assert errors[-1] < 0.01


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt = -v/(10*ms) + xi/ms**0.5 : 1", "equations with noise cannot be solved"),
        ("dv/dt = sin(v)/ms : 1", "every equation must be linear in its own variable"),
        ("dv/dt = (v**2 - v)/ms : 1", r"dv/dt is not linear in v: the term v\*\*2"),
    ],
)
def test_what_it_cannot_solve_is_refused(equations, message):
    with pytest.raises(UnsupportedEquationsException, match=message):
        UPDATER(Equations(equations))


def test_it_takes_no_options():
    with pytest.raises(KeyError, match="does not accept any options"):
        UPDATER(Equations(PAIR), method_options={"simplify": True})


def free_membrane(neuron, q):
    """|v| of one neuron that cannot spike, over 600 steps from v = 1; coupling 1, time constants 5 and 60 steps."""
    values = {"tau_m": {"hidden1": 5, "output": 5}, "tau_a": 60, "coupling": 1.0, "q": q, "theta": 1e30}
    net = srnn(1, [1], 1, neuron=neuron, recurrent=False, **values)
    net["hidden1"].v = 1
    return np.abs(
        simulate(net, duration=600 * 4 * ms, record={"hidden1": ["v"]}, namespace={}).hidden1_v.values
    )


def test_symplectic_euler_is_stable_where_euler_forward_is_not():
    """Moduli of the eigenvalues are sqrt(alpha beta) and sqrt(alpha beta + (1 - alpha)(1 - beta) q coupling)."""
    alpha, beta = np.exp(-1 / 5), np.exp(-1 / 60)
    late = free_membrane(SEAdLIF, 120.0)[0, 500:, 0].max()
    assert late < 10 * np.sqrt(alpha * beta) ** 500
    limit = (1 - alpha * beta) / ((1 - alpha) * (1 - beta))
    assert limit == pytest.approx(65, abs=0.5)
    assert free_membrane(EFAdLIF, limit - 3)[0, 500:, 0].max() < 1
    assert free_membrane(EFAdLIF, limit + 3)[0, 500:, 0].max() > 1


# ------------------------------------------------------------------ what else a network goes through
def test_a_network_travels(tmp_path):
    net = network()
    save(net, tmp_path / "net.nc")
    again = load(tmp_path / "net.nc")
    assert describe(again).group("hidden1").method == SYMPLECTIC
    one, other = (simulate(n, stimulus(), namespace={}).hidden1_spike_time.values for n in (net, again))
    assert len(one) > 100
    assert np.array_equal(one, other)
    assert {"tau_m", "tau_a"} <= set(network_values(again))


def test_at_a_finer_step_the_adaptation_still_jumps_by_as_much():
    net = network()
    finer = build(describe(net), dt=1 * ms)
    rates = [
        float(dense(simulate(n, stimulus(), dt=dt), "hidden1").values.sum())
        for n, dt in ((net, 4 * ms), (finer, 1 * ms))
    ]
    assert rates[1] == pytest.approx(rates[0], rel=0.25)


def test_the_method_can_be_chosen_for_other_networks():
    d = with_method(describe(network(EFAdLIF)), {"hidden1": SYMPLECTIC})
    assert d.group("hidden1").method == SYMPLECTIC


def test_membrane_noise_has_its_deviation():
    """Of a membrane that is not coupled to its adaptation (q = 0): that of the stationary state, to 5 %."""
    values = {"q": 1e-9, "theta": 1e30, "tau_m": {"hidden1": 5, "output": 5}}
    net = srnn(1, [200], 1, neuron=SEAdLIF, recurrent=False, **values)
    noisy = perturb(describe(net), MembraneNoise(0.1, groups="hidden1"))
    v = simulate(noisy, duration=400 * 4 * ms, record={"hidden1": ["v"]}, seed=3).hidden1_v.values[:, 100:]
    assert v.std() == pytest.approx(0.1, rel=0.05)


def test_a_script_names_the_neuron(tmp_path):
    text = (export(network(), tmp_path / "net") / "network.py").read_text()
    assert "symplectic Euler (SE-adLIF)" in text
    assert "# adaptation current: follows v, jumps at each spike, decays with tau_a" in text


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cpp_standalone", "cython"])
def test_compiled_spikes_are_those_of_numpy(device):
    one, other = (simulate(network(), stimulus(), device=d, namespace={}) for d in ("numpy", device))
    assert one.sizes["hidden1_spike"] > 100
    for what in ("trial", "neuron", "time"):
        assert np.array_equal(one[f"hidden1_spike_{what}"], other[f"hidden1_spike_{what}"])
