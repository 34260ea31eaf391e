"""Figure of a record through a network: the ECG in the colours of the waves that the network sees, and its spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ..variables import require
from .raster import example_spikes
from .style import BASELINE, axis_label, class_colours

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def record_waves(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the leads over time, each stretch in the colour of the class decided there.

    Annotated beats (``beat_time``), where there are any, are ticks above. Leads are drawn one above the other.

    Parameters
    ----------
    ds : Dataset
        Of `chronaxie simulate`: ``record_signal (time, lead)`` in mV, ``record_class (time)``, ``wave_class``.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    MissingVariable
        One of these is not in the dataset.
    InvalidInput
        A class that is not there.
    """
    require(ds, "record_signal", "record_class", "wave_class", "time", where="record_waves")
    signal = ds["record_signal"].transpose("time", ...).values
    decision, names = ds["record_class"].values, [str(name) for name in ds["wave_class"].values]
    if decision.size and (decision.min() < 0 or decision.max() >= len(names)):
        raise InvalidInput(
            f"record_waves: record_class goes from {decision.min()} to {decision.max()}, expected 0 to {len(names) - 1}"
        )
    time = ds["time"].values
    colours = class_colours(names)
    shift = np.concatenate([[0.0], np.cumsum(1.1 * np.ptp(signal, axis=0)[1:])])
    top = 0.0
    for k in range(signal.shape[1]):
        y = signal[:, k] - np.median(signal[:, k]) - shift[k]
        for number, colour in enumerate(colours):
            inside = decision == number
            # One more sample, so that the stretches of two classes touch.
            inside[1:] |= inside[:-1].copy()
            ax.plot(
                time,
                np.where(inside, y, np.nan),
                color=colour,
                linewidth=1.0 if names[number] in BASELINE else 1.8,
                label=names[number] if k == 0 else None,
            )
        top = max(top, y.max())
    if "beat_time" in ds.variables and ds["beat_time"].size:
        ax.plot(
            ds["beat_time"].values,
            np.full(ds.sizes["beat"], top * 1.12),
            linestyle="none",
            marker="v",
            markersize=4,
            color="black",
            label="annotated beat",
        )
    leads = ", ".join(str(name) for name in ds["lead"].values) if "lead" in ds.coords else ""
    ax.set_ylabel(axis_label(ds["record_signal"], f"ECG, {leads}" if leads else "ECG").replace(" (", "\n("))
    ax.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0, handlelength=1, labelspacing=0.2
    )
    return ax


def record_spikes(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the spikes of the network over the record, one row a neuron, layers in colours.

    Parameters
    ----------
    ds : Dataset
        Of `chronaxie simulate`: ``record_spike_time`` in s, ``record_spike_unit``.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.

    Raises
    ------
    MissingVariable
        One of these is not in the dataset.
    """
    require(ds, "record_spike_time", "record_spike_unit", where="record_spikes")
    names = {"record_spike_time": "example_spike_time", "record_spike_unit": "example_spike_unit"}
    return example_spikes(ds.rename(names), ax)
