"""Perturbations of neurons: mismatch of time constants, temperature, lesion."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from brian2 import second

from .description import DIMENSIONLESS, Array, exponents
from .errors import UnsupportedModel
from .perturbing import (
    Perturbation,
    chosen,
    new_name,
    number,
    objects,
    patterns,
    replaced,
    size_of,
    spiking_groups,
    with_parameter,
    with_values,
)
from .times import is_time_constant

_TIME = exponents(second.dim)


@dataclass(frozen=True)
class TimeConstantMismatch(Perturbation):
    """Time constants that differ between neurons: ``tau *= exp(s*N(0, 1))``, s = sqrt(log(1 + cv**2)).

    Transistors of the same size carry different currents; their threshold voltages are normal, currents below
    threshold exponential in them. So the factor is log-normal. Its *median* is 1 (not its mean): half of the neurons
    become slower, half faster, and rates 1/tau scatter as time constants do.

    Parameters
    ----------
    cv : float
        Standard deviation of the factor over its mean, 0 to 1. Neuromorphic circuits have 0.1 to 0.4.
    variables : str or tuple of str, optional
        Names or patterns of times; by default every time constant: a parameter or constant, a time, whose name has a
        part that begins with ``tau``.
    objects : str or tuple of str, optional
        Names or patterns of groups and synapses; all that have such a variable by default.

    Notes
    -----
    A constant of a namespace becomes a parameter, one value a neuron. Where a group shares its value, the whole group
    is refused: give it a parameter without ``shared``.

    References
    ----------
    Pelgrom, Duinmaijer and Welbers 1989, IEEE J Solid-State Circuits 24:1433. Neftci and Indiveri 2010, IEEE BioCAS.
    """

    cv: float
    variables: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None

    def __post_init__(self):
        number("TimeConstantMismatch, cv", self.cv, low=0, high=1)
        for name in ("variables", "objects"):
            object.__setattr__(self, name, patterns(f"TimeConstantMismatch, {name}", getattr(self, name)))

    def _targets(self, description):
        found = _times(self, description)
        for name, variable in found:
            e = next((e for e in objects(description)[name].equations if e.name == variable), None)
            if e is not None and "shared" in e.flags:
                raise UnsupportedModel(
                    name,
                    f"one '{variable}' for the whole group, which cannot differ between neurons",
                    "make it a parameter without the flag 'shared', or name others: variables=…, objects=…",
                )
        return found

    def _apply(self, description, target, rng):
        name, variable = target
        obj = objects(description)[name]
        s = np.sqrt(np.log1p(float(self.cv) ** 2))
        factor = np.exp(s * rng(f"{name}.{variable}").standard_normal(size_of(obj)))
        return replaced(description, with_values(obj, variable, _value(obj, variable) * factor))


@dataclass(frozen=True)
class Temperature(Perturbation):
    """Another temperature: ``tau *= q10**(-change/10 K)`` for every time constant.

    Channels open and close faster when it is warmer, leaks and transmitter kinetics too. Weights, thresholds and the
    jump of a membrane at a spike follow as the equations have it (of `ALIF` through ``alpha``).

    Parameters
    ----------
    change : float
        Kelvin, -30 to 30, from the temperature at which the time constants hold.
    q10 : float or dict of str to float
        Factor of rates for 10 K, 0.5 to 10; a dict gives it by name or pattern of the variable, of which the first
        that fits counts (``{"tau_m": 1.5, "tau_*": 2.5}``). Channel gates have 2 to 4, synaptic currents 2 to 3,
        leaks less.
    variables, objects : tuple of str, optional
        As of `TimeConstantMismatch`; ``variables=("tau_*", "t_ref")`` takes refractory periods that are parameters too.

    Notes
    -----
    Delays, and refractory periods unless named, stay: in networks trained in steps they are that step.

    References
    ----------
    Hille 2001, Ion Channels of Excitable Membranes, 3rd ed. Thompson, Masukawa and Prince 1985, J Neurosci 5:817.
    """

    change: float
    q10: float | Mapping[str, float] = 2.0
    variables: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None

    def __post_init__(self):
        number("Temperature, change (K)", self.change, low=-30, high=30)
        q10 = self.q10 if isinstance(self.q10, Mapping) else {"*": self.q10}
        for name, value in q10.items():
            number(f"Temperature, q10 of {name!r}", value, low=0.5, high=10)
        for name in ("variables", "objects"):
            object.__setattr__(self, name, patterns(f"Temperature, {name}", getattr(self, name)))

    def _factor(self, variable):
        q10 = self.q10 if isinstance(self.q10, Mapping) else {"*": self.q10}
        value = next((v for name, v in q10.items() if fnmatch.fnmatchcase(variable, name)), None)
        if value is None:
            raise ValueError(
                f"Temperature, q10: expected one for {variable!r}, got those of {', '.join(q10) or 'none'}; add it, or "
                "name the variables that change: variables=…"
            )
        return float(value) ** (-float(self.change) / 10)

    def _targets(self, description):
        return [(name, variable, self._factor(variable)) for name, variable in _times(self, description)]

    def _apply(self, description, target, rng):
        name, variable, factor = target
        obj = objects(description)[name]
        external = next((e for e in obj.namespace if e.name == variable), None)
        if external is None:
            return replaced(description, with_values(obj, variable, _value(obj, variable) * factor))
        new = replace(external, value=Array(external.value.values * factor, external.value.dimensions))
        namespace = tuple(new if e is external else e for e in obj.namespace)
        return replaced(description, replace(obj, namespace=namespace))


@dataclass(frozen=True)
class NeuronLesion(Perturbation):
    """Loss of neurons: of each group a fraction, chosen at random, never spikes again.

    Cells die, circuits fail. The neurons stay in their group, so that indices and sizes are as before; the threshold
    gets the further condition ``alive``.

    Parameters
    ----------
    fraction : float
        0 to 1; of n neurons ``round(fraction*n)``, exactly.
    groups : str or tuple of str, optional
        Names or patterns; by default all spiking neuron groups but that of the readout.
    """

    fraction: float
    groups: tuple[str, ...] | None = None

    def __post_init__(self):
        number("NeuronLesion, fraction", self.fraction, low=0, high=1)
        object.__setattr__(self, "groups", patterns("NeuronLesion, groups", self.groups))

    def _targets(self, description):
        having = spiking_groups(description)
        others = {g.name: "does not spike by itself" for g in description.groups if g.name not in having}
        readout = description.annotations.readout
        if self.groups is None and readout is not None:
            having = {name: g for name, g in having.items() if name != readout.group}
        where, what = "NeuronLesion, groups", "spiking neuron groups beside the readout"
        return [g.name for g in chosen(where, self.groups, having, others, what)]

    def _apply(self, description, target, rng):
        group = description.group(target)
        name = new_name(group, description, "alive")
        alive = np.ones(group.size, dtype=bool)
        alive[rng(target).permutation(group.size)[: round(float(self.fraction) * group.size)]] = False
        group = with_parameter(group, name, alive, DIMENSIONLESS, kind="boolean")
        event = replace(group.threshold, condition=f"({group.threshold.condition}) and {name}")
        return replaced(description, replace(group, threshold=event))


# ------------------------------------------------------------------ times
def _times(perturbation, description):
    """(object, variable) of the times that a perturbation acts on, checked."""
    kind, having, others = perturbation.kind, {}, {}
    known = set()
    for name, obj in objects(description).items():
        times = list(_parameters(obj))
        known |= set(times)
        if perturbation.variables is None:
            times = [n for n in times if is_time_constant(n)]
        else:
            times = [n for n in times if any(fnmatch.fnmatchcase(n, p) for p in perturbation.variables)]
        if times:
            having[name] = [(name, variable) for variable in times]
        else:
            others[name] = "has no such time constant"
    for pattern in perturbation.variables or ():
        if not any(fnmatch.fnmatchcase(n, pattern) for n in known):
            raise ValueError(
                f"{kind}, variables: {pattern!r} fits no time; there are {', '.join(sorted(known)) or 'none'}"
            )
    found = chosen(f"{kind}, objects", perturbation.objects, having, others, "time constants")
    return [pair for pairs in found for pair in pairs]


def _parameters(obj):
    """Names of parameters and constants of an object that are times."""
    for e in getattr(obj, "equations", ()):
        if e.type == "parameter" and e.dimensions == _TIME:
            yield e.name
    for e in getattr(obj, "namespace", ()):
        if isinstance(e.value, Array) and e.value.dimensions == _TIME:
            yield e.name


def _value(obj, name):
    """SI values of a parameter or constant."""
    variable = next((v for v in obj.variables if v.name == name), None)
    if variable is not None:
        return variable.array.values
    return next(e for e in obj.namespace if e.name == name).value.values
