"""From the description of a Brian2 network to a NIR graph; what NIR cannot say is refused by name."""

import re
from dataclasses import dataclass

import numpy as np
import sympy
from brian2.parsing.sympytools import str_to_sympy

from ..annotations import SPIKES
from ..description import NeuronGroupDescription, PoissonGroupDescription, SpikeGeneratorDescription
from ..errors import UnsupportedModel
from ..extras import require
from ..times import ROUNDING
from .nir_algebra import Values, expressions_of, in_target, neuron_of, reduced, refuse, symbol
from .nir_keeping import kept_of
from .nir_neurons import KINDS
from .nir_order import recurrent_paths

DT = "chronaxie_dt"
_BIAS = "bias_"


@dataclass(frozen=True, eq=False)
class Connection:
    """Synapses as NIR says them.

    Parameters
    ----------
    name, source, target : str
        Of Brian2's objects.
    weight : ndarray or None
        Shape (post, pre), or (neuron,) of one-to-one synapses with a variable ``scale``; None for an edge alone.
    bias : ndarray or None
    delay : ndarray or None
        Physical delays (s), by synapse or one.
    pre, post : ndarray of int
    sizes : tuple of int
        Of source and target.
    """

    name: str
    source: str
    target: str
    weight: np.ndarray | None
    bias: np.ndarray | None
    delay: np.ndarray | None
    pre: np.ndarray
    post: np.ndarray
    sizes: tuple[int, int]


def graph_of(description):
    """Make the graph of a network; see `to_nir`."""
    nir = require("nir")
    notes = description.annotations
    step = description.dt if notes.dt_ref is None else float(notes.dt_ref)
    if description.poisson_inputs:
        raise refuse(description.poisson_inputs[0].name, "a PoissonInput", "is")
    if notes.jitter:
        raise refuse(notes.jitter[0].group, "jitter of its input", "has")
    names = {s.name for s in description.synapses}
    inputs, neurons = {}, {}
    for group in description.groups:
        if _is_input(group):
            inputs[group.name] = group
            continue
        summed = {e.name for s in description.synapses if s.target == group.name for e in _sums(s)}
        biases = {e.name for e in group.equations if e.name.removeprefix(_BIAS) in names and _BIAS in e.name}
        neurons[group.name] = neuron_of(group, {n.removesuffix("_post") for n in summed}, biases, step)
    groups = {g.name: g for g in description.groups}
    found = [_connection(s, groups, inputs, neurons, step) for s in description.synapses]
    delays = _delays(description, found, inputs, neurons, kept_of(notes.about), step)
    return _Writer(nir, description, step, inputs, neurons).graph(found, delays)


class _Writer:
    def __init__(self, nir, description, step, inputs, neurons):
        self.nir, self.description, self.step = nir, description, step
        self.inputs, self.neurons = inputs, neurons
        self.kept = kept_of(description.annotations.about) or {
            "units": {},
            "paths": {},
            "outputs": {},
            "types": {},
            "edges": [],
            "metadata": {},
            "node_metadata": {},
        }
        self.nodes, self.edges = {}, []

    def graph(self, connections, delays):
        """All nodes and edges, in the order of the graph that was read where there was one."""
        units = self.kept["units"]
        for name, group in self.inputs.items():
            self.add(units.get(name, name), self.nir.Input({"input": np.array([group.size])}))
        for name, neuron in self.neurons.items():
            self.add(
                units.get(name, name),
                getattr(self.nir, neuron.kind)(**self.fields(units.get(name, name), neuron.fields)),
            )
        for connection, delay in zip(connections, delays, strict=True):
            self.connect(connection, delay)
        for name, unit in self.outputs().items():
            group = self.description.group(unit)
            self.add(name, self.nir.Output({"output": np.array([group.size])}))
            self.edges.append((units.get(unit, unit), name))
        order = [name for name in self.kept["types"] if name in self.nodes]
        nodes = {name: self.nodes[name] for name in [*order, *(n for n in self.nodes if n not in order)]}
        known = [tuple(edge) for edge in self.kept["edges"]]
        edges = [e for e in known if e in self.edges] + [e for e in self.edges if e not in known]
        for name, metadata in self.kept["node_metadata"].items():
            if name in nodes:
                nodes[name].metadata = metadata
        metadata = self.kept["metadata"] | {DT: self.step}
        return self.nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata)

    def add(self, name, node):
        """One node; its name must be free."""
        if name in self.nodes:
            raise ValueError(f"to_nir: two nodes would be named {name!r}; rename one of the Brian2 objects")
        self.nodes[name] = node

    def fields(self, name, fields):
        """Arrays in the type that they had in the graph that was read, where it holds them to the bit."""
        types = self.kept["types"].get(name, {})
        found = {}
        for field, values in fields.items():
            narrow = np.asarray(values).astype(types.get(field, np.float64))
            found[field] = narrow if np.array_equal(narrow.astype(float), values) else values
        return found

    def outputs(self):
        """Brian2 group by name of the Output node."""
        known = {n: u for n, u in self.kept["outputs"].items() if u in self.neurons}
        readout = self.description.annotations.readout
        if readout is not None:
            self.check_readout(readout)
            if readout.group not in known.values():
                # Annotated after the graph was read.
                return {next(iter(known)) if len(known) == 1 else self.free("output"): readout.group}
        if known:
            return known
        last = [
            n
            for n in self.neurons
            if n not in {s.source for s in self.description.synapses if s.source != s.target}
        ]
        return {self.free(f"output_{n}" if len(last) > 1 else "output"): n for n in last}

    def check_readout(self, readout):
        """Refuse to read what NIR's Output of the group does not show."""
        own = self.neurons.get(readout.group)
        if own is None:
            raise refuse(readout.group, "a readout, and is no population of neurons", "has")
        shown = SPIKES if KINDS[own.kind].spikes else own.state
        if readout.variable != shown:
            what = "spikes" if shown == SPIKES else f"{shown!r}"
            raise UnsupportedModel(
                readout.group,
                f"a readout of {readout.variable!r}; the Output of a {own.kind} in NIR is its {what}",
                f"annotate(net, readout=Readout({readout.group!r}, {shown!r})), or read another population",
                verb="has",
            )

    def free(self, name):
        """A name that no node has."""
        return f"{name}_node" if name in self.nodes else name

    def connect(self, c, delay):
        """A connection as its nodes and edges."""
        kept = self.kept["paths"].get(c.name, {"nodes": [None] * 3, "delays": [None] * 2})
        before, after = _sides(c, delay, kept["delays"])
        names, nodes = kept["nodes"], [None] * 3
        names = [n or f"{c.name}{end}" for n, end in zip(names, ("_delay", "", "_delay"), strict=True)]
        if before is not None:
            nodes[0] = self.nir.Delay(**self.fields(names[0], {"delay": before}))
        if c.weight is not None:
            name = names[1]
            if c.weight.ndim == 1:
                nodes[1] = self.nir.Scale(**self.fields(name, {"scale": c.weight}))
            elif c.bias is None:
                nodes[1] = self.nir.Linear(**self.fields(name, {"weight": c.weight}))
            else:
                nodes[1] = self.nir.Affine(**self.fields(name, {"weight": c.weight, "bias": c.bias}))
        if after is not None:
            nodes[2] = self.nir.Delay(**self.fields(names[2], {"delay": after}))
        units = self.kept["units"]
        way = [units.get(c.source, c.source)]
        for name, node in zip(names, nodes, strict=True):
            if node is not None:
                self.add(name, node)
                way.append(name)
        way.append(units.get(c.target, c.target))
        self.edges += list(zip(way, way[1:], strict=False))


def _is_input(group):
    if isinstance(group, (SpikeGeneratorDescription, PoissonGroupDescription)):
        return True
    # As srnn(input="current") has it: what comes from a TimedArray, neuron by neuron.
    kinds = [e.type for e in group.equations]
    (first,) = group.equations if len(kinds) == 1 else (None,)
    return (
        isinstance(group, NeuronGroupDescription)
        and kinds == ["subexpression"]
        and group.threshold is None
        and re.fullmatch(r"\s*\w+\(\s*t\s*,\s*i\s*\)\s*", first.expression) is not None
    )


def _sums(synapses):
    return [e for e in synapses.equations if "summed" in e.flags]


def _connection(s, groups, inputs, neurons, step):
    for feature, found in (
        ("linked variables", s.links),
        ("run_regularly", s.regular),
        ("a step of its own", s.dt is not None),
        ("synapses as an end", s.source not in groups or s.target not in groups),
        ("plasticity", any(e.type == "differential equation" for e in s.equations)),
    ):
        if found:
            raise refuse(s.name, feature, "has")
    if s.target not in neurons:
        raise refuse(s.name, f"'{s.target}', which is an input, as target", "has")
    ways = len(s.pathways) + len(_sums(s))
    if ways != 1:
        raise refuse(s.name, f"{ways} ways to act on '{s.target}'; NIR's connections have one", "has")
    target, neuron = groups[s.target], neurons[s.target]
    values = Values(s, step)
    weights = _sum(s, groups, inputs, neurons) if _sums(s) else _jump(s, target, neuron)
    at_target = Values(target, step)
    more = {
        f"{name}_post": np.broadcast_to(value, target.size)[s.post]
        for name, value in at_target.known.items()
        if np.ndim(value) and len(value) in (1, target.size)
    }
    each = np.broadcast_to(values.of(weights, more), len(s.pre)).astype(float)
    bias = neuron.drive.get(f"{_BIAS}{s.name}")
    if bias is not None:
        bias = np.broadcast_to(at_target.of(reduced(bias * symbol(f"{_BIAS}{s.name}"))), target.size)
    size = groups[s.source].size
    one_to_one = size == target.size == len(s.pre) and (s.pre == s.post).all() and len(set(s.pre)) == size
    own = [e.name for e in s.equations if e.type == "parameter"]
    if one_to_one and bias is None and (own == ["scale"] or (not own and (each == 1).all())):
        weight = each[np.argsort(s.pre)] if own else None
    else:
        weight = np.zeros((target.size, size))
        np.add.at(weight, (s.post, s.pre), each)
    delay = None if _sums(s) else np.asarray(s.pathways[0].delay)
    return Connection(s.name, s.source, s.target, weight, bias, delay, s.pre, s.post, (size, target.size))


def _jump(s, target, neuron):
    """NIR's weight of a pathway, in the words of the synapses."""
    (pathway,) = s.pathways
    if pathway.prepost != "pre" or pathway.event != "spike":
        raise refuse(
            s.name, f"the pathway '{pathway.name}' of {pathway.prepost}synaptic {pathway.event}s", "has"
        )
    found = re.fullmatch(r"\s*(\w+)_post\s*\+=\s*(.+?)\s*", pathway.code)
    if not found or found[1] != neuron.entry:
        raise refuse(
            s.name,
            f"the statement {pathway.code!r}; a spike in NIR adds to '{neuron.entry}', nothing else",
            "has",
        )
    jump = str_to_sympy(found[2])
    own = {symbol(f"{name}_post"): e for name, e in expressions_of(target).items()}
    for _ in own:
        jump = jump.xreplace({s_: in_target(e, target) for s_, e in own.items() if s_ in jump.free_symbols})
    states = {f"{e.name}_post" for e in target.equations if e.type == "differential equation"}
    moving = sorted({x.name for x in jump.free_symbols} & states) + sorted(
        x.name for x in jump.free_symbols if x.name.endswith("_pre")
    )
    if moving:
        raise refuse(s.name, f"the statement {pathway.code!r}, which depends on '{moving[0]}'", "has")
    return reduced(jump / in_target(neuron.per_input, target))


def _sum(s, groups, inputs, neurons):
    """NIR's weight of a summed variable."""
    (summed,) = _sums(s)
    name = summed.name.removesuffix("_post")
    neuron = neurons[s.target]
    source = neurons.get(s.source)
    if source is not None and source.kind in ("LIF", "CubaLIF", "IF"):
        raise refuse(s.name, f"the state of '{s.source}', which spikes; NIR passes on its spikes")
    if s.source in inputs and not isinstance(groups[s.source], NeuronGroupDescription):
        raise refuse(s.name, f"a sum over '{s.source}', which emits spikes")
    read = groups[s.source].equations[0].name if source is None else source.state
    expression = sympy.expand(str_to_sympy(summed.expression))
    x = symbol(f"{read}_pre")
    weight = reduced(expression.diff(x))
    rest = reduced(expression - weight * x)
    if rest != 0 or x in weight.free_symbols or name not in neuron.drive:
        raise refuse(
            s.name, f"{summed.name} = {summed.expression}; NIR's sum is weight times '{read}'", "has"
        )
    return reduced(weight * in_target(neuron.drive[name], groups[s.target]))


def _delays(description, connections, inputs, neurons, kept, step):
    """Of each connection its physical delay (s; None of sums), and whether it goes without saying in NIR."""
    pairs = [(c.source, c.target) for c in connections]
    places = {name: k for k, name in enumerate(kept["paths"])} if kept else {}
    # As the reader of the graph will follow them.
    order = sorted(range(len(pairs)), key=lambda k: places.get(connections[k].name, len(places)))
    nodes = list(kept["types"]) if kept else []
    units = kept["units"] if kept else {}
    rank = {name: nodes.index(units[name]) if name in units else len(nodes) for name in (*inputs, *neurons)}
    ranked = sorted(rank, key=lambda name: (name in neurons, rank[name]))
    back = {order[k] for k in recurrent_paths(ranked, [pairs[k] for k in order])}
    found = []
    for k, c in enumerate(connections):
        if c.delay is None:
            found.append((None, True))
            continue
        (pathway,) = next(s.pathways for s in description.synapses if s.name == c.name)
        of_slot = f"{c.name}_{pathway.name}" in description.annotations.step_delays
        delay = c.delay + description.dt if of_slot else c.delay
        # A loop without a Delay takes dt_ref anyway.
        unsaid = step if k in back and of_slot else 0.0
        found.append((delay, bool((np.abs(delay - unsaid) <= ROUNDING * step).all())))
    return found


def _sides(c, delay, kept):
    """Delays of a connection as those of its source's channels and of its target's, None where there are none."""
    first, last = (None if values is None else np.array(values) for values in kept)
    given = [(0.0 if d is None else d[index]) for d, index in ((first, c.pre), (last, c.post))]
    delay, unsaid = delay
    known = first is not None or last is not None
    # The numbers of the graph that was read, where they are still these delays: sums of times are off by ulps.
    if known and delay is not None and np.allclose(given[0] + given[1], delay, rtol=1e-9, atol=1e-15):
        return first, last
    if unsaid:
        return None, None
    each = np.broadcast_to(delay, len(c.pre))
    for side, (index, size) in enumerate(zip((c.pre, c.post), c.sizes, strict=True)):
        one = np.zeros(size)
        one[index] = each
        if (one[index] == each).all():
            return (one, None) if side == 0 else (None, one)
    raise refuse(c.name, "a delay for each synapse; a Delay of NIR has one for each channel", "has")
