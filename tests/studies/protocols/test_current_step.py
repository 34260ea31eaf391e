"""A current step into each neuron: tau_m within 2 % whatever the neuron does, and what it refuses."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, PoissonInput, Synapses, TimedArray, ms, mV, nS, pF, second

from chronaxie.analyses.effective import membrane_timescales
from chronaxie.models import ALIF, CurrentALIF, describe, simulate, srnn
from chronaxie.studies.protocols.current_step import current_step

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def known(net, group):
    variables = {v.name: v.array.values for v in describe(net, namespace={}).group(group).variables}
    return variables["tau_m"] * 1e3


def test_alif_neurons_return_their_tau_m_while_the_network_would_fire():
    net = srnn(4, [36], 6, neuron=ALIF, bias=0.5, seed=1)
    fired = simulate(net, duration=0.2 * second, progress=False)
    assert fired.sizes["hidden1_spike"] > 100  # left alone it is busy
    ds = current_step(net, dt=4 * ms)
    out = membrane_timescales(ds, resamples=50)
    for group in ("hidden1", "output"):
        tau = out["membrane_tau"].values[out["unit_layer"].values == group]
        np.testing.assert_allclose(tau, known(net, group), rtol=0.02)
    assert (out["membrane_deflection"] < 0).all()
    assert float(out["membrane_layer_tau"][0]) == pytest.approx(np.median(known(net, "hidden1")), rel=0.02)
    # the network itself is as before
    assert (
        simulate(net, duration=0.2 * second, progress=False).sizes["hidden1_spike"]
        == fired.sizes["hidden1_spike"]
    )


def test_current_alif_neurons_in_mv_and_pa():
    net = srnn(4, [24], 6, neuron=CurrentALIF, dt=1 * ms, seed=2)
    ds = current_step(net, groups="hidden1", slope=-0.05 * mV / ms, dt=0.5 * ms, rest=0.1 * second)
    assert ds["hidden1_v"].attrs["units"] == "V"
    assert ds["hidden1_v"].attrs["step_slope"] == -0.05
    out = membrane_timescales(ds)
    np.testing.assert_allclose(out["membrane_tau"], known(net, "hidden1"), rtol=0.02)
    np.testing.assert_allclose(out["membrane_deflection"], -0.05 * known(net, "hidden1") / 1e3, rtol=0.02)


def test_noise_reset_refractoriness_inputs_and_recurrence_do_not_disturb():
    stimulus = TimedArray(np.array([0.0, 20.0, -10.0, 5.0]) * mV, dt=200 * ms)
    group = NeuronGroup(
        4,
        """dx/dt = (E - x + stimulus(t))/tau + sigma*xi*tau**-0.5 : volt (unless refractory)
        tau : second (constant)""",
        threshold="x > -50*mV",
        reset="x = -60*mV",
        refractory=5 * ms,
        method="euler",
        namespace={"E": -45 * mV, "sigma": 5 * mV, "stimulus": stimulus},
        dt=0.1 * ms,
    )
    group.tau = [10, 20, 50, 100] * ms
    group.x = -65 * mV
    synapses = Synapses(group, group, on_pre="x += 2*mV")
    synapses.connect()
    net = Network(group, synapses, PoissonInput(group, "x", 10, 50 * second**-1, 1 * mV))
    out = membrane_timescales(
        current_step(net, variable="x", rest=0.1 * second, dt=0.1 * ms, duration=0.8 * second)
    )
    np.testing.assert_allclose(out["membrane_tau"], [10, 20, 50, 100], rtol=0.02)
    assert (out["membrane_r2"] > 0.9999).all()


def test_an_adaptive_membrane_answers_as_its_equations_at_rest():
    """AdEx of Brette and Gerstner 2005: the slope at rest is that of the leak less that of the spike's upstroke."""
    group = NeuronGroup(
        1,
        """dv/dt = (g*(E - v) + g*D*exp((v - V)/D) - w)/C : volt
        dw/dt = (a*(v - E) - w)/tau_w : amp""",
        threshold="v > 0*mV",
        reset="v = E\nw += 0.08*nA",
        method="rk4",
        namespace={
            "g": 30 * nS,
            "E": -70.6 * mV,
            "D": 2 * mV,
            "V": -50.4 * mV,
            "C": 281 * pF,
            "a": 4 * nS,
            "tau_w": 144 * ms,
        },
    )
    group.v = -70.6 * mV
    out = membrane_timescales(
        current_step(
            Network(group), slope=-0.1 * mV / ms, rest=0.2 * second, duration=0.6 * second, dt=0.2 * ms
        )
    )
    # w is slow and pulls back: a sag, and a membrane that seems up to a/(g + a) faster
    assert 281 / 34 < float(out["membrane_tau"][0]) < 281 / 30
    assert 0.05 < float(out["membrane_sag"][0]) < 4 / 34


def test_a_membrane_without_rest_is_refused():
    group = NeuronGroup(
        1, "dv/dt = (v**2 + 1)/(10*ms) : 1", threshold="v > 10", reset="v = -10", method="rk2"
    )
    with pytest.raises(ValueError, match="neurongroup.* runs away without its threshold"):
        current_step(Network(group), rest=0.05 * second, duration=0.1 * second)


def test_bad_arguments_are_named():
    net = srnn(4, [3], 2, seed=1)
    with pytest.raises(
        ValueError, match="no group has a differential equation of 'u'; .*one of a, alpha|one of a,"
    ):
        current_step(net, variable="u")
    with pytest.raises(ValueError, match="'input' is no group with a differential equation of 'v'"):
        current_step(net, groups="input")
    with pytest.raises(ValueError, match="slope must be one number, not 0, in 1/s"):
        current_step(net, slope=-1 * mV / ms)
    with pytest.raises(ValueError, match="duration"):
        current_step(net, duration=0.01001 * second, dt=4 * ms)
