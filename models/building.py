"""`build`: from a `NetworkDescription` to Brian2 objects on the active device, at this dt or another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from brian2 import Network, Quantity

from .annotations import annotate
from .building_objects import Builder
from .deletion import expect_copies
from .description import NetworkDescription, SpikeGeneratorDescription
from .errors import UnsupportedModel
from .membrane_steps import check_step
from .progress import put_progress
from .times import ROUNDING, seconds, whole_steps


def build(description: NetworkDescription, *, dt: Quantity | float | None = None) -> Network:
    """Make a new network from a description, on the active Brian2 device.

    Names, slots, orders, connections and their order, and every value (to the bit) are those of the
    description. The network goes on where the described one was: at t = 0, or at the time of its `Progress`.
    The inverse is `describe`.

    Parameters
    ----------
    description : NetworkDescription
    dt : Quantity or float, optional
        Another simulation step (s) for all objects that have none of their own. It must divide dt_ref, and leave
        input spikes and the steps of TimedArrays where they are.
        Delays of the pathways in `Annotations.step_delays` are set so that the physical delay stays.

    Returns
    -------
    brian2.Network
        Annotated as described. Every name is resolved: ``net.run(duration, namespace={})``.

    Raises
    ------
    TypeError
        `description` is not a NetworkDescription, or `dt` not one time.
    ValueError
        `dt` is no positive time, does not divide dt_ref, would move the network's own input spikes or currents, or
        is longer than a delay that its slot contributes to.
    UnsupportedModel
        As for `with_dt`, or a network that has run on a standalone device.
    """
    if not isinstance(description, NetworkDescription):
        raise TypeError(
            f"build: expected a NetworkDescription, got {type(description).__name__}; see describe(net)"
        )
    if dt is not None:
        description = with_dt(description, dt)
    builder = Builder(description)
    for group in description.groups:
        builder.add_group(group)
    for group in description.groups:
        builder.link(group)
    for s in targets_first(description.synapses):
        builder.add_synapses(s)
    for poisson_input in description.poisson_inputs:
        builder.add_poisson_input(poisson_input)
    net = Network(*builder.objects.values())
    expect_copies(net)
    if description.progress is not None:
        put_progress(net, description.progress, builder.objects)
    net.schedule = list(description.schedule)
    notes = description.annotations
    return annotate(
        net,
        dt_ref=notes.dt_ref,
        readout=notes.readout,
        initial=notes.initial,
        step_delays=notes.step_delays,
        about=notes.about,
        growing=notes.growing,
        jitter=notes.jitter,
    )


def targets_first(synapses):
    """Return descriptions of synapses in an order in which those that others are connected to come first."""
    waiting, done = list(synapses), []
    while waiting:
        names = {s.name for s in waiting}
        ready = [s for s in waiting if not names & {s.source, s.target}]
        if not ready:
            raise ValueError(
                f"build: synapses that connect to one another in a circle: {', '.join(sorted(names))}"
            )
        done += ready
        waiting = [s for s in waiting if s not in ready]
    return done


def with_dt(description: NetworkDescription, dt: Quantity | float) -> NetworkDescription:
    """Return the description with another simulation step.

    Parameters
    ----------
    description : NetworkDescription
    dt : Quantity or float
        New step (s), > 0; divides dt_ref. Input spikes and steps of TimedArrays that lie on the grid of the old step
        lie on that of the new one.

    Returns
    -------
    NetworkDescription

    Raises
    ------
    ValueError
        As for `build`.
    UnsupportedModel
        `MembraneNoise` was put into a group whose method is unstable at this step, or the network has run.
    """
    new = seconds(dt, "dt")
    notes = description.annotations
    if description.progress is not None and new != description.dt:
        raise UnsupportedModel(
            "the network",
            "another dt after a run",
            "start it anew: describe(net).at_start(), which is at t = 0",
            verb="has",
        )
    if notes.dt_ref is not None:
        whole_steps(notes.dt_ref, new, "dt_ref")
    _check_inputs(description, new)
    for g in description.groups:
        check_step(g, new)
    synapses = []
    for s in description.synapses:
        pathways = []
        for p in s.pathways:
            if f"{s.name}_{p.name}" in notes.step_delays:
                delay = p.delay + description.dt - new
                # Sums of such times are off by ulps; a delay is rounded to steps by Brian2 anyway.
                delay = np.where(np.abs(delay) < 1e-6 * new, 0.0, delay)
                if (delay < 0).any():
                    physical = float(np.min(p.delay)) + description.dt
                    raise ValueError(
                        f"dt = {new} s is longer than the delay {physical} s of '{s.name}_{p.name}'; "
                        "use a shorter dt"
                    )
                p = replace(p, delay=delay)
            pathways.append(p)
        synapses.append(replace(s, pathways=tuple(pathways)))
    return replace(description, dt=new, synapses=tuple(synapses))


def _check_inputs(description, new):
    """Refuse a step that would move input spikes or currents; what lay off the grid before is the user's choice."""
    old = description.dt
    for array in description.timed_arrays:
        if not _off_grid(array.dt, old):
            whole_steps(array.dt, new, f"the step of the TimedArray '{array.name}'")
    for group in description.groups:
        if not isinstance(group, SpikeGeneratorDescription) or group.dt is not None:
            continue
        moved = group.times[_off_grid(group.times, new)]
        if not len(moved) or _off_grid(group.times, old).any():
            continue
        # The coarsest grid that holds all spikes: a step that divides it moves none.
        grid = old * int(np.gcd.reduce(np.rint(group.times / old).astype(np.int64)))
        raise ValueError(
            f"dt = {new:.9g} s would move input spikes of '{group.name}', such as that at {moved[0]:.9g} s; the "
            f"nearest dt that moves none is {grid / max(round(grid / new), 1):.6g} s"
        )


def _off_grid(times, step):
    """Which times (s) are no whole multiples of a step."""
    steps = np.asarray(times) / step
    return np.abs(steps - np.rint(steps)) > ROUNDING
