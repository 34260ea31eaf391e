"""Linked variables: what each of them stands for."""

import numpy as np
from brian2.core.variables import Subexpression
from brian2.utils.stringtools import word_substitute

from .description import Link, Part
from .errors import UnsupportedModel

WAY_OUT = "link it to a variable of a group of the network, or copy its values"


def links_of(owner, groups):
    """Return the `Link` of each linked variable of a group or of synapses.

    Parameters
    ----------
    owner : NeuronGroup or Synapses
    groups : list of brian2 Group
        Of the network: what can be linked to.

    Raises
    ------
    UnsupportedModel
        A linked variable without a target, or with one that is not in the network.
    """
    return tuple(_link(owner, name, groups) for name in sorted(owner._linked_variables))


def _link(owner, name, groups):
    if name not in owner.variables:
        raise UnsupportedModel(
            owner.name, f"the linked variable '{name}' without a target", "set it with linked_var(…)"
        )
    variable = owner.variables[name]
    if isinstance(variable, Subexpression):
        group, target = _subexpression(owner, name, variable, groups)
    else:
        # A group that links to the same variable has it, too.
        found = [
            g
            for g in groups
            if g.variables.get(variable.name) is variable
            and variable.name not in getattr(g, "_linked_variables", ())
        ]
        if not found:
            raise UnsupportedModel(owner.name, f"the linked variable '{name}' of no group here", WAY_OUT)
        group, target = found[0], variable.name
    return Link(name, group.name, target, *_index(owner, name, group))


def _index(owner, name, group):
    """The subgroup and the index of a linked variable."""
    index = owner.variables.indices[name]
    if index in ("_idx", "0"):
        return None, None
    if not index.startswith("_"):  # Brian2 begins the names of its own arrays so, users cannot
        return None, index
    variable = owner.variables[index]
    values = np.array(variable.get_value(), dtype=np.int64)
    if variable.name == "_sub_idx":
        return Part(_name_of_part(owner, name, variable), int(values[0]), int(values[-1]) + 1), None
    values.flags.writeable = False
    return None, values


def _name_of_part(owner, name, variable):
    try:
        return variable.owner.name
    except ReferenceError:
        raise UnsupportedModel(
            owner.name,
            f"the linked variable '{name}' of a subgroup that is gone",
            "Brian2 cannot run it either: keep the subgroup in a variable, then link to it",
        ) from None


def _subexpression(owner, name, variable, groups):
    """The group and name of a linked subexpression: Brian2 keeps only the text, with names put in for its variables."""
    for group in groups:
        for target, candidate in group.variables.items():
            if not isinstance(candidate, Subexpression) or candidate.owner.name != group.name:
                continue
            names = {
                n: f"_{name}_{group.name}_{n}" if hasattr(group.variables[n], "owner") else f"_{name}_{n}"
                for n in candidate.identifiers
                if n in group.variables
            }
            if word_substitute(candidate.expr, names) == variable.expr:
                return group, target
    raise UnsupportedModel(owner.name, f"the linked subexpression '{name}'", WAY_OUT)
