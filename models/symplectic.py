"""State updater `symplectic_exponential_euler`: exponential Euler, one variable after the other."""

import sympy
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException, extract_method_options
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

SYMPLECTIC = "symplectic_exponential_euler"


class SymplecticExponentialEuler(StateUpdateMethod):
    """Exponential Euler in sequence: each variable is advanced with the new values of those before it.

    For dx/dt = A x + B, with A and B of the other variables: x <- (x + B/A) exp(A dt) - B/A. Brian2's
    ``exponential_euler`` evaluates all of them at the old values; here the variables go in the alphabetical
    order of their names, so that of (a, v) the membrane v sees the new a. That is the semi-implicit
    (symplectic) Euler method with the leak of each variable solved exactly, of order 1 in dt. Where two
    variables oscillate it keeps the product of the decay factors as determinant, and does not gain energy
    from the coupling as the explicit method does.

    The order is by name, since Brian2 takes two models that differ in the order of their equations for one.

    References
    ----------
    Baronig, Ferrand, Sabathiel and Legenstein, Nat Commun 16 (2025), arXiv:2408.07517.
    """

    def __call__(self, equations, variables=None, method_options=None):
        """Return the abstract code of a step.

        Raises
        ------
        UnsupportedEquationsException
            Noise, or an equation that is not linear in its own variable.
        """
        extract_method_options(method_options, {})
        if equations.is_stochastic:
            raise UnsupportedEquationsException(f"{SYMPLECTIC}: equations with noise cannot be solved")
        try:
            system = get_conditionally_linear_system(equations, variables)
        except ValueError as error:
            raise UnsupportedEquationsException(
                f"{SYMPLECTIC}: every equation must be linear in its own variable ({error})"
            ) from error
        whole = dict(equations.get_substituted_expressions(variables))
        dt, code = sympy.Symbol("dt", real=True, positive=True), []
        for name in sorted(system):
            x, (slope, rest) = sympy.Symbol(name, real=True), system[name]
            lost = sympy.expand(str_to_sympy(whole[name].code, variables) - slope * x - rest)
            if lost != 0:  # of two powers of x the decomposition drops one
                raise UnsupportedEquationsException(
                    f"{SYMPLECTIC}: d{name}/dt is not linear in {name}: the term {lost}"
                )
            if slope == 0:
                code.append(f"{name} = {sympy_to_str(x + dt * rest)}")
            elif rest == 0:
                code.append(f"{name} = {sympy_to_str(x * sympy.exp(slope * dt))}")
            else:
                target = f"_steady_{name}"
                code.append(f"{target} = {sympy_to_str(-rest / slope)}")
                steady = sympy.Symbol(target, real=True)
                code.append(f"{name} = {sympy_to_str(steady + (x - steady) * sympy.exp(slope * dt))}")
        return "\n".join(code)


if SYMPLECTIC not in StateUpdateMethod.stateupdaters:
    StateUpdateMethod.register(SYMPLECTIC, SymplecticExponentialEuler())
