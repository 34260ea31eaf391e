"""Figure of one trial over time in seconds: signal, stimulus, spikes, label and prediction, a panel each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import InvalidInput
from ..variables import require
from .style import COLOURS, LIGHT, axis_label, class_colours, layer_colours

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


# above, spikes are pixels in the SVG too: 200 bytes a spike
VECTOR_SPIKES = 20_000
# graded inputs of more channels are an image: that many lines cannot be told apart
MOST_LINES = 4
# channels of which each has its name at the axis
MOST_NAMES = 8


def example_title(ds):
    """Say which class the example trial is of and which was decided, where there is one decision a trial.

    Parameters
    ----------
    ds : Dataset
        ``example_trial_label`` (-1: none) and ``example_trial_prediction``, numbers of classes; ``true_class``.

    Returns
    -------
    str or None
        As in ``"class 7, decided 1"``; None where the dataset has no decision of a whole trial.

    Raises
    ------
    InvalidInput
        A number that is not of a class.
    """
    names = ("example_trial_label", "example_trial_prediction", "true_class")
    if not all(name in ds.variables for name in names):
        return None
    label, decision = (int(ds[name]) for name in names[:2])
    classes = ds["true_class"].values
    for name, number, least in zip(names, (label, decision), (-1, 0), strict=False):
        if not least <= number < len(classes):
            raise InvalidInput(
                f"example_title: {name} is {number}, expected {least} to {len(classes) - 1} (the classes in true_class)"
            )
    return f"{'no class' if label < 0 else f'class {classes[label]}'}, decided {classes[decision]}"


def example_signal(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the recorded signal of the example trial, one line a lead.

    Parameters
    ----------
    ds : Dataset
        ``example_signal (time, lead)``; ``time`` in s.
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
    require(ds, "example_signal", "time", where="example_signal")
    signal = ds["example_signal"].transpose("time", ...)
    leads = ds["lead"].values if "lead" in ds.coords else np.arange(signal.shape[1])
    for k, lead in enumerate(leads):
        ax.plot(
            ds["time"].values,
            signal.values[:, k],
            color=COLOURS[k % len(COLOURS)],
            linewidth=1,
            label=str(lead),
        )
    ax.set_ylabel(axis_label(signal, "signal").replace(" (", "\n("))
    _beside(ax)
    return ax


def example_stimulus(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the stimulus of the example trial.

    Ticks where it is 0/1; else a line a channel, or an image (channel over time) of more than `MOST_LINES` channels.

    Parameters
    ----------
    ds : Dataset
        ``example_stimulus (time, channel)``; ``time`` in s.
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
    require(ds, "example_stimulus", "time", where="example_stimulus")
    stimulus = ds["example_stimulus"].transpose("time", ...)
    time, values = ds["time"].values, stimulus.values
    channels = ds["channel"].values if "channel" in ds.coords else np.arange(values.shape[1])
    if np.isin(values, (0, 1)).all():
        ax.eventplot(
            [time[values[:, k] == 1] for k in range(values.shape[1])],
            lineoffsets=np.arange(values.shape[1]),
            linelengths=0.75,
            linewidths=0.6,
            colors="black",
        )
        _name_channels(ax, channels)
        ax.set_ylabel("Input")
    elif len(channels) > MOST_LINES:
        step = sampling_step(time)
        image = ax.imshow(
            values.T,
            cmap="Greys",
            aspect="auto",
            interpolation="nearest",
            extent=(time[0], time[-1] + step, len(channels) - 0.5, -0.5),
        )
        _name_channels(ax, channels)
        ax.set_ylabel("Input")
        unit = stimulus.attrs.get("units", "1")
        ax.figure.colorbar(image, ax=ax, label="" if unit == "1" else f"({unit})", pad=0.01)
    else:
        for k, channel in enumerate(channels):
            ax.plot(time, values[:, k], linewidth=1, color=COLOURS[k % len(COLOURS)], label=str(channel))
        ax.set_ylabel(axis_label(stimulus, "input").replace(" (", "\n("))
        _beside(ax)
    return ax


def example_spikes(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the spikes of the example trial, one row a neuron, layers in different colours.

    Parameters
    ----------
    ds : Dataset
        ``example_spike_time`` in s and ``example_spike_unit (example_spike)``; coordinate ``unit_layer``.
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
        A spike of a unit that is not there.
    """
    require(ds, "example_spike_time", "example_spike_unit", where="example_spikes")
    time, unit = ds["example_spike_time"].values, ds["example_spike_unit"].values
    if "unit_layer" in ds.coords:
        layer = ds["unit_layer"].values
        if unit.size and unit.max() >= len(layer):
            raise InvalidInput(
                f"example_spikes: example_spike_unit goes to {unit.max()}, but there are {len(layer)} units"
            )
    else:
        layer = np.full(int(unit.max(initial=0)) + 1, "neuron")
    for name, colour in layer_colours(layer.tolist()).items():
        inside = layer[unit.astype(int)] == name
        ax.plot(
            time[inside],
            unit[inside],
            linestyle="none",
            marker="|",
            markersize=2.6,
            markeredgewidth=0.7,
            color=colour,
            label=name,
            rasterized=unit.size > VECTOR_SPIKES,
        )
    ax.set_ylim(-0.7, max(len(layer), 1) - 0.3)
    if len(set(layer.tolist())) == 1:
        ax.set_ylabel(f"Neuron of {layer[0]}")
    else:
        ax.set_ylabel("Neuron")
        _beside(ax)
    return ax


def example_classes(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw label and prediction of the example trial as bands of colour, one colour a class.

    Parameters
    ----------
    ds : Dataset
        ``example_label``, ``example_prediction (time)``, −1 where unlabelled; coordinate ``true_class``.
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
    require(ds, "example_label", "example_prediction", "time", "true_class", where="example_classes")
    time, names = ds["time"].values, ds["true_class"].values.tolist()
    colours = class_colours(names)
    step = sampling_step(time)
    for y, variable in ((1, "example_label"), (0, "example_prediction")):
        values = ds[variable].values
        if values.size and (values.min() < -1 or values.max() >= len(names)):
            raise InvalidInput(
                f"example_classes: {variable} goes from {values.min()} to {values.max()}, "
                f"expected -1 to {len(names) - 1}"
            )
        edges = np.flatnonzero(np.diff(values)) + 1
        for start, stop in zip(np.r_[0, edges], np.r_[edges, len(values)], strict=True):
            number = int(values[start])
            ax.broken_barh(
                [(time[start], (stop - start) * step)],
                (y - 0.42, 0.84),
                linewidth=0,
                color=LIGHT if number < 0 else colours[number],
            )
    from_first = [ax.barh(0, 0, color=colours[k], label=name) for k, name in enumerate(names)]
    if (ds["example_label"].values < 0).any():
        from_first.append(ax.barh(0, 0, color=LIGHT, label="unlabelled"))
    ax.legend(
        handles=from_first,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        borderaxespad=0,
        handlelength=1,
        labelspacing=0.2,
    )
    ax.set_yticks([1, 0], ["label", "prediction"])
    ax.set_ylim(-0.5, 1.5)
    return ax


def sampling_step(time):
    """Return the step of a time axis (its median; 1 for a single sample), in its unit."""
    return float(np.median(np.diff(time))) if len(time) > 1 else 1.0


def _name_channels(ax, channels):
    if len(channels) <= MOST_NAMES:
        # more than four names of the usual size do not fit the panel
        size = {"fontsize": 6} if len(channels) > MOST_LINES else {}
        ax.set_yticks(range(len(channels)), [str(c) for c in channels], **size)
    ax.set_ylim(len(channels) - 0.5, -0.5)


def _beside(ax):
    handles, _ = ax.get_legend_handles_labels()
    if len(handles) > 0:
        legend = ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0, handlelength=1)
        for handle in legend.legend_handles:
            if hasattr(handle, "set_markersize"):
                handle.set_markersize(7)
