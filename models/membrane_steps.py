"""What `MembraneNoise` wrote into a group, and for which methods and steps it was made."""

import numpy as np
import sympy
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.parsing.sympytools import str_to_sympy

from .description import Array
from .errors import UnsupportedModel
from .symplectic import SYMPLECTIC

# Methods that answer a current which is constant over a step without error, at every dt.
EXACT = ("exact", "linear", "exponential_euler", SYMPLECTIC)
FINER = "use a finer dt, or another method: with_method(describe(net), 'exponential_euler')"

_DRAWN = "randn()"
_CONSTANTS = {name: constant.value for name, constant in DEFAULT_CONSTANTS.items()}


def drawn_current(sd, spread):
    """Return the expression of the current: its deviation ``sd`` as a name, times the factor of the method."""
    return f"{sd}*{_DRAWN}*{spread}"


def deviation_name(noise):
    """Return the name of the parameter that holds the deviation of a current."""
    return f"{noise}_sd"


def check_method_change(group, method):
    """Refuse another integration method for a group whose membrane noise was made for the one that it has.

    Raises
    ------
    UnsupportedModel
    """
    for noise, _ in _currents(group):
        if not (group.method in EXACT and method in EXACT):
            raise UnsupportedModel(
                group.name,
                f"the method {method!r} after MembraneNoise, whose current '{noise}' was made for {group.method!r}",
                "change the method first: perturb(with_method(describe(net), …), MembraneNoise(…))",
            )


def check_step(group, dt):
    """Refuse a step at which the integrator that membrane noise was made for is unstable: its current would be NaN.

    Parameters
    ----------
    group : any group of a NetworkDescription
    dt : float
        Step of the network (s); that of the group where it has one of its own counts instead.

    Raises
    ------
    UnsupportedModel
    """
    step = dt if group.dt is None else group.dt
    for noise, spread in _currents(group):
        with np.errstate(all="ignore"):
            values = values_of(str_to_sympy(spread), group, dt=step)
        if not (np.isfinite(values) & (values > 0)).all():
            raise UnsupportedModel(
                group.name,
                f"a step of {step * 1e3:.6g} ms with the current '{noise}' of MembraneNoise, at which its method "
                f"{group.method!r} is unstable",
                FINER,
            )


def _currents(group):
    """Yield (name, factor of the method as an expression) of each current that MembraneNoise has written."""
    equations = getattr(group, "equations", ())
    parameters = {e.name for e in equations if e.type == "parameter"}
    for e in equations:
        beginning = drawn_current(deviation_name(e.name), "")
        if deviation_name(e.name) in parameters and (e.expression or "").startswith(beginning):
            yield e.name, e.expression.removeprefix(beginning)


def values_of(expression, group, **known):
    """Return a sympy expression of constants of a group (SI), one value a neuron.

    Parameters
    ----------
    expression : sympy.Expr
    group : NeuronGroupDescription
    **known : float
        Further names.

    Returns
    -------
    ndarray of float, shape (neuron,)
    """
    values = {n: float(u) for n, u in (DEFAULT_UNITS | _CONSTANTS).items()} | known
    values |= {e.name: e.value.values for e in group.namespace if isinstance(e.value, Array)}
    values |= {v.name: v.array.values for v in group.variables}
    symbols = sorted(expression.free_symbols, key=str)
    found = sympy.lambdify(symbols, expression, "numpy")(*(values[str(s)] for s in symbols))
    return np.broadcast_to(np.asarray(found, dtype=float), (group.size,))
