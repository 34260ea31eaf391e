"""What the bridge cannot mirror, refused by name before anything is run."""

from __future__ import annotations

import numpy as np
from brian2 import second
from brian2.core.magic import MagicNetwork
from brian2.core.operations import NetworkOperation
from brian2.groups.neurongroup import StateUpdater
from brian2.monitors import EventMonitor, PopulationRateMonitor, SpikeMonitor, StateMonitor
from brian2.spatialneuron.spatialneuron import SpatialNeuron, SpatialStateUpdater
from brian2.utils.stringtools import get_identifiers

from ..models.annotations import annotations
from ..models.errors import UnsupportedModel
from .flow import passes
from .rendering import can_mask
from .statements import NEVER_RUNS

MONITORS = (StateMonitor, SpikeMonitor, EventMonitor, PopulationRateMonitor)


def refuse_network(network):
    """A magic network holds its objects only while it runs; a jitter acts on what `simulate` puts in."""
    if isinstance(network, MagicNetwork):
        raise UnsupportedModel(
            network.name,
            "the magic network, which holds its objects only while it runs",
            "make the network before anything runs: Network(collect())",
            verb="is",
        )
    for jitter in annotations(network).jitter:
        raise UnsupportedModel(
            jitter.group,
            "jitter of its stimulus (InputJitter): random numbers",
            "leave it out, or give the twin a stimulus that is jittered",
        )


def refuse_object(obj, python=False):
    """Objects that run code which no statement describes."""
    if isinstance(obj, NetworkOperation):
        if python:
            return
        raise UnsupportedModel(
            obj.name,
            f"a network_operation{_function_name(obj)}, Python code that no statement describes",
            "express it as equations, a reset or run_regularly; or let it run as it is, without gradients through "
            "it: Twin(net, python=True)",
            verb="is",
        )
    if isinstance(obj, (SpatialNeuron, SpatialStateUpdater)):
        raise UnsupportedModel(
            obj.name, f"compartments ({type(obj).__name__})", "use point neurons", verb="has"
        )
    if isinstance(obj, StateUpdater) and str(obj.method_choice).startswith("gsl"):
        raise UnsupportedModel(
            obj.name,
            f"the integrator {obj.method_choice}",
            "use an explicit one: euler, rk2, rk4, exponential_euler",
        )
    if not isinstance(obj, MONITORS) and not type(obj).run.__module__.startswith("brian2."):
        raise UnsupportedModel(
            obj.name,
            f"of the class {type(obj).__name__}, which has a run() of its own",
            "express it as equations or run_regularly",
            verb="is",
        )


def _function_name(operation):
    """The function's name, in brackets, where the object's is one that Brian2 made up."""
    name = getattr(operation.function, "__name__", "")
    return f" ({name})" if name and operation.name.startswith("networkoperation") else ""


def refuse_shared_arrays(name, lines, accesses):
    """``x = v`` and then ``x += 1``, where v is not written: in Brian2's numpy target x is the array of v itself."""
    same, written = {}, {line.target for line in lines if line.op != ":="}
    for line in lines:
        if line.op not in (":=", "=") or line.condition:
            held = same.get(line.target, set()) - {line.target}
            if any(n in accesses and n not in written and accesses[n].index == "_idx" for n in held):
                raise UnsupportedModel(
                    name,
                    f"an in-place operator on a name of another variable's array ({line})",
                    f"write {line.target} = {line.target} {line.op[0]} ...",
                )
            continue
        for names in same.values():
            names.discard(line.target)
        same[line.target] = {line.target}
        source = line.expression.strip()
        if source.isidentifier() and (source in accesses or source in same):
            group = same.setdefault(source, {source})
            group.add(line.target)
            same[line.target] = group


def refuse_misled_refractoriness(common, arrays, over_all):
    """Brian2 reads and writes a group's ``not_refractory`` by the index of a linked variable "(unless refractory)".

    `create_runner_codeobj` gives the variable that masks a write the index of what it masks, by name: so the group's
    own takes that of the linked one. Where the index fits, the twin does the same.
    """
    accesses = common["accesses"]
    own = accesses.get("not_refractory")
    if own is None or own.index in ("_idx", "0") or arrays[own.array].owner != common["owner"]:
        return
    last = np.max(arrays[accesses[own.index].array].variable.get_value(), initial=-1)
    if last >= arrays[own.array].size or (over_all and common["mode"] == "one by one"):
        raise UnsupportedModel(
            common["name"],
            f"{own.array} through {own.index}, the index of a variable that is linked and '(unless refractory)' "
            f"(Brian2 does that to a group with refractoriness of its own, and {NEVER_RUNS})",
            "link to a copy, in the group that is linked to: 'copy : 1' and run_regularly('copy = v', "
            "when='before_groups')",
        )


def refuse_dead_ends(program, key):
    """A trained quantity that no gradient can reach: only compared, rounded or used as a duration."""
    for operation in program.operations:
        names = {n for n, access in operation.accesses.items() if access.array == key}
        names |= {n for n, keys in operation.constant_keys.items() if key in keys}
        for line in operation.lines():
            if not names & set(get_identifiers(line.expression)):
                continue
            compared = operation.kind == "threshold"
            if passes(line.expression, names, compared):
                if line.op != ":=" or line.target in ("_cond", "_synaptic_var"):
                    return
                names = names | {line.target}
    raise UnsupportedModel(
        key.rpartition(".")[0],
        f"no statement through which a gradient reaches {key.rpartition('.')[2]}, which is to be trained",
        "leave it out of trainable: it is only compared, rounded or a duration",
        verb="has",
    )


def refuse_fixed_delay(program, key):
    """A delay is trained through the spikes at every synapse, which the pathway's statements must allow."""
    operation = next(o for o in program.operations if getattr(o, "delay", None) == key)
    if not can_mask(operation):
        raise UnsupportedModel(
            operation.name,
            "a delay, which is to be trained, for statements that run for one event after the other",
            "add to a variable of its own (+=) and use that in the equations, or leave the delay out of trainable",
        )


def refuse_mixed_types(program):
    """Tensors have one floating-point type; times of events are kept as they are."""
    for array in program.arrays.values():
        other = array.dtype.kind == "f" and array.dtype != program.dtype
        if other and array.dimension is not second.dim:
            raise UnsupportedModel(
                array.owner,
                f"{array.name} of type {array.dtype} in a network of {program.dtype}, with gradients",
                "use one type for all groups, or run the twin without gradients: torch.no_grad()",
            )
