"""Bars of operations: around their tick, and no legend for what is not there."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chronaxie.analyses import FIGURES, compose, energy_bars, operation_bars
from chronaxie.analyses.energetics.costs import COST_MODELS
from chronaxie.analyses.energetics.formulas import formula_operations


def costs(networks, ac, mac):
    energy = np.outer(np.asarray(ac) * 0.9 + np.asarray(mac) * 4.6, [1.0, 0.5])
    grid = ("energy_network", "energy_cost")
    return xr.Dataset(
        {
            "energy_ac": ("energy_network", np.asarray(ac, dtype=float)),
            "energy_mac": ("energy_network", np.asarray(mac, dtype=float)),
            "energy_per_step": (grid, energy),
            "energy_per_step_sd": (grid, np.full(energy.shape, np.nan)),
            "energy_ratio": (grid, energy[-1] / energy),
            "energy_cost_ac": ("energy_cost", [0.9, 0.1]),
            "energy_cost_mac": ("energy_cost", [4.6, 3.1]),
        },
        {"energy_network": networks, "energy_cost": ["float32", "int32"]},
    )


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("networks", [["LSTM"], ["GRU", "LSTM"]])
def test_networks_without_accumulates_have_their_bar_over_the_tick(networks):
    ds = costs(networks, [0] * len(networks), [600, 800][: len(networks)])
    ax = operation_bars(ds, Figure().subplots())
    assert legend(ax) == ["multiply-accumulates (MAC)"]
    middles = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    np.testing.assert_allclose(middles, ax.get_xticks(), atol=1e-12)
    assert [bar.get_height() for bar in ax.patches] == ds.energy_mac.values.tolist()


def test_the_bars_of_a_spiking_network_lie_around_its_tick():
    ax = operation_bars(costs(["SRNN", "LSTM"], [300, 0], [100, 900]), Figure().subplots())
    assert legend(ax) == ["accumulates (AC)", "multiply-accumulates (MAC)"]
    sides = {bar.get_height(): (bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches}
    np.testing.assert_allclose(sides[300], (-0.38, 0), atol=1e-12)
    np.testing.assert_allclose(sides[100], (0, 0.38), atol=1e-12)
    np.testing.assert_allclose(sides[900], (0.81, 1.19), atol=1e-12)


def test_energy_of_an_lstm_alone_is_not_compared_with_itself():
    ax = energy_bars(costs(["LSTM"], [0], [900]), Figure().subplots())
    assert ax.get_title(loc="left") + ax.get_title() == "Energy"


@pytest.mark.parametrize("number", [2, len(COST_MODELS)])
def test_labels_of_all_cost_models_do_not_touch_each_other(number):
    found = formula_operations("ALIF", 4, [36], 6, rates=[0.3], input_rate=0.1, costs=COST_MODELS[:number])
    # as many bars as a simulation has
    three = xr.concat([found.isel(energy_network=[0]), found], "energy_network", data_vars="minimal")
    three = three.assign_coords(energy_network=["SRNN, formula", "SRNN, counted", "LSTM"])
    figure = compose(three, next(spec for spec in FIGURES if spec.name == "energy"))
    ax = figure.axes[-1]
    figure.draw(FigureCanvasAgg(figure).get_renderer())
    written = [text for text in [*ax.get_xticklabels(), *ax.texts] if text.get_text()]
    boxes = [text.get_window_extent() for text in [*written, ax.get_legend()]]
    assert len(boxes) == 3 * number + 1
    touching = [(j, k) for j in range(len(boxes)) for k in range(j) if boxes[j].overlaps(boxes[k])]
    assert touching == []
