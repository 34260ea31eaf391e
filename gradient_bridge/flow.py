"""Where gradients flow in a program: which arrays carry one, given what is trained."""

from __future__ import annotations

import ast

from .program import Call, Sum, Threshold, Transmission
from .rendering import TIME_OF_UPDATE, can_mask

STEPWISE = {"floor", "ceil", "sign", "int", "timestep", "poisson"}  # functions that no gradient passes


def carrying(program, trained):
    """Keys of the arrays and event spaces that carry a gradient.

    Parameters
    ----------
    program : Program
    trained : iterable of str
        Keys of what is trained (arrays, constants ``group.name``), of stimuli by the name of their group or timed
        array, and of initial values.

    Returns
    -------
    frozenset of str
    """
    found, before = set(trained), None
    for name in tuple(found):
        if name in program.events:
            found.add(program.events[name])
    while before != len(found):
        before = len(found)
        for operation in program.operations:
            found |= _carried_by(program, operation, found)
    return frozenset(found)


def _carried_by(program, operation, carried):
    """What carries a gradient after an operation, given what does before it."""
    nowhere = isinstance(operation, Transmission) and operation.elements == 0  # no synapse
    if nowhere or isinstance(operation, Call):
        return set()
    names = {n for n, access in operation.accesses.items() if access.array in carried}
    names |= {n for n, keys in operation.constant_keys.items() if set(keys) & carried}
    names |= {n for n in operation.functions if n in carried}
    found = set()
    event = isinstance(operation, Transmission) or operation.kind == "reset"
    by_event = event and can_mask(operation)
    by_event = by_event and (operation.events in carried or getattr(operation, "delay", "") in carried)
    for line in operation.lines():
        flows = by_event and line.op != ":="
        flows = flows or passes(line.expression, names, isinstance(operation, Threshold))
        if not flows:
            continue
        names = names | {line.target}
        if line.op != ":=" and line.target in operation.accesses and line.target != TIME_OF_UPDATE:
            found.add(operation.accesses[line.target].array)
    if isinstance(operation, Threshold) and "_cond" in names:
        found.add(operation.events)
    if isinstance(operation, Sum) and "_synaptic_var" in names:
        found.add(operation.target)
    arrays = program.arrays
    return {
        key for key in found if key not in arrays or arrays[key].dtype.kind == "f" or key in _spaces(program)
    }


def _spaces(program):
    return {o.events for o in program.operations if isinstance(o, Threshold)}


def passes(expression, names, compared):
    """Whether a gradient by one of the names passes through an expression.

    Parameters
    ----------
    expression : str or ast.AST
    names : set of str
    compared : bool
        Whether comparisons have a surrogate derivative (in thresholds).
    """
    node = ast.parse(expression, mode="eval").body if isinstance(expression, str) else expression
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", "")
        if called in STEPWISE:
            return False
        if called in names:  # a timed array that is driven
            return True
        return any(passes(child, names, compared) for child in node.args)
    if isinstance(node, ast.Compare) and not compared:
        return False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        return False
    return any(passes(child, names, compared) for child in ast.iter_child_nodes(node))
