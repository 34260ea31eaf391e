"""Time constants of the user's own table: a CSV file, or the table of an NWB file as a data frame."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from ..errors import DataNotFound, InvalidInput
from ..variables import variable
from .loading import positive_number

if TYPE_CHECKING:
    import pandas as pd


# what a time constant is multiplied with to be in ms
UNITS = {"s": 1e3, "ms": 1.0, "us": 1e-3}


def load_table(
    table: str | os.PathLike[str] | pd.DataFrame,
    *,
    tau: str,
    unit: Literal["s", "ms", "us"],
    by: str | Sequence[str] = (),
    title: str | None = None,
    citation: str | None = None,
    licence: str | None = None,
) -> xr.Dataset:
    """Read time constants from a table of the user's own, one row a cell.

    Parameters
    ----------
    table : path or pandas.DataFrame
        A text file with a header row, its fields separated by commas, semicolons or tabs (whichever the header has); or
        a data frame, such as ``nwb.units.to_dataframe()`` or ``nwb.intracellular_recordings.to_dataframe()`` of
        pynwb.
    tau : str
        Column of the time constants; spaces around names in the header do not count. Rows without one (empty, NaN) are
        left out and counted.
    unit : {"s", "ms", "us"}
        What that column is in.
    by : str or sequence of str
        Columns that name the groups; each becomes a coordinate, and ``group`` is their values joined. Empty: one group,
        "cells".
    title, citation, licence : str, optional
        Recorded; the title is the file's name by default.

    Returns
    -------
    Dataset
        As that of `load`: ``tau (cell)`` in ms, coordinate ``group`` and those of `by`, attributes.

    Raises
    ------
    DataNotFound
        There is no such file, or it is a folder.
    TypeError
        `table` is neither a path nor a data frame.
    InvalidInput
        An empty file, a missing column (the message lists those there are) or one that is there twice, a row that has
        not as many fields as the header or a value that is not a positive number (with the line), an unknown unit, or
        no value at all.
    """
    where = "biology.load_table"
    if unit not in UNITS:
        raise InvalidInput(f"{where}: unit must be one of {', '.join(UNITS)}, got {unit!r}")
    tau = tau.strip()
    by = tuple(column.strip() for column in ((by,) if isinstance(by, str) else by))
    name, rows = _rows(table, (tau, *by), where=where)
    values = np.array(
        [_number(row[0], path=name, line=line, column=tau, where=where) for line, row in rows],
        dtype=float,
    )
    kept = ~np.isnan(values)
    if not kept.any():
        raise InvalidInput(f"{where}: {name} holds no value of {tau!r}")
    texts = [row[1:] for k, (_, row) in enumerate(rows) if kept[k]]
    texts = [tuple(text.strip() or "not stated" for text in row) for row in texts]
    group = [" ".join(row) if by else "cells" for row in texts]
    coords = {
        column: variable([row[k] for row in texts], "cell", units="1", long_name=column)
        for k, column in enumerate(by)
    }
    what = " and ".join(by) if by else "all rows"
    coords["group"] = variable(group, "cell", units="1", long_name=what)
    about = {"title": title or name, "citation": citation, "licence": licence}
    return xr.Dataset(
        {"tau": variable(values[kept] * UNITS[unit], "cell", units="ms", long_name="time constant")},
        coords=coords,
        attrs={
            "quantity": "tau",
            "groups": list(dict.fromkeys(group)),
            **{key: text for key, text in about.items() if text is not None},
            "file": name,
            "filters": f"rows with a value of {tau}",
            "dropped": int((~kept).sum()),
        },
    )


def _rows(table, columns, *, where):
    """Name of the table, and its rows as (line, fields of `columns` as text)."""
    if hasattr(table, "columns") and hasattr(table, "itertuples"):
        places = _places([str(c) for c in table.columns], columns, "the data frame", where=where)
        lines = enumerate(table.iloc[:, places].itertuples(index=False, name=None), start=1)
        return "the data frame", [
            (k, tuple("" if v != v or v is None else str(v) for v in row)) for k, row in lines
        ]
    if not isinstance(table, str | os.PathLike):
        raise TypeError(
            f"{where}: table must be the path of a text file or a data frame, got {type(table).__name__}; "
            f"pass pandas.DataFrame(…) of what is in memory"
        )
    path = Path(table)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise DataNotFound(f"{where}: {path} {what}; expected a text file with a header row")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            if not head.strip():
                raise InvalidInput(
                    f"{where}: {path} is empty or begins with an empty line; expected a header row"
                )
            separator = max(",;\t", key=head.count)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            names = next(reader)
            places = _places(names, columns, path, where=where)
            rows = []
            for row in reader:
                if not row:
                    continue
                if len(row) != len(names):
                    raise InvalidInput(
                        f"{where}: {path}, line {reader.line_num}: {len(row)} fields separated by {separator!r}, "
                        f"the header has {len(names)}"
                    )
                rows.append((reader.line_num, tuple(row[k] for k in places)))
            return path.name, rows
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{where}: {path} is not text in UTF-8 ({error.reason}); export the table as CSV, or pass a data frame"
        ) from None


def _places(names, columns, table, *, where):
    """Where the columns are, spaces around their names aside."""
    names = [name.strip() for name in names]
    for column in columns:
        if column not in names:
            raise InvalidInput(
                f"{where}: {table} has no column {column!r}; it has {', '.join(names) or 'none'}"
            )
        if names.count(column) > 1:
            raise InvalidInput(
                f"{where}: {table} has {names.count(column)} columns {column!r}; name them differently"
            )
    return [names.index(column) for column in columns]


def _number(text, **place):
    if re.fullmatch(r"\s*\d*,\d+\s*", text):
        raise InvalidInput(
            f"{place['where']}: {place['path']}, line {place['line']}: {place['column']} must be a positive number or "
            f"empty, got {text!r}; write a decimal point, {text.strip().replace(',', '.')}"
        )
    return positive_number(text, **place)
