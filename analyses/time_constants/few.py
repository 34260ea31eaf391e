"""How few neurons, or networks, are too few for an interval, and which arrays are."""

import numpy as np

from ..statistics.intervals import fewest_units
from ..statistics.inversion import FEWEST


def enough(array, unit, level, *, spread=False):
    """Whether an interval of an array's median, or of its spread or a distance, says what its level promises.

    A median, a ratio or a correlation needs `fewest_units` neurons (or networks, where these are resampled); a standard
    deviation, a skewness or a distance beside that `FEWEST` values: of 95 % intervals of the standard deviation of
    six neurons 64 to 76 % hold the truth, of 20 neurons 85 to 93 % (benchmarks/interval_coverage.py).
    """
    return array.units(unit) >= fewest_units(level) and (not spread or array.after.size >= FEWEST)


def where_enough(interval, *arrays, unit, level, spread=False):
    """`interval`, or as many NaN where one of `arrays` is too small for it."""
    kept = all(enough(array, unit, level, spread=spread) for array in arrays)
    return interval if kept else np.full(np.shape(interval), np.nan)


def no_interval(arrays, unit, level, *, spreads=True):
    """Name the arrays that are too small for an interval, in one line; empty where none is.

    Parameters
    ----------
    arrays : iterable of LearnedArray
    unit, level
        As of the intervals.
    spreads : bool
        Whether there are intervals of spreads or distances.
    """
    arrays = [a for a in arrays if a.after.size]
    said = []
    small = [f"{a.name} ({a.units(unit)})" for a in arrays if not enough(a, unit, level)]
    if small:
        said.append(f"medians, fewer than {fewest_units(level)} {unit}s: {', '.join(small)}")
    small = [f"{a.name} ({a.after.size})" for a in arrays if a.after.size < FEWEST]
    if small and spreads:
        said.append(f"spreads and distances, fewer than {FEWEST} values: {', '.join(small)}")
    return "; ".join(said)
