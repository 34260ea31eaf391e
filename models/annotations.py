"""What a network is beside its Brian2 objects: dt_ref, readout, initial state, delays shared with a slot."""

import weakref
from dataclasses import dataclass, replace

from brian2 import Network, Quantity, get_dimensions, second

REDUCTIONS = ("none", "mean", "sum", "last")
PHASES = ("first", "last")
INITIALS = ("given", "zero")

_annotations = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Readout:
    """What the decision reads, when, and how.

    Parameters
    ----------
    group, variable : str
        E.g. ``"output"``, ``"v"``: one score per neuron of the group.
    slot : str
        Scheduling slot at which it is read, e.g. ``"before_output_resets"``.
    reduce : {"none", "mean", "sum", "last"}
        Over steps: none (a decision each step), mean, sum, or the last step.
    skip : int
        The first `skip` steps of dt_ref are left out; >= 0.
    phase : {"first", "last"}
        At a simulation step finer than dt_ref: read in the first or in the last step of each dt_ref. Spikes
        arrive at the beginning of a dt_ref (first); a current has acted in full at its end (last).
    """

    group: str
    variable: str = "v"
    slot: str = "start"
    reduce: str = "none"
    skip: int = 0
    phase: str = "first"

    def __post_init__(self):
        if self.reduce not in REDUCTIONS:
            raise ValueError(f"Readout: reduce must be one of {REDUCTIONS}, got {self.reduce!r}")
        if self.phase not in PHASES:
            raise ValueError(f"Readout: phase must be one of {PHASES}, got {self.phase!r}")
        if isinstance(self.skip, bool) or not isinstance(self.skip, int) or self.skip < 0:
            raise ValueError(f"Readout: skip must be a whole number of steps >= 0, got {self.skip!r}")


@dataclass(frozen=True)
class Initial:
    """State at the start of each trial.

    Parameters
    ----------
    kind : {"given", "zero"}
        The values that the network's variables have, or zero for every variable with a differential equation.
    """

    kind: str = "given"

    def __post_init__(self):
        if self.kind not in INITIALS:
            raise ValueError(f"Initial: kind must be one of {INITIALS}, got {self.kind!r}")


@dataclass(frozen=True)
class Annotations:
    """What Brian2 has no place for.

    Parameters
    ----------
    dt_ref : Quantity or None
        The step (s) that statements, refractory periods and stimuli refer to.
    readout : Readout or None
    initial : Initial
    step_delays : tuple of str
        Names of pathways (``"hidden1_hidden1_pre"``) whose Brian2 delay is the physical delay minus dt,
        because their scheduling slot contributes one step; the delay is set anew when the network is built
        for another dt.
    """

    dt_ref: Quantity | None = None
    readout: Readout | None = None
    initial: Initial = Initial()
    step_delays: tuple[str, ...] = ()

    def __post_init__(self):
        if self.dt_ref is not None:
            if get_dimensions(self.dt_ref) is not second.dim or not float(self.dt_ref) > 0:
                raise ValueError(f"dt_ref must be a positive time, e.g. 4*ms, got {self.dt_ref!r}")
            object.__setattr__(self, "dt_ref", Quantity(float(self.dt_ref), dim=second.dim))


def annotate(net, *, dt_ref=None, readout=None, initial=None, step_delays=None):
    """Attach annotations to a network; what is not given stays as it was.

    Parameters
    ----------
    net : brian2.Network
    dt_ref : Quantity, optional
        > 0 (s).
    readout : Readout, optional
    initial : Initial, optional
    step_delays : iterable of str, optional

    Returns
    -------
    brian2.Network
        `net` itself.

    Raises
    ------
    TypeError
        `net` is not a Network, or a value is of another type.
    ValueError
        dt_ref is not a positive time.
    """
    if not isinstance(net, Network):
        raise TypeError(f"annotate: expected a brian2.Network, got {type(net).__name__}")
    changes = {}
    if dt_ref is not None:
        changes["dt_ref"] = dt_ref
    if readout is not None:
        if not isinstance(readout, Readout):
            raise TypeError(f"annotate: readout must be a Readout, got {type(readout).__name__}")
        changes["readout"] = readout
    if initial is not None:
        if not isinstance(initial, Initial):
            raise TypeError(f"annotate: initial must be an Initial, got {type(initial).__name__}")
        changes["initial"] = initial
    if step_delays is not None:
        changes["step_delays"] = tuple(step_delays)
    _annotations[net] = replace(annotations(net), **changes)
    return net


def annotations(net):
    """Return the `Annotations` of a network; empty ones where none were attached."""
    return _annotations.get(net, Annotations())
