"""All figures of a study's dataset, composed from single axes and written as PNG and SVG."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..biology import cells
from ..variables import require
from . import biology, energy, neurons, raster, record, training
from .comparison import COMPARISON
from .specs import FigureSpec, Panel
from .style import GREY, RC

if TYPE_CHECKING:
    import xarray as xr


_log = logging.getLogger("chronaxie")

FORMATS = ("png", "svg")
_FOOTER_SIZE = 6.5
# characters of that size that fit an inch
_FOOTER_PER_INCH = 20
# inches that an entry of a figure's legend takes
_LEGEND_WIDTH = 2.2


_BIOLOGY = tuple(
    f"biology_{side}_{part}"
    for side in ("model", "cells")
    for part in ("quantile", "quantile_scaled", "median", "median_interval", "log_sd", "count")
)

FIGURES = (
    FigureSpec(
        "learning",
        (
            Panel(training.learning_loss, ("train_loss",)),
            Panel(training.learning_accuracy, ("valid_accuracy",)),
            Panel(training.learning_rate_of_spikes, ("firing_rate_epoch",)),
        ),
        width=3.6,
        height=3.8,
    ),
    FigureSpec(
        "confusion",
        (Panel(training.confusion_matrix, ("confusion", "true_class", "predicted_class")),),
        width=5.6,
        height=4.2,
    ),
    FigureSpec(
        "firing_rates",
        (Panel(neurons.firing_rate_distribution, ("firing_rate", "unit_layer")),),
        width=5.0,
        height=4.0,
    ),
    FigureSpec(
        "time_constants",
        (
            Panel(neurons.membrane_change, ("tau_m", "tau_m_initial", "layer")),
            Panel(neurons.adaptation_change, ("tau_a", "tau_a_initial", "layer")),
        ),
        width=4.2,
        height=5.4,
    ),
    FigureSpec(
        "biology",
        (Panel(biology.biology_ms, _BIOLOGY), Panel(biology.biology_scale_free, _BIOLOGY)),
        width=4.6,
        height=4.0,
        share_y=True,
    ),
    COMPARISON,
    FigureSpec(
        "cells",
        (
            Panel(
                cells.membrane_beside_cells, ("tau_m", "tau_m_initial", "layer", "cells_tau_m", "cells_count")
            ),
        ),
        width=6.4,
        height=5.4,
    ),
    FigureSpec(
        "energy",
        (
            Panel(energy.operation_bars, ("energy_ac", "energy_mac", "energy_network")),
            Panel(
                energy.energy_bars,
                ("energy_per_step", "energy_per_step_sd", "energy_ratio", "energy_cost"),
            ),
        ),
        width=4.6,
        height=4.0,
    ),
    FigureSpec(
        "raster",
        (
            Panel(raster.example_signal, ("example_signal", "time"), 1.2),
            Panel(raster.example_stimulus, ("example_stimulus", "time"), 0.9),
            Panel(raster.example_spikes, ("example_spike_time", "example_spike_unit"), 2.6),
            Panel(
                raster.example_classes,
                ("example_label", "example_prediction", "time", "true_class"),
                1.1,
            ),
        ),
        width=10.0,
        height=6.6,
        column=True,
        essential=("example_spike_time",),
        title=raster.example_title,
    ),
    FigureSpec(
        "dt",
        (
            Panel(training.accuracy_against_dt, ("accuracy_dt", "dt")),
            Panel(training.rate_against_dt, ("rate_dt", "dt")),
        ),
        width=3.8,
        height=3.6,
    ),
)


RECORD = FigureSpec(
    "record",
    (
        Panel(record.record_waves, ("record_signal", "record_class", "wave_class", "time"), 1.4),
        Panel(record.record_spikes, ("record_spike_time", "record_spike_unit"), 1.6),
    ),
    width=10.0,
    height=5.2,
    column=True,
    essential=("record_signal",),
)


def figures(
    ds: xr.Dataset,
    directory: str | os.PathLike[str],
    *,
    stem: str,
    specs: FigureSpec | Iterable[FigureSpec] = FIGURES,
) -> list[Path]:
    """Write every figure that the dataset has the variables for, as PNG and SVG.

    A panel whose variables are not in the dataset is left out, and a figure none of whose panels can be
    drawn (the raster: without example spikes) is not written; what was written is returned, an empty list where
    nothing could be. The log (logger "chronaxie") says of each figure that is not written what it looked for, at level
    INFO; WARNING where nothing was written at all. An error while drawing is raised. The files are
    ``<stem>_<figure>.png`` and ``.svg``, written beside and renamed; the backend, rcParams and pyplot's state of the
    process stay as they are.

    Parameters
    ----------
    ds : Dataset
        A study's result.
    directory : path
        Made if it is not there.
    stem : str
        Start of the file names.
    specs : FigureSpec or sequence of FigureSpec
        The figures: those of a study by default, such as `RECORD` for a record through a network. Those of an analysis
        are in its module of `drawing`, such as ``drawing.comparison.COMPARISON``.

    Returns
    -------
    list of Path
        Files written, in the order of `specs`; empty where the dataset has the variables of none.

    Raises
    ------
    TypeError
        `ds` is not a Dataset, or `specs` has something else than `FigureSpec`, such as the name of a figure.
    MissingVariable, InvalidInput
        From a figure whose variables contradict each other.
    OSError
        The directory cannot be written.
    """
    require(ds, where="figures")
    specs = _specs(specs, where="figures")
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    written, lacking = [], []
    for spec in specs:
        figure = compose(ds, spec)
        if figure is None:
            lacking.append(spec)
        else:
            written += [_write(figure, directory / _name(stem, spec, form), form) for form in FORMATS]
    for spec in lacking:
        _log.log(logging.INFO if written else logging.WARNING, "figures: %s", _unmet(ds, spec))
    return written


def figure_names(stem: str, *, specs: FigureSpec | Iterable[FigureSpec] = FIGURES) -> list[str]:
    """Return the names of all files that `figures` may write.

    Parameters
    ----------
    stem : str
        Start of the names.
    specs : FigureSpec or sequence of FigureSpec

    Returns
    -------
    list of str
    """
    return [_name(stem, spec, form) for spec in _specs(specs, where="figure_names") for form in FORMATS]


def compose(ds: xr.Dataset, spec: FigureSpec) -> Figure | None:
    """Draw one figure.

    The grey line at the foot says what the dataset is of, where its attributes do.

    Parameters
    ----------
    ds : Dataset
    spec : FigureSpec

    Returns
    -------
    matplotlib.figure.Figure or None
        None where the variables of the figure are not in the dataset.
    """
    panels = [
        panel
        for panel in spec.panels
        if all(name in ds.variables for name in panel.needs) and (panel.shown is None or panel.shown(ds))
    ]
    if not panels or not all(name in ds.variables for name in spec.essential):
        return None
    weights = [panel.weight for panel in panels]
    with matplotlib.rc_context(RC):
        if spec.column:
            part = sum(weights) / sum(panel.weight for panel in spec.panels)
            figure = Figure(figsize=(spec.width, spec.height * part), layout="constrained")
            axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=weights)[:, 0]
        else:
            columns = min(-(-len(spec.panels) // spec.rows), len(panels))
            rows = -(-len(panels) // columns)
            figure = Figure(
                figsize=(spec.width * columns, spec.height * rows / spec.rows), layout="constrained"
            )
            widths = weights if rows == 1 else None
            axes = figure.subplots(rows, columns, sharey=spec.share_y, squeeze=False, width_ratios=widths)
            axes = axes.ravel()
            for ax in axes[len(panels) :]:
                ax.remove()
            axes = axes[: len(panels)]
        FigureCanvasAgg(figure)
        for panel, ax in zip(panels, axes, strict=True):
            panel.draw(ds, ax)
        if spec.column:
            axes[-1].set_xlabel("Time (s)")
            sampled = "time" in ds.variables
            time = ds["time"].values if sampled else ds["example_spike_time"].values
            if time.size > 1:
                # the last step has its length too
                end = time.max() + (raster.sampling_step(time) if sampled else 0)
                axes[-1].set_xlim(time.min(), end)
            figure.align_ylabels(axes)
        title = spec.title(ds) if spec.title else None
        if title:
            axes[0].set_title(title)
        if spec.legend:
            columns = max(1, int(figure.get_figwidth() // _LEGEND_WIDTH))
            figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=columns)
        foot = footer(ds, most=int(figure.get_figwidth() * _FOOTER_PER_INCH))
        if foot:
            figure.supxlabel(foot, x=0.01, ha="left", fontsize=_FOOTER_SIZE, color=GREY)
    return figure


def footer(ds, *, most=200):
    """Say in one line which study, data and seed a dataset is of, from its attributes.

    Parameters
    ----------
    ds : Dataset
        A study's result: attributes ``study``, ``task``, ``model``, ``seed`` and ``data_source``, or of a record
        through a network ``record``, ``leads`` and ``network``. What is not there is left out.
    most : int
        Length, characters: a longer line ends in "…".

    Returns
    -------
    str
        Empty where the dataset has no such attribute. Of ``data_source`` only what stands before its first bracket, of
        ``network`` only the file's name.
    """
    a = {name: str(value) for name, value in ds.attrs.items()}
    parts = [
        " ".join(a[name] for name in ("study", "task", "model") if name in a),
        f"seed {a['seed']}" if "seed" in a else "",
        a.get("data_source", "").split(" (")[0],
        f"record {a['record']}" if "record" in a else "",
        f"lead {a['leads']}" if "leads" in a else "",
        Path(a["network"]).name if "network" in a else "",
    ]
    line = ", ".join(part for part in parts if part)
    return line if len(line) <= most else line[: most - 1].rstrip(" ,") + "…"


def _specs(specs, *, where):
    specs = (specs,) if isinstance(specs, FigureSpec) else specs
    several = isinstance(specs, Iterable) and not isinstance(specs, str)
    listed = tuple(specs) if several else (specs,)
    for spec in listed:
        if not isinstance(spec, FigureSpec):
            raise TypeError(
                f"{where}: specs must be FigureSpec, such as drawing.comparison.COMPARISON, got {spec!r}"
            )
    return listed


def _unmet(ds, spec):
    """Say why a figure is not drawn: what it looked for and did not find."""
    names = dict.fromkeys((*spec.essential, *(name for panel in spec.panels for name in panel.needs)))
    missing = [name for name in names if name not in ds.variables]
    if not missing:
        return f"{spec.name} is not drawn: the dataset's variables hold nothing that it shows"
    return f"{spec.name} is not drawn: looked for {', '.join(names)}; the dataset lacks {', '.join(missing)}"


def _name(stem, spec, form):
    return f"{stem}_{spec.name}.{form}"


def _write(figure, path, form):
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    try:
        with matplotlib.rc_context(RC):
            figure.savefig(beside, format=form, metadata=metadata)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return path
