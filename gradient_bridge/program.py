"""The program of a network: what happens in one time step, in order.

A `Program` is read from a `brian2.Network` (see `reading.read`) and is all that an engine runs. It knows
Brian2's statements, not torch. Arrays carry keys ``owner.variable`` (``hidden1.v``, ``hidden1_hidden1.w``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .clocks import CLOCK, Time, slot_rank


def owner_of(key):
    """Name of the object that an array belongs to, from its key ``owner.variable``."""
    return key.rpartition(".")[0]


@dataclass(frozen=True)
class Array:
    """One array of Brian2: a state variable, a parameter, an index, a clock's time.

    Attributes
    ----------
    key : str
        ``owner.variable``.
    size : int
        Number of elements (1 for a shared variable).
    dtype : numpy.dtype
        Type of the values in Brian2.
    dimension : object
        Brian2's dimension object of the variable.
    scalar : bool
        Shared by all elements of its owner.
    writable : bool
        Whether a user may set it in Brian2.
    variable : object
        Brian2's variable that holds the values.
    """

    key: str
    size: int
    dtype: np.dtype
    dimension: object
    scalar: bool
    writable: bool
    variable: object = field(default=None, repr=False, compare=False)

    @property
    def owner(self):
        """Name of the Brian2 object that holds the array."""
        return owner_of(self.key)

    @property
    def name(self):
        """Name of the variable in its owner."""
        return self.key.rpartition(".")[2]


@dataclass(frozen=True)
class Access:
    """How a statement reaches an array: under which name, through which index.

    ``index`` is ``"_idx"`` (every element), ``"0"`` (a shared value) or the name of an index array.
    """

    name: str
    array: str
    index: str


@dataclass(frozen=True)
class Line:
    """One statement of Brian2, after its own loop-invariant optimisation.

    Attributes
    ----------
    target, op, expression : str
        ``target op expression``; ``op`` is ``:=`` for a new local name, ``=`` or an in-place operator.
    boolean : bool
        The value is a truth value.
    condition : str or None
        Name of the variable that masks the write (``unless refractory``).
    branches : tuple of str or None
        ``(name, if true, if false)``: Brian2's simplification by a boolean variable, where its numpy target uses it.
    """

    target: str
    op: str
    expression: str
    boolean: bool = False
    condition: str | None = None
    branches: tuple[str, str, str] | None = None

    def __str__(self):
        mask = f"  [where {self.condition}]" if self.condition else ""
        return f"{self.target} {self.op} {self.expression}{mask}"


@dataclass(frozen=True)
class Operation:
    """One object of the network in one time step.

    Attributes
    ----------
    name, owner : str
        The Brian2 object and the group that it belongs to.
    slot, order : str, int
        Where it stands in the schedule.
    clock : str
        Key of the clock that it runs on.
    elements : int
        Number of elements that the statements run over.
    mode : {"together", "scatter", "one by one"}
        How Brian2's numpy target runs the vector statements: all on local values that are written at the end;
        one after the other, each adding to its target element by element (`numpy.add.at`); or all of them for one
        element after the other, because a statement reads what another one has scattered.
    scalar, vector : tuple of Line
        Its statements: once a step, and for each element.
    group : object
        The Brian2 object that `owner` names; it can be a subgroup.
    accesses : mapping of str to Access
        The arrays that the statements name.
    constants : mapping of str to float
        The external constants that they name.
    constant_keys : mapping of str to tuple of str
        Keys ``group.name`` of those constants that live in groups' own namespaces and could be trained.
    functions : mapping of str to object
        The Brian2 functions that they call.
    implementations : mapping of str to callable
        Those functions as Brian2's numpy target calls them.
    """

    name: str
    owner: str
    slot: str
    order: int
    clock: str = CLOCK
    elements: int = 0
    mode: str = "together"
    scalar: tuple[Line, ...] = ()
    vector: tuple[Line, ...] = ()
    group: object = field(default=None, repr=False, compare=False)
    accesses: Mapping[str, Access] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    constant_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Mapping[str, object] = field(default_factory=dict)
    implementations: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    kind = "operation"

    def draws(self):
        """Whether its statements draw random numbers."""
        return any(is_random(f) for f in self.functions.values())

    def lines(self):
        """All statements, the scalar ones first."""
        return self.scalar + self.vector

    def written(self):
        """Keys of the arrays that the statements write."""
        return {
            self.accesses[line.target].array
            for line in self.lines()
            if line.op != ":=" and line.target in self.accesses
        }


def is_random(function):
    """Whether a Brian2 function draws random numbers: it takes the elements that it draws for."""
    return bool(getattr(function, "auto_vectorise", False))


@dataclass(frozen=True)
class StateUpdate(Operation):
    """Statements over all elements of a group: a state updater, or a clocked operation."""

    kind = "state update"


@dataclass(frozen=True)
class Threshold(Operation):
    """Who emits an event: sets the event space, and refractoriness where the group has it.

    ``source`` says that the group is an input (a Poisson group): a stimulus can take the place of its condition.
    """

    events: str = ""
    source: bool = False
    refractory: tuple[str, str, str] | None = None  # not_refractory, lastspike, t
    dimension: object = None  # of the compared quantities

    kind = "threshold"

    @property
    def label(self):
        """By what a surrogate is chosen: the group, or the operation for an event that is not a spike."""
        return self.owner if self.events.endswith("._spikespace") else self.name

    def written(self):
        masks = set(self.refractory[:2]) if self.refractory else set()
        return super().written() | masks


@dataclass(frozen=True)
class Reset(Operation):
    """Statements over the elements that emitted an event."""

    events: str = ""

    kind = "reset"


@dataclass(frozen=True)
class Transmission(Operation):
    """Statements over the synapses whose event arrives now.

    Attributes
    ----------
    events : str
        Event space of the emitting group.
    sources : str
        Key of the array with the emitting neuron of each synapse.
    delay : str
        Key of the array with their delays (s), one for all or one for each.
    delays : numpy.ndarray of int64, shape (synapse,)
        Delay of each synapse in steps of the emitting group.
    under_way : mapping of int to numpy.ndarray
        Events of an earlier run that have not arrived: steps from now -> synapses, in the order of their arrival.
    """

    events: str = ""
    sources: str = ""
    delay: str = ""
    delays: np.ndarray | None = field(default=None, repr=False, compare=False)
    under_way: Mapping[int, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    kind = "transmission"


@dataclass(frozen=True)
class Sum(Operation):
    """A summed variable: the synapses' values added up at their targets, elements ``start`` to ``stop``."""

    target: str = ""
    index: str = ""
    start: int = 0
    stop: int = 0

    kind = "summed variable"

    def written(self):
        return super().written() | {self.target}


@dataclass(frozen=True)
class SpikeSource(Operation):
    """A spike generator: ``own`` holds its events as ``(step, neuron)`` and the period in steps (0: none).

    ``last`` is how many of them are in the past.
    """

    events: str = ""
    own: tuple[np.ndarray, np.ndarray, int] | None = field(default=None, repr=False, compare=False)
    last: int = 0

    kind = "spike source"


@dataclass(frozen=True)
class Call(Operation):
    """A network operation: Python code of the user, run on Brian2's own objects."""

    function: object = field(default=None, repr=False, compare=False)

    kind = "network operation"


@dataclass(frozen=True)
class Program:
    """All that happens in one time step of a network.

    Parameters
    ----------
    operations : tuple of Operation
        In the order in which Brian2 runs them.
    schedule : tuple of str
        Names of the slots.
    arrays : mapping of str to Array
        Every array that an operation touches.
    groups : mapping of str to int
        The spiking groups and their sizes.
    events : mapping of str to str
        The event space that holds a spiking group's spikes.
    inputs : mapping of str to int
        What a stimulus can drive: spike sources by group, timed arrays by name; number of channels.
    clocks : tuple of Time
        The clocks that operations run on, the finest first.
    idle_clocks : tuple of Time
        Clocks of objects on which nothing runs; traces of these objects are read when they tick.
    dtype : numpy.dtype
        Brian2's type of floating-point values when the network was read.
    own_clocks : mapping of str to str
        Key of the clock of each object.
    time : float
        The network's present time (s).
    left : mapping of str to numpy.ndarray of int, shape (event,)
        Events of the last step of an earlier run that an operation finds before they are set anew: event space ->
        neurons.
    """

    operations: tuple[Operation, ...]
    schedule: tuple[str, ...]
    arrays: Mapping[str, Array]
    groups: Mapping[str, int]
    events: Mapping[str, str]
    inputs: Mapping[str, int]
    clocks: tuple[Time, ...]
    dtype: np.dtype = field(default_factory=lambda: np.dtype("float64"))
    own_clocks: Mapping[str, str] = field(default_factory=dict)
    time: float = 0.0
    idle_clocks: tuple[Time, ...] = ()
    left: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def dt(self) -> float:
        """Step of the finest clock (s)."""
        return self.clocks[0].dt

    @property
    def start(self) -> int:
        """Number of steps that the finest clock has made."""
        return self.clocks[0].start

    def clock_of(self, owner: str) -> Time:
        """The `Time` of an object; the finest where nothing runs on its own clock."""
        every = self.clocks + self.idle_clocks
        return next((c for c in every if c.key == self.own_clocks.get(owner)), self.clocks[0])

    def random(self) -> tuple[str, ...]:
        """Names of the operations that draw random numbers."""
        return tuple(o.name for o in self.operations if o.draws())

    def written(self) -> frozenset[str]:
        """Keys of the arrays that change during a run."""
        keys = {f"{c.key}.{name}" for c in self.clocks for name in ("t", "timestep")}
        if any(isinstance(o, Call) for o in self.operations):
            keys |= {a.key for a in self.arrays.values() if a.writable} - self.index_arrays()
        for operation in self.operations:
            keys |= operation.written()
        return frozenset(keys)

    def event_spaces(self) -> frozenset[str]:
        """Keys of the arrays that hold events."""
        return frozenset(o.events for o in self.operations if getattr(o, "events", ""))

    def early_events(self) -> frozenset[str]:
        """Keys of the event spaces that an operation reads before they are set: it finds those of the step before."""
        if any(isinstance(o, Call) for o in self.operations):
            return self.event_spaces()
        found, seen = set(), set()
        for operation in self.operations:
            events = getattr(operation, "events", "")
            if isinstance(operation, (Threshold, SpikeSource)):
                seen.add(events)
            elif events and events not in seen:
                found.add(events)
        return frozenset(found)

    def index_arrays(self) -> frozenset[str]:
        """Keys of the arrays that say which neurons belong to a synapse, or an element to another."""
        keys = {o.sources for o in self.operations if isinstance(o, Transmission)}
        keys |= {o.index for o in self.operations if isinstance(o, Sum)}
        for operation in self.operations:
            names = {access.index for access in operation.accesses.values()} - {"_idx", "0"}
            keys |= {operation.accesses[name].array for name in names}
        return frozenset(keys)

    def position(self, slot: str) -> int:
        """Index of the first operation that runs after ``slot``; raises ValueError for an unknown slot."""
        rank = slot_rank(slot, self.schedule)
        for index, operation in enumerate(self.operations):
            if slot_rank(operation.slot, self.schedule) > rank:
                return index
        return len(self.operations)

    def __str__(self):
        from .explaining import explain

        return explain(self)
