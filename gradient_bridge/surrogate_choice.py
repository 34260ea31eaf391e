"""Which surrogate derivative each threshold has, and by what its distance is scaled."""

from __future__ import annotations

import math

import numpy as np
import torch
from brian2 import get_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS

from .exchange import as_tensors
from .program import Reset, Threshold
from .surrogates import find_surrogate


def choose_surrogates(program, surrogate, scale):
    """Surrogate and scale by the label of each threshold; None for a scale that `find_scales` has to find.

    Parameters
    ----------
    program : Program
    surrogate : Surrogate, str, dict of str to these, or None
    scale : float, brian2.Quantity, dict of str to these, or None

    Returns
    -------
    dict of str to (Surrogate, float or None)
    """
    groups = {o.label: o for o in program.operations if isinstance(o, Threshold)}
    for option, value in (("surrogate", surrogate), ("scale", scale)):
        unknown = sorted(set(value) - set(groups)) if isinstance(value, dict) else []
        if unknown:
            raise ValueError(
                f"{option}: no group {', '.join(unknown)} with a threshold; there are {', '.join(groups)}"
            )
    chosen = {}
    for group, operation in groups.items():
        own = surrogate.get(group) if isinstance(surrogate, dict) else surrogate
        given = scale.get(group) if isinstance(scale, dict) else scale
        chosen[group] = (find_surrogate(own), _scale(operation, given))
    return chosen


def find_scales(chosen, program, engine, values, carried):
    """The same with the scales of those thresholds that a gradient passes.

    Parameters
    ----------
    chosen : dict
        From `choose_surrogates`.
    program : Program
    engine : ReferenceEngine
        Measures how far a reset leaves the present state from threshold.
    values : dict of str to numpy.ndarray or number
        From `read_values`.
    carried : frozenset of str
        Keys of what carries a gradient.

    Raises
    ------
    ValueError
        A threshold has a unit and its distance cannot be found.
    """
    found = dict(chosen)
    for operation in program.operations:
        if isinstance(operation, Threshold) and operation.events in carried:
            surrogate, scale = found[operation.label]
            if scale is None:
                found[operation.label] = (surrogate, _reset_distance(operation, program, engine, values))
    return found


def _scale(operation, given):
    """What the distance from threshold of a group is divided by; None where that has to be found."""
    dimension = operation.dimension
    unitless = dimension is None or dimension.is_dimensionless
    if given is not None:
        unit = "1" if unitless else str(dimension)
        fits = get_dimensions(given) is (DIMENSIONLESS if unitless else dimension)
        if not (fits and np.ndim(given) == 0 and 0 < float(given) < math.inf):
            raise ValueError(
                f"scale of {operation.label}: expected one positive quantity in the unit of its threshold "
                f"({unit}), got {given!r}"
            )
        return float(given)
    return 1.0 if unitless else None


def _reset_distance(threshold, program, engine, values):
    """Median distance from threshold at which a reset leaves the present state, in the threshold's unit."""
    group = threshold.label
    resets = [o for o in program.operations if isinstance(o, Reset) and o.events == threshold.events]
    distance = float("nan")
    if resets:
        tensors = as_tensors(values, torch.float64, torch.device("cpu"))
        distance = engine.distance_after(threshold, resets[0], tensors)
    if not (math.isfinite(distance) and distance > 0):
        raise ValueError(
            f"the threshold of {group} has a unit and no scale could be found for the surrogate: give "
            f"Twin(scale={{{group!r}: ...}}), e.g. the distance between rest and threshold"
        )
    return distance
