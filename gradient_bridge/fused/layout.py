"""Where things lie in the arrays that Python hands to a generated engine."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, field

VECTOR = 16  # neurons of as many trials as fill whole vectors: a multiple of the longest vector there is


@dataclass(frozen=True)
class GroupLayout:
    """Places of a group's arrays.

    Attributes
    ----------
    name : str
        Of the group.
    size : int
    states : list of str
        Arrays that are carried, in order.
    coefficients : list
        What does not change, in order.
    graded : list
        Those of them that carry a gradient.
    dense : frozenset of str
        Event spaces whose events are wanted as 0 and 1.
    last : list of str
        Arrays that are wanted at the end only.
    carried : list of str
        States that carry a gradient.
    slotted : frozenset of str
        Carried states that something is delivered to: their derivatives are kept for each step of a chunk.
    """

    name: str
    size: int
    states: list[str]
    coefficients: list
    graded: list
    dense: frozenset[str]
    last: list[str]
    carried: list[str] = field(default_factory=list)
    slotted: frozenset[str] = frozenset()

    @property
    def repeated(self):
        """Neurons of as many trials as fill whole vectors."""
        return self.size * (VECTOR // math.gcd(self.size, VECTOR))


@dataclass(frozen=True)
class Link:
    """The synapses of a delivery that share a delay.

    Attributes
    ----------
    name : str
        In C.
    space : str
        Event space of the emitting group.
    rows, columns : int
        Emitting and receiving neurons.
    lag : int
        Steps from emission to arrival.
    dense : bool
    graded : bool
        Whether its weights carry a gradient.
    back : bool
        Whether its spikes do.
    synapses : int
    """

    name: str
    space: str
    rows: int
    columns: int
    lag: int
    dense: bool
    graded: bool
    back: bool
    synapses: int


class Fields:
    """The structure that holds everything a call needs, in C and in Python."""

    def __init__(self):
        self.names = {}

    def long(self, *names):
        """Whole numbers."""
        self.names |= dict.fromkeys(names, "long")

    def pointer(self, kind, *names):
        """Arrays of a type."""
        self.names |= dict.fromkeys(names, f"{kind} *")

    def in_c(self):
        """The declaration."""
        lines = "".join(f"  {kind} {name};\n" for name, kind in self.names.items())
        return f"typedef struct {{\n{lines}  double dt;\n}} Call;\n"

    def in_python(self):
        """The same as a class."""
        kinds = [(n, ctypes.c_long if k == "long" else ctypes.c_void_p) for n, k in self.names.items()]
        kinds.append(("dt", ctypes.c_double))
        return type("Call", (ctypes.Structure,), {"_fields_": kinds, "names": frozenset(dict(kinds))})
