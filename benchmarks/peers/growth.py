"""How the time of a training step grows with steps, trials and neurons."""

import dataclasses
import math
import statistics

import numpy as np

from .rounds import measure
from .sizes import Size

BASE = Size(250, 64, 64)
AXES = {"steps": (125, 250, 500, 1000), "trials": (16, 32, 64, 128), "neurons": (32, 64, 128, 256)}
LEAST_MIB = 1.0  # below it a step's memory is the allocator's


def exponent(values, measured):
    """k of measured = c values^k by least squares in the logarithms, and the largest factor off the fit.

    Parameters
    ----------
    values, measured : sequence of float
        > 0, two at least.

    Returns
    -------
    float, float
    """
    x, y = np.log(values), np.log(measured)
    slope, offset = np.polyfit(x, y, 1)
    return float(slope), math.exp(float(np.abs(y - slope * x - offset).max()))


def grow(competitors, *, axes=AXES, base=BASE, rounds=3, threads=2, arguments=None, report=print):
    """Times along each axis and their exponents.

    Parameters
    ----------
    competitors : dict of str to Competitor
    axes : dict of str to sequence of int
        Values of a field of `Size`.
    base : Size
        The other fields.
    rounds, threads, arguments, report
        As `measure` takes them.

    Returns
    -------
    dict of str to dict of str to dict
        By axis and competitor: ``values``, ``seconds``, ``mib``, ``exponent``, ``off``, ``memory_exponent``.
    """
    measured, found = {}, {}
    for axis, values in axes.items():
        sizes = [dataclasses.replace(base, **{axis: value}) for value in values]
        for size in sizes:
            if size not in measured:
                report(f"growth: {size}")
                measured[size] = measure(
                    competitors,
                    size,
                    rounds=rounds,
                    threads=threads,
                    arguments=arguments,
                    actions=("train",),
                    report=report,
                )["rows"]
        present = [key for key in competitors if all(key in measured[size] for size in sizes)]
        found[axis] = {key: _fit(values, [measured[size][key] for size in sizes]) for key in present}
    return found


def _fit(values, rows):
    seconds = [statistics.median(row["train"]) for row in rows]
    mib = [row["step_mib"] for row in rows]
    slope, off = exponent(values, seconds)
    large = all(m is not None and m >= LEAST_MIB for m in mib)
    return {
        "values": list(values),
        "seconds": seconds,
        "mib": mib,
        "exponent": slope,
        "off": off,
        "memory_exponent": exponent(values, mib)[0] if large else None,
    }
