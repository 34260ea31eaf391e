"""Builders of networks: plain `brian2.Network`s, units and all."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    Quantity,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    get_dimensions,
    get_unit,
    is_dimensionless,
    ms,
    second,
)

from .annotations import Initial, Readout, Reduction, annotate
from .deletion import expect_copies
from .devices import making
from .initials import draw, orthogonal, stream, xavier_uniform
from .neurons import ALIF, LeakyIntegrator, NeuronModel
from .times import ROUNDING, whole_steps

STEP_SLOTS = ("synapses", "thresholds", "resets")
INPUTS = ("spikes", "current")
TRANSMISSIONS = ("same", "next")


def srnn(
    inputs: int,
    hidden: int | Sequence[int] = (36,),
    outputs: int = 6,
    *,
    neuron: NeuronModel = ALIF,
    readout: NeuronModel = LeakyIntegrator,
    recurrent: bool | Sequence[bool] = True,
    input: Literal["spikes", "current"] = "spikes",
    transmission: Literal["same", "next"] = "same",
    dt: Quantity = 4 * ms,
    dt_ref: Quantity | None = None,
    delay: Any = None,
    seed: int = 0,
    input_gain: float = 1.0,
    recurrent_gain: float = 1.0,
    readout_reduce: Reduction = "none",
    readout_skip: int = 10,
    **initial: Any,
) -> Network:
    """An adaptive spiking recurrent network as in Yin et al. (2020, 2021), as a plain Brian2 network.

    With the default neurons, s the spikes and x the input, step t of length dt_ref = `dt` is::

        v[t] = alpha v[t-1] + (1 - alpha) (W_in x[t] + W_rec s[t-1] + bias) - theta[t] s[t-1]
        s[t] = v[t] > theta[t]

    Continuous time needs two physical statements that the step hides, and every spiking layer carries them:
    at most one spike per dt_ref (refractory period, membrane free) and dt_ref for a recurrent spike to
    arrive. Neurons in physical units (`CurrentALIF`) have a refractory period and a delay of their own.

    Groups ``input``, ``hidden1``, …, ``output``; synapses ``input_hidden1``, ``hidden1_hidden1``,
    ``hidden1_hidden2``, …, ``hiddenN_output``, all to all, presynaptic index outside.

    Parameters
    ----------
    inputs : int
        Input channels, >= 1.
    hidden : sequence of int
        Neurons of each hidden layer, each >= 1.
    outputs : int
        Readout units, >= 1.
    neuron, readout : NeuronModel
        Of the hidden layers, of the output.
    recurrent : bool or sequence of bool
        Recurrent synapses in the hidden layers (one value each).
    input : {"spikes", "current"}
        ``"spikes"``: a spike generator, at most one spike per channel and step, empty until a stimulus comes.
        ``"current"``: a `TimedArray` named ``stimulus`` (dt = dt_ref; zero, holds its last value), weighted
        and summed into ``I`` of the first layer.
    transmission : {"same", "next"}
        Spikes reach the next layer within the same step, as in the papers (each later layer has slots of its
        own), or one `delay` later.
    dt : Quantity
        The simulation step, > 0 (s).
    dt_ref : Quantity, optional
        The step of stimuli, decisions and the papers' recursion, a multiple of `dt` (s); `dt` by default.
    delay : Quantity, distribution or array, optional
        Time from a spike until it arrives (s), >= `dt`, of recurrent synapses and, with ``transmission="next"``, of
        those between layers; an array or distribution gives one to each sending neuron of a layer, all layers being of
        one size for an array. Default: that of the neuron model, or dt_ref.
    seed : int
        >= 0; one stream for each parameter, so that a further layer leaves the others as they were.
    input_gain, recurrent_gain : float
        Factors of the initial input and recurrent weights, > 0.
    readout_reduce, readout_skip : str, int
        See `Readout`.
    **initial
        Initial values by parameter (``tau_m``, ``tau_a``, ``bias``, ``b0``, ``beta`` for `ALIF`): a number,
        quantity, array, `Normal`, `LogNormal`, `Uniform`, `LogUniform` or `Constant`, or a dict of them by group
        (``{"hidden1": …}``). Plain numbers for times are steps of dt_ref. Defaults: those of the model's parameters;
        for `ALIF` tau_m ~ N(20, 5), tau_a ~ N(150, 10) steps, drawn again below 1 step; biases 0, b0 = 0.01, beta =
        1.8. Weights: Xavier uniform, recurrent ones orthogonal, times the model's `weight`. State variables start at
        0, or where the model says (`NeuronModel.start`).

    Returns
    -------
    brian2.Network
        Annotated with dt_ref, `Readout`, `Initial` and step_delays (see `annotations`).

    Raises
    ------
    ValueError
        Sizes below 1, unknown choices, unknown or misplaced parameter names, values out of range.

    References
    ----------
    Yin, Corradi and Bohté, arXiv:2005.11633 (2020) and Nature Machine Intelligence 3:905 (2021), equations as
    in their released code; initial values from the SHD script.
    """
    hidden = [_whole("hidden", n) for n in ([hidden] if np.ndim(hidden) == 0 else hidden)]
    inputs, outputs = _whole("inputs", inputs), _whole("outputs", outputs)
    if not hidden:
        raise ValueError("srnn: hidden must name at least one layer, e.g. hidden=[36]")
    recurrent = _recurrent(recurrent, len(hidden))
    _one_of("input", input, INPUTS)
    _one_of("transmission", transmission, TRANSMISSIONS)
    dt_ref = dt if dt_ref is None else dt_ref
    for name, step in (("dt", dt), ("dt_ref", dt_ref)):
        if (
            not isinstance(step, Quantity)
            or step.dim is not second.dim
            or np.ndim(step)
            or not 0 < float(step) < np.inf
        ):
            raise ValueError(f"srnn: {name} must be a positive time, e.g. 4*ms, got {step!r}")
    whole_steps(dt_ref, dt, "srnn: dt_ref")
    _whole("seed", seed, least=0)
    for name, gain in (("input_gain", input_gain), ("recurrent_gain", recurrent_gain)):
        number = np.asarray(gain)
        if (
            isinstance(gain, Quantity)
            or number.ndim
            or number.dtype.kind not in "fiu"
            or not 0 < number < np.inf
        ):
            raise ValueError(f"srnn: {name} must be a finite number > 0, got {gain!r}")
    for model in (neuron, readout):
        if not isinstance(model, NeuronModel):
            raise TypeError(f"srnn: neuron and readout must be NeuronModels, got {type(model).__name__}")

    layers = [f"hidden{k + 1}" for k in range(len(hidden))] + ["output"]
    models = dict.fromkeys(layers, neuron) | {"output": readout}
    _check_initial(initial, models)
    sizes = dict(zip(layers, [*hidden, outputs], strict=True))
    values = {
        name: _draw(models[name], n, name, initial, dt_ref=dt_ref, seed=seed) for name, n in sizes.items()
    }
    senders = [
        name for name, looped in zip(layers, recurrent, strict=False) if looped or transmission == "next"
    ]
    delays = {
        name: _delays(models[name], sizes[name], name, delay, dt=dt, dt_ref=dt_ref, seed=seed)
        for name in senders
    }
    clock = Clock(dt=dt, name="srnn_clock")
    slots = {name: _slots(name, first=k == 0 or transmission == "next") for k, name in enumerate(layers)}
    groups = {"input": _input(inputs, input, dt_ref, clock)}
    for name, n in sizes.items():
        groups[name] = _layer(models[name], n, name=name, slots=slots[name], dt_ref=dt_ref, clock=clock)
        for variable, value in values[name].items():
            setattr(groups[name], variable, value)
        for variable, parameter in models[name].start:
            setattr(groups[name], variable, values[name][parameter])

    synapses, step_delays = [], []
    for (pre, post), looped in zip(pairwise(groups), [*recurrent, False], strict=True):
        timing = {"slot": slots[post][0], "dt_ref": dt_ref, "clock": clock}
        w = xavier_uniform(stream(seed, f"{pre}_{post}.w"), len(groups[pre]), len(groups[post]))
        if pre == "input":
            w = input_gain * w
        current = pre == "input" and input == "current"
        late = pre != "input" and transmission == "next"
        arrival = delays[pre] if late else 0 * second
        code = models[post].synapse
        synapses.append(
            _dense(groups[pre], groups[post], w, models[post], code, arrival, current=current, **timing)
        )
        if late:
            step_delays.append(f"{pre}_{post}_pre")
        if looped:
            w = recurrent_gain * orthogonal(stream(seed, f"{post}_{post}.w"), len(groups[post]))
            code = models[post].recurrent_synapse or code
            synapses.append(_dense(groups[post], groups[post], w, models[post], code, delays[post], **timing))
            step_delays.append(f"{post}_{post}_pre")

    net = Network(*groups.values(), *synapses)
    expect_copies(net)
    net.schedule = ["start", "groups", *dict.fromkeys(s for name in layers for s in slots[name]), "end"]
    return annotate(
        net,
        dt_ref=dt_ref,
        readout=Readout(
            "output",
            "v",
            slot=f"before_{slots['output'][2]}",
            reduce=readout_reduce,
            skip=readout_skip,
            phase="first" if input == "spikes" else "last",
        ),
        initial=Initial("given"),
        step_delays=step_delays,
    )


def _slots(name, *, first):
    return STEP_SLOTS if first else tuple(f"{name}_{slot}" for slot in STEP_SLOTS)


def _input(n, kind, dt_ref, clock):
    if kind == "spikes":
        # In the default slot, thresholds, a spike would come after this step's synapses: one step late.
        return SpikeGeneratorGroup(n, [], [] * second, when="before_synapses", clock=clock, name="input")
    stimulus = TimedArray(np.zeros((1, n)), dt=dt_ref, name="stimulus")
    return NeuronGroup(
        n,
        "x = stimulus(t, i) : 1 (constant over dt)",
        namespace={"stimulus": stimulus},
        clock=clock,
        name="input",
    )


def _layer(model, n, *, name, slots, dt_ref, clock):
    group = NeuronGroup(
        n,
        model.equations,
        method=model.method,
        threshold=model.threshold,
        reset=model.reset,
        refractory=model.refractory if model.refractory is not None else False,
        namespace={"dt_ref": dt_ref},
        clock=clock,
        name=name,
    )
    for event in group.thresholder:
        group.thresholder[event].when = slots[1]
    for event in group.resetter:
        group.resetter[event].when = slots[2]
    return group


def _dense(pre, post, w, neuron, code, delay, *, slot, dt_ref, clock, current=False):
    """All-to-all synapses with weights `w` (pre, post), in units of the receiving neuron's `weight`.

    `delay` is Brian2's (s): one, or one for each sending neuron.
    """
    unit = "1" if is_dimensionless(neuron.weight) else repr(get_unit(get_dimensions(neuron.weight)))
    model, one = f"w : {unit} (constant)", np.ndim(delay) == 0
    if current:
        model, code, delay = f"{model}\nI_post = w*x_pre : {unit} (summed)", None, None
    names = {"dt_ref": dt_ref}
    synapses = Synapses(
        pre,
        post,
        model,
        on_pre=code,
        delay=delay if one else None,
        namespace=names,
        clock=clock,
        name=f"{pre.name}_{post.name}",
    )
    if not current:
        synapses.pre.when = slot
    with making():
        synapses.connect()
    synapses.w = (w * neuron.weight).ravel()
    if not one:
        synapses.pre.delay = np.repeat(np.asarray(delay), len(post)) * second
    return synapses


def _delays(model, n, group, delay, *, dt, dt_ref, seed):
    """Brian2's delay (s) of the spikes of a group: their slot adds a step."""
    given = model.delay if delay is None else delay
    name = f"srnn: delay of {group}"
    values = draw(
        dt_ref if given is None else given,
        stream(seed, f"{group}.delay"),
        n,
        unit=second,
        dt_ref=dt_ref,
        name=name,
    )
    short = values < (1 - ROUNDING) * dt
    if short.any():
        raise ValueError(
            f"{name}: expected at least the step dt = {dt}, got {values.min()}; use a shorter dt or a longer delay"
        )
    values = np.asarray(values) - float(dt)
    values[np.abs(values) < ROUNDING * float(dt)] = 0.0
    return values[0] * second if (values == values[0]).all() else values * second


def _draw(model, n, group, initial, *, dt_ref, seed):
    """Values by parameter for a group of `n`: all drawn before the first Brian2 object is made."""
    values = {}
    for parameter in model.parameters:
        name = f"{group}.{parameter.name}"
        value = initial.get(parameter.name)
        if isinstance(value, Mapping):
            value = value.get(group)
        if value is None:
            value = parameter.default if parameter.initial is None else parameter.initial
        size = 1 if parameter.shared else n
        drawn = draw(
            value,
            stream(seed, name),
            size,
            unit=parameter.unit,
            dt_ref=dt_ref,
            name=name,
            positive=parameter.positive,
        )
        values[parameter.name] = drawn[0] if parameter.shared else drawn
    return values


def _check_initial(initial, models):
    known = {p.name for model in models.values() for p in model.parameters}
    for name, value in initial.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or sorted(known)
            raise ValueError(f"srnn: unknown parameter {name!r}; nearest: {', '.join(near)}")
        if isinstance(value, Mapping):
            having = [group for group, model in models.items() if name in {p.name for p in model.parameters}]
            wrong = sorted(set(value) - set(having))
            if wrong:
                raise ValueError(
                    f"srnn: {name}: no group {', '.join(wrong)} with it; groups: {', '.join(having)}"
                )


def _recurrent(recurrent, layers):
    if isinstance(recurrent, (bool, np.bool_)):
        return [bool(recurrent)] * layers
    each = list(recurrent) if np.ndim(recurrent) == 1 else []
    if len(each) != layers or not all(isinstance(r, (bool, np.bool_)) for r in each):
        raise ValueError(f"srnn: recurrent must be True, False or {layers} of them, got {recurrent!r}")
    return each


def _whole(name, value, *, least=1):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"srnn: {name} must be a whole number >= {least}, got {value!r}")
    return int(value)


def _one_of(name, value, choices):
    if value not in choices:
        raise ValueError(f"srnn: {name} must be one of {choices}, got {value!r}")
