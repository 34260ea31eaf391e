"""What a network is beside its Brian2 objects: dt_ref, readout, initial state, delays shared with a slot, jitter."""

# No `from __future__ import annotations`: a type checker takes the function of that name for it.
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from brian2 import Network, Quantity, get_dimensions, second

Reduction = Literal["none", "mean", "sum", "softmax_sum", "last"]
REDUCTIONS = ("none", "mean", "sum", "softmax_sum", "last")
PHASES = ("first", "last")
INITIALS = ("given", "zero", "random")
FRACTIONAL = ("same", "none")
# As a readout's variable: the number of spikes in each dt_ref.
SPIKES = "spikes"

_annotations = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Readout:
    """What the decision reads, when, and how.

    Parameters
    ----------
    group, variable : str
        E.g. ``"output"``, ``"v"``: one score per neuron of the group. The variable ``"spikes"`` is the number of
        spikes that a neuron emitted in the dt_ref.
    slot : str
        Scheduling slot at which it is read, e.g. ``"before_output_resets"``; means nothing for spikes.
    reduce : {"none", "mean", "sum", "softmax_sum", "last"}
        Over steps: none (a decision each step), mean, sum, sum of the softmax over classes of each step (the papers
        for SHD), or the last step.
    skip : int
        The first `skip` steps of dt_ref are left out; >= 0.
    phase : {"first", "last"}
        At a simulation step finer than dt_ref: read in the first or in the last step of each dt_ref. Spikes
        arrive at the beginning of a dt_ref (first); a current has acted in full at its end (last).

    Raises
    ------
    ValueError
        A reduction or phase that is none of those listed, a `skip` that is no whole number >= 0.
    """

    group: str
    variable: str = "v"
    slot: str = "start"
    reduce: Reduction = "none"
    skip: int = 0
    phase: Literal["first", "last"] = "first"

    def __post_init__(self):
        if self.reduce not in REDUCTIONS:
            raise ValueError(f"Readout: reduce must be one of {REDUCTIONS}, got {self.reduce!r}")
        if self.phase not in PHASES:
            raise ValueError(f"Readout: phase must be one of {PHASES}, got {self.phase!r}")
        if isinstance(self.skip, bool) or not isinstance(self.skip, int) or self.skip < 0:
            raise ValueError(f"Readout: skip must be a whole number of steps >= 0, got {self.skip!r}")


@dataclass(frozen=True)
class Initial:
    """State at the start of each trial; `models.start_states` makes it.

    Parameters
    ----------
    kind : {"given", "zero", "random"}
        The values that the network's variables have; zero for every variable with a differential equation; or
        the random start of the papers' released code, drawn anew for each trial: a membrane v0 ~ U(0, membrane)
        of every neuron, an adaptation a0, and a *fractional* previous spike s0.
    seed : int
        Of the random start, >= 0.
    membrane : float
        Upper end of v0, >= 0.
    spike : {"same", "none"}
        s0 = v0, as in the released scripts for ECG, S-MNIST and SSC, or s0 = 0 as for SHD.
    adaptation : float or None
        a0; None for the baseline threshold b0 of each group, as in the released scripts.

    Raises
    ------
    ValueError
        A value out of its range or none of those listed.
    """

    kind: str = "given"
    seed: int = 0
    membrane: float = 1.0
    spike: str = "same"
    adaptation: float | None = None

    def __post_init__(self):
        if self.kind not in INITIALS:
            raise ValueError(f"Initial: kind must be one of {INITIALS}, got {self.kind!r}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"Initial: seed must be a whole number >= 0, got {self.seed!r}")
        if not _is_number(self.membrane) or not 0 <= self.membrane < float("inf"):
            raise ValueError(f"Initial: membrane must be a finite number >= 0, got {self.membrane!r}")
        if self.spike not in FRACTIONAL:
            raise ValueError(f"Initial: spike must be one of {FRACTIONAL}, got {self.spike!r}")
        if self.adaptation is not None and not (
            _is_number(self.adaptation) and abs(self.adaptation) < float("inf")
        ):
            raise ValueError(f"Initial: adaptation must be None or a finite number, got {self.adaptation!r}")


@dataclass(frozen=True)
class Jitter:
    """Jitter of the spikes that a stimulus puts into a spike generator; see `InputJitter`.

    Parameters
    ----------
    group : str
        Name of the spike generator.
    sd : float
        Standard deviation (s), > 0.
    seed : int
        >= 0.

    Raises
    ------
    ValueError
        A deviation or seed out of its range.
    """

    group: str
    sd: float
    seed: int

    def __post_init__(self):
        if not _is_number(self.sd) or not 0 < self.sd < float("inf"):
            raise ValueError(f"Jitter: sd must be a finite time > 0 in seconds, got {self.sd!r}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"Jitter: seed must be a whole number >= 0, got {self.seed!r}")


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
    about : dict of str to str
        Free texts by name that stay with the network: the task, names of its classes, where it comes from.
    growing : tuple of str
        Names of time constants (``"hidden1.tau_a"``) of which some are negative on purpose, so that a variable
        grows instead of decaying; any other time constant that is not positive is refused.
    jitter : tuple of Jitter
        Of stimuli, one after the other.

    Raises
    ------
    ValueError
        A `dt_ref` that is no positive time, texts that are none.
    """

    dt_ref: Quantity | None = None
    readout: Readout | None = None
    initial: Initial = field(default_factory=Initial)
    step_delays: tuple[str, ...] = ()
    about: dict[str, str] = field(default_factory=dict)
    growing: tuple[str, ...] = ()
    jitter: tuple[Jitter, ...] = ()

    def __post_init__(self):
        if self.dt_ref is not None:
            if get_dimensions(self.dt_ref) is not second.dim or not float(self.dt_ref) > 0:
                raise ValueError(f"dt_ref must be a positive time, e.g. 4*ms, got {self.dt_ref!r}")
            object.__setattr__(self, "dt_ref", Quantity(float(self.dt_ref), dim=second.dim))
        if not all(isinstance(text, str) for pair in dict(self.about).items() for text in pair):
            raise ValueError(f"about must be texts by name, e.g. {{'task': 'ecg'}}, got {self.about!r}")
        object.__setattr__(self, "about", dict(self.about))


def annotate(
    net: Network,
    *,
    dt_ref: Quantity | None = None,
    readout: Readout | None = None,
    initial: Initial | None = None,
    step_delays: Iterable[str] | None = None,
    about: Mapping[str, str] | None = None,
    growing: Iterable[str] | None = None,
    jitter: Iterable[Jitter] | None = None,
) -> Network:
    """Attach annotations to a network; what is not given stays as it was.

    Parameters
    ----------
    net : brian2.Network
    dt_ref : Quantity, optional
        > 0 (s).
    readout : Readout, optional
    initial : Initial, optional
    step_delays : iterable of str, optional
    about : dict of str to str, optional
        Added to the texts that are there.
    growing : iterable of str, optional
    jitter : iterable of Jitter, optional

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
    if about is not None:
        changes["about"] = {**annotations(net).about, **about}
    if growing is not None:
        changes["growing"] = tuple(growing)
    if jitter is not None:
        changes["jitter"] = tuple(jitter)
    _annotations[net] = replace(annotations(net), **changes)
    return net


def annotations(net: Network) -> Annotations:
    """Return the `Annotations` of a network; empty ones where none were attached."""
    return _annotations.get(net, _NOTHING)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_NOTHING = Annotations()
