"""Perturbation of inputs: jitter of the times of input spikes."""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import Quantity

from .annotations import Jitter
from .description import SpikeGeneratorDescription
from .jitter import jittered, steps_of
from .perturbing import Perturbation, chosen, patterns, read_only, replaced, time


@dataclass(frozen=True)
class InputJitter(Perturbation):
    """Jitter of input spikes: each is moved by whole steps of mean 0 and a standard deviation, drawn for each spike.

    Sensors and axons that are not exact in time. The stimulus that `simulate` puts in is jittered when it is put in,
    at the step of the simulation; each trial draws from a stream of its own. Spikes that a generator has of its own
    are jittered at once, the same in every trial.

    Parameters
    ----------
    sd : Quantity
        Standard deviation of the shift, 0 to 1 s, normally distributed, rounded at random to steps so that the
        deviation is what was asked for even where it is shorter than a step: then a few spikes move by one step.
    groups : str or tuple of str, optional
        Names or patterns of spike generators; all by default.

    Notes
    -----
    No spike is lost: one that would lie before the start or after the end is reflected there, and one that meets
    another of its channel in the same step takes the nearest free step, before or after. Where a channel is dense,
    spikes therefore move less or more than asked.
    """

    sd: Quantity
    groups: tuple[str, ...] | None = None

    def __post_init__(self):
        time("InputJitter, sd", self.sd, high=1)
        object.__setattr__(self, "groups", patterns("InputJitter, groups", self.groups))

    def _targets(self, description):
        having, others = {}, {}
        for g in description.groups:
            if isinstance(g, SpikeGeneratorDescription):
                having[g.name] = g.name
            else:
                others[g.name] = "is no SpikeGeneratorGroup"
        return chosen("InputJitter, groups", self.groups, having, others, "SpikeGeneratorGroup")

    def _apply(self, description, target, rng):
        notes = description.annotations
        # What follows at the same generator draws other numbers: its place is part of the name of the stream.
        place = sum(j.group == target for j in notes.jitter)
        jitter = Jitter(target, float(self.sd), int(rng(f"{target}, {place}").integers(2**32)))
        description = replace(description, annotations=replace(notes, jitter=(*notes.jitter, jitter)))
        group = description.group(target)
        if not len(group.times):
            return description
        dt = description.dt if group.dt is None else group.dt
        length = round(group.period / dt) if group.period else None
        indices, steps = jittered(
            jitter, group.indices, steps_of(group.times, dt), channels=group.size, dt=dt, length=length
        )
        order = np.lexsort((indices, steps))
        group = replace(
            group,
            indices=read_only(indices[order].astype(np.int32)),
            times=read_only(steps[order] * dt),
        )
        return replaced(description, group)
