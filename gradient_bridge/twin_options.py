"""Checks of the options of a twin."""

from __future__ import annotations

import difflib
import inspect

import torch
from brian2 import Network, TimedArray
from brian2.core.functions import DEFAULT_FUNCTIONS

from ..models.annotations import Readout, annotations
from ..models.times import check_time_constants

DTYPES = (torch.float32, torch.float64)
RANDOMNESS = ("brian2", "torch")


def check_options(net, engines, engine, dtype, randomness, readout):
    """Refuse what `Twin` cannot be made with."""
    if not isinstance(net, Network):
        raise TypeError(
            f"Twin: expected a brian2.Network, got {type(net).__name__}; put all objects into one: Network(…), or "
            "Network(collect()) for those in sight"
        )
    if engine not in engines:
        raise ValueError(f"Twin: engine must be one of {', '.join(engines)}, got {engine!r}")
    if dtype not in (None, *DTYPES):
        raise ValueError(f"Twin: dtype must be torch.float32 or torch.float64, got {dtype}")
    if randomness not in RANDOMNESS:
        raise ValueError(f"Twin: randomness must be 'brian2' or 'torch', got {randomness!r}")
    if readout is not None and not isinstance(readout, Readout):
        raise TypeError(f"Twin: readout must be a Readout, got {readout!r}")


def check_functions(program, functions):
    """Refuse torch implementations of what is no function of the user in the network."""
    if not isinstance(functions, dict):
        raise TypeError(f"functions: expected a dict of torch functions by name, got {functions!r}")
    called = {name: f for o in program.operations for name, f in o.functions.items()}
    brians = {id(f) for f in DEFAULT_FUNCTIONS.values()}
    own = {n for n, f in called.items() if not isinstance(f, TimedArray) and id(f) not in brians}
    for name, function in functions.items():
        if name not in own:
            near = difflib.get_close_matches(str(name), own, n=1)
            what = (
                "one of Brian2's own, whose derivative is known"
                if name in DEFAULT_FUNCTIONS
                else "none of them"
            )
            raise ValueError(
                "functions: expected functions of yours that the network's statements call "
                f"({', '.join(sorted(own)) or 'there are none'}), got {name!r}, {what}"
                + (f"; did you mean {near[0]!r}?" if near else "")
            )
        if not callable(function):
            raise TypeError(f"functions: {name!r}: expected a function of tensors, got {function!r}")


def callers_names(twin):
    """The names where a twin is made, as in ``Network.run``; constructors of subclasses are passed over."""
    frame = inspect.currentframe().f_back
    while frame.f_locals.get("self") is twin:
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def check_times(program, values, network):
    """Refuse time constants that are none, unless the network is annotated to grow."""
    arrays = [a for a in program.arrays.values() if a.writable and a.key in values]
    check_time_constants(
        ((a.key, a.dimension, values[a.key]) for a in arrays), growing=annotations(network).growing
    )
