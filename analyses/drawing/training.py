"""Figures of training and decisions: loss, accuracy, confusion, and what the simulation step changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..variables import require
from .style import COLOURS, GREY, axis_label, legend_below, whole_ticks

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


LEVELS = (
    ("test_accuracy", "test", COLOURS[2], "--"),
    ("softmax_regression_accuracy", "softmax regression", GREY, ":"),
)


def learning_loss(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the loss of training (and validation, if there is one) over epochs.

    Parameters
    ----------
    ds : Dataset
        ``train_loss (epoch)``; ``valid_loss (epoch)`` where there is one.
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
    require(ds, "train_loss", where="learning_loss")
    _curve(ds, ax, "train_loss", "training", COLOURS[0])
    _curve(ds, ax, "valid_loss", "validation", COLOURS[1])
    ax.set(ylabel=axis_label(ds["train_loss"], "loss"), title="Loss")
    _whole_epochs(ds, ax)
    legend_below(ax, columns=2)
    return ax


def learning_accuracy(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw accuracy over epochs, test accuracy and softmax regression as lines if known.

    Parameters
    ----------
    ds : Dataset
        ``valid_accuracy (epoch)``; ``train_accuracy``, the test accuracy and that of softmax regression where known.
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
    require(ds, "valid_accuracy", where="learning_accuracy")
    _curve(ds, ax, "train_accuracy", "training", COLOURS[0])
    _curve(ds, ax, "valid_accuracy", "validation", COLOURS[1])
    for name, label, colour, style in LEVELS:
        if name in ds.variables and np.isfinite(float(ds[name])):
            ax.axhline(float(ds[name]), color=colour, linestyle=style, label=f"{label} {float(ds[name]):.3f}")
    of = "trials" if "trials" in ds["valid_accuracy"].attrs.get("long_name", "") else "steps"
    ax.set(ylabel=f"Accuracy, labelled {of}", title="Accuracy")
    _whole_epochs(ds, ax)
    legend_below(ax, columns=2)
    return ax


def learning_rate_of_spikes(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the mean firing rate over epochs.

    Parameters
    ----------
    ds : Dataset
        ``firing_rate_epoch (epoch)`` in Hz.
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
    require(ds, "firing_rate_epoch", where="learning_rate_of_spikes")
    _curve(ds, ax, "firing_rate_epoch", None, COLOURS[0])
    ax.set(ylabel=axis_label(ds["firing_rate_epoch"], "mean firing rate"), title="Activity")
    _whole_epochs(ds, ax)
    # matplotlib's margin is a part of the range of the rates, which says nothing about the axis from 0
    ax.set_ylim(0, 1.08 * max(float(ds["firing_rate_epoch"].max()), 1e-9))
    return ax


def confusion_matrix(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw how the steps of each true class were classified, in % of that class.

    Parameters
    ----------
    ds : Dataset
        ``confusion (true_class, predicted_class)``: counts.
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
    require(ds, "confusion", "true_class", "predicted_class", where="confusion_matrix")
    counts = ds["confusion"].transpose("true_class", "predicted_class").values
    support = counts.sum(axis=1, keepdims=True)
    percent = np.divide(100 * counts, support, out=np.full(counts.shape, np.nan), where=support > 0)
    image = ax.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(percent):
        if np.isfinite(value):
            ax.text(
                column,
                row,
                f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if value > 55 else "black",
            )
    names = ds["true_class"].values
    ax.set_xticks(range(len(names)), ds["predicted_class"].values)
    ax.set_yticks(
        range(len(names)), [f"{name}  (n = {int(n):,})" for name, n in zip(names, support[:, 0], strict=True)]
    )
    of = "trials" if "trials" in ds["confusion"].attrs.get("long_name", "") else "steps"
    ax.set(xlabel="Predicted class", ylabel="True class", title=f"Confusion, labelled {of} of the test set")
    ax.spines[:].set_visible(False)
    ax.figure.colorbar(image, ax=ax, label="Part of the true class (%)", shrink=0.85)
    return ax


def accuracy_against_dt(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the accuracy of the simulated network at each simulation step, beside the twin's.

    Parameters
    ----------
    ds : Dataset
        ``accuracy_dt (dt)``, ``dt`` in ms; ``test_accuracy`` where it is there.
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
    require(ds, "accuracy_dt", "dt", where="accuracy_against_dt")
    _against_dt(ds, ax, "accuracy_dt")
    if "test_accuracy" in ds.variables and np.isfinite(float(ds["test_accuracy"])):
        level = float(ds["test_accuracy"])
        ax.axhspan(level - 0.01, level + 0.01, color=COLOURS[2], alpha=0.15, linewidth=0, label="within 0.01")
        ax.axhline(level, color=COLOURS[2], linestyle="--", label="twin at its own step")
        legend_below(ax)
    low, high = ax.get_ylim()
    if high - low < 0.1:
        # a difference of a thousandth is to look like one
        ax.set_ylim((low + high) / 2 - 0.05, (low + high) / 2 + 0.05)
    ax.set(ylabel="Accuracy, labelled steps", title="Accuracy")
    return ax


def rate_against_dt(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw the mean hidden firing rate at each simulation step.

    Parameters
    ----------
    ds : Dataset
        ``rate_dt (dt)`` in Hz, ``dt`` in ms.
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
    require(ds, "rate_dt", "dt", where="rate_against_dt")
    _against_dt(ds, ax, "rate_dt")
    ax.set(ylabel=axis_label(ds["rate_dt"], "mean firing rate"), title="Activity")
    ax.set_ylim(0, 1.15 * max(float(ds["rate_dt"].max()), 1e-9))
    return ax


def _epochs(ds):
    return ds["epoch"].values if "epoch" in ds.coords else np.arange(1, ds.sizes["epoch"] + 1)


def _whole_epochs(ds, ax):
    ax.set_xlabel("Epoch")
    whole_ticks(ax)
    if ds.sizes["epoch"] == 1:
        ax.set_xlim(_epochs(ds)[0] - 0.5, _epochs(ds)[0] + 0.5)


def _curve(ds, ax, name, label, colour):
    if name in ds.variables:
        ax.plot(
            _epochs(ds),
            ds[name].values,
            color=colour,
            label=label,
            marker="o" if ds.sizes["epoch"] < 3 else None,
        )


def _against_dt(ds, ax, name):
    dt = ds["dt"].values
    ax.plot(dt, ds[name].values, "o-", color=COLOURS[0], label="Brian2")
    ax.set_xscale("log", base=2)
    ax.set_xticks(dt, [f"{x:g}" for x in dt])
    ax.minorticks_off()
    ax.set_xlabel("Simulation step dt (ms)")
