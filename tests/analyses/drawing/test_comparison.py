"""The figure of a comparison with biology, and those of the published networks."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from chronaxie.analyses import MissingVariable, compare, compose
from chronaxie.analyses.drawing.biology import biology_ms, biology_scale_free
from chronaxie.analyses.drawing.comparison import (
    COMPARISON,
    cumulative_distributions,
    distances,
    distances_scaled,
    quantiles_against_quantiles,
)
from chronaxie.analyses.drawing.published import beside_cells


@pytest.fixture(scope="module")
def ds():
    rng = np.random.default_rng(3)
    tau = xr.DataArray(
        rng.lognormal(3.5, 0.4, 60),
        dims="neuron",
        coords={"layer": ("neuron", ["hidden1"] * 40 + ["hidden2"] * 20)},
        attrs={"units": "ms"},
    )
    cells = xr.Dataset(
        {"tau_m": ("cell", rng.lognormal(3, 0.6, 300), {"units": "ms"})},
        coords={"group": ("cell", ["mouse"] * 200 + ["human"] * 100)},
    )
    return compare(tau, cells, initial=stats.norm(80, 20), resamples=100)


def labelled(ax):
    return {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}


def test_distributions_are_the_percentiles_with_their_numbers(ds):
    lines = labelled(cumulative_distributions(ds, Figure().subplots()))
    assert list(lines) == ["human (100)", "mouse (200)", "all cells (300)", "hidden1 (40)", "hidden2 (20)"]
    np.testing.assert_array_equal(
        lines["hidden2 (20)"].get_xdata(), ds["biology_model_percentile"].sel(biology_layer="hidden2")
    )


def test_quantiles_are_over_both_medians(ds):
    lines = labelled(quantiles_against_quantiles(ds, Figure().subplots()))
    x, y = lines["hidden1"].get_data()
    middle = ds["biology_percent"].values.tolist().index(50)
    assert (x[middle], y[middle]) == pytest.approx((1, 1))


@pytest.mark.parametrize(("draw", "suffix"), [(distances, ""), (distances_scaled, "_scaled")])
def test_a_distance_is_drawn_with_interval_nulls_and_what_can_be_seen(ds, draw, suffix):
    ax = draw(ds, Figure().subplots())
    lines = labelled(ax)
    assert set(lines) == {
        "hidden1", "hidden2", "null: log-normal of its mean and sd", "null: where it started",
        "seen with a chance of 80 %",
    }  # fmt: skip
    first = ds.isel(biology_layer=0, biology_group=0)
    assert lines["hidden1"].get_xdata()[0] == float(first[f"biology_distance{suffix}_corrected"])
    spans = [line.get_xdata().tolist() for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert first[f"biology_distance{suffix}_interval"].values.tolist() in spans
    assert first[f"biology_null_interval{suffix}"].isel(biology_null=0).values.tolist() in spans
    assert ("(ms)" in ax.get_xlabel()) == (suffix == "")


def test_samples_too_small_for_an_interval_are_crosses():
    tau = xr.DataArray(
        np.arange(20.0, 46),
        dims="neuron",
        coords={"layer": ("neuron", ["hidden1"] * 20 + ["output"] * 6)},
        attrs={"units": "ms"},
    )
    cells = {"tau_m": ("cell", np.arange(5.0, 45), {"units": "ms"})}
    found = compare(tau, xr.Dataset(cells, coords={"group": ("cell", ["mouse"] * 40)}), resamples=100)
    lines = labelled(distances(found, Figure().subplots()))
    cross = lines["output, of the samples: too few for an interval"]
    assert cross.get_xdata().tolist() == [
        float(found["biology_distance"].isel(biology_layer=1, biology_group=0))
    ]
    assert "hidden1" in lines


@pytest.fixture(scope="module")
def constant():
    """hidden1 has a spread, hidden2 was never trained, output is one neuron."""
    tau = xr.DataArray(
        np.r_[np.linspace(20, 60, 20), np.full(10, 80.0), 5.0],
        dims="neuron",
        coords={"layer": ("neuron", ["hidden1"] * 20 + ["hidden2"] * 10 + ["output"])},
        attrs={"units": "ms"},
    )
    cells = xr.Dataset(
        {"tau_m": ("cell", np.linspace(5, 45, 40), {"units": "ms"})},
        coords={"group": ("cell", ["mouse"] * 40)},
    )
    return compare(tau, cells, resamples=100)


def test_a_layer_of_one_value_is_said_in_words(constant):
    ax = quantiles_against_quantiles(constant, Figure().subplots())
    lines = labelled(ax)
    assert list(lines) == ["hidden1", "hidden2: all 80 ms", "output: only 5 ms"]
    assert len(lines["hidden1"].get_xdata()) == 99
    assert not len(lines["hidden2: all 80 ms"].get_xdata())
    assert len(ax.collections) == 1
    assert "hidden2 (10): all 80 ms" in labelled(cumulative_distributions(constant, Figure().subplots()))


def test_the_diagonal_stays_where_no_layer_has_a_shape(constant):
    ax = quantiles_against_quantiles(constant.isel(biology_layer=[1]), Figure().subplots())
    percentiles = constant["biology_cells_percentile"].isel(biology_group=-1)
    across = percentiles / constant["biology_cells_median"].values[-1]
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((float(across[0]), float(across[-1])))


@pytest.mark.parametrize("draw", [biology_ms, biology_scale_free])
def test_bars_of_no_width_are_a_value_in_words(constant, draw):
    ax = draw(constant, Figure().subplots())
    assert [t.get_text() for t in ax.get_yticklabels()][:4] == [
        "hidden1 (20)", "hidden2 (10)\nall 80 ms", "output (1)\nonly 5 ms", "mouse (40)"
    ]  # fmt: skip
    bars = [
        line.get_xdata()
        for line in ax.get_lines()
        if len(line.get_xdata()) == 2 and line.get_linewidth() > 1.1
    ]
    # a line and a bar of hidden1, mouse and all cells
    assert all(np.ptp(x) > 0 for x in bars if not np.array_equal(x, [1, 1]) and not np.array_equal(x, [0, 1]))
    assert sum(line.get_linewidth() == 8 for line in ax.get_lines()) == 3


def test_the_figure_needs_what_it_draws(ds):
    assert compose(ds, COMPARISON).axes[3].get_title(loc="left") == "Distance, free of scale"
    assert compose(ds[["biology_model_count"]], COMPARISON) is None
    with pytest.raises(MissingVariable, match="biology_distance_interval"):
        distances(ds.drop_vars("biology_distance_interval"), Figure().subplots())


def test_one_prefix_of_several_is_drawn(ds):
    renamed = ds.rename(
        {
            n: n.replace("biology", "membrane", 1)
            for n in (*ds.variables, *ds.dims)
            if n.startswith("biology_")
        }
    )
    ax = beside_cells(renamed, Figure().subplots(), prefix="membrane")
    assert ax.get_xlabel() == "Time constant (ms)"
    assert [t.get_text() for t in ax.get_yticklabels()][:2] == ["hidden1 (40)", "hidden2 (20)"]
    with pytest.raises(MissingVariable, match="adaptation_model_median"):
        beside_cells(renamed, Figure().subplots(), prefix="adaptation")
