"""`describe`: from a Brian2 network to a `NetworkDescription`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from brian2 import (
    EventMonitor,
    MagicNetwork,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
)
from brian2.core.namespace import get_local_namespace
from brian2.groups.subgroup import Subgroup

from .annotations import annotations
from .deletion import expect_copies
from .describing_objects import (
    describe_neuron_group,
    describe_poisson_group,
    describe_poisson_input,
    describe_spike_generator,
)
from .describing_synapses import describe_synapses
from .description import (
    Array,
    NetworkDescription,
    Part,
    SpikeGeneratorDescription,
    TimedArrayDescription,
    exponents,
)
from .errors import UnsupportedModel
from .externals import Externals
from .progress import progress_of
from .recordings import natural

MONITORS = (SpikeMonitor, EventMonitor, StateMonitor, PopulationRateMonitor)
GROUPS = {
    NeuronGroup: describe_neuron_group,
    SpikeGeneratorGroup: describe_spike_generator,
    PoissonGroup: describe_poisson_group,
}
REMEDIES = {
    "NetworkOperation": "express it in equations, or run the network with Brian2 itself",
    "SpatialNeuron": "use point neurons",
}


class Objects:
    """What a network consists of, sorted by name: `Network.objects` is a set, different from process to process.

    Attributes
    ----------
    groups, synapses, poisson_inputs : list of brian2 objects

    Raises
    ------
    UnsupportedModel
        Something else, monitors and subgroups excepted.
    """

    def __init__(self, net):
        # Synapses that run statements regularly run with their source, too.
        within = [o for obj in net.objects for o in obj.contained_objects if type(o) is Synapses]
        objects = sorted({*net.objects, *within}, key=lambda obj: natural(obj.name))
        self.groups = [obj for obj in objects if type(obj) in GROUPS]
        self.synapses = [obj for obj in objects if type(obj) is Synapses]
        self.poisson_inputs = [obj for obj in objects if type(obj) is PoissonInput]
        self.all = [*self.groups, *self.synapses, *self.poisson_inputs]
        for obj in objects:
            if obj not in self.all and not isinstance(obj, (*MONITORS, Subgroup)):
                kind = type(obj).__name__
                raise UnsupportedModel(
                    obj.name, kind, REMEDIES.get(kind, "leave it out or use a NeuronGroup")
                )

    def end_of(self, name, side, end):
        """Return the whole group or synapses, and the `Part` of it, that an object has as source or target."""
        part = None
        if isinstance(end, Subgroup):
            part = Part(end.name, int(end.start), int(end.stop))
            end = end.source
        for obj in (*self.groups, *self.synapses):
            if obj.id == end.id:  # the end may be a proxy
                return obj, part
        if isinstance(end, tuple(GROUPS)) or type(end) is Synapses:
            raise ValueError(f"{name}: its {side} '{end.name}' is not in the network; add it")
        raise UnsupportedModel(name, f"a {type(end).__name__} as {side}", "connect groups or their subgroups")

    def weights(self, target):
        """Return the expressions that Poisson inputs of a target add to it."""
        own = [p for p in self.poisson_inputs if self.end_of(p.name, "target", p._group)[0] is target]
        return [p.weight for p in own if isinstance(p.weight, str)]


def describe(net: Network, *, namespace: Mapping[str, Any] | None = None) -> NetworkDescription:
    """Read a network into a `NetworkDescription`.

    Supported is the whole language of equations and statements: `NeuronGroup` with events, every form of
    refractoriness, linked variables, subgroups and `run_regularly`; `Synapses` with any number of pathways, clock- and
    event-driven equations, summed variables, onto groups and onto other synapses; `SpikeGeneratorGroup`,
    `PoissonGroup`, `PoissonInput`, `TimedArray`; random functions, noise, functions of the user's own; several clocks.
    Monitors are left out.

    Of a network that has run its time, spikes under way and refractory neurons are described too (`Progress`).

    Parameters
    ----------
    net : brian2.Network
        Made on the runtime device.
    namespace : dict, optional
        Where names are looked up that neither an object nor its namespace defines; as in `Network.run`, the
        locals and globals of the caller by default.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    TypeError
        `net` is not a Network.
    KeyError
        A name in a statement cannot be resolved.
    UnsupportedModel
        The network holds what is not supported; the message names the object, the feature and what to do.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if not isinstance(net, Network):
        raise TypeError(
            f"describe: expected a brian2.Network, got {type(net).__name__}; put the objects into Network(…)"
        )
    if isinstance(net, MagicNetwork):
        raise UnsupportedModel(net.name, "the magic network", "make it explicit: Network(collect())")
    expect_copies(net)
    network = Objects(net)
    groups, synapses = network.groups, network.synapses
    _check_names(groups + synapses, network.all)
    dt = _common_dt(groups + synapses)
    externals = Externals(namespace)
    own_dt = {obj.name: _own_dt(obj, dt) for obj in groups + synapses}
    described = [GROUPS[type(obj)](obj, externals, own_dt[obj.name], network) for obj in groups]
    connected = [describe_synapses(obj, externals, own_dt[obj.name], network) for obj in synapses]
    notes = annotations(net)
    _check_annotations(notes, described, connected)
    return NetworkDescription(
        groups=tuple(described),
        synapses=tuple(connected),
        timed_arrays=tuple(
            TimedArrayDescription(name, Array(array.values, exponents(array.dim)), float(array.dt))
            for name, array in externals.timed_arrays.items()
        ),
        schedule=tuple(net.schedule),
        dt=dt,
        annotations=notes,
        poisson_inputs=tuple(describe_poisson_input(obj, network) for obj in network.poisson_inputs),
        progress=progress_of(net, network),
    )


def _check_names(owners, objects):
    if not owners:
        raise ValueError("describe: the network holds no groups; add them: Network(group, synapses)")
    twice = [name for name, n in Counter(obj.name for obj in objects).items() if n > 1]
    if twice:
        raise ValueError(f"describe: the name {twice[0]!r} appears twice; names must be unique in a network")
    for obj in objects:
        if not obj.active:
            raise UnsupportedModel(obj.name, "active = False", "remove the object from the network")


def _common_dt(objects):
    """The step that most objects have; of several, the smallest."""
    counts = Counter(float(obj.clock.dt_) for obj in objects)
    most = max(counts.values())
    return min(dt for dt, n in counts.items() if n == most)


def _own_dt(obj, dt):
    own = float(obj.clock.dt_)
    return None if own == dt else own


def _check_annotations(notes, groups, synapses):
    pathways = {f"{s.name}_{p.name}": p for s in synapses for p in s.pathways}
    for name in notes.step_delays:
        if name not in pathways:
            raise ValueError(
                f"annotations: step_delays names {name!r}; pathways: {', '.join(pathways) or 'none'}"
            )
    names = {g.name for g in groups if isinstance(g, SpikeGeneratorDescription)}
    for j in notes.jitter:
        if j.group not in names:
            raise ValueError(
                f"annotations: jitter of {j.group!r}; spike generators: {', '.join(sorted(names)) or 'none'}"
            )
    if notes.readout is not None and notes.readout.group not in {g.name for g in groups}:
        names = ", ".join(g.name for g in groups)
        raise ValueError(f"annotations: the readout is of {notes.readout.group!r}; groups: {names}")
