"""Random networks as plain data.

A `NetworkPlan` prints as the Python expression that makes it, so that a shrunk counterexample can be written down as it
is; `random_networks_build.build` makes the Brian2 network of it.
"""

from dataclasses import dataclass

SCHEDULES = (
    ("start", "groups", "thresholds", "synapses", "resets", "end"),
    ("start", "groups", "synapses", "thresholds", "resets", "end"),
    ("start", "synapses", "groups", "thresholds", "resets", "end"),
    ("start", "groups", "thresholds", "resets", "synapses", "end"),
    ("start", "resets", "groups", "extra", "thresholds", "synapses", "end"),
)


@dataclass(frozen=True)
class Regular:
    """`run_regularly`: code, step (ms; None: that of its owner), slot, order."""

    code: str
    dt_ms: float | None = None
    when: str = "start"
    order: int = 0


@dataclass(frozen=True)
class GroupPlan:
    """A `NeuronGroup`; ``slots`` are (part, when, order) of its state updater, threshold and reset."""

    name: str
    size: int
    equations: str
    method: str | None = "euler"
    threshold: str = "v > 1"
    reset: str = "v = 0"
    refractory: str | float | bool = False  # a number is in ms
    event: tuple[str, str] | None = None  # condition and statements of the event "high"
    linked: str | None = None  # the group whose v the variable y is
    regularly: tuple[Regular, ...] = ()
    slots: tuple[tuple[str, str, int], ...] = ()
    dt_ms: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class SourcePlan:
    """A `PoissonGroup` (rates: a number in Hz or an expression) or a `SpikeGeneratorGroup` (rates None)."""

    name: str
    size: int
    rates: str | float | None = None
    period_ms: float = 0
    slot: tuple[str, int] | None = None
    dt_ms: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class InputPlan:
    """A `PoissonInput`."""

    target: str
    variable: str
    count: int
    rate: float  # Hz
    weight: float


@dataclass(frozen=True)
class SynapsesPlan:
    """A `Synapses`; ``source`` and ``target`` are names, sliced by ``source_part`` and ``target_part`` where given.

    ``delays`` are (pathway, kind), kind one of "one", "fraction", "each"; ``slots`` are (pathway, when, order).
    """

    name: str
    source: str
    target: str
    model: str = "w : 1"
    pathways: tuple[tuple[str, str], ...] = (("pre", "g_post += w"),)
    on_post: str = ""
    source_part: tuple[int, int] | None = None
    target_part: tuple[int, int] | None = None
    connect: str = "all"
    delays: tuple[tuple[str, str], ...] = ()
    event: str = "spike"
    method: str | None = None
    regularly: tuple[Regular, ...] = ()
    slots: tuple[tuple[str, str, int], ...] = ()
    dt_ms: float = 0.5
    scale: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class NetworkPlan:
    """A network, how long it has run before (steps of 0.5 ms), and how long it runs now."""

    groups: tuple[GroupPlan, ...]
    sources: tuple[SourcePlan, ...] = ()
    inputs: tuple[InputPlan, ...] = ()
    synapses: tuple[SynapsesPlan, ...] = ()
    schedule: tuple[str, ...] = SCHEDULES[0]
    before: int = 0
    steps: int = 60
    float32: bool = False
    seed: int = 0
