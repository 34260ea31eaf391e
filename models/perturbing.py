"""`perturb`: the same network, made worse on purpose; and what every perturbation (`perturbations*`) shares."""

from __future__ import annotations

import fnmatch
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from brian2 import Network, Quantity, get_dimensions, second
from brian2.core.namespace import get_local_namespace

from .building import build
from .describing import describe
from .description import DIMENSIONLESS, Array, Equation, NetworkDescription, NeuronGroupDescription, Variable
from .errors import UnsupportedModel
from .initials import stream
from .membrane_steps import check_step
from .progress import from_start

ABOUT = "perturbations"
Net = TypeVar("Net", bound=Network | NetworkDescription)


class Perturbation(ABC):
    """A function from a network description to a network description, with its own random numbers.

    ``perturbation(description, seed=0, position=0)``; `perturb` calls several, each at its position. At strength
    zero the description comes back as it is. Subclasses are frozen dataclasses whose first field is the strength.
    """

    def __call__(
        self, description: NetworkDescription, *, seed: int = 0, position: int = 0
    ) -> NetworkDescription:
        """Return the perturbed description.

        Parameters
        ----------
        description : NetworkDescription
            Of one trial.
        seed : int
            >= 0.
        position : int
            Among the perturbations of a network: with the kind and the name of the object it chooses the stream of
            random numbers, so that what is drawn for one object depends on no other.

        Returns
        -------
        NetworkDescription

        Raises
        ------
        TypeError
            No NetworkDescription.
        ValueError
            A name that fits nothing, several trials, or a value that this network cannot have.
        UnsupportedModel
            The perturbation means nothing for an object; the message names it and says what to do.
        """
        if not isinstance(description, NetworkDescription):
            raise TypeError(
                f"{self.kind}: expected a NetworkDescription, got {type(description).__name__}; see describe(net)"
            )
        if description.trials != 1:
            raise ValueError(
                f"{self.kind}: the description holds {description.trials} trials; perturb it before it is tiled"
            )
        whole_seed(seed)
        targets = self._targets(description)
        if self.is_zero:
            return description
        for target in targets:
            description = self._apply(
                description, target, lambda name: stream(seed, f"{self.kind} {position} {name}")
            )
        for g in description.groups:  # a shorter time constant may be too short for the noise that is there
            check_step(g, description.dt)
        return description

    @property
    def kind(self) -> str:
        """Name of the perturbation, for messages."""
        return type(self).__name__

    @property
    def is_zero(self) -> bool:
        """Whether nothing changes."""
        return float(getattr(self, fields(self)[0].name)) == 0

    @abstractmethod
    def _targets(self, description):
        """What it acts on, checked: a non-empty list."""

    @abstractmethod
    def _apply(self, description, target, rng):
        """Return the description with one target perturbed; ``rng(name)`` is the generator of a named quantity."""


def perturb(
    net: Net, *perturbations: Perturbation, seed: int = 0, namespace: Mapping[str, Any] | None = None
) -> Net:
    """Apply perturbations to a network, one after the other.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        Stays as it is.
    *perturbations : Perturbation
        E.g. ``WeightNoise(0.1), SpikeLoss(0.05)``. The order counts: weights that are quantised first and get noise
        afterwards lie on no grid any more.
    seed : int
        >= 0. Each perturbation draws from streams of its own, by its position and the names of objects. Numbers that
        are drawn while the network runs (`MembraneNoise`, `SpikeLoss`) come from the seed of `simulate` instead.
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    brian2.Network or NetworkDescription
        As `net` is; a network is made on the active device. What was done is kept in the text ``perturbations`` of
        `Annotations.about`.

    Raises
    ------
    TypeError
        `net` is neither, or a perturbation none.
    ValueError, UnsupportedModel
        As the perturbations; a network that has run and cannot start anew (`from_start`).
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if not isinstance(net, (Network, NetworkDescription)):
        raise TypeError(
            f"perturb: expected a brian2.Network or a NetworkDescription, got {type(net).__name__}"
        )
    for p in perturbations:
        if not isinstance(p, Perturbation):
            raise TypeError(
                f"perturb: expected perturbations such as WeightNoise(0.1), got {p!r}; see "
                "chronaxie.models.PERTURBATIONS"
            )
    whole_seed(seed)
    description = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    description = from_start(description)
    for position, p in enumerate(perturbations):
        description = p(description, seed=seed, position=position)
    description = _remembered(description, perturbations, seed)
    return description if isinstance(net, NetworkDescription) else build(description)


def _remembered(description, perturbations, seed):
    lines = [f"{p!r}, seed {seed}" for p in perturbations if not p.is_zero]
    if not lines:
        return description
    notes = description.annotations
    before = [notes.about[ABOUT]] if ABOUT in notes.about else []
    about = {**notes.about, ABOUT: "\n".join(before + lines)}
    return replace(description, annotations=replace(notes, about=about))


# ------------------------------------------------------------------ values that a user gives
def whole_seed(seed):
    """Refuse a seed that is no whole number >= 0."""
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"perturb: seed must be a whole number >= 0, got {seed!r}")


def number(where, value, *, low, high, open_high=False):
    """Return a dimensionless number as a float, or raise ValueError: where, which range, what came."""
    expected = f"{where}: expected a number from {low:g} to {'below ' if open_high else ''}{high:g}"
    plain = np.asarray(value)
    if isinstance(value, Quantity) and not value.is_dimensionless:
        raise ValueError(f"{expected}, got {value!r}")
    if (
        plain.ndim
        or plain.dtype.kind not in "fiu"
        or not low <= plain <= high
        or (open_high and plain == high)
    ):
        raise ValueError(f"{expected}, got {value!r}")
    return float(plain)


def time(where, value, *, high):
    """Return a time in seconds as a float, or raise ValueError: where, which range, what came."""
    expected = f"{where}: expected a time from 0 to {high:g} s, e.g. 2*ms"
    if get_dimensions(value) is not second.dim:
        raise ValueError(f"{expected}, got {value!r}")
    plain = np.asarray(value)
    if plain.ndim or not 0 <= plain <= high:
        raise ValueError(f"{expected}, got {value!r}")
    return float(plain)


def one_of(where, value, choices):
    """Refuse a value that is not one of a known set."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{where}: expected one of {', '.join(choices)}, got {value!r}")


def patterns(where, names):
    """Return names or patterns as a tuple of str, None as it is."""
    if names is None:
        return None
    listed = (names,) if isinstance(names, str) else tuple(names) if np.iterable(names) else (names,)
    if not listed or not all(isinstance(name, str) for name in listed):
        raise TypeError(f"{where}: expected a name, several names, or None for all, got {names!r}")
    return listed


def chosen(where, names, candidates, others, what):
    """Return the candidates that names or patterns choose, all of them where there are no names.

    Parameters
    ----------
    where : str
        E.g. ``"WeightNoise, synapses"``, for messages.
    names : tuple of str or None
        Names, or patterns with ``*`` as in a shell.
    candidates : dict
        By name: what can be chosen.
    others : dict of str to str
        What exists and cannot be chosen: why, in words.
    what : str
        What the perturbation needs, for messages.

    Raises
    ------
    UnsupportedModel
        There is no candidate, or a name is that of an object that is none.
    ValueError
        A name fits no object.
    """
    if names is None:
        if not candidates:
            why = "; ".join(f"'{name}' {reason}" for name, reason in others.items())
            raise UnsupportedModel(
                "network", f"no {what}" + (f" ({why})" if why else ""), f"leave {where} out"
            )
        return list(candidates.values())
    found = {}
    for name in names:
        fitting = [n for n in candidates if fnmatch.fnmatchcase(n, name)]
        if not fitting and name in others:
            raise UnsupportedModel(
                name, f"nothing that {where} could act on: it {others[name]}", "leave it out"
            )
        if not fitting:
            raise ValueError(
                f"{where}: {name!r} fits nothing; there are {', '.join(candidates) or f'no {what}'}"
            )
        found |= {n: candidates[n] for n in fitting}
    return list(found.values())


# ------------------------------------------------------------------ parts of descriptions
def objects(description):
    """Return all objects of a description by name."""
    return {obj.name: obj for obj in (*description.groups, *description.synapses)}


def replaced(description, obj):
    """Return the description with the object of the same name replaced."""
    if any(g.name == obj.name for g in description.groups):
        return description.replace_group(obj)
    return replace(
        description, synapses=tuple(obj if s.name == obj.name else s for s in description.synapses)
    )


def synapses_of(description, name):
    """Return the synapses of that name."""
    return next(s for s in description.synapses if s.name == name)


def read_only(values):
    """Return an array as descriptions hold them."""
    values = np.array(values)
    values.flags.writeable = False
    return values


def size_of(obj):
    """Number of neurons or synapses."""
    return len(obj.pre) if hasattr(obj, "pre") else obj.size


def new_name(obj, description, name):
    """Return a name that neither an object uses nor, for synapses, a group that they connect: name, name_2, …"""
    ends = [getattr(obj, "source", None), getattr(obj, "target", None)]
    used = set()
    for o in (obj, *(description.group(end) for end in ends if end)):
        used |= {e.name for e in (*getattr(o, "equations", ()), *getattr(o, "namespace", ()))}
        codes = [e.expression or "" for e in getattr(o, "equations", ())]
        codes += [p.code for p in getattr(o, "pathways", ())]
        used |= {word for code in codes for word in _words(code)}
    return next(n for n in (name, *(f"{name}_{k}" for k in range(2, 1000))) if n not in used)


def _words(code):
    return "".join(c if c.isalnum() or c == "_" else " " for c in code).split()


def with_parameter(obj, name, values, dimensions, *, kind="float"):
    """Return an object with a further parameter, one value a neuron or synapse (SI)."""
    return _with(obj, Equation("parameter", name, None, dimensions, kind, ("constant",)), values)


def with_shared(obj, name, value, dimensions=DIMENSIONLESS):
    """Return an object with a further parameter that all its neurons or synapses share, one value (SI)."""
    equation = Equation("parameter", name, None, dimensions, "float", ("constant", "shared"))
    return _with(obj, equation, np.array([value]))


def _with(obj, equation, values):
    variable = Variable(equation.name, Array(values, equation.dimensions))
    equations, variables = (*obj.equations, equation), (*obj.variables, variable)
    if hasattr(obj, "pre"):  # Brian2 keeps those of synapses in the order of their names
        equations, variables = (tuple(sorted(o, key=lambda x: x.name)) for o in (equations, variables))
    return replace(obj, equations=equations, variables=variables)


def with_values(obj, name, values):
    """Return an object with other values (SI) of a parameter.

    A constant of the namespace becomes a parameter of its own, one value a neuron or synapse.

    Raises
    ------
    UnsupportedModel
        A constant that a shared expression uses.
    """
    variable = next((v for v in obj.variables if v.name == name), None)
    if variable is not None:
        new = replace(variable, array=Array(values, variable.array.dimensions))
        return replace(obj, variables=tuple(new if v is variable else v for v in obj.variables))
    (external,) = [e for e in obj.namespace if e.name == name]
    for e in obj.equations:
        if "shared" in e.flags and name in _words(e.expression or ""):
            raise UnsupportedModel(
                obj.name,
                f"the constant '{name}' in the shared expression '{e.name}', which cannot differ between neurons",
                f"leave the flag 'shared' of '{e.name}' out",
            )
    obj = replace(obj, namespace=tuple(e for e in obj.namespace if e is not external))
    return with_parameter(obj, name, values, external.value.dimensions)


def spiking_groups(description):
    """Neuron groups that spike, by name."""
    return {
        g.name: g
        for g in description.groups
        if isinstance(g, NeuronGroupDescription) and g.threshold is not None
    }
