"""How the figures look: colours that colour-blind readers can tell apart, sizes, and the names of layers."""

import numpy as np
from cycler import cycler
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import ScaledTranslation

# Okabe and Ito, Color Universal Design (2008)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
GREY = "#6E6E6E"
# Behind a text that stands on a line.
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1}
LIGHT = "#D9D9D9"
# Classes of what lies between the waves of an ECG: grey, so that the waves stand out.
BASELINE = ("none", "TP")

RC = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "font.size": 9,
    "lines.linewidth": 1.5,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    # same dataset, same file to the byte
    "svg.hashsalt": "chronaxie",
}


def layer_colours(layers):
    """Return a dict layer → colour, in order of appearance, the palette repeated when it is used up."""
    return {layer: COLOURS[k % len(COLOURS)] for k, layer in enumerate(dict.fromkeys(layers))}


def class_colours(names):
    """Colour of each class, the same in every figure of a network.

    Grey is what lies between waves (``"none"``, ``"TP"``); the other classes have the palette in their order, or steps
    of viridis where they are more than its colours.

    Parameters
    ----------
    names : sequence of str
        All classes of the task, in the order of their numbers.

    Returns
    -------
    list of str
        As long as `names`.
    """
    names = [str(name) for name in names]
    size = sum(name not in BASELINE for name in names)
    if size <= len(COLOURS):
        palette = iter(COLOURS)
    else:
        palette = (to_hex(colormaps["viridis"](k / (size - 1))) for k in range(size))
    return [GREY if name in BASELINE else next(palette) for name in names]


def axis_label(array, text=None):
    """Label of an axis: `text` or the variable's long name, with its unit in brackets unless it is "1"."""
    name = text or array.attrs.get("long_name", array.name)
    name = name[:1].upper() + name[1:]
    units = array.attrs.get("units", "1")
    return name if units in ("1", "") else f"{name} ({units})"


def legend_below(ax, *, columns=1, **options):
    """Put the legend under the axis label, where it covers no data; returns it."""
    return ax.legend(
        loc="upper left",
        bbox_to_anchor=(0, -0.19),
        borderaxespad=0,
        ncols=columns,
        columnspacing=1.2,
        **options,
    )


def key_below(ax, handles, *, columns=1, points=34):
    """Put a key of `handles` so many `points` under the axis, however tall it is; returns the legend."""
    down = ScaledTranslation(0, -points / 72, ax.figure.dpi_scale_trans)
    return ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + down,
        borderaxespad=0,
        ncols=columns,
        columnspacing=1.2,
    )


def quantile_key(*, share="5 to 95 %", colour=GREY):
    """Handles of a bar from quartile to quartile and of a thin line through the outermost quantiles; list."""
    return [
        Line2D([], [], color=colour, linewidth=7, alpha=0.5, solid_capstyle="butt", label="quartiles"),
        Line2D([], [], color=colour, linewidth=1.2, label=share),
    ]


def colour_key(colours):
    """A patch for each label of a dict label → colour; list of handles."""
    return [Patch(color=colour, label=label) for label, colour in colours.items()]


def interval_line(ax, interval, place, *, beyond, **options):
    """Draw a horizontal interval; one without an upper bound ends at `beyond`, in an arrow head."""
    low, high = interval
    end = high if np.isfinite(high) else beyond
    ax.plot([low, end], [place, place], **options)
    if not np.isfinite(high):
        ax.plot(end, place, ">", color=options["color"], markersize=4)


def whole_ticks(ax):
    """Ticks of the horizontal axis at whole numbers alone, such as epochs."""
    ax.xaxis.set_major_locator(MaxNLocator(steps=(1, 2, 5, 10), integer=True, min_n_ticks=1))


def plain_ticks(ax, axis):
    """Label a logarithmic axis ("x" or "y") in its limits with plain numbers: 1, 2 and 5 of each decade, or 1 only
    where more than seven would crowd the axis."""
    low, high = ax.get_xlim() if axis == "x" else ax.get_ylim()
    for multiples in ((1, 2, 5), (1,)):
        ticks = [m * 10.0**e for e in range(-6, 10) for m in multiples if low <= m * 10.0**e <= high]
        if len(ticks) <= 7:
            break
    which = ax.xaxis if axis == "x" else ax.yaxis
    which.set_major_locator(FixedLocator(ticks))
    which.set_major_formatter(StrMethodFormatter("{x:g}"))
    which.set_minor_formatter(NullFormatter())


def strength_axis(ax, strengths, label, *, logarithmic=False, falling=False):
    """Strengths of a perturbation as the ticks of the horizontal axis, or on a logarithmic one; falling: reversed."""
    if logarithmic:
        ax.set_xscale("log")
        ax.set_xlim(strengths.min() / 1.4, strengths.max() * 1.4)
        plain_ticks(ax, "x")
    else:
        ax.set_xticks(strengths)
    if falling:
        ax.invert_xaxis()
    ax.set_xlabel(broken(label))


def broken(text, most=34):
    """A label in two lines where it is long."""
    text = text[:1].upper() + text[1:]
    if len(text) <= most:
        return text
    cut = text.rfind(" ", 0, most)
    return f"{text[:cut]}\n{text[cut + 1 :]}"


def in_first_column(ax):
    """Whether the axis stands alone or leftmost in a figure."""
    return ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col()
