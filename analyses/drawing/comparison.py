"""Figure of a comparison with biology: distributions, quantiles against quantiles, distances with their nulls."""

import numpy as np

from ..variables import require
from .biology import one_value
from .specs import FigureSpec, Panel
from .style import GREY, interval_line, layer_colours, legend_below, plain_ticks

NULLS = {
    "initial": ("^", "null: where it started"),
    "lognormal": ("s", "null: log-normal of its mean and sd"),
}


def cumulative_distributions(ds, ax):
    """Draw the percentiles of every layer (colours, with pointwise intervals) and group of cells (grey, all: black).

    Parameters
    ----------
    ds : Dataset
        What `compare` returned.
    ax : matplotlib.axes.Axes
    """
    names = ("biology_model_percentile", "biology_model_percentile_interval", "biology_cells_percentile")
    require(ds, *names, "biology_percent", where="cumulative_distributions")
    share = ds["biology_percent"].values / 100
    groups = ds["biology_group"].values.tolist()
    for name, style in zip(groups, ("--", ":", "-.", (0, (5, 1)), (0, (1, 3))) * len(groups), strict=False):
        last = name == groups[-1]
        row = ds.sel(biology_group=name)
        ax.plot(
            row["biology_cells_percentile"],
            share,
            color="black" if last else GREY,
            linestyle="-" if last else style,
            linewidth=2 if last else 1,
            label=f"{name} ({int(row['biology_cells_count'])})",
        )
    for name, colour in layer_colours(ds["biology_layer"].values.tolist()).items():
        row = ds.sel(biology_layer=name)
        if int(row["biology_model_count"]):
            interval = row["biology_model_percentile_interval"].values
            ax.fill_betweenx(share, *interval.T, color=colour, alpha=0.2, linewidth=0)
            text = one_value(row["biology_model_percentile"].values, int(row["biology_model_count"]))
            label = f"{name} ({int(row['biology_model_count'])})" + (f": {text}" if text else "")
            ax.plot(row["biology_model_percentile"], share, color=colour, label=label)
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    ax.set(
        ylim=(0, 1), xlabel="Time constant (ms)", ylabel="Cumulative fraction", title="Distributions, in ms"
    )
    legend_below(ax, columns=2)
    return ax


def quantiles_against_quantiles(ds, ax):
    """Draw each layer's percentiles against those of the last group of cells, both over their medians; returns `ax`.

    On the dashed line both have one shape. Bands: pointwise intervals of the network's percentiles. A layer whose
    values are one has no shape: the legend says so.
    """
    names = ("biology_model_percentile", "biology_model_percentile_interval", "biology_cells_percentile")
    require(ds, *names, "biology_model_median", "biology_cells_median", where="quantiles_against_quantiles")
    cells = ds.isel(biology_group=-1)
    across = cells["biology_cells_percentile"].values / float(cells["biology_cells_median"])
    for name, colour in layer_colours(ds["biology_layer"].values.tolist()).items():
        row = ds.sel(biology_layer=name)
        if int(row["biology_model_count"]):
            text = one_value(row["biology_model_percentile"].values, int(row["biology_model_count"]))
            if text:
                ax.plot([], [], "none", label=f"{name}: {text}")
                continue
            middle = float(row["biology_model_median"])
            interval = row["biology_model_percentile_interval"].values / middle
            ax.fill_between(across, *interval.T, color=colour, alpha=0.2, linewidth=0)
            ax.plot(across, row["biology_model_percentile"] / middle, color=colour, label=name)
    if not ax.lines or not any(len(line.get_xdata()) for line in ax.lines):
        ax.set(xlim=(across[0], across[-1]), ylim=(across[0], across[-1]))
    ax.axline((1, 1), slope=1, color=GREY, linestyle="--", linewidth=1)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in "xy":
        plain_ticks(ax, axis)
    ax.set(
        xlabel=f"{cells['biology_group'].item()}, over the median",
        ylabel="Network, over the median",
        title="Quantiles 1 to 99 %, free of scale",
    )
    legend_below(ax, columns=2)
    return ax


def distances(ds, ax, *, scaled=False):
    """Draw the distance of every layer from every group with its interval, and those of the nulls; returns `ax`.

    Points: median-unbiased Wasserstein distance of the distributions, filled where p < 0.05 after Holm; arrow heads: no
    upper bound; crosses: distance of the samples where they are too small for an interval. Open markers with thin
    lines: distances of the samples that as many draws of a null have. Vertical
    ticks: the smallest distance that such samples show with a chance of 80 %.
    """
    suffix = "_scaled" if scaled else ""
    names = [f"biology_{part}" for part in (f"distance{suffix}_corrected", f"distance{suffix}_interval")]
    names += [f"biology_{p}{suffix}" for p in ("null_distance", "null_interval", "detectable_distance")]
    holm = f"biology_p{suffix}_holm"
    require(ds, *names, f"biology_distance{suffix}", holm, where="distances")
    groups, layers = ds["biology_group"].values.tolist(), ds["biology_layer"].values.tolist()
    tall, few, named = len(layers) + 1, set(), set()
    for k, (layer, colour) in enumerate(layer_colours(layers).items()):
        for j, group in enumerate(groups):
            row, y = ds.sel(biology_layer=layer, biology_group=group), j * tall + k
            middle, interval = float(row[names[0]]), row[names[1]].values
            if np.isfinite(interval[0]):
                beyond = 1.5 * float(row[names[0].removesuffix("_corrected")])
                interval_line(ax, interval, y, beyond=beyond, color=colour, linewidth=1.5)
                face = colour if float(row[holm]) < 0.05 else "white"
                ax.plot(
                    middle,
                    y,
                    "o",
                    color=colour,
                    markerfacecolor=face,
                    markersize=5,
                    label=layer if not j else None,
                )
            elif np.isfinite(sample := float(row[names[0].removesuffix("_corrected")])):
                text = None if layer in few else f"{layer}, of the samples: too few for an interval"
                few.add(layer)
                ax.plot(sample, y, "x", color=colour, markersize=5, linestyle="", label=text)
            for null in row["biology_null"].values.tolist():
                marker, text = NULLS[null]
                at, reach = row.sel(biology_null=null)[names[2]], row.sel(biology_null=null)[names[3]].values
                ax.plot(reach, [y + 0.28] * 2, color=GREY, linewidth=0.6)
                label = text if np.isfinite(at) and text not in named else None
                named.add(label)
                ax.plot(
                    at,
                    y + 0.28,
                    marker,
                    color=GREY,
                    markersize=3,
                    fillstyle="none",
                    linestyle="",
                    label=label,
                )
            text = "seen with a chance of 80 %"
            label = text if np.isfinite(row[names[4]]) and text not in named else None
            named.add(label)
            ax.plot(row[names[4]], y, "|", color="black", markersize=9, linestyle="", label=label)
    ax.set_yticks([j * tall + (len(layers) - 1) / 2 for j in range(len(groups))], groups)
    ax.set_ylim(len(groups) * tall - 0.5, -0.8)
    ax.set_xlim(left=0)
    ax.set(
        xlabel="Wasserstein distance" + (" of values over their median" if scaled else " (ms)"),
        title="Distance, free of scale" if scaled else "Distance, in ms",
    )
    legend_below(ax)
    return ax


def distances_scaled(ds, ax):
    """`distances` of the values over their own medians; returns `ax`."""
    return distances(ds, ax, scaled=True)


_SIDES = ("biology_model_percentile", "biology_model_percentile_interval", "biology_cells_percentile")

COMPARISON = FigureSpec(
    "comparison",
    (
        Panel(cumulative_distributions, _SIDES),
        Panel(quantiles_against_quantiles, _SIDES),
        Panel(distances, ("biology_distance_interval", "biology_null_distance")),
        Panel(distances_scaled, ("biology_distance_scaled_interval", "biology_null_distance_scaled")),
    ),
    width=5.2,
    height=11.0,
    rows=2,
)
