"""Membrane noise: a current, drawn anew at each step, that gives the free membrane exactly the deviation asked for.

White noise through a leaky membrane, ``dv/dt = … - rate*v + sd*sqrt(2*rate)*xi``, is an Ornstein-Uhlenbeck process.
A step of length dt takes it from v to ``q v + (1 - q) v_inf + sd*sqrt(1 - q**2)*N(0, 1)`` with q = exp(-rate dt),
whatever dt is. The step of Euler and Maruyama has that only where dt is much shorter than 1/rate; at dt = 4 ms and a
time constant of 5 ms its deviation is 29 % too large. Here a current that is constant over a step, ``rate*noise``
with ``noise = sd*sqrt((1 + q)/(1 - q))*randn()``, goes through the integrator that the group has. All of Brian2's
integrators answer a constant current by ``v -> q v + (1 - q) noise``: exact ones with q = exp(-rate dt), Euler with
q = 1 - rate dt. So the deviation is sd, exactly, with each of them and at each dt at which it is stable.
"""

from dataclasses import dataclass, replace
from math import factorial

import numpy as np
import sympy
from brian2 import Quantity, get_dimensions
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import UnsupportedEquationsException

from .building import build
from .description import Array, Equation, Slot, Variable, exponents
from .devices import using
from .errors import UnsupportedModel
from .membrane_steps import EXACT, FINER, deviation_name, drawn_current, values_of
from .perturbing import Perturbation, chosen, new_name, patterns, replaced, with_shared

# Order to which a method's q agrees with exp(-z), z = rate*dt; heun and milstein treat what is no noise as euler does.
_ORDERS = {"euler": 1, "heun": 1, "milstein": 1, "rk2": 2, "rk4": 4}


@dataclass(frozen=True)
class MembraneNoise(Perturbation):
    """White noise in the membrane: ion channels and synapses that are not simulated, thermal noise of a circuit.

    ``dv/dt = … + sd*sqrt(2*rate)*xi`` with rate = 1/tau_m, read from the equation; sampled exactly (see the module).

    Parameters
    ----------
    sd : float or Quantity
        Standard deviation of the free membrane (no threshold, no reset) in the stationary state, in the unit of the
        variable, >= 0. It does not depend on dt, on the method or on the membrane time constant. A neuron of the
        published networks has thresholds of the order of 0.01 to 1; of cortical cells in vivo it is a few mV.
    variable : str
        With a linear leak: ``d variable/dt = … - rate*variable``, rate made of constants alone.
    groups : str or tuple of str, optional
        Names or patterns; all groups with such a variable by default, the readout too.

    Raises
    ------
    ValueError
        A deviation that is not finite or below 0.

    Notes
    -----
    The numbers are drawn while the network runs, from the seed of `simulate`; each trial has its own. Change the method
    of a group before (`with_method`): the current is made for the one that it has.

    References
    ----------
    Gillespie 1996, Phys Rev E 54:2084 (exact update). Destexhe, Rudolph and Paré 2003, Nat Rev Neurosci 4:739
    (deviation of membranes in vivo).
    """

    sd: float | Quantity
    variable: str = "v"
    groups: tuple[str, ...] | None = None

    def __post_init__(self):
        plain = np.asarray(self.sd)
        if plain.ndim or plain.dtype.kind not in "fiu" or not 0 <= plain < np.inf:
            raise ValueError(f"MembraneNoise, sd: expected one finite value >= 0, e.g. 2*mV, got {self.sd!r}")
        if not isinstance(self.variable, str):
            raise TypeError(f"MembraneNoise, variable: expected a name, got {self.variable!r}")
        object.__setattr__(self, "groups", patterns("MembraneNoise, groups", self.groups))

    def _targets(self, description):
        having, others = {}, {}
        for g in description.groups:
            if _equation(g, self.variable) is not None:
                having[g.name] = g
            else:
                others[g.name] = f"has no differential equation of '{self.variable}'"
        groups = chosen(
            "MembraneNoise, groups", self.groups, having, others, f"group with d{self.variable}/dt"
        )
        return [(g.name, *self._leak(description, g)) for g in groups]

    def _leak(self, description, group):
        """The rate of the leak as Brian2 expression, and the factors of a step, checked."""
        equation = _equation(group, self.variable)
        expected = exponents(get_dimensions(self.sd))
        if expected != equation.dimensions:
            raise ValueError(
                f"MembraneNoise, sd: expected the unit of {group.name}.{self.variable}, "
                f"{Array(1.0, equation.dimensions).quantity()!r}, got {self.sd!r}"
            )
        rate, method = _rate_and_method(description, group, self.variable)
        values = values_of(rate, group)
        code = sympy_to_str(rate)
        if not (values > 0).all():
            raise UnsupportedModel(
                group.name,
                f"a membrane that grows ({self.variable} leaks at the rate {code}, {np.min(values):g} Hz), which has "
                "no stationary deviation",
                "name the groups that leak: MembraneNoise(…, groups=…)",
            )
        if method in _ORDERS:
            z = values * (description.dt if group.dt is None else group.dt)
            q = sum((-z) ** k / factorial(k) for k in range(_ORDERS[method] + 1))
            if not (np.abs(q) < 1).all():
                raise UnsupportedModel(
                    group.name,
                    f"'{method}' at a step {z.max():.3g} times its membrane time constant, where it is unstable",
                    FINER,
                )
        return code, method

    def _free_name(self, group, description):
        """A name of the current that is free, and so is that of its deviation."""
        for k in range(1, 1000):
            noise = f"noise_{self.variable}" + (f"_{k}" if k > 1 else "")
            if all(new_name(group, description, n) == n for n in (noise, deviation_name(noise))):
                return noise
        raise ValueError(f"MembraneNoise: '{group.name}' has a thousand currents of noise")

    def _apply(self, description, target, rng):
        name, rate, method = target
        group = description.group(name)
        noise = self._free_name(group, description)
        sd = deviation_name(noise)
        z = f"(dt*({rate}))"
        if method in EXACT:
            spread = f"1/sqrt(tanh(0.5*{z}))"  # (1 + q)/(1 - q) of q = exp(-z), without loss of digits
        else:
            # 1 - q = z - z**2/2 + …
            rest = " + ".join(
                f"{(-1) ** (k + 1)}*{z}**{k}/{factorial(k)}" for k in range(1, _ORDERS[method] + 1)
            )
            spread = f"sqrt(2/({rest}) - 1)"
        equation = _equation(group, self.variable)
        drawn = Equation(
            "subexpression",
            noise,
            drawn_current(sd, spread),
            equation.dimensions,
            flags=("constant over dt",),
        )
        driven = replace(equation, expression=f"{equation.expression} + ({rate})*{noise}")
        slot = "start" if "start" in description.schedule else group.update_slot.when
        # The deviation is a parameter, no constant of the code: networks at several deviations are one program.
        group = with_shared(group, sd, float(self.sd), equation.dimensions)
        return replaced(
            description,
            replace(
                group,
                equations=(*(driven if e is equation else e for e in group.equations), drawn),
                variables=(
                    *group.variables,
                    Variable(noise, Array(np.zeros(group.size), equation.dimensions)),
                ),
                constant_slot=group.constant_slot or Slot(f"before_{slot}"),
            ),
        )


def _equation(group, variable):
    return next(
        (
            e
            for e in getattr(group, "equations", ())
            if e.name == variable and e.type == "differential equation"
        ),
        None,
    )


def _rate_and_method(description, group, variable):
    """The leak's rate as a sympy expression of constants, and the integrator that Brian2 chooses."""
    with using("numpy", random_seed=0):
        (made,) = build(description.alone(group.name)).objects
        names = made.equations.names | made.equations.identifiers | {"dt"}
        variables = made.resolve_all(names, {}, user_identifiers=set())
        code = dict(made.user_equations.get_substituted_expressions(variables))[variable].code
        derivative = sympy.simplify(
            -sympy.diff(str_to_sympy(code, variables), sympy.Symbol(variable, real=True))
        )
        method = _method(made, group.method)
    constants = {e.name for e in group.equations if e.type == "parameter"}
    constants |= {e.name for e in group.namespace if isinstance(e.value, Array)}
    constants |= set(DEFAULT_UNITS) | set(DEFAULT_CONSTANTS)
    changing = sorted({str(s) for s in derivative.free_symbols} - constants)
    functions = {str(f.func) for f in derivative.atoms(sympy.Function)}
    changing += sorted(functions & {e.name for e in group.namespace if isinstance(e.value, str)})
    if changing or derivative == 0:
        what = f"it depends on {', '.join(changing)}" if changing else "there is none"
        raise UnsupportedModel(
            group.name,
            f"a membrane without a linear, constant leak: -d(d{variable}/dt)/d{variable} = {derivative}, {what}; its "
            "noise has no stationary deviation to ask for",
            "write the noise into the equation, e.g. + sigma*xi*ms**-0.5 with method='euler', or name other groups",
        )
    return derivative, method


def _method(made, method):
    """The first of the methods that Brian2 does not refuse, as it chooses itself."""
    refusals = []
    for name in method if isinstance(method, tuple) else [method]:
        made.state_updater.method_choice = name
        try:
            made.state_updater.update_abstract_code(run_namespace={})
        except (UnsupportedEquationsException, ValueError) as refused:
            refusals.append(str(refused))
        else:
            break
    else:
        raise UnsupportedModel(made.name, f"the method {method!r}", " ".join(refusals))
    if name not in _ORDERS and name not in EXACT:
        raise UnsupportedModel(
            made.name,
            f"the method '{name}' with membrane noise",
            f"use one of {', '.join((*EXACT, *_ORDERS))}: with_method(description, …)",
        )
    return name
