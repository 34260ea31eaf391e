"""What a NIR graph has and a Brian2 network has no place for: kept as text beside the network, put back by `to_nir`."""

import json

import numpy as np

from ..errors import FileRefused
from .nir_plan import GraphRefused

ABOUT = "nir"
FORMAT = 1


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
            "format": FORMAT,
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
    """The inverse of `kept_text`: of a network's texts by name, None where no graph was read.

    Raises
    ------
    FileRefused
        The text is damaged, or of a newer format.
    """
    if ABOUT not in about:
        return None
    where, remedy = f"to_nir: about[{ABOUT!r}]", "make the network anew by from_nir"
    try:
        kept = json.loads(about[ABOUT])
    except ValueError as error:
        raise FileRefused(f"{where}: expected the JSON that from_nir wrote, got {error}; {remedy}") from error
    if not isinstance(kept, dict):
        raise FileRefused(
            f"{where}: expected the JSON that from_nir wrote, got {type(kept).__name__}; {remedy}"
        )
    number = kept.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise FileRefused(
            f"{where} has the format {number}, expected {FORMAT}: install a newer chronaxie, or {remedy}"
        )
    read = {}
    for name, reader in _READERS.items():
        try:
            read[name] = reader(kept[name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileRefused(f"{where}: {name!r} is damaged ({error!r}); {remedy}") from error
    return read


def _text(value):
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {value!r}")
    return value


def _texts(value):
    return {name: _text(text) for name, text in value.items()}


def _format(value):
    if value != FORMAT:
        raise ValueError(f"expected {FORMAT}, got {value!r}")
    return value


def _paths(value):
    read = {}
    for name, path in value.items():
        before, weight, after = (None if node is None else _text(node) for node in path["nodes"])
        first, last = (None if d is None else np.array(d, dtype=float).tolist() for d in path["delays"])
        read[name] = {"nodes": [before, weight, after], "delays": [first, last]}
    return read


def _array_types(value):
    return {
        name: {field: str(np.dtype(_text(t))) for field, t in types.items()} for name, types in value.items()
    }


def _edges(value):
    return [(_text(a), _text(b)) for a, b in value]


def _metadata(value):
    return {name: _decoded(v) for name, v in value["dict"].items()}


_READERS = {
    "format": _format,
    "units": _texts,
    "paths": _paths,
    "outputs": _texts,
    "types": _array_types,
    "edges": _edges,
    "metadata": _metadata,
    "node_metadata": lambda value: {name: _metadata(v) for name, v in value.items()},
}


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
