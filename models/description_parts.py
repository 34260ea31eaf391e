"""Pieces that the descriptions of groups and synapses are made of, as frozen data: slots, arrays, equations, events."""

from dataclasses import dataclass

import numpy as np
from brian2 import Function, Quantity, get_or_create_dimension

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
    value : Array, str or Function
        A number with dimensions, the name of a `TimedArrayDescription`, or a function of the user's own.
    """

    name: str
    value: Array | str | Function


@dataclass(frozen=True, eq=False)
class TimedArrayDescription:
    """A Brian2 `TimedArray`: values (time,) or (time, column), one row every `dt` seconds."""

    name: str
    array: Array
    dt: float


@dataclass(frozen=True)
class Event:
    """A threshold and, where there is one, what follows: condition, reset statements, and when each runs.

    `name` is ``"spike"`` for the threshold of spikes, else that of an event of the user's own.
    """

    condition: str
    slot: Slot
    reset: str | None = None
    reset_slot: Slot | None = None
    name: str = "spike"


@dataclass(frozen=True)
class Part:
    """A subgroup: the elements from `start` to before `stop` of a group, under a name of its own."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Regular:
    """Statements that run regularly (`run_regularly`).

    Parameters
    ----------
    name : str
        Of Brian2's object: operations of a slot run in the order of their names.
    code : str
        Statements.
    slot : Slot
    dt : float or None
        Own step (s); None for that of the object that it belongs to.
    part : Part or None
        The subgroup that the statements are of; None for the whole object.
    """

    name: str
    code: str
    slot: Slot
    dt: float | None = None
    part: Part | None = None


@dataclass(frozen=True, eq=False)
class Link:
    """What a linked variable stands for.

    Parameters
    ----------
    name : str
        Of the linked variable.
    group, variable : str
        The group that has the values, and their name there.
    part : Part or None
        The subgroup of that group whose values they are.
    index : None, str or ndarray of int64
        None where elements correspond; else for each element the index of its value, or the name of an integer variable
        of the linked group that holds it.
    """

    name: str
    group: str
    variable: str
    part: Part | None = None
    index: None | str | np.ndarray = None
