"""Surrogate gradients through delays, refractoriness, plasticity and noise against recursions written out by hand.

Forward-mode derivatives of the same steps: h is the surrogate's derivative, ds = h(v − 1) dv. Steps of 0.5 ms.
"""

import numpy as np
import pytest
import torch
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

from chronaxie.gradient_bridge import Log, MultiGaussian, Twin

SURROGATE = MultiGaussian()
pytestmark = pytest.mark.usefixtures("half_ms")


def h(x):
    return SURROGATE.derivative(torch.tensor(x, dtype=torch.float64)).item()


def neuron(equations="dv/dt = (E - v)/(2*ms) : 1", *, reset="v = 0", name="cell", **options):
    group = NeuronGroup(
        1,
        f"{equations}\nE : 1 (constant)",
        threshold="v > 1",
        reset=reset,
        method="euler",
        name=name,
        **options,
    )
    group.E = 1.9
    return group


def gradients(value, twin, *keys):
    """Derivatives of one number by some trained ones."""
    found = torch.autograd.grad(
        value.sum(), [twin.trained[k.rpartition(".")[0]][k.rpartition(".")[2]].free for k in keys]
    )
    return [g.sum().item() for g in found]


def test_a_delay():
    """A spike at step k counts at step k + 3, and so does its derivative."""
    pre, post = neuron(), NeuronGroup(1, "dg/dt = -g/(4*ms) : 1", method="euler", name="post")
    feed = Synapses(pre, post, "w : 1", on_pre="g_post += w", delay=1.5 * ms, name="feed")
    feed.connect()
    feed.w = 0.4
    twin = Twin(Network(pre, post, feed), trainable=("E", "w"), surrogate=SURROGATE)
    out = twin(duration=8 * ms)
    v = dv = g = by_e = by_w = 0.0
    spikes, derivatives = [0.0] * 3, [0.0] * 3
    for _ in range(16):
        v, dv = v + (1.9 - v) / 4, dv + (1 - dv) / 4
        g, by_e, by_w = g * 7 / 8, by_e * 7 / 8, by_w * 7 / 8
        s, ds = float(v > 1), h(v - 1) * dv
        spikes.append(s)
        derivatives.append(ds)
        g, by_e, by_w = g + 0.4 * spikes[-4], by_e + 0.4 * derivatives[-4], by_w + spikes[-4]
        v, dv = v * (1 - s), dv * (1 - s) - ds * v
    assert out.spikes["cell"].flatten().tolist() == spikes[3:]
    assert sum(spikes) >= 4
    assert out.final["post"]["g"].item() == pytest.approx(g, rel=1e-12)
    np.testing.assert_allclose(
        gradients(out.final["post"]["g"], twin, "cell.E", "feed.w"), [by_e, by_w], rtol=1e-12
    )


def test_a_trained_delay():
    """d s(t − d)/dd is the spike train's difference over a step to either side: so is that of all it adds to."""

    def run(delays):
        pre = SpikeGeneratorGroup(2, [0, 1, 0], [1, 2.5, 4] * ms, name="pre")
        post = NeuronGroup(1, "dg/dt = -g/(4*ms) : 1", method="euler", name="post")
        feed = Synapses(pre, post, "w : 1", on_pre="g_post += w", name="feed")
        feed.connect()
        feed.w, feed.delay = [0.4, 0.7], delays * 0.5 * ms
        twin = Twin(Network(pre, post, feed), trainable=("feed.delay",), coordinates={"delay": Log()})
        return twin, twin(duration=15 * ms).final["post"]["g"]

    delays = np.array([3, 6])
    twin, value = run(delays)
    (ours,) = torch.autograd.grad(value.sum(), twin.trained["feed_pre"]["delay"].free)
    for k in range(2):
        shift = np.eye(2, dtype=int)[k]
        late, early = (run(delays + sign * shift)[1].item() for sign in (1, -1))
        assert late > early
        by_delay = ours[k].item() / (delays[k] * 5e-4)  # the free parameter is its logarithm
        assert by_delay == pytest.approx((late - early) / 1e-3, rel=1e-9)


def test_refractoriness():
    """What is frozen keeps its derivative; a neuron that cannot fire has no surrogate, however near it is."""
    group = neuron("dv/dt = (E - v)/(2*ms) : 1 (unless refractory)", reset="v -= 0.2", refractory=1.5 * ms)
    twin = Twin(Network(group), trainable=("E",), surrogate=SURROGATE)
    out = twin(duration=10 * ms)
    v = dv = total = 0.0
    last, fired, near = -99, [], 0
    for step in range(20):
        free = step - last >= 3
        if free:
            v, dv = v + (1.9 - v) / 4, dv + (1 - dv) / 4
        s = float(v > 1 and free)
        ds = h(v - 1) * dv if free else 0.0
        near += not free and abs(v - 1) < 0.3 and h(v - 1) > 0.1
        last = step if s else last
        total += ds
        v, dv = v - 0.2 * s, dv - 0.2 * ds
        fired.append(s)
    assert out.spikes["cell"].flatten().tolist() == fired
    assert sum(fired) >= 3
    assert near >= 4  # the mask mattered
    assert gradients(out.spikes["cell"], twin, "cell.E")[0] == pytest.approx(total, rel=1e-12)
    assert gradients(twin(duration=10 * ms).final["cell"]["v"], twin, "cell.E")[0] == pytest.approx(
        dv, rel=1e-12
    )


PRE = (2, 5, 6, 11, 15)  # steps


def plastic(model):
    """Pair-based plasticity: presynaptic spikes at fixed times, postsynaptic ones of a neuron that is trained."""
    pre, post = SpikeGeneratorGroup(1, [0] * len(PRE), np.array(PRE) * 0.5 * ms, name="pre"), neuron()
    rule = Synapses(
        pre,
        post,
        f"w : 1\ndx/dt = -x/(4*ms) : 1 ({model})\ndy/dt = -y/(6*ms) : 1 ({model})\nup : 1\ndown : 1",
        on_pre="x += up\nw -= y",
        on_post="y += down\nw += x",
        method="exact" if model == "event-driven" else "exponential_euler",
        name="rule",
    )
    rule.connect()
    rule.w, rule.up, rule.down = 0.5, 0.2, 0.3
    return Twin(Network(pre, post, rule), trainable=("E", "up", "down"), surrogate=SURROGATE)


@pytest.mark.parametrize("model", ["event-driven", "clock-driven"])
def test_plasticity(model):
    """A trace decays whether or not there is an event: an event changes it by what is added, and by nothing else."""
    twin = plastic(model)
    out = twin(duration=10 * ms)
    v, dv, x, y, w = 0.0, 0.0, 0.0, 0.0, 0.5
    dx, dy, dw = np.zeros(3), np.zeros(3), np.zeros(3)  # by E, up, down
    by_up, by_down = np.array([0, 1, 0.0]), np.array([0, 0, 1.0])
    fx, fy, fired = np.exp(-0.5 / 4), np.exp(-0.5 / 6), []
    for step in range(20):
        v, dv = v + (1.9 - v) / 4, dv + (1 - dv) / 4
        x, dx, y, dy = x * fx, dx * fx, y * fy, dy * fy
        s, ds = float(v > 1), np.array([h(v - 1) * dv, 0, 0])
        if step in PRE:
            x, dx = x + 0.2, dx + by_up
            w, dw = w - y, dw - dy
        y, dy = y + 0.3 * s, dy + 0.3 * ds + s * by_down
        w, dw = w + s * x, dw + ds * x + s * dx
        v, dv = v * (1 - s), dv * (1 - s) - ds[0] * v
        fired.append(s)
    assert out.spikes["cell"].flatten().tolist() == fired
    assert sum(fired) >= 5
    assert out.final["rule"]["w"].item() == pytest.approx(w, rel=1e-9)
    ours = gradients(out.final["rule"]["w"], twin, "cell.E", "rule.up", "rule.down")
    np.testing.assert_allclose(ours, dw, rtol=1e-9)


def released(model):
    """Short-term plasticity behind a neuron that is trained; u first, so that its order matters."""
    pre, post = neuron(), NeuronGroup(1, "dg/dt = -g/(4*ms) : 1", method="exponential_euler", name="post")
    synapse = Synapses(
        pre,
        post,
        f"""dx/dt = (1 - x)/(6*ms) : 1 ({model})
        du/dt = -u/tau_f : 1 ({model})
        tau_f : second (constant)
        U : 1 (constant)""",
        on_pre="u += U*(1 - u)\ng_post += u*x\nx -= u*x",
        method="exact" if model == "event-driven" else "exponential_euler",
        delay=1 * ms,
        name="synapse",
    )
    synapse.connect()
    synapse.x, synapse.U, synapse.tau_f = 1, 0.4, 5 * ms
    return Twin(Network(pre, post, synapse), trainable=("E", "U", "tau_f"), surrogate=SURROGATE)


def test_short_term_plasticity_is_the_same_by_events_and_by_steps():
    """Steps on which nothing fires have surrogates too: brought up to date or not, a trace is the same trace."""
    found = {}
    for model in ("event-driven", "clock-driven"):
        twin = released(model)
        out = twin(duration=15 * ms)
        assert out.spikes["cell"].sum() >= 5
        value = out.final["post"]["g"]
        found[model] = [value.item(), *gradients(value, twin, "cell.E", "synapse.U", "synapse.tau_f")]
    np.testing.assert_allclose(found["event-driven"], found["clock-driven"], rtol=1e-9)
    assert all(abs(number) > 1e-3 for number in found["clock-driven"])


def test_noise():
    """The numbers that were drawn are read off the trace; given them, the steps are those of any neuron."""
    group = neuron("dv/dt = (E - v)/(2*ms) + sigma*xi*(2*ms)**-0.5 : 1\nsigma : 1 (constant)")
    group.sigma = 0.4
    twin = Twin(Network(group), trainable=("E", "sigma"), surrogate=SURROGATE, randomness="torch")
    call = {"duration": 10 * ms, "trials": 2, "record": {"cell": {"v": "before_thresholds"}}, "seed": 4}
    out = twin(**call)
    trace = out.states["cell"]["v"].detach().numpy()[:, :, 0]  # after the update, before a reset
    spikes = out.spikes["cell"].numpy(force=True)[:, :, 0]
    assert not np.array_equal(trace[0], trace[1])
    assert torch.equal(out.spikes["cell"], twin(**call).spikes["cell"])
    total = np.zeros(2)
    for trial in range(2):
        v, dv = 0.0, np.zeros(2)
        for step in range(20):
            drawn = (trace[trial, step] - v - (1.9 - v) / 4) / 0.4  # sqrt(dt)*xi*(2 ms)**-0.5
            v, dv = trace[trial, step], dv + (np.array([1, 0]) - dv) / 4 + np.array([0, drawn])
            s, ds = spikes[trial, step], h(v - 1) * dv
            assert s == (v > 1)
            total += ds
            v, dv = v * (1 - s), dv * (1 - s) - ds * v
    assert spikes.sum() >= 6
    ours = gradients(out.spikes["cell"], twin, "cell.E", "cell.sigma")
    np.testing.assert_allclose(ours, total, rtol=1e-9)
