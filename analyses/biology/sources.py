"""Time constants measured in biological neurons, read from the files that the data folder holds."""

import csv
import difflib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ..errors import DataNotFound, InvalidInput
from ..variables import variable


@dataclass(frozen=True)
class Source:
    """A table of measured cells: its file below the data folder, columns, and who is to be cited."""

    file: str
    tau: str
    group: tuple[str, ...]
    coordinates: tuple[str, ...]
    order: tuple[str, ...]
    title: str
    citation: str
    licence: str


ALLEN = Source(
    file="biology/allen_cell_types.csv",
    tau="tau_membrane_ms",
    group=("species", "dendrite_type"),
    coordinates=("specimen_id", "species", "dendrite_type", "structure_area", "cortical_layer"),
    order=(
        "mouse spiny",
        "mouse sparsely spiny",
        "mouse aspiny",
        "human spiny",
        "human sparsely spiny",
        "human aspiny",
    ),
    title="Allen Cell Types Database, 2333 cortical neurons in patch clamp",
    citation="Gouwens et al., Nature Neuroscience 22, 1182 (2019); Allen Institute for Brain Science, "
    "celltypes.brain-map.org",
    licence="Allen Institute terms of use: non-commercial research, cite",
)

GLIF = Source(
    file="biology/allen_glif_neurons.csv",
    tau="tau_membrane_ms",
    group=("species",),
    coordinates=("specimen_id", "species", "cre_line"),
    order=("mouse", "human"),
    title="GLIF models of the Allen Cell Types Database, 789 neurons in patch clamp",
    citation="Teeter et al., Nature Communications 9, 709 (2018); Allen Institute for Brain Science, "
    "celltypes.brain-map.org",
    licence="Allen Institute Software License: 2-clause BSD plus no commercial redistribution",
)

SOURCES = {"allen": ALLEN, "glif": GLIF}


def load(name, *, data=None):
    """Read the membrane time constants of a table of measured cells.

    Cells without a measured time constant are left out and counted in the attribute `dropped`.

    Parameters
    ----------
    name : {"allen", "glif"}
        Allen Cell Types Database (2333 cells; mouse and human; spiny, sparsely spiny and aspiny), or the GLIF models
        fitted to 789 of them (mouse and human), whose membrane time constant is resistance times capacitance.
    data : path, optional
        The data folder; None: the environment variable ``CHRONAXIE_DATA``.

    Returns
    -------
    Dataset
        ``tau_m (cell)`` in ms, with the coordinates ``group`` (such as "mouse spiny") and those of the source
        (``species``, ``dendrite_type``, ``structure_area``, ``cortical_layer``, ``specimen_id`` for "allen";
        ``species``, ``cre_line``, ``specimen_id`` for "glif") on `cell`. Attributes:
        `title`, `citation`, `licence`, `file`, `groups` (their order), `filters`, `dropped`.

    Raises
    ------
    InvalidInput
        Unknown name, a missing column, or a value that is not a positive number (with its line).
    DataNotFound
        No data folder was named, or the file is not in it.

    References
    ----------
    Gouwens et al., Nature Neuroscience 22, 1182 (2019); Teeter et al., Nature Communications 9, 709 (2018).
    """
    if name not in SOURCES:
        near = difflib.get_close_matches(str(name), SOURCES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidInput(
            f"biology.load: unknown source {name!r}; there are {', '.join(map(repr, SOURCES))}{hint}"
        )
    source = SOURCES[name]
    path = find_table(source.file, data)
    tau, columns, dropped = _read(path, source)
    group = [" ".join(parts) for parts in zip(*(columns[c] for c in source.group), strict=True)]
    unknown = sorted(set(group) - set(source.order))
    if unknown:
        raise InvalidInput(
            f"biology.load: {path} holds the group {unknown[0]!r}; expected {', '.join(source.order)}"
        )
    what = " and ".join(c.replace("_", " ") for c in source.group)
    coords = {"group": variable(group, "cell", units="1", long_name=what)}
    coords |= {
        c: variable(columns[c], "cell", units="1", long_name=c.replace("_", " ")) for c in source.coordinates
    }
    return xr.Dataset(
        {"tau_m": variable(tau, "cell", units="ms", long_name="membrane time constant")},
        coords=coords,
        attrs={
            "title": source.title,
            "citation": source.citation,
            "licence": source.licence,
            "file": source.file,
            "groups": [g for g in source.order if g in set(group)],
            "filters": "cells with a measured time constant",
            "dropped": dropped,
        },
    )


def find_table(file, data):
    """Path of a table below the data folder (None: that of ``CHRONAXIE_DATA``); raises `DataNotFound`."""
    if data is not None:
        folder, how = Path(data), "the argument data"
    elif os.environ.get("CHRONAXIE_DATA"):
        folder, how = Path(os.environ["CHRONAXIE_DATA"]), "CHRONAXIE_DATA"
    else:
        raise DataNotFound(
            f"biology.load: no data folder for {file}: pass data=FOLDER "
            f"or set the environment variable CHRONAXIE_DATA to it"
        )
    path = folder / file
    if not path.is_file():
        raise DataNotFound(
            f"biology.load: {path} is not there (folder from {how}); "
            f"put the table at {file} below the data folder, or name another folder with data="
        )
    return path


def _read(path, source):
    """Time constants (ms), the coordinate columns, and the number of cells left out."""
    needed = dict.fromkeys((source.tau, *source.group, *source.coordinates))
    tau, columns, dropped = [], {name: [] for name in source.coordinates}, 0
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInput(
                f"biology.load: {path} has no column {missing[0]!r}; "
                f"expected a header row with {', '.join(needed)}"
            )
        for row in reader:
            value = _number(row[source.tau], path=path, line=reader.line_num, column=source.tau)
            if np.isnan(value):
                dropped += 1
                continue
            tau.append(value)
            for name in columns:
                columns[name].append(row[name])
    if not tau:
        raise InvalidInput(f"biology.load: {path} holds no measured {source.tau}")
    return np.array(tau), columns, dropped


def _number(text, *, path, line, column):
    if text is None or text.strip().lower() in ("", "nan"):
        return np.nan
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(
            f"biology.load: {path}, line {line}: {column} must be a positive number or empty, got {text!r}"
        )
    return value
