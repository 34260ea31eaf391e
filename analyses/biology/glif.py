"""Parameters of the published GLIF cells: medians and ranges, from the table that the data folder holds."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import variable
from .loading import find_table
from .sources import ALLEN_GLIF

CENTRAL = (0.05, 0.95)


@dataclass(frozen=True)
class Column:
    """One parameter: its name in `chronaxie.models.CurrentALIF`, column of the table, unit, and which cells count."""

    name: str
    column: str
    unit: str
    what: str
    adapting: bool = False
    over: str | None = None


COLUMNS = (
    Column("C", "capacitance_pF", "pF", "membrane capacitance"),
    Column("tau_m", "tau_membrane_ms", "ms", "membrane time constant"),
    Column("g_L", "capacitance_pF", "nS", "leak conductance", over="tau_membrane_ms"),
    Column("E_L", "v_rest_mV", "mV", "resting potential"),
    Column(
        "theta_0", "threshold_inf_GLIF2_mV_above_rest", "mV", "threshold above rest, GLIF2", adapting=True
    ),
    Column("b", "threshold_spike_jump_mV", "mV", "jump of the threshold at a spike", adapting=True),
    Column("tau_a", "threshold_spike_tau_ms", "ms", "decay time of the threshold", adapting=True),
    Column("t_ref", "spike_cut_length_ms", "ms", "cut around a spike"),
)


def glif_parameters(*, data: str | os.PathLike[str] | None = None) -> xr.Dataset:
    """Median, central 90 % and spread of each parameter over the GLIF cells.

    Of the threshold and its adaptation only cells count whose adaptation passed the source's criteria
    (``threshold_adaptation_accepted``): elsewhere the fitted values can be absurd. All other parameters are over all
    cells. The leak conductance is C/tau_m.

    Parameters
    ----------
    data : path, optional
        The data folder; None: the environment variable ``CHRONAXIE_DATA``.

    Returns
    -------
    Dataset
        On ``glif_parameter`` (C, tau_m, g_L, E_L, theta_0, b, tau_a, t_ref): ``glif_median``, ``glif_low``,
        ``glif_high`` (5 % and 95 %) in the unit of the coordinate ``glif_unit``; ``glif_log_sd``, standard deviation of
        the natural logarithm of the positive values (NaN where the median is negative); ``glif_count`` cells.

    Raises
    ------
    DataNotFound
        No data folder was named, or the file is not in it.
    InvalidInput
        A column is missing, or a value is no number.

    References
    ----------
    Teeter et al., Nature Communications 9, 709 (2018).
    """
    path, rows = _rows(data)
    samples = [_sample(rows, column, path) for column in COLUMNS]
    dim = "glif_parameter"

    def each(function, long_name, unit="unit of the parameter"):
        return variable([function(x) for x in samples], dim, units=unit, long_name=long_name)

    return xr.Dataset(
        {
            "glif_median": each(np.median, "median over cells"),
            "glif_low": each(lambda x: np.quantile(x, CENTRAL[0]), "5 % of the cells lie below"),
            "glif_high": each(lambda x: np.quantile(x, CENTRAL[1]), "5 % of the cells lie above"),
            "glif_log_sd": each(_log_sd, "standard deviation of the logarithm", "1"),
            "glif_count": each(len, "number of cells", "1"),
        },
        coords={
            dim: [c.name for c in COLUMNS],
            "glif_unit": (dim, [c.unit for c in COLUMNS]),
            "glif_what": (dim, [c.what for c in COLUMNS]),
        },
        attrs={
            "title": ALLEN_GLIF.title,
            "citation": ALLEN_GLIF.citation,
            "licence": ALLEN_GLIF.licence,
            "file": ALLEN_GLIF.file,
        },
    )


def glif_cells(*, data: str | os.PathLike[str] | None = None) -> xr.Dataset:
    """The same parameters of each cell whose threshold adaptation was accepted.

    Parameters
    ----------
    data : path, optional
        As for `glif_parameters`.

    Returns
    -------
    Dataset
        On ``cell`` (specimen id): ``C`` (pF), ``tau_m``, ``g_L`` (nS), ``E_L``, ``theta_0``, ``b``, ``tau_a``,
        ``t_ref``, ms and mV.

    Raises
    ------
    DataNotFound, InvalidInput
        As `glif_parameters`.
    """
    path, rows = _rows(data)
    rows = [row for row in rows if row["threshold_adaptation_accepted"] == "True"]
    return xr.Dataset(
        {c.name: variable(_sample(rows, c, path), "cell", units=c.unit, long_name=c.what) for c in COLUMNS},
        coords={"cell": [int(row["specimen_id"]) for row in rows]},
        attrs={"title": ALLEN_GLIF.title, "citation": ALLEN_GLIF.citation, "licence": ALLEN_GLIF.licence},
    )


def _rows(data):
    """The table's path, and its lines as dicts."""
    path = find_table(ALLEN_GLIF.file, data)
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        needed = {c.column for c in COLUMNS} | {"threshold_adaptation_accepted"}
        missing = sorted(needed - set(reader.fieldnames or ()))
        if missing:
            raise InvalidInput(
                f"glif_parameters: {path} has no column {missing[0]!r}; take the complete table"
            )
        rows = list(reader)
    return path, rows


def _sample(rows, column, path):
    """Values of the cells that count, ndarray of float (cell,)."""
    found = []
    for line, row in enumerate(rows, start=2):
        if column.adapting and row["threshold_adaptation_accepted"] != "True":
            continue
        try:
            value = float(row[column.column])
            value = value if column.over is None else value / float(row[column.over])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise InvalidInput(
                f"glif_parameters: {path}, line {line}: {column.column} must be a finite number, got "
                f"{row[column.column]!r}"
            )
        found.append(value)
    if len(found) < 2:
        raise InvalidInput(
            f"glif_parameters: {path} holds {len(found)} cells with {column.column}, expected >= 2"
        )
    return np.array(found)


def _log_sd(values):
    positive = values[values > 0]
    return np.log(positive).std(ddof=1) if len(positive) > 1 and np.median(values) > 0 else np.nan


def glif_table(ds: xr.Dataset) -> str:
    """Write what `glif_parameters` returned as a text table, one line a parameter.

    Parameters
    ----------
    ds : Dataset
        From `glif_parameters`.

    Returns
    -------
    str
    """
    head = f"{'':<8} {'unit':<4} {'cells':>5} {'median':>8} {'5 %':>8} {'95 %':>8} {'log-sd':>7}  "
    lines = [head.rstrip(), "-" * len(head)]
    for name in ds["glif_parameter"].values:
        row = ds.sel(glif_parameter=name)
        lines.append(
            f"{name:<8} {row.glif_unit.item():<4} {int(row.glif_count):>5} {float(row.glif_median):>8.3g} "
            f"{float(row.glif_low):>8.3g} {float(row.glif_high):>8.3g} {float(row.glif_log_sd):>7.3f}  "
            f"{row.glif_what.item()}"
        )
    return "\n".join(lines)
