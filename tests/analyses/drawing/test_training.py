"""The learning curves: whole epochs at the axis, nothing cut."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import learning_accuracy, learning_loss, learning_rate_of_spikes

CURVES = (learning_loss, learning_accuracy, learning_rate_of_spikes)


def history(epochs):
    values = np.linspace(0.4, 0.8, epochs)
    return xr.Dataset(
        {
            "train_loss": ("epoch", 1 - values, {"units": "1"}),
            "valid_accuracy": ("epoch", values, {"units": "1"}),
            "firing_rate_epoch": ("epoch", 62 + 4 * values, {"units": "Hz"}),
        },
        {"epoch": np.arange(epochs)},
    )


@pytest.mark.parametrize("draw", CURVES)
@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 120])
def test_ticks_are_whole_epochs(draw, epochs):
    ax = draw(history(epochs), Figure(figsize=(3.6, 3.8)).subplots())
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert ticks == [round(tick) for tick in ticks]
    assert 1 <= len(ticks) <= 12
    assert low < 0 < epochs - 1 < high or epochs == 1


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_the_highest_rate_lies_well_below_the_top(epochs):
    ds = history(epochs)
    ax = learning_rate_of_spikes(ds, Figure().subplots())
    low, high = ax.get_ylim()
    assert low == 0
    assert high >= 1.05 * float(ds.firing_rate_epoch.max())
