"""Chaotic networks: one wrong bit becomes wrong spikes. The sharp tests."""

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, ms

from ..cases import CHAOTIC, QUIET, RANDOM, Case


def izhikevich(n=1000, *, noise=True):
    """Izhikevich (2003), IEEE Trans. Neural Networks 14, 1569: 800 excitatory cells, 200 inhibitory ones."""
    rng = np.random.default_rng(0)
    excitatory, r = np.arange(n) < n * 4 // 5, rng.random(n)
    group = NeuronGroup(
        n,
        f"""
        dv/dt = (0.04*v**2 + 5*v + 140 - u + drive{" + strength*randn()" if noise else ""})/ms : 1
        du/dt = a*(b*v - u)/ms : 1
        a : 1 (constant)
        b : 1 (constant)
        c : 1 (constant)
        d : 1 (constant)
        drive : 1 (constant)
        strength : 1 (constant)
        """,
        threshold="v >= 30",
        reset="v = c\nu += d",
        method="euler",
    )
    group.a, group.b = np.where(excitatory, 0.02, 0.02 + 0.08 * r), np.where(excitatory, 0.2, 0.25 - 0.05 * r)
    group.c, group.d = np.where(excitatory, -65 + 15 * r**2, -65), np.where(excitatory, 8 - 6 * r**2, 2)
    group.drive, group.strength = 10 * rng.random(n), np.where(excitatory, 5, 2)
    group.v, group.u = -65, -13
    synapses = Synapses(group, group, "w : 1 (constant)", on_pre="v_post += w")
    pre, post = np.nonzero(rng.random((n, n)) < min(1.0, 100 / n))
    synapses.connect(i=pre, j=post)
    synapses.w = np.where(pre < n * 4 // 5, 3, -6) * rng.random(len(pre))
    synapses.delay = rng.integers(1, 20, len(pre)) * 0.5 * ms
    return Network(group, synapses)


def izhikevich_for_ten_seconds():
    return izhikevich(noise=False)


def izhikevich_with_noise():
    return izhikevich(200)


def rates(n=100, gain=5.0):
    """Sompolinsky, Crisanti and Sommers (1988), PRL 61, 259: a random network of tanh units, gain above 1."""
    rng = np.random.default_rng(2)
    units = NeuronGroup(n, "dx/dt = (total - x)/(5*ms) : 1\ntotal : 1", method="euler")
    units.x = rng.normal(0, 1, n)
    mixing = Synapses(units, units, "w : 1 (constant)\ntotal_post = w*tanh(x_pre) : 1 (summed)")
    mixing.connect()
    mixing.w = rng.normal(0, gain / np.sqrt(n), n * n)
    return Network(units, mixing)


def rates_that_spike(n=60, gain=4.0):
    """Every unit also fires, resets and kicks others through delayed synapses."""
    rng = np.random.default_rng(0)
    units = NeuronGroup(
        n,
        "dx/dt = (total - x)/(2*ms) : 1\ntotal : 1",
        threshold="x > 1.5",
        reset="x -= 2",
        method="rk2",
    )
    units.x = rng.normal(0, 1, n)
    mixing = Synapses(units, units, "w : 1 (constant)\ntotal_post = w*tanh(x_pre) : 1 (summed)")
    mixing.connect()
    mixing.w = rng.normal(0, gain / np.sqrt(n), n * n)
    kicks = Synapses(units, units, "w : 1", on_pre="x_post += w")
    pre, post = np.nonzero(rng.random((n, n)) < 0.4)
    kicks.connect(i=pre, j=post)
    kicks.w = rng.normal(0, 0.2, len(pre))
    kicks.delay = rng.integers(0, 6, len(pre)) * 0.5 * ms
    return Network(units, mixing, kicks)


CASES = (
    Case(izhikevich_with_noise, (0.1, 0.3), ("w", "drive"), (RANDOM,), dt=5e-4),
    Case(izhikevich_for_ten_seconds, (0.1, 9.9), ("w",), (CHAOTIC,), dt=5e-4, slow=True, traced=False),
    Case(rates, (0.02, 0.98), ("w",), (CHAOTIC, QUIET), minimum=0, traced=False, slow=True),
    Case(rates_that_spike, (0.1, 0.3), ("w",), (CHAOTIC,), dt=5e-4),
)
