"""Networks and comparisons of the compiled engine's tests."""

import numpy as np
import torch
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

from chronaxie.gradient_bridge import Twin

TOLERANCE = 1e-9  # what is asked of sums in another order and of torch's own functions in float64


def lif(*, refractory=False, n=12):
    """Cells in Brian2's default schedule, sparsely connected, each synapse with a delay of its own."""
    rng = np.random.default_rng(4)
    source = SpikeGeneratorGroup(
        5, rng.integers(0, 5, 60), np.sort(rng.choice(80, 60, replace=False)) * 0.5 * ms, name="source"
    )
    group = NeuronGroup(
        n,
        "dv/dt = (E - v)/tau : 1 (unless refractory)\nE : 1\ntau : second",
        threshold="v > 1",
        reset="v = 0",
        refractory=1.6 * ms if refractory else False,
        method="exact",
        name="cells",
    )
    group.E, group.tau, group.v = (
        0.9 + 0.02 * np.arange(n),
        (5 + 0.3 * np.arange(n)) * ms,
        0.05 * np.arange(n),
    )
    feed = Synapses(source, group, "w : 1", on_pre="v_post += w", name="feed")
    feed.connect(i=rng.integers(0, 5, 20), j=rng.integers(0, n, 20))  # some pairs twice
    back = Synapses(group, group, "w : 1", on_pre="v_post += w", name="back")
    back.connect(condition="(i*7 + j*3) % 5 == 1 and i != j")
    feed.w, back.w = rng.normal(0.3, 0.1, len(feed)), rng.normal(0.02, 0.15, len(back))
    feed.delay, back.delay = (
        rng.integers(0, 5, len(feed)) * 0.5 * ms,
        rng.integers(1, 9, len(back)) * 0.5 * ms,
    )
    return Network(source, group, feed, back)


def izhikevich(n=10):
    """Izhikevich's cells, coupled."""
    rng = np.random.default_rng(2)
    group = NeuronGroup(
        n,
        """dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
        du/dt = a*(b*v - u)/ms : 1
        a : 1
        b : 1
        c : 1
        d : 1
        I : 1""",
        threshold="v >= 30",
        reset="v = c\nu += d",
        method="euler",
        name="cells",
    )
    group.a, group.b, group.c, group.d = 0.02 + 0.005 * np.arange(n), 0.2, -65 + 1.5 * np.arange(n), 6
    group.I, group.v, group.u = 8 + 0.5 * np.arange(n), -60 + np.arange(n), -12
    feed = Synapses(group, group, "w : 1", on_pre="v_post += w", name="feed", delay=1 * ms)
    feed.connect(condition="i != j")
    feed.w = rng.normal(0.3, 0.5, len(feed))
    return Network(group, feed)


def one_pass(twin, *, graded=True, **call):
    """A pass and the gradients of a loss that reads every trace and every spike."""
    with torch.set_grad_enabled(graded):
        out = twin(**call)
    gradients = {}
    if graded:
        torch.manual_seed(0)
        read = [v for values in out.states.values() for v in values.values()] + list(out.spikes.values())
        sum((x * torch.randn(x.shape, dtype=x.dtype)).sum() for x in read if x.requires_grad).backward()
        gradients = {name: p.grad.clone() for name, p in twin.named_parameters()}
        twin.zero_grad()
    return out, gradients


def twins(net, *, chunk=4, backend="inductor", **options):
    """The twin of a network in the reference engine and in the compiled one."""
    reference, compiled = Twin(net, engine="reference", **options), Twin(net, engine="compiled", **options)
    compiled._engine.chunk, compiled._engine.backend = chunk, backend
    return reference, compiled


def hold(reference, compiled, *, tolerance=TOLERANCE, graded=True, minimum=5, **call):
    """Hold a compiled pass against the reference: spikes, traces, final values and gradients."""
    (wanted, slopes), (out, ours) = (one_pass(t, graded=graded, **call) for t in (reference, compiled))
    count = 0
    for group, spikes in wanted.spikes.items():
        assert torch.equal(out.spikes[group], spikes), f"spikes of {group}"
        count += int(spikes.sum())
    assert count >= minimum, f"{count} spikes prove nothing"
    pairs = {
        f"{g}.{v}": (out.states[g][v], x) for g, values in wanted.states.items() for v, x in values.items()
    }
    pairs |= {
        f"{g}.{v} at the end": (out.final[g][v], x) for g, vs in wanted.final.items() for v, x in vs.items()
    }
    for name, (found, expected) in pairs.items():
        where = lambda text, name=name: f"{name}: {text}"  # noqa: E731
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance, msg=where)
    assert set(ours) == set(slopes)
    for name, expected in slopes.items():
        assert expected.abs().max() > 0, f"no gradient of {name}: it proves nothing"
        far = (ours[name] - expected).abs().max() / expected.abs().max()
        assert far < tolerance, f"gradient of {name}: {far:.1e} of its largest element away"
    return out
