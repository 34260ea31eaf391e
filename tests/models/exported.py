"""Networks to export, and exported scripts run: in this process, or in one that cannot import chronaxie."""

import runpy
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    nS,
    pF,
    second,
    us,
)

from chronaxie.models import (
    ALIF,
    LIF,
    CurrentALIF,
    CurrentIntegrator,
    Initial,
    Normal,
    Readout,
    SEAdLIF,
    annotate,
    describe,
    srnn,
)

from .test_describe_build import by_hand
from .test_random_statements import random_network

# Runs a script as its user does, where an import of chronaxie fails.
ALONE = """
import runpy, sys
sys.modules["chronaxie"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Stopped(Exception):
    """The script has come to its run."""


def run_alone(folder, *options, python=sys.executable):
    """Run an exported script in a process of its own without chronaxie; return what it wrote and printed."""
    out = folder.parent / "out.npz"
    command = [python, "-I", "-c", ALONE, str(folder / "network.py"), *options, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder.parent, timeout=1200)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(out)), done.stdout


def run_here(folder, *options):
    """Run an exported script in this process, on NumPy; return its names and what it wrote."""
    out = folder.parent / "out.npz"
    with _script_arguments(folder, "--out", str(out), *options):
        names = runpy.run_path(str(folder / "network.py"))
    return names, dict(np.load(out))


def network_of(folder, *options):
    """The description of the network of an exported script as it is before its run."""
    source = (folder / "network.py").read_text()
    names = {"__file__": str(folder / "network.py"), "__name__": "network", "__doc__": "network"}
    before, Network.run = Network.run, _stop
    try:
        with _script_arguments(folder, *options), pytest.raises(Stopped):
            exec(compile(source, "network.py", "exec"), names)  # noqa: S102 - written by the test
        with _script_arguments(folder, *options):
            defaultclock.dt = names["dt"]  # as the script has set it
            return describe(names["net"], namespace={})
    finally:
        Network.run = before


def _stop(self, *args, **kwargs):
    raise Stopped


@contextmanager
def _script_arguments(folder, *options):
    """Brian2's clock and the arguments of the process are put back afterwards."""
    before, step = sys.argv, float(defaultclock.dt)
    sys.argv = [str(folder / "network.py"), *options]
    try:
        yield
    finally:
        sys.argv = before
        defaultclock.dt = step * second


# ------------------------------------------------------------------ networks
def two_inputs():
    """Two spike generators, a current in volts, own slots, a step of its own; names that Python or Brian2 take."""
    drive = TimedArray(np.zeros((3, 5)) * mV, dt=0.5 * ms, name="drive")
    cells = NeuronGroup(
        5,
        "dv/dt = (drive(t, i) + g - v)/(5*ms) : volt\ndg/dt = -g/(3*ms) : volt\nx = 2*v : volt",
        threshold="v > 3*mV",
        reset="v = 0*mV",
        refractory=1.5 * ms,
        method="exponential_euler",
        namespace={"drive": drive},
        dt=0.5 * ms,
        name="lambda_",
    )
    groups = [
        SpikeGeneratorGroup(n, [], [] * second, dt=0.5 * ms, when="start", name=name)
        for name, n in (("input", 3), ("ms", 2))
    ]
    synapses = []
    for g in groups:
        s = Synapses(
            g, cells, "w : volt", on_pre="g_post += w", delay=0.5 * ms, dt=0.5 * ms, name=f"{g.name}_in"
        )
        s.connect()
        s.w = np.linspace(1, 4, len(s)) * mV
        synapses.append(s)
    return Network(cells, *groups, *synapses), {}


def many_units():
    """Summed variables, quadratic membrane with odd units, noise-free, events per index, an empty connection."""
    cells = NeuronGroup(
        6,
        """
        dv/dt = (k*(v - v_r)*(v - v_t) - u + I)/C : volt
        du/dt = a*(b*(v - v_r) - u) : amp
        I : amp
        s_in : 1
        k : amp/volt**2 (constant)
        a : hertz (constant)
        b : siemens (constant, shared)
        v_r : volt (constant, shared)
        v_t : volt (constant)
        C : farad (constant)
        kind : integer (constant)
        """,
        threshold="v > 35*mV",
        reset="v = -50*mV; u += 100*pA*(kind + 1)",
        method=("exact", "euler"),
        name="cells",
    )
    cells.k, cells.a, cells.b, cells.C = 0.7 * nS / mV, 0.03 / ms, -2 * nS, 100 * pF
    cells.v_r, cells.v_t, cells.v = -60 * mV, "-40*mV + i*0.3*mV", "-60*mV + i*mV"
    cells.I, cells.kind = "(0.07 + 0.01*i)*nA", [0, 1, -2, 3, 4, 5]
    coupling = Synapses(cells, cells, "w : 1\ns_in_post = w*v_pre/volt : 1 (summed)", name="coupling")
    coupling.connect(condition="i != j")
    coupling.w = "i/10.0"
    coupling.summed_updaters["s_in_post"].when = "after_groups"
    none = Synapses(cells, cells, "w : volt", on_pre="v_post += w", on_post="w += 0.1*mV", name="none")
    none.connect(condition="False")
    return Network(cells, coupling, none), {}


def with_indices():
    """Statements that use the index and size of the group: its trials cannot run side by side."""
    cells = NeuronGroup(
        4,
        "dv/dt = (1.5 + i/(1.0*N) - v)/(10*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="c",
    )
    cells.v = [0, 0.2, 0.4, -0.0]
    return Network(cells), {}


def late_delays():
    """Delays that differ between synapses, of pathways to whose physical delay a slot contributes."""
    net = srnn(3, [5], 2, bias=Normal(0.05, 0.02), seed=2)
    loop = net["hidden1_hidden1"]
    target = Synapses(
        net["hidden1"], net["hidden1"], "w : 1", on_pre="v_post += w", namespace={}, dt=4 * ms, name="far"
    )
    target.connect(i=loop.i[:7], j=loop.j[:7])
    target.w, target.delay = np.linspace(-0.1, 0.1, 7), [0, 4, 8, 12, 0, 4, 20] * ms
    net.add(target)
    return annotate(net, step_delays=("hidden1_hidden1_pre", "far_pre")), {}


def poisson():
    """Poisson groups, rates as numbers and as an expression; a group with a step of its own."""
    rate = TimedArray([50, 300] * Hz, dt=10 * ms, name="rate")
    noise = PoissonGroup(8, np.linspace(50, 400, 8) * Hz, name="noise")
    wave = PoissonGroup(4, "rate(t)*gain", namespace={"rate": rate, "gain": 1.5}, name="wave")
    cells = NeuronGroup(
        5, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="cells"
    )
    a = Synapses(noise, cells, on_pre="v_post += 0.3", delay=150 * us, name="a")
    a.connect(condition="True")
    b = Synapses(wave, cells, on_pre="v_post += 0.2", name="b")
    b.connect(i=[0, 1, 2, 3], j=[0, 1, 2, 4])
    slow = NeuronGroup(2, "dx/dt = -x/tau_s : 1\ntau_s : second (constant, shared)", dt=0.5 * ms, name="slow")
    slow.x, slow.tau_s = [1, -2], 7 * ms
    return Network(noise, wave, cells, slow, a, b), {}


def read(net, **readout):
    """The network with a readout of its output and names of classes."""
    r = Readout("output", slot="before_output_resets", skip=3)
    return annotate(
        net, readout=replace(r, **readout), about={"classes": '["P", "PQ\\" \\n", "QR"]', "task": "x"}
    ), {}


NETWORKS = {
    "alif": lambda: (srnn(4, [6], 3, bias=Normal(0.1, 0.02)), {}),
    "two layers": lambda: read(srnn(4, [6, 5], 3, readout=ALIF, bias=0.02), reduce="softmax_sum"),
    "next": lambda: read(
        srnn(4, [6, 5], 3, transmission="next", bias=0.02), reduce="mean", slot="before_resets"
    ),
    "current": lambda: (srnn(4, [6], 3, input="current", neuron=LIF, bias=0.02, readout_reduce="sum"), {}),
    "spike counts": lambda: read(srnn(4, [6], 3, readout=ALIF, bias=0.05), variable="spikes", reduce="sum"),
    "physical units": lambda: (
        srnn(4, [6], 3, neuron=CurrentALIF, readout=CurrentIntegrator, dt=1 * ms, dt_ref=4 * ms, seed=1),
        {},
    ),
    "own updater": lambda: read(srnn(4, [6], 3, neuron=SEAdLIF, input_gain=40.0), reduce="mean"),
    "random start": lambda: (annotate(srnn(4, [6], 3, bias=0.02), initial=Initial("random", seed=3)), {}),
    "by hand": by_hand,
    "two inputs": two_inputs,
    "many units": many_units,
    "indices": with_indices,
    "late delays": late_delays,
    "poisson": poisson,
    "random": lambda: (random_network(), {}),
    "nothing": lambda: (Network(NeuronGroup(2, "x : 1", name="lone")), {}),
}
