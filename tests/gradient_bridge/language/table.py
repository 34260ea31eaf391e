"""All networks of the suite."""

from .networks import (
    chaos,
    clocks,
    combined,
    corners,
    delays,
    events,
    functions,
    gap_junctions,
    groups,
    inputs,
    integrators,
    large,
    noise,
    parts_of_groups,
    plasticity,
    refractoriness,
    schedules,
    synapses,
)

FAMILIES = (
    groups,
    integrators,
    noise,
    refractoriness,
    events,
    synapses,
    plasticity,
    delays,
    inputs,
    clocks,
    schedules,
    parts_of_groups,
    functions,
    gap_junctions,
    combined,
    corners,
    chaos,
    large,
)
CASES = {case.name: case for family in FAMILIES for case in family.CASES}
# What the fast tests take; the others are slow.
QUICK = (
    "noise-release",
    "refractoriness-used_in_equations",
    "synapses-several_pathways",
    "clocks-two_groups",
)
