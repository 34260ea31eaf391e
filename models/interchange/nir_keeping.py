"""What a NIR graph has and a Brian2 network has no place for: kept as text beside the network, put back by `to_nir`."""

import json

import numpy as np

from .nir_plan import GraphRefused

ABOUT = "nir"


def kept_text(plan, graph):
    """Names, order, types of numbers, delays and metadata of a graph as JSON.

    Parameters
    ----------
    plan : Plan
    graph : nir.NIRGraph

    Returns
    -------
    str
    """
    names = {id(node): name for name, node in plan.nodes.items()}
    paths = {
        p.name: {
            "nodes": p.nodes,
            "delays": [None if d is None else np.asarray(d.delay).tolist() for d in (p.before, p.after)],
        }
        for p in plan.paths
    }
    return json.dumps(
        {
            "units": {unit.name: names[id(unit.node)] for unit in plan.units},
            "paths": paths,
            "outputs": {name: unit.name for name, unit in plan.outputs},
            "types": {name: _types(node) for name, node in plan.nodes.items()},
            "edges": plan.edges,
            "metadata": _encoded("", _given(graph)),
            "node_metadata": {
                n: _encoded(n, node.metadata) for n, node in plan.nodes.items() if _given(node)
            },
        }
    )


def kept_of(about):
    """The inverse of `kept_text`: of a network's texts by name, None where no graph was read."""
    if ABOUT not in about:
        return None
    kept = json.loads(about[ABOUT])
    for name in ("metadata", "node_metadata"):
        kept[name] = (
            _decoded(kept[name]) if name == "metadata" else {n: _decoded(v) for n, v in kept[name].items()}
        )
    return kept


def _given(node):
    # NIRGraph has the class dict itself where none are given.
    return node.metadata if isinstance(node.metadata, dict) else {}


def _types(node):
    """Types of the arrays of a node, by field."""
    fields = {name: value for name, value in vars(node).items() if isinstance(value, np.ndarray)}
    return {name: str(value.dtype) for name, value in fields.items()}


def _encoded(key, value):
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and np.asarray(value).dtype.kind in "fiub":
        return {"dtype": str(value.dtype), "values": value.tolist()}
    if isinstance(value, dict):
        return {"dict": {str(k): _encoded(k, v) for k, v in value.items()}}
    raise GraphRefused(
        f"from_nir: metadata {key!r}: expected texts, numbers or arrays, got {type(value).__name__}; leave it out"
    )


def _decoded(value):
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {k: _decoded(v) for k, v in value["dict"].items()}
    return np.array(value["values"], dtype=value["dtype"])
