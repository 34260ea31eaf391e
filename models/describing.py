"""`describe`: from a Brian2 network to a `NetworkDescription`."""

from collections import Counter

from brian2 import (
    EventMonitor,
    MagicNetwork,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
)
from brian2.core.namespace import get_local_namespace

from .annotations import annotations
from .deletion import expect_copies
from .describing_objects import (
    describe_neuron_group,
    describe_poisson_group,
    describe_spike_generator,
    describe_synapses,
)
from .description import (
    Array,
    NetworkDescription,
    SpikeGeneratorDescription,
    TimedArrayDescription,
    exponents,
)
from .errors import UnsupportedModel
from .externals import Externals
from .recordings import natural

MONITORS = (SpikeMonitor, EventMonitor, StateMonitor, PopulationRateMonitor)
GROUPS = {
    NeuronGroup: describe_neuron_group,
    SpikeGeneratorGroup: describe_spike_generator,
    PoissonGroup: describe_poisson_group,
}
REMEDIES = {
    "NetworkOperation": "express it in equations, or run the network with Brian2 itself",
    "PoissonInput": "use a PoissonGroup and Synapses",
    "SpatialNeuron": "use point neurons",
}


def describe(net, *, namespace=None):
    """Read a network into a `NetworkDescription`.

    Supported: `NeuronGroup`, `Synapses` with statements on spikes, delays and summed variables,
    `SpikeGeneratorGroup`, `PoissonGroup`, `TimedArray`; random functions (``rand()``, ``randn()``,
    ``poisson()``) in any statement and noise (``xi``, ``xi_name``) in equations. Monitors are left out, as is
    what belongs to a run: the time, spikes under way, refractoriness in progress. A network built from a
    description starts at t = 0.

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
    # Network.objects is a set: without an order of its own, and different from process to process.
    objects = sorted(net.objects, key=lambda obj: natural(obj.name))
    groups = [obj for obj in objects if type(obj) in GROUPS]
    synapses = [obj for obj in objects if type(obj) is Synapses]
    for obj in objects:
        if type(obj) not in GROUPS and type(obj) is not Synapses and not isinstance(obj, MONITORS):
            kind = type(obj).__name__
            raise UnsupportedModel(obj.name, kind, REMEDIES.get(kind, "leave it out or use a NeuronGroup"))
    _check_names(groups + synapses)
    dt = _common_dt(groups + synapses)
    externals = Externals(namespace)
    own_dt = {obj.name: _own_dt(obj, dt) for obj in groups + synapses}
    described = [GROUPS[type(obj)](obj, externals, own_dt[obj.name]) for obj in groups]
    connected = [describe_synapses(obj, externals, own_dt[obj.name], groups) for obj in synapses]
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
    )


def _check_names(objects):
    if not objects:
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
