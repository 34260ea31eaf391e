"""Learned membrane time constants beside those of measured cells, both in ms, without any scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..drawing.style import GREY, layer_colours, legend_below, plain_ticks
from ..variables import milliseconds, require, variable
from .comparison import ALL_CELLS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


PERCENT = np.arange(1, 100)


def cells_distribution(cells: xr.Dataset) -> xr.Dataset:
    """Percentiles of the membrane time constants of measured cells.

    Parameters
    ----------
    cells : Dataset
        From `biology.load`: ``tau_m (cell)`` in ms, coordinate ``group``.

    Returns
    -------
    Dataset
        ``cells_tau_m (cells_group, cells_percent)`` in ms at 1 to 99 %, the groups and last "all cells";
        ``cells_count (cells_group)``.

    Raises
    ------
    MissingVariable, InvalidInput
        No such variable, or units that are not ms.
    """
    require(cells, "tau_m", "group", where="cells_distribution")
    values = milliseconds(cells["tau_m"], name="tau_m", where="cells_distribution")
    group = cells["group"].values
    samples = {
        str(name): values[group == name]
        for name in np.atleast_1d(cells.attrs.get("groups", np.unique(group)))
    }
    samples[ALL_CELLS] = values
    rows = [np.percentile(x, PERCENT) for x in samples.values()]
    return xr.Dataset(
        {
            "cells_tau_m": variable(
                rows,
                ("cells_group", "cells_percent"),
                units="ms",
                long_name="membrane time constant of the cells",
            ),
            "cells_count": variable(
                [len(x) for x in samples.values()], "cells_group", units="1", long_name="number of cells"
            ),
        },
        coords={"cells_group": list(samples), "cells_percent": PERCENT},
        attrs={
            f"cells_{key}": cells.attrs[key] for key in ("title", "citation", "licence") if key in cells.attrs
        },
    )


def membrane_beside_cells(ds: xr.Dataset, ax: Axes) -> Axes:
    """Draw cumulative distributions of membrane time constants in ms: cells, network before and after; returns `ax`.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_m_initial (neuron)`` in ms with the coordinate ``layer``, and what `cells_distribution`
        returned.
    ax : matplotlib.axes.Axes

    Returns
    -------
    matplotlib.axes.Axes
        `ax`.
    """
    require(
        ds, "tau_m", "tau_m_initial", "layer", "cells_tau_m", "cells_count", where="membrane_beside_cells"
    )
    percent = ds["cells_percent"].values / 100
    groups = ds["cells_group"].values.tolist()
    for name, style in zip(groups, ("-", "--", ":", "-.") * len(groups), strict=False):
        row = ds.sel(cells_group=name)
        whole = name == ALL_CELLS
        median = float(np.interp(0.5, percent, row["cells_tau_m"]))
        ax.plot(
            row["cells_tau_m"],
            percent,
            color="black" if whole else GREY,
            linestyle="-" if whole else style,
            linewidth=2.2 if whole else 1.2,
            label=f"GLIF cells, {name} ({int(row['cells_count'])}): median {median:.1f} ms",
        )
    layers = ds["layer"].values
    for layer, colour in layer_colours(layers.tolist()).items():
        for suffix, style, when in (("_initial", ":", "before"), ("", "-", "after")):
            tau = np.sort(ds[f"tau_m{suffix}"].values[layers == layer])
            ax.step(
                np.r_[tau[0], tau],
                np.arange(len(tau) + 1) / len(tau),
                where="post",
                color=colour,
                linestyle=style,
                label=f"{layer} {when} training ({len(tau)}): median {np.median(tau):.1f} ms",
            )
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    ax.set_ylim(0, 1.02)
    ax.set(
        xlabel="Membrane time constant (ms)",
        ylabel="Cumulative fraction",
        title="Membrane time constants, in ms, not scaled",
    )
    legend_below(ax)
    return ax
