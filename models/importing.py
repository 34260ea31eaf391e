"""`load_published`: a published checkpoint as a plain `brian2.Network`."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from brian2 import Network, Quantity, second

from .annotations import SPIKES, Readout, annotate
from .networks import srnn
from .neurons import ALIF
from .published import KINDS
from .published_arrays import (
    check_names,
    check_shapes,
    layer_arrays,
    read_arrays,
    settle_odd_neurons,
)
from .times import seconds

NAN_NEURONS = ("error", "drop")
NEGATIVE_TAU = ("error", "drop", "absolute", "keep")


class OddCheckpoint(UserWarning):
    """Something in a published file is odd and was taken over as it is, or as was chosen."""


def load_published(
    path: str | os.PathLike[str],
    *,
    kind: str,
    direction: Literal["forward", "backward"] | None = None,
    nan_neurons: Literal["error", "drop"] = "error",
    negative_tau: Literal["error", "drop", "absolute", "keep"] = "error",
    dt: Quantity | float | None = None,
    report: Callable[[str], object] | None = None,
    **constants: float,
) -> Network:
    """A published network (Yin, Corradi and Bohté 2020, 2021) as a plain Brian2 network.

    Groups and synapses are named as by `srnn`; at dt = dt_ref the network is the papers' recursion. All values come
    in exactly: float32 numbers as float64, time constants times the step of the task. It starts at v = a = 0; the
    authors' random start is that of `KINDS` (``simulate(net, x, initial=KINDS["ecg"].start)``).

    Parameters
    ----------
    path : path-like
        An ``.npz`` of the authors' arrays, without pickled objects.
    kind : {"ecg", "shd", "ssc", "smnist", "gsc", "timit"}
        See `KINDS`. Sizes come from the file: ``smnist`` also reads permuted MNIST and any window.
    direction : {"forward", "backward"}, optional
        For ``timit``, whose two directions are two networks (default forward). The backward one takes its input
        reversed in time. Each has half of the output's bias, so that the sum of both outputs is the published one.
    nan_neurons : {"error", "drop"}
        What to do with neurons that hold NaN: refuse the file, or leave them out (in the authors' code they never
        spike, since no comparison with NaN is true). Later neurons of the layer move up.
    negative_tau : {"error", "drop", "absolute", "keep"}
        What to do with time constants below 0: refuse, leave the neuron out, take their absolute value, or keep them
        as the authors' code did: such a variable grows instead of decaying.
    dt : Quantity, optional
        dt_ref and simulation step; that of the task by default.
    report : callable, optional
        Takes a line of text for each odd thing; by default they are warned of (`OddCheckpoint`).
    **constants : float
        Constants that no file holds: ``b0``, ``beta``, and ``tau_m`` (steps) where the file has no membrane time
        constants, for every layer; or for one, ``**{"hidden1.b0": 0.1}``. Defaults: those of `KINDS`.

    Returns
    -------
    brian2.Network
        Annotated with dt_ref, `Readout` and, under ``about``, kind, task, source, file and what was odd.

    Raises
    ------
    CheckpointRefused
        The file is missing, damaged or of another kind, its shapes do not fit each other, it holds NaN or negative
        time constants without a choice, or a time constant that is zero.
    ValueError
        Unknown kind, direction, choice or constant.

    Notes
    -----
    Time constants below one step are kept and reported. Constants are those of the released code. An ECG file with
    trained membrane time constants (``tau_m_h``, ``tau_m_o``) is of the scripts of 2021, whose networks work with
    b0 = 0.1 and with no other threshold that was tried: that is their default here, and it is reported.
    """
    report = report or (lambda line: warnings.warn(line, OddCheckpoint, stacklevel=3))
    table = _table(kind, direction)
    for name, value, choices in (
        ("nan_neurons", nan_neurons, NAN_NEURONS),
        ("negative_tau", negative_tau, NEGATIVE_TAU),
    ):
        if value not in choices:
            raise ValueError(f"load_published: {name} must be one of {', '.join(choices)}, got {value!r}")
    dt = table.dt * second if dt is None else seconds(dt, "dt") * second
    path = Path(path)
    arrays = read_arrays(path)
    check_names(path, arrays, table, kind, {k: _names(k) for k in KINDS if k != kind})
    names = [f"hidden{k + 1}" for k in range(len(table.layers) - 1)] + ["output"]
    table_layers = _with_constants(dict(zip(names, table.layers, strict=True)), arrays, constants)
    direction = (direction or "forward") if table.directions else None
    layers = {name: layer_arrays(path, arrays, layer, direction) for name, layer in table_layers.items()}
    check_shapes(path, layers)
    lines = []
    settle_odd_neurons(path, layers, nan_neurons, negative_tau, lines)
    net = _build(layers, table, dt)
    trained = [name for name, layer in table_layers.items() if layer.b0_trained and layer.tau_m in arrays]
    if trained and "b0" not in {name.rpartition(".")[2] for name in constants}:
        lines.append(
            f"holds trained membrane time constants: b0 = {table_layers[trained[0]].b0:g}, as in 2021"
        )
    outputs = len(layers["output"]["w"])
    if outputs != table.outputs:
        lines.append(
            f"has {outputs} outputs, the task of the kind {kind!r} {table.outputs} classes: is it of that kind?"
        )
    for line in lines:
        report(f"{path.name}: {line}")
    about = {
        "kind": kind,
        "task": table.task,
        "source": table.source,
        "file": path.name,
        "odd": "\n".join(lines),
    }
    return annotate(net, about=about | ({"direction": direction} if direction else {}))


# ------------------------------------------------------------------ the table
def _table(kind, direction):
    if kind not in KINDS:
        near = difflib.get_close_matches(str(kind), KINDS, n=1, cutoff=0.4)
        raise ValueError(
            f"load_published: no kind {kind!r}; there are {', '.join(KINDS)}"
            + (f"; did you mean {near[0]}?" if near else "")
        )
    table = KINDS[kind]
    if not table.directions:
        if direction is not None:
            raise ValueError(
                f"load_published: the kind {kind!r} holds one network; leave direction = {direction!r} out"
            )
        return table
    direction = direction or "forward"
    if direction not in table.directions:
        raise ValueError(
            f"load_published: direction must be one of {', '.join(table.directions)}, got {direction!r}"
        )
    prefix = table.directions[direction]

    def named(text):
        return None if text is None else text.replace("{direction}", prefix)

    layers = tuple(
        replace(
            layer,
            weight=named(layer.weight),
            biases=tuple(map(named, layer.biases)),
            tau_m=named(layer.tau_m),
            recurrent=named(layer.recurrent),
            tau_a=named(layer.tau_a),
        )
        for layer in table.layers
    )
    others = {f"{p}.": "the other direction" for p in table.directions.values() if p != prefix}
    return replace(table, layers=layers, unused=(table.unused or {}) | others)


def _with_constants(layers, arrays, constants):
    """The layers with the constants that were given."""
    layers = {
        name: replace(layer, b0=layer.b0_trained) if layer.b0_trained and layer.tau_m in arrays else layer
        for name, layer in layers.items()
    }
    for name, value in constants.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float, np.number))
            or not np.isfinite(value)
        ):
            raise ValueError(f"load_published: {name} must be a finite number, got {value!r}")
        group, _, constant = name.rpartition(".")
        if constant not in ("b0", "beta", "tau_m") or (group and group not in layers):
            raise ValueError(
                f"load_published: no constant {name!r}; there are b0, beta and tau_m, of every layer or of one of "
                f"{', '.join(layers)}, e.g. 'hidden1.b0'"
            )
        for layer in [group] if group else layers:
            old = layers[layer]
            if constant == "tau_m":
                if old.tau_m in arrays or old.tau_m_optional is None:
                    raise ValueError(
                        f"load_published: {name}: the file holds the membrane time constants of {layer} "
                        f"({old.tau_m}); leave it out"
                    )
                if value <= 0:
                    raise ValueError(f"load_published: {name} must be a number of steps > 0, got {value!r}")
                layers[layer] = replace(old, tau_m_optional=float(value))
            elif old.neuron is ALIF:
                layers[layer] = replace(old, **{constant: float(value)})
            elif group:
                raise ValueError(f"load_published: {layer} is a leaky integrator without {constant}")
    return layers


def _names(kind):
    return [name for layer in _table(kind, None).layers for name in layer.names()]


# ------------------------------------------------------------------ the network
def _build(layers, table, dt):
    *hidden, output = layers.values()
    net = srnn(
        next(iter(layers.values()))["w"].shape[1],
        [len(found["w"]) for found in hidden],
        len(output["w"]),
        neuron=ALIF,
        readout=output["layer"].neuron,
        recurrent=[found["recurrent"] is not None for found in hidden],
        input=table.input,
        dt=dt,
        bias={name: found["bias"] for name, found in layers.items()},
        b0={n: f["layer"].b0 for n, f in layers.items() if f["layer"].neuron is ALIF},
        beta={n: f["layer"].beta for n, f in layers.items() if f["layer"].neuron is ALIF},
        readout_reduce=table.reduce,
        readout_skip=table.skip,
    )
    objects = {obj.name: obj for obj in net.objects}
    growing, before = [], "input"
    for name, found in layers.items():
        for variable in ("tau_m", "tau_a"):
            if found["layer"].neuron is not ALIF and variable == "tau_a":
                continue
            values = found[variable] * float(dt)
            setattr(objects[name], variable, Quantity(values, dim=second.dim))
            if (values < 0).any():
                growing.append(f"{name}.{variable}")
        objects[f"{before}_{name}"].w = found["w"].T.ravel()
        if found["recurrent"] is not None:
            objects[f"{name}_{name}"].w = found["recurrent"].T.ravel()
        before = name
    if table.variable == SPIKES:
        annotate(net, readout=Readout("output", SPIKES, reduce=table.reduce, skip=table.skip))
    return annotate(net, growing=growing)
