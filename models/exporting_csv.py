"""The values of a network as tables: one file for each object, units in the header, every number to the bit."""

import csv

import numpy as np

from .description import PoissonGroupDescription, SpikeGeneratorDescription
from .exporting_values import equations_text, single_values
from .recordings import unit_of

SINGLE = "single-values.csv"
EQUATIONS = "equations.txt"


def write_tables(description, folder):
    """Write the tables of a network.

    ``<group>.csv``: a row for each neuron; ``<synapses>.csv``: a row for each synapse, with the indices i and j of its
    neurons; ``<generator>.csv``: a row for each spike; ``<timed array>.csv``: a row for each step; columns
    ``name (unit)``. ``single-values.csv``: object, name, value, unit of what has one value. ``equations.txt``:
    equations, thresholds, resets, what spikes do.

    Parameters
    ----------
    description : NetworkDescription
    folder : Path
        Empty.
    """
    for g in description.groups:
        if isinstance(g, SpikeGeneratorDescription):
            columns = {"i (1)": g.indices, "t (s)": g.times}
        else:
            columns = {"i (1)": np.arange(g.size)}
        if isinstance(g, PoissonGroupDescription) and not isinstance(g.rates, str):
            columns["rates (Hz)"] = g.rates.values
        _write(folder / f"{g.name}.csv", columns | _variables(g))
    for s in description.synapses:
        columns = {"i (1)": s.pre, "j (1)": s.post} | _variables(s)
        columns |= {f"{p.name}.delay (s)": p.delay for p in s.pathways if p.delay.ndim}
        _write(folder / f"{s.name}.csv", columns)
    for t in description.timed_arrays:
        values, unit = t.array.values, unit_of(t.array.dimensions)
        columns = {"t (s)": np.arange(len(values)) * t.dt}
        columns |= (
            {f"{t.name} ({unit})": values}
            if values.ndim == 1
            else {f"{k} ({unit})": column for k, column in enumerate(values.T)}
        )
        _write(folder / f"{t.name}(t).csv", columns)
    rows = single_values(description)
    _write(
        folder / SINGLE, dict(zip(("object", "name", "value", "unit"), zip(*rows, strict=True), strict=True))
    )
    (folder / EQUATIONS).write_text(equations_text(description), encoding="utf-8")


def _variables(obj):
    shared = {e.name for e in getattr(obj, "equations", ()) if "shared" in e.flags}
    return {
        f"{v.name} ({unit_of(v.array.dimensions)})": v.array.values
        for v in getattr(obj, "variables", ())
        if v.name not in shared
    }


def _write(path, columns):
    # repr is the shortest text that gives the same float64 again.
    texts = [
        [repr(x) for x in c.tolist()] if isinstance(c, np.ndarray) else list(c) for c in columns.values()
    ]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))
