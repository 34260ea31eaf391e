"""Names that statements use and that their object does not define: resolved as Brian2 does it."""

import re

import numpy as np
from brian2 import DEFAULT_FUNCTIONS, Function, TimedArray
from brian2.codegen.translation import get_identifiers_recursively
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.core.variables import Constant

from .description import Array, External, exponents
from .errors import UnsupportedModel


class Externals:
    """Resolves names for all objects of one network and collects the timed arrays that they share.

    Parameters
    ----------
    namespace : dict
        Run namespace, as in `Network.run`.

    Attributes
    ----------
    timed_arrays : dict of str to TimedArray
        By name, in the order met.
    """

    def __init__(self, namespace):
        self.namespace = namespace
        self.timed_arrays = {}

    def resolve(self, group, codes):
        """Return the externals of `codes` as a tuple of `External`, sorted by name.

        Parameters
        ----------
        group : brian2 Group
        codes : iterable of str
            Expressions and statements; those of subexpressions that they use are followed.

        Raises
        ------
        KeyError
            A name cannot be resolved.
        UnsupportedModel
            A name stands for something else than a number, a `TimedArray` or a function.
        """
        codes = [_without_comments(code) for code in codes if code]
        identifiers = get_identifiers_recursively(codes, group.variables)
        assigned = {name for code in codes for name in _assigned(code)}
        found = []
        for name in sorted(
            identifiers - set(group.variables) - assigned - {"True", "False", "and", "or", "not"}
        ):
            try:
                resolved = group._resolve_external(name, run_namespace=self.namespace)
            except KeyError as error:
                raise KeyError(
                    f"{group.name}: the name {name!r} could not be resolved; put it into the group's "
                    "namespace or pass namespace="
                ) from error
            external = self._external(group, name, resolved)
            if external is not None:
                found.append(external)
        return tuple(found)

    def _external(self, group, name, resolved):
        if isinstance(resolved, TimedArray):
            known = self.timed_arrays.setdefault(resolved.name, resolved)
            if known is not resolved:
                raise ValueError(f"two TimedArrays are named {resolved.name!r}; give them different names")
            return External(name, resolved.name)
        if isinstance(resolved, Function):
            return None if resolved is DEFAULT_FUNCTIONS.get(name) else External(name, resolved)
        if not isinstance(resolved, Constant):
            raise UnsupportedModel(
                group.name, f"'{name}' ({type(resolved).__name__})", "use a number or quantity"
            )
        if self._is_default(group, name):
            return None
        value = np.asarray(resolved.get_value())
        if value.dtype.kind not in "fiub" or value.ndim:
            raise UnsupportedModel(
                group.name, f"'{name}' ({value.dtype}, shape {value.shape})", "use one number"
            )
        return External(name, Array(value, exponents(resolved.dim)))

    def _is_default(self, group, name):
        own = getattr(group, "namespace", None) or {}
        return (name in DEFAULT_UNITS or name in DEFAULT_CONSTANTS) and name not in own


def _without_comments(code):
    return "\n".join(line.partition("#")[0] for line in code.split("\n"))


def _assigned(code):
    """Names that statements introduce: `x = …` without being a variable."""
    for line in code.replace(";", "\n").split("\n"):
        found = re.match(r"\s*([A-Za-z_]\w*)\s*=(?!=)", line)
        if found:
            yield found.group(1)
