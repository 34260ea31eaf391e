"""Figures of the study `timescales`: what stands below the axis does not cover each other."""

import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chronaxie.analyses.drawing.timescale_study import accuracy_of_variants


@pytest.mark.parametrize("label", ["broad", "variant broad ×0.5, hidden 72, rate penalty 0.1"])
def test_the_key_is_below_the_labels_however_long_they_are(label):
    ds = xr.Dataset(
        {
            "accuracy_mean": ("variant", [0.5, 0.6]),
            "accuracy_mean_interval": (("variant", "bound"), [[0.4, 0.6], [0.5, 0.7]]),
        },
        {"variant": [label, f"{label} again"]},
    )
    figure = Figure(figsize=(3.6, 5), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    ax = accuracy_of_variants(ds, figure.subplots())
    canvas.draw()
    lowest = min(text.get_window_extent().y0 for text in ax.get_xticklabels())
    assert ax.get_legend().get_window_extent().y1 <= lowest
