"""States at the start of each trial: zero, or the random start of the papers' code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .annotations import Initial
from .description import NetworkDescription, NeuronGroupDescription
from .errors import UnsupportedModel
from .initials import stream
from .neurons import ALIF, LIF, LeakyIntegrator

# How trials start: an Initial, its kind, or values by group and variable.
Start = Initial | Literal["given", "zero", "random"] | Mapping[str, Mapping[str, ArrayLike]]

_SYNAPSE = ALIF.synapse


def start_states(
    description: NetworkDescription, initial: Start, trials: int
) -> dict[str, dict[str, np.ndarray]]:
    """Values of the state variables at the start of each trial.

    The papers' code starts from a random membrane v0, an adaptation a0 and a fractional previous spike s0, which
    the first step sees as if it had been emitted one dt_ref before::

        a[1] = rho a0 + (1 - rho) s0
        v[1] = alpha v0 + (1 - alpha) (W_in x[1] + W_rec s0 + bias) - (b0 + beta a[1]) s0

    A Brian2 network knows no fractional spikes. The same first step, for every input, follows from::

        a(0) = a0 + (1 - rho)/rho s0
        v(0) = v0 + ((1 - alpha) W_rec s0 - (b0 + beta rho a(0)) s0)/alpha

    Parameters
    ----------
    description : NetworkDescription
        Of one trial.
    initial : Initial, str or mapping
        A kind, or ``{group: {variable: values}}`` with values of shape (trial, neuron), (neuron,) or (), SI.
    trials : int

    Returns
    -------
    dict of str to dict of str to ndarray, shape (trial, neuron)
        Only what differs from the values that the network has. Trial k starts the same however many there are.

    Raises
    ------
    ValueError, TypeError
        Unknown names, wrong shapes, values that are not finite.
    UnsupportedModel
        A random start of a network of other neurons than `ALIF`, `LIF` and `LeakyIntegrator`.

    References
    ----------
    Yin, Corradi and Bohté (2020, 2021), released code.
    """
    if isinstance(initial, Mapping):
        return _given(description, initial, trials)
    if isinstance(initial, str):
        initial = Initial(initial)
    if not isinstance(initial, Initial):
        raise TypeError(
            f"initial must be an Initial, its kind, or values by group and variable, got {type(initial).__name__}"
        )
    if initial.kind == "given":
        return {}
    if initial.kind == "zero":
        return {
            g.name: {name: np.zeros((trials, g.size)) for name in _states(g)}
            for g in description.groups
            if _states(g)
        }
    return _random(description, initial, trials)


def _states(group):
    if not isinstance(group, NeuronGroupDescription):
        return []
    return [e.name for e in group.equations if e.type == "differential equation"]


# ------------------------------------------------------------------ values that were given
def _given(description, values, trials):
    found = {}
    for group, variables in values.items():
        known = {g.name: g for g in description.groups if isinstance(g, NeuronGroupDescription)}
        if group not in known:
            raise ValueError(f"initial: no neuron group {group!r}; there are {', '.join(known) or 'none'}")
        if not isinstance(variables, Mapping):
            raise TypeError(
                f"initial[{group!r}]: expected values by variable, got {type(variables).__name__}"
            )
        size, states = known[group].size, _states(known[group])
        for name, value in variables.items():
            if name not in states:
                raise ValueError(
                    f"initial[{group!r}]: no state variable {name!r}; there are {', '.join(states) or 'none'}"
                )
            value = np.asarray(value, dtype=float)
            if value.shape not in ((trials, size), (size,), ()):
                raise ValueError(
                    f"initial[{group!r}][{name!r}]: expected the shape (trial, neuron) = {(trials, size)}, "
                    f"{(size,)} or one number, got {value.shape}"
                )
            if not np.isfinite(value).all():
                where = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
                raise ValueError(
                    f"initial[{group!r}][{name!r}]: expected finite numbers, got {value[where]} at {where}"
                )
            found.setdefault(group, {})[name] = np.broadcast_to(value, (trials, size)).copy()
    return found


# ------------------------------------------------------------------ the papers' start
def _random(description, initial, trials):
    dt_ref = description.annotations.dt_ref
    if dt_ref is None:
        raise ValueError(
            "initial: a random start needs the dt_ref of the network: annotate(net, dt_ref=4*ms), or give the "
            "values themselves"
        )
    dt_ref = float(dt_ref)
    groups = [g for g in description.groups if _states(g)]
    values = {g.name: _values(g, dt_ref) for g in groups}
    v0 = {
        g.name: initial.membrane * stream(initial.seed, f"{g.name}.v").random((trials, g.size))
        for g in groups
    }
    s0 = {
        name: v if initial.spike == "same" and values[name]["spikes"] else np.zeros_like(v)
        for name, v in v0.items()
    }
    arriving = {name: np.zeros_like(v) for name, v in v0.items()}
    for s in description.synapses:
        for p in s.pathways:
            if f"{s.name}_{p.name}" not in description.annotations.step_delays or not s0[s.source].any():
                continue
            if p.prepost != "pre" or p.code.strip() != _SYNAPSE:
                raise UnsupportedModel(
                    s.name, f"a random start with the statement {p.code!r}", f"use {_SYNAPSE!r}"
                )
            w = next(v.array.values for v in s.variables if v.name == "w")
            matrix = np.zeros((description.size(s.source), description.size(s.target)))
            np.add.at(matrix, (s.pre, s.post), w)
            arriving[s.target] += s0[s.source] @ matrix
    return {
        name: _folded(values[name], v0[name], s0[name], arriving[name], initial.adaptation) for name in values
    }


def _folded(values, v0, s0, arriving, adaptation):
    """v(0) and a(0) whose first step is that of v0, a0 and the fractional spike s0."""
    alpha, b0 = values["alpha"], values["b0"]
    if "rho" not in values:
        return {"v": v0 + ((1 - alpha) * arriving - b0 * s0) / alpha}
    rho = values["rho"]
    a0 = b0 if adaptation is None else adaptation
    a = a0 + (1 - rho) / rho * s0
    theta = b0 + values["beta"] * rho * a
    return {"v": v0 + ((1 - alpha) * arriving - theta * s0) / alpha, "a": a}


def _values(group, dt_ref):
    """Factors of a step and constants of a group of one of the papers' neurons."""
    event = group.threshold
    written = None if event is None else (event.condition.strip(), (event.reset or "").strip())
    model = next(
        (
            m
            for m in (ALIF, LIF, LeakyIntegrator)
            if written == (None if m.threshold is None else (m.threshold, m.reset))
            and {"v", "tau_m"} <= {e.name for e in group.equations}
        ),
        None,
    )
    if model is None:
        raise UnsupportedModel(
            group.name,
            "a random start of this neuron",
            "it is that of ALIF, LIF and LeakyIntegrator; give the values: initial={group: {variable: …}}",
        )
    own = {v.name: v.array.values for v in group.variables}
    found = {"spikes": model.threshold is not None, "alpha": np.exp(-dt_ref / own["tau_m"]), "b0": 0.0}
    if "b0" in own:
        found["b0"] = float(np.reshape(own["b0"], -1)[0])
    if "tau_a" in own:
        found |= {"rho": np.exp(-dt_ref / own["tau_a"]), "beta": float(np.reshape(own["beta"], -1)[0])}
    return found
