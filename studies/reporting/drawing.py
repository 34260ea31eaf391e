"""The figures of a dataset as data within the page: vectors, or pixels where the vectors would be heavy."""

from __future__ import annotations

import base64
import io

import matplotlib

from ...analyses import compose
from ...analyses.drawing.style import RC
from .parts import Picture

# Bytes; what has more points is no lighter to draw than to look at.
LARGEST_SVG = 1_000_000
_CSS_PIXELS_PER_INCH = 96
# Of figures whose names say little by themselves.
_TITLES = {
    "dt": "finer steps",
    "raster": "one test trial",
    "biology": "beside measured cells",
    "record": "the record",
}
# Letters as outlines: the page looks the same where the font is not installed.
_SVG = {**RC, "svg.fonttype": "path"}


def pictures(ds, specs):
    """Every figure that the dataset has the variables for.

    Parameters
    ----------
    ds : xarray.Dataset
    specs : sequence of FigureSpec

    Returns
    -------
    tuple of Picture
    """
    drawn = ((spec, compose(ds, spec)) for spec in specs)
    return tuple(_picture(figure, spec.name) for spec, figure in drawn if figure is not None)


def in_words(figure):
    """What a figure shows, axis by axis, from its own titles and labels.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    str
        Such as ``"Robustness: accuracy against strength (mV); …"``.
    """
    parts = []
    for ax in figure.axes:
        if ax.get_label() == "<colorbar>":
            continue
        title = " ".join(ax.get_title(loc).strip() for loc in ("left", "center", "right")).strip()
        across, up = (text.replace("\n", " ").strip() for text in (ax.get_xlabel(), ax.get_ylabel()))
        axes = f"{up} against {across}" if up and across else up or across
        parts.append(": ".join(part for part in (title.replace("\n", " "), axes) if part))
    return "; ".join(part for part in parts if part)


def _picture(figure, name):
    data, kind = _saved(figure, "svg"), "image/svg+xml"
    if len(data) > LARGEST_SVG:
        data, kind = _saved(figure, "png"), "image/png"
    title = _TITLES.get(name, name.replace("_", " "))
    width, height = (round(side * _CSS_PIXELS_PER_INCH) for side in figure.get_size_inches())
    return Picture(
        title=title[:1].upper() + title[1:],
        source=f"data:{kind};base64,{base64.b64encode(data).decode()}",
        width=width,
        height=height,
        alt=in_words(figure) or title,
    )


def _saved(figure, form):
    out = io.BytesIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(out, format=form, metadata={"Date": None} if form == "svg" else {"Software": None})
    return out.getvalue()
