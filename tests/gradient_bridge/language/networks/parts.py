"""Cells and wiring that several networks share."""

import numpy as np
from brian2 import NeuronGroup, Synapses, ms

LIF = """
dv/dt = (drive - v)/tau : 1
drive : 1 (constant)
tau : second (constant)
"""
CURRENT = """
dv/dt = (drive + g - v)/tau : 1
dg/dt = -g/(5*ms) : 1
drive : 1 (constant)
tau : second (constant)
"""


def cells(n=12, model=CURRENT, *, strongest=2.5, threshold="v > 1", reset="v = 0", method="exact", **options):
    """Leaky cells with a drive from 0.9 to `strongest`, started apart."""
    group = NeuronGroup(n, model, threshold=threshold, reset=reset, method=method, **options)
    group.v = np.linspace(0, 0.9, n)
    if "drive" in group.variables:
        group.drive = np.linspace(0.9, strongest, n) if n > 1 else strongest
    if "tau" in group.variables:
        group.tau = np.linspace(6, 12, n) * ms if n > 1 else 8 * ms
    return group


def wired(source, target, model="w : 1", on_pre="g_post += w", *, p=0.4, strength=0.3, seed=0, **options):
    """Synapses at random pairs, at least one, with weights between -strength and strength."""
    rng = np.random.default_rng(seed)
    synapses = Synapses(source, target, model, on_pre=on_pre, **options)
    pre, post = np.nonzero(rng.random((len(source), len(target))) < p)
    if not len(pre):
        pre, post = np.array([0]), np.array([0])
    synapses.connect(i=pre, j=post)
    if "w" in synapses.variables and not synapses.variables["w"].scalar:
        synapses.w = rng.uniform(-strength, strength, len(pre))
    return synapses


def delayed(synapses, longest=3.0, *, seed=1, pathway="pre"):
    """Delays between 0 and `longest` milliseconds, not whole steps."""
    rng = np.random.default_rng(seed)
    getattr(synapses, pathway).delay = rng.uniform(0, longest, len(synapses)) * ms
    return synapses
