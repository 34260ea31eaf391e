"""A program in words: one step in order, what each line reads and writes, where gradients flow and where they stop."""

from __future__ import annotations

import ast

from brian2.utils.stringtools import get_identifiers

from .flow import STEPWISE
from .program import Call, Reset, SpikeSource, Threshold, Transmission, is_random
from .rendering import can_mask

MARGIN = " " * 20


def explain(program):
    """The text of ``print(program)``.

    Parameters
    ----------
    program : Program

    Returns
    -------
    str
        Beneath each line of an operation the reasons why a gradient stops there, if it does.
    """
    lines = [f"one step of {program.dt * 1e3:g} ms, slots: {', '.join(program.schedule)}"]
    steps = {c.key: f"  every {c.dt * 1e3:g} ms" for c in program.clocks[1:]}
    for operation in program.operations:
        every = steps.get(operation.clock, "")
        lines.append(f"{operation.slot:>20}  {operation.kind} {operation.name}{every}")
        for line in operation.lines():
            lines.append(f"{MARGIN}      {line}")
            lines += [
                f"{MARGIN}        gradient stops: {why}" for why in stops_of_line(program, operation, line)
            ]
        lines += [f"{MARGIN}    gradient: {how}" for how in flows(operation)]
        lines += [f"{MARGIN}    gradient stops: {why}" for why in stops(operation)]
        read, written = _reads(operation), sorted(operation.written())
        if read:
            lines.append(f"{MARGIN}    reads {', '.join(read)}")
        if written:
            lines.append(f"{MARGIN}    writes {', '.join(written)}")
    return "\n".join(lines)


def _reads(operation):
    """Keys of the arrays that the statements read."""
    named = set()
    for line in operation.lines():
        named |= set(get_identifiers(f"{line.expression} {line.condition or ''}"))
        if line.op not in ("=", ":="):
            named.add(line.target)
    indices = {access.index for access in operation.accesses.values()}
    return sorted({a.array for n, a in operation.accesses.items() if n in named and n not in indices})


def flows(operation):
    """How gradients pass through an operation where that is not plain differentiation."""
    found = []
    if isinstance(operation, Threshold):
        found.append("a surrogate derivative at each comparison")
    if isinstance(operation, Reset) and can_mask(operation):
        found.append("old + spike*(new - old)")
    if isinstance(operation, Transmission) and can_mask(operation):
        found.append("through the spikes that arrive, and through the values at every synapse")
    return found


def stops(operation):
    """Why gradients stop at an operation as a whole."""
    found = []
    if isinstance(operation, Call):
        found.append("Python code of the user: what it changes has no derivative")
    if isinstance(operation, SpikeSource):
        found.append("the times of these spikes are given")
    if isinstance(operation, Threshold) and operation.refractory:
        found.append("refractoriness: when it begins and ends has no derivative")
    if isinstance(operation, (Transmission, Reset)) and not can_mask(operation):
        if operation.mode == "one by one":
            why = "the statements read what they add to, so they run for one event after the other"
        else:
            why = "a value is assigned or multiplied through an index that can repeat"
        found.append(f"the spikes' own derivative; {why}. Gradients through the values pass")
    return found


def stops_of_line(program, operation, line):
    """Why gradients stop at one line."""
    found = []
    access = operation.accesses.get(line.target)
    if line.op != ":=" and access is not None:
        array = program.arrays[access.array]
        if array.dtype.kind == "b":
            found.append(f"{access.array} is a truth value")
        elif array.dtype.kind in "iu":
            found.append(f"{access.array} is an integer")
        elif line.target == "lastupdate":
            found.append(f"{access.array} is the time of an event")
    compared = isinstance(operation, Threshold)
    for node in ast.walk(ast.parse(line.expression, mode="eval")):
        name = getattr(getattr(node, "func", None), "id", None)
        if name in STEPWISE and not is_random(operation.functions.get(name)):
            found.append(f"{name}() is a step function")
        elif name is not None and is_random(operation.functions.get(name)):
            found += _random(operation, name)
        elif isinstance(node, ast.Compare) and not compared and not line.boolean:
            found.append(f"{ast.unparse(node)} is a truth value")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            found.append("// is a step function")
    if line.boolean and not compared and not any("truth value" in why for why in found):
        found.append(f"{line.target} is a truth value")
    return list(dict.fromkeys(found))


def _random(operation, name):
    """Random numbers are drawn and then are as given; whole numbers have no derivative by their rate."""
    if name in ("rand", "randn"):
        return []
    return [f"{name}() draws random numbers, without a derivative by what they are drawn from"]
