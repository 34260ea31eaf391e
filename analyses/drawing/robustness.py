"""Figure of robustness: accuracy against the strength of each perturbation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, broken, in_first_column, strength_axis  # noqa: F401

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


# Name, title, whether the strength is drawn on a logarithmic axis.
PERTURBATION_TITLES = {
    "membrane_noise": ("Membrane noise", True),
    "spike_loss": ("Loss of spikes", True),
    "synaptic_delay": ("Synaptic delay", False),
    "weight_noise": ("Weight noise", True),
    "weight_quantisation": ("Weight quantisation", False),
    "time_constant_mismatch": ("Mismatch of time constants", True),
    "neuron_lesion": ("Lesion of neurons", True),
    "synapse_lesion": ("Lesion of synapses", True),
    "temperature": ("Temperature", False),
    "input_jitter": ("Jitter of input", True),
}


def accuracy_against_strength(ds: xr.Dataset, ax: Axes, *, name: str) -> Axes:
    """Draw the accuracy against the strength of one perturbation; returns `ax`.

    Points are seeds, the line and the error bars their mean and standard deviation. The dashed line and its band are
    the unperturbed network (mean and standard deviation over seeds), the dotted one is what the commonest class scores.

    Parameters
    ----------
    ds : Dataset
        Of the study `robustness`.
    ax : matplotlib Axes
    name : str
        E.g. ``"weight_noise"``.

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    require(ds, f"accuracy_{name}", name, "accuracy_unperturbed", where="accuracy_against_strength")
    title, logarithmic = PERTURBATION_TITLES[name]
    plain = ds["accuracy_unperturbed"].values
    strength, accuracy = ds[name], ds[f"accuracy_{name}"].transpose(name, "seed").values
    ax.axhline(plain.mean(), color=COLOURS[0], linestyle="--", linewidth=1, label="unperturbed")
    if plain.size > 1 and plain.std():
        spread = plain.std(ddof=1)
        ax.axhspan(plain.mean() - spread, plain.mean() + spread, color=COLOURS[0], alpha=0.15, linewidth=0)
    if "accuracy_commonest" in ds.variables:
        ax.axhline(
            float(ds["accuracy_commonest"]), color=GREY, linestyle=":", linewidth=1, label="commonest class"
        )
    x = strength.values
    ax.plot(np.repeat(x, accuracy.shape[1]), accuracy.ravel(), ".", color=GREY, markersize=3, label="seeds")
    deviation = accuracy.std(axis=1, ddof=1) if accuracy.shape[1] > 1 else None
    ax.errorbar(
        x,
        accuracy.mean(axis=1),
        deviation,
        color=COLOURS[1],
        marker="o",
        markersize=3.5,
        linewidth=1.2,
        elinewidth=1,
        label="mean, standard deviation",
    )
    unit = strength.attrs.get("units", "1")
    label = strength.attrs.get("long_name", name)
    label += "" if unit == "1" else f" ({unit})"
    # fewer bits are stronger
    strength_axis(ax, x, label, logarithmic=logarithmic, falling=name == "weight_quantisation")
    ax.set(ylim=(0, 1), title=title)
    if in_first_column(ax):
        ax.set_ylabel("Accuracy on what is labelled")
    return ax


ROBUSTNESS = (
    FigureSpec(
        "accuracy",
        tuple(
            Panel(partial(accuracy_against_strength, name=name), (f"accuracy_{name}", "accuracy_unperturbed"))
            for name in PERTURBATION_TITLES
        ),
        width=2.7,
        height=5.6,
        rows=2,
        share_y=True,
        legend=True,
    ),
)
