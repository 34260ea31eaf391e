"""What of a network is compiled: its structure, without values, and the key of a build."""

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import brian2
import numpy as np
from brian2 import prefs, synapses
from brian2.core.preferences import PreferenceError

from ..._version import __version__
from ..description import (
    Array,
    NeuronGroupDescription,
    PoissonGroupDescription,
    SpikeGeneratorDescription,
)
from ..devices import compiler_command
from ..encoding import encode_group, encode_poisson_input, encode_synapses
from ..toolchain import compiler_version, processor

# Step of the network whose code is generated; the program gets the real one.
STEP = 1e-4
PREFERENCES = ("codegen", "devices.cpp_standalone", "core")


def skeleton(description):
    """Return a description with the same structure and no values: what the generated code depends on.

    Sizes of groups, equations, statements, slots, numbers in namespaces, which delays are heterogeneous, index
    arrays of linked variables and Poisson inputs stay (of the latter the probability of a spike in a step).
    Numbers of synapses, values of variables, delays, spikes, rows of TimedArrays and steps are placeholders.

    Parameters
    ----------
    description : NetworkDescription

    Returns
    -------
    NetworkDescription
    """
    return replace(
        description,
        groups=tuple(_group(g) for g in description.groups),
        synapses=tuple(_synapses(s) for s in description.synapses),
        timed_arrays=tuple(_timed(t) for t in description.timed_arrays),
        poisson_inputs=tuple(_poisson_input(p, description) for p in description.poisson_inputs),
        dt=STEP,
        annotations=replace(description.annotations, dt_ref=None, readout=None, step_delays=(), about={}),
    )


def _group(g):
    own = None if g.dt is None else STEP
    if isinstance(g, SpikeGeneratorDescription):
        empty = np.zeros(0)
        return replace(g, indices=empty.astype(np.int32), times=empty, period=0.0, dt=own)
    if isinstance(g, PoissonGroupDescription):
        rates = g.rates if isinstance(g.rates, str) else Array(np.zeros(g.size), g.rates.dimensions)
        return replace(g, rates=rates, dt=own, regular=_regular(g))
    assert isinstance(g, NeuronGroupDescription)
    return replace(g, variables=(), dt=own, regular=_regular(g))


def _regular(obj):
    return tuple(r if r.dt is None else replace(r, dt=STEP) for r in obj.regular)


def _poisson_input(p, description):
    """Brian2 writes the probability of a spike in a step into the code: that stays, where the step does not."""
    target = next(obj for obj in (*description.groups, *description.synapses) if obj.name == p.target)
    dt = description.dt if target.dt is None else target.dt
    return replace(p, rate=p.rate * dt / STEP)


def _synapses(s):
    pre, post = (
        np.array([0 if part is None else part.start], dtype=np.int32)
        for part in (s.source_part, s.target_part)
    )
    pathways = tuple(replace(p, delay=np.zeros(p.delay.shape and 1)) for p in s.pathways)
    return replace(
        s,
        pre=pre,
        post=post,
        variables=(),
        pathways=pathways,
        dt=None if s.dt is None else STEP,
        regular=_regular(s),
    )


def _timed(t):
    return replace(t, array=Array(np.zeros((1, *t.array.values.shape[1:])), t.array.dimensions), dt=1.0)


def build_key(bare, traces, threads):
    """Return the key of a build: everything that decides about the compiled program.

    Parameters
    ----------
    bare : NetworkDescription
        From `skeleton`.
    traces : sequence of Trace
    threads : int

    Returns
    -------
    str
        64 hexadecimal digits: SHA-256 of the structure, the traces, the versions of Brian2, NumPy and this package's
        generator, Brian2's preferences, the compiler with its version, and the processor.
    """
    content = {
        "schedule": bare.schedule,
        "groups": [(g.name, g.size, encode_group(g)) for g in bare.groups],
        "synapses": [
            (s.name, encode_synapses(s), [bool(p.delay.ndim) for p in s.pathways]) for s in bare.synapses
        ],
        "links": [
            (g.name, link.name, np.asarray(link.index).tolist())
            for g in bare.groups
            for link in getattr(g, "links", ())
            if isinstance(link.index, np.ndarray)
        ],
        "poisson_inputs": [encode_poisson_input(p) for p in bare.poisson_inputs],
        "timed_arrays": [(t.name, t.array.values.shape, t.array.dimensions) for t in bare.timed_arrays],
        "traces": [(t.group, t.variable, t.slot) for t in traces],
        "threads": threads,
        "versions": [__version__, brian2.__version__, np.__version__],
        "generator": _generator(),
        "preferences": preferences(),
        "compiler": compiler_version(compiler_command()),
        "processor": processor(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def preferences():
    """Return Brian2's preferences on which generated code and its compilation depend, as texts by name."""
    found = {}
    for name in sorted(prefs.keys()):
        if name.startswith(PREFERENCES):
            try:
                value = prefs[name]
            except PreferenceError:  # declared and never set
                continue
            if name == "codegen.cpp.include_dirs":
                # Brian2's cython target appends a folder of its own to the list.
                value = [folder for folder in value if Path(folder) != Path(synapses.__file__).parent]
            found[name] = repr(value)
    return found


@cache
def _generator():
    """All that decides about generated code: descriptions, how they are built, and the program around them."""
    here = Path(__file__).parent
    files = [
        path for folder in (here, here.parent) for path in folder.iterdir() if path.suffix in (".py", ".h")
    ]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
