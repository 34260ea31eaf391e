"""Which quantities of a network are trained: from the names a user gives to the places in Brian2."""

from __future__ import annotations

import difflib
import fnmatch
from dataclasses import dataclass, field

import numpy as np
from brian2.core.variables import ArrayVariable
from brian2.units.allunits import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Quantity, get_unit

from ..models.errors import UnsupportedModel
from .coordinates import Bounded, Identity, Log, OutOfBounds, Scaled, root_mean_square
from .program import Transmission, owner_of
from .refusals import refuse_dead_ends, refuse_fixed_delay

COORDINATES = (Identity, Scaled, Log, Bounded)
BOUNDS_IN_STEPS = (0.5, 10_000.0)  # of a trained time constant: half a step to what no recording resolves


class UnknownParameter(ValueError):
    """A name in ``trainable`` that fits nothing in the network."""


@dataclass(frozen=True)
class Place:
    """Where a trained quantity lives in Brian2.

    Attributes
    ----------
    key : str
        ``group.variable``.
    owner : object
        The Brian2 object.
    constant : bool
        An external constant in the owner's namespace; otherwise an array.
    """

    key: str
    owner: object = field(compare=False)
    constant: bool

    @property
    def name(self):
        """Name of the variable."""
        return self.key.rpartition(".")[2]

    @property
    def dimension(self):
        """Brian2's dimension of the quantity."""
        if self.constant:
            return getattr(self.owner.namespace[self.name], "dim", None)
        return self.owner.variables[self.name].dim

    def read(self):
        """The value in Brian2: float64, shape (element,), or () for a shared one."""
        if self.constant:
            return np.asarray(self.owner.namespace[self.name], dtype=np.float64)
        variable = self.owner.variables[self.name]
        value = np.array(variable.get_value(), dtype=np.float64)
        return value.reshape(()) if variable.scalar else value

    def write(self, value):
        """Set the value in Brian2 (SI)."""
        if self.constant:
            old = self.owner.namespace[self.name]
            dim = getattr(old, "dim", None)
            new = float(value) if np.ndim(value) == 0 else np.asarray(value)
            self.owner.namespace[self.name] = new if dim is None else Quantity.with_dimensions(new, dim)
        else:
            variable = self.owner.variables[self.name]
            variable.get_value()[:] = np.reshape(value, np.shape(variable.get_value()))

    def is_time(self):
        """Whether it is a time (and so positive and bounded by default)."""
        return self.dimension is second.dim


def find_places(program, objects, trainable, *, frame=None):
    """The places that the patterns in ``trainable`` name.

    Parameters
    ----------
    program : Program
    objects : dict of str to object
        The network's Brian2 objects by name.
    trainable : iterable of str
        ``group.variable`` with ``*`` as a wildcard, or a bare variable name for every group that has it.
    frame : dict, optional
        The caller's names, to explain why a constant that only lives there cannot be trained.

    Returns
    -------
    list of Place
        Sorted by key.
    """
    if isinstance(trainable, str):
        raise TypeError(
            f"trainable: expected a sequence of names, got the string {trainable!r}; write ({trainable!r},)"
        )
    candidates = _candidates(program, objects)
    chosen = {}
    for pattern in trainable:
        if not isinstance(pattern, str):
            raise TypeError(f"trainable: expected names, got {pattern!r}")
        full = pattern if "." in pattern else f"*.{pattern}"
        full = _of_pathway(full, program)
        hits = [key for key in candidates if fnmatch.fnmatchcase(key, full)]
        if not hits:
            _explain_missing(pattern, program, objects, candidates, frame or {})
        chosen |= {key: candidates[key] for key in hits}
    for place in chosen.values():
        if place.name == "delay":
            refuse_fixed_delay(program, place.key)
        else:
            refuse_dead_ends(program, place.key)
        if place.constant:
            _refuse_shared_namespace(place, program, objects)
    return [chosen[key] for key in sorted(chosen)]


def _of_pathway(pattern, program):
    """``synapses.delay`` is the delay of its presynaptic pathway, as in Brian2."""
    owner, _, name = pattern.rpartition(".")
    if name == "delay" and any(o.owner == owner for o in program.operations if isinstance(o, Transmission)):
        return f"{owner}_pre.delay"
    return pattern


def _refuse_shared_namespace(place, program, objects):
    """A namespace that two objects share has one place for two values."""
    for operation in program.operations:
        keys = operation.constant_keys.get(place.name, ())
        for other in keys:
            owner = owner_of(other)
            if other == place.key:
                continue
            if place.key in keys:
                raise UnsupportedModel(
                    operation.name,
                    f"the constant {place.name} of both {place.owner.name} and {owner}",
                    "give it different names in the two groups, or leave it out of trainable",
                )
            if objects[owner].namespace is place.owner.namespace:
                raise UnsupportedModel(
                    place.owner.name,
                    f"the namespace of the constant {place.name}, which is to be trained, with {owner}",
                    "give each object its own: namespace=dict(names)",
                    verb="shares",
                )


def _candidates(program, objects):
    """Every quantity that a gradient could reach, by key."""
    found = {}
    for key, array in program.arrays.items():
        owner = objects.get(array.owner)
        if owner is None or not array.writable or array.dtype.kind != "f" or array.name == "lastspike":
            continue
        variable = owner.variables.get(array.name)
        if variable is array.variable:
            found[key] = Place(key=key, owner=owner, constant=False)
    for operation in program.operations:
        for key in (k for keys in operation.constant_keys.values() for k in keys):
            owner = objects.get(owner_of(key))
            if owner is not None:
                value = owner.namespace[key.rpartition(".")[2]]
                if np.ndim(value) == 0:
                    found[key] = Place(key=key, owner=owner, constant=True)
    return found


def _explain_missing(pattern, program, objects, candidates, frame):
    name = pattern.rpartition(".")[2]
    for operation in program.operations:
        if name in operation.constants and name not in operation.constant_keys:
            value = frame.get(name, "…")
            raise UnsupportedModel(
                operation.owner,
                f"the constant {name}, which is to be trained, from the caller's frame",
                f"move it into the group, so that sync has a place for it: "
                f"{operation.owner}.namespace[{name!r}] = {value}",
                verb="takes",
            )
    for owner_name, owner in objects.items():
        variable = getattr(owner, "variables", {}).get(name)
        if isinstance(variable, ArrayVariable) and pattern in (name, f"{owner_name}.{name}"):
            raise UnknownParameter(
                f"trainable {pattern!r}: {owner_name} has {name}, but no statement that runs reads it as a number, "
                f"so no gradient reaches it; leave it out. Trainable here: {', '.join(sorted(candidates))}"
            )
    names = sorted(candidates) + sorted({k.rpartition(".")[2] for k in candidates})
    near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.4) or sorted(candidates)[:6]
    raise UnknownParameter(
        f"trainable {pattern!r} fits nothing in the network; did you mean {', '.join(near)}?"
    )


def coordinate_of(place, coordinates, dt):
    """The coordinate that the user gave for a quantity, checked, or the default one."""
    coordinate = coordinates.get(place.key, coordinates.get(place.name))
    if coordinate is None:
        return default_coordinate(place, dt)
    if not isinstance(coordinate, COORDINATES):
        raise TypeError(
            f"coordinates of {place.key}: expected an Identity, Scaled, Log or Bounded, got {coordinate!r}"
        )
    dimension = getattr(coordinate, "dimension", None)
    own = place.dimension or DIMENSIONLESS
    if dimension is not None and dimension is not own:
        raise ValueError(
            f"coordinates of {place.key}: {coordinate!r} is in {dimension}, the quantity in {own}"
        )
    return coordinate


def default_coordinate(place, dt):
    """The default coordinate of a quantity."""
    if place.is_time():
        return Bounded(*(b * dt for b in BOUNDS_IN_STEPS))
    if place.dimension is None or place.dimension.is_dimensionless:
        return Identity()
    value = place.read()
    if not np.all(np.isfinite(value)):
        raise OutOfBounds(
            f"{place.key} holds values that are not finite, and cannot be trained: set them to numbers"
        )
    if not value.size:
        return Scaled(1.0)  # no synapses: nothing is trained
    scale = root_mean_square(value)
    if not scale > 0:
        unit = get_unit(place.dimension)
        raise ValueError(
            f"{place.key} is in {unit!r} and zero everywhere, so nothing says what a small change of it is: set it to "
            f"typical values, or say what a step is worth: Twin(coordinates={{{place.key!r}: Scaled(scale)}}), "
            f"e.g. Scaled(1e-3*{unit!r})"
        )
    return Scaled(scale)


def check_coordinates(places, coordinates):
    """Refuse coordinates of what is not trained."""
    known = {p.key for p in places} | {p.name for p in places}
    unknown = sorted(set(coordinates) - known)
    if unknown:
        raise ValueError(
            f"coordinates for {', '.join(unknown)}, which is not trained; trained: {', '.join(sorted(known))}"
        )
