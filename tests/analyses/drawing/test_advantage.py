"""Figures of the energy advantage: intervals and n, the rate of break-even, and nothing to break even."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import MissingVariable, energy, figures
from chronaxie.analyses.drawing.advantage import (
    ADVANTAGE,
    break_even,
    energy_per_decision_over_seeds,
    energy_ratio_over_seeds,
)
from chronaxie.analyses.energetics.costs import COST_MODELS, NeuronCost
from chronaxie.analyses.energetics.formulas import formula_operations
from chronaxie.analyses.energetics.seeds import energy_over_seeds

from ..conftest import MODELS, random_simulation

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(0)
    return [
        energy(random_simulation(rng, trials=2, steps=50, rate=r), models=MODELS, costs=COST_MODELS)
        for r in (0.1, 0.2, 0.3)
    ]


@pytest.fixture(scope="module")
def over_seeds(runs):
    return energy_over_seeds(
        xr.concat(runs, dim="seed", data_vars="all", coords="minimal", compat="override")
    )


@pytest.fixture
def ax():
    return Figure().subplots()


def title(ax):
    return ax.get_title(loc="left") + ax.get_title()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_figure_is_written_from_the_file_alone(runs, over_seeds, tmp_path):
    whole = xr.merge([over_seeds, runs[0]], compat="override", combine_attrs="drop_conflicts")
    whole.to_netcdf(tmp_path / "energy.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "energy.nc", engine="h5netcdf") as ds:
        written = figures(ds, tmp_path / "figures", stem="e", specs=ADVANTAGE)
    names = [f"e_{spec.name}.{form}" for spec in ADVANTAGE for form in ("png", "svg")]
    assert [path.name for path in written] == names


def test_intervals_and_their_number_are_drawn(over_seeds, ax):
    energy_ratio_over_seeds(over_seeds, ax)
    assert "n = 3 seeds, 90 % interval" in title(ax)
    assert legend(ax) == ["SRNN, formula", "SRNN, counted"]
    (bars,) = ax.containers[1].lines[2]
    low, high = over_seeds["energy_ratio_interval"].sel(energy_network="SRNN, counted").values
    drawn = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(drawn, np.stack([low, high], axis=1), rtol=1e-9)
    assert ax.get_yscale() == "log"


def test_the_lstm_stands_beside_in_energy(over_seeds, ax):
    energy_per_decision_over_seeds(over_seeds, ax)
    assert legend(ax) == ["SRNN, formula", "SRNN, counted", "LSTM"]
    assert ax.get_ylabel() == "Energy per decision (nJ)"


def test_one_seed_is_drawn_without_an_interval(runs, ax):
    one = energy_over_seeds(runs[0].expand_dims("seed"))
    energy_ratio_over_seeds(one, ax)
    assert "n = 1 seeds" in title(ax)


def test_the_star_is_where_the_energies_are_equal(ax):
    costly = NeuronCost("own", mac=60, ac=40, source="test", words=60)
    ds = formula_operations(costly, 10, [10], 3, rates=[0.05], input_rate=0.1, reference="rnn")
    break_even(ds, ax)
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    rates = ds["energy_break_even_rate"].isel(energy_network=0).values
    inside = rates[(rates > 0) & (rates < 1)]
    assert len(inside) > 0
    assert [float(line.get_xdata()[0]) for line in stars] == inside.tolist()
    said = [text.split(": ")[1] for text in legend(ax)]
    expected = ["at every rate" if r == 0 else "at no rate" if r >= 1 else f"{r:.2g}" for r in rates]
    assert said == expected


@pytest.mark.parametrize("input_rate", [0.0, 0.1])
def test_no_hidden_neuron_spiked(ax, input_rate):
    ds = formula_operations("LIF", 4, [3], 2, rates=[0.0], input_rate=input_rate)
    break_even(ds, ax)
    assert "nothing spiked" in title(ax)
    assert ax.lines[:] == []


@pytest.mark.parametrize("draw", [break_even, energy_ratio_over_seeds, energy_per_decision_over_seeds])
def test_what_is_missing_is_named(draw, ax):
    with pytest.raises(MissingVariable, match="the dataset lacks"):
        draw(xr.Dataset(), ax)
