"""Time in a program: clocks, and the slots of a step."""

from __future__ import annotations

import math
from dataclasses import dataclass

CLOCK = "_clock"  # owner of t, dt and timestep of the finest clock; no Brian2 object has such a name
COINCIDENCE = 1e-4  # clocks closer than this share of a step tick together, as in Brian2


@dataclass(frozen=True)
class Time:
    """One clock: key of its arrays, step in seconds, number of steps that it has made."""

    key: str
    dt: float
    start: int

    def steps_until(self, time):
        """Number of the step at ``time`` (s), as Brian2 rounds it."""
        time = float(time)
        nearest = round(time / self.dt)  # halves to even, as numpy.round
        if abs(nearest * self.dt - time) / self.dt <= COINCIDENCE:
            return nearest
        return math.ceil(time / self.dt)


def slot_rank(slot, schedule):
    """Place of a slot in a step: ``before_x`` < ``x`` < ``after_x``, in the order of the schedule."""
    base, shift = slot, 0
    for prefix, step in (("before_", -1), ("after_", 1)):
        if slot not in schedule and slot.startswith(prefix):
            base, shift = slot.removeprefix(prefix), step
    if base not in schedule:
        raise ValueError(
            f"slot {slot!r} is not in the network's schedule: expected one of {', '.join(schedule)}, "
            "or before_/after_ one of them"
        )
    return 3 * schedule.index(base) + shift
