"""Figures of sparse activity: from the file alone, what is stated, and input with nothing in it."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import MissingVariable, figures
from chronaxie.analyses.activity.by_class import class_rates, rates_over_time
from chronaxie.analyses.activity.dimensionality import participation_ratio
from chronaxie.analyses.activity.sparsity import sparsity
from chronaxie.analyses.drawing.activity import (
    SPARSITY,
    dimensions,
    rate_over_time,
    rates_by_class,
    regularity,
    sparseness,
)

from ..conftest import CLASSES, random_simulation

pytestmark = pytest.mark.filterwarnings("error")


def measured(ds, groups):
    rng = np.random.default_rng(1)
    trials = ds.attrs["trials"]
    label = xr.DataArray(rng.integers(0, 6, trials), dims="trial")
    parts = [
        sparsity(ds, groups, window=0.1),
        class_rates(ds, label, groups, classes=CLASSES),
        rates_over_time(ds, groups, bin_width=0.02, label=label, classes=CLASSES),
        participation_ratio(ds, groups, bin_width=0.1),
    ]
    return xr.merge(parts, compat="no_conflicts", combine_attrs="drop_conflicts")


def silent_simulation():
    return random_simulation(np.random.default_rng(0), trials=2, steps=50).isel(hidden1_spike=slice(0))


@pytest.fixture(scope="module")
def activity():
    return measured(random_simulation(np.random.default_rng(0), trials=10, steps=100), ["input", "hidden1"])


@pytest.fixture
def ax():
    return Figure().subplots()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_every_figure_is_written_from_the_file_alone(activity, tmp_path):
    activity.to_netcdf(tmp_path / "activity.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "activity.nc", engine="h5netcdf") as ds:
        written = figures(ds, tmp_path / "figures", stem="a", specs=SPARSITY)
    names = [f"a_{spec.name}.{form}" for spec in SPARSITY for form in ("png", "svg")]
    assert [path.name for path in written] == names


def test_bars_are_the_measures_and_lines_the_trials(activity, ax):
    sparseness(activity, ax)
    assert "n = 10 trials" in ax.get_title(loc="left") + ax.get_title()
    heights = [bar.get_height() for bar in ax.containers[0]]
    row = activity.sel(activity_layer="input")
    assert heights[0] == float(row.layer_treves_rolls)
    assert heights[4] == float(row.layer_activation_sparsity)
    # two measures that a trial has, of two layers
    assert sum(type(c).__name__ == "ErrorbarContainer" for c in ax.containers) == 4


def test_a_bar_of_no_height_is_its_number(activity, ax):
    """No neuron of the inputs is silent or saturated: a bar of 0 cannot be seen."""
    sparseness(activity.sel(activity_layer=["input"]), ax)
    assert float(activity.layer_silent.sel(activity_layer="input")) == 0
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("0", (5, 0)), ("0", (6, 0))]


def test_classes_have_the_names_of_the_task_where_the_dataset_knows_them(activity, ax):
    numbers = [str(k) for k in range(6)]
    bare = activity.assign_coords({"class": numbers})
    assert [t.get_text() for t in rates_by_class(bare, ax).get_xticklabels()] == numbers
    beside = bare.assign_coords(true_class=CLASSES)
    assert [t.get_text() for t in rates_by_class(beside, Figure().subplots()).get_xticklabels()] == CLASSES
    one = rate_over_time(beside.sel(activity_layer=["hidden1"]), Figure().subplots())
    assert legend(one) == CLASSES


def test_how_many_neurons_are_known_is_stated(activity, ax):
    regularity(activity, ax)
    # two of 36 are silent
    assert legend(ax) == ["input, n = 4, 4, 4, 4", "hidden1, n = 34, 34, 34, 34", "Poisson process"]


def test_rates_over_time_by_class_only_of_a_single_layer(activity, ax):
    rate_over_time(activity, ax)
    assert legend(ax) == ["input", "hidden1"]
    assert "n = 10 trials" in ax.get_title(loc="left") + ax.get_title()
    assert ax.get_ylabel() == "Mean firing rate (Hz)"
    one = rate_over_time(activity.sel(activity_layer=["hidden1"]), Figure().subplots())
    assert legend(one) == CLASSES


def test_neurons_stand_by_the_class_that_they_prefer(ax):
    ds = xr.Dataset(
        {"class_rate": (("class", "unit"), [[0.0, 9.0, 5.0], [7.0, 1.0, 6.0]])},
        {"class": ["a", "b"], "unit_layer": ("unit", ["h"] * 3)},
    )
    rates_by_class(ds, ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), [[9, 1], [0, 7], [5, 6]])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["h\nn = 3"]


def test_dimensions_say_how_many_samples(activity, ax):
    dimensions(activity, ax)
    assert "(n = 40 samples)" in ax.get_title(loc="left") + ax.get_title()
    assert [bar.get_height() for bar in ax.patches] == activity["participation_ratio"].values.tolist()


def test_what_is_not_known_is_no_bar(ax):
    ds = measured(silent_simulation(), ["hidden1"])
    sparseness(ds, ax)
    # Treves-Rolls, Vinje-Gallant, Gini and Hoyer are not known; all steps and neurons are silent, none is saturated
    assert [bar.get_height() for bar in ax.patches] == [1, 1, 0]
    assert [(text.get_text(), text.xy[0]) for text in ax.texts] == [("none", k) for k in range(4)] + [
        ("0", 6)
    ]
    low, high = ax.get_xlim()
    assert low < 0 < 6 < high
    axis = dimensions(ds, Figure().subplots())
    assert len(axis.patches) == 0
    assert axis.get_ylim()[0] == 0
    assert [text.get_text() for text in axis.texts] == ["none"]


def test_silent_layers_can_be_drawn():
    ds = measured(silent_simulation(), ["hidden1"])
    for draw in (sparseness, regularity, dimensions, rate_over_time, rates_by_class):
        axis = Figure().subplots()
        assert draw(ds, axis) is axis


@pytest.mark.parametrize("draw", [sparseness, regularity, dimensions, rate_over_time, rates_by_class])
def test_what_is_missing_is_named(draw, ax):
    with pytest.raises(MissingVariable, match=f"{draw.__name__}: the dataset lacks"):
        draw(xr.Dataset(), ax)
