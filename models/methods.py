"""`with_method`: the same network under another of Brian2's integration methods."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

from .building import build
from .description import NetworkDescription, NeuronGroupDescription
from .devices import using
from .errors import UnsupportedModel
from .membrane_steps import check_method_change

# Brian2 gives it up itself, with a warning at every use.
DEPRECATED = ("independent",)


def with_method(
    description: NetworkDescription, method: str | Sequence[str] | Mapping[str, str | Sequence[str]]
) -> NetworkDescription:
    """Return the description with another integration method.

    A method is a choice of accuracy, as dt is: ``exact`` (of linear equations) has no error, ``euler`` and
    ``exponential_euler`` are of order 1 in dt, ``rk2`` of order 2, ``rk4`` of order 4. ``heun`` and ``milstein`` treat
    noise so; what the equations hold beside it they treat as ``euler`` does, with order 1 (docs/continuous.md).
    Options of the method that a group had (`method_options`) go with that method.

    Parameters
    ----------
    description : NetworkDescription
    method : str, sequence of str, or dict of str to str
        Name of a Brian2 state updater; several names: Brian2 takes the first that suits. A dict names the groups that
        change; otherwise every group with differential equations does.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    TypeError
        `description` is no NetworkDescription, or a method no name.
    ValueError
        No such method or group, or a group without differential equations is named.
    UnsupportedModel
        Brian2 refuses the method for the equations of a group (its own message is kept), or would lose a part of them
        (`exponential_euler` of a polynomial); the message names the methods that suit.
    """
    if not isinstance(description, NetworkDescription):
        raise TypeError(
            f"with_method: expected a NetworkDescription, got {type(description).__name__}; see describe(net)"
        )
    changing = [g.name for g in description.groups if _differential(g)]
    if not changing:
        raise ValueError("with_method: no group of the network has differential equations")
    if isinstance(method, Mapping):
        for name in method:
            if name not in changing:
                raise ValueError(
                    f"with_method: no group {name!r} with differential equations; there are {', '.join(changing)}"
                )
        chosen = {name: _known(m) for name, m in method.items()}
    else:
        chosen = dict.fromkeys(changing, _known(method))
    for name, m in chosen.items():
        group = description.group(name)
        if m == group.method:
            continue
        check_method_change(group, m)
        refusal = _refusal(description, group, m)
        if refusal is not None:
            suitable = [k for k in _names() if _refusal(description, group, k) is None]
            raise UnsupportedModel(
                name, f"the method {m!r}", f"{refusal} Suitable: {', '.join(suitable) or 'none'}"
            )
        description = description.replace_group(replace(group, method=m, method_options=()))
    return description


def _differential(group):
    return isinstance(group, NeuronGroupDescription) and any(
        e.type == "differential equation" for e in group.equations
    )


def _names():
    """Names of the methods that a network may have; those of the GSL need a library of their own."""
    return [n for n in StateUpdateMethod.stateupdaters if not n.startswith("gsl") and n not in DEPRECATED]


def _known(method):
    """The method, its names in lower case; a tuple where there are several."""
    if isinstance(method, Sequence) and not isinstance(method, str) and method:
        return tuple(_known(name) for name in method)
    if not isinstance(method, str):
        raise TypeError(f"with_method: expected the name of a method, e.g. 'rk4', got {method!r}")
    if method.lower() not in _names():
        near = difflib.get_close_matches(method.lower(), _names(), n=1)
        raise ValueError(
            f"with_method: no method {method!r}; there are {', '.join(_names())}"
            + (f"; did you mean {near[0]}?" if near else "")
        )
    return method.lower()


def _refusal(description, group, method):
    """What speaks against the method, as a sentence; None where it suits."""
    # Only the equations and the dt of the group and of the arrays that it reads decide: one neuron will do.
    alone = description.alone(group.name)
    alone = alone.replace_group(replace(alone.groups[0], method_options=()))
    refusals = []
    with using("numpy", random_seed=0):
        (made,) = build(alone).objects
        for m in (
            [method] if isinstance(method, str) else method
        ):  # the first that Brian2 does not refuse counts
            made.state_updater.method_choice = m
            try:
                made.state_updater.update_abstract_code(run_namespace={})
            except (UnsupportedEquationsException, ValueError) as refused:
                refusals.append(f"Brian2: {str(refused).strip().rstrip('.')}.")
            else:
                return _loss(made) if m == "exponential_euler" else None
    return " ".join(dict.fromkeys(refusals))


def _loss(group):
    """What exponential_euler would leave out of the equations; None where it solves them as they stand.

    Brian2 2.9 sorts a right-hand side by powers of its variable and takes those of power 1 and 0: of two powers such
    as v**2 - v it loses one without a word.
    """
    names = group.equations.names | group.equations.identifiers | {"dt"}
    variables = group.resolve_all(names, {}, user_identifiers=set())
    whole = dict(group.equations.get_substituted_expressions(variables))
    for name, (slope, rest) in get_conditionally_linear_system(group.equations, variables).items():
        lost = sympy.expand(
            str_to_sympy(whole[name].code, variables) - slope * sympy.Symbol(name, real=True) - rest
        )
        if lost != 0:
            return f"Brian2 would lose the term {lost} of d{name}/dt, without an error."
    return None
