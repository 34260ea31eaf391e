"""Reading the tables of measured neurons that the data folder holds."""

from __future__ import annotations

import csv
import difflib
import os
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from ..errors import DataNotFound, InvalidInput
from ..variables import variable
from .sources import SOURCES


def load(
    name: Literal["allen", "allen_glif", "neuroelectro", "intrinsic_timescales"],
    *,
    data: str | os.PathLike[str] | None = None,
) -> xr.Dataset:
    """Read the time constants of a table of measured neurons.

    Left out are cells without a measured time constant and, of "intrinsic_timescales", units whose fit the authors did
    not accept (``keep`` = 0: fits of negative or huge values). Nothing else. The attribute `filters` says so, `dropped`
    counts them.

    Parameters
    ----------
    name : {"allen", "allen_glif", "neuroelectro", "intrinsic_timescales"}
        * "allen": Allen Cell Types Database, membrane time constants of 2333 cortical neurons (mouse, human) in patch
          clamp. Groups: species and dendrite type.
        * "allen_glif": GLIF models fitted to 789 of them. Membrane time constant (resistance times capacitance) and
          ``tau_a``, decay time of the threshold after a spike, NaN where that fit was not accepted (501 of 789).
          Groups: species.
        * "neuroelectro": values from the literature, one a neuron type and article, so means over cells. Groups:
          species.
        * "intrinsic_timescales": decay time of the spiking autocorrelation of single units in vivo. Groups: species and
          region.
    data : path, optional
        The data folder; None: the environment variable ``CHRONAXIE_DATA``.

    Returns
    -------
    Dataset
        ``tau_m (cell)`` in ms ("intrinsic_timescales": ``tau_intrinsic (cell)``) with coordinates on `cell`: ``group``
        and, where the table has them, ``species``, ``area``, ``cortical_layer``, ``cell_class``, ``region``,
        ``preparation``, ``dataset`` and what identifies a row. Attributes: `quantity` (the variable that `compare`
        takes), `groups` (their order), `title`, `citation`, `licence`, `file`, `filters`, `dropped`.

    Raises
    ------
    InvalidInput
        Unknown name, a missing column, an unknown group, or a value that is not a positive number (with its line).
    DataNotFound
        No data folder was named, or the file is not in it.

    References
    ----------
    Gouwens et al., Nature Neuroscience 22, 1182 (2019); Teeter et al., Nature Communications 9, 709 (2018); Tripathy et
    al., Frontiers in Neuroinformatics 8, 40 (2014); Zeisler et al. (2024), with the method of Fontanier et al., eLife
    11, e63795 (2022).
    """
    if name not in SOURCES:
        near = difflib.get_close_matches(str(name), SOURCES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidInput(
            f"biology.load: unknown source {name!r}; there are {', '.join(map(repr, SOURCES))}{hint}"
        )
    source = SOURCES[name]
    path = find_table(source.file, data)
    tau, second, texts, dropped = _read(path, source)
    columns = {c.name: [text.strip() or c.blank for text in texts[c.name]] for c in source.columns}
    group = [" ".join(parts) for parts in zip(*(columns[c] for c in source.group), strict=True)]
    unknown = sorted(set(group) - set(source.order))
    if unknown:
        raise InvalidInput(
            f"biology.load: {path} holds the group {unknown[0]!r}; expected {', '.join(source.order)}"
        )
    what = " and ".join(c.replace("_", " ") for c in source.group)
    coords = {"group": variable(group, "cell", units="1", long_name=what)}
    coords |= {
        c.name: variable(columns[c.name], "cell", units="1", long_name=c.column.replace("_", " "))
        for c in source.columns
    }
    present = set(group)
    return xr.Dataset(
        {source.quantity: variable(tau, "cell", units="ms", long_name=source.what)}
        | {s.name: variable(second[s.name], "cell", units="ms", long_name=s.what) for s in source.second},
        coords=coords,
        attrs={
            "quantity": source.quantity,
            "groups": [g for g in source.order if g in present],
            "title": source.title,
            "citation": source.citation,
            "licence": source.licence,
            "file": source.file,
            "filters": source.filters,
            "dropped": dropped,
        },
    )


def find_table(file: str, data: str | os.PathLike[str] | None) -> Path:
    """Find a table below the data folder.

    Parameters
    ----------
    file : str
        Its path below the folder.
    data : path or None
        The folder; None: that of ``CHRONAXIE_DATA``.

    Returns
    -------
    Path

    Raises
    ------
    DataNotFound
        No folder is named, or the file is not in it.
    """
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
    """Time constants (ms), those of `source.second`, the texts of the coordinates, and the rows left out."""
    needed = [source.tau, *(c.column for c in source.columns)]
    needed += [name for s in source.second for name in (s.column, s.where)]
    needed += [source.keep[0]] if source.keep else []
    tau, dropped = [], 0
    texts, second = {c.name: [] for c in source.columns}, {s.name: [] for s in source.second}
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise InvalidInput(
                f"biology.load: {path} has no column {missing[0]!r}; "
                f"expected a header row with {', '.join(needed)}"
            )
        for row in reader:
            if source.keep and row[source.keep[0]] != source.keep[1]:
                dropped += 1
                continue
            value = positive_number(row[source.tau], path=path, line=reader.line_num, column=source.tau)
            if np.isnan(value):
                dropped += 1
                continue
            tau.append(value)
            for c in source.columns:
                texts[c.name].append(row[c.column] or "")
            for s in source.second:
                kept = row[s.where] == "True"
                second[s.name].append(
                    positive_number(row[s.column], path=path, line=reader.line_num, column=s.column)
                    if kept
                    else np.nan
                )
    if not tau:
        raise InvalidInput(f"biology.load: {path} holds no measured {source.tau}")
    return np.array(tau), second, texts, dropped


def positive_number(text, *, path, line, column, where="biology.load"):
    """A field of a table as a float; NaN where it is empty or "nan"; raises `InvalidInput` unless positive."""
    if text is None or text.strip().lower() in ("", "nan"):
        return np.nan
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(
            f"{where}: {path}, line {line}: {column} must be a positive number or empty, got {text!r}"
        )
    return value
