"""A NIR graph as units (inputs, neurons) and the paths between them; what cannot be read is refused by its node."""

import keyword
import re
from dataclasses import dataclass

import numpy as np

from ..errors import UnsupportedModel
from ..extras import require
from .nir_neurons import KINDS

WEIGHTS = ("Affine", "Linear", "Scale")
TRANSFORMS = (*WEIGHTS, "Delay")
_REMEDIES = {
    "Conv1d": "write the convolution out as a Linear of its matrix",
    "Conv2d": "write the convolution out as a Linear of its matrix",
    "AvgPool2d": "write it out as a Linear of its matrix",
    "SumPool2d": "write it out as a Linear of its matrix",
    "Flatten": "give the input as a vector",
    "Threshold": "use an IF or LIF, whose state has an equation",
}


class GraphRefused(ValueError):
    """A NIR graph is not whole: where, what was expected, what came, what to do."""


@dataclass(frozen=True, eq=False)
class Unit:
    """An input or a population of neurons.

    Parameters
    ----------
    name : str
        Identifier, Brian2's name.
    node : nir.NIRNode
    size : int
    """

    name: str
    node: object
    size: int

    @property
    def kind(self):
        """Class of the node, as text."""
        return type(self.node).__name__


@dataclass(frozen=True, eq=False)
class Path:
    """What lies between two units: a delay, a weight, a delay; None where there is none.

    Parameters
    ----------
    name : str
        Identifier, name of the Brian2 synapses.
    source, target : Unit
    before, weight, after : nir.NIRNode or None
    nodes : tuple of (str or None)
        Their names in the graph.
    """

    name: str
    source: Unit
    target: Unit
    before: object
    weight: object
    after: object
    nodes: tuple[str | None, str | None, str | None]


@dataclass(frozen=True, eq=False)
class Plan:
    """A graph: its units and paths in its own order.

    Parameters
    ----------
    units : tuple of Unit
    paths : tuple of Path
    outputs : tuple of (str, Unit)
        Names of Output nodes with the unit that each shows.
    nodes : dict of str to nir.NIRNode
        In order.
    edges : tuple of (str, str)
    """

    units: tuple[Unit, ...]
    paths: tuple[Path, ...]
    outputs: tuple[tuple[str, Unit], ...]
    nodes: dict[str, object]
    edges: tuple[tuple[str, str], ...]


def plan_of(graph):
    """Read a graph.

    Parameters
    ----------
    graph : nir.NIRGraph
        Subgraphs in it are taken apart: their nodes get the subgraph's name in front, ``rnn.lif``.

    Returns
    -------
    Plan

    Raises
    ------
    TypeError
        `graph` is no NIRGraph.
    GraphRefused
        Nodes that nothing leads to, edges without end, shapes that do not fit.
    UnsupportedModel
        A node or a chain of nodes that has no Brian2 counterpart here.
    """
    nodes, edges = taken_apart(graph)
    after, before = ({name: [] for name in nodes} for _ in range(2))
    for a, b in edges:
        after[a].append(b)
        before[b].append(a)
    taken = set()
    units = {
        name: Unit(_identifier(name, taken), node, _size(name, node))
        for name, node in nodes.items()
        if type(node).__name__ in ("Input", *KINDS)
    }
    for name, node in nodes.items():
        kind = type(node).__name__
        if name in units or kind == "Output":
            continue
        if kind not in TRANSFORMS:
            raise UnsupportedModel(
                name, f"a NIR {kind}", _REMEDIES.get(kind, "leave it out, or write its equations"), verb="is"
            )
        for side, others in (("into", before[name]), ("out of", after[name])):
            if len(others) != 1:
                raise UnsupportedModel(
                    name,
                    f"{len(others)} edges {side} a NIR {kind}",
                    "give each connection a node of its own",
                    verb="has",
                )
    paths, outputs = [], []
    for name, unit in units.items():
        for first in after[name]:
            chain, last = _chain(nodes, after, first)
            if type(nodes[last]).__name__ == "Output":
                if chain or unit.kind == "Input":
                    raise UnsupportedModel(
                        last,
                        f"what comes out of '{chain[-1] if chain else name}', which is no neuron",
                        "put an LI in between: its state is what is read",
                        verb="shows",
                    )
                outputs.append((last, unit))
            elif units[last].kind == "Input":
                raise GraphRefused(f"from_nir: an edge leads into the input {last!r}; leave it out")
            else:
                paths.append(_path(nodes, unit, units[last], chain, taken))
    twice = {name for name, _ in outputs if [n for n, _ in outputs].count(name) > 1}
    if twice:
        raise UnsupportedModel(min(twice), "several edges into an Output", "give each its own", verb="has")
    return Plan(tuple(units.values()), tuple(paths), tuple(outputs), nodes, tuple(edges))


def taken_apart(graph):
    """Nodes and edges of a graph, those of its subgraphs among them, in order.

    Returns
    -------
    nodes : dict of str to nir.NIRNode
    edges : list of (str, str)
        Each once.
    """
    nir = require("nir")
    if not isinstance(graph, nir.NIRGraph):
        raise TypeError(f"from_nir: expected a nir.NIRGraph, got {type(graph).__name__}; see nir.read(path)")
    nodes, edges, through = {}, [], []
    for name, node in graph.nodes.items():
        if not isinstance(node, nir.NIRGraph):
            nodes[name] = node
            continue
        inner, between = taken_apart(node)
        within = {n: n if n.startswith(f"{name}.") else f"{name}.{n}" for n in inner}
        nodes |= {within[n]: inner[n] for n in inner}
        edges += [(within[a], within[b]) for a, b in between]
        ends = {"Input": [], "Output": []}
        for n, node in inner.items():
            ends.get(type(node).__name__, []).append(within[n])
        if len(ends["Input"]) != 1 or len(ends["Output"]) != 1:
            raise UnsupportedModel(
                name, "a subgraph with several inputs or outputs", "write its nodes into the graph", verb="is"
            )
        through.append((name, ends["Input"][0], ends["Output"][0]))
    ends_in, ends_out = ({name: end[k] for name, *end in through} for k in (0, 1))
    edges += [(ends_out.get(a, a), ends_in.get(b, b)) for a, b in graph.edges]
    for a, b in edges:
        for end in (a, b):
            if end not in nodes:
                raise GraphRefused(
                    f"from_nir: the edge {a!r} to {b!r}: there is no node {end!r}; the graph has {', '.join(nodes)}"
                )
    for passed in [end for _, *both in through for end in both]:
        into = [a for a, b in edges if b == passed]
        out = [b for a, b in edges if a == passed]
        edges = [e for e in edges if passed not in e] + [(a, b) for a in into for b in out]
        del nodes[passed]
    return nodes, list(dict.fromkeys(map(tuple, edges)))


def _chain(nodes, after, name):
    """Names of the transforms from `name` on, and of the unit or output behind them."""
    chain = []
    while type(nodes[name]).__name__ in TRANSFORMS:
        if name in chain:
            raise GraphRefused(f"from_nir: {' to '.join(chain)} is a circle without a neuron; leave it out")
        chain.append(name)
        (name,) = after[name]
    return chain, name


def _path(nodes, source, target, chain, taken):
    kinds = [type(nodes[name]).__name__ for name in chain]
    weights = [k for k, kind in enumerate(kinds) if kind in WEIGHTS]
    where = weights[0] if weights else len(kinds)
    if len(weights) > 1 or where > 1 or len(kinds) - where > 2:
        raise UnsupportedModel(
            chain[0],
            f"a chain of {', '.join(kinds)}",
            "a connection is at most Delay, one of Affine, Linear and Scale, Delay: multiply matrices, add delays",
            verb="begins",
        )
    before = chain[0] if where == 1 else None
    weight = chain[where] if weights else None
    after = chain[-1] if len(kinds) - where == 2 else None
    slots = (before, weight, after)
    if after is not None and type(nodes[weight]).__name__ == "Affine":
        raise UnsupportedModel(
            after,
            "a Delay after an Affine, whose bias would come late too",
            "put the Delay before it",
            verb="is",
        )
    found = [None if name is None else nodes[name] for name in slots]
    _check_sizes(source, target, found, slots)
    if source.kind in ("LI", "CubaLI", "I") and (before or after):
        raise UnsupportedModel(
            before or after, f"a Delay of the state of '{source.name}'", "delay spikes", verb="is"
        )
    wanted = weight or f"{source.name}_{target.name}"
    return Path(_identifier(wanted, taken), source, target, *found, slots)


def _check_sizes(source, target, found, names):
    size = source.size
    for node, name in zip(found, names, strict=True):
        if node is None:
            continue
        kind = type(node).__name__
        array = {"Delay": "delay", "Scale": "scale"}.get(kind, "weight")
        values = np.asarray(getattr(node, array))
        if not np.isfinite(values).all() or (kind == "Delay" and (values < 0).any()):
            raise GraphRefused(f"from_nir: {name}.{array}: expected finite numbers, delays >= 0 (s)")
        expected = 2 if array == "weight" else 1
        if values.ndim != expected or values.shape[-1] != size:
            raise GraphRefused(
                f"from_nir: {name}.{array}: expected {expected} dimensions, the last of {size} as '{source.name}' has, "
                f"got the shape {values.shape}"
            )
        if kind == "Affine" and np.shape(node.bias) != values.shape[:1]:
            raise GraphRefused(
                f"from_nir: {name}.bias: expected the shape {values.shape[:1]}, got {np.shape(node.bias)}"
            )
        size = values.shape[0]
    if size != target.size:
        raise GraphRefused(f"from_nir: {size} values lead into '{target.name}', which has {target.size}")


def _size(name, node):
    """Number of channels or neurons of a node, which is a vector."""
    kind = type(node).__name__
    if kind == "Input":
        shape = tuple(int(n) for n in np.ravel(node.input_type["input"]))
    else:
        shape = np.shape(node.r)
    if len(shape) != 1 or shape[0] < 1:
        raise UnsupportedModel(
            name, f"the shape {shape}", "give every neuron a number: shape (neuron,)", verb="has"
        )
    if kind != "Input":
        for field, _ in KINDS[kind].units:
            values = np.asarray(getattr(node, field))
            if values.shape != shape or not np.isfinite(values).all():
                raise GraphRefused(
                    f"from_nir: {name}.{field}: expected {shape[0]} finite numbers, got the shape {values.shape}"
                )
            if field.startswith("tau") and not (values > 0).all():
                raise GraphRefused(f"from_nir: {name}.{field}: expected times > 0 (s), got {values.min()}")
    return shape[0]


def _identifier(name, taken):
    """A Brian2 name for a node's, unlike all that are taken."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    text = text if re.match(r"[A-Za-z]", text) and not keyword.iskeyword(text) else f"n_{text}"
    text, k = re.sub(r"__+", "_", text).strip("_"), 2
    if re.search(r"(^|_)(pre|post)$", text):
        # Brian2 keeps these endings of variables, as bias_<node> is, for the two sides of a synapse.
        text = f"{text}_node"
    found = text
    while found in taken:
        found, k = f"{text}_{k}", k + 1
    taken.add(found)
    return found
