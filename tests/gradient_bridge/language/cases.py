"""What a network of the suite says about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

RANDOM = "random"  # draws random numbers while it runs
CHAOTIC = "chaotic"  # the last bit of one value becomes other spikes
SEVERAL_CLOCKS = "several clocks"
NAN = "nan"  # some values are not numbers
QUIET = "no spikes"  # made of groups without spikes
DENSE = "dense"  # every synapse at every step is too much for a pass with gradients


@dataclass(frozen=True)
class Case:
    """One network of the suite.

    Attributes
    ----------
    build : callable
        Takes nothing, returns a new `brian2.Network`.
    runs : tuple of float
        Durations in seconds, one for each call of ``run``. The passes with gradients take the first.
    trainable : tuple of str
        Patterns of quantities that a statement reads with a gradient.
    tags : tuple of str
    dt : float
        Default clock in seconds.
    dtype : {"float64", "float32"}
        Brian2's default type.
    minimum : int
        Number of spikes that the network must emit in all runs for a comparison to mean anything.
    slow : bool
    traced : bool
        Whether every state variable is compared at every step too, not only after each run.
    namespace : mapping of str to object
        What ``run`` is given as namespace.
    options : mapping of str to object
        Further arguments of `Twin`.
    """

    build: Callable
    runs: tuple[float, ...]
    trainable: tuple[str, ...]
    tags: tuple[str, ...] = ()
    dt: float = 1e-4
    dtype: str = "float64"
    minimum: int = 10
    slow: bool = False
    traced: bool = True
    namespace: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self):
        """Family and function."""
        return f"{self.build.__module__.rpartition('.')[2]}-{self.build.__name__}"
