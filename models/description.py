"""What a network is, as frozen data: read by `describe`, made into objects by `build`, stored by `save`.

Quantities are held as SI floats beside the seven exponents of their dimensions. Arrays are read-only. What
belongs to a run and not to the model is left out: monitors, the time, spikes under way and refractoriness in
progress.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from brian2 import Quantity, get_or_create_dimension

from .annotations import Annotations

DIMENSIONLESS = (0.0,) * 7


def exponents(dimension):
    """Return the seven exponents of a Brian2 `Dimension` as a tuple of float."""
    return tuple(float(exponent) for exponent in dimension._dims)


@dataclass(frozen=True)
class Slot:
    """When an operation runs within a step: scheduling slot and order within it."""

    when: str
    order: int = 0


@dataclass(frozen=True, eq=False)
class Array:
    """Numbers with dimensions.

    Parameters
    ----------
    values : ndarray
        float64, int32 or bool; SI units. Made read-only.
    dimensions : tuple of 7 float
        Exponents of length, mass, time, current, temperature, amount, luminous intensity.
    """

    values: np.ndarray
    dimensions: tuple[float, ...] = DIMENSIONLESS

    def __post_init__(self):
        values = np.array(self.values)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)

    def quantity(self):
        """Return the Quantity, or a plain array or number where there are no dimensions."""
        dimension = get_or_create_dimension(list(self.dimensions))
        if self.dimensions == DIMENSIONLESS:
            return self.values if self.values.ndim else self.values.item()
        return Quantity(self.values, dim=dimension)


@dataclass(frozen=True)
class Equation:
    """One equation of a model.

    Parameters
    ----------
    type : {"differential equation", "subexpression", "parameter"}
    name : str
    expression : str or None
        None for a parameter.
    dimensions : tuple of 7 float
    kind : {"float", "integer", "boolean"}
    flags : tuple of str
        E.g. ``("constant", "shared")``.
    """

    type: str
    name: str
    expression: str | None
    dimensions: tuple[float, ...] = DIMENSIONLESS
    kind: str = "float"
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Variable:
    """Values of one variable: one value if it is shared, else one for each neuron or synapse."""

    name: str
    array: Array


@dataclass(frozen=True, eq=False)
class External:
    """A name that statements use and that the object does not define.

    Parameters
    ----------
    name : str
        As in the statements.
    value : Array or str
        A number with dimensions, or the name of a `TimedArrayDescription`.
    """

    name: str
    value: Array | str


@dataclass(frozen=True, eq=False)
class TimedArrayDescription:
    """A Brian2 `TimedArray`: values (time,) or (time, column), one row every `dt` seconds."""

    name: str
    array: Array
    dt: float


@dataclass(frozen=True)
class Event:
    """A threshold and, where there is one, what follows: condition, reset statements, and when each runs."""

    condition: str
    slot: Slot
    reset: str | None = None
    reset_slot: Slot | None = None


@dataclass(frozen=True, eq=False)
class NeuronGroupDescription:
    """A `NeuronGroup`.

    Parameters
    ----------
    name : str
    size : int
    equations : tuple of Equation
    method : str or tuple of str
        Brian2 state updater, or those that Brian2 tries in turn.
    method_options : tuple of (str, bool or float)
    threshold : Event or None
    refractory : None, float or str
        None for no refractoriness, a time (s), or an expression.
    update_slot, constant_slot : Slot
        Of the state update; of subexpressions that are constant over dt (None where there are none).
    namespace : tuple of External
    variables : tuple of Variable
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
    """

    name: str
    prepost: str
    code: str
    slot: Slot
    delay: np.ndarray


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
        Of the object and of the groups that it connects.
    pre, post : ndarray of int32, shape (synapse,)
        In the order of Brian2.
    equations : tuple of Equation
        Parameters, subexpressions and summed variables.
    pathways : tuple of PathwayDescription
    summed : tuple of Summed
    multisynaptic_index : str or None
    namespace, variables, dt, order
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
    """

    groups: tuple
    synapses: tuple[SynapsesDescription, ...]
    timed_arrays: tuple[TimedArrayDescription, ...]
    schedule: tuple[str, ...]
    dt: float
    annotations: Annotations = field(default_factory=Annotations)
    trials: int = 1

    def group(self, name):
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

    def replace_group(self, group):
        """Return the description with the group of the same name replaced."""
        return replace(self, groups=tuple(group if g.name == group.name else g for g in self.groups))

    def size(self, name):
        """Return the number of neurons of a group in one trial."""
        return self.group(name).size // self.trials
