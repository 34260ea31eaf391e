"""Divisions by a mask, in statements whose values reach masked writes only.

``exponential_euler`` divides by the rate at which a variable decays, and with ``(unless refractory)`` that rate holds
the factor ``int(not_refractory)``: Brian2 computes 0/0 for a refractory neuron and then does not write it. The number
is never seen, but a gradient of 0 times infinity would be. Where such a value reaches nothing but writes under the same
mask, it is computed as if the mask were true; what is written is the same to the bit.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from brian2.utils.stringtools import get_identifiers

QUOTIENTS = (ast.Div, ast.FloorDiv, ast.Mod)


def without_masked_quotients(lines):
    """The vector statements of an operation, with no division by a mask that is false.

    Parameters
    ----------
    lines : sequence of Line
        That run together, in their order.

    Returns
    -------
    list of Line
    """
    lines = list(lines)
    for mask in sorted({line.condition for line in lines if line.condition}):
        for k in _only_masked(lines, mask):
            line = lines[k]
            if line.branches is None and _divides_by(line.expression, mask):
                as_if = re.sub(rf"\b{re.escape(mask)}\b", "True", line.expression)
                lines[k] = replace(line, expression=as_if)
    return lines


def _only_masked(lines, mask):
    """Places of the statements, after the mask's last change, whose values reach writes under it and nothing else."""
    first = 1 + max((k for k, line in enumerate(lines) if line.target == mask), default=-1)
    found = {k for k, line in enumerate(lines) if line.condition == mask and k >= first}
    targets = [line.target for line in lines]
    for k in range(len(lines) - 1, first - 1, -1):
        if lines[k].op == ":=" and targets.count(targets[k]) == 1:
            readers = {j for j, line in enumerate(lines) if targets[k] in _names(line)}
            if readers and readers <= found:
                found.add(k)
    return sorted(found)


def _names(line):
    return get_identifiers(" ".join([line.expression, line.condition or "", *(line.branches or ())]))


def _divides_by(expression, name):
    """Whether a divisor in an expression has a name in it."""
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, QUOTIENTS)
        and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.right))
        for node in ast.walk(ast.parse(expression.strip(), mode="eval"))
    )
