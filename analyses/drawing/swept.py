"""Figures of a sweep whose axes are whatever was asked for: accuracy over what was swept, learning curves."""

import json
from functools import partial

import numpy as np

from ..variables import require
from .networks import accuracy_of_networks, learning_of_networks
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, axis_label, key_below


def accuracy_over_sweep(ds, ax, *, name="accuracy", measured="test_accuracy"):
    """Draw a mean over seeds with its interval over what was swept; points are seeds.

    Parameters
    ----------
    ds : xarray.Dataset
        Gathered, with its attribute ``axes``, and its answer: `name` and ``NAME_interval``.
    ax : matplotlib.axes.Axes
        Against the values where a single number was swept, else with a row for each place.
    name, measured : str
        The mean, and what the jobs have left.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    MissingVariable
        One of them is not there.
    """
    require(ds, name, f"{name}_interval", measured, where="accuracy_over_sweep")
    others = _others(ds)
    if len(others) == 1 and ds[others[0]].dtype.kind in "iuf":
        return _against_values(ds, ax, others[0], name, measured)
    return accuracy_of_networks(
        _as_networks(ds, (name, f"{name}_interval", measured)), ax, name=name, measured=measured
    )


def learning_over_sweep(ds, ax):
    """Draw the validation accuracy over epochs, mean and range over seeds, at each place; returns `ax`."""
    require(ds, "valid_accuracy", "epoch", where="learning_over_sweep")
    return learning_of_networks(_as_networks(ds, ("valid_accuracy",)), ax)


def _against_values(ds, ax, axis, name, measured):
    order = np.argsort(ds[axis].values)
    row = ds.isel({axis: order})
    x = row[axis].values.astype(float)
    mean = row[name].values
    low, high = row[f"{name}_interval"].transpose("bound", axis).values
    jobs = row[measured].transpose(axis, ...).values.reshape(len(x), -1)
    points = {"color": GREY, "markersize": 5, "zorder": 5, "label": "jobs"}
    ax.plot(np.repeat(x, jobs.shape[1]), jobs.ravel(), ".", **points)
    spread = np.nan_to_num([mean - low, high - mean])
    level = ds[name].attrs.get("level")
    label = "mean over seeds" + ("" if level is None else f", {100 * level:g} % interval")
    ax.errorbar(x, mean, yerr=spread, fmt="o-", color=COLOURS[0], capsize=2, markersize=5, label=label)
    if (x > 0).all() and x[-1] > 20 * x[0]:
        ax.set_xscale("log")
    bottom, top = ax.get_ylim()
    ax.set_ylim(max(bottom, 0), min(top, 1))  # intervals of few seeds reach where no accuracy does
    text = axis_label(
        ds[axis].assign_attrs(long_name=ds[axis].attrs.get("long_name", axis.replace("_", " ")))
    )
    ax.set(xlabel=text, ylabel=axis_label(ds[name]), title=ds[name].attrs.get("count", ""))
    ax.set_xticks(x, [f"{value:g}" for value in x])
    ax.minorticks_off()
    key_below(ax, ax.get_legend_handles_labels()[0], columns=2)
    return ax


def _others(ds):
    """The axes of a sweep besides the seed."""
    return [axis["field"] for axis in json.loads(ds.attrs["axes"]) if axis["field"] != "seed"]


def _as_networks(ds, names):
    """Variables of a sweep with all its axes but the seed as one, ``network``, whose labels say where that is."""
    others, found = _others(ds), ds[list(names)]
    if "seed" not in found.dims:
        on_jobs = [n for n in names if not n.endswith("_interval") and set(others) <= set(found[n].dims)]
        measured = [n for n in on_jobs if f"{n}_interval" not in names]
        found = found.assign({n: found[n].expand_dims(seed=[0]) for n in measured})
    if not others:
        return found.expand_dims(network=["all jobs"])
    stacked = found.stack(network=others, create_index=False)
    places = zip(*(stacked[other].values for other in others), strict=True)
    labels = [", ".join(f"{o} {v}" for o, v in zip(others, place, strict=True)) for place in places]
    return stacked.drop_vars(others).assign_coords(network=labels)


def _with_rows(ds):
    """Whether a learning curve of each place can still be told from the others."""
    return int(np.prod([ds.sizes[other] for other in _others(ds)])) <= 12


SWEPT = (
    FigureSpec(
        "sweep",
        (
            Panel(accuracy_over_sweep, ("accuracy", "accuracy_interval", "test_accuracy")),
            Panel(
                partial(accuracy_over_sweep, name="accuracy_yin", measured="test_accuracy_yin"),
                ("accuracy_yin", "accuracy_yin_interval", "test_accuracy_yin"),
            ),
        ),
        width=4.6,
        height=4.2,
    ),
    FigureSpec(
        "learning",
        (Panel(learning_over_sweep, ("valid_accuracy", "epoch"), shown=_with_rows),),
        width=6.4,
        height=4.2,
    ),
)
