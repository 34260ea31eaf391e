"""What the bridge cannot mirror, refused by name before anything is run."""

from __future__ import annotations

import ast

from brian2 import PoissonInput
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.magic import MagicNetwork
from brian2.core.operations import NetworkOperation
from brian2.groups.neurongroup import StateUpdater
from brian2.input.timedarray import TimedArray
from brian2.monitors import EventMonitor, PopulationRateMonitor, SpikeMonitor, StateMonitor
from brian2.spatialneuron.spatialneuron import SpatialNeuron, SpatialStateUpdater
from brian2.utils.stringtools import get_identifiers

from ..models.annotations import annotations
from ..models.errors import UnsupportedModel

MONITORS = (StateMonitor, SpikeMonitor, EventMonitor, PopulationRateMonitor)
RANDOM = {"rand", "randn", "poisson", "binomial"}


def refuse_network(network):
    """A magic network holds its objects only while it runs; a jitter acts on what `simulate` puts in."""
    if isinstance(network, MagicNetwork):
        raise UnsupportedModel(network.name, "the magic network", "give the objects: Network(collect())")
    for jitter in annotations(network).jitter:
        raise UnsupportedModel(
            jitter.group,
            "jitter of its stimulus (InputJitter): random numbers",
            "leave it out, or give the twin a stimulus that is jittered",
        )


def refuse_object(obj):
    """Objects that run code which no statement describes."""
    if isinstance(obj, NetworkOperation):
        raise UnsupportedModel(
            obj.name,
            "network_operation: opaque Python code",
            "express it as equations, a reset or run_regularly",
        )
    if isinstance(obj, (SpatialNeuron, SpatialStateUpdater, PoissonInput)):
        raise UnsupportedModel(obj.name, type(obj).__name__, "use point neurons and an explicit spike source")
    if isinstance(obj, StateUpdater) and str(obj.method_choice).startswith("gsl"):
        raise UnsupportedModel(
            obj.name,
            f"the integrator {obj.method_choice}",
            "use an explicit one: euler, rk2, rk4, exponential_euler",
        )
    if not isinstance(obj, MONITORS) and not type(obj).run.__module__.startswith("brian2."):
        raise UnsupportedModel(
            obj.name,
            f"{type(obj).__name__}, which has a run() of its own",
            "express it as equations or run_regularly",
        )


def refuse_function(obj, name, function):
    """Random numbers and functions of the user."""
    if name in RANDOM or (function is DEFAULT_FUNCTIONS.get(name) and not function.stateless):
        raise UnsupportedModel(
            obj.name,
            f"random numbers ({name}())",
            "replace the noise by an input: randomness is not mirrored yet",
        )
    if isinstance(function, TimedArray) or function is DEFAULT_FUNCTIONS.get(name):
        return
    raise UnsupportedModel(
        obj.name, f"the user's function {name}()", "write it as an expression in the equations"
    )


def refuse_type(owner, name, dtype):
    """Brian2's values are mirrored in its default type."""
    if dtype.kind == "f" and dtype.itemsize != 8:
        raise UnsupportedModel(owner, f"{name} of type {dtype}", "use Brian2's default, float64")


def refuse_aliases(name, lines, accesses):
    """``x = v`` and then ``v -= 1``: in Brian2's numpy target x is the same array and changes with v."""
    same = {}
    for line in lines:
        if line.op in (":=", "="):
            for names in same.values():
                names.discard(line.target)
            source = line.expression.strip()
            if source.isidentifier() and not line.condition and (source in accesses or source in same):
                names = same.setdefault(source, {source})
                names.add(line.target)
                same[line.target] = names
            else:
                same[line.target] = {line.target}
        elif len(same.get(line.target, ())) > 1:
            raise UnsupportedModel(
                name,
                f"an in-place operator on a variable that shares its array ({line})",
                f"write {line.target} = {line.target} {line.op[0]} ...",
            )


def refuse_plasticity(name, lines, accesses):
    """Synaptic statements that do more than add to the variables of neurons."""
    for line in lines:
        access = accesses.get(line.target)
        if line.op == ":=":
            continue
        if access is None or access.index in ("_idx", "0"):
            raise UnsupportedModel(
                name,
                f"a synaptic variable that changes ({line})",
                "keep synaptic variables constant: plasticity is not mirrored yet",
            )
        if line.op not in ("+=", "-="):
            raise UnsupportedModel(name, f"an assignment at a spike ({line})", "add to the variable: +=")
    added = {accesses[line.target].array for line in lines if line.op != ":="}
    for line in lines:
        for identifier in get_identifiers(line.expression):
            if identifier in accesses and accesses[identifier].array in added:
                raise UnsupportedModel(
                    name,
                    f"a statement that reads the variable that the pathway adds to ({line})",
                    "add to a variable of its own, and use that in the equations",
                )


STEPWISE = {"floor", "ceil", "sign", "int", "timestep"}


def refuse_dead_ends(program, key):
    """A trained quantity that no gradient can reach: only compared, rounded or used as a duration."""
    for operation in program.operations:
        names = {n for n, access in operation.accesses.items() if access.array == key}
        names |= {n for n, keys in operation.constant_keys.items() if key in keys}
        for line in operation.lines():
            if not names & set(get_identifiers(line.expression)):
                continue
            compared = operation.kind == "threshold"
            if _passes(ast.parse(line.expression, mode="eval").body, names, compared):
                if line.op != ":=" or line.target in ("_cond", "_synaptic_var"):
                    return
                names = names | {line.target}
    raise UnsupportedModel(
        key.rpartition(".")[0],
        f"training {key.rpartition('.')[2]}, which no statement reads with a gradient",
        "leave it out of trainable: it is only compared, rounded or a duration",
    )


def _passes(node, names, compared):
    """Whether a gradient by one of the names passes through an expression."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in STEPWISE:
        return False
    if isinstance(node, ast.Compare) and not compared:
        return False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        return False
    return any(_passes(child, names, compared) for child in ast.iter_child_nodes(node))
