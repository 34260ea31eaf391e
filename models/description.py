"""What a network is, as frozen data: read by `describe`, made into objects by `build`, stored by `save`.

Quantities are held as SI floats beside the seven exponents of their dimensions. Arrays are read-only. Monitors are left
out. How far a network has run is a part of its own, `Progress`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .annotations import Annotations
from .description_parts import (
    DIMENSIONLESS,
    Array,
    Equation,
    Event,
    External,
    Link,
    Part,
    Regular,
    Slot,
    TimedArrayDescription,
    Variable,
    exponents,
)

__all__ = [
    "DIMENSIONLESS",
    "Array",
    "Equation",
    "Event",
    "External",
    "Link",
    "NetworkDescription",
    "NeuronGroupDescription",
    "Part",
    "PathwayDescription",
    "PoissonGroupDescription",
    "PoissonInputDescription",
    "Progress",
    "Regular",
    "Slot",
    "SpikeGeneratorDescription",
    "Summed",
    "SynapsesDescription",
    "TimedArrayDescription",
    "UnderWay",
    "Variable",
    "exponents",
]


@dataclass(frozen=True, eq=False)
class NeuronGroupDescription:
    """A `NeuronGroup`.

    Parameters
    ----------
    name : str
    size : int
    equations : tuple of Equation
    method : str, ExplicitStateUpdater, or tuple of them
        Brian2 state updater, or those that Brian2 tries in turn.
    method_options : tuple of (str, bool or float)
    threshold : Event or None
        Of spikes.
    events : tuple of Event
        Of the user's own.
    refractory : None, float or str
        None for no refractoriness, a time (s), or an expression.
    update_slot, constant_slot : Slot
        Of the state update; of subexpressions that are constant over dt (None where there are none).
    namespace : tuple of External
    variables : tuple of Variable
    links : tuple of Link
        One for each equation with the flag ``linked``.
    regular : tuple of Regular
    dt : float or None
        Own step (s); None for that of the network.
    order : int
    """

    name: str
    size: int
    equations: tuple[Equation, ...]
    method: str | tuple[str, ...]
    method_options: tuple[tuple[str, bool | float], ...] = ()
    threshold: Event | None = None
    refractory: None | float | str = None
    update_slot: Slot = Slot("groups")
    constant_slot: Slot | None = None
    namespace: tuple[External, ...] = ()
    variables: tuple[Variable, ...] = ()
    dt: float | None = None
    order: int = 0
    events: tuple[Event, ...] = ()
    links: tuple[Link, ...] = ()
    regular: tuple[Regular, ...] = ()


@dataclass(frozen=True, eq=False)
class SpikeGeneratorDescription:
    """A `SpikeGeneratorGroup`: spikes as indices (int32) and times (s), `period` 0 for no repetition."""

    name: str
    size: int
    indices: np.ndarray
    times: np.ndarray
    period: float = 0.0
    slot: Slot = Slot("thresholds")
    dt: float | None = None


@dataclass(frozen=True, eq=False)
class PoissonGroupDescription:
    """A `PoissonGroup`: `rates` are one value for each neuron (Hz) or an expression."""

    name: str
    size: int
    rates: Array | str
    slot: Slot = Slot("thresholds")
    namespace: tuple[External, ...] = ()
    dt: float | None = None
    order: int = 0
    regular: tuple[Regular, ...] = ()


@dataclass(frozen=True, eq=False)
class PathwayDescription:
    """One pathway of a `Synapses` object.

    Parameters
    ----------
    name : str
        Within the object: ``"pre"``, ``"post"`` or the name that was given.
    prepost : {"pre", "post"}
        Which side's spikes trigger it.
    code : str
        Statements.
    slot : Slot
    delay : ndarray
        Brian2's delay (s): shape () for all synapses alike, else (synapse,).
    event : str
        Of that side, which triggers it.
    """

    name: str
    prepost: str
    code: str
    slot: Slot
    delay: np.ndarray
    event: str = "spike"


@dataclass(frozen=True)
class Summed:
    """When a summed variable is computed."""

    variable: str
    slot: Slot


@dataclass(frozen=True, eq=False)
class SynapsesDescription:
    """A `Synapses` object.

    Parameters
    ----------
    name, source, target : str
        Of the object and of what it connects: groups, or other synapses.
    pre, post : ndarray of int32, shape (synapse,)
        Indices within source and target, whole, in the order of Brian2.
    source_part, target_part : Part or None
        The subgroups that it connects, where it is made for subgroups.
    equations : tuple of Equation
        Differential equations, parameters, subexpressions and summed variables.
    method, method_options
        As in `NeuronGroupDescription`, of clock-driven equations.
    update_slot, constant_slot : Slot or None
        Of the clock-driven state update; of subexpressions that are constant over dt. None where there are none.
    pathways : tuple of PathwayDescription
    summed : tuple of Summed
    multisynaptic_index : str or None
    namespace, variables, links, regular, dt, order
        As in `NeuronGroupDescription`.
    """

    name: str
    source: str
    target: str
    pre: np.ndarray
    post: np.ndarray
    equations: tuple[Equation, ...] = ()
    pathways: tuple[PathwayDescription, ...] = ()
    summed: tuple[Summed, ...] = ()
    multisynaptic_index: str | None = None
    namespace: tuple[External, ...] = ()
    variables: tuple[Variable, ...] = ()
    dt: float | None = None
    order: int = 0
    source_part: Part | None = None
    target_part: Part | None = None
    method: str | tuple[str, ...] = ("exact", "euler", "heun")
    method_options: tuple[tuple[str, bool | float], ...] = ()
    update_slot: Slot | None = None
    constant_slot: Slot | None = None
    links: tuple[Link, ...] = ()
    regular: tuple[Regular, ...] = ()


@dataclass(frozen=True, eq=False)
class PoissonInputDescription:
    """A `PoissonInput`: in each step the spikes of `n` Poisson processes, counted, add `weight` each to a variable.

    Parameters
    ----------
    name : str
    target : str
        The group, or the synapses.
    variable : str
    n : int
    rate : float
        Of each process (Hz).
    weight : Array or str
        One value, or an expression.
    slot : Slot
    part : Part or None
        The subgroup of the target that gets it.
    """

    name: str
    target: str
    variable: str
    n: int
    rate: float
    weight: Array | str
    slot: Slot = Slot("synapses")
    part: Part | None = None


@dataclass(frozen=True, eq=False)
class UnderWay:
    """Spikes of a pathway that have not arrived: of each, steps until it does (from 0) and its synapse, in order."""

    synapses: str
    pathway: str
    steps: np.ndarray
    indices: np.ndarray


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a network has run: what it is beside the values of its variables.

    Parameters
    ----------
    time : float
        Of the network (s).
    values : tuple of (str, Variable)
        Object, and what Brian2 keeps there itself: `lastspike` and `not_refractory` of neurons, `lastupdate` of
        synapses with event-driven equations, `_lastindex` of spike generators.
    under_way : tuple of UnderWay
    """

    time: float
    values: tuple[tuple[str, Variable], ...] = ()
    under_way: tuple[UnderWay, ...] = ()


Group = NeuronGroupDescription | SpikeGeneratorDescription | PoissonGroupDescription


@dataclass(frozen=True, eq=False)
class NetworkDescription:
    """A network.

    Parameters
    ----------
    groups : tuple of NeuronGroupDescription, SpikeGeneratorDescription or PoissonGroupDescription
    synapses : tuple of SynapsesDescription
    timed_arrays : tuple of TimedArrayDescription
    schedule : tuple of str
    dt : float
        Step (s) of every object that has none of its own.
    annotations : Annotations
    trials : int
        How many independent copies the groups hold, trial outside, neuron inside.
    poisson_inputs : tuple of PoissonInputDescription
    progress : Progress or None
        None for a network that has not run.
    """

    groups: tuple[Group, ...]
    synapses: tuple[SynapsesDescription, ...]
    timed_arrays: tuple[TimedArrayDescription, ...]
    schedule: tuple[str, ...]
    dt: float
    annotations: Annotations = field(default_factory=Annotations)
    trials: int = 1
    poisson_inputs: tuple[PoissonInputDescription, ...] = ()
    progress: Progress | None = None

    def at_start(self) -> NetworkDescription:
        """Return the description at t = 0: no spikes under way, no neuron refractory; values of variables stay."""
        return replace(self, progress=None)

    def alone(self, name: str) -> NetworkDescription:
        """Return a description of one neuron of a group, without values: what its equations alone decide."""
        group = self.group(name)
        equations = tuple(replace(e, flags=()) if "linked" in e.flags else e for e in group.equations)
        one = replace(group, size=1, equations=equations, variables=(), links=(), regular=())
        return replace(
            self, groups=(one,), synapses=(), poisson_inputs=(), annotations=Annotations(), progress=None
        )

    def group(self, name: str) -> Group:
        """Return the group of that name.

        Raises
        ------
        KeyError
            No such group; the message names those that exist.
        """
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(f"no group {name!r}; the network has {', '.join(g.name for g in self.groups)}")

    def replace_group(self, group: Group) -> NetworkDescription:
        """Return the description with the group of the same name replaced."""
        return replace(self, groups=tuple(group if g.name == group.name else g for g in self.groups))

    def size(self, name: str) -> int:
        """Return the number of neurons of a group, or of synapses, in one trial."""
        for s in self.synapses:
            if s.name == name:
                return len(s.pre) // self.trials
        return self.group(name).size // self.trials
